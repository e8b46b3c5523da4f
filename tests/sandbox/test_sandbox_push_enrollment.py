"""A push enrollment, from `/mfa/associate` over the scan to the tokens."""

import io
from typing import Any

import pytest
import qrcode

from auth0_mfa_lab.sandbox import Phone
from tests.sandbox.sandbox_mothers import GUARDIAN, App, bearer, scan


def by_kind(listed: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["id"].partition("|")[0]: entry for entry in listed}


def enroll_body(**changes: object) -> dict[str, object]:
    # A 2048-bit modulus in hand-made base64url: the top bit is set, the last one too.
    n = "_" + "A" * 340 + "Q"
    body: dict[str, object] = {
        "identifier": "9b1d3c5e7f902a4c",
        "name": "Pixel of Jane",
        "push_credentials": {"service": "GCM", "token": "fT3k:APA91b"},
        "public_key": {"kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": n},
    }
    return {**body, **changes}


def ticket_of(associated: dict[str, str]) -> dict[str, str]:
    ticket = associated["barcode_uri"].partition("enrollment_tx_id=")[2][:32]
    return {"authorization": f'Ticket id="{ticket}"'}


def test_a_scan_ends_the_poll_with_the_tokens_of_the_original_request(app: App, phone: Phone) -> None:
    audience = app.sandbox.defaults.audience
    mfa_token = app.mfa_token(scope="openid offline_access read:orders", audience=audience)
    associated = app.associate(mfa_token).json()
    waiting = app.poll(mfa_token, associated["oob_code"])
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    assert scan(phone, associated["barcode_uri"]).status_code == 201
    granted = app.poll(mfa_token, associated["oob_code"], scope="ignored", audience="ignored")
    assert granted.status_code == 200
    assert granted.json()["scope"] == "openid offline_access read:orders"
    assert set(granted.json()) == {
        *("access_token", "refresh_token", "id_token", "scope", "expires_in", "token_type"),
    }


def test_the_association_has_no_binding_method_no_secret_and_no_id(app: App) -> None:
    answer = app.associate(app.mfa_token())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert set(answer.json()) == {"authenticator_type", "oob_channel", "oob_code", "barcode_uri", "recovery_codes"}
    assert (answer.json()["authenticator_type"], answer.json()["oob_channel"]) == ("oob", "auth0")


def test_push_brings_its_otp_twin_and_all_are_inactive_until_the_scan(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    associated = app.associate(mfa_token).json()
    before = by_kind(app.authenticators(mfa_token))
    assert {kind: entry["active"] for kind, entry in before.items()} == {
        "push": False,
        "totp": False,
        "recovery-code": False,
    }
    assert before["push"]["id"].removeprefix("push|") != before["totp"]["id"].removeprefix("totp|")
    assert before["push"] == {
        "id": before["push"]["id"],
        "authenticator_type": "oob",
        "active": False,
        "oob_channel": "auth0",
    }
    scan(phone, associated["barcode_uri"])
    after = by_kind(app.authenticators(mfa_token))
    assert {entry["active"] for entry in after.values()} == {True}
    assert after["push"]["name"] == phone.name
    assert after["totp"] == {"id": before["totp"]["id"], "authenticator_type": "otp", "active": True}


def test_nothing_is_enrolled_at_first(app: App) -> None:
    assert app.authenticators(app.mfa_token()) == []


def test_the_list_can_be_read_with_a_json_content_type_and_an_empty_body(app: App) -> None:
    headers = {**bearer(app.mfa_token()), "content-type": "application/json"}
    assert app.http.get("/mfa/authenticators", headers=headers).json() == []


def test_a_recovery_code_comes_with_the_first_association_only(app: App) -> None:
    mfa_token = app.mfa_token()
    first, second = app.associate(mfa_token).json(), app.associate(mfa_token).json()
    assert len(first["recovery_codes"]) == 1
    assert "recovery_codes" not in second
    kinds = [entry["id"].partition("|")[0] for entry in app.authenticators(mfa_token)]
    assert sorted(kinds) == ["push", "push", "recovery-code", "totp", "totp"]


def test_another_ticket_of_the_same_login_stays_good_until_one_is_scanned(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    first, second = app.associate(mfa_token).json(), app.associate(mfa_token).json()
    assert scan(phone, first["barcode_uri"]).status_code == 201
    assert app.poll(mfa_token, second["oob_code"]).json()["error"] == "authorization_pending"
    assert app.poll(mfa_token, first["oob_code"]).status_code == 200
    assert app.poll(mfa_token, second["oob_code"]).json()["error"] == "invalid_grant"


def test_a_second_factor_with_an_mfa_token_is_refused(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    scan(phone, app.associate(mfa_token).json()["barcode_uri"])
    answer = app.associate(mfa_token)
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "access_denied", "error_description": "User is already enrolled."},
    )


def test_a_ticket_is_good_for_one_scan(app: App, phone: Phone) -> None:
    scanned = app.associate(app.mfa_token()).json()
    assert scan(phone, scanned["barcode_uri"]).status_code == 201
    again = scan(app.sandbox.new_phone(app.http), scanned["barcode_uri"])
    assert (again.status_code, again.json()["errorCode"]) == (404, "enrollment_transaction_not_found")


def test_a_ticket_is_dead_after_five_minutes_and_so_is_its_poll(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    associated = app.associate(mfa_token).json()
    app.sandbox.clock.advance(300)
    late = scan(phone, associated["barcode_uri"])
    assert (late.status_code, late.json()["errorCode"]) == (404, "enrollment_transaction_not_found")
    assert phone.enrollments == ()
    polled = app.poll(mfa_token, associated["oob_code"])
    assert (polled.status_code, polled.json()["error_description"]) == (401, "oob_code is expired")


def test_a_ticket_still_works_in_its_last_moment(app: App, phone: Phone) -> None:
    associated = app.associate(app.mfa_token()).json()
    app.sandbox.clock.advance(299.9)
    assert scan(phone, associated["barcode_uri"]).status_code == 201


def test_a_bad_enroll_body_does_not_use_the_ticket_up(app: App, phone: Phone) -> None:
    associated = app.associate(app.mfa_token()).json()
    refused = app.http.post(f"{GUARDIAN}/enroll", headers=ticket_of(associated), json={"name": "x"})
    assert refused.json() == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Invalid body: identifier must be a string",
        "errorCode": "invalid_body",
    }
    assert scan(phone, associated["barcode_uri"]).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"identifier": ""},
        {"identifier": 7},
        {"name": None},
        {"push_credentials": None},
        {"push_credentials": {"service": "FCM", "token": "t"}},
        {"push_credentials": {"service": "GCM"}},
        {"public_key": {"kty": "RSA", "e": "AQAB", "n": "AQAB"}},
        {"public_key": "key"},
    ],
)
def test_each_member_of_the_enroll_body_is_validated(app: App, changes: dict[str, object]) -> None:
    associated = app.associate(app.mfa_token()).json()
    headers = ticket_of(associated)
    refused = app.http.post(f"{GUARDIAN}/enroll", headers=headers, json=enroll_body(**changes))
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "invalid_body")
    assert app.http.post(f"{GUARDIAN}/enroll", headers=headers, json=enroll_body()).status_code == 201


