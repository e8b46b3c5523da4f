"""The messages that the tenant sent: the sandbox's inbox, or the person's own phone and mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from auth0_mfa_lab.errors import NothingWasSent
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Message:
    """One message, with its purpose (`mfa` or `passwordless`); the code in it shows under its alias."""

    channel: str
    purpose: str
    code: Secret | None
    link: Secret | None = None
    text: str = ""
    language: str | None = None

    def __repr__(self) -> str:
        return f"{self.channel} for {self.purpose}: {self.text}".rstrip(": ")

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": f"<p>{escape(repr(self))}</p>"}


class LabInbox(Protocol):
    """The verb of an inbox."""

    def latest(self, address: str, *, purpose: str | None = None) -> Message: ...


class SandboxInbox:
    """What the sandbox sent, to any address."""

    def __init__(self, sent_to: Callable[[str], Sequence[Mapping[str, Any]]], aliases: Aliases) -> None:
        """Read with `sent_to`, which returns the messages to an address as JSON, newest first."""
        self._sent_to = sent_to
        self._aliases = aliases

    def latest(self, address: str, *, purpose: str | None = None) -> Message:
        """Return the newest message to a number (E.164) or an email address; NothingWasSent when there is none.

        With a `purpose` (`mfa` or `passwordless`) only such messages count.
        """
        for sent in self._sent_to(address):
            if purpose in (None, sent["purpose"]):
                return self._message(sent)
        wanted = f" for {purpose}" if purpose else ""
        raise NothingWasSent(
            f"Nothing was sent to this address{wanted}. A code is sent by client.mfa_associate, client.mfa_challenge "
            "(purpose mfa) and client.passwordless_start (purpose passwordless)."
        )

    def _message(self, sent: Mapping[str, Any]) -> Message:
        kind = "code" if sent["purpose"] == "passwordless" else "binding_code"
        code = self._aliases.learn(kind, sent["code"]) if sent["code"] else None
        link = self._aliases.learn("link", sent["link"]) if sent["link"] else None
        return Message(
            channel=sent["channel"],
            purpose=sent["purpose"],
            code=code,
            link=link,
            text=self._aliases.mask(sent["text"]),
            language=sent["language"],
        )


class OwnInbox:
    """The person's own messages."""

    def __init__(self, aliases: Aliases, ask: Callable[[str], str]) -> None:
        """Ask for codes with `ask`, a hidden prompt."""
        self._aliases = aliases
        self._ask = ask

    def latest(self, address: str, *, purpose: str | None = None) -> Message:
        """Ask for the code that was sent; NeedsAPerson when nobody can be asked."""
        purpose = purpose or "mfa"
        kind = "code" if purpose == "passwordless" else "binding_code"
        code = self._aliases.learn(kind, self._ask(f"The code that you were sent for {purpose}"))
        channel = "email" if "@" in address else "sms"
        return Message(channel=channel, purpose=purpose, code=code, text=repr(code))
