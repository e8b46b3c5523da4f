"""One answer of the sandbox as one row: what happens, and what the reference says is answered; a table is a family.

Texts are typed from the reference, never imported from the sandbox: a wrong one would agree with itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.sandbox.errors import EvidenceRow
from tests.sandbox.sandbox_mothers import App

CACHE = "private, no-store, no-cache, must-revalidate, post-check=0, pre-check=0, no-transform"
"""The cache-control header of every refusal of `/oauth/token` (section 0.5)."""


@dataclass(frozen=True)
class Scene:
    """An application, a phone and the sandbox behind both; `answered` are the rows of its errors, oldest first."""

    app: App
    phone: Phone
    answered: list[EvidenceRow] = field(default_factory=list)

    @property
    def box(self) -> Sandbox:
        return self.app.sandbox

    def wait(self, seconds: float) -> "Scene":
        self.box.clock.advance(seconds)
        return self

    def set(self, **settings: Any) -> "Scene":
        """Change the tenant's settings."""
        self.box.tenant.settings = replace(self.box.tenant.settings, **settings)
        return self

    def switch(self, name: str, value: str) -> "Scene":
        """Take the other side in a dispute."""
        return self.set(switches={**self.box.tenant.settings.switches, name: value})

    def without(self, *grants: str) -> "Scene":
        """Take grants from the application."""
        clients, client_id = self.box.tenant.clients, self.box.defaults.client_id
        clients[client_id] = replace(clients[client_id], grants=clients[client_id].grants.difference(grants))
        return self

    def http(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.app.http.request(method, path, **options)


IN_BOTH_PROFILES = pytest.mark.parametrize("scene", ["docs", "recorded"], indirect=True)
Happening = Callable[[Scene], httpx.Response]


class Scenario(NamedTuple):
    """`given` begins with the reference's section; `evidence` is one mark, or those of status, code and text."""

    given: str
    when: Happening
    status: int
    error: str
    text: str
    evidence: str


def last_of(times: int, when: Happening) -> Happening:
    """Return what the last of so many is answered."""
    return lambda scene: [when(scene) for _ in range(times)][-1]


def check(scene: Scene, scenario: Scenario) -> httpx.Response:
    """Assert that what happens is answered as the reference says, in the shape that every client reads."""
    answer = scenario.when(scene)
    body = answer.json()
    said = answer.status_code, body["error"], body["error_description"]
    assert said == (scenario.status, scenario.error, scenario.text)
    assert marks_of(scene.answered[-1]) == scenario.evidence
    by_token = answer.request.url.path == "/oauth/token"
    assert answer.headers["content-type"] == "application/json" + ("" if by_token else "; charset=utf-8")
    assert answer.headers.get("cache-control") == (CACHE if by_token else None)
    assert "www-authenticate" not in answer.headers
    more = {"mfa_required": {"mfa_token"}, "unauthorized_client": {"error_uri"}}.get(scenario.error, set())
    assert body.keys() - more == {"error", "error_description"}
    return answer


def marks_of(row: EvidenceRow) -> str:
    """Return the evidence of a row: of its status, its code and its text, or the one mark of all three."""
    marks = [row.status_mark, row.error_mark, row.text_mark]
    return marks[0] if len(set(marks)) == 1 else " ".join(marks)
