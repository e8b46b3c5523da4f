"""What the Management API answers: each call with its scopes, success and marks; each refusal, whole, changing nothing.

Typed from the reference's sections 9.2 to 9.5; the rate limits of whole APIs (9.5, 429) are not emulated.
"""

import json
import re
from urllib.parse import quote

import httpx
import pytest

from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from auth0_mfa_lab.sandbox.management.api import ENDPOINTS
from tests.keys import next_key
from tests.sandbox.management_mothers import Admin, admin_of, four_keys, machine_token, notes_of
from tests.sandbox.sandbox_mothers import App, bearer, claims_of, sign

# Status, and marks of a success whose status or members are a guess; scopes; the call.
CALLS = """
200 -             read:guardian_factors             GET /guardian/factors
200 -             update:guardian_factors           PUT /guardian/factors/{name}
200 -             read:mfa_policies                 GET /guardian/policies
200 -             update:mfa_policies               PUT /guardian/policies
200 -             read:guardian_factors             GET /guardian/factors/push-notification/selected-provider
200 -             update:guardian_factors           PUT /guardian/factors/push-notification/selected-provider
200 -             read:guardian_factors             GET /guardian/factors/phone/message-types
200 -             update:guardian_factors           PUT /guardian/factors/phone/message-types
200 -             read:guardian_factors             GET /guardian/factors/phone/selected-provider
200 -             update:guardian_factors           PUT /guardian/factors/phone/selected-provider
200 -             create:guardian_enrollment_tickets POST /guardian/enrollments/ticket
200 doc//guess    read:guardian_enrollments         GET /guardian/enrollments/{id}
204 -             delete:guardian_enrollments       DELETE /guardian/enrollments/{id}
200 doc//guess    read:users,read:current_user      GET /users/{id}/enrollments
200 -             read:authentication_methods       GET /users/{id}/authentication-methods
201 rec//guess    create:authentication_methods     POST /users/{id}/authentication-methods
200 -             update:authentication_methods     PUT /users/{id}/authentication-methods
204 -             delete:authentication_methods     DELETE /users/{id}/authentication-methods
200 -             read:authentication_methods       GET /users/{id}/authentication-methods/{method_id}
200 rec//guess    update:authentication_methods     PATCH /users/{id}/authentication-methods/{method_id}
204 -             delete:authentication_methods     DELETE /users/{id}/authentication-methods/{method_id}
204 -             delete:guardian_enrollments       DELETE /users/{id}/authenticators
200 -             update:users                      POST /users/{id}/recovery-code-regeneration
204 doc//guess    update:users                      DELETE /users/{id}/multifactor/{provider}
204 -             update:users                      POST /users/{id}/multifactor/actions/invalidate-remember-browser
200 doc//guess    read:users                        GET /users/{id}
200 doc//guess    update:users                      PATCH /users/{id}
201 rec//guess    create:users                      POST /users
204 rec//guess    delete:users                      DELETE /users/{id}
200 doc//guess    read:users                        GET /users-by-email?email=jane.roe@example.com
200 doc//guess    read:clients                      GET /clients
200 doc//guess    read:clients                      GET /clients/{id}
200 doc//guess    update:clients                    PATCH /clients/{id}
200 doc//guess    read:client_credentials           GET /clients/{id}/credentials
201 doc//guess    create:client_credentials         POST /clients/{id}/credentials
204 -             delete:client_credentials         DELETE /clients/{id}/credentials/{credential_id}
200 doc//guess    read:connections                  GET /connections
200 guess//guess  read:tenant_settings              GET /tenants/settings
200 guess//guess  update:tenant_settings            PATCH /tenants/settings
200 doc//guess    read:logs                         GET /logs
"""
ALL = [line.split(maxsplit=3) for line in CALLS.strip().splitlines()]

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
PHONE, EMAIL = {"type": "phone", "phone_number": "+15550123"}, {"type": "email", "email": "a@example.com"}
TOTP = {"type": "totp", "totp_secret": SECRET}
NEW = {"connection": "Username-Password-Authentication", "email": "new@example.com", "password": "{password}"}
KEY = {"credential_type": "public_key", "pem": "x"}
PREFERRED, METHODS_OF = "preferred_authentication_method", "client_authentication_methods"
BAD_NUMBER = r"String does not match pattern ^\+[1-9][0-9]{1,14}$ on property phone_number"
BAD_EMAIL = "Object didn't pass validation for format email on property email"
BAD_SECRET = "String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret"
BOTH = "token_endpoint_auth_method and client_authentication_methods exclude each other"
NOT_MINE = "credentials must name credentials of this application"
FACTOR, POLICIES = "PUT /guardian/factors/email", "PUT /guardian/policies"
PUSH, TYPES = "PUT /guardian/factors/push-notification/selected-provider", "PUT /guardian/factors/phone/message-types"
BY_PHONE, TICKET = "PUT /guardian/factors/phone/selected-provider", "POST /guardian/enrollments/ticket"
CLIENT, KEYS_OF = "PATCH /clients/{id}", "POST /clients/{id}/credentials"
USER, ADD = "PATCH /users/{id}", "POST /users"
MAKE, SET = "POST /users/{id}/authentication-methods", "PUT /users/{id}/authentication-methods"
CHANGE = "PATCH /users/{id}/authentication-methods/{method_id}"
FORGET = "POST /users/{id}/multifactor/actions/invalidate-remember-browser"
# The body of each call that needs one; the names in braces stand for what there is.
SENT: dict[str, object] = {
    "PUT /guardian/factors/{name}": {"enabled": True},
    POLICIES: [],
    PUSH: {"provider": "sns"},
    TYPES: {"message_types": []},
    BY_PHONE: {"provider": "twilio"},
    TICKET: {"user_id": "{user}"},
    MAKE: EMAIL,
    SET: [],
    CHANGE: {"name": "work"},
    USER: {"email_verified": True},
    ADD: NEW,
    CLIENT: {"name": "Shop"},
    KEYS_OF: {**KEY, "pem": "{pem}"},
    "PATCH /tenants/settings": {},
}


