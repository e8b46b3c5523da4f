"""Each method of the client sends the request of its endpoint, and nothing that was not asked for."""

from __future__ import annotations

import base64
import inspect
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

import auth0_mfa_lab
from auth0_mfa_lab import Client, Exchange, LabError, NoAnswer
from auth0_mfa_lab.client import ClientAuthentication
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.mothers import MFA_TOKEN, OOB_CODE, Scripted, a_journal

SECRET = "very-secret-secret"
APPLICATION = {"client_id": "app", "client_secret": SECRET}
GRANT = "http://auth0.com/oauth/grant-type/"


class Spoken:
    """A client, and what it sent."""

    def __init__(
        self,
        *answers: httpx.Response | Exception,
        client_id: str = "app",
        client_secret: str | None = SECRET,
        authentication: ClientAuthentication = "client_secret_post",
        after_poll: Callable[[], None] = lambda: None,
    ) -> None:
        self.network = Scripted(*answers)
        self.journal = a_journal()
        transport = RecordingTransport(self.network, self.journal, speaker="app")
        http = httpx.Client(transport=transport, base_url="https://tenant.example")
        self.client = Client(
            http,
            client_id=client_id,
            client_secret=client_secret,
            authentication=authentication,
            after_poll=after_poll,
        )

    @property
    def request(self) -> httpx.Request:
        (request,) = self.network.asked
        return request

    @property
    def body(self) -> Any:
        if self.request.headers.get("content-type") == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.request.content.decode(), strict_parsing=True))
        return json.loads(self.request.content) if self.request.content else None


