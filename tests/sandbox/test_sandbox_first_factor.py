"""`POST /oauth/token` up to the second factor: how a request is read, who asks, and what is granted."""

from dataclasses import replace

import pytest

from tests.sandbox.sandbox_mothers import GRANT, App, basic, error_of, set_up
from tests.sandbox.scenario import Scene

UNAUTHORIZED = 401, "access_denied", "Unauthorized"
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


def test_the_first_step_succeeds_with_403_and_an_mfa_token(app: App) -> None:
    answer = app.password()
    assert (answer.status_code, list(answer.json())) == (403, ["error", "error_description", "mfa_token"])


# What is sent beside a user's name and password, and what it gives.
WAYS: dict[str, dict[str, str | None]] = {
    "a form": {},
    "a name in another case": {"username": "JANE.ROE@EXAMPLE.COM"},
    "a realm with the grant that needs one": {
        "grant_type": f"{GRANT}/password-realm",
        "realm": "Username-Password-Authentication",
    },
    "a realm beside the plain grant": {"realm": "Username-Password-Authentication"},
    "fields that are empty": {"audience": "", "realm": ""},
    "fields that are null": {"audience": None, "scope": None},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["data", "json"])
def test_a_form_and_json_log_in_alike_and_empty_counts_as_absent(app: App, way: str, kind: str) -> None:
    known = app.sandbox.defaults
    fields = {"grant_type": "password", "username": known.username, "password": known.password, **WAYS[way]}
    sent = {name: value for name, value in {**app.credentials, **fields}.items() if kind == "json" or value is not None}
    answer = app.http.post("/oauth/token", **{kind: sent})  # type: ignore[arg-type]  # httpx's own keywords
    assert error_of(answer)[1] == "mfa_required"


def test_an_application_is_known_by_its_secret_in_the_body_or_by_basic_or_is_public(app: App) -> None:
    known = app.sandbox.defaults
    user = {"grant_type": "password", "username": known.username, "password": known.password}
    escaped = "".join(f"%{ord(letter):02X}" for letter in known.client_secret)
    for secret in (known.client_secret, escaped):
        answer = app.http.post("/oauth/token", data=user, headers=basic(known.client_id, secret))
        assert error_of(answer)[1] == "mfa_required"
    assert error_of(app.http.post("/oauth/token", data={**user, "client_id": known.public_client_id}))[1] == (
        "mfa_required"
    )


# fmt: off
STRANGERS: dict[str, tuple[dict[str, str], dict[str, str] | dict[bytes, bytes]]] = {
    "nobody":         ({},                                        {}),
    "no secret":      ({"client_id": "own"},                      {}),
    "wrong basic":    ({},                                        basic("own", "wrong")),
    "garbage":        ({},                                        {"authorization": "Basic %%%"}),
    "not ASCII":      ({},                                        {b"authorization": b"Basic \xe9"}),
    "two ids":        ({"client_id": "public"},                   basic("own", "right")),
    "a foreign JWT":  ({"client_id": "own", "client_assertion": "a.b.c"}, {}),
}
# fmt: on


@pytest.mark.parametrize("who", STRANGERS)
def test_who_is_not_known_is_a_401_without_www_authenticate(app: App, who: str) -> None:
    known = app.sandbox.defaults
    fields, headers = STRANGERS[who]
    ids = {"own": known.client_id, "public": known.public_client_id}
    if who == "two ids":
        headers = basic(known.client_id, known.client_secret)
    named = {name: ids.get(value, value) for name, value in fields.items()}
    answer = app.http.post("/oauth/token", data={"grant_type": "password", **named}, headers=headers)
    assert error_of(answer) == UNAUTHORIZED
    assert "www-authenticate" not in answer.headers


def test_a_grant_that_the_application_lacks_names_itself_and_a_page(scene: Scene) -> None:
    assert scene.without("password").app.password().json() == {
        "error": "unauthorized_client",
        "error_description": "Grant type 'password' not allowed for the client.",
        "error_uri": "https://auth0.com/docs/clients/client-grant-types",
    }


@pytest.mark.parametrize("grant", ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"])
def test_a_grant_that_is_not_emulated_is_a_501_in_plain_text_and_named(app: App, grant: str) -> None:
    tenant, client_id = app.sandbox.tenant, app.sandbox.defaults.client_id
    assert error_of(app.token(grant_type=grant))[1] == "unauthorized_client"
    tenant.clients[client_id] = replace(tenant.clients[client_id], grants=frozenset({grant}))
    answer = app.token(grant_type=grant)
    assert (answer.status_code, answer.headers["content-type"][:10], grant in answer.text) == (501, "text/plain", True)


def test_an_audience_that_is_not_emulated_is_a_501(app: App) -> None:
    answer = app.password(audience="https://sandbox.example/api/v2/")
    assert (answer.status_code, "https://sandbox.example/api/v2/" in answer.text) == (501, True)


def test_without_a_policy_the_tokens_come_straight_away_with_the_scopes_that_exist(app: App) -> None:
    set_up(app.sandbox, policy="never")
    audience = app.sandbox.defaults.audience
    answer = app.password(scope="openid")
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert app.password(audience=audience).json()["scope"] == "read:orders write:orders"
    assert app.password(audience=audience, scope="openid fly read:orders").json()["scope"] == "openid read:orders"
    assert "scope" not in app.password().json()


# fmt: off
BODIES = (
    ("application/json", b"[1]",               "The body must be a JSON object"),
    ("application/json", b'{"grant_type": 7}', "grant_type must be a string"),
    ("application/json", b'{"client_id": []}', "client_id must be a string"),
    ("text/xml",         b"<a/>",              "Unsupported content type: text/xml"),
    (FORM,               b"client_id=%ff",     "The body must be a form in UTF-8"),
)
# fmt: on


@pytest.mark.parametrize(("kind", "body", "problem"), BODIES)
def test_a_body_that_cannot_be_read_is_an_error_of_the_wire_and_no_bug(
    app: App, kind: str, body: bytes, problem: str
) -> None:
    headers = {"content-type": kind, **(basic(*app.credentials.values()) if b"client_id" not in body else {})}
    answer = app.http.post("/oauth/token", content=body, headers=headers)
    assert error_of(answer) == (400, "invalid_request", problem)


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"content-type": FORM}, b"client_id=x"), ({}, b"client_id=x"), ({"content-type": "application/json"}, b"")],
    ids=["a charset", "no type", "nothing"],
)
def test_without_a_type_a_body_is_a_form_and_nothing_is_nothing(app: App, headers: dict[str, str], body: bytes) -> None:
    assert error_of(app.http.post("/oauth/token", content=body, headers=headers)) == UNAUTHORIZED


def test_an_unknown_field_is_ignored_and_one_that_looks_meant_is_noted(app: App) -> None:
    answer = app.token(grant_type="password", user_name="x", fancy="y", scope="openid")
    assert error_of(answer)[2] == "Missing required parameter: username"
    notes = answer.extensions["auth0_lab_notes"]
    assert "`user_name` is not read: did you mean `username`?" in notes
    assert not [note for note in notes if "fancy" in note]
    fields = {"authentication_types": ["oob"], "authenticator_types": None}
    told = app.associate(app.mfa_token(), **fields).extensions["auth0_lab_notes"]
    assert "`authentication_types` is not read: did you mean `authenticator_types`?" in told
