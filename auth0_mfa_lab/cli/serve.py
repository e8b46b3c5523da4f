"""The command `auth0-mfa-lab serve`: the sandbox on a socket, and the file that tells applications how to reach it."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import certifi
import click

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.files import write_whole
from auth0_mfa_lab.sandbox import Clock, Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server, is_loopback
from auth0_mfa_lab.sandbox.settings import Profile
from auth0_mfa_lab.served.routes import observed
from auth0_mfa_lab.settings import Settings, past_a_proxy, variation

HEAD = "# Written by auth0-mfa-lab serve, and overwritten by its next start. SHA-256 of the lines below: "
"""How the first line of each file of a server begins; the digest tells a file that the user has added to."""
ENV_FILE = "Write the settings to this file, and remove it at the end. A file of yours is not overwritten."
PROFILE = "A rejected push is answered with 403 invalid_grant (docs) or 400 access_denied (recorded)."
PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=!-]*")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="0 takes a free port.")
@click.option("--host", default="localhost", show_default=True, help="Where to listen.")
@click.option("--allow-remote", is_flag=True, help="Let other machines in: --host may then be any address.")
@click.option(
    "--name", "names", multiple=True, metavar="HOST", help="One more host name of the server; may be repeated."
)
@click.option("--tls/--no-tls", default=True, help="TLS with a private CA, or plain HTTP.")
@click.option("--profile", type=click.Choice(["docs", "recorded"]), default="docs", show_default=True, help=PROFILE)
@click.option("--seed", type=int, help="Draw the same ids and secrets in each run.")
@click.option(
    "--clock",
    type=click.Choice(["wall", "frozen"]),
    default="wall",
    show_default=True,
    help="frozen: only `clock advance` moves it.",
)
@click.option("--journal/--no-journal", default=True, help="Keep the newest exchanges, for the page and `journal`.")
@click.option("--env-file", type=click.Path(path_type=Path, dir_okay=False), help=ENV_FILE)
def serve(profile: Profile, seed: int | None, clock: str, journal: bool, env_file: Path | None, **socket: Any) -> None:
    """Serve the sandbox tenant until Ctrl-C, for this machine alone."""
    if not is_loopback(host := socket["host"]):
        if not socket["allow_remote"]:
            raise click.ClickException(f"--host {host} lets other machines in: add --allow-remote if that is wanted")
        said = f"Warning: Other machines reach this server at {host}: its secrets let them do anything in it."
        click.echo(said, err=True)
    if env_file is not None and not env_file.absolute().parent.is_dir():
        raise click.ClickException(f"there is no folder {env_file.absolute().parent} for --env-file")
    drawn, time = secrets.token_hex(16) if seed is None else seed, Clock() if clock == "frozen" else WallClock()
    varied, report = variation()
    try:
        sandbox = Sandbox(profile=profile, seed=drawn, clock=time, variation=varied)
        server = Server(sandbox, **socket, **observed(sandbox)) if journal else Server(sandbox, **socket)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise click.ClickException(f"port {socket['port']} of {host} cannot be had ({reason}): try --port 0") from None
    files: dict[Path, bytes] = {}

    def ready() -> None:
        said = [f"page is {server.url}/_lab/#token={server.token}"]
        told = f"it varies {', '.join(sandbox.varied.ids)}; " if sandbox.varied.ids else ""
        if env_file is not None:
            write_env_file(env_file, server)
            said.insert(0, f"settings are in {env_file}")
        click.echo(f"{server.url}/ is ready; {told}its {', its '.join(said)} (Ctrl-C stops it)")

    try:
        if env_file is not None:
            files = _files(env_file, server)
            there = _left_by_a_server((env_file.absolute(), *certificate_files(env_file)))
            if env_file.absolute() in there:
                _must_not_serve(env_file, server.port)
            for left in there:
                # What an ended server has left says that this one answers.
                try:
                    left.unlink(missing_ok=True)
                except OSError as problem:
                    raise click.ClickException(f"{left} cannot be removed ({problem.strerror})") from None
        server.run(ready)
    finally:
        server.stop()
        for file, content in reversed(files.items()):
            # Only what this server wrote: each server's token is its own.
            with suppress(OSError):
                if _content(file) == content:
                    file.unlink()
        if report is not None:
            from auth0_mfa_lab.vary.met import Met

            Met.of(server).append_to(report)


def environment(server: Server, env_file: Path) -> dict[str, str]:
    """Return the variables that an application, its SDKs and the lab read; certificates lie beside the env file."""
    values = {"AUTH0_LAB_TENANT": "served", "AUTH0_DOMAIN": server.domain, "AUTH0_LAB_TOKEN": server.token}
    defaults = asdict(server.sandbox.defaults).items()
    values |= {f"AUTH0_{name.upper()}": value for name, value in defaults if name not in ("realm", "user_id")}
    values |= dict.fromkeys(("NO_PROXY", "no_proxy"), past_a_proxy(server.names))
    if server.ca_pem is not None:
        authority, bundle = map(str, certificate_files(env_file))
        values |= {"AUTH0_CA_FILE": authority, "NODE_EXTRA_CA_CERTS": authority}
        values |= {"REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}
    return values


def certificate_files(env_file: Path) -> tuple[Path, Path]:
    """Return where the CA of an env file's server is, and the bundle of all roots with it."""
    file = env_file.absolute()
    return file.with_name(f"{file.name}.ca.pem"), file.with_name(f"{file.name}.bundle.pem")


