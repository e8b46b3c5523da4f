"""Flows of the MFA API, as a notebook runs them: each yields what its cells show beside the journal."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from auth0_mfa_lab import Lab
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.exchange import Exchange

Flow = Callable[[Lab], Iterator[object]]


def log_in(lab: Lab, user: User, **fields: str | None) -> Exchange:
    return lab.client.password_grant(username=user.username, password=user.password, **fields)


def challenged(lab: Lab, login: Exchange, chosen: str | None = None) -> dict[str, str]:
    """Send the second factor, and return what the application polls with."""
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id=chosen)
    return {"mfa_token": login["mfa_token"], "oob_code": challenge["oob_code"]}


def sent(lab: Lab, number: str | None, purpose: Literal["mfa", "passwordless"] = "mfa") -> str:
    return str(lab.inbox.latest(str(number), purpose=purpose).code)


def enrolling_sms(lab: Lab, login: Exchange, number: str | None) -> dict[str, str]:
    begun = lab.client.mfa_associate(
        login["mfa_token"], authenticator_types=["oob"], oob_channels=["sms"], phone_number=number
    )
    return {"mfa_token": login["mfa_token"], "oob_code": begun["oob_code"]}


def push_enrolled(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=[])
    lab.step("1. Your app asks for tokens")
    login = log_in(lab, user, audience=lab.audience)
    lab.step("2. Your app starts the enrollment")
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    yield begun
    codes = {"mfa_token": login["mfa_token"], "oob_code": begun["oob_code"]}
    assert lab.client.mfa_oob_grant(**codes).error == "authorization_pending"
    lab.step("3. The phone scans")
    yield lab.phone.scan(begun["barcode_uri"])
    yield lab.client.mfa_authenticators(login["mfa_token"])
    run = lab.poll(**codes)
    yield run
    assert run.state.value == "granted"
    lab.step("When it goes wrong")
    yield lab.phone.scan(begun["barcode_uri"])
    assert lab.client.mfa_oob_grant(**codes).status == 403


def push_allowed(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=["push"])
    yield user
    login = log_in(lab, user, audience=lab.audience, scope="openid profile offline_access")
    listed = lab.client.mfa_authenticators(login["mfa_token"])
    push = next(each for each in listed.json if each.get("oob_channel") == "auth0")
    codes = challenged(lab, login, push["id"])
    yield lab.phone.notifications
    yield lab.phone.allow_after(polls=2)
    poll = lab.poll(**codes)
    yield poll
    tokens = poll.exchange
    assert tokens is not None
    refreshed = lab.client.refresh_token_grant(refresh_token=tokens["refresh_token"])
    assert lab.client.userinfo(refreshed["access_token"]).status == 200
    lab.client.revoke(refreshed["refresh_token"])
    assert lab.client.refresh_token_grant(refresh_token=refreshed["refresh_token"]).status == 403
    yield lab.limits(user)


def push_rejected(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=["push"])
    codes = challenged(lab, log_in(lab, user))
    yield lab.phone.reject('It wasn\'t me; $HOME "and" `so on`')
    yield lab.poll(**codes)
    assert lab.journal[-1].status == 403


def sms_enrolled(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=[])
    assert lab.client.password_grant(username=user.username, password="not the password").status == 403
    login = log_in(lab, user)
    codes = enrolling_sms(lab, login, user.phone_number)
    assert lab.client.mfa_oob_grant(**codes, binding_code="000000").status == 403
    yield lab.client.mfa_oob_grant(**codes, binding_code=sent(lab, user.phone_number))


def recovered(lab: Lab) -> Iterator[object]:
    user = lab.user(factors=["push"])
    assert user.recovery_code is not None
    login = log_in(lab, user)
    granted = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=user.recovery_code)
    yield granted
    login = log_in(lab, user)
    again = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=granted["recovery_code"])
    assert again.status == 200
    login = log_in(lab, user)
    for spent in (user.recovery_code, "A" * 24):
        refused = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=spent)
        assert refused.status == 403


def otp_enrolled(lab: Lab) -> Iterator[object]:
    login = log_in(lab, lab.user(factors=[]))
    lab.client.mfa_authenticators(login["mfa_token"])
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    yield lab.phone.scan(lab.qr(enrollment["barcode_uri"]))
    yield lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code())


def passwordless(lab: Lab) -> Iterator[object]:
    number, email = str(lab.user(factors=[]).phone_number), "someone@example.com"
    lab.client.passwordless_start(connection="email", email=email, send="link")
    yield lab.inbox.latest(email)
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    code = sent(lab, number, "passwordless")
    login = lab.client.passwordless_otp_grant(
        realm="sms", username=number, otp=code, audience=lab.mfa_audience, scope="enroll"
    )
    codes = enrolling_sms(lab, login, number)
    yield (late := lab.inbox.latest(number, purpose="mfa"))
    yield lab.clock.advance(300)
    assert lab.client.mfa_oob_grant(**codes, binding_code=str(late.code)).status == 401


def managed(lab: Lab) -> Iterator[object]:
    lab.user(factors=["push"])
    user = lab.user(factors=["sms"])
    scope = "read:authenticators remove:authenticators"
    codes = challenged(lab, log_in(lab, user, audience=lab.mfa_audience, scope=scope))
    tokens = lab.client.mfa_oob_grant(**codes, binding_code=sent(lab, user.phone_number))
    yield lab.clock.advance(40)
    listed = lab.client.mfa_authenticators(tokens["access_token"])
    sms = next(each["id"] for each in listed.json if each.get("oob_channel") == "sms")
    assert lab.client.mfa_delete_authenticator(tokens["access_token"], sms).status == 204
    grant = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    yield lab.inspect(grant["access_token"])
    api = lab.management(grant["access_token"])
    found = api.users_by_email(str(user.email))
    assert api.authentication_methods(found.json[0]["user_id"]).status == 200


FLOWS: Mapping[str, Flow] = {
    "push enroll": push_enrolled,
    "push allowed": push_allowed,
    "push rejected": push_rejected,
    "SMS enroll": sms_enrolled,
    "recovery code": recovered,
    "OTP enroll": otp_enrolled,
    "passwordless": passwordless,
    "managed": managed,
}
