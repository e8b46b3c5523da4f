"""Users and their enrollments through the Management API: read, changed, and taken away."""

from typing import Any

import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox, User, WallClock
from tests.sandbox.management_mothers import Admin, admin_of, four_keys, methods_path, users_path
from tests.sandbox.sandbox_mothers import App, app_of, bearer, error_of, kinds, new_sandbox, scan, set_up

TICKETS = "/guardian/enrollments/ticket"


@pytest.fixture
def admin(app: App) -> Admin:
    return admin_of(app)


def enrollments(admin: Admin, user: User) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = admin.get(users_path(user, "/enrollments"))
    return listed


def test_who_is_made_after_an_advance_is_as_old_as_the_tenant_says_and_their_tokens_tell_wall_time() -> None:
    app = app_of(box := new_sandbox(clock=WallClock(lambda: 1_800_000_000.0)))
    box.clock.advance(3600)
    set_up(box, policy="never")
    made = {"connection": "Username-Password-Authentication", "email": "new@example.com", "password": "Pass-word-1"}
    user = admin_of(app)("POST", "/users", made).json()
    assert user["created_at"] == "2027-01-15T09:00:00.000Z"
    login = app.password(username="new@example.com", password="Pass-word-1", scope="openid profile")
    userinfo = app.http.get("/userinfo", headers=bearer(login.json()["access_token"])).json()
    assert userinfo["updated_at"] == "2027-01-15T08:00:00.000Z"


def test_a_user_is_read_by_an_id_that_is_percent_encoded(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    body = admin.get(users_path(user))
    assert (body["user_id"], body["email"], body["email_verified"]) == (user.user_id, user.email, True)
    assert body["phone_number"] == user.phone_number
    assert body["identities"][0]["connection"] == "Username-Password-Authentication"
    assert user.password not in str(body)
    assert admin.get(f"{users_path(user)}?fields=email,user_id") == {"user_id": user.user_id, "email": user.email}


def new_user(**fields: object) -> dict[str, object]:
    known = {
        "connection": "Username-Password-Authentication",
        "email": "new@example.com",
        "password": "Made-up-1",  # auth0-mfa-lab: allow
    }
    return {name: value for name, value in {**known, **fields}.items() if value is not None}


def test_a_user_who_is_made_logs_in_and_has_no_factor(app: App, admin: Admin) -> None:
    answer = admin("POST", "/users", new_user(email_verified=True, verify_email=False, phone_number="+15550188"))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["email"], body["email_verified"], body["phone_number"]) == ("new@example.com", True, "+15550188")
    assert body["identities"][0]["connection"] == "Username-Password-Authentication"
    assert "Made-up-1" not in answer.text
    assert admin.get(f"/users/{body['user_id'].replace('|', '%7C')}") == body
    login = app.password(username="New@example.com", password="Made-up-1")  # auth0-mfa-lab: allow
    assert error_of(login)[1] == "mfa_required"
    assert app.authenticators(login.json()["mfa_token"]) == []


def test_a_user_who_is_made_moves_no_other_id(app: App, admin: Admin) -> None:
    ids = [admin("POST", "/users", new_user(email=f"{name}@example.com")).json()["user_id"] for name in "ab"]
    assert len(set(ids)) == 2
    assert app.sandbox.add_user().user_id == Sandbox().add_user().user_id


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "JANE.ROE@example.com"}, (409, "The user already exists.", "auth0_idp_error")),
        ({"connection": "nowhere"}, (400, "The connection does not exist.", "inexistent_connection")),
        ({"password": "Short1!"}, (400, "PasswordStrengthError: Password is too weak", None)),
        ({"password": "longer-and-low"}, (400, "PasswordStrengthError: Password is too weak", None)),
        (
            {"connection": None},
            (400, "Payload validation error: 'Missing required property: connection'", "invalid_body"),
        ),
        ({"email": None}, (400, "Payload validation error: 'Missing required property: email'", "invalid_body")),
        ({"password": None}, (400, "Payload validation error: 'Missing required property: password'", "invalid_body")),
    ],
)
def test_a_user_who_cannot_be_made_is_not(
    app: App, admin: Admin, fields: dict[str, object], said: tuple[int, str, str | None]
) -> None:
    before = set(app.sandbox.tenant.users)
    assert four_keys(admin("POST", "/users", new_user(**fields))) == said
    assert set(app.sandbox.tenant.users) == before


