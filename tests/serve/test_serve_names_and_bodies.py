"""The server's outermost layer: its names and addresses, origins, the size of a body, TLS, and a tenant's names."""

import errno
import gc
import json
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox import server as servers
from auth0_mfa_lab.sandbox.server import OF_TLS, Server, _Connection
from auth0_mfa_lab.sandbox.settings import Domains, host_of
from auth0_mfa_lab.tenants.operations import Remote
from tests.sandbox.sandbox_mothers import App, bearer, claims_of
from tests.serve.conftest import LogIn

CONFIGURATION = "/.well-known/openid-configuration"
LOCAL = ("http://localhost:3000", "https://localhost", "http://127.0.0.1:5173")


def test_the_issuer_is_the_name_that_each_client_uses_at_once(server: Server) -> None:
    def issuer(host: str) -> str:
        return str(httpx.get(f"http://{host}:{server.port}{CONFIGURATION}", trust_env=False).json()["issuer"])

    hosts = ["localhost", "127.0.0.1", *(["[::1]"] if len(server._sockets) > 1 else [])] * 6
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(issuer, hosts)) == [f"http://{host}:{server.port}/" for host in hosts]


def test_tokens_and_pushes_name_the_host_of_their_own_request(
    app: App, control: httpx.Client, ask: Remote, log_in: LogIn
) -> None:
    login = log_in("push")
    app.http.headers["host"] = "auth.example:9443"
    login.challenge(scope="openid", audience=app.sandbox.defaults.audience)
    assert ask("newest_push", form="fcm")["sh"] == "auth.example:9443"
    assert control.get("state", headers={"host": "auth.example:1"}).json()["domain"] == "auth.example:1"
    ask("allow")
    tokens = login.poll().json()
    keys = KeySet.import_key_set(json.loads(app.http.get("/.well-known/jwks.json").text))
    for token in (tokens["id_token"], tokens["access_token"]):
        assert jwt.decode(token, keys).claims["iss"] == "http://auth.example:9443/"


def test_no_log_of_an_application_beside_it_gets_a_line_of_a_request(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), caplog.at_level("DEBUG", "uvicorn.access"):
        httpx.get(f"{server.url}{CONFIGURATION}?ticket=a-secret", trust_env=False)
    assert [each.name for each in caplog.records if each.name.startswith("uvicorn")] == []


KNOWN = ("localhost", "LOCALHOST:1", "127.0.0.1:8443", "[::1]:8443", "auth.example")
NOT_KNOWN = "This server is not known by the host of this request: start it with --name HOST."
UNKNOWN = ("sandbox.example", "evil.example", "localhost.evil.example", "", "a@localhost", "localhost:x")


def test_a_host_that_is_not_ours_is_not_answered_at_whichever_port(http: httpx.Client) -> None:
    for host in (*KNOWN, *UNKNOWN):
        answer = http.get(CONFIGURATION, headers={"host": host})
        is_known = host in KNOWN
        assert (host, answer.status_code, "issuer" in answer.text) == (host, 200 if is_known else 421, is_known)
        assert is_known or answer.text == NOT_KNOWN
    domains = Domains("sandbox.example")
    assert [domains.knows(each) for each in ("sandbox.example", "sandbox.example:8443")] == [True, False]
    for name in ("a_b", "a b", "a/b", "a:1", "", "-", "https://a", "ab--c", "ä.example", "a" * 64, "a.example."):
        for tls in (True, False):
            with pytest.raises(ValueError, match=r" is no name of a host: write .*, digits, hyphens and dots alone\.$"):
                Server(Sandbox(), names=(name,), tls=tls)
    assert {host_of(each) for each in ("", "a/b", "a?b", "user@a", "a:b", "[::1", "a:99999")} == {None}


CANARY = b"Tr0ub4dor-and-3"
CHUNKED = b" /oauth/token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
HOSTILE = (
    *(method + CHUNKED + CANARY + b"\r\n" for method in (b"HEAD", b"POST")),
    b"HEAD" + CHUNKED + b"0\r\n" + CANARY + b"\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" + CANARY + b"\r\n\r\n",
    CANARY + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + CANARY * 9999,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + CANARY,
    b"\x16\x03\x01" + CANARY,
)


@pytest.mark.parametrize("sent", HOSTILE)
def test_nothing_that_a_client_sends_is_logged_or_printed(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], sent: bytes
) -> None:
    # The server may have ended the connection before all was sent, at each of these calls.
    with socket.create_connection(("127.0.0.1", server.port)) as client, suppress(OSError):
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


