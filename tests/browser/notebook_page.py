"""One notebook of a JupyterLab in a browser: its cells, its commands, its themes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter

T = TypeVar("T")
SECONDS = 60.0
"""How long anything may take on a busy machine; nothing waits longer than it has to."""
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"

# The text of every exception in the open notebook: from its model, for cells off the screen are not drawn.
_RAISED = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .flatMap(cell => cell.model.outputs?.toJSON() ?? [])
  .filter(output => output.output_type === "error")
  .map(output => `${output.ename}: ${output.evalue}`)
  .join("\\n")
"""


# What is still lacking before a cell may be run. While JupyterLab loads, it opens both the notebooks of its layout and
# the one of its address, each in its own time: what comes later would take the place of another that was opened since.
# And before the web socket is up, it drops a cell that is run without a word.
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
  return Object.keys(lacks).find(each => !lacks[each]) ?? "";
}"""


class KernelDied(AssertionError):
    """A kernel ended as it started. The server begins another, whose answer it does not hear for a minute."""


def until(true: Callable[[], T | None], what: str, page: Page | None = None) -> T:
    """Return the first value of `true()` that is not empty; AssertionError with `what` after a minute."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if value := true():
            return value
        # Not time.sleep where there is a page: its events are handled only while playwright waits.
        page.wait_for_timeout(50) if page else time.sleep(0.05)
    raise AssertionError(f"not within {SECONDS:.0f} s: {what}")


def close_all(page: Page) -> bool:
    """Close the notebooks of a page without saving; return whether nothing of them is left to be in the way."""
    page.evaluate("() => { for (const each of [...window.jupyterapp.shell.widgets('main')]) each.dispose(); }")
    return page.locator(".jp-Dialog, .jp-Notebook").count() == 0


class Notebook:
    """A notebook that is open in a page."""

    def __init__(self, page: Page, jupyter: Jupyter, name: str) -> None:
        """Take over the page's notebook `name`."""
        self.page = page
        self.name = name
        self._jupyter = jupyter
        self._died = jupyter.kernels_that_died()

    def wait_ready(self) -> None:
        """Wait until a cell may be run; AssertionError that says what is lacking, and is for a minute."""
        for what in iter(self._lacking, ""):
            until(partial(self._has, what), what, self.page)

    def lacks(self) -> str:
        """Return what is lacking before a cell may be run, or "" when nothing is."""
        # Not page.evaluate: nothing would end its wait for a page that hangs.
        found = self.page.wait_for_function(f"name => [({_LACKS})(name)]", arg=self.name).json_value()[0]
        return str(found) or ("" if self._jupyter.kernel_is_ready(self.name) else "its kernel is idle")

    def command(self, name: str, **arguments: object) -> None:
        """Let JupyterLab carry out a command, and wait for its end."""
        self.begin(name, **arguments)
        self._wait_for_end(name)

    def begin(self, name: str, **arguments: object) -> None:
        """Let JupyterLab carry out a command, and return while it does."""
        execute = "window.jupyterapp.commands.execute(name, given)"
        note = f"window.commandEnded = false; {execute}.finally(() => {{ window.commandEnded = true; }});"
        self.page.evaluate(f"([name, given]) => {{ {note} }}", [name, arguments])

    def theme(self, name: str) -> None:
        """Change the theme, and wait until nothing is drawn over the notebook any more."""
        self.command("apputils:change-theme", theme=name)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        expect(self.page.locator(f"body[data-jp-theme-name='{name}']")).to_have_count(1)

    def run_all(self) -> None:
        """Run all cells, and wait for the last one's end; AssertionError when one raises."""
        self.command("notebook:run-all-cells")
        raised: str = self.page.evaluate(_RAISED)
        assert not raised, raised

    def restart(self) -> None:
        """Restart the kernel as the menu does, and wait until it takes requests."""
        self.begin("notebook:restart-kernel")
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self._wait_for_end("notebook:restart-kernel")
        self.wait_ready()

    def reload(self) -> None:
        """Reload the page, and wait until the notebook is back on its kernel."""
        self.page.reload()
        self.wait_ready()

    def cell(self, index: int) -> Locator:
        """Return a cell, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def run(self, index: int) -> str:
        """Run a cell, and return its text output."""
        self._activate(index)
        self.command("notebook:run-cell")
        return self.output(index)

    def ask(self, code: str) -> Any:
        """Run an expression in the cell at the end, written over what stood there, and return its JSON value."""
        last = self.cells - 1
        self._activate(last)
        model = "window.jupyterapp.shell.currentWidget.content.widgets[at].model"
        line = f"import json\nprint(json.dumps({code}))"
        self.page.evaluate(f"([at, code]) => {model}.sharedModel.setSource(code)", [last, line])
        self.command("notebook:run-cell")
        # From the model: what is drawn follows it later.
        outputs = self.page.evaluate(f"at => {model}.outputs.toJSON()", last)
        assert [each["output_type"] for each in outputs] == ["stream"], outputs
        return json.loads("".join(outputs[0]["text"]))

    @property
    def cells(self) -> int:
        """How many cells the notebook has."""
        count: int = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
        return count

    def output(self, index: int) -> str:
        """Return a cell's output as text; AssertionError when it is an exception's traceback."""
        area = self.cell(index).locator(".jp-Cell-outputArea").first
        said = area.inner_text().strip() if area.count() else ""
        assert "Traceback (most recent call last)" not in said, said
        return re.sub(r"^\[\d+\]:\s*", "", said)

    def save(self) -> str:
        """Save the notebook, and return the text of its file."""
        self.command("docmanager:save")
        expect(self.page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
        return self._jupyter.saved(self.name)

    def _has(self, what: str) -> bool:
        return self._lacking() != what

    def _lacking(self) -> str:
        if self._jupyter.kernels_that_died() > self._died:
            raise KernelDied(f"the kernel of {self.name} died as it started")
        return self.lacks()

    def _wait_for_end(self, command: str) -> None:
        try:
            # The promise itself is not waited for: nothing would end that wait.
            self.page.wait_for_function("() => window.commandEnded", timeout=SECONDS * 1000)
        except PlaywrightTimeout:
            raise AssertionError(f"not within {SECONDS:.0f} s: {command} ends") from None

    def _activate(self, index: int) -> None:
        self.page.evaluate(
            "at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at; }",
            index,
        )
