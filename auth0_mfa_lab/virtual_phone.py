"""The virtual phone on one's own tenant (AUTH0_LAB_VIRTUAL_PHONE=1): it enrolls and shows codes; no push reaches it.

It is an ordinary client of the device API, written from public sources, and nobody has seen Auth0 answer it: so
whatever it says or sends is marked as unproven.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from auth0_mfa_lab.client import Connection
from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.phone import LabPhone, Notification, SandboxPhone
from auth0_mfa_lab.show.phone import PhoneView, look_at
from auth0_mfa_lab.show.sentences import Lines, Told
from auth0_mfa_lab.tenants.operations import Ask
from auth0_mfa_lab.tenants.sandbox import PhoneScreen
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.recorder import NOTES

if TYPE_CHECKING:
    from auth0_mfa_lab.bench import Bench
    from auth0_mfa_lab.secrets.secret import Secret

NAME = "Virtual phone of auth0-mfa-lab"
"""What the tenant calls it, in the list of the user's authenticators."""
MARK = "Virtual phone, unproven against real Auth0:"
CODE_SECONDS = 30
NOTE = "virtual phone: unproven against real Auth0; its push token is made up, so no push reaches it"
_TITLE = "Virtual phone"
_REMARK = "Unproven against real Auth0; no push and no message can reach it"
_NO_PUSH = (
    f"{MARK} no push can reach it on a live tenant, so there is none that it could {{verb}}. Answer the push on your "
    "own phone, if that is enrolled; or log in with this one's code: lab.phone.code() and client.mfa_otp_grant(...)."
)


class EnrolledPhone(Lines):
    """The verbs of the virtual phone on a live tenant: it scans and shows codes as in the sandbox, and gets no push."""

    def __init__(self, phone: SandboxPhone, clock: LabClock) -> None:
        """Scan with `phone`, and take codes from it, each of them once: `clock` waits for the next."""
        self._phone = phone
        self._clock = clock
        self._given_until = 0.0

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """Nothing: no push service knows this phone."""
        return ()

    def scan(self, barcode: object) -> Exchange | Told:
        """Enroll with a push's ticket at the tenant's own device API, or keep the secret of a one-time code.

        The parameter and the errors are those of the sandbox's phone. Source: the guardian reference, section 2.
        """
        said = self._phone.scan(barcode)
        self._given_until = 0.0  # the codes of another secret
        return Told(f"{MARK} {said.sentence}") if isinstance(said, Told) else said

    def allow(self, push: object = None) -> Told:
        """Say that no push can reach it."""
        return Told(_NO_PUSH.format(verb="allow"))

    def reject(self, reason: str | None = None, push: object = None) -> Told:
        """Say that no push can reach it."""
        return Told(_NO_PUSH.format(verb="reject"))

    def code(self) -> Secret:
        """Return the code that it shows now (TOTP, 6 digits), or wait for the next: Auth0 takes each code once.

        NotEnrolled when it has scanned nothing.
        """
        self._clock.wait(self._given_until - self._clock.now(), for_what="the next code")
        code = self._phone.code()
        self._given_until = (self._clock.now() // CODE_SECONDS + 1) * CODE_SECONDS
        return code

    def allow_after(self, *, polls: int) -> Told:
        """Say that no push can reach it."""
        return self.allow()

    def after_poll(self) -> None:
        """Do nothing: nobody waits for it."""

    def _lines(self) -> list[str]:
        return [
            f"{MARK} it enrolls at your tenant as a Guardian app does.",
            "  .scan(barcode_uri) enrolls it, .code() is its TOTP of now; no push can reach it",
        ]


class _Remarked(httpx.BaseTransport):
    """Passes requests on; each answer bears the note."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        answer.extensions[NOTES] = (NOTE,)
        return answer


def give_virtual_phone(lab: Bench, *, bars: str = "") -> None:
    """Give a live lab, or one on its recording, the virtual phone in the place of the person's own.

    The lab says so in its first line.
    """
    from auth0_mfa_lab.sandbox import Chance, Delivery, Phone, WallClock
    from auth0_mfa_lab.sandbox.guardian.phone import PhoneError

    origin = lab.settings.origin
    http = Connection(origin, _Remarked(lab._transport), lab.journal).http("phone")
    # Its key and its names must not be foretold: Auth0 knows every phone of the world by them.
    chance, clock = Chance(secrets.token_hex(16)), WallClock(lab.clock.now)
    phone = Phone(http, Delivery(), clock, chance, name=NAME, fallback_url=origin)
    drawn = {"identifier": phone.identifier, "push_token": phone.push_token}
    named = lab._operations.keep("add_phone", {}, lambda: drawn)
    phone.identifier, phone.push_token = named["identifier"], named["push_token"]
    enrolled: LabPhone = EnrolledPhone(SandboxPhone(phone, lab.aliases, failures=PhoneError), lab.clock)
    lab.phone = enrolled
    lab.settings = replace(lab.settings, virtual_phone=True, notice=repr(enrolled).splitlines()[0])
    lab._screen = _Screen(phone, lab._operations, aliases=lab.aliases, clock=lab.clock, bars=bars)


class _Screen(PhoneScreen):
    """The screen of a phone that no push and no message can reach."""

    def _seen(self, ask: Ask, *, learns: bool) -> PhoneView:
        view = look_at(self._phone, None, (), self._clock.now(), self._aliases, learns=learns)
        # Its own name has an alias once it is enrolled, like whatever a tenant calls a person's phone.
        return replace(view, name=_TITLE, remark=_REMARK)
