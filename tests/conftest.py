"""Keeps every test on this machine and in the sandbox: no socket but loopback's, no setting but our own."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from hypothesis import settings

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets import aliases
from auth0_mfa_lab.settings import project_folder
from tests.keys import next_key

ROOT = Path(__file__).parent.parent
LONGEST = (
    *("test_promise.py", "test_exports_run.py", "test_drift_report.py", "test_live_notebooks.py"),
    *("test_notebooks_leak_nothing.py", "test_panels_saved.py", "test_pytest_plugin.py"),
    *("test_examples_python.py", "test_panels_nbval.py"),
)
"""The files that take longest, the longest first: one of them begun last would keep a single core busy at the end."""

# A busy machine is no failure.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


class LeavesThisMachine(RuntimeError):
    """A test tried to reach something other than loopback."""


# The keys of every tenant that a test makes, also behind `Lab.sandbox()`, come from the pool.
(Sandbox.__init__.__kwdefaults__ or {})["new_key"] = next_key


@pytest.fixture(autouse=True)
def settings_of_ours_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the environment says about a tenant, and choose the sandbox."""
    for name in [name for name in os.environ if name.startswith("AUTH0_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("CI", raising=False)  # there nothing goes live, not even to a tenant that a test plays
    monkeypatch.setenv("AUTH0_LAB_TENANT", "sandbox")


@pytest.fixture(autouse=True, scope="session")
def nothing_left_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let a live lab note what it leaves in a folder of its own, where it would do so beside our own files."""

    def folder(start: Path) -> Path:
        found = project_folder(start)
        return tmp_path_factory.mktemp("left") if found == ROOT else found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auth0_mfa_lab.live.leftovers.project_folder", folder)
        yield


@pytest.fixture
def labs_of_this_test_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the guard of the log ask no lab of another test: one that still lives may know `https` as a password."""
    monkeypatch.setattr(aliases, "KNOWN", WeakSet())


@pytest.fixture(autouse=True)
def refused_addresses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Refuse every address but loopback; a test that swallowed the refusal fails at its end nevertheless."""
    refused: list[str] = []

    def check(host: object) -> None:
        if not is_loopback(host):
            refused.append(str(host))
            raise LeavesThisMachine(f"a test must not reach {host}")

    def guarded(method: str) -> Any:
        original = getattr(socket.socket, method)

        def call(self: socket.socket, *args: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6}:
                check(args[-1][0])
            return original(self, *args)

        return call

    for method in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, method, guarded(method))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        monkeypatch.setattr(socket, name, _checked(getattr(socket, name), check))
    yield refused
    assert refused == [], "a test tried to leave this machine"


def is_loopback(host: object) -> bool:
    """Return whether a host is this machine; no name at all means it too."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


def _checked(lookup: Any, check: Any) -> Any:
    def call(host: object, *args: Any, **kwargs: Any) -> Any:
        check(host)
        return lookup(host, *args, **kwargs)

    return call
