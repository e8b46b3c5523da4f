"""The cap of 51 authenticators, unconfirmed ones included, and the day after which those are gone."""

import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.sandbox.management_mothers import Admin, admin_of, four_keys, methods_path, users_path
from tests.sandbox.sandbox_mothers import App, error_of, kinds, scan, set_up, switch_off, switch_on

TOO_MANY = (400, "The user has too many authentication methods", "invalid_body")
FULL = (400, "invalid_request", "User has created the maximum amount of authenticators")
DAY = 86_400


def full(app: App, mfa_token: str) -> None:
    """Fill a newcomer's list to the brim: one recovery code, and fifty apps that nobody confirmed."""
    for _ in range(50):
        assert app.associate_otp(mfa_token).status_code == 200


def test_fifty_apps_and_a_recovery_code_are_all_that_fit_confirmed_or_not(app: App) -> None:
    mfa_token = app.mfa_token()
    full(app, mfa_token)
    listed = app.authenticators(mfa_token)
    assert (len(listed), kinds(listed, active=True)) == (51, [])
    for answer in (app.associate_otp(mfa_token), app.associate_sms(mfa_token), app.associate(mfa_token)):
        assert error_of(answer) == FULL
    assert app.authenticators(mfa_token) == listed
    assert app.inbox() == ()
    (sms,) = [row for row in app.sandbox.limits(app.sandbox.defaults.user_id) if row["name"] == "sms"]
    assert sms["left"] == 10


def test_it_is_the_same_in_another_login_of_the_user_and_another_user_has_room(app: App) -> None:
    full(app, app.mfa_token())
    assert error_of(app.associate_otp(app.mfa_token())) == FULL
    assert app.associate_otp(app.login(app.sandbox.add_user())).status_code == 200


def test_a_push_counts_as_two(app: App) -> None:
    mfa_token = app.mfa_token()
    for _ in range(25):
        assert app.associate(mfa_token).status_code == 200
    assert len(app.authenticators(mfa_token)) == 51
    assert error_of(app.associate(mfa_token)) == FULL


def test_a_number_by_sms_and_by_voice_counts_as_two(app: App) -> None:
    set_up(app.sandbox, message_types=("sms", "voice"))
    mfa_token = app.mfa_token()
    for times in range(25):
        # Ten SMS and ten calls are all that one may be sent at once; a push counts as two, too.
        channel = "sms" if times < 10 else "voice" if times < 20 else "auth0"
        answer = app.associate(mfa_token, oob_channels=[channel], phone_number="+15550123")
        assert answer.status_code == 200
    assert len(app.authenticators(mfa_token)) == 51
    assert error_of(app.associate_otp(mfa_token)) == FULL


@pytest.mark.parametrize("at", [49, 50])
def test_no_enrollment_of_two_leaves_the_list_longer_than_the_most(app: App, at: int) -> None:
    mfa_token = app.mfa_token()
    for _ in range(at - 1):
        app.associate_otp(mfa_token)
    assert len(app.authenticators(mfa_token)) == at
    app.associate(mfa_token)
    assert len(app.authenticators(mfa_token)) <= 51


