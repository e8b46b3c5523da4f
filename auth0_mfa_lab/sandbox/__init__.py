"""An Auth0 tenant in a box: the MFA endpoints, a virtual Guardian phone, and a clock that can be moved."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

from joserfc.jwk import RSAKey
from starlette.responses import PlainTextResponse, Response

from auth0_mfa_lab.sandbox.app import CALLER, Fault, Faults, in_process
from auth0_mfa_lab.sandbox.clock import Chance, Clock, WallClock
from auth0_mfa_lab.sandbox.delivery import Delivery
from auth0_mfa_lab.sandbox.guardian.phone import Phone
from auth0_mfa_lab.sandbox.http import Request as HttpRequest
from auth0_mfa_lab.sandbox.management import MANAGEMENT_SCOPES
from auth0_mfa_lab.sandbox.mfa.api import associate
from auth0_mfa_lab.sandbox.oauth.api import GRANT
from auth0_mfa_lab.sandbox.oauth.tokens import NewKey
from auth0_mfa_lab.sandbox.received import Observer, Received
from auth0_mfa_lab.sandbox.records import Api, Client, Kind, Request, User
from auth0_mfa_lab.sandbox.settings import Domains, Policy, Profile, Settings, checked_switches
from auth0_mfa_lab.sandbox.tenant import MANAGEMENT_PATH, Tenant
from auth0_mfa_lab.sandbox.variations import Varied

if TYPE_CHECKING:
    import httpx

    from auth0_mfa_lab.sandbox.operations import ServerPhone

__all__ = ["Chance", "Clock", "Delivery", "Phone", "Sandbox", "User", "WallClock"]

FACTORS: Mapping[str, Kind] = {"push": "push", "otp": "totp", "sms": "sms", "voice": "voice", "email": "email"}
"""The factors that a user can be made with, and the kind of authenticator that each is."""
REALM = "Username-Password-Authentication"
API_SCOPES = ("read:orders", "write:orders")
MACHINE_GRANTS = frozenset({"client_credentials"})
USER_GRANTS = frozenset(GRANT) - MACHINE_GRANTS
FAILURES_KEPT, FAULTS = 20, 100
"""How many are kept of the exceptions that a handler raised, and of the faults to come."""
log = logging.getLogger("auth0_mfa_lab.sandbox")


@dataclass(frozen=True, repr=False)
class Defaults:
    """The ids and secrets of the default tenant."""

    client_id: str
    client_secret: str
    public_client_id: str
    mgmt_client_id: str
    mgmt_client_secret: str
    password: str
    user_id: str
    username: str = "jane.roe@example.com"
    realm: str = REALM
    audience: str = "https://api.example.com/"
    phone_number: str = "+15550100"
    email: str = "jane.roe@example.com"


class Sandbox:
    """The default tenant (decision 12), its time, its chance, its mailbox, and the transport that reaches it.

    `profile` says how a rejected push is answered, `policy` when a second factor is asked for, and `switches` what is
    answered where the sources differ (SWITCHES). `new_key` makes each RSA key of the tenant and its phones when it is
    first needed; every id is drawn from `seed`, a number, or an unguessable text. `variation` is the id of what is
    answered otherwise (VARIATIONS), or several ids, joined by commas.
    """

    def __init__(
        self,
        *,
        domain: str = "sandbox.example",
        profile: Profile = "docs",
        seed: int | str = 1,
        policy: Policy = "all-applications",
        switches: Mapping[str, str | int | bool] | None = None,
        new_key: NewKey = RSAKey.generate_key,
        clock: Clock | None = None,
        variation: str = "",
    ) -> None:
        for name, value, known in (("profile", profile, get_args(Profile)), ("policy", policy, get_args(Policy))):
            if value not in known:
                raise ValueError(f"Unknown {name} {value!r}; the sandbox has {', '.join(sorted(known))}.")
        self.varied = Varied(variation)
        self.domain, self.domains = domain, Domains(domain)
        self.clock, self.chance = clock or Clock(), Chance(seed)
        self.faults, self.delivery = Faults(maxlen=FAULTS), Delivery()
        self.delivery.loses = lambda: self.faults.take("lost_push") is not None
        self.received: Observer = Received()
        self.server_phone: ServerPhone | None = None
        drawn = self.chance.fork("defaults")
        self.defaults = Defaults(
            client_id=drawn.alnum(32),
            client_secret=drawn.base64url(64),
            public_client_id=drawn.alnum(32),
            mgmt_client_id=drawn.alnum(32),
            mgmt_client_secret=drawn.base64url(64),
            password=f"{drawn.alnum(14)}!7",
            user_id=drawn.user_id(),
        )
        # The tenant is named by the first label of its domain.
        name, checked = domain.partition(".")[0], checked_switches({} if switches is None else switches)
        self._settings = Settings(name=name, profile=profile, policy=policy, default_directory=REALM, switches=checked)
        if checked["recovery_code_factor"] == "off":
            self._settings = replace(self._settings, factors=self._settings.factors - {"recovery-code"})
        self._new_key = new_key
        self.tenant = self._new_tenant()
        self.lock = threading.RLock()
        """Held around several requests, it makes them one step for every other thread."""
        self.failures: deque[Exception] = deque(maxlen=FAILURES_KEPT)
        """The last bugs: a test asks that there be none."""
        self._is_answering = False

    def _new_tenant(self) -> Tenant:
        """Return the default tenant: a user, an API, and a confidential, a public and a Management application."""
        fork, known, self._added = self.chance.fork, self.defaults, 0
        self.people_chance, self.phones_chance, self.control_chance = map(fork, ("people", "phones", "control"))
        chance = fork("tenant")
        chance.issued = self.varied.issued
        tenant = Tenant(
            domains=self.domains,
            settings=self.varied.settings(self._settings),
            clock=self.clock,
            chance=chance,
            delivery=self.delivery,
            new_key=self._new_key,
        )
        own = {known.audience: API_SCOPES}
        management = {f"https://{self.domain}/{MANAGEMENT_PATH}": MANAGEMENT_SCOPES}
        for client_id, secret, name, grants, apis in (
            (known.client_id, known.client_secret, "Lab (confidential)", USER_GRANTS | MACHINE_GRANTS, own),
            (known.public_client_id, None, "Lab (public)", USER_GRANTS, {}),
            (known.mgmt_client_id, known.mgmt_client_secret, "Lab (management)", MACHINE_GRANTS, management),
        ):
            client = Client(client_id=client_id, client_secret=secret, name=name, grants=grants, apis=apis)
            tenant.clients[client_id] = client
        tenant.add_api(Api(identifier=known.audience, scopes=API_SCOPES))
        named = {name: getattr(known, name) for name in ("user_id", "username", "password", "phone_number", "email")}
        tenant.add_user(User(**named, connection=REALM, created_at=self.clock.stamp()))
        return tenant

    def reset(self) -> None:
        """Begin again: the default tenant with its ids, its keys and its names, nothing else, and no advance."""
        for kept in (self.delivery, self.faults, self.received):
            kept.clear()
        self.clock.restart()
        self.varied.begin()
        self.server_phone = None
        # Applications keep a JWKS: the key behind a `kid` stays.
        keys = self.tenant.tokens.keys
        self.tenant = self._new_tenant()
        self.tenant.tokens.keys = keys

    def answer(self, request: HttpRequest, fault: Fault | None = None) -> Response:
        """Answer one request, whole, on any thread; a bug is logged, and answered with a plain 500."""
        with self.lock:
            if self._is_answering:
                raise RuntimeError(
                    "The sandbox was called from inside one of its own requests: it answers one request at a time, so "
                    "this call would wait for itself. Call it from outside, after the request has ended."
                )
            self._is_answering = True
            try:
                return self.varied.answer(self.tenant, request, fault)
            except Exception as problem:
                # Where it is, and nothing of the request, which its message may quote.
                where = "".join(traceback.format_tb(problem.__traceback__))
                log.error("a bug in the sandbox: %s\n%s", type(problem).__name__, where)
                self.failures.append(problem)
                # Without an OAuth body, so that it does not pass for an answer of Auth0's.
                said = f"This is a bug in the sandbox ({type(problem).__name__}), not an answer of Auth0's."
                return PlainTextResponse(said, 500)
            finally:
                self._is_answering = False

    @cached_property
    def transport(self) -> httpx.MockTransport:
        """What reaches the tenant in process; a sandbox on a socket never needs it."""
        return in_process(self.answer)

    def begin_user(
        self, factors: Sequence[str] = (), *, username: str = "", phone_number: str | None = "", email: str | None = ""
    ) -> tuple[User, list[str]]:
        """Add a fresh database user with just these factors, on or off, confirmed; what is not named is drawn.

        Returns the user, and what a phone has to scan: `push` is confirmed by that, the secret of `otp` becomes a
        code. Nothing of it is in the inbox. Raises ValueError for a username that is taken.
        """
        self._added += 1
        email = email or (username if "@" in username else f"user{self._added}@example.com")
        if self.tenant.has_user(REALM, username or email):
            raise ValueError(f"There is a user {username or email!r} already.")
        user = User(
            user_id=self.people_chance.user_id(),
            username=username or email,
            password=f"{self.people_chance.alnum(14)}!7",
            phone_number=phone_number or fictional_number(self._added),
            email=email,
            connection=REALM,
            created_at=self.clock.stamp(),
        )
        self.tenant.add_user(user)
        code, barcodes = self.enroll_factors(user, factors)
        return replace(user, recovery_code=code), barcodes

    def add_user(self, *, factors: Sequence[str] = (), phone: Phone | None = None, **names: Any) -> User:
        """Add a user as `begin_user` does, whose barcodes `phone` scans; without one a push is not confirmed."""
        user, barcodes = self.begin_user(factors, **names)
        self.enroll(barcodes, *(phone,) if phone else ())
        return user

    def enroll_factors(self, user: User, factors: Sequence[str]) -> tuple[str | None, list[str]]:
        """Enroll these factors, each but a push confirmed; return a first recovery code and what a phone must scan."""
        tenant, code, barcodes = self.tenant, None, []
        for factor in factors:
            request = Request(client_id=self.defaults.client_id, user_id=user.user_id, audience=None, scope=())
            login = tenant.begin_login(request)
            login.is_access_token = login.is_prepared = True
            address = user.email if factor == "email" else user.phone_number
            begun = associate(tenant, login, FACTORS[factor], address, send=False)
            code = code or next(iter(begun.get("recovery_codes", ())), None)
            barcodes += [begun["barcode_uri"]] if "barcode_uri" in begun else []
            if factor != "push":
                tenant.confirm(user.user_id, login.begun[-1])
                login.done, login.is_access_token = True, False
        return code, barcodes

    def enroll(self, barcodes: Sequence[str], *phones: Phone) -> None:
        """Let phones scan what a new user has to scan: in process, and recorded nowhere."""
        import httpx

        http = httpx.Client(transport=self.transport)
        for phone, barcode in product(phones, barcodes):
            phone.scan(barcode, http=http)

    def new_phone(self, http: httpx.Client, *, chance: Chance | None = None) -> Phone:
        """Return a phone that speaks over `http`, with nothing on it: the next in a row, unless `chance` names it."""
        chance, url = chance or self.phones_chance, self.domains.origin
        return Phone(http, self.delivery.pushes, self.clock, chance, fallback_url=url, new_key=self._new_key)

    def secrets(self) -> list[tuple[str, str]]:
        """Return what opens the tenant's applications and its users' accounts, oldest first: each kind, and a value."""
        with self.lock:
            found = [("client_secret", each.client_secret or "") for each in self.tenant.clients.values()]
            for user in self.tenant.users.values():
                kept = self.tenant.authenticators.of(user.user_id)
                named = (("recovery_code" if each.kind == "recovery-code" else "secret", each.secret) for each in kept)
                found += [("password", user.password), *named]
        return [(kind, value) for kind, value in found if value]

    def limits(self, user_id: str, *, ip: str = CALLER) -> list[dict[str, Any]]:
        """Return what is left of each limit that a user can meet; of polls, that of the newest oob_code."""
        newest = self.tenant.transactions.newest_of.get(user_id)
        return self.tenant.limits.rows(user_id, ip, newest.polls if newest else None)


def fictional_number(count: int) -> str:
    """Return one of the numbers that are kept for fiction, another one for each of the first 70,000."""
    area, line = divmod(count, 100)
    return f"+15550{100 + line:03d}" if area == 0 else f"+1{200 + area % 700}55501{line:02d}"
