"""Where an error happens: an application, a phone, and the sandbox behind both; and one row of an error table."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from auth0_mfa_lab.sandbox import Phone, Sandbox
from tests.sandbox.sandbox_mothers import App


@dataclass(frozen=True)
class Scene:
    app: App
    phone: Phone

    @property
    def box(self) -> Sandbox:
        return self.app.sandbox

    def wait(self, seconds: float) -> "Scene":
        self.box.clock.advance(seconds)
        return self

    def http(self, method: str, path: str, **options: object) -> httpx.Response:
        return self.app.http.request(method, path, **options)  # type: ignore[arg-type]  # httpx's own keywords


Happening = Callable[[Scene], httpx.Response]
ErrorRow = tuple[str, Happening, int, str, str]
"""Section and what happens, how, status, error, error_description."""


def assert_is(answer: httpx.Response, status: int, error: str, text: str) -> None:
    """Assert that an answer is this error in the shape that every client reads."""
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_description"]) == (status, error, text)
    assert answer.headers["content-type"].startswith("application/json")
    assert "www-authenticate" not in answer.headers
    assert "errorCode" not in body
