"""Panels without a front end: their methods, their buttons, and what they show while time passes."""

from __future__ import annotations

import asyncio
import gc
import re
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from html import unescape
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import ipywidgets
import pytest

from auth0_mfa_lab import Exchange, LabError, State
from auth0_mfa_lab.clock import SandboxClock
from auth0_mfa_lab.polling import Poll, PollRun
from auth0_mfa_lab.show.panels import panel as panels_base
from auth0_mfa_lab.show.panels import poll as panels_poll
from auth0_mfa_lab.show.panels.panel import Button
from auth0_mfa_lab.show.panels.poll import PollPanel
from auth0_mfa_lab.show.poll import show_poll
from tests.mothers import (
    GRANTED,
    LOST,
    MFA_TOKEN,
    NOW,
    PENDING,
    SLOW_DOWN,
    Leaping,
    Standing,
    a_journal,
    a_run,
    a_sandbox_clock,
    an_exchange,
)

REJECTED = {"status": 400, "json": {"error": "access_denied", "error_description": "MFA Authorization rejected."}}
TEN_SECONDS = 10.0


@pytest.fixture(autouse=True)
def no_real_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a button's poll look at the clock again at once; the clock leaps instead."""
    monkeypatch.setattr(panels_poll, "TICK_SECONDS", 0.0)


@pytest.fixture(autouse=True, scope="module")
def garbage_is_little() -> Iterator[None]:
    """Keep what was made before out of the collections that `in_a_loop` asks for: they are many."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def a_panel(
    *answers: Mapping[str, Any], clock: Standing | None = None, raises: bool = False, leap: float = 1.0
) -> PollPanel:
    """Return a panel whose poll is told these answers; each look at the clock finds `leap` seconds gone."""
    clock = clock or Standing()
    run = a_run(*answers, clock=clock)
    return PollPanel(run, clock=a_sandbox_clock(clock, leap=leap), mask=mask, raise_failures=raises)


def a_panel_that_asks(ask: Callable[[], Exchange], *, raises: bool = False) -> PollPanel:
    clock = Standing()
    run = PollRun(Poll.begin(NOW), ask=ask, now=clock.now, show=show_poll)
    return PollPanel(run, clock=a_sandbox_clock(clock, leap=1), mask=mask, raise_failures=raises)


def mask(text: str) -> str:
    return text.replace("hunter-number-two", "<password 1>")


def look(button: Button) -> str:
    assert not button.disabled, "it would lose the focus"
    return button.look


def looks(panel: PollPanel) -> tuple[str, str, str]:
    """Return how *Poll once*, *Poll until done* and *Stop* look."""
    return look(panel.once_button), look(panel.until_button), look(panel.stop_button)


def shown(panel: ipywidgets.Widget) -> str:
    """Return all that the widgets of a panel hold, as a front end or a saved notebook would get it."""
    inner = getattr(panel, "children", ())
    return "\n".join([str(panel.get_state()), *(shown(child) for child in inner)])


def text_of(html: str) -> str:
    """Return what a reader sees of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def inside(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


class Slow:
    """An answer that takes as long as a test wants."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.asked = threading.Event()
        self.release = threading.Event()
        self.exchange = an_exchange(**answer)
        self.threads: set[int] = set()

    def __call__(self) -> Exchange:
        self.threads.add(threading.get_ident())
        self.asked.set()
        assert self.release.wait(TEN_SECONDS)
        return self.exchange

    async def under_way(self) -> None:
        assert await asyncio.to_thread(self.asked.wait, TEN_SECONDS)


def in_a_loop(story: Callable[[], Awaitable[None]]) -> None:
    """Run a test's story in a loop; no task is left when it ends, and none fails unheard."""
    unheard: list[dict[str, Any]] = []

    async def told() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        await story()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(told(), debug=True)
    gc.collect()
    assert unheard == []


async def click_from_another_loop(button: ipywidgets.Button) -> None:
    """Click as ipykernel's subshells do: on another thread, in a loop of its own."""

    async def press() -> None:
        button.click()

    thread = threading.Thread(target=lambda: asyncio.run(press()))
    thread.start()
    await asyncio.to_thread(thread.join)
    await asyncio.sleep(0)


# -- without a loop: the methods


def test_poll_once_asks_once_and_returns_the_exchange() -> None:
    panel = a_panel(PENDING, GRANTED)
    first = panel.poll_once()
    assert first is not None
    assert first.error == "authorization_pending"
    assert (panel.run.state, panel.run.poll.polls) == (State.PENDING, 1)
    second = panel.poll_once()
    assert second is not None
    assert second["access_token"]
    assert panel.poll_once() is second
    assert panel.run.poll.polls == 2


def test_poll_until_done_waits_in_the_labs_time() -> None:
    clock = Standing()
    panel = a_panel(PENDING, SLOW_DOWN, LOST, GRANTED, clock=clock)
    assert panel.poll_until_done() is panel.run
    assert panel.run.state is State.GRANTED
    assert clock.now() == NOW + 25


def test_stop_without_a_poll_stops_and_poll_once_goes_on() -> None:
    panel = a_panel(PENDING, GRANTED)
    panel.stop()
    assert repr(panel).startswith("PollPanel · stopped")
    panel.poll_once()
    assert repr(panel).startswith("PollPanel · pending")


def test_its_repr_is_one_line_and_its_mimebundle_has_a_twin_without_widgets() -> None:
    panel = a_panel(PENDING, GRANTED)
    assert repr(panel) == "PollPanel · pending after 0 polls: not asked yet"
    panel.poll_until_done()
    assert repr(panel) == "PollPanel · granted after 2 polls: the phone has answered: here are the tokens"
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel)
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    for part in ("granted", "2 polls", "access_token 1"):
        assert part in bundle["text/html"]


