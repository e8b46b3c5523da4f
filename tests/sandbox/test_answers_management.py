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
from auth0_mfa_lab.sandbox.http import NOTES
from auth0_mfa_lab.sandbox.management.api import ENDPOINTS
from tests.keys import next_key
from tests.mothers import rows
from tests.sandbox.management_mothers import Admin, admin_of, four_keys, machine_token
from tests.sandbox.sandbox_mothers import App, bearer, claims_of, sign

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # auth0-mfa-lab: allow
# Status, marks of a success whose status or members are a guess, scopes; the call, and its body: what stands in braces
# is in the tenant, or made up.
CALLS = r"""
200 - read:guardian_factors                GET /guardian/factors
200 - update:guardian_factors              PUT /guardian/factors/{name}  {"enabled": true}
200 - read:mfa_policies                    GET /guardian/policies
200 - update:mfa_policies                  PUT /guardian/policies  []
200 - read:guardian_factors                GET /guardian/factors/push-notification/selected-provider
200 - update:guardian_factors            PUT /guardian/factors/push-notification/selected-provider  {"provider": "sns"}
200 - read:guardian_factors                GET /guardian/factors/phone/message-types
200 - update:guardian_factors              PUT /guardian/factors/phone/message-types  {"message_types": []}
200 - read:guardian_factors                GET /guardian/factors/phone/selected-provider
200 - update:guardian_factors              PUT /guardian/factors/phone/selected-provider  {"provider": "twilio"}
200 - create:guardian_enrollment_tickets \
    POST /guardian/enrollments/ticket  {"user_id": "{user}", "email": "a@example.com", "send_mail": false, \
"email_locale": "en", "allow_multiple_enrollments": true}
200 doc//guess read:guardian_enrollments   GET /guardian/enrollments/{id}
204 - delete:guardian_enrollments          DELETE /guardian/enrollments/{id}
200 doc//guess read:users,read:current_user GET /users/{id}/enrollments
200 - read:authentication_methods          GET /users/{id}/authentication-methods
201 rec//guess create:authentication_methods \
    POST /users/{id}/authentication-methods  {"type": "email", "email": "a@example.com", "name": "work"}
200 - update:authentication_methods        PUT /users/{id}/authentication-methods  []
204 - delete:authentication_methods        DELETE /users/{id}/authentication-methods
200 - read:authentication_methods          GET /users/{id}/authentication-methods/{method_id}
200 - update:authentication_methods        PATCH /users/{id}/authentication-methods/{method_id}  {"name": "work"}
204 - delete:authentication_methods        DELETE /users/{id}/authentication-methods/{method_id}
204 - delete:guardian_enrollments          DELETE /users/{id}/authenticators
200 - update:users                         POST /users/{id}/recovery-code-regeneration
204 doc//guess update:users                DELETE /users/{id}/multifactor/{provider}
204 - update:users                         POST /users/{id}/multifactor/actions/invalidate-remember-browser
200 - read:users                           GET /users/{id}
200 - update:users \
    PATCH /users/{id}  {"email_verified": true, "connection": "{realm}", "client_id": "x", "phone_number": "+15550101"}
201 - create:users \
    POST /users  {"connection": "{realm}", "email": "new@example.com", "password": "{password}", "verify_email": false}
204 - delete:users                         DELETE /users/{id}
200 - read:users                           GET /users-by-email?email=jane.roe@example.com
200 rec//guess read:clients                GET /clients
200 - read:clients                         GET /clients/{id}
200 - update:clients                       PATCH /clients/{id}  {"token_endpoint_auth_method": null}
200 - read:client_credentials              GET /clients/{id}/credentials
201 - create:client_credentials \
    POST /clients/{id}/credentials  {"credential_type": "public_key", "pem": "{pem}", "name": "x"}
204 - delete:client_credentials            DELETE /clients/{id}/credentials/{credential_id}
200 - read:connections                     GET /connections
200 - read:tenant_settings                 GET /tenants/settings
200 - update:tenant_settings               PATCH /tenants/settings  {}
200 - read:logs                            GET /logs
"""
# A body that is not of its call's shape, and what is said of it: "Payload validation error: '...' on property ... .".
BODIES = r"""
PUT /guardian/factors/email
    {}                                         => Missing required property: enabled
    {"enabled": "true"} => Expected type boolean but found type string on property enabled \
(Whether this factor is enabled (true) or disabled (false))
    {"enabled": 1} => Expected type boolean but found type integer on property enabled \
(Whether this factor is enabled (true) or disabled (false))
    {"enabled": true, "name": "otp", "x": 1}   => Additional properties not allowed: name,x
    [true]                                     => Expected type object but found type array
PUT /guardian/policies
    {"policies": []}                           => Expected type array but found type object
    ["never", []]                              => No enum match for: never,[]
PUT /guardian/factors/push-notification/selected-provider
    {}                                         => Missing required property: provider
    {"provider": "twilio"}                     => No enum match for: twilio on property provider
PUT /guardian/factors/phone/selected-provider
    {}                                         => Missing required property: provider
    {"provider": "sns"}                        => No enum match for: sns on property provider
PUT /guardian/factors/phone/message-types
    {}                                         => Missing required property: message_types
    {"message_types": "sms"}                   => Expected type array but found type string on property message_types
    {"message_types": ["pigeon"]}              => No enum match for: pigeon on property message_types.0
    {"message_types": [1]} => Expected type string but found type integer on property message_types.0
PATCH /clients/{id}
    {"grant_types": ["tea"]}                   => No enum match for: tea on property grant_types.0
    {"name": " "}                              => String is too short (0 chars), minimum 1 on property name
    {"name": 1.5}                              => Expected type string but found type number on property name
    {"name": null}                             => Expected type string but found type null on property name
    {"token_endpoint_auth_method": "tea"}      => No enum match for: tea on property token_endpoint_auth_method
    {"client_authentication_methods": {}} \
        => Missing required property: private_key_jwt on property client_authentication_methods
    {"client_authentication_methods": {"private_key_jwt": {}}} \
        => Missing required property: credentials on property client_authentication_methods.private_key_jwt
    {"client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": 1}]}}} \
        => Expected type string but found type integer on property \
client_authentication_methods.private_key_jwt.credentials.0.id
    {"client_authentication_methods": {"private_key_jwt": {"credentials": ["cred_x"]}}} \
        => Expected type object but found type string on property \
client_authentication_methods.private_key_jwt.credentials.0
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
PATCH /users/{id}
    {"email": "x"} => Object didn't pass validation for format email: x on property email (The user's email)
    {"mail": "a@example.com"} => Additional properties not allowed: mail
    {"phone_number": "+0177"} => String does not match pattern ^\+[1-9][0-9]{1,14}$: +0177 on property phone_number
POST /users
    {"email": "a@example.com"}                 => Missing required property: connection
    {"connection": "{realm}"}                  => Missing required property: email
    {"connection": "{realm}", "email": "a@example.com", "password": ""} => Missing required property: password
POST /guardian/enrollments/ticket
    {}                                         => Missing required property: user_id
    {"user_id": "x", "factor": "sms"}          => No enum match for: sms on property factor
    {"user_id": "x", "phone": "+15550100"}     => Additional properties not allowed: phone
POST /users/{id}/authentication-methods
    {}                                         => Missing required property: type
    7                                          => Expected type object but found type integer
    {"type": "recovery-code"}                  => No enum match for: recovery-code on property type
    {"type": "phone"}                          => Missing required property: phone_number
    {"type": "email", "email": "jane"} => Object didn't pass validation for format email: jane on property email
    {"type": "phone", "phone_number": "+15550123", "email": "a@example.com"} => Additional properties not allowed: email
    {"type": "phone", "phone_number": "+15550123", "preferred_authentication_method": "email"} \
        => No enum match for: email on property preferred_authentication_method
    {"type": "email", "email": "a@example.com", "preferred_authentication_method": "sms"} \
        => Additional properties not allowed: preferred_authentication_method
    {"type": "totp", "totp_secret": "{short}"} => String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret
    {"type": "totp", "totp_secret": "{lower}"} => String does not match pattern ^[A-Z2-7]{23,}$ on property totp_secret
PUT /users/{id}/authentication-methods
    [{"type": "email", "email": "a@example.com"}, {"type": "phone"}] => Missing required property: phone_number
    {"0": {"type": "email"}}                   => Expected type array but found type object
PATCH /users/{id}/authentication-methods/{method_id}
    {"phone_number": "+15550100"}              => Additional properties not allowed: phone_number
    {"preferred_authentication_method": "tea"} => No enum match for: tea on property preferred_authentication_method
POST /users/{id}/multifactor/actions/invalidate-remember-browser
    {"x": 1}                                   => Additional properties not allowed: x
POST /users/{id}/recovery-code-regeneration
    {"x": 1}                                   => Additional properties not allowed: x
"""
# Status, code and marks of what else is answered; which calls, with which body, are answered so, and with what message.
REFUSALS = """
400 invalid_uri rec
    PUT /guardian/factors/push  {"enabled": true} => Path validation error: 'No enum match for: push' on property name.
    DELETE /users/{id}/multifactor/tea => Path validation error: 'No enum match for: tea' on property provider.
400 invalid_uri forum => Object didn't pass validation for format user-id: nobody
    GET /users/nobody
    DELETE /users/nobody
    GET /users/nobody/enrollments
400 invalid_query_string doc/doc/test
    GET /clients?field=name => Query validation error: 'Additional properties not allowed: field'.
    GET /clients?page=-1 => Query validation error: 'Value -1 is less than minimum 0' on property page \
(Page index of the results to return. First page is 0).
    GET /clients?page=%D9%A1 => Query validation error: 'Expected type integer but found type string' on property page \
(Page index of the results to return. First page is 0).
    GET /clients?per_page=101 => Query validation error: 'Value 101 is greater than maximum 100' on property per_page.
    GET /logs?take=101 => Query validation error: 'Value 101 is greater than maximum 100' on property take.
    GET /logs?include_totals=1 => Query validation error: 'Expected type boolean but found type string' on property \
include_totals (Return results inside an object that contains the total result count (true) or as a direct array of \
results (false, default)).
    GET /clients?is_global=1 \
        => Query validation error: 'Expected type boolean but found type string' on property is_global.
    GET /users/{id}?include_fields=1 \
        => Query validation error: 'Expected type boolean but found type string' on property include_fields \
(Whether specified fields are to be included (true) or excluded (false)).
    GET /users-by-email => Query validation error: 'Missing required property: email'.
    GET /users-by-email?email= \
        => Query validation error: 'Object didn't pass validation for format email: ' on property email.
404 inexistent_user rec => The user does not exist.
    GET /users/auth0%7Cnobody
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
404 inexistent_client rec
    GET /clients/nobody => The client does not exist
404 enrollment_not_found rec
    GET /guardian/enrollments/dev_x => Enrollment not found
404 authentication_method_not_found doc/guess/guess
    GET /users/{id}/authentication-methods/sms%7Cdev_x => Authentication method not found
400 invalid_body guess
    PATCH /tenants/settings  {"default_directory": "tea", "friendly_name": "Shop"} => Unknown default_directory: tea
409 auth0_idp_error doc/forum/forum => The user already exists.
    POST /users  {"connection": "{realm}", "email": "JANE.ROE@example.com", "password": "{password}"}
400 inexistent_connection forum => The connection does not exist.
    POST /users  {"connection": "nowhere", "email": "new@example.com", "password": "{password}"}
400 - forum/guess/forum => PasswordStrengthError: Password is too weak
    POST /users  {"connection": "{realm}", "email": "new@example.com", "password": "Short1!"}
    POST /users  {"connection": "{realm}", "email": "new@example.com", "password": "longer-and-low"}
501
    GET /logs?q=a%20AND%20b => type:gd_send_pn_failure, with one of type, user_id, client_id, log_id, description
    GET /logs?sort=type:1 => this order
"""

