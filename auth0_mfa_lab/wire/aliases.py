"""The only door out: learns secrets as they pass, and masks every text that leaves the lab."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.wire.spellings import is_a_word_of_its_own, is_short, spellings

_SHOWN = re.compile(r"<([a-z][a-z0-9_]*) (\d+)(?:: (?:sealed|JWT))?>")
_WINDOW = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """The name under which one secret is shown, and where it was first seen.

    `born` is the number of the exchange, None for what came from elsewhere; `answered` says that it stood in the
    answer, not in the request.
    """

    kind: str
    number: int
    shape: str | None
    born: int | None
    answered: bool

    @property
    def shown(self) -> str:
        """The name, such as `<mfa_token 1>`."""
        return f"<{self.kind} {self.number}>"

    @property
    def introduced(self) -> str:
        """The name with the secret's shape, for its first showing: `<mfa_token 1: sealed>`."""
        return f"<{self.kind} {self.number}: {self.shape}>" if self.shape else self.shown


@dataclass(frozen=True, slots=True)
class _Find:
    start: int
    end: int
    alias: Alias


class Aliases:
    """Every secret that passed, each with one alias, however it is spelled.

    The search is an index of short windows: each spelling is filed under its first characters and its length, and a
    text is walked once. So the cost follows the text, not the number of secrets (all sealed strings begin alike, but
    have few lengths). Where secrets overlap, the whole stretch goes.
    """

    def __init__(self, *, people: bool = False) -> None:
        """Begin with nothing learned; `people` says whether persons' numbers, addresses and ids get aliases too."""
        self.people = people
        self.lock = threading.RLock()
        self._alias_of: dict[str, Alias] = {}
        self._named: dict[str, Alias] = {}
        self._count: dict[str, int] = {}
        # From a window's size to the window, to the lengths of what begins so, to the spellings.
        self._index: dict[int, dict[str, dict[int, dict[str, Alias]]]] = {}
        # Codes and other short values, by their length: they count only where they stand alone.
        self._short: dict[int, dict[str, Alias]] = {}

    def learn(self, kind: str, value: str, *, born: int | None = None, answered: bool = False) -> Secret:
        """Give `value` an alias of this kind, or find the one it has, and return it as a Secret.

        `kind` is the wire's own name of the field, such as `mfa_token`; `born` is the number of the exchange
        that it passed in, None for what came from elsewhere (settings, a person, the phone's display), and `answered`
        says that it stood in the answer.
        """
        with self.lock:
            alias = self._alias_of.get(value) or self._new(kind, value, born, answered)
            return Secret(value, alias.shown)

    def known(self, value: str) -> Alias | None:
        """Return the alias of exactly this value, or None."""
        with self.lock:
            return self._alias_of.get(value)

    def named(self, shown: str) -> Alias | None:
        """Return the alias that is shown like this (`<mfa_token 1>`, with or without its shape), or None."""
        match = _SHOWN.fullmatch(shown)
        with self.lock:
            return self._named.get(f"<{match[1]} {match[2]}>") if match else None

    def born(self, text: str) -> int | None:
        """Return the number of the exchange whose answer brought the newest secret in a text, or None."""
        with self.lock:
            aliases = [find.alias for find in self._finds(text)]
        return max((alias.born for alias in aliases if alias.born and alias.answered), default=None)

    def mask(self, text: str, *, introducing: int | None = None) -> str:
        """Return the text with every learned secret under its alias.

        With `introducing`, a secret born in the exchange of that number is introduced with its shape where the
        text first has it. Masking twice changes nothing.
        """
        with self.lock:
            finds = _merged(self._finds(text))
        introduced: set[str] = set()
        parts: list[str] = []
        end = 0
        for find in finds:
            alias = find.alias
            first = introducing is not None and alias.born == introducing and alias.shown not in introduced
            introduced.add(alias.shown)
            parts += [text[end : find.start], alias.introduced if first else alias.shown]
            end = find.end
        return "".join([*parts, text[end:]])

    def wrap(self, value: str) -> str:
        """Return the value as a Secret if it holds any, shown masked; else as it is."""
        shown = self.mask(value)
        return value if shown == value else Secret(value, shown)

    def _new(self, kind: str, value: str, born: int | None, answered: bool) -> Alias:
        number = self._count[kind] = self._count.get(kind, 0) + 1
        alias = Alias(kind=kind, number=number, shape=_shape(value), born=born, answered=answered)
        self._alias_of[value] = self._named[alias.shown] = alias
        # Blanks hide nothing, and stand in every text.
        for spelling in spellings(value) if value.strip() else ():
            if is_short(spelling):
                self._short.setdefault(len(spelling), {}).setdefault(spelling, alias)
                continue
            size = min(len(spelling), _WINDOW)
            lengths = self._index.setdefault(size, {}).setdefault(spelling[:size], {})
            lengths.setdefault(len(spelling), {}).setdefault(spelling, alias)
        return alias

    def _finds(self, text: str) -> list[_Find]:
        """Find every secret, overlapping ones too, in the order of their beginnings."""
        finds: list[_Find] = []
        short: list[_Find] = []
        position = 0
        windows = [(size, self._index[size]) for size in sorted(self._index, reverse=True)]
        codes = [(size, self._short[size]) for size in sorted(self._short, reverse=True)]
        while position < len(text):
            found = None
            for size, beginnings in windows:
                lengths = beginnings.get(text[position : position + size])
                if lengths and (found := _longest(text, position, lengths)):
                    break
            end = self._end_of_alias(text, position) if text[position] == "<" else None
            if end and (found is None or found.end <= end):
                position = end
                continue
            if found:
                finds.append(found)
            for size, values in codes if not found else ():
                if alias := values.get(text[position : position + size]):
                    short.append(_Find(position, position + size, alias))
            position += 1
        return sorted([*finds, *_alone(short, text, finds)], key=lambda find: find.start)

    def _end_of_alias(self, text: str, start: int) -> int | None:
        """Return where the alias that is shown at `start` ends, or None where none is."""
        match = _SHOWN.match(text, start)
        alias = self._named.get(f"<{match[1]} {match[2]}>") if match else None
        return match.end() if match and alias and match[0] in (alias.shown, alias.introduced) else None


def _longest(text: str, start: int, lengths: dict[int, dict[str, Alias]]) -> _Find | None:
    for length in sorted(lengths, reverse=True):
        if alias := lengths[length].get(text[start : start + length]):
            return _Find(start, start + length, alias)
    return None


def _alone(short: list[_Find], text: str, finds: list[_Find]) -> list[_Find]:
    """Return the finds of short values that stand alone, where a secret beside them is no part of a word."""
    if not short:
        return []
    characters = list(text)
    for find in finds:
        characters[find.start : find.end] = "\0" * (find.end - find.start)
    blanked = "".join(characters)
    return [
        find
        for find in short
        if blanked[find.start : find.end] == text[find.start : find.end]
        and is_a_word_of_its_own(blanked, find.start, find.end)
    ]


def _shape(value: str) -> str | None:
    if value.startswith("Fe26."):
        return "sealed"
    return "JWT" if value.startswith("eyJ") and value.count(".") == 2 else None


def _merged(finds: list[_Find]) -> list[_Find]:
    """Join finds that overlap into one stretch, named by the longest of them."""
    merged: list[_Find] = []
    for find in finds:
        last = merged[-1] if merged else None
        if last is None or find.start >= last.end:
            merged.append(find)
        elif find.end > last.end:
            longer = max(last, find, key=lambda each: each.end - each.start)
            merged[-1] = _Find(last.start, find.end, longer.alias)
    return merged
