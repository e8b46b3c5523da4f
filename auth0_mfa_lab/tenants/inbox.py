"""The messages that the tenant sent: the sandbox's inbox, or the person's own phone and mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from auth0_mfa_lab.errors import NothingWasSent
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.tenants.operations import Ask


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


class SandboxInbox:
    """What the sandbox sent, to any address."""

    def __init__(self, ask: Ask, aliases: Aliases) -> None:
        """Read the messages with `ask`."""
        self._ask = ask
        self._aliases = aliases

    def latest(self, address: str, *, purpose: str | None = None) -> Message:
        """Return the newest message to a number (E.164) or an email address; NothingWasSent when there is none.

        With a `purpose` (`mfa` or `passwordless`) only such messages count.
        """
        learn = self._aliases.learn
        for sent in self._ask("messages", address=address)["messages"]:
            if purpose in (None, sent["purpose"]):
                return Message(
                    channel=sent["channel"],
                    purpose=sent["purpose"],
                    code=learn(_kind(sent["purpose"]), sent["code"]) if sent["code"] else None,
                    link=learn("link", sent["link"]) if sent["link"] else None,
                    text=self._aliases.mask(sent["text"]),
                    language=sent["language"],
                )
        wanted = f" for {purpose}" if purpose else ""
        raise NothingWasSent(
            f"Nothing was sent to this address{wanted}. A code is sent by client.mfa_associate, client.mfa_challenge "
            "(purpose mfa) and client.passwordless_start (purpose passwordless)."
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
        code = self._aliases.learn(_kind(purpose), self._ask(f"The code that you were sent for {purpose}"))
        return Message(channel="email" if "@" in address else "sms", purpose=purpose, code=code, text=repr(code))


LabInbox: TypeAlias = SandboxInbox | OwnInbox


def _kind(purpose: str) -> str:
    return "code" if purpose == "passwordless" else "binding_code"
