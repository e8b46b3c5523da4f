"""The commands that speak to a served sandbox: `code`, `push`, `phone`, `reset` and `clock`, for scripts and people."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from auth0_mfa_lab.cli import json_of
from auth0_mfa_lab.errors import NothingWasSent
from auth0_mfa_lab.files import regular
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.tenants.operations import Remote

MOST_BYTES = 1024 * 1024
ENV_FILE = (
    "The file that `auth0-mfa-lab serve --env-file FILE` wrote. Without it AUTH0_DOMAIN, AUTH0_CA_FILE and "
    "AUTH0_LAB_TOKEN of the environment, or of the project's .env, name the server."
)


def asking(
    operation: str, shown: Callable[[Any], str], told: str, *params: click.Parameter, name: str = ""
) -> click.Command:
    """Return a command that asks a server for one operation, and prints what `shown` makes of the answer."""

    def command(env_file: Path | None, wait: float | None = None, **arguments: Any) -> None:
        deadline = time.monotonic() + (wait or 0)
        with closing(Remote(Settings.of_server(env_file))) as ask:
            while True:
                try:
                    line = shown(ask(operation, **arguments))
                    break
                except NothingWasSent:
                    if time.monotonic() >= deadline:
                        raise
                time.sleep(0.2)
        if line:
            click.echo(line)

    where = click.Option(["--env-file"], type=click.Path(path_type=Path), help=ENV_FILE)
    return click.Command(name or operation, callback=command, params=[*params, where], help=told)


def _barcode(given: str) -> str | bytes:
    """Return what is to be scanned: the text of a URI, or the bytes of a picture."""
    if "://" in given:
        return given
    try:
        with click.open_file(given if given == "-" else str(regular(Path(given))), "rb") as file:
            read = bytes(file.read(MOST_BYTES + 1))
        if given == "-" and not read.startswith(b"\x89PNG"):
            return read.decode().strip()
    except (OSError, ValueError):
        # Not quoted: it may be a URI, which holds a secret.
        what = "This is no URI and no file that can be read: give the barcode_uri, or a PNG."
        raise click.ClickException(what) from None
    if len(read) > MOST_BYTES:
        raise click.ClickException(f"This picture is too large: a server reads {MOST_BYTES // 1024} KiB.")
    return read


WAIT = click.Option(["--wait"], type=float, metavar="SECONDS", help="Wait up to SECONDS for the first one.")
code = asking(
    "code",
    lambda said: said["code"],
    "Print the newest code for ADDRESS, and nothing else.\n\nADDRESS is a phone number or an email address.",
    click.Argument(["address"]),
    click.Option(["--purpose"], type=click.Choice(["mfa", "passwordless"]), help="Only codes for this purpose."),
    WAIT,
)
push = asking(
    "newest_push",
    json_of,
    "Print the payload of the newest push as JSON.",
    click.Option(
        ["form", "--fcm"], flag_value="fcm", default="apns", help="The payload in the form of FCM instead of APNS."
    ),
    WAIT,
    name="push",
)
reset = asking(
    "reset",
    lambda _: "",
    "Make the whole tenant, or one USER, as new.\n\nUSER is a name, number, address or id. An unknown one is no "
    "error. Authenticators, recovery code, codes, limits and lockouts are gone; the user stays.",
    click.Argument(["user"], required=False),
)
advance = asking(
    "advance",
    lambda said: datetime.fromtimestamp(said["now"], UTC).isoformat(timespec="seconds"),
    "Move the clock forward by SECONDS, and print the new time.\n\nmfa_tokens, codes and limits expire by this clock.",
    click.Argument(["advance"], type=float, metavar="SECONDS"),
)
scan = asking(
    "scan",
    lambda _: "scanned",
    "Enroll the phone: scan a barcode_uri, or a PNG of its QR.\n\n`-` reads either from stdin.",
    click.Argument(["barcode"], type=_barcode, metavar="URI|PNG"),
)
allow = asking(
    "allow",
    lambda said: f"late: allowed after {said['after_polls']} more polls" if "after_polls" in said else "allowed",
    "Allow the newest push that waits.",
)
reject = asking(
    "reject",
    lambda _: "rejected",
    "Reject the newest push that waits, with a REASON if one is given.",
    click.Argument(["reason"], required=False),
)
POLLS = click.Argument(["polls"], type=int)
allow_after = asking(
    "allow_after",
    lambda said: f"allowed after {said['after_polls']} more polls",
    "Allow the push that waits, or else the next one, after so many more POLLS of the application.",
    POLLS,
    name="allow-after",
)
reject_after = asking(
    "reject_after",
    lambda said: f"rejected after {said['after_polls']} more polls",
    "Reject the push that waits, or else the next one, after so many more POLLS, with a REASON if one is given.",
    POLLS,
    click.Argument(["reason"], required=False),
    name="reject-after",
)
shown = asking("shown_code", lambda said: said["code"], "Print the code that the phone shows now, alone.", name="code")
clock = click.Group(commands=[advance], help="Move the server's clock.")
told = "Use the server's phone: scan, allow, reject, show codes."
phone = click.Group(commands=[scan, allow, reject, allow_after, reject_after, shown], help=told)
