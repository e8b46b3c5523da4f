"""The cap of 51 authenticators, unconfirmed ones included, and the day after which those are gone."""

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone
from tests.mothers import rows
from tests.sandbox.management_mothers import admin_of, four_keys, methods_path, users_path
from tests.sandbox.sandbox_mothers import App, error_of, kinds, scan, set_up, switch_off, switch_on

TOO_MANY = 400, "The user has too many authentication methods", "invalid_body"
FULL = 400, "invalid_request", "User has created the maximum amount of authenticators"
DAY = 86_400


def fill(app: App, mfa_token: str, *, room: int = 0) -> None:
    """Fill a newcomer's list with their recovery code and apps that nobody confirmed."""
    for _ in range(50 - room):
        assert app.associate_otp(mfa_token).status_code == 200


def enroll(app: App, token: str, channel: str) -> httpx.Response:
    if channel == "otp":
        return app.associate_otp(token)
    return app.associate(token, oob_channels=[channel], phone_number="+15550123")


def size(app: App, user_id: str) -> int:
    return len(app.sandbox.tenant.authenticators.of(user_id))


# What is enrolled, the message types, with a recovery code that comes along or without; how many that is.
SIZES = """
otp   | sms       |     | 1
sms   | sms       |     | 1
auth0 | sms       |     | 2
sms   | sms voice |     | 2
voice | sms voice |     | 2
otp   | sms       | yes | 2
sms   | sms       | yes | 2
auth0 | sms       | yes | 3
"""


@pytest.mark.parametrize(("channel", "types", "along", "count"), rows(SIZES))
def test_a_push_counts_as_two_a_pair_too_and_the_recovery_code_as_one(
    app: App, phone: Phone, channel: str, types: str, along: str, count: str
) -> None:
    set_up(app.sandbox, message_types=tuple(types.split()))
    most = int(count)
    for room in (most - 1, most):
        user = app.sandbox.add_user()
        mfa_token = app.login(user)
        switch_off(app.sandbox, "recovery-code")
        fill(app, mfa_token, room=room - 1)
        if along:
            switch_on(app.sandbox, "recovery-code")
        begun = enroll(app, mfa_token, channel)
        assert begun.is_success if room == most else error_of(begun) == FULL
        assert size(app, user.user_id) == (51 if room == most else 51 - room)
    if channel == "auth0":
        assert scan(phone, begun.json()["barcode_uri"]).is_success, "a full list can still be confirmed"


def test_what_nobody_confirmed_is_gone_after_its_own_day_and_not_a_second_earlier(app: App) -> None:
    fill(app, app.mfa_token(), room=2)
    app.sandbox.clock.advance(DAY / 2)
    app.associate(app.mfa_token())
    app.sandbox.clock.advance(DAY / 2 - 1)
    mfa_token = app.mfa_token()
    assert error_of(app.associate_otp(mfa_token)) == FULL
    app.sandbox.clock.advance(1)
    # Room is made by asking too, without a look at the list.
    assert "recovery_codes" not in app.associate_otp(mfa_token).json()
    assert kinds(app.authenticators(mfa_token)) == ["recovery-code", "push", "totp", "totp"]
    app.sandbox.clock.advance(DAY)
    mfa_token = app.mfa_token()
    assert app.authenticators(mfa_token) == []
    assert len(app.associate_otp(mfa_token).json()["recovery_codes"]) == 1


def test_what_is_confirmed_stays_with_its_other_half_and_its_recovery_code(app: App, phone: Phone) -> None:
    set_up(app.sandbox, message_types=("sms", "voice"))
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    before = app.authenticators(app.login(user))
    assert sorted(kinds(before)) == ["push", "recovery-code", "sms", "totp", "voice"]
    app.associate_otp(app.mfa_access(user))
    app.sandbox.clock.advance(40 * DAY)
    assert app.authenticators(app.login(user)) == before
    assert app.recover(app.login(user), str(user.recovery_code)).status_code == 200


def test_what_an_administrator_adds_counts_alike(app: App) -> None:
    admin, users = admin_of(app), [app.sandbox.add_user() for _ in range(3)]
    for user, count in zip(users, (49, 50, 51), strict=True):
        emails = [{"type": "email", "email": f"{number}@example.com"} for number in range(count)]
        assert admin("PUT", methods_path(user), emails).status_code == 200
    roomy, one_left, full = users
    phone, code = {"type": "phone", "phone_number": "+15550123"}, "/recovery-code-regeneration"
    set_up(app.sandbox, message_types=("sms", "voice"))
    assert four_keys(admin("POST", methods_path(one_left), phone)) == TOO_MANY
    assert admin("POST", methods_path(roomy), phone).status_code == 201
    assert four_keys(admin("POST", users_path(full, code))) == TOO_MANY
    for _ in range(2):
        assert admin("POST", users_path(one_left, code)).status_code == 200
    assert [size(app, user.user_id) for user in users] == [51, 51, 51]
    # What nobody confirmed makes room after its day.
    switch_off(app.sandbox, "recovery-code")
    waiting = app.sandbox.add_user()
    fill(app, app.login(waiting), room=-1)
    assert four_keys(admin("POST", users_path(waiting, code))) == TOO_MANY
    app.sandbox.clock.advance(DAY)
    assert admin_of(app)("POST", users_path(waiting, code)).status_code == 200


@pytest.mark.parametrize(("types", "most"), [("sms", 51), ("sms voice", 25), ("voice", 25), ("", 51)])
def test_a_replacement_counts_a_phone_as_what_it_will_be(app: App, types: str, most: int) -> None:
    admin, user = admin_of(app), app.sandbox.add_user(factors=["otp"])
    set_up(app.sandbox, message_types=tuple(types.split()))
    phones = [{"type": "phone", "phone_number": f"+155501{number:02d}"} for number in range(most + 1)]
    before = app.sandbox.tenant.authenticators.of(user.user_id)
    assert four_keys(admin("PUT", methods_path(user), phones)) == TOO_MANY
    assert app.sandbox.tenant.authenticators.of(user.user_id) == before
    assert admin("PUT", methods_path(user), phones[:-1]).status_code == 200
    assert size(app, user.user_id) in (50, 51)
    # Of two refusals, that a factor is enrolled comes first.
    assert app.associate_otp(app.login(user)).status_code == (403 if types else 400)
