"""The switches that change more than a status: fields, second factors, refreshes, gateways, judgements."""

import httpx
import pyotp
import pytest

from auth0_mfa_lab.sandbox import User
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
FAILED = "Too many failed codes. Wait for some minutes before retrying."


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


# fmt: off
TOLD = [
    ("otp",               "",    {"challenge": ["otp", "recovery-code"]}),
    ("sms",               "",    {"challenge": ["phone", "recovery-code"]}),
    ("push",              "",    {"challenge": ["otp", "push-notification", "recovery-code"]}),
    ("sms voice otp otp", "",    {"challenge": ["otp", "phone", "recovery-code"]}),
    ("otp sms",           "otp", {"challenge": ["phone", "recovery-code"]}),
    ("",                  "",    {"enroll": ["otp", "phone", "push-notification"]}),
    ("",                  "otp", {"enroll": ["phone", "push-notification"]}),
    ("",                  "sms", {"enroll": ["otp", "push-notification"]}),
    ("",                  "push-notification", {"enroll": ["otp", "phone"]}),
    ("",                  "sms otp push-notification", {"enroll": []}),
]
# fmt: on


@pytest.mark.parametrize(("has", "off", "told"), TOLD)
def test_a_login_is_told_what_can_be_challenged_or_else_enrolled(
    app: App, has: str, off: str, told: dict[str, list[str]]
) -> None:
    turn(app, customizable_mfa="on")
    user = new_user(app, *has.split())
    switch_off(app.sandbox, *off.split())
    assert requirements(app, user) == told
    switch_on(app.sandbox, "email")
    email = ["email"] if has else []
    assert requirements(app, user) == {name: sorted([*types, *email]) for name, types in told.items()}


def test_an_authenticator_has_the_type_that_a_login_is_told(app: App) -> None:
    user = new_user(app, "push", "otp", "sms")
    assert list(app.password().json()) == ["error", "error_description", "mfa_token"]
    assert not [one for one in app.authenticators(app.login(user)) if "type" in one]
    turn(app, customizable_mfa="on")
    switch_on(app.sandbox, "email")
    types = {one["id"].partition("|")[0]: one["type"] for one in app.authenticators(app.login(user))}
    same = {name: name for name in ("email", "recovery-code")}
    assert types == {**same, "push": "push-notification", "totp": "otp", "sms": "phone"}
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
    assert app.associate_otp(app.mfa_token()).status_code == 200


# -- second_factor_chained


def by_sms(app: App, user: User, mfa_token: str) -> httpx.Response:
    oob_code = app.challenge(mfa_token, oob_channel="sms").json()["oob_code"]
    return app.poll(mfa_token, oob_code, binding_code=app.newest_code(user.phone_number))


def by_new_otp(app: App, token: str) -> httpx.Response:
    secret = app.associate_otp(token).json()["secret"]
    return app.otp(token, pyotp.TOTP(secret).at(int(app.sandbox.clock.now())))


@pytest.fixture
def chained(app: App) -> App:
    return turn(app, second_factor_chained="on")


def test_one_factor_is_followed_by_another_and_then_there_are_tokens(app: App) -> None:
    phone = app.sandbox.new_phone(app.http)
    user = app.sandbox.add_user(factors=["sms", "otp"], phone=phone)
    assert by_sms(app, user, app.login(user)).status_code == 200, "by default one is enough"
    turn(app, second_factor_chained="on", customizable_mfa="on")
    first = app.login(user, scope="openid offline_access")
    between = by_sms(app, user, first)
    assert error_of(between) == REQUIRED
    left = [one["type"] for one in between.json()["mfa_requirements"]["challenge"]]
    assert sorted(left) == ["otp", "recovery-code"]
    second = between.json()["mfa_token"]
    for spent in (app.otp(first, phone.code()), app.challenge(first), app.recover(first, str(user.recovery_code))):
        assert error_of(spent)[1:] == ("invalid_grant", SPENT)
    assert error_of(app.associate_otp(second)) == (403, "access_denied", "User is already enrolled.")
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
    # The codes of the same app are no other factor.
    for refused in (chained.challenge(second, oob_channel="auth0"), chained.otp(second, phone.code())):
        assert error_of(refused)[1] == "unsupported_challenge_type"
    assert chained.poll(second, oob_code).status_code == 400
    assert by_sms(chained, user, second).status_code == 200
    second = by_sms(chained, user, chained.login(user)).json()["mfa_token"]
    assert error_of(chained.challenge(second, oob_channel="voice"))[1] == "unsupported_challenge_type"