# fmt: off
ENDPOINTS: dict[str, tuple[Callable[[Client], Exchange], str, Mapping[str, Any] | None, bool]] = {
    # a name: the call, "method path", the body without the application's own fields, and whether those are in it
    "password_grant": (lambda it: it.password_grant(username="jane", password="p w&d"),
        "POST /oauth/token", {"grant_type": "password", "username": "jane", "password": "p w&d"}, True),
    "password_grant with a realm": (
        lambda it: it.password_grant(username="jane", password="p", realm="staff", audience="urn:api", scope="openid"),
        "POST /oauth/token", {"grant_type": f"{GRANT}password-realm", "username": "jane", "password": "p",
                              "realm": "staff", "audience": "urn:api", "scope": "openid"}, True),
    "mfa_oob_grant": (lambda it: it.mfa_oob_grant(mfa_token=MFA_TOKEN, oob_code=OOB_CODE),
        "POST /oauth/token", {"grant_type": f"{GRANT}mfa-oob", "mfa_token": MFA_TOKEN, "oob_code": OOB_CODE}, True),
    "mfa_oob_grant with a binding_code": (
        lambda it: it.mfa_oob_grant(mfa_token=MFA_TOKEN, oob_code=OOB_CODE, binding_code="123456"),
        "POST /oauth/token", {"grant_type": f"{GRANT}mfa-oob", "mfa_token": MFA_TOKEN, "oob_code": OOB_CODE,
                              "binding_code": "123456"}, True),
    "mfa_associate": (
        lambda it: it.mfa_associate(MFA_TOKEN, authenticator_types=("oob",), oob_channels=("auth0",)),
        "POST /mfa/associate", {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}, False),
    "mfa_associate for a phone number": (
        lambda it: it.mfa_associate(
            MFA_TOKEN, authenticator_types=["oob"], oob_channels=["sms"], phone_number="+15550100"),
        "POST /mfa/associate",
        {"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+15550100"}, False),
    "mfa_associate for otp": (lambda it: it.mfa_associate(MFA_TOKEN, authenticator_types=["otp"]),
        "POST /mfa/associate", {"authenticator_types": ["otp"]}, False),
    "mfa_authenticators": (lambda it: it.mfa_authenticators(MFA_TOKEN), "GET /mfa/authenticators", None, False),
    "mfa_challenge": (
        lambda it: it.mfa_challenge(mfa_token=MFA_TOKEN, challenge_type="oob", authenticator_id="push|dev_1"),
        "POST /mfa/challenge",
        {"mfa_token": MFA_TOKEN, "challenge_type": "oob", "authenticator_id": "push|dev_1"}, True),
    "mfa_challenge with the token alone": (lambda it: it.mfa_challenge(mfa_token=MFA_TOKEN),
        "POST /mfa/challenge", {"mfa_token": MFA_TOKEN}, True),
    "mfa_otp_grant": (lambda it: it.mfa_otp_grant(mfa_token=MFA_TOKEN, otp="123456"),
        "POST /oauth/token", {"grant_type": f"{GRANT}mfa-otp", "mfa_token": MFA_TOKEN, "otp": "123456"}, True),
    "mfa_recovery_code_grant": (lambda it: it.mfa_recovery_code_grant(mfa_token=MFA_TOKEN, recovery_code="A" * 24),
        "POST /oauth/token",
        {"grant_type": f"{GRANT}mfa-recovery-code", "mfa_token": MFA_TOKEN, "recovery_code": "A" * 24}, True),
    "mfa_delete_authenticator": (lambda it: it.mfa_delete_authenticator(MFA_TOKEN, "push|dev_1"),
        "DELETE /mfa/authenticators/push|dev_1", None, False),
    "passwordless_start": (
        lambda it: it.passwordless_start(connection="sms", phone_number="+15550100", send="code"),
        "POST /passwordless/start", {"connection": "sms", "phone_number": "+15550100", "send": "code"}, True),
    "passwordless_otp_grant": (
        lambda it: it.passwordless_otp_grant(realm="sms", username="+15550100", otp="123456", scope="openid"),
        "POST /oauth/token", {"grant_type": f"{GRANT}passwordless/otp", "realm": "sms", "username": "+15550100",
                              "otp": "123456", "scope": "openid"}, True),
    "refresh_token_grant": (lambda it: it.refresh_token_grant(refresh_token="v1.refresh"),
        "POST /oauth/token", {"grant_type": "refresh_token", "refresh_token": "v1.refresh"}, True),
    "client_credentials_grant": (
        lambda it: it.client_credentials_grant(audience="https://tenant.example/api/v2/", scope="read:users"),
        "POST /oauth/token", {"grant_type": "client_credentials", "audience": "https://tenant.example/api/v2/",
                              "scope": "read:users"}, True),
    "userinfo": (lambda it: it.userinfo(MFA_TOKEN), "GET /userinfo", None, False),
    "revoke": (lambda it: it.revoke("v1.refresh"), "POST /oauth/revoke", {"token": "v1.refresh"}, True),
    "openid_configuration": (
        lambda it: it.openid_configuration(), "GET /.well-known/openid-configuration", None, False),
    "jwks": (lambda it: it.jwks(), "GET /.well-known/jwks.json", None, False),
}
# fmt: on
METHODS = [
    name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_") and name != "send"
]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_method_sends_its_request(name: str) -> None:
    call, line, body, as_application = ENDPOINTS[name]
    spoken = Spoken()
    call(spoken.client)
    assert f"{spoken.request.method} {spoken.request.url.path}" == line
    assert spoken.request.url.query == b""
    assert spoken.request.url.host == "tenant.example"
    expected = body if body is None or not as_application else {**body, **APPLICATION}
    assert spoken.body == expected


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_token_endpoint_takes_forms_and_the_others_json(name: str) -> None:
    call, line, body, _ = ENDPOINTS[name]
    spoken = Spoken()
    call(spoken.client)
    form = "application/x-www-form-urlencoded" if line.endswith("/oauth/token") else "application/json"
    assert spoken.request.headers.get("content-type") == (None if body is None else form)


@pytest.mark.parametrize("name", ["mfa_associate", "mfa_authenticators", "mfa_delete_authenticator", "userinfo"])
def test_a_bearer_goes_into_the_authorization_header(name: str) -> None:
    spoken = Spoken()
    ENDPOINTS[name][0](spoken.client)
    assert spoken.request.headers["authorization"] == f"Bearer {MFA_TOKEN}"


