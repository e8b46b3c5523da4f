"""The phone and the inbox as a notebook has them: the sandbox's, or the person's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from auth0_mfa_lab import errors
from auth0_mfa_lab.errors import LabError, NeedsAPerson, NotABarcode, NothingToAnswer, NothingWasSent, PhoneError
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.sentences import Lines, Sentence
from auth0_mfa_lab.wire.exchange import Exchange, Json, NoAnswer
from auth0_mfa_lab.wire.journal import EXCHANGE

if TYPE_CHECKING:
    import httpx

    from auth0_mfa_lab.sandbox import Phone

T = TypeVar("T")
OTP_QUESTION = "The 6-digit code of the authenticator app"
"""What a person is asked for a code of the app; one that is sent has a question of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A push that waits on the phone: when the login began (ISO 8601, UTC), and what the phone says of it.

    `id` is its name for `allow` and `reject`.
    """

    started: str
    host: str
    source: str
    location: str
    id: str = field(default="", repr=False)


class SandboxPhone:
    """The virtual phone; what it says over HTTP stands in the journal, with the phone as the speaker."""

    def __init__(self, phone: Phone, aliases: Aliases) -> None:
        """Offer `phone`."""
        self._phone = phone
        self._aliases = aliases
        self._polls_left: int | None = None
        self._is_just_allowed = False

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """The pushes that wait for an answer, oldest first; without their tokens and challenges."""
        return tuple(
            Notification(
                started=datetime.fromtimestamp(push.started, UTC).isoformat(timespec="seconds"),
                host=push.host,
                source=push.source,
                location=push.location,
                id=push.id,
            )
            for push in self._phone.notifications
        )

    def scan(self, barcode: object) -> Exchange | Sentence:
        """Scan a barcode_uri, its QR or the PNG of it: a push's ticket enrolls, and the phone's exchange is returned.

        A one-time code's secret is only kept, as any authenticator app does: no request is sent.
        """
        seen = getattr(barcode, "png", barcode)  # what lab.qr(...) drew
        if not isinstance(seen, str | bytes):
            raise NotABarcode("This is no barcode: pass enrollment['barcode_uri'], or what lab.qr(...) drew of it.")
        answer = self._do(self._phone.scan, seen)
        if answer is None:
            return Sentence("The phone has scanned the secret, and shows codes from now on. It told nobody.")
        exchange: Exchange = answer.extensions[EXCHANGE]
        return exchange

    def allow(self, push: object = None) -> Exchange | Sentence:
        """Allow a push, the newest unless one of `notifications` is named; NothingToAnswer when it does not wait."""
        self._polls_left = None
        answer: httpx.Response = self._do(self._phone.allow, push=push)
        self._is_just_allowed = answer.status_code < 400
        exchange: Exchange = answer.extensions[EXCHANGE]
        return exchange

    def reject(self, reason: str | None = None, push: object = None) -> Exchange | Sentence:
        """Reject a push like that, with a reason if one is given; NothingToAnswer when it does not wait."""
        if reason is not None and not isinstance(reason, str):
            raise PhoneError(f"reason is a {type(reason).__name__}: write a text, such as reject('not me').")
        self._polls_left, self._is_just_allowed = None, False
        exchange: Exchange = self._do(self._phone.reject, reason, push=push).extensions[EXCHANGE]
        return exchange

    def code(self) -> Secret:
        """Return the code that the phone shows now (TOTP, 6 digits)."""
        return self._aliases.learn("otp", self._do(self._phone.code))

    def allow_after(self, *, polls: int) -> Sentence:
        """Let the phone allow the push that waits when `polls` more polls have been answered, between two requests.

        An answer of one's own takes its place; it says so where the push was just allowed. NothingToAnswer when no
        push waits, and none was allowed since the last poll.
        """
        if polls < 1:
            raise PhoneError(f"allow_after(polls={polls}) would never allow: polls is a whole number from 1 up.")
        if not self._phone.notifications:
            if self._is_just_allowed:
                return Sentence("The push was allowed already: the next poll brings the tokens.")
            raise NothingToAnswer("No push waits on the phone: send one with client.mfa_challenge(...) first.")
        self._polls_left = polls
        return Sentence(f"The phone will allow the push after {polls} more poll{'' if polls == 1 else 's'}.")

    def after_poll(self) -> None:
        """Count one finished poll, and allow when it was the last to wait for."""
        self._is_just_allowed = False
        if self._polls_left is not None:
            self._polls_left = self._polls_left - 1 or None
            # A push that was answered or ran out in the meantime needs no answer.
            if self._polls_left is None and self._phone.notifications:
                self.allow()

    def _do(self, act: Callable[..., T], *given: object, push: object = None) -> T:
        """Let the phone act; a `push` that is named must wait on it."""
        from auth0_mfa_lab.sandbox.guardian.phone import PhoneError as Failure

        if push is not None:
            waiting = [each for each in self._phone.notifications if each.id == getattr(push, "id", None)]
            if not waiting:
                raise NothingToAnswer(
                    "This push does not wait on the phone: it was answered, or its 5 minutes are over. Name one of "
                    "lab.phone.notifications, or none for the newest."
                )
            given = (*given, waiting[0])
        try:
            return act(*given)
        except NoAnswer as failure:
            # The frames in which it was raised hold the body.
            error: LabError = failure.with_traceback(None)
        except Failure as failure:
            # The lab's error has the name of the sandbox's.
            error = getattr(errors, type(failure).__name__)(self._aliases.mask(str(failure)))
        raise error from None


class OwnPhone:
    """The person's own phone: each verb says what to do on it now."""

    notifications: tuple[Notification, ...] = ()
    """Nothing: only the phone itself sees its pushes."""

    def __init__(self, aliases: Aliases, ask: Callable[[str], str]) -> None:
        """Ask for codes with `ask`, a hidden prompt."""
        self._aliases = aliases
        self._ask = ask

    def scan(self, barcode: object) -> Sentence:
        """Say how to scan."""
        return Sentence(
            "On your phone: add an account, and scan the QR that the panel shows: for a push in the Guardian app, for "
            "a one-time code in any authenticator app."
        )

    def allow(self, push: object = None) -> Sentence:
        """Say what to press."""
        return Sentence("On your phone: open the push of the Guardian app and press Allow.")

    def reject(self, reason: str | None = None, push: object = None) -> Sentence:
        """Say what to press."""
        return Sentence("On your phone: open the push of the Guardian app and press Deny.")

    def code(self) -> Secret:
        """Ask for the code that the phone shows; NeedsAPerson when there is no prompt."""
        return self._aliases.learn("otp", self._ask(OTP_QUESTION))

    def allow_after(self, *, polls: int) -> Sentence:
        """Say that nothing is done."""
        return Sentence(f"A live phone is not scripted: press Allow yourself (in the sandbox, after {polls} polls).")

    def after_poll(self) -> None:
        """Do nothing: the person answers."""


