"""The poll as a panel with buttons. A request runs on a thread; its answer is applied on the panel's loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any

import ipywidgets

from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.polling import PollRun
from auth0_mfa_lab.show.html import line
from auth0_mfa_lab.show.panels.panel import TICK_SECONDS, Panel, html, running_loop
from auth0_mfa_lab.show.poll import ROWS_TITLE, PollView, headline, row_html
from auth0_mfa_lab.wire.exchange import Exchange


class PollPanel(Panel):
    """Where a poll stands, with *Poll once*, *Poll until done* and *Stop*, and a method for each.

    Real seconds pass between the polls of the buttons, and the sandbox's clock moves by as much. The methods wait in
    the lab's own time: in the sandbox they are done at once.
    """

    _drawn = 0

    def __init__(self, run: PollRun, *, clock: LabClock, **shared: Any) -> None:
        """Show and drive `run`, in the time of `clock`."""
        super().__init__(**shared)
        self.run, self._clock, self._now, self._woken = run, clock, clock.now(), asyncio.Event()
        begin, asks = partial(self._button, doing="waiting"), self._polling
        self.once_button = begin("Poll once", "Ask Auth0 once whether the phone answered", partial(asks, False))
        self.until_button = begin("Poll until done", "Ask again and again, until it is over", partial(asks, True))
        self.stop_button = self._button("Stop", "Stop asking", self.stop)
        self._status, self._next, self._meters = html("poll-status"), html(), html("poll-meters")
        self._answer, title = html("poll-answer"), html("", line(ROWS_TITLE, small=True))
        self._head = ipywidgets.VBox([self._status, self._next, self._meters]).add_class("poll-head")
        self._polls = ipywidgets.VBox()
        box = ipywidgets.VBox([self._polls]).add_class("panel-rows")
        frame = ipywidgets.VBox([box, self._answer]).add_class("panel-frame")
        self._rows = ipywidgets.VBox([title, frame], layout={"display": "none"})
        buttons = ipywidgets.HBox([self.once_button, self.until_button, self.stop_button])
        self.children = (buttons, self._failure, self._head, self._rows, self._presence)
        self._draw()

    def poll_once(self) -> Exchange | None:
        """Ask once, and return the exchange; the last one when the poll is over.

        While a button's poll waits for its turn, both methods ask between; LabError while its request is under way.
        """
        with self._between():
            return self.run.once()

    def poll_until_done(self) -> PollRun:
        """Ask until the poll is over, waiting in the lab's time, and return the poll."""
        with self._between():
            return self.run.until_done(self._clock.wait)

    def stop(self) -> None:
        """Stop asking; what is shown says so at once, even while an answer is under way."""
        self.run.stop()
        self._woken.set()
        self._draw()

    def end(self) -> None:
        if self._task is not None:
            self.stop()

    def static_html(self) -> str:
        return PollView.of(self.run, self._now, pace=self._clock.pace).html(self.run)

    def __repr__(self) -> str:
        return f"PollPanel · {headline(self.run)}"

    @contextlib.contextmanager
    def _between(self) -> Iterator[None]:
        """Ask for a method that a cell calls: alone, or between two requests of a button's poll on the same loop."""
        if self._task is None or self._doing != "waiting" or self._loop is not running_loop():
            with self._alone(then=self._see):
                yield
        else:
            yield
            self._see()

    def _polling(self, until_done: bool) -> Coroutine[Any, Any, None]:
        """Let the poll go on at once, so that a stop from now on ends it, and return what asks."""
        # A new one: without a loop of one's own each click has another, and an event belongs to the first that waits.
        self._woken = asyncio.Event()
        self.run.poll = self.run.poll.resumed(self._now)

        async def polls() -> None:
            try:
                # The sandbox's clock moves by the real time before the press, at most to the next poll.
                wait = self.run.poll.next_at
                await asyncio.to_thread(lambda: self._clock.sync(max(0.0, wait - self._clock.now())))
                with self._clock.running():
                    self._see(await asyncio.to_thread(self._moment))
                    while not self.run.poll.is_over:
                        if until_done and (left := self.run.poll.next_at - self._now) > 0:
                            with contextlib.suppress(TimeoutError):  # *Stop* wakes the poll
                                await asyncio.wait_for(self._woken.wait(), min(TICK_SECONDS, left))
                            self._see(await asyncio.to_thread(self._moment))
                            continue
                        await self._ask()
                        if not until_done:
                            break
            except Exception:
                self.run.stop()
                raise

        return polls()

    async def _ask(self) -> None:
        """Ask once; while no answer is there, each tick shows the time that is left."""
        self._doing = "asking"
        self._draw()
        asked = asyncio.ensure_future(asyncio.to_thread(self.run.ask))
        try:
            while not asked.done():
                await asyncio.wait({asked}, timeout=TICK_SECONDS)
                self._now = await asyncio.to_thread(self._moment)
                self._draw()
        finally:
            # Whatever fails meanwhile, what was asked is heard: it may have brought the tokens.
            self.run.apply(await asked, self._now)
        self._doing = "waiting"
        self._draw()

    def _moment(self) -> float:
        """Return the time; on a thread, for that of a served sandbox is asked over the network."""
        self._clock.sync()
        return self._clock.now()

    def _see(self, now: float | None = None) -> None:
        """Show the poll as it stands at `now` (default: this moment); its time may be over."""
        self._now = self._clock.now() if now is None else now
        self.run.poll = self.run.poll.at(self._now)
        self._draw()

    def _draw(self) -> None:
        view = PollView.of(self.run, self._now, self._doing, self._clock.pace)
        self._mark(self.once_button, self.until_button, may_press=view.may_poll)
        self._mark(self.stop_button, may_press=view.may_stop)
        self._head.layout.border_left = view.edge
        self._status.value, self._next.value, self._meters.value = view.status, view.next_step, view.meters
        # Each poll is drawn once: what was opened in it stays open.
        for exchange in self.run.exchanges[self._drawn :]:
            self._drawn += 1
            drawn, is_final = row_html(self.run, exchange)
            if is_final:
                self._answer.value = drawn
            else:
                self._polls.children = (*self._polls.children, html("", drawn))
            self._rows.layout.display = None
