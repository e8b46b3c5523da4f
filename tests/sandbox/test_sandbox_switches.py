"""The switches that change more than a status: fields, second factors, refreshes, gateways, judgements."""

import httpx
import pyotp
import pytest

from auth0_mfa_lab.sandbox import User
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import (
    MFA_AUDIENCE,
    App,
    app_of,
    error_of,
    kinds,
    new_sandbox,
    set_up,
    switch_off,
    switch_on,
)

REQUIRED = (403, "mfa_required", "Multifactor authentication required")
SPENT = "The mfa_token provided is invalid. Try getting a new token."


def turn(app: App, **switches: str) -> App:
    set_up(app.sandbox, switches={**app.sandbox.tenant.settings.switches, **switches})
    return app


def requirements(app: App, user: User) -> dict[str, list[str]]:
    body = app.password(username=user.username, password=user.password).json()
    assert list(body) == ["error", "error_description", "mfa_token", "mfa_requirements"]
    return {name: sorted(one["type"] for one in types) for name, types in body["mfa_requirements"].items()}


def new_user(app: App, *factors: str) -> User:
    return app.sandbox.add_user(factors=factors, phone=app.sandbox.new_phone(app.http))


# -- customizable_mfa, mfa_required_without_mfa_token


# The factors of a user, what is off, and what a login is told of: these types
TOLD = """
otp               |     | challenge | otp recovery-code
sms               |     | challenge | phone recovery-code
push              |     | challenge | otp push-notification recovery-code
sms voice otp otp |     | challenge | otp phone recovery-code
otp sms           | otp | challenge | phone recovery-code
                  |     | enroll    | otp phone push-notification
                  | sms | enroll    | otp push-notification
                  | sms otp push-notification | enroll |
"""


@pytest.mark.parametrize(("has", "off", "what", "types"), rows(TOLD))
def test_a_login_is_told_what_can_be_challenged_or_else_enrolled(
    app: App, has: str, off: str, what: str, types: str
) -> None:
    turn(app, customizable_mfa="on")
    user = new_user(app, *has.split())
    switch_off(app.sandbox, *off.split())
    assert requirements(app, user) == {what: types.split()}
    switch_on(app.sandbox, "email")
    assert requirements(app, user) == {what: sorted([*types.split(), *(["email"] if has else [])])}


def test_an_authenticator_has_the_type_that_a_login_is_told(app: App) -> None:
    user = new_user(app, "push", "otp", "sms")
    assert not [one for one in app.authenticators(app.login(user)) if "type" in one]
    turn(app, customizable_mfa="on")
    switch_on(app.sandbox, "email")
    types = {(one["id"].partition("|")[0], one["type"]) for one in app.authenticators(app.login(user))}
    same = {("email", "email"), ("recovery-code", "recovery-code")}
    assert types == {*same, ("push", "push-notification"), ("totp", "otp"), ("sms", "phone")}
    assert "enroll" in app.log_in_passwordless().json()["mfa_requirements"]
    newcomer = new_user(app)
    app.associate_sms(app.login(newcomer))
    switch_off(app.sandbox, "email")
    assert list(requirements(app, newcomer)) == ["enroll"], "what is not confirmed cannot be challenged"


def test_the_mfa_token_may_be_missing_but_where_the_requirements_are_told(app: App) -> None:
    turn(app, mfa_required_without_mfa_token="on")
    for answer in (app.password(), app.log_in_passwordless()):
        assert error_of(answer) == REQUIRED
        assert list(answer.json()) == ["error", "error_description"]
    turn(app, customizable_mfa="on")
    assert app.associate_otp(app.mfa_token()).is_success


# -- second_factor_chained


def by_sms(app: App, user: User, mfa_token: str) -> httpx.Response:
    return app.bind(mfa_token, app.challenge(mfa_token, oob_channel="sms"), user.phone_number)


def by_new_otp(app: App, token: str) -> httpx.Response:
    secret = app.associate_otp(token).json()["secret"]
    return app.otp(token, pyotp.TOTP(secret).at(int(app.sandbox.clock.now())))


@pytest.fixture
def chained(app: App) -> App:
    return turn(app, second_factor_chained="on")


def test_one_factor_is_followed_by_another_and_then_there_are_tokens(app: App) -> None:
    phone = app.sandbox.new_phone(app.http)
    user = app.sandbox.add_user(factors=["sms", "otp"], phone=phone)
    turn(app, second_factor_chained="on", customizable_mfa="on")
    first = app.login(user, scope="openid offline_access")
    between = by_sms(app, user, first)
    assert error_of(between) == REQUIRED
    left = between.json()["mfa_requirements"]["challenge"]
    assert {one["type"] for one in left} == {"otp", "recovery-code"}
    second = between.json()["mfa_token"]
    for spent in (app.otp(first, phone.code()), app.challenge(first), app.recover(first, str(user.recovery_code))):
        assert error_of(spent)[1:] == ("invalid_grant", SPENT)
    assert app.associate_otp(second).status_code == 403
    granted = app.otp(second, phone.code()).json()
    assert (granted["scope"], "refresh_token" in granted) == ("openid offline_access", True)


