"""Malformed bodies at every route: a 4xx in that route's error shape, whatever is sent."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from tests.sandbox.sandbox_mothers import GRANT, MFA_AUDIENCE, MFA_SCOPES, App, app_of, bearer, new_sandbox, pushed

BIG = "x" * 2**20
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# What is no object of fields, with its content type.
BODIES: Mapping[str, tuple[str, bytes]] = {
    "not JSON": (JSON, b"grant_type=password"),
    "cut off": (JSON, b'{"client_id": "x'),
    "an array": (JSON, b'["client_id"]'),
    "a string": (JSON, b'"client_id"'),
    "a number": (JSON, b"7"),
    "null": (JSON, b"null"),
    "a megabyte of it": (JSON, b'"' + BIG.encode() + b'"'),
    "a megabyte of brackets": (JSON, b"[" * 2**20),
    "a megabyte of digits": (JSON, b"9" * 2**20),
    "bad UTF-8": (JSON, b'{"client_id": "\xff"}'),
    "a lone surrogate": (JSON, b'{"client_id": "\\ud800"}'),
    "a form of bad UTF-8": (FORM, b"client_id=%FF&x=\xff"),
    "XML": ("text/xml", b"<client_id/>"),
    "multipart": ("multipart/form-data; boundary=x", b"--x--"),
    "nothing": (JSON, b""),
}
WRONG: tuple[object, ...] = (7, True, 1.5, ["x"], {"a": "b"}, [[]], BIG)
# Every route that reads a body, and the fields that it reads.
ROUTES: Mapping[str, tuple[str, ...]] = {
    f"/oauth/token {GRANT}/mfa-oob": ("mfa_token", "oob_code", "binding_code"),
    f"/oauth/token {GRANT}/mfa-otp": ("mfa_token", "otp"),
    f"/oauth/token {GRANT}/mfa-recovery-code": ("mfa_token", "recovery_code"),
    f"/oauth/token {GRANT}/password-realm": ("username", "password", "realm", "audience", "scope"),
    f"/oauth/token {GRANT}/passwordless/otp": ("username", "otp", "realm", "audience", "scope"),
    "/oauth/token password": ("grant_type", "client_id", "client_secret", "username", "password", "audience"),
    "/oauth/token refresh_token": ("refresh_token", "scope"),
    "/oauth/revoke ": ("client_id", "client_secret"),
    "/mfa/associate ": ("authenticator_types", "oob_channels", "phone_number"),
    "/mfa/challenge ": ("mfa_token", "challenge_type", "authenticator_id", "oob_channel", "client_id"),
    "/passwordless/start ": ("client_id", "client_secret", "connection", "phone_number", "authParams", "send"),
    "/appliance-mfa/api/enroll ": ("identifier", "name", "push_credentials", "public_key"),
    "/appliance-mfa/api/resolve-transaction ": ("challenge_response",),
    "/appliance-mfa/api/device-accounts/{id} ": ("identifier", "name", "push_credentials"),
}
HARMLESS: Mapping[tuple[str, str], tuple[object, ...]] = {
    ("/appliance-mfa/api/device-accounts/{id} ", "name"): (BIG,),
    ("/appliance-mfa/api/device-accounts/{id} ", "identifier"): (BIG,),
    ("/appliance-mfa/api/enroll ", "name"): (BIG,),
    ("/appliance-mfa/api/enroll ", "identifier"): (BIG,),
    ("/passwordless/start ", "authParams"): ({"a": "b"},),
}
"""Values that a route may take: a long name is a name."""


@dataclass(frozen=True)
class Doors:
    """Everything that opens a route, so that only the body is wrong."""

    app: App
    mfa_token: str
    oob_code: str
    ticket: str
    push: str
    device: str
    device_id: str

    def right(self, route: str) -> dict[str, object]:
        """Return a body that this route would take, as far as its fields go."""
        grant = route.partition(" ")[2]
        credentials = {"service": "GCM", "token": "t"}
        body: dict[str, object] = {"name": "n", "identifier": "i", "push_credentials": credentials}
        if "appliance" not in route:
            body = {
                **self.app.credentials,
                "mfa_token": self.mfa_token,
                "oob_code": self.oob_code,
                "username": "+15550123",
                "password": "x",
                "otp": "000000",
                "realm": "sms",
                "recovery_code": "x",
                "refresh_token": "v1.x",
                "authenticator_types": ["oob"],
                "oob_channels": ["sms"],
                "phone_number": "+15550123",
            }
        if route.startswith("/passwordless"):
            body = {**self.app.credentials, "connection": "sms", "phone_number": "+15550123"}
        return {**body, "grant_type": grant} if grant else body

    def send(self, route: str, kind: str, body: bytes) -> httpx.Response:
        path = route.partition(" ")[0]
        headers = {
            "/mfa/associate": bearer(self.mfa_token),
            "/appliance-mfa/api/enroll": {"authorization": f'Ticket id="{self.ticket}"'},
            "/appliance-mfa/api/resolve-transaction": bearer(self.push),
            "/appliance-mfa/api/device-accounts/{id}": bearer(self.device),
        }.get(path, {})
        method = "PATCH" if "{id}" in path else "POST"
        url = path.format(id=self.device_id)
        return self.app.http.request(method, url, content=body, headers={**headers, "content-type": kind})


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    app = app_of(new_sandbox())
    login = pushed(app, app.sandbox.new_phone(app.http))
    mfa_token = app.mfa_token()
    uri = app.associate(app.mfa_token()).json()["barcode_uri"]
    yield Doors(
        app=app,
        mfa_token=mfa_token,
        oob_code=app.associate_sms(mfa_token).json()["oob_code"],
        ticket=uri.partition("enrollment_tx_id=")[2][:32],
        push=login.notification.transaction_token,
        device=login.phone.enrollments[0].token,
        device_id=login.phone.enrollments[0].id,
    )
    assert not app.sandbox.failures


def assert_refused(route: str, answer: httpx.Response) -> None:
    """Assert a 4xx in the shape of the route: two fields of OAuth's, four of the device API's."""
    assert 400 <= answer.status_code < 500, answer.text[:200]
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    if "/api/" in route:
        assert list(body) == ["statusCode", "error", "message", "errorCode"]
    else:
        assert set(body) - {"error_uri", "mfa_token"} == {"error", "error_description"}
        assert all(isinstance(value, str) for value in body.values())


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_object_is_refused(doors: Doors, route: str, name: str) -> None:
    kind, body = BODIES[name]
    assert_refused(route, doors.send(route, kind, body))


@pytest.mark.parametrize(("route", "field"), [(route, field) for route, fields in ROUTES.items() for field in fields])
def test_a_field_of_a_wrong_type_is_refused(doors: Doors, route: str, field: str) -> None:
    for value in WRONG:
        if value in HARMLESS.get((route, field), ()):
            continue
        body = json.dumps({**doors.right(route), field: value}).encode()
        assert_refused(route, doors.send(route, JSON, body))


@pytest.mark.parametrize("route", [route for route in ROUTES if "/api/" not in route])
def test_a_missing_field_is_refused_and_so_is_a_form_that_repeats_itself(doors: Doors, route: str) -> None:
    assert_refused(route, doors.send(route, JSON, b"{}"))
    assert_refused(route, doors.send(route, FORM, b"grant_type=x&grant_type=y&client_id=a&client_id=b"))


@pytest.mark.parametrize("name", BODIES)
def test_routes_that_read_no_body_do_not_mind_one(name: str) -> None:
    kind, body = BODIES[name]
    app = app_of(new_sandbox(policy="never"))
    token = app.password(audience=MFA_AUDIENCE, scope=MFA_SCOPES).json()["access_token"]
    sms = app.associate_sms(token)
    assert sms.status_code == 200
    headers = {**bearer(token), "content-type": kind}
    listed = app.http.request("GET", "/mfa/authenticators", content=body, headers=headers)
    assert listed.status_code == 200
    gone = app.http.request(
        "DELETE", f"/mfa/authenticators/{listed.json()[0]['id'].replace('|', '%7C')}", content=body, headers=headers
    )
    assert gone.status_code == 204
    assert app.http.request("POST", "/userinfo", content=body, headers=headers).status_code == 401
    assert not app.sandbox.failures
