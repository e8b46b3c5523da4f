"""What the Management API answers: each call with its scopes, success and marks; each refusal, whole, changing nothing.

Typed from the reference's sections 9.2 to 9.5; the rate limits of whole APIs (9.5, 429) are not emulated.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from auth0_mfa_lab.sandbox.management.api import ENDPOINTS
from tests.keys import next_key
from tests.sandbox.management_mothers import Admin, admin_of, four_keys, machine_token, notes_of
from tests.sandbox.sandbox_mothers import App, bearer, claims_of, sign

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
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
# The body of each call that needs one; what stands in braces is in the tenant, or made up.
SENT = """
PUT /guardian/factors/{name}  {"enabled": true}
PUT /guardian/policies  []
PUT /guardian/factors/push-notification/selected-provider  {"provider": "sns"}
PUT /guardian/factors/phone/message-types  {"message_types": []}
PUT /guardian/factors/phone/selected-provider  {"provider": "twilio"}
POST /guardian/enrollments/ticket  {"user_id": "{user}"}
POST /users/{id}/authentication-methods  {"type": "email", "email": "a@example.com"}
PUT /users/{id}/authentication-methods  []
PATCH /users/{id}/authentication-methods/{method_id}  {"name": "work"}
PATCH /users/{id}  {"email_verified": true}
POST /users  {"connection": "{realm}", "email": "new@example.com", "password": "{password}"}
PATCH /clients/{id}  {"name": "Shop"}
POST /clients/{id}/credentials  {"credential_type": "public_key", "pem": "{pem}"}
PATCH /tenants/settings  {}
"""
BODY_OF = dict(line.split("  ") for line in SENT.strip().splitlines())
# A body that is not of its call's shape, and what stands in the quotes of "Payload validation error: '...'".
BODIES = r"""
PUT /guardian/factors/email
    {}                                         => Missing required property: enabled
    {"enabled": "true"}                        => Expected type boolean but found type string on property enabled
    {"enabled": null}                          => Expected type boolean but found type null on property enabled
    {"enabled": 1}                             => Expected type boolean but found type integer on property enabled
    {"enabled": true, "name": "otp"}           => Additional properties not allowed: name
    [true]                                     => Expected type object but found type array
PUT /guardian/policies
    "all-applications"                         => Expected type array but found type string
    {"policies": []}                           => Expected type array but found type object
    ["never"]                                  => No enum match for: never
    ["confidence-score", "confidence-score"]   => No enum match for: confidence-score,confidence-score
    [[]]                                       => No enum match for: []
PUT /guardian/factors/push-notification/selected-provider
    {}                                         => Missing required property: provider
    {"provider": "twilio"}                     => No enum match for: twilio on property provider
PUT /guardian/factors/phone/selected-provider
    {}                                         => Missing required property: provider
    {"provider": "sns"}                        => No enum match for: sns on property provider
PUT /guardian/factors/phone/message-types
    {}                                         => Missing required property: message_types
    {"message_types": "sms"}                   => Expected type array but found type string on property message_types
    {"message_types": ["pigeon"]}              => No enum match for: pigeon on property message_types
    {"message_types": [1]}                     => Expected type string but found type integer in message_types
PATCH /clients/{id}
    {"grant_types": ["tea"]}                   => No enum match for: tea on property grant_types
    {"grant_types": "password"}                => Expected type array but found type string on property grant_types
    {"name": " "}                              => String is too short (0 chars), minimum 1 on property name
    {"name": 1.5}                              => Expected type string but found type number on property name
    {"name": null}                             => Expected type string but found type null on property name
    {"token_endpoint_auth_method": "tea"}      => No enum match for: tea on property token_endpoint_auth_method
    {"client_authentication_methods": {}}      => Missing required property: private_key_jwt
    {"client_authentication_methods": {"private_key_jwt": {}}} => Missing required property: credentials
    {"client_authentication_methods": {"private_key_jwt": {"credentials": ["cred_x"]}}} \
        => Expected type object but found type string in credentials
    {"client_authentication_methods": {"private_key_jwt": {"credentials": []}}} \
        => credentials must name credentials of this application
    {"client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": "cred_x"}]}}} \
        => credentials must name credentials of this application
    {"client_authentication_methods": {}, "token_endpoint_auth_method": "none"} \
        => token_endpoint_auth_method and client_authentication_methods exclude each other
POST /clients/{id}/credentials
    {"credential_type": "public_key", "pem": "x"}  => pem must be the PEM of a public RSA key of 2048 bits or more
    {"credential_type": "x509", "pem": "{pem}"}    => No enum match for: x509 on property credential_type
    {"credential_type": "public_key", "pem": "{pem}", "alg": "HS256"} => No enum match for: HS256 on property alg
