"""A fresh sandbox for each test of the wire, and an application in front of it, in both profiles for a scene."""

from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.sandbox_mothers import App, app_of, new_sandbox
from tests.wire.wire_scene import Scene


@pytest.fixture
def app() -> Iterator[App]:
    box = new_sandbox()
    yield App(box, httpx.Client(transport=box.transport, base_url="https://sandbox.example"))
    assert not box.failures, "the sandbox has a bug"


@pytest.fixture(params=["docs", "recorded"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    app = app_of(new_sandbox(request.param))
    yield Scene(app, app.sandbox.new_phone(app.http))
    assert not app.sandbox.failures, "the sandbox has a bug"
