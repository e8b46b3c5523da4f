"""One server for a module's tests, begun again for each; an application before it, and clients that have its token."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from auth0_mfa_lab import Settings
from auth0_mfa_lab.sandbox import WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.tenants.operations import Remote
from tests.sandbox.sandbox_mothers import App, new_sandbox


@dataclass
class Login:
    """A login of a user whom the control plane made."""

    app: App
    user: dict[str, Any]
    mfa_token: str = ""
    oob_code: str = ""

    def password(self, **fields: str) -> httpx.Response:
        return self.app.password(username=self.user["username"], password=self.user["password"], **fields)

    def challenge(self, **fields: str) -> None:
        self.mfa_token = self.password(**fields).json()["mfa_token"]
        self.oob_code = self.app.challenge(self.mfa_token, challenge_type="oob").json()["oob_code"]

    def poll(self) -> httpx.Response:
        return self.app.poll(self.mfa_token, self.oob_code)


LogIn = Callable[..., Login]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A sandbox on a free port, with a wall clock, known as auth.example too."""
    with Server(new_sandbox(clock=WallClock()), names=("auth.example",), tls=False) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.sandbox.reset()
    yield running
    assert not running.sandbox.failures, "the sandbox has a bug"


@pytest.fixture
def app(server: Server) -> Iterator[App]:
    """An application; its client may use any path."""
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        yield App(server.sandbox, http)


@pytest.fixture
def http(app: App) -> httpx.Client:
    return app.http


@pytest.fixture
def control(server: Server) -> Iterator[httpx.Client]:
    """A client of the control plane, with its token."""
    headers = {"authorization": f"Bearer {server.token}"}
    with httpx.Client(base_url=f"{server.url}/_lab", headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def ask(server: Server) -> Iterator[Remote]:
    """What the lab and the command line ask the control plane with, by the names of the operations."""
    remote = Remote(Settings(tenant="served", domain=server.domain, lab_token=Secret(server.token, "<lab_token>")))
    yield remote
    remote.close()


@pytest.fixture
def log_in(app: App, ask: Remote) -> LogIn:
    """Add a user with some factors, who is about to log in."""
    return lambda *factors: Login(app, ask("add_user", factors=factors))