PATCH /tenants/settings
    {"default_directory": null}                => Expected type string but found type null on property default_directory
PATCH /users/{id}
    {"email": "nobody"}                        => Object didn't pass validation for format email on property email
    {"email_verified": "yes"}                  => Expected type boolean but found type string on property email_verified
    {"phone_number": "0177"} \
        => String does not match pattern ^\+[1-9][0-9]{1,14}$ on property phone_number
POST /users
    {"email": "a@example.com"}                 => Missing required property: connection
    {"connection": "{realm}"}                  => Missing required property: email
    {"connection": "{realm}", "email": "a@example.com", "password": ""} => Missing required property: password
POST /guardian/enrollments/ticket
    {}                                         => Missing required property: user_id
    {"user_id": 7}                             => Expected type string but found type integer on property user_id
    {"user_id": "x", "factor": "sms"}          => No enum match for: sms on property factor
    {"user_id": "x", "phone": "+15550100"}     => Additional properties not allowed: phone
POST /users/{id}/authentication-methods
    {}                                         => Missing required property: type
    7                                          => Expected type object but found type integer
    {"type": "recovery-code"}                  => No enum match for: recovery-code on property type
    {"type": "phone"}                          => Missing required property: phone_number
    {"type": "phone", "phone_number": "+0123"} \
        => String does not match pattern ^\+[1-9][0-9]{1,14}$ on property phone_number
    {"type": "phone", "phone_number": "+15550123", "email": "a@example.com"} => Additional properties not allowed: email
    {"type": "phone", "phone_number": "+15550123", "preferred_authentication_method": "email"} \
        => No enum match for: email on property preferred_authentication_method
    {"type": "email", "email": "a@example.com", "preferred_authentication_method": "sms"} \
        => Additional properties not allowed: preferred_authentication_method
    {"type": "totp", "totp_secret": "{short}"} => String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret
    {"type": "totp", "totp_secret": "{lower}"} => String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret
    {"type": "totp", "totp_secret": "ÄÖÜ"}     => String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret
    {"type": "totp", "totp_secret": "{secret}", "name": 7} \
        => Expected type string but found type integer on property name
PUT /users/{id}/authentication-methods
    [{"type": "email", "email": "a@example.com"}, {"type": "phone"}] => Missing required property: phone_number
    {"0": {"type": "email"}}                   => Expected type array but found type object
PATCH /users/{id}/authentication-methods/{method_id}
    {"phone_number": "+15550100"}              => Additional properties not allowed: phone_number
    {"preferred_authentication_method": "tea"} => No enum match for: tea on property preferred_authentication_method
POST /users/{id}/multifactor/actions/invalidate-remember-browser
    {"x": 1}                                   => Additional properties not allowed: x
"""
# Status, code and marks of what else is answered; and which calls, with which body, are answered so.
REFUSALS = """
400 invalid_uri guess => Path validation error: 'No enum match for: push on property name'
    PUT /guardian/factors/push  {"enabled": true}
400 invalid_uri guess => Path validation error: 'No enum match for: tea on property provider'
    DELETE /users/{id}/multifactor/tea
400 invalid_uri forum => Object didn't pass validation for format user-id: nobody
    DELETE /users/nobody
400 invalid_query_string guess => Query validation error: 'Additional properties not allowed: field'
    GET /clients?field=name
    GET /users/{id}/authentication-methods?field=name
400 invalid_query_string guess => Query validation error: 'Expected type integer but found -1 on property page'
    GET /clients?page=-1
400 invalid_query_string guess => Query validation error: 'Expected type integer but found \u0661 on property page'
    GET /clients?page=%D9%A1
400 invalid_query_string guess => Query validation error: 'Value 101 is greater than maximum 100 on property per_page'
    GET /clients?per_page=101
400 invalid_query_string guess => Query validation error: 'Value 101 is greater than maximum 100 on property take'
    GET /logs?take=101
400 invalid_query_string guess => Query validation error: 'Expected type boolean but found 1 on property include_totals'
    GET /clients?include_totals=1
400 invalid_query_string guess => Query validation error: 'Expected type boolean but found 1 on property include_fields'
    GET /clients?include_fields=1
400 invalid_query_string guess => Query validation error: 'Missing required property: email'
    GET /users-by-email
