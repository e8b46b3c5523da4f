"""A second sandbox behind TLS that plays one's own tenant: what it received, what it sent, what goes wrong."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import trustme
from joserfc.jwk import RSAKey
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth0_mfa_lab import Lab, Settings
from auth0_mfa_lab.client import network
from auth0_mfa_lab.sandbox import Phone, Sandbox, User, WallClock
from auth0_mfa_lab.sandbox.app import KINDS, Fault
from auth0_mfa_lab.sandbox.server import Server

# Making an RSA key takes longer than a test; a test may meet each key once.
KEYS = cycle([RSAKey.generate_key() for _ in range(8)])
ALWAYS = 1_000_000
"""How often something happens that does not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer on its way out; the names of its headers are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def with_json(self, value: object) -> Answer:
        """Return it with another body."""
        return replace(self, body=json.dumps(value).encode())

    def with_fields(self, **fields: object) -> Answer:
        """Return it with these fields added to its JSON object, or in the place of its own; None takes one out."""
        changed = {**self.json, **fields}
        return self.with_json({name: value for name, value in changed.items() if value is not None})

    def with_header(self, name: str, value: str | None) -> Answer:
        """Return it with this header, or without it (None)."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


Change = Callable[[Answer], Answer]


@dataclass(slots=True)
class Alteration:
    """A change of the next `times` answers of a route: `POST /oauth/token`, a path with any method, or any (None)."""

    route: str | None
    change: Change
    times: int

    def hits(self, method: str, path: str) -> bool:
        if self.route is None:
            return self.times > 0
        wanted, _, rest = self.route.rpartition(" ")
        return self.times > 0 and wanted in ("", method) and (path == rest or path.startswith(f"{rest.rstrip('/')}/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What somebody got: the channel (`push`, `sms`, `voice`, `email`), and the address; a push has none."""

    channel: str
    address: str = ""


@dataclass(slots=True)
class LiveTenant:
    """One's own tenant at https://localhost:<port>, as the integrator knows it, and what only a test may touch.

    It has the default tenant's applications and its user jane.roe@example.com, who has no authenticator yet. It follows
    the wall's clock; `skew` is by how many seconds its `Date` is ahead (None: it sends none).
    """

    server: Server
    folder: Path
    ca_file: Path
    skew: float | None = 0.0
    altered: list[Alteration] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    pushed: list[Sent] = field(default_factory=list)
    opened: list[httpx.BaseTransport | httpx.Client] = field(default_factory=list)
    told: list[Callable[[str, str, Answer], None]] = field(default_factory=list)
    """Who is told of each answer, with its method and its path, before it leaves: there they may speak to it, too."""

    # -- what the integrator knows

    @property
    def domain(self) -> str:
        return self.server.domain

    @property
    def environ(self) -> dict[str, str]:
        """The variables that choose this tenant, without the Management API's; the lab asks nothing before it sends."""
        known = self.sandbox.defaults
        return {
            "AUTH0_LAB_TENANT": "live",
            "AUTH0_DOMAIN": self.domain,
            "AUTH0_CLIENT_ID": known.client_id,
            "AUTH0_CLIENT_SECRET": known.client_secret,
            "AUTH0_USERNAME": known.username,
            "AUTH0_PASSWORD": known.password,
            "AUTH0_REALM": known.realm,
            "AUTH0_PHONE_NUMBER": known.phone_number,
            "AUTH0_EMAIL": known.email,
            "AUTH0_CA_FILE": str(self.ca_file),
            "AUTH0_LAB_CONFIRM": "never",
            "AUTH0_LAB_RAISE": "1",
        }

    @property
    def management(self) -> dict[str, str]:
        """The two variables that open the Management API."""
        known = self.sandbox.defaults
        return {"AUTH0_MGMT_CLIENT_ID": known.mgmt_client_id, "AUTH0_MGMT_CLIENT_SECRET": known.mgmt_client_secret}

    def settings(
        self, *, management: bool = False, environ: Mapping[str, str] | None = None, **changes: Any
    ) -> Settings:
        """Return what is read of `environ` (its own), with these fields changed; `management` adds its two."""
        read = {**self.environ, **(self.management if management else {}), **(environ or {})}
        return replace(Settings.from_env(self.folder, environ=read), **changes)

    def lab(self, **changes: Any) -> Lab:
        """Return a live lab on it, over the network; it takes what `settings` takes."""
        settings = self.settings(**changes)
        self.opened.append(transport := network(settings))
        return Lab.live(settings, transport=transport)

    # -- what only a test touches

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    @property
    def person(self) -> User:
        """The configured user, as the tenant has it."""
        return self.sandbox.tenant.users[self.sandbox.defaults.user_id]

    @property
    def authenticators(self) -> list[str]:
        """The ids of the configured user's authenticators, confirmed or not."""
        return [each.id for each in self.sandbox.tenant.authenticators.of(self.person.user_id)]

    def http(self) -> httpx.Client:
        """Return a client that trusts its CA, and records nothing."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        self.opened.append(client := httpx.Client(verify=context, base_url=self.server.url, trust_env=False))
        return client

    def phone(self) -> Phone:
        """Return the person's own phone; what it says over the network stands in `journal` alone."""
        return self.sandbox.new_phone(self.http())

    def enroll(self, *factors: str, phone: Phone | None = None) -> str | None:
        """Enroll these factors for the configured user, unseen, and return the recovery code, if that is new."""
        code, barcodes = self.sandbox.enroll_factors(self.person, factors)
        self.sandbox.enroll(barcodes, phone or self.phone())
        return code

    def set_up(self, *, switches: Mapping[str, str] | None = None, **changes: Any) -> None:
        """Change the tenant's settings."""
        before = self.sandbox.tenant.settings
        self.sandbox.tenant.settings = replace(before, switches={**before.switches, **(switches or {})}, **changes)

    # -- what it received, and what it sent

    @property
    def journal(self) -> tuple[tuple[str, str], ...]:
        """Method and path of each request that reached it, in order."""
        return tuple(self.asked)

    @property
    def received(self) -> tuple[dict[str, Any], ...]:
        """The requests that the tenant itself answered (not those that were dropped), with status and field names."""
        return tuple(self.server.sandbox.received)

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent to anybody: first all pushes, then messages, oldest first."""
        messages = reversed(self.sandbox.delivery.newest[:100])
        return (*self.pushed, *(Sent(channel=each.channel, address=each.address) for each in messages))

    # -- what goes wrong

    def alter(self, route: str | None, change: Change, *, times: int = ALWAYS) -> None:
        """Change the next answers of a route (`GET /mfa/authenticators`, a path alone, None: any) on their way out."""
        self.altered.append(Alteration(route, change, times))

    def bad(self, kind: str, route: str | None = None, *, times: int = ALWAYS, **fields: Any) -> None:
        """Let the next calls of a route go wrong: `429`, `5xx`, `html`, `slow`, `drop`, `garbage` (200, no text)."""
        if kind == "garbage":
            return self.alter(route, lambda answer: replace(answer, status=200, body=b"\x00\xff\xfe{"), times=times)
        if kind not in KINDS:
            raise ValueError(f"no fault is called {kind}")
        self.server.sandbox.faults.append(Fault(kind=kind, route=route, times=times, **fields))
        return None

    def well(self) -> None:
        """End every alteration and fault."""
        self.altered.clear()
        self.server.sandbox.faults.clear()

    @contextmanager
    def wrong_certificate(self) -> Iterator[dict[str, str]]:
        """Give the variables of a server whose certificate another CA has signed."""
        with Server(Sandbox(clock=WallClock(), new_key=lambda: next(KEYS))) as other:
            yield {**self.environ, "AUTH0_DOMAIN": other.domain}

    @contextmanager
    def nothing_there(self) -> Iterator[dict[str, str]]:
        """Give the variables of a port where nothing listens, and nothing can begin to."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
            taken.bind(("127.0.0.1", 0))
            yield {**self.environ, "AUTH0_DOMAIN": f"127.0.0.1:{taken.getsockname()[1]}"}

    def close(self) -> None:
        """Close what it opened."""
        for each in self.opened:
            each.close()


