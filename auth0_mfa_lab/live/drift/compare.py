"""Where two answers to one request differ: in what an integrator's code reads, and not in what is drawn anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from auth0_mfa_lab.live.drift.scenario import member
from auth0_mfa_lab.wire.exchange import Json, Response, plain_data

Kind = Literal["status", "error", "text", "value", "added", "removed", "type", "header"]
"""What differs: `added` is what the live tenant has and the sandbox has not, `removed` the other way round."""

NONE, _ABSENT, _WHOLE = "—", object(), "body"
_TYPES = {bool: "boolean", dict: "object", list: "array", str: "string", int: "number", float: "number"}
_WORDS = (
    *("token_type", "authenticator_type", "oob_channel", "oob_channels", "challenge_type", "binding_method"),
    *("type", "active", "enabled"),
)
_COUNT: dict[str, Kind] = {
    **dict.fromkeys(("error", "errorCode"), "error"),
    **dict.fromkeys(("error_description", "message", "error_uri", _WHOLE), "text"),
    **dict.fromkeys(_WORDS, "value"),
}
"""Fields of which every value means something; of any other only its type does."""
_HEADERS = {
    "content-type": True,
    "cache-control": True,
    "www-authenticate": True,
    "retry-after": False,
} | dict.fromkeys(("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"), False)
"""The headers that matter, and whether their value counts, or only whether there is one."""


@dataclass(frozen=True, slots=True)
class Found:
    """One difference: the path of the field, and what each side says there; raw."""

    place: str
    kind: Kind
    live: str = field(repr=False)
    sandbox: str = field(repr=False)


def compare(live: Response, sandbox: Response, translated: Callable[[str], str]) -> tuple[Found, ...]:
    """Return where the live tenant's answer differs from the sandbox's.

    `translated` puts the sandbox's values into a text of the live tenant's. Compared are the status, the headers that
    matter, the fields with their types (those of a list by the kinds of its entries), codes, texts, and words.
    """
    found: list[Found] = []
    if live.status != sandbox.status:
        found.append(Found("status", "status", str(live.status), str(sandbox.status)))
    for name, counts in _HEADERS.items():
        ours, theirs = live.header(name), sandbox.header(name)
        is_said = counts and _parts(translated(str(ours))) != _parts(str(theirs))
        if (ours is None) != (theirs is None) or is_said:
            found.append(
                Found(f"header {name}", "header", *(NONE if each is None else each for each in (ours, theirs)))
            )
    contents = (str(each.text) if (data := plain_data(each)) is None else data for each in (live, sandbox))
    for place, one, other in paired(*contents):
        name = re.sub(r"\[.*", "", place.rpartition(".")[2])
        if _ABSENT in (one, other):
            kind: Kind | None = "added" if other is _ABSENT else "removed"
        elif (types := (_shown(one), _shown(other)))[0] != types[1]:
            kind = "type"
        else:
            is_same = one == other or (isinstance(one, str) and translated(one) == other)
            kind = None if is_same else _COUNT.get(name)
        if kind:
            found.append(Found(place, kind, *(_shown(each, kind, place) for each in (one, other))))
    return tuple(dict.fromkeys(found))


def paired(live: Json, sandbox: Json, place: str = "") -> Iterator[tuple[str, Json, Json]]:
    """Yield what two bodies say at each place, down to where one of them ends."""
    if isinstance(live, dict) and isinstance(sandbox, dict):
        for name in dict.fromkeys((*live, *sandbox)):
            inside = f"{place}.{name}" if place else name
            yield from paired(live.get(name, _ABSENT), sandbox.get(name, _ABSENT), inside)
    elif isinstance(live, list) and isinstance(sandbox, list):
        ours, theirs = _by_kind(live), _by_kind(sandbox)
        for kind in dict.fromkeys((*ours, *theirs)):
            # How many entries without a kind there should be is not known.
            if kind and (kind not in ours or kind not in theirs):
                yield f"{place}[{kind}]", ours.get(kind, _ABSENT), theirs.get(kind, _ABSENT)
            for pair in zip(ours.get(kind, ()), theirs.get(kind, ()), strict=False):
                yield from paired(*pair, f"{place}[{kind}]")
    else:
        yield place or _WHOLE, live, sandbox


def _by_kind(entries: Sequence[Json]) -> dict[str, list[Json]]:
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


def _parts(header: str) -> frozenset[str]:
    """Return the parts of a header: neither blanks, nor capitals, nor their order count."""
    return frozenset("".join(part.split()).lower() for part in re.split("[;,]", header) if part.strip())


def _shown(value: Json, kind: Kind = "type", place: str = "") -> str:
    """Return what a difference shows of a value: its type in JSON, or what it says."""
    if value is _ABSENT:
        return NONE
    if kind in ("added", "removed", "type"):
        return "an entry" if place.endswith("]") and kind != "type" else _TYPES.get(type(value), "null")
    return value if isinstance(value, str) else str(value).lower()
