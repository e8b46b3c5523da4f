"""The recorder writes down each request with its answer or its failure, and passes both on."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from unittest.mock import Mock

import httpx
import pytest

from auth0_mfa_lab.wire.exchange import NoAnswer
from auth0_mfa_lab.wire.journal import EXCHANGE, NOTES, Journal, RecordingTransport
from tests.mothers import MFA_TOKEN, Scripted, a_journal

Inner = httpx.BaseTransport | httpx.Response
SECRETS = {"password": "hunter-number-two", "client_secret": "a-new-secret-1"}


def recording(inner: Inner) -> tuple[httpx.Client, Journal]:
    journal, given = a_journal(), inner
    inner = httpx.MockTransport(lambda _: given) if isinstance(given, httpx.Response) else given
    transport = RecordingTransport(inner, journal, speaker="app")
    return httpx.Client(transport=transport, base_url="https://tenant.example"), journal


def test_an_exchange_holds_what_was_sent_and_what_came() -> None:
    cookies = [("set-cookie", "a=1"), ("set-cookie", "b=2")]
    headers = [(name.title(), value) for name, value in cookies]
    notes = {NOTES: ("sandbox: status guess",)}
    http, journal = recording(httpx.Response(403, headers=headers, content=b"{}", extensions=notes))
    response = http.post("/oauth/token", data={"grant_type": "password"}, headers={"X-Mine": "yes"})
    (exchange,) = journal
    assert response.extensions[EXCHANGE] is exchange
    request, came = exchange.request, exchange.response
    assert (request.method, request.url) == ("POST", "https://tenant.example/oauth/token")
    assert (request.body, request.header("x-mine")) == (b"grant_type=password", "yes")
    assert came is not None
    assert (came.status, came.reason, came.body) == (403, "Forbidden", response.content)
    assert [pair for pair in came.headers if "cookie" in pair[0]] == cookies
    assert repr(exchange).endswith("\n\n  sandbox: status guess")


def broken() -> Iterator[bytes]:
    yield b'{"mfa_'
    raise httpx.ReadError("cannot send password=hunter-number-two to a-new-secret-1")


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        (Scripted(httpx.ConnectError("cannot send password=hunter-number-two to a-new-secret-1")), "ConnectError"),
        (Scripted(httpx.RemoteProtocolError("")), "RemoteProtocolError"),
        (httpx.Response(200, content=broken()), "ReadError"),
        (httpx.Response(200, headers={"content-encoding": "gzip"}, content=iter([b"not gzip"])), "DecodingError"),
    ],
)
def test_a_failure_is_kept_masked_and_raised_without_its_cause(inner: Inner, kind: str) -> None:
    http, journal = recording(inner)
    with pytest.raises(NoAnswer) as unanswered:
        http.post("/oauth/token", data=SECRETS)
    (exchange,) = journal
    assert unanswered.value.exchange is exchange
    assert exchange.response is None
    assert exchange.failure is not None
    assert exchange.failure.kind == kind
    if "cannot" in exchange.failure.said:
        assert exchange.failure.said == "cannot send password=<password 1> to <client_secret 1>"
    assert "password=<password 1>" in repr(exchange)
    assert unanswered.value.__cause__ is unanswered.value.__context__ is None
    assert not [each for each in SECRETS.values() if each in "".join(traceback.format_exception(unanswered.value))]


def test_a_failure_masks_what_an_earlier_answer_brought_and_closing_it_closes_the_transport_inside() -> None:
    inner = Scripted(httpx.Response(403, json={"mfa_token": MFA_TOKEN}), httpx.ReadError(MFA_TOKEN))
    http, journal = recording(inner)
    http.get("/")
    with pytest.raises(NoAnswer):
        http.get("/")
    assert journal[1].failure is not None
    assert journal[1].failure.said == "<mfa_token 1>"
    inner.close = Mock()  # type: ignore[method-assign]  # to see the call
    http.close()
    inner.close.assert_called_once_with()
