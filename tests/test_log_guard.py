"""What httpx and httpcore log of the lab's requests holds no secret, whoever listens and at whatever level."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpcore
import httpx
import pytest

from auth0_mfa_lab.secrets import aliases
from auth0_mfa_lab.secrets.aliases import under_way, watch
from auth0_mfa_lab.wire.journal import Journal, RecordingTransport
from tests.mothers import MFA_TOKEN, a_journal

pytestmark = pytest.mark.usefixtures("labs_of_this_test_only")

BODY = b'{"error": "mfa_required"}'
HEAD = (
    b"HTTP/1.1 302 Found\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
    b"set-cookie: did=a-cookie-never-seen-before; Secure\r\n"
    b"location: https://app.example/cb?access_token=a-token-never-seen-before\r\n\r\n"
) % len(BODY)


@pytest.fixture
def real() -> Iterator[tuple[httpx.Client, Journal]]:
    """A client that records, on a connection of httpcore's own whose other end is scripted."""
    transport = httpx.HTTPTransport()
    transport._pool = httpcore.ConnectionPool(network_backend=httpcore.MockBackend([HEAD, BODY]))
    journal = a_journal()
    with httpx.Client(transport=RecordingTransport(transport, journal, speaker="app")) as http:
        yield http, journal


def test_no_line_of_a_real_connection_holds_a_secret(
    real: tuple[httpx.Client, Journal], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    http, journal = real
    http.post(
        f"https://tenant.example/userinfo?mfa_token={MFA_TOKEN}",
        headers={"authorization": "Bearer opaque-token-1"},
    )
    assert len(journal) == 1
    lines = [record.getMessage() for record in caplog.records]
    assert any("POST https://tenant.example/userinfo?mfa_token=<mfa_token 1>" in line for line in lines)
    said = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    for secret in (MFA_TOKEN, "opaque-token-1", "a-cookie-never-seen-before", "a-token-never-seen-before"):
        assert secret not in said


def test_without_the_guard_the_same_lines_would_hold_them(
    real: tuple[httpx.Client, Journal], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore.http11"):
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
    real[0].post(f"https://tenant.example/userinfo?mfa_token={MFA_TOKEN}")
    assert "a-cookie-never-seen-before" in caplog.text
    assert "a-token-never-seen-before" in caplog.text
    assert MFA_TOKEN in caplog.text.replace("%2A", "*")


def test_somebody_elses_requests_are_logged_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    a_guarded_journal()
    logging.getLogger("httpcore.http11").debug("receive_response_headers.complete return_value=%r", "theirs")
    assert "return_value='theirs'" in caplog.text


def test_what_a_lab_has_learned_is_masked_in_any_line_of_these_loggers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    journal = a_guarded_journal()
    journal.aliases.learn("password", "hunter-number-two")
    logging.getLogger("httpx").info("HTTP Request: %s", "hunter-number-two")
    assert caplog.messages == ["HTTP Request: <password 1>"]


def test_a_line_that_cannot_be_formed_and_a_request_under_way_tell_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    a_guarded_journal()
    logging.getLogger("httpx").info("HTTP Request: %d", "hunter")
    with under_way():
        logging.getLogger("httpcore.http11").debug("x.failed exception=hunter", exc_info=ValueError("hunter"))
        logging.getLogger("hpack.hpack").debug("Adding hunter to the header table")
    assert "hunter" not in caplog.text
    assert len(caplog.records) == 1


def test_a_record_is_masked_once_however_many_labs_there_are() -> None:
    kept = [a_guarded_journal() for _ in range(3)]
    assert len(logging.getLogger("httpx").filters) == 1
    assert {each.aliases for each in kept} <= set(aliases.KNOWN)


def a_guarded_journal() -> Journal:
    journal = a_journal()
    RecordingTransport(httpx.MockTransport(lambda _: httpx.Response(200)), journal, speaker="app")
    return journal


def test_a_short_secret_of_another_lab_lays_no_part_of_a_long_one_bare(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    mine, other = a_journal(), a_journal()
    watch(mine.aliases)
    watch(other.aliases)
    mine.aliases.learn("mfa_token", "one-long-secret-of-mine")
    other.aliases.learn("password", "long-secret")
    logging.getLogger("httpx").info("see one-long-secret-of-mine and long-secret")
    assert [record.getMessage() for record in caplog.records] == ["see <mfa_token 1> and <password 1>"]
