"""One answer of the sandbox as one row: what happens, and what the reference says is answered; a table is a family.

Texts are typed from the reference, never imported from the sandbox: a wrong one would agree with itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.sandbox.errors import EvidenceRow
from tests.sandbox.sandbox_mothers import App

CACHE = "private, no-store, no-cache, must-revalidate, post-check=0, pre-check=0, no-transform"
"""The cache-control header of every refusal of `/oauth/token` (section 0.5)."""

NO_GRANT_PAGE = "https://auth0.com/docs/clients/client-grant-types"


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
Said = tuple[int, str, str, str]
"""Status, code, text, and the evidence: one mark, or those of status, code and text."""
UNAUTHORIZED: Said = 401, "access_denied", "Unauthorized", "forum"
MFA_REQUIRED: Said = 403, "mfa_required", "Multifactor authentication required", "doc"


class Scenario(NamedTuple):
    """`given` begins with the reference's section."""

    given: str
    when: Happening
    said: Said


def table(*rows: tuple[str, Happening, Said]) -> tuple[Scenario, ...]:
    return tuple(Scenario(*row) for row in rows)


def each_of(table: Sequence[Scenario]) -> pytest.MarkDecorator:
    """Return the mark of a test of each row of a table."""
    return pytest.mark.parametrize("scenario", table, ids=[row.given for row in table])


def missing(name: str, evidence: str = "forum forum doc") -> Said:
    return 400, "invalid_request", f"Missing required parameter: {name}", evidence


def not_allowed(grant: str, evidence: str = "forum forum doc") -> Said:
    return 403, "unauthorized_client", f"Grant type '{grant}' not allowed for the client.", evidence


def check(scene: Scene, scenario: Scenario) -> httpx.Response:
    """Assert that what happens is answered as the reference says, in the shape that every client reads."""
    answer, (status, error, text, evidence) = scenario.when(scene), scenario.said
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_description"]) == (status, error, text)
    assert marks_of(scene.answered[-1]) == evidence
    by_token = answer.request.url.path == "/oauth/token"
    assert answer.headers["content-type"] == "application/json" + ("" if by_token else "; charset=utf-8")
    assert answer.headers.get("cache-control") == (CACHE if by_token else None)
    assert "www-authenticate" not in answer.headers
    is_grant = text.startswith("Grant type '")
    assert body.get("error_uri") == (NO_GRANT_PAGE if is_grant else None)
    more = {"mfa_token"} if error == "mfa_required" else {"error_uri"} if is_grant else set()
    assert body.keys() == {"error", "error_description"} | more
    return answer


def marks_of(row: EvidenceRow) -> str:
    """Return the evidence of a row: of its status, its code and its text, or the one mark of all three."""
    marks = [row.status_mark, row.error_mark, row.text_mark]
    return marks[0] if len(set(marks)) == 1 else " ".join(marks)
