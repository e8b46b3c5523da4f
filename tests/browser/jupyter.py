"""A Chromium, and a real JupyterLab on a loopback port: the harness of the browser tests."""

import itertools
import json
import os
import secrets
import shutil
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.notebook_page import DARK, LIGHT, SECONDS, TASKS, KernelDied, Notebook, notebook_of, until

__all__ = ["DARK", "LIGHT", "SECONDS", "TASKS", "Jupyter", "KernelDied", "Notebook", "notebook_of", "until"]
_CONFIG: dict[str, dict[str, object]] = {
    "Application": {"log_level": "INFO"},
    # Any free port: two servers that begin at once would both find the same one free, and one of them end.
    "ServerApp": {"ip": "127.0.0.1", "port": 0, "base_url": "/", "open_browser": False},
    # Commands are given by name: menus differ between versions, and a closing menu swallows a click.
    "LabApp": {
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "expose_app_in_browser": True,
    },
}
# A question that covers the lower right; and a save of JupyterLab's own, which would meet one of a test.
_SETTINGS: Mapping[str, Mapping[str, object]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
_FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}


def launched(playwright: Playwright) -> Browser | None:
    """Start what CHROMIUM names, or the first Chromium, without its background requests; None if none is there."""
    installed = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    if (path := os.environ.get("CHROMIUM") or next(filter(None, installed), None)) is None:
        return None
    quiet = ("gpu", "background-networking", "component-update", "sync")
    arguments = ["--no-first-run", *(f"--disable-{each}" for each in quiet)]
    # A sandbox of Chromium's own cannot be made by root in a container.
    return playwright.chromium.launch(executable_path=path, args=arguments, chromium_sandbox=False)


class Jupyter:
    """One JupyterLab server with settings, kernels and notebooks of its own, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.notebooks, self.log = folder, folder / "notebooks", folder / "server.log"
        self._numbers = itertools.count(1)
        self.notebooks.mkdir()
        token = secrets.token_hex(16)
        root = {"root_dir": str(self.notebooks), "allow_root": hasattr(os, "geteuid") and os.geteuid() == 0}
        own = {"IdentityProvider": {"token": token}, "ServerApp": {**_CONFIG["ServerApp"], **root}}
        (folder / "config.json").write_text(json.dumps(_CONFIG | own), encoding="utf-8")
        for name, values in _SETTINGS.items():
            settings = folder / "settings" / f"{name}.jupyterlab-settings"
            settings.parent.mkdir(parents=True)
            settings.write_text(json.dumps(values), encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUTH0_", "JUPYTER"))}
        with self.log.open("wb") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", f"--config={folder / 'config.json'}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=kept | {name: str(folder / part) for name, part in _FOLDERS.items()},
                start_new_session=True,
            )
        address = until(self._address, "JupyterLab starts")
        self.host = urlsplit(address).netloc
        headers = {"authorization": f"token {token}"}
        self._http = httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=SECONDS)
        until(self._answers, "JupyterLab answers")
        self._entry = f"{address}lab/workspaces/%s/tree/%s?token={token}"

    def close(self) -> None:
        try:
            self._http.post("api/shutdown")
            self._server.wait(timeout=20)
        except (httpx.HTTPError, subprocess.TimeoutExpired):
            self._server.kill()
            self._server.wait()
        self._http.close()

    def end_sessions(self, name: str | None = None) -> None:
        for session in self._http.get("api/sessions").json():
            if name in (None, session["path"]):
                self._http.delete(f"api/sessions/{session['id']}").raise_for_status()

    def add(self, name: str, content: Mapping[str, object]) -> None:
        (self.notebooks / name).write_text(json.dumps(content), encoding="utf-8")

    def open(self, page: Page) -> Notebook:
        """Open a new notebook, and wait until its kernel takes requests; a warning when it takes a second start."""
        notebook = Notebook(page, self, f"scene-{next(self._numbers)}.ipynb")
        self.add(notebook.name, notebook_of(["None"]))
        try:
            self._open(notebook)
        except KernelDied as died:
            # The server chooses a kernel's ports before the kernel takes them: meanwhile another process may.
            warnings.warn(f"{died}, and is started again:\n{self._said()[-2000:]}", stacklevel=2)
            notebook.close()
            self._open(notebook)
        return notebook

    def address_of(self, name: str) -> str:
        """Return the address of a notebook, in a workspace of its own.

        A layout of before would open the notebook, too: on a busy machine each way with a session, one without widgets.
        """
        return self._entry % (secrets.token_hex(4), quote(name))

    def kernel_is_ready(self, name: str) -> bool:
        """Whether the kernel of a notebook is idle and the page's web socket is up."""
        kernels = [each["kernel"] for each in self._http.get("api/sessions").json() if each["path"] == name]
        return any(each["connections"] >= 1 and each["execution_state"] == "idle" for each in kernels)

    def kernels_that_died(self) -> int:
        """Return how many kernels have ended by themselves so far: the server begins another for each."""
        return self._said().count("KernelRestarter: restarting kernel")

    def ask(self, path: str) -> bytes:
        return self._http.get(path).raise_for_status().content

    def _open(self, notebook: Notebook) -> None:
        died = self.kernels_that_died()
        if notebook.page.url == "about:blank":
            notebook.page.goto(self.address_of(notebook.name))
        else:
            notebook.command("docmanager:open", path=notebook.name)
        notebook.wait_ready(died)

    def _address(self) -> str | None:
        assert self._server.poll() is None, f"JupyterLab ended by itself:\n{self._said()[-2000:]}"
        for file in (self.folder / "runtime").glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text(encoding="utf-8"))["url"])
            except ValueError:  # half written
                continue
        return None

    def _answers(self) -> bool:
        try:
            return self._http.get("api/status").is_success
        except httpx.TransportError:
            return False

    def _said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")
