"""The journal keeps every exchange in order, under its step, and shows none of its secrets."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mothers import GRANTED, MFA_TOKEN, PENDING, a_journal, a_request, an_exchange


def test_exchanges_are_numbered_from_one_in_their_order() -> None:
    journal = a_journal()
    kept = [an_exchange(journal=journal) for _ in range(3)]
    assert [exchange.number for exchange in journal] == [1, 2, 3]
    assert list(journal) == kept
    assert journal[-1] is kept[-1]
    assert journal[:2] == kept[:2]
    assert len(journal) == 3


def test_an_exchange_stands_under_the_step_that_was_begun_before_it() -> None:
    journal = a_journal()
    an_exchange(journal=journal)
    journal.step("1. first")
    an_exchange(journal=journal)
    assert [exchange.step for exchange in journal] == [None, "1. first"]


def test_neighbours_that_say_the_same_are_one_run() -> None:
    journal = a_journal()
    for answer in (PENDING, PENDING, GRANTED, PENDING):
        an_exchange(journal=journal, **answer)
    assert [run.numbers for run in journal.runs()] == ["1-2", "3", "4"]


def test_another_step_speaker_or_call_begins_another_run() -> None:
    journal = a_journal()
    an_exchange(journal=journal)
    journal.step("next")
    an_exchange(journal=journal)
    an_exchange(journal=journal, speaker="phone")
    an_exchange(journal=journal, speaker="phone", request=a_request("GET"))
    assert [run.numbers for run in journal.runs()] == ["1", "2", "3", "4"]


def test_it_shows_itself_as_a_list_under_its_steps() -> None:
    journal = a_journal()
    journal.step("1. ask")
    an_exchange(journal=journal, **PENDING)
    an_exchange(journal=journal, **PENDING)
    journal.step("2. lose")
    an_exchange(journal=journal, failure="ConnectError", request=a_request("GET", "https://tenant.example/a?b=c"))
    expected = """\
Journal · 3 exchanges
1. ask
    1-2  app    POST /oauth/token                             400 authorization_pending (2 times)
2. lose
      3  app    GET /a?b=c                                    no answer"""
    assert repr(journal) == expected


def test_an_empty_journal_and_one_of_one_are_counted_rightly() -> None:
    journal = a_journal()
    assert repr(journal) == "Journal · 0 exchanges"
    an_exchange(journal=journal)
    assert repr(journal).startswith("Journal · 1 exchange\n")


def test_a_secret_in_a_path_a_title_or_an_error_is_masked() -> None:
    journal = a_journal()
    journal.step(f"with {MFA_TOKEN}")
    url = f"https://tenant.example/{MFA_TOKEN}"
    an_exchange(400, journal=journal, json={"mfa_token": MFA_TOKEN, "error": MFA_TOKEN}, request=a_request("GET", url))
    bundle = journal._repr_mimebundle_()
    assert MFA_TOKEN not in "".join(bundle.values())
    assert "with <mfa_token 1>" in bundle["text/plain"]


def test_threads_that_append_together_lose_nothing() -> None:
    journal = a_journal()
    together = threading.Barrier(4)

    def append() -> None:
        together.wait()
        for _ in range(25):
            an_exchange(journal=journal)

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [exchange.number for exchange in journal] == list(range(1, 101))


KEYS = st.sampled_from(["mfa_token", "otp", "code", "token", "error", "name", "sub", "barcode_uri", "n", ""]) | st.text(
    max_size=3
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=120)
@given(body=JSON, people=st.booleans())
def test_whatever_json_a_server_sends_is_kept_and_shown(body: object, people: bool) -> None:
    exchange = an_exchange(json=body, journal=a_journal(people=people))
    assert repr(exchange).startswith("1 · app → tenant.example")
    assert exchange._repr_mimebundle_()


@pytest.mark.parametrize(
    "text",
    [
        '{"mfa_token": "\\ud800\\ud800\\ud800\\ud800"}',
        '{"mfa_token": "otpauth://[", "x": "otpauth://totp/x?secret=%zz"}',
        '{"barcode_uri": "otpauth://[::1"}',
        '{"id_token": "eyJ.eyJ.x"}',
        "[" * 5000,
        "9" * 5000,
        "\x00\x1e\n\x1e",
    ],
    ids=["half a pair", "no uri", "no host", "no token", "deep", "long number", "control characters"],
)
def test_garbage_is_kept_and_shown(text: str) -> None:
    assert repr(an_exchange(text=text))
