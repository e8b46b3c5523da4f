"""Each method of the client sends the request of its endpoint, and nothing that was not asked for."""

import base64
import inspect
import json
import traceback
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from joserfc import jwt

import auth0_mfa_lab
from auth0_mfa_lab import Client, LabError, NoAnswer
from auth0_mfa_lab.client import quoted
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.keys import next_key
from tests.mothers import MFA_TOKEN, NOW, OOB_CODE, Scripted, a_journal, rows

APPLICATION: Any = {"client_id": "app", "client_secret": "very-secret-secret"}
FORM = "application/x-www-form-urlencoded"
GRANT = "http://auth0.com/oauth/grant-type/"
LISTS = {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}
CALLS = """
password_grant           | username password                         | POST /oauth/token | password
password_grant           | username password realm audience scope    | POST /oauth/token | {grant}password-realm
passwordless_start       | connection phone_number send              | POST /passwordless/start | application
passwordless_start       | connection email language                 | POST /passwordless/start | application
passwordless_otp_grant   | realm username otp audience scope         | POST /oauth/token | {grant}passwordless/otp
mfa_associate            | mfa_token authenticator_types             | POST /mfa/associate | Bearer
mfa_associate | mfa_token authenticator_types oob_channels phone_number email | POST /mfa/associate | Bearer
mfa_challenge            | mfa_token                                 | POST /mfa/challenge | application
mfa_challenge            | mfa_token challenge_type authenticator_id | POST /mfa/challenge | application
mfa_oob_grant            | mfa_token oob_code                        | POST /oauth/token | {grant}mfa-oob
mfa_oob_grant            | mfa_token oob_code binding_code           | POST /oauth/token | {grant}mfa-oob
mfa_otp_grant            | mfa_token otp                             | POST /oauth/token | {grant}mfa-otp
mfa_recovery_code_grant  | mfa_token recovery_code                   | POST /oauth/token | {grant}mfa-recovery-code
mfa_authenticators       | mfa_token                                 | GET /mfa/authenticators | Bearer
mfa_delete_authenticator | access_token authenticator_id             | DELETE /mfa/authenticators/{id} | Bearer
refresh_token_grant      | refresh_token                             | POST /oauth/token | refresh_token
refresh_token_grant      | refresh_token scope                       | POST /oauth/token | refresh_token
revoke                   | token                                     | POST /oauth/revoke | application
userinfo                 | access_token                              | GET /userinfo | Bearer
client_credentials_grant | audience scope                            | POST /oauth/token | client_credentials
openid_configuration     |                                           | GET /.well-known/openid-configuration |
jwks                     |                                           | GET /.well-known/jwks.json |
"""
"""The method, its arguments (the body has them under the same names), the request, and its grant; or who asks: the
Bearer (the first argument), the application beside the fields, or neither."""


class Spoken:
    """A client, and what it sent."""

    def __init__(self, *answers: httpx.Response | Exception, **options: Any) -> None:
        self.network, self.journal = Scripted(*answers), a_journal()
        transport = RecordingTransport(self.network, self.journal, speaker="app")
        http = httpx.Client(transport=transport, base_url="https://tenant.example")
        self.client = Client(http, **{**APPLICATION, **options})

    @property
    def request(self) -> httpx.Request:
        (request,) = self.network.asked
        return request

    @property
    def body(self) -> Any:
        if self.request.headers.get("content-type") == FORM:
            return dict(parse_qsl(self.request.content.decode(), strict_parsing=True))
        return json.loads(self.request.content) if self.request.content else None


@pytest.mark.parametrize(("name", "arguments", "line", "asks"), rows(CALLS))
def test_a_method_sends_its_request_and_says_so(name: str, arguments: str, line: str, asks: str) -> None:
    spoken, is_grant = Spoken(), line == "POST /oauth/token"
    fields: dict[str, Any] = {each: LISTS.get(each, f"{each} of 1|&+%") for each in arguments.split()}
    getattr(spoken.client, name)(**fields)
    first, again = arguments.partition(" ")[0], Spoken()
    by_place = [fields[first]] if first.endswith("token") else []
    getattr(again.client, name)(*by_place, **{each: fields[each] for each in fields if not by_place or each != first})
    assert again.request.content == spoken.request.content
    if asks == "Bearer":
        bearer = fields.pop(arguments.split()[0])
        assert spoken.request.headers["authorization"] == f"Bearer {bearer}"
    else:
        assert "authorization" not in spoken.request.headers
        fields |= APPLICATION if asks else {}
        fields |= {"grant_type": asks.replace("{grant}", GRANT)} if is_grant else {}
    path = line.replace("{id}", quote(fields.pop("authenticator_id"), safe="") if "{id}" in line else "")
    assert f"{spoken.request.method} {spoken.request.url.raw_path.decode()}" == path
    assert spoken.request.headers.get("x-request-language") == fields.pop("language", None)
    assert spoken.body == (fields or None)
    kind = FORM if is_grant else "application/json"
    assert spoken.request.headers.get("content-type") == (kind if fields else None)


def test_every_method_is_called_in_this_table_and_every_public_name_is_there() -> None:
    methods = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert {name for name, *_ in rows(CALLS)} == methods - {"send"}
    assert set(auth0_mfa_lab.__all__) <= set(dir(auth0_mfa_lab))
    with pytest.raises(AttributeError, match="has no attribute 'Labs'"):
        _ = auth0_mfa_lab.Labs


# -- how the application says who it is


