"""The poll's state machine: it always ends, never asks after the end, and never grows faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth0_mfa_lab import State
from auth0_mfa_lab.polling import Answer, Poll
from tests.mothers import GRANTED, LOST, MFA_TOKEN, NOW, PENDING, SLOW_DOWN, Standing, a_journal, a_run, an_exchange

REJECTION = "MFA Authorization rejected."


def refusal(status: int, error: str, said: str) -> Mapping[str, Any]:
    return {"status": status, "json": {"error": error, "error_description": said}}


GOING_ON: dict[str, Mapping[str, Any]] = {
    "pending": PENDING,
    "slow_down": SLOW_DOWN,
    "5xx": {"status": 503, "text": "<html>unavailable</html>"},
    "429 with Retry-After": {"status": 429, "json": {}, "headers": [("retry-after", "17")]},
    "lost connection": LOST,
}
FINAL: dict[str, tuple[Mapping[str, Any], State]] = {
    "granted": (GRANTED, State.GRANTED),
    "rejected, documented": (refusal(403, "invalid_grant", REJECTION), State.REJECTED),
    "rejected, recorded": (refusal(400, "access_denied", REJECTION), State.REJECTED),
    "expired token": (refusal(401, "expired_token", "mfa_token is expired"), State.EXPIRED),
    "expired": (refusal(403, "invalid_grant", "The oob_code is expired"), State.EXPIRED),
    "200 HTML": ({"status": 200, "text": "<html>captive portal</html>"}, State.FAILED),
    "200 without token": ({"status": 200, "json": {"ok": True}}, State.FAILED),
    "400 without error": ({"status": 400, "json": {}}, State.FAILED),
}
SLOWER = ("slow_down", "429 with Retry-After")
ANSWERS: dict[str, Answer] = {
    **{name: Answer.of(an_exchange(**what)) for name, what in GOING_ON.items()},
    **{name: Answer.of(an_exchange(**what)) for name, (what, _) in FINAL.items()},
}


def test_over_all_sequences_of_answers_it_ends_asks_no_more_and_never_grows_faster() -> None:
    """Walk every sequence of up to six answers; below a final state, only that it stays."""
    walked = 0
    level = [Poll.begin(NOW)]
    for _ in range(6):
        below: list[Poll] = []
        for poll in level:
            now = poll.next_at
            for name, answer in ANSWERS.items():
                after = poll.advance(answer, now)
                walked += 1
                assert after.polls == poll.polls + 1
                assert after.gap >= poll.gap
                assert after.deadline == poll.deadline
                assert (after.slowed_by is None) == (after.gap == 5)
                assert (after.spent is None) == (after.state is not State.EXPIRED)
                assert after.asked_at == now
                if name in FINAL:
                    assert after.state is FINAL[name][1]
                    assert after.is_over
                    assert all(after.advance(later, now + 60) is after for later in ANSWERS.values())
                    assert after.at(after.deadline + 1) is after.stopped() is after.resumed(now) is after
                    continue
                assert after.state in (State.PENDING, State.EXPIRED)
                assert after.next_at - now >= after.gap >= poll.gap + (5 if name in SLOWER else 0)
                if not after.is_over:
                    assert after.next_at < after.deadline
                    below.append(after)
        level = below
        # Equal polls end equally: each is walked to its end once.
        for poll in {replace(poll, reason="", polls=0, asked_at=None, slowed_by=None) for poll in level}:
            _ends_at_its_deadline(poll)
    assert walked == sum(len(GOING_ON) ** length * len(ANSWERS) for length in range(6))


def _ends_at_its_deadline(poll: Poll) -> None:
    """Give the answer that ends nothing, until it ends: not after the deadline, and with no room for one more."""
    pending, now = ANSWERS["pending"], poll.next_at
    for _ in range(70):
        if poll.is_over:
            break
        now = poll.next_at
        assert now < poll.deadline
        poll = poll.advance(pending, now)
    assert poll.state is State.EXPIRED
    assert now < poll.deadline <= now + max(poll.gap, poll.next_at - now)


@pytest.mark.parametrize("first", GOING_ON)
@pytest.mark.parametrize("second", GOING_ON)
@pytest.mark.parametrize("last", FINAL)
def test_a_walked_poll_asks_until_the_first_final_answer_and_no_more(first: str, second: str, last: str) -> None:
    clock = Standing()
    run = a_run(GOING_ON[first], GOING_ON[second], FINAL[last][0], clock=clock)
    run.until_done(clock.advance)
    run.until_done(clock.advance)
    run.once()
    assert run.state is FINAL[last][1]
    assert len(run.exchanges) == run.poll.polls == 3


@pytest.mark.parametrize("forever", GOING_ON)
def test_a_walked_poll_that_nobody_answers_ends_before_its_deadline(forever: str) -> None:
    clock = Standing()
    run = a_run(GOING_ON[forever], clock=clock).until_done(clock.advance)
    assert run.state is State.EXPIRED
    assert NOW + 200 < clock.now() < run.poll.deadline == NOW + 300


def test_pending_alone_is_asked_every_five_seconds_for_five_minutes() -> None:
    clock = Standing()
    run = a_run(PENDING, clock=clock).until_done(clock.advance)
    assert [exchange.at - NOW for exchange in run.exchanges] == [5.0 * n for n in range(60)]


# -- one answer


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ({"status": 200, "json": {"error": "authorization_pending"}}, State.PENDING),
        ({"status": 400, "json": {"error": "slow_down"}}, State.PENDING),
        ({"status": 500, "json": {}}, State.PENDING),
        ({"status": 599, "text": ""}, State.PENDING),
        ({"status": 200, "json": {"access_token": 7}}, State.FAILED),
        ({"status": 200, "json": ["access_token"]}, State.FAILED),
        ({"status": 201, "json": {"access_token": "opaque-token-1"}}, State.FAILED),
        ({"status": 302, "text": ""}, State.FAILED),
        ({"status": 401, "json": {"error": "access_denied"}}, State.FAILED),
        ({"status": 401, "json": {"error": "invalid_client"}}, State.FAILED),
        (refusal(403, "invalid_grant", "Malformed oob_code"), State.FAILED),
        ({"status": 403, "json": {"error": "invalid_grant"}}, State.FAILED),
        (refusal(400, "invalid_grant", REJECTION), State.REJECTED),
        ({"status": 400, "json": {"error": "access_denied"}}, State.REJECTED),
    ],
)
def test_what_is_nearly_another_answer_is_told_from_it(what: Mapping[str, Any], state: State) -> None:
    assert Poll.begin(NOW).advance(Answer.of(an_exchange(**what)), NOW).state is state


def test_a_failure_says_what_was_answered() -> None:
    what = {"error": "invalid_grant", "error_description": "Malformed oob_code"}
    poll = Poll.begin(NOW).advance(Answer.of(an_exchange(403, json=what)), NOW)
    assert poll.reason == "403 invalid_grant: Malformed oob_code"


def test_a_secret_that_the_answer_echoes_is_masked_in_the_reason() -> None:
    what = {"mfa_token": MFA_TOKEN, "error": "invalid_grant", "error_description": f"Malformed {MFA_TOKEN}"}
    run = a_run({"status": 403, "json": what})
    run.once()
    assert run.poll.reason == "403 invalid_grant: Malformed <mfa_token 1>"
    assert MFA_TOKEN not in "".join(run._repr_mimebundle_().values())


# -- time


def test_the_first_poll_may_be_sent_at_once_and_the_next_five_seconds_later() -> None:
    poll = Poll.begin(NOW)
    assert (poll.next_at, poll.gap) == (NOW, 5)
    assert poll.advance(ANSWERS["pending"], NOW).next_at == NOW + 5


def test_the_sooner_of_the_two_lifetimes_is_the_deadline() -> None:
    assert Poll.begin(NOW).deadline == NOW + 300
    assert Poll.begin(NOW, oob_code_at=NOW - 100).deadline == NOW + 200
    assert Poll.begin(NOW, oob_code_at=NOW, mfa_token_at=NOW - 400).deadline == NOW + 200
    assert Poll.begin(NOW, oob_code_at=NOW - 250, mfa_token_at=NOW - 400).deadline == NOW + 50


@pytest.mark.parametrize(
    ("oob_code_at", "mfa_token_at", "first"),
    [
        (NOW, NOW, "oob_code"),
        (NOW, NOW - 299, "oob_code"),
        (NOW, NOW - 300, "oob_code"),
        (NOW, NOW - 301, "mfa_token"),
    ],
)
def test_both_lives_are_known_and_which_of_them_ends_first(oob_code_at: float, mfa_token_at: float, first: str) -> None:
    poll = Poll.begin(NOW, oob_code_at=oob_code_at, mfa_token_at=mfa_token_at)
    assert (poll.oob_code_ends_at, poll.mfa_token_ends_at) == (oob_code_at + 300, mfa_token_at + 600)
    assert poll.ends_first == first
    assert (poll.spent, poll.at(poll.deadline).spent) == (None, first)


@pytest.mark.parametrize(
    ("error", "said", "spent"),
    [
        ("expired_token", "mfa_token is expired", "mfa_token"),
        ("expired_token", "The oob_code is expired", "oob_code"),
        ("invalid_grant", "The oob_code is expired", "oob_code"),
        ("expired_token", None, "mfa_token"),
    ],
)
def test_an_answer_that_says_expired_says_which_life_is_over(error: str, said: str | None, spent: str) -> None:
    answer = Answer.of(an_exchange(401, json={"error": error, "error_description": said}))
    assert Poll.begin(NOW).advance(answer, NOW).spent == spent


def test_what_made_the_gap_grow_is_remembered() -> None:
    poll = Poll.begin(NOW).advance(ANSWERS["pending"], NOW)
    assert poll.slowed_by is None
    poll = poll.advance(ANSWERS["429 with Retry-After"], NOW)
    assert poll.slowed_by == "429"
    poll = poll.advance(ANSWERS["slow_down"], NOW).advance(ANSWERS["5xx"], NOW)
    assert poll.slowed_by == "slow_down"


@pytest.mark.parametrize(("oob_code_at", "mfa_token_at"), [(NOW - 300, NOW), (NOW, NOW - 600)])
def test_a_poll_that_begins_too_late_never_asks(oob_code_at: float, mfa_token_at: float) -> None:
    poll = Poll.begin(NOW, oob_code_at=oob_code_at, mfa_token_at=mfa_token_at)
    assert poll.state is State.EXPIRED
    assert poll.polls == 0


def test_a_slow_down_widens_the_gap_for_good() -> None:
    poll = Poll.begin(NOW)
    gaps = []
    for name in ("pending", "slow_down", "pending", "slow_down", "lost connection", "5xx"):
        poll = poll.advance(ANSWERS[name], NOW)
        gaps.append(poll.next_at - NOW)
    assert gaps == [5, 10, 10, 15, 15, 15]


def retry(value: str | None) -> Answer:
    headers = [] if value is None else [("retry-after", value)]
    return Answer.of(an_exchange(429, json={"error": "slow_down"}, headers=headers))


def date_in(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("17", 17),
        (" 17 ", 17),
        ("3", 10),
        ("0", 10),
        (date_in(40), 40),
        (date_in(2), 10),
        (date_in(-60), 10),
        (date_in(40).replace("GMT", "+0000"), 40),
        (None, 10),
        ("", 10),
        ("soon", 10),
        ("-5", 10),
        ("1.5", 10),
        ("1e3", 10),
        ("NaN", 10),
        ("²", 10),
        ("Wed, 99 Foo 2027 08:00:00 GMT", 10),
        ("Wed, 21 Oct 99999 07:28:00 GMT", 10),
    ],
)
def test_retry_after_is_honoured_when_it_asks_for_more_and_can_be_read(value: str | None, wait: float) -> None:
    assert Poll.begin(NOW).advance(retry(value), NOW).next_at == NOW + wait


def test_retry_after_counts_once() -> None:
    poll = Poll.begin(NOW).advance(retry("60"), NOW)
    assert poll.advance(ANSWERS["pending"], NOW + 60).next_at == NOW + 70


@pytest.mark.parametrize("value", ["100000", "9" * 400, date_in(3600)])
def test_a_retry_after_beyond_the_deadline_ends_the_poll(value: str) -> None:
    assert Poll.begin(NOW).advance(retry(value), NOW).state is State.EXPIRED


@given(
    value=st.text(max_size=40)
    | st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,5} [\d:]{1,8} [-+A-Z0-9]{1,5}\Z")
)
def test_no_retry_after_at_all_breaks_the_poll(value: str) -> None:
    poll = Poll.begin(NOW).advance(replace(retry(None), retry_after=value), NOW)
    assert poll.next_at >= NOW + 10


# -- stop and go on


def test_a_stopped_poll_asks_no_more_until_it_goes_on() -> None:
    poll = Poll.begin(NOW).stopped()
    assert poll.state is State.STOPPED
    assert poll.is_over
    assert poll.at(NOW + 1000) is poll
    assert poll.resumed(NOW + 10).state is State.PENDING


def test_a_poll_that_goes_on_too_late_is_expired() -> None:
    assert Poll.begin(NOW).stopped().resumed(NOW + 300).state is State.EXPIRED


def test_going_on_shortens_no_gap() -> None:
    poll = Poll.begin(NOW).advance(ANSWERS["slow_down"], NOW)
    assert poll.stopped().resumed(NOW + 1) == replace(poll, reason="polling again")


@pytest.mark.parametrize("name", FINAL)
def test_a_final_answer_that_was_under_way_when_it_was_stopped_is_taken(name: str) -> None:
    assert Poll.begin(NOW).stopped().advance(ANSWERS[name], NOW).state is FINAL[name][1]


@pytest.mark.parametrize("name", GOING_ON)
def test_any_other_answer_that_was_under_way_leaves_it_stopped_and_is_heeded_when_it_goes_on(name: str) -> None:
    poll = Poll.begin(NOW)
    stopped = poll.stopped().advance(ANSWERS[name], NOW)
    assert stopped.state is State.STOPPED
    assert stopped.reason == poll.stopped().reason
    assert replace(stopped.resumed(NOW), reason="") == replace(poll.advance(ANSWERS[name], NOW), reason="")


def test_interrupt_stops_a_walked_poll_and_loses_nothing() -> None:
    clock = Standing()

    def interrupted(seconds: float) -> None:
        if clock.now() >= NOW + 10:
            raise KeyboardInterrupt
        clock.advance(seconds)

    run = a_run(PENDING, PENDING, PENDING, GRANTED, clock=clock).until_done(interrupted)
    assert (run.state, len(run.exchanges)) == (State.STOPPED, 3)
    run.until_done(clock.advance)
    assert (run.state, len(run.exchanges)) == (State.GRANTED, 4)
    assert clock.now() == NOW + 15


def test_a_walked_poll_whose_time_is_over_asks_nothing_more() -> None:
    clock = Standing()
    run = a_run(GRANTED, clock=clock)
    clock.advance(300)
    assert run.once() is None
    assert (run.state, run.exchanges) == (State.EXPIRED, ())


# -- what it shows


def test_a_poll_shows_its_rows_and_its_last_exchange() -> None:
    clock = Standing()
    run = a_run(PENDING, PENDING, SLOW_DOWN, LOST, GRANTED, clock=clock).until_done(clock.advance)
    expected = """\
Poll · granted after 5 polls: the phone has answered: here are the tokens
      0 s to 5 s  400 authorization_pending (2 times)
            10 s  429 slow_down
            20 s  no answer
            30 s  200 OK

5 · app → tenant.example"""
    assert repr(run).startswith(expected)


def test_a_poll_that_has_not_asked_shows_that() -> None:
    run = a_run(PENDING)
    assert repr(run) == "Poll · pending after 0 polls: not asked yet"
    assert set(run._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert run.exchange is None


def test_its_exchanges_are_those_of_the_journal() -> None:
    journal = a_journal()
    run = a_run(GRANTED, journal=journal)
    assert run.once() is journal[0]
