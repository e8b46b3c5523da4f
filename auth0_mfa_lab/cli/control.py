"""The commands that speak to a served sandbox: `code`, `push`, `phone`, `reset` and `clock`, for scripts and people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from auth0_mfa_lab.errors import LabError, NothingWasSent
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.tenants.remote import Remote

SECONDS_BETWEEN_LOOKS = 0.2
MOST_BYTES = 1024 * 1024

env_file = click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    help="The file that `auth0-mfa-lab serve --env-file FILE` wrote. Without it the environment says where the "
    "server is: AUTH0_DOMAIN, AUTH0_CA_FILE and AUTH0_LAB_TOKEN.",
)


@contextmanager
def server(file: Path | None) -> Iterator[Remote]:
    """Reach the server; whatever the lab could not do is one line on stderr, and exit code 1."""
    try:
        ask = Remote(Settings.of_server(file))
        try:
            yield ask
        finally:
            ask.close()
    except LabError as problem:
        raise click.ClickException(" ".join(str(problem).split())) from None


@click.command()
@click.argument("address")
@click.option("--purpose", type=click.Choice(["mfa", "passwordless"]), help="Count codes for this alone.")
@click.option(
    "--wait", type=click.FloatRange(0, 3600), default=0.0, metavar="SECONDS", help="Wait so long for a first one."
)
@env_file
def code(address: str, purpose: str | None, wait: float, env_file: Path | None) -> None:
    """Print the newest code that was sent to ADDRESS, a number or an email address, alone."""
    with server(env_file) as ask:
        click.echo(_sooner_or_later(lambda: ask("code", address=address, purpose=purpose)["code"], wait))


@click.command()
@click.option("--fcm", is_flag=True, help="The payload as FCM delivers it, not as APNS does.")
@click.option(
    "--wait", type=click.FloatRange(0, 3600), default=0.0, metavar="SECONDS", help="Wait so long for a first one."
)
@env_file
def push(fcm: bool, wait: float, env_file: Path | None) -> None:
    """Print the payload of the newest push as JSON."""
    with server(env_file) as ask:
        payload = _sooner_or_later(lambda: ask("newest_push", form="fcm" if fcm else "apns"), wait)
        click.echo(json.dumps(payload, indent=2))


@click.group()
def phone() -> None:
    """Use the phone that the server has: it scans, allows, rejects and shows codes."""


@phone.command()
@click.argument("barcode", metavar="URI|PNG")
@env_file
def scan(barcode: str, env_file: Path | None) -> None:
    """Scan the barcode_uri of an enrollment, or a picture (PNG) of its QR; `-` reads either from stdin."""
    with server(env_file) as ask:
        ask("scan", barcode=_barcode(barcode))
    click.echo("scanned")


@phone.command()
@env_file
def allow(env_file: Path | None) -> None:
    """Allow the newest push that waits."""
    with server(env_file) as ask:
        later = ask("allow").get("after_polls")
    click.echo("allowed" if later is None else f"late: allowed after {later} more polls")


@phone.command()
@click.argument("reason", required=False)
@env_file
def reject(reason: str | None, env_file: Path | None) -> None:
    """Reject the newest push that waits, with a REASON if one is given."""
    with server(env_file) as ask:
        ask("reject", reason=reason)
    click.echo("rejected")


@phone.command("code")
@env_file
def phone_code(env_file: Path | None) -> None:
    """Print the code that the phone shows now, alone."""
    with server(env_file) as ask:
        click.echo(ask("shown_code")["code"])


@click.command()
@click.argument("user", required=False)
@env_file
def reset(user: str | None, env_file: Path | None) -> None:
    """Begin the whole tenant again, or one USER: by name, number, address or id. Quiet when there is none.

    Authenticators, recovery code, codes, limits and lockouts are gone; the user stays.
    """
    with server(env_file) as ask:
        ask("reset", user=user)


@click.group()
def clock() -> None:
    """Move the server's clock."""


@clock.command()
@click.argument("seconds", type=click.FloatRange(min=0))
@env_file
def advance(seconds: float, env_file: Path | None) -> None:
    """Move the clock forward by SECONDS: what the sandbox lets expire goes by it."""
    with server(env_file) as ask:
        now = float(ask("advance", advance=seconds)["now"])
    click.echo(datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"))


def _sooner_or_later(look: Callable[[], Any], seconds: float) -> Any:
    """Look until something was sent, or `seconds` of real time are over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return look()
        except NothingWasSent:
            if time.monotonic() >= deadline:
                raise
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _barcode(given: str) -> str | bytes:
    """Return what is to be scanned: the text of a URI, or the bytes of a picture."""
    try:
        if given == "-":
            read = sys.stdin.buffer.read(MOST_BYTES + 1)
            return _picture(read) if read.startswith(b"\x89PNG") else read.decode().strip()
        if "://" in given:
            return given
        with Path(given).open("rb") as file:
            return _picture(file.read(MOST_BYTES + 1))
    except (OSError, ValueError):
        # Not quoted: it may be a URI, which holds a secret.
        raise LabError("This is no URI and no file that can be read: give the barcode_uri, or a PNG.") from None


def _picture(read: bytes) -> bytes:
    if len(read) > MOST_BYTES:
        raise LabError(f"This picture is too large: a server reads {MOST_BYTES // 1024} KiB.")
    return read


COMMANDS = {each.name: each for each in (clock, code, phone, push, reset)}
