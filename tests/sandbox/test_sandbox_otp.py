"""OTP: each code is good once, in its step and the next; the QR; the twin of a push; one secret in several entries."""

import re
from urllib.parse import parse_qsl, urlsplit

import pyotp
import pytest

from auth0_mfa_lab.sandbox import Clock, Phone
from auth0_mfa_lab.sandbox.mfa.api import use_otp
from auth0_mfa_lab.sandbox.records import Authenticator
from tests.sandbox.management_mothers import admin_of, methods_path
from tests.sandbox.sandbox_mothers import App, error_of, kinds, new_sandbox, pushed, switch_off

NOW = 1_800_000_000
INVALID = 403, "invalid_grant", "Invalid otp_code."
# RFC 6238, appendix B: the ASCII secret 12345678901234567890; the last six digits of the eight that stand there.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # auth0-mfa-lab: allow
VECTORS = ((59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130"))


@pytest.mark.parametrize(("now", "code"), VECTORS)
def test_the_rfcs_vectors_are_accepted_in_their_step_and_the_next_one_only(now: int, code: str) -> None:
    entry, step = Authenticator(id="totp|x", kind="totp", active=True, secret=SECRET), now // 30
    good = {
        now: True,
        (step + 1) * 30: True,
        (step + 1) * 30 + 29.9: True,
        (step + 2) * 30: False,
        step * 30 - 1: False,
    }
    for time, is_good in good.items():
        tenant = new_sandbox(clock=Clock(time)).tenant
        assert use_otp(tenant, "user", entry, code) is is_good
        assert not use_otp(tenant, "user", entry, code), "once"


def test_a_qr_has_its_parameters_in_the_order_of_auth0s(app: App) -> None:
    mfa_token = app.mfa_token()
    begun = app.associate_otp(mfa_token).json()
    parts = urlsplit(begun["barcode_uri"])
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/sandbox:jane.roe%40example.com")
    told = {"secret": begun["secret"], "issuer": "sandbox", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert parse_qsl(parts.query) == [*told.items()]
    assert re.fullmatch("[A-Z2-7]{32}", begun["secret"])
    uri = app.associate(mfa_token).json()["barcode_uri"]
    base_url = re.escape("&base_url=https%3A%2F%2Fsandbox.example%2Fappliance-mfa")
    label = re.escape("otpauth://totp/sandbox:jane.roe%40example.com?")
    assert re.fullmatch(rf"{label}enrollment_tx_id=[A-Za-z0-9]{{32}}{base_url}", uri)


def test_a_code_is_good_once_the_previous_step_too_and_never_an_older_one_than_the_last(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    assert app.otp(mfa_token, phone.code()).status_code == 200
    assert error_of(app.otp(app.mfa_token(), phone.code())) == INVALID, "the code that confirmed"
    app.sandbox.clock.advance(30)
    older = phone.code()
    app.sandbox.clock.advance(30)
    assert app.otp(app.mfa_token(), older).status_code == 200
    assert error_of(app.otp(app.mfa_token(), older)) == INVALID
    assert app.otp(app.mfa_token(), phone.code()).status_code == 200
    older = phone.code()
    app.sandbox.clock.advance(30)
    newer = phone.code()
    app.sandbox.clock.advance(30)
    assert app.otp(app.mfa_token(), phone.code()).status_code == 200
    for code in (older, newer):
        assert error_of(app.otp(app.mfa_token(), code)) == INVALID


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
def test_a_code_is_good_once_for_a_user_however_often_the_secret_is_set(app: App, other: str) -> None:
    admin, user, stranger = admin_of(app), app.sandbox.add_user(), app.sandbox.add_user()
    codes = [pyotp.TOTP(SECRET).at(NOW + 30 * step) for step in (-1, 0, 1)]
    methods = [{"type": "totp", "totp_secret": secret} for secret in (SECRET, other)]
    for each in methods:
        for owner in (user, stranger):
            assert admin("POST", methods_path(owner), each).status_code == 201
    assert [app.otp(app.login(owner), codes[1]).status_code for owner in (user, stranger)] == [200, 200]

    def are_used() -> bool:
        return [error_of(app.otp(app.login(user), code)) for code in codes[:2]] == [INVALID, INVALID]

    assert are_used()
    assert admin("PUT", methods_path(user), methods[:1]).status_code == 200
    assert are_used()
    assert admin("DELETE", methods_path(user)).status_code == 204
    assert admin("POST", methods_path(user), methods[1]).status_code == 201
    assert are_used()
    app.sandbox.clock.advance(30)
    assert app.otp(app.login(user), codes[2]).status_code == 200
