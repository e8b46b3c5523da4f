"""Who may use the control plane: whoever has the token, at a name of the server's, and no page of another origin."""

import http.client
import itertools
import ssl

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.web.server import Server

PATHS = (
    *("/_lab", "/_lab/", "/_lab/state", "/_lab/code", "/_lab/messages", "/_lab/push", "/_lab/phone", "/_lab/clock"),
    *("/_lab/users", "/_lab/clients", "/_lab/settings", "/_lab/limits", "/_lab/faults", "/_lab/journal", "/_lab/no"),
    *("/_lab/reset", "/_lab/phone/allow", "/_lab/page.js", "/_lab/page.css", "/_lab/../_lab/state", "/_lab//state"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WRONG: tuple[dict[str, str], ...] = (
    {},
    {"authorization": "Bearer"},
    {"authorization": "Bearer wrong"},
    {"authorization": "Basic wrong"},
    {"cookie": "auth0_lab=wrong"},
    {"cookie": "auth0_lab_0123456789ab=x; ;="},
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
    for headers, path in itertools.product(WRONG, ("state", "?token=wrong", "state?token=wrong", "?token=%ff")):
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


def test_the_pages_address_puts_a_cookie_in_the_tokens_place(server: Server, http: httpx.Client) -> None:
    for path in ("/_lab", "/_lab/"):
        first = http.get(path, params={"token": server.token})
        assert (first.status_code, first.headers["location"]) == (303, "/_lab/")
    cookie = first.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/_lab/"))
    assert server.token not in cookie
    assert http.get("/_lab/state").status_code == 200
    page = http.get("/_lab/")
    assert page.headers["content-type"].startswith("text/html")
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_cookie_changes_nothing_without_the_pages_own_origin(server: Server, http: httpx.Client) -> None:
    http.get("/_lab/", params={"token": server.token})
    assert http.post("/_lab/clock", json={"advance": 1}).status_code == 403
    for origin in ("https://evil.example", "http://localhost:3000", f"https://127.0.0.1:{server.port}", "null"):
        assert http.post("/_lab/clock", json={"advance": 1}, headers={"origin": origin}).status_code == 403
    assert server.sandbox.clock.ahead() == 0
    assert http.post("/_lab/clock", json={"advance": 1}, headers={"origin": server.url}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_the_cookie_shows_nothing_to_what_another_site_loads(server: Server, http: httpx.Client, site: str) -> None:
    http.get("/_lab/", params={"token": server.token})
    assert http.get("/_lab/state", headers={"sec-fetch-site": site}).status_code == 403
    assert http.get("/_lab/state", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_a_cookie_is_good_at_the_name_that_it_was_given_to(server: Server, http: httpx.Client) -> None:
    first = http.get("/_lab/", params={"token": server.token})
    name, value = first.headers["set-cookie"].partition(";")[0].split("=")
    for host, status in ((server.domain, 200), (f"127.0.0.1:{server.port}", 401)):
        http.cookies.clear()
        answer = http.get("/_lab/state", headers={"cookie": f"{name}={value}", "host": host})
        assert answer.status_code == status


def test_the_token_in_an_address_opens_the_page_alone(server: Server, http: httpx.Client) -> None:
    assert http.get("/_lab/state", params={"token": server.token}).status_code == 401
    assert http.post("/_lab/", params={"token": server.token}).status_code == 401


def test_no_answer_of_the_control_plane_may_be_kept_or_read_across_origins(control: httpx.Client) -> None:
    for path in ("state", "no", "code"):
        answer = control.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