@pytest.mark.parametrize("name", ["password_grant", "mfa_challenge", "mfa_oob_grant", "jwks"])
def test_other_requests_have_no_authorization_header(name: str) -> None:
    spoken = Spoken()
    ENDPOINTS[name][0](spoken.client)
    assert "authorization" not in spoken.request.headers


def test_the_id_of_an_authenticator_is_encoded_in_the_path() -> None:
    spoken = Spoken()
    spoken.client.mfa_delete_authenticator(MFA_TOKEN, "push|dev_1")
    assert spoken.request.url.raw_path == b"/mfa/authenticators/push%7Cdev_1"


def test_the_language_of_a_message_goes_into_a_header() -> None:
    spoken = Spoken()
    spoken.client.passwordless_start(connection="email", email="jane@example.com", language="de")
    assert spoken.request.headers["x-request-language"] == "de"


def test_every_method_is_called_in_this_table() -> None:
    assert {name.partition(" ")[0] for name in ENDPOINTS} == set(METHODS)


# -- how the application says who it is


@pytest.mark.parametrize("name", ["password_grant", "mfa_oob_grant", "mfa_challenge"])
def test_basic_authentication_stands_in_the_header_and_not_in_the_body(name: str) -> None:
    spoken = Spoken(authentication="client_secret_basic", client_id="a:pp", client_secret="s/e crét:%")
    ENDPOINTS[name][0](spoken.client)
    pair = base64.b64encode(b"a%3App:s%2Fe%20cr%C3%A9t%3A%25").decode()
    assert spoken.request.headers["authorization"] == f"Basic {pair}"
    assert "client_id" not in spoken.body
    assert "client_secret" not in spoken.body


def test_a_secret_in_basic_authentication_is_masked() -> None:
    spoken = Spoken(authentication="client_secret_basic")
    shown = repr(spoken.client.password_grant(username="jane", password="hunter-number-two"))
    assert "authorization: Basic <basic_credentials 1>" in shown


@pytest.mark.parametrize("authentication", ["client_secret_post", "client_secret_basic", "none"])
def test_a_public_application_sends_its_id_alone(authentication: ClientAuthentication) -> None:
    spoken = Spoken(client_secret=None, authentication=authentication)
    spoken.client.mfa_challenge(mfa_token=MFA_TOKEN)
    assert spoken.body == {"mfa_token": MFA_TOKEN, "client_id": "app"}
    assert "authorization" not in spoken.request.headers


def test_an_application_may_keep_its_secret_to_itself() -> None:
    spoken = Spoken(authentication="none")
    spoken.client.mfa_challenge(mfa_token=MFA_TOKEN)
    assert spoken.body == {"mfa_token": MFA_TOKEN, "client_id": "app"}


# -- any request


def test_any_request_can_be_sent() -> None:
    spoken = Spoken()
    spoken.client.send("PATCH", "/x", json={"a": 1, "b": None, "c": False, "d": ""}, bearer="opaque-token")
    assert spoken.request.method == "PATCH"
    assert spoken.body == {"a": 1, "c": False, "d": ""}
    assert spoken.request.headers["authorization"] == "Bearer opaque-token"


def test_an_empty_body_is_a_body() -> None:
    spoken = Spoken()
    spoken.client.send("POST", "/x", json={})
    assert spoken.body == {}
    assert spoken.request.headers["content-type"] == "application/json"


def test_an_application_shows_itself_without_other_fields_too() -> None:
    spoken = Spoken()
    spoken.client.send("POST", "/x", as_application=True)
    assert spoken.body == APPLICATION


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/mfa/authenticators/push|dev_1", b"/mfa/authenticators/push%7Cdev_1"),
        ("/a b/é", b"/a%20b/%C3%A9"),
        ("/a%7Cb?c=d&e=%20", b"/a%7Cb?c=d&e=%20"),
        ("/a#b", b"/a%23b"),
    ],
)
def test_a_path_is_quoted_once(path: str, raw: bytes) -> None:
    spoken = Spoken()
    spoken.client.send("DELETE", path)
    assert spoken.request.url.raw_path == raw
    assert spoken.request.url.host == "tenant.example"