class Watched:
    """The app of the server, watched: it notes what arrives, dates what leaves, and alters it."""

    def __init__(self, app: ASGIApp, tenant: LiveTenant) -> None:
        self._app = app
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_lab"):
            return await self._app(scope, receive, send)
        method, path = scope["method"], scope["path"]
        self._tenant.asked.append((method, path))

        async def change(answer: Answer) -> Answer:
            for each in self._tenant.told:
                await asyncio.to_thread(each, method, path, answer)
            return self._changed(answer, method, path)

        return await self._app(scope, receive, _Outgoing(send, change).send)

    def _changed(self, answer: Answer, method: str, path: str) -> Answer:
        if self._tenant.skew is not None:
            now = self._tenant.sandbox.clock.now() + self._tenant.skew
            answer = answer.with_header("date", formatdate(now, usegmt=True))
        for each in self._tenant.altered:
            if each.hits(method, path):
                each.times -= 1
                answer = each.change(answer)
        return answer.with_header("content-length", str(len(answer.body)))


class _Outgoing:
    """Changes one answer; `transport` is that of the connection, which a drop ends."""

    def __init__(self, send: Send, change: Callable[[Answer], Awaitable[Answer]]) -> None:
        self._send = send
        self._change = change
        self._status = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self.transport = getattr(getattr(send, "__self__", None), "transport", None)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple(
                (name.decode().lower(), value.decode("latin-1")) for name, value in message["headers"]
            )
            return
        # The server gives each body whole.
        answer = await self._change(Answer(status=self._status, headers=self._headers, body=message["body"]))
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": answer.body})


@contextmanager
def live_world(folder: Path) -> Iterator[LiveTenant]:
    """Serve a fresh tenant from a thread, on a free port of loopback; its CA is in a file of this folder."""
    sandbox = Sandbox(seed=2, clock=WallClock(), new_key=lambda: next(KEYS))
    server = Server(sandbox)
    (ca_file := folder / "live-ca.pem").write_bytes(server.ca_pem or b"")
    tenant = LiveTenant(server, folder, ca_file)
    server._uvicorn.config.app = Watched(server, tenant)
    is_lost = sandbox.delivery.loses

    def note_push() -> bool:
        tenant.pushed.append(Sent(channel="push"))
        return is_lost()

    sandbox.delivery.loses = note_push
    try:
        with server:
            yield tenant
    finally:
        tenant.close()


def other_ca(folder: Path) -> Path:
    """Return the file of a CA that has signed nothing."""
    (file := folder / "other-ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    return file
