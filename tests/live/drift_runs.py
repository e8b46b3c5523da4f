"""Runs on a played live tenant that are recorded, and what a comparison with the sandbox found in one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.client import network
from auth0_mfa_lab.live.drift.drift import Drift
from auth0_mfa_lab.sandbox import Phone
from tests.live.live_world import LiveTenant

NUMBER = "+15550177"


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

    def poll(self, login: Exchange, begun: Exchange) -> Exchange:
        return self.lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=begun["oob_code"])

    def code_for(self, address: str) -> str:
        return str(self.tenant.sandbox.delivery.messages(address)[-1].code)

    def ended(self) -> Path:
        """Return the recording, written to its end."""
        assert self.lab._record is not None
        self.lab._record.save()
        return self.file


Run = Callable[[Integrator], None]


def logged_in(lab: Lab, **fields: str) -> Exchange:
    """Return the login of the configured user."""
    username, password = lab.settings.username, lab.settings.password
    assert username is not None
    assert password is not None
    return lab.client.password_grant(username=username, password=password, **fields)


def an_integrator(tenant: LiveTenant, file: Path, **changes: object) -> Integrator:
    """Return somebody whose lab is recorded in this file."""
    settings = tenant.settings(management=True, **changes)  # type: ignore[arg-type]  # fields of the settings
    tenant.opened.append(transport := network(settings))
    lab = Lab.live(settings, transport=transport, record=file)
    return Integrator(tenant, lab, tenant.phone(), file)


def found(drift: Drift) -> list[tuple[str, str, str]]:
    """Return the differences by call, field and kind."""
    return [(each.call, each.field, each.kind) for each in drift.differences]


# -- runs


def push(one: Integrator) -> None:
    """Enroll a push, look, and be asked three times: allowed, rejected, and nobody answers until it has run out."""
    login = one.login(scope="openid offline_access")
    client = one.lab.client
    client.mfa_authenticators(login["mfa_token"])
    begun = client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    one.poll(login, begun)
    one.phone.scan(str(begun["barcode_uri"]))
    one.pass_seconds(6)
    tokens = one.poll(login, begun)
    client.userinfo(tokens["access_token"])
    client.refresh_token_grant(refresh_token=tokens["refresh_token"])
    for answer in (one.phone.allow, one.phone.reject, lambda: one.pass_seconds(301)):
        login = one.login()
        client.mfa_authenticators(login["mfa_token"])
        challenge = client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        for _ in range(13):
            one.poll(login, challenge)
        one.pass_seconds(12)
        answer()
        one.poll(login, challenge)
    client.revoke(tokens["refresh_token"])


def otp(one: Integrator) -> None:
    """Enroll an authenticator app, log in with it, and send a wrong code, a spent one and the recovery code."""
    login, client = one.login(), one.lab.client
    begun = client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    one.phone.scan(str(begun["barcode_uri"]))
    client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=one.phone.code())
    one.pass_seconds(31)
    login, code = one.login(), one.phone.code()
    client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="otp")
    client.mfa_otp_grant(mfa_token=login["mfa_token"], otp="000000" if code != "000000" else "111111")
    client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=code)
    login = one.login()
    client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=code)
    client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code="AAAABBBBCCCCDDDDEEEEFFFF")
    used = client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=str(begun["recovery_codes"][0]))
    login = one.login()
    client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=str(begun["recovery_codes"][0]))
    client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=used["recovery_code"])


def sms(one: Integrator) -> None:
    """Enroll a number, log in with its code, and manage the authenticators with an MFA access token."""
    login, client = one.login(), one.lab.client
    begun = client.mfa_associate(
        login["mfa_token"], authenticator_types=["oob"], oob_channels=["sms"], phone_number=NUMBER
    )
    client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=begun["oob_code"], binding_code=one.code_for(NUMBER))
    login = one.login(audience=one.lab.mfa_audience, scope="enroll read:authenticators remove:authenticators")
    challenge = client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"], binding_code="000000")
    tokens = client.mfa_oob_grant(
        mfa_token=login["mfa_token"], oob_code=challenge["oob_code"], binding_code=one.code_for(NUMBER)
    )
    access = tokens["access_token"]
    listed = client.mfa_authenticators(access)
    client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    client.mfa_associate(access, authenticator_types=["otp"])
    number = next(each["id"] for each in listed.json if str(each["id"]).startswith("sms|"))
    client.mfa_delete_authenticator(access, number)
    client.mfa_delete_authenticator(access, number)
    client.mfa_authenticators(access)


def passwordless(one: Integrator) -> None:
    """Log in with a code that was sent, and meet the second factor."""
    client = one.lab.client
    client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")
    client.passwordless_otp_grant(realm="sms", username=NUMBER, otp="000000", audience=one.lab.mfa_audience)
    login = client.passwordless_otp_grant(
        realm="sms", username=NUMBER, otp=one.code_for(NUMBER), audience=one.lab.mfa_audience
    )
    begun = client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    one.phone.scan(str(begun["barcode_uri"]))
    client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=one.phone.code())
    client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="otp")


def management(one: Integrator) -> None:
    """Read and set what an administrator can."""
    grant = one.lab.management_application.client_credentials_grant(audience=one.lab.management_audience)
    api, user_id = one.lab.management(grant["access_token"]), one.tenant.person.user_id
    api.guardian_factors()
    api.guardian_policies()
    api.phone_message_types()
    api.authentication_methods(user_id)
    api.user_enrollments(user_id)
    api.update_guardian_factor("email", enabled=True)
    api.enrollment("dev_AAAAAAAAAAAAAAAA")
    one.lab.management("nobodys").guardian_factors()


def wrong(one: Integrator) -> None:
    """Get refused: for the application, the password, the grant, the body; and meet a gateway that failed."""
    client = one.lab.client
    client.password_grant(
        username=str(one.lab.settings.username), password="nobodys-password-1"
    )  # auth0-mfa-lab: allow
    client.password_grant(username="nobody@example.com", password="nobodys-password-1")  # auth0-mfa-lab: allow
    client.send("POST", "/oauth/token", form={"grant_type": "urn:example:none"}, as_application=True)
    client.send("POST", "/oauth/token", form={"grant_type": "password", "client_id": "no-such-application"})
    client.send("POST", "/mfa/associate", bearer="nobodys", json={"authenticator_types": ["otp"]})
    client.mfa_challenge(mfa_token="nobodys", challenge_type="oob")
    client.userinfo("nobodys")
    client.openid_configuration()
    client.jwks()
    client.send("POST", "/oauth/device/code", form={}, as_application=True)
    one.tenant.bad("html", "POST /oauth/token", times=1)
    one.login()
    one.tenant.bad("429", "POST /mfa/challenge", times=1)
    client.mfa_challenge(mfa_token=one.login()["mfa_token"], challenge_type="oob")


def tour(one: Integrator) -> None:
    """Meet each endpoint once or twice, with nothing that takes long: for what is altered on its way."""
    login, client = one.login(scope="openid"), one.lab.client
    begun = client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    one.poll(login, begun)
    one.phone.scan(str(begun["barcode_uri"]))
    client.userinfo(one.poll(login, begun)["access_token"])
    client.userinfo("nobodys")
    login = one.login()
    client.mfa_authenticators(login["mfa_token"])
    challenge = client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    one.phone.reject()
    # An integrator's code follows a field that is called otherwise.
    name = "oob_code" if "oob_code" in challenge else "oobCode"
    client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=challenge[name])
    client.passwordless_start(connection="sms", phone_number=NUMBER, send="code")
    grant = one.lab.management_application.client_credentials_grant(audience=one.lab.management_audience)
    api = one.lab.management(grant["access_token"])
    api.guardian_factors()
    api.enrollment("dev_AAAAAAAAAAAAAAAA")


RUNS: tuple[Run, ...] = (push, otp, sms, passwordless, management, wrong, tour)