def test_a_full_list_can_still_be_confirmed(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    for _ in range(48):
        app.associate_otp(mfa_token)
    barcode = app.associate(mfa_token).json()["barcode_uri"]
    assert error_of(app.associate_otp(mfa_token)) == FULL
    assert scan(phone, barcode).is_success
    assert kinds(app.authenticators(mfa_token), active=True) == ["recovery-code", "push", "totp"]


def test_who_has_a_factor_is_told_that_and_not_that_the_list_is_full(app: App) -> None:
    mfa_token = app.mfa_token()
    full(app, mfa_token)
    tenant, user_id = app.sandbox.tenant, app.sandbox.defaults.user_id
    (first, *_) = tenant.authenticators.of(user_id)
    tenant.confirm(user_id, first.id)
    assert error_of(app.associate_otp(mfa_token)) == (403, "access_denied", "User is already enrolled.")


def test_what_nobody_confirmed_is_gone_after_a_day_and_not_a_second_earlier(app: App) -> None:
    full(app, app.mfa_token())
    app.sandbox.clock.advance(DAY - 1)
    mfa_token = app.mfa_token()
    assert len(app.authenticators(mfa_token)) == 51
    assert error_of(app.associate_otp(mfa_token)) == FULL
    app.sandbox.clock.advance(1)
    assert app.authenticators(mfa_token) == []
    answer = app.associate_otp(mfa_token)
    assert answer.status_code == 200
    assert len(answer.json()["recovery_codes"]) == 1


def test_room_is_made_by_asking_too_without_a_look_at_the_list(app: App) -> None:
    full(app, app.mfa_token())
    app.sandbox.clock.advance(DAY)
    assert app.associate_otp(app.mfa_token()).status_code == 200


def test_a_token_that_saw_a_full_list_finds_room_once_the_day_is_over(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    access = app.mfa_access(user)
    for _ in range(49):
        assert app.associate_otp(access).status_code == 200
    app.sandbox.clock.advance(DAY - 60)
    access = app.mfa_access(user)
    assert error_of(app.associate_otp(access)) == FULL
    app.sandbox.clock.advance(60)
    assert app.associate_otp(access).status_code == 200


def test_each_goes_after_its_own_day(app: App) -> None:
    app.associate_otp(app.mfa_token())
    app.sandbox.clock.advance(DAY / 2)
    app.associate(app.mfa_token())
    app.sandbox.clock.advance(DAY / 2)
    assert kinds(app.authenticators(app.mfa_token())) == ["recovery-code", "push", "totp"]
    app.sandbox.clock.advance(DAY / 2)
    assert app.authenticators(app.mfa_token()) == []


def test_what_is_confirmed_stays_with_its_recovery_code(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    before = app.authenticators(app.login(user))
    app.sandbox.clock.advance(40 * DAY)
    mfa_token = app.login(user)
    assert app.authenticators(mfa_token) == before
    assert app.recover(mfa_token, str(user.recovery_code)).status_code == 200
    oob_code = app.challenge(later := app.login(user)).json()["oob_code"]
    phone.allow()
    assert app.poll(later, oob_code).status_code == 200


def test_a_confirmed_half_keeps_its_pair(app: App) -> None:
    set_up(app.sandbox, message_types=("sms", "voice"))
    mfa_token = app.mfa_token()
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code()).status_code == 200
    app.sandbox.clock.advance(2 * DAY)
    assert kinds(app.authenticators(app.mfa_token()), active=True) == ["sms", "voice", "recovery-code"]


def listed(app: App, user: User) -> int:
    return len(app.sandbox.tenant.authenticators.of(user.user_id))


def with_methods(app: App, admin: Admin, count: int) -> User:
    """Return a user who has so many addresses, made by an administrator, and no recovery code."""
    user = app.sandbox.add_user()
    for number in range(count):
        body = {"type": "email", "email": f"{number}@example.com"}
        assert admin("POST", methods_path(user), body).status_code == 201
    assert listed(app, user) == count
    return user


def test_a_phone_of_two_kinds_that_an_administrator_makes_counts_as_two(app: App) -> None:
    admin = admin_of(app)
    set_up(app.sandbox, message_types=("sms", "voice"))
    user, other = with_methods(app, admin, 50), with_methods(app, admin, 49)
    body = {"type": "phone", "phone_number": "+15550123"}
    assert four_keys(admin("POST", methods_path(user), body)) == TOO_MANY
    assert listed(app, user) == 50
    assert admin("POST", methods_path(other), body).status_code == 201
    assert listed(app, other) == 51
    set_up(app.sandbox, message_types=("sms",))
    assert admin("POST", methods_path(user), body).status_code == 201
    assert four_keys(admin("POST", methods_path(user), body)) == TOO_MANY


@pytest.mark.parametrize(
    ("message_types", "most"), [(("sms",), 51), (("sms", "voice"), 25), (("voice",), 25), ((), 51)]
)
def test_a_replacement_counts_a_phone_as_what_it_will_be(app: App, message_types: tuple[str, ...], most: int) -> None:
    admin, user = admin_of(app), app.sandbox.add_user(factors=["otp"])
    set_up(app.sandbox, message_types=message_types)
    phones = [{"type": "phone", "phone_number": f"+155501{number:02d}"} for number in range(most + 1)]
    before = app.sandbox.tenant.authenticators.of(user.user_id)
    assert four_keys(admin("PUT", methods_path(user), phones)) == TOO_MANY
    assert app.sandbox.tenant.authenticators.of(user.user_id) == before
    assert admin("PUT", methods_path(user), phones[:-1]).status_code == 200
    assert listed(app, user) in (50, 51)


def test_a_regenerated_recovery_code_needs_room_unless_there_was_one(app: App) -> None:
    admin = admin_of(app)
    user, other = with_methods(app, admin, 51), with_methods(app, admin, 50)
    code = "/recovery-code-regeneration"
    assert four_keys(admin("POST", users_path(user, code))) == TOO_MANY
    assert listed(app, user) == 51
    for _ in range(2):
        assert admin("POST", users_path(other, code)).status_code == 200
        assert listed(app, other) == 51


def test_what_nobody_confirmed_makes_room_for_a_regenerated_code_after_its_day(app: App) -> None:
    switch_off(app.sandbox, "recovery-code")
    mfa_token, user_id = app.mfa_token(), app.sandbox.defaults.user_id
    for _ in range(51):
        assert app.associate_otp(mfa_token).status_code == 200
    path = f"/users/{user_id.replace('|', '%7C')}/recovery-code-regeneration"
    assert four_keys(admin_of(app)("POST", path)) == TOO_MANY
    app.sandbox.clock.advance(DAY)
    assert admin_of(app)("POST", path).status_code == 200


@pytest.mark.parametrize("channel", ["otp", "sms", "auth0"])
def test_the_recovery_code_that_comes_along_needs_room_as_well(app: App, channel: str) -> None:
    switch_off(app.sandbox, "recovery-code")
    mfa_token, user = app.mfa_token(), app.sandbox.tenant.users[app.sandbox.defaults.user_id]
    room = 3 if channel == "auth0" else 2
    for _ in range(51 - room + 1):
        assert app.associate_otp(mfa_token).status_code == 200
    switch_on(app.sandbox, "recovery-code")
    begin = {"otp": app.associate_otp, "sms": app.associate_sms, "auth0": app.associate}[channel]
    assert error_of(begin(mfa_token)) == FULL
    assert listed(app, user) == 51 - room + 1
    switch_off(app.sandbox, "recovery-code")
    assert begin(mfa_token).status_code == 200
    assert listed(app, user) == 51
