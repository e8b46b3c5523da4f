"""The poll's panel without a front end: each moment, each press, its pages word for word, and what a tick costs."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Mapping
from itertools import dropwhile, pairwise
from typing import Any

import comm
import ipywidgets
import pytest

from auth0_mfa_lab import Exchange, LabError, State
from auth0_mfa_lab.clock import SandboxClock
from auth0_mfa_lab.polling import Poll, PollRun
from auth0_mfa_lab.show.html import COLOURS, Tone
from auth0_mfa_lab.show.panels import poll as polls
from auth0_mfa_lab.show.panels.poll import PollPanel
from auth0_mfa_lab.show.poll import PollView, row_html, show_poll
from tests import mothers
from tests.mothers import GRANTED, LOST, NOW, PENDING, SLOW_DOWN, Leaping, Standing, an_exchange, rows
from tests.panel_stage import Slow, button, in_a_loop, inside, looks, mask, seen, text_of, until

# fmt: off
TOKENS = ("access_token", "id_token", "refresh_token", "recovery_code")
UNAVAILABLE = {"status": 503, "text": "<html>unavailable</html>"}
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "pending": PENDING, "slow_down": SLOW_DOWN, "granted": GRANTED, "lost": LOST, "down": UNAVAILABLE,
    "retry": {"status": 429, "json": {}, "headers": [("retry-after", "17")]},
    "tokens": {"status": 200, "json": {name: f"opaque-{name}-000000001" for name in TOKENS}},
    "rejected": {"status": 400, "json": {"error": "access_denied", "error_description": "MFA Authorization rejected."}},
    "unknown": {"status": 403, "json": {"error": "invalid_grant", "error_description": "Malformed oob_code"}},
    "old_token": {"status": 401, "json": {"error": "expired_token", "error_description": "mfa_token is expired"}},
    "portal": {"status": 200, "text": "<html>captive portal</html>"}, "no_status": {"status": "no status"},
    "later": {**UNAVAILABLE, "headers": [("retry-after", "30")]},
    "hostile": {"status": 503, "json": {"error": "<img src=x onerror=alert(1)>"}},
}
# fmt: on


@pytest.fixture(autouse=True)
def no_real_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "TICK_SECONDS", 0.0)


def asked(told: str) -> tuple[PollRun, float, str]:
    """Return a poll that got these answers, each when it was due, the time of a look, and what its panel does then.

    Beside answers: `stop`, `enrolls`, `age=` (of the mfa_token at the start), `+` (seconds until the look).
    """
    words = told.split()
    answers = [ANSWERS[word] for word in words if word in ANSWERS]
    run = mothers.a_run(*answers, clock=(clock := Standing()))
    age = sum(float(word[4:]) for word in words if word.startswith("age="))
    run.poll = Poll.begin(NOW, mfa_token_at=NOW - age)
    run.begun_by = "mfa_associate" if "enrolls" in words else "mfa_challenge"
    for _ in answers:
        clock.at = max(clock.at, run.poll.next_at)
        run.once()
    if "stop" in words:
        run.stop()
    later = sum(float(word) for word in words if word.startswith("+"))
    return run, clock.at + later, next((word for word in words if word in ("asking", "waiting")), "")


def a_clock(leap: float = 1.0) -> SandboxClock:
    """Return a clock of which each look finds `leap` seconds gone, while a button's poll waits."""
    return mothers.a_sandbox_clock(Standing(), leap=leap)


def a_panel(answers: str, leap: float = 1.0) -> PollPanel:
    run = mothers.a_run(*(ANSWERS[word] for word in answers.split()), clock=(clock := Standing()))
    return PollPanel(run, clock=mothers.a_sandbox_clock(clock, leap=leap), mask=mask)


def a_panel_that_asks(ask: Callable[[], Exchange], clock: SandboxClock) -> PollPanel:
    return PollPanel(PollRun(Poll.begin(NOW), ask=ask, now=clock.now, show=show_poll), clock=clock, mask=mask)


