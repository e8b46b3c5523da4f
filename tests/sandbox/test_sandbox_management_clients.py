"""Applications, the tenant's settings and its log through the Management API."""

from typing import Any

import pytest

from auth0_mfa_lab.sandbox import Sandbox
from tests.sandbox.management_mothers import Admin, admin_of, four_keys
from tests.sandbox.sandbox_mothers import GRANT, App, error_of

SETTINGS = "/tenants/settings"


@pytest.fixture
def admin(app: App) -> Admin:
    return admin_of(app)


@pytest.fixture
def path(sandbox: Sandbox) -> str:
    return f"/clients/{sandbox.defaults.client_id}"


def grants(admin: Admin, path: str) -> list[str]:
    listed: list[str] = admin.get(f"{path}?fields=grant_types")["grant_types"]
    return listed


def test_every_application_is_listed(app: App, admin: Admin) -> None:
    known = app.sandbox.defaults
    listed = admin.get("/clients?fields=client_id,name")
    assert [one["client_id"] for one in listed] == [known.client_id, known.public_client_id, known.mgmt_client_id]
    assert {tuple(one) for one in listed} == {("client_id", "name")}
    assert admin.get("/clients?per_page=1&page=1&include_totals=true")["total"] == 3


def test_the_wanted_members_are_chosen(admin: Admin, path: str) -> None:
    whole = admin.get(path)
    assert admin.get(f"{path}?fields=name,grant_types") == {key: whole[key] for key in ("name", "grant_types")}
    others = admin.get(f"{path}?fields=name,grant_types&include_fields=false")
    assert others == {key: value for key, value in whole.items() if key not in ("name", "grant_types")}
    assert four_keys(admin("GET", f"{path}?field=name"))[2] == "invalid_query_string"


def test_a_secret_is_shown_to_whom_it_is_granted(app: App, admin: Admin, path: str) -> None:
    secret = app.sandbox.defaults.client_secret
    assert admin.get(path)["client_secret"] == secret
    assert secret not in admin_of(app, "read:clients")("GET", path).text
    assert "client_secret" not in admin.get(f"/clients/{app.sandbox.defaults.public_client_id}")


def test_an_unknown_application_is_a_404(admin: Admin) -> None:
    assert four_keys(admin("GET", "/clients/nobody"))[::2] == (404, "inexistent_client")
    assert four_keys(admin("PATCH", "/clients/nobody", {"x": 1}))[::2] == (404, "inexistent_client")


def test_grant_types_replace_what_there_was(app: App, admin: Admin, path: str) -> None:
    assert f"{GRANT}/mfa-otp" in grants(admin, path)
    answer = admin("PATCH", path, {"grant_types": ["password"]})
    assert answer.status_code == 200
    assert answer.json()["grant_types"] == grants(admin, path) == ["password"]
    assert error_of(app.otp(app.mfa_token(), "000000"))[1] == "unauthorized_client"


@pytest.mark.parametrize(
    ("lost", "happening"),
    [
        ("password", lambda app: app.password()),
        (f"{GRANT}/passwordless/otp", lambda app: app.passwordless("+15550123", "000000")),
        (f"{GRANT}/mfa-oob", lambda app: app.poll("x", "x")),
        (f"{GRANT}/mfa-recovery-code", lambda app: app.recover("x", "x")),
        ("refresh_token", lambda app: app.token(grant_type="refresh_token", refresh_token="x")),
        ("client_credentials", lambda app: app.token(grant_type="client_credentials", audience="x")),
    ],
)
def test_a_grant_that_is_taken_away_is_refused_until_it_is_given_back(
    app: App, admin: Admin, path: str, lost: str, happening: Any
) -> None:
    before = grants(admin, path)
    assert lost in before
    assert error_of(happening(app))[1] != "unauthorized_client"
    admin("PATCH", path, {"grant_types": [one for one in before if one != lost]})
    refused = happening(app)
    assert error_of(refused) == (403, "unauthorized_client", f"Grant type '{lost}' not allowed for the client.")
    assert refused.json()["error_uri"] == "https://auth0.com/docs/clients/client-grant-types"
    admin("PATCH", path, {"grant_types": before})
    assert grants(admin, path) == before
    assert error_of(happening(app))[1] != "unauthorized_client"


@pytest.mark.parametrize(
    "body",
    [
        {"grant_types": ["tea"]},
        {"grant_types": "password"},
        {"grant_types": [7]},
        {"name": ""},
        {"name": 7},
        {"token_endpoint_auth_method": "tea"},
        ["name"],
    ],
)
def test_a_change_that_is_not_of_its_shape_changes_nothing(admin: Admin, path: str, body: object) -> None:
    before = admin.get(path)
    assert four_keys(admin("PATCH", path, body))[::2] == (400, "invalid_body")
    assert admin.get(path) == before


