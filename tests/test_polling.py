"""The poll's state machine: it always ends, never asks after the end, and never grows faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from auth0_mfa_lab import State
from auth0_mfa_lab.polling import Answer, Poll
from tests.mothers import GRANTED, LOST, MFA_TOKEN, NOW, PENDING, SLOW_DOWN, Standing, a_journal, a_run, an_exchange

REJECTION = "MFA Authorization rejected."


def said(status: int, error: str | None = None, description: str | None = None, **more: Any) -> Mapping[str, Any]:
    return {"status": status, "json": {"error": error, "error_description": description}, **more}


ECHO = {"mfa_token": MFA_TOKEN, "error": "invalid_grant", "error_description": f"Malformed {MFA_TOKEN}"}
# fmt: off
ANSWERS: dict[str, tuple[Mapping[str, Any], str, str]] = {
    # What Auth0 says, the poll's state then, and its reason
    "pending":             (PENDING,                                 "pending",  "the phone has not answered"),
    "pending with 200":    (said(200, "authorization_pending"),      "pending",  "the phone has not answered"),
    "slow_down":           (said(400, "slow_down"),                  "pending",  "asked to poll more slowly"),
    "429":                 (said(429, headers=[("retry-after", "17")]), "pending", "asked to poll more slowly"),
    "5xx":                 ({"status": 500, "text": "<html>"},       "pending",  "the tenant failed (500): polling"),
    "lost":                (LOST,                                    "pending",  "the connection was lost: polling"),
    "granted":             (GRANTED,                                 "granted",  "the phone has answered: here are"),
    "rejected, documented": (said(403, "invalid_grant", REJECTION),  "rejected", "rejected on the phone: ask for a"),
    "rejected, recorded":  (said(400, "access_denied"),              "rejected", "rejected on the phone: ask for a"),
    "expired mfa_token":   (said(401, "expired_token", "mfa_token is expired"), "expired", "mfa_token is expired"),
    "expired oob_code":    (said(403, "invalid_grant", "The oob_code is expired"), "expired", "The oob_code is"),
    "expired":             (said(401, "expired_token"),              "expired",  "expired: ask for a new one"),
    "no token":            ({"status": 200, "text": "<html>portal</html>"}, "failed", "200 without an error code: no"),
    "a number for one":    ({"status": 200, "json": {"access_token": 7}}, "failed", "200 without an error code"),
    "an array":            ({"status": 200, "json": ["access_token"]}, "failed", "200 without an error code"),
    "201":                 ({**GRANTED, "status": 201},              "failed",   "201 without an error code"),
    "the application's":   (said(401, "access_denied"),              "failed",   "401 access_denied: no description"),
    "not rejected":        (said(403, "access_denied", REJECTION),   "failed",   f"403 access_denied: {REJECTION}"),
    "malformed":           (said(403, "invalid_grant", "Malformed oob_code"), "failed", "403 invalid_grant: Malf"),
    "a secret":            ({"status": 403, "json": ECHO}, "failed", "403 invalid_grant: Malformed <mfa_token 1>"),
}
# fmt: on
MEANS = {name: Answer.of(an_exchange(**what)) for name, (what, _, _) in ANSWERS.items()}
GOING_ON = ("pending", "slow_down", "429", "5xx", "lost")
FINAL = ("granted", "rejected, documented", "expired", "no token")


@pytest.mark.parametrize(("what", "state", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_each_answer_has_its_state_and_its_reason(what: Mapping[str, Any], state: str, reason: str) -> None:
    clock = Standing()
    run = a_run(what, clock=clock)
    exchange = run.once()
    assert run.state.value == state
    assert run.poll.reason.startswith(reason)
    life = "oob_code" if "oob_code" in reason else "mfa_token"
    assert run.poll.spent == (life if state == "expired" else None)
    if state != "pending":
        run.until_done(clock.advance)
        assert run.once() is exchange
        assert (len(run.exchanges), run.polls) == (1, 1)


def test_over_all_sequences_of_answers_it_ends_asks_no_more_and_never_grows_faster() -> None:
    """Walk every sequence of up to six answers; below a final state, only that it stays."""
    level, walked = [Poll.begin(NOW)], 0
    for _ in range(6):
        below: list[Poll] = []
        for poll in level:
            now = poll.next_at
            for name in (*GOING_ON, *FINAL):
                after = poll.advance(MEANS[name], now)
                walked += 1
                assert (after.polls, after.deadline, after.asked_at) == (poll.polls + 1, poll.deadline, now)
                assert (after.slowed_by is None) == (after.gap == 5)
                assert (after.spent is None) == (after.state is not State.EXPIRED)
                if name in FINAL:
                    assert after.state.value == ANSWERS[name][1]
                    assert all(after.advance(later, now + 60) is after for later in MEANS.values())
                    assert after.at(after.deadline + 1) is after.stopped() is after.resumed(now) is after
                    continue
                slower = 5 if name in ("slow_down", "429") else 0
                assert after.next_at - now >= after.gap == poll.gap + slower
                if not after.is_over:
                    assert after.next_at < after.deadline
                    below.append(after)
        level = below
    assert walked == 9 * (1 + 5 + 25 + 125 + 625 + 3125)


@pytest.mark.parametrize(
    ("answers", "gaps", "slowed_by"),
    [
        ("pending slow_down pending slow_down lost 5xx", [5, 10, 10, 15, 15, 15], "slow_down"),
        ("429 pending", [17, 10], "429"),
        ("pending lost 5xx", [5, 5, 5], None),
    ],
)
def test_a_slow_down_widens_the_gap_for_good(answers: str, gaps: list[float], slowed_by: str | None) -> None:
    poll = Poll.begin(NOW)
    assert (poll.next_at, poll.gap) == (NOW, 5)
    for name, gap in zip(answers.split(), gaps, strict=True):
        poll = poll.advance(MEANS[name], NOW)
        assert poll.next_at - NOW == gap
    assert poll.slowed_by == slowed_by


# fmt: off
LIVES: tuple[tuple[float | None, float | None, float, str], ...] = (
    # Seconds since the oob_code and the mfa_token came, seconds that are left, and the life that ends first
    (None, None, 300, "oob_code"),
    (0,    300,  300, "oob_code"),
    (0,    301,  299, "mfa_token"),
    (250,  400,  50,  "oob_code"),
    (300,  0,    0,   "oob_code"),
    (0,    600,  0,   "mfa_token"),
)
# fmt: on


@pytest.mark.parametrize(("oob_code", "mfa_token", "left", "first"), LIVES)
def test_the_sooner_of_the_two_lifetimes_is_the_deadline_and_too_late_never_asks(
    oob_code: float | None, mfa_token: float | None, left: float, first: str
) -> None:
    began = [None if ago is None else NOW - ago for ago in (oob_code, mfa_token)]
    poll = Poll.begin(NOW, oob_code_at=began[0], mfa_token_at=began[1])
    assert (poll.deadline - NOW, poll.ends_first, poll.polls) == (left, first, 0)
    assert (poll.oob_code_ends_at, poll.mfa_token_ends_at) == (
        NOW - (oob_code or 0) + 300,
        NOW - (mfa_token or 0) + 600,
    )
    assert poll.state is (State.PENDING if left else State.EXPIRED)
    assert poll.at(poll.deadline).spent == first


# -- Retry-After


def date_in(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


RETRY_AFTER: dict[str | None, float] = {"17": 17, " 17 ": 17, date_in(40): 40, date_in(40).replace("GMT", "+0000"): 40}
# What asks for less than the gap, or cannot be read, changes nothing.
RETRY_AFTER |= dict.fromkeys((None, "", "3", "0", "-5", "1.5", "1e3", "NaN", "²", "soon", date_in(2), date_in(-60)), 10)
RETRY_AFTER |= dict.fromkeys(("Wed, 99 Foo 2027 08:00:00 GMT", "Wed, 21 Oct 99999 07:28:00 GMT"), 10)
RETRY_AFTER |= {"100000": 100000, "9" * 400: float("inf"), date_in(3600): 3600}


@pytest.mark.parametrize(("value", "wait"), RETRY_AFTER.items(), ids=repr)
def test_retry_after_is_honoured_when_it_asks_for_more_and_can_be_read(value: str | None, wait: float) -> None:
    headers = [] if value is None else [("retry-after", value)]
    for what in (PENDING, {"status": 503}, SLOW_DOWN):
        means = replace(Answer.of(an_exchange(**what, headers=headers)), retry_after=value)
        poll = Poll.begin(NOW).advance(means, NOW)
        assert Answer.of(an_exchange(**what, headers=headers)).retry_after == value
    assert poll.next_at == NOW + wait
    assert poll.state is (State.PENDING if wait < 300 else State.EXPIRED)


# -- stop and go on


def test_a_stopped_poll_asks_no_more_until_it_goes_on() -> None:
    poll = Poll.begin(NOW).advance(MEANS["slow_down"], NOW)
    stopped = poll.stopped()
    assert (stopped.state, stopped.reason, stopped.is_over) == (State.STOPPED, "stopped: poll again to go on", True)
    assert stopped.at(NOW + 1000) is stopped
    assert stopped.resumed(NOW + 1) == replace(poll, reason="polling again")
    assert stopped.resumed(NOW + 300).state is State.EXPIRED


@pytest.mark.parametrize("name", [*GOING_ON, *FINAL])
def test_of_answers_under_way_when_it_was_stopped_a_final_one_is_taken_and_the_others_are_heeded(name: str) -> None:
    poll = Poll.begin(NOW)
    after = poll.stopped().advance(MEANS[name], NOW)
    if name in FINAL:
        assert after.state.value == ANSWERS[name][1]
    else:
        assert (after.state, after.reason) == (State.STOPPED, poll.stopped().reason)
        assert replace(after.resumed(NOW), reason="") == replace(poll.advance(MEANS[name], NOW), reason="")


def test_interrupt_stops_a_walked_poll_and_loses_nothing() -> None:
    clock, journal = Standing(), a_journal()

    def interrupted(seconds: float) -> None:
        if clock.now() >= NOW + 10:
            raise KeyboardInterrupt
        clock.advance(seconds)

    run = a_run(PENDING, PENDING, PENDING, GRANTED, clock=clock, journal=journal).until_done(interrupted)
    assert (run.state, run.polls) == (State.STOPPED, 3)
    run.until_done(clock.advance)
    assert (run.state, run.polls, clock.now()) == (State.GRANTED, 4, NOW + 15)
    assert run.exchanges == tuple(journal)


def test_a_poll_whose_time_is_over_asks_nothing_and_says_so() -> None:
    clock = Standing()
    run = a_run(GRANTED, clock=clock)
    assert repr(run) == "Poll · pending after 0 polls: not asked yet"
    clock.advance(300)
    assert run.once() is None
    assert (run.state, run.exchanges) == (State.EXPIRED, ())
    assert run.poll.reason == "no poll brought an answer in time: ask for a new oob_code"
    assert set(run._repr_mimebundle_()) == {"text/plain", "text/html"}
