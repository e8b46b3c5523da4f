"""The lab's side of the Management API: each method sends its call, and the sandbox takes every one of them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Client, Exchange, Lab, NoAnswer
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.management.api import ENDPOINTS
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.wire.journal import Journal, RecordingTransport
from tests.mothers import Scripted, a_journal, an_exchange

TOKEN = "opaque-management-token"
USER = "auth0|0123456789abcdef01234567"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
METHODS = "/users/{id}/authentication-methods"

# fmt: off
CALLS: dict[str, tuple[Callable[[Management], Exchange], str, Any, str]] = {
    # a method: the call, "verb path", the body, the query
    "guardian_factors": (lambda api: api.guardian_factors(), "GET /guardian/factors", None, ""),
    "update_guardian_factor": (lambda api: api.update_guardian_factor("push-notification", enabled=False),
        "PUT /guardian/factors/{name}", {"enabled": False}, ""),
    "guardian_policies": (lambda api: api.guardian_policies(), "GET /guardian/policies", None, ""),
    "update_guardian_policies": (lambda api: api.update_guardian_policies(("all-applications",)),
        "PUT /guardian/policies", ["all-applications"], ""),
    "update_guardian_policies to never": (
        lambda api: api.update_guardian_policies([]), "PUT /guardian/policies", [], ""),
    "push_notification_provider": (lambda api: api.push_notification_provider(),
        "GET /guardian/factors/push-notification/selected-provider", None, ""),
    "update_push_notification_provider": (lambda api: api.update_push_notification_provider("sns"),
        "PUT /guardian/factors/push-notification/selected-provider", {"provider": "sns"}, ""),
    "phone_message_types": (
        lambda api: api.phone_message_types(), "GET /guardian/factors/phone/message-types", None, ""),
    "update_phone_message_types": (lambda api: api.update_phone_message_types(("sms", "voice")),
        "PUT /guardian/factors/phone/message-types", {"message_types": ["sms", "voice"]}, ""),
    "phone_provider": (lambda api: api.phone_provider(), "GET /guardian/factors/phone/selected-provider", None, ""),
    "update_phone_provider": (lambda api: api.update_phone_provider("twilio"),
        "PUT /guardian/factors/phone/selected-provider", {"provider": "twilio"}, ""),
    "enrollment_ticket": (lambda api: api.enrollment_ticket(user_id=USER, factor="otp"),
        "POST /guardian/enrollments/ticket", {"user_id": USER, "factor": "otp"}, ""),
    "enrollment": (lambda api: api.enrollment("dev_1"), "GET /guardian/enrollments/{id}", None, ""),
    "delete_enrollment": (lambda api: api.delete_enrollment("dev_1"), "DELETE /guardian/enrollments/{id}", None, ""),
    "user_enrollments": (lambda api: api.user_enrollments(USER), "GET /users/{id}/enrollments", None, ""),
    "authentication_methods": (lambda api: api.authentication_methods(USER, page=0, include_totals=True),
        f"GET {METHODS}", None, "page=0&include_totals=true"),
    "create_authentication_method": (
        lambda api: api.create_authentication_method(USER, type="totp", totp_secret=SECRET, name="my app"),
        f"POST {METHODS}", {"type": "totp", "totp_secret": SECRET, "name": "my app"}, ""),
    "replace_authentication_methods": (
        lambda api: api.replace_authentication_methods(USER, [{"type": "email", "email": "a@example.com"}]),
        f"PUT {METHODS}", [{"type": "email", "email": "a@example.com"}], ""),
    "delete_authentication_methods": (
        lambda api: api.delete_authentication_methods(USER), f"DELETE {METHODS}", None, ""),
    "authentication_method": (
        lambda api: api.authentication_method(USER, "phone|dev_1"), f"GET {METHODS}/{{id}}", None, ""),
    "update_authentication_method": (lambda api: api.update_authentication_method(USER, "phone|dev_1", name="work"),
        f"PATCH {METHODS}/{{id}}", {"name": "work"}, ""),
    "delete_authentication_method": (
        lambda api: api.delete_authentication_method(USER, "phone|dev_1"), f"DELETE {METHODS}/{{id}}", None, ""),
    "delete_authenticators": (
        lambda api: api.delete_authenticators(USER), "DELETE /users/{id}/authenticators", None, ""),
    "regenerate_recovery_code": (
        lambda api: api.regenerate_recovery_code(USER), "POST /users/{id}/recovery-code-regeneration", None, ""),
    "delete_multifactor": (
        lambda api: api.delete_multifactor(USER, "duo"), "DELETE /users/{id}/multifactor/{provider}", None, ""),
    "invalidate_remember_browser": (lambda api: api.invalidate_remember_browser(USER),
        "POST /users/{id}/multifactor/actions/invalidate-remember-browser", None, ""),
    "user": (lambda api: api.user(USER), "GET /users/{id}", None, ""),
    "update_user": (
        lambda api: api.update_user(USER, email_verified=False), "PATCH /users/{id}", {"email_verified": False}, ""),
    "create_user": (lambda api: api.create_user(connection="people", email="a@example.com", verify_email=False),
        "POST /users", {"connection": "people", "email": "a@example.com", "verify_email": False}, ""),
    "delete_user": (lambda api: api.delete_user(USER), "DELETE /users/{id}", None, ""),
    "users_by_email": (lambda api: api.users_by_email("a+b c@example.com"),
        "GET /users-by-email", None, "email=a%2Bb%20c%40example.com"),
    "applications": (lambda api: api.applications(fields="name"), "GET /clients", None, "fields=name"),
    "application": (lambda api: api.application("app", fields="grant_types,name", include_fields=False),
        "GET /clients/{id}", None, "fields=grant_types%2Cname&include_fields=false"),
    "applications by a list of fields": (lambda api: api.applications(fields=["grant_types", "name"]),
        "GET /clients", None, "fields=grant_types%2Cname"),
    "update_application": (lambda api: api.update_application("app", grant_types=["password"], name="Shop"),
        "PATCH /clients/{id}", {"grant_types": ["password"], "name": "Shop"}, ""),
    "connections": (lambda api: api.connections(strategy="auth0", fields=["name", "strategy"]),
        "GET /connections", None, "strategy=auth0&fields=name%2Cstrategy"),
    "tenant_settings": (lambda api: api.tenant_settings(), "GET /tenants/settings", None, ""),
    "update_tenant_settings": (lambda api: api.update_tenant_settings(default_directory=""),
        "PATCH /tenants/settings", {"default_directory": ""}, ""),
    "logs": (lambda api: api.logs(take=5, q="type:mfar"), "GET /logs", None, "take=5&q=type%3Amfar"),
}
# fmt: on
NAMES = [
    name
    for name, _ in inspect.getmembers(Management, inspect.isfunction)
    if not name.startswith("_") and name != "send"
]
VALUES = {"{name}": "push-notification", "{provider}": "duo"}


def api_of(transport: httpx.BaseTransport, token: str = TOKEN, journal: Journal | None = None) -> Management:
    recording = RecordingTransport(transport, journal if journal is not None else a_journal(), speaker="app")
    return Management(httpx.Client(transport=recording, base_url="https://sandbox.example"), token)


def path_of(line: str) -> str:
    """Return the raw path that a line of the table stands for."""
    path = line.partition(" ")[2]
    for name, value in VALUES.items():
        path = path.replace(name, value)
    first, _, last = path.partition("/authentication-methods/")
    first = first.replace("/users/{id}", "/users/auth0%7C0123456789abcdef01234567")
    first = first.replace("/clients/{id}", "/clients/app").replace("/enrollments/{id}", "/enrollments/dev_1")
    return f"/api/v2{first}" + ("/authentication-methods/phone%7Cdev_1" if last else "")


@pytest.mark.parametrize("name", CALLS)
def test_a_method_sends_its_call(name: str) -> None:
    call, line, body, query = CALLS[name]
    network = Scripted()
    call(api_of(network))
    (request,) = network.asked
    assert request.method == line.partition(" ")[0]
    assert request.url.raw_path.decode() == path_of(line) + (f"?{query}" if query else "")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (json.loads(request.content) if request.content else None) == body
    assert request.headers.get("content-type") == (None if body is None else "application/json")


def test_every_method_is_called_in_this_table() -> None:
    assert {name.partition(" ")[0] for name in CALLS} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_methods_docstring_has_its_line_its_scope_and_its_source(name: str) -> None:
    documentation = inspect.getdoc(getattr(Management, name)) or ""
    verb, _, path = CALLS[name][1].partition(" ")
    assert f"\n    {verb} /api/v2{path}   -> " in documentation
    assert re.search(r"Source:\s((the\s)?reference,\ssections?\s(9\.\d|11)|Management API v2, )", documentation)


def test_the_scope_in_a_docstring_is_the_one_that_the_sandbox_asks_for() -> None:
    scopes = {(one.method, one.path.replace("{method_id}", "{id}")): tuple(one.scope.split()) for one in ENDPOINTS}
    for name in NAMES:
        verb, _, path = CALLS[name][1].partition(" ")
        named = re.search(r"Scope:\s`([\w:]+)`", inspect.getdoc(getattr(Management, name)) or "")
        assert named is not None, name
        assert named[1] == scopes[verb, path][0], name


def test_a_token_that_is_none_is_told_at_once() -> None:
    with pytest.raises(LabError, match="access_token"):
        api_of(Scripted(), token=None)  # type: ignore[arg-type]  # what a person may pass


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", r"^access_token is empty\. Pass an access token for the Management API: .* client_credentials_grant"),
        ("  ", "^access_token is empty"),
        (
            Secret("Fe26.2*sealed", "<mfa_token 2>"),
            r"^access_token is <mfa_token 2>, which opens the MFA API alone\. Pass",
        ),
        (an_exchange(), r"pass one of its fields, such as exchange\['access_token'\]\.$"),
    ],
)
def test_a_token_that_opens_nothing_here_is_told_at_once(token: Any, said: str) -> None:
    with pytest.raises(LabError, match=said) as refusal:
        api_of(Scripted(), token=token)
    assert "sealed" not in str(refusal.value)


def test_it_shows_itself_in_one_line_without_its_token() -> None:
    token = Secret("eyJ-a-management-token", "<access_token 1>")
    assert repr(api_of(Scripted(), token)) == "Management API of sandbox.example, opened by <access_token 1>"
    assert repr(api_of(Scripted())) == "Management API of sandbox.example, opened by a token"


# -- a slip of the person's gets a sentence, and nothing is sent


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda api: api.update_guardian_policies("never"), "policies is a list: write ['never']."),
        (lambda api: api.update_guardian_policies(None), "policies is a list: a NoneType is none."),
        (lambda api: api.update_guardian_policies({"policy": 1}), "policies is a list: a dict is none."),
        (lambda api: api.update_phone_message_types("sms"), "message_types is a list: write ['sms']."),
        (lambda api: api.send("PUT", "/guardian/policies", json="never"), "json is the body as an object or a list"),
        (
            lambda api: api.send("PUT", "/guardian/policies", json=1),
            "and a int is none: write json={...} or json=[...].",
        ),
        (lambda api: api.replace_authentication_methods(USER, {"type": "phone"}), "methods is a list: a dict is none."),
        (lambda api: api.send("GET", "guardian/policies"), "path is what follows /api/v2 and begins with a slash"),
        (lambda api: api.send("GET", "/api/v2/logs"), "path is what follows /api/v2"),
        (lambda api: api.send("GET", "https://sandbox.example/api/v2/logs"), "path is what follows /api/v2"),
        (lambda api: api.send("GET", "//sandbox.example"), "path is what follows /api/v2"),
        (lambda api: api.send("GET", ""), "path is what follows /api/v2"),
        (lambda api: api.send("GET", None), "path is a NoneType and no text"),
        (lambda api: api.application("app", fields=["name", 1]), "each of fields is a int and no text"),
    ],
)
def test_a_slip_gets_a_sentence(slip: Callable[[Any], Exchange], said: str) -> None:
    network = Scripted()
    with pytest.raises(LabError) as refusal:
        slip(api_of(network))
    assert said in str(refusal.value)
    assert not network.asked


def test_fields_may_be_a_list(api: Management, box: Sandbox) -> None:
    shown = api.application(box.defaults.client_id, fields=["name", "app_type"])
    assert set(shown.json) == {"name", "app_type"}


@pytest.mark.parametrize("q", ["type:a OR type:b", 'type:"a', "date:2027", "type"])
def test_a_search_of_the_log_that_is_not_emulated_says_how_to_write_one(api: Management, q: str) -> None:
    refused = api.logs(q=q)
    assert refused.status == 501
    assert refused.response is not None
    assert "write one term, such as type:gd_send_pn_failure, with one of type, user_id" in str(refused.response.text)


# -- against the sandbox


@pytest.fixture
def box() -> Sandbox:
    return Sandbox()


@pytest.fixture
def journal() -> Journal:
    return a_journal()


@pytest.fixture
def api(box: Sandbox, journal: Journal) -> Management:
    known = box.defaults
    recording = RecordingTransport(box.transport, journal, speaker="app")
    http = httpx.Client(transport=recording, base_url="https://sandbox.example")
    client = Client(http, client_id=known.mgmt_client_id, client_secret=known.mgmt_client_secret)
    token = client.client_credentials_grant(audience="https://sandbox.example/api/v2/")
    assert token.status == 200
    return Management(http, token["access_token"])


@pytest.mark.parametrize("name", CALLS)
def test_the_sandbox_knows_every_call(api: Management, name: str) -> None:
    exchange = CALLS[name][0](api)
    assert exchange.status in (200, 204, 400, 404), exchange  # a user who is not there is deleted alike


def test_an_administrator_breaks_a_prerequisite_and_mends_it(api: Management, box: Sandbox) -> None:
    client_id = box.defaults.client_id
    before = api.application(client_id, fields="grant_types")["grant_types"]
    assert api.update_application(client_id, grant_types=["password"])["grant_types"] == ["password"]
    assert api.update_application(client_id, grant_types=before)["grant_types"] == before
    assert api.update_guardian_policies([]).json == []
    assert api.guardian_policies().json == []
    assert api.update_tenant_settings(default_directory="")["default_directory"] == ""


def test_a_user_is_enrolled_read_and_freed_again(api: Management, box: Sandbox) -> None:
    user = box.add_user()
    made = api.create_authentication_method(user.user_id, type="phone", phone_number="+15550123", name="work")
    assert made.status == 201
    method_id = made["id"]
    assert api.update_authentication_method(user.user_id, method_id, name="home")["name"] == "home"
    assert api.authentication_method(user.user_id, method_id)["name"] == "home"
    (enrolled,) = api.user_enrollments(user.user_id).json
    assert api.enrollment(enrolled["id"]).status == 200
    assert api.delete_authentication_method(user.user_id, method_id).status == 204
    assert api.authentication_methods(user.user_id).json == []
    ticket = api.enrollment_ticket(user_id=user.user_id)
    assert ticket["ticket_id"] in ticket["ticket_url"]


def test_nothing_that_is_shown_of_it_holds_a_secret(api: Management, box: Sandbox, journal: Journal) -> None:
    user = box.add_user()
    api.application(box.defaults.client_id)
    api.create_authentication_method(user.user_id, type="totp", totp_secret=SECRET)
    code = api.regenerate_recovery_code(user.user_id)["recovery_code"]
    ticket = api.enrollment_ticket(user_id=user.user_id)["ticket_id"]
    shown = "\n".join(repr(exchange) + exchange._repr_mimebundle_()["text/html"] for exchange in journal)
    for secret in (box.defaults.client_secret, box.defaults.mgmt_client_secret, SECRET, str(code), str(ticket)):
        assert len(secret) >= 24
        assert secret not in shown
    assert "eyJ" not in shown
    assert "<client_secret 1>" in shown
    assert "ticket=<ticket_id 1>" in shown


def test_on_a_live_tenant_its_people_are_shown_under_aliases(box: Sandbox) -> None:
    journal = a_journal(people=True)
    recording = RecordingTransport(box.transport, journal, speaker="app")
    http = httpx.Client(transport=recording, base_url="https://sandbox.example")
    known = box.defaults
    client = Client(http, client_id=known.mgmt_client_id, client_secret=known.mgmt_client_secret)
    api = Management(http, client.client_credentials_grant(audience="https://sandbox.example/api/v2/")["access_token"])
    api.authentication_methods(known.user_id)
    api.user(known.user_id)
    api.users_by_email(known.email)
    api.logs()
    shown = "\n".join(map(repr, journal))
    for private in (known.user_id, known.user_id.replace("|", "%7C"), known.email, known.phone_number):
        assert private not in shown
    assert "<user_id 1>" in shown


@pytest.mark.parametrize("wrong", ["", " ", ".", ".."])
@pytest.mark.parametrize(
    "act",
    [
        lambda lab, api, wrong: api.delete_authentication_method("auth0|1", wrong),
        lambda lab, api, wrong: api.delete_authenticators(wrong),
        lambda lab, api, wrong: api.delete_enrollment(wrong),
        lambda lab, api, wrong: api.update_application(wrong, name="x"),
        lambda lab, api, wrong: lab.client.mfa_delete_authenticator("token", wrong),
    ],
)
def test_what_is_no_id_never_makes_a_path_of_more_than_one_thing(
    act: Callable[[Lab, Management, str], object], wrong: str
) -> None:
    lab = Lab.sandbox()
    sent = len(lab.journal)
    with pytest.raises(LabError, match="pass an id just as an answer gave it"):
        act(lab, lab.management("an.access.token"), wrong)
    assert len(lab.journal) == sent


def test_a_traceback_with_its_frames_values_shows_no_id_and_no_address() -> None:
    def lost(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    journal = a_journal()
    transport = RecordingTransport(httpx.MockTransport(lost), journal, speaker="app")
    api = Management(httpx.Client(transport=transport, base_url="https://tenant.example"), "an.access.token")
    person, address = Secret(f"auth0|{'5' * 24}", "<user_id 1>"), Secret(f"{'q' * 12}@example.com", "<email 1>")
    acts: list[Callable[[], object]] = [lambda: api.user(person), lambda: api.users_by_email(address)]
    for act in acts:
        with pytest.raises(NoAnswer) as failure:
            act()
        shown = VerboseTB(include_vars=True).text(failure.type, failure.value, failure.tb)
        assert "management.py" in shown
        assert "5" * 24 not in shown
        assert "q" * 12 not in shown
