"""The recovery code: with the first association, good once, and replaced in the answer that used it."""

import re
from dataclasses import replace

from auth0_mfa_lab.sandbox import Phone
from tests.sandbox.sandbox_mothers import App, app_of, bearer, error_of, kinds, new_sandbox

WRONG = (403, "invalid_grant", "MFA Authorization rejected.")
NONE = (403, "unsupported_challenge_type", "User does not have a recovery-code.")


def test_a_recovery_code_gives_the_tokens_and_the_code_that_takes_its_place(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    old = str(user.recovery_code)
    first = app.recover(app.login(user, scope="openid"), old)
    assert (first.status_code, first.json()["scope"]) == (200, "openid")
    fresh = first.json()["recovery_code"]
    assert re.fullmatch("[A-Z0-9]{24}", fresh)
    assert fresh != old
    assert error_of(app.recover(app.login(user), old)) == WRONG
    third = app.recover(app.login(user), fresh).json()["recovery_code"]
    assert third not in (old, fresh)


def test_the_new_code_stands_nowhere_else(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    fresh = app.recover(app.login(user), str(user.recovery_code)).json()["recovery_code"]
    mfa_token = app.login(user)
    said = [
        app.http.get("/mfa/authenticators", headers=bearer(mfa_token)),
        app.challenge(mfa_token),
        app.otp(mfa_token, phone.code()),
    ]
    assert not [answer for answer in said if fresh in answer.text]


def test_a_wrong_code_changes_nothing(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    mfa_token = app.login(user)
    for wrong in ("A" * 24, "é", str(user.recovery_code).lower()):
        assert error_of(app.recover(mfa_token, wrong)) == WRONG
    assert app.recover(mfa_token, str(user.recovery_code)).status_code == 200


def test_it_gets_in_where_no_push_arrives_and_ends_that_login(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    granted = app.recover(mfa_token, str(user.recovery_code))
    assert granted.status_code == 200
    phone.allow()
    assert error_of(app.poll(mfa_token, oob_code))[1] == "invalid_grant"
    again = app.recover(mfa_token, granted.json()["recovery_code"])
    assert error_of(again)[2].startswith("The mfa_token provided is invalid.")


def test_without_a_confirmed_factor_there_is_no_recovery_code(app: App) -> None:
    mfa_token = app.mfa_token()
    assert error_of(app.recover(mfa_token, "x")) == NONE
    (code,) = app.associate_otp(mfa_token).json()["recovery_codes"]
    assert error_of(app.recover(mfa_token, code)) == NONE


def test_a_tenant_whose_factor_is_off_gives_none_and_takes_none(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    tenant = app.sandbox.tenant
    tenant.settings = replace(tenant.settings, factors=tenant.settings.factors - {"recovery-code"})
    assert error_of(app.recover(app.login(user), str(user.recovery_code))) == NONE
    other = app.sandbox.add_user()
    mfa_token = app.login(other)
    for associated in (app.associate(mfa_token), app.associate_sms(mfa_token), app.associate_otp(mfa_token)):
        assert "recovery_codes" not in associated.json()
    assert "recovery-code" not in kinds(app.authenticators(mfa_token))
    assert app.sandbox.add_user(factors=["sms"]).recovery_code is None


def test_the_recovery_code_comes_once_whatever_is_associated_first(app: App) -> None:
    mfa_token = app.mfa_token()
    answers = [app.associate_sms(mfa_token), app.associate_otp(mfa_token), app.associate(mfa_token)]
    assert ["recovery_codes" in answer.json() for answer in answers] == [True, False, False]


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
