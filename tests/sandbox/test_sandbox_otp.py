"""OTP: enrolled by its first code, verified with each code once, the twin of a push as well."""

from urllib.parse import parse_qsl, urlsplit

import pyotp
import pytest

from auth0_mfa_lab.sandbox import Clock, Phone, User
from auth0_mfa_lab.sandbox.guardian.phone import NotEnrolled
from auth0_mfa_lab.sandbox.mfa.api import use_otp
from auth0_mfa_lab.sandbox.records import Authenticator
from tests.sandbox.management_mothers import Admin, admin_of, methods_path
from tests.sandbox.sandbox_mothers import App, bearer, error_of, kinds, new_sandbox, pushed, scan

NOW = 1_800_000_000
INVALID = (403, "invalid_grant", "Invalid otp_code.")
# RFC 6238, appendix B: the ASCII secret 12345678901234567890; the last six digits of the eight that stand there.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # auth0-mfa-lab: allow
RFC_VECTORS = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]


@pytest.mark.parametrize(("now", "code"), RFC_VECTORS)
def test_the_rfcs_vectors_are_accepted_in_their_step_and_the_next_one_only(now: int, code: str) -> None:
    entry, step = Authenticator(id="totp|x", kind="totp", active=True, secret=RFC_SECRET), now // 30
    times = {
        now: True,
        (step + 1) * 30: True,
        (step + 1) * 30 + 29.9: True,
        (step + 2) * 30: False,
        step * 30 - 1: False,
    }
    for time, is_good in times.items():
        tenant = new_sandbox(clock=Clock(time)).tenant
        assert use_otp(tenant, "user", entry, code) is is_good
        assert not use_otp(tenant, "user", entry, code), "once"


