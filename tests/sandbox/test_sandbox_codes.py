"""OTPs and recovery codes: each is good once, an OTP in its step and the next; and what is off or only begun."""

import re
from urllib.parse import parse_qsl, urlsplit

import pyotp
import pytest

from auth0_mfa_lab.sandbox import Phone
from tests.sandbox.management_mothers import admin_of, methods_path
from tests.sandbox.sandbox_mothers import App, bearer, error_of, kinds, pushed, switch_off, switch_on

NOW = 1_800_000_000
INVALID = 403, "invalid_grant", "Invalid otp_code."
WRONG = 403, "invalid_grant", "MFA Authorization rejected."
NONE = 403, "unsupported_challenge_type", "User does not have a recovery-code."
# RFC 6238, appendix B: the ASCII secret 12345678901234567890.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # auth0-mfa-lab: allow


def test_a_qr_has_its_parameters_in_the_order_of_auth0s(app: App) -> None:
    mfa_token = app.mfa_token()
    begun = app.associate_otp(mfa_token).json()
    parts = urlsplit(begun["barcode_uri"])
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/sandbox:jane.roe%40example.com")
    told = {"secret": begun["secret"], "issuer": "sandbox", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert parse_qsl(parts.query) == [*told.items()]
    assert re.fullmatch("[A-Z2-7]{32}", begun["secret"])
    label, base_url = "otpauth://totp/sandbox:jane.roe%40example.com", "https%3A%2F%2Fsandbox.example%2Fappliance-mfa"
    uri = app.associate(mfa_token).json()["barcode_uri"]
    assert re.sub("=[A-Za-z0-9]{32}&", "=...&", uri) == f"{label}?enrollment_tx_id=...&base_url={base_url}"


def test_an_otp_is_good_once_in_its_step_and_the_next_and_never_an_older_one_than_the_last(
    app: App, phone: Phone
) -> None:
    mfa_token, before = app.mfa_token(), 0.0
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    assert app.otp(mfa_token, phone.code()).status_code == 200
    # When a code is given, of which step it is, and whether it is good; that of step 0 confirmed the enrollment.
    early = (0, 0, False), (0, 1, False), (59.9, 1, True), (59.9, 1, False)
    late = (119.9, 2, True), (150, 3, False), (150, 5, True), (150, 4, False)
    for at, step, is_good in early + late:
        app.sandbox.clock.advance(at - before)
        before, answer = at, app.otp(app.mfa_token(), phone.accounts[0].totp.at(NOW + 30 * step))
        assert answer.status_code == 200 if is_good else error_of(answer) == INVALID, (at, step)


@pytest.mark.parametrize(
    ("off", "opens"),
    [([], True), (["push-notification"], True), (["otp"], True), (["push-notification", "otp"], False)],
)
def test_the_code_of_a_guardian_app_gets_in_while_either_of_its_factors_is_on(
    app: App, phone: Phone, off: list[str], opens: bool
) -> None:
    login = pushed(app, phone, scope="openid")
    switch_off(app.sandbox, *off)
    answer = app.otp(login.mfa_token, phone.code())
    assert (answer.status_code, answer.json().get("scope")) == ((200, "openid") if opens else (401, None))
    assert error_of(login.poll())[1] == "invalid_grant"


def test_the_twin_of_a_push_that_nobody_scanned_takes_no_code(app: App) -> None:
    mfa_token = app.mfa_token()
    app.associate(mfa_token)
    (twin,) = [one for one in app.sandbox.tenant.authenticators.of(app.sandbox.defaults.user_id) if one.kind == "totp"]
    assert error_of(app.otp(mfa_token, pyotp.TOTP(twin.secret).at(NOW)))[1] == "unsupported_challenge_type"
    assert kinds(app.authenticators(mfa_token), active=True) == []


@pytest.mark.parametrize("other", [SECRET, f"{SECRET}AA======"], ids=["the same", "the same key with a zero"])
def test_an_otp_is_good_once_for_a_user_however_often_the_secret_is_set(app: App, other: str) -> None:
    admin, user, stranger = admin_of(app), app.sandbox.add_user(), app.sandbox.add_user()
    codes = [pyotp.TOTP(SECRET).at(NOW + 30 * step) for step in (-1, 0, 1)]
    methods = [{"type": "totp", "totp_secret": secret} for secret in (SECRET, other)]
    for each in methods:
        for owner in (user, stranger):
            assert admin("POST", methods_path(owner), each).status_code == 201
    assert [app.otp(app.login(owner), codes[1]).status_code for owner in (user, stranger)] == [200, 200]
    for method, body in (("GET", None), ("PUT", methods[:1]), ("DELETE", None), ("POST", methods[1])):
        assert admin(method, methods_path(user), body).is_success
        if method != "DELETE":
            assert [error_of(app.otp(app.login(user), code)) for code in codes[:2]] == [INVALID, INVALID]
    app.sandbox.clock.advance(30)
    assert app.otp(app.login(user), codes[2]).status_code == 200


def test_a_recovery_code_gets_in_where_no_push_arrives_once_and_its_answer_alone_has_the_next(
    app: App, phone: Phone
) -> None:
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    old, mfa_token = str(user.recovery_code), app.login(user, scope="openid")
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    for wrong in ("A" * 24, "é", old.lower()):
        assert error_of(app.recover(mfa_token, wrong)) == WRONG
    granted = app.recover(mfa_token, old).json()
    assert granted["scope"] == "openid"
    fresh = granted["recovery_code"]
    assert re.fullmatch("[A-Z0-9]{24}", fresh)
    phone.allow()
    for over in (app.poll(mfa_token, oob_code), app.recover(mfa_token, fresh)):
        assert error_of(over)[2].startswith("The mfa_token provided is invalid.")
    later = app.login(user)
    said = [app.http.get("/mfa/authenticators", headers=bearer(later)), app.challenge(later), app.recover(later, old)]
    assert error_of(said[-1]) == WRONG
    assert not [answer for answer in [*said, app.otp(later, phone.code())] if fresh in answer.text]
    assert app.recover(app.login(user), fresh).json()["recovery_code"] not in (old, fresh)


def test_while_its_factor_is_off_there_is_none_and_the_old_one_is_good_again_after_that(app: App) -> None:
    user, other = app.sandbox.add_user(factors=["sms"]), app.sandbox.add_user()
    switch_off(app.sandbox, "recovery-code")
    mfa_token, token = app.login(user), app.login(other)
    for code in (str(user.recovery_code), "x"):
        assert error_of(app.recover(mfa_token, code)) == NONE
    assert all(row["left"] == row["burst"] for row in app.sandbox.limits(user.user_id))
    for begun in (app.associate(token), app.associate_sms(token), app.associate_otp(token)):
        assert "recovery_codes" not in begun.json()
    assert "recovery-code" not in kinds(app.authenticators(token))
    without = app.sandbox.add_user(factors=["sms"])
    assert without.recovery_code is None

    switch_on(app.sandbox, "recovery-code")
    switch_off(app.sandbox, "sms")
    assert app.recover(mfa_token, str(user.recovery_code)).status_code == 200, "its only other factor is off"
    switch_on(app.sandbox, "sms")
    (late,) = app.associate_otp(app.mfa_access(without)).json()["recovery_codes"]
    assert error_of(app.recover(app.login(without), late)) == NONE, "nothing of that association is confirmed"
