"""`POST /oauth/token` up to the second factor: applications, grants, users, audiences, scopes."""

import json
from dataclasses import replace

import pytest

from tests.sandbox.sandbox_mothers import GRANT, App, basic, error_of


def test_a_right_password_is_answered_with_403_mfa_required_and_three_fields_in_order(app: App) -> None:
    answer = app.password()
    assert answer.status_code == 403
    assert list(answer.json()) == ["error", "error_description", "mfa_token"]
    assert answer.json()["error"] == "mfa_required"
    assert answer.json()["error_description"] == "Multifactor authentication required"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_user_and_a_wrong_password_are_told_the_same(app: App, known: bool) -> None:
    answer = app.password(**({"password": "wrong"} if known else {"username": "nobody@example.com"}))
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "invalid_grant", "error_description": "Wrong email or password."},
    )


def test_json_and_form_bodies_mean_the_same(app: App) -> None:
    known = app.sandbox.defaults
    body = {**app.credentials, "grant_type": "password", "username": known.username, "password": known.password}
    form = app.http.post("/oauth/token", data=body)
    as_json = app.http.post("/oauth/token", json={**body, "audience": None, "realm": None, "scope": ""})
    assert (form.json()["error"], as_json.json()["error"]) == ("mfa_required", "mfa_required")


def test_a_form_may_name_its_charset(app: App) -> None:
    answer = app.http.post(
        "/oauth/token",
        content=b"grant_type=password&client_id=x",
        headers={"content-type": "application/x-www-form-urlencoded;charset=UTF-8"},
    )
    assert answer.json() == {"error": "access_denied", "error_description": "Unauthorized"}


def test_a_user_name_is_the_same_in_any_case(app: App) -> None:
    assert app.password(username=app.sandbox.defaults.username.upper()).json()["error"] == "mfa_required"


def test_the_realm_grant_needs_a_realm_that_has_passwords(app: App) -> None:
    realm_grant = {"grant_type": f"{GRANT}/password-realm"}
    assert app.password(**realm_grant, realm=app.sandbox.defaults.realm).json()["error"] == "mfa_required"
    missing = app.password(**realm_grant)
    assert missing.status_code == 400
    assert missing.json()["error_description"] == "Missing required parameter: realm"
    wrong = app.password(**realm_grant, realm="sms")
    assert wrong.json()["error_description"] == "invalid connection specified for password grant"


def test_plain_password_with_a_realm_beside_it_works_as_auth0_auth_js_sends_it(app: App) -> None:
    assert app.password(realm=app.sandbox.defaults.realm).json()["error"] == "mfa_required"


def test_plain_password_without_a_default_directory_is_a_500_of_auth0s(app: App) -> None:
    tenant = app.sandbox.tenant
    tenant.settings = replace(tenant.settings, default_directory=None)
    answer = app.password()
    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")


def test_basic_post_and_a_public_application_are_all_let_in(app: App) -> None:
    known = app.sandbox.defaults
    login = {"grant_type": "password", "username": known.username, "password": known.password}
    by_basic = app.http.post("/oauth/token", data=login, headers=basic(known.client_id, known.client_secret))
    by_none = app.http.post("/oauth/token", data={**login, "client_id": known.public_client_id})
    assert by_basic.json()["error"] == by_none.json()["error"] == app.password().json()["error"] == "mfa_required"


def test_basic_credentials_are_percent_decoded(app: App) -> None:
    known = app.sandbox.defaults
    escaped = "".join(f"%{ord(letter):02X}" for letter in known.client_secret)
    answer = app.http.post("/oauth/token", data={"grant_type": "x"}, headers=basic(known.client_id, escaped))
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    "way", ["wrong secret", "no secret", "unknown", "nothing", "wrong basic", "garbage", "not ASCII", "two ids"]
)
def test_a_failed_client_authentication_is_401_without_www_authenticate(app: App, way: str) -> None:
    known = app.sandbox.defaults
    right = basic(known.client_id, known.client_secret)
    cases: dict[str, tuple[dict[str, str], dict[str, str] | dict[bytes, bytes]]] = {
        "wrong secret": ({"client_id": known.client_id, "client_secret": "no"}, {}),
        "no secret": ({"client_id": known.client_id}, {}),
        "unknown": ({"client_id": "unknown", "client_secret": "no"}, {}),
        "nothing": ({}, {}),
        "wrong basic": ({}, basic(known.client_id, "no")),
        "garbage": ({}, {"authorization": "Basic %%%"}),
        "not ASCII": ({}, {b"authorization": b"Basic \xe9"}),
        "two ids": ({"client_id": known.public_client_id}, right),
    }
    fields, headers = cases[way]
    answer = app.http.post("/oauth/token", data={"grant_type": "password", **fields}, headers=headers)
    assert (answer.status_code, answer.json()) == (
        401,
        {"error": "access_denied", "error_description": "Unauthorized"},
    )
    assert "www-authenticate" not in answer.headers


