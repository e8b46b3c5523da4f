"""The work of `auth0-mfa-lab serve`: a sandbox on a socket, and the file that tells applications how to reach it."""

import hashlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from auth0_mfa_lab.sandbox import Clock, Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server, is_loopback
from auth0_mfa_lab.sandbox.settings import Profile

HEAD = "# Written by auth0-mfa-lab serve, and overwritten by its next start. SHA-256 of the lines below: "
"""How the first line of each file of a server begins; the digest tells a file that the user has added to."""
LARGEST_FILE = 4 * 1024 * 1024
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

    The env file is there while the server answers. Raises CannotServe, before anything is served.
    """
    if not is_loopback(wish.host):
        if not wish.allow_remote:
            raise CannotServe(f"--host {wish.host} lets other machines in: add --allow-remote if that is wanted")
        warn(f"Other machines reach this server at {wish.host}: whoever has its secrets can do anything in it.")
    if wish.env_file is not None and not wish.env_file.absolute().parent.is_dir():
        raise CannotServe(f"there is no folder {wish.env_file.absolute().parent} for --env-file")
    server = _server(wish)
    files: dict[Path, bytes] = {}

    def ready() -> None:
        _write_all(files)
        say(_ready_line(server, wish.env_file))

    try:
        if wish.env_file is not None:
            files = _files(wish.env_file, server)
            _remove_stale(wish.env_file, files)
        server.run(ready)
    finally:
        server.stop()
        _remove_written(files)


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


def environment(server: Server, env_file: Path) -> dict[str, str]:
    """Return the variables that an application, its SDKs and the lab read; certificates lie beside the env file."""
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
    authority, bundle = map(str, certificate_files(env_file))
    files = {"AUTH0_CA_FILE": authority, "NODE_EXTRA_CA_CERTS": authority}
    return values | files | {"REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}


def certificate_files(env_file: Path) -> tuple[Path, Path]:
    """Return where the CA of an env file's server is, and the bundle of all roots with it."""
    file = env_file.absolute()
    return file.with_name(f"{file.name}.ca.pem"), file.with_name(f"{file.name}.bundle.pem")


def write_env_file(file: Path, server: Server) -> None:
    """Write a dotenv file that sh can source, and its certificates beside it; only their owner can read them.

    The file appears whole, after its certificates. Raises CannotServe, also where a file is that the lab did not write.
    """
    _write_all(_files(file, server))


def dotenv(values: Mapping[str, str]) -> str:
    """Return variables as a text in which sh and python-dotenv read the same values."""
    return "".join(f"{name}={quoted(value)}\n" for name, value in values.items())


def quoted(value: str) -> str:
    """Return a value as it stands in the file; most need no quotes, which some readers would take as they are."""
    if PLAIN.fullmatch(value):
        return value
    if "\n" in value or ("'" in value and re.search(r'["$`\\!]', value)) or ("\\" in value):
        raise CannotServe(f"{value!r} cannot be written so that every reader of the file understands it")
    return f'"{value}"' if "'" in value else f"'{value}'"


# -- the files of a server: written and removed only where the lab's own are


def _files(env_file: Path, server: Server) -> dict[Path, bytes]:
    """Return the files of a server with their contents; the env file is the last."""
    files: dict[Path, bytes] = {}
    if server.certificates is not None:
        authority, bundle = certificate_files(env_file)
        files |= {authority: server.certificates.ca_pem, bundle: server.certificates.bundle()}
    files[env_file.absolute()] = dotenv(environment(server, env_file)).encode()
    return {file: _first_line(content) + content for file, content in files.items()}


def _first_line(content: bytes) -> bytes:
    return f"{HEAD}{hashlib.sha256(content).hexdigest()}\n".encode()


def _remove_stale(env_file: Path, files: Mapping[Path, bytes]) -> None:
    """Remove what an ended server has left: the env file tells applications that this server answers.

    Raises CannotServe, and removes nothing, where `files` would replace what the lab did not write.
    """
    for each in files:
        _must_be_free(each)
    try:
        for each in (env_file.absolute(), *certificate_files(env_file)):
            if _is_ours(each):
                each.unlink(missing_ok=True)
    except OSError as problem:
        raise CannotServe(f"{problem.filename} cannot be removed ({problem.strerror})") from None


def _write_all(files: Mapping[Path, bytes]) -> None:
    for file, content in files.items():
        _must_be_free(file)
        try:
            _write(file, content)
        except OSError as problem:
            raise CannotServe(f"{file} cannot be written ({problem.strerror})") from None


def _remove_written(files: dict[Path, bytes]) -> None:
    """Remove the files that still hold what this server wrote: each server's token is its own."""
    for file, content in reversed(files.items()):
        with suppress(OSError):
            if _content(file) == content:
                file.unlink()


def _must_be_free(file: Path) -> None:
    if (file.exists() or file.is_symlink()) and not _is_ours(file):
        raise CannotServe(
            f"{file} is not a file of auth0-mfa-lab serve, or was changed by hand: name another one for --env-file"
        )


def _is_ours(file: Path) -> bool:
    """Tell whether a file holds what a server wrote, to the byte: people add lines and certificates of their own."""
    head, _, content = (_content(file) or b"").partition(b"\n")
    return head + b"\n" == _first_line(content)


def _content(file: Path) -> bytes | None:
    """Return what a regular file holds; None for a link, a folder, a pipe, and what is not there or too large."""
    try:
        status = file.lstat()
        is_readable = stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST_FILE
        return file.read_bytes() if is_readable else None
    except OSError:
        return None


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