def test_one_factor_a_recovery_code_or_an_enrollment_ends_with_tokens(chained: App) -> None:
    switch_on(chained.sandbox, "email")
    mfa_token = chained.mfa_token()
    oob_code = chained.associate_sms(mfa_token).json()["oob_code"]
    assert chained.poll(mfa_token, oob_code, binding_code=chained.newest_code()).status_code == 200
    switch_off(chained.sandbox, "email")
    user = new_user(chained, "sms")
    assert by_sms(chained, user, chained.login(user)).status_code == 200
    assert by_new_otp(chained, chained.mfa_access(user)).status_code == 200
    user = new_user(chained, "sms", "otp")
    granted = chained.recover(chained.login(user), str(user.recovery_code))
    assert granted.status_code == 200
    second = by_sms(chained, user, chained.login(user)).json()["mfa_token"]
    assert chained.recover(second, granted.json()["recovery_code"]).status_code == 200


def test_an_enrollment_that_was_only_begun_spares_nobody_the_second_factor(chained: App) -> None:
    user = new_user(chained)
    early, later = chained.login(user), chained.login(user)
    chained.associate_otp(early)
    oob_code = chained.associate_sms(later, user.phone_number).json()["oob_code"]
    assert chained.poll(later, oob_code, binding_code=chained.newest_code(user.phone_number)).status_code == 200
    assert by_new_otp(chained, chained.mfa_access(user)).status_code == 200
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
    assert {app.password().status_code for _ in range(20)} == {403}
    turn(app, gateway_failure_every=str(every))
    answers = [app.start() for _ in range(3 * every)]
    assert [n for n, one in enumerate(answers, 1) if one.status_code == 502] == [every, 2 * every, 3 * every]
    assert len(app.inbox()) == 3 * every - 3
    page = answers[every - 1]
    assert page.headers["content-type"].startswith("text/html")
    assert "<title>502 Bad Gateway</title>" in page.text
    assert "error" not in page.text.lower()


def test_the_gateway_stands_before_every_endpoint_of_the_tenant_and_not_before_the_phones(app: App) -> None:
    turn(app, gateway_failure_every="2")
    new_user(app, "push", "push", "push")
    for path in ("/mfa/authenticators", "/userinfo", "/.well-known/jwks.json", "/api/v2/clients", "/nowhere"):
        assert {app.http.get(path).status_code == 502 for _ in range(2)} == {True, False}


ADAPTIVE = [("confidence-score", "high", 200), ("confidence-score", "low", 403)]


@pytest.mark.parametrize(
    ("policy", "confidence", "status"), [*ADAPTIVE, ("all-applications", "high", 403), ("never", "low", 200)]
)
def test_adaptive_mfa_asks_for_a_second_factor_where_it_trusts_the_login_little(
    app: App, policy: str, confidence: str, status: int
) -> None:
    turn(app, confidence=confidence)
    user = new_user(app, "sms")
    set_up(app.sandbox, policy=policy)
    login = {"username": user.username, "password": user.password}
    assert app.password(**login).status_code == app.log_in_passwordless().status_code == status
    assert app.password(**login, audience=MFA_AUDIENCE).status_code == 403, "trusted or not"


def test_a_tenant_as_new_as_auth0s_has_no_recovery_codes() -> None:
    app = app_of(new_sandbox(switches={"recovery_code_factor": "off"}))
    assert new_user(app, "otp").recovery_code is None
    mfa_token = app.mfa_token()
    for answer in (app.associate(mfa_token), app.associate_otp(mfa_token), app.associate_sms(mfa_token)):
        assert (answer.status_code, "recovery_codes" in answer.json()) == (200, False)
    assert "recovery-code" not in kinds(app.authenticators(mfa_token))
    none = (403, "unsupported_challenge_type", "User does not have a recovery-code.")
    assert error_of(app.recover(app.login(new_user(app, "sms")), "x")) == none
