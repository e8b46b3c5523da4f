"""The recorder writes down each request with its answer or its failure, and passes both on."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import httpx
import pytest

from auth0_mfa_lab.wire.exchange import NoAnswer
from auth0_mfa_lab.wire.journal import EXCHANGE, NOTES, Journal, RecordingTransport
from tests.mothers import MFA_TOKEN, Scripted, a_journal


class Breaking(httpx.SyncByteStream):
    """A body whose connection breaks after its first bytes."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"mfa_'
        raise httpx.ReadError("connection reset")


class Giving(httpx.BaseTransport):
    """Gives one prepared response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.response

    def close(self) -> None:
        self.closed = True


def recording(inner: httpx.BaseTransport) -> tuple[httpx.Client, Journal]:
    journal = a_journal()
    transport = RecordingTransport(inner, journal, speaker="app")
    return httpx.Client(transport=transport, base_url="https://tenant.example"), journal


def test_an_exchange_holds_what_was_sent_and_what_came() -> None:
    http, journal = recording(Scripted(httpx.Response(403, json={"error": "mfa_required"})))
    response = http.post("/oauth/token", data={"grant_type": "password"})
    (exchange,) = journal
    assert response.extensions[EXCHANGE] is exchange
    assert exchange.request.method == "POST"
    assert exchange.request.url == "https://tenant.example/oauth/token"
    assert exchange.request.body == b"grant_type=password"
    assert exchange.status == 403
    assert exchange.response is not None
    assert exchange.response.reason == "Forbidden"
    assert exchange.response.body == response.content


def test_header_names_are_kept_in_lower_case_and_repeated_ones_are_all_kept() -> None:
    headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Retry-After", "5")]
    http, journal = recording(Giving(httpx.Response(200, headers=headers, content=b"")))
    http.get("/", headers={"X-Mine": "yes"})
    (exchange,) = journal
    assert exchange.response is not None
    assert [pair for pair in exchange.response.headers if pair[0] == "set-cookie"] == [
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ]
    assert exchange.request.header("x-mine") == "yes"
    assert all(name == name.lower() for name, _ in exchange.request.headers)


def test_the_sandboxs_notes_are_kept_and_stand_in_no_message() -> None:
    response = httpx.Response(200, json={}, extensions={NOTES: ("sandbox: status guess",)})
    http, journal = recording(Giving(response))
    http.get("/")
    assert journal[0].notes == ("sandbox: status guess",)
    assert repr(journal[0]).endswith("\n\n  sandbox: status guess")


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_failure_is_kept_and_raised_without_its_cause(error: type[httpx.RequestError]) -> None:
    http, journal = recording(Scripted(error("no route")))
    secret = "hunter-number-two"
    with pytest.raises(NoAnswer) as unanswered:
        http.post("/x", data={"password": secret})
    (exchange,) = journal
    assert unanswered.value.exchange is exchange
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.failure.said) == (error.__name__, "no route")
    assert exchange.response is None
    assert unanswered.value.__cause__ is None
    assert unanswered.value.__context__ is None
    assert secret not in "".join(traceback.format_exception(unanswered.value))


def test_a_connection_that_breaks_in_the_body_is_a_failure() -> None:
    http, journal = recording(Giving(httpx.Response(200, stream=Breaking())))
    with pytest.raises(NoAnswer):
        http.get("/")
    assert journal[0].failure is not None
    assert journal[0].failure.kind == "ReadError"


def test_a_compressed_body_that_cannot_be_read_is_a_failure() -> None:
    class Stream(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"not gzip"

    response = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Stream())
    http, journal = recording(Giving(response))
    with pytest.raises(NoAnswer):
        http.get("/")
    assert journal[0].failure is not None
    assert journal[0].failure.kind == "DecodingError"


def test_what_a_failure_says_is_masked() -> None:
    http, journal = recording(Scripted(httpx.Response(403, json={"mfa_token": MFA_TOKEN}), httpx.ReadError(MFA_TOKEN)))
    http.get("/")
    with pytest.raises(NoAnswer):
        http.get("/")
    assert journal[1].failure is not None
    assert journal[1].failure.said == "<mfa_token 1>"


def test_a_secret_is_learned_even_when_no_answer_came() -> None:
    http, journal = recording(Scripted(httpx.ConnectError("")))
    with pytest.raises(NoAnswer):
        http.post("/oauth/token", data={"password": "hunter-number-two"})
    assert "password=<password 1>" in repr(journal[0])


def test_closing_it_closes_the_transport_inside() -> None:
    inner = Giving(httpx.Response(200))
    recording(inner)[0].close()
    assert inner.closed


def test_what_a_failure_says_of_its_own_request_is_masked_too() -> None:
    http, journal = recording(Scripted(httpx.ConnectError("cannot send password=hunter-number-two to a-new-secret-1")))
    with pytest.raises(NoAnswer):
        http.post("/oauth/token", data={"password": "hunter-number-two", "client_secret": "a-new-secret-1"})
    failure = journal[0].failure
    assert failure is not None
    assert failure.said == "cannot send password=<password 1> to <client_secret 1>"
