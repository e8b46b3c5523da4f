"""The poll's state machine: it always ends, never asks after the end, and never grows faster."""

import random
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from itertools import count
from types import FrameType
from typing import Any

import pytest

from auth0_mfa_lab import Lab, State
from auth0_mfa_lab.interrupts import interruptible, whole
from auth0_mfa_lab.polling import Answer, Poll
from tests.flows.flows import challenged, log_in
from tests.mothers import GRANTED, LOST, MFA_TOKEN, NOW, PENDING, SLOW_DOWN, Standing, a_run, an_exchange

NO_ERROR = "without an error code: no description"
REJECTION = "MFA Authorization rejected."


def said(status: int, error: str | None = None, description: str | None = None, **more: Any) -> Mapping[str, Any]:
    return {"status": status, "json": {"error": error, "error_description": description}, **more}


ECHO = {"mfa_token": MFA_TOKEN, "error": "invalid_grant", "error_description": f"Malformed {MFA_TOKEN}"}
# fmt: off
ANSWERS: dict[str, tuple[Mapping[str, Any], str, str]] = {
    # What Auth0 says, the poll's state then, and its reason
    "pending":             (PENDING,                                 "pending",  "the phone has not answered yet"),
    "pending with 200":    (said(200, "authorization_pending"),      "pending",  "the phone has not answered yet"),
    "slow_down":           (said(400, "slow_down"),                  "pending",  "asked to poll more slowly"),
    "429":                 (said(429, headers=[("retry-after", "17")]), "pending", "asked to poll more slowly"),
    "5xx":                 ({"status": 500, "text": "<html>"},       "pending",
        "the tenant failed (500): polling again"),
    "lost":                (LOST,                                    "pending",
        "the connection was lost: polling again"),
    "granted":             (GRANTED,                                 "granted",
        "the phone has answered: here are the tokens"),
    "rejected, documented": (said(403, "invalid_grant", REJECTION),  "rejected",
        "rejected on the phone: ask for a new challenge"),
    "rejected, recorded":  (said(400, "access_denied"),              "rejected",
        "rejected on the phone: ask for a new challenge"),
    "expired mfa_token":   (said(401, "expired_token", "mfa_token is expired"), "expired",
        "mfa_token is expired: ask for a new one"),
    "expired oob_code":    (said(403, "invalid_grant", "The oob_code is expired"), "expired",
        "The oob_code is expired: ask for a new one"),
    "expired":             (said(401, "expired_token"),              "expired",  "expired: ask for a new one"),
    "no token":            ({"status": 200, "text": "<html>portal</html>"}, "failed", f"200 {NO_ERROR}"),
    "a number for one":    ({"status": 200, "json": {"access_token": 7}}, "failed", f"200 {NO_ERROR}"),
    "an array":            ({"status": 200, "json": ["access_token"]}, "failed", f"200 {NO_ERROR}"),
    "201":                 ({**GRANTED, "status": 201},              "failed",   f"201 {NO_ERROR}"),
    "the application's":   (said(401, "access_denied"),              "failed",   "401 access_denied: no description"),
    "not rejected":        (said(403, "access_denied", REJECTION),   "failed",   f"403 access_denied: {REJECTION}"),
    "malformed":           (said(403, "invalid_grant", "Malformed oob_code"), "failed",
        "403 invalid_grant: Malformed oob_code"),
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
    assert run.poll.reason == reason
    life = "oob_code" if "oob_code" in reason else "mfa_token"
    assert run.poll.spent == (life if state == "expired" else None)
    if state != "pending":
        run.until_done(clock.advance)
        assert run.once() is exchange
        assert (len(run.exchanges), run.polls) == (1, 1)


def test_over_all_sequences_of_answers_it_ends_asks_no_more_and_never_grows_faster() -> None:
    """Walk every sequence of up to five answers; below a final state, only that it stays."""
    level, walked = [Poll.begin(NOW)], 0
    for _ in range(5):
        below: list[Poll] = []
        for poll in level:
            now = poll.next_at
            for name in (*GOING_ON, *FINAL):
                after, stopped = (one.advance(MEANS[name], now) for one in (poll, poll.stopped()))
                walked += 1
                assert (after.polls, after.deadline, after.asked_at) == (poll.polls + 1, poll.deadline, now)
                assert (after.spent is None) == (after.state is not State.EXPIRED)
                if name in FINAL:
                    assert after.state.value == stopped.state.value == ANSWERS[name][1]
                    assert all(after.advance(later, now + 60) is after for later in MEANS.values())
                    assert after.at(after.deadline + 1) is after.stopped() is after.resumed(now) is after
                    continue
                slower = name in ("slow_down", "429")
                assert after.slowed_by == (name if slower else poll.slowed_by)
                assert after.next_at - now >= after.gap == poll.gap + 5 * slower
                # It was under way when the poll was stopped: it is heeded.
                assert (stopped.state, stopped.reason) == (State.STOPPED, "stopped: poll again to go on")
                assert replace(stopped.resumed(now), reason=after.reason) == after
                below.append(after)
        level = below
    assert walked == 9 * (1 + 5 + 25 + 125 + 625)


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
    assert (poll.next_at, poll.gap, poll.deadline - NOW, poll.ends_first, poll.polls) == (NOW, 5, left, first, 0)
    assert poll.state is (State.PENDING if left else State.EXPIRED)
    assert poll.at(poll.deadline).spent == first


# -- Retry-After


def date_in(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


# What asks for less than the gap, or cannot be read, changes nothing.
NOT_HEEDED = (None, "", "3", "0", "-5", "1.5", "1e3", "NaN", "²", "soon", date_in(2), date_in(-60))
NOT_DATES = ("Wed, 99 Foo 2027 08:00:00 GMT", "Wed, 21 Oct 99999 07:28:00 GMT")
RETRY_AFTER: dict[str | None, float] = {"17": 17, " 17 ": 17, "100000": 100000, "9" * 400: float("inf")}
RETRY_AFTER |= {date_in(40): 40, date_in(40).replace("GMT", "+0000"): 40, date_in(3600): 3600}
RETRY_AFTER |= dict.fromkeys((*NOT_HEEDED, *NOT_DATES), 10)


@pytest.mark.parametrize(("value", "wait"), RETRY_AFTER.items(), ids=repr)
def test_retry_after_is_honoured_when_it_asks_for_more_and_can_be_read(value: str | None, wait: float) -> None:
    headers = [] if value is None else [("retry-after", value)]
    for what in (PENDING, {"status": 503}, SLOW_DOWN):
        means = Answer.of(an_exchange(**what, headers=headers))
        assert means.retry_after == value
    poll = Poll.begin(NOW).advance(means, NOW)
    assert poll.next_at == NOW + wait
    assert poll.state is (State.PENDING if wait < 300 else State.EXPIRED)


# -- stop and go on


def test_a_stopped_poll_is_over_until_it_goes_on_in_time() -> None:
    stopped = Poll.begin(NOW).stopped()
    assert (stopped.is_over, stopped.at(NOW + 1000) is stopped, stopped.resumed(NOW).reason) == (
        *(True, True, "polling again"),
    )
    assert stopped.resumed(NOW + 300).state is State.EXPIRED


def test_interrupt_stops_a_walked_poll_and_loses_nothing() -> None:
    clock = Standing()

    def interrupted(seconds: float) -> None:
        if clock.now() >= NOW + 10:
            raise KeyboardInterrupt
        clock.advance(seconds)

    run = a_run(PENDING, PENDING, PENDING, GRANTED, clock=clock).until_done(interrupted)
    assert (run.state, run.polls) == (State.STOPPED, 3)
    run.until_done(clock.advance)
    assert (run.state, run.polls, clock.now()) == (State.GRANTED, 4, NOW + 15)
    assert [each.status for each in run.exchanges] == [400, 400, 400, 200]


def test_a_poll_whose_time_is_over_asks_nothing_and_says_so() -> None:
    clock = Standing()
    run = a_run(GRANTED, clock=clock)
    assert repr(run) == "Poll · pending after 0 polls: not asked yet"
    clock.advance(300)
    assert run.once() is None
    assert (run.state, run.exchanges) == (State.EXPIRED, ())
    assert run.poll.reason == "no poll brought an answer in time: ask for a new oob_code"
    assert set(run._repr_mimebundle_()) == {"text/plain", "text/html"}


def interrupted(line: int, act: Callable[[], Any]) -> list[str]:
    """Send this process an Interrupt at a line of what an act runs; return the variables of its frames, as shown."""
    left = count(-line)

    def at(_: FrameType, event: str, __: object) -> Any:
        if event == "line" and next(left) == 0:
            sys.settrace(before)
            signal.raise_signal(signal.SIGINT)
        return at

    before = sys.gettrace()
    try:
        sys.settrace(at)
        act()
    except KeyboardInterrupt as raised:
        return [repr(each.f_locals) for each, _ in traceback.walk_tb(raised.__traceback__)]
    finally:
        sys.settrace(before)
    return []


@pytest.mark.parametrize("seed", range(8))
def test_an_interrupt_at_whatever_moment_loses_no_answer_and_shows_no_secret(seed: int) -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=["push"])
    act = partial(lab.poll, **challenged(lab, log_in(lab, user)))
    lab.phone.allow_after(polls=2)
    shown = interrupted(random.Random(seed).randrange(1, 40_000), act)
    run = act()
    assert run.state is State.GRANTED
    assert run.exchanges == tuple(each for each in lab.journal if each.speaker == "app")[2:]
    assert [each.error for each in run.exchanges] == ["authorization_pending"] * 2 + [None]
    assert not [each for each in lab.aliases.all() if str(each.value) in "".join(shown)]


def test_an_interrupt_right_after_an_answer_leaves_the_phone_and_the_journal_their_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=["push"])
    token = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]

    def interrupted_before(part: str, act: Callable[[], object]) -> None:
        goes_on = getattr(lab.client, part)

        def interrupted() -> None:
            signal.raise_signal(signal.SIGINT)
            goes_on()

        with monkeypatch.context() as patched:
            patched.setattr(lab.client, part, interrupted)
            with pytest.raises(KeyboardInterrupt):
                act()

    interrupted_before("_after_challenge", partial(lab.client.mfa_challenge, token))
    assert [each.host for each in lab.phone.notifications] == [lab.domain]
    lab.phone.allow_after(polls=1)
    poll = partial(lab.client.mfa_oob_grant, token, oob_code=lab.journal.http[-1]["oob_code"])
    interrupted_before("_after_poll", poll)
    assert poll().status == 200


