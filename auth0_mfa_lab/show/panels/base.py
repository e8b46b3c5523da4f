"""What all panels share: clicks that find their way home, a static twin, and failures that one sees.

JupyterLab may deliver a click on another thread and another loop than the cell's own, so a panel remembers the loop
and the context that it was made in, and every handler goes back to them. Panels set traits and print nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import ipywidgets
from IPython import get_ipython

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.cards import alert

_AGAIN = "press the button again. If it fails again, panel.last_error is the exception."


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """What all panels share: clicks that find their way home, a static twin, and failures that one sees."""

    def __init__(self, *, mask: Callable[[str], str], raise_failures: bool) -> None:
        """Remember the loop, the context and the cell; `mask` is the door out for failures."""
        super().__init__()
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

    def _row(self, *buttons: ipywidgets.Button) -> ipywidgets.HBox:
        """Return buttons side by side, in the order of the keyboard; a narrow page breaks the row."""
        return ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))

    def _button(self, name: str, tooltip: str, act: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=name, tooltip=tooltip)

        def pressed() -> None:
            # The second half of a double click may be on its way when the first has disabled the button.
            if not button.disabled:
                self._guarded(act)

        button.on_click(lambda _: self._at_home(pressed))
        return button

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
        return {**bundle, "text/plain": repr(self), "text/html": self.static_html() + self._failure.value}


def _cell_id() -> str | None:
    """Return the id that the front end gave the running cell, or None where there is none."""
    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId") if isinstance(parent, dict) else None
    return cell if isinstance(cell, str) else None
