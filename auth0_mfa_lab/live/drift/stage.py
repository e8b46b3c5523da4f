"""What a comparison asks of a sandbox: a tenant to play a recorded run on again, and the person's part in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from auth0_mfa_lab.sandbox.errors import EvidenceRow


class Defaults(Protocol):
    """The ids and secrets of a sandbox's own applications, its first user, and the name of its database."""

    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> str: ...
    @property
    def public_client_id(self) -> str: ...
    @property
    def mgmt_client_id(self) -> str: ...
    @property
    def mgmt_client_secret(self) -> str: ...
    @property
    def realm(self) -> str: ...
    @property
    def user_id(self) -> str: ...


class Stage(Protocol):
    """A sandbox tenant; a person of it has a name, and a passwordless one the realm `sms` or `email`."""

    @property
    def defaults(self) -> Defaults: ...
    def ask(self, request: httpx.Request) -> httpx.Response: ...
    def advance(self, seconds: float) -> None: ...
    def add_api(self, identifier: str, scopes: Iterable[str]) -> None: ...
    def add_person(
        self,
        name: str,
        *,
        realm: str = "",
        factors: Sequence[str] = (),
        begun: Sequence[str] = (),
        phone_number: str | None = None,
        email: str | None = None,
    ) -> None: ...
    def password(self, name: str) -> str | None: ...
    def user_id(self, name: str, realm: str = "") -> str | None: ...
    def scan(self, barcode_uri: str) -> httpx.Response | None: ...
    def answer(self, oob_code: str, *, accepted: bool) -> httpx.Response | None: ...
    def awaits(self, oob_code: str) -> str | None: ...
    def active_pushes(self, bearer: str) -> int: ...
    def otp(self, mfa_token: str) -> str | None: ...
    def binding_code(self, oob_code: str) -> str | None: ...
    def passwordless_code(self, address: str) -> str | None: ...
    def recovery_code(self, mfa_token: str) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that a sandbox may be set to instead: its profile, its policy, or a switch."""

    name: str
    value: str

    @property
    def said(self) -> str:
        """How it is called: `profile recorded`, `policy never`, `switch pending_status=200`."""
        if self.name in ("profile", "policy"):
            return f"{self.name} {self.value}"
        return f"switch {self.name}={self.value}"


class Theatre(Protocol):
    """Opens stages: as many as are wished, each set in another way."""

    @property
    def alternatives(self) -> Sequence[Setting]: ...
    @property
    def evidence(self) -> Sequence[EvidenceRow]: ...
    def open(
        self, *, domain: str, begins: float, set_to: Sequence[Setting], settings: Mapping[str, object]
    ) -> Stage: ...


@dataclass(slots=True)
class Codes:
    """The codes that were sent on this stage, by those that were sent live: who sends one again sends it again."""

    sent: dict[str, str] = field(default_factory=dict, repr=False)

    def of(self, live: str, right: str | None, *, was_right: bool) -> str:
        """Return what to send in the place of a code: a right one where that was right, else one that is wrong."""
        if was_right and right is not None:
            self.sent[live] = right
            return right
        if live in self.sent:
            return self.sent[live]
        return live if live != right else _another(live)


def _another(code: str) -> str:
    """Return a code of the same length that differs in its last place."""
    last = code[-1:]
    return code[:-1] + ("1" if last == "0" else "0" if last.isdigit() else "A" if last != "A" else "B")
