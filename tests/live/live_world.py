"""A second sandbox behind TLS that plays one's own tenant: what it received, what it sent, what goes wrong."""

import json
import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth0_mfa_lab import Exchange, Lab, Settings
from auth0_mfa_lab.client import network
from auth0_mfa_lab.sandbox import Phone, Sandbox, WallClock
from auth0_mfa_lab.sandbox import User as TenantUser
from auth0_mfa_lab.sandbox.app import Fault
from auth0_mfa_lab.sandbox.http import Request
from auth0_mfa_lab.sandbox.received import Heard
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.tenants.users import User
from tests.keys import next_key

NUMBER = "+15550177"
"""A phone number that only a run uses."""
PUSH: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["auth0"]}
SMS: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": NUMBER}

SITE = """
from pathlib import Path
from auth0_mfa_lab import Settings, lab
from auth0_mfa_lab.clock import RealClock
from auth0_mfa_lab.tenants.operations import Remote, ServedClock
from tests.network import guard

guard([])
clock = ServedClock(Remote(Settings.of_server(Path({control!r}))))
lab.RealClock = lambda: RealClock(sleep=clock.advance, now=clock.now)
"""
"""What a process does first that Python starts: it sees this machine alone, and goes by the live tenant's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer on its way out; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def with_json(self, value: object) -> "Answer":
        return replace(self, body=json.dumps(value).encode())

    def with_fields(self, **fields: object) -> "Answer":
        """Return it with these fields added to its JSON object, or in the place of its own; None takes one out."""
        return self.with_json(present({**self.json, **fields}))

    def with_header(self, name: str, value: str | None) -> "Answer":
        """Return it with this header, or without it (None)."""
        return replace(self, headers=present({**self.headers, name: value}))


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in values.items() if each is not None}


Change = Callable[[Answer], Answer]


class LiveTenant(Server):
    """One's own tenant at https://localhost:<port>, as the integrator knows it, and what only a test may touch.

    It has the default tenant's applications and its user jane.roe@example.com, who has no authenticator yet. It follows
    the wall's clock; `skew` is by how many seconds its `Date` is ahead (None: it sends none). `journal` has method and
    path of each request that reached it. Its CA is in a file of the folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(Sandbox(seed=2, clock=WallClock(), new_key=next_key))
        (ca_file := folder / "live-ca.pem").write_bytes(self.ca_pem or b"")
        self.folder, self.ca_file = folder, ca_file
        self.skew: float | None = 0.0
        self.journal = list[tuple[str, str]]()
        self._altered = list[tuple[str, Change, Iterator[int]]]()
        self._opened = list[httpx.BaseTransport | httpx.Client]()

    def stop(self) -> None:
        super().stop()
        for each in self._opened:
            each.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note what arrives, and let it be answered."""
        if not scope["path"].startswith("/_lab"):
            self.journal.append((scope["method"], scope["path"]))
        await super().__call__(scope, receive, send)

    def ask(self, request: Request, fault: Fault | None = None) -> tuple[Response, Heard | None]:
        """Return the answer as it leaves: dated, and altered."""
        said, heard = super().ask(request, fault)
        answer = Answer(status=said.status_code, headers=said.headers, body=bytes(said.body))
        date = None if self.skew is None else formatdate(self.sandbox.clock.now() + self.skew, usegmt=True)
        answer = answer.with_header("date", date).with_header("content-length", None)
        for route, change, times in self._altered:
            if re.match(route, f"{request.method} {request.url.path}") and next(times, None) is not None:
                answer = change(answer)
        return Response(answer.body, answer.status, answer.headers), heard

    @property
    def environ(self) -> dict[str, str]:
        """The variables that choose this tenant, without the Management API's; the lab asks nothing before it sends."""
        known = self.sandbox.defaults
        names = ("client_id", "client_secret", "username", "password", "realm", "phone_number", "email")
        return {
            **{f"AUTH0_{name.upper()}": getattr(known, name) for name in names},
            "AUTH0_LAB_TENANT": "live",
            "AUTH0_DOMAIN": self.domain,
            "AUTH0_CA_FILE": str(self.ca_file),
            "AUTH0_LAB_CONFIRM": "never",
            "AUTH0_LAB_RAISE": "1",
        }

    @property
    def management(self) -> dict[str, str]:
        """The two variables that open the Management API."""
        known = self.sandbox.defaults
        return {"AUTH0_MGMT_CLIENT_ID": known.mgmt_client_id, "AUTH0_MGMT_CLIENT_SECRET": known.mgmt_client_secret}

    def lab(
        self,
        *,
        management: bool = False,
        environ: Mapping[str, str] | None = None,
        record: Path | None = None,
        **changes: Any,
    ) -> Lab:
        """Return a live lab on it, over the network, with these variables, and with these fields of the settings."""
        read = {**self.environ, **(self.management if management else {}), **(environ or {})}
        settings = replace(Settings.from_env(self.folder, environ=read), **changes)
        self._opened.append(transport := network(settings))
        return Lab.live(settings, transport=transport, record=record)

    @property
    def users(self) -> dict[str, TenantUser]:
        return self.sandbox.tenant.users

    @property
    def person(self) -> TenantUser:
        """The configured user, as the tenant has it."""
        return self.users[self.sandbox.defaults.user_id]

    @property
    def authenticators(self) -> list[str]:
        """The ids of the configured user's authenticators, confirmed or not."""
        return [each.id for each in self.sandbox.tenant.authenticators.of(self.person.user_id)]

    @property
    def sent(self) -> list[object]:
        """What was sent to anybody: the newest push, and the messages by channel and address."""
        delivery = self.sandbox.delivery
        messages = [(each.channel, each.address) for each in delivery.newest[::-1]]
        return [*filter(None, [delivery.newest_push]), *messages]

    def code_for(self, address: str) -> str:
        """Return the code that was sent to an address last."""
        return str(self.sandbox.delivery.messages(address)[-1].code)

    def own_phone(self) -> Phone:
        """Return the person's own phone; what it says over the network stands in `journal` alone."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        self._opened.append(client := httpx.Client(verify=context, trust_env=False))
        return self.sandbox.new_phone(client)

    def enroll(self, *factors: str, phone: Phone | None = None) -> None:
        """Enroll these factors for the configured user, unseen."""
        _, barcodes = self.sandbox.enroll_factors(self.person, factors)
        self.sandbox.enroll(barcodes, phone or self.own_phone())

    def set_up(self, *, switches: Mapping[str, str] | None = None, **changes: Any) -> None:
        before = self.sandbox.tenant.settings
        self.sandbox.tenant.settings = replace(before, switches={**before.switches, **(switches or {})}, **changes)

    def set_client(self, client_id: str, **changes: Any) -> None:
        clients = self.sandbox.tenant.clients
        clients[client_id] = replace(clients[client_id], **changes)

    def alter(self, route: str, change: Change, *, times: int = 1_000_000) -> None:
        """Change the next answers on their way out; a pattern says which: how `POST /oauth/token` begins."""
        self._altered.append((route, change, iter(range(times))))

    def bad(self, kind: str, route: str | None = None, *, times: int = 1_000_000, **fields: Any) -> None:
        """Let the next calls of a route go wrong: a fault of a served sandbox, or `garbage` (200, no text)."""
        if kind == "garbage":
            self.alter(f".*{route or ''}", lambda each: replace(each, status=200, body=b"\0\xff\xfe{"), times=times)
        else:
            self.sandbox.faults.append(Fault(kind=kind, route=route, times=times, **fields))


def logged_in(lab: Lab, user: User | None = None, /, **fields: str) -> Exchange:
    """Log the configured user in, or another one of the lab's."""
    known = user or lab.settings
    return lab.client.password_grant(username=str(known.username), password=str(known.password), **fields)


