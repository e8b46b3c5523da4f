"""The poll's panel without a front end: each moment, each press, its pages word for word, and what a tick costs."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Mapping
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
from tests.mothers import GRANTED, LOST, NOW, PENDING, SLOW_DOWN, Leaping, Standing, an_exchange
from tests.panel_stage import Slow, buttons, in_a_loop, inside, looks, mask, seen, text_of, until

Answer = Mapping[str, Any]
# fmt: off
REJECTED = {"status": 400, "json": {"error": "access_denied", "error_description": "MFA Authorization rejected."}}
UNKNOWN = {"status": 403, "json": {"error": "invalid_grant", "error_description": "Malformed oob_code"}}
PORTAL = {"status": 200, "text": "<html>captive portal</html>"}
OLD_TOKEN = {"status": 401, "json": {"error": "expired_token", "error_description": "mfa_token is expired"}}
UNAVAILABLE = {"status": 503, "text": "<html>unavailable</html>"}
RETRY = {"status": 429, "json": {}, "headers": [("retry-after", "17")]}
LATER = {**UNAVAILABLE, "headers": [("retry-after", "30")]}
TOKENS = ("access_token", "id_token", "refresh_token", "recovery_code")
ALL_TOKENS = {"status": 200, "json": {name: f"opaque-{name}-000000001" for name in TOKENS}}
# fmt: on


@pytest.fixture(autouse=True)
def no_real_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "TICK_SECONDS", 0.0)


def asked(*answers: Answer, stops: bool = False, age: float = 0.0, begun_by: str = "mfa_challenge") -> PollRun:
    """Return a poll that got these answers, each when it was due; its mfa_token was `age` seconds old at its start."""
    run = mothers.a_run(*answers, clock=(clock := Standing()))
    run.poll, run.begun_by = Poll.begin(NOW, mfa_token_at=NOW - age), begun_by
    for _ in answers:
        clock.at = max(clock.at, run.poll.next_at)
        run.once()
    if stops:
        run.stop()
    return run


def a_clock(leap: float = 1.0) -> SandboxClock:
    """Return a clock of which each look finds `leap` seconds gone, while a button's poll waits."""
    return mothers.a_sandbox_clock(Standing(), leap=leap)


def a_panel(*answers: Answer, leap: float = 1.0) -> PollPanel:
    """Return a panel whose poll is told these answers."""
    run = mothers.a_run(*answers, clock=(clock := Standing()))
    return PollPanel(run, clock=mothers.a_sandbox_clock(clock, leap=leap), mask=mask)


def a_panel_that_asks(ask: Callable[[], Exchange], clock: SandboxClock) -> PollPanel:
    return PollPanel(PollRun(Poll.begin(NOW), ask=ask, now=clock.now, show=show_poll), clock=clock, mask=mask)


