"""The switches that change more than a status: fields, second factors, refreshes, gateways, judgements."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pyotp
import pytest

from auth0_mfa_lab.sandbox import Phone, User
from auth0_mfa_lab.sandbox.settings import SWITCHES
from tests.sandbox.sandbox_mothers import (
    MFA_AUDIENCE,
    MFA_SCOPES,
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
MakeApp = Callable[..., App]


@pytest.fixture
def app_with() -> Iterator[MakeApp]:
    """Makes an application of a tenant with some switches."""
    made: list[App] = []

    def make(**switches: str) -> App:
        made.append(app_of(new_sandbox(switches=switches)))
        return made[-1]

    yield make
    for app in made:
        assert not app.sandbox.failures, "the sandbox has a bug"


def requirements(app: App, user: User) -> dict[str, list[str]]:
    body = app.password(username=user.username, password=user.password).json()
    assert list(body) == ["error", "error_description", "mfa_token", "mfa_requirements"]
    return {name: [one["type"] for one in types] for name, types in body["mfa_requirements"].items()}


# customizable_mfa


@pytest.mark.parametrize("switches", [{}, {"customizable_mfa": "off"}])
def test_a_plain_tenant_tells_neither_requirements_nor_types(app_with: MakeApp, switches: dict[str, str]) -> None:
    app = app_with(**switches)
    assert list(app.password().json()) == ["error", "error_description", "mfa_token"]
    user = app.sandbox.add_user(factors=["sms"])
    assert not [one for one in app.authenticators(app.login(user)) if "type" in one]


@pytest.mark.parametrize(
    ("factors", "types"),
    [
        (["otp"], ["otp", "recovery-code"]),
        (["sms"], ["phone", "recovery-code"]),
        (["push"], ["push-notification", "recovery-code", "otp"]),
    ],
)
def test_who_has_a_factor_is_told_what_can_be_challenged(
    app_with: MakeApp, factors: list[str], types: list[str]
) -> None:
    app = app_with(customizable_mfa="on")
    user = app.sandbox.add_user(factors=factors, phone=app.sandbox.new_phone(app.http))
    told = requirements(app, user)
    assert list(told) == ["challenge"]
    assert sorted(told["challenge"]) == sorted(types)


def test_each_type_is_told_once_and_email_with_the_rest(app_with: MakeApp) -> None:
    app = app_with(customizable_mfa="on")
    switch_on(app.sandbox, "email")
    set_up(app.sandbox, message_types=("sms", "voice"))
    user = app.sandbox.add_user(factors=["sms", "voice", "otp", "otp"])
    assert sorted(requirements(app, user)["challenge"]) == ["email", "otp", "phone", "recovery-code"]


def test_what_is_off_or_not_confirmed_is_not_told(app_with: MakeApp) -> None:
    app = app_with(customizable_mfa="on")
    user = app.sandbox.add_user(factors=["otp", "sms"])
    switch_off(app.sandbox, "otp")
    assert sorted(requirements(app, user)["challenge"]) == ["phone", "recovery-code"]
    newcomer = app.sandbox.add_user()
    app.associate_sms(app.login(newcomer))
    assert "challenge" not in requirements(app, newcomer)


@pytest.mark.parametrize(
    ("off", "types"),
    [
        ((), ["otp", "phone", "push-notification"]),
        (("otp",), ["phone", "push-notification"]),
        (("sms",), ["otp", "push-notification"]),
        (("push-notification",), ["otp", "phone"]),
        (("sms", "otp", "push-notification"), []),
    ],
)
def test_who_has_none_is_told_what_can_be_enrolled(app_with: MakeApp, off: tuple[str, ...], types: list[str]) -> None:
    app = app_with(customizable_mfa="on")
    switch_on(app.sandbox, "email")
    switch_off(app.sandbox, *off)
    assert requirements(app, app.sandbox.add_user()) == {"enroll": types}


def test_a_passwordless_login_is_told_too(app_with: MakeApp) -> None:
    app = app_with(customizable_mfa="on")
    assert "enroll" in app.log_in_passwordless().json()["mfa_requirements"]


def test_each_authenticator_has_a_type_that_matches(app_with: MakeApp) -> None:
    app = app_with(customizable_mfa="on")
    switch_on(app.sandbox, "email")
    set_up(app.sandbox, message_types=("sms", "voice"))
    user = app.sandbox.add_user(factors=["push", "otp", "sms"], phone=app.sandbox.new_phone(app.http))
    types = {one["id"].partition("|")[0]: one["type"] for one in app.authenticators(app.login(user))}
    assert types == {
        "push": "push-notification",
        "totp": "otp",
        "sms": "phone",
        "voice": "phone",
        "email": "email",
        "recovery-code": "recovery-code",
    }


# mfa_required_without_mfa_token


def test_the_mfa_token_may_be_missing(app_with: MakeApp) -> None:
    app = app_with(mfa_required_without_mfa_token="on")
    for answer in (app.password(), app.log_in_passwordless()):
        assert error_of(answer) == REQUIRED
        assert list(answer.json()) == ["error", "error_description"]


def test_with_customizable_mfa_it_is_there_all_the_same(app_with: MakeApp) -> None:
    app = app_with(mfa_required_without_mfa_token="on", customizable_mfa="on")
    mfa_token = app.password().json()["mfa_token"]
    assert app.associate_otp(mfa_token).status_code == 200


# second_factor_chained


def by_sms(app: App, user: User, mfa_token: str) -> httpx.Response:
    oob_code = app.challenge(mfa_token, oob_channel="sms").json()["oob_code"]
    return app.poll(mfa_token, oob_code, binding_code=app.newest_code(user.phone_number))


def test_one_factor_is_followed_by_another_and_then_there_are_tokens(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    user = app.sandbox.add_user(factors=["sms", "otp"], phone=(phone := app.sandbox.new_phone(app.http)))
    first = app.login(user, scope="openid offline_access")
    between = by_sms(app, user, first)
    assert error_of(between) == REQUIRED
    second = between.json()["mfa_token"]
    assert second != first
    granted = app.otp(second, phone.code())
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid offline_access")
    assert "refresh_token" in granted.json()


def test_the_first_mfa_token_is_spent(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    user = app.sandbox.add_user(factors=["sms", "otp"], phone=(phone := app.sandbox.new_phone(app.http)))
    first = app.login(user)
    by_sms(app, user, first)
    for answer in (app.otp(first, phone.code()), app.challenge(first), app.recover(first, str(user.recovery_code))):
        assert error_of(answer)[1:] == (
            "invalid_grant",
            "The mfa_token provided is invalid. Try getting a new token.",
        )


def test_the_same_factor_does_not_do_twice(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    phone = app.sandbox.new_phone(app.http)
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    first = app.login(user)
    oob_code = app.challenge(first, oob_channel="auth0").json()["oob_code"]
    phone.allow()
    second = app.poll(first, oob_code).json()["mfa_token"]
    assert error_of(app.challenge(second, oob_channel="auth0"))[1] == "unsupported_challenge_type"
    # The codes of the same app are no other factor.
    assert error_of(app.otp(second, phone.code()))[1] == "unsupported_challenge_type"
    assert app.poll(second, oob_code).status_code == 400
    assert by_sms(app, user, second).status_code == 200


def test_a_number_that_proved_itself_by_sms_does_not_do_by_voice(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    set_up(app.sandbox, message_types=("sms", "voice"))
    user = app.sandbox.add_user(factors=["sms", "otp"])
    second = by_sms(app, user, app.login(user)).json()["mfa_token"]
    assert error_of(app.challenge(second, oob_channel="voice"))[1] == "unsupported_challenge_type"


def test_who_has_one_factor_gets_in_with_it(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    user = app.sandbox.add_user(factors=["sms"])
    assert by_sms(app, user, app.login(user)).status_code == 200


def test_a_recovery_code_is_enough_as_the_first_and_as_the_second(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    user = app.sandbox.add_user(factors=["sms", "otp"])
    granted = app.recover(app.login(user), str(user.recovery_code))
    assert granted.status_code == 200
    second = by_sms(app, user, app.login(user)).json()["mfa_token"]
    assert app.recover(second, granted.json()["recovery_code"]).status_code == 200


def test_an_enrollment_ends_with_tokens(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    switch_on(app.sandbox, "email")
    mfa_token = app.mfa_token()
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code()).status_code == 200


def test_an_enrollment_that_was_only_begun_spares_nobody_the_second_factor(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    user = app.sandbox.add_user()
    early, later = app.login(user), app.login(user)
    app.associate_otp(early)
    oob_code = app.associate_sms(later, user.phone_number).json()["oob_code"]
    assert app.poll(later, oob_code, binding_code=app.newest_code(user.phone_number)).status_code == 200
    access = by_sms(app, user, app.login(user, audience=MFA_AUDIENCE, scope=MFA_SCOPES)).json()["access_token"]
    secret = app.associate_otp(access).json()["secret"]
    assert app.otp(access, pyotp.TOTP(secret).at(int(app.sandbox.clock.now()))).status_code == 200
    assert kinds(app.authenticators(early), active=True) == ["recovery-code", "sms", "totp"]
    assert error_of(by_sms(app, user, early)) == REQUIRED


def test_a_second_factor_may_not_be_enrolled_in_between(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    user = app.sandbox.add_user(factors=["sms", "otp"])
    second = by_sms(app, user, app.login(user)).json()["mfa_token"]
    assert error_of(app.associate_otp(second)) == (403, "access_denied", "User is already enrolled.")


def test_an_mfa_access_token_confirms_a_factor_without_another(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on")
    user = app.sandbox.add_user(factors=["sms"])
    access = app.mfa_access(user, MFA_SCOPES)
    secret = app.associate_otp(access).json()["secret"]
    granted = app.otp(access, pyotp.TOTP(secret).at(int(app.sandbox.clock.now())))
    assert granted.status_code == 200


def test_the_second_login_is_told_what_is_left(app_with: MakeApp) -> None:
    app = app_with(second_factor_chained="on", customizable_mfa="on")
    user = app.sandbox.add_user(factors=["sms", "otp"])
    body = by_sms(app, user, app.login(user)).json()
    assert [one["type"] for one in body["mfa_requirements"]["challenge"] if one["type"] != "recovery-code"] == ["otp"]


def test_by_default_one_factor_is_enough(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms", "otp"])
    assert by_sms(app, user, app.login(user)).status_code == 200


# refresh


def test_a_refresh_may_ask_for_the_second_factor_again_and_keeps_its_token(app_with: MakeApp) -> None:
    app = app_with(refresh="mfa_required")
    user = app.sandbox.add_user(factors=["sms"])
    token = app.tokens(user, scope="openid offline_access")["refresh_token"]
    for _ in range(2):
        answer = app.token(grant_type="refresh_token", refresh_token=token, scope="openid")
        assert error_of(answer) == REQUIRED
    granted = by_sms(app, user, answer.json()["mfa_token"])
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid")
    unknown = app.token(grant_type="refresh_token", refresh_token="v1.x")
    assert error_of(unknown) == (403, "invalid_grant", "Unknown or invalid refresh token.")


# gateway_failure_every


@pytest.mark.parametrize("every", [2, 3, 5, 10])
def test_every_nth_answer_is_a_gateways_html(app_with: MakeApp, every: int) -> None:
    app = app_with(gateway_failure_every=str(every))
    answers = [app.password() for _ in range(3 * every)]
    assert [n for n, answer in enumerate(answers, 1) if answer.status_code == 502] == [every, 2 * every, 3 * every]
    page = answers[every - 1]
    assert page.headers["content-type"].startswith("text/html")
    assert "<html>" in page.text
    assert "error" not in page.text.lower()
    assert {answer.status_code for answer in answers} == {502, 403}


def test_the_tenant_never_hears_of_what_the_gateway_dropped(app_with: MakeApp) -> None:
    app = app_with(gateway_failure_every="2")
    assert app.start().status_code == 200
    assert app.start().status_code == 502
    assert len(app.inbox()) == 1
    assert len([entry for entry in app.sandbox.tenant.logs if entry.type == "mfar"]) == 0


def test_the_gateway_stands_before_every_endpoint_of_the_tenant_and_not_before_the_phones(app_with: MakeApp) -> None:
    app = app_with(gateway_failure_every="2")
    phone: Phone = app.sandbox.new_phone(app.http)
    app.sandbox.add_user(factors=["push", "push", "push"], phone=phone)
    for path in ("/mfa/authenticators", "/userinfo", "/.well-known/jwks.json", "/api/v2/clients", "/nowhere"):
        assert {app.http.get(path).status_code == 502 for _ in range(2)} == {True, False}


def test_by_default_no_gateway_fails(app: App) -> None:
    assert {app.password().status_code for _ in range(30)} == {403}


# confidence


@pytest.mark.parametrize(
    ("policy", "confidence", "status"),
    [
        ("confidence-score", "high", 200),
        ("confidence-score", "low", 403),
        ("all-applications", "high", 403),
        ("never", "low", 200),
    ],
)
def test_adaptive_mfa_asks_for_a_second_factor_where_it_trusts_the_login_little(
    app_with: MakeApp, policy: str, confidence: str, status: int
) -> None:
    app = app_with(confidence=confidence)
    set_up(app.sandbox, policy=policy)
    assert app.password().status_code == status
    assert app.log_in_passwordless().status_code == status


def test_a_trusted_login_still_needs_a_second_factor_for_the_mfa_audience(app_with: MakeApp) -> None:
    app = app_with(confidence="high")
    set_up(app.sandbox, policy="confidence-score")
    user = app.sandbox.add_user(factors=["sms"])
    named = {"username": user.username, "password": user.password}
    assert app.password(**named, audience=MFA_AUDIENCE).status_code == 403
    assert app.password(**named).status_code == 200


# recovery_code_factor


def test_a_tenant_as_new_as_auth0s_has_no_recovery_codes(app_with: MakeApp) -> None:
    app = app_with(recovery_code_factor="off")
    assert app.sandbox.add_user(factors=["otp"]).recovery_code is None
    mfa_token = app.mfa_token()
    for answer in (app.associate(mfa_token), app.associate_otp(mfa_token), app.associate_sms(mfa_token)):
        assert answer.status_code == 200
        assert "recovery_codes" not in answer.json()
    assert "recovery-code" not in kinds(app.authenticators(mfa_token))
    user = app.sandbox.add_user(factors=["sms"])
    none = (403, "unsupported_challenge_type", "User does not have a recovery-code.")
    assert error_of(app.recover(app.login(user), "x")) == none


# disabled_factor_status and too_many_failed_codes_status


@pytest.mark.parametrize("status", ["400", "401", "403"])
def test_a_factor_that_is_off_has_one_of_three_statuses(app_with: MakeApp, status: str) -> None:
    app = app_with(disabled_factor_status=status)
    assert SWITCHES["disabled_factor_status"].values == ("400", "401", "403")
    answer = app.associate(app.mfa_token(), oob_channels=["email"])
    text = "The factor is not enabled for this tenant: email"
    assert error_of(answer) == (int(status), "unsupported_challenge_type", text)


def test_too_many_failed_codes_keep_their_text_and_headers_under_another_status(app_with: MakeApp) -> None:
    app = app_with(too_many_failed_codes_status="429")
    user = app.sandbox.add_user(factors=["otp"])
    mfa_token = app.login(user)
    answer = [app.otp(mfa_token, "x") for _ in range(11)][-1]
    text = "Too many failed codes. Wait for some minutes before retrying."
    assert error_of(answer) == (429, "too_many_attempts", text)
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert answer.headers["x-ratelimit-limit"] == "10"
    assert app.recover(mfa_token, str(user.recovery_code)).status_code == 200


def test_the_switch_is_for_failed_recovery_codes_as_well(app_with: MakeApp) -> None:
    app = app_with(too_many_failed_codes_status="429")
    mfa_token = app.login(app.sandbox.add_user(factors=["otp"]))
    answer = [app.recover(mfa_token, "x") for _ in range(11)][-1]
    assert error_of(answer)[:2] == (429, "too_many_attempts")


def test_a_switch_can_be_turned_while_the_tenant_runs(app: App) -> None:
    settings = app.sandbox.tenant.settings
    set_up(app.sandbox, switches={**settings.switches, "customizable_mfa": "on"})
    assert "mfa_requirements" in app.password().json()
    app.sandbox.tenant.settings = replace(app.sandbox.tenant.settings, switches=settings.switches)
    assert "mfa_requirements" not in app.password().json()
