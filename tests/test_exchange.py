"""The recorder keeps each request with its answer or failure; an exchange gives its fields and hides its secrets."""

import copy
import gzip
import operator
import traceback
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import Mock

import httpx
import pytest

from auth0_mfa_lab import Secret
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.exchange import MissingField, NoAnswer
from auth0_mfa_lab.wire.journal import EXCHANGE, Journal, RecordingTransport
from auth0_mfa_lab.wire.received import NOTES
from tests.mothers import GRANTED, MFA_TOKEN, PENDING, Leaping, Scripted, a_journal, a_request, an_exchange

REQUIRED = {"error": "mfa_required", "error_description": "Multifactor authentication required", "mfa_token": MFA_TOKEN}
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhdXRoMHwxIn0.c2ln"  # auth0-mfa-lab: allow
SECRETS = {"password": "hunter-number-two", "client_secret": "a-new-secret-1"}
SAID = "cannot send password=hunter-number-two to a-new-secret-1"


def test_a_403_is_an_exchange_like_any_other_whose_secrets_are_secrets() -> None:
    login = an_exchange(403, json={**REQUIRED, "id_token": JWT, "list": [{"note": f"token {MFA_TOKEN}"}]})
    assert (login.status, login.error, login.outcome) == (403, "mfa_required", "403 mfa_required")
    assert (login.error_description, login["mfa_token"]) == ("Multifactor authentication required", MFA_TOKEN)
    assert ("mfa_token" in login, "access_token" in login) == (True, False)
    assert (type(login["mfa_token"]), type(login["error"])) == (Secret, str)
    assert repr(login["list"]) == "[{'note': token <mfa_token 1>}]"
    assert (login.claims("id_token"), login.claims("error")) == ({"sub": "auth0|1"}, None)
    assert an_exchange(json={"access_token": 1}).claims("access_token") is None
    with pytest.raises(TypeError):
        list(login)  # type: ignore[call-overload]  # it is no sequence


# fmt: off
LACKS = {  # an exchange without access_token: its error, its outcome, and what it has
    "an object":   (an_exchange(403, json=REQUIRED), "mfa_required", "403 mfa_required",
                    "error, error_description, mfa_token"),
    "an echo":     (an_exchange(400, json={"mfa_token": MFA_TOKEN, "error": f"bad {MFA_TOKEN}", MFA_TOKEN: 1}),
                    f"bad {MFA_TOKEN}", "400 bad <mfa_token 1>", "mfa_token, error, <mfa_token 1>"),
    "no body":     (an_exchange(502), None, "502 Bad Gateway", "no body"),
    "nothing":     (an_exchange(json={}), None, "200 OK", "nothing"),
    **{text: (an_exchange(502, text=text), None, "502 Bad Gateway", "no JSON object")
       for text in ("<html>", "[1]", '"access_token"', "3", "null")},
    **{f"{error}": (an_exchange(400, json={"error": error}), None, "400 Bad Request", "error") for error in (7, ["x"])},
}
# fmt: on


@pytest.mark.parametrize("name", LACKS)
def test_a_missing_field_says_what_the_answer_has(name: str) -> None:
    exchange, error, outcome, has = LACKS[name]
    assert (exchange.error, exchange.outcome, "access_token" in exchange) == (error, outcome, False)
    with pytest.raises(MissingField) as missing:
        exchange["access_token"]
    assert str(missing.value) == f"The answer of exchange 1 ({outcome}) has no access_token. It has: {has}."
    assert missing.value.exchange is exchange
    assert (isinstance(missing.value, KeyError), isinstance(missing.value, LabError)) == (True, True)


def test_a_request_is_taken_apart() -> None:
    assert a_request(form={"a": "1", "b": ""}).raw_data() == {"a": "1", "b": ""}
    assert a_request(json={"a": [1]}).raw_data() == {"a": [1]}
    assert repr(a_request(json={"a": ["b"]}).raw_data()) == "{<as sent>: [<as sent>]}"
    assert (a_request(body=b"\xff").raw_data(), a_request(body=b"\xff").text) == (None, "\ufffd")
    deep = [f"{begin * depth}1{end * depth}" for begin, end in (("[", "]"), ('{"a":', "}")) for depth in (60, 61)]
    wide = deep[0][20:-20]
    read = [a_request(body=each.encode()).raw_data() is not None for each in (*deep, f"[{wide},{wide}]")]
    assert read == [True, False, True, False, True]
    for url, host, target in (
        ("https://localhost:8443/a/b?x=y", "localhost:8443", "/a/b?x=y"),
        ("https://tenant.example/a?x=y#z", "tenant.example", "/a?x=y"),
        ("no url", "", ""),
    ):
        request = an_exchange(request=a_request("GET", url)).request
        assert (request.host, request.target, type(request.target)) == (host, target, str)
    request = a_request(headers=[("Content-Type", " Application/JSON ; charset=utf-8"), ("content-type", "x")])
    assert (request.media_type, request.header("missing")) == ("application/json", None)


