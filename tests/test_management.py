"""The lab's side of the Management API: each method sends its call, and the sandbox takes every one of them."""

import inspect
import json
import re
from typing import Any

import httpx
import pytest
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Client, Lab, NoAnswer
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.mothers import Scripted, a_journal, a_live_lab

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
PHONE, PUSH = "/guardian/factors/phone", "/guardian/factors/push-notification"
METHODS = "/users/{id}/authentication-methods"
PERSON = Secret("q" * 12 + "@example.com", "<email 1>")
# fmt: off
PLAIN = {  # a method that takes the parts of its path alone
    "guardian_factors": "GET /guardian/factors",
    "guardian_policies": "GET /guardian/policies",
    "push_notification_provider": f"GET {PUSH}/selected-provider",
    "phone_message_types": f"GET {PHONE}/message-types",
    "phone_provider": f"GET {PHONE}/selected-provider",
    "enrollment": "GET /guardian/enrollments/{id}",
    "delete_enrollment": "DELETE /guardian/enrollments/{id}",
    "user_enrollments": "GET /users/{id}/enrollments",
    "delete_authentication_methods": f"DELETE {METHODS}",
    "authentication_method": f"GET {METHODS}/{{id}}",
    "delete_authentication_method": f"DELETE {METHODS}/{{id}}",
    "delete_authenticators": "DELETE /users/{id}/authenticators",
    "regenerate_recovery_code": "POST /users/{id}/recovery-code-regeneration",
    "delete_multifactor": "DELETE /users/{id}/multifactor/{provider}",
    "invalidate_remember_browser": "POST /users/{id}/multifactor/actions/invalidate-remember-browser",
    "user": "GET /users/{id}",
    "delete_user": "DELETE /users/{id}",
    "tenant_settings": "GET /tenants/settings",
}
CALLS: tuple[tuple[str, str, dict[str, Any], Any], ...] = (
    # The method, the call, what is passed beside the parts of its path (by place: in a list), its query or its body.
    *((name, line, {}, None) for name, line in PLAIN.items()),
    ("update_guardian_factor", "PUT /guardian/factors/{name}", {"enabled": False}, {"enabled": False}),
    ("update_guardian_policies", "PUT /guardian/policies", {"": [("all-applications",)]}, ["all-applications"]),
    ("update_guardian_policies", "PUT /guardian/policies", {"": [[]]}, []),
    ("update_push_notification_provider", f"PUT {PUSH}/selected-provider", {"": ["sns"]}, {"provider": "sns"}),
    ("update_phone_message_types", f"PUT {PHONE}/message-types", {"": [("sms",)]}, {"message_types": ["sms"]}),
    ("update_phone_provider", f"PUT {PHONE}/selected-provider", {"": ["twilio"]}, {"provider": "twilio"}),
    ("enrollment_ticket", "POST /guardian/enrollments/ticket", {"user_id": "auth0|1"}, {"user_id": "auth0|1"}),
    ("authentication_methods", f"GET {METHODS}", {"page": 0, "include_totals": True}, "page=0&include_totals=true"),
    ("create_authentication_method", f"POST {METHODS}", {"type": "email"}, {"type": "email"}),
    ("replace_authentication_methods", f"PUT {METHODS}", {"": [[{"type": "email"}]]}, [{"type": "email"}]),
    ("update_authentication_method", f"PATCH {METHODS}/{{id}}", {"name": "work"}, {"name": "work"}),
    ("update_user", "PATCH /users/{id}", {"email_verified": False}, {"email_verified": False}),
    ("create_user", "POST /users", {"connection": "people", "email": None}, {"connection": "people"}),
    ("users_by_email", "GET /users-by-email", {"": ["a+b c@example.com"]}, "email=a%2Bb%20c%40example.com"),
    ("applications", "GET /clients", {"fields": ["grant_types", "name"]}, "fields=grant_types%2Cname"),
    ("application", "GET /clients/{id}", {"fields": "a", "include_fields": False}, "fields=a&include_fields=false"),
    ("update_application", "PATCH /clients/{id}", {"grant_types": []}, {"grant_types": []}),
    ("connections", "GET /connections", {"strategy": "auth0"}, "strategy=auth0"),
    ("update_tenant_settings", "PATCH /tenants/settings", {"default_directory": ""}, {"default_directory": ""}),
    ("logs", "GET /logs", {"take": 5, "q": "type:mfar"}, "take=5&q=type%3Amfar"),
)
# fmt: on


def api_of(transport: httpx.BaseTransport, token: str = "opaque-management-token") -> Management:
    recording = RecordingTransport(transport, a_journal(), speaker="app")
    return Management(httpx.Client(transport=recording, base_url="https://sandbox.example"), token)


