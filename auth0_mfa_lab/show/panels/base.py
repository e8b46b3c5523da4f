"""What all panels share: clicks that find their way home, a static twin, and failures that one sees.

JupyterLab may deliver a click on another thread and another loop than the cell's own, so a panel remembers the loop
and the context that it was made in, and every handler goes back to them. A panel does one piece of work at a time: what
is pressed meanwhile is ignored. Panels set traits and print nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets
from IPython import get_ipython

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.cards import alert, line
from auth0_mfa_lab.show.panels.buttons import PANEL, Button, Presence

Job = Callable[[], Coroutine[Any, Any, None]]

SAVED_PICTURE = "Saved picture: run this cell for the buttons."
_AGAIN = "press the button again. If it fails again, panel.last_error is the exception."


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """What all panels share: clicks that find their way home, a static twin, and failures that one sees."""

    _has_buttons = True
    _is_at_work = "This panel is at work: wait until it is done."

    def __init__(self, *, mask: Callable[[str], str], raise_failures: bool) -> None:
        """Remember the loop, the context and the cell; `mask` is the door out for failures."""
        super().__init__()
        self.add_class(PANEL)
        self._presence = Presence()
        self._work = threading.Lock()
        self._worker: Button | None = None
        self._task: asyncio.Task[None] | None = None
        self.last_error: Exception | None = None
        self._mask = mask
        self._raise_failures = raise_failures
        self._failure = self._html("panel-failure")
        self._context = contextvars.copy_context()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def static_html(self) -> str:
        """Return what the panel shows, without widgets: for a notebook that no kernel runs."""
        # Each panel has its own; widgets have a metaclass that leaves no room for an abstract method.
        raise NotImplementedError

    def _html(self, name: str = "") -> ipywidgets.HTML:
        """Return a place for HTML, as wide as the panel; `name` is a class that a test finds it by."""
        place = ipywidgets.HTML(layout=ipywidgets.Layout(width="auto", margin="0"))
        if name:
            place.add_class(name)
        return place

    def _row(self, *buttons: Button) -> ipywidgets.HBox:
        """Return buttons side by side, in the order of the keyboard; a narrow page breaks the row."""
        return ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))

    def _button(self, name: str, tooltip: str, act: Callable[[], None]) -> Button:
        button = Button(description=name, tooltip=tooltip)

        def pressed() -> None:
            # A second press may be on its way before the page knows what the first one has changed.
            if not (button.is_off or button.is_busy):
                self._guarded(act)

        button.on_click(lambda _: self._at_home(pressed))
        return button

    def _mark(self, button: Button, *, may_press: bool) -> None:
        """Show whether a button may be pressed; the one whose work is under way is busy."""
        is_busy = button is self._worker
        button.mark(off=not (may_press or is_busy), busy=is_busy)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Work for a method that a cell calls; LabError while other work is under way."""
        if not self._work.acquire(blocking=False):
            raise LabError(self._is_at_work)
        try:
            yield
        finally:
            self._work.release()

    def _begin(self, button: Button, job: Job, name: str) -> None:
        """Do what a button was pressed for, in a task called `name`; ignore the press while other work is under way."""
        if not self._work.acquire(blocking=False):
            return
        self._worker, self._failure.value = button, ""
        work = self._working(job())
        if self._loop is None:
            asyncio.run(work)
        else:
            self._task = self._loop.create_task(work, name=name)
            self._draw()

    async def _working(self, work: Coroutine[Any, Any, None]) -> None:
        """Do a piece of work; its failure is a card."""
        try:
            await work
        except Exception as error:
            self._fail(error)
        finally:
            self._task = self._worker = None
            self._work.release()
            self._draw()

    async def _finished(self) -> None:
        """Wait until what a button began is finished."""
        if (task := self._task) is not None:
            await task

    def _draw(self) -> None:
        """Show how the panel stands: set the traits that have changed."""

    def _at_home(self, act: Callable[[], None]) -> None:
        """Do something on the loop and in the context that the panel was made in."""
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if self._loop is None or self._loop is here:
            self._context.copy().run(act)
        else:
            self._loop.call_soon_threadsafe(act, context=self._context.copy())

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do what a click asks; its failure is shown, and the card of an earlier one goes."""
        self._failure.value = ""
        try:
            act()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Show a failure as a card; without a front end that would be looked at, raise it."""
        self._say_failure(error)
        if self._raise_failures:
            raise error

    def _say_failure(self, error: Exception) -> None:
        """Show a failure as a card, masked."""
        self.last_error = error
        # A LabError says by itself what happened and what to do next.
        said, step = (f"{error}", "") if isinstance(error, LabError) else (f"{type(error).__name__}: {error}", _AGAIN)
        self._failure.value = alert("This did not work.", self._mask(said), step)

    def _when_run_again(self, stop: Callable[[], None]) -> None:
        """Call `stop` when the panel's own cell is run again: what it shows then is another panel."""
        shell, cell = get_ipython(), _cell_id()
        if shell is None or cell is None:
            return

        def begins(info: Any) -> None:
            if getattr(info, "cell_id", None) == cell:
                stop()
                shell.events.unregister("pre_run_cell", begins)

        shell.events.register("pre_run_cell", begins)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs) or {}
        saved = line(SAVED_PICTURE, small=True) if self._has_buttons else ""
        return {**bundle, "text/plain": repr(self), "text/html": self.static_html() + self._failure.value + saved}


def _cell_id() -> str | None:
    """Return the id that the front end gave the running cell, or None where there is none."""
    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId") if isinstance(parent, dict) else None
    return cell if isinstance(cell, str) else None