def test_neither_the_same_factor_nor_its_twin_does_twice(chained: App) -> None:
    set_up(chained.sandbox, message_types=("sms", "voice"))
    phone = chained.sandbox.new_phone(chained.http)
    user = chained.sandbox.add_user(factors=["push", "sms"], phone=phone)
    first = chained.login(user)
    oob_code = chained.challenge(first, oob_channel="auth0").json()["oob_code"]
    phone.allow()
    second = chained.poll(first, oob_code).json()["mfa_token"]
    third = by_sms(chained, user, chained.login(user)).json()["mfa_token"]
    # The codes of the same app are no other factor, nor is a call to the same number.
    again = (chained.challenge(second, oob_channel="auth0"), chained.otp(second, phone.code()))
    for refused in (*again, chained.challenge(third, oob_channel="voice")):
        assert error_of(refused)[1] == "unsupported_challenge_type"
    assert chained.poll(second, oob_code).status_code == 400
    assert by_sms(chained, user, second).is_success


def test_one_factor_a_recovery_code_or_an_enrollment_ends_with_tokens(chained: App) -> None:
    user = new_user(chained, "sms")
    assert by_sms(chained, user, chained.login(user)).is_success
    assert by_new_otp(chained, chained.mfa_access(user)).is_success
    second = by_sms(chained, user, chained.login(user)).json()["mfa_token"]
    granted = chained.recover(second, str(user.recovery_code))
    assert granted.status_code == 200
    assert chained.recover(chained.login(user), granted.json()["recovery_code"]).is_success
    # An address of the profile's own is a second factor only of who has another.
    switch_on(chained.sandbox, "email")
    assert by_new_otp(chained, chained.mfa_token()).is_success


def test_an_enrollment_that_was_only_begun_spares_nobody_the_second_factor(chained: App) -> None:
    user = new_user(chained)
    early, later = chained.login(user), chained.login(user)
    chained.associate_otp(early)
    assert chained.bind(later, chained.associate_sms(later, user.phone_number), user.phone_number).is_success
    assert by_new_otp(chained, chained.mfa_access(user)).is_success
    assert kinds(chained.authenticators(early), active=True) == ["recovery-code", "sms", "totp"]
    assert error_of(by_sms(chained, user, early)) == REQUIRED


# -- refresh, gateway_failure_every, confidence, recovery_code_factor, and two statuses


def test_a_refresh_may_ask_for_the_second_factor_again_and_keeps_its_token(app: App) -> None:
    turn(app, refresh="mfa_required")
    user = new_user(app, "sms")
    token = app.tokens(user, scope="openid offline_access")["refresh_token"]
    for _ in range(2):
        answer = app.token(grant_type="refresh_token", refresh_token=token, scope="openid")
        assert error_of(answer) == REQUIRED
    assert by_sms(app, user, answer.json()["mfa_token"]).json()["scope"] == "openid"
    assert error_of(app.token(grant_type="refresh_token", refresh_token="v1.x"))[1] == "invalid_grant"


@pytest.mark.parametrize("every", [2, 3, 5, 10])
def test_every_nth_answer_is_a_gateways_html_and_the_tenant_never_hears_of_it(app: App, every: int) -> None:
    turn(app, gateway_failure_every=str(every))
    answers = [app.start() for _ in range(3 * every)]
    assert [n for n, one in enumerate(answers, 1) if one.status_code == 502] == [every, 2 * every, 3 * every]
    assert len(app.inbox()) == 3 * every - 3
    page = answers[every - 1]
    assert page.headers["content-type"].startswith("text/html")
    assert "<title>502 Bad Gateway</title>" in page.text
    assert page.extensions["auth0_lab_notes"] == ("sandbox: a gateway's failure, by the switch gateway_failure_every",)
    assert "error" not in page.text.lower()
    # It stands before every endpoint of the tenant, and not before the phones.
    turn(app, gateway_failure_every="2")
    new_user(app, "push", "push", "push")
    for path in ("/mfa/authenticators", "/userinfo", "/.well-known/jwks.json", "/api/v2/clients", "/nowhere"):
        assert {app.http.get(path).status_code == 502 for _ in range(2)} == {True, False}


def test_adaptive_mfa_asks_for_a_second_factor_where_it_trusts_the_login_little(app: App) -> None:
    user = new_user(app, "sms")
    login = {"username": user.username, "password": user.password}
    adaptive, always, never = "confidence-score", "all-applications", "never"
    cases = ((adaptive, "high", 200), (adaptive, "low", 403), (always, "high", 403), (never, "low", 200))
    for policy, confidence, status in cases:
        turn(app, confidence=confidence)
        set_up(app.sandbox, policy=policy)
        assert app.password(**login).status_code == app.log_in_passwordless().status_code == status
        assert app.password(**login, audience=MFA_AUDIENCE).status_code == 403, "trusted or not"


def test_a_tenant_as_new_as_auth0s_has_no_recovery_codes() -> None:
    app = app_of(new_sandbox(switches={"recovery_code_factor": "off"}))
    assert new_user(app, "otp").recovery_code is None
    mfa_token = app.mfa_token()
    assert "recovery_codes" not in app.associate_otp(mfa_token).json()
    assert kinds(app.authenticators(mfa_token)) == ["totp"]
    assert error_of(app.recover(mfa_token, "x"))[2] == "User does not have a recovery-code."