def test_it_shows_the_state_the_polls_the_next_poll_and_the_end() -> None:
    panel = a_panel(PENDING)
    assert "… pending · 0 polls · not asked yet" in text_of(panel.static_html())
    assert "next poll" + "now" + "oob_code" + "5 min 0 s left" in text_of(panel.static_html())
    panel.poll_once()
    assert "… pending · 1 poll · the phone has not answered yet" in text_of(panel.static_html())
    assert "next poll" + "in 5 s" + "oob_code" + "5 min 0 s left" in text_of(panel.static_html())
    assert panel._status.value in panel.static_html()


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ((GRANTED,), State.GRANTED),
        ((PENDING, REJECTED), State.REJECTED),
        ((PENDING,), State.EXPIRED),
        (({"status": 200, "text": "<html>"},), State.FAILED),
    ],
)
def test_each_end_is_shown_with_no_next_poll_and_no_button(
    answers: tuple[Mapping[str, Any], ...], state: State
) -> None:
    panel = a_panel(*answers)
    panel.poll_until_done()
    assert panel.run.state is state
    assert f"{state.value}</b>" in panel.static_html()
    assert "next poll" not in panel.static_html()
    assert looks(panel) == ("off", "off", "off")


# -- without a loop: the buttons


def test_a_click_without_a_loop_polls_before_it_returns() -> None:
    panel = a_panel(PENDING, PENDING, GRANTED)
    panel.once_button.click()
    assert panel.run.poll.polls == 1
    panel.until_button.click()
    assert panel.run.state is State.GRANTED


def test_each_click_without_a_loop_may_wait_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels_poll, "TICK_SECONDS", 0.001)
    answers = iter([PENDING, None, PENDING, GRANTED])

    def ask() -> Exchange:
        answer = next(answers)
        if answer is None:
            raise ValueError("once")
        return an_exchange(**answer)

    panel = a_panel_that_asks(ask)
    panel.until_button.click()
    assert isinstance(panel.last_error, ValueError)
    panel.until_button.click()
    assert "once" in str(panel.last_error)
    assert panel.run.state is State.GRANTED


