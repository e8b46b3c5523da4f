"""What is kept of a test that fails: pages, what they said, JupyterLab's log, its kernels and sessions."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter

PATIENCE = 5_000
"""How many milliseconds a page may take to answer: it may be the page that hangs."""

_STATE = """() => ({
  url: location.href,
  focus: document.activeElement?.outerHTML.slice(0, 200),
  window: [innerWidth, innerHeight],
  theme: document.body.dataset.jpThemeName,
  splash: document.querySelectorAll("#jupyterlab-splash").length,
  dialogs: [...document.querySelectorAll(".jp-Dialog")].map(each => each.innerText),
  notebooks: document.querySelectorAll(".jp-Notebook").length,
  commandEnded: window.commandEnded,
  leftCollapsed: window.jupyterapp?.shell.leftCollapsed,
  current: window.jupyterapp?.shell.currentWidget?.id,
  tabs: [...(window.jupyterapp?.shell.widgets("main") ?? [])].map(each => ({
    id: each.id, visible: each.isVisible, path: each.context?.path, contextReady: each.context?.isReady,
    sessionReady: each.sessionContext?.isReady, session: each.sessionContext?.session?.id,
    kernel: each.sessionContext?.session?.kernel?.id, kernelStatus: each.sessionContext?.kernelDisplayStatus,
    connection: each.sessionContext?.session?.kernel?.connectionStatus,
  })),
})"""


class Evidence:
    """Notes what the pages of a browser say, and keeps it with all else there is to see when a test fails."""

    def __init__(self) -> None:
        """Begin with nothing to look at."""
        self._lines: list[str] = []
        self.browser: Browser | None = None
        self.jupyter: Jupyter | None = None

    def note(self, line: str) -> None:
        """Note a line with its time."""
        self._lines.append(f"{datetime.now().isoformat(timespec='milliseconds')} {line}")

    def watch(self, context: BrowserContext) -> None:
        """Note what the pages of a context write to the console, and what they ask in vain."""
        context.on("console", lambda each: self.note(f"console {each.type}: {each.text}"))
        context.on("weberror", lambda each: self.note(f"error: {each.error}"))
        context.on("requestfailed", lambda each: self.note(f"no answer: {each.method} {each.url} {each.failure}"))
        context.on("response", lambda each: self.note(f"{each.status} {each.url}") if each.status >= 400 else None)
        context.on("page", self._watch_page)

    def keep(self) -> Path:
        """Keep what there is to see, as far as it can be had; return the folder, which is a new one."""
        folder = Path(tempfile.mkdtemp(prefix="browser-test-"))
        pages = [page for context in self.browser.contexts for page in context.pages] if self.browser else []
        for number, page in enumerate(pages):
            _write(folder / f"page {number}.json", _said_by(page))
            _write(folder / f"page {number}.png", _picture_of(page))
        (folder / "console.txt").write_text("\n".join(self._lines), encoding="utf-8")
        if self.jupyter:
            for what in ("sessions", "kernels", "status"):
                _write(folder / f"{what}.json", _told_by(self.jupyter, what))
            shutil.copy(self.jupyter.log, folder / "jupyterlab.log")
        return folder

    def _watch_page(self, page: Page) -> None:
        page.on("crash", lambda _: self.note("the page crashed"))
        page.on("framenavigated", lambda each: self.note(f"shows {each.url}"))
        page.on("websocket", lambda each: each.on("close", lambda _: self.note(f"web socket closed: {each.url}")))


def _write(file: Path, had: Callable[[], bytes]) -> None:
    try:
        file.write_bytes(had())
    except (PlaywrightError, httpx.HTTPError, OSError) as failure:
        file.with_suffix(".failed.txt").write_text(str(failure), encoding="utf-8")


def _said_by(page: Page) -> Callable[[], bytes]:
    # Not page.evaluate: nothing would end its wait for a page that hangs.
    return lambda: json.dumps(page.wait_for_function(_STATE, timeout=PATIENCE).json_value(), indent=1).encode()


def _picture_of(page: Page) -> Callable[[], bytes]:
    return lambda: page.screenshot(timeout=PATIENCE)


def _told_by(jupyter: Jupyter, what: str) -> Callable[[], bytes]:
    return lambda: jupyter.ask(f"api/{what}")
