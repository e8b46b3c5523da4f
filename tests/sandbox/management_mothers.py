"""An administrator of the sandbox's tenant: a token of the management application, and any call of `/api/v2`."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from auth0_mfa_lab.sandbox import User
from tests.sandbox.sandbox_mothers import App, bearer

AUDIENCE = "https://sandbox.example/api/v2/"


@dataclass(frozen=True)
class Admin:
    """Types the wire by hand, as an application's back end would."""

    app: App
    access_token: str

    def __call__(self, method: str, path: str, body: object = None, **options: Any) -> httpx.Response:
        """Send one call; a body other than None is JSON."""
        if body is not None:
            options["json"] = body
        headers = {**bearer(self.access_token), **options.pop("headers", {})}
        return self.app.http.request(method, f"/api/v2{path}", headers=headers, **options)

    def get(self, path: str) -> Any:
        """Return the JSON of a GET that succeeds."""
        answer = self("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()


def machine_token(app: App, **fields: str) -> httpx.Response:
    """Ask for a token of the management application's own."""
    known = app.sandbox.defaults
    credentials = {"client_id": known.mgmt_client_id, "client_secret": known.mgmt_client_secret}
    return app.token(**{"grant_type": "client_credentials", "audience": AUDIENCE, **credentials, **fields})


def admin_of(app: App, scope: str = "") -> Admin:
    """Return an administrator with these scopes, by default with all."""
    return Admin(app, machine_token(app, scope=scope).json()["access_token"])


def users_path(user: User, below: str = "") -> str:
    return f"/users/{quote(user.user_id, safe='')}{below}"


def methods_path(user: User, method_id: str | None = None) -> str:
    return users_path(user, "/authentication-methods" + (f"/{quote(method_id, safe='')}" if method_id else ""))


def four_keys(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Return status, message and code of an error, whose shape is the Management API's."""
    body = answer.json()
    assert list(body) == ["statusCode", "error", "message", "errorCode"][: len(body)]
    assert body["statusCode"] == answer.status_code
    assert body["error"] == httpx.codes.get_reason_phrase(answer.status_code)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    return answer.status_code, body["message"], body.get("errorCode")
