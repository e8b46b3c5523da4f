"""Flows of the MFA API, as a notebook runs them: what an export has to say again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auth0_mfa_lab import Lab


def push_enrolled(lab: Lab) -> None:
    """Enroll a push: nobody has scanned, somebody scans, the tokens are there; the ticket is spent."""
    user = lab.user(factors=[])
    lab.step("1. Your app asks for tokens")
    login = lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)
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
    """Choose the push from a list, allow it between two polls, and use the tokens."""
    user = lab.user(factors=["push"])
    scope = "openid profile offline_access"
    login = lab.client.password_grant(
        username=user.username, password=user.password, audience=lab.audience, scope=scope
    )
    listed = lab.client.mfa_authenticators(login["mfa_token"])
    push = next(each for each in listed.json if each.get("oob_channel") == "auth0")
    challenge = lab.client.mfa_challenge(
        mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id=push["id"]
    )
    lab.phone.allow_after(polls=2)
    poll = lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
    assert poll.state.value == "granted"
    tokens = poll.exchange
    assert tokens is not None
    refreshed = lab.client.refresh_token_grant(refresh_token=tokens["refresh_token"])
    assert lab.client.userinfo(refreshed["access_token"]).status == 200
    lab.client.revoke(refreshed["refresh_token"])
    assert lab.client.refresh_token_grant(refresh_token=refreshed["refresh_token"]).status == 403


def push_rejected(lab: Lab) -> None:
    """Reject a push, with a reason that a shell would take apart, and see the poll end."""
    user = lab.user(factors=["push"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.reject('It wasn\'t me; $HOME "and" `so on`')
    assert lab.poll(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"]).state.value == "rejected"


def sms_enrolled(lab: Lab) -> None:
    """Enroll a number, type a wrong code, then the right one, and log in with the next."""
    user = lab.user(factors=[])
    assert lab.client.password_grant(username=user.username, password="not the password").status == 403
    login = lab.client.password_grant(username=user.username, password=user.password)
    enrollment = lab.client.mfa_associate(
        login["mfa_token"], authenticator_types=["oob"], oob_channels=["sms"], phone_number=user.phone_number
    )
    codes = {"mfa_token": login["mfa_token"], "oob_code": enrollment["oob_code"]}
    assert lab.client.mfa_oob_grant(**codes, binding_code="000000").status == 403
    code = lab.inbox.latest(str(user.phone_number), purpose="mfa").code
    assert lab.client.mfa_oob_grant(**codes, binding_code=code).status == 200
    login = lab.client.password_grant(username=user.username, password=user.password)
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    code = lab.inbox.latest(str(user.phone_number), purpose="mfa").code
    codes = {"mfa_token": login["mfa_token"], "oob_code": challenge["oob_code"]}
    assert lab.client.mfa_oob_grant(**codes, binding_code=code).status == 200


def recovered(lab: Lab) -> None:
    """Log in with the recovery code, with its successor, and with one that is spent."""
    user = lab.user(factors=["push"])
    assert user.recovery_code is not None
    login = lab.client.password_grant(username=user.username, password=user.password)
    granted = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=user.recovery_code)
    login = lab.client.password_grant(username=user.username, password=user.password)
    again = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=granted["recovery_code"])
    assert again.status == 200
    login = lab.client.password_grant(username=user.username, password=user.password)
    for spent in (user.recovery_code, "A" * 24):
        refused = lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=spent)
        assert refused.status == 403


def otp_enrolled(lab: Lab) -> None:
    """Enroll an authenticator app, whose scan nobody is told of, and log in with its code."""
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    lab.phone.scan(enrollment["barcode_uri"])
    assert lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code()).status == 200


def passwordless(lab: Lab) -> None:
    """Log in with a code instead of a password, and enroll the number for the MFA API; type a code that is too old."""
    number = str(lab.user(factors=[]).phone_number)
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    first = lab.inbox.latest(number, purpose="passwordless").code
    login = lab.client.passwordless_otp_grant(
        realm="sms", username=number, otp=str(first), audience=lab.mfa_audience, scope="enroll"
    )
    enrollment = lab.client.mfa_associate(
        login["mfa_token"], authenticator_types=["oob"], oob_channels=["sms"], phone_number=number
    )
    codes = {"mfa_token": login["mfa_token"], "oob_code": enrollment["oob_code"]}
    second = lab.inbox.latest(number, purpose="mfa").code
    assert lab.client.mfa_oob_grant(**codes, binding_code=second).status == 200
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    again = lab.inbox.latest(number, purpose="passwordless").code
    login = lab.client.passwordless_otp_grant(realm="sms", username=number, otp=str(again))
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    late = lab.inbox.latest(number, purpose="mfa").code
    lab.clock.advance(300)
    codes = {"mfa_token": login["mfa_token"], "oob_code": challenge["oob_code"]}
    assert lab.client.mfa_oob_grant(**codes, binding_code=late).status == 401


def managed(lab: Lab) -> None:
    """Two users; the second one's authenticator is found and removed, and then seen by the Management API."""
    lab.user(factors=["push"])
    user = lab.user(factors=["sms"])
    scope = "read:authenticators remove:authenticators"
    login = lab.client.password_grant(
        username=user.username, password=user.password, audience=lab.mfa_audience, scope=scope
    )
    challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    code = lab.inbox.latest(str(user.phone_number), purpose="mfa").code
    codes = {"mfa_token": login["mfa_token"], "oob_code": challenge["oob_code"]}
    tokens = lab.client.mfa_oob_grant(**codes, binding_code=code)
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
}
FURTHER: Mapping[str, Callable[[Lab], None]] = {"passwordless": passwordless, "managed": managed}
