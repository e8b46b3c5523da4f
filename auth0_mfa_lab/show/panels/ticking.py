"""A panel that looks again each second while a page shows it, and changes only what has changed.

Headless nothing ticks: the first tick waits for a page that says it shows the panel, and no page says so there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from auth0_mfa_lab.show.panels.base import Panel

TICK_SECONDS = 1.0


class Ticking(Panel):
    """A panel whose `_tick` is called each second, from when a page shows it until its cell is run again."""

    _ticker: asyncio.Task[None] | None = None
    _has_ended = False
    _tick_failed = False

    def __init__(self, *, mask: Callable[[str], str], raise_failures: bool) -> None:
        """Wait for a page."""
        super().__init__(mask=mask, raise_failures=raise_failures)
        self._presence.on_msg(lambda *_: self._at_home(self._begin_to_tick))
        self._when_run_again(self.end)

    def end(self) -> None:
        """Look no more by itself; the buttons and methods stay as they are."""
        self._has_ended = True
        if self._ticker is not None:
            self._at_home(partial(_cancel, self._ticker))

    def close(self) -> None:
        """End, and take the panel off the page."""
        self.end()
        super().close()

    async def _tick(self) -> None:
        # Each panel has its own; widgets have a metaclass that leaves no room for an abstract method.
        raise NotImplementedError

    def _begin_to_tick(self) -> None:
        if self._loop is None or self._has_ended or self._ticker is not None:
            return
        self._ticker = self._loop.create_task(self._ticking(), name="tick")

    async def _ticking(self) -> None:
        while not self._has_ended:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self._tick()
            except Exception as error:
                # Nobody called this, so nobody could be told by raising it; the next look may succeed.
                self._tick_failed = True
                self._say_failure(error)
            else:
                if self._tick_failed:
                    self._tick_failed, self._failure.value = False, ""


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
