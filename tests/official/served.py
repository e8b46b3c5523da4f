"""A served sandbox for one test, and an application in front of it that types the wire by hand."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import certifi
import httpx
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import Phone, Sandbox, User, WallClock
from auth0_mfa_lab.sandbox.server import Server

GRANT = "http://auth0.com/oauth/grant-type"
# Making an RSA key takes longer than a test; a test may meet each key once.
KEYS = cycle([RSAKey.generate_key() for _ in range(8)])


@dataclass(frozen=True)
class Served:
    """A sandbox on a socket: what an integrator knows of it, and what only a test may touch."""

    sandbox: Sandbox
    port: int
    ca_file: Path
    bundle: Path
    opened: list[httpx.Client] = field(default_factory=list)

    @property
    def domain(self) -> str:
        return f"localhost:{self.port}"

    @property
    def issuer(self) -> str:
        return f"https://{self.domain}/"

    @property
    def application(self) -> dict[str, str]:
        known = self.sandbox.defaults
        return {"client_id": known.client_id, "client_secret": known.client_secret}

    def http(self, host: str = "localhost") -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        self.opened.append(client := httpx.Client(verify=context, base_url=f"https://{host}:{self.port}"))
        return client

    def phone(self) -> Phone:
        return self.sandbox.new_phone(self.http())

    def user(self, *factors: str, phone: Phone | None = None) -> User:
        """Return a fresh user with these factors; a phone for push scans over the network."""
        return self.sandbox.add_user(factors=factors, phone=phone)

    def set_up(self, *, switches: dict[str, str] | None = None, **changes: Any) -> None:
        """Change the tenant's settings."""
        before = self.sandbox.tenant.settings
        changes["switches"] = {**before.switches, **(switches or {})}
        self.sandbox.tenant.settings = replace(before, **changes)

    def code(self, address: str) -> str:
        """Return the newest code that was sent to an address."""
        return str(self.sandbox.delivery.messages(address)[-1].code)

    def token(self, **fields: str) -> httpx.Response:
        with self.http() as http:
            return http.post("/oauth/token", data={**self.application, **fields})

    def password(self, user: User, **fields: str) -> httpx.Response:
        login = {"grant_type": "password", "username": user.username, "password": user.password}
        return self.token(**{**login, **fields})

    def mfa_token(self, user: User, **fields: str) -> str:
        return str(self.password(user, **fields).json()["mfa_token"])

    def associate(self, mfa_token: str, **fields: object) -> httpx.Response:
        with self.http() as http:
            return http.post("/mfa/associate", headers={"authorization": f"Bearer {mfa_token}"}, json=fields)

    def challenge(self, mfa_token: str, **fields: str) -> httpx.Response:
        with self.http() as http:
            return http.post("/mfa/challenge", json={**self.application, "mfa_token": mfa_token, **fields})

    def close(self) -> None:
        for client in self.opened:
            client.close()


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """Serve a fresh sandbox from a thread, on a free port of loopback."""
    sandbox = Sandbox(clock=WallClock(), new_key=lambda: next(KEYS))
    with Server(sandbox) as server:
        (ca_file := folder / "ca.pem").write_bytes(ca_pem := server.ca_pem or b"")
        (bundle := folder / "bundle.pem").write_bytes(ca_pem + b"\n" + Path(certifi.where()).read_bytes())
        yield Served(sandbox, server.port, ca_file, bundle)
