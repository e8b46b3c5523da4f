"""The server that a test suite starts: a sandbox on a free port of this machine, for as long as the session lasts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auth0_mfa_lab.sandbox import Chance, Sandbox, WallClock, fictional_number
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.serving import environment, write_env_file
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.tenants.remote import Remote


class Running:
    """A server that answers, the variables that lead to it, and what a suite may do to it."""

    def __init__(self, server: Server, folder: Path, seed: str) -> None:
        """Write what `serve --env-file` writes, into `folder`."""
        self.env_file = folder / "auth0.env"
        write_env_file(self.env_file, server)
        self.env: Mapping[str, str] = environment(server, self.env_file)
        self._sandbox = server.sandbox
        self._seed = seed
        self._tests = itertools.count(1)
        self._users = itertools.count(1)
        token = Secret(server.token, "<lab_token>")
        ca_file = self.env["AUTH0_CA_FILE"]
        settings = Settings(tenant="served", domain=server.domain, ca_file=ca_file, lab_token=token)
        self.ask = Remote(settings)

    def user(self, factors: Sequence[str]) -> Mapping[str, Any]:
        """Add a user whom no test before has had: applications may know people by their address, or by their number."""
        number = next(self._users)
        made: Mapping[str, Any] = self.ask(
            "add_user",
            factors=list(factors),
            username=f"user{number}@example.com",
            phone_number=fictional_number(number),
        )
        return made

    def renew(self) -> None:
        """Begin the tenant again, with ids that no test before has seen; applications and signing key stay."""
        self._sandbox.chance = Chance(f"{self._seed}, test {next(self._tests)}")
        self.ask("reset")


@contextmanager
def running(folder: Path, seed: str) -> Iterator[Running]:
    """Run a server on a free port of this machine. `seed` is what every id is drawn from."""
    with Server(Sandbox(seed=seed, clock=WallClock())) as server:
        running = Running(server, folder, seed)
        try:
            yield running
        finally:
            running.ask.close()