# fmt: off
PUSH = "Allow or reject the push on the phone"
ASKS = "Poll once asks whether it is done, Poll until done asks until it is."
IDLE, BUSY, NONE = (True, False), (False, True), (False, False)
"""Whether *Poll once* and *Poll until done* may be pressed, and *Stop*."""
NEW = "… pending · 0 polls · not asked yet"
WAITS = "… pending · 1 poll · the phone has not answered yet"
LATE = "◷ expired · 1 poll · no poll brought an answer in time: ask for a new oob_code"
REFUSED = "✗ rejected · 2 polls · rejected on the phone: ask for a new challenge"
HALTED = "■ stopped · 1 poll · stopped: poll again to go on"
GOES_ON = f"{PUSH}: the panel goes on asking."
LIVES = "with the same mfa_token, while that lives; then a panel for the new oob_code."
ANEW = f"lab.client.mfa_challenge {LIVES}"
ENROLL_ANEW = f"lab.client.mfa_associate, or lab.client.mfa_challenge where the phone has enrolled already, {LIVES}"
LOG_IN = "The 10 minutes of the mfa_token are over: log in again for a new one, then lab.client.mfa_challenge."
EDGES: Mapping[str, Tone] = {"…": "info", "✓": "good", "✗": "bad", "◷": "wait", "!": "bad", "■": "plain"}
MOMENTS: Mapping[str, tuple[PollRun, float, str, str, str, tuple[bool, bool]]] = {
    "new": (asked(), 0, "", NEW, f"{PUSH}. {ASKS}", IDLE),
    "new enrollment": (asked(begun_by="mfa_associate"), 0, "", NEW, f"Scan the QR with the phone. {ASKS}", IDLE),
    "asking": (asked(), 0, "asking", NEW, GOES_ON, BUSY),
    "pending": (asked(PENDING), 3, "", WAITS, f"{PUSH}. {ASKS}", IDLE),
    "an answer is late": (asked(PENDING), 400, "asking", WAITS, GOES_ON, BUSY),
    "granted": (asked(GRANTED), 0, "", "✓ granted · 1 poll · the phone has answered: here are the tokens",
                "The tokens are in panel.run.exchange, each for a use of its own:", NONE),
    "rejected": (asked(PENDING, REJECTED), 0, "", REFUSED, ANEW, NONE),
    "rejected, and the mfa_token is over": (asked(PENDING, REJECTED), 595, "", REFUSED, LOG_IN, NONE),
    "expired": (asked(PENDING), 300, "", LATE, ANEW, NONE),
    "expired enrollment": (asked(PENDING, begun_by="mfa_associate"), 300, "", LATE, ENROLL_ANEW, NONE),
    "expired mfa_token": (asked(PENDING, age=500), 100, "", LATE, LOG_IN, NONE),
    "expired, it says": (asked(OLD_TOKEN), 0, "", "◷ expired · 1 poll · mfa_token is expired: ask for a new one",
                         LOG_IN, NONE),
    "failed": (asked(UNKNOWN), 0, "", "! failed · 1 poll · 403 invalid_grant: Malformed oob_code",
               "This is no oob_code; send the one that the challenge or the enrollment answered.", NONE),
    "failed unknown": (asked(PORTAL), 0, "", "! failed · 1 poll · 200 without an error code: no description",
                       "No poll goes on after this answer: look at it below.", NONE),
    "stopped": (asked(PENDING, stops=True), 0, "", HALTED, "Poll once or Poll until done goes on.", IDLE),
    "stopped too long": (asked(PENDING, stops=True), 300, "", LATE, ANEW, NONE),
    "stopped while asking": (asked(PENDING, stops=True), 0, "asking", HALTED,
                             "The last request is under way still: its answer is taken if it is final.", NONE),
}
# fmt: on


@pytest.mark.parametrize("name", MOMENTS)
def test_each_moment_has_its_words_its_next_step_its_meters_and_its_buttons(name: str) -> None:
    run, later, doing, head, next_step, may = MOMENTS[name]
    before = run.poll
    view = PollView.of(run, run.now() + later, doing)
    assert run.poll is before
    assert text_of(view.status) == head
    assert text_of(view.next_step).split("\n")[0] == f"Next: {next_step}"
    assert (view.may_poll, view.may_stop) == may
    goes_on = head[0] in "…■"
    assert bool(view.meters) is ("Interval: " in view.meters) is goes_on
    assert ('aria-label="next poll"' in view.meters) is (head[0] == "…")
    assert ("Seconds as of" in view.meters) is (goes_on and not doing)
    assert view.meters.count("ends first</span>") == goes_on
    assert 'role="status"' in view.status
    assert "status" not in view.meters, "a screen reader would read each second aloud"
    assert view.edge == f"3px solid {COLOURS[EDGES[head[0]]]}"


# fmt: off
SLOWER = "Auth0 asked to poll more slowly"
RETRIED = "the answer asked for it (Retry-After)"
METERS: Mapping[str, tuple[PollRun, float, str, str]] = {  # what is said; of a bar, its percent, too
    "new":          (asked(), 0, "", "next poll now 100|oob_code 5 min 0 s left · ends first 100|"
                                     "mfa_token 10 min 0 s left 100|Interval: 5 s"),
    "four seconds": (asked(SLOW_DOWN), 4, "waiting", "next poll in 6 s 40"),
    "under way":    (asked(PENDING), 2, "asking", "next poll asked, no answer yet 100"),
    "half over":    (asked(PENDING, age=60), 120, "",
                     "oob_code 3 min 0 s left · ends first 60|mfa_token 7 min 0 s left 70"),
    "an old login": (asked(PENDING, age=400), 5, "",
                     "oob_code 4 min 55 s left 98|mfa_token 3 min 15 s left · ends first 32"),
    "stopped":      (asked(PENDING, stops=True), 5, "", "Seconds as of 08:00:05 UTC in the lab's time; the next poll "
                                                        "brings them up to date."),
    "slower":       (asked(SLOW_DOWN, PENDING), 0, "", f"Interval: 5 s → 10 s: {SLOWER} (slow_down)"),
    "retry-after":  (asked(LATER), 0, "", f"Interval: 5 s · this time 30 s: {RETRIED}"),
    "both":         (asked(RETRY), 0, "", f"Interval: 5 s → 10 s: {SLOWER} (429) · this time 17 s: {RETRIED}"),
}
# fmt: on


