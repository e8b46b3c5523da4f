"""Finds in a text: which of them count, and which are one stretch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from auth0_mfa_lab.wire.spellings import is_a_word_of_its_own

Of = TypeVar("Of")


@dataclass(frozen=True, slots=True)
class Find(Generic[Of]):
    """A stretch of a text, and the alias under which it is shown."""

    start: int
    end: int
    alias: Of


def alone_of(short: list[Find[Of]], text: str, finds: list[Find[Of]]) -> list[Find[Of]]:
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


def merged(finds: list[Find[Of]]) -> list[Find[Of]]:
    """Join finds that overlap into one stretch, named by the longest of them."""
    whole: list[Find[Of]] = []
    for find in finds:
        last = whole[-1] if whole else None
        if last is None or find.start >= last.end:
            whole.append(find)
        elif find.end > last.end:
            longer = max(last, find, key=lambda each: each.end - each.start)
            whole[-1] = Find(last.start, find.end, longer.alias)
    return whole