# -- in a loop: the buttons


def test_buttons_say_what_may_be_pressed() -> None:
    async def story() -> None:
        slow = Slow(PENDING)
        panel = a_panel_that_asks(slow)
        assert looks(panel) == ("ready", "ready", "off")
        panel.stop_button.click()
        assert (looks(panel), panel.run.state) == (("ready", "ready", "off"), State.PENDING)
        panel.until_button.click()
        assert looks(panel) == ("off", "busy", "ready")
        await slow.under_way()
        panel.stop_button.click()
        assert looks(panel) == ("off", "busy", "off")
        slow.release.set()
        await panel.done()
        assert looks(panel) == ("ready", "ready", "off")

    in_a_loop(story)


def test_poll_once_as_a_button_asks_once_and_is_ready_again() -> None:
    async def story() -> None:
        panel = a_panel(PENDING, GRANTED)
        panel.once_button.click()
        await panel.done()
        assert panel.run.poll.polls == 1
        assert looks(panel) == ("ready", "ready", "off")
        panel.once_button.click()
        await panel.done()
        assert panel.run.state is State.GRANTED
        assert looks(panel) == ("off", "off", "off")

    in_a_loop(story)


def test_poll_until_done_as_a_button_waits_as_long_as_the_gap_asks() -> None:
    async def story() -> None:
        clock = Standing()
        panel = a_panel(PENDING, SLOW_DOWN, LOST, GRANTED, clock=clock)
        panel.until_button.click()
        await panel.done()
        run = panel.run
        assert run.state is State.GRANTED
        times = [exchange.at - NOW for exchange in run.exchanges]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert all(5 <= gap <= 8 for gap in gaps[:1])
        assert all(10 <= gap <= 13 for gap in gaps[1:])

    in_a_loop(story)


def test_a_poll_that_nobody_answers_ends_by_itself() -> None:
    async def story() -> None:
        panel = a_panel(PENDING, leap=4)
        panel.until_button.click()
        await panel.done()
        assert panel.run.state is State.EXPIRED
        assert "expired</b>" in panel._status.value

    in_a_loop(story)


def test_the_request_runs_on_a_thread_of_its_own_and_the_loop_goes_on() -> None:
    async def story() -> None:
        slow = Slow(GRANTED)
        panel = a_panel_that_asks(slow)
        panel.until_button.click()
        await slow.under_way()
        assert threading.get_ident() not in slow.threads
        assert panel.run.poll.polls == 0
        slow.release.set()
        await panel.done()
        assert panel.run.state is State.GRANTED

    in_a_loop(story)


def test_stop_shows_at_once_while_an_answer_is_under_way() -> None:
    async def story() -> None:
        slow = Slow(PENDING)
        panel = a_panel_that_asks(slow)
        panel.until_button.click()
        await slow.under_way()
        panel.stop_button.click()
        assert panel.run.state is State.STOPPED
        assert "stopped</b>" in panel._status.value
        slow.release.set()
        await panel.done()
        assert panel.run.state is State.STOPPED
        assert panel.run.poll.polls == 1

    in_a_loop(story)


@pytest.mark.parametrize(("answer", "state"), [(GRANTED, State.GRANTED), (REJECTED, State.REJECTED)])
def test_a_final_answer_that_lands_after_stop_is_taken(answer: Mapping[str, Any], state: State) -> None:
    async def story() -> None:
        slow = Slow(answer)
        panel = a_panel_that_asks(slow)
        panel.until_button.click()
        await slow.under_way()
        panel.stop_button.click()
        slow.release.set()
        await panel.done()
        assert panel.run.state is state
        assert f"{state.value}</b>" in panel._status.value

    in_a_loop(story)


