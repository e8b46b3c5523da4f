"""A sandbox behind uvicorn for one test, and an application in front of it that types the wire by hand."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import trustme
import uvicorn
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox import Phone, Sandbox, User, WallClock

GRANT = "http://auth0.com/oauth/grant-type"
# Making an RSA key takes longer than a test; a test may meet each key once.
KEYS = cycle([RSAKey.generate_key() for _ in range(8)])


@dataclass(frozen=True)
class Served:
    """A sandbox on a socket: what an integrator knows of it, and what only a test may touch."""

    sandbox: Sandbox
    port: int
    ca_file: Path
    bugs: list[str] = field(default_factory=list)
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

    def check(self) -> None:
        for client in self.opened:
            client.close()
        assert self.bugs == [], "the sandbox has a bug"


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """Run a fresh sandbox in a thread, on a free port of loopback, with a certificate for localhost and 127.0.0.1."""
    sandbox = Sandbox(clock=WallClock(), new_key=lambda: next(KEYS))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file := folder / "ca.pem")
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        own := folder / "server.pem"
    )
    bugs: list[str] = []
    server = uvicorn.Server(
        uvicorn.Config(
            _Front(sandbox, bugs),
            port=0,
            ssl_certfile=own,
            log_level="critical",
            lifespan="off",
        )
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    sandbox.tenant.domains.serve(("localhost", "127.0.0.1"), current=f"localhost:{port}")
    try:
        yield Served(sandbox, port, ca_file, bugs)
    finally:
        server.should_exit = True
        for one in tuple(server.server_state.connections):
            loop.call_soon_threadsafe(one.transport.abort)
        thread.join(5)
        loop.close()
        sandbox.close()


class _Front:
    """Reads a body whole before the app sees it, so that one request is answered before the next is looked at."""

    def __init__(self, sandbox: Sandbox, bugs: list[str]) -> None:
        self._sandbox = sandbox
        self._bugs = bugs

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)

        async def whole() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        sent: list[Any] = []

        async def keep(message: Any) -> None:
            sent.append(message)

        self._sandbox.tenant.domains.current = dict(scope["headers"])[b"host"].decode()
        try:
            await self._sandbox.app(scope, whole, keep)
        except Exception as problem:
            self._bugs.append(repr(problem))
        for message in sent:
            await send(message)
