"""`PATCH` and `DELETE` of a device account, by its opaque token and by a JWT of its own key."""

import pytest
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import Phone
from auth0_mfa_lab.sandbox.delivery import Push
from auth0_mfa_lab.sandbox.guardian.phone import Enrollment
from tests.sandbox.sandbox_mothers import GUARDIAN, App, bearer, pushed, scan, sign


def device_jwt(app: App, enrollment: Enrollment, key: RSAKey | None = None, **changes: object) -> str:
    now = int(app.sandbox.clock.now())
    claims: dict[str, object] = {
        "iss": enrollment.id,
        "sub": enrollment.user_id,
        "aud": f"{GUARDIAN}/device-accounts",
        "iat": now,
        "exp": now + 7200,
    }
    return sign({**claims, **changes}, key or enrollment.key)


def account(phone: Phone) -> str:
    return f"{GUARDIAN}/device-accounts/{phone.enrollments[-1].id}"


def test_a_phone_can_change_its_name_and_the_list_shows_it(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    own = bearer(phone.enrollments[-1].token)
    answer = app.http.patch(account(phone), headers=own, json={"name": "Jane's new phone"})
    assert answer.status_code == 200
    assert answer.json() == {
        "id": phone.enrollments[-1].id,
        "identifier": phone.identifier,
        "name": "Jane's new phone",
        "push_credentials": {"service": "GCM", "token": phone.push_token},
    }
    assert "Jane's new phone" in [entry.get("name") for entry in app.authenticators(login.mfa_token)]


def test_pushes_go_where_the_phone_says_and_in_the_form_of_that_platform(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    credentials = {"push_credentials": {"service": "APNS", "token": "9F0C"}}
    app.http.patch(account(phone), headers=bearer(phone.enrollments[-1].token), json=credentials)
    app.challenge(login.mfa_token, challenge_type="oob")
    assert len(phone.notifications) == 1, "the second push went elsewhere"
    (push,) = app.sandbox.delivery.pushes("9F0C")
    assert isinstance(push, Push)
    assert push.service == "APNS"
    aps, mfa = push.payload["aps"], push.payload["mfa"]
    assert isinstance(aps, dict)
    assert isinstance(mfa, dict)
    assert aps["category"] == "com.auth0.notification.authentication"
    assert set(mfa) == {"dai", "txtkn", "c", "sh", "d", "s", "l"}
    assert mfa["s"]["b"]["n"]


def test_a_new_identifier_is_the_iss_of_later_answers(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    app.http.patch(account(phone), headers=bearer(phone.enrollments[-1].token), json={"identifier": "new"})
    assert login.answer(login.sign(login.claims())).status_code == 401
    assert login.answer(login.sign(login.claims(iss="new"))).status_code == 204


@pytest.mark.parametrize("mount", ["/appliance-mfa/api", "/api"])
def test_a_jwt_of_the_devices_own_key_is_as_good_as_its_token(app: App, phone: Phone, mount: str) -> None:
    pushed(app, phone)
    enrollment = phone.enrollments[-1]
    aud = f"https://sandbox.example{mount}/device-accounts"
    answer = app.http.patch(
        f"{mount}/device-accounts/{enrollment.id}", headers=bearer(device_jwt(app, enrollment, aud=aud)), json={}
    )
    assert (answer.status_code, answer.json()["name"]) == (200, phone.name)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "dev_0000000000000000"},
        {"sub": "auth0|someone"},
        {"aud": "https://evil.example/api/device-accounts"},
        {"exp": 1_799_999_990},
        {"iat": 1_800_000_060},
        {"key": True},
    ],
)
def test_a_forged_device_jwt_is_refused(app: App, phone: Phone, changes: dict[str, object]) -> None:
    pushed(app, phone)
    key = RSAKey.generate_key() if changes.pop("key", None) else None
    token = device_jwt(app, phone.enrollments[-1], key, **changes)
    answer = app.http.delete(account(phone), headers=bearer(token))
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "invalid_token")


def test_a_wrong_a_missing_and_another_devices_bearer_are_refused(app: App, phone: Phone) -> None:
    stranger = app.sandbox.new_phone(app.http)
    pushed(app, phone)
    pushed(app, stranger)
    for headers in ({}, bearer("garbage"), bearer("a.b.c"), bearer(stranger.enrollments[0].token)):
        answer = app.http.delete(account(phone), headers=headers)
        assert (answer.status_code, answer.json()["errorCode"]) == (401, "invalid_token")
    assert phone.allow().status_code == 204


def test_an_unknown_device_is_not_found(app: App) -> None:
    answer = app.http.delete(f"{GUARDIAN}/device-accounts/dev_0000000000000000", headers=bearer("x"))
    assert answer.status_code == 404
    assert answer.json() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The enrollment was not found.",
        "errorCode": "enrollment_not_found",
    }


@pytest.mark.parametrize("body", [b"", b"[]", b'{"name": ""}', b'{"push_credentials": {"service": "GCM"}}'])
def test_a_bad_update_changes_nothing(app: App, phone: Phone, body: bytes) -> None:
    pushed(app, phone)
    answer = app.http.patch(account(phone), headers=bearer(phone.enrollments[-1].token), content=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "invalid_body")
    assert phone.allow().status_code == 204


def test_deleting_a_device_takes_its_authenticators_and_kills_its_pending_push(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    headers = {**bearer(phone.enrollments[-1].token), "content-type": "application/json"}
    gone = app.http.delete(account(phone), headers=headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert app.authenticators(login.mfa_token) == []
    assert login.poll().json()["error_description"] == "Invalid oob_code."
    late = phone.allow()
    assert (late.status_code, late.json()["errorCode"]) == (404, "login_transaction_not_found")
    assert phone.notifications == ()
    assert app.http.delete(account(phone), headers=headers).status_code == 404


def test_a_rejection_outlives_the_device(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    phone.reject()
    app.http.delete(account(phone), headers=bearer(phone.enrollments[-1].token))
    assert login.poll().json()["error_description"] == "MFA Authorization rejected."


def test_after_the_last_factor_is_gone_the_user_enrolls_anew_with_a_new_recovery_code(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    first = app.associate(mfa_token).json()
    scan(phone, first["barcode_uri"])
    app.http.delete(account(phone), headers=bearer(phone.enrollments[-1].token))
    second = app.associate(mfa_token).json()
    assert second["recovery_codes"] != first["recovery_codes"]