LabPhone: TypeAlias = SandboxPhone | OwnPhone
"""The verbs of a phone; on a live tenant they say what to press."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Message(Lines):
    """One message, with its purpose (`mfa` or `passwordless`); the code in it shows under its alias."""

    channel: str
    purpose: str
    code: Secret | None
    link: Secret | None = None
    text: str = ""
    language: str | None = None

    def _lines(self) -> list[str]:
        return [f"{self.channel} for {self.purpose}: {self.text}".rstrip(": ")]


class Inbox:
    """What the tenant sent, to any address; on a live tenant the person types the code of it."""

    def __init__(self, fetch: Callable[[str, str | None], Iterable[Json]], aliases: Aliases) -> None:
        """Get the messages to an address, for a purpose, by `fetch`: the newest first."""
        self._fetch = fetch
        self._aliases = aliases

    def latest(self, address: str, *, purpose: str | None = None) -> Message:
        """Return the newest message to a number (E.164) or an email address; NothingWasSent when there is none.

        With a `purpose` (`mfa` or `passwordless`) only such messages count. On a live tenant it asks for the code in a
        hidden prompt: NeedsAPerson when there is none.
        """
        sent = next((each for each in self._fetch(address, purpose) if purpose in (None, each["purpose"])), None)
        if sent is None:
            wanted = f" for {purpose}" if purpose else ""
            raise NothingWasSent(
                f"Nothing was sent to this address{wanted}. A code is sent by client.mfa_associate, "
                "client.mfa_challenge (purpose mfa) and client.passwordless_start (purpose passwordless)."
            )
        learn, kind = self._aliases.learn, "code" if sent["purpose"] == "passwordless" else "binding_code"
        code = learn(kind, sent["code"]) if sent["code"] else None
        return Message(
            channel=sent["channel"],
            purpose=sent["purpose"],
            code=code,
            link=learn("link", sent["link"]) if sent.get("link") else None,
            text=self._aliases.mask(sent["text"]) if "text" in sent else repr(code),
            language=sent.get("language"),
        )


def messages_of_a_person(ask: Callable[[str], str]) -> Callable[[str, str | None], Iterable[Json]]:
    """Return what gets the newest message to an address by asking the person for its code."""

    def fetch(address: str, purpose: str | None) -> Iterable[Json]:
        purpose = purpose or "mfa"
        code = ask(f"The code that you were sent for {purpose}")
        yield {"channel": "email" if "@" in address else "sms", "purpose": purpose, "code": code}

    return fetch


def ask_hidden(question: str) -> str:
    """Ask the person in a prompt that does not show what is typed; NeedsAPerson when there is no front end."""
    import getpass

    answer = (typed(getpass.getpass, f"{question}: ") or "").strip()
    if not answer:
        raise NeedsAPerson(f"{question} is needed, and nobody answered. Run this cell in Jupyter, and type it there.")
    return answer


def typed(prompt: Callable[[str], str], question: str) -> str | None:
    """Return what a person types into a prompt; None where there is no front end to type in."""
    from IPython.core.error import StdinNotImplementedError  # a kernel without a front end raises it

    try:
        return prompt(question)
    except (EOFError, OSError, RuntimeError, StdinNotImplementedError):
        return None  # stdin is at its end, is closed, is lost to pytest's capture, or belongs to no front end
