"""What all panels share, and the two that are one raw value on the page and nowhere else.

JupyterLab may deliver a click on another thread and loop than the cell's own, so a panel remembers the loop and the
context that it was made in, and every handler goes back to them.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Literal

import anywidget
import ipywidgets
import traitlets
from IPython import get_ipython

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.html import card, line

TICK_SECONDS = 1.0
SHOWN_SECONDS = 120.0
_REMARKS = {
    "live": " The tenant is live: people's data are in the command, too.",
    "sandbox": " This sandbox is in the kernel alone and answers no curl: `auth0-mfa-lab serve` opens one that does.",
}


class Button(ipywidgets.Button):  # type: ignore[misc]  # ipywidgets ships no types
    """A button that is never `disabled`, for that drops the focus: the page makes its classes `aria-disabled` or so."""

    look: Literal["ready", "off", "busy"] = "ready"


class OnPage(anywidget.AnyWidget):
    """What panel.js does on a page; a value goes there in the buffer of a message: no state and no file has it."""

    _esm = Path(__file__).with_name("panel.js").read_text("utf-8")
    _css = Path(__file__).with_name("panel.css").read_text("utf-8")
    role = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)


class Place(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A place on the page for one secret, for some seconds; a page that comes later is sent it, too."""

    ends_at = 0.0
    children: tuple[OnPage, ...]

    def __init__(self, panel: Panel, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._panel, self._now = panel, now

    @property
    def shows(self) -> bool:
        """Whether a secret is to be seen, where the place is on a page."""
        return self._now() < self.ends_at

    def show(self, secret: Secret, seconds: float, **how: str) -> None:
        """Draw a secret for these seconds; `how`: `alt`, `picture` (an SVG's style), `over` (what follows it)."""
        self.hide()
        self.ends_at, drawn = self._now() + seconds, OnPage(role="place")

        def is_there() -> None:
            if drawn in self.children and (left := self.ends_at - self._now()) > 0:
                message = {"kind": "show", "seconds": left, "alt": secret.shown.strip("<>"), **how}
                drawn.send(message, buffers=[bytes(secret.encode(errors="replace"))])

        drawn.on_msg(lambda *_: self._panel.at_home(is_there))
        self.children = (drawn,)

    def hide(self) -> None:
        """Take the secret off every page, and forget it."""
        for each in self.children:
            each.close()
        self.children, self.ends_at = (), 0.0


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A widget with a method behind each button, that ends when its cell is run again.

    Where `_ticks`, `_tick` is called each second while a page shows it, so never headless. It does one piece of work at
    a time: `_doing` says what a button has begun, "" while nothing is under way.
    """

    children: tuple[ipywidgets.Widget, ...]
    static_html: Callable[[], str]
    """Return what the panel shows, without widgets: for a notebook that no kernel runs."""
    _draw: Callable[..., None]
    _tick: Callable[[], Coroutine[Any, Any, None]]
    _has_buttons = True
    _ticks = False
    _doing = ""
    _worker: Button | None = None
    _task: asyncio.Task[None] | None = None
    _ticker: asyncio.Task[None] | None = None
    last_error: Exception | None = None

    def __init__(self, *, mask: Callable[[str], str], raise_failures: bool = False) -> None:
        """Remember the loop, the context and the cell; `raise_failures` (AUTH0_LAB_RAISE) does not only show them."""
        super().__init__()
        self.add_class("auth0-mfa-panel")
        self._mask, self._raise_failures, self._work = mask, raise_failures, threading.Lock()
        self._loop, self._context = running_loop(), contextvars.copy_context()
        self._failure = html()
        self._presence = OnPage(role="panel", layout={"display": "none"})
        self._presence.on_msg(lambda *_: self.at_home(self._begin_to_tick))
        shell = get_ipython()
        parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
        if cell := parent.get("metadata", {}).get("cellId"):

            def begins(info: Any) -> None:
                if info.cell_id == cell:  # what the cell shows then is another panel
                    self.end()
                    shell.events.unregister("pre_run_cell", begins)

            shell.events.register("pre_run_cell", begins)

    async def done(self) -> None:
        """Wait until what a button began is finished."""
        if self._task is not None:
            await self._task

    def end(self) -> None:
        """Look no more by itself; the buttons and methods stay as they are."""
        self._ticks = False
        if self._ticker is not None:
            self.at_home(self._ticker.cancel)

    def close(self) -> None:
        """End, and take the panel off every page."""
        self.end()
        super().close()

    def at_home(self, act: Callable[[], object]) -> None:
        """Do something on the loop and in the context that the panel was made in."""
        if self._loop is None or self._loop is running_loop():
            self._context.copy().run(act)
        else:
            self._loop.call_soon_threadsafe(act, context=self._context.copy())

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs) or {}
        saved = line("Saved picture: run this cell for the buttons.", small=True) if self._has_buttons else ""
        return {**bundle, "text/plain": repr(self), "text/html": self.static_html() + self._failure.value + saved}

    # -- what is pressed

    def _button(self, name: str, tooltip: str, act: Callable[[], Any], *, doing: str = "") -> Button:
        """Return a button for `act`; with `doing` it is busy until the coroutine that `act` returns is done."""
        button = Button(description=name, tooltip=tooltip)

        def pressed() -> None:
            # A second press may be on its way before the page knows what the first one has changed.
            if button.look != "ready" or (doing and not self._work.acquire(blocking=False)):
                return
            self._failure.value = ""
            if not doing:
                try:
                    act()
                except Exception as error:
                    self._fail(error)
                return
            self._worker, self._doing = button, doing
            try:
                working, loop = self._working(act()), running_loop()
            except Exception as error:
                self._rest()
                self._fail(error)
                return
            if loop is None:
                asyncio.run(working)
            else:
                self._task = loop.create_task(working, name="panel")
                self._draw()

        button.on_click(lambda _: self.at_home(pressed))
        return button

    def _mark(self, *buttons: Button, may_press: bool) -> None:
        """Show whether buttons may be pressed; the one whose work is under way is busy. A page is told of changes."""
        for button in buttons:
            button.look = "busy" if button is self._worker else "ready" if may_press else "off"
            for each in ("off", "busy"):
                (button.add_class if each == button.look else button.remove_class)(f"auth0-mfa-{each}")

    @contextmanager
    def _alone(self, then: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Work for a method that a cell calls, and look at `then` in any case; LabError during other work."""
        if not self._work.acquire(blocking=False):
            raise LabError("This panel is at work already: wait until it is done.")
        self._failure.value = ""
        try:
            yield
        finally:
            self._work.release()
            then()

    async def _working(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self._fail(error)
        finally:
            self._rest()

    def _rest(self) -> None:
        self._task = self._worker = None
        self._doing = ""
        self._work.release()
        self._draw()

    def _fail(self, error: Exception, *, may_raise: bool = True) -> None:
        """Show a failure as a card, masked, read by a screen reader at once; with `AUTH0_LAB_RAISE` also raise it."""
        self.last_error = error
        said, step = f"{error}", ""
        if not isinstance(error, LabError):  # that says by itself what happened and what to do next
            said = f"{type(error).__name__}: {error}"
            step = line("What to do: press the button again. If it fails again, panel.last_error is the exception.")
        shown = card(f"This did not work. {self._mask(said)}", step, mark="✗", tone="bad")
        self._failure.value = f'<div role="alert">{shown}</div>'
        if self._raise_failures and may_raise:
            raise error

    def _begin_to_tick(self) -> None:
        async def ticking() -> None:
            has_failed = False
            while self._ticks:
                await asyncio.sleep(TICK_SECONDS)
                try:
                    await self._tick()
                    if has_failed:
                        has_failed, self._failure.value = False, ""
                except Exception as error:
                    # A tick has no caller that could be told by raising it; the next look may succeed.
                    has_failed = True
                    self._fail(error, may_raise=False)

        if self._ticks and self._loop is not None and self._ticker is None:
            self._ticker = self._loop.create_task(ticking(), name="tick")


class RevealPanel(Panel):
    """One raw value: shown where a person looks, until *Hide* is pressed or two minutes are over."""

    def __init__(self, secret: Secret, **shared: Any) -> None:
        """Hold `secret` in memory and send it to every place of this panel on a page."""
        super().__init__(**shared)
        self._secret, self._place = secret, Place(self)
        self._said = (
            f"{secret.shown} is shown only on the page of a running notebook, for two minutes at most. "
            "No file, output or widget state has it: not even this notebook, when it is saved."
        )
        self.show_button = self._button("Show", "Show the value again", self.show)
        self.hide_button = self._button("Hide", "Take the value off the page", self.hide)
        buttons = ipywidgets.HBox([self.show_button, self.hide_button])
        self.children = (buttons, html("", self.static_html()), self._failure, self._place, self._presence)
        self.show()

    def show(self) -> None:
        """Show the value, for two minutes from now."""
        self._place.show(self._secret, SHOWN_SECONDS)

    def hide(self) -> None:
        """Take the value off every page."""
        self._place.hide()

    def static_html(self) -> str:
        return line(self._said)

    def __repr__(self) -> str:
        return f"RevealPanel · {self._said}"


class CopyPanel(Panel):
    """One request as a masked curl command, and a button that copies it with its raw values."""

    def __init__(self, command: Secret, *, masked: str, name: str, tenant: str, **shared: Any) -> None:
        """Hold `command` in memory; `masked` is it as it may be shown, `name` the request's in a line, masked too."""
        super().__init__(**shared)
        self._command, self._masked, self._name = command, masked, " ".join(name.split())
        self._said = (
            "Copy runnable copies this command with its raw secrets, on the page of a running notebook. "
            f"No file, output or widget state has them.{_REMARKS.get(tenant, '')}"
        )
        label = f"Copy runnable: {self._name} as a curl command with its raw secrets"
        self._place = OnPage(role="copy", label=label)
        self._place.on_msg(lambda _, content, __: self.at_home(lambda: self._answer(content)))
        self.children = (html("", self.static_html()), self._place, self._failure, self._presence)

    def static_html(self) -> str:
        style = "white-space:pre-wrap;overflow-wrap:anywhere"
        return f'<pre style="{style}">{escape(self._masked)}</pre>{line(self._said)}'

    def __repr__(self) -> str:
        return f"CopyPanel · {self._name} · {self._said}"

    def _answer(self, content: Any) -> None:
        """Send the command to the place that was pressed; another page of this kernel drops it."""
        press = content.get("press") if isinstance(content, dict) and content.get("kind") == "copy" else None
        if isinstance(press, str):
            self._place.send({"kind": "copy", "press": press}, buffers=[bytes(self._command.encode())])


def html(name: str = "", value: str = "") -> ipywidgets.HTML:
    """Return a place for HTML; `name` is its class."""
    return ipywidgets.HTML(value, _dom_classes=[name] if name else [])


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs on this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
