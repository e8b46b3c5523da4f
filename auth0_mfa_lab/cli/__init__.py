"""The command `auth0-mfa-lab`: the module of each command is imported when it is meant, for `serve` must start fast."""

import json
import sys
from pkgutil import resolve_name

import click

from auth0_mfa_lab import __version__
from auth0_mfa_lab.errors import LabError

HOMES = {
    **{name: f"control:{name}" for name in ("clock", "code", "phone", "push", "reset")},
    **{name: f"journal:{name}" for name in ("conduct", "fail", "journal", "page")},
    **{name: f"tenant:{name}" for name in ("cleanup", "doctor", "drift")},
    "notebooks": "open:copy_notebooks",
    "open": "open:open_notebook",
    "scan": "scan:scan",
    "serve": "serve:serve",
    "vary": "vary:vary",
}
"""Each command, and where it is."""


class Commands(click.Group):
    """The commands of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command: click.Command | None = resolve_name(f"{__name__}.{HOMES[cmd_name]}") if cmd_name in HOMES else None
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what the lab cannot do ends it with one sentence."""
        try:
            return super().invoke(ctx)
        except LabError as problem:
            raise click.ClickException(" ".join(str(problem).split())) from None


def json_of(value: object) -> str:
    """Return what a command prints for other programs."""
    return json.dumps(value, indent=2)


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="auth0-mfa-lab")
def main() -> None:
    """Run a sandbox of Auth0's MFA API and its notebooks, and look after your own tenant."""
    for each in (sys.stdout, sys.stderr):  # a pipe of Windows may know no arrow
        getattr(each, "reconfigure", dict)(errors="replace")
