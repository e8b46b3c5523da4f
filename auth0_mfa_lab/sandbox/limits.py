"""What is bounded: what the tenant remembers of its callers, and how often a thing may be done (reference, 11)."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.errors import Mark

KEPT = 10_000
"""How many of a kind are remembered; the oldest are forgotten first, as if they had been revoked."""
FEW = 100
"""How many are remembered however long ago they ended, for a late caller. More of them scatter the heap."""
MINUTE, HOUR = 60, 3600
Value = TypeVar("Value")


class Bounded(OrderedDict[str, Value]):
    """A dictionary that forgets its oldest entry for each one above `bound`.

    With `has_ended` it forgets earlier what has ended, all but `few`: each new entry has two of the oldest looked at.
    """

    def __init__(self, bound: int = KEPT, *, has_ended: Callable[[Value], bool] | None = None, few: int = FEW) -> None:
        super().__init__()
        self._bound, self._few, self._has_ended = bound, few if has_ended else bound, has_ended

    def __setitem__(self, key: str, value: Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        for _ in range(2):
            if len(self) > self._few:
                oldest = next(iter(self))
                if len(self) > self._bound or (self._has_ended and self._has_ended(self[oldest])):
                    del self[oldest]
                else:
                    self.move_to_end(oldest)


class Limit(NamedTuple):
    """`burst` at once, then `refill` more every `seconds`; `mark` is the evidence for the numbers."""

    burst: int
    refill: int
    seconds: int
    owner: Literal["oob_code", "user", "IP"] = "user"
    mark: Mark = "doc"


LIMITS: Mapping[str, Limit] = {
    "polls": Limit(12, 12, MINUTE, "oob_code"),
    "pushes": Limit(5, 5, MINUTE),
    "sms": Limit(10, 1, HOUR),
    # A bucket of its own, with the numbers of SMS.
    "voice": Limit(10, 1, HOUR, mark="guess"),
    "emails": Limit(20, 1, MINUTE),
    # The table says "6 numeric digits": so the codes of SMS, voice and email count here as well.
    "failed_otp_codes": Limit(10, 10, HOUR),
    "failed_recovery_codes": Limit(10, 10, HOUR),
    "passwordless_starts": Limit(50, 50, HOUR, "IP"),
}
"""Published for the paid plans; that they hold for a free one is a guess."""
# A float sum of many small refills may fall a hair short of a whole token.
ALMOST = 1e-9


class Bucket:
    """Full at first; it gets `refill` more every so many seconds, and never has more than its burst."""

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit, self._tokens, self._now = limit, float(limit.burst), now

    def take(self, now: float) -> bool:
        """Take one token at `now` (epoch seconds) if there is one; a refusal costs nothing."""
        if self.left(now) < 1:
            return False
        self._tokens = max(0.0, self._tokens - 1)
        return True

    def left(self, now: float) -> int:
        """Return how many whole tokens there are at `now`; a clock that was set back takes nothing away."""
        passed, self._now = max(0.0, now - self._now), now
        self._tokens = min(float(self._limit.burst), self._tokens + passed * self._limit.refill / self._limit.seconds)
        return int(self._tokens + ALMOST)

    def full_in(self) -> float:
        """Return in how many seconds the bucket is full again, as of the last look."""
        return (self._limit.burst - self._tokens) * self._limit.seconds / self._limit.refill

    def headers(self) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers as of the last look; `reset` is when it is full (reference, 0.5)."""
        reset = math.ceil(self._now + self.full_in() - ALMOST)
        values = {"limit": self._limit.burst, "remaining": int(self._tokens + ALMOST), "reset": reset}
        return {f"x-ratelimit-{name}": str(value) for name, value in values.items()}


class Limits:
    """Every bucket that was ever taken from; a full one need not be remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: Bounded[Bucket] = Bounded()

    def new(self, name: str) -> Bucket:
        """Return a full bucket of its own."""
        return Bucket(LIMITS[name], self._clock.now())

    def bucket(self, name: str, owner: str) -> Bucket:
        """Return the bucket of a user id or an IP, the same one each time."""
        key = f"{name}|{owner}"
        self._buckets[key] = bucket = self._buckets.get(key) or self.new(name)
        return bucket

    def forget(self, owner: str) -> None:
        """Fill every bucket of a user id or an IP."""
        for name in LIMITS:
            self._buckets.pop(f"{name}|{owner}", None)

    def rows(self, user_id: str, ip: str, polls: Bucket | None) -> list[dict[str, Any]]:
        """Return what is left of each limit of a user and an IP, and when all is back; `polls` is one oob_code's."""
        owners, rows = {"user": user_id, "IP": ip}, []
        for name, limit in LIMITS.items():
            owned = polls if limit.owner == "oob_code" else self._buckets.get(f"{name}|{owners[limit.owner]}")
            bucket = owned or self.new(name)
            left, per = bucket.left(self._clock.now()), "a minute" if limit.seconds == MINUTE else "an hour"
            known = {"name": name, "left": left, "burst": limit.burst, "per": f"{limit.refill} {per}"}
            rows.append({**known, "full_again_in": bucket.full_in(), "owner": limit.owner, "mark": limit.mark})
        return rows
