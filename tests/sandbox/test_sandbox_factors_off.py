"""A factor that is off: no enrollment, no challenge, no code; what was enrolled stays listed, what was sent is void."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.sandbox.sandbox_mothers import (
    MFA_AUDIENCE,
    App,
    error_of,
    kinds,
    pushed,
    scan,
    set_up,
    switch_off,
    switch_on,
)

EVERY = ("sms", "push-notification", "otp", "email", "recovery-code")
NOT_ENROLLED = (
    401,
    "unsupported_challenge_type",
    "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
)
INVALID = (403, "invalid_grant", "Invalid oob_code.")
ENROLLED = (403, "access_denied", "User is already enrolled.")


def no_otp(types: str = "otp") -> tuple[int, str, str]:
    text = f"User does not have any enrolled authenticator with the supported challenge type ({types})"
    return 401, "unsupported_challenge_type", text


def associate(app: App, mfa_token: str, factor: str) -> httpx.Response:
    calls: dict[str, Callable[[], httpx.Response]] = {
        "push": lambda: app.associate(mfa_token),
        "otp": lambda: app.associate_otp(mfa_token),
        "sms": lambda: app.associate_sms(mfa_token),
        "voice": lambda: app.associate(mfa_token, oob_channels=["voice"], phone_number="+15550123"),
        "email": lambda: app.associate(mfa_token, oob_channels=["email"], email="other@example.com"),
    }
    return calls[factor]()


SETTINGS = {"push": "push-notification", "otp": "otp", "sms": "sms", "voice": "sms", "email": "email"}
NAMED = {"push": "auth0", "otp": "otp", "sms": "sms", "voice": "voice", "email": "email"}


def everything_on(app: App) -> None:
    switch_on(app.sandbox, *EVERY)
    set_up(app.sandbox, message_types=("sms", "voice"))


@pytest.mark.parametrize("factor", SETTINGS)
def test_what_is_off_cannot_be_enrolled_nothing_is_listed_and_nothing_is_sent(app: App, factor: str) -> None:
    everything_on(app)
    user = app.sandbox.add_user()
    assert associate(app, app.login(user), factor).status_code == 200
    switch_off(app.sandbox, SETTINGS[factor])
    other = app.sandbox.add_user()
    mfa_token, before = app.login(other), len(app.inbox()) + len(app.inbox("other@example.com"))
    text = f"The factor is not enabled for this tenant: {NAMED[factor]}"
    assert error_of(associate(app, mfa_token, factor)) == (400, "unsupported_challenge_type", text)
    assert [kind for kind in kinds(app.authenticators(mfa_token)) if kind != "email"] == []
    assert len(app.inbox()) + len(app.inbox("other@example.com")) == before
    assert all(row["left"] == row["burst"] for row in app.sandbox.limits(other.user_id))
    for rest in SETTINGS:
        if SETTINGS[rest] != SETTINGS[factor]:
            assert associate(app, mfa_token, rest).status_code == 200


@pytest.mark.parametrize("factor", SETTINGS)
def test_an_mfa_access_token_enrolls_nothing_that_is_off_either(app: App, factor: str) -> None:
    everything_on(app)
    set_up(app.sandbox, policy="never")
    user = app.sandbox.add_user()
    named = {"username": user.username, "password": user.password}
    access = app.password(**named, audience=MFA_AUDIENCE, scope="enroll").json()["access_token"]
    switch_off(app.sandbox, SETTINGS[factor])
    assert error_of(associate(app, access, factor))[:2] == (400, "unsupported_challenge_type")


@pytest.mark.parametrize("factor", ["push", "otp", "sms"])
def test_what_is_off_is_not_challenged_and_stays_listed(app: App, phone: Phone, factor: str) -> None:
    user = app.sandbox.add_user(factors=[factor], phone=phone)
    mfa_token = app.login(user)
    listed = app.authenticators(mfa_token)
    # The codes of a Guardian app belong to both factors.
    switch_off(app.sandbox, SETTINGS[factor], *(["otp"] if factor == "push" else []))
    assert app.authenticators(mfa_token) == listed
    for one in listed:
        if one["authenticator_type"] != "recovery-code":
            assert error_of(app.challenge(mfa_token, authenticator_id=one["id"])) == no_otp("oob otp")
    assert error_of(app.challenge(mfa_token)) == no_otp("oob otp")
    assert phone.notifications == ()
    assert app.inbox(user.phone_number) == ()
    switch_on(app.sandbox, SETTINGS[factor])
    assert app.challenge(mfa_token).status_code == 200


def test_an_app_whose_factor_is_off_has_no_code_to_give(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp", "sms"], phone=phone)
    mfa_token = app.login(user)
    switch_off(app.sandbox, "otp")
    assert error_of(app.otp(mfa_token, phone.code())) == no_otp()
    assert {row["left"] for row in app.sandbox.limits(user.user_id) if row["name"] == "failed_otp_codes"} == {10}
    switch_on(app.sandbox, "otp")
    assert app.otp(mfa_token, phone.code()).status_code == 200


@pytest.mark.parametrize(("off", "opens"), [(["push-notification"], True), (["otp"], True), (EVERY[1:3], False)])
def test_the_codes_of_a_guardian_app_open_while_either_of_its_factors_is_on(
    app: App, phone: Phone, off: list[str], opens: bool
) -> None:
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    switch_off(app.sandbox, *off)
    answer = app.otp(app.login(user), phone.code())
    assert answer.status_code == (200 if opens else 401)


def test_the_recovery_code_still_opens_where_the_only_factor_is_off(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    switch_off(app.sandbox, "sms")
    assert app.recover(app.login(user), str(user.recovery_code)).status_code == 200


def test_without_the_recovery_factor_there_is_no_code_and_with_it_the_old_one_opens_again(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    switch_off(app.sandbox, "recovery-code")
    mfa_token = app.login(user)
    none = (403, "unsupported_challenge_type", "User does not have a recovery-code.")
    assert error_of(app.recover(mfa_token, str(user.recovery_code))) == none
    assert error_of(app.recover(mfa_token, "x")) == none
    assert {row["left"] for row in app.sandbox.limits(user.user_id)} >= {10}
    assert all(row["left"] == row["burst"] for row in app.sandbox.limits(user.user_id))
    switch_on(app.sandbox, "recovery-code")
    assert app.recover(mfa_token, str(user.recovery_code)).status_code == 200


def test_who_was_enrolled_without_it_gets_a_recovery_code_with_the_next_association(app: App) -> None:
    switch_off(app.sandbox, "recovery-code")
    user = app.sandbox.add_user(factors=["sms"])
    assert user.recovery_code is None
    switch_on(app.sandbox, "recovery-code")
    access = app.mfa_access(user)
    (code,) = app.associate_otp(access).json()["recovery_codes"]
    assert error_of(app.recover(app.login(user), code))[2] == "User does not have a recovery-code."


def test_who_has_only_what_is_off_counts_as_not_enrolled(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    assert error_of(app.associate_otp(app.login(user))) == ENROLLED
    switch_off(app.sandbox, "sms")
    mfa_token = app.login(user)
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    assert app.otp(mfa_token, phone.code()).status_code == 200
    switch_on(app.sandbox, "sms")
    assert error_of(app.associate_otp(app.login(user))) == ENROLLED


def test_who_has_only_what_is_off_is_not_forced_by_the_mfa_audience(app: App) -> None:
    set_up(app.sandbox, policy="never")
    user = app.sandbox.add_user(factors=["sms"])
    named = {"username": user.username, "password": user.password, "audience": MFA_AUDIENCE}
    assert app.password(**named).status_code == 403
    switch_off(app.sandbox, "sms")
    assert app.password(**named).status_code == 200


def test_where_every_factor_is_off_nobody_enrolls_and_nobody_gets_in(app: App, phone: Phone) -> None:
    user: User = app.sandbox.add_user(factors=["push", "otp", "sms"], phone=phone)
    switch_off(app.sandbox, *EVERY)
    assert app.password().json()["error"] == "mfa_required"
    for mfa_token in (app.mfa_token(), app.login(user)):
        for factor in SETTINGS:
            assert error_of(associate(app, mfa_token, factor))[1] == "unsupported_challenge_type"
        assert app.challenge(mfa_token).status_code == 401
        assert app.otp(mfa_token, phone.code()).status_code == 401
        assert app.recover(mfa_token, str(user.recovery_code)).status_code == 403
    assert error_of(app.challenge(app.mfa_token())) == NOT_ENROLLED


def test_a_push_that_was_sent_before_is_void_while_its_factor_is_off(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    switch_off(app.sandbox, "push-notification")
    assert error_of(login.poll()) == INVALID
    assert login.answer(login.sign(login.claims())).status_code == 404
    switch_on(app.sandbox, "push-notification")
    assert error_of(login.poll())[1] == "authorization_pending"


def test_a_push_that_was_allowed_gives_no_tokens_once_its_factor_is_off(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    phone.allow()
    switch_off(app.sandbox, "push-notification")
    assert error_of(login.poll()) == INVALID


@pytest.mark.parametrize(
    ("channel", "off"),
    [
        *(("sms", {"factors": frozenset({"otp"})}), ("sms", {"message_types": ("voice",)})),
        *(("voice", {"factors": frozenset({"otp"})}), ("voice", {"message_types": ("sms",)})),
        *(("email", {"factors": frozenset({"otp"})}), ("email", {"factors": frozenset({"email"})})),
    ],
)
def test_a_code_that_was_sent_before_is_void_while_its_factor_is_off(
    app: App, channel: str, off: dict[str, Any]
) -> None:
    everything_on(app)
    user = app.sandbox.add_user(factors=["sms", "email"])
    address = user.email if channel == "email" else user.phone_number
    begun = {}
    for purpose in ("login", "enroll"):
        token = app.login(user) if purpose == "login" else app.mfa_access(user)
        answer = app.challenge(token, oob_channel=channel) if purpose == "login" else associate(app, token, channel)
        number = address if purpose == "login" else "other@example.com" if channel == "email" else "+15550123"
        begun[purpose] = (token, answer.json()["oob_code"], app.newest_code(number))
    before = app.sandbox.tenant.settings
    set_up(app.sandbox, **off)
    for token, oob_code, code in begun.values():
        assert error_of(app.poll(token, oob_code, binding_code=code)) == INVALID
    app.sandbox.tenant.settings = before
    for token, oob_code, code in begun.values():
        assert app.poll(token, oob_code, binding_code=code).status_code == 200


def changed(app: App, user: User, **changes: Any) -> None:
    app.sandbox.tenant.users[user.user_id] = replace(user, **changes)


@pytest.mark.parametrize(
    "changes", [{"email": "new@example.com"}, {"email": ""}, {"email_verified": False}], ids=["new", "none", "unproved"]
)
def test_a_code_to_the_profiles_address_is_void_once_that_is_not_the_users_verified_one(
    app: App, changes: dict[str, Any]
) -> None:
    everything_on(app)
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token, oob_channel="email").json()["oob_code"]
    code = app.newest_code(user.email)
    changed(app, user, **changes)
    assert error_of(app.poll(mfa_token, oob_code, binding_code=code)) == INVALID
    changed(app, user)
    assert app.poll(mfa_token, oob_code, binding_code=code).status_code == 200


def test_a_code_to_an_enrolled_address_is_good_whatever_the_profile_says(app: App) -> None:
    everything_on(app)
    user = app.sandbox.add_user(factors=["email"])
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token, oob_channel="email").json()["oob_code"]
    code = app.newest_code(user.email)
    changed(app, user, email="new@example.com", email_verified=False)
    assert app.poll(mfa_token, oob_code, binding_code=code).status_code == 200


def test_a_ticket_cannot_be_scanned_while_its_factor_is_off(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    barcode = app.associate(mfa_token).json()
    switch_off(app.sandbox, "push-notification")
    assert scan(phone, barcode["barcode_uri"]).status_code == 404
    assert error_of(app.poll(mfa_token, barcode["oob_code"])) == INVALID
    assert kinds(app.authenticators(mfa_token), active=True) == []
    switch_on(app.sandbox, "push-notification")
    assert scan(phone, barcode["barcode_uri"]).is_success
    assert app.poll(mfa_token, barcode["oob_code"]).status_code == 200


def test_an_app_that_was_begun_before_is_not_confirmed_while_its_factor_is_off(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    switch_off(app.sandbox, "otp")
    assert error_of(app.otp(mfa_token, phone.code())) == NOT_ENROLLED
    assert kinds(app.authenticators(mfa_token), active=True) == []
    assert {
        row["left"] for row in app.sandbox.limits(app.sandbox.defaults.user_id) if row["name"] == "failed_otp_codes"
    } == {10}
    switch_on(app.sandbox, "otp")
    assert app.otp(mfa_token, phone.code()).status_code == 200


def test_a_user_is_prepared_with_factors_that_are_off(app: App, phone: Phone) -> None:
    switch_off(app.sandbox, *EVERY)
    user = app.sandbox.add_user(factors=["push", "otp", "sms", "voice", "email"], phone=phone)
    listed = app.authenticators(app.login(user))
    assert kinds(listed, active=True) == ["push", "totp", "totp", "sms", "voice", "email"]


@pytest.mark.parametrize("name", ["duo", "webauthn-roaming", "webauthn-platform"])
def test_a_factor_that_this_api_lacks_changes_nothing(app: App, name: str) -> None:
    switch_off(app.sandbox, *EVERY)
    switch_on(app.sandbox, name)
    assert error_of(associate(app, app.mfa_token(), "otp"))[1] == "unsupported_challenge_type"
    assert app.authenticators(app.mfa_token()) == []