def found(type_: str, name: str, wanted: str = "string") -> str:
    return f"Expected type {wanted} but found type {type_} on property {name}"


def missing(name: str) -> str:
    return f"Missing required property: {name}"


def other(name: str) -> str:
    return f"Additional properties not allowed: {name}"


def unknown(value: str, name: str) -> str:
    return f"No enum match for: {value} on property {name}"


def by_keys(value: object) -> dict[str, object]:
    return {METHODS_OF: {"private_key_jwt": value}}


# fmt: off
# A body that is not of the call's shape, and what stands in the quotes of "Payload validation error: '...'".
BODIES: tuple[tuple[str, object, str], ...] = (
    (FACTOR,   {},                                              missing("enabled")),
    (FACTOR,   {"enabled": "true"},                             found("string", "enabled", "boolean")),
    (FACTOR,   {"enabled": None},                               found("null", "enabled", "boolean")),
    (FACTOR,   {"enabled": 1},                                  found("integer", "enabled", "boolean")),
    (FACTOR,   {"enabled": True, "name": "otp"},                other("name")),
    (FACTOR,   [True],                                          "Expected type object but found type array"),
    (POLICIES, "all-applications",                              "Expected type array but found type string"),
    (POLICIES, {"policies": []},                                "Expected type array but found type object"),
    (POLICIES, ["never"],                                       "No enum match for: never"),
    (POLICIES, ["confidence-score"] * 2,                        "No enum match for: confidence-score,confidence-score"),
    (POLICIES, [[]],                                            "No enum match for: []"),
    (PUSH,     {"provider": "twilio"},                          unknown("twilio", "provider")),
    (BY_PHONE, {"provider": "sns"},                             unknown("sns", "provider")),
    (TYPES,    {"message_types": "sms"},                        found("string", "message_types", "array")),
    (TYPES,    {"message_types": ["pigeon"]},                   unknown("pigeon", "message_types")),
    (TYPES, {"message_types": [1]}, "Expected type string but found type integer in message_types"),
    (CLIENT,   {"grant_types": ["tea"]},                        unknown("tea", "grant_types")),
    (CLIENT,   {"grant_types": "password"},                     found("string", "grant_types", "array")),
    (CLIENT, {"name": " "}, "String is too short (0 chars), minimum 1 on property name"),
    (CLIENT,   {"name": 1.5},                                   found("number", "name")),
    (CLIENT,   {"name": None},                                  found("null", "name")),
    (CLIENT,   {"token_endpoint_auth_method": "tea"},           unknown("tea", "token_endpoint_auth_method")),
    (CLIENT,   {METHODS_OF: 7},                                 found("integer", METHODS_OF, "object")),
    (CLIENT,   {METHODS_OF: {}},                                missing("private_key_jwt")),
    (CLIENT,   by_keys({}),                                     missing("credentials")),
    (CLIENT,   by_keys({"credentials": []}),                    NOT_MINE),
    (CLIENT, by_keys({"credentials": ["cred_x"]}), "Expected type object but found type string in credentials"),
    (CLIENT,   by_keys({"credentials": [{"id": "cred_x"}]}),    NOT_MINE),
    (CLIENT,   {METHODS_OF: {}, "token_endpoint_auth_method": "none"}, BOTH),
    (KEYS_OF, KEY, "pem must be the PEM of a public RSA key of 2048 bits or more"),
    (KEYS_OF,  {**KEY, "credential_type": "x509"},              unknown("x509", "credential_type")),
    (KEYS_OF,  {**KEY, "alg": "HS256"},                         unknown("HS256", "alg")),
    ("PATCH /tenants/settings", {"default_directory": None},    found("null", "default_directory")),
    (USER,     {"email": "nobody"},                             BAD_EMAIL),
    (USER,     {"email_verified": "yes"},                       found("string", "email_verified", "boolean")),
    (USER,     {"phone_number": "0177"},                        BAD_NUMBER),
    (ADD, {**NEW, "email": ""},                       BAD_EMAIL),
    (ADD, {"connection": NEW["connection"]},          missing("email")),
    (ADD, {**NEW, "password": ""},                    missing("password")),
    (ADD, {"email": "a@example.com"},                 missing("connection")),
    (TICKET,   {},                                              missing("user_id")),
    (TICKET,   {"user_id": 7},                                  found("integer", "user_id")),
    (TICKET,   {"user_id": "x", "factor": "sms"},               unknown("sms", "factor")),
    (TICKET,   {"user_id": "x", "phone": "+15550100"},          other("phone")),
    (MAKE,     {},                                              missing("type")),
    (MAKE,     7,                                               "Expected type object but found type integer"),
    (MAKE,     {"type": "recovery-code"},                       unknown("recovery-code", "type")),
    (MAKE,     {"type": "phone"},                               missing("phone_number")),
    (MAKE,     {**PHONE, "phone_number": "+0123"},              BAD_NUMBER),
    (MAKE,     {**PHONE, "phone_number": "15550123"},           BAD_NUMBER),
    (MAKE,     {**PHONE, "email": "a@example.com"},             other("email")),
    (MAKE,     {**PHONE, PREFERRED: "email"},                   unknown("email", PREFERRED)),
    (MAKE,     {**EMAIL, PREFERRED: "sms"},                     other(PREFERRED)),
    (MAKE,     {**EMAIL, "email": "nobody"},                    BAD_EMAIL),
    (MAKE,     {**TOTP, "totp_secret": "not base32!"},          BAD_SECRET),
    (MAKE,     {**TOTP, "totp_secret": SECRET[:16]},            BAD_SECRET),
    (MAKE,     {**TOTP, "totp_secret": SECRET.lower()},         BAD_SECRET),
    (MAKE,     {**TOTP, "totp_secret": "ÄÖÜ"},                  BAD_SECRET),
    (MAKE,     {**TOTP, "name": 7},                             found("integer", "name")),
    (SET,      [EMAIL, {"type": "phone"}],                      missing("phone_number")),
    (SET,      {"0": EMAIL},                                    "Expected type array but found type object"),
    (CHANGE,   {"phone_number": "+15550100"},                   other("phone_number")),
    (CHANGE,   {PREFERRED: "tea"},                              unknown("tea", PREFERRED)),
    (FORGET,   {"x": 1},                                        other("x")),
)
# Status, code, message; and the marks of the three.
Said = tuple[int, str, str, str]
GUESS = "guess/guess/guess"
NO_USER: Said = (404, "inexistent_user", "The user does not exist.", GUESS)
NO_CLIENT: Said = (404, "inexistent_client", "The client does not exist", GUESS)
NO_KEY: Said = (404, "client_credential_not_found", "Client credential not found", GUESS)
NO_ENROLLMENT: Said = (404, "enrollment_not_found", "Enrollment not found", "rec/rec/rec")
NO_METHOD: Said = (404, "authentication_method_not_found", "Authentication method not found", GUESS)
NO_JSON: Said = (400, "invalid_body", "Invalid request payload JSON format", GUESS)
NO_DIRECTORY: Said = (400, "invalid_body", "Unknown default_directory: tea", GUESS)
NO_ROOM: Said = (400, "invalid_body", "The user has too many authentication methods", GUESS)
NO_ID: Said = (400, "invalid_uri", "Object didn't pass validation for format user-id: nobody", "forum/forum/forum")
EXISTS: Said = (409, "auth0_idp_error", "The user already exists.", "doc/forum/forum")
NO_CONNECTION: Said = (400, "inexistent_connection", "The connection does not exist.", "forum/forum/forum")
WEAK: Said = (400, "", "PasswordStrengthError: Password is too weak", "forum/guess/forum")