@pytest.mark.parametrize("fields", [{"verify_email": True}, {"connection": "sms"}, {"user_id": "x"}, {"blocked": True}])
def test_what_the_sandbox_does_not_make_is_a_501(admin: Admin, fields: dict[str, object]) -> None:
    assert admin("POST", "/users", new_user(**fields)).status_code == 501


def test_a_user_who_is_deleted_is_gone_with_all_that_they_had(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token = app.login(user)
    answer = admin("DELETE", users_path(user))
    assert (answer.status_code, answer.content) == (204, b"")
    assert four_keys(admin("GET", users_path(user)))[2] == "inexistent_user"
    assert error_of(app.password(username=user.username, password=user.password))[1] == "invalid_grant"
    assert error_of(app.challenge(mfa_token))[1] == "invalid_grant"
    assert admin("DELETE", users_path(user)).status_code == 204
    refusal = (400, "Object didn't pass validation for format user-id: nobody", "invalid_uri")
    assert four_keys(admin("DELETE", "/users/nobody")) == refusal


def test_users_are_found_by_their_email(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    assert [one["user_id"] for one in admin.get(f"/users-by-email?email={user.email.upper()}")] == [user.user_id]
    assert admin.get("/users-by-email?email=nobody@example.com") == []
    assert four_keys(admin("GET", "/users-by-email"))[::2] == (400, "invalid_query_string")
    assert four_keys(admin("GET", "/users-by-email?email=a@example.com&x=1"))[::2] == (400, "invalid_query_string")


def test_an_unverified_email_is_not_listed_unasked_until_it_is_verified(app: App, admin: Admin) -> None:
    admin("PUT", "/guardian/factors/email", {"enabled": True})
    user = app.sandbox.add_user()
    assert kinds(app.authenticators(app.login(user))) == ["email"]
    assert admin("PATCH", users_path(user), {"email_verified": False}).json()["email_verified"] is False
    assert app.authenticators(app.login(user)) == []
    assert admin("PATCH", users_path(user), {"email_verified": True}).status_code == 200
    assert kinds(app.authenticators(app.login(user))) == ["email"]


def test_another_email_is_unverified_unless_the_call_says_it_is(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    first = admin("PATCH", users_path(user), {"email": "new@example.com"}).json()
    assert (first["email"], first["email_verified"]) == ("new@example.com", False)
    second = admin("PATCH", users_path(user), {"email": "newer@example.com", "email_verified": True}).json()
    assert (second["email"], second["email_verified"]) == ("newer@example.com", True)
    assert admin("PATCH", users_path(user), {"email": "newer@example.com"}).json()["email_verified"] is True
    assert app.password(username=user.username, password=user.password).status_code == 403


def test_a_number_is_changed_and_must_be_in_its_form(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    assert admin("PATCH", users_path(user), {"phone_number": "+15550177"}).json()["phone_number"] == "+15550177"
    assert four_keys(admin("PATCH", users_path(user), {"phone_number": "0177"}))[2] == "invalid_body"
    assert admin.get(users_path(user))["phone_number"] == "+15550177"


@pytest.mark.parametrize("body", [{"email": "nobody"}, {"email": 7}, {"email_verified": "yes"}])
def test_a_change_that_is_not_of_its_shape_changes_nothing(app: App, admin: Admin, body: object) -> None:
    user = app.sandbox.add_user()
    before = admin.get(users_path(user))
    assert four_keys(admin("PATCH", users_path(user), body))[::2] == (400, "invalid_body")
    assert admin.get(users_path(user)) == before


@pytest.mark.parametrize("name", ["name", "blocked", "mail", "password"])
def test_what_the_sandbox_does_not_keep_of_a_user_is_a_501(app: App, admin: Admin, name: str) -> None:
    answer = admin("PATCH", users_path(app.sandbox.add_user()), {name: "x"})
    assert answer.status_code == 501
    assert name in answer.text


def test_whoever_came_by_sms_is_changed_without_a_password_login_being_opened(app: App, admin: Admin) -> None:
    app.log_in_passwordless("+15550123")
    (user,) = [one for one in app.sandbox.tenant.users.values() if one.connection == "sms"]
    assert admin("PATCH", users_path(user), {"email": "jane@example.com", "email_verified": True}).status_code == 200
    realm = app.token(
        grant_type="http://auth0.com/oauth/grant-type/password-realm", realm="sms", username="+15550123", password="x"
    )
    assert error_of(realm)[2] == "invalid connection specified for password grant"


def test_an_unknown_user_is_a_404_at_every_path(admin: Admin) -> None:
    calls: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("GET", "/enrollments", None),
        ("GET", "/authentication-methods", None),
        ("POST", "/authentication-methods", {"type": "email", "email": "a@example.com"}),
        ("PUT", "/authentication-methods", []),
        ("DELETE", "/authentication-methods", None),
        ("GET", "/authentication-methods/sms%7Cdev_x", None),
        ("DELETE", "/authenticators", None),
        ("POST", "/recovery-code-regeneration", None),
        ("DELETE", "/multifactor/duo", None),
        ("POST", "/multifactor/actions/invalidate-remember-browser", None),
    ]
    for method, below, body in calls:
        answer = admin(method, f"/users/auth0%7Cnobody{below}", body)
        assert four_keys(answer) == (404, "The user does not exist.", "inexistent_user"), (method, below)


def test_a_ticket_is_a_link_and_makes_nothing_yet(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    answer = admin("POST", TICKETS, {"user_id": user.user_id, "factor": "otp", "send_mail": False})
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["ticket_id", "ticket_url"]
    assert len(body["ticket_id"]) == 32
    assert body["ticket_url"] == f"https://sandbox.example/mfa/enrollment?ticket={body['ticket_id']}"
    assert enrollments(admin, user) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_body"),
        ({"user_id": 7}, "invalid_body"),
        ({"user_id": "x", "factor": "sms"}, "invalid_body"),
        ({"user_id": "x", "phone": "+15550100"}, "invalid_body"),
        ({"user_id": "auth0|nobody"}, "inexistent_user"),
    ],
)
def test_a_ticket_needs_a_user_and_a_body_of_its_shape(admin: Admin, body: object, code: str) -> None:
    assert four_keys(admin("POST", TICKETS, body))[2] == code


def test_a_ticket_by_mail_is_a_501(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    assert admin("POST", TICKETS, {"user_id": user.user_id, "send_mail": True}).status_code == 501


def test_enrollments_are_the_confirmed_ones_and_a_guardian_app_is_one(app: App, admin: Admin, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "otp", "sms"], phone=phone)
    listed = enrollments(admin, user)
    assert [one["auth_method"] for one in listed] == ["guardian", "authenticator", "sms"]
    assert [one["status"] for one in listed] == ["confirmed"] * 3
    assert listed[0]["name"] == phone.name
    assert listed[0]["identifier"] == phone.identifier
    assert listed[2]["phone_number"] == "X" * 5 + user.phone_number[-4:]
    assert user.phone_number not in str(listed)
    assert all(one["id"].startswith("dev_") for one in listed)


def test_nothing_that_waits_for_its_confirmation_is_shown(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    mfa_token = app.login(user)
    associated = [app.associate(mfa_token), app.associate_otp(mfa_token), app.associate_sms(mfa_token)]
    assert [answer.status_code for answer in associated] == [200] * 3
    waiting = app.authenticators(mfa_token)
    assert len(waiting) > 3
    assert enrollments(admin, user) == admin.get(methods_path(user)) == []
    for one in waiting:
        gone = admin("GET", f"/guardian/enrollments/{one['id'].partition('|')[2]}")
        assert four_keys(gone) == (404, "Enrollment not found", "enrollment_not_found")
        assert four_keys(admin("GET", methods_path(user, one["id"])))[0] == 404


def test_an_enrollment_is_read_and_removed_by_its_bare_id(app: App, admin: Admin, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    other = app.sandbox.add_user(factors=["sms"])
    push, sms = enrollments(admin, user)
    assert admin.get(f"/guardian/enrollments/{sms['id']}")["phone_number"] == sms["phone_number"]
    one = admin.get(f"/guardian/enrollments/{push['id']}")
    assert (one["id"], one["status"], one["identifier"]) == (push["id"], "confirmed", phone.identifier)
    assert not {"type", "auth_method"} & set(one)
    assert admin("DELETE", f"/guardian/enrollments/{push['id']}").status_code == 204
    assert [each["id"] for each in enrollments(admin, user)] == [sms["id"]]
    assert kinds(app.authenticators(app.login(user))) == ["recovery-code", "sms"]
    assert four_keys(admin("DELETE", f"/guardian/enrollments/{push['id']}"))[2] == "enrollment_not_found"
    assert len(enrollments(admin, other)) == 1


def test_after_the_last_login_an_enrollment_says_when(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    app.sandbox.clock.advance(3600)
    assert "last_auth" not in enrollments(admin, user)[0]
    app.tokens(user)
    (sms,) = enrollments(admin, user)
    assert sms["enrolled_at"] < sms["last_auth"]


def test_all_authenticators_go_at_once_and_the_user_can_enroll_anew(app: App, admin: Admin, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "otp", "sms"], phone=phone)
    assert admin("DELETE", users_path(user, "/authenticators")).status_code == 204
    mfa_token = app.login(user)
    assert app.authenticators(mfa_token) == []
    assert scan(phone, app.associate(mfa_token).json()["barcode_uri"]).status_code == 201
    assert len(enrollments(admin, user)) == 1
    assert admin("DELETE", users_path(app.sandbox.add_user(), "/authenticators")).status_code == 204


def test_a_new_recovery_code_works_and_the_old_one_is_dead(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    code = admin("POST", users_path(user, "/recovery-code-regeneration")).json()["recovery_code"]
    assert len(code) == 24
    assert error_of(app.recover(app.login(user), str(user.recovery_code)))[1] == "invalid_grant"
    assert app.recover(app.login(user), code).status_code == 200


def test_a_recovery_code_for_somebody_without_a_factor_works_once_there_is_one(app: App, admin: Admin) -> None:
    user = app.sandbox.add_user()
    code = admin("POST", users_path(user, "/recovery-code-regeneration")).json()["recovery_code"]
    assert admin.get(methods_path(user)) == []
    body = {"type": "phone", "phone_number": user.phone_number}
    assert admin("POST", methods_path(user), body).status_code == 201
    assert [one["type"] for one in admin.get(methods_path(user))] == ["recovery-code", "phone"]
    assert app.recover(app.login(user), code).status_code == 200


def test_a_legacy_provider_is_removed(app: App, admin: Admin, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "otp"], phone=phone)
    assert admin("DELETE", users_path(user, "/multifactor/duo")).status_code == 204
    assert len(enrollments(admin, user)) == 2
    assert admin("DELETE", users_path(user, "/multifactor/google-authenticator")).status_code == 204
    assert [one["auth_method"] for one in enrollments(admin, user)] == ["guardian"]
    assert four_keys(admin("DELETE", users_path(user, "/multifactor/tea")))[::2] == (400, "invalid_uri")


def test_remembered_browsers_are_forgotten(app: App, admin: Admin) -> None:
    path = users_path(app.sandbox.add_user(), "/multifactor/actions/invalidate-remember-browser")
    answer = admin("POST", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert four_keys(admin("POST", path, {"x": 1}))[2] == "invalid_body"
