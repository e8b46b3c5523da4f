"""What is kept of a test that fails: pages, what they said, JupyterLab's log, its kernels and sessions."""

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
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
  theme: document.body.dataset.jpThemeName,
  dialogs: [...document.querySelectorAll(".jp-Dialog")].map(each => each.innerText),
  commandEnded: window.commandEnded,
  answered: window.answered,
  tabs: [...(window.jupyterapp?.shell.widgets("main") ?? [])].map(each => ({
    visible: each.isVisible, path: each.context?.path, contextReady: each.context?.isReady,
    sessionReady: each.sessionContext?.isReady, kernel: each.sessionContext?.session?.kernel?.id,
    status: each.sessionContext?.kernelDisplayStatus,
    connection: each.sessionContext?.session?.kernel?.connectionStatus,
  })),
})"""


class Evidence:
    """Notes what the pages of a browser say, and keeps it with all else there is to see when a test fails."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.browser: Browser | None = None
        self.jupyter: Jupyter | None = None

    def note(self, line: str) -> None:
        self._lines.append(f"{datetime.now().isoformat(timespec='milliseconds')} {line}")

    def watch(self, context: BrowserContext) -> None:
        """Note what the pages of a context write to the console, and what they ask in vain."""
        context.on("console", lambda each: self.note(f"console {each.type}: {each.text}"))
        context.on("weberror", lambda each: self.note(f"error: {each.error}"))
        context.on("requestfailed", lambda each: self.note(f"no answer: {each.method} {each.url} {each.failure}"))
        context.on("response", lambda each: self.note(f"{each.status} {each.url}") if each.status >= 400 else None)

    def keep(self) -> Path:
        """Keep what there is to see, as far as it can be had; return the folder, which is a new one."""
        folder = Path(tempfile.mkdtemp(prefix="browser-test-"))
        wanted: dict[str, Callable[[], bytes]] = {"console.txt": lambda: "\n".join(self._lines).encode()}
        pages = [page for context in self.browser.contexts for page in context.pages] if self.browser else []
        for number, page in enumerate(pages):
            wanted[f"page {number}.json"] = partial(_said_by, page)
            wanted[f"page {number}.png"] = partial(page.screenshot, timeout=PATIENCE)
        if self.jupyter:
            wanted |= {f"{what}.json": partial(self.jupyter.ask, f"api/{what}") for what in ("sessions", "kernels")}
            shutil.copy(self.jupyter.log, folder / "jupyterlab.log")
        for name, had in wanted.items():
            try:
                (folder / name).write_bytes(had())
            except (PlaywrightError, httpx.HTTPError) as failure:
                (folder / name).with_suffix(".failed.txt").write_text(str(failure), encoding="utf-8")
        return folder


def _said_by(page: Page) -> bytes:
    # Not page.evaluate: nothing would end its wait for a page that hangs.
    return json.dumps(page.wait_for_function(_STATE, timeout=PATIENCE).json_value(), indent=1).encode()
