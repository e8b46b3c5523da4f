"""A token bucket: how often something may happen, and when it may again."""

import math
from dataclasses import dataclass

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
