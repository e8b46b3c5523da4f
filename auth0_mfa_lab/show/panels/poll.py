"""The poll as a panel with buttons: thin, silent, and never in the way of another cell.

A request runs on a thread of its own; its answer is applied on the panel's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import ipywidgets

from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.polling import PollRun
from auth0_mfa_lab.show.cards import line
from auth0_mfa_lab.show.panels.base import Job, Panel
from auth0_mfa_lab.show.panels.rows import Rows
from auth0_mfa_lab.show.poll import headline
from auth0_mfa_lab.show.poll_card import card_of, row_of
from auth0_mfa_lab.show.poll_html import ROWS_TITLE, edge_of, meters_html, next_html, row_html, static_html, status_html
from auth0_mfa_lab.show.poll_next import Doing
from auth0_mfa_lab.wire.exchange import Exchange

TICK_SECONDS = 1.0


class PollPanel(Panel):
    """Buttons for a poll: *Poll once*, *Poll until done*, *Stop*, and where it stands.

    Each button has its method: `poll_once()`, `poll_until_done()`, `stop()`. Real seconds pass between the polls of
    the button, and the sandbox's clock moves by as much; so it does when *Poll once* is pressed again and again. The
    method waits in the lab's own time: in the sandbox it is done at once.
    """

    _is_at_work = "This panel is polling already: press Stop first, or wait until it is done."

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
        self._now = clock.now()
        self._doing: Doing = "idle"
        self._drawn = 0
        self._woken = asyncio.Event()
        self.once_button = self._button("Poll once", "Ask Auth0 once whether the phone answered", self._click_once)
        self.until_button = self._button("Poll until done", "Ask again and again, until it is over", self._click_until)
        self.stop_button = self._button("Stop", "Stop asking", self.stop)
        self._status = self._html("poll-status")
        self._next = self._html("poll-next")
        self._meters = self._html("poll-meters")
        self._rows = Rows(line(ROWS_TITLE, small=True))
        self._answer = self._html("poll-answer")
        buttons = self._row(self.once_button, self.until_button, self.stop_button)
        self._head = ipywidgets.VBox([self._status, self._next, self._meters])
        self._head.layout = ipywidgets.Layout(padding="0 0 0 10px", margin="4px 0")
        self.children = (buttons, self._failure, self._head, self._rows, self._answer, self._presence)
        self._draw()
        self._when_run_again(self.stop)

    def poll_once(self) -> Exchange | None:
        """Ask once, and return the exchange; the last one when the poll is over."""
        with self._alone():
            self._failure.value = ""
            try:
                return self.run.once()
            finally:
                self._see(self._clock.now())

    def poll_until_done(self) -> PollRun:
        """Ask until the poll is over, waiting in the lab's time, and return the poll."""
        with self._alone():
            self._failure.value = ""
            try:
                return self.run.until_done(self._clock.wait)
            finally:
                self._see(self._clock.now())

    def stop(self) -> None:
        """Stop asking; what is shown says so at once, even while an answer is under way."""
        self.run.stop()
        self._woken.set()
        self._draw()

    async def done(self) -> PollRun:
        """Wait until what a button began is finished, and return the poll."""
        await self._finished()
        return self.run

    def close(self) -> None:
        """Stop asking, and take the panel off every page."""
        if self.comm is not None and self._task is not None:
            self.stop()
        super().close()

    def static_html(self) -> str:
        """Return all that the panel shows as HTML without widgets, each poll with its exchange."""
        return static_html(self.run, self._now)

    def __repr__(self) -> str:
        return f"PollPanel · {headline(self.run)}"

    def _click_once(self) -> None:
        self._begin(self.once_button, lambda: self._polling(self._ask), "poll")

    def _click_until(self) -> None:
        self._begin(self.until_button, lambda: self._polling(self._ask_until_done), "poll")

    def _polling(self, act: Job) -> Coroutine[Any, Any, None]:
        """Let the poll go on at once, so that a stop from now on ends it, and return what asks."""
        # A new one: without a loop of one's own each click has another, and an event belongs to the first that waits.
        self._woken = asyncio.Event()
        self.run.resume(self._now)
        self._doing = "waiting"
        return self._watched(act)

    async def _watched(self, act: Job) -> None:
        try:
            await asyncio.to_thread(self._catch_up)
            with self._clock.running():
                await self._look()
                await act()
        except Exception:
            self.run.stop()
            raise
        finally:
            self._doing = "idle"

    async def _ask(self) -> None:
        """Ask once; while no answer is there, each tick shows the time that is left."""
        if self.run.poll.is_over:
            return
        self._doing = "asking"
        asked = asyncio.ensure_future(asyncio.to_thread(self.run.ask))
        try:
            while not asked.done():
                self._draw()
                await asyncio.wait({asked}, timeout=TICK_SECONDS)
                self._now = await asyncio.to_thread(self._moment)
        finally:
            # Whatever fails meanwhile, what was asked is heard: it may have brought the tokens.
            self.run.apply(await asked, self._now)
        self._doing = "waiting"
        self._draw()

    async def _ask_until_done(self) -> None:
        while not self.run.poll.is_over:
            if (left := self.run.poll.next_at - self._now) > 0:
                await self._tick(min(TICK_SECONDS, left))
            else:
                await self._ask()

    async def _tick(self, seconds: float) -> None:
        """Let at most a second pass, fewer when *Stop* wakes the poll, and show the time that is left."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        await self._look()

    async def _look(self) -> None:
        """Look at the clock, on a thread: that of a served sandbox is asked over the network."""
        self._see(await asyncio.to_thread(self._moment))

    def _catch_up(self) -> None:
        """Let the sandbox's time pass for which somebody waited before pressing, up to the next poll."""
        self._clock.catch_up(max(0.0, self.run.poll.next_at - self._clock.now()))

    def _moment(self) -> float:
        self._clock.sync()
        return self._clock.now()

    def _see(self, now: float) -> None:
        """Show the poll as it stands at `now`; its time may be over."""
        self._now = now
        self.run.poll = self.run.poll.at(now)
        self._draw()

    def _draw(self) -> None:
        card = card_of(self.run, self._now, doing=self._doing)
        self._mark(self.once_button, may_press=card.allowed.once)
        self._mark(self.until_button, may_press=card.allowed.until)
        self._mark(self.stop_button, may_press=card.allowed.stop)
        self._head.layout.border_left = edge_of(card)
        self._status.value = status_html(card)
        self._next.value = next_html(card)
        self._meters.value = meters_html(card)
        self._draw_rows()

    def _draw_rows(self) -> None:
        """Add the polls that are not drawn yet: each is drawn once, and an answer that ends the poll stands open."""
        for exchange in self.run.exchanges[self._drawn :]:
            row = row_of(exchange, self.run.exchanges[0].at)
            self._drawn += 1
            if row.final:
                self._answer.value = row_html(row, is_open=True)
            else:
                self._rows.append(row_html(row))
