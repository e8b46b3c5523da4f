"""Mothers for the sandbox's tests: an application that speaks the wire, and a login part way through it."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import Phone, Sandbox, User
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.guardian.phone import Notification

MFA_AUDIENCE = "https://sandbox.example/mfa/"
MFA_SCOPES = "enroll read:authenticators remove:authenticators"
GRANT = "http://auth0.com/oauth/grant-type"
GUARDIAN = "https://sandbox.example/appliance-mfa/api"


def new_sandbox(profile: Literal["docs", "recorded"] = "docs", **options: Any) -> Sandbox:
    return Sandbox(profile=profile, **options)


def set_up(sandbox: Sandbox, **changes: Any) -> None:
    """Change the tenant's settings."""
    sandbox.tenant.settings = replace(sandbox.tenant.settings, **changes)


def switch_on(sandbox: Sandbox, *factors: str) -> None:
    """Switch factors of the tenant on, as the Management API names them."""
    set_up(sandbox, factors=sandbox.tenant.settings.factors.union(factors))


def switch_off(sandbox: Sandbox, *factors: str) -> None:
    set_up(sandbox, factors=sandbox.tenant.settings.factors.difference(factors))


def app_of(sandbox: Sandbox) -> "App":
    return App(sandbox, httpx.Client(transport=sandbox.transport, base_url="https://sandbox.example"))


def with_every_channel() -> Iterator["App"]:
    """Yield an application of a tenant that sends email, SMS and calls."""
    box = new_sandbox()
    switch_on(box, "email")
    set_up(box, message_types=("sms", "voice"))
    yield app_of(box)
    assert not box.failures, "the sandbox has a bug"


