"""A Guardian app that types the device API by hand, as Guardian.Android and Guardian.swift send it."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.official.served import KEYS, Served


@dataclass
class Device:
    """One app; `service` is GCM on Android, where the modulus is sent with a leading zero byte, and APNS on iOS."""

    served: Served
    service: str = "GCM"
    identifier: str = "a1b2c3d4e5f60718"
    key: RSAKey = field(default_factory=lambda: next(KEYS))
    account: dict[str, Any] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """What both apps make of the domain that they were configured with."""
        return f"https://{self.served.domain}/appliance-mfa"

    @property
    def public_key(self) -> dict[str, object]:
        numbers = self.key.as_dict(private=False)
        modulus = str(numbers["n"])
        if self.service == "GCM":
            raw = urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
            modulus = urlsafe_b64encode(b"\0" + raw).rstrip(b"=").decode()
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "e": numbers["e"], "n": modulus}

    def call(self, method: str, path: str, *, authorization: str, body: object = None) -> httpx.Response:
        with self.served.http() as http:
            return http.request(method, f"{self.base}/api/{path}", headers={"authorization": authorization}, json=body)

    def enroll(self, barcode_uri: str) -> httpx.Response:
        """Use the ticket of a QR, and nothing else of it."""
        (ticket,) = parse_qs(urlsplit(barcode_uri).query)["enrollment_tx_id"]
        body = {
            "identifier": self.identifier,
            "name": "Pixel 9",
            "push_credentials": {"service": self.service, "token": "a-push-token"},
            "public_key": self.public_key,
        }
        answer = self.call("POST", "enroll", authorization=f'Ticket id="{ticket}"', body=body)
        if answer.is_success:
            self.account = answer.json()
        return answer

    def payload(self) -> Mapping[str, Any]:
        return self.served.sandbox.delivery.pushes("a-push-token")[-1].payload

    def answer(self, push: Mapping[str, Any], *, accepted: bool, **changes: object) -> httpx.Response:
        """Resolve the transaction of a push, whose fields are flat here."""
        now = int(time.time())
        claims = {
            "iat": now,
            "exp": now + 30,
            "aud": f"{self.base}/api/resolve-transaction",
            "iss": self.identifier,
            "sub": push["c"],
            "auth0_guardian_method": "push",
            "auth0_guardian_accepted": accepted,
            **changes,
        }
        signed = jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, self.key)
        body = {"challenge_response": signed}
        return self.call("POST", "resolve-transaction", authorization=f"Bearer {push['txtkn']}", body=body)

    def basic_jwt(self) -> str:
        """Return the JWT by which newer apps change and remove their account."""
        now = int(time.time())
        claims = {"iat": now, "exp": now + 7200, "iss": self.account["id"], "sub": self.account["user_id"]}
        aud = f"{self.base}/api/device-accounts"
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, {**claims, "aud": aud}, self.key)
