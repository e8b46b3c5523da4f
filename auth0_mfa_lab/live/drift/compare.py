"""Where two answers to one request differ: in what an integrator's code reads, and not in what is drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from auth0_mfa_lab.live.drift.pairs import aligned, by_kind, json_type, renamed
from auth0_mfa_lab.wire.exchange import Json, Response, plain_data

Kind = Literal["status", "error", "text", "value", "added", "removed", "renamed", "type", "header"]
"""What differs: `added` is what the live tenant has and the sandbox has not, `removed` the other way round."""

CODES = ("error", "errorCode")
TEXTS = ("error_description", "message", "name", "error_uri")
WORDS = (
    *("token_type", "authenticator_type", "oob_channel", "oob_channels", "challenge_type", "binding_method"),
    *("type", "active", "enabled"),
)
"""Fields of which every value means something; of any other only its type does."""
SAID_HEADERS = ("content-type", "cache-control", "www-authenticate")
"""Headers whose value counts."""
SENT_HEADERS = ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
"""Headers of which it counts whether there is one."""
NONE = "—"
_OF_THE_WHOLE = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference: the path of the field, and what each side says there; raw."""

    place: str
    kind: Kind
    live: str = field(repr=False)
    sandbox: str = field(repr=False)


def compare(
    live: Response, sandbox: Response, *, people: AbstractSet[str], translate: Callable[[str], str]
) -> list[Found]:
    """Return where the live tenant's answer differs from the sandbox's.

    `people` are the texts in both that are somebody's or secret, and `translate` puts the sandbox's values into a text
    of the live tenant's. Compared are the status, the headers that
    matter, the fields with their types (those of a list by the kinds of its entries), codes, texts, and words.
    """
    found: list[Found] = []
    if live.status != sandbox.status:
        found.append(Found(place="status", kind="status", live=str(live.status), sandbox=str(sandbox.status)))
    found += _headers(live, sandbox, translate)
    one, other = _content(live), _content(sandbox)
    return [*found, *_Bodies(people, translate).compare(one, other, "")]


def _content(response: Response) -> Json:
    """Return what a body says: JSON taken apart, or its text."""
    data = plain_data(response)
    return data if isinstance(data, dict | list) else str(response.text)


def _headers(live: Response, sandbox: Response, translate: Callable[[str], str]) -> Iterator[Found]:
    for name in (*SAID_HEADERS, *SENT_HEADERS):
        ours, theirs = live.header(name), sandbox.header(name)
        if name in SENT_HEADERS:
            differs = (ours is None) != (theirs is None)
        else:
            differs = _said(name, translate(str(ours))) != _said(name, str(theirs))
        if differs:
            shown = (NONE if each is None else str(each) for each in (ours, theirs))
            yield Found(place=f"header {name}", kind="header", live=next(shown), sandbox=next(shown))


def _said(name: str, value: str) -> object:
    """Return what a header says: neither blanks nor the order of parts count, nor capitals but in a text."""
    if name == "www-authenticate":
        return " ".join(value.split())
    separator = ";" if name == "content-type" else ","
    return frozenset("".join(part.split()).lower() for part in value.split(separator) if part.strip())


class _Bodies:
    """Compares two bodies; `people` are the texts in them that are somebody's, or secret."""

    def __init__(self, people: AbstractSet[str], translate: Callable[[str], str]) -> None:
        self._people = people
        self._translate = translate

    def compare(self, live: Json, sandbox: Json, path: str) -> Iterator[Found]:
        ours, theirs = json_type(live), json_type(sandbox)
        if ours != theirs:
            place = path or _OF_THE_WHOLE
            yield Found(place=place, kind="type", live=_typed(live, path), sandbox=_typed(sandbox, path))
        elif isinstance(live, dict):
            yield from self._objects(live, sandbox, path)
        elif isinstance(live, list):
            yield from self._lists(live, sandbox, path)
        else:
            yield from self._values(live, sandbox, path)

    def _objects(self, live: Mapping[str, Json], sandbox: Mapping[str, Json], path: str) -> Iterator[Found]:
        inside = f"{path}." if path else ""
        names = renamed(live, sandbox)
        for name, value in live.items():
            if name in sandbox:
                yield from self.compare(value, sandbox[name], inside + name)
            elif name in names:
                yield Found(place=inside + names[name], kind="renamed", live=name, sandbox=names[name])
            else:
                yield Found(place=inside + name, kind="added", live=_typed(value), sandbox=NONE)
        for name, value in sandbox.items():
            if name not in live and name not in names.values():
                yield Found(place=inside + name, kind="removed", live=NONE, sandbox=_typed(value))

    def _lists(self, live: list[Json], sandbox: list[Json], path: str) -> Iterator[Found]:
        ours, theirs = by_kind(live), by_kind(sandbox)
        for kind in dict.fromkeys((*ours, *theirs)):
            place = f"{path}[{kind}]"
            # Of entries without a kind nobody knows how many there should be.
            if kind and kind not in theirs:
                yield Found(place=place, kind="added", live="an entry", sandbox=NONE)
            elif kind and kind not in ours:
                yield Found(place=place, kind="removed", live=NONE, sandbox="an entry")
            else:
                yield from self._entries(ours.get(kind, []), theirs.get(kind, []), place)

    def _entries(self, live: list[Json], sandbox: list[Json], place: str) -> Iterator[Found]:
        """Yield the differences of entries of one kind, each once."""
        found = (each for pair in aligned(live, sandbox) for each in self.compare(*pair, place))
        yield from dict.fromkeys(found)

    def _values(self, live: Json, sandbox: Json, path: str) -> Iterator[Found]:
        name = path.rpartition(".")[2].partition("[")[0]
        kind: Kind = "error" if name in CODES else "text" if name in TEXTS or not path else "value"
        if path and name not in (*CODES, *TEXTS, *WORDS):
            return
        if name == "name" and not self._people.isdisjoint((str(live), str(sandbox))):
            return
        same = self._translate(live) == sandbox if isinstance(live, str) else live == sandbox
        if not same:
            yield Found(place=path or _OF_THE_WHOLE, kind=kind, live=_shown(live), sandbox=_shown(sandbox))


def _typed(value: Json, path: str = ".") -> str:
    """Return the type of a value; a whole body that is no JSON is a text."""
    kind = json_type(value)
    return "text" if kind == "string" and not path else kind


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else str(value).lower()
