"""Flows of the MFA API, as a notebook runs them: what an export has to say again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from auth0_mfa_lab import Lab
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.exchange import Exchange


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


def push_enrolled(lab: Lab) -> None:
    user = lab.user(factors=[])
    lab.step("1. Your app asks for tokens")
    login = log_in(lab, user, audience=lab.audience)
    lab.step("2. Your app starts the enrollment")
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    codes = {"mfa_token": login["mfa_token"], "oob_code": enrollment["oob_code"]}
    assert lab.client.mfa_oob_grant(**codes).error == "authorization_pending"
    lab.step("3. The phone scans")
    lab.phone.scan(enrollment["barcode_uri"])
    lab.client.mfa_authenticators(login["mfa_token"])
    assert lab.poll(**codes).state.value == "granted"
    lab.step("When it goes wrong")
    lab.phone.scan(enrollment["barcode_uri"])
    assert lab.client.mfa_oob_grant(**codes).status == 403


def push_allowed(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    scope = "openid profile offline_access"
    login = log_in(lab, user, audience=lab.audience, scope=scope)
    listed = lab.client.mfa_authenticators(login["mfa_token"])
    push = next(each for each in listed.json if each.get("oob_channel") == "auth0")
    codes = challenged(lab, login, push["id"])
    lab.phone.allow_after(polls=2)
    poll = lab.poll(**codes)
    assert poll.state.value == "granted"
    tokens = poll.exchange
    assert tokens is not None
    refreshed = lab.client.refresh_token_grant(refresh_token=tokens["refresh_token"])
    assert lab.client.userinfo(refreshed["access_token"]).status == 200
    lab.client.revoke(refreshed["refresh_token"])
    assert lab.client.refresh_token_grant(refresh_token=refreshed["refresh_token"]).status == 403


def push_rejected(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    codes = challenged(lab, log_in(lab, user))
    lab.phone.reject('It wasn\'t me; $HOME "and" `so on`')
    assert lab.poll(**codes).state.value == "rejected"


def sms_enrolled(lab: Lab) -> None:
    user = lab.user(factors=[])
    assert lab.client.password_grant(username=user.username, password="not the password").status == 403
    login = log_in(lab, user)
    codes = enrolling_sms(lab, login, user.phone_number)
    assert lab.client.mfa_oob_grant(**codes, binding_code="000000").status == 403
    assert lab.client.mfa_oob_grant(**codes, binding_code=sent(lab, user.phone_number)).status == 200
    codes = challenged(lab, log_in(lab, user))
    assert lab.client.mfa_oob_grant(**codes, binding_code=sent(lab, user.phone_number)).status == 200


def recovered(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    assert user.recovery_code is not None
    login = log_in(lab, user)
    granted = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=user.recovery_code)
    login = log_in(lab, user)
    again = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=granted["recovery_code"])
    assert again.status == 200
    login = log_in(lab, user)
    for spent in (user.recovery_code, "A" * 24):
        refused = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=spent)
        assert refused.status == 403


def otp_enrolled(lab: Lab) -> None:
    user = lab.user(factors=[])
    login = log_in(lab, user)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    lab.phone.scan(enrollment["barcode_uri"])
    assert lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code()).status == 200


def passwordless(lab: Lab) -> None:
    number = str(lab.user(factors=[]).phone_number)
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    first = sent(lab, number, "passwordless")
    login = lab.client.passwordless_otp_grant(
        realm="sms", username=number, otp=first, audience=lab.mfa_audience, scope="enroll"
    )
    codes = enrolling_sms(lab, login, number)
    assert lab.client.mfa_oob_grant(**codes, binding_code=sent(lab, number)).status == 200
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    again = sent(lab, number, "passwordless")
    login = lab.client.passwordless_otp_grant(realm="sms", username=number, otp=again)
    codes = challenged(lab, login)
    late = sent(lab, number)
    lab.clock.advance(300)
    assert lab.client.mfa_oob_grant(**codes, binding_code=late).status == 401


def managed(lab: Lab) -> None:
    lab.user(factors=["push"])
    user = lab.user(factors=["sms"])
    scope = "read:authenticators remove:authenticators"
    login = log_in(lab, user, audience=lab.mfa_audience, scope=scope)
    codes = challenged(lab, login)
    tokens = lab.client.mfa_oob_grant(**codes, binding_code=sent(lab, user.phone_number))
    listed = lab.client.mfa_authenticators(tokens["access_token"])
    sms = next(each["id"] for each in listed.json if each.get("oob_channel") == "sms")
    assert lab.client.mfa_delete_authenticator(tokens["access_token"], sms).status == 204
    grant = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    api = lab.management(grant["access_token"])
    found = api.users_by_email(str(user.email))
    assert api.authentication_methods(found.json[0]["user_id"]).status == 200


FLOWS: Mapping[str, Callable[[Lab], None]] = {
    "push enroll": push_enrolled,
    "push allowed": push_allowed,
    "push rejected": push_rejected,
    "SMS enroll": sms_enrolled,
    "recovery code": recovered,
    "OTP enroll": otp_enrolled,
    "passwordless": passwordless,
    "managed": managed,
}