@pytest.mark.parametrize("name", METERS)
def test_the_bars_say_what_they_draw_and_the_interval_why_it_grew(name: str) -> None:
    run, later, doing, said = METERS[name]
    meters = PollView.of(run, NOW + later if later else run.now(), doing).meters
    bars = re.findall(r'aria-label="([^"]+)".*?aria-valuenow="(\d+)" aria-valuetext="([^"]+)"', meters)
    found = [*(f"{label} {text} {percent}" for label, percent, text in bars), *text_of(meters).split("\n")]
    assert [each for each in said.split("|") if each not in found] == []


def rows_of(run: PollRun) -> list[str]:
    """Return the lines that open an exchange or a group of them."""
    html = PollView.of(run, run.now()).html(run)
    found = (text_of(each) for each in re.findall(r"<summary[^>]*>(.*?)</summary>", html))
    return [each for each in found if re.match(r"\d+ s ", each)]


def test_each_poll_has_a_row_with_its_seconds_and_what_it_means_and_equal_ones_in_a_row_are_folded() -> None:
    run = asked(PENDING, PENDING, SLOW_DOWN, RETRY, UNAVAILABLE, LOST, ALL_TOKENS)
    assert rows_of(run) == [
        "0 s to 5 s · 400 authorization_pending · not answered yet (2 times)",
        "0 s · 400 authorization_pending · not answered yet",
        "5 s · 400 authorization_pending · not answered yet",
        "10 s · 429 slow_down · asked to poll more slowly",
        "20 s · 429 Too Many Requests · asked to poll more slowly",
        "37 s · 503 Service Unavailable · the tenant failed",
        "52 s · no answer · the connection was lost",
        "67 s · 200 OK · granted",
    ]
    drawn = [row_html(run, each) for each in run.exchanges]
    html = PollView.of(run, run.now()).html(run)
    for each, (row, is_final) in zip(run.exchanges, drawn, strict=True):
        assert each.show(each)[1] in row
        assert row in html
        assert is_final is row.startswith("<details open>") is (each is run.exchange)


def test_a_granted_poll_names_the_tokens_that_are_there_and_what_takes_each() -> None:
    access = "access_token\nyour API takes it as Bearer, and lab.client.userinfo does if its scope has openid\n"
    said = (text_of(PollView.of(asked(answer), NOW).next_step).partition("\n")[2] for answer in (GRANTED, ALL_TOKENS))
    assert list(said) == [
        f"{access}refresh_token\nnot here: the login asks for it with the scope offline_access",
        f"{access}id_token\nyour app reads who it is: lab.inspect(...) takes it apart\n"
        "refresh_token\nlab.client.refresh_token_grant gets new tokens for it\n"
        "recovery_code\nshow it to the person, once: it is the new one",
    ]


def test_what_a_tenant_writes_into_an_answer_is_text_on_the_page() -> None:
    hostile = {"status": 503, "json": {"error": "<img src=x onerror=alert(1)>"}}
    run = asked(hostile, hostile, {**hostile, "status": 400})
    assert len(rows_of(run)) == 4, "a group, its two rows, and the last"
    assert "<img" not in PollView.of(run, run.now()).html(run) + show_poll(run)["text/html"]


READY, OVER = "ready ready off", "off off off"
GOT_TOKENS = "granted after 4 polls: the phone has answered: here are the tokens"


def test_each_press_and_method_leads_to_its_state() -> None:
    panel = a_panel(PENDING, SLOW_DOWN, LOST, GRANTED)
    by_name = {each.description: each for each in buttons(panel)}
    for press, said, look in (
        ("Stop", "pending after 0 polls: not asked yet", READY),
        ("stop", "stopped after 0 polls: stopped: poll again to go on", READY),
        ("poll_once", "pending after 1 poll: the phone has not answered yet", READY),
        ("Poll once", "pending after 2 polls: asked to poll more slowly", READY),
        ("stop", "stopped after 2 polls: stopped: poll again to go on", READY),
        ("Poll until done", GOT_TOKENS, OVER),
        ("poll_once", GOT_TOKENS, OVER),
        ("poll_until_done", GOT_TOKENS, OVER),
        ("Poll once", GOT_TOKENS, OVER),
    ):
        returned = by_name[press].click() if press in by_name else getattr(panel, press)()
        assert returned is {"poll_once": panel.run.exchange, "poll_until_done": panel.run}.get(press)
        assert (repr(panel), looks(panel)) == (f"PollPanel · {said}", look)
    # A second goes with each look of a button; after `slow_down`, 10 seconds and one lie between two polls.
    assert [each.at - NOW for each in panel.run.exchanges] == [0, 1, 12, 23]


