"""What a lab does with a sandbox, in process, served or recorded: make users, carry a phone, look at its screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.errors import LabError, NoServer
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.tenants.operations import Ask, Json, Recorder
from auth0_mfa_lab.tenants.users import User, checked_factors

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Phone
    from auth0_mfa_lab.sandbox.guardian.phone import Time
    from auth0_mfa_lab.show.phone import PhoneView


def fresh_user(
    ask: Recorder, factors: Sequence[str], *, aliases: Aliases, phone: Phone | None, transport: httpx.BaseTransport
) -> User:
    """Return a fresh user with just these factors, confirmed; its secrets are learned.

    `phone` scans what there is to scan, over `transport`: each enrollment is an operation, and no exchange.
    """
    wanted = checked_factors(factors)
    made = ask("add_user", factors=list(wanted), phone="own")

    def enroll(request: httpx.Request) -> httpx.Response:
        def sent() -> Json:
            answer = transport.handle_request(request)
            answer.read()
            return {"status": answer.status_code, "body": answer.json()}

        kept = ask("enroll", sent)
        return httpx.Response(kept["status"], json=kept["body"])

    for barcode in made["barcodes"]:
        if phone is None:  # on another tool's recording
            break
        try:
            answer = phone.scan(barcode, http=httpx.Client(transport=httpx.MockTransport(enroll)))
        except httpx.TransportError as failure:
            raise NoServer(f"The phone could not enroll: no answer ({type(failure).__name__}).") from None
        if answer is not None and not answer.is_success:
            raise LabError(f"The phone could not enroll (HTTP {answer.status_code}): ask for the user again.")
    code = made["recovery_code"]
    return User(
        username=made["username"],
        password=aliases.learn("password", made["password"]),
        phone_number=made["phone_number"],
        email=made["email"],
        factors=wanted,
        recovery_code=code and aliases.learn("recovery_code", code),
    )


@dataclass(frozen=True, slots=True)
class _Delivered:
    """A push as an operation tells of it: a recording's payload has stand-ins, and its id is that of the run."""

    id: str
    service: str
    payload: Mapping[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where the pushes to a phone are: at the tenant, which is asked for them."""

    ask: Ask

    def pushes(self, token: str) -> tuple[_Delivered, ...]:
        """Return what was delivered to this push token, oldest first."""
        return tuple(_Delivered(**each) for each in self.ask("pushes", token=token)["pushes"])


def new_phone(ask: Ask, http: httpx.Client, clock: Time) -> Phone:
    """Return a phone of the lab's own that speaks over `http`, with nothing on it yet; the tenant names it."""
    from auth0_mfa_lab.sandbox import Chance, Phone

    named = ask("add_phone")
    phone = Phone(http, Mailbox(ask).pushes, clock, Chance(0), fallback_url=str(http.base_url).rstrip("/"))
    phone.identifier, phone.push_token = str(named["identifier"]), str(named["push_token"])
    return phone


@dataclass(kw_only=True, repr=False, eq=False)
class PhoneScreen:
    """What a phone's panel looks at: the lab's phone, and the newest messages since the lab was opened (`since`).

    `bars` says why nothing on it can be pressed; a recording's screen does not change between two looks. `alone` is
    what stands there of a phone that no push and no message can reach.
    """

    phone: Phone
    ask: Recorder
    aliases: Aliases
    clock: LabClock
    since: float
    bars: str = ""
    alone: Mapping[str, Json] | None = None
    _last: PhoneView | None = None

    def look(self, learns: bool) -> PhoneView:
        """Return what is on the screen; with `learns` its codes have aliases from now on, and a recording has it."""
        from auth0_mfa_lab.show.phone import look_at

        if self.bars and self._last and not learns:
            return self._last
        ask: Ask = self.ask if learns else self.ask.quiet
        messages, delivered = list[Json](), list[_Delivered]()
        if self.alone is None:
            messages = [each for each in ask("messages")["messages"] if each["sent_at"] >= self.since]
            delivered = list(Mailbox(ask).pushes(self.phone.push_token))
        now = self.clock.now()
        pushes, alone = self.phone.waiting(now, delivered), self.alone or {}
        self._last = look_at(self.phone, pushes, messages, now, self.aliases, learns=learns, **alone)
        return self._last
