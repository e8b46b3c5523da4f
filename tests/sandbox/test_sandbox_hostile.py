"""Whatever is sent, the sandbox answers as a tenant would: no request finds a bug."""

import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.sandbox_mothers import GRANT, App, basic, bearer, new_sandbox, pushed

NAMES = (
    *("grant_type", "client_id", "username", "password", "realm", "audience", "scope", "mfa_token", "oob_code"),
    *("otp", "binding_code", "recovery_code", "refresh_token", "token", "client_secret"),
    *("authenticator_types", "oob_channels", "challenge_type", "authenticator_id", "oob_channel"),
    *("connection", "phone_number", "email", "send", "authParams"),
    *("identifier", "name", "push_credentials", "public_key", "challenge_response"),
)
DOORS = ("mfa", "access", "client", "ticket", "push", "device")
WORDS = (
    *("", "x", "a.b.c", "oob", "otp", "auth0", "sms", "email", "+15550123", "password", f"{GRANT}/mfa-oob"),
    *("GCM", "RSA", "AQAB", "\ud800", "é"),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(("service", "token", "kty", "n", "e")), inner),
    ),
    max_leaves=4,
)
BODIES = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8).map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=30),
)
PATHS = (
    *(("POST", "/oauth/token"), ("POST", "/mfa/associate"), ("POST", "/mfa/challenge"), ("GET", "/mfa/authenticators")),
    *(("DELETE", "/mfa/authenticators/{id}"), ("DELETE", "/mfa/authenticators/%ff"), ("POST", "/passwordless/start")),
    *(("GET", "/userinfo"), ("POST", "/userinfo"), ("POST", "/oauth/revoke")),
    *(("POST", "/api/enroll"), ("POST", "/api/resolve-transaction")),
    *(("PATCH", "/api/device-accounts/{id}"), ("DELETE", "/api/device-accounts/%ff"), ("GET", "/%00")),
)


@pytest.fixture(scope="module")
def known() -> tuple[App, dict[str, str]]:
    """An application, and headers that open each door, by the door."""
    box = new_sandbox()
    app = App(box, httpx.Client(transport=box.transport, base_url="https://sandbox.example"))
    login = pushed(app, box.new_phone(app.http))
    access = app.mfa_access(box.add_user(factors=["sms"]))
    ticket = app.associate(app.mfa_token()).json()["barcode_uri"].partition("enrollment_tx_id=")[2][:32]
    return (
        app,
        {
            "mfa": bearer(login.mfa_token)["authorization"],
            "access": bearer(access)["authorization"],
            "client": basic(*app.credentials.values())["authorization"],
            "ticket": f'Ticket id="{ticket}"',
            "push": bearer(login.notification.transaction_token)["authorization"],
            "device": bearer(login.phone.enrollments[0].token)["authorization"],
            "id": login.phone.enrollments[0].id,
        },
    )


@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    st.sampled_from(PATHS),
    BODIES,
    st.sampled_from(("mfa", "access", "client", "ticket", "push", "device"))
    | st.text(st.characters(max_codepoint=255), max_size=12),
    st.sampled_from(("application/json", "application/x-www-form-urlencoded", "text/plain", "")),
)
def test_no_request_finds_a_bug(
    known: tuple[App, dict[str, str]], path: tuple[str, str], body: bytes, door: str, kind: str
) -> None:
    app, doors = known
    headers = {
        b"authorization": doors.get(door, f"Basic {door}").encode("latin-1"),
        b"content-type": kind.encode(),
    }
    answer = app.http.request(path[0], path[1].format(id=doors["id"]), content=body, headers=headers)
    assert not app.sandbox.failures
    assert answer.status_code < 500 or answer.status_code == 501


def test_a_user_who_is_deleted_in_the_middle_of_a_login_is_no_bug(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    del app.sandbox.tenant.users[user.user_id]
    listed = app.http.get("/mfa/authenticators", headers=bearer(mfa_token))
    answers = [listed, app.associate(mfa_token), app.challenge(mfa_token), app.poll(mfa_token, oob_code)]
    assert [answer.status_code for answer in answers] == [401, 401, 403, 403]
