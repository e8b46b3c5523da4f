"""The lab's side of the Management API: each method sends its call, and the sandbox takes every one of them."""

import inspect
import json
import re

import httpx
import pytest
from IPython.core.ultratb import VerboseTB

from auth0_mfa_lab import Client, Lab, NoAnswer
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.management.api import ENDPOINTS
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.mothers import Scripted, a_journal, a_live_lab

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
PERSON = Secret("q" * 12 + "@example.com", "<email 1>")
# A method | its call | what is passed beside the parts of its path (by place: in a list) | its query or its body
CALLS = """
guardian_factors                  | GET /guardian/factors
update_guardian_factor | PUT /guardian/factors/{name} | {"enabled": false} | {"enabled": false}
guardian_policies                 | GET /guardian/policies
update_guardian_policies | PUT /guardian/policies | [["all-applications"]] | ["all-applications"]
update_guardian_policies          | PUT /guardian/policies            | [[]]                     | []
push_notification_provider        | GET /guardian/factors/push-notification/selected-provider
update_push_notification_provider | PUT /guardian/factors/push-notification/selected-provider | ["a"] | {"provider":"a"}
phone_message_types               | GET /guardian/factors/phone/message-types
update_phone_message_types | PUT /guardian/factors/phone/message-types | [["sms"]] | {"message_types": ["sms"]}
phone_provider                    | GET /guardian/factors/phone/selected-provider
update_phone_provider | PUT /guardian/factors/phone/selected-provider | ["twilio"] | {"provider": "twilio"}
enrollment                        | GET /guardian/enrollments/{id}
delete_enrollment                 | DELETE /guardian/enrollments/{id}
enrollment_ticket | POST /guardian/enrollments/ticket | {"user_id": "auth0|1"} | {"user_id": "auth0|1"}
user_enrollments                  | GET /users/{id}/enrollments
authentication_methods            | GET /users/{id}/authentication-methods | {"page": 0} | page=0
create_authentication_method | POST /users/{id}/authentication-methods | {"type": "email"} | {"type": "email"}
replace_authentication_methods | PUT /users/{id}/authentication-methods | [[{"type": "email"}]] | [{"type": "email"}]
delete_authentication_methods     | DELETE /users/{id}/authentication-methods
authentication_method             | GET /users/{id}/authentication-methods/{id}
update_authentication_method | PATCH /users/{id}/authentication-methods/{id} | {"name": "work"} | {"name": "work"}
delete_authentication_method      | DELETE /users/{id}/authentication-methods/{id}
delete_authenticators             | DELETE /users/{id}/authenticators
regenerate_recovery_code          | POST /users/{id}/recovery-code-regeneration
delete_multifactor                | DELETE /users/{id}/multifactor/{provider}
invalidate_remember_browser       | POST /users/{id}/multifactor/actions/invalidate-remember-browser
user                              | GET /users/{id}
update_user | PATCH /users/{id} | {"email_verified": false} | {"email_verified": false}
create_user | POST /users | {"connection": "people", "email": null} | {"connection": "people"}
delete_user                       | DELETE /users/{id}
users_by_email | GET /users-by-email | ["a+b c@example.com"] | email=a%2Bb%20c%40example.com
applications | GET /clients | {"fields": ["grant_types", "name"]} | fields=grant_types%2Cname
application | GET /clients/{id} | {"fields": "a", "include_fields": false} | fields=a&include_fields=false
update_application | PATCH /clients/{id} | {"grant_types": []} | {"grant_types": []}
connections                       | GET /connections      | {"strategy": "auth0"}           | strategy=auth0
tenant_settings                   | GET /tenants/settings
update_tenant_settings | PATCH /tenants/settings | {"default_directory": ""} | {"default_directory": ""}
logs | GET /logs | {"take": 5, "q": "type:mfar"} | take=5&q=type%3Amfar
"""


SCOPES = {re.sub("{.*?}", "{}", f"{each.method} {each.path}"): each.scope.split() for each in ENDPOINTS}
FACTS = re.compile(
    r"Scope: `(.+)`\. (Dashboard > .+\. )?Source: (the reference, section [\d.]+( and \d+)?(, .+)?|M.+)\.$"
)


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


def test_the_help_of_each_method_is_sentences_and_its_call() -> None:
    for method in (each for each in vars(Management).values() if hasattr(each, "__signature__")):
        for part in (inspect.getdoc(method) or "").split("\n\n"):
            assert part.endswith(".") or re.match(r" +[A-Z]+ /api/v2/.* -> \d\d\d", part), part


@pytest.mark.parametrize("row", CALLS.strip().splitlines())
def test_a_method_sends_its_call_says_so_and_the_sandbox_knows_it(api: Management, row: str) -> None:
    name, line, passed, wire = [*map(str.strip, row.split(" | ")), "", ""][:4]
    given, network = json.loads(passed or "[]"), Scripted()
    by_place = ["auth0|1"] * line.count("{") + (given if isinstance(given, list) else [])
    named = given if isinstance(given, dict) else {}
    getattr(api_of(network), name)(*by_place, **named)
    (request,) = network.asked
    query, body = (f"?{wire}", "") if "=" in wire else ("", wire)
    path = re.sub(r"{\w+}", "auth0%7C1", line.replace(" ", " /api/v2"))
    assert f"{request.method} {request.url.raw_path.decode()}" == path + query
    assert request.headers["authorization"] == "Bearer opaque-management-token"
    assert json.loads(request.content or "null") == json.loads(body or "null")
    told = FACTS.search(inspect.getdoc(getattr(Management, name)) or "")
    assert told
    assert told[1] in SCOPES[re.sub("{.*?}", "{}", line)]
    assert getattr(api, name)(*by_place, **named).status in (200, 204, 400, 404)  # no such user, method or application


def test_every_method_is_called_in_this_table_and_shows_itself_by_its_name() -> None:
    methods = dict(inspect.getmembers(Management, inspect.isfunction))
    assert {row.split()[0] for row in CALLS.strip().splitlines()} == {
        name for name in methods if not name.startswith("_")
    } - {"send"}
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
