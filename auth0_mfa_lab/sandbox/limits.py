"""How often a thing may be done: the buckets of the reference's section 11, one for each user, oob_code or IP."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from auth0_mfa_lab.sandbox.bounded import Bounded
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.errors import Mark

MINUTE, HOUR = 60, 3600
LimitName = Literal[
    "polls", "pushes", "sms", "voice", "emails", "failed_otp_codes", "failed_recovery_codes", "passwordless_starts"
]
Owner = Literal["oob_code", "user", "IP"]


class Limit(NamedTuple):
    """`burst` at once, then `refill` more every `seconds`; `mark` is the evidence for the numbers."""

    burst: int
    refill: int
    seconds: int
    owner: Owner = "user"
    mark: Mark = "doc"


LIMITS: Mapping[LimitName, Limit] = {
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
        self._limit = limit
        self._tokens = float(limit.burst)
        self._now = now

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

    def full_in(self, now: float) -> float:
        """Return in how many seconds the bucket is full again."""
        self.left(now)
        return (self._limit.burst - self._tokens) * self._limit.seconds / self._limit.refill

    def headers(self) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers as of the last look.

        `reset` is the epoch second at which the bucket is full again (reference, section 0.5).
        """
        return {
            "x-ratelimit-limit": str(self._limit.burst),
            "x-ratelimit-remaining": str(self.left(self._now)),
            "x-ratelimit-reset": str(math.ceil(self._now + self.full_in(self._now) - ALMOST)),
        }


@dataclass(frozen=True, slots=True)
class LimitRow:
    """What is left of one limit now: `left` of `burst`, and in how many seconds it is full again."""

    name: str
    left: int
    burst: int
    per: str
    full_again_in: float
    owner: Owner
    mark: Mark


class Limits:
    """Every bucket that was ever taken from; a full one need not be remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: Bounded[Bucket] = Bounded()

    def new(self, name: LimitName) -> Bucket:
        """Return a full bucket that nobody else shares."""
        return Bucket(LIMITS[name], self._clock.now())

    def bucket(self, name: LimitName, owner: str) -> Bucket:
        """Return the bucket of a user id or an IP, the same one each time."""
        key = f"{name}|{owner}"
        self._buckets[key] = bucket = self._buckets.get(key) or self.new(name)
        return bucket

    def forget(self, owner: str) -> None:
        """Fill every bucket of a user id or an IP."""
        for name in LIMITS:
            self._buckets.pop(f"{name}|{owner}", None)

    def rows(self, user_id: str, ip: str, polls: Bucket | None) -> tuple[LimitRow, ...]:
        """Return what is left of each limit of a user and an IP; of polls, that of one oob_code."""
        owners, now, rows = {"user": user_id, "IP": ip}, self._clock.now(), []
        for name, limit in LIMITS.items():
            known = self._buckets.get(f"{name}|{owners[limit.owner]}") if limit.owner in owners else polls
            bucket = known or self.new(name)
            per = f"{limit.refill} {'a minute' if limit.seconds == MINUTE else 'an hour'}"
            left, full_in = bucket.left(now), bucket.full_in(now)
            rows.append(LimitRow(name, left, limit.burst, per, full_in, limit.owner, limit.mark))
        return tuple(rows)
