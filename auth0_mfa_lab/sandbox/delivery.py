"""Mailboxes that stand in for APNS and FCM, for SMS, calls and email."""

import hashlib
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

RECENT = 100
BOXES = 1_000
"""How many phones and addresses have a mailbox: the one that was silent longest is forgotten first."""
# A phone's push service drops what waits too long; nobody needs more than the newest ones.
KEPT_PER_PHONE = 64
KEPT_PER_ADDRESS = 64


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One delivered push: the service, and the payload exactly as that platform's app receives it."""

    service: str
    payload: Mapping[str, object] = field(repr=False)

    @property
    def id(self) -> str:
        """A public name: no secret, and the same in two runs of one seed."""
        return hashlib.sha256(str(self._fields.get("c")).encode()).hexdigest()[:16]

    @property
    def enrollment_id(self) -> object:
        """The account that it is for; None for a payload that is no Guardian push."""
        return self._fields.get("dai")

    @property
    def _fields(self) -> Mapping[str, object]:
        fields = self.payload.get("mfa", self.payload)
        return fields if isinstance(fields, Mapping) else {}


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
    """A mailbox per push token and per address; safe to fill from the sandbox's thread and read from any other.

    `loses` tells of each push whether it is lost on its way: neither tenant nor phone hears of that.
    """

    def __init__(self) -> None:
        self._pushes: OrderedDict[str, deque[Push]] = OrderedDict()
        self._messages: OrderedDict[str, deque[Message]] = OrderedDict()
        self._recent: deque[Message] = deque(maxlen=RECENT)
        self._newest_push: Push | None = None
        self.loses: Callable[[], bool] = lambda: False
        self._lock = threading.Lock()

    def push(self, *, service: str, token: str, payload: Mapping[str, object]) -> None:
        """Deliver a payload to the phone with this push token, unless it is to be lost."""
        with self._lock:
            if self.loses():
                return
            push = Push(service=service, payload=payload)
            _box(self._pushes, token, KEPT_PER_PHONE).append(push)
            self._newest_push = push

    def newest_push(self) -> Push | None:
        """Return what was delivered last, to whichever phone."""
        return self._newest_push

    def pushes(self, token: str) -> tuple[Push, ...]:
        """Return what was delivered to this push token, oldest first."""
        with self._lock:
            return tuple(self._pushes.get(token, ()))

    def message(self, message: Message) -> None:
        """Deliver an SMS, a call or an email."""
        with self._lock:
            _box(self._messages, message.address.lower(), KEPT_PER_ADDRESS).append(message)
            self._recent.append(message)

    def messages(self, address: str) -> tuple[Message, ...]:
        """Return what was sent to a phone number or an email address, oldest first; its case does not matter."""
        with self._lock:
            return tuple(self._messages.get(address.lower(), ()))

    def newest(self, most: int) -> tuple[Message, ...]:
        """Return the newest messages to whomever, newest first."""
        with self._lock:
            return tuple(reversed(self._recent))[:most]

    def forget(self, *boxes: str) -> None:
        """Empty the mailboxes of these addresses and push tokens."""
        with self._lock:
            for box in boxes:
                self._messages.pop(box.lower(), None)
                self._pushes.pop(box, None)
            gone = {box.lower() for box in boxes}
            kept = [message for message in self._recent if message.address.lower() not in gone]
            self._recent = deque(kept, maxlen=RECENT)

    def forget_pushes(self, token: str, enrollment_id: str) -> None:
        """Take one account's pushes out of a phone's mailbox; a phone may have many accounts."""
        with self._lock:
            box = self._pushes.pop(token, deque())
            if kept := [push for push in box if push.enrollment_id != enrollment_id]:
                self._pushes[token] = deque(kept, maxlen=KEPT_PER_PHONE)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._messages.clear()
            self._recent.clear()
            self._pushes.clear()
            self._newest_push = None


def _box(boxes: OrderedDict[str, deque[Item]], name: str, kept: int) -> deque[Item]:
    """Return a mailbox, which is now the last to be forgotten."""
    box = boxes.setdefault(name, deque(maxlen=kept))
    boxes.move_to_end(name)
    if len(boxes) > BOXES:
        boxes.popitem(last=False)
    return box
