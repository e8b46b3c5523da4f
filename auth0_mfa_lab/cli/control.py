"""The commands that speak to a served sandbox: `code`, `push`, `phone`, `reset` and `clock`, for scripts and people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from auth0_mfa_lab.errors import LabError, NothingWasSent
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.tenants.remote import Remote

SECONDS_BETWEEN_LOOKS = 0.2
MOST_BYTES = 1024 * 1024

waiting = click.option(
    "--wait", type=click.FloatRange(0, 3600), default=0.0, metavar="SECONDS", help="Wait so long for a first one."
)


def asking(function: Callable[..., None]) -> Callable[..., None]:
    """Let a command ask a server; whatever the lab could not do is one line on stderr, and exit code 1."""

    @click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        help="The file that `auth0-mfa-lab serve --env-file FILE` wrote. Without it the environment says where the "
        "server is: AUTH0_DOMAIN, AUTH0_CA_FILE and AUTH0_LAB_TOKEN.",
    )
    @wraps(function)
    def command(env_file: Path | None, **arguments: Any) -> None:
        try:
            ask = Remote(Settings.of_server(env_file))
            try:
                function(ask, **arguments)
            finally:
                ask.close()
        except LabError as problem:
            raise click.ClickException(" ".join(str(problem).split())) from None

    return command


@click.command()
@click.argument("address")
@click.option("--purpose", type=click.Choice(["mfa", "passwordless"]), help="Count codes for this alone.")
@waiting
@asking
def code(ask: Remote, address: str, purpose: str | None, wait: float) -> None:
    """Print the newest code that was sent to ADDRESS, a number or an email address, alone."""
    click.echo(_sooner_or_later(lambda: ask("code", address=address, purpose=purpose)["code"], wait))


@click.command()
@click.option("--fcm", is_flag=True, help="The payload as FCM delivers it, not as APNS does.")
@waiting
@asking
def push(ask: Remote, fcm: bool, wait: float) -> None:
    """Print the payload of the newest push as JSON."""
    payload = _sooner_or_later(lambda: ask("newest_push", form="fcm" if fcm else "apns"), wait)
    click.echo(json.dumps(payload, indent=2))


@click.group()
def phone() -> None:
    """Use the phone that the server has: it scans, allows, rejects and shows codes."""


@phone.command()
@click.argument("barcode", metavar="URI|PNG")
@asking
def scan(ask: Remote, barcode: str) -> None:
    """Scan the barcode_uri of an enrollment, or a picture (PNG) of its QR; `-` reads either from stdin."""
    ask("scan", barcode=_barcode(barcode))
    click.echo("scanned")


@phone.command()
@asking
def allow(ask: Remote) -> None:
    """Allow the newest push that waits."""
    later = ask("allow").get("after_polls")
    click.echo("allowed" if later is None else f"late: allowed after {later} more polls")


@phone.command()
@click.argument("reason", required=False)
@asking
def reject(ask: Remote, reason: str | None) -> None:
    """Reject the newest push that waits, with a REASON if one is given."""
    ask("reject", reason=reason)
    click.echo("rejected")


@phone.command("code")
@asking
def phone_code(ask: Remote) -> None:
    """Print the code that the phone shows now, alone."""
    click.echo(ask("shown_code")["code"])


@click.command()
@click.argument("user", required=False)
@asking
def reset(ask: Remote, user: str | None) -> None:
    """Begin the whole tenant again, or one USER: by name, number, address or id. Quiet when there is none.

    Authenticators, recovery code, codes, limits and lockouts are gone; the user stays.
    """
    ask("reset", user=user)


@click.group()
def clock() -> None:
    """Move the server's clock."""


@clock.command()
@click.argument("seconds", type=click.FloatRange(min=0))
@asking
def advance(ask: Remote, seconds: float) -> None:
    """Move the clock forward by SECONDS: what the sandbox lets expire goes by it."""
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
        if "://" in given:
            return given
        with sys.stdin.buffer if given == "-" else Path(given).open("rb") as file:
            read = file.read(MOST_BYTES + 1)
        if given == "-" and not read.startswith(b"\x89PNG"):
            return read.decode().strip()
    except (OSError, ValueError):
        # Not quoted: it may be a URI, which holds a secret.
        raise LabError("This is no URI and no file that can be read: give the barcode_uri, or a PNG.") from None
    if len(read) > MOST_BYTES:
        raise LabError(f"This picture is too large: a server reads {MOST_BYTES // 1024} KiB.")
    return read


COMMANDS = {each.name: each for each in (clock, code, phone, push, reset)}
