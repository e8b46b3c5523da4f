"""A real JupyterLab on a loopback port, and one notebook of it in a browser: the harness of the browser tests."""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from playwright.sync_api import Locator, Page, expect

T = TypeVar("T")
SECONDS = 60.0
"""How long anything may take on a busy machine; nothing waits longer than it has to."""
THEMES = "@jupyterlab/apputils-extension:themes"
NEWS = "@jupyterlab/apputils-extension:notification"
NOTEBOOKS = "@jupyterlab/notebook-extension:tracker"
WIDGETS = "@jupyter-widgets/jupyterlab-manager:plugin"
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
_CONFIG: Mapping[str, Mapping[str, object]] = {
    "Application": {"log_level": "ERROR"},
    "ServerApp": {"ip": "127.0.0.1", "base_url": "/", "open_browser": False},
    "LabApp": {
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        # Commands are given by name: menus differ between versions, and a closing menu swallows a click.
        "expose_app_in_browser": True,
    },
}

# The text of every exception in the open notebook: from its model, for cells off the screen are not drawn.
_RAISED = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .flatMap(cell => cell.model.outputs?.toJSON() ?? [])
  .filter(output => output.output_type === "error")
  .map(output => `${output.ename}: ${output.evalue}`)
  .join("\\n")
"""


def until(true: Callable[[], T | None], what: str, page: Page | None = None) -> T:
    """Return the first value of `true()` that is not empty; AssertionError with `what` after a minute."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if value := true():
            return value
        # Not time.sleep where there is a page: its events are handled only while playwright waits.
        page.wait_for_timeout(50) if page else time.sleep(0.05)
    raise AssertionError(f"not within {SECONDS:.0f} s: {what}")


class Jupyter:
    """One JupyterLab server with settings, kernels and notebooks of its own, in `folder`."""

    def __init__(self, folder: Path) -> None:
        """Start the server and wait until it answers."""
        self.folder = folder
        self._numbers = itertools.count(1)
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        token = secrets.token_hex(16)
        own = {"IdentityProvider": {"token": token}}
        root = {"root_dir": str(self.notebooks), "allow_root": hasattr(os, "geteuid") and os.geteuid() == 0}
        config = {**_CONFIG, **own, "ServerApp": {**_CONFIG["ServerApp"], **root}}
        file = folder / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        self._log = (folder / "server.log").open("wb")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", f"--config={file}"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=self._environment(),
            start_new_session=True,
        )
        address = until(self._address, "JupyterLab starts")
        headers = {"authorization": f"token {token}"}
        self.host = urlsplit(address).netloc
        self._http = httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=SECONDS)
        until(self._answers, "JupyterLab answers")
        self.reset()
        self.entry = f"{address}lab/workspaces/%s/tree/%s?token={token}"

    def close(self) -> None:
        """Stop the server and its kernels."""
        try:
            self._http.post("api/shutdown")
            self._server.wait(timeout=20)
        except (httpx.HTTPError, subprocess.TimeoutExpired):
            self._server.kill()
            self._server.wait()
        self._http.close()
        self._log.close()

    def setting(self, plugin: str, **values: object) -> None:
        """Set a plugin's settings for the pages that are opened from now on."""
        file = self._settings / f"{plugin.replace(':', '/')}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")

    def reset(self) -> None:
        """Go back to the first settings, and end all sessions with their kernels."""
        for file in self._settings.rglob("*.jupyterlab-settings"):
            file.unlink()
        self.setting(NEWS, fetchNews="false", checkForUpdates=False)  # a question that covers the lower right
        for session in self._http.get("api/sessions").json():
            self._http.delete(f"api/sessions/{session['id']}").raise_for_status()

    def notebook(self, *cells: str) -> str:
        """Write a notebook of code cells; return its name, which no other has."""
        name = f"scene-{next(self._numbers)}.ipynb"
        self.add(name, notebook_of(cells))
        return name

    def add(self, name: str, content: Mapping[str, object]) -> None:
        """Write a notebook that stands ready as its JSON."""
        (self.notebooks / name).write_text(json.dumps(content), encoding="utf-8")

    def saved(self, name: str) -> str:
        """Return the text of a notebook's file as it was saved last."""
        return (self.notebooks / name).read_text(encoding="utf-8")

    def open(self, page: Page, name: str) -> Notebook:
        """Open a notebook in a page, and wait until its kernel takes requests.

        A page that shows JupyterLab already opens it in a further tab, which takes a quarter of the time.
        """
        notebook = Notebook(page, self, name)
        if page.url == "about:blank":
            page.goto(self.entry % (f"w{secrets.token_hex(4)}", quote(name)))
        else:
            notebook.command("docmanager:open", path=name)
        notebook.wait_ready()
        return notebook

    def kernel_is_ready(self, name: str) -> bool:
        """Whether the kernel of a notebook is idle and the page's web socket is up."""
        sessions = [each for each in self._http.get("api/sessions").json() if each["path"] == name]
        kernels = [self._http.get(f"api/kernels/{each['kernel']['id']}").json() for each in sessions]
        return any(each["connections"] >= 1 and each["execution_state"] == "idle" for each in kernels)

    @property
    def _settings(self) -> Path:
        return self.folder / "settings"

    def _environment(self) -> dict[str, str]:
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUTH0_", "JUPYTER"))}
        return kept | {name: str(self.folder / part) for name, part in folders.items()}

    def _address(self) -> str | None:
        self._must_live()
        for file in (self.folder / "runtime").glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text(encoding="utf-8"))["url"])
            except ValueError:  # half written
                continue
        return None

    def _answers(self) -> bool:
        self._must_live()
        try:
            return self._http.get("api/status").is_success
        except httpx.TransportError:
            return False

    def _must_live(self) -> None:
        log = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
        assert self._server.poll() is None, f"JupyterLab ended by itself:\n{log[-2000:]}"


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

    def wait_ready(self) -> None:
        """Wait until a cell may be run: before the web socket is up, JupyterLab drops it without a word."""
        self.page.wait_for_function(
            """name => {
              const panel = window.jupyterapp?.shell.currentWidget;
              return panel?.context?.path === name && panel.context.isReady && panel.sessionContext.isReady
                && panel.sessionContext.session?.kernel?.connectionStatus === "connected";
            }""",
            arg=self.name,
            timeout=SECONDS * 1000,
        )
        until(lambda: self._jupyter.kernel_is_ready(self.name), "the kernel is idle and connected", self.page)

    def command(self, name: str, **arguments: object) -> None:
        """Let JupyterLab carry out a command, and wait for its end."""
        self.begin(name, **arguments)
        # The promise itself is not waited for: nothing would end that wait.
        self.page.wait_for_function("() => window.commandEnded", timeout=SECONDS * 1000)

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
        self.page.wait_for_function("() => window.commandEnded", timeout=SECONDS * 1000)
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
        line = f"import json\nprint('=' + json.dumps({code}))"
        cell = "window.jupyterapp.shell.currentWidget.content.widgets[at]"
        self.page.evaluate(f"([at, code]) => {cell}.model.sharedModel.setSource(code)", [last, line])
        return json.loads(self.run(last).removeprefix("="))

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

    def _activate(self, index: int) -> None:
        self.page.evaluate(
            "at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at; }",
            index,
        )


def notebook_of(cells: Sequence[str]) -> dict[str, object]:
    """Return a notebook of code cells as its JSON."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source.strip("\n"),
            }
            for number, source in enumerate(cells)
        ],
    }