def test_an_otp_association_is_what_was_recorded(app: App) -> None:
    answer = app.associate_otp(app.mfa_token())
    assert answer.status_code == 200
    assert list(answer.json()) == ["authenticator_type", "secret", "barcode_uri", "recovery_codes"]
    secret = answer.json()["secret"]
    parts = urlsplit(answer.json()["barcode_uri"])
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/sandbox:jane.roe%40example.com")
    assert parse_qsl(parts.query) == [
        ("secret", secret),
        ("issuer", "sandbox"),
        ("algorithm", "SHA1"),
        ("digits", "6"),
        ("period", "30"),
    ]
    assert len(secret) == 32
    assert set(secret) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def test_the_first_code_confirms_and_gives_the_tokens_of_the_original_request(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token(scope="openid")
    associated = app.associate_otp(mfa_token).json()
    assert kinds(app.authenticators(mfa_token), active=True) == []
    assert phone.scan(associated["barcode_uri"]) is None
    granted = app.otp(mfa_token, phone.code())
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid")
    listed = app.authenticators(mfa_token)
    assert kinds(listed, active=True) == ["totp", "recovery-code"]
    assert listed[0] == {"id": listed[0]["id"], "authenticator_type": "otp", "active": True}


def test_a_wrong_code_confirms_nothing(app: App) -> None:
    mfa_token = app.mfa_token()
    secret = app.associate_otp(mfa_token).json()["secret"]
    right = pyotp.TOTP(secret).at(NOW)
    wrong = str((int(right) + 1) % 10**6).zfill(6)
    for code in (wrong, right[:5], right + "0", f" {right}", "é", pyotp.TOTP(secret).at(NOW + 30)):
        assert error_of(app.otp(mfa_token, code)) == INVALID
    assert kinds(app.authenticators(mfa_token), active=True) == []


def test_each_code_is_good_once_and_the_previous_step_is_accepted(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    code = phone.code()
    app.sandbox.clock.advance(30)
    assert app.otp(app.login(user), code).status_code == 200
    for used in (code, code):
        assert error_of(app.otp(app.login(user), used)) == INVALID
    assert app.otp(app.login(user), phone.code()).status_code == 200
    assert error_of(app.otp(app.login(user), phone.code())) == INVALID
    app.sandbox.clock.advance(30)
    assert app.otp(app.login(user), phone.code()).status_code == 200


def test_after_a_code_the_one_before_it_is_too_old(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    older = phone.code()
    app.sandbox.clock.advance(30)
    assert app.otp(app.login(user), phone.code()).status_code == 200
    assert error_of(app.otp(app.login(user), older)) == INVALID


def test_the_code_that_confirms_is_used_up(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    assert app.otp(mfa_token, phone.code()).status_code == 200
    assert error_of(app.otp(app.mfa_token(), phone.code())) == INVALID


def test_the_code_of_a_guardian_app_gets_in_where_no_push_arrives(app: App, phone: Phone) -> None:
    login = pushed(app, phone, scope="openid")
    assert app.otp(login.mfa_token, phone.code()).json()["scope"] == "openid"
    assert error_of(login.poll())[1] == "invalid_grant"


def test_the_twin_of_a_push_that_nobody_scanned_takes_no_code(app: App) -> None:
    mfa_token = app.mfa_token()
    app.associate(mfa_token)
    (twin,) = [one for one in app.sandbox.tenant.authenticators.of(app.sandbox.defaults.user_id) if one.kind == "totp"]
    answer = app.otp(mfa_token, pyotp.TOTP(str(twin.secret)).at(NOW))
    assert error_of(answer)[:2] == (401, "unsupported_challenge_type")
    assert kinds(app.authenticators(mfa_token), active=True) == []


def test_only_the_login_that_began_an_enrollment_confirms_it(app: App, phone: Phone) -> None:
    mfa_token, other = app.mfa_token(), app.mfa_token()
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    assert error_of(app.otp(other, phone.code()))[1] == "unsupported_challenge_type"
    assert app.otp(mfa_token, phone.code()).status_code == 200


def test_an_enrollment_that_was_open_when_another_factor_was_confirmed_is_dead(app: App, phone: Phone) -> None:
    """Else a password alone would get past a factor that was confirmed meanwhile."""
    early = app.mfa_token()
    secret = app.associate_otp(early).json()["secret"]
    pushed_early = app.associate(early).json()
    later = app.mfa_token()
    phone.scan(app.associate_otp(later).json()["barcode_uri"])
    assert app.otp(later, phone.code()).status_code == 200
    assert error_of(app.otp(early, pyotp.TOTP(secret).at(NOW))) == INVALID
    assert scan(app.sandbox.new_phone(app.http), pushed_early["barcode_uri"]).status_code == 404
    assert kinds(app.authenticators(early), active=True) == ["recovery-code", "totp"]


def test_a_login_that_is_over_takes_no_code(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    mfa_token = app.login(user)
    assert app.otp(mfa_token, phone.code()).status_code == 200
    app.sandbox.clock.advance(30)
    assert error_of(app.otp(mfa_token, phone.code()))[2].startswith("The mfa_token provided is invalid.")


def test_a_user_without_otp_is_told_so(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    assert error_of(app.otp(app.login(user), "000000")) == (
        401,
        "unsupported_challenge_type",
        "User does not have any enrolled authenticator with the supported challenge type (otp)",
    )


def test_a_challenge_of_otp_sends_nothing_and_changes_nothing(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    mfa_token = app.login(user)
    for fields in ({}, {"challenge_type": "otp"}, {"challenge_type": "oob otp"}):
        assert app.challenge(mfa_token, **fields).json() == {"challenge_type": "otp"}
    assert app.otp(mfa_token, phone.code()).status_code == 200


def test_the_phone_shows_the_code_of_what_it_scanned_last(app: App, phone: Phone) -> None:
    with pytest.raises(NotEnrolled):
        phone.code()
    secret = app.associate_otp(app.mfa_token()).json()["secret"]
    phone.scan(f"otpauth://totp/x:y?secret={secret.lower()}")
    assert phone.code() == pyotp.TOTP(secret).at(NOW)
    assert phone.enrollments == ()
    with pytest.raises(NotEnrolled):
        phone.allow()
    pushed(app, phone)
    assert phone.code() != pyotp.TOTP(secret).at(NOW)


def test_the_qr_of_another_services_account_is_kept_with_its_own_period(phone: Phone) -> None:
    phone.scan(f"otpauth://totp/x:y?secret={RFC_SECRET}&digits=8&period=60")
    assert phone.code() == pyotp.TOTP(RFC_SECRET, digits=8, interval=60).at(NOW)


def test_an_open_enrollment_does_not_count_as_a_factor(app: App) -> None:
    mfa_token = app.mfa_token()
    for _ in range(3):
        assert app.associate_otp(mfa_token).status_code == 200
    assert kinds(app.authenticators(mfa_token)) == ["totp", "recovery-code", "totp", "totp"]
    assert error_of(app.challenge(mfa_token))[1] == "unsupported_challenge_type"
    assert app.http.get("/mfa/authenticators", headers=bearer(mfa_token)).status_code == 200


def totp(admin: Admin, user: User, secret: str) -> None:
    assert admin("POST", methods_path(user), {"type": "totp", "totp_secret": secret}).status_code == 201


@pytest.mark.parametrize("other", [RFC_SECRET, f"{RFC_SECRET}AA======"], ids=["the same", "the same key with a zero"])
def test_a_code_is_good_once_where_two_entries_have_the_same_secret(app: App, other: str) -> None:
    admin, user = admin_of(app), app.sandbox.add_user()
    totp(admin, user, RFC_SECRET)
    totp(admin, user, other)
    code = pyotp.TOTP(RFC_SECRET).at(NOW)
    assert app.otp(app.login(user), code).status_code == 200
    assert error_of(app.otp(app.login(user), code)) == INVALID
    assert error_of(app.otp(app.login(user), pyotp.TOTP(RFC_SECRET).at(NOW - 30))) == INVALID
    app.sandbox.clock.advance(30)
    assert app.otp(app.login(user), pyotp.TOTP(RFC_SECRET).at(NOW + 30)).status_code == 200


def test_a_code_stays_used_where_its_secret_is_replaced_by_itself(app: App) -> None:
    admin, user = admin_of(app), app.sandbox.add_user()
    totp(admin, user, RFC_SECRET)
    code = pyotp.TOTP(RFC_SECRET).at(NOW)
    assert app.otp(app.login(user), code).status_code == 200
    same = [{"type": "totp", "totp_secret": RFC_SECRET}]
    assert admin("PUT", methods_path(user), same).status_code == 200
    assert error_of(app.otp(app.login(user), code)) == INVALID
    assert admin("DELETE", methods_path(user)).status_code == 204
    totp(admin, user, RFC_SECRET)
    assert error_of(app.otp(app.login(user), code)) == INVALID


def test_a_code_that_one_user_has_used_is_good_for_another_with_the_same_secret(app: App) -> None:
    admin, users = admin_of(app), [app.sandbox.add_user() for _ in range(2)]
    for user in users:
        totp(admin, user, RFC_SECRET)
    code = pyotp.TOTP(RFC_SECRET).at(NOW)
    assert [app.otp(app.login(user), code).status_code for user in users] == [200, 200]
