"""The commands `open` and `notebooks`: JupyterLab on a notebook, on this machine only, and copies of the notebooks."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import click
import httpx

from auth0_mfa_lab.files import write_whole

HOST = "127.0.0.1"
SECONDS_TO_START = 180.0  # its first start compiles what was installed
# Jupyter asks for its news and updates: the only requests that would leave this machine.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
PACKAGE = Path(__file__).parents[1]
HASHES = PACKAGE / "notebooks.sha256"
"""The SHA-256 of each shipped notebook, as sha256sum writes it; `make notebooks` renews it."""
COPIES, FIRST = Path("auth0-mfa-lab"), "00_start_here.ipynb"
BESIDE = (".env.example", ".gitignore")
"""What is copied with the notebooks: one's own tenant is a `.env` beside them, which git must ignore."""
TEXT_BROWSERS = {"www-browser", "links", "elinks", "lynx", "w3m"}


@click.command("open")
@click.argument("notebook", type=click.Path(path_type=Path), required=False)
@click.option("--port", type=click.IntRange(1, 65535), default=8888, show_default=True)
@click.option("--browser/--no-browser", default=True, help="Open a browser, where there is one.")
def open_notebook(notebook: Path | None, port: int, browser: bool) -> None:
    """Open a notebook in JupyterLab until Ctrl-C.

    Without NOTEBOOK it is the lab's first one. Where this folder has no notebooks of the lab, it copies them into
    auth0-mfa-lab/.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise click.ClickException("JupyterLab is not installed: pip install jupyterlab ipykernel")
    if notebook and not notebook.is_file():
        raise click.ClickException(f"there is no notebook {notebook}: without a name, `open` opens the lab's first")
    with socket.socket() as probe:
        if os.name == "posix":  # or a port that was left a moment ago would count as taken
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            other = 8899 if port != 8899 else 8900
            said = f"port {port} is taken: add --port {other} (make lab PORT={other})"
            raise click.ClickException(said) from None
    with suppress(webbrowser.Error):
        browser = browser and getattr(webbrowser.get(), "name", "") not in TEXT_BROWSERS
    for each in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):  # Windows has no SIGHUP
        signal.signal(each, signal.default_int_handler)
    file, here = (notebook or _first()).resolve(), Path.cwd()
    root = here if file.is_relative_to(here) else file.parent
    _trust_shipped({file.parent, file.parent.parent, root / "notebooks"})
    page = "/lab/tree/" + quote(file.relative_to(root).as_posix())
    token = secrets.token_hex(24)
    http = httpx.Client(base_url=f"http://{HOST}:{port}", headers={"Authorization": f"token {token}"}, trust_env=False)
    with http, tempfile.TemporaryDirectory() as private:
        # In a folder that only its owner can read: every user of the machine can read a command line.
        config = Path(private, "jupyter_config.json")
        at = {"ip": HOST, "port": port, "port_retries": 0, "base_url": "/", "root_dir": str(root)}
        # Jupyter refuses root, and in a container one is root.
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        page_app = {"default_url": page, "app_settings_dir": private}
        settings = {"Application": {"log_level": "ERROR"}, "IdentityProvider": {"token": token}, "LabApp": page_app}
        served = {**at, "open_browser": browser, "allow_root": is_root}
        config.write_text(json.dumps({**settings, "ServerApp": served}), encoding="utf-8")
        Path(private, "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        code = 0
        with suppress(KeyboardInterrupt), _running(config, http) as server:
            config.unlink()
            click.echo(f"JupyterLab: http://{HOST}:{port}{page}?token={token} (Ctrl-C stops it)")
            code = server.wait()
    if code:
        raise click.ClickException(f"JupyterLab ended by itself, with exit code {code}")


@click.command("notebooks")
@click.argument("folder", type=click.Path(path_type=Path), default=COPIES)
def copy_notebooks(folder: Path) -> None:
    """Copy the lab's notebooks into FOLDER (auth0-mfa-lab/).

    It never writes over a file, and says for each: copied, unchanged, or changed and kept.
    """
    for name, became in _copied(folder).items():
        click.echo(f"{became:13}  {folder / name}")


def _first() -> Path:
    """Return the first notebook: of a checkout, of a folder with copies, or of the copies that are made here."""
    for there in (Path("notebooks", FIRST), Path(FIRST)):
        if there.is_file():
            return there
    if copied := list(_copied(COPIES).values()).count("copied"):
        click.echo(f"{copied} files copied into {COPIES}")
    return COPIES / FIRST


def _copied(folder: Path) -> dict[str, str]:
    """Copy what is shipped, never over a file, and return what became of each file; raises ClickException."""
    shipped = PACKAGE / "shipped"  # in a wheel; a checkout has it all beside the package
    source = shipped if shipped.is_dir() else PACKAGE.parent
    files = {name: source / "notebooks" / name for name in _shipped()} | {name: source / name for name in BESIDE}
    became = dict[str, str]()
    for name, file in files.items():
        target = folder / name
        try:
            text = file.read_text(encoding="utf-8")
            if os.path.lexists(target):
                is_same = target.is_file() and target.read_bytes() == text.encode()
                became[name] = "unchanged" if is_same else "changed, kept"
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, text, private=False)
            became[name] = "copied"
        except OSError as problem:
            raise click.ClickException(f"{file.name} cannot be copied to {target} ({problem.strerror})") from None
    return became


@contextmanager
def _running(config: Path, http: httpx.Client) -> Iterator[subprocess.Popen[bytes]]:
    """Run JupyterLab, and give it when it answers; at the end it and its kernels are gone."""
    command = [sys.executable, "-m", "jupyterlab", f"--config={config}"]
    # A process group of its own: at Ctrl-C in the terminal Jupyter would ask its own question.
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, creationflags=flags)
    deadline, answers = time.monotonic() + SECONDS_TO_START, False
    try:
        while not answers:
            if server.poll() is not None:
                raise click.ClickException(f"JupyterLab did not start (exit code {server.returncode})")
            if time.monotonic() >= deadline:
                raise click.ClickException(f"JupyterLab did not answer within {SECONDS_TO_START:.0f} seconds")
            try:
                answers = http.get("/api/status").is_success
            except httpx.TransportError:
                time.sleep(0.1)
        yield server
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave kernels behind
        try:
            if server.poll() is None:
                http.post("/api/shutdown").raise_for_status()
            server.wait(timeout=10)
        except (httpx.HTTPError, subprocess.TimeoutExpired):
            server.kill()
            server.wait()


def _trust_shipped(folders: set[Path]) -> None:
    """Sign the shipped notebooks that lie in these folders, as `jupyter trust` does; no other file is signed."""
    # JupyterLab shows no widget in a notebook that it does not trust until each cell with an output has run: a clone's
    # notebooks have saved outputs, and a panel would be a picture again after a reload of the page.
    from jupyter_core.paths import jupyter_data_dir
    from nbformat import NO_CONVERT, reads
    from nbformat.sign import NotebookNotary

    shipped = _shipped()
    try:
        data = Path(jupyter_data_dir())
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        notary = NotebookNotary(data_dir=str(data))
        with closing(notary.store):
            for path, digest in ((folder / name, digest) for folder in folders for name, digest in shipped.items()):
                if path.is_file() and hashlib.sha256(content := path.read_bytes()).hexdigest() == digest:
                    notary.sign(reads(content.decode(), NO_CONVERT))  # type: ignore[no-untyped-call]  # nbformat has no types
    except (OSError, sqlite3.Error) as error:
        why = f"Jupyter cannot note that it trusts the notebooks ({error}): run a panel's cell for its buttons."
        click.echo(why, err=True)


def _shipped() -> dict[str, str]:
    """Return the hash of each shipped notebook by its name."""
    lines = HASHES.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
