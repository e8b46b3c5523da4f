"""The client credentials grant: an application's own token for an API that it has a client grant for."""

import pytest

from tests.sandbox.management_mothers import AUDIENCE, machine_token
from tests.sandbox.sandbox_mothers import App, basic, claims_of, error_of

SHOP = "https://api.example.com/"


def test_the_management_application_gets_a_token_for_a_day_and_nothing_else(app: App) -> None:
    answer = machine_token(app)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "scope", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (86_400, "Bearer")
    assert {"read:users", "update:guardian_factors", "update:clients"} <= set(body["scope"].split())


def test_the_token_stands_for_the_application_and_for_no_user(app: App) -> None:
    claims = claims_of(machine_token(app).json()["access_token"])
    client_id = app.sandbox.defaults.mgmt_client_id
    assert (claims["sub"], claims["azp"], claims["aud"]) == (f"{client_id}@clients", client_id, AUDIENCE)
    assert claims["gty"] == "client-credentials"
    assert claims["exp"] - claims["iat"] == 86_400


def test_a_scope_narrows_and_what_was_not_granted_is_left_out(app: App) -> None:
    assert machine_token(app, scope="read:users delete:everything").json()["scope"] == "read:users"


def test_the_other_application_has_a_client_grant_for_its_own_api_alone(app: App) -> None:
    mine = app.token(grant_type="client_credentials", audience=SHOP)
    assert mine.json()["scope"] == "read:orders write:orders"
    status, error, text = error_of(app.token(grant_type="client_credentials", audience=AUDIENCE))
    assert (status, error) == (403, "access_denied")
    assert text == (
        f'Client is not authorized to access "{AUDIENCE}". You might probably want to create a "client-grant" '
        "associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
    )


def test_an_audience_must_be_named_and_must_exist(app: App) -> None:
    assert error_of(app.token(grant_type="client_credentials"))[:2] == (403, "access_denied")
    unknown = error_of(app.token(grant_type="client_credentials", audience="https://nothing.example/"))
    assert unknown == (403, "access_denied", "Service not found: https://nothing.example/")


def test_a_wrong_secret_is_refused_and_a_basic_header_will_do(app: App) -> None:
    assert error_of(machine_token(app, client_secret="wrong")) == (401, "access_denied", "Unauthorized")
    known = app.sandbox.defaults
    headers = basic(known.mgmt_client_id, known.mgmt_client_secret)
    asked = {"grant_type": "client_credentials", "audience": AUDIENCE}
    assert app.http.post("/oauth/token", data=asked, headers=headers).status_code == 200


def test_a_public_application_has_no_such_grant(app: App) -> None:
    public = app.http.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": app.sandbox.defaults.public_client_id,
            "audience": SHOP,
        },
    )
    assert error_of(public)[:2] == (403, "unauthorized_client")


def test_the_log_has_an_entry(app: App) -> None:
    machine_token(app)
    assert [(one.type, one.client_id) for one in app.sandbox.tenant.logs] == [
        ("seccft", app.sandbox.defaults.mgmt_client_id)
    ]


@pytest.mark.parametrize("path", ["/userinfo", "/mfa/authenticators"])
def test_the_token_opens_nothing_that_is_a_users(app: App, path: str) -> None:
    token = machine_token(app).json()["access_token"]
    assert app.http.get(path, headers={"authorization": f"Bearer {token}"}).status_code == 401
