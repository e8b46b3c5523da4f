"""The command `auth0-mfa-lab open`: opens JupyterLab on a notebook, on this machine only."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

if TYPE_CHECKING:
    import httpx

HOST = "127.0.0.1"
SECONDS_TO_START = 60.0
# Jupyter asks for its news and updates: the only requests that would leave this machine.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
HASHES = Path(__file__).parent.with_name("notebooks.sha256")
"""The SHA-256 of each shipped notebook, as sha256sum writes it; `make notebooks` renews it."""
TEXT_BROWSERS = {"www-browser", "links", "elinks", "lynx", "w3m"}


@click.command("open")
@click.argument("notebook", type=click.Path(path_type=Path), default="notebooks/00_start_here.ipynb")
@click.option("--port", type=click.IntRange(1, 65535), default=8888, show_default=True)
@click.option("--browser/--no-browser", default=True, help="Open a browser, where there is one.")
def open_notebook(notebook: Path, port: int, browser: bool) -> None:
    """Open NOTEBOOK in JupyterLab until Ctrl-C."""
    import httpx

    _refuse_what_cannot_work(notebook, port)
    with suppress(webbrowser.Error):
        browser = browser and getattr(webbrowser.get(), "name", "") not in TEXT_BROWSERS
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    root = Path.cwd() if notebook.resolve().is_relative_to(Path.cwd()) else notebook.resolve().parent
    folder = notebook.resolve().parent
    trust_shipped([folder, folder.parent, root / "notebooks"])
    page = "/lab/tree/" + quote(notebook.resolve().relative_to(root).as_posix())
    token = secrets.token_hex(24)
    http = httpx.Client(base_url=f"http://{HOST}:{port}", headers={"Authorization": f"token {token}"}, trust_env=False)
    with http, tempfile.TemporaryDirectory(prefix="auth0-mfa-lab-") as private:
        # In a folder that only its owner can read: every user of the machine can read a command line.
        file = Path(private, "jupyter_config.json")
        config = {
            "Application": {"log_level": "ERROR"},
            "IdentityProvider": {"token": token},
            "LabApp": {"default_url": page, "app_settings_dir": private},
            "ServerApp": {
                "ip": HOST,
                "port": port,
                "port_retries": 0,
                "base_url": "/",
                "root_dir": str(root),
                "open_browser": browser,
                # Jupyter refuses root, and in a container one is root.
                "allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,
            },
        }
        file.write_text(json.dumps(config), encoding="utf-8")
        Path(private, "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        # A process group of its own: at Ctrl-C in the terminal Jupyter would ask its own question.
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", f"--config={file}"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        try:
            _wait_until_it_answers(server, http)
            file.unlink()
            click.echo(f"JupyterLab: http://{HOST}:{port}{page}?token={token} (Ctrl-C stops it)")
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            _end(server, http)
    if code:
        raise click.ClickException(f"JupyterLab ended by itself, with exit code {code}")


def _refuse_what_cannot_work(notebook: Path, port: int) -> None:
    if importlib.util.find_spec("jupyterlab") is None:
        raise click.ClickException("JupyterLab is not installed: pip install 'auth0-mfa-lab[lab]'")
    if not notebook.is_file():
        raise click.ClickException(f"there is no notebook {notebook}: run this in the project's folder")
    with socket.socket() as probe:
        if os.name == "posix":  # or a port that was left a moment ago would count as taken
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            other = 8899 if port != 8899 else 8900
            raise click.ClickException(f"port {port} is taken: make lab PORT={other}") from None


def _wait_until_it_answers(server: subprocess.Popen[bytes], http: httpx.Client) -> None:
    import httpx

    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise click.ClickException(f"JupyterLab did not start (exit code {server.returncode})")
        try:
            if http.get("/api/status").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise click.ClickException(f"JupyterLab did not answer within {SECONDS_TO_START:.0f} seconds")


def _end(server: subprocess.Popen[bytes], http: httpx.Client) -> None:
    import httpx

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave kernels behind
    try:
        if server.poll() is None:
            http.post("/api/shutdown").raise_for_status()
        server.wait(timeout=10)
    except (httpx.HTTPError, subprocess.TimeoutExpired):
        server.kill()
        server.wait()


def trust_shipped(folders: Iterable[Path]) -> None:
    """Sign the shipped notebooks that lie in these folders, as `jupyter trust` does; no other file is signed.

    JupyterLab shows no widget in a notebook that it does not trust, until each cell with an output has run. A clone's
    notebooks have saved outputs: without trust, a panel is a picture again after a reload of the page.
    """
    import sqlite3

    from jupyter_core.paths import jupyter_data_dir
    from nbformat import NO_CONVERT, reads
    from nbformat.sign import NotebookNotary

    lines = HASHES.read_text(encoding="utf-8").splitlines()
    shipped = [(name, digest) for digest, name in (line.split("  ", 1) for line in lines)]
    try:
        data = Path(jupyter_data_dir())
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        notary = NotebookNotary(data_dir=str(data))
        try:
            for path, digest in ((folder / name, digest) for folder in {*folders} for name, digest in shipped):
                if path.is_file() and hashlib.sha256(content := path.read_bytes()).hexdigest() == digest:
                    notary.sign(reads(content.decode(), NO_CONVERT))  # type: ignore[no-untyped-call]  # nbformat has no types
        finally:
            notary.store.close()
    except (OSError, sqlite3.Error) as error:
        click.echo(
            f"Jupyter cannot note that it trusts the notebooks ({error}): run a panel's cell for its buttons.", err=True
        )
