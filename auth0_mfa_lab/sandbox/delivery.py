"""What the tenant has "sent": the stand-in for APNS and FCM, for SMS, calls and email."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# A phone's push service drops what waits too long; nobody needs more than the newest ones.
KEPT_PER_PHONE = 64
KEPT_PER_ADDRESS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One delivered push: the service, and the payload exactly as that platform's app receives it."""

    service: str
    payload: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One SMS, call or email: to confirm or to use a factor (`mfa`), or as the first factor itself (`passwordless`).

    `language` is what the request asked for, as it stood in its header; `sent_at` is in epoch seconds.
    """

    address: str
    channel: Literal["sms", "voice", "email"]
    purpose: Literal["mfa", "passwordless"]
    code: str | None = field(default=None, repr=False)
    link: str | None = field(default=None, repr=False)
    text: str = field(repr=False)
    language: str | None = None
    sent_at: float


class Delivery:
    """A mailbox per push token and per address; safe to fill from the sandbox's thread and read from any other."""

    def __init__(self) -> None:
        self._pushes: dict[str, deque[Push]] = {}
        self._messages: dict[str, deque[Message]] = {}
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

    def message(self, message: Message) -> None:
        """Deliver an SMS, a call or an email."""
        with self._lock:
            box = self._messages.setdefault(message.address.lower(), deque(maxlen=KEPT_PER_ADDRESS))
            box.append(message)

    def messages(self, address: str) -> tuple[Message, ...]:
        """Return what was sent to a phone number or an email address, oldest first; its case does not matter."""
        with self._lock:
            return tuple(self._messages.get(address.lower(), ()))