@pytest.fixture(scope="module")
def lab() -> Lab:
    """A lab whose administrator breaks what it likes."""
    return Lab.sandbox()


@pytest.fixture(scope="module")
def api(lab: Lab) -> Management:
    granted = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    return lab.management(granted["access_token"])


@pytest.mark.parametrize(("name", "line", "passed", "wire"), CALLS)
def test_a_method_sends_its_call_says_so_and_the_sandbox_knows_it(
    api: Management, name: str, line: str, passed: dict[str, Any], wire: Any
) -> None:
    by_place = ["auth0|1"] * line.count("{") + passed.get("", [])
    named, network = {field: value for field, value in passed.items() if field}, Scripted()
    getattr(api_of(network), name)(*by_place, **named)
    (request,) = network.asked
    path = re.sub("{\\w+}", "auth0%7C1", line.replace(" ", " /api/v2")) + (f"?{wire}" if isinstance(wire, str) else "")
    assert f"{request.method} {request.url.raw_path.decode()}" == path
    assert request.headers["authorization"] == "Bearer opaque-management-token"
    assert (json.loads(request.content) if request.content else None) == (None if isinstance(wire, str) else wire)
    assert getattr(api, name)(*by_place, **named).status in (200, 204, 400, 404)  # no such user, method or application


def test_every_method_is_called_in_this_table_and_shows_itself_by_its_name() -> None:
    methods = dict(inspect.getmembers(Management, inspect.isfunction))
    assert {name for name, *_ in CALLS} == {name for name in methods if not name.startswith("_")} - {"send"}
    assert all(method.__qualname__ == f"Management.{name}" for name, method in methods.items())
    signature = str(inspect.signature(Management.update_user))
    assert signature.startswith("(self, /, user_id, *, email=None, email_verified=None")
    token = Secret("eyJ-a-management-token", "<access_token 1>")
    assert repr(api_of(Scripted(), token)) == "Management API of sandbox.example, opened by <access_token 1>"
    assert repr(api_of(Scripted())) == "Management API of sandbox.example, opened by a token"


def test_what_an_administrator_does_shows_no_secret(lab: Lab, api: Management) -> None:
    box = lab._sandbox
    assert box is not None
    machine = lab.management_application
    assert machine is lab.management_application
    assert (machine.client_id, lab.management_audience) == (
        box.defaults.mgmt_client_id,
        "https://sandbox.example/api/v2/",
    )
    (found,) = api.users_by_email(lab.user().email or "").json
    user_id = found["user_id"]
    api.application(lab.client.client_id)
    api.create_authentication_method(user_id, type="totp", totp_secret=SECRET)
    made = (
        api.enrollment_ticket(user_id=user_id)["ticket_id"],
        api.regenerate_recovery_code(user_id)["recovery_code"],
    )
    texts = "\n".join(repr(each) + each._repr_mimebundle_()["text/html"] for each in lab.journal)
    secrets = ("eyJ", SECRET, box.defaults.client_secret, box.defaults.mgmt_client_secret, *map(str, made))
    assert [each for each in secrets if each in texts] == []
    aliases = ("<client_secret 1>", "<mgmt_client_secret 1", "ticket=<ticket_id 1>")
    assert [each for each in aliases if each not in texts] == []
    refused = api.logs(q="type:a OR type:b")
    assert refused.status == 501
    assert "write one term, such as type:gd_send_pn_failure, with one of" in repr(refused)


def test_on_a_live_tenant_its_people_are_shown_under_aliases() -> None:
    box = Sandbox(domain="tenant.example")
    known, lab = box.defaults, a_live_lab(box)
    machine = Client(lab._http("app"), client_id=known.mgmt_client_id, client_secret=known.mgmt_client_secret)
    api = lab.management(machine.client_credentials_grant(audience=lab.management_audience)["access_token"])
    shown = repr([api.authentication_methods(known.user_id), api.users_by_email(known.email), api.logs()])
    private = (known.user_id, known.user_id.replace("|", "%7C"), known.email, known.phone_number)
    assert [each for each in private if each in shown] == []
    assert "<user_id 1>" in shown


def test_a_traceback_with_its_frames_values_shows_no_address() -> None:
    api = api_of(Scripted(httpx.ConnectError("no route")))
    with pytest.raises(NoAnswer) as failure:
        api.users_by_email(PERSON)
    shown = VerboseTB(include_vars=True).text(failure.type, failure.value, failure.tb)
    assert "management.py" in shown
    assert "q" * 12 not in shown