def payload(problem: str) -> Said:
    return 400, "invalid_body", f"Payload validation error: '{problem}'", "forum/forum/guess"


def query(problem: str) -> Said:
    return 400, "invalid_query_string", f"Query validation error: '{problem}'", GUESS


def path(problem: str) -> Said:
    return 400, "invalid_uri", f"Path validation error: '{problem}'", GUESS


# The call, its body (bytes are no JSON), and what is said.
REFUSED: tuple[tuple[str, object, Said], ...] = (
    *((call, body, payload(problem)) for call, body, problem in BODIES),
    ("PUT /guardian/factors/push",                             {"enabled": True}, path(unknown("push", "name"))),
    ("PUT /guardian/factors/SMS",                              {"enabled": True}, path(unknown("SMS", "name"))),
    ("DELETE /users/{id}/multifactor/tea", None, path(unknown("tea", "provider"))),
    (POLICIES,                                                 b'{"a": "\\ud800"}',              NO_JSON),
    (POLICIES,                                                 b"[" * 100_000,                   NO_JSON),
    (POLICIES,                                                 b"\xff",                          NO_JSON),
    ("GET /clients?field=name",                                None,                             query(other("field"))),
    ("GET /clients?page=-1", None, query("Expected type integer but found -1 on property page")),
    ("GET /clients?page=%D9%A1", None, query("Expected type integer but found \u0661 on property page")),
    ("GET /clients?per_page=101", None, query("Value 101 is greater than maximum 100 on property per_page")),
    ("GET /clients?include_totals=1", None, query("Expected type boolean but found 1 on property include_totals")),
    ("GET /clients?include_fields=no", None, query("Expected type boolean but found no on property include_fields")),
    ("GET /logs?take=101", None, query("Value 101 is greater than maximum 100 on property take")),
    ("GET /users-by-email", None, query(missing("email"))),
    ("GET /users/{id}/authentication-methods?q=x",             None,                             query(other("q"))),
    ("GET /users/auth0%7Cnobody",                              None,                             NO_USER),
    ("PATCH /users/auth0%7Cnobody",                            {},                               NO_USER),
    ("GET /users/auth0%7Cnobody/enrollments",                  None,                             NO_USER),
    ("GET /users/auth0%7Cnobody/authentication-methods",       None,                             NO_USER),
    ("POST /users/auth0%7Cnobody/authentication-methods",      EMAIL,                            NO_USER),
    ("DELETE /users/auth0%7Cnobody/authentication-methods",    None,                             NO_USER),
    ("GET /users/auth0%7Cnobody/authentication-methods/x",     None,                             NO_USER),
    ("DELETE /users/auth0%7Cnobody/authenticators",            None,                             NO_USER),
    ("POST /users/auth0%7Cnobody/recovery-code-regeneration",  None,                             NO_USER),
    ("DELETE /users/auth0%7Cnobody/multifactor/duo",           None,                             NO_USER),
    (FORGET.replace("{id}", "auth0%7Cnobody"),                 None,                             NO_USER),
    (TICKET,                                                   {"user_id": "auth0|nobody"},      NO_USER),
    ("DELETE /users/nobody",                                   None,                             NO_ID),
    ("GET /clients/nobody",                                    None,                             NO_CLIENT),
    ("PATCH /clients/nobody",                                  {"x": 1},                         NO_CLIENT),
    ("DELETE /clients/{id}/credentials/x",                     None,                             NO_KEY),
    ("GET /guardian/enrollments/dev_x",                        None,                             NO_ENROLLMENT),
    ("DELETE /guardian/enrollments/dev_x",                     None,                             NO_ENROLLMENT),
    ("GET /users/{id}/authentication-methods/sms%7Cdev_x",     None,                             NO_METHOD),
    ("PATCH /users/{id}/authentication-methods/sms%7Cdev_x",   {},                               NO_METHOD),
    ("DELETE /users/{id}/authentication-methods/sms%7Cdev_x",  None,                             NO_METHOD),
    ("PATCH /tenants/settings",          {"default_directory": "tea", "friendly_name": "Shop"},  NO_DIRECTORY),
    (ADD,                                            {**NEW, "email": "JANE.ROE@example.com"}, EXISTS),
    (ADD,                                            {**NEW, "connection": "nowhere"},         NO_CONNECTION),
    (ADD,                                            {**NEW, "password": "Short1!"},           WEAK),
    (ADD,                                            {**NEW, "password": "longer-and-low"},    WEAK),
    (SET,                                                      [TOTP] * 52,                      NO_ROOM),
)
# Auth0 has it and the sandbox has not: the call, its body, the thing that the sentence names.
NOT_EMULATED: tuple[tuple[str, object, str], ...] = (
    ("POST /connections",  None, "POST /api/v2/connections"),
    ("GET /users",         None, "GET /api/v2/users"),
    ("DELETE /clients/x",  None, "DELETE /api/v2/clients/x"),
    ("GET /",              None, "GET /api/v2/"),
    (CLIENT,               {"name": "x", "callbacks": []},            "callbacks"),
    ("POST /clients/{id}/credentials", {"credential_type": "public_key", "pem": "x", "expires_at": "x"}, "expires_at"),
    ("PATCH /tenants/settings", {"friendly_name": "x", "support_email": "help@example.com"}, "support_email"),
    ("GET /logs?q=a%20AND%20b", None, "type:gd_send_pn_failure"),
    ("GET /logs?sort=type:1",   None, "this order"),
    (ADD,        {**NEW, "verify_email": True},             "verify_email"),
    (ADD,        {**NEW, "connection": "sms"},              "connection sms"),
    (ADD,        {**NEW, "blocked": True},                  "blocked"),
    (USER,                 {"email": "x@example.com", "mail": "x"},   "mail"),
    (TICKET,               {"user_id": "{user}", "send_mail": True},  "send_mail"),
    (MAKE,                 {"type": "webauthn-roaming"},              "webauthn-roaming"),
    (MAKE,                 {"type": "passkey"},                       "passkey"),
)
# fmt: on


