"""Who may use the control plane: whoever has the token, at a name of the server's, and no page of another origin."""

import http.client
import itertools
import ssl

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server

PATHS = (
    *("/_lab/state", "/_lab/code", "/_lab/messages", "/_lab/push", "/_lab/phone", "/_lab/clock"),
    *("/_lab/users", "/_lab/clients", "/_lab/settings", "/_lab/limits", "/_lab/faults", "/_lab/journal", "/_lab/no"),
    *("/_lab/reset", "/_lab/phone/allow", "/_lab/../_lab/state", "/_lab//state"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WRONG: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer"},
    {"authorization": "Bearer wrong"},
    {"authorization": "Basic wrong"},
    {"cookie": "auth0_lab=wrong"},
    {"host": "evil.example"},
    {"origin": "https://evil.example"},
)


def test_without_the_token_nothing_answers_but_401(http: httpx.Client) -> None:
    for method, path in itertools.product(METHODS, PATHS):
        answer = http.request(method, path)
        assert (method, path, answer.status_code) == (method, path, 401)
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


def test_what_is_not_the_token_is_401_whatever_else_is_wrong(http: httpx.Client) -> None:
    for headers, path in itertools.product(WRONG, ("state", "state?token=wrong", "state?token=%ff")):
        assert (headers, path, http.get(f"/_lab/{path}", headers=headers).status_code) == (headers, path, 401)


def test_a_header_that_is_no_text_is_401(server: Server, trust: ssl.SSLContext) -> None:
    connection = http.client.HTTPSConnection("localhost", server.port, context=trust)
    connection.putrequest("GET", "/_lab/state")
    connection.putheader("authorization", b"Bearer \xff\xfe")
    connection.putheader("cookie", b"\xff=\xff")
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()


def test_the_token_of_one_server_is_nothing_to_another(server: Server, control: httpx.Client) -> None:
    with Server(Sandbox(seed=1), tls=False) as other, httpx.Client(base_url=other.url, trust_env=False) as client:
        assert other.token != server.token
        answer = client.get("/_lab/state", headers={"authorization": control.headers["authorization"]})
    assert answer.status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "sandbox.example"])
def test_by_another_host_the_token_is_not_enough(control: httpx.Client, host: str) -> None:
    answer = control.get("state", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_host")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost", "https://localhost:1"])
def test_a_page_of_another_origin_may_do_nothing(control: httpx.Client, origin: str, method: str) -> None:
    answer = control.request(method, "clock", headers={"origin": origin})
    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_origin")


def test_the_page_needs_no_token_and_holds_nothing_of_the_tenant(server: Server, http: httpx.Client) -> None:
    for path in ("/_lab", "/_lab/", "/_lab/page.js", "/_lab/page.css"):
        page = http.get(path)
        assert page.status_code == 200
        assert server.sandbox.defaults.client_id not in page.text
        assert "'unsafe-inline'" not in page.headers["content-security-policy"]
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert (page.headers["cache-control"], "set-cookie" in page.headers) == ("no-store", False)


def test_the_token_in_an_address_opens_nothing(server: Server, http: httpx.Client) -> None:
    assert http.get("/_lab/state", params={"token": server.token}).status_code == 401
    assert http.post("/_lab/", params={"token": server.token}).status_code == 401


def test_no_answer_of_the_control_plane_may_be_kept_or_read_across_origins(control: httpx.Client) -> None:
    for path in ("state", "no", "code"):
        answer = control.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
