"""What the sandbox emulates, found by asking it: each endpoint, each grant, each factor, each way to authenticate."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import httpx

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.settings import Factor

GRANTS = "http://auth0.com/oauth/grant-type/"
NONE_OF_OURS = (404, 405, 501)
"""What the sandbox answers to what it has not."""


class Probes:
    """A sandbox in which everything is on that can be, and an application that may do everything."""

    def __init__(self) -> None:
        self.box = Sandbox()
        tenant, client_id = self.box.tenant, self.box.defaults.client_id
        tenant.settings = replace(tenant.settings, factors=frozenset(get_args(Factor)), message_types=("sms", "voice"))
        self._credentials = {"client_id": client_id, "client_secret": self.box.defaults.client_secret}
        self._http = httpx.Client(transport=self.box.transport, base_url=f"https://{self.box.domain}")

    def route(self, method: str, path: str) -> bool:
        """Tell whether there is this route: asked with nothing in hand, it refuses as Auth0 would."""
        answer = self._http.request(method, path.replace("{id}", "x"))
        return answer.status_code not in NONE_OF_OURS

    def grant(self, grant_type: str) -> bool:
        """Tell whether the token endpoint takes this grant."""
        tenant, client_id = self.box.tenant, self._credentials["client_id"]
        client = tenant.clients[client_id]
        tenant.clients[client_id] = replace(client, grants=client.grants | {grant_type})
        answer = self._token(self._credentials | {"grant_type": grant_type})
        return answer.status_code != 501 and "Unsupported grant type" not in answer.text

    def authentication(self, method: str) -> bool:
        """Tell whether an application can try to authenticate by this method."""
        client_id, secret = self._credentials["client_id"], self._credentials["client_secret"]
        basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        bearer_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        fields: Mapping[str, Mapping[str, str]] = {
            "client_secret_post": self._credentials,
            "client_secret_basic": {},
            "none": {"client_id": self.box.defaults.public_client_id},
            "private_key_jwt": {
                "client_id": client_id,
                "client_assertion_type": bearer_type,
                "client_assertion": "e30.e30.x",
            },
        }
        headers = {"authorization": f"Basic {basic}"} if method == "client_secret_basic" else {}
        return self._token({"grant_type": "password", **fields[method]}, headers).status_code != 501

    def factor(self, types: Sequence[str], channels: Sequence[str] = ()) -> str:
        """Return `yes`, `no`, or that Auth0's API has no such factor."""
        answer = self._associate(types, channels)
        if answer.status_code == 200:
            return "yes"
        return "no" if answer.status_code == 501 else "not in Auth0's MFA API"

    def recovery_codes(self) -> bool:
        """Tell whether the first factor brings a recovery code."""
        return "recovery_codes" in self._associate(["otp"], ()).json()

    def _associate(self, types: Sequence[str], channels: Sequence[str]) -> httpx.Response:
        user = self.box.add_user()
        login = {"grant_type": "password", "username": user.username, "password": user.password}
        mfa_token = self._token(self._credentials | login).json()["mfa_token"]
        body: dict[str, Any] = {"authenticator_types": list(types), "phone_number": "+15550123"}
        body |= {"oob_channels": list(channels)} if channels else {}
        return self._http.post("/mfa/associate", json=body, headers={"authorization": f"Bearer {mfa_token}"})

    def _token(self, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self._http.post("/oauth/token", data=dict(fields), headers=headers)
