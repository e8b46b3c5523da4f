"""Loads `auth0-mfa-lab serve` with complete push logins of many clients at once, and looks for what must not happen.

    python -m benchmarks.load [--clients 32] [--seconds 30] [--no-tls] [--json]

Each client is an application with a phone of its own, whose key is real: it makes a user, enrolls push by the QR's
ticket, and logs that user in again and again (password, challenge, poll, allow, poll, tokens, and at the end the
refresh token given back). A user may be sent five pushes in a row, so the next five are a new user's, and the old one
is removed. Exit code 1 says that an answer was not the one that was due, that a token was somebody else's, or that
memory grew.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
from joserfc import jwt
from joserfc.jwk import RSAKey

from benchmarks import servers
from benchmarks.servers import Running
from benchmarks.wire import Connection

GRANT = "http://auth0.com/oauth/grant-type"
PUSHES = 5
"""How many pushes a user may be sent at once."""
FLAT = 1.10
"""By how much the resident memory may grow from the middle of a run to its end."""


class Wrong(Exception):
    """An answer that was not due, or a token of somebody else."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What all clients together have seen."""

    logins: int = 0
    users: int = 0
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Client:
    """One application with its phone."""

    def __init__(self, number: int, server: Running, connection: Connection, tally: Tally) -> None:
        self._name = f"client {number}"
        self._server = server
        self._connection = connection
        self._tally = tally
        self._key = RSAKey.generate_key(2048)
        numbers = self._key.as_dict(private=False)
        self._public_key = {"kty": "RSA", "alg": "RS256", "use": "sig", "e": numbers["e"], "n": numbers["n"]}
        settings = server.settings
        self._application = {name: settings[f"AUTH0_{name.upper()}"] for name in ("client_id", "client_secret")}
        self._control = {"authorization": f"Bearer {settings['AUTH0_LAB_TOKEN']}"}
        self._base = f"https://{settings['AUTH0_DOMAIN']}" if server.address.ca_file else self._plain()

    def _plain(self) -> str:
        return f"http://{self._server.settings['AUTH0_DOMAIN']}"

    async def work(self, goes_on: Callable[[], bool]) -> None:
        """Log users in as long as it goes on; the first wrong thing ends this client."""
        try:
            while goes_on():
                await self._a_user(goes_on)
        except (Wrong, OSError, EOFError) as problem:
            self._tally.wrong.append(f"{self._name}: {type(problem).__name__} {problem}")

    async def _a_user(self, goes_on: Callable[[], bool]) -> None:
        address = self._server.address
        user = await self._ask(201, address.json("/_lab/users", {"factors": []}, headers=self._control))
        phone = await self._ask(201, address.json("/_lab/phones", {}, headers=self._control))
        self._tally.users += 1
        mfa_token = await self._mfa_token(user)
        bearer = {"authorization": f"Bearer {mfa_token}"}
        association = {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}
        begun = await self._ask(200, address.json("/mfa/associate", association, headers=bearer))
        await self._poll(400, mfa_token, begun["oob_code"])
        device = await self._enroll(begun["barcode_uri"], phone)
        tokens = await self._poll(200, mfa_token, begun["oob_code"])
        self._check(tokens, user)
        await self._log_out(tokens)
        for _ in range(PUSHES):
            if goes_on():
                await self._log_in(user, phone, device["id"])
        await self._ask(204, address.request("DELETE", f"/_lab/users/{user['user_id']}", headers=self._control))

    async def _log_in(self, user: Mapping[str, Any], phone: Mapping[str, Any], device_id: str) -> None:
        """Log a user in by password and push, with one poll before the answer and one after."""
        address, begun = self._server.address, time.monotonic()
        mfa_token = await self._mfa_token(user)
        challenge = {**self._application, "mfa_token": mfa_token, "challenge_type": "oob"}
        oob_code = (await self._ask(200, address.json("/mfa/challenge", challenge)))["oob_code"]
        await self._poll(400, mfa_token, oob_code)
        path = f"/_lab/pushes?token={phone['push_token'].replace(':', '%3A')}"
        pushes = (await self._ask(200, address.request("GET", path, headers=self._control)))["pushes"]
        push = pushes[-1]["payload"]
        if push["dai"] != device_id:
            raise Wrong("a push of another phone")
        await self._allow(push, phone)
        tokens = await self._poll(200, mfa_token, oob_code)
        self._check(tokens, user)
        await self._log_out(tokens)
        self._tally.logins += 1
        self._tally.seconds.append(time.monotonic() - begun)

    async def _log_out(self, tokens: Mapping[str, Any]) -> None:
        """Give the refresh token back: what nobody revokes is remembered for long."""
        fields = {**self._application, "token": tokens["refresh_token"]}
        await self._ask(200, self._server.address.form("/oauth/revoke", fields))

    async def _mfa_token(self, user: Mapping[str, Any]) -> str:
        fields = {
            **self._application,
            "grant_type": "password",
            "username": user["username"],
            "password": user["password"],
            "audience": self._server.settings["AUTH0_AUDIENCE"],
            "scope": "openid offline_access",
        }
        body = await self._ask(403, self._server.address.form("/oauth/token", fields))
        if body["error"] != "mfa_required":
            raise Wrong(f"a login was refused: {body['error']}")
        return str(body["mfa_token"])

    async def _poll(self, due: int, mfa_token: str, oob_code: str) -> dict[str, Any]:
        fields = {"grant_type": f"{GRANT}/mfa-oob", "mfa_token": mfa_token, "oob_code": oob_code}
        return await self._ask(due, self._server.address.form("/oauth/token", {**self._application, **fields}))

    async def _enroll(self, barcode_uri: str, phone: Mapping[str, Any]) -> dict[str, Any]:
        (ticket,) = parse_qs(urlsplit(barcode_uri).query)["enrollment_tx_id"]
        body = {
            "identifier": phone["identifier"],
            "name": self._name,
            "push_credentials": {"service": "GCM", "token": phone["push_token"]},
            "public_key": self._public_key,
        }
        headers = {"authorization": f'Ticket id="{ticket}"'}
        return await self._ask(None, self._server.address.json("/appliance-mfa/api/enroll", body, headers=headers))

    async def _allow(self, push: Mapping[str, Any], phone: Mapping[str, Any]) -> None:
        now = int(time.time())
        claims = {
            "iss": phone["identifier"],
            "sub": push["c"],
            "aud": f"{self._base}/appliance-mfa/api/resolve-transaction",
            "iat": now,
            "exp": now + 30,
            "auth0_guardian_method": "push",
            "auth0_guardian_accepted": True,
        }
        body = {"challenge_response": jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, self._key)}
        headers = {"authorization": f"Bearer {push['txtkn']}"}
        await self._ask(
            None, self._server.address.json("/appliance-mfa/api/resolve-transaction", body, headers=headers)
        )

    async def _ask(self, due: int | None, request: bytes) -> dict[str, Any]:
        """Return the JSON of an answer, whose status must be the one that is due: None is any 2xx."""
        status, body = await self._connection.ask(request)
        self._tally.requests += 1
        self._tally.statuses[status] += 1
        if status != due if due is not None else status // 100 != 2:
            line = re.sub(rb" HTTP.*", b"", request.partition(b"\r\n")[0]).decode()
            raise Wrong(f"{line} answered {status} {body[:200].decode(errors='replace')}")
        value: dict[str, Any] = json.loads(body) if body else {}
        return value

    def _check(self, tokens: Mapping[str, Any], user: Mapping[str, Any]) -> None:
        """Raise Wrong when a token is not this user's, or no refresh token came with it."""
        for name in ("access_token", "id_token"):
            payload = tokens[name].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            if claims["sub"] != user["user_id"]:
                raise Wrong(f"the {name} of another user")
        if not tokens.get("refresh_token"):
            raise Wrong("no refresh_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run has shown; memory is the server's resident one, in MiB, each second."""

    clients: int
    seconds: float
    logins: int
    logins_a_second: float
    users: int
    requests: int
    statuses: dict[str, int]
    median_ms: float
    p99_ms: float
    memory: list[float]
    memory_growth: float
    wrong: list[str]

    @property
    def is_flat(self) -> bool:
        return self.memory_growth <= FLAT

    def __str__(self) -> str:
        shown = self.memory[:: max(1, len(self.memory) // 10)]
        lines = [
            f"{self.clients} clients, {self.seconds:.0f} s",
            f"logins      {self.logins} ({self.logins_a_second:.1f} a second) of {self.users} users",
            f"requests    {self.requests}: " + ", ".join(f"{n} x {status}" for status, n in self.statuses.items()),
            f"one login   median {self.median_ms:.0f} ms, 99th percentile {self.p99_ms:.0f} ms",
            f"memory      {' '.join(f'{one:.0f}' for one in shown)} MiB; "
            f"from the middle to the end x {self.memory_growth:.2f} (wanted: at most {FLAT})",
            f"wrong       {len(self.wrong)}",
        ]
        return "\n".join([*lines, *(f"  {one}" for one in self.wrong[:10])])


async def load(server: Running, clients: int, seconds: float) -> Result:
    """Let so many clients work at once for so many seconds."""
    context: ssl.SSLContext | None = server.address.context()
    connections = [await Connection.open(server.address, context) for _ in range(clients)]
    tally = Tally()
    workers = [Client(number, server, one, tally) for number, one in enumerate(connections)]
    begun = time.monotonic()
    memory: list[float] = []

    async def watch() -> None:
        while True:
            memory.append(server.resident() / 1024)
            await asyncio.sleep(min(1.0, seconds / 10))

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(worker.work(lambda: time.monotonic() < begun + seconds) for worker in workers))
    took = time.monotonic() - begun
    watching.cancel()
    memory.append(server.resident() / 1024)
    for connection in connections:
        connection.close()
    ordered = sorted(tally.seconds) or [0.0]
    return Result(
        clients=clients,
        seconds=took,
        logins=tally.logins,
        logins_a_second=tally.logins / took,
        users=tally.users,
        requests=tally.requests,
        statuses={str(status): count for status, count in sorted(tally.statuses.items())},
        median_ms=ordered[len(ordered) // 2] * 1000,
        p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
        memory=memory,
        memory_growth=memory[-1] / memory[len(memory) // 2],
        wrong=tally.wrong,
    )


@click.command()
@click.option("--clients", type=click.IntRange(1, 500), default=32, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1), default=30.0, show_default=True)
@click.option("--tls/--no-tls", default=True, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(clients: int, seconds: float, tls: bool, as_json: bool) -> None:
    """Load the served sandbox with complete push logins, and check every answer."""
    with tempfile.TemporaryDirectory(prefix="auth0-mfa-lab-") as name, servers.sandbox(Path(name), tls=tls) as server:
        result = asyncio.run(load(server, clients, seconds))
    if as_json:
        click.echo(json.dumps({"machine": servers.machine(), "tls": tls, **asdict(result)}, indent=2))
    else:
        click.echo(", ".join(f"{name} {value}" for name, value in servers.machine().items()))
        click.echo(str(result))
    sys.exit(1 if result.wrong or not result.logins or not result.is_flat else 0)


if __name__ == "__main__":
    main()
