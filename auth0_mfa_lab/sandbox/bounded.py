"""A dictionary that forgets: what the tenant remembers of its callers is bounded."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

KEPT = 10_000
"""How many of a kind are remembered; the oldest are forgotten first, as if they had been revoked."""
FEW = 1_000
"""How many are remembered however long ago they ended: a late caller is told how theirs ended."""
Value = TypeVar("Value")


class Bounded(OrderedDict[str, Value]):
    """A dictionary that forgets its oldest entry for each one above `bound`.

    With `has_ended` it forgets what has ended earlier, all but the last few: each new entry lets two of the oldest be
    looked at, so that a call costs the same however many there are.
    """

    def __init__(self, bound: int = KEPT, *, has_ended: Callable[[Value], bool] | None = None, few: int = FEW) -> None:
        super().__init__()
        self._bound, self._few = bound, few if has_ended else bound
        self._has_ended = has_ended or (lambda _: True)

    def __setitem__(self, key: str, value: Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        for _ in range(2):
            if len(self) > self._few:
                oldest = next(iter(self))
                if self._has_ended(self[oldest]) or len(self) > self._bound:
                    del self[oldest]
                else:
                    self.move_to_end(oldest)