# fmt: off
PUSH, SCAN = "Allow or reject the push on the phone", "Scan the QR with the phone"
ASKS = ". Poll once asks whether it is done, Poll until done asks until it is."
GOES_ON = f"{PUSH}: the panel goes on asking."
LIVES = "with the same mfa_token, while that lives; then a panel for the new oob_code."
ANEW = f"lab.client.mfa_challenge {LIVES}"
ENROLL_ANEW = f"lab.client.mfa_associate, or lab.client.mfa_challenge where the phone has enrolled already, {LIVES}"
LOG_IN = "The 10 minutes of the mfa_token are over: log in again for a new one, then lab.client.mfa_challenge."
NEW = "… pending · 0 polls · not asked yet"
WAITS = "… pending · 1 poll · the phone has not answered yet"
REFUSED = "✗ rejected · 2 polls · rejected on the phone: ask for a new challenge"
LATE = "◷ expired · 1 poll · no poll brought an answer in time: ask for a new oob_code"
HALTED = "■ stopped · 1 poll · stopped: poll again to go on"
EDGES: Mapping[str, Tone] = {"…": "info", "✓": "good", "✗": "bad", "◷": "wait", "!": "bad", "■": "plain"}
# fmt: on
MOMENTS = f"""
                      | {NEW}     | {PUSH}{ASKS}  | poll
enrolls               | {NEW}     | {SCAN}{ASKS}  | poll
asking                | {NEW}     | {GOES_ON}     | stop
pending +3            | {WAITS}   | {PUSH}{ASKS}  | poll
pending +400 asking   | {WAITS}   | {GOES_ON}     | stop
granted               | ✓ granted · 1 poll · the phone has answered: here are the tokens \
| The tokens are in panel.run.exchange, each for a use of its own: |
pending rejected      | {REFUSED} | {ANEW}        |
pending rejected +595 | {REFUSED} | {LOG_IN}      |
pending +300          | {LATE}    | {ANEW}        |
pending +300 enrolls  | {LATE}    | {ENROLL_ANEW} |
age=500 pending +100  | {LATE}    | {LOG_IN}      |
old_token             | ◷ expired · 1 poll · mfa_token is expired: ask for a new one | {LOG_IN} |
unknown               | ! failed · 1 poll · 403 invalid_grant: Malformed oob_code \
| This is no oob_code; send the one that the challenge or the enrollment answered. |
portal                | ! failed · 1 poll · 200 without an error code: no description \
| No poll goes on after this answer: look at it below. |
pending stop          | {HALTED}  | Poll once or Poll until done goes on. | poll
pending stop +300     | {LATE}    | {ANEW}        |
pending stop asking   | {HALTED}  | The last request is under way still: its answer is taken if it is final. |
"""
"""What was told; the status, the next step, what may be pressed: a button that polls, or Stop."""


@pytest.mark.parametrize(("told", "head", "next_step", "may"), rows(MOMENTS))
def test_each_moment_has_its_words_its_next_step_its_meters_and_its_buttons(
    told: str, head: str, next_step: str, may: str
) -> None:
    run, now, doing = asked(told)
    before = run.poll
    view = PollView.of(run, now, doing)
    assert run.poll is before
    assert (text_of(view.status), text_of(view.next_step).split("\n")[0]) == (head, f"Next: {next_step}")
    assert (view.may_poll, view.may_stop) == (may == "poll", may == "stop")
    goes_on, meters = head[0] in "…■", view.meters
    assert bool(meters) is ("Interval: " in meters) is goes_on
    assert ('aria-label="next poll"' in meters) is (head[0] == "…")
    assert ("Seconds as of" in meters) is (goes_on and not doing)
    assert meters.count("ends first</td>") == goes_on
    assert ('role="status"' in view.status, "status" in meters) == (True, False), "each second read aloud"
    assert view.edge == f"3px solid {COLOURS[EDGES[head[0]]]}"


# fmt: off
SLOWER = "Interval: 5 s → 10 s: Auth0 asked to poll more slowly"
LONGER = "the answer asked for it (Retry-After)"
METERS = {  # what is said; of a bar, its percent, too
    "": "next poll now 100|oob_code 5 min 0 s left · ends first 100|mfa_token 10 min 0 s left 100|Interval: 5 s",
    "slow_down +4 waiting": "next poll in 6 s 40",
    "slow_down +4":         "next poll not before 6 s 40",
    "pending +2 asking":    "next poll asked, no answer yet 100",
    "age=60 pending +120":  "oob_code 3 min 0 s left · ends first 60|mfa_token 7 min 0 s left 70",
    "age=400 pending +5":   "oob_code 4 min 55 s left 98|mfa_token 3 min 15 s left · ends first 32",
    "pending stop +5":      "Seconds as of 08:00:05 UTC in the lab's time; the next poll brings them up to date.",
    "slow_down pending":    f"{SLOWER} (slow_down)",
    "later":                f"Interval: 5 s · this time 30 s: {LONGER}",
    "retry":                f"{SLOWER} (429) · this time 17 s: {LONGER}",
}
# fmt: on


@pytest.mark.parametrize("told", METERS)
def test_the_bars_say_what_they_draw_and_the_interval_why_it_grew(told: str) -> None:
    meters = PollView.of(*asked(told)).meters
    bars = re.findall(r'aria-label="([^"]+)".*?aria-valuenow="(\d+)" aria-valuetext="([^"]+)"', meters)
    found = [*(f"{label} {text} {percent}" for label, percent, text in bars), *text_of(meters).split("\n")]
    assert [each for each in METERS[told].split("|") if each not in found] == []


