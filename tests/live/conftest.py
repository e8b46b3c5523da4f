"""The live world: a tenant of one's own for each test, which a second sandbox plays; nobody waits in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth0_mfa_lab.clock import RealClock
from tests.live.doctor_mothers import all_on
from tests.live.live_world import LiveTenant, live_world


@pytest.fixture
def live_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveTenant]:
    """A live tenant at https://localhost:<port>; what this process waits for passes at once."""
    # The search for .env, and for what a lab left, ends where a project begins.
    (folder := tmp_path / "project").mkdir()
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    with live_world(folder) as tenant:
        clock = tenant.sandbox.clock
        monkeypatch.setattr("auth0_mfa_lab.lab.RealClock", lambda: RealClock(sleep=clock.advance, now=clock.now))
        yield tenant


@pytest.fixture
def ready(live_tenant: LiveTenant) -> LiveTenant:
    """A live tenant where everything that the doctor looks at is on."""
    all_on(live_tenant)
    return live_tenant
