"""A server in a thread for each test, and clients that trust its CA: an application's, and one that has the token."""

import ssl
from collections.abc import Iterator
from itertools import cycle

import httpx
import pytest
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server

# Making an RSA key takes longer than a test; a test may meet each key once.
KEYS = cycle([RSAKey.generate_key() for _ in range(8)])


@pytest.fixture
def server() -> Iterator[Server]:
    """A sandbox on a free port, with a wall clock, known as auth.example too."""
    sandbox = Sandbox(clock=WallClock(), new_key=lambda: next(KEYS))
    with Server(sandbox, names=("auth.example",)) as server:
        yield server


@pytest.fixture
def trust(server: Server) -> ssl.SSLContext:
    """What a client needs to believe the server."""
    assert server.ca_pem is not None
    return ssl.create_default_context(cadata=server.ca_pem.decode())


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