404 inexistent_user guess => The user does not exist.
    GET /users/auth0%7Cnobody
    PATCH /users/auth0%7Cnobody  {}
    GET /users/auth0%7Cnobody/enrollments
    GET /users/auth0%7Cnobody/authentication-methods
    POST /users/auth0%7Cnobody/authentication-methods  {"type": "email", "email": "a@example.com"}
    DELETE /users/auth0%7Cnobody/authentication-methods
    GET /users/auth0%7Cnobody/authentication-methods/x
    DELETE /users/auth0%7Cnobody/authenticators
    POST /users/auth0%7Cnobody/recovery-code-regeneration
    DELETE /users/auth0%7Cnobody/multifactor/duo
    POST /users/auth0%7Cnobody/multifactor/actions/invalidate-remember-browser
    POST /guardian/enrollments/ticket  {"user_id": "auth0|nobody"}
404 inexistent_client guess => The client does not exist
    GET /clients/nobody
    PATCH /clients/nobody  {"x": 1}
404 client_credential_not_found guess => Client credential not found
    DELETE /clients/{id}/credentials/x
404 enrollment_not_found rec => Enrollment not found
    GET /guardian/enrollments/dev_x
    DELETE /guardian/enrollments/dev_x
404 authentication_method_not_found guess => Authentication method not found
    GET /users/{id}/authentication-methods/sms%7Cdev_x
    PATCH /users/{id}/authentication-methods/sms%7Cdev_x  {}
    DELETE /users/{id}/authentication-methods/sms%7Cdev_x
400 invalid_body guess => Unknown default_directory: tea
    PATCH /tenants/settings  {"default_directory": "tea", "friendly_name": "Shop"}
409 auth0_idp_error doc/forum/forum => The user already exists.
    POST /users  {"connection": "{realm}", "email": "JANE.ROE@example.com", "password": "{password}"}
400 inexistent_connection forum => The connection does not exist.
    POST /users  {"connection": "nowhere", "email": "new@example.com", "password": "{password}"}
400 - forum/guess/forum => PasswordStrengthError: Password is too weak
    POST /users  {"connection": "{realm}", "email": "new@example.com", "password": "Short1!"}
    POST /users  {"connection": "{realm}", "email": "new@example.com", "password": "longer-and-low"}
501 => POST /api/v2/connections
    POST /connections
501 => GET /api/v2/users
    GET /users
501 => GET /api/v2/
    GET /
501 => callbacks
    PATCH /clients/{id}  {"name": "x", "callbacks": []}
501 => expires_at
    POST /clients/{id}/credentials  {"credential_type": "public_key", "pem": "{pem}", "expires_at": "x"}
501 => support_email
    PATCH /tenants/settings  {"friendly_name": "x", "support_email": "help@example.com"}
501 => type:gd_send_pn_failure
    GET /logs?q=a%20AND%20b
501 => this order
    GET /logs?sort=type:1
501 => verify_email
    POST /users  {"connection": "{realm}", "email": "a@example.com", "password": "{password}", "verify_email": true}
501 => connection sms
    POST /users  {"connection": "sms", "email": "new@example.com", "password": "{password}"}
501 => blocked
    POST /users  {"connection": "{realm}", "email": "new@example.com", "password": "{password}", "blocked": true}
501 => mail
    PATCH /users/{id}  {"email": "x@example.com", "mail": "x"}
501 => send_mail
    POST /guardian/enrollments/ticket  {"user_id": "{user}", "send_mail": true}
501 => type webauthn-roaming
    POST /users/{id}/authentication-methods  {"type": "webauthn-roaming"}
501 => type passkey
    POST /users/{id}/authentication-methods  {"type": "passkey"}
