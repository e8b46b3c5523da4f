"""The commands about what applications say to a server: `journal`, `page`, `conduct` judges it, `fail` disturbs it."""

from __future__ import annotations

import json
import re
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from auth0_mfa_lab.cli import json_of
from auth0_mfa_lab.cli.control import ENV_FILE, asking
from auth0_mfa_lab.errors import ControlRefused
from auth0_mfa_lab.secrets.aliases import SHOWN
from auth0_mfa_lab.served.routes import ROUTES
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.tenants.operations import Remote

OUTCOME = re.compile(r"(?m)^  ([1-5])\d\d .*$")
COLOURS = {"2": "green", "4": "yellow", "5": "red"}
WHERE = click.option("--env-file", type=click.Path(path_type=Path), help=ENV_FILE)
NO_JOURNAL = "this server keeps no journal: start it without --no-journal"


@contextmanager
def _asking(env_file: Path | None) -> Iterator[Remote]:
    """Reach a server's journal; ClickException where it keeps none."""
    try:
        with closing(Remote(Settings.of_server(env_file), routes=ROUTES)) as ask:
            yield ask
    except ControlRefused as problem:
        raise click.ClickException(NO_JOURNAL if problem.status == 404 else str(problem)) from None


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--user", metavar="NAME", help="Only the logins of a user.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@WHERE
def journal(follow: bool, user: str | None, as_json: bool, env_file: Path | None) -> None:
    """Show what applications said to the server.

    Each secret stands under an alias; a user is named by a name, an address or a number.
    """
    with _asking(env_file) as ask, suppress(KeyboardInterrupt):  # Ctrl-C is how --follow ends
        after = None
        while True:
            told = ask("exchanges", after=after, user=user)
            for each in told["exchanges"]:
                click.echo(_json(each) if as_json else _text(each))
            if not follow:
                return
            after = told["newest"]


@click.command()
@click.option("--strict", is_flag=True, help="End with 1 for a broken should as well.")
@click.option("--allow", multiple=True, metavar="ID=REASON", help="A rule that may be broken; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@WHERE
@click.pass_context
def conduct(ctx: click.Context, strict: bool, allow: tuple[str, ...], as_json: bool, env_file: Path | None) -> None:
    """Say whether the applications kept the rules.

    The exit code is 1 for a broken must.
    """
    if wrong := [each for each in allow if not all(each.partition("="))]:
        raise click.BadParameter(f"write --allow ID=REASON: {wrong[0]!r} has no reason")
    with _asking(env_file) as ask:
        found = ask("conduct_but", allow=list(allow))
    text, code, strict_code = (found.pop(name) for name in ("text", "exit_code", "strict_exit_code"))
    click.echo(json_of(found) if as_json else text)
    ctx.exit(strict_code if strict else code)


def _json(exchange: dict[str, Any]) -> str:
    return json.dumps({name: each for name, each in exchange.items() if name not in ("text", "html")})


def _text(exchange: dict[str, Any]) -> str:
    """Return an exchange for a terminal; a poll that was answered as the one before takes one line."""
    number, run = exchange["number"], exchange["run"]
    if run not in (None, number):
        return f"{number} · {exchange['speaker']} · {exchange['outcome']}, as {run}\n"
    # What an application sends is no order to a terminal.
    title, _, rest = "".join(c if c.isprintable() or c == "\n" else "?" for c in exchange["text"]).partition("\n")
    rest = OUTCOME.sub(lambda match: click.style(match[0], fg=COLOURS.get(match[1])), rest)
    rest = SHOWN.sub(lambda match: click.style(match[0], fg="cyan"), rest)
    return f"{click.style(title, bold=True)}\n{rest}\n"


@click.command()
@WHERE
def page(env_file: Path | None) -> None:
    """Open the server's page: the phone, the exchanges and the inbox."""
    with _asking(env_file) as ask:
        ask("clock")
    settings = Settings.of_server(env_file)
    address = f"{settings.origin}/_lab/#token={settings.lab_token!s}"
    if not webbrowser.open(address):
        click.echo(f"No browser could be opened. The page is {address}")


fail = asking(
    "add_fault",
    lambda fault: f"{fault['kind']}: {fault['times']} to come",
    "Let the next calls fail.\n\nKIND is 429, 5xx, html, slow, drop, late_approval or lost_push. Without --route it is "
    "any call but a phone's.",
    click.Argument(["kind"]),
    click.Option(["--route"], metavar="PATH", help="A path, with a method before it or without: 'POST /oauth/token'."),
    click.Option(["--times"], type=int, help="How many calls fail; 1 without it."),
    click.Option(["--status"], type=int, help="The status of 5xx and html."),
    click.Option(["--retry-after"], type=int, metavar="SECONDS", help="What 429 tells to wait."),
    click.Option(["--seconds"], type=float, help="How long slow waits."),
    click.Option(["--polls"], type=int, help="How many polls late_approval stays pending."),
    name="fail",
)
