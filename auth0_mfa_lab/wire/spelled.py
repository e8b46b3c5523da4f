"""An index of many spellings, by which a text is searched for all of them in one walk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, NoReturn, TypeVar

Of = TypeVar("Of")
HEAD = 2
"""How many characters of a spelling say whether it may begin at a place."""
_WINDOW = 8


class Spelled(Generic[Of]):
    """From spellings to whom they are of; filed under their first two characters, then eight, then their length.

    So the cost of a search follows the text, not the number of spellings: all sealed strings begin alike, but have few
    lengths. It shows none of them.
    """

    def __init__(self) -> None:
        """Begin with no spelling."""
        # From a beginning to the size of a window, to the window, to the lengths of what begins so, to the spellings.
        self._heads: dict[str, dict[int, dict[str, dict[int, dict[str, Of]]]]] = {}

    def add(self, spelling: str, of: Of) -> None:
        """File a spelling; the first that has it keeps it."""
        size = min(len(spelling), _WINDOW)
        windows = self._heads.setdefault(spelling[:HEAD], {})
        lengths = windows.setdefault(size, {}).setdefault(spelling[:size], {})
        lengths.setdefault(len(spelling), {}).setdefault(spelling, of)

    def at(self, text: str, start: int) -> Iterator[tuple[int, Of]]:
        """Yield the ends of the spellings that stand at a place, the longest first, and whom each is of."""
        for head in (text[start : start + HEAD], text[start : start + 1]):
            windows = self._heads.get(head)
            for size in sorted(windows, reverse=True) if windows else ():
                lengths = windows[size].get(text[start : start + size]) if windows else None
                for length in sorted(lengths, reverse=True) if lengths else ():
                    of = lengths[length].get(text[start : start + length]) if lengths else None
                    if of is not None:
                        yield start + length, of

    def __repr__(self) -> str:
        return f"<spellings of {len(self._heads)} beginnings>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("An index of secrets is not pickled or copied.")
