"""How often a thing may be done: the buckets of the reference's section 11, one for each user, oob_code or IP."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from auth0_mfa_lab.sandbox.bounded import Bounded
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.errors import Mark

MINUTE, HOUR = 60, 3600
LimitName = Literal[
    "polls",
    "pushes",
    "sms",
    "voice",
    "emails",
    "failed_otp_codes",
    "failed_recovery_codes",
    "passwordless_starts",
]
Owner = Literal["oob_code", "user", "IP"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`burst` at once, then `refill` more every `seconds`; `mark` is the evidence for the numbers."""

    burst: int
    refill: int
    seconds: int
    owner: Owner = "user"
    mark: Mark = "doc"

    @property
    def per_minute(self) -> float:
        return self.refill * MINUTE / self.seconds

    @property
    def spoken(self) -> str:
        """The refill in words, such as `12 a minute`."""
        return f"{self.refill} {'a minute' if self.seconds == MINUTE else 'an hour'}"


LIMITS: Mapping[LimitName, Limit] = {
    "polls": Limit(burst=12, refill=12, seconds=MINUTE, owner="oob_code"),
    "pushes": Limit(burst=5, refill=5, seconds=MINUTE),
    "sms": Limit(burst=10, refill=1, seconds=HOUR),
    # A bucket of its own, with the numbers of SMS.
    "voice": Limit(burst=10, refill=1, seconds=HOUR, mark="guess"),
    "emails": Limit(burst=20, refill=1, seconds=MINUTE),
    # The table says "6 numeric digits": so the codes of SMS, voice and email count here as well.
    "failed_otp_codes": Limit(burst=10, refill=10, seconds=HOUR),
    "failed_recovery_codes": Limit(burst=10, refill=10, seconds=HOUR),
    "passwordless_starts": Limit(burst=50, refill=50, seconds=HOUR, owner="IP"),
}
"""Published for the paid plans; that they hold for a free one is a guess."""


# A float sum of many small refills may fall a hair short of a whole token.
ALMOST = 1e-9


@dataclass(slots=True)
class Bucket:
    """`burst` tokens at first, `per_minute` more each minute, never more than `burst`."""

    burst: int
    per_minute: float
    now: float
    tokens: float = -1.0

    def __post_init__(self) -> None:
        if self.tokens < 0:
            self.tokens = float(self.burst)

    def take(self, now: float) -> bool:
        """Take one token at `now` (epoch seconds) if there is one; a refusal costs nothing."""
        if self.left(now) < 1:
            return False
        self.tokens = max(0.0, self.tokens - 1)
        return True

    def left(self, now: float) -> int:
        """Return how many whole tokens there are at `now`."""
        # A clock that was set back takes nothing away.
        passed = max(0.0, now - self.now)
        self.tokens = min(float(self.burst), self.tokens + passed * self.per_minute / 60)
        self.now = now
        return int(self.tokens + ALMOST)

    def full_in(self, now: float) -> float:
        """Return in how many seconds the bucket is full again."""
        self.left(now)
        return (self.burst - self.tokens) * 60 / self.per_minute

    def headers(self) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers as of the last look.

        `reset` is the epoch second at which the bucket is full again (reference, section 0.5).
        """
        return {
            "x-ratelimit-limit": str(self.burst),
            "x-ratelimit-remaining": str(int(self.tokens + ALMOST)),
            "x-ratelimit-reset": str(math.ceil(self.now + self.full_in(self.now) - ALMOST)),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
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
        limit = LIMITS[name]
        return Bucket(burst=limit.burst, per_minute=limit.per_minute, now=self._clock.now())

    def bucket(self, name: LimitName, owner: str) -> Bucket:
        """Return the bucket of a user id or an IP, the same one each time."""
        key = f"{name}|{owner}"
        bucket = self._buckets.get(key) or self.new(name)
        self._buckets[key] = bucket
        return bucket

    def forget(self, owner: str) -> None:
        """Fill every bucket of a user id or an IP."""
        for name in LIMITS:
            self._buckets.pop(f"{name}|{owner}", None)

    def row(self, name: LimitName, bucket: Bucket | None) -> LimitRow:
        """Return what is left of a bucket now; None is one that nobody has taken from."""
        limit = LIMITS[name]
        now = self._clock.now()
        shown = bucket or self.new(name)
        return LimitRow(
            name=name,
            left=shown.left(now),
            burst=limit.burst,
            per=limit.spoken,
            full_again_in=shown.full_in(now),
            owner=limit.owner,
            mark=limit.mark,
        )

    def known(self, name: LimitName, owner: str) -> Bucket | None:
        """Return a bucket that was taken from, without making one."""
        return self._buckets.get(f"{name}|{owner}")