@pytest.mark.parametrize("answer", [PENDING, REJECTED], ids=["pending", "rejected"])
def test_stop_is_shown_at_once_while_an_answer_is_under_way_and_a_final_one_is_taken(answer: Answer) -> None:
    async def story() -> None:
        panel = a_panel_that_asks(slow := Slow(an_exchange(**answer)), a_clock())
        panel.until_button.click()
        assert looks(panel) == "off busy ready"
        await slow.under_way()
        panel.stop_button.click()
        assert "■ stopped" in seen(panel)
        await until(lambda: "under way still" in seen(panel), "its next step")
        assert looks(panel) == "off busy off"
        slow.release.set()
        await panel.done()
        assert ("■ stopped · 1 poll" in seen(panel), "✗ rejected" in seen(panel)) == (
            answer is PENDING,
            answer is REJECTED,
        )

    in_a_loop(story)


@pytest.mark.parametrize("act", [PollPanel.stop, PollPanel.close], ids=["stop", "close"])
def test_a_wait_between_two_polls_ends_at_once(
    act: Callable[[PollPanel], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "TICK_SECONDS", 3600.0)

    async def story() -> None:
        panel = a_panel(PENDING, leap=0)
        panel.until_button.click()
        await until(lambda: panel.run.poll.polls, "the first poll")
        act(panel)
        await asyncio.wait_for(panel.done(), 2)  # sooner than the 5 seconds that it would have waited
        assert (panel.run.state, panel.run.poll.polls) == (State.STOPPED, 1)

    in_a_loop(story)


def test_each_click_without_a_loop_may_wait_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "TICK_SECONDS", 0.001)
    panel = a_panel(PENDING, {"status": "no status"}, PENDING, GRANTED)
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


def test_time_goes_on_while_an_answer_is_under_way_and_one_that_comes_after_the_deadline_is_heard() -> None:
    async def story() -> None:
        panel = a_panel_that_asks(slow := Slow(an_exchange(**GRANTED)), a_clock(100))
        panel.until_button.click()
        await slow.under_way()
        meters = {panel._meters.value}
        while len(meters) < 4 or panel._clock.now() < NOW + 400:
            await asyncio.sleep(0)
            meters.add(panel._meters.value)
        assert all("asked, no answer yet" in each for each in meters)
        slow.release.set()
        await panel.done()
        assert "✓ granted" in seen(panel)

    in_a_loop(story)


def test_a_button_asks_the_clock_on_a_thread_and_one_that_does_not_answer_stops_the_poll() -> None:
    async def story() -> None:
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

    in_a_loop(story)


def test_a_tick_sends_the_bars_alone_and_the_50th_poll_no_more_than_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    class Noted(comm.DummyComm):
        def publish_msg(self, msg_type: str, data: Any = None, *_: Any, **__: Any) -> None:
            sent.append(data or {})

    monkeypatch.setattr(comm, "create_comm", Noted)
    panel, costs = a_panel(*[PENDING] * 50, GRANTED), list[int]()
    for _ in range(50):
        sent.clear()
        panel.poll_once()
        costs.append(len(json.dumps(sent)))
    # The same but for the digits of the numbers, and a list of the rows' names.
    assert max(costs[1:]) - min(costs[1:]) < 50 * len('"IPY_MODEL_01234567890123456789012345678901", ')
    for seconds, changed in ((1, [panel._meters]), (0, []), (0.001, [])):
        sent.clear()
        panel._see(panel._now + seconds)
        assert [each["state"] for each in sent] == [{"value": each.value} for each in changed]
    panel.poll_once()
    drawn = [each.value for each in inside(panel) if isinstance(each, ipywidgets.HTML) and "<details" in each.value]
    assert drawn == [row_html(panel.run, each)[0] for each in panel.run.exchanges], "each poll once, the last below"
    assert drawn[-1] == panel._answer.value
