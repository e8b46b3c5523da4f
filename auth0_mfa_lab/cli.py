"""The command `auth0-mfa-lab`: opens JupyterLab on a notebook, on this machine only."""

from __future__ import annotations

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
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from auth0_mfa_lab import __version__
from auth0_mfa_lab.cli_serve import serve
from auth0_mfa_lab.cli_trust import trust_shipped

if TYPE_CHECKING:
    import httpx

HOST = "127.0.0.1"
SECONDS_TO_START = 60.0
# Jupyter asks for its news and updates: the only requests that would leave this machine.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
TEXT_BROWSERS = {"www-browser", "links", "elinks", "lynx", "w3m"}


class Commands(click.Group):
    """The commands; those that speak to a server are imported when one of them is meant: `serve` must start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all."""
        self._import_the_rest()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name."""
        if cmd_name not in self.commands:
            self._import_the_rest()
        return super().get_command(ctx, cmd_name)

    def _import_the_rest(self) -> None:
        from auth0_mfa_lab import cli_cleanup, cli_control, cli_doctor, cli_drift, cli_scan

        cli_cleanup.register(self)
        cli_control.register(self)
        cli_doctor.register(self)
        cli_drift.register(self)
        cli_scan.register(self)


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="auth0-mfa-lab")
def main() -> None:
    """See Auth0's MFA API at work, request by request."""


main.add_command(serve)


@main.command("open")
@click.argument("notebook", type=click.Path(path_type=Path), default="notebooks/00_start_here.ipynb")
@click.option("--port", type=click.IntRange(1, 65535), default=8888, show_default=True)
@click.option("--browser/--no-browser", default=True, help="Open a browser, where there is one.")
def open_notebook(notebook: Path, port: int, browser: bool) -> None:
    """Open NOTEBOOK in JupyterLab until Ctrl-C."""
    import httpx

    _refuse_what_cannot_work(notebook, port)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stop)
    root = Path.cwd() if notebook.resolve().is_relative_to(Path.cwd()) else notebook.resolve().parent
    _trust_shipped(notebook.resolve().parent, root)
    page = "/lab/tree/" + quote(notebook.resolve().relative_to(root).as_posix())
    token = secrets.token_hex(24)
    http = httpx.Client(base_url=f"http://{HOST}:{port}", headers={"Authorization": f"token {token}"}, trust_env=False)
    with http, tempfile.TemporaryDirectory(prefix="auth0-mfa-lab-") as folder:
        # In a folder that only its owner can read: a command line can be read by anybody on the machine.
        file = Path(folder, "jupyter_config.json")
        config = _jupyter_config(root, port, token, browser)
        config["LabApp"] = {"default_url": page, "app_settings_dir": folder}
        file.write_text(json.dumps(config), encoding="utf-8")
        Path(folder, "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        server = _start(file)
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


def _trust_shipped(folder: Path, root: Path) -> None:
    """Trust the shipped notebooks beside the one in `folder`, and in the project's folder of notebooks."""
    import sqlite3

    try:
        trust_shipped([folder, folder.parent, root / "notebooks"])
    except (OSError, sqlite3.Error) as error:
        click.echo(
            f"Jupyter cannot note that it trusts the notebooks ({error}): run a panel's cell for its buttons.", err=True
        )


def _jupyter_config(root: Path, port: int, token: str, browser: bool) -> dict[str, object]:
    return {
        "Application": {"log_level": "ERROR"},
        "IdentityProvider": {"token": token},
        "ServerApp": {
            "ip": HOST,
            "port": port,
            "port_retries": 0,
            "base_url": "/",
            "root_dir": str(root),
            "open_browser": browser and _has_a_browser(),
            # Jupyter refuses root, and in a container one is root.
            "allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,
        },
    }


def _has_a_browser() -> bool:
    try:
        return getattr(webbrowser.get(), "name", "") not in TEXT_BROWSERS
    except webbrowser.Error:
        return False


def _start(config: Path) -> subprocess.Popen[bytes]:
    # A process group of its own: at Ctrl-C in the terminal Jupyter would ask its own question.
    return subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", f"--config={config}"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


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


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