SHOWS = {
    # What takes a journal's raw values apart, and shows none of them.
    "curl": lambda lab: lab.curl(lab.journal[0]),
    "copy_runnable": lambda lab: lab.copy_runnable(lab.journal[0]),
    "bash": lambda lab: lab.export("bash"),
    "har": lambda lab: lab.export("har"),
    "mermaid": lambda lab: lab.diagram(),
    "where": lambda lab: lab.journal.where("<mfa_token 1>"),
    "inspect": lambda lab: lab.inspect(lab.journal[0]["mfa_token"]),
    "qr": lambda lab: lab.qr(lab.journal[1]["barcode_uri"]),
    "qr_panel": lambda lab: lab.qr_panel(lab.journal[1]["barcode_uri"]),
}


@pytest.mark.parametrize("shows", SHOWS)
def test_an_interrupt_of_what_shows_a_journal_shows_no_secret(shows: str) -> None:
    lab = Lab.sandbox()
    user = lab.user()
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    secrets = [str(each.value) for each in lab.aliases.all()]
    for line in (100, 400, 700, 1_000, 2_000):
        shown = "".join(interrupted(line, partial(SHOWS[shows], lab)))
        assert not [each for each in secrets if each in shown]


def test_while_a_person_is_asked_an_interrupt_is_raised_at_once() -> None:
    went_on = list[bool]()
    with suppress(KeyboardInterrupt), whole(), interruptible():
        signal.raise_signal(signal.SIGINT)
        went_on.append(True)
    assert went_on == []
    with suppress(KeyboardInterrupt), whole():
        with interruptible():
            pass
        signal.raise_signal(signal.SIGINT)  # held again
        went_on.append(True)
        signal.raise_signal(signal.SIGINT)  # a second one is not
        went_on.append(False)
    assert went_on == [True]
