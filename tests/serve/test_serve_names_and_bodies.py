"""The outermost layer of the server: whose name a request used, how large it may be, and that it is answered whole."""

import json
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server
from tests.sandbox.sandbox_mothers import claims_of
from tests.serve.serve_mothers import Application

CONFIGURATION = "/.well-known/openid-configuration"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_issuer_is_the_name_that_the_client_used(server: Server, trust: ssl.SSLContext, host: str) -> None:
    with httpx.Client(verify=trust, trust_env=False) as client:
        try:
            answer = client.get(f"https://{host}:{server.port}{CONFIGURATION}")
        except httpx.ConnectError:
            pytest.skip("this machine has no IPv6") if host == "[::1]" else pytest.fail("nobody answers")
    assert answer.json()["issuer"] == f"https://{host}:{server.port}/"


def test_tokens_and_pushes_name_the_host_of_their_own_request(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    app = Application(server, http, control, ("push",))
    http.headers["host"] = "auth.example:9443"
    app.challenge(scope="openid")
    assert control.get("push?form=fcm").json()["sh"] == "auth.example:9443"
    assert control.post("phone/allow", json={}).status_code == 200
    assert claims_of(app.poll().json()["id_token"])["iss"] == "https://auth.example:9443/"


def test_two_names_at_once_do_not_mix(server: Server, trust: ssl.SSLContext) -> None:
    def issuer(number: int) -> bool:
        host = ("localhost", "127.0.0.1")[number % 2]
        with httpx.Client(verify=trust, trust_env=False) as client:
            found = client.get(f"https://{host}:{server.port}{CONFIGURATION}").json()["issuer"]
        return bool(found == f"https://{host}:{server.port}/")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(issuer, range(40)))


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "sandbox.example", "a@localhost", ""])
def test_a_host_that_is_not_ours_is_not_answered(http: httpx.Client, host: str) -> None:
    answer = http.get(CONFIGURATION, headers={"host": host})
    assert answer.status_code in (400, 421)
    assert "issuer" not in answer.text


def test_nothing_of_the_servers_own_is_in_the_headers(http: httpx.Client) -> None:
    assert not {"date", "server"} & set(http.get(CONFIGURATION).headers)


def test_a_body_of_more_than_a_mebibyte_is_413(http: httpx.Client) -> None:
    assert http.post("/oauth/token", content=b"x" * (1 << 20)).status_code != 413
    assert http.post("/oauth/token", content=b"x" * ((1 << 20) + 1)).status_code == 413
    parts = (b"x" * 65536 for _ in range(17))
    # It may be cut off while it is still sending.
    with suppress(httpx.WriteError, httpx.ReadError):
        assert http.post("/oauth/token", content=parts).status_code == 413
    assert http.get(CONFIGURATION).status_code == 200


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://localhost", "http://127.0.0.1:5173"])
def test_a_page_on_localhost_may_read_what_auth0_answers(http: httpx.Client, origin: str) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "auth0-client",
    }
    preflight = http.options("/oauth/token", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == origin
    assert preflight.headers["access-control-allow-headers"] == "auth0-client"
    answer = http.post("/oauth/token", headers={"origin": origin})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == origin
    assert "x-ratelimit-reset" in answer.headers["access-control-expose-headers"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_a_page_elsewhere_may_not(http: httpx.Client, origin: str) -> None:
    for answer in (
        http.options("/oauth/token", headers={"origin": origin}),
        http.get(CONFIGURATION, headers={"origin": origin}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_plain_http_is_served_where_it_is_asked_for() -> None:
    with Server(Sandbox(), tls=False) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        document = client.get(CONFIGURATION).json()
    assert urlsplit(server.url).scheme == "http"
    assert document["issuer"] == f"{server.url}/"


def test_the_keys_of_the_jwks_verify_the_tokens(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    app = Application(server, http, control, ("sms",))
    app.challenge(audience=server.sandbox.defaults.audience)
    code = control.get("code", params={"address": app.user["phone_number"]}).json()["code"]
    token = app.poll(binding_code=code).json()["access_token"]
    keys = KeySet.import_key_set(json.loads(http.get("/.well-known/jwks.json").text))
    assert jwt.decode(token, keys).claims["iss"] == f"{server.url}/"


def test_a_limits_reset_is_in_the_clients_time_however_far_the_clock_is_ahead(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    control.post("clock", json={"advance": 1_000_000})
    app = Application(server, http, control, ("push",))
    app.challenge()
    polled = app.poll()
    reset = int(polled.headers["x-ratelimit-reset"])
    assert abs(reset - server.sandbox.clock.stamp()) < 60


def test_the_certificate_is_for_every_name_of_the_server() -> None:
    for host, names in (("127.0.0.2", ()), ("localhost", ("127.0.0.2",))):
        with Server(Sandbox(), host=host, names=names) as server:
            assert server.ca_pem is not None
            context = ssl.create_default_context(cadata=server.ca_pem.decode())
            connection = socket.create_connection((host, server.port))
            with connection, context.wrap_socket(connection, server_hostname="127.0.0.2") as wrapped:
                assert wrapped.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("name", ["a_b", "a b", "a/b", "a:1", "", "-", "https://a"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Server(Sandbox(), names=(name,))


def test_only_this_machine_reaches_it(server: Server) -> None:
    assert {each.getsockname()[0] for each in server._sockets} <= {"127.0.0.1", "::1"}
    with pytest.raises(ValueError, match="must be allowed"):
        Server(Sandbox(), host="0.0.0.0")


def test_a_port_that_is_taken_is_an_error_and_not_another_servers_client() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        Server(Sandbox(), port=other.getsockname()[1])