# -- what comes back


@pytest.mark.parametrize("status", [200, 204, 302, 400, 403, 404, 429, 500, 503])
def test_no_status_raises_and_no_redirect_is_followed(status: int) -> None:
    spoken = Spoken(httpx.Response(status, headers={"location": "https://elsewhere.example/"}))
    exchange = spoken.client.jwks()
    assert exchange.status == status
    assert exchange is spoken.journal[0]
    assert len(spoken.network.asked) == 1


def test_no_answer_names_the_host_and_what_to_check() -> None:
    spoken = Spoken(httpx.ConnectTimeout("timed out"))
    with pytest.raises(NoAnswer) as lost:
        spoken.client.jwks()
    assert str(lost.value) == (
        "tenant.example gave no answer (ConnectTimeout). The journal keeps the request as exchange 1. Check "
        "AUTH0_DOMAIN, the network, and for a private certificate AUTH0_CA_FILE; then run the cell again."
    )
    assert lost.value.exchange is spoken.journal[0]


def test_after_poll_is_called_for_each_answered_poll_and_for_nothing_else() -> None:
    calls: list[str] = []
    spoken = Spoken(httpx.Response(400, json={}), httpx.ConnectError(""), after_poll=lambda: calls.append("polled"))
    ENDPOINTS["mfa_oob_grant"][0](spoken.client)
    assert calls == ["polled"]
    with pytest.raises(NoAnswer):
        ENDPOINTS["mfa_oob_grant"][0](spoken.client)
    assert calls == ["polled"]


# -- a slip of the person's gets a sentence, and nothing is sent


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (
            lambda one: one.mfa_associate("t", authenticator_types="oob"),
            "authenticator_types is a list: write ['oob'].",
        ),
        (
            lambda one: one.mfa_associate("t", authenticator_types=["oob"], oob_channels="auth0"),
            "oob_channels is a list: write ['auth0'].",
        ),
        (lambda one: one.send("POST", "/mfa/challenge", json='{"a": 1}'), "json is the body as an object or a list"),
    ],
)
def test_a_text_where_a_list_or_an_object_belongs_is_refused(slip: Callable[[Any], Exchange], said: str) -> None:
    spoken = Spoken()
    with pytest.raises(LabError) as refusal:
        slip(spoken.client)
    assert said in str(refusal.value)
    assert len(spoken.journal) == 0


# -- what it says of itself


def test_it_shows_itself_in_one_line_without_its_secret() -> None:
    http = httpx.Client(transport=Scripted(), base_url="https://tenant.example:8443")
    client = Client(http, client_id="my-app", client_secret="not-to-be-shown")
    assert repr(client) == "Client of the application my-app on tenant.example:8443"
    assert repr(Client(http, client_id="")) == "Client of the application (no client_id) on tenant.example:8443"


@pytest.mark.parametrize("name", METHODS)
def test_a_methods_docstring_has_the_line_of_its_request_and_its_source(name: str) -> None:
    documentation = inspect.getdoc(getattr(Client, name)) or ""
    line = ENDPOINTS[name][1].replace("push|dev_1", "{id}")
    assert f"{line} -> " in documentation
    assert re.search(r"Reference, section \d", documentation)


def test_every_public_name_of_the_client_is_documented() -> None:
    for name, member in inspect.getmembers(Client):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name


def test_what_the_package_exports_is_there_and_documented() -> None:
    assert len(set(auth0_mfa_lab.__all__)) == len(auth0_mfa_lab.__all__)
    for name in auth0_mfa_lab.__all__:
        assert inspect.getdoc(getattr(auth0_mfa_lab, name)), name


def test_every_class_that_the_package_imports_is_exported() -> None:
    classes = {name for name, member in vars(auth0_mfa_lab).items() if inspect.isclass(member)}
    assert classes == set(auth0_mfa_lab.__all__)