def test_each_poll_has_a_row_with_its_seconds_and_what_it_means_and_equal_ones_in_a_row_are_folded() -> None:
    run, now, _ = asked("pending pending slow_down retry down lost tokens")
    html = PollView.of(run, now).html(run)
    rows = (text_of(each) for each in re.findall(r"<summary[^>]*>(.*?)</summary>", html))
    assert [each for each in rows if re.match(r"\d+ s ", each)] == [
        "0 s to 5 s · 400 authorization_pending · not answered yet (2 times)",
        "0 s · 400 authorization_pending · not answered yet",
        "5 s · 400 authorization_pending · not answered yet",
        "10 s · 429 slow_down · asked to poll more slowly",
        "20 s · 429 Too Many Requests · asked to poll more slowly",
        "37 s · 503 Service Unavailable · the tenant failed",
        "52 s · no answer · the connection was lost",
        "67 s · 200 OK · granted",
    ]
    for each in run.exchanges:
        row, is_final = row_html(run, each)
        assert (each.show(each)[1] in row, row in html) == (True, True)
        assert is_final is row.startswith("<details open>") is (each is run.exchange)


def test_a_granted_poll_names_the_tokens_that_are_there_and_what_takes_each() -> None:
    access = "access_token\nyour API takes it as Bearer, and lab.client.userinfo does if its scope has openid\n"
    said = (text_of(PollView.of(*asked(told)).next_step).partition("\n")[2] for told in ("granted", "tokens"))
    assert list(said) == [
        f"{access}refresh_token\nnot here: the login asks for it with the scope offline_access",
        f"{access}id_token\nyour app reads the user from it: lab.inspect(...) takes it apart\n"
        "refresh_token\nlab.client.refresh_token_grant gets new tokens for it\n"
        "recovery_code\nshow it to the person, once: it is the new one",
    ]


def test_what_a_tenant_writes_into_an_answer_is_text_on_the_page() -> None:
    run, now, _ = asked("hostile hostile portal")
    assert "<img" not in PollView.of(run, now).html(run) + show_poll(run)["text/html"]


READY = "ready ready off"
PRESSES = """
Stop            | pending after 0 polls: not asked yet
stop            | stopped after 0 polls: stopped: poll again to go on
poll_once       | pending after 1 poll: the phone has not answered yet
Poll once       | pending after 2 polls: asked to poll more slowly
stop            | stopped after 2 polls: stopped: poll again to go on
Poll until done | granted after 4 polls: the phone has answered: here are the tokens
poll_once       | granted after 4 polls: the phone has answered: here are the tokens
poll_until_done | granted after 4 polls: the phone has answered: here are the tokens
Poll once       | granted after 4 polls: the phone has answered: here are the tokens
"""


def test_each_press_and_method_leads_to_its_state() -> None:
    panel = a_panel("pending slow_down lost granted")
    assert panel._rows.layout.display == "none"
    for press, said in rows(PRESSES):
        returned = getattr(panel, press)() if hasattr(panel, press) else button(panel, press).click()
        assert returned is {"poll_once": panel.run.exchange, "poll_until_done": panel.run}.get(press)
        look = "off off off" if said.startswith("granted") else READY
        assert (repr(panel), looks(panel)) == (f"PollPanel · {said}", look)
    assert (panel._head.layout.border_left, panel._rows.layout.display) == (f"3px solid {COLOURS['good']}", None)
    # A second goes with each look of a button; after `slow_down`, 10 seconds lie between two polls.
    first, second, *later = (each.at - NOW for each in panel.run.exchanges)
    assert (first, second) == (0, 1)
    assert all(after - before >= 10 for before, after in pairwise([second, *later]))


@pytest.mark.parametrize(
    ("answer", "leap", "said"),
    [("pending", 1, "■ stopped · 1 poll"), ("rejected", 1, "✗ rejected · 1 poll"), ("granted", 100, "✓ granted")],
)
@in_a_loop
async def test_while_an_answer_is_under_way_stop_shows_and_a_final_one_is_heard(
    answer: str, leap: int, said: str
) -> None:
    panel, drawn = a_panel_that_asks(slow := Slow(an_exchange(**ANSWERS[answer])), a_clock(leap)), list[str]()
    panel._meters.observe(lambda change: drawn.append(change["new"]), "value")
    panel.until_button.click()
    assert looks(panel) == "off busy ready"
    await slow.under_way()
    asked = "asked, no answer yet"
    await until(lambda: sum(asked in each for each in drawn) > 3 and panel._clock.now() >= NOW + 4 * leap, "some ticks")
    assert all(asked in each for each in dropwhile(lambda each: asked not in each, drawn))
    if answer != "granted":
        panel.stop_button.click()
        assert "■ stopped" in seen(panel)
        await until(lambda: "under way still" in seen(panel), "its next step")
        assert looks(panel) == "off busy off"
    slow.release.set()
    await panel.done()
    assert said in seen(panel)


