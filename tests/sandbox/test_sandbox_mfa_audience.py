"""The MFA audience: what its access tokens are, what they enroll, what they remove."""

from collections.abc import Iterator

import pytest

from auth0_mfa_lab.sandbox import Phone
from tests.sandbox.sandbox_mothers import (
    MFA_AUDIENCE,
    MFA_SCOPES,
    App,
    app_of,
    bearer,
    claims_of,
    error_of,
    kinds,
    new_sandbox,
    pushed,
    scan,
)
from tests.sandbox.test_sandbox_tokens import verified

NOW = 1_800_000_000
INVALID = (401, "invalid_grant", "The mfa_token provided is invalid. Try getting a new token.")


@pytest.fixture
def free() -> Iterator[App]:
    """An application of a tenant whose policy is never."""
    box = new_sandbox(policy="never")
    yield app_of(box)
    assert not box.failures


def ids(app: App, token: str) -> dict[str, str]:
    return {one["id"].partition("|")[0]: one["id"] for one in app.authenticators(token)}


def test_the_token_set_is_for_ten_minutes_and_has_what_was_asked_for(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    granted = app.tokens(user, audience=MFA_AUDIENCE, scope=MFA_SCOPES)
    assert granted == {
        "access_token": granted["access_token"],
        "expires_in": 600,
        "scope": MFA_SCOPES,
        "token_type": "Bearer",
    }
    assert verified(app, granted["access_token"]) == {
        "iss": "https://sandbox.example/",
        "sub": user.user_id,
        "aud": MFA_AUDIENCE,
        "azp": app.sandbox.defaults.client_id,
        "scope": MFA_SCOPES,
        "gty": "password",
        "iat": NOW,
        "exp": NOW + 600,
    }


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("", None),
        ("openid", "openid"),
        ("enroll fly", "enroll"),
        ("read:orders", None),
        ("openid remove:authenticators enroll", "openid remove:authenticators enroll"),
    ],
)
def test_only_what_is_asked_for_and_exists_is_granted(free: App, scope: str, granted: str | None) -> None:
    assert free.password(audience=MFA_AUDIENCE, scope=scope).json().get("scope") == granted


def test_with_openid_the_audience_is_a_list_and_opens_the_same_doors(free: App) -> None:
    token = free.password(audience=MFA_AUDIENCE, scope=f"openid {MFA_SCOPES}").json()["access_token"]
    assert claims_of(token)["aud"] == [MFA_AUDIENCE, "https://sandbox.example/userinfo"]
    assert free.authenticators(token) == []
    assert free.http.get("/userinfo", headers=bearer(token)).status_code == 200


def test_the_audience_without_its_slash_is_no_audience(app: App) -> None:
    answer = app.password(audience=MFA_AUDIENCE.rstrip("/"))
    assert error_of(answer)[2] == "invalid audience specified for password grant exchange"


def test_a_user_with_a_factor_is_asked_for_it_even_where_no_policy_asks(free: App) -> None:
    user = free.sandbox.add_user(factors=["otp"])
    login = {"username": user.username, "password": user.password}
    assert free.password(**login).status_code == 200
    assert error_of(free.password(**login, audience=MFA_AUDIENCE, scope="enroll"))[1] == "mfa_required"


def test_push_is_enrolled_as_a_second_factor_by_the_cure(app: App, phone: Phone) -> None:
    """Refused with an mfa_token; with the MFA audience and `enroll`: associate, scan, poll, list, remove."""
    user = app.sandbox.add_user(factors=["sms"])
    assert error_of(app.associate(app.login(user)))[2] == "User is already enrolled."
    token = app.mfa_access(user)
    associated = app.associate(token).json()
    assert "recovery_codes" not in associated
    assert error_of(app.poll(token, associated["oob_code"]))[1] == "authorization_pending"
    assert scan(phone, associated["barcode_uri"]).status_code == 201
    granted = app.poll(token, associated["oob_code"])
    assert (granted.json()["scope"], granted.json()["expires_in"]) == (MFA_SCOPES, 600)
    fresh = granted.json()["access_token"]
    assert kinds(app.authenticators(fresh), active=True) == ["sms", "recovery-code", "push", "totp"]
    assert app.delete(fresh, ids(app, fresh)["totp"]).status_code == 204
    assert kinds(app.authenticators(fresh)) == ["sms", "recovery-code"]


def test_otp_and_sms_are_enrolled_beside_what_there_is_and_one_token_does_for_several(app: App, phone: Phone) -> None:
    token = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    phone.scan(app.associate_otp(token).json()["barcode_uri"])
    assert app.otp(token, phone.code()).json()["expires_in"] == 600
    oob_code = app.associate_sms(token, "+15550177").json()["oob_code"]
    granted = app.poll(token, oob_code, binding_code=app.newest_code("+15550177"))
    assert granted.json()["scope"] == MFA_SCOPES
    assert kinds(app.authenticators(token), active=True) == ["sms", "recovery-code", "totp", "sms"]


def test_the_token_confirms_only_what_was_begun_with_it(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["sms", "otp"], phone=phone)
    token, other = app.mfa_access(user), app.mfa_access(user, "enroll")
    assert error_of(app.otp(token, phone.code()))[:2] == (401, "unsupported_challenge_type")
    oob_code = app.associate_sms(token, "+15550177").json()["oob_code"]
    mixed = app.poll(other, oob_code, binding_code=app.newest_code("+15550177"))
    assert error_of(mixed) == (400, "invalid_request", "The oob_code doesn't match the mfa_token")


