"""The virtual phone on one's own tenant (AUTH0_LAB_VIRTUAL_PHONE=1): it enrolls and shows codes; no push reaches it.

It is an ordinary client of the device API, written from public sources, and nobody has seen Auth0 answer it: so
whatever it says or sends is marked as unproven.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx

from auth0_mfa_lab.client import http_client
from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.sentences import Lines, Sentence
from auth0_mfa_lab.tenants.operations import Recorder
from auth0_mfa_lab.tenants.phone import SandboxPhone
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import NOTES, Journal

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Phone
    from auth0_mfa_lab.secrets.secret import Secret

NAME = "Virtual phone of auth0-mfa-lab"
"""What the tenant calls it, in the list of the user's authenticators."""
# Its own name has an alias once it is enrolled, like whatever a tenant calls a person's phone.
ALONE = {"name": "Virtual phone", "remark": "Unproven against real Auth0; no push and no message can reach it"}
"""What the phone's panel shows of it."""
MARK = "Virtual phone, unproven against real Auth0:"
CODE_SECONDS = 30
NOTE = "virtual phone: unproven against real Auth0; its push token is made up, so no push reaches it"
_NO_PUSH = (
    f"{MARK} no push can reach it on a live tenant, so there is none that it could {{verb}}. Answer the push on your "
    "own phone, if that is enrolled; or log in with this one's code: lab.phone.code() and client.mfa_otp_grant(...)."
)


class EnrolledPhone(SandboxPhone, Lines):
    """The virtual phone on a live tenant: it scans and shows codes as in the sandbox, and gets no push."""

    def __init__(self, phone: Phone, aliases: Aliases, clock: LabClock) -> None:
        """Take codes from `phone`, each of them once: `clock` waits for the next."""
        super().__init__(phone, aliases)
        self._clock = clock
        self._given_until = 0.0

    def scan(self, barcode: object) -> Exchange | Sentence:
        """Enroll with a push's ticket at the tenant's own device API, or keep the secret of a one-time code.

        The parameter and the errors are those of the sandbox's phone. Source: the guardian reference, section 2.
        """
        said = super().scan(barcode)
        self._given_until = 0.0  # the codes of another secret
        return Sentence(f"{MARK} {said.sentence}") if isinstance(said, Sentence) else said

    def allow(self, push: object = None) -> Sentence:
        """Say that no push can reach it."""
        return Sentence(_NO_PUSH.format(verb="allow"))

    def reject(self, reason: str | None = None, push: object = None) -> Sentence:
        """Say that no push can reach it."""
        return Sentence(_NO_PUSH.format(verb="reject"))

    def allow_after(self, *, polls: int) -> Sentence:
        """Say that no push can reach it."""
        return self.allow()

    def code(self) -> Secret:
        """Return the code that it shows now (TOTP, 6 digits), or wait for the next: Auth0 takes each code once.

        NotEnrolled when it has scanned nothing.
        """
        self._clock.wait(self._given_until - self._clock.now(), for_what="the next code")
        code = super().code()
        self._given_until = (self._clock.now() // CODE_SECONDS + 1) * CODE_SECONDS
        return code

    def _lines(self) -> list[str]:
        return [
            f"{MARK} it enrolls at your tenant as a Guardian app does.",
            "  .scan(barcode_uri) enrolls it, .code() is its TOTP of now; no push can reach it",
        ]


def virtual_phone(origin: str, transport: httpx.BaseTransport, journal: Journal, operations: Recorder) -> Phone:
    """Return the virtual phone for the live tenant at `origin`; each of its exchanges is remarked as unproven."""
    from auth0_mfa_lab.sandbox import Chance, Delivery, Phone, WallClock

    def remarked(request: httpx.Request) -> httpx.Response:
        answer = transport.handle_request(request)
        answer.extensions[NOTES] = (NOTE,)
        return answer

    http = http_client(origin, httpx.MockTransport(remarked), journal, "phone")
    # Its key and its names must not be foretold: Auth0 knows every phone of the world by them.
    chance, clock = Chance(secrets.token_hex(16)), WallClock(journal.now)
    phone = Phone(http, Delivery().pushes, clock, chance, name=NAME, fallback_url=origin)
    named = operations("add_phone", lambda: {"identifier": phone.identifier, "push_token": phone.push_token})
    phone.identifier, phone.push_token = named["identifier"], named["push_token"]
    return phone