def write_env_file(file: Path, server: Server) -> None:
    """Write a dotenv file for sh, after its certificates; ClickException, also where a file is not the lab's."""
    files = _files(file, server)
    _left_by_a_server(files)
    for each, content in files.items():
        try:
            write_whole(each, content.decode())
        except OSError as problem:
            raise click.ClickException(f"{each} cannot be written ({problem.strerror})") from None


def dotenv(values: Mapping[str, str]) -> str:
    """Return variables as a text in which sh and python-dotenv read the same values; raises ClickException."""
    lines = []
    for name, value in values.items():
        if "\n" in value or ("'" in value and re.search(r'["$`\\!]', value)) or ("\\" in value):
            raise click.ClickException(f"{value!r} cannot be written so that every reader of the file understands it")
        # Some readers would take quotes as they are: most values need none.
        quote = "" if PLAIN.fullmatch(value) else '"' if "'" in value else "'"
        lines.append(f"{name}={quote}{value}{quote}\n")
    return "".join(lines)


# -- the files of a server: written and removed only where the lab's own are


def _files(env_file: Path, server: Server) -> dict[Path, bytes]:
    """Return the files of a server with their contents; the env file is the last."""
    files, ca_pem = dict[Path, bytes](), server.ca_pem
    if ca_pem is not None:
        pems = ca_pem, ca_pem + b"\n" + Path(certifi.where()).read_bytes()
        files = dict(zip(certificate_files(env_file), pems, strict=True))
    files[env_file.absolute()] = dotenv(environment(server, env_file)).encode()
    return {file: _signed(content) for file, content in files.items()}


def _signed(content: bytes) -> bytes:
    return f"{HEAD}{hashlib.sha256(content).hexdigest()}\n".encode() + content


def _left_by_a_server(files: Iterable[Path]) -> list[Path]:
    """Return those of these files that are there; ClickException for one that no server wrote so, to the byte."""
    there = [file for file in files if file.exists() or file.is_symlink()]
    for file in there:
        content = _content(file)
        if content is None or _signed(content.partition(b"\n")[2]) != content:  # people add lines of their own
            said = "is not a file of auth0-mfa-lab serve, or was changed by hand: name another one for --env-file"
            raise click.ClickException(f"{file} {said}")
    return there


def _must_not_serve(env_file: Path, port: int) -> None:
    """Raise ClickException where another server than that of this port wrote the env file, and still answers."""
    from auth0_mfa_lab.tenants.operations import Remote

    try:
        settings = Settings.of_server(env_file)
        if str(settings.domain).endswith(f":{port}"):
            return  # the port is this server's: the other one has ended
        with closing(Remote(settings)) as ask:
            ask("clock")
    except LabError:
        return
    said = f"{env_file} is of the server at {settings.domain}, which runs: stop it, or name another file for --env-file"
    raise click.ClickException(said)


def _content(file: Path) -> bytes | None:
    """Return what a regular file holds; None for a link, a folder, a pipe, and what is not there."""
    try:
        return file.read_bytes() if file.is_file() and not file.is_symlink() else None
    except OSError:
        return None