def test_a_grant_that_the_application_lacks_names_itself_and_a_page(app: App) -> None:
    known = app.sandbox.defaults
    answer = app.token(grant_type="password", client_id=known.mgmt_client_id, client_secret=known.mgmt_client_secret)
    assert answer.status_code == 403
    assert answer.json() == {
        "error": "unauthorized_client",
        "error_description": "Grant type 'password' not allowed for the client.",
        "error_uri": "https://auth0.com/docs/clients/client-grant-types",
    }


def test_an_application_without_the_mfa_grant_cannot_poll(app: App) -> None:
    tenant, client_id = app.sandbox.tenant, app.sandbox.defaults.client_id
    tenant.clients[client_id] = replace(tenant.clients[client_id], grants=frozenset({"password"}))
    answer = app.poll(app.mfa_token(), "whatever")
    assert answer.json()["error_description"] == f"Grant type '{GRANT}/mfa-oob' not allowed for the client."


def test_a_grant_that_is_not_emulated_yet_is_501_in_plain_text_and_named(app: App) -> None:
    tenant, client_id = app.sandbox.tenant, app.sandbox.defaults.client_id
    grant = "authorization_code"
    tenant.clients[client_id] = replace(tenant.clients[client_id], grants=frozenset({grant}))
    answer = app.token(grant_type=grant)
    assert answer.status_code == 501
    assert answer.headers["content-type"].startswith("text/plain")
    assert grant in answer.text


def test_an_audience_that_is_not_emulated_yet_is_501(app: App) -> None:
    audience = "https://sandbox.example/api/v2/"
    answer = app.password(audience=audience)
    assert (answer.status_code, audience in answer.text) == (501, True)


def test_an_assertion_of_an_application_without_a_key_is_refused(app: App) -> None:
    answer = app.http.post(
        "/oauth/token", data={"client_id": app.sandbox.defaults.client_id, "client_assertion": "a.b.c"}
    )
    assert error_of(answer) == (401, "access_denied", "Unauthorized")


def test_policy_never_gives_the_tokens_straight_away(app: App) -> None:
    tenant = app.sandbox.tenant
    tenant.settings = replace(tenant.settings, policy="never")
    answer = app.password(scope="openid")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.json()["token_type"] == "Bearer"


def test_without_a_wish_all_scopes_of_the_api_are_granted_and_unknown_ones_fall_away(app: App) -> None:
    tenant, audience = app.sandbox.tenant, app.sandbox.defaults.audience
    tenant.settings = replace(tenant.settings, policy="never")
    assert app.password(audience=audience).json()["scope"] == "read:orders write:orders"
    assert app.password(audience=audience, scope="openid fly read:orders").json()["scope"] == "openid read:orders"
    assert "scope" not in app.password().json()


@pytest.mark.parametrize(
    "body",
    [b"[1]", b"{", b'"text"', b'{"grant_type": 7}', b"[" * 5000, b"\xff"],
)
def test_a_body_that_is_no_object_of_strings_is_an_error_of_the_wire_and_no_bug(app: App, body: bytes) -> None:
    answer = app.http.post(
        "/oauth/token", content=body, headers={"content-type": "application/json", **basic(*app.credentials.values())}
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("field", ["password", "username", "client_secret", "grant_type", "audience"])
def test_a_lone_surrogate_is_no_text(app: App, field: str) -> None:
    body = {**app.credentials, "grant_type": "password", "username": "jane.roe@example.com", "password": "x"}
    answer = app.http.post(
        "/oauth/token",
        content=json.dumps({**body, field: "\ud800"}),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_another_content_type_is_refused_and_none_is_read_as_a_form(app: App) -> None:
    xml = app.http.post("/oauth/token", content=b"<a/>", headers={"content-type": "text/xml"})
    assert (xml.status_code, xml.json()["error"]) == (400, "invalid_request")
    bare = app.http.post("/oauth/token", content=b"client_id=x")
    assert bare.status_code == 401


def test_an_empty_body_is_empty_whatever_its_type(app: App) -> None:
    answer = app.http.post("/oauth/token", headers={"content-type": "application/json"})
    assert answer.json() == {"error": "access_denied", "error_description": "Unauthorized"}


def test_an_unknown_field_is_ignored_and_one_that_looks_meant_is_noted(app: App) -> None:
    answer = app.token(grant_type="password", user_name="x", fancy="y", scope="openid")
    assert answer.json()["error_description"] == "Missing required parameter: username"
    notes = answer.extensions["auth0_lab_notes"]
    assert "`user_name` is not read: did you mean `username`?" in notes
    assert not [note for note in notes if "fancy" in note]
