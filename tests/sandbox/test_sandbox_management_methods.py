"""`/users/{id}/authentication-methods`: what an administrator makes can be challenged at once, and is masked."""

from typing import Any

import pyotp
import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.sandbox.management_mothers import Admin, admin_of, four_keys, methods_path
from tests.sandbox.sandbox_mothers import App, kinds

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
PHONE = {"type": "phone", "phone_number": "+15550123"}
EMAIL = {"type": "email", "email": "chuck334@example.com"}
TOTP = {"type": "totp", "totp_secret": SECRET}
MASKED = {"phone_number": "XXXXX0123", "email": "chuc****@exam*******"}


@pytest.fixture
def admin(app: App) -> Admin:
    return admin_of(app)


@pytest.fixture
def user(app: App) -> User:
    return app.sandbox.add_user()


def made(admin: Admin, user: User, body: object) -> dict[str, Any]:
    answer = admin("POST", methods_path(user), body)
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    return item


def types(admin: Admin, user: User) -> list[str]:
    return [one["type"] for one in admin.get(methods_path(user))]


def test_a_phone_that_was_made_gets_a_code_at_the_next_login(app: App, admin: Admin, user: User) -> None:
    item = made(admin, user, {**PHONE, "name": "work"})
    device_id = item["id"].removeprefix("phone|")
    assert item["authentication_methods"] == [{"id": f"sms|{device_id}", "type": "sms"}]
    assert (item["name"], item["phone_number"]) == ("work", MASKED["phone_number"])
    mfa_token = app.login(user)
    assert [(one["id"], one["active"], one["name"]) for one in app.authenticators(mfa_token)] == [
        (f"sms|{device_id}", True, "XXXXX0123")
    ]
    oob_code = app.challenge(mfa_token, authenticator_id=f"sms|{device_id}").json()["oob_code"]
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code()).status_code == 200


def test_where_voice_is_on_a_phone_is_two_authenticators_and_one_method(app: App, admin: Admin, user: User) -> None:
    admin("PUT", "/guardian/factors/phone/message-types", {"message_types": ["sms", "voice"]})
    item = made(admin, user, {**PHONE, "preferred_authentication_method": "voice"})
    assert item["preferred_authentication_method"] == "voice"
    assert [one["type"] for one in item["authentication_methods"]] == ["sms", "voice"]
    assert kinds(app.authenticators(app.login(user)), active=True) == ["sms", "voice"]
    assert types(admin, user) == ["phone"]
    voice = item["authentication_methods"][1]["id"]
    assert app.challenge(app.login(user), authenticator_id=voice).status_code == 200
    assert admin("DELETE", methods_path(user, item["id"])).status_code == 204
    assert app.authenticators(app.login(user)) == []


def test_an_authenticator_app_that_was_made_gives_the_codes_of_its_secret(app: App, admin: Admin, user: User) -> None:
    item = made(admin, user, TOTP)
    assert item["totp_secret"] == SECRET
    code = pyotp.TOTP(SECRET).at(int(app.sandbox.clock.now()))
    assert app.otp(app.login(user), code).status_code == 200
    assert SECRET not in admin("GET", methods_path(user)).text


def test_an_email_that_was_made_gets_a_code(app: App, admin: Admin) -> None:
    admin("PUT", "/guardian/factors/email", {"enabled": True})
    user = app.sandbox.add_user(factors=["sms"])
    item = made(admin, user, EMAIL)
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token, authenticator_id=item["id"]).json()["oob_code"]
    code = app.newest_code("chuck334@example.com")
    assert app.poll(mfa_token, oob_code, binding_code=code).status_code == 200


def test_the_answer_to_a_new_method_has_no_confirmed_and_masks_the_email(admin: Admin, user: User) -> None:
    item = made(admin, user, EMAIL)
    assert "confirmed" not in item
    assert item["email"] == MASKED["email"]
    assert admin.get(methods_path(user, item["id"])) == {**item, "confirmed": True}


def test_a_set_takes_the_place_of_another_and_is_shown_unmasked_once(
    app: App, admin: Admin, user: User, phone: Phone
) -> None:
    before = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    answer = admin("PUT", methods_path(before), [EMAIL, PHONE, TOTP])
    assert answer.status_code == 200
    email, number, totp = answer.json()
    assert (email["email"], number["phone_number"], totp["type"]) == (EMAIL["email"], PHONE["phone_number"], "totp")
    listed = admin.get(methods_path(before))
    assert [one["id"] for one in listed] == [email["id"], number["id"], totp["id"]]
    assert (listed[0]["email"], listed[1]["phone_number"]) == (MASKED["email"], MASKED["phone_number"])
    assert app.sandbox.tenant.devices == {}
    assert admin("PUT", methods_path(before), []).json() == admin.get(methods_path(before)) == []
    assert user.user_id != before.user_id


