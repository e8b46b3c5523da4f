"""The lab's time: the sandbox's, which moves when it is told to, or the real one, which does not."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Protocol, TypeAlias

from auth0_mfa_lab.errors import CannotAdvance
from auth0_mfa_lab.show.sentences import Sentence


class MovableClock(Protocol):
    """A sandbox's time: in process, served, or recorded."""

    def now(self) -> float: ...
    def advance(self, seconds: float) -> None: ...


class SandboxClock:
    """The sandbox's time: only the lab's waits and `advance` move it.

    A served clock runs by itself, with the wall's: the real seconds (`monotonic`) do not move it a second time.
    """

    def __init__(
        self, clock: MovableClock, *, monotonic: Callable[[], float] = time.monotonic, runs_by_itself: bool = False
    ) -> None:
        self.now = clock.now
        self._clock, self._monotonic, self._runs_by_itself = clock, monotonic, runs_by_itself
        self._lock, self._runners = threading.Lock(), 0
        self._synced_at: float | None = None

    def __repr__(self) -> str:
        goes = "follows this machine's" if self._runs_by_itself else "stands still until the lab waits"
        return f"The sandbox's clock: it {goes}, and lab.clock.advance(300) moves it 5 min forward."

    @property
    def pace(self) -> str:
        """How the time passes now, in a sentence; "" where it follows this machine's."""
        goes = "runs while a panel polls" if self._runners else "stands still until you poll"
        return "" if self._runs_by_itself else f"The sandbox's clock {goes}."

    def advance(self, seconds: float) -> Sentence:
        """Move the sandbox's time forward by `seconds`; CannotAdvance for a step backwards, or no number."""
        try:
            self._clock.advance(checked_seconds(seconds))
        except ValueError as problem:
            raise CannotAdvance(str(problem)) from None
        return Sentence(f"The sandbox's clock moved {_spoken(seconds)} forward.")

    def wait(self, seconds: float, *, for_what: str = "the next poll") -> None:
        """Let the seconds pass at once, in the sandbox's time."""
        self._clock.advance(seconds)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the time run with the real one, while a button's poll waits; two that wait together move it once."""
        with self._lock:
            self._runners += 1
            if self._runners == 1:
                self._synced_at = self._monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._runners -= 1
            self.sync()

    def sync(self, most: float = math.inf) -> None:
        """Move the sandbox's time by the real seconds since the last `sync`, by `most` at the most unless it runs."""
        with self._lock:
            if not self._runs_by_itself:
                real = self._monotonic()
                passed = 0.0 if self._synced_at is None else real - self._synced_at
                self._clock.advance(max(0.0, passed if self._runners else min(passed, most)))
                self._synced_at = real

    def owes(self) -> float:
        """Return 0: the sandbox's time moves when it is told to."""
        return 0.0


class RealClock:
    """The time of a live tenant: it cannot be moved."""

    pace = ""

    def __init__(self, *, sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.time) -> None:
        self.now, self._sleep, self._reached_at = now, sleep, 0.0

    def __repr__(self) -> str:
        return "A live tenant's clock: it cannot be moved, and lab.clock.advance(300) says how long to wait."

    def advance(self, seconds: float) -> Sentence:
        """Say how long to wait; claims are skipped until the time has passed."""
        # Two in a row add up, as they do in the sandbox.
        self._reached_at = max(self._reached_at, self.now()) + checked_seconds(seconds)
        return Sentence(
            f"A live tenant's clock cannot be moved: wait {_spoken(seconds)}, then run the cells below. "
            "Until then the claims behind this cell are skipped."
        )

    def wait(self, seconds: float, *, for_what: str = "the next poll") -> None:
        """Wait in real time, between two requests of a code cell, and show that it waits; `for_what` ends that line."""
        if seconds > 0:
            sys.stderr.write(f"waiting {seconds:.0f} s before {for_what} (Interrupt stops it)\n")
            self._sleep(seconds)

    running = staticmethod(nullcontext)

    def sync(self, most: float = math.inf) -> None:
        """Do nothing: real time runs by itself."""

    def owes(self) -> float:
        """Return how many seconds of `advance` are still to pass; until then no claim can be checked."""
        return max(0.0, self._reached_at - self.now())


LabClock: TypeAlias = SandboxClock | RealClock
"""The time of a lab, in epoch seconds, and the ways in which it passes."""


def checked_seconds(seconds: object) -> float:
    """Return a number of seconds from 0 up; CannotAdvance for anything else."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise CannotAdvance(f"seconds is a {type(seconds).__name__}: write a number, such as clock.advance(300).")
    if seconds < 0:
        raise CannotAdvance(f"The clock only moves forward; it cannot advance by {seconds} seconds.")
    return seconds


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    whole = f"{minutes:.0f} min" if minutes else ""
    return f"{whole} {rest:g} s".strip() if rest or not minutes else whole
