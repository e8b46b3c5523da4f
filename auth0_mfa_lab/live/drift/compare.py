"""Where two answers to one request differ: in what an integrator's code reads, and not in what is drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from auth0_mfa_lab.live.drift.calls import member
from auth0_mfa_lab.wire.exchange import Json, Response, plain_data

Kind = Literal["status", "error", "text", "value", "added", "removed", "type", "header"]
"""What differs: `added` is what the live tenant has and the sandbox has not, `removed` the other way round."""

NONE = "—"
_CODES = ("error", "errorCode")
_TEXTS = ("error_description", "message", "name", "error_uri")
_WORDS = (
    *("token_type", "authenticator_type", "oob_channel", "oob_channels", "challenge_type", "binding_method"),
    *("type", "active", "enabled"),
)
"""Fields of which every value means something; of any other only its type does."""
_SAID_HEADERS = ("content-type", "cache-control", "www-authenticate")
"""Headers whose value counts."""
_SENT_HEADERS = ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
"""Headers of which it counts whether there is one."""
_WHOLE = "body"
_TYPES = {bool: "boolean", dict: "object", list: "array", str: "string", int: "number", float: "number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference: the path of the field, and what each side says there; raw."""

    place: str
    kind: Kind
    live: str = field(repr=False)
    sandbox: str = field(repr=False)


def compare(
    live: Response, sandbox: Response, *, people: AbstractSet[str], translate: Callable[[str], str]
) -> tuple[Found, ...]:
    """Return where the live tenant's answer differs from the sandbox's.

    `people` are the texts in both that are somebody's or secret, and `translate` puts the sandbox's values into a text
    of the live tenant's. Compared are the status, the headers that matter, the fields with their types (those of a list
    by the kinds of its entries), codes, texts, and words.
    """
    found: list[Found] = []
    if live.status != sandbox.status:
        found.append(Found(place="status", kind="status", live=str(live.status), sandbox=str(sandbox.status)))
    for name in (*_SAID_HEADERS, *_SENT_HEADERS):
        ours, theirs = live.header(name), sandbox.header(name)
        says = _header(name, translate(str(ours))) != _header(name, str(theirs))
        if (ours is None) != (theirs is None) or (says and name in _SAID_HEADERS):
            shown = (NONE if each is None else str(each) for each in (ours, theirs))
            found.append(Found(place=f"header {name}", kind="header", live=next(shown), sandbox=next(shown)))
    for each in _bodies(_content(live), _content(sandbox), ""):
        is_somebodys = each.place.endswith("name") and not people.isdisjoint((each.live, each.sandbox))
        is_said = each.kind in ("error", "text", "value")
        if not (is_said and (is_somebodys or translate(each.live) == each.sandbox)):
            found.append(each)
    return tuple(found)


def _content(response: Response) -> Json:
    """Return what a body says: JSON taken apart, or its text."""
    data = plain_data(response)
    return data if isinstance(data, dict | list) else str(response.text)


def _header(name: str, value: str) -> object:
    """Return what a header says: neither blanks nor the order of parts count, nor capitals but in a text."""
    if name == "www-authenticate":
        return " ".join(value.split())
    separator = ";" if name == "content-type" else ","
    return frozenset("".join(part.split()).lower() for part in value.split(separator) if part.strip())


def _bodies(live: Json, sandbox: Json, path: str) -> Iterator[Found]:
    """Yield where two bodies differ, or two fields at one path."""
    ours, theirs = _type(live), _type(sandbox)
    if ours != theirs:
        # A whole body that is no JSON is a text.
        shown = [each if path else each.replace("string", "text") for each in (ours, theirs)]
        yield Found(place=path or _WHOLE, kind="type", live=shown[0], sandbox=shown[1])
    elif isinstance(live, dict):
        for name in dict.fromkeys((*live, *sandbox)):
            inside = f"{path}.{name}" if path else name
            if name not in sandbox:
                yield Found(place=inside, kind="added", live=_type(live[name]), sandbox=NONE)
            elif name not in live:
                yield Found(place=inside, kind="removed", live=NONE, sandbox=_type(sandbox[name]))
            else:
                yield from _bodies(live[name], sandbox[name], inside)
    elif isinstance(live, list):
        yield from _lists(by_kind(live), by_kind(sandbox), path)
    elif live != sandbox:
        name = path.rpartition(".")[2].partition("[")[0]
        kind: Kind = "error" if name in _CODES else "text" if name in _TEXTS or not path else "value"
        if kind != "value" or name in _WORDS:
            said = [each if isinstance(each, str) else str(each).lower() for each in (live, sandbox)]
            yield Found(place=path or _WHOLE, kind=kind, live=said[0], sandbox=said[1])


def _lists(live: dict[str, list[Json]], sandbox: dict[str, list[Json]], path: str) -> Iterator[Found]:
    """Yield where the entries of two lists differ, those of one kind each once."""
    for kind in dict.fromkeys((*live, *sandbox)):
        place = f"{path}[{kind}]"
        # Of entries without a kind nobody knows how many there should be.
        if kind and kind not in sandbox:
            yield Found(place=place, kind="added", live="an entry", sandbox=NONE)
        elif kind and kind not in live:
            yield Found(place=place, kind="removed", live=NONE, sandbox="an entry")
        else:
            pairs = zip(live.get(kind, ()), sandbox.get(kind, ()), strict=False)
            yield from dict.fromkeys(each for pair in pairs for each in _bodies(*pair, place))


def by_kind(entries: Sequence[Json]) -> dict[str, list[Json]]:
    """Return the entries of a list by their kind, the active ones of each first.

    An entry's kind is what is no chance in it: `push`, `recovery-code`, or "".
    """
    found: dict[str, list[Json]] = {}
    for each in sorted(entries, key=lambda each: isinstance(each, dict) and each.get("active") is not True):
        prefix, _, rest = member(each, "id").partition("|")
        names = ("name",) if member(each, "enabled") else ("type", "authenticator_type", "auth_method")
        kind = prefix if rest.startswith("dev_") else next(filter(None, (member(each, name) for name in names)), "")
        found.setdefault("" if member(each, "log_id") else kind, []).append(each)
    return found


def _type(value: Json) -> str:
    """Return what JSON calls the type of a value."""
    return _TYPES.get(type(value), "null")
