"""Whatever is sent, each route answers as a tenant would, in its own error shape: no request finds a bug."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import httpx
import pytest

from tests.mothers import rows
from tests.sandbox.sandbox_mothers import App, app_of, basic, new_sandbox, pushed

BIG, JSON, FORM = "x" * 2**20, "application/json", "application/x-www-form-urlencoded"
# What is no object of fields, with its content type.
BODIES: tuple[tuple[str, bytes], ...] = (
    *((JSON, text) for text in (b"", b"grant_type=password", b'{"client_id": "x', b'["client_id"]', b"null")),
    *((JSON, text) for text in (b"[" * 2**20, b"9" * 2**20, b'{"client_id": "\xff"}', b'{"client_id": "\\ud800"}')),
    *((FORM, b"client_id=%FF&x=\xff"), (FORM, b"grant_type=x&grant_type=y&client_id=a&client_id=b")),
    ("text/xml", b"<client_id/>"),
)
WRONG: tuple[object, ...] = (7, True, 1.5, ["x"], {"a": "b"}, [[]], BIG)
# Every route that reads a body, and the fields that it reads.
ROUTES = dict(
    rows("""
/oauth/token http://auth0.com/oauth/grant-type/mfa-oob | mfa_token oob_code binding_code
/oauth/token http://auth0.com/oauth/grant-type/mfa-otp | mfa_token otp
/oauth/token http://auth0.com/oauth/grant-type/mfa-recovery-code | mfa_token recovery_code
/oauth/token http://auth0.com/oauth/grant-type/password-realm | username password realm audience scope
/oauth/token http://auth0.com/oauth/grant-type/passwordless/otp | username otp realm audience scope
/oauth/token password | grant_type client_id client_secret username password audience
/oauth/token refresh_token | refresh_token scope
/oauth/revoke | client_id client_secret
/mfa/associate | authenticator_types oob_channels phone_number
/mfa/challenge | mfa_token challenge_type authenticator_id oob_channel client_id
/passwordless/start | client_id client_secret connection phone_number authParams send
/appliance-mfa/api/enroll | identifier name push_credentials public_key
/appliance-mfa/api/resolve-transaction | challenge_response
/appliance-mfa/api/device-accounts/{id} | identifier name push_credentials
""")
)
# Values that a route may take: a long name is a name.
HARMLESS = {"name": BIG, "identifier": BIG, "authParams": {"a": "b"}}


@dataclass(frozen=True)
class Doors:
    """Everything that opens a route, so that only the body is wrong."""

    app: App
    fields: Mapping[str, object]
    headers: Mapping[str, str]
    device_id: str

    def right(self, route: str) -> dict[str, object]:
        """Return a body that this route would take, as far as its fields go."""
        grant, body = route.partition(" ")[2], self.fields
        if "appliance" in route:
            body = {"name": "n", "identifier": "i", "push_credentials": {"service": "GCM", "token": "t"}}
        if route.startswith("/passwordless"):
            body = {**self.app.credentials, "connection": "sms", "phone_number": "+15550123"}
        return {**body, "grant_type": grant} if grant else dict(body)

    def send(self, method: str, path: str, said: str, kind: str, body: bytes) -> httpx.Response:
        headers = {b"authorization": said.encode("latin-1"), b"content-type": kind.encode()}
        return self.app.http.request(method, path.format(id=self.device_id), content=body, headers=headers)


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    app = app_of(new_sandbox())
    login = pushed(app, app.sandbox.new_phone(app.http))
    mfa_token = app.mfa_token()
    ticket = app.associate(app.mfa_token()).json()["barcode_uri"].partition("enrollment_tx_id=")[2][:32]
    (account,) = login.phone.enrollments
    fields = {
        **app.credentials, "username": "+15550123", "password": "x", "realm": "sms", "otp": "000000",
        "mfa_token": mfa_token, "oob_code": app.associate_sms(mfa_token).json()["oob_code"], "recovery_code": "x",
        "refresh_token": "v1.x", "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+15550123",
    }  # fmt: skip
    headers = {
        "/mfa/associate": f"Bearer {mfa_token}",
        "/appliance-mfa/api/enroll": f'Ticket id="{ticket}"',
        "/appliance-mfa/api/resolve-transaction": f"Bearer {login.notification.transaction_token}",
        "/appliance-mfa/api/device-accounts/{id}": f"Bearer {account.token}",
        "client": basic(*app.credentials.values())["authorization"],
    }
    yield Doors(app, fields, headers, account.id)
    assert not app.sandbox.failures


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_of_a_wrong_shape_or_with_a_field_of_a_wrong_type_is_refused_in_the_routes_own_shape(
    doors: Doors, route: str
) -> None:
    # A change of nothing is none, and is taken.
    sent = [*BODIES, *([] if "{id}" in route else [(JSON, b"{}")])]
    for field in ROUTES[route].split():
        values = [value for value in WRONG if value != HARMLESS.get(field)]
        sent += [(JSON, json.dumps({**doors.right(route), field: value}).encode()) for value in values]
    path, method = route.partition(" ")[0], "PATCH" if "{id}" in route else "POST"
    for kind, body in sent:
        answer = doors.send(method, path, doors.headers.get(path, ""), kind, body)
        assert 400 <= answer.status_code < 500, body[:200]
        assert answer.headers["content-type"].startswith(JSON)
        said = answer.json()
        if "/api/" in route:
            assert list(said) == ["statusCode", "error", "message", "errorCode"]
        else:
            assert said.keys() - {"error_uri", "mfa_token"} == {"error", "error_description"}
            assert all(isinstance(value, str) for value in said.values())


# What a caller says of itself.
SAID = 'Basic|Basic %%%|Basic \xe9|Bearer|Bearer a.b.c|Bearer \xff\x00|Ticket id="x|Ticket x'
DOORS = ("own", "", *SAID.split("|"))
PATHS = (
    *("GET /mfa/authenticators", "DELETE /mfa/authenticators/{id}", "DELETE /mfa/authenticators/%ff", "GET /userinfo"),
    *("POST /userinfo", "PATCH /api/device-accounts/{id}", "DELETE /api/device-accounts/%ff", "GET /%00"),
)


@pytest.mark.parametrize("call", dict.fromkeys([*(f"POST {route.split()[0]}" for route in ROUTES), *PATHS]))
def test_no_header_and_no_bytes_find_a_bug(doors: Doors, call: str) -> None:
    method, path = call.split()
    for door, (kind, content) in product(DOORS, BODIES):
        said = doors.headers.get(path, doors.headers["client"]) if door == "own" else door
        status = doors.send(method, path, said, kind, content).status_code
        assert status < 500 or status == 501