class Ground:
    """A tenant with a user who has SMS and an application that keeps a key, whose ids fill a path and a body."""

    def __init__(self, app: App) -> None:
        self.admin, known = admin_of(app), app.sandbox.defaults
        user = app.sandbox.add_user(factors=["sms"])
        device = app.sandbox.tenant.authenticators.of(user.user_id)[0].id.partition("|")[2]
        pem = next_key().as_pem(private=False).decode()
        kept = {"credential_type": "public_key", "pem": pem}
        self.ids = {"users": user.user_id, "clients": known.client_id, "guardian": device}
        self.more = {
            "method_id": f"phone%7C{device}",
            "credential_id": self.admin("POST", f"/clients/{known.client_id}/credentials", kept).json()["id"],
            "name": "otp",
            "provider": "duo",
        }
        self.values = {"user": user.user_id, "pem": pem, "realm": known.realm, "password": known.password}

    def call(self, admin: Admin, call: str, body: object = None) -> httpx.Response:
        """Send a call with this ground's ids in its path and its body."""
        method, path = call.split()
        where = path.format(id=quote(self.ids.get(path.split("/")[1], ""), safe=""), **self.more)
        if isinstance(body, bytes):
            return admin(method, where, content=body)
        text = json.dumps(body)
        for name, value in self.values.items():
            text = text.replace(f'"{{{name}}}"', json.dumps(value))
        return admin(method, where, json.loads(text))

    @property
    def state(self) -> object:
        """What a refused call must leave as it was."""
        tenant = self.admin.app.sandbox.tenant
        entries = {user_id: tenant.authenticators.of(user_id) for user_id in tenant.users}
        return tenant.settings, dict(tenant.clients), dict(tenant.users), entries, dict(tenant.method_labels)