@pytest.mark.parametrize("form", ['ticket id="{}"', "Ticket id={}", "Ticket  id = '{}'", 'TICKET id="{}"'])
@pytest.mark.parametrize("mount", ["/appliance-mfa/api", "/api"])
def test_the_ticket_header_is_read_leniently_at_both_mounts(app: App, form: str, mount: str) -> None:
    ticket = ticket_of(app.associate(app.mfa_token()).json())["authorization"][11:-1]
    headers = {"authorization": form.format(ticket)}
    answer = app.http.post(f"{mount}/enroll", headers=headers, json=enroll_body())
    assert answer.status_code == 201
    assert list(answer.json()) == ["id", "url", "issuer", "user_id", "token", "totp"]
    assert answer.json()["url"] == "https://sandbox.example/appliance-mfa"
    assert answer.json()["totp"] == {**answer.json()["totp"], "algorithm": "sha1", "digits": 6, "period": 30}


@pytest.mark.parametrize("header", ["", "Bearer abc", "Ticket", 'Ticket key="abc"'])
def test_an_enroll_without_a_ticket_is_401(app: App, header: str) -> None:
    answer = app.http.post(f"{GUARDIAN}/enroll", headers={"authorization": header}, json=enroll_body())
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "invalid_token")


def test_the_phone_reads_a_picture_of_the_qr(app: App, phone: Phone) -> None:
    associated = app.associate(app.mfa_token()).json()
    picture = io.BytesIO()
    qrcode.make(associated["barcode_uri"], border=4).save(picture)
    assert scan(phone, picture.getvalue()).status_code == 201


def test_a_bare_string_counts_as_a_list_of_one_channel(app: App) -> None:
    assert app.associate(app.mfa_token(), oob_channels="auth0").status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"authenticator_types": None},
        {"authenticator_types": []},
        {"authenticator_types": ["fax"]},
        {"authenticator_types": ["email"]},
        {"authenticator_types": [1]},
        {"oob_channels": None},
        {"oob_channels": ["pigeon"]},
    ],
)
def test_an_association_must_name_a_factor_that_auth0_has(app: App, fields: dict[str, object]) -> None:
    answer = app.associate(app.mfa_token(), **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_misspelling_of_the_guides_is_noted(app: App) -> None:
    answer = app.http.post(
        "/mfa/associate",
        headers=bearer(app.mfa_token()),
        json={"authentication_types": ["oob"], "oob_channels": ["auth0"]},
    )
    assert answer.status_code == 400
    notes = answer.extensions["auth0_lab_notes"]
    assert "`authentication_types` is not read: did you mean `authenticator_types`?" in notes
