"""An application at a served sandbox: the steps of a login, as the tests of the server need them."""

from typing import Any

import httpx

from auth0_mfa_lab.sandbox.server import Server

OOB = "http://auth0.com/oauth/grant-type/mfa-oob"


class Application:
    """The confidential application of the default tenant, and a user of its own."""

    def __init__(self, server: Server, http: httpx.Client, control: httpx.Client, factors: tuple[str, ...]) -> None:
        self.http = http
        defaults = server.sandbox.defaults
        self.secrets = {"client_id": defaults.client_id, "client_secret": defaults.client_secret}
        added = control.post("users", json={"factors": factors})
        assert added.status_code == 201
        self.user: dict[str, Any] = added.json()

    def password(self, **fields: str) -> httpx.Response:
        login = {"grant_type": "password", "username": self.user["username"], "password": self.user["password"]}
        return self.http.post("/oauth/token", data={**self.secrets, **login, **fields})

    def challenge(self, **fields: str) -> str:
        """Log in up to the second factor, and return its oob_code and mfa_token."""
        self.mfa_token = self.password(**fields).json()["mfa_token"]
        body = {**self.secrets, "mfa_token": self.mfa_token, "challenge_type": "oob"}
        answer = self.http.post("/mfa/challenge", json=body)
        assert answer.status_code == 200, answer.text
        self.oob_code = str(answer.json()["oob_code"])
        return self.oob_code

    def poll(self, **fields: str) -> httpx.Response:
        codes = {"grant_type": OOB, "mfa_token": self.mfa_token, "oob_code": self.oob_code}
        return self.http.post("/oauth/token", data={**self.secrets, **codes, **fields})
