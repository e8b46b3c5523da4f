"""The MFA audience: what its access tokens are, what they enroll, what they remove."""

import pytest

from auth0_mfa_lab.sandbox import Phone
from tests.sandbox.sandbox_mothers import (
    MFA_AUDIENCE,
    MFA_SCOPES,
    App,
    bearer,
    claims_of,
    error_of,
    kinds,
    pushed,
    scan,
)

NOW = 1_800_000_000
INVALID = 401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token."
SPENT = 403, "invalid_grant", "Invalid oob_code."


def ids(app: App, token: str) -> dict[str, str]:
    return {one["id"].partition("|")[0]: one["id"] for one in app.authenticators(token)}


def test_the_token_set_is_for_ten_minutes_and_can_be_refreshed_later(app: App) -> None:
    user, scope = app.sandbox.add_user(factors=["sms"]), f"{MFA_SCOPES} offline_access"
    granted = app.tokens(user, audience=MFA_AUDIENCE, scope=scope)
    assert list(granted) == ["access_token", "refresh_token", "scope", "expires_in", "token_type"]
    assert (granted["expires_in"], granted["scope"], granted["token_type"]) == (600, scope, "Bearer")
    assert claims_of(granted["access_token"]) == {
        "iss": "https://sandbox.example/", "sub": user.user_id, "aud": MFA_AUDIENCE, "scope": scope,
        "azp": app.sandbox.defaults.client_id, "gty": "password", "iat": NOW, "exp": NOW + 600,
    }  # fmt: skip
    app.sandbox.clock.advance(3600)
    later = app.token(grant_type="refresh_token", refresh_token=granted["refresh_token"]).json()
    assert later["expires_in"] == 600
    assert kinds(app.authenticators(later["access_token"]), active=True) == ["sms", "recovery-code"]


def test_only_what_is_asked_for_and_exists_is_granted_and_openid_opens_userinfo_as_well(free: App) -> None:
    both = "openid remove:authenticators enroll"
    for scope, granted in (("", None), ("openid", "openid"), ("enroll fly", "enroll"), ("x", None), (both, both)):
        assert free.password(audience=MFA_AUDIENCE, scope=scope).json().get("scope") == granted
    token = free.password(audience=MFA_AUDIENCE, scope=f"openid {MFA_SCOPES}").json()["access_token"]
    assert claims_of(token)["aud"] == [MFA_AUDIENCE, "https://sandbox.example/userinfo"]
    assert free.authenticators(token) == []
    assert free.http.get("/userinfo", headers=bearer(token)).status_code == 200
    assert free.password(audience=MFA_AUDIENCE.rstrip("/")).status_code == 400, "without its slash it is no audience"


@pytest.mark.parametrize(("factors", "status"), [("", 200), ("email", 200), ("sms", 403), ("email otp", 403)])
def test_a_user_with_a_factor_is_asked_for_it_even_where_no_policy_asks(free: App, factors: str, status: int) -> None:
    user = free.sandbox.add_user(factors=factors.split())
    named = {"username": user.username, "password": user.password}
    assert free.password(**named).status_code == 200
    assert free.password(**named, audience=MFA_AUDIENCE, scope="enroll").status_code == status


def test_every_factor_is_enrolled_beside_what_there_is_by_one_token_and_removed_again(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    token, other = app.mfa_access(user), app.mfa_access(user, "enroll")
    begun = app.associate(token).json()
    assert "recovery_codes" not in begun
    scan(phone, begun["barcode_uri"])
    granted = app.poll(token, begun["oob_code"]).json()
    assert (granted["scope"], granted["expires_in"]) == (MFA_SCOPES, 600)

    otp = app.sandbox.new_phone(app.http)
    otp.scan(app.associate_otp(token).json()["barcode_uri"])
    assert error_of(app.otp(other, otp.code()))[:2] == (401, "unsupported_challenge_type"), "begun with the first"
    assert app.otp(token, otp.code()).json()["expires_in"] == 600

    assert app.bind(token, app.associate_sms(token, "+15550177"), "+15550177").json()["scope"] == MFA_SCOPES
    listed = app.authenticators(granted["access_token"])
    assert kinds(listed, active=True) == ["sms", "recovery-code", "push", "totp", "totp", "sms"]
    gone = app.delete(token, listed[3]["id"])
    assert (gone.status_code, gone.content, gone.headers["content-type"]) == (204, b"", "application/json")
    assert kinds(app.authenticators(token)) == ["sms", "recovery-code", "totp", "sms"]


def test_a_forged_one_opens_nothing(app: App) -> None:
    head, body, signature = app.mfa_access(app.sandbox.add_user(factors=["sms"])).split(".")
    for forged in (f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}."):
        assert error_of(app.associate_otp(forged)) == INVALID


@pytest.mark.parametrize("half", ["push", "totp"])
def test_push_and_its_twin_go_together_and_so_does_what_waits_for_the_phone(app: App, phone: Phone, half: str) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    mfa_token, token = app.login(user), app.mfa_access(user)
    oob_code, waiting = app.challenge(mfa_token).json()["oob_code"], phone.notifications[-1]
    theirs = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    statuses = [app.delete(access, ids(app, token)[half]).status_code for access in (theirs, token)]
    assert (statuses, kinds(app.authenticators(token))) == ([404, 204], ["recovery-code", "sms"])
    assert waiting in phone.notifications
    assert phone.allow().status_code == 404
    assert error_of(app.poll(mfa_token, oob_code)) == SPENT
    assert error_of(app.otp(mfa_token, phone.code()))[1] == "unsupported_challenge_type"


def test_what_was_never_confirmed_can_be_removed_and_the_rest_stays_with_its_recovery_code(
    free: App, phone: Phone
) -> None:
    token = free.password(audience=MFA_AUDIENCE, scope=MFA_SCOPES).json()["access_token"]
    begun = free.associate(token).json()
    (code,) = begun["recovery_codes"]
    otp = free.sandbox.new_phone(free.http)
    otp.scan(free.associate_otp(token).json()["barcode_uri"])
    assert free.delete(token, ids(free, token)["push"]).is_success
    assert kinds(free.authenticators(token)) == ["recovery-code", "totp"]
    assert scan(phone, begun["barcode_uri"]).status_code == 404
    assert error_of(free.poll(token, begun["oob_code"])) == SPENT
    assert free.otp(token, otp.code()).is_success
    mfa_token = free.password(audience=MFA_AUDIENCE, scope="enroll").json()["mfa_token"]
    assert free.recover(mfa_token, code).is_success


def test_a_login_moves_no_other_and_a_newer_challenge_leaves_an_approved_one_alone(app: App, phone: Phone) -> None:
    first, second = pushed(app, phone, scope="openid"), pushed(app, phone)
    phone.allow()
    assert second.poll().status_code == 200
    assert first.poll().json()["error"] == "authorization_pending"
    phone.allow()
    fresh = app.challenge(first.mfa_token, challenge_type="oob").json()["oob_code"]
    assert first.poll().json()["scope"] == "openid"
    assert error_of(app.poll(first.mfa_token, fresh)) == (403, *INVALID[1:]), "the login is over"
