"""The command `drift`: says where a live tenant, as a run on it was recorded, answers otherwise than the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.drift.allowed import NAME
from auth0_mfa_lab.live.drift.drift import drift_of

FOUND, UNREADABLE = 1, 2


def register(main: click.Group) -> None:
    """Add the command to the program's."""
    main.add_command(drift)


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option(
    "--allow",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"The differences that are accepted, as TOML. [default: {NAME} beside RECORDING, if there is one]",
)
@click.pass_context
def drift(context: click.Context, recording: Path, as_json: bool, allow: Path | None) -> None:
    """Compare RECORDING, a HAR of a live run, with what the sandbox answers to the same steps.

    Each request is sent to a fresh sandbox, in its turn and at its time, and the answers are compared: status, error
    code, field names and types, the headers that matter, texts. Nothing is sent anywhere else. An accepted difference
    is a line of the list `allow`: { call = "POST /mfa/associate", field = "recovery_codes", kind = "removed" }.

    The JSON has recording, tenant, steps, compared, differences (steps, call, field, kind, live, sandbox, settles, row,
    mark, setting, allowed), not_compared (step, call, why) and unused_allowances. kind is status, error, text, value,
    added, removed, type or header.

    Exit code 0: no difference that is not allowed. 1: at least one. 2: a file cannot be read.
    """
    try:
        found = drift_of(recording, allow=allow)
    except LabError as problem:
        click.echo(f"Error: {problem}", err=True)
        context.exit(UNREADABLE)
    click.echo(json.dumps(found.data(), indent=2, ensure_ascii=False) if as_json else repr(found))
    context.exit(FOUND if found.is_found else 0)
