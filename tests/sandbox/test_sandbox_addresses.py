"""Numbers and addresses: the pair that SMS and voice make of one number, the profile's own address, and their names."""

from dataclasses import replace
from typing import Any

import pytest

from auth0_mfa_lab.sandbox import User
from auth0_mfa_lab.sandbox.mfa.authenticators import masked
from tests.mothers import rows
from tests.sandbox.sandbox_mothers import (
    MFA_AUDIENCE,
    MFA_SCOPES,
    App,
    error_of,
    kinds,
    set_up,
    switch_off,
    switch_on,
    with_every_channel,
)

NUMBER, OTHER = "+15550123", "other@mail.example"
SPENT = 403, "invalid_grant", "Invalid oob_code."


app = pytest.fixture(with_every_channel)


def confirm(app: App, token: str, address: str | None = OTHER, channel: str = "email") -> int:
    """Enroll an address by its code; None is the profile's own."""
    begun = app.associate(token, oob_channels=[channel], phone_number=address, email=address)
    return app.bind(token, begun, address or app.sandbox.delivery.newest[0].address).status_code


def ids(app: App, token: str, kind: str) -> dict[str, str]:
    """Return the ids of a kind, by their masked names."""
    return {one["name"]: one["id"] for one in app.authenticators(token) if one["id"].startswith(f"{kind}|")}


def change(app: App, user: User, **changes: Any) -> None:
    app.sandbox.tenant.users[user.user_id] = replace(user, **changes)


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_one_number_is_a_pair_each_half_by_its_own_channel_and_both_go_together(app: App, channel: str) -> None:
    user = app.sandbox.add_user()
    assert confirm(app, app.login(user), NUMBER, channel) == 200
    mfa_token = app.login(user, audience=MFA_AUDIENCE, scope=MFA_SCOPES)
    sms, voice = ids(app, mfa_token, "sms")["XXXXX0123"], ids(app, mfa_token, "voice")["XXXXX0123"]
    assert sms.removeprefix("sms|") == voice.removeprefix("voice|")
    for half in (voice, sms):
        begun = app.challenge(mfa_token, authenticator_id=half)
        assert app.inbox()[-1].channel == half.partition("|")[0]
    access = app.bind(mfa_token, begun).json()["access_token"]
    assert confirm(app, access, "+15550177", "voice") == 200
    waiting = app.login(user)
    begun = app.challenge(waiting, authenticator_id=voice)
    assert app.delete(access, {"sms": sms, "voice": voice}[channel]).is_success
    assert [*ids(app, access, "sms"), *ids(app, access, "voice")] == ["XXXXX0177", "XXXXX0177"]
    assert error_of(app.bind(waiting, begun)) == SPENT


@pytest.mark.parametrize(("on", "other"), [("sms", "voice"), ("voice", "sms")])
def test_what_is_on_when_a_number_is_enrolled_makes_the_pair(app: App, on: str, other: str) -> None:
    both, single = app.sandbox.add_user(), app.sandbox.add_user()
    for user, types, made in ((both, ("sms", "voice"), ["sms", "voice"]), (single, (on,), [on])):
        set_up(app.sandbox, message_types=types)
        assert confirm(app, app.login(user), NUMBER, on) == 200
        assert [kind for kind in kinds(app.authenticators(app.login(user))) if kind in ("sms", "voice")] == made
    set_up(app.sandbox, message_types=("sms", "voice"))
    for user, status in ((both, 200), (single, 401)):
        assert app.challenge(app.login(user), oob_channel=other).status_code == status


def test_the_verified_address_of_the_profile_is_listed_unasked_challenged_and_kept(app: App) -> None:
    user, stranger = app.sandbox.add_user(factors=["sms"]), app.sandbox.add_user(factors=["sms"])
    mfa_token, name = app.login(user, scope="openid"), masked(user.email)
    (own,) = [one for one in app.authenticators(mfa_token) if one["id"].startswith("email|")]
    assert own.items() > {"authenticator_type": "oob", "active": True, "oob_channel": "email", "name": name}.items()
    assert len(own) == 5
    begun = app.challenge(mfa_token, authenticator_id=own["id"])
    assert app.bind(mfa_token, begun, user.email).json()["scope"] == "openid"

    app.sandbox.clock.advance(10**6)
    access = app.mfa_access(user)
    assert ids(app, access, "email") == {name: own["id"]}
    assert app.delete(access, own["id"]).status_code == 400
    assert app.delete(app.mfa_access(stranger), own["id"]).status_code == 404
    for address in (OTHER, user.email):
        assert confirm(app, access, address) == 200
        enrolled = ids(app, access, "email")[masked(address)]
        assert enrolled != own["id"]
        assert app.delete(access, enrolled).is_success
        assert ids(app, access, "email") == {name: own["id"]}
    switch_off(app.sandbox, "email")
    assert app.delete(access, own["id"]).status_code == 404


@pytest.mark.parametrize("other", ["sms", "push-notification", "otp"])
def test_it_is_listed_where_it_is_verified_and_beside_another_factor_of_the_tenant(app: App, other: str) -> None:
    user = app.sandbox.add_user()
    mfa_token = app.login(user)
    set_up(app.sandbox, factors=frozenset({"email", "recovery-code"}))
    assert app.authenticators(mfa_token) == []
    switch_on(app.sandbox, other)
    assert kinds(app.authenticators(mfa_token)) == ["email"]
    change(app, user, email_verified=False)
    assert app.authenticators(mfa_token) == []
    assert confirm(app, mfa_token, None) == 200, "proved by its code"
    assert kinds(app.authenticators(app.login(user)), active=True) == ["email", "recovery-code"]


@pytest.mark.parametrize("changes", [{"email": "new@example.com"}, {"email": ""}, {"email_verified": False}], ids=repr)
def test_a_code_to_the_profiles_address_is_void_once_that_is_not_the_users_verified_one(
    app: App, changes: dict[str, Any]
) -> None:
    for factor in ("sms", "email"):
        user = app.sandbox.add_user(factors=[factor])
        mfa_token = app.login(user)
        begun = app.challenge(mfa_token, oob_channel="email")
        change(app, user, **changes)
        if factor == "sms":  # the address was not enrolled
            assert error_of(app.bind(mfa_token, begun, user.email)) == SPENT
            change(app, user)
        assert app.bind(mfa_token, begun, user.email).is_success


def test_who_came_without_a_password_is_reached_where_they_came_from(app: App) -> None:
    by_sms = app.log_in_passwordless("+15550177").json()["mfa_token"]
    assert app.authenticators(by_sms) == []
    assert error_of(app.associate(by_sms, oob_channels=["email"]))[2] == "email must be an email address"
    assert confirm(app, by_sms) == 200
    by_email = app.log_in_passwordless(OTHER).json()["mfa_token"]
    assert app.bind(by_email, app.challenge(by_email), OTHER).is_success


MASKED = """
+44207183875044      | XXXXXXXXXXX5044
+15550123            | XXXXX0123
+123                 | +123
chuck334@example.com | chuc****@exam*******
jane@example.com     | ****@exam*******
janet@example.com    | jane*@exam*******
jane@a.example       | ****@a.ex*****
jane@host            | ****@host
anastasia-alexandria@b.example | anas****************@b.ex*****
"""


def test_a_list_shows_the_last_four_of_a_number_and_the_first_four_of_each_half_of_an_address() -> None:
    for address, shown in rows(MASKED):
        assert masked(address) == shown
