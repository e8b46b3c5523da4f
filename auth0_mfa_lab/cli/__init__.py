"""The command `auth0-mfa-lab`: each command stands in a module of its own, imported when it is meant."""

from importlib import import_module

import click

from auth0_mfa_lab import __version__

# Each command, and the module that has it under its name.
HOMES = {
    "cleanup": "tenant",
    "clock": "control",
    "code": "control",
    "doctor": "tenant",
    "drift": "tenant",
    "open": "open",
    "phone": "control",
    "push": "control",
    "reset": "control",
    "scan": "scan",
    "serve": "serve",
}


class Commands(click.Group):
    """The commands; the module of one is imported when it is meant: `serve` must start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all."""
        return [*HOMES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name."""
        if cmd_name not in HOMES:
            return None
        command: click.Command = import_module(f"{__name__}.{HOMES[cmd_name]}").COMMANDS[cmd_name]
        return command


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="auth0-mfa-lab")
def main() -> None:
    """See Auth0's MFA API at work, request by request."""