def test_stop_ends_a_wait_between_two_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels_poll, "TICK_SECONDS", 3600.0)

    async def story() -> None:
        panel = a_panel(PENDING, leap=0)
        panel.until_button.click()
        while panel.run.poll.polls == 0:
            await asyncio.sleep(0)
        panel.stop_button.click()
        # Sooner than the 5 seconds that it would have waited.
        await asyncio.wait_for(panel.done(), 2)
        run = panel.run
        assert (run.state, run.poll.polls) == (State.STOPPED, 1)

    in_a_loop(story)


def test_a_stopped_poll_goes_on_with_the_next_click() -> None:
    async def story() -> None:
        panel = a_panel(PENDING, GRANTED)
        panel.stop()
        panel.until_button.click()
        await panel.done()
        assert panel.run.state is State.GRANTED

    in_a_loop(story)


def test_a_second_click_while_it_polls_does_nothing_and_a_method_says_why() -> None:
    async def story() -> None:
        slow = Slow(GRANTED)
        panel = a_panel_that_asks(slow)
        panel.until_button.click()
        await slow.under_way()
        for button in (panel.until_button, panel.once_button):
            button.click()  # on its way before the page knew of the first
        assert (panel.last_error, panel._failure.value) == (None, "")
        with pytest.raises(LabError, match="at work already"):
            panel.poll_once()
        with pytest.raises(LabError, match="at work already"):
            panel.poll_until_done()
        slow.release.set()
        await panel.done()
        assert panel.run.poll.polls == 1

    in_a_loop(story)


def test_a_panel_that_was_made_without_a_loop_is_pressed_within_one() -> None:
    panel = a_panel(PENDING, GRANTED)

    async def story() -> None:
        for _ in range(2):
            panel.once_button.click()
            assert look(panel.once_button) == "busy"
            await panel.done()
        assert panel.run.state is State.GRANTED

    in_a_loop(story)


def test_of_presses_on_many_threads_one_is_taken() -> None:
    slow = Slow(PENDING)
    panel = a_panel_that_asks(slow)
    first = threading.Thread(target=panel.until_button.click)
    first.start()
    assert slow.asked.wait(TEN_SECONDS)
    # Made outside of a loop, a panel does its work on the thread that presses: these would wait for the answer, too.
    others = [threading.Thread(target=each.click) for each in (panel.once_button, panel.until_button) * 4]
    for each in others:
        each.start()
    for each in others:
        each.join(TEN_SECONDS)
    assert [each for each in others if each.is_alive()] == []
    with pytest.raises(LabError, match="at work already"):
        panel.poll_once()
    panel.stop_button.click()
    slow.release.set()
    first.join(TEN_SECONDS)
    assert (panel.run.poll.polls, panel.last_error, panel._failure.value) == (1, None, "")
    panel.once_button.click()
    assert panel.run.poll.polls == 2


@pytest.mark.parametrize(("waited", "seconds"), [(0.0, 0), (2.0, 2), (5.0, 5), (600.0, 5)])
def test_who_waits_before_poll_once_has_waited_in_the_sandboxs_time_too(waited: float, seconds: int) -> None:
    clock, real = Standing(), Leaping(0)
    panel = PollPanel(a_run(PENDING, PENDING, clock=clock), clock=SandboxClock(clock, monotonic=real), mask=mask)
    panel.once_button.click()
    real.now += waited
    panel.once_button.click()
    assert [each.at - NOW for each in panel.run.exchanges] == [0, seconds]


def test_patience_before_the_first_poll_moves_no_clock() -> None:
    clock, real = Standing(), Leaping(0)
    panel = PollPanel(a_run(PENDING, clock=clock), clock=SandboxClock(clock, monotonic=real), mask=mask)
    real.now += 600
    panel.once_button.click()
    assert clock.now() == NOW