def test_the_tokens_for_ones_own_api_do_not_help(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    token = app.tokens(user, audience=app.sandbox.defaults.audience, scope="openid")["access_token"]
    assert error_of(app.associate_otp(token)) == INVALID


def test_another_application_cannot_confirm_with_it(app: App, phone: Phone) -> None:
    token = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    phone.scan(app.associate_otp(token).json()["barcode_uri"])
    answer = app.otp(token, phone.code(), client_id=app.sandbox.defaults.public_client_id, client_secret="")
    assert error_of(answer) == (400, "invalid_request", "mfa_token not issued to this client")


def test_after_ten_minutes_it_opens_nothing(app: App, phone: Phone) -> None:
    token = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    phone.scan(app.associate_otp(token).json()["barcode_uri"])
    app.sandbox.clock.advance(600)
    listed = app.http.get("/mfa/authenticators", headers=bearer(token))
    for answer in (listed, app.associate_otp(token), app.delete(token, "sms|dev_0")):
        assert error_of(answer) == INVALID
    assert error_of(app.otp(token, phone.code())) == (401, "expired_token", "mfa_token is expired")


def test_a_forged_token_opens_nothing(app: App) -> None:
    token = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    head, body, signature = token.split(".")
    foreign = app_of(new_sandbox(seed=2, policy="never")).password(audience=MFA_AUDIENCE, scope=MFA_SCOPES)
    for forged in (f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", foreign.json()["access_token"]):
        assert error_of(app.http.get("/mfa/authenticators", headers=bearer(forged))) == INVALID


def test_a_refresh_token_gets_another_one_later(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    granted = app.tokens(user, audience=MFA_AUDIENCE, scope=f"{MFA_SCOPES} offline_access")
    app.sandbox.clock.advance(3600)
    later = app.token(grant_type="refresh_token", refresh_token=granted["refresh_token"])
    assert later.json()["expires_in"] == 600
    assert kinds(app.authenticators(later.json()["access_token"]), active=True) == ["sms", "recovery-code"]


def test_a_removal_is_204_and_empty_with_a_content_type(app: App) -> None:
    token = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    authenticator_id = ids(app, token)["sms"]
    answer = app.http.delete(
        f"/mfa/authenticators/{authenticator_id.replace('|', '%7C')}",
        headers={**bearer(token), "content-type": "application/json"},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["content-type"] == "application/json"
    assert error_of(app.delete(token, authenticator_id)) == (404, "invalid_authenticator", "Authenticator not found.")


@pytest.mark.parametrize("half", ["push", "totp"])
def test_push_and_its_twin_go_together_and_so_does_what_waits_for_the_phone(app: App, phone: Phone, half: str) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    waiting = phone.notifications[-1]
    token = app.mfa_access(user)
    assert app.delete(token, ids(app, token)[half]).status_code == 204
    assert kinds(app.authenticators(token)) == ["recovery-code", "sms"]
    assert waiting in phone.notifications
    assert phone.allow().status_code == 404
    assert error_of(app.poll(mfa_token, oob_code))[2] == "Invalid oob_code."
    assert error_of(app.otp(mfa_token, phone.code()))[1] == "unsupported_challenge_type"


def test_after_the_last_one_the_user_counts_as_not_enrolled(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    token = app.mfa_access(user)
    assert app.delete(token, ids(app, token)["sms"]).status_code == 204
    assert app.authenticators(token) == []
    mfa_token = app.login(user)
    assert error_of(app.challenge(mfa_token))[2].startswith("User is not enrolled.")
    assert error_of(app.recover(mfa_token, str(user.recovery_code)))[2] == "User does not have a recovery-code."
    assert len(app.associate_otp(mfa_token).json()["recovery_codes"]) == 1


def test_what_was_never_confirmed_can_be_removed_and_the_rest_stays(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    token = app.mfa_access(user)
    associated = app.associate(token).json()
    assert app.delete(token, ids(app, token)["push"]).status_code == 204
    assert kinds(app.authenticators(token)) == ["sms", "recovery-code"]
    assert scan(phone, associated["barcode_uri"]).status_code == 404
    assert error_of(app.poll(token, associated["oob_code"]))[2] == "Invalid oob_code."


def test_the_recovery_code_of_an_open_enrollment_outlives_the_removal_of_another(free: App, phone: Phone) -> None:
    token = free.password(audience=MFA_AUDIENCE, scope=MFA_SCOPES).json()["access_token"]
    (code,) = free.associate_sms(token).json()["recovery_codes"]
    sms = ids(free, token)["sms"]
    phone.scan(free.associate_otp(token).json()["barcode_uri"])
    assert free.delete(token, sms).status_code == 204
    assert free.otp(token, phone.code()).status_code == 200
    assert kinds(free.authenticators(token), active=True) == ["recovery-code", "totp"]
    mfa_token = free.password(audience=MFA_AUDIENCE, scope="enroll").json()["mfa_token"]
    assert free.recover(mfa_token, code).status_code == 200


def test_nobody_removes_what_is_anothers(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    others = ids(app, login.mfa_token)
    token = app.mfa_access(app.sandbox.add_user(factors=["sms"]))
    assert error_of(app.delete(token, others["push"]))[0] == 404
    assert kinds(app.authenticators(login.mfa_token), active=True) == ["push", "totp", "recovery-code"]