@pytest.mark.parametrize("act", [PollPanel.stop, PollPanel.close], ids=["stop", "close"])
@in_a_loop
async def test_a_wait_ends_at_once(act: Callable[[PollPanel], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "TICK_SECONDS", 3600.0)

    panel = a_panel("pending", leap=0)
    panel.until_button.click()
    await until(lambda: panel.run.poll.polls, "the first poll")
    assert "… pending · 1 poll" in seen(panel)
    act(panel)
    await asyncio.wait_for(panel.done(), 2)  # sooner than the 5 seconds that it would have waited
    assert (panel.run.state, panel.run.poll.polls) == (State.STOPPED, 1)


@in_a_loop
async def test_a_cell_asks_between_two_requests_of_a_buttons_poll() -> None:
    panel = a_panel("pending pending granted", leap=0)
    panel.until_button.click()
    await until(lambda: panel.run.polls and panel._doing == "waiting", "it waits for its second request")
    assert (panel.poll_once(), panel.run.polls) == (panel.run.exchange, 2)
    assert panel.poll_until_done().state is State.GRANTED
    await panel.done()
    assert (panel.run.polls, looks(panel)) == (3, "off off off")


def test_each_click_without_a_loop_may_wait_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "TICK_SECONDS", 0.001)
    panel = a_panel("pending no_status pending granted")
    panel.until_button.click()
    assert (looks(panel), panel.run.state) == (READY, State.STOPPED)
    failure = panel.last_error
    panel.until_button.click()
    assert (panel.last_error, panel.run.state) == (failure, State.GRANTED)


@pytest.mark.parametrize(("waited", "seconds"), [(0.0, 0), (2.0, 2), (600.0, 5)])
def test_who_waits_before_poll_once_has_waited_in_the_sandboxs_time_too(waited: float, seconds: int) -> None:
    clock, real = Standing(), Leaping(0)
    panel = PollPanel(mothers.a_run(PENDING, clock=clock), clock=SandboxClock(clock, monotonic=real), mask=mask)
    real.now += 600
    panel.once_button.click()
    real.now += waited
    panel.once_button.click()
    assert [each.at - NOW for each in panel.run.exchanges] == [0, seconds], "before the first poll no time passes"


@in_a_loop
async def test_a_button_asks_the_clock_on_a_thread_and_one_that_does_not_answer_stops_the_poll() -> None:
    clock, threads, failures = a_clock(), set[int](), list[LabError]()

    def now() -> float:
        threads.add(threading.get_ident())
        if failures:
            raise failures[0]
        return NOW

    clock.now = now  # as one that is asked over the network
    panel = a_panel_that_asks(slow := Slow(an_exchange(**PENDING)), clock)
    threads.clear()
    panel.until_button.click()
    await slow.under_way()
    failures.append(LabError("The served sandbox does not answer: start it again."))
    slow.release.set()
    await panel.done()
    assert threading.get_ident() not in threads
    assert text_of(panel._failure.value) == f"✗ This did not work. {failures[0]}"
    assert (panel.run.state, panel.run.poll.polls, looks(panel)) == (State.STOPPED, 1, READY)


def test_a_tick_sends_the_bars_alone_and_the_50th_poll_no_more_than_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    publish = lambda _, msg_type, data=None, *__, **___: sent.append(data or {})  # noqa: E731  # a comm's own form
    monkeypatch.setattr(comm.DummyComm, "publish_msg", publish)
    monkeypatch.setattr(comm, "create_comm", comm.DummyComm)
    panel, costs = a_panel("pending " * 50 + "granted"), list[int]()
    for _ in range(50):
        sent.clear()
        panel.poll_once()
        costs.append(len(json.dumps(sent)))
    # The same but for the digits of the numbers, and a list of the rows' names.
    assert max(costs[1:]) - min(costs[1:]) < 50 * len('"IPY_MODEL_01234567890123456789012345678901", ')
    sent.clear()
    for seconds in (1, 0, 0.001):
        panel._see(panel._now + seconds)
    assert [each["state"] for each in sent] == [{"value": panel._meters.value}]
    panel.poll_once()
    drawn = [each.value for each in inside(panel) if isinstance(each, ipywidgets.HTML) and "<details" in each.value]
    assert drawn == [row_html(panel.run, each)[0] for each in panel.run.exchanges], "each poll once, the last below"