def test_a_click_from_another_thread_and_loop_finds_its_way_home() -> None:
    async def story() -> None:
        panel = a_panel(PENDING, GRANTED)
        home = threading.get_ident()
        changed_on: set[int] = set()
        for widget in (panel._status, panel._answer, panel.once_button):
            widget.observe(lambda _: changed_on.add(threading.get_ident()))
        await click_from_another_loop(panel.until_button)
        task = panel._task
        assert task is not None
        assert task.get_loop() is asyncio.get_running_loop()
        await panel.done()
        assert panel.run.state is State.GRANTED
        assert changed_on == {home}

    in_a_loop(story)


def test_stop_from_another_thread_and_loop_works_too() -> None:
    async def story() -> None:
        slow = Slow(PENDING)
        panel = a_panel_that_asks(slow)
        panel.until_button.click()
        await slow.under_way()
        await click_from_another_loop(panel.stop_button)
        assert panel.run.state is State.STOPPED
        slow.release.set()
        await panel.done()

    in_a_loop(story)


def test_two_clicks_in_a_row_from_another_loop_make_one_poll() -> None:
    async def story() -> None:
        slow = Slow(GRANTED)
        panel = a_panel_that_asks(slow)
        await click_from_another_loop(panel.until_button)
        await click_from_another_loop(panel.until_button)
        assert (panel.last_error, panel._failure.value) == (None, "")
        slow.release.set()
        await panel.done()
        assert panel.run.poll.polls == 1

    in_a_loop(story)


def test_time_goes_on_while_an_answer_is_under_way() -> None:
    async def story() -> None:
        slow = Slow(PENDING)
        panel = a_panel_that_asks(slow)
        panel.until_button.click()
        await slow.under_way()
        seen: set[str] = set()
        while len(seen) < 4:
            await asyncio.sleep(0)
            seen.add(panel._meters.value)
        assert all("asked, no answer yet" in each for each in list(seen)[:1])
        assert looks(panel) == ("off", "busy", "ready")
        panel.stop_button.click()
        assert "under way still" in panel._next.value
        slow.release.set()
        await panel.done()
        assert "goes on" in panel._next.value

    in_a_loop(story)


def test_an_answer_that_is_under_way_at_the_deadline_is_heard() -> None:
    async def story() -> None:
        clock, slow = Standing(), Slow(GRANTED)
        run = PollRun(Poll.begin(NOW), ask=slow, now=clock.now, show=show_poll)
        panel = PollPanel(run, clock=a_sandbox_clock(clock, leap=100), mask=mask)
        panel.until_button.click()
        await slow.under_way()
        while clock.now() < NOW + 400:
            await asyncio.sleep(0)
        assert panel.run.poll.polls == 0
        slow.release.set()
        await panel.done()
        assert panel.run.state is State.GRANTED

    in_a_loop(story)


class Distant(SandboxClock):
    """A clock that is asked over the network: whoever asks it waits."""

    def __init__(self, clock: Standing) -> None:
        super().__init__(clock, monotonic=Leaping(1))
        self.now = self.asked
        self.asked_on: set[int] = set()
        self.broken = False

    def asked(self) -> float:
        self.asked_on.add(threading.get_ident())
        if self.broken:
            raise LabError("The served sandbox does not answer: start it again.")
        return self._clock.now()


def test_a_button_never_asks_the_clock_on_the_loop_itself() -> None:
    async def story() -> None:
        standing = Standing()
        clock = Distant(standing)
        run = PollRun(Poll.begin(NOW), ask=iter_of(PENDING, SLOW_DOWN, GRANTED), now=clock.now, show=show_poll)
        panel = PollPanel(run, clock=clock, mask=mask)
        clock.asked_on.clear()
        panel.until_button.click()
        await panel.done()
        assert panel.run.state is State.GRANTED
        assert clock.asked_on
        assert threading.get_ident() not in clock.asked_on

    in_a_loop(story)