def mfa_token(lab: Lab, user: User | None = None) -> str:
    token: str = logged_in(lab, user, realm=lab.settings.realm)["mfa_token"]
    return token


@dataclass(slots=True)
class Integrator:
    """Somebody with a lab on their own tenant that is recorded, and with a phone: their own, or the lab's."""

    tenant: LiveTenant
    lab: Lab
    phone: Any
    file: Path

    def wait(self, seconds: float) -> None:
        self.lab.clock.wait(seconds, for_what="the person")

    def login(self, **fields: str) -> Exchange:
        return logged_in(self.lab, **fields)

    def associate(self, login: Exchange, **fields: Any) -> Exchange:
        return self.lab.client.mfa_associate(login["mfa_token"], **(fields or PUSH))

    def look(self, login: Exchange) -> Exchange:
        return self.lab.client.mfa_authenticators(login["mfa_token"])

    def challenge(self, login: Exchange, kind: str = "oob", **fields: str) -> Exchange:
        return self.lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type=kind, **fields)

    def poll(self, login: Exchange, begun: Exchange, code: str | None = None) -> Exchange:
        token, oob_code = login["mfa_token"], begun["oob_code"]
        return self.lab.client.mfa_oob_grant(mfa_token=token, oob_code=oob_code, binding_code=code)

    def otp(self, login: Exchange, code: str) -> Exchange:
        return self.lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=code)

    def recover(self, login: Exchange, code: object) -> Exchange:
        return self.lab.client.mfa_recovery_code_grant(mfa_token=login["mfa_token"], recovery_code=str(code))

    def ended(self) -> Path:
        """Return the recording, written to its end."""
        assert self.lab._record is not None
        self.lab._record.save()
        return self.file


def environment(tenant: LiveTenant, folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a process that sees this tenant, and this machine alone.

    In it whatever the lab waits for passes at once: the tenant's clock is advanced instead. `variables` are added;
    `folder` is where what starts the process finds its guard.
    """
    (control := folder / "control.env").write_text(
        f"AUTH0_DOMAIN={tenant.domain}\nAUTH0_CLIENT_ID=unknown-app\nAUTH0_CA_FILE={tenant.ca_file}\n"
        f"AUTH0_LAB_TENANT=served\nAUTH0_LAB_TOKEN={tenant.token}\n",
        "utf-8",
    )
    (folder / "sitecustomize.py").write_text(SITE.format(control=str(control)), "utf-8")
    paths = {"PYTHONPATH": os.pathsep.join([str(folder), str(Path(__file__).resolve().parents[2])])}
    here = {name: value for name, value in os.environ.items() if not name.startswith("AUTH0_") and name != "CI"}
    return {**here, **tenant.environ, **paths, **variables}
