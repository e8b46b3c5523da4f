"""What the doctor's tests share: twelve broken set-ups of a live tenant, the command, and what a tenant remembers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from click.testing import CliRunner, Result

from auth0_mfa_lab.cli import main
from auth0_mfa_lab.live.doctor.doctor import Diagnosis
from auth0_mfa_lab.sandbox import Sandbox
from tests.live.live_world import LiveTenant

GRANT = "http://auth0.com/oauth/grant-type"
ALL_FACTORS = frozenset({"sms", "push-notification", "otp", "email", "recovery-code"})
MFA = tuple(f"{GRANT}/mfa-{each}" for each in ("oob", "otp", "recovery-code"))
FORGETS = frozenset(
    {"logs", "_log_ids", "clock", "_clock", "chance", "_chance", "codes", "user_ids", "domains", "_domains", "keys"}
)
"""What is no memory of a tenant's, or may grow: its log."""
Break = Callable[[LiveTenant], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One broken set-up: how it breaks, the finding's name, whether an API mends it, whether a token is needed for it.

    `said` is a part of what is found, as the Management API tells it.
    """

    breaks: Break
    finding: str
    by_api: bool = True
    told_without_token: bool = False
    said: str


def without_grants(*names: str) -> Break:
    def breaks(tenant: LiveTenant) -> None:
        clients, client_id = tenant.sandbox.tenant.clients, tenant.sandbox.defaults.client_id
        clients[client_id] = replace(clients[client_id], grants=clients[client_id].grants - set(names))

    return breaks


def setting(**changes: Any) -> Break:
    return lambda tenant: tenant.set_up(**changes)


def without_factor(name: str) -> Break:
    return lambda tenant: tenant.set_up(factors=tenant.sandbox.tenant.settings.factors - {name})


def with_another_secret(tenant: LiveTenant) -> None:
    """Let the application have another secret than the settings say."""
    clients, client_id = tenant.sandbox.tenant.clients, tenant.sandbox.defaults.client_id
    clients[client_id] = replace(clients[client_id], client_secret="somebody-else-s")


SETUPS = {
    "MFA grant": Setup(breaks=without_grants(*MFA), finding="MFA grant", told_without_token=True, said="mfa-oob"),
    "password grant": Setup(
        breaks=without_grants("password", f"{GRANT}/password-realm"),
        finding="password grant",
        told_without_token=True,
        said="password-realm",
    ),
    "passwordless grant": Setup(
        breaks=without_grants(f"{GRANT}/passwordless/otp"),
        finding="passwordless grant",
        told_without_token=True,
        said="passwordless/otp",
    ),
    "default directory": Setup(
        breaks=setting(default_directory=None),
        finding="default directory",
        told_without_token=True,
        said="500 server_error",
    ),
    "policy": Setup(breaks=setting(policy="never"), finding="policy", said="No policy"),
    "push": Setup(breaks=without_factor("push-notification"), finding="push", said="push-notification is off"),
    "sms": Setup(breaks=without_factor("sms"), finding="sms", said="sms is off"),
    "voice message type": Setup(
        breaks=setting(message_types=("sms",)), finding="voice message type", said="may use sms"
    ),
    "email": Setup(breaks=without_factor("email"), finding="email", said="email is off"),
    "recovery code": Setup(
        breaks=without_factor("recovery-code"), finding="recovery code", said="recovery-code is off"
    ),
    "push provider": Setup(breaks=setting(push_provider="sns"), finding="push provider", said="sns"),
    "client secret": Setup(
        breaks=with_another_secret,
        finding="client secret",
        by_api=False,
        told_without_token=True,
        said="401 access_denied",
    ),
}


def all_on(tenant: LiveTenant) -> None:
    """Switch everything on that the doctor looks at."""
    tenant.set_up(factors=ALL_FACTORS, message_types=("sms", "voice"), phone_provider="twilio")


def names(diagnosis: Diagnosis, state: str) -> list[str]:
    return [each.name for each in diagnosis.findings if each.state == state]


@contextmanager
def environment(monkeypatch: Any, variables: dict[str, str]) -> Iterator[None]:
    """Let the process have these variables, and no tenant beside them."""
    with monkeypatch.context() as patched:
        patched.delenv("AUTH0_LAB_TENANT", raising=False)
        for name, value in variables.items():
            patched.setenv(name, value)
        yield


def run(monkeypatch: Any, variables: dict[str, str], *words: str, given: str = "") -> Result:
    """Run `auth0-mfa-lab doctor` with these variables."""
    with environment(monkeypatch, variables):
        return CliRunner().invoke(main, ["doctor", *words], input=given, catch_exceptions=False)


def told(result: Result) -> Any:
    """Return what the command printed as JSON."""
    return json.loads(result.stdout)


def memory(sandbox: Sandbox) -> object:
    """Return all that a tenant remembers, its log aside, as a value that can be compared."""
    return _walked((sandbox.tenant, sandbox.delivery), set())


def _walked(value: object, seen: set[int]) -> object:
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    if id(value) in seen:
        return "again"
    seen = seen | {id(value)}
    if isinstance(value, dict):
        return {str(key): _walked(each, seen) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple) or type(value).__name__ == "deque":
        return [_walked(each, seen) for each in value]  # type: ignore[attr-defined]  # a deque is walked alike
    if not type(value).__module__.startswith("auth0_mfa_lab.sandbox"):
        return type(value).__name__
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    kept = [name for name in [*vars(value)] if name not in FORGETS] if hasattr(value, "__dict__") else slots
    return {name: _walked(getattr(value, name), seen) for name in kept}
