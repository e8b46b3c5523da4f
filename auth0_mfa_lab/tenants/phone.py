"""The phone and the inbox as a notebook has them: the sandbox's, the virtual one of a live tenant, or the person's own.

Auth0 was never seen to answer the virtual phone (AUTH0_LAB_VIRTUAL_PHONE=1): what it says is marked as unproven.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx

from auth0_mfa_lab import errors
from auth0_mfa_lab.client import http_client
from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.errors import LabError, NeedsAPerson, NotABarcode, NothingToAnswer, NothingWasSent, PhoneError
from auth0_mfa_lab.interrupts import whole
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.sentences import Lines, Sentence
from auth0_mfa_lab.tenants.operations import Ask, Recorder
from auth0_mfa_lab.wire.exchange import Exchange, Json, NoAnswer
from auth0_mfa_lab.wire.journal import EXCHANGE, Journal
from auth0_mfa_lab.wire.received import NOTES

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Phone
    from auth0_mfa_lab.sandbox.delivery import Push
    from auth0_mfa_lab.sandbox.guardian.phone import Time
    from auth0_mfa_lab.show.phone import PhoneView

OTP_QUESTION = "The 6-digit code of the authenticator app"
"""What a person is asked for a code of the app; one that is sent has a question of its own."""
ALONE = {"name": "Virtual phone", "remark": "Unproven against real Auth0; no push and no message can reach it"}
"""What the panel shows of the virtual phone of a live tenant."""
# Its own name has an alias once it is enrolled, like every name that a tenant has for a person's phone.
_NAME = "Virtual phone of auth0-mfa-lab"
_MARK = "Virtual phone, unproven against real Auth0:"
_NOTE = "virtual phone: unproven against real Auth0; its push token is made up, so no push reaches it"
_NO_PUSH = (
    f"{_MARK} no push can reach it on a live tenant, so there is none that it could {{verb}}. Answer the push on your "
    "own phone, if that is enrolled; or log in with this one's code: lab.phone.code() and client.mfa_otp_grant(...)."
)
_CODE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A push that waits on the phone: when the login began (ISO 8601, UTC); `allow` and `reject` take it.

    `payload` is what the phone received; a secret in it is a Secret.
    """

    started: str
    host: str
    source: str
    location: str
    payload: Mapping[str, Json] = field(hash=False)
    id: str = field(default="", repr=False)


class SandboxPhone(Lines):
    """The virtual phone; what it says over HTTP stands in the journal, with the phone as the speaker."""

    def __init__(self, phone: Phone, aliases: Aliases, journal: Journal) -> None:
        self._phone, self._journal = phone, journal
        self._aliases = aliases
        self._later: tuple[int, Callable[[], object]] | None = None
        self._answered = ""

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """The pushes that wait for an answer, oldest first."""
        return tuple(
            Notification(
                started=datetime.fromtimestamp(push.started, UTC).isoformat(timespec="seconds"),
                payload=self._journal.pushed[push.id].json,
                **{name: getattr(push, name) for name in ("host", "source", "location", "id")},
            )
            for push in self._phone.notifications
        )

    def scan(self, barcode: object) -> Exchange | Sentence:
        """Scan a barcode_uri, its QR or the PNG of it: a push's ticket enrolls, a one-time code's secret is kept."""
        seen = getattr(barcode, "png", barcode)  # what lab.qr(...) drew
        if not isinstance(seen, str | bytes):
            raise NotABarcode("This is no barcode: pass enrollment['barcode_uri'], or what lab.qr(...) drew of it.")
        exchange: Exchange | None = self._do(self._phone.scan, seen)
        return exchange or Sentence(
            "The phone has scanned the secret, and shows codes from now on. It sent no request."
        )

    def allow(self, push: object = None) -> Exchange | Sentence:
        """Allow a push, the newest unless one of `notifications` is named; NothingToAnswer when it does not wait."""
        return self._answer("allowed", self._phone.allow, push=push)

    def reject(self, reason: str | None = None, push: object = None) -> Exchange | Sentence:
        """Reject a push like that, with a reason if one is given; NothingToAnswer when it does not wait."""
        return self._answer("rejected", self._phone.reject, _checked_reason(reason), push=push)

    def code(self) -> Secret:
        """Return the code that the phone shows now (TOTP, 6 digits)."""
        return self._aliases.learn("otp", self._do(self._phone.code))

    def allow_after(self, *, polls: int) -> Sentence:
        """Let the phone allow the push that waits when `polls` more polls have been answered, between two requests.

        An answer of one's own takes its place. NothingToAnswer when no push waits, and none was answered before.
        """
        return self._answer_after("allow", polls, self.allow)

    def reject_after(self, *, polls: int, reason: str | None = None) -> Sentence:
        """Let the phone reject the push that waits like that, with a reason if one is given."""
        return self._answer_after("reject", polls, partial(self.reject, _checked_reason(reason)))

    def after_poll(self) -> None:
        """Count one finished poll, and answer when it was the last to wait for."""
        if self._later is not None:
            polls, answer = self._later
            self._later = (polls - 1, answer) if polls > 1 else None
            # A push that was answered or ran out in the meantime needs no answer.
            if self._later is None and self._phone.notifications:
                answer()

    def _answer(self, said: str, act: Callable[..., Any], *given: object, push: object) -> Exchange:
        self._later = None
        exchange: Exchange = self._do(act, *given, push=push)
        if (exchange.status or 0) < 400:
            self._answered = f"{said} a push already (exchange {exchange.number})"
        return exchange

    def _answer_after(self, verb: str, polls: int, answer: Callable[[], object]) -> Sentence:
        if polls < 1:
            raise PhoneError(f"{verb}_after(polls={polls}) would never {verb}: polls is a whole number from 1 up.")
        if not self._phone.notifications:
            if self._answered:
                return Sentence(f"The phone has {self._answered}, and no other waits: go on and poll.")
            raise NothingToAnswer("No push waits on the phone: send one with client.mfa_challenge(...) first.")
        self._later = polls, answer
        return Sentence(f"The phone will {verb} the push after {polls} more poll{'' if polls == 1 else 's'}.")

    def _lines(self) -> list[str]:
        return [
            "The sandbox's phone, with its Guardian app and its authenticator app.",
            "  .scan(barcode_uri) enrolls, .allow() and .reject() answer a push, .code() is its TOTP of now",
        ]

    @whole()
    def _do(self, act: Callable[..., Any], *given: object, push: object = None) -> Any:
        """Let the phone act, and return its exchange or what it has; a `push` that is named must wait on it."""
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
            result = act(*given)
            return result.extensions[EXCHANGE] if isinstance(result, httpx.Response) else result
        except NoAnswer as failure:
            # The frames in which it was raised hold the body.
            error: LabError = failure.with_traceback(None)
        except Failure as failure:
            # The lab's error has the name of the sandbox's.
            error = getattr(errors, type(failure).__name__)(self._aliases.mask(str(failure)))
        raise error from None


