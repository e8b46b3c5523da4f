"""What the tenant has "sent": the stand-in for APNS and FCM, the one thing it shares with the phones."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

# A phone's push service drops what waits too long; nobody needs more than the newest ones.
KEPT_PER_PHONE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One delivered push: the service, and the payload exactly as that platform's app receives it."""

    service: str
    payload: Mapping[str, object] = field(repr=False)


class Delivery:
    """A mailbox per push token; safe to fill from the sandbox's thread and read from any other."""

    def __init__(self) -> None:
        self._pushes: dict[str, deque[Push]] = {}
        self._lock = threading.Lock()

    def push(self, *, service: str, token: str, payload: Mapping[str, object]) -> None:
        """Deliver a payload to the phone with this push token."""
        with self._lock:
            box = self._pushes.setdefault(token, deque(maxlen=KEPT_PER_PHONE))
            box.append(Push(service=service, payload=payload))

    def pushes(self, token: str) -> tuple[Push, ...]:
        """Return what was delivered to this push token, oldest first."""
        with self._lock:
            return tuple(self._pushes.get(token, ()))
