"""Runs on a played live tenant, each with the factors that its people began with: what a recording has to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.client import Client
from auth0_mfa_lab.live.administrator import administrator
from auth0_mfa_lab.sandbox import Phone
from auth0_mfa_lab.sandbox.records import Api
from tests.live.live_world import NUMBER, LiveTenant, logged_in

WRONG, STRONG = "nobodys-password-1", "a-Password-of-its-own-9"  # auth0-mfa-lab: allow
PUSH: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}
SMS: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": NUMBER}


@dataclass(slots=True)
class Integrator:
    """Somebody with a lab on their own tenant that is recorded, and with a phone of their own."""

    tenant: LiveTenant
    lab: Lab
    phone: Phone
    file: Path

    def pass_seconds(self, seconds: float) -> None:
        self.tenant.sandbox.clock.advance(seconds)

    def login(self, **fields: str) -> Exchange:
        return logged_in(self.lab, **fields)

    def associate(self, login: Exchange, **fields: Any) -> Exchange:
        return self.lab.client.mfa_associate(login["mfa_token"], **(fields or PUSH))

    def look(self, login: Exchange) -> Exchange:
        return self.lab.client.mfa_authenticators(login["mfa_token"])

    def challenge(self, login: Exchange, kind: str = "oob", **fields: str) -> Exchange:
        return self.lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type=kind, **fields)

    def poll(self, login: Exchange, begun: Exchange, code: str | None = None) -> Exchange:
        # An integrator's code follows a field that is called otherwise.
        oob_code = begun["oob_code" if "oob_code" in begun else "oobCode"]
        return self.lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=oob_code, binding_code=code)

    def otp(self, login: Exchange, code: str) -> Exchange:
        return self.lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=code)

    def recover(self, login: Exchange, code: object) -> Exchange:
        return self.lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=str(code))

    def ended(self) -> Path:
        """Return the recording, written to its end."""
        assert self.lab._record is not None
        self.lab._record.save()
        return self.file


Run = Callable[[Integrator], None]


def an_integrator(tenant: LiveTenant, file: Path, **settings: Any) -> Integrator:
    """Return somebody whose lab is recorded in this file."""
    return Integrator(tenant, tenant.lab(management=True, record=file, **settings), tenant.phone(), file)


def push(one: Integrator) -> None:
    """Enroll a push, look, and be asked three times: allowed, rejected, and nobody answers until it has run out."""
    login, client = one.login(scope="openid offline_access"), one.lab.client
    one.look(login)
    begun = one.associate(login)
    one.poll(login, begun)
    one.phone.scan(str(begun["barcode_uri"]))
    one.pass_seconds(6)
    tokens = one.poll(login, begun)
    client.userinfo(tokens["access_token"])
    client.refresh_token_grant(refresh_token=tokens["refresh_token"])
    for answer in (one.phone.allow, one.phone.reject, lambda: one.pass_seconds(301)):
        login = one.login()
        one.look(login)
        challenge = one.challenge(login)
        for _ in range(13):
            one.poll(login, challenge)
        one.pass_seconds(12)
        answer()
        one.poll(login, challenge)
    client.revoke(tokens["refresh_token"])


def otp(one: Integrator) -> None:
    """Enroll an authenticator app, log in with it, and send a wrong code, a spent one and the recovery code."""
    login = one.login()
    begun = one.associate(login, authenticator_types=["otp"])
    one.phone.scan(str(begun["barcode_uri"]))
    one.otp(login, one.phone.code())
    one.pass_seconds(31)
    login, code = one.login(), one.phone.code()
    one.challenge(login, "otp")
    for each in ("000000" if code != "000000" else "111111", code):
        one.otp(login, each)
    login = one.login()
    one.otp(login, code)
    one.recover(login, "AAAABBBBCCCCDDDDEEEEFFFF")
    used = one.recover(login, begun["recovery_codes"][0])
    login = one.login()
    one.recover(login, begun["recovery_codes"][0])
    one.recover(login, used["recovery_code"])


def sms(one: Integrator) -> None:
    """Enroll a number, log in with its code, and manage the authenticators with an MFA access token."""
    login, client = one.login(), one.lab.client
    begun = one.associate(login, **SMS)
    for _ in range(2):
        one.poll(login, begun, one.tenant.code_for(NUMBER))
    login = one.login(audience=one.lab.mfa_audience, scope="enroll read:authenticators remove:authenticators")
    challenge = one.challenge(login)
    one.poll(login, challenge, "000000")
    access = one.poll(login, challenge, one.tenant.code_for(NUMBER))["access_token"]
    listed = client.mfa_authenticators(access)
    for token in (login["mfa_token"], access):
        client.mfa_associate(token, authenticator_types=["otp"])
    number = next(each["id"] for each in listed.json if str(each["id"]).startswith("sms|"))
    for _ in range(2):
        client.mfa_delete_authenticator(access, number)
    client.mfa_authenticators(access)


def passwordless(one: Integrator) -> None:
    """Log in with a code that was sent, wrong, right and spent, and meet the second factor."""
    client, again = one.lab.client, {"realm": "sms", "username": NUMBER, "audience": one.lab.mfa_audience}
    client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")
    client.passwordless_otp_grant(otp="000000", **again)
    login = client.passwordless_otp_grant(otp=one.tenant.code_for(NUMBER), **again)
    client.passwordless_otp_grant(otp=one.tenant.code_for(NUMBER), **again)
    begun = one.associate(login, authenticator_types=["otp"])
    one.phone.scan(str(begun["barcode_uri"]))
    one.otp(login, one.phone.code())
    one.challenge(login, "otp")
    # The same person by an address is somebody else; and a request may be nonsense.
    address = one.tenant.person.username
    one.associate(one.login(), authenticator_types=[])
    client.passwordless_start(connection="email", email=address, send="code")
    client.passwordless_otp_grant(realm="email", username=address, otp=one.tenant.code_for(address))


def management(one: Integrator) -> None:
    """Read and set what an administrator can, of a tenant that is set otherwise, with a token from elsewhere too."""
    one.tenant.set_up(policy="never", factors=frozenset({"otp", "sms"}), message_types=("voice",), push_provider="sns")
    api, user_id = administrator(one.lab), one.tenant.person.user_id
    one.login()
    for read in (api.guardian_factors, api.guardian_policies, api.phone_message_types, api.push_notification_provider):
        read()
    api.update_guardian_factor("email", enabled=True)
    api.enrollment("dev_AAAAAAAAAAAAAAAA")
    one.lab.management("nobodys").guardian_factors()
    other = one.lab.management(str(administrator(one.tenant.lab(management=True))._access_token))
    for each in (user_id, "auth0|000000000000000000000000"):
        other.authentication_methods(each)
        other.user(each)


def made_user(one: Integrator) -> None:
    """Make a user, who was not there before, log them in, and delete them."""
    api, name = administrator(one.lab), "lab-1@example.com"
    made = api.create_user(connection=one.lab.settings.realm, email=name, password=STRONG)
    one.associate(one.lab.client.password_grant(username=name, password=STRONG), authenticator_types=["otp"])
    api.delete_user(made["user_id"])
    one.lab.client.password_grant(username=name, password=STRONG)


def wrong(one: Integrator) -> None:
    """Get refused: for the application, the password, the grant, the body; and meet a gateway that failed."""
    client = one.lab.client
    for name in (str(one.lab.settings.username), "nobody@example.com"):
        client.password_grant(username=name, password=WRONG)
    for form in ({"grant_type": "urn:example:none"}, {"grant_type": "password", "client_id": "no-such-application"}):
        client.send("POST", "/oauth/token", form=form, as_application="client_id" not in form)
    client.send("POST", "/mfa/associate", bearer="nobodys", json={"authenticator_types": ["otp"]})
    client.mfa_challenge(mfa_token="nobodys", challenge_type="oob")
    client.openid_configuration()
    client.jwks()
    client.send("POST", "/oauth/device/code", form={}, as_application=True)
    one.tenant.bad("html", "POST /oauth/token", times=1)
    one.login()
    one.tenant.bad("429", "POST /mfa/challenge", times=1)
    one.challenge(one.login())


def tour(one: Integrator) -> None:
    """Meet each endpoint once or twice, with nothing that takes long: for what is altered on its way."""
    login, client = one.login(scope="openid"), one.lab.client
    begun = one.associate(login)
    one.poll(login, begun)
    one.phone.scan(str(begun["barcode_uri"]))
    client.userinfo(one.poll(login, begun)["access_token"])
    client.userinfo("nobodys")
    login = one.login()
    one.look(login)
    challenge = one.challenge(login)
    one.phone.reject()
    one.poll(login, challenge)
    client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")
    api = administrator(one.lab)
    api.guardian_factors()
    api.enrollment("dev_AAAAAAAAAAAAAAAA")


def has(*factors: str, **settings: Any) -> Run:
    """Return a run of somebody who has these factors, and looks."""

    def run(one: Integrator) -> None:
        one.tenant.set_up(**settings)
        one.tenant.enroll(*factors, phone=one.phone)
        login = one.login()
        one.look(login)
        one.lab.client.mfa_challenge(mfa_token=login["mfa_token"])

    return run


def uses(factor: str) -> Run:
    """Return a run of somebody who has this factor, and is challenged without a look."""

    def run(one: Integrator) -> None:
        one.tenant.enroll(factor, phone=one.phone)
        one.challenge(one.login(), "otp" if factor == "otp" else "oob")

    return run


def scans(*, looks_first: bool, sees_it_in: str) -> Run:
    """Return a run in which a push is enrolled, and the scan is seen in a list, or in a challenge."""

    def run(one: Integrator) -> None:
        login = one.login()
        if looks_first:
            one.look(login)
        begun = one.associate(login)
        one.look(login) if sees_it_in == "poll" else one.poll(login, begun)
        one.phone.scan(str(begun["barcode_uri"]))
        if sees_it_in == "challenge":
            one.challenge(one.login())
        elif sees_it_in == "list":
            one.look(login)
        one.poll(login, begun)

    return run


def two_pushes(one: Integrator) -> None:
    """Be asked twice at once; the first is rejected, the second allowed."""
    one.tenant.enroll("push", phone=one.phone)
    logins = [one.login(), one.login()]
    challenges = [one.challenge(each) for each in logins]
    first, second = one.phone.notifications
    one.phone.reject(push=first)
    one.phone.allow(second)
    polled = [one.poll(*each).status for each in zip(logins, challenges, strict=True)]
    assert polled == [403, 200]


def applications(one: Integrator) -> None:
    """Speak as each application, in each way to authenticate, once with a wrong secret, and for an API of one's own."""
    known, http = one.tenant.sandbox.defaults, one.lab._http("app")
    secret = {"client_id": known.client_id, "client_secret": known.client_secret}
    basic = Client(http, authentication="client_secret_basic", **secret)  # type: ignore[arg-type]  # a literal of three
    login = basic.password_grant(username=known.username, password=known.password)
    public = Client(http, client_id=known.public_client_id)
    public.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    for each in (public, Client(http, client_id=known.client_id, client_secret="not-it")):
        each.password_grant(username=known.username, password=known.password)
    assert [each.status for each in one.lab.journal] == [403, 400, 403, 401]
    one.tenant.sandbox.tenant.add_api(Api(identifier="https://orders.example/", scopes=("read:all",)))
    one.login(audience="https://orders.example/", scope="openid read:all")
    one.login(audience="https://nothing.example/")