def test_a_clock_that_does_not_answer_becomes_a_card_and_the_poll_stops() -> None:
    async def story() -> None:
        clock, slow = Distant(Standing()), Slow(PENDING)
        panel = PollPanel(PollRun(Poll.begin(NOW), ask=slow, now=clock.now, show=show_poll), clock=clock, mask=mask)
        panel.until_button.click()
        await slow.under_way()
        clock.broken = True
        slow.release.set()
        await panel.done()
        assert panel.run.poll.polls == 1
        assert "The served sandbox does not answer: start it again." in panel._failure.value
        assert "What to do" not in panel._failure.value
        assert panel.run.state is State.STOPPED
        assert looks(panel) == ("ready", "ready", "off")

    in_a_loop(story)


def iter_of(*answers: Mapping[str, Any]) -> Callable[[], Exchange]:
    left = [an_exchange(**each) for each in answers]
    return lambda: left.pop(0)


def test_a_closed_panel_asks_no_more_and_leaves_no_task() -> None:
    async def story() -> None:
        panel = a_panel(PENDING, leap=0)
        panel.until_button.click()
        while panel.run.poll.polls == 0:
            await asyncio.sleep(0)
        panel.close()
        await asyncio.wait_for(panel.done(), 2)
        run = panel.run
        assert (run.state, run.poll.polls) == (State.STOPPED, 1)

    in_a_loop(story)


def test_two_panels_poll_at_once_and_each_knows_its_own() -> None:
    async def story() -> None:
        first, second = a_panel(PENDING, PENDING, GRANTED), a_panel(PENDING, REJECTED)
        first.until_button.click()
        second.until_button.click()
        await asyncio.gather(first.done(), second.done())
        assert (first.run.state, second.run.state) == (State.GRANTED, State.REJECTED)
        assert (first.run.poll.polls, second.run.poll.polls) == (3, 2)

    in_a_loop(story)


# -- failures


def failing() -> Exchange:
    raise ValueError("the password was hunter-number-two <b>")


def test_a_failing_handler_becomes_a_masked_card() -> None:
    async def story() -> None:
        panel = a_panel_that_asks(failing)
        panel.until_button.click()
        await panel.done()
        assert isinstance(panel.last_error, ValueError)
        card = panel._failure.value
        assert 'role="alert"' in card
        assert "ValueError: the password was <password 1> <b>" in unescape(card)
        assert "hunter" not in shown(panel)
        assert "&lt;b&gt;" in card
        assert panel.run.state is State.STOPPED
        assert looks(panel) == ("ready", "ready", "off")

    in_a_loop(story)