@pytest.mark.parametrize("name", ["callbacks", "grants", "logo_uri"])
def test_what_the_sandbox_does_not_keep_of_an_application_is_a_501(admin: Admin, path: str, name: str) -> None:
    before = admin.get(path)
    assert admin("PATCH", path, {"name": "x", name: []}).status_code == 501
    assert admin.get(path) == before


def test_an_application_is_renamed(admin: Admin, path: str) -> None:
    assert admin("PATCH", path, {"name": "Shop"}).json()["name"] == admin.get(path)["name"] == "Shop"


def test_an_application_that_is_made_public_needs_its_secret_no_more_and_may_get_it_back(
    app: App, admin: Admin, path: str
) -> None:
    assert admin.get(path)["token_endpoint_auth_method"] == "client_secret_post"
    assert app.password(client_secret="wrong").status_code == 401
    admin("PATCH", path, {"token_endpoint_auth_method": "none"})
    assert app.password(client_secret="").status_code == 403
    assert error_of(app.token(grant_type="client_credentials", audience="x"))[1:] == ("access_denied", "Unauthorized")
    admin("PATCH", path, {"token_endpoint_auth_method": "client_secret_basic"})
    assert app.password(client_secret="wrong").status_code == 401
    assert app.password().status_code == 403


def test_a_public_application_gets_a_secret_when_it_becomes_confidential(app: App, admin: Admin) -> None:
    client_id = app.sandbox.defaults.public_client_id
    answer = admin("PATCH", f"/clients/{client_id}", {"token_endpoint_auth_method": "client_secret_post"}).json()
    assert len(answer["client_secret"]) == 64
    assert app.password(client_id=client_id, client_secret="").status_code == 401
    assert app.password(client_id=client_id, client_secret=answer["client_secret"]).status_code == 403


def test_without_a_default_directory_the_plain_password_grant_fails(app: App, admin: Admin) -> None:
    directory = admin.get(SETTINGS)["default_directory"]
    assert directory == app.sandbox.defaults.realm
    assert admin("PATCH", SETTINGS, {"default_directory": ""}).json()["default_directory"] == ""
    assert error_of(app.password()) == (
        500,
        "server_error",
        "Authorization server not configured with default connection.",
    )
    realm = app.password(grant_type=f"{GRANT}/password-realm", realm=directory)
    assert realm.status_code == 403
    admin("PATCH", SETTINGS, {"default_directory": directory})
    assert error_of(app.password())[1] == "mfa_required"


def test_a_default_directory_must_have_passwords(admin: Admin) -> None:
    before = admin.get(SETTINGS)
    assert four_keys(admin("PATCH", SETTINGS, {"default_directory": "tea", "friendly_name": "Shop"}))[0] == 400
    assert four_keys(admin("PATCH", SETTINGS, {"default_directory": None}))[2] == "invalid_body"
    assert admin.get(SETTINGS) == before


def test_the_tenants_name_stands_in_its_messages(app: App, admin: Admin) -> None:
    assert admin("PATCH", SETTINGS, {"friendly_name": "The Shop"}).json()["friendly_name"] == "The Shop"
    app.associate_sms(app.mfa_token())
    assert "The Shop" in app.inbox()[-1].text
    assert admin("PATCH", SETTINGS, {"support_email": "help@example.com"}).status_code == 501


def test_the_log_has_the_newest_first_with_who_did_it(app: App, admin: Admin) -> None:
    app.sandbox.clock.advance(60)
    app.password()
    newest, *older = admin.get("/logs")
    known = app.sandbox.defaults
    assert (newest["type"], newest["client_id"], newest["user_id"]) == ("mfar", known.client_id, known.user_id)
    assert newest["client_name"] == "Lab (confidential)"
    assert newest["date"].endswith("Z")
    assert [one["type"] for one in older] == ["seccft"]
    assert newest["date"] > older[0]["date"]
    assert set(newest) == {"date", "type", "description", "client_id", "client_name", "user_id", "log_id"}


def test_the_log_is_cut_sorted_and_searched(app: App, admin: Admin) -> None:
    for _ in range(3):
        app.password()
    ids = [one["log_id"] for one in admin.get("/logs")]
    assert len(set(ids)) == len(ids) == 4
    assert [one["log_id"] for one in admin.get("/logs?take=2")] == ids[:2]
    assert [one["log_id"] for one in admin.get("/logs?per_page=2&page=1")] == ids[2:]
    assert [one["log_id"] for one in admin.get("/logs?sort=date:1")] == ids[::-1]
    assert [one["type"] for one in admin.get("/logs?q=type:seccft")] == ["seccft"]
    assert admin.get('/logs?q=type:"nothing"') == []
    assert admin.get("/logs?take=1&fields=type") == [{"type": "mfar"}]


@pytest.mark.parametrize(
    ("query", "status"), [("q=a%20AND%20b", 501), ("sort=type:1", 501), ("take=x", 400), ("x=1", 400)]
)
def test_what_a_log_cannot_be_asked_is_refused(admin: Admin, query: str, status: int) -> None:
    assert admin("GET", f"/logs?{query}").status_code == status