@pytest.fixture
def ground(app: App) -> Ground:
    return Ground(app)


def row_of(said: Said) -> EvidenceRow:
    """Return the row of the sandbox that answers so, with these marks; placeholders stand for any text."""
    status, code, message, marks = said
    known = [row for row in ROWS if "/api/v2" in row.endpoint and (row.status, row.error) == (status, code)]
    fits = [row for row in known if re.fullmatch(re.sub(r"\\{\w+\\}", ".*", re.escape(row.text)), message)]
    assert [f"{row.status_mark}/{row.error_mark}/{row.text_mark}" for row in fits] == [marks], message
    return fits[0]


@pytest.mark.parametrize(("status", "marks", "scopes", "call"), ALL, ids=[each[3] for each in ALL])
def test_a_call_needs_a_token_and_one_of_its_scopes_and_its_success_has_its_marks(
    ground: Ground, status: str, marks: str, scopes: str, call: str
) -> None:
    app, sent, names = ground.admin.app, SENT.get(call), scopes.split(",")
    assert four_keys(ground.call(Admin(app, ""), call, sent)) == (401, "Missing authentication", None)
    without = admin_of(app, " ".join({"read:logs", "read:users"}.difference(names)))
    said = four_keys(ground.call(without, call, sent))
    assert said == (403, f"Insufficient scope, expected any of: {scopes}", "insufficient_scope")
    for scope in names:
        answer = ground.call(admin_of(app, scope), call, sent)
        assert (answer.status_code, answer.headers["cache-control"]) == (int(status), "no-cache"), answer.text
        assert (not answer.content) is (status == "204")
        known, _, members = marks.partition("//")
        assert notes_of(answer) == ((f"sandbox: status {known} · members {members}",) if members else ())


