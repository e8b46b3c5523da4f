"""Whatever is sent, each route answers as a tenant would, in its own error shape: no request finds a bug."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.sandbox_mothers import (
    GRANT,
    App,
    app_of,
    basic,
    bearer,
    new_sandbox,
    pushed,
)

BIG, JSON, FORM = "x" * 2**20, "application/json", "application/x-www-form-urlencoded"
# What is no object of fields, with its content type.
BODIES: Mapping[str, tuple[str, bytes]] = {
    "not JSON": (JSON, b"grant_type=password"),
    "cut off": (JSON, b'{"client_id": "x'),
    "an array": (JSON, b'["client_id"]'),
    "null": (JSON, b"null"),
    "a megabyte of brackets": (JSON, b"[" * 2**20),
    "a megabyte of digits": (JSON, b"9" * 2**20),
    "bad UTF-8": (JSON, b'{"client_id": "\xff"}'),
    "a lone surrogate": (JSON, b'{"client_id": "\\ud800"}'),
    "a form of bad UTF-8": (FORM, b"client_id=%FF&x=\xff"),
    "a form that repeats itself": (FORM, b"grant_type=x&grant_type=y&client_id=a&client_id=b"),
    "XML": ("text/xml", b"<client_id/>"),
    "nothing": (JSON, b""),
}
WRONG: tuple[object, ...] = (7, True, 1.5, ["x"], {"a": "b"}, [[]], BIG)
# Every route that reads a body, and the fields that it reads.
ROUTES: Mapping[str, str] = {
    f"/oauth/token {GRANT}/mfa-oob": "mfa_token oob_code binding_code",
    f"/oauth/token {GRANT}/mfa-otp": "mfa_token otp",
    f"/oauth/token {GRANT}/mfa-recovery-code": "mfa_token recovery_code",
    f"/oauth/token {GRANT}/password-realm": "username password realm audience scope",
    f"/oauth/token {GRANT}/passwordless/otp": "username otp realm audience scope",
    "/oauth/token password": "grant_type client_id client_secret username password audience",
    "/oauth/token refresh_token": "refresh_token scope",
    "/oauth/revoke ": "client_id client_secret",
    "/mfa/associate ": "authenticator_types oob_channels phone_number",
    "/mfa/challenge ": "mfa_token challenge_type authenticator_id oob_channel client_id",
    "/passwordless/start ": "client_id client_secret connection phone_number authParams send",
    "/appliance-mfa/api/enroll ": "identifier name push_credentials public_key",
    "/appliance-mfa/api/resolve-transaction ": "challenge_response",
    "/appliance-mfa/api/device-accounts/{id} ": "identifier name push_credentials",
}
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
        grant = route.partition(" ")[2]
        body: Mapping[str, object] = self.fields
        if "appliance" in route:
            body = {"name": "n", "identifier": "i", "push_credentials": {"service": "GCM", "token": "t"}}
        if route.startswith("/passwordless"):
            body = {**self.app.credentials, "connection": "sms", "phone_number": "+15550123"}
        return {**body, "grant_type": grant} if grant else dict(body)

    def send(self, route: str, kind: str, body: bytes) -> httpx.Response:
        path = route.partition(" ")[0]
        headers = {"authorization": self.headers.get(path, ""), "content-type": kind}
        method = "PATCH" if "{id}" in path else "POST"
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
    sent = [*BODIES.values(), *([] if "{id}" in route else [(JSON, b"{}")])]
    for field in ROUTES[route].split():
        values = [value for value in WRONG if value != HARMLESS.get(field)]
        sent += [(JSON, json.dumps({**doors.right(route), field: value}).encode()) for value in values]
    for kind, body in sent:
        answer = doors.send(route, kind, body)
        assert 400 <= answer.status_code < 500, body[:200]
        assert answer.headers["content-type"].startswith(JSON)
        said = answer.json()
        if "/api/" in route:
            assert list(said) == ["statusCode", "error", "message", "errorCode"]
        else:
            assert said.keys() - {"error_uri", "mfa_token"} == {"error", "error_description"}
            assert all(isinstance(value, str) for value in said.values())


NAMES = sorted({name for fields in ROUTES.values() for name in fields.split()} | {"token", "email"})
WORDS = (
    *("", "x", "a.b.c", "oob", "otp", "auth0", "sms", "email", "+15550123", "password", f"{GRANT}/mfa-oob"),
    *("GCM", "RSA", "AQAB", "\ud800", "é"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("service", "token", "kty", "n", "e")), inner)
    ),
    max_leaves=4,
)
SENT = (
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8).map(lambda body: json.dumps(body).encode())
) | st.binary(max_size=30)
PATHS = (
    *(f"POST {route.partition(' ')[0]}" for route in ROUTES),
    *("GET /mfa/authenticators", "DELETE /mfa/authenticators/{id}", "DELETE /mfa/authenticators/%ff"),
    *("GET /userinfo", "POST /userinfo", "PATCH /api/device-accounts/{id}", "DELETE /api/device-accounts/%ff"),
    "GET /%00",
)


@settings(max_examples=120, derandomize=True)
@given(st.data())
def test_no_request_finds_a_bug(doors: Doors, data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(PATHS)).split(" ")
    known = st.sampled_from(sorted(doors.headers.values()))
    door = data.draw(known | st.text(st.characters(max_codepoint=255), max_size=12).map(lambda text: f"Basic {text}"))
    headers = {
        b"authorization": door.encode("latin-1"),
        b"content-type": data.draw(st.sampled_from((JSON, FORM, ""))).encode(),
    }
    answer = doors.app.http.request(method, path.format(id=doors.device_id), content=data.draw(SENT), headers=headers)
    assert not doors.app.sandbox.failures
    assert answer.status_code < 500 or answer.status_code == 501


def test_a_user_who_is_deleted_in_the_middle_of_a_login_is_no_bug(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    del app.sandbox.tenant.users[user.user_id]
    listed = app.http.get("/mfa/authenticators", headers=bearer(mfa_token))
    answers = [listed, app.associate(mfa_token), app.challenge(mfa_token), app.poll(mfa_token, oob_code)]
    assert [answer.status_code for answer in answers] == [401, 401, 403, 403]
