"""One notebook of a JupyterLab in a browser: its cells, its commands, its themes, and its kernel."""

import ast
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter

T = TypeVar("T")
SECONDS = 60.0
"""How long anything may take on a busy machine; nothing waits longer than it has to."""
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
_OURS = "__import__('asyncio').all_tasks() if 'auth0_mfa_lab' in str(getattr(each.get_coro(), 'cr_code', ''))"
TASKS = f"[each.get_name() for each in {_OURS}]"
"""What the package has running on the kernel's loop, such as a poll that was not stopped."""

# The text of every exception in the open notebook: from its model, for cells off the screen are not drawn.
_RAISED = """() => jupyterapp.shell.currentWidget.content.widgets
  .flatMap(cell => cell.model.outputs?.toJSON() ?? [])
  .filter(output => output.output_type === "error").map(output => `${output.ename}: ${output.evalue}`).join("\\n")"""
# What is still lacking before a cell may be run: before the web socket is up, JupyterLab drops it without a word.
_LACKS = """name => {
  const app = window.jupyterapp;
  app?.restored.then(() => { window.isRestored = true; });
  const panel = app?.shell.currentWidget;
  const lacks = {
    "JupyterLab has started": app,
    "its layout is restored": window.isRestored,
    "what its address names is open": !document.querySelector(".jp-FileBrowser.jp-mod-restoring"),
    [`${name} is the current tab`]: panel?.context?.path === name,
    "its file is read": panel?.context?.isReady,
    "its session is ready": panel?.sessionContext?.isReady,
    "its kernel is connected": panel?.sessionContext?.session?.kernel?.connectionStatus === "connected",
  };
  return [Object.keys(lacks).find(each => !lacks[each]) ?? ""];
}"""
_EXECUTE = """([code, value]) => {
  const request = { code, store_history: false, allow_stdin: false, user_expressions: { value } };
  window.answered = null;
  jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(request).done
    .then(reply => { window.answered = reply.content; });
}"""
_CLOSE = """name => {
  const all = () => [...jupyterapp.shell.widgets("main")];
  for (const each of all()) if (each.context?.path === name) each.dispose();
  for (const each of all().slice(0, 1)) jupyterapp.shell.activateById(each.id);
}"""
_WINDOWING = """mode => {
  const content = jupyterapp.shell.currentWidget.content;
  const before = content.notebookConfig.windowingMode;
  content.notebookConfig = { ...content.notebookConfig, windowingMode: mode };
  return before;
}"""
# Widgets, what they began, and names: gone, as for a kernel that has just begun, but for the modules.
_CLEAR = f"""
import asyncio, ipywidgets
from auth0_mfa_lab.show.panels import panel, phone
phone.Place = panel.Place
if "gate" in globals():
    gate.opened.set()
ipywidgets.Widget.close_all()
if left := [each for each in {_OURS}]:
    await asyncio.wait(left, timeout=30)
get_ipython().reset(new_session=False)
"""


class KernelDied(AssertionError):
    """A kernel ended as it started. The server begins another, whose answer it does not hear for a minute."""


