"""The recovery code: with the first association, good once, and replaced in the answer that used it."""

import re

from auth0_mfa_lab.sandbox import Phone
from tests.sandbox.sandbox_mothers import App, app_of, bearer, error_of, kinds, new_sandbox, switch_off, switch_on

WRONG = 403, "invalid_grant", "MFA Authorization rejected."
NONE = 403, "unsupported_challenge_type", "User does not have a recovery-code."


def test_a_recovery_code_gets_in_where_no_push_arrives_once_and_its_answer_alone_has_the_next(
    app: App, phone: Phone
) -> None:
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    old, mfa_token = str(user.recovery_code), app.login(user, scope="openid")
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    for wrong in ("A" * 24, "é", old.lower()):
        assert error_of(app.recover(mfa_token, wrong)) == WRONG
    granted = app.recover(mfa_token, old)
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid")
    fresh = granted.json()["recovery_code"]
    assert re.fullmatch("[A-Z0-9]{24}", fresh)
    phone.allow()
    for over in (app.poll(mfa_token, oob_code), app.recover(mfa_token, fresh)):
        assert error_of(over)[2].startswith("The mfa_token provided is invalid.")
    later = app.login(user)
    said = [app.http.get("/mfa/authenticators", headers=bearer(later)), app.challenge(later), app.recover(later, old)]
    assert error_of(said[-1]) == WRONG
    assert not [answer for answer in [*said, app.otp(later, phone.code())] if fresh in answer.text]
    assert app.recover(app.login(user), fresh).json()["recovery_code"] not in (old, fresh)


def test_it_comes_with_the_first_association_and_is_good_once_a_factor_is_confirmed(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    assert error_of(app.recover(mfa_token, "x")) == NONE
    first, second = app.associate_sms(mfa_token).json(), app.associate_otp(mfa_token).json()
    (code,) = first["recovery_codes"]
    assert not [more for more in (second, app.associate(mfa_token).json()) if "recovery_codes" in more]
    assert error_of(app.recover(mfa_token, code)) == NONE
    phone.scan(second["barcode_uri"])
    app.otp(mfa_token, phone.code())
    assert app.recover(app.mfa_token(), code).status_code == 200


def test_while_its_factor_is_off_there_is_none_and_the_old_one_is_good_again_after_that(app: App) -> None:
    user, other = app.sandbox.add_user(factors=["sms"]), app.sandbox.add_user()
    switch_off(app.sandbox, "recovery-code")
    mfa_token = app.login(user)
    for code in (str(user.recovery_code), "x"):
        assert error_of(app.recover(mfa_token, code)) == NONE
    assert all(row["left"] == row["burst"] for row in app.sandbox.limits(user.user_id))
    token = app.login(other)
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


def test_codes_that_are_drawn_move_no_id() -> None:
    """What is sent to people is drawn apart: whether there was a code, the next mfa_token is the same."""
    drawn: list[str] = []
    for codes in (0, 3):
        app = app_of(new_sandbox())
        user = app.sandbox.add_user(factors=["sms"])
        for _ in range(codes):
            app.sandbox.tenant.codes.digits(6)
        drawn.append(app.login(user))
    assert drawn[0] == drawn[1]
