"""Mailboxes that stand in for APNS and FCM, for SMS, calls and email."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auth0_mfa_lab.sandbox.limits import Bounded

RECENT, BOXES, KEPT = 100, 1_000, 64
"""How many are kept: of all messages (the newest), of the mailboxes (the last used), and in each of them."""


@dataclass(frozen=True, repr=False)
class Push:
    """One delivered push: a public `id`, no secret, the service, and the payload as that platform's app receives it."""

    id: str
    service: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, repr=False, kw_only=True)
class Message:
    """One SMS, call or email, for a factor (`mfa`) or as the first factor itself; `language` is what was asked for."""

    address: str
    channel: Literal["sms", "voice", "email"]
    purpose: Literal["mfa", "passwordless"]
    code: str | None = None
    link: str | None = None
    text: str
    language: str | None = None
    sent_at: float


class Delivery:
    """A mailbox per push token and per address, of tuples, so that any thread may read one; `loses` loses a push."""

    def __init__(self) -> None:
        self.loses: Callable[[], bool] = lambda: False
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.newest_push: Push | None = None
        self.newest: tuple[Message, ...] = ()
        """The newest messages of all addresses, newest first."""
        self._pushes: Bounded[tuple[Push, ...]] = Bounded(BOXES)
        self._messages: Bounded[tuple[Message, ...]] = Bounded(BOXES)

    def push(self, *, service: str, token: str, payload: Mapping[str, Any]) -> None:
        """Deliver a payload to the phone with this push token, unless it is to be lost."""
        if not self.loses():
            name = hashlib.sha256(str(payload.get("mfa", payload).get("c")).encode()).hexdigest()[:16]
            self.newest_push = Push(id=name, service=service, payload=payload)
            self._pushes[token] = (*self.pushes(token), self.newest_push)[-KEPT:]

    def pushes(self, token: str, after: str = "") -> tuple[Push, ...]:
        """Return what was delivered to this push token, oldest first; only what came `after` the push of this id."""
        found = self._pushes.get(token, ())
        names = [push.id for push in found]
        return found[names.index(after) + 1 :] if after in names else found

    def message(self, message: Message) -> None:
        """Deliver an SMS, a call or an email."""
        self.newest = (message, *self.newest)[:RECENT]
        self._messages[message.address.lower()] = (*self.messages(message.address), message)[-KEPT:]

    def messages(self, address: str) -> tuple[Message, ...]:
        """Return what was sent to a phone number or an email address, oldest first; its case does not matter."""
        return self._messages.get(address.lower(), ())

    def forget(self, address: str) -> None:
        """Empty the mailbox of an address."""
        self._messages.pop(address.lower(), None)
        self.newest = tuple(each for each in self.newest if each.address.lower() != address.lower())

    def forget_pushes(self, token: str, device_id: str) -> None:
        """Take one account's pushes out of a phone's mailbox; a phone may have many accounts."""
        pushes = [(push, push.payload.get("mfa", push.payload)) for push in self._pushes.pop(token, ())]
        if kept := tuple(push for push, fields in pushes if fields.get("dai") != device_id):
            self._pushes[token] = kept


def in_form(payload: Mapping[str, Any], form: str) -> dict[str, object]:
    """Return a payload as an app of either platform would receive it: `apns` is nested, `fcm` is flat."""
    fields = payload.get("mfa", payload)
    parts = {name: json.loads(fields[name]) if isinstance(fields[name], str) else fields[name] for name in ("s", "l")}
    if form == "fcm":
        return {**fields, **{name: json.dumps(part, separators=(",", ":")) for name, part in parts.items()}}
    alert = {"title": f"{fields['sh']}: authentication", "body": f"Allow the login to {fields['sh']}?"}
    category = "com.auth0.notification.authentication"
    return {"aps": {"alert": alert, "category": category}, "mfa": {**fields, **parts}}