"""
NO_JSON = "400 invalid_body guess", "Invalid request payload JSON format"


def groups(text: str) -> Iterator[tuple[str, str]]:
    """Yield each indented line of a table, below its heading; one that ends in a backslash goes on."""
    heading = ""
    for line in text.replace("\\\n", "").strip().splitlines():
        if line.startswith(" "):
            yield heading, line.strip()
        else:
            heading = line


def refusals() -> Iterator[tuple[str, str | bytes, str, str]]:
    """Yield each call that is refused: the call, its body, status with code and marks, and the message."""
    for call, line in groups(BODIES):
        body, _, problem = line.partition("=>")
        yield call, body, "400 invalid_body forum/forum/guess", f"Payload validation error: '{problem.strip()}'"
    for heading, line in groups(REFUSALS):
        said, _, message = heading.partition(" => ")
        call, _, body = line.partition("  ")
        yield call, body, said, message
    for content in (b'{"a": "\\ud800"}', b"[" * 100_000, b"\xff"):
        yield "PUT /guardian/policies", content, *NO_JSON
    too_many = json.dumps([{"type": "totp", "totp_secret": SECRET}] * 52)
    text = "The user has too many authentication methods"
    yield "PUT /users/{id}/authentication-methods", too_many, "400 invalid_body guess", text


REFUSED = [*refusals()]


class Ground:
    """A tenant with a user who has SMS and an application that keeps a key, whose ids fill a path and a body."""

    def __init__(self, app: App) -> None:
        self.admin, known = admin_of(app), app.sandbox.defaults
        user = app.sandbox.add_user(factors=["sms"])
        device = app.sandbox.tenant.authenticators.of(user.user_id)[0].id.partition("|")[2]
        pem = next_key().as_pem(private=False).decode()
        kept = self.admin(
            "POST", f"/clients/{known.client_id}/credentials", {"credential_type": "public_key", "pem": pem}
        )
        self.ids = {"users": quote(user.user_id, safe=""), "clients": known.client_id, "guardian": device}
        credential = kept.json()["id"]
        self.more = {"method_id": f"phone%7C{device}", "credential_id": credential, "name": "otp", "provider": "duo"}
        self.values = {
            "user": user.user_id, "pem": pem, "realm": known.realm, "password": known.password,
            "secret": SECRET, "short": SECRET[:22], "lower": SECRET.lower(),
        }  # fmt: skip

    def call(self, admin: Admin, call: str, body: str | bytes = "") -> httpx.Response:
        """Send a call with this ground's ids in its path and its body."""
        method, path = call.split()
        where = path.format(id=self.ids.get(path.split("/")[1], ""), **self.more)
        if isinstance(body, str):
            body = re.sub(r'"{(\w+)}"', lambda found: json.dumps(self.values[found[1]]), body).encode()
        return admin(method, where, content=body)

    @property
    def state(self) -> object:
        """What a refused call must leave as it was."""
        tenant = self.admin.app.sandbox.tenant
        entries = {user_id: tenant.authenticators.of(user_id) for user_id in tenant.users}
        return tenant.settings, dict(tenant.clients), dict(tenant.users), entries, dict(tenant.method_labels)


@pytest.fixture
def ground(app: App) -> Ground:
    return Ground(app)


def row_of(said: str, message: str) -> EvidenceRow:
    """Return the row of the sandbox that answers so, with these marks; placeholders stand for any text."""
    status, code, marks = said.replace(" - ", "  ").split(" ")
    known = [row for row in ROWS if "/api/v2" in row.endpoint and (row.status, row.error) == (int(status), code)]
    fits = [row for row in known if re.fullmatch(re.sub(r"\\{\w+\\}", ".*", re.escape(row.text)), message)]
    every = marks if "/" in marks else f"{marks}/{marks}/{marks}"
    assert [f"{row.status_mark}/{row.error_mark}/{row.text_mark}" for row in fits] == [every], message
    return fits[0]


@pytest.mark.parametrize(("status", "marks", "scopes", "call"), ALL, ids=[each[3] for each in ALL])
def test_a_call_needs_a_token_and_one_of_its_scopes_and_its_success_has_its_marks(
    ground: Ground, status: str, marks: str, scopes: str, call: str
) -> None:
    app, sent, names = ground.admin.app, BODY_OF.get(call, ""), scopes.split(",")
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
    others = [
        ("401 - forum", "Invalid token."),
        ("401 - guess", "Missing authentication"),
        ("403 insufficient_scope test", "Insufficient scope, expected any of: x"),
        ("400 invalid_body guess", "The application has as many credentials as it may have"),
    ]
    rows = {row_of(*said) for said in [*others, *(one[2:] for one in REFUSED if one[2] != "501")]}
    assert rows == {row for row in ROWS if "/api/v2" in row.endpoint and row.status >= 400}


@pytest.mark.parametrize(
    ("call", "body", "said", "message"), REFUSED, ids=[f"{one[0]} {one[3][:60]} {n}" for n, one in enumerate(REFUSED)]
)
def test_a_call_that_is_refused_says_why_and_changes_nothing(
    ground: Ground, call: str, body: str | bytes, said: str, message: str
) -> None:
    before, answer = ground.state, ground.call(ground.admin, call, body)
    if said == "501":
        # Auth0 has it and the sandbox has not.
        assert (answer.status_code, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")
        assert message in answer.text
    else:
        status, code, _ = said.split()
        assert four_keys(answer) == (int(status), message, code if code != "-" else None)
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
    call, nobody = "PATCH /users/{id}", "PATCH /users/auth0%7Cnobody"
    assert four_keys(ground.call(Admin(app, "x"), nobody, b"{"))[0] == 401
    assert four_keys(ground.call(admin_of(app, "read:users"), nobody, b"{"))[0] == 403
    assert four_keys(ground.call(ground.admin, nobody, b"{"))[2] == "inexistent_user"
    assert four_keys(ground.call(ground.admin, call, b"{"))[2] == "invalid_body"
    assert ground.call(ground.admin, call, b"").status_code == 200
    assert app.http.get("/mfa/enrollment?ticket=x").status_code == 501, "the hosted page of a ticket"
