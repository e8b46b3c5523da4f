"""The sandbox's time: it starts at a fixed instant and moves only when somebody moves it."""

import threading

START = 1_800_000_000.0
"""2027-01-15T08:00:00Z, in epoch seconds."""


class Clock:
    """A clock that stands still until it is advanced; safe to read and move from any thread."""

    def __init__(self, start: float = START) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the time forward by `seconds`; a negative number is a ValueError, time has one direction."""
        if seconds < 0:
            raise ValueError(f"The clock only moves forward; it cannot advance by {seconds} seconds.")
        with self._lock:
            self._now += seconds

    def __repr__(self) -> str:
        return f"Clock(now={self.now():.3f})"
