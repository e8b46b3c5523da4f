"""Time and chance: a clock that moves only when it is moved or follows the wall's, and a seeded source."""

import random
import threading
import time
from collections.abc import Callable
from functools import partialmethod
from string import ascii_letters, ascii_uppercase, digits
from typing import Any

START = 1_800_000_000.0
"""2027-01-15T08:00:00Z, in epoch seconds."""
LARGEST_ADVANCE = 100 * 365 * 86_400
"""By how many seconds a clock is moved at most, all its advances together: dates end with the year 9999."""


class Clock:
    """A clock that stands still until it is advanced, or follows the `wall`; any thread may read and move it.

    `now` is what the sandbox expires by, `stamp` what it writes into tokens, in epoch seconds: an advance moves no
    stamp of a wall's clock, for applications check the tokens by a clock of their own.
    """

    def __init__(self, start: float = START, wall: Callable[[], float] | None = None) -> None:
        self._start, self._wall, self._advanced, self._lock = start, wall, 0.0, threading.Lock()
        self.stands_still = wall is None

    def now(self) -> float:
        """Return the time that the sandbox goes by."""
        return (self._wall() if self._wall else self._start) + self._advanced

    def stamp(self) -> float:
        """Return the time that leaves the tenant inside a token."""
        return self._wall() if self._wall else self._start + self._advanced

    def ahead(self) -> float:
        """Return by how many seconds `now` is ahead of `stamp`."""
        return self._advanced if self._wall else 0.0

    @property
    def moved(self) -> float:
        """By how many seconds it was moved since it began, all advances together."""
        return self._advanced

    def advance(self, seconds: float) -> None:
        """Move the time forward. Raises ValueError for a negative number, and beyond a hundred years in all."""
        if seconds < 0:
            raise ValueError(f"The clock only moves forward; it cannot advance by {seconds} seconds.")
        with self._lock:
            # Asked so that not-a-number is refused as well, and before a sum that could not be a float.
            if not (seconds <= LARGEST_ADVANCE and self._advanced + seconds <= LARGEST_ADVANCE):
                raise ValueError(f"The clock moves by {LARGEST_ADVANCE} seconds at most, a hundred years, in all.")
            self._advanced += seconds

    def restart(self) -> None:
        """Take back every advance: for a new test, not for a tenant in use."""
        self._advanced = 0.0


class WallClock(Clock):
    """A clock that follows the wall's, which a test may have replaced, or another one."""

    def __init__(self, wall: Callable[[], float] = lambda: time.time()) -> None:
        super().__init__(wall=wall)


Issued = Callable[[str, Any], Any]
"""What becomes of a thing that is drawn or issued: its kind, such as `mfa_token`, and its value."""


class Chance:
    """A seeded source of strings in Auth0's alphabets, for repeatable runs: nothing real may be protected by them.

    `issued` may give what leaves the tenant another form: a variation does.
    """

    def __init__(self, seed: int | str, issued: Issued = lambda _, value: value) -> None:
        self.seed, self.issued, self._random = seed, issued, random.Random(str(seed))

    def fork(self, name: str) -> "Chance":
        """Return a source of its own for `name`: what it draws does not depend on what others drew."""
        return Chance(f"{self.seed}/{name}", self.issued)

    def draw(self, alphabet: str, length: int) -> str:
        """Return `length` characters out of `alphabet`."""
        return "".join(self._random.choices(alphabet, k=length))

    alnum = partialmethod(draw, ascii_letters + digits)
    base64url = partialmethod(draw, ascii_letters + digits + "-_")
    base32 = partialmethod(draw, ascii_uppercase + "234567")
    hex = partialmethod(draw, "0123456789abcdef")
    digits = partialmethod(draw, digits)

    def device_id(self) -> str:
        """Return a Guardian enrollment id, bare, as the device API writes it (reference, section 1e)."""
        return str(self.issued("device_id", f"dev_{self.alnum(16)}"))

    def user_id(self) -> str:
        """Return the id of a database user."""
        return f"auth0|{self.hex(24)}"

    def recovery_code(self) -> str:
        """Return 24 characters A-Z and 0-9 (reference, section 3.2)."""
        return str(self.issued("recovery_code", self.draw(ascii_uppercase + digits, 24)))

    def code(self, kind: str) -> str:
        """Return six digits that are sent to a person: `kind` is `code`, or `passwordless`."""
        return str(self.issued(kind, self.digits(6)))