@pytest.mark.parametrize("authentication", ["none", "client_secret_post", "client_secret_basic", "private_key_jwt"])
def test_an_application_without_a_proof_sends_its_id_alone(authentication: str) -> None:
    secret = "kept-to-itself" if authentication in ("none", "private_key_jwt") else None
    spoken = Spoken(authentication=authentication, client_secret=secret)
    spoken.client.mfa_challenge(mfa_token=MFA_TOKEN)
    assert spoken.body == {"mfa_token": MFA_TOKEN, "client_id": "app"}
    assert "authorization" not in spoken.request.headers


def test_basic_authentication_stands_in_the_header_alone_and_is_masked() -> None:
    spoken = Spoken(authentication="client_secret_basic", client_id="a:pp", client_secret="s/e crét:%")
    shown = repr(spoken.client.mfa_challenge(mfa_token=MFA_TOKEN))
    pair = base64.b64encode(b"a%3App:s%2Fe%20cr%C3%A9t%3A%25").decode()
    assert spoken.request.headers["authorization"] == f"Basic {pair}"
    assert spoken.body == {"mfa_token": MFA_TOKEN}
    assert "authorization: Basic <basic_credentials 1>" in shown


def test_a_client_with_a_key_of_its_own_signs_an_assertion_for_each_request() -> None:
    key = next_key()
    signing = {"client_secret": None, "private_key": key.as_pem(private=True).decode(), "now": lambda: NOW}
    spoken = Spoken(authentication="private_key_jwt", **signing)
    shown = repr(spoken.client.password_grant(username="jane", password="hunter-number-two"))
    for _ in range(2):
        spoken.client.mfa_challenge(mfa_token=MFA_TOKEN)
    first, second, third = (request.content for request in spoken.network.asked)
    assert second != third
    body = dict(parse_qsl(first.decode()))
    assert (body["client_id"], "client_secret" in body) == ("app", False)
    assert body["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    token = jwt.decode(body["client_assertion"], key)
    assert (token.header, bool(token.claims.pop("jti"))) == ({"alg": "RS256", "typ": "JWT"}, True)
    times = {"iat": int(NOW), "exp": int(NOW) + 60}
    assert token.claims == {"iss": "app", "sub": "app", "aud": "https://tenant.example/", **times}
    assert ("<client_assertion 1: JWT>" in shown, "eyJ" in shown) == (True, False)


def test_what_is_no_private_key_is_told_and_not_shown() -> None:
    for key in ("nonsense", "", next_key().as_pem(private=False).decode()):
        with pytest.raises(LabError, match="private RSA key: pass the text of the file that openssl wrote") as told:
            Spoken(authentication="private_key_jwt", private_key=key).client.revoke("v1.x")
        shown = "".join(traceback.format_exception(told.value))
        assert not [each for each in ("BEGIN", "joserfc") if each in shown]


@pytest.mark.parametrize(
    ("parts", "body", "kind"),
    [
        ({"json": {"a": 1, "b": None, "c": False, "d": ""}}, {"a": 1, "c": False, "d": ""}, "application/json"),
        ({"json": {}}, {}, "application/json"),
        ({"json": ("a", "b")}, ["a", "b"], "application/json"),
        ({"as_application": True}, APPLICATION, "application/json"),
        ({"form": {"a": "b", "c": None}}, {"a": "b"}, FORM),
        ({}, None, None),
    ],
)
def test_any_request_can_be_sent(parts: dict[str, Any], body: Any, kind: str | None) -> None:
    spoken = Spoken()
    spoken.client.send("PATCH", "/a b|é#?c=d&e=%20", headers={"x-mine": "1", "x-none": None}, **parts)
    headers = spoken.request.headers
    assert spoken.request.url.raw_path == b"/a%20b%7C%C3%A9%23?c=d&e=%20"
    assert (spoken.request.method, spoken.body, headers.get("content-type")) == ("PATCH", body, kind)
    assert (headers["x-mine"], "x-none" in headers) == ("1", False)


def test_an_id_is_one_part_of_a_path_and_half_of_a_surrogate_pair_is_none() -> None:
    assert quoted("id", "a/\ud800") == "a%2F%3F"


def test_no_answer_says_what_to_check_and_after_poll_is_called_for_each_answered_poll_alone() -> None:
    polled: list[int] = []
    answers = httpx.Response(400, json={}), httpx.Response(200, json={}), httpx.ConnectTimeout("timed out")
    spoken = Spoken(*answers, after_poll=lambda: polled.append(1))
    spoken.client.mfa_oob_grant(mfa_token=MFA_TOKEN, oob_code=OOB_CODE)
    spoken.client.mfa_otp_grant(mfa_token=MFA_TOKEN, otp="123456")
    with pytest.raises(NoAnswer) as lost:
        spoken.client.mfa_oob_grant(mfa_token=MFA_TOKEN, oob_code=OOB_CODE)
    assert (polled, lost.value.exchange) == ([1], spoken.journal[2])
    assert str(lost.value) == (
        "tenant.example gave no answer (ConnectTimeout). The journal keeps the request as exchange 3. Check "
        "AUTH0_DOMAIN, the network, and for a private certificate AUTH0_CA_FILE; then run the cell again."
    )


def test_it_shows_itself_in_one_line_without_its_secret() -> None:
    http = httpx.Client(transport=Scripted(), base_url="https://tenant.example:8443")
    assert repr(Client(http, **APPLICATION)) == "Client of the application app on tenant.example:8443"
    assert repr(Client(http)) == "Client of the application (no client_id) on tenant.example:8443"
