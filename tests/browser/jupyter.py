"""A real JupyterLab on a loopback port: the harness of the browser tests, with the notebooks that it opens."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from playwright.sync_api import Page

from tests.browser.notebook_page import DARK, LIGHT, SECONDS, KernelDied, Notebook, close_all, until

__all__ = [
    "DARK",
    "LIGHT",
    "NEWS",
    "NOTEBOOKS",
    "SECONDS",
    "THEMES",
    "WIDGETS",
    "Jupyter",
    "KernelDied",
    "Notebook",
    "close_all",
    "notebook_of",
    "until",
]
THEMES = "@jupyterlab/apputils-extension:themes"
NEWS = "@jupyterlab/apputils-extension:notification"
NOTEBOOKS = "@jupyterlab/notebook-extension:tracker"
WIDGETS = "@jupyter-widgets/jupyterlab-manager:plugin"
_CONFIG: Mapping[str, Mapping[str, object]] = {
    "Application": {"log_level": "INFO"},
    # Any free port: two servers that begin at once would both find the same one free, and one of them end.
    "ServerApp": {"ip": "127.0.0.1", "port": 0, "base_url": "/", "open_browser": False},
    "LabApp": {
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        # Commands are given by name: menus differ between versions, and a closing menu swallows a click.
        "expose_app_in_browser": True,
    },
}


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
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", f"--config={file}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
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
        self.end_sessions()

    def end_sessions(self) -> None:
        """End all sessions with their kernels."""
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
        """Open a notebook in a page, and wait until its kernel takes requests; a warning when it takes a second start.

        A page that shows JupyterLab already opens it in a further tab, which takes a quarter of the time.
        """
        try:
            return self._opened(page, name)
        except KernelDied as died:
            # The server chooses a kernel's ports before the kernel takes them: meanwhile another process may.
            warnings.warn(f"{died}, and is started again:\n{self._end_of_the_log()}", stacklevel=2)
            close_all(page)
            self.end_sessions()
            return self._opened(page, name)

    def kernel_is_ready(self, name: str) -> bool:
        """Whether the kernel of a notebook is idle and the page's web socket is up."""
        sessions = [each for each in self._http.get("api/sessions").json() if each["path"] == name]
        kernels = [self._http.get(f"api/kernels/{each['kernel']['id']}").json() for each in sessions]
        return any(each["connections"] >= 1 and each["execution_state"] == "idle" for each in kernels)

    def kernels_that_died(self) -> int:
        """Return how many kernels have ended by themselves so far: the server begins another for each."""
        return self._said().count("KernelRestarter: restarting kernel")

    def ask(self, path: str) -> bytes:
        """Return what the server answers at a path of its REST API."""
        return self._http.get(path).raise_for_status().content

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

    def _opened(self, page: Page, name: str) -> Notebook:
        notebook = Notebook(page, self, name)
        if page.url == "about:blank":
            page.goto(self.entry % (f"w{secrets.token_hex(4)}", quote(name)))
        else:
            notebook.command("docmanager:open", path=name)
        notebook.wait_ready()
        return notebook

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
        assert self._server.poll() is None, f"JupyterLab ended by itself:\n{self._end_of_the_log()}"

    def _said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _end_of_the_log(self) -> str:
        return self._said()[-2000:]


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