# A kind of bearer that is no good, and its status, code, mark and message
BEARERS = """
missing   | 401 | -      | rec   | Missing authentication
opaque    | 400 | Bearer | rec   | Bad HTTP authentication header format
invalid   | 401 | -      | doc   | Invalid token.
audience  | 401 | -      | forum | Bad audience: https://other.example/api/v2/
signature | 401 | -      | doc   | Invalid signature received for JSON Web Token validation
expired   | 401 | -      | forum | Expired token received for JSON Web Token validation
"""
TOKENS = {name: said for name, *said in rows(BEARERS)}


def lines(table: str) -> list[str]:
    """Return the lines of a table; one that ends in a backslash goes on."""
    return table.replace("\\\n", "").strip().splitlines()


def calls() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield status, marks, scopes, the call and its body."""
    for line in lines(CALLS):
        status, marks, scopes, sent = line.split(maxsplit=3)
        call, _, body = sent.partition("  ")
        yield status, marks, scopes, call, body


def refusals() -> Iterator[tuple[str, str | bytes, str, str]]:
    """Yield each call that is refused: the call, its body, status with code and marks, and the message."""
    heading, common = "", ""
    for line in lines(BODIES):
        body, is_row, problem = line.partition("=>")
        if is_row:
            quoted, on, place = problem.strip().partition(" on property ")
            yield heading, body, "400 invalid_body rec", f"Payload validation error: '{quoted}'{on}{place}."
        heading = heading if is_row else line
    for line in lines(REFUSALS):
        what, _, message = line.partition(" => ")
        call, _, body = what.strip().partition("  ")
        if line.startswith(" "):
            yield call, body, heading, message or common
        else:
            heading, common = what, message
    for content in (b'{"a": "\\ud800"}', b"[" * 100_000, b"\xff"):
        yield "PUT /guardian/policies", content, "400 invalid_body guess", "Invalid request payload JSON format"


ALL, REFUSED = [*calls()], [*refusals()]


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


@pytest.mark.parametrize(("status", "marks", "scopes", "call", "sent"), ALL, ids=[each[3] for each in ALL])
def test_a_call_needs_a_token_and_one_of_its_scopes_and_its_success_has_its_marks(
    ground: Ground, status: str, marks: str, scopes: str, call: str, sent: str
) -> None:
    app, names = ground.admin.app, scopes.split(",")
    assert four_keys(ground.call(Admin(app, ""), call, sent)) == (400, TOKENS["opaque"][3], "Bearer")
    without = admin_of(app, " ".join({"read:logs", "read:users"}.difference(names)))
    said = four_keys(ground.call(without, call, sent))
    assert said == (403, f"Insufficient scope, expected any of: {scopes}", "insufficient_scope")
    for scope in names:
        answer = ground.call(admin_of(app, scope), call, sent)
        assert (answer.status_code, answer.headers["cache-control"]) == (int(status), "no-cache"), answer.text
        assert (not answer.content) is (status == "204")
        known, _, members = marks.partition("//")
        assert answer.extensions[NOTES] == ((f"sandbox: status {known} · members {members}",) if members else ())


def test_the_tables_have_every_call_and_every_answer_of_the_sandbox() -> None:
    named = {(call.partition("?")[0], scopes.replace(",", " ")) for _, _, scopes, call, _ in ALL}
    assert named == {(f"{one.method} {one.path}", one.scope) for one in ENDPOINTS}
    others = [
        *((f"{status} {code} {mark}", message) for status, code, mark, message in TOKENS.values()),
        ("403 insufficient_scope rec", "Insufficient scope, expected any of: x"),
        ("400 invalid_body guess", "The application has as many credentials as it may have"),
        ("400 invalid_body guess", "The user has too many authentication methods"),
    ]
    known = {row_of(*said) for said in [*others, *(one[2:] for one in REFUSED if one[2] != "501")]}
    assert known == {row for row in ROWS if "/api/v2" in row.endpoint and row.status >= 400}


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
    own = machine_token(app).json()["access_token"]
    others, by = {**claims_of(own), "aud": "https://other.example/api/v2/"}, app.sandbox.tenant.tokens.keys
    bad = {"missing": ["", f"Basic {own}", f"Token {own}"]}
    bad["opaque"] = ["Bearer", "Bearer nonsense", f"Bearer {app.tokens(user)['access_token']}", f"Bearer {own} x.y"]
    bad["invalid"] = ["Bearer a.b.c", "Bearer ..", "Bearer é.é.é"]
    bad["signature"] = [f"Bearer {sign(claims_of(own), by[1].private)}", f"Bearer {own[:-9]}AAAAAAAAA"]
    bad["audience"] = [f"Bearer {sign(others, key.private)}" for key in by]
    for name, headers in bad.items():
        status, code, _, message = TOKENS[name]
        for header in headers:
            answer = app.http.get(factors, headers=[(b"authorization", header.encode())])
            assert four_keys(answer) == (int(status), message, code if code != "-" else None), header
            assert answer.headers.get("www-authenticate") == ("Bearer" if name == "missing" else None)
    for token in (tokens["access_token"], tokens["id_token"], app.mfa_access(user)):
        audience = claims_of(token)["aud"]
        said = f"Bad audience: {audience if isinstance(audience, str) else ','.join(audience)}"
        assert four_keys(app.http.get(factors, headers=bearer(token))) == (401, said, None)
    # A day, to the second.
    app.sandbox.clock.advance(86_399)
    assert app.http.get(factors, headers=bearer(own)).status_code == 200
    app.sandbox.clock.advance(1)
    assert four_keys(app.http.get(factors, headers=bearer(own))) == (401, TOKENS["expired"][3], None)


def test_the_first_check_that_fails_answers_the_token_the_scope_the_path_the_body(app: App, ground: Ground) -> None:
    call, nobody = "PATCH /users/{id}", "PATCH /users/auth0%7Cnobody"
    assert four_keys(ground.call(Admin(app, "x"), nobody, b"{"))[0] == 400
    assert four_keys(ground.call(admin_of(app, "read:users"), nobody, b"{"))[0] == 403
    assert four_keys(ground.call(ground.admin, nobody, b"{"))[2] == "inexistent_user"
    assert four_keys(ground.call(ground.admin, call, b"{"))[2] == "invalid_body"
    assert ground.call(ground.admin, call, b"").status_code == 200
