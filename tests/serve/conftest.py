"""One server for a module's tests, begun again for each; an application before it, and a client that has its token."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from auth0_mfa_lab.sandbox import WallClock
from auth0_mfa_lab.sandbox.server import Server
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

    def poll(self, **fields: str) -> httpx.Response:
        return self.app.poll(self.mfa_token, self.oob_code, **fields)


LogIn = Callable[..., Login]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A sandbox on a free port, with a wall clock, known as auth.example too."""
    with Server(new_sandbox(clock=WallClock()), names=("auth.example",)) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.sandbox.reset()
    yield running
    assert not running.sandbox.failures, "the sandbox has a bug"


@pytest.fixture(scope="module")
def trust(running: Server) -> ssl.SSLContext:
    """What a client needs to believe the server."""
    assert running.ca_pem is not None
    return ssl.create_default_context(cadata=running.ca_pem.decode())


@pytest.fixture
def http(server: Server, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    """An application's client."""
    with httpx.Client(verify=trust, base_url=server.url, trust_env=False) as client:
        yield client


@pytest.fixture
def control(server: Server, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    """A client of the control plane, with its token."""
    headers = {"authorization": f"Bearer {server.token}"}
    with httpx.Client(verify=trust, base_url=f"{server.url}/_lab", headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def app(server: Server, http: httpx.Client) -> App:
    return App(server.sandbox, http)


@pytest.fixture
def log_in(app: App, control: httpx.Client) -> LogIn:
    """Add a user with some factors, who is about to log in."""
    return lambda *factors: Login(app, control.post("users", json={"factors": factors}).json())
