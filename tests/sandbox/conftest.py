"""A fresh sandbox for each test, an application in front of it, and a phone."""

from collections.abc import Iterator, Mapping

import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox, errors
from tests.sandbox.sandbox_mothers import App, app_of, new_sandbox, set_up
from tests.sandbox.scenario import Scene


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    box = new_sandbox()
    yield box
    assert not box.failures, "the sandbox has a bug"


@pytest.fixture
def app(sandbox: Sandbox) -> App:
    return app_of(sandbox)


@pytest.fixture
def free(app: App) -> App:
    """The application, of a tenant whose policy is never."""
    set_up(app.sandbox, policy="never")
    return app


@pytest.fixture
def phone(app: App) -> Phone:
    return app.sandbox.new_phone(app.http)


@pytest.fixture
def scene(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Where a scenario is played, in profile `docs` or in the one that a test names: it knows the row of each error."""
    app = app_of(new_sandbox(getattr(request, "param", "docs")))
    scene = Scene(app, app.sandbox.new_phone(app.http))
    answer = errors.WireError.answer

    def noted(problem: errors.WireError, switches: Mapping[str, str]) -> tuple[errors.EvidenceRow, dict[str, object]]:
        row, body = answer(problem, switches)
        scene.answered.append(row)
        return row, body

    monkeypatch.setattr(errors.WireError, "answer", noted)
    yield scene
    assert not app.sandbox.failures, "the sandbox has a bug"
