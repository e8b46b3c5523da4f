"""What of one answer stands where in another: entries of lists, renamed fields, and the values that they gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.secrets.kinds import snake
from auth0_mfa_lab.wire.exchange import Response, plain_data
from auth0_mfa_lab.wire.operations import Json

ALIKE = 0.6
"""From which likeness on two names count as one that was renamed."""
_LONG_ENOUGH = 6
_TEMPORARY = ("otp", "binding_code", "code")


class NotGiven(Exception):
    """A request needs a value that the live tenant gave and the sandbox did not; carries it."""

    def __init__(self, value: str) -> None:
        super().__init__("not given")
        self.value = value


@dataclass(slots=True)
class Pairs:
    """Which value of the sandbox's stands for which of the live tenant's: what their answers had in the same place."""

    aliases: Aliases
    _pairs: dict[str, str] = field(default_factory=dict, repr=False)
    _given: set[str] = field(default_factory=set, repr=False)

    def learn(self, live: Response, sandbox: Response | None, kinds: Mapping[str, str]) -> None:
        """Pair the values of two answers to one request; `kinds` are the live one's secrets and people."""
        self._given |= {value for value, kind in kinds.items() if _is_a_value(value, kind)}
        if sandbox is not None:
            self._pair(plain_data(live), plain_data(sandbox), kinds.keys())

    def give(self, live: str, sandbox: str) -> None:
        """Pair two values that no answer had."""
        if live:
            self._pairs[live] = sandbox

    def of(self, live: str) -> str | None:
        """Return what stands for a value, or None."""
        return self._pairs.get(live)

    def value(self, live: str) -> str:
        """Return what stands for a value, and any other text as it is; NotGiven for one that has nothing."""
        if (found := self._pairs.get(live)) is not None:
            return found
        if live in self._given:
            raise NotGiven(live)
        return live

    def data(self, value: Json) -> Json:
        """Return JSON with each text as `value` has it."""
        if isinstance(value, str):
            return self.value(value)
        if isinstance(value, Mapping):
            return {name: self.data(each) for name, each in value.items()}
        return [self.data(each) for each in value] if isinstance(value, list) else value

    def text(self, text: str) -> str:
        """Return a text with what stands for each value in it."""
        for live in sorted(
            (each for each in self._pairs if len(each) >= _LONG_ENOUGH and each in text), key=len, reverse=True
        ):
            text = text.replace(live, self._pairs[live])
        return text

    def _pair(self, live: Json, sandbox: Json, secrets: AbstractSet[str], name: str = "") -> None:
        if isinstance(live, dict) and isinstance(sandbox, dict):
            names = {**{each: each for each in live if each in sandbox}, **renamed(live, sandbox)}
            for old, new in names.items():
                self._pair(live[old], sandbox[new], secrets, old)
        elif isinstance(live, list) and isinstance(sandbox, list):
            for one, other in aligned(live, sandbox):
                self._pair(one, other, secrets, name)
        elif isinstance(live, str) and isinstance(sandbox, str) and (live in secrets or _is_an_id(name)):
            self._pairs[live] = sandbox
            self._pair_subjects(claims_of(live), claims_of(sandbox))

    def _pair_subjects(self, live: Mapping[str, Json] | None, sandbox: Mapping[str, Json] | None) -> None:
        """Pair whose tokens two JWTs are: the id comes back in paths of the Management API."""
        one, other = (live or {}).get("sub"), (sandbox or {}).get("sub")
        if isinstance(one, str) and isinstance(other, str):
            self._pairs.setdefault(one, other)


def kind_of(entry: Json) -> str:
    """Return which of the entries of a list an entry is, by what is no chance: `push`, `recovery-code`, or ""."""
    if not isinstance(entry, dict) or "log_id" in entry:
        return ""
    kind, separator, rest = str(entry.get("id", "")).partition("|")
    if separator and rest.startswith("dev_"):
        return kind
    names = ("name",) if "enabled" in entry else ("type", "authenticator_type", "auth_method")
    return next((str(entry[each]) for each in names if isinstance(entry.get(each), str)), "")


def by_kind(entries: Sequence[Json]) -> dict[str, list[Json]]:
    """Return the entries of a list by their kind, the active ones of each first."""
    found: dict[str, list[Json]] = {}
    for each in sorted(entries, key=lambda each: isinstance(each, dict) and each.get("active") is not True):
        found.setdefault(kind_of(each), []).append(each)
    return found


def aligned(live: Sequence[Json], sandbox: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield the pairs of two lists' entries that stand for each other: of one kind, in their order."""
    ours, theirs = by_kind(live), by_kind(sandbox)
    for kind, entries in ours.items():
        yield from zip(entries, theirs.get(kind, ()), strict=False)


def renamed(live: Mapping[str, Json], sandbox: Mapping[str, Json]) -> dict[str, str]:
    """Return the fields that only one of two objects has, where they are one field with two names."""
    mine, others = [each for each in live if each not in sandbox], [each for each in sandbox if each not in live]
    likeness = sorted(
        (
            (SequenceMatcher(None, snake(one), snake(other)).ratio(), one, other)
            for one in mine
            for other in others
            if json_type(live[one]) == json_type(sandbox[other])
        ),
        reverse=True,
    )
    found: dict[str, str] = {}
    for like, one, other in likeness:
        if like >= ALIKE and one not in found and other not in found.values():
            found[one] = other
    return found


def json_type(value: Json) -> str:
    """Return what JSON calls the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "number", float: "number"}
    return names.get(type(value), "null")


def _is_an_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def _is_a_value(value: str, kind: str) -> bool:
    """Say whether a value must have come from an answer: what a person has, or types, need not."""
    people = ("username", "email", "phone_number", "name", "nickname", "picture", "sub", "user_id")
    return len(value) >= _LONG_ENOUGH and kind not in (*people, *_TEMPORARY)