NEW, EMAIL = ((),), frozenset({"email", "otp", "recovery-code"})
# fmt: off
RUNS: dict[str, tuple[Run, tuple[tuple[str, ...], ...]]] = {
    # a run, and the factors with which each person of its recording began
    "push":                     (push, NEW),
    "otp":                      (otp, NEW),
    "sms":                      (sms, NEW),
    "passwordless":             (passwordless, ((), (), ())),
    "management":               (management, NEW),
    "wrong":                    (wrong, ((), ())),
    "a user of its own":        (made_user, ()),
    "tour":                     (tour, NEW),
    "push is there":            (has("push"), (("push",),)),
    "three are there":          (has("push", "otp", "otp"), (("push", "otp", "otp"),)),
    "otp and SMS are there":    (has("otp", "sms"), (("otp", "sms"),)),
    "one's own address":        (has(factors=EMAIL), NEW),
    "a number that is called":  (has("sms", message_types=("sms", "voice")), (("sms",),)),
    "push without a list":      (uses("push"), (("push",),)),
    "SMS without a list":       (uses("sms"), (("sms",),)),
    "otp without a list":       (uses("otp"), (("otp",),)),
    "a scan after a list":      (scans(looks_first=False, sees_it_in="poll"), NEW),
    "a scan before a list":     (scans(looks_first=True, sees_it_in="list"), NEW),
    "a scan before a challenge": (scans(looks_first=False, sees_it_in="challenge"), NEW),
    "two pushes at once":       (two_pushes, (("push",),)),
    "each application":         (applications, NEW),
}
# fmt: on
