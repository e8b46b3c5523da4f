"""The command `auth0-mfa-lab cleanup`: removes what labs left on one's own tenant, after it has been shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.lab import Lab
from auth0_mfa_lab.live.leftovers import LeftFile, Leftovers
from auth0_mfa_lab.settings import Settings

STAYS, UNREACHED = 1, 2


def register(main: click.Group) -> None:
    """Add the command to the program's."""
    main.add_command(cleanup)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: tenant, rows, notes.")
@click.pass_context
def cleanup(context: click.Context, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove the users and the authenticators that labs left on the tenant that the settings name.

    The list is in .auth0-lab/left.json, beside the notebooks. With AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET
    each of them is removed by the Management API, and nothing else; without, it says what a person has to remove. It
    shows what it will remove, and asks, unless --yes or AUTH0_LAB_CONFIRM=never says that it need not.

    Exit code 0: nothing is left. 1: something is. 2: the tenant could not be asked.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json goes with --yes or --dry-run: it asks nothing.")
    try:
        settings = Settings.from_env()
        if settings.tenant != "live":
            left = _elsewhere(settings.tenant)
        else:
            lab = Lab.live(settings)
            context.call_on_close(lab._transport.close)
            left = lab.cleanup(yes=yes, dry_run=dry_run)
    except LabError as problem:
        click.echo(f"Error: {problem}", err=True)
        context.exit(UNREACHED)
    click.echo(json.dumps(asdict(left), indent=2) if as_json else repr(left))
    context.exit(STAYS if left.stays else 0)


def _elsewhere(kind: str) -> Leftovers:
    """Return what there is to clean up where no live tenant is chosen: nothing, but the file may know one."""
    tenants = sorted({each.tenant for each in LeftFile(Path.cwd()).entries()})
    known = f"Labs have left something on {', '.join(tenants)}: set AUTH0_LAB_TENANT=live." if tenants else ""
    return Leftovers(tenant=f"the {kind}", rows=(), notes=(known,) if known else ())