def test_a_set_with_one_bad_method_in_it_changes_nothing(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    before = admin.get(methods_path(user))
    for bad in [[EMAIL, {"type": "phone"}], [EMAIL, 7], {"0": EMAIL}, [TOTP] * 52]:
        assert four_keys(admin("PUT", methods_path(user), bad))[::2] == (400, "invalid_body")
        assert admin.get(methods_path(user)) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "push"},
        {"type": "recovery-code"},
        {"type": "phone"},
        {"type": "phone", "phone_number": "0123"},
        {"type": "phone", "phone_number": 123},
        {**PHONE, "email": "a@example.com"},
        {**PHONE, "preferred_authentication_method": "email"},
        {**EMAIL, "preferred_authentication_method": "sms"},
        {"type": "email", "email": "nobody"},
        {"type": "totp", "totp_secret": "not base32!"},
        {"type": "totp", "totp_secret": ""},
        {"type": "totp", "totp_secret": SECRET[:16]},
        {"type": "totp", "totp_secret": SECRET.lower()},
        {"type": "totp", "totp_secret": "ÄÖÜ"},
        {**TOTP, "secret": SECRET},
        {**TOTP, "name": 7},
    ],
)
def test_a_method_that_is_not_of_its_shape_is_refused_and_not_made(admin: Admin, user: User, body: object) -> None:
    assert four_keys(admin("POST", methods_path(user), body))[::2] == (400, "invalid_body")
    assert admin.get(methods_path(user)) == []


@pytest.mark.parametrize("kind", ["webauthn-roaming", "passkey"])
def test_what_the_mfa_api_has_no_use_for_is_a_501(admin: Admin, user: User, kind: str) -> None:
    assert admin("POST", methods_path(user), {"type": kind}).status_code == 501


def test_methods_are_listed_with_their_names_masked(app: App, admin: Admin, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    listed = admin.get(methods_path(user))
    assert {one["type"] for one in listed} == {"push", "totp", "recovery-code", "phone"}
    (push,) = [one for one in listed if one["type"] == "push"]
    (number,) = [one for one in listed if one["type"] == "phone"]
    assert push["name"] == phone.name
    assert number["phone_number"].startswith("XXXXX")
    assert all(one["confirmed"] is True for one in listed)
    assert user.phone_number not in str(listed)
    assert all({"created_at", "enrolled_at"} <= set(one) for one in listed)


def test_a_list_is_cut_into_pages_and_counted(admin: Admin, user: User) -> None:
    first, second = made(admin, user, PHONE), made(admin, user, TOTP)
    every = methods_path(user)
    counted = admin.get(f"{every}?include_totals=true&per_page=1&page=1")
    assert [one["id"] for one in counted["authenticators"]] == [second["id"]]
    assert (counted["total"], counted["start"], counted["limit"]) == (2, 1, 1)
    assert [one["id"] for one in admin.get(f"{every}?per_page=1")] == [first["id"]]
    assert admin.get(f"{every}?page=7") == []


def test_the_total_of_nothing_is_missing(admin: Admin, user: User) -> None:
    assert set(admin.get(f"{methods_path(user)}?include_totals=true")) == {"authenticators", "start", "limit"}


@pytest.mark.parametrize("query", ["page=-1", "per_page=101", "per_page=x", "include_totals=1", "q=x", "page=%D9%A1"])
def test_a_query_that_is_not_known_is_refused(admin: Admin, user: User, query: str) -> None:
    assert four_keys(admin("GET", f"{methods_path(user)}?{query}"))[::2] == (400, "invalid_query_string")


def test_a_method_is_renamed_and_preferably_reached_by_another_way(admin: Admin, user: User) -> None:
    item = made(admin, user, PHONE)
    path = methods_path(user, item["id"])
    answer = admin("PATCH", path, {"name": "home", "preferred_authentication_method": "voice"})
    assert answer.status_code == 200
    assert answer.json() == admin.get(path)
    assert (answer.json()["name"], answer.json()["preferred_authentication_method"]) == ("home", "voice")
    assert admin("PATCH", path, {"name": "office"}).json()["preferred_authentication_method"] == "voice"
    for bad in [{"phone_number": "+15550100"}, {"name": 7}, {"preferred_authentication_method": "tea"}]:
        assert four_keys(admin("PATCH", path, bad))[2] == "invalid_body"
    app_item = made(admin, user, TOTP)
    preferred = {"preferred_authentication_method": "sms"}
    assert four_keys(admin("PATCH", methods_path(user, app_item["id"]), preferred))[2] == "invalid_body"


def test_a_method_is_removed_and_the_last_factor_takes_the_recovery_code_along(
    app: App, admin: Admin, phone: Phone
) -> None:
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    (push,) = [one for one in admin.get(methods_path(user)) if one["type"] == "push"]
    answer = admin("DELETE", methods_path(user, push["id"]))
    assert (answer.status_code, answer.content) == (204, b"")
    assert admin.get(methods_path(user)) == []
    assert app.authenticators(app.login(user)) == []
    assert four_keys(admin("DELETE", methods_path(user, push["id"])))[::2] == (404, "authentication_method_not_found")


def test_another_users_method_is_not_found(admin: Admin, app: App, user: User) -> None:
    other = made(admin, app.sandbox.add_user(), PHONE)
    for method in ("GET", "DELETE"):
        assert four_keys(admin(method, methods_path(user, other["id"])))[0] == 404
    assert four_keys(admin("GET", methods_path(user, "sms|dev_x")))[0] == 404


def test_all_methods_go_at_once_those_that_wait_too(app: App, admin: Admin, user: User) -> None:
    mfa_token = app.login(user)
    app.associate_otp(mfa_token)
    made(admin, user, PHONE)
    assert admin("DELETE", methods_path(user)).status_code == 204
    assert app.authenticators(app.login(user)) == []


def test_nobody_has_more_than_51_authenticators(admin: Admin, user: User) -> None:
    assert admin("PUT", methods_path(user), [TOTP] * 51).status_code == 200
    assert four_keys(admin("POST", methods_path(user), TOTP))[::2] == (400, "invalid_body")
