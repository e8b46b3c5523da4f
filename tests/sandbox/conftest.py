"""A fresh sandbox for each test, an application in front of it, and a phone."""

from collections.abc import Iterator

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox
from tests.sandbox.sandbox_mothers import App, new_sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    box = new_sandbox()
    yield box
    assert not box.failures, "the sandbox has a bug"


@pytest.fixture
def app(sandbox: Sandbox) -> App:
    return App(sandbox, httpx.Client(transport=sandbox.transport, base_url="https://sandbox.example"))


@pytest.fixture
def phone(app: App) -> Phone:
    return app.sandbox.new_phone(app.http)
