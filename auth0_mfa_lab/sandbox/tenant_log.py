"""The tenant's log: what happened in it, in Auth0's codes; a bounded memory."""

from collections import deque

from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.records import LogEntry

KEPT = 1_000


class TenantLog:
    """The newest entries."""

    def __init__(self, *, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._ids = chance
        self._entries: deque[LogEntry] = deque(maxlen=KEPT)

    def entries(self) -> tuple[LogEntry, ...]:
        """Return what is kept, oldest first."""
        return tuple(self._entries)

    def add(self, type_: str, description: str, *, user_id: str | None, client_id: str | None) -> None:
        """Write an entry; the codes are Auth0's (reference, section 11), the descriptions ours."""
        entry = LogEntry(
            log_id=self._ids.digits(32),
            type=type_,
            date=self._clock.stamp(),
            description=description,
            user_id=user_id,
            client_id=client_id,
        )
        self._entries.append(entry)
