"""Email: the profile's verified address, listed unasked, and addresses that are enrolled; no factor to rely on."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from auth0_mfa_lab.sandbox import Phone, User
from auth0_mfa_lab.sandbox.mfa.authenticators import masked
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

OTHER = "other@mail.example"
ENROLLED = (403, "access_denied", "User is already enrolled.")
KEPT = (400, "invalid_request", "The email of the user's profile cannot be deleted.")


@pytest.fixture
def app() -> Iterator[App]:
    """An application of a tenant whose email factor is on."""
    box = new_sandbox()
    switch_on(box, "email")
    yield app_of(box)
    assert not box.failures, "the sandbox has a bug"


def emails(app: App, token: str) -> dict[str, str]:
    """Return the ids of the listed addresses, by their masked names."""
    return {one["name"]: one["id"] for one in app.authenticators(token) if one["id"].startswith("email|")}


def enroll(app: App, token: str, address: str | None = OTHER) -> str:
    answer = app.associate(token, oob_channels=["email"], email=address)
    assert answer.status_code == 200
    return str(answer.json()["oob_code"])


def confirm(app: App, token: str, address: str = OTHER) -> None:
    oob_code = enroll(app, token, address)
    assert app.poll(token, oob_code, binding_code=app.newest_code(address)).status_code == 200


def unverified(app: App, user: User) -> None:
    app.sandbox.tenant.users[user.user_id] = replace(user, email_verified=False)


def test_the_verified_address_of_the_profile_is_listed_unasked(app: App) -> None:
    mfa_token = app.mfa_token()
    (entry,) = app.authenticators(mfa_token)
    assert entry == {
        "id": entry["id"],
        "authenticator_type": "oob",
        "active": True,
        "oob_channel": "email",
        "name": "jane****@exam*******",
    }
    assert app.authenticators(app.mfa_token()) == [entry]
    assert app.inbox("jane.roe@example.com") == ()


def test_each_user_has_an_id_of_their_own_and_it_stays(app: App) -> None:
    one, two = app.sandbox.add_user(), app.sandbox.add_user()
    before = [emails(app, app.login(user)) for user in (one, two)]
    assert len({value for each in before for value in each.values()}) == 2
    app.sandbox.clock.advance(10**6)
    assert [emails(app, app.login(user)) for user in (one, two)] == before


def test_it_is_not_listed_where_the_factor_is_off(app: App) -> None:
    switch_off(app.sandbox, "email")
    assert app.authenticators(app.mfa_token()) == []


def test_it_is_not_listed_where_the_address_is_not_verified(app: App) -> None:
    user = app.sandbox.add_user()
    unverified(app, user)
    assert app.authenticators(app.login(user)) == []


@pytest.mark.parametrize("other", ["sms", "push-notification", "otp"])
def test_it_is_listed_beside_any_one_other_factor_of_the_tenant_and_not_without(app: App, other: str) -> None:
    set_up(app.sandbox, factors=frozenset({"email", "recovery-code"}))
    assert app.authenticators(app.mfa_token()) == []
    assert error_of(app.associate(app.mfa_token(), oob_channels=["email"]))[1] == "unsupported_challenge_type"
    switch_on(app.sandbox, other)
    assert kinds(app.authenticators(app.mfa_token())) == ["email"]


def test_who_came_by_sms_has_no_address_and_nothing_is_listed(app: App) -> None:
    mfa_token = app.log_in_passwordless("+15550177").json()["mfa_token"]
    assert app.authenticators(mfa_token) == []
    answer = app.associate(mfa_token, oob_channels=["email"])
    assert error_of(answer)[:2] == (400, "invalid_request")
    confirm(app, mfa_token)
    again = app.log_in_passwordless("+15550177").json()["mfa_token"]
    assert kinds(app.authenticators(again), active=True) == ["email", "recovery-code"]


def test_who_came_by_email_can_be_challenged_there(app: App) -> None:
    mfa_token = app.log_in_passwordless(OTHER).json()["mfa_token"]
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    assert app.inbox(OTHER)[-1].purpose == "mfa"
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code(OTHER)).status_code == 200


def test_a_challenge_by_it_sends_a_code_that_gives_the_tokens(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token = app.login(user, scope="openid")
    (email,) = emails(app, mfa_token).values()
    answer = app.challenge(mfa_token, authenticator_id=email)
    assert list(answer.json()) == ["challenge_type", "oob_code", "binding_method"]
    (message,) = app.inbox(user.email)
    assert (message.channel, message.purpose, message.link) == ("email", "mfa", None)
    assert str(message.code) in message.text
    wrong = app.poll(mfa_token, answer.json()["oob_code"], binding_code="x")
    assert error_of(wrong) == (403, "invalid_grant", "Invalid binding_code.")
    granted = app.poll(mfa_token, answer.json()["oob_code"], binding_code=str(message.code))
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid")
    assert app.inbox(user.phone_number) == ()


def test_it_is_chosen_last(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp"], phone=phone)
    assert app.challenge(app.login(user)).json() == {"challenge_type": "otp"}
    assert app.challenge(app.login(user), challenge_type="oob").json()["binding_method"] == "prompt"
    assert [message.channel for message in app.inbox(user.email)] == ["email"]


def test_the_profiles_address_cannot_be_deleted_and_an_enrolled_one_can(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    access = app.mfa_access(user)
    confirm(app, access)
    profile, enrolled = emails(app, access)[masked(user.email)], emails(app, access)[masked(OTHER)]
    assert error_of(app.delete(access, profile)) == KEPT
    assert app.delete(access, enrolled).status_code == 204
    assert list(emails(app, access).values()) == [profile]
    assert "sms" in kinds(app.authenticators(access))


def test_nobody_deletes_or_challenges_the_address_of_another(app: App) -> None:
    one, two = app.sandbox.add_user(factors=["sms"]), app.sandbox.add_user(factors=["sms"])
    (theirs,) = emails(app, app.login(two)).values()
    assert error_of(app.delete(app.mfa_access(one), theirs))[0] == 404
    assert error_of(app.challenge(app.login(one), authenticator_id=theirs))[0] == 404
    switch_off(app.sandbox, "email")
    assert error_of(app.delete(app.mfa_access(two), theirs))[0] == 404


def test_an_address_is_enrolled_by_its_code(app: App) -> None:
    mfa_token = app.mfa_token()
    answer = app.associate(mfa_token, oob_channels=["email"], email=OTHER)
    assert list(answer.json()) == ["authenticator_type", "binding_method", "recovery_codes", "oob_channel", "oob_code"]
    assert (answer.json()["oob_channel"], answer.json()["binding_method"]) == ("email", "prompt")
    assert kinds(app.authenticators(mfa_token)) == ["email", "recovery-code", "email"]
    assert kinds(app.authenticators(mfa_token), active=True) == ["email"]
    oob_code = answer.json()["oob_code"]
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code(OTHER)).status_code == 200
    assert kinds(app.authenticators(app.mfa_token()), active=True) == ["email", "recovery-code", "email"]
    assert set(emails(app, app.mfa_token())) == {"othe*@mail********", "jane****@exam*******"}


def test_without_an_address_it_is_the_profiles_and_takes_the_unasked_ones_place(app: App) -> None:
    mfa_token = app.mfa_token()
    (unasked,) = emails(app, mfa_token).values()
    oob_code = enroll(app, mfa_token, None)
    assert app.inbox("jane.roe@example.com")[-1].channel == "email"
    code = app.newest_code("jane.roe@example.com")
    assert app.poll(mfa_token, oob_code, binding_code=code).status_code == 200
    (enrolled,) = emails(app, app.mfa_token()).values()
    assert enrolled != unasked


def test_once_it_is_deleted_the_unasked_one_is_back(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    access = app.mfa_access(user)
    (unasked,) = emails(app, access).values()
    confirm(app, access, user.email)
    (enrolled,) = emails(app, access).values()
    assert app.delete(access, enrolled).status_code == 204
    assert list(emails(app, access).values()) == [unasked]


def test_an_address_that_is_not_verified_is_proved_by_its_code(app: App) -> None:
    user = app.sandbox.add_user()
    unverified(app, user)
    mfa_token = app.login(user)
    oob_code = enroll(app, mfa_token, None)
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code(user.email)).status_code == 200
    assert kinds(app.authenticators(app.login(user)), active=True) == ["email", "recovery-code"]


@pytest.mark.parametrize(
    "address", ["nobody", "@", "a@", "@b.example", "a b@c.example", "a@b@c.example", "a@b.example\n"]
)
def test_what_is_no_address_is_refused_and_nothing_is_sent(app: App, address: str) -> None:
    mfa_token = app.mfa_token()
    answer = app.associate(mfa_token, oob_channels=["email"], email=address)
    assert error_of(answer)[:2] == (400, "invalid_request")
    assert kinds(app.authenticators(mfa_token)) == ["email"]
    assert app.inbox(address) == ()


def test_email_is_no_factor_so_the_first_one_may_still_be_enrolled_with_the_mfa_token(app: App) -> None:
    user = app.sandbox.add_user()
    mfa_token = app.login(user)
    confirm(app, mfa_token)
    again = app.login(user)
    assert app.associate_otp(again).status_code == 200
    oob_code = app.associate_sms(again).json()["oob_code"]
    assert app.poll(again, oob_code, binding_code=app.newest_code()).status_code == 200
    third = app.login(user)
    assert error_of(app.associate_otp(third)) == ENROLLED
    assert error_of(app.associate(third, oob_channels=["email"], email=OTHER)) == ENROLLED


def test_an_enrollment_that_an_email_login_left_open_can_be_confirmed_until_there_is_a_factor(app: App) -> None:
    user = app.sandbox.add_user()
    early, later = app.login(user), app.login(user)
    oob_code = app.associate_sms(early).json()["oob_code"]
    confirm(app, later)
    assert app.poll(early, oob_code, binding_code=app.newest_code()).status_code == 200


@pytest.mark.parametrize(("factors", "status"), [([], 200), (["email"], 200), (["sms"], 403), (["email", "otp"], 403)])
def test_the_mfa_audience_forces_no_second_factor_of_who_has_email_alone(
    app: App, factors: list[str], status: int
) -> None:
    set_up(app.sandbox, policy="never")
    user = app.sandbox.add_user(factors=factors)
    named = {"username": user.username, "password": user.password}
    assert app.password(**named, audience=MFA_AUDIENCE, scope=MFA_SCOPES).status_code == status
    assert app.password(**named).status_code == 200


def test_an_open_code_ends_with_its_enrollment(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    access = app.mfa_access(user)
    confirm(app, access)
    mfa_token = app.login(user)
    enrolled = emails(app, access)[masked(OTHER)]
    oob_code = app.challenge(mfa_token, authenticator_id=enrolled).json()["oob_code"]
    assert app.delete(access, enrolled).status_code == 204
    assert error_of(app.poll(mfa_token, oob_code, binding_code=app.newest_code(OTHER)))[2] == "Invalid oob_code."


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("chuck334@example.com", "chuc****@exam*******"),
        ("jane@example.com", "****@exam*******"),
        ("a@example.com", "****@exam*******"),
        ("janet@example.com", "jane*@exam*******"),
        ("jane@a.example", "****@a.ex*****"),
        ("jane@host", "****@host"),
        ("x" * 20 + "@b.example", "xxxx" + "*" * 16 + "@b.ex*****"),
    ],
)
def test_an_address_is_listed_by_the_first_four_of_each_part(address: str, shown: str) -> None:
    assert masked(address) == shown