@dataclass(frozen=True)
class App:
    """An application's back end: it types the wire by hand, so that nothing of the sandbox agrees with itself."""

    sandbox: Sandbox
    http: httpx.Client

    @property
    def credentials(self) -> dict[str, str]:
        known = self.sandbox.defaults
        return {"client_id": known.client_id, "client_secret": known.client_secret}

    def token(self, **fields: str) -> httpx.Response:
        return self.http.post("/oauth/token", data={**self.credentials, **fields})

    def password(self, **fields: str) -> httpx.Response:
        known = self.sandbox.defaults
        login = {"grant_type": "password", "username": known.username, "password": known.password}
        return self.token(**{**login, **fields})

    def mfa_token(self, **fields: str) -> str:
        return str(self.password(**fields).json()["mfa_token"])

    def login(self, user: User, **fields: str) -> str:
        """Return the mfa_token of a login of this user."""
        return self.mfa_token(username=user.username, password=user.password, **fields)

    def tokens(self, user: User, **fields: str) -> dict[str, Any]:
        """Return the tokens of a login of this user, who has the factor SMS."""
        mfa_token = self.login(user, **fields)
        begun = self.challenge(mfa_token, oob_channel="sms")
        granted: dict[str, Any] = self.bind(mfa_token, begun, user.phone_number).json()
        return granted

    def mfa_access(self, user: User, scope: str = MFA_SCOPES) -> str:
        """Return an MFA access token of this user, who has the factor SMS."""
        return str(self.tokens(user, audience=MFA_AUDIENCE, scope=scope)["access_token"])

    def associate(self, mfa_token: str, **fields: object) -> httpx.Response:
        body = {"authenticator_types": ["oob"], "oob_channels": ["auth0"], **fields}
        return self.http.post("/mfa/associate", headers=bearer(mfa_token), json=body)

    def associate_otp(self, mfa_token: str) -> httpx.Response:
        return self.associate(mfa_token, authenticator_types=["otp"], oob_channels=None)

    def associate_sms(self, mfa_token: str, phone_number: object = "+15550123") -> httpx.Response:
        return self.associate(mfa_token, oob_channels=["sms"], phone_number=phone_number)

    def authenticators(self, mfa_token: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.http.get("/mfa/authenticators", headers=bearer(mfa_token)).json()
        return listed

    def challenge(self, mfa_token: str, **fields: str) -> httpx.Response:
        return self.http.post("/mfa/challenge", json={**self.credentials, "mfa_token": mfa_token, **fields})

    def poll(self, mfa_token: str, oob_code: str, **fields: str) -> httpx.Response:
        return self.token(grant_type=f"{GRANT}/mfa-oob", mfa_token=mfa_token, oob_code=oob_code, **fields)

    def bind(self, mfa_token: str, begun: httpx.Response, address: str = "+15550123") -> httpx.Response:
        """Give the newest code of an address for what was begun: an enrollment or a challenge."""
        return self.poll(mfa_token, begun.json()["oob_code"], binding_code=self.newest_code(address))

    def otp(self, mfa_token: str, otp: str, **fields: str) -> httpx.Response:
        return self.token(grant_type=f"{GRANT}/mfa-otp", mfa_token=mfa_token, otp=otp, **fields)

    def recover(self, mfa_token: str, recovery_code: str, **fields: str) -> httpx.Response:
        return self.token(
            grant_type=f"{GRANT}/mfa-recovery-code", mfa_token=mfa_token, recovery_code=recovery_code, **fields
        )

    def inbox(self, address: str = "+15550123") -> tuple[Message, ...]:
        return self.sandbox.delivery.messages(address)

    def newest_code(self, address: str = "+15550123") -> str:
        return str(self.inbox(address)[-1].code)

    def start(self, address: str = "+15550123", **fields: object) -> httpx.Response:
        connection, name = ("email", "email") if "@" in address else ("sms", "phone_number")
        body = {**self.credentials, "connection": connection, name: address, "send": "code"}
        return self.http.post("/passwordless/start", json={**body, **fields})

    def passwordless(self, address: str, otp: str, **fields: str) -> httpx.Response:
        realm = "email" if "@" in address else "sms"
        grant = f"{GRANT}/passwordless/otp"
        return self.token(**{"grant_type": grant, "realm": realm, "username": address, "otp": otp, **fields})

    def log_in_passwordless(self, address: str = "+15550123", **fields: str) -> httpx.Response:
        """Ask for a code, and give it back."""
        self.start(address)
        return self.passwordless(address, self.newest_code(address), **fields)

    def delete(self, access_token: str, authenticator_id: str) -> httpx.Response:
        return self.http.delete(f"/mfa/authenticators/{quote(authenticator_id, safe='')}", headers=bearer(access_token))


@dataclass(frozen=True)
class Pushed:
    """A login of an enrolled user whose push waits on the phone."""

    app: App
    phone: Phone
    mfa_token: str
    oob_code: str

    @property
    def notification(self) -> Notification:
        return self.phone.notifications[-1]

    def poll(self) -> httpx.Response:
        return self.app.poll(self.mfa_token, self.oob_code)

    def claims(self, **changes: object) -> dict[str, object]:
        """Return the claims of a right answer, at the sandbox's time, with changes."""
        now = int(self.app.sandbox.clock.now())
        return {
            "iss": self.phone.identifier,
            "sub": self.notification.challenge,
            "aud": f"{GUARDIAN}/resolve-transaction",
            "iat": now,
            "exp": now + 30,
            "auth0_guardian_method": "push",
            "auth0_guardian_accepted": True,
            **changes,
        }

    def answer(self, challenge_response: object, *, url: str | None = None) -> httpx.Response:
        return self.app.http.post(
            url or f"{GUARDIAN}/resolve-transaction",
            headers=bearer(self.notification.transaction_token),
            json={"challenge_response": challenge_response},
        )

    def sign(self, claims: Mapping[str, object]) -> str:
        """Sign claims with the key of the enrollment that this push was sent to."""
        (key,) = [one.key for one in self.phone.enrollments if one.id == self.notification.enrollment_id]
        return sign(claims, key)


def pushed(app: App, phone: Phone, **fields: str) -> Pushed:
    """Return a login of a fresh user with push, challenged: the phone shows it."""
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    mfa_token = app.login(user, **fields)
    return Pushed(app, phone, mfa_token, app.challenge(mfa_token, challenge_type="oob").json()["oob_code"])


def scan(phone: Phone, barcode: str | bytes) -> httpx.Response:
    """Let a phone scan a Guardian ticket, and return what it was answered."""
    answer = phone.scan(barcode)
    assert answer is not None
    return answer


def kinds(listed: list[dict[str, Any]], *, active: bool | None = None) -> list[str]:
    """Return the kinds of a list of authenticators, in its order: all, or those that are (in)active."""
    return [one["id"].partition("|")[0] for one in listed if active in (None, one["active"])]


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["error"], answer.json()["error_description"]


def sign(claims: Mapping[str, object], key: RSAKey) -> str:
    return jwt.encode({"alg": "RS256", "typ": "JWT"}, dict(claims), key)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def segment(value: object) -> str:
    """Return one part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    """Read a JWT's claims without any check."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