def test_exchanges_are_numbered_from_one_under_their_steps_and_what_says_the_same_is_one_run() -> None:
    journal, get = a_journal(), a_request("GET")
    for answer in (PENDING, PENDING, GRANTED, PENDING):
        an_exchange(journal=journal, **answer)
    journal.step("next")
    kept = [an_exchange(journal=journal, **PENDING), an_exchange(journal=journal, speaker="phone", **PENDING)]
    kept += [an_exchange(journal=journal, speaker="phone", request=get) for _ in range(2)]
    assert [exchange.number for exchange in journal] == list(range(1, 9))
    assert (journal[4:], journal[-1], len(journal)) == (kept, kept[-1], 8)
    assert [exchange.step for exchange in journal[3:5]] == [None, "next"]
    assert [(run.numbers, run.outcome) for run in journal.runs()] == [
        *(("1-2", "400 authorization_pending (2 times)"), ("3", "200 OK"), ("4", "400 authorization_pending")),
        *(("5", "400 authorization_pending"), ("6", "400 authorization_pending"), ("7-8", "200 OK (2 times)")),
    ]


def test_the_operations_beside_a_journal_are_not_copied() -> None:
    with pytest.raises(TypeError, match="the exchanges hold secrets, and are not pickled or copied"):
        copy.copy(a_journal().operations)


def test_threads_that_append_together_lose_nothing() -> None:
    journal = a_journal()
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda _: an_exchange(journal=journal), range(100)))
    assert [exchange.number for exchange in journal] == list(range(1, 101))
    assert {*map(id, kept)} == {*map(id, journal)}


# -- the recorder


def recording(inner: httpx.BaseTransport) -> tuple[httpx.Client, Journal]:
    journal = a_journal()
    transport = RecordingTransport(inner, journal, speaker="app")
    return httpx.Client(transport=transport, base_url="https://tenant.example"), journal


def answering(answer: httpx.Response) -> httpx.BaseTransport:
    return httpx.MockTransport(lambda _: answer)


def test_an_exchange_holds_what_was_sent_and_what_came_and_closing_closes_the_transport_inside() -> None:
    cookies = [("set-cookie", "a=1"), ("set-cookie", "b=2")]
    headers = [(name.title(), value) for name, value in cookies]
    notes = {NOTES: ("sandbox: status guess",), "reason_phrase": b"Not Today"}
    inner = answering(httpx.Response(403, headers=headers, content=b"{}", extensions=notes))
    http, journal = recording(inner)
    response = http.post("/oauth/token", data={"grant_type": "password"}, headers={"X-Mine": "yes"})
    (exchange,) = journal
    assert response.extensions[EXCHANGE] is exchange
    request, came = exchange.request, exchange.response
    assert (request.method, request.url) == ("POST", "https://tenant.example/oauth/token")
    assert (request.body, request.header("x-mine")) == (b"grant_type=password", "yes")
    assert repr(request.body) == "<body as sent>"
    assert came is not None
    assert (came.status, came.reason, came.body) == (403, response.reason_phrase, response.content)
    assert came.reason == "Not Today"
    assert [pair for pair in came.headers if "cookie" in pair[0]] == cookies
    assert repr(exchange).endswith("\n\n  sandbox: status guess")
    inner.close = Mock()  # type: ignore[method-assign]  # to see the call
    http.close()
    inner.close.assert_called_once_with()


def broken() -> Iterator[bytes]:
    yield b'{"mfa_'
    raise httpx.ReadError(SAID)


ZIPPED = httpx.Response(200, headers={"content-encoding": "gzip"}, content=iter([b"not gzip"]))
# fmt: off
LOST: list[tuple[str, httpx.BaseTransport]] = [
    ("ConnectError",        Scripted(httpx.ConnectError(SAID))),
    ("RemoteProtocolError", Scripted(httpx.RemoteProtocolError(""))),
    ("ReadError",           answering(httpx.Response(200, content=broken()))),
    ("DecodingError",       answering(ZIPPED)),
]
# fmt: on


