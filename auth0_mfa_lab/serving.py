"""The work of `auth0-mfa-lab serve`: a sandbox on a socket, and the file that tells applications how to reach it."""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from auth0_mfa_lab.sandbox import Clock, Sandbox, WallClock
from auth0_mfa_lab.sandbox.records import Profile
from auth0_mfa_lab.sandbox.server import Server, is_loopback

HEAD = "# Written by auth0-mfa-lab serve, and overwritten by its next start."
PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=!-]*")


class CannotServe(Exception):
    """What stands in the way, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `serve` is asked for. Without a `seed` everything is drawn from the system's own chance."""

    host: str = "localhost"
    port: int = 8443
    tls: bool = True
    names: tuple[str, ...] = ()
    allow_remote: bool = False
    profile: Profile = "docs"
    seed: int | None = None
    frozen: bool = False
    env_file: Path | None = None


def serve(wish: Wish, *, say: Callable[[str], None], warn: Callable[[str], None]) -> None:
    """Serve until a signal; `say` is given the one line when the first request can be answered.

    Raises CannotServe, before anything is served.
    """
    if not is_loopback(wish.host):
        if not wish.allow_remote:
            raise CannotServe(f"--host {wish.host} lets other machines in: add --allow-remote if that is wanted")
        warn(f"Other machines reach this server at {wish.host}: whoever has its secrets can do anything in it.")
    if wish.env_file is not None:
        _must_be_ours(wish.env_file)
    server = _server(wish)

    def ready() -> None:
        if wish.env_file is not None:
            write_env_file(wish.env_file, server)
        say(_ready_line(server, wish.env_file))

    try:
        server.run(ready)
    finally:
        server.stop()


def _server(wish: Wish) -> Server:
    sandbox = Sandbox(
        profile=wish.profile,
        seed=secrets.token_hex(16) if wish.seed is None else wish.seed,
        clock=Clock() if wish.frozen else WallClock(),
    )
    try:
        return Server(
            sandbox,
            host=wish.host,
            port=wish.port,
            tls=wish.tls,
            names=wish.names,
            allow_remote=wish.allow_remote,
        )
    except ValueError as problem:
        raise CannotServe(str(problem)) from None
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise CannotServe(f"port {wish.port} of {wish.host} cannot be had ({reason}): try --port 0") from None


def _ready_line(server: Server, env_file: Path | None) -> str:
    if env_file is not None:
        return f"{server.url}/ is ready; its settings are in {env_file} (Ctrl-C stops it)"
    return f"{server.url}/ is ready; its page is {server.url}/_lab/#token={server.token} (Ctrl-C stops it)"


def environment(server: Server, folder: Path) -> dict[str, str]:
    """Return the variables that an application, its SDKs and the lab read; certificates are files of `folder`."""
    defaults = server.sandbox.defaults
    values = {
        "AUTH0_LAB_TENANT": "served",
        "AUTH0_DOMAIN": server.domain,
        "AUTH0_CLIENT_ID": defaults.client_id,
        "AUTH0_CLIENT_SECRET": defaults.client_secret,
        "AUTH0_PUBLIC_CLIENT_ID": defaults.public_client_id,
        "AUTH0_MGMT_CLIENT_ID": defaults.mgmt_client_id,
        "AUTH0_MGMT_CLIENT_SECRET": defaults.mgmt_client_secret,
        "AUTH0_USERNAME": defaults.username,
        "AUTH0_PASSWORD": defaults.password,
        "AUTH0_PHONE_NUMBER": defaults.phone_number,
        "AUTH0_EMAIL": defaults.email,
        "AUTH0_AUDIENCE": defaults.audience,
        "AUTH0_LAB_TOKEN": server.token,
    }
    if server.certificates is None:
        return values
    authority, bundle = str(folder / "ca.pem"), str(folder / "bundle.pem")
    files = {"AUTH0_CA_FILE": authority, "NODE_EXTRA_CA_CERTS": authority}
    return values | files | {"REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}


def write_env_file(file: Path, server: Server) -> None:
    """Write a dotenv file that sh can source, and its certificates beside it; nobody else can read them.

    Whoever sees the file sees it whole, with certificates that are there. Raises CannotServe.
    """
    file = file.absolute()
    folder = folder_of(file)
    try:
        _begin_folder(folder)
        if server.certificates is not None:
            _write(folder / "ca.pem", server.certificates.ca_pem)
            _write(folder / "bundle.pem", server.certificates.bundle())
        _write(file, dotenv(environment(server, folder)).encode())
    except OSError as problem:
        raise CannotServe(f"{file} cannot be written ({problem.strerror})") from None


def folder_of(file: Path) -> Path:
    """Return where the certificates of an env file are."""
    return file.with_name(f"{file.name}.d")


def dotenv(values: Mapping[str, str]) -> str:
    """Return variables as a text in which sh and python-dotenv read the same values."""
    return "\n".join([HEAD, *(f"{name}={quoted(value)}" for name, value in values.items())]) + "\n"


def quoted(value: str) -> str:
    """Return a value as it stands in the file; most need no quotes, which some readers would take as they are."""
    if PLAIN.fullmatch(value):
        return value
    if "\n" in value or ("'" in value and re.search(r'["$`\\!]', value)) or ("\\" in value):
        raise CannotServe(f"{value!r} cannot be written so that every reader of the file understands it")
    return f'"{value}"' if "'" in value else f"'{value}'"


def _must_be_ours(file: Path) -> None:
    """Refuse a file that somebody else wrote, and take away one that tells of a server that has ended."""
    if not file.absolute().parent.is_dir():
        raise CannotServe(f"there is no folder {file.absolute().parent} for --env-file")
    try:
        is_ours = not file.exists() or file.read_text(encoding="utf-8", errors="replace").startswith(HEAD)
    except OSError as problem:
        raise CannotServe(f"--env-file {file} cannot be read ({(problem.strerror or '').lower()})") from None
    if not is_ours:
        raise CannotServe(f"{file} is not a file of auth0-mfa-lab serve: name another one for --env-file")
    folder = folder_of(file.absolute())
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CannotServe(f"{folder} must be a folder: it is for the certificates")
    # Whoever waits for the file waits for this server, not for the one before.
    file.unlink(missing_ok=True)


def _begin_folder(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)


def _write(file: Path, content: bytes) -> None:
    """Put a file in its place at once, readable by its owner alone."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