def until(true: Callable[[], T | None], what: str, page: Page | None = None) -> T:
    """Return the first value of `true()` that is not empty; AssertionError with `what` after a minute."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if value := true():
            return value
        # No plain sleep where there is a page: its events are handled only while playwright waits.
        page.wait_for_timeout(50) if page else time.sleep(0.05)
    raise AssertionError(f"not within {SECONDS:.0f} s: {what}")


class Notebook:
    def __init__(self, page: Page, jupyter: "Jupyter", name: str) -> None:
        self.page, self.name, self._jupyter = page, name, jupyter

    def wait_ready(self, died: int | None = None) -> None:
        """Wait until a cell may be run; KernelDied as soon as more kernels have ended than `died` (default: by now)."""
        died = self._jupyter.kernels_that_died() if died is None else died
        deadline = time.monotonic() + SECONDS
        while what := self._lacks():
            if self._jupyter.kernels_that_died() > died:
                raise KernelDied(f"the kernel of {self.name} died as it started")
            assert time.monotonic() < deadline, f"not within {SECONDS:.0f} s: {what}"
            self.page.wait_for_timeout(50)

    def reload(self) -> None:
        self.page.goto(self._jupyter.address_of(self.name))
        self.wait_ready()

    def save(self, *, with_state: bool = False) -> str:
        """Save the notebook, with its widgets' state or without, and return the text of its file."""
        switch = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
        commands = (switch, "docmanager:save", switch) if with_state else ("docmanager:save",)
        for each in commands:
            self.command(each)
        expect(self.page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
        saved = (self._jupyter.notebooks / self.name).read_text(encoding="utf-8")
        assert "widget-state+json" in saved or not with_state
        return saved

    def read(self, content: Mapping[str, object]) -> None:
        """Show a notebook's content as JupyterLab reads it from a file: trusted when it was signed."""
        self._jupyter.add(self.name, content)
        self._begin("jupyterapp.shell.currentWidget.context.revert()")
        self._wait_for_end("the file is read")

    def close(self) -> None:
        self.page.evaluate(_CLOSE, self.name)
        self._jupyter.end_sessions(self.name)

    def lay(self, content: Mapping[str, object]) -> None:
        self.page.evaluate("content => jupyterapp.shell.currentWidget.content.model.fromJSON(content)", content)

    def play(self, *cells: str) -> None:
        """Write code cells in the place of all others, and run them."""
        self.lay(notebook_of(cells))
        self.run_all()

    def clear(self) -> None:
        """Take cells, widgets and names away; AssertionError when something of the package runs on."""
        self.lay(notebook_of(["None"]))
        self.do(_CLEAR)
        assert self.ask(TASKS) == []

    @property
    def cells(self) -> Locator:
        return self.page.locator(".jp-Notebook:visible .jp-Cell")

    def cell(self, index: int) -> Locator:
        return self.cells.nth(index)

    def run(self, index: int) -> None:
        self.activate(index)
        self.run_all("notebook:run-cell")

    def activate(self, index: int) -> None:
        self.page.evaluate("at => { jupyterapp.shell.currentWidget.content.activeCellIndex = at; }", index)

    def run_all(self, command: str = "notebook:run-all-cells") -> None:
        """Run cells, and wait for the last one's end; AssertionError when one has raised."""
        self.command(command)
        self.has_raised_nothing()

    def has_raised_nothing(self) -> None:
        """AssertionError when a cell's output is an exception."""
        raised: str = self.page.evaluate(_RAISED)
        assert not raised, raised

    def do(self, code: str, value: str = "None") -> Any:
        """Run code beside the cells, as another front end of the kernel does, and return the JSON value of `value`."""
        self.page.evaluate(_EXECUTE, [code, f"__import__('json').dumps({value})"])
        reply = self._waited("() => window.answered", f"the kernel runs {code or value}")
        assert reply["status"] == "ok", reply
        found = reply["user_expressions"]["value"]
        assert found["status"] == "ok", found
        return json.loads(ast.literal_eval(found["data"]["text/plain"]))

    def ask(self, value: str) -> Any:
        return self.do("", value)

    def restart(self) -> None:
        self._begin("jupyterapp.commands.execute('notebook:restart-kernel')")
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self._wait_for_end("the kernel restarts")
        self.wait_ready()

    def command(self, name: str, **arguments: object) -> None:
        self.begin(name, **arguments)
        self._wait_for_end(name)

    def begin(self, name: str, **arguments: object) -> None:
        self._begin("jupyterapp.commands.execute(given.name, given.arguments)", name=name, arguments=arguments)

    def theme(self, name: str) -> None:
        """Change the theme, and wait until nothing is drawn over the notebook any more."""
        self.command("apputils:change-theme", theme=name)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        expect(self.page.locator(f"body[data-jp-theme-name='{name}']")).to_have_count(1)

    @contextmanager
    def draws_all(self) -> Iterator[None]:
        before = self.page.evaluate(_WINDOWING, "none")
        yield
        self.page.evaluate(_WINDOWING, before)

    def _lacks(self) -> str:
        """Return what is lacking before a cell may be run, or "" when nothing is."""
        found = str(self._waited(_LACKS, "the page answers", self.name)[0])
        return found or ("" if self._jupyter.kernel_is_ready(self.name) else "its kernel is idle")

    def _begin(self, promise: str, **given: object) -> None:
        note = f"window.commandEnded = false; {promise}.finally(() => {{ window.commandEnded = true; }});"
        self.page.evaluate(f"given => {{ {note} }}", given)

    def _wait_for_end(self, what: str) -> None:
        self._waited("() => window.commandEnded", f"{what} ends")

    def _waited(self, what_is: str, what: str, given: object = None) -> Any:
        """Return what is true on the page; not by page.evaluate: nothing would end its wait for a page that hangs."""
        try:
            return self.page.wait_for_function(what_is, arg=given, timeout=SECONDS * 1000).json_value()
        except PlaywrightTimeout:
            raise AssertionError(f"not within {SECONDS:.0f} s: {what}") from None


def notebook_of(cells: Sequence[str]) -> dict[str, Any]:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    empty: dict[str, Any] = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    written = [{**empty, "id": f"cell-{at}", "source": source.strip("\n")} for at, source in enumerate(cells)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": written}