def deflated(*bodies: bytes) -> bytes:
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return raw.compress(bodies[0]) + raw.flush()


LARGEST = 2 * 2**20
CUT = "The answer is longer than 2 MiB: its body is kept up to there, and the rest was not read."
LONG = b'{"error": "' + b" " * 9 * 2**20
# fmt: off
BODIES = [
    # How a body is packed, the body as it is sent, and as it is kept
    ("",           b"{}",                               b"{}"),
    ("",           LONG,                                LONG[:LARGEST]),
    ("gzip",       gzip.compress(b"{}"),                b"{}"),
    ("gzip",       gzip.compress(LONG),                 LONG[:LARGEST]),
    ("gzip, gzip", gzip.compress(gzip.compress(LONG)),  LONG[:LARGEST]),
    ("deflate",    zlib.compress(b"[]"),                b"[]"),
    ("deflate",    deflated(b"[]"),                     b"[]"),
    ("br",         b"as it is",                         b"as it is"),
    ("gzip,gzip,gzip", b"as it is",                     b"as it is"),
]
# fmt: on


@pytest.mark.parametrize(("packed", "sent", "kept"), BODIES, ids=range(len(BODIES)))
def test_of_a_long_answer_the_beginning_is_kept_and_nothing_of_it_acts(packed: str, sent: bytes, kept: bytes) -> None:
    asks = {b"content-encoding": packed.encode(), b"set-cookie": b"\xff=\x01; a=1", b"location": b"http://[::1"}
    http, journal = recording(answering(httpx.Response(302, headers=asks, content=iter([sent[:9], sent[9:]]))))
    answer = http.get("/oauth/token")
    assert journal[0].response is not None
    assert answer.content == journal[0].response.body == kept
    assert journal[0].notes == ((CUT,) if len(kept) == LARGEST else ())
    assert (answer.next_request, len(http.cookies), journal[0].response.header("location")) == (None, 0, "http://[::1")


def test_an_answer_that_drips_is_given_up_once_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auth0_mfa_lab.wire.received.time", SimpleNamespace(monotonic=Leaping(9)))
    waited = list[int]()

    def drip(request: httpx.Request) -> httpx.Response:
        while True:  # a socket reads the rest so
            waited.append(operator.index(request.extensions["timeout"]["read"]))

    http, journal = recording(httpx.MockTransport(drip))
    with pytest.raises(NoAnswer, match="ReadTimeout"):
        http.get("/oauth/token")
    assert waited == [30, 21, 12, 3]
    assert "no whole answer came within 30 seconds" in repr(journal[0])


@pytest.mark.parametrize(("kind", "inner"), LOST)
def test_a_failure_is_kept_masked_and_raised_without_its_cause(kind: str, inner: httpx.BaseTransport) -> None:
    http, journal = recording(inner)
    journal.aliases.learn("password", "tenant.example")
    with pytest.raises(NoAnswer) as unanswered:
        http.post("/oauth/token", data=SECRETS)
    (lost,) = journal
    assert unanswered.value.exchange is lost
    assert unanswered.value.__cause__ is unanswered.value.__context__ is None
    gave, then = "no whole answer", "The tenant may have acted on it: look there first"
    if kind == "ConnectError":
        gave, then = "no answer", "Check AUTH0_DOMAIN, the network, and for a private certificate AUTH0_CA_FILE"
    kept = "The journal keeps the request as exchange 1."
    assert str(unanswered.value) == f"<password 1> gave {gave} ({kind}). {kept} {then}; then run the cell again."
    assert (lost.status, lost.json, lost.response, lost.error, lost.outcome) == (None, None, None, None, "no answer")
    assert lost.failure is not None
    assert (lost.failure.kind, lost.failure.said.count("=<password 2> to <client_secret 1>")) == (
        kind,
        kind in ("ConnectError", "ReadError"),
    )
    with pytest.raises(MissingField, match=f"Exchange 1 has no answer, and so no access_token: {kind}"):
        lost["access_token"]
    said = f"{lost!r} {lost.request.host!r} {lost._repr_mimebundle_()} {traceback.format_exception(unanswered.value)}"
    assert not [each for each in (*SECRETS.values(), "tenant.example") if each in said]
    assert "app → <password 1>" in said