def test_a_token_for_the_tenants_own_apis_is_good_at_each_of_its_names(server: Server, http: httpx.Client) -> None:
    known = server.sandbox.defaults
    fields = {"client_id": known.mgmt_client_id, "client_secret": known.mgmt_client_secret}
    fields |= {"grant_type": "client_credentials", "audience": f"http://127.0.0.1:{server.port}/api/v2/"}
    token = http.post("/oauth/token", data=fields).json()["access_token"]
    assert (claims_of(token)["aud"], claims_of(token)["iss"]) == (fields["audience"], f"{server.url}/")
    assert http.get("/api/v2/guardian/factors", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(("host", "names"), [("127.0.0.2", ()), ("localhost", ("127.0.0.2",))])
def test_with_tls_its_certificate_is_for_every_name_of_the_server(host: str, names: tuple[str, ...]) -> None:
    with Server(Sandbox(), host=host, names=names) as server:
        context = ssl.create_default_context(cadata=(server.ca_pem or b"").decode())
        context.set_alpn_protocols(["h2", "http/1.1"])
        for name in (host, "127.0.0.2"):
            connection = socket.create_connection((host, server.port))
            with connection, context.wrap_socket(connection, server_hostname=name) as wrapped:
                assert wrapped.version() in ("TLSv1.2", "TLSv1.3")
                assert wrapped.selected_alpn_protocol() == "http/1.1"
        for method in ("GET", "DELETE"):
            plain = httpx.request(method, f"http://{server.domain}/oauth/token", trust_env=False)
            assert (plain.status_code, "This port speaks TLS" in plain.text) == (400, True)
        issuer = httpx.get(f"{server.url}{CONFIGURATION}", verify=context, trust_env=False).json()["issuer"]
        assert issuer == f"https://{server.domain}/"


def test_a_client_that_is_gone_or_says_nothing_leaves_nothing_behind(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(Sandbox()) as server:
        context = ssl.create_default_context(cadata=(server.ca_pem or b"").decode())
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", server.port))
            with connection, context.wrap_socket(connection, server_hostname="localhost") as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n\0\r\n\r\n")
        httpx.get(f"{server.url}{CONFIGURATION}", verify=context, trust_env=False)
        gc.collect()
        held = sum(type(each) is _Connection for each in gc.get_objects())
        assert (held <= 1, caplog.text) == (True, ""), held
    monkeypatch.setitem(OF_TLS, "ssl_handshake_timeout", 0.05)
    with Server(Sandbox()) as server, socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        assert client.recv(1) == b""


def test_what_is_done_when_it_is_ready_is_done_before_its_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    server, order, startup = Server(Sandbox(), tls=False), list[str](), uvicorn.Server.startup

    async def listens(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        order.append("it listens")
        await startup(self, sockets)

    def ready() -> None:
        order.append("its files are written")
        server._uvicorn.should_exit = True

    monkeypatch.setattr(uvicorn.Server, "startup", listens)
    thread = threading.Thread(target=server.run, args=(ready,))
    thread.start()
    thread.join(60)
    server.stop()
    assert order == ["its files are written", "it listens"]


def test_a_server_that_does_not_start_or_stop_in_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ends, server = threading.Event(), Server(Sandbox(), tls=False)
    monkeypatch.setattr(servers, "SECONDS", 0)
    monkeypatch.setattr(server, "run", lambda *_: ends.wait(60))
    for call, problem in ((server.start, "start"), (server.stop, "stop")):
        with pytest.raises(RuntimeError, match=rf"^The server did not {problem}\.$"):
            call()
    ends.set()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_only_this_machine_reaches_it_at_a_port_of_its_own(server: Server) -> None:
    hosts = {each.getsockname()[0] for each in server._sockets}
    assert hosts == {"127.0.0.1", *(["::1"] if has_ipv6() else [])}  # some clients try ::1 alone
    for everywhere in ("0.0.0.0", *(["::"] if has_ipv6() else [])):
        with pytest.raises(ValueError, match=r" is reached from other machines, and that must be allowed\.$"):
            Server(Sandbox(), host=everywhere)
        open_to_all = Server(Sandbox(), host=everywhere, allow_remote=True)
        open_to_all.stop()
        assert open_to_all.domain == f"localhost:{open_to_all.port}"
    with pytest.raises(OSError, match=r"in use$"):
        Server(Sandbox(), port=server.port)


def test_a_port_that_is_taken_at_ipv6_is_told_or_passed_over_and_a_machine_may_have_no_ipv6(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, problems = list[socket.socket](), [errno.EADDRINUSE, errno.EADDRINUSE, errno.EAFNOSUPPORT]

    def socket_of(family: socket.AddressFamily, host: str, _: int) -> socket.socket:
        if host == "::1":
            raise OSError(problems.pop(0), "cannot be had")
        made.append(socket.socket(family))
        return made[-1]

    monkeypatch.setattr(servers, "_socket", socket_of)
    with pytest.raises(OSError, match="cannot be had"):
        Server(Sandbox(), port=8443)
    server = Server(Sandbox())
    assert (server._sockets, [each.fileno() for each in made[:2]]) == (made[2:], [-1, -1])
    server.stop()


def test_a_body_of_more_than_a_mebibyte_is_413(http: httpx.Client) -> None:
    assert http.post("/oauth/token", content=b"x" * (1 << 20)).status_code != 413
    refused = http.post("/oauth/token", content=b"x" * ((1 << 20) + 1))
    said = refused.status_code, refused.text, refused.headers["connection"]
    assert said == (413, "A body may have 1048576 bytes.", "close")
    # It may be cut off while it is still sending.
    with suppress(httpx.WriteError, httpx.ReadError):
        assert http.post("/oauth/token", content=(b"x" * 65536 for _ in range(17))).status_code == 413
    assert not {"date", "server"} & set(http.get(CONFIGURATION).headers)
    no_preflight = http.options("/oauth/token")  # without an origin
    assert (no_preflight.status_code, no_preflight.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("origin", [*LOCAL, "https://evil.example", "null", "http://localhost.evil.example"])
def test_a_page_on_localhost_alone_may_read_what_auth0_answers(http: httpx.Client, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-headers": "auth0-client"}
    preflight, answer = http.options("/oauth/token", headers=asked), http.post("/oauth/token", headers=asked)
    assert (preflight.status_code, answer.status_code) == (204, 401)
    allowed = {"allow-origin": origin, "allow-credentials": "true"}
    allowed |= {"expose-headers": "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"}
    of_preflight = {"allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS", "max-age": "600"}
    of_preflight |= {"allow-headers": "auth0-client"}
    for each, wanted in ((answer, allowed), (preflight, allowed | of_preflight)):
        begins = "access-control-"
        said = {name[len(begins) :]: value for name, value in each.headers.items() if name.startswith(begins)}
        assert (said, each.headers.get("vary")) == ((wanted, "Origin") if origin in LOCAL else ({}, None))