def test_a_press_that_fails_before_it_waits_leaves_the_panel_free(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = a_panel(GRANTED)
    with monkeypatch.context() as broken:
        broken.setattr(asyncio, "Event", failing)
        panel.once_button.click()
    assert 'role="alert"' in panel._failure.value
    assert looks(panel) == ("ready", "ready", "off")
    panel.once_button.click()
    assert panel.run.state is State.GRANTED


def test_the_card_goes_when_the_next_click_works() -> None:
    async def story() -> None:
        panel = a_panel_that_asks(failing)
        panel.once_button.click()
        await panel.done()
        panel.run = a_run(GRANTED)
        panel.once_button.click()
        await panel.done()
        assert panel.run.state is State.GRANTED
        assert panel._failure.value == ""

    in_a_loop(story)


def test_the_card_goes_when_the_next_method_works_and_the_error_stays() -> None:
    panel = a_panel_that_asks(failing)
    panel.once_button.click()
    assert "This did not work." in panel._failure.value
    panel.run = a_run(GRANTED)
    panel.poll_once()
    assert panel._failure.value == ""
    assert isinstance(panel.last_error, ValueError)


def test_a_page_that_shows_a_poll_lets_nothing_tick() -> None:
    async def story() -> None:
        panel = a_panel(PENDING)
        panel._presence._handle_custom_msg({"kind": "ready"}, [])
        assert panel._ticker is None

    in_a_loop(story)


def test_the_card_stands_on_the_page_without_widgets_too() -> None:
    panel = a_panel_that_asks(failing)
    assert "alert" not in panel._repr_mimebundle_()["text/html"]
    panel.once_button.click()
    assert text_of(panel._repr_mimebundle_()["text/html"]).endswith(
        "✗ This did not work. ValueError: the password was <password 1> <b>"
        "What to do: press the button again. If it fails again, panel.last_error is the exception."
        "Saved picture: run this cell for the buttons."
    )


def test_every_button_says_what_it_does_and_stands_in_the_order_of_the_keyboard() -> None:
    panel = a_panel(PENDING)
    buttons = [each for each in inside(panel) if isinstance(each, ipywidgets.Button)]
    assert [each.description for each in buttons] == ["Poll once", "Poll until done", "Stop"]
    assert all(each.tooltip for each in buttons)


def test_with_raise_failures_it_is_raised_where_one_waits_for_it() -> None:
    async def story() -> None:
        panel = a_panel_that_asks(failing, raises=True)
        panel.until_button.click()
        with pytest.raises(ValueError, match="the password was"):
            await panel.done()
        assert panel.last_error is not None
        assert looks(panel) == ("ready", "ready", "off")

    in_a_loop(story)


def test_with_raise_failures_a_click_without_a_loop_is_told_to_whoever_clicked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    panel = a_panel_that_asks(failing, raises=True)
    # ipywidgets catches what a handler raises: it shows the traceback in a kernel, and logs it elsewhere.
    panel.once_button.click()
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [panel.last_error]


# -- its cell


class Shell:
    """What a panel asks of IPython."""

    def __init__(self, cell: str | None) -> None:
        self.cell = cell
        self.handlers: list[Callable[[Any], None]] = []
        self.events = SimpleNamespace(
            register=lambda _, handler: self.handlers.append(handler),
            unregister=lambda _, handler: self.handlers.remove(handler),
        )

    def get_parent(self) -> dict[str, Any]:
        return {"metadata": {} if self.cell is None else {"cellId": self.cell}}

    def begin(self, cell: str | None) -> None:
        for handler in list(self.handlers):
            handler(SimpleNamespace(cell_id=cell))


def test_the_status_changes_with_the_poll_and_not_with_every_second() -> None:
    panel = a_panel(PENDING)
    panel.poll_once()
    spoken = panel._status.value
    panel._clock.wait(1)
    panel._see(panel._clock.now())
    assert panel._status.value == spoken
    assert "in 4 s" in panel._meters.value
    assert "status" not in panel._meters.value


def test_a_panel_stops_when_its_own_cell_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell("cell-1")
    monkeypatch.setattr(panels_base, "get_ipython", lambda: shell)

    async def story() -> None:
        panel = a_panel(PENDING, leap=0)
        panel.until_button.click()
        shell.begin("cell-2")
        assert repr(panel).startswith("PollPanel · pending")
        shell.begin("cell-1")
        assert repr(panel).startswith("PollPanel · stopped")
        await panel.done()
        assert shell.handlers == []

    in_a_loop(story)


def test_without_a_front_end_no_cell_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(None)
    monkeypatch.setattr(panels_base, "get_ipython", lambda: shell)
    panel = a_panel(PENDING)
    shell.begin(None)
    assert panel.run.state is State.PENDING


# -- its secrets


def test_the_poll_panel_keeps_secrets_out_of_its_widgets() -> None:
    clock = Standing()
    journal = a_journal(now=clock.now)
    run = a_run({"status": 403, "json": {"mfa_token": MFA_TOKEN, "error": "x", "error_description": MFA_TOKEN}})
    panel = PollPanel(run, clock=a_sandbox_clock(clock), mask=journal.aliases.mask)
    panel.poll_once()
    for text in (shown(panel), repr(panel), str(panel._repr_mimebundle_())):
        assert MFA_TOKEN not in text
