"""Dictionaries that forget: what the tenant remembers of its callers is bounded."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from heapq import heappop, heappush
from typing import Generic, TypeVar

KEPT = 10_000
"""How many of a kind are remembered; the oldest are forgotten first, as if they had been revoked."""
FEW = 1_000
"""How many are remembered however long ago they ended."""
Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """A dictionary that forgets its oldest entry for each one above its bound."""

    def __init__(self, bound: int = KEPT) -> None:
        self._bound = bound
        self._values: OrderedDict[str, Value] = OrderedDict()

    def put(self, key: str, value: Value) -> None:
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._bound:
            self._values.popitem(last=False)

    def get(self, key: str) -> Value | None:
        return self._values.get(key)

    def drop(self, key: str) -> None:
        self._values.pop(key, None)

    def __len__(self) -> int:
        return len(self._values)


class Passing(Generic[Value]):
    """A dictionary of what ends by itself: beyond a few, what has ended is forgotten, and what has not gets longer.

    Each new entry lets two of the oldest be looked at, so that a call costs the same however many there are. Ended
    ones are remembered for a while, since a late caller is told how theirs ended.
    """

    def __init__(self, has_ended: Callable[[Value], bool], *, few: int = FEW, bound: int = KEPT) -> None:
        self._has_ended = has_ended
        self._few, self._bound = few, bound
        self._values: OrderedDict[str, Value] = OrderedDict()

    def put(self, key: str, value: Value) -> None:
        self._values[key] = value
        for _ in range(2):
            if len(self._values) > self._few:
                oldest = next(iter(self._values))
                if self._has_ended(self._values[oldest]) or len(self._values) > self._bound:
                    del self._values[oldest]
                else:
                    self._values.move_to_end(oldest)

    def get(self, key: str) -> Value | None:
        return self._values.get(key)

    def drop(self, key: str) -> None:
        self._values.pop(key, None)

    def values(self) -> tuple[Value, ...]:
        return tuple(self._values.values())

    def __len__(self) -> int:
        return len(self._values)


class UsedUp:
    """Names that are good once, each remembered until it would end anyway, and no longer."""

    def __init__(self) -> None:
        self._names: set[bytes] = set()
        self._by_end: list[tuple[float, bytes]] = []

    def add(self, name: str, *, now: float, until: float) -> bool:
        """Use a name up; False when it was used before."""
        while self._by_end and self._by_end[0][0] <= now:
            self._names.discard(heappop(self._by_end)[1])
        # A name may be as long as a body: what is kept of it is not.
        short = sha256(name.encode()).digest()
        if short in self._names:
            return False
        self._names.add(short)
        heappush(self._by_end, (until, short))
        return True

    def __len__(self) -> int:
        return len(self._names)
