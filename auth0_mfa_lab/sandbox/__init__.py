"""An Auth0 tenant in a box: the MFA endpoints, a virtual Guardian phone, and a clock that can be moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.app import build_app
from auth0_mfa_lab.sandbox.asgi import CALLER, Runner
from auth0_mfa_lab.sandbox.chance import Chance
from auth0_mfa_lab.sandbox.clock import Clock, WallClock
from auth0_mfa_lab.sandbox.defaults import REALM, Defaults, default_settings
from auth0_mfa_lab.sandbox.delivery import Delivery, Message
from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from auth0_mfa_lab.sandbox.faults import Faults
from auth0_mfa_lab.sandbox.guardian.phone import (
    Enrollment,
    NotABarcode,
    NotEnrolled,
    NothingToAnswer,
    Notification,
    Phone,
    PhoneError,
    names_of_a_phone,
)
from auth0_mfa_lab.sandbox.limits import LIMITS, LimitRow, Owner
from auth0_mfa_lab.sandbox.oauth.keys import NewKey
from auth0_mfa_lab.sandbox.preparing import FACTORS, enroll_factors
from auth0_mfa_lab.sandbox.records import User
from auth0_mfa_lab.sandbox.request_log import RequestLog
from auth0_mfa_lab.sandbox.settings import SWITCHES, Policy, Profile, checked_switches
from auth0_mfa_lab.sandbox.tenant import Tenant

if TYPE_CHECKING:
    import httpx

    from auth0_mfa_lab.sandbox.transport import SandboxTransport

__all__ = [
    "SWITCHES",
    "Chance",
    "Clock",
    "Defaults",
    "Delivery",
    "Enrollment",
    "EvidenceRow",
    "LimitRow",
    "Message",
    "NotABarcode",
    "NotEnrolled",
    "NothingToAnswer",
    "Notification",
    "Phone",
    "PhoneError",
    "Sandbox",
    "Tenant",
    "User",
    "WallClock",
]

PROFILES = ("docs", "recorded")
NO_SWITCHES: Mapping[str, str | int | bool] = MappingProxyType({})
POLICIES = ("all-applications", "confidence-score", "never")


class Sandbox:
    """The default tenant (decision 12), its time, its chance, its mailbox, and the transport that reaches it.

    `profile` says how a rejected push is answered: as the docs say (403 `invalid_grant`) or as it was recorded
    (400 `access_denied`); `policy` says when a second factor is asked for, and `switches` what is answered where
    the sources differ (SWITCHES names them, the trusted value first). `new_key` makes the RSA keys of the tenant and of
    its phones, each when it is first needed. `seed` is what every id is drawn from: a number, or a text that nobody
    guesses. `clock` is another one than the clock that stands still (WallClock).
    """

    def __init__(
        self,
        *,
        domain: str = "sandbox.example",
        profile: Profile = "docs",
        seed: int | str = 1,
        policy: Policy = "all-applications",
        switches: Mapping[str, str | int | bool] = NO_SWITCHES,
        new_key: NewKey = RSAKey.generate_key,
        clock: Clock | None = None,
    ) -> None:
        if profile not in PROFILES:
            raise ValueError(f"Unknown profile {profile!r}; the sandbox has {', '.join(PROFILES)}.")
        if policy not in POLICIES:
            raise ValueError(f"Unknown policy {policy!r}; the sandbox has {', '.join(POLICIES)}.")
        self.domain = domain
        self.clock = clock or Clock()
        self.chance = Chance(seed)
        self.delivery = Delivery()
        self.faults = Faults()
        self.received = RequestLog()
        self.server_phones: list[Phone] = []
        self.defaults = Defaults.draw(self.chance.fork("defaults"))
        self._settings = default_settings(
            domain=domain, profile=profile, policy=policy, switches=checked_switches(switches)
        )
        self._new_key = new_key
        self.tenant = self._new_tenant()
        self.answer = Runner(build_app(self.tenant))

    @cached_property
    def transport(self) -> SandboxTransport:
        """What reaches the tenant in process; a sandbox on a socket never needs it."""
        from auth0_mfa_lab.sandbox.transport import SandboxTransport

        return SandboxTransport(self.answer)

    def _new_tenant(self, *, first_life: int = 0) -> Tenant:
        tenant = Tenant(
            domain=self.domain,
            settings=self._settings,
            clock=self.clock,
            chance=self.chance.fork("tenant"),
            delivery=self.delivery,
            new_key=self._new_key,
            first_life=first_life,
        )
        for client in self.defaults.clients(self.domain):
            tenant.add_client(client)
        for api in self.defaults.apis():
            tenant.add_api(api)
        tenant.add_user(self.defaults.user(self.clock.stamp()))
        self._people = self.chance.fork("people")
        self._phones = self.chance.fork("phones")
        self.control_chance = self.chance.fork("control")
        self.delivery.loses = lambda: self.faults.of_kind("lost_push") is not None
        self._added = 0
        return tenant

    @property
    def profile(self) -> Profile:
        """How a rejected push is answered now."""
        return self.tenant.settings.profile

    def reset(self) -> None:
        """Begin again: the default tenant with its ids, its keys and its names, nothing else, and no advance."""
        before = self.tenant
        self.clock.restart()
        self.delivery.clear()
        self.faults.waiting.clear()
        self.received.clear()
        self.server_phones = []
        # The keys stay, and so do the users' ids: what was issued before must not be good again.
        self.tenant = self._new_tenant(first_life=before.next_life())
        self.tenant.domains.take_over(before.domains)
        # Applications keep a JWKS: the key behind a `kid` stays.
        self.tenant.tokens.keys = before.tokens.keys
        self.answer.app = build_app(self.tenant)

    def begin_user(
        self,
        factors: Sequence[str] = (),
        *,
        username: str | None = None,
        phone_number: str | None = None,
        email: str | None = None,
    ) -> tuple[User, list[str]]:
        """Add a fresh database user with just these factors, confirmed; what is not named is drawn.

        Returns the user, and what a phone has to scan: `push` is confirmed by that, the secret of `otp` becomes a
        code. `sms`, `voice` and `email` are the user's own number and address, and no message of it is in the inbox. A
        factor is enrolled whether the tenant's is on or not. Raises ValueError for a factor that the sandbox does not
        know, and for a username that somebody has.
        """
        if unknown := [name for name in factors if name not in FACTORS]:
            raise ValueError(f"Unknown factor {unknown[0]!r}; the sandbox knows {', '.join(FACTORS)}.")
        self._added += 1
        email = email or (username if username and "@" in username else f"user{self._added}@example.com")
        if self.tenant.has_user(REALM, username or email):
            raise ValueError(f"There is a user {username or email!r} already.")
        user = User(
            user_id=self._people.user_id(),
            username=username or email,
            password=f"{self._people.alnum(14)}!7",
            phone_number=phone_number or fictional_number(self._added),
            email=email,
            connection=REALM,
            created_at=self.clock.stamp(),
        )
        self.tenant.add_user(user)
        code, barcodes = enroll_factors(self.tenant, user, factors, client_id=self.defaults.client_id)
        return replace(user, recovery_code=code), barcodes

    def add_user(self, *, factors: Sequence[str] = (), phone: Phone | None = None, **names: str | None) -> User:
        """Add a user as `begin_user` does, whose barcodes `phone` scans; ValueError for `push` without a phone."""
        if "push" in factors and phone is None:
            raise ValueError(
                "A user with push needs a phone: add_user(factors=['push'], phone=sandbox.new_phone(http))."
            )
        user, barcodes = self.begin_user(factors, **names)
        self.enroll(barcodes, *(phone,) if phone else ())
        return user

    def enroll(self, barcodes: Sequence[str], *phones: Phone) -> None:
        """Let phones scan what a new user has to scan: in process, and recorded nowhere."""
        import httpx

        http = httpx.Client(transport=self.transport)
        for phone in phones:
            for barcode in barcodes:
                answer = phone.scan(barcode, http=http)
                if answer is not None and not answer.is_success:
                    raise RuntimeError(f"The phone could not enroll: {answer.status_code}")

    def new_phone(self, http: httpx.Client, *, new_key: NewKey | None = None, chance: Chance | None = None) -> Phone:
        """Return a phone that speaks over `http`, with nothing on it yet; `new_key` makes the keys of this one.

        `chance` is what its names are drawn from, where it is not to be one of the phones in a row.
        """
        return Phone(
            http,
            self.delivery,
            self.clock,
            chance or self._phones,
            fallback_url=self.tenant.domains.origin,
            new_key=new_key or self._new_key,
        )

    def name_a_phone(self) -> tuple[str, str]:
        """Return identifier and push token of the next phone in a row, for one that is in another process."""
        return names_of_a_phone(self._phones)

    def evidence(self) -> tuple[EvidenceRow, ...]:
        """Return, for every answer that is not plain success, what it says and how well that is known."""
        return ROWS

    def limits(self, user_id: str, *, ip: str = CALLER) -> tuple[LimitRow, ...]:
        """Return what is left of each limit that a user can meet; of polls, that of the newest oob_code."""
        limits, newest = self.tenant.limits, self.tenant.transactions.newest_of(user_id)
        owners: dict[Owner, str] = {"user": user_id, "IP": ip}
        rows = [limits.row("polls", newest.polls if newest else None)]
        for name, limit in LIMITS.items():
            if limit.owner in owners:
                rows.append(limits.row(name, limits.known(name, owners[limit.owner])))
        return tuple(rows)


def fictional_number(count: int) -> str:
    """Return one of the numbers that are kept for fiction, another one for each of the first 70,000."""
    area, line = divmod(count, 100)
    return f"+15550{100 + line:03d}" if area == 0 else f"+1{200 + area % 700}55501{line:02d}"
