"""A fresh sandbox for each test of the wire, and an application in front of it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.sandbox_mothers import App, new_sandbox


@pytest.fixture
def app() -> Iterator[App]:
    box = new_sandbox()
    yield App(box, httpx.Client(transport=box.transport, base_url="https://sandbox.example"))
    box.close()
    assert box.transport.failures == [], "the sandbox has a bug"
