"""The poll as a panel with buttons: thin, silent, and never in the way of another cell.

A request runs on a thread of its own; its answer is applied on the panel's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from html import escape
from typing import Any

import ipywidgets

from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.polling import PollRun, State
from auth0_mfa_lab.show.panels_base import Panel
from auth0_mfa_lab.show.poll import headline
from auth0_mfa_lab.wire.exchange import Exchange

TICK_SECONDS = 1.0
_MARK = {
    State.PENDING: "…",
    State.GRANTED: "✓",
    State.REJECTED: "✗",
    State.EXPIRED: "⌛",
    State.FAILED: "!",
    State.STOPPED: "■",
}


class PollPanel(Panel):
    """Buttons for a poll: *Poll once*, *Poll until done*, *Stop*, and where it stands.

    Each button has its method: `poll_once()`, `poll_until_done()`, `stop()`. Real seconds pass between the polls of
    the button, and the sandbox's clock moves by as much; the method waits in the lab's own time.
    """

    def __init__(
        self,
        run: PollRun,
        *,
        clock: LabClock,
        mask: Callable[[str], str],
        raise_failures: bool = False,
    ) -> None:
        """Show and drive `run`, in the time of `clock`."""
        super().__init__(mask=mask, raise_failures=raise_failures)
        self.run = run
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self.once_button = self._button("Poll once", "Ask Auth0 once whether the phone answered", self._click_once)
        self.until_button = self._button("Poll until done", "Ask again and again, until it is over", self._click_until)
        self.stop_button = self._button("Stop", "Stop asking", self.stop)
        self._status = ipywidgets.HTML()
        self._status.add_class("poll-status")
        self._countdown = ipywidgets.HTML()
        self._answer = ipywidgets.HTML()
        buttons = ipywidgets.HBox([self.once_button, self.until_button, self.stop_button])
        self.children = (buttons, self._status, self._countdown, self._failure, self._answer)
        self._refresh()
        self._when_run_again(self.stop)

    def poll_once(self) -> Exchange | None:
        """Ask once, and return the exchange; the last one when the poll is over."""
        self._must_be_idle()
        try:
            return self.run.once()
        finally:
            self._refresh()

    def poll_until_done(self) -> PollRun:
        """Ask until the poll is over, waiting in the lab's time, and return the poll."""
        self._must_be_idle()
        try:
            return self.run.until_done(self._clock.wait)
        finally:
            self._refresh()

    def stop(self) -> None:
        """Stop asking; what is shown says so at once, even while an answer is under way."""
        self.run.stop()
        self._woken.set()
        self._refresh()

    async def done(self) -> PollRun:
        """Wait until what a button began is finished, and return the poll."""
        if (task := self._task) is not None:
            await task
        return self.run

    def static_html(self) -> str:
        """Return the panel's state and its last exchange as HTML without widgets."""
        exchange = self.run.exchange
        answer = exchange.show(exchange)[1] if exchange else ""
        return f"<div>{self._status_html()}{self._countdown_html()}{answer}</div>"

    def __repr__(self) -> str:
        return f"PollPanel · {headline(self.run)}"

    def _click_once(self) -> None:
        self._begin(self._ask)

    def _click_until(self) -> None:
        self._begin(self._ask_until_done)

    def _begin(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._must_be_idle()
        self._failure.value = ""
        # A new one: without a loop of one's own each click has another, and an event belongs to the first that waits.
        self._woken = asyncio.Event()
        self.run.resume()
        if self._loop is None:
            asyncio.run(self._watched(act))
            return
        self._task = self._loop.create_task(self._watched(act), name="poll")
        self._refresh()

    async def _watched(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            with self._clock.running():
                await act()
        except Exception as error:
            self.run.stop()
            self._fail(error)
        finally:
            self._task = None
            self._refresh()

    async def _ask(self) -> None:
        if not self.run.poll.is_over:
            exchange = await asyncio.to_thread(self.run.ask)
            self._clock.sync()
            self.run.apply(exchange)
            self._refresh()

    async def _ask_until_done(self) -> None:
        while not self.run.poll.is_over:
            if (left := self.run.poll.next_at - self._clock.now()) > 0:
                await self._tick(min(TICK_SECONDS, left))
            else:
                await self._ask()

    async def _tick(self, seconds: float) -> None:
        """Let at most a second pass, fewer when *Stop* wakes the poll, and show the time that is left."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        self._clock.sync()
        self.run.poll = self.run.poll.at(self._clock.now())
        self._refresh()

    def _must_be_idle(self) -> None:
        if self._task is not None:
            raise LabError("This panel is polling already: press Stop first, or wait until it is done.")

    def _refresh(self) -> None:
        busy = self._task is not None
        may_poll = not busy and self.run.state in (State.PENDING, State.STOPPED)
        self.once_button.disabled = self.until_button.disabled = not may_poll
        self.stop_button.disabled = not busy or self.run.state is State.STOPPED
        self._status.value = self._status_html()
        self._countdown.value = self._countdown_html()
        exchange = self.run.exchange
        self._answer.value = exchange.show(exchange)[1] if exchange else ""

    def _status_html(self) -> str:
        poll = self.run.poll
        count = f"{poll.polls} poll{'' if poll.polls == 1 else 's'}"
        said = f"<b>{_MARK[poll.state]} {poll.state.value}</b> · {count} · {escape(self._mask(poll.reason))}"
        # A widget's own lines are as high as a button.
        return f'<div role="status" aria-live="polite" style="line-height:1.5">{said}</div>'

    def _countdown_html(self) -> str:
        """Return the seconds that are left: apart from the status, which would be read aloud every second."""
        poll, now = self.run.poll, self._clock.now()
        if poll.is_over:
            return ""
        left = f"next poll in {_seconds(poll.next_at - now)} · ends in {_seconds(poll.deadline - now)}"
        return f'<div style="line-height:1.5">{left}</div>'


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
