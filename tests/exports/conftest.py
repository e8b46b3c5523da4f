"""One process of `auth0-mfa-lab serve` for all exports, begun again for each; flows, each recorded once."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab
from tests.exports.export_served import Served
from tests.flows.flows import FLOWS
from tests.serve.serving import client_of, serving


@cache
def recorded(*flows: str) -> Lab:
    """Return a lab on a sandbox in process, after some flows; its journal does not grow any more."""
    lab = Lab.sandbox()
    for flow in flows:
        list(FLOWS[flow](lab))
    return lab


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The process, and a client of its control plane."""
    file = tmp_path_factory.mktemp("my served $HOME") / "lab.env"
    with serving(file) as (_, variables), client_of(variables, "/_lab") as control:
        yield Served(variables, control)


@pytest.fixture
def served(server: Served) -> Served:
    """The process, with a tenant in which nothing has happened."""
    server.control.post("reset", json={}).raise_for_status()
    return server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name a shell would take apart."""
    (made := tmp_path / "my exports $HOME").mkdir()
    return made
