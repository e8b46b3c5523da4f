"""A sandbox on which somebody else's run is played again: who is in it, and what a person would do and type there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import httpx
import pyotp
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import Sandbox, User, enroll_factors
from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.mfa.challenge import PERIOD, otp_candidates, recovery_of, step_key
from auth0_mfa_lab.sandbox.mfa.factors import state_of
from auth0_mfa_lab.sandbox.records import Api, Login
from auth0_mfa_lab.sandbox.settings import CONNECTIONS, Policy, Profile


class Keys:
    """RSA keys, each made once: whoever asks for the first gets the same one each time."""

    def __init__(self) -> None:
        self._made: list[RSAKey] = []

    def fresh(self) -> Callable[[], RSAKey]:
        """Return what gives these keys, from the first on."""
        place = iter(range(1_000_000))

        def next_key() -> RSAKey:
            number = next(place)
            if number == len(self._made):
                self._made.append(RSAKey.generate_key())
            return self._made[number]

        return next_key


class Stage:
    """One sandbox tenant with this domain and time, its phone, and the codes that are right in it now."""

    def __init__(
        self,
        *,
        domain: str,
        begins: float,
        keys: Keys,
        profile: Profile = "docs",
        policy: Policy = "all-applications",
        switches: Mapping[str, str | int | bool] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Begin at `begins` (epoch seconds); `settings` are fields of the tenant's settings."""
        self._box = Sandbox(
            domain=domain,
            profile=profile,
            policy=policy,
            switches=switches or {},
            new_key=keys.fresh(),
            clock=Clock(begins),
        )
        tenant = self._box.tenant
        tenant.settings = replace(tenant.settings, **(settings or {}))  # type: ignore[arg-type]  # by their names
        self.defaults = self._box.defaults
        self._phone = self._box.new_phone(httpx.Client(transport=self._box.transport))

    def ask(self, request: httpx.Request) -> httpx.Response:
        """Return the tenant's answer; httpx's log never hears of it."""
        answer = self._box.transport.handle_request(request)
        answer.read()
        return answer

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._box.clock.advance(seconds)

    # -- who is there

    def add_api(self, identifier: str, scopes: Iterable[str]) -> None:
        """Add an API that access tokens can be asked for, unless there is one."""
        if self._box.tenant.api(identifier) is None:
            self._box.tenant.add_api(Api(identifier=identifier, scopes=tuple(scopes)))

    def add_person(
        self,
        name: str,
        *,
        realm: str = "",
        factors: Sequence[str] = (),
        begun: Sequence[str] = (),
        phone_number: str | None = None,
        email: str | None = None,
    ) -> None:
        """Add a user with these factors, confirmed, and those that were only begun; `realm` is a passwordless one's."""
        tenant, user = self._box.tenant, self._person(name, realm)
        if user is None and realm in CONNECTIONS:
            user = tenant.passwordless_user(next(each for each in CONNECTIONS if each == realm), name)
        elif user is None:
            user = self._box.add_user(username=name, phone_number=phone_number, email=email)
        _, barcodes = enroll_factors(tenant, user, factors, client_id=self.defaults.client_id)
        self._box.enroll(barcodes, self._phone)
        enroll_factors(tenant, user, begun, client_id=self.defaults.client_id, confirm=False)

    def password(self, name: str) -> str | None:
        """Return the password of a database user."""
        user = self._person(name, "")
        return user.password if user else None

    def user_id(self, name: str, realm: str = "") -> str | None:
        """Return the id of a user."""
        user = self._person(name, realm)
        return user.user_id if user else None

    # -- what the person does on the phone

    def scan(self, barcode_uri: str) -> httpx.Response | None:
        """Let the phone scan; None where that sends nothing."""
        return self._phone.scan(barcode_uri)

    def answer(self, oob_code: str, *, accepted: bool) -> httpx.Response | None:
        """Let the phone allow or reject the push of an oob_code; None where none waits."""
        transaction = self._box.tenant.transactions.oob_codes.get(oob_code)
        for push in self._phone.notifications:
            if transaction is not None and push.challenge == transaction.challenge:
                return self._phone.allow(push) if accepted else self._phone.reject(push=push)
        return None

    def awaits(self, oob_code: str) -> str | None:
        """Return what a push transaction still waits for: `scan` or `answer`; None for any other."""
        transaction = self._box.tenant.transactions.oob_codes.get(oob_code)
        if transaction is None or transaction.channel != "auth0":
            return None
        if state_of(self._box.tenant, transaction) != "pending":
            return None
        return "scan" if transaction.purpose == "enroll" else "answer"

    def active_pushes(self, bearer: str) -> int:
        """Return how many confirmed pushes the user behind an mfa_token or an MFA access token has."""
        login = self._login(bearer)
        active = self._box.tenant.authenticators.active_of(login.request.user_id) if login else ()
        return sum(entry.kind == "push" for entry in active)

    # -- what the person types

    def otp(self, mfa_token: str) -> str | None:
        """Return the oldest code of an authenticator app that is still good."""
        tenant, login = self._box.tenant, self._login(mfa_token)
        current = int(self._box.clock.now()) // PERIOD
        for entry in otp_candidates(tenant, login) if login else ():
            newest = tenant.otp_steps.get(step_key(login.request.user_id, entry.secret or "")) if login else None
            for step in (current - 1, current):
                if newest is None or step > newest:
                    return pyotp.TOTP(entry.secret or "").generate_otp(step)
        return None

    def binding_code(self, oob_code: str) -> str | None:
        """Return the code that was sent for an oob_code."""
        transaction = self._box.tenant.transactions.oob_codes.get(oob_code)
        return (transaction.code or None) if transaction else None

    def passwordless_code(self, address: str) -> str | None:
        """Return the newest code that an address was sent to log in with."""
        messages = reversed(self._box.delivery.messages(address))
        return next((each.code for each in messages if each.purpose == "passwordless" and each.code), None)

    def recovery_code(self, mfa_token: str) -> str | None:
        """Return the recovery code of the user behind an mfa_token."""
        login = self._login(mfa_token)
        entry = recovery_of(self._box.tenant, login.request.user_id) if login else None
        return entry.secret if entry else None

    def _login(self, token: str) -> Login | None:
        tenant = self._box.tenant
        return tenant.transactions.logins.get(token) or tenant.access_login(token)

    def _person(self, name: str, realm: str) -> User | None:
        wanted = realm if realm in CONNECTIONS else self.defaults.realm
        users = self._box.tenant.users.values()
        return next((one for one in users if one.connection == wanted and one.username.lower() == name.lower()), None)