def test_the_tables_have_every_call_and_every_answer_of_the_sandbox() -> None:
    named = {(call.partition("?")[0], scopes.replace(",", " ")) for _, _, scopes, call in ALL}
    assert named == {(f"{one.method} {one.path}", one.scope) for one in ENDPOINTS}
    token: list[Said] = [
        (401, "", "Invalid token.", "forum/forum/forum"),
        (401, "", "Missing authentication", GUESS),
        (403, "insufficient_scope", "Insufficient scope, expected any of: x", "test/test/test"),
        (400, "invalid_body", "The application has as many credentials as it may have", GUESS),
    ]
    rows = {row_of(said) for said in (*token, *(one[2] for one in REFUSED))}
    assert rows == {row for row in ROWS if "/api/v2" in row.endpoint and row.status >= 400}


@pytest.mark.parametrize(("call", "body", "said"), REFUSED, ids=[f"{r[0]} {r[2][2][:60]}" for r in REFUSED])
def test_a_call_that_is_refused_says_why_and_changes_nothing(
    ground: Ground, call: str, body: object, said: Said
) -> None:
    before, (status, code, message, _) = ground.state, said
    assert four_keys(ground.call(ground.admin, call, body)) == (status, message, code or None)
    assert ground.state == before


@pytest.mark.parametrize(("call", "body", "named"), NOT_EMULATED, ids=[f"{r[0]} {r[2]}" for r in NOT_EMULATED])
def test_what_auth0_has_and_the_sandbox_lacks_is_a_501_in_plain_text(
    ground: Ground, call: str, body: object, named: str
) -> None:
    before = ground.state
    answer = ground.call(ground.admin, call, body)
    assert (answer.status_code, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")
    assert named in answer.text
    assert ground.state == before


def test_only_a_living_management_token_of_this_tenant_is_a_token(app: App) -> None:
    user, factors = app.sandbox.add_user(factors=["sms"]), "/api/v2/guardian/factors"
    tokens = app.tokens(user, scope="openid", audience="https://api.example.com/")
    shop = app.token(grant_type="client_credentials", audience="https://api.example.com/").json()["access_token"]
    own = machine_token(app).json()["access_token"]
    forged = sign(claims_of(own), app.sandbox.tenant.tokens.keys[1].private)
    invalid = ["nonsense", "a.b.c", tokens["access_token"], tokens["id_token"], app.mfa_access(user), shop, forged]
    for header in ["", "Bearer", f"Basic {own}", f"Token {own}"]:
        answer = app.http.get(factors, headers={"authorization": header})
        assert four_keys(answer) == (401, "Missing authentication", None)
    for token in invalid:
        assert four_keys(app.http.get(factors, headers=bearer(token))) == (401, "Invalid token.", None)
    # A day, to the second.
    app.sandbox.clock.advance(86_399)
    assert app.http.get(factors, headers=bearer(own)).status_code == 200
    app.sandbox.clock.advance(1)
    assert four_keys(app.http.get(factors, headers=bearer(own))) == (401, "Invalid token.", None)


def test_the_first_check_that_fails_answers_the_token_the_scope_the_path_the_body(app: App, ground: Ground) -> None:
    call, nobody = USER, USER.replace("{id}", "auth0%7Cnobody")
    assert four_keys(ground.call(Admin(app, "x"), nobody, b"{"))[0] == 401
    assert four_keys(ground.call(admin_of(app, "read:users"), nobody, b"{"))[0] == 403
    assert four_keys(ground.call(ground.admin, nobody, b"{"))[2] == "inexistent_user"
    assert four_keys(ground.call(ground.admin, call, b"{"))[2] == "invalid_body"
    assert ground.call(ground.admin, call, b"").status_code == 200
    assert app.http.get("/mfa/enrollment?ticket=x").status_code == 501, "the hosted page of a ticket"
