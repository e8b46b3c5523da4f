"""A fresh sandbox for each test of the wire, and an application in front of it."""

from collections.abc import Iterator

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox
from tests.sandbox.sandbox_mothers import App


@pytest.fixture
def app() -> Iterator[App]:
    box = Sandbox()
    yield App(box, httpx.Client(transport=box.transport, base_url="https://sandbox.example"))
    box.close()
    assert box.transport.failures == [], "the sandbox has a bug"