class EnrolledPhone(SandboxPhone):
    """The virtual phone on a live tenant: it scans and shows codes as in the sandbox, and gets no push."""

    def __init__(self, phone: Phone, aliases: Aliases, journal: Journal, clock: LabClock) -> None:
        """Take codes from `phone`, each of them once: `clock` waits for the next."""
        super().__init__(phone, aliases, journal)
        self._clock = clock
        self._given_until = 0.0

    def scan(self, barcode: object) -> Exchange | Sentence:
        """Enroll at the tenant's own device API, or keep the secret (the guardian reference, section 2)."""
        said = super().scan(barcode)
        self._given_until = 0.0  # the codes of another secret
        return Sentence(f"{_MARK} {said.sentence}") if isinstance(said, Sentence) else said

    def allow(self, push: object = None) -> Sentence:
        """Say that no push can reach it."""
        return Sentence(_NO_PUSH.format(verb="allow"))

    def reject(self, reason: str | None = None, push: object = None) -> Sentence:
        """Say that no push can reach it."""
        return Sentence(_NO_PUSH.format(verb="reject"))

    def allow_after(self, *, polls: int) -> Sentence:
        """Say that no push can reach it."""
        return self.allow()

    def reject_after(self, *, polls: int, reason: str | None = None) -> Sentence:
        """Say that no push can reach it."""
        return self.reject()

    def code(self) -> Secret:
        """Return the code that it shows now (TOTP, 6 digits), or wait for the next: Auth0 takes each code once."""
        self._clock.wait(self._given_until - self._clock.now(), for_what="the next code")
        code = super().code()
        self._given_until = (self._clock.now() // _CODE_SECONDS + 1) * _CODE_SECONDS
        return code

    def _lines(self) -> list[str]:
        return [
            f"{_MARK} it enrolls at your tenant as a Guardian app does.",
            "  .scan(barcode_uri) enrolls it, .code() is its TOTP of now; no push can reach it",
        ]


class OwnPhone(Lines):
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

    def reject_after(self, *, polls: int, reason: str | None = None) -> Sentence:
        """Say that nothing is done."""
        return Sentence(f"A live phone is not scripted: press Deny yourself (in the sandbox, after {polls} polls).")

    def after_poll(self) -> None:
        """Do nothing: the person answers."""

    def _lines(self) -> list[str]:
        return [
            "Your own phone: nothing is done on it from here.",
            "  .scan(...), .allow() and .reject() say what to do on it, .code() asks you for the code that it shows",
        ]


def _checked_reason(reason: object) -> str | None:
    if reason is not None and not isinstance(reason, str):
        raise PhoneError(f"reason is a {type(reason).__name__}: write a text, such as reject('not me').")
    return reason


LabPhone: TypeAlias = SandboxPhone | OwnPhone
"""The verbs of a phone; on a live tenant they say what to press."""


def new_phone(ask: Recorder, http: httpx.Client, clock: Time, *, is_live: bool = False) -> Phone:
    """Return a phone of the lab's own that speaks over `http`; a live tenant gives it no names and no push."""
    from auth0_mfa_lab.sandbox import Chance, Phone

    # Its names must not be foretold: Auth0 knows every phone of the world by them.
    origin, chance = str(http.base_url).rstrip("/"), Chance(secrets.token_hex(16))
    phone = Phone(http, lambda token: () if is_live else pushes_to(token, ask), clock, chance, fallback_url=origin)
    if is_live:
        phone.name = _NAME
    drawn = {"identifier": phone.identifier, "push_token": phone.push_token}
    named = ask("add_phone", (lambda: drawn) if is_live else None)
    phone.identifier, phone.push_token = str(named["identifier"]), str(named["push_token"])
    return phone


def virtual_phone(origin: str, transport: httpx.BaseTransport, journal: Journal, ask: Recorder) -> Phone:
    """Return the virtual phone for the live tenant at `origin`; each of its exchanges is remarked as unproven."""
    from auth0_mfa_lab.sandbox import WallClock

    def remarked(request: httpx.Request) -> httpx.Response:
        answer = transport.handle_request(request)
        answer.extensions[NOTES] = (_NOTE,)
        return answer

    http = http_client(origin, httpx.MockTransport(remarked), journal, "phone")
    return new_phone(ask, http, WallClock(journal.now), is_live=True)


def pushes_to(token: str, ask: Ask) -> tuple[Push, ...]:
    """Return what a tenant delivered to a push token, oldest first."""
    from auth0_mfa_lab.sandbox.delivery import Push

    return tuple(Push(**each) for each in ask("pushes", token=token)["pushes"])


@dataclass(kw_only=True, repr=False, eq=False)
class PhoneScreen:
    """What a phone's panel looks at: the lab's phone, and the newest messages since the lab was opened (`since`).

    `bars` says why nothing can be pressed on a recording; `alone` is shown of a phone that no push can reach.
    """

    phone: Phone
    ask: Recorder
    aliases: Aliases
    clock: LabClock
    since: float
    bars: str = ""
    alone: Mapping[str, str] | None = None
    _last: PhoneView | None = None

    def look(self, learns: bool) -> PhoneView:
        """Return what is on the screen; with `learns` its codes have aliases from now on, and a recording has it."""
        from auth0_mfa_lab.show.phone import look_at

        if self.bars and self._last and not learns:
            return self._last
        ask: Ask = self.ask if learns else self.ask.quiet
        messages: list[Json] = []
        delivered: tuple[Push, ...] = ()
        if self.alone is None:
            messages = [each for each in ask("messages")["messages"] if each["sent_at"] >= self.since]
            delivered = pushes_to(self.phone.push_token, ask)
        now, how = self.clock.now(), {"pace": self.clock.pace, **(self.alone or {})}
        pushes = self.phone.waiting(now, delivered)
        self._last = look_at(self.phone, pushes, messages, now, self.aliases, learns=learns, **how)
        return self._last


# -- the inbox, and the questions to a person


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
        return [f"{self.channel} for {self.purpose}: {self.text}"]


class Inbox(Lines):
    """What the tenant sent, to any address; on a live tenant the person types the code of it."""

    def __init__(self, fetch: Callable[[str, str | None], Iterable[Json]], aliases: Aliases) -> None:
        """Get the messages to an address, for a purpose, by `fetch`: the newest first."""
        self._fetch = fetch
        self._aliases = aliases

    def _lines(self) -> list[str]:
        return ["The inbox of every number and address: .latest(address, purpose=...) is the newest message."]

    def latest(self, address: str, *, purpose: str | None = None) -> Message:
        """Return the newest message to a number (E.164) or an email address; NothingWasSent when there is none.

        `purpose` is `mfa` or `passwordless`. On a live tenant the person is asked: NeedsAPerson without a prompt.
        """
        sent = next((each for each in self._fetch(address, purpose) if purpose in (None, each["purpose"])), None)
        if sent is None:
            wanted = f" for {purpose}" if purpose else ""
            raise NothingWasSent(
                f"Nothing was sent to this address{wanted}. A code is sent by client.mfa_associate, "
                "client.mfa_challenge (purpose mfa) and client.passwordless_start (purpose passwordless)."
            )
        learn, kind = self._aliases.learn, "code" if sent["purpose"] == "passwordless" else "binding_code"
        code = sent["code"] and learn(kind, sent["code"])
        return Message(
            channel=sent["channel"],
            purpose=sent["purpose"],
            code=code,
            link=sent.get("link") and learn("link", sent["link"]),
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
        raise NeedsAPerson(f"{question} is needed, and no answer came. Run this cell in Jupyter, and type it there.")
    return answer


def typed(prompt: Callable[[str], str], question: str) -> str | None:
    """Return what a person types into a prompt; None where there is no front end to type in."""
    from IPython.core.error import StdinNotImplementedError  # a kernel without a front end raises it

    try:
        return prompt(question)
    except (EOFError, OSError, RuntimeError, StdinNotImplementedError):
        return None  # stdin is at its end, is closed, is lost to pytest's capture, or belongs to no front end
