"""Keeps every test on this machine and in the sandbox: no socket but loopback's, no setting but our own."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakSet

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets import aliases
from auth0_mfa_lab.settings import project_folder
from tests.keys import next_key
from tests.network import guard

ROOT = Path(__file__).parent.parent
LONGEST = (
    *("browser", "test_notebooks.py", "test_exports_run.py", "test_promise.py", "test_doctor.py", "test_drift.py"),
    *("test_panels_saved.py", "test_live_notebooks.py", "test_examples_readme.py", "test_leftovers.py"),
)
"""What takes longest, the longest first: files, and a folder. Begun last, one would keep one core busy at the end."""

REFUSED: list[str] = []
guard(REFUSED)

# jsonschema, which nbformat asks, would compile a grammar of IRIs: three seconds in each process, and no test has one.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # None in the place of a module is how Python refuses its import

# The keys of every tenant that a test makes, also behind `Lab.sandbox()`, come from the pool.
(Sandbox.__init__.__kwdefaults__ or {})["new_key"] = next_key

# Where a job in the background lets nothing interrupt it, what a test starts is interrupted all the same.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")


class OneBrowser(LoadFileScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives each file to one worker, and all browser tests to the same one: they share a JupyterLab and a Chromium."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser" if nodeid.startswith("tests/browser/") else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneBrowser | None:
    """Schedule by file, unless another way was asked for."""
    return OneBrowser(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    longest = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: min(longest.get(name, len(LONGEST)) for name in item.path.parts[-2:]))


@pytest.fixture(autouse=True)
def settings_of_ours_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the environment says about a tenant, and choose the sandbox."""
    for name in [name for name in os.environ if name.startswith("AUTH0_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # the outer run's options are none of an inner suite's
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


@pytest.fixture(autouse=True)
def labs_of_this_test_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the log and errors ask no lab of another test: one that still lives may know `client_id` as a password."""
    monkeypatch.setattr(aliases, "KNOWN", WeakSet())


@pytest.fixture(autouse=True)
def refused_addresses() -> Iterator[list[str]]:
    """Refuse every address but loopback; a test that swallowed the refusal fails at its end nevertheless."""
    yield REFUSED
    refused = REFUSED.copy()
    REFUSED.clear()
    assert refused == [], "a test tried to leave this machine"
