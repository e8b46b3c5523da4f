"""The sandboxes that a recorded live run is compared with: opened anew for each way in which one can be set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auth0_mfa_lab.live.drift.drift import Drift, drift_of
from auth0_mfa_lab.live.drift.stage import Setting

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox.errors import EvidenceRow
    from auth0_mfa_lab.sandbox.stage import Stage

_NOT_AN_ANSWER = ("gateway_failure_every",)
"""A switch that is no word of the tenant's."""


class SandboxTheatre:
    """Sandbox tenants that share their RSA keys: making one takes longer than a whole run."""

    def __init__(self) -> None:
        """Begin with no key; the first sandbox makes them."""
        from auth0_mfa_lab.sandbox.stage import Keys

        self._keys = Keys()

    @cached_property
    def alternatives(self) -> Sequence[Setting]:
        """What a sandbox may be set to instead: profile, policy, and each value of each switch that is not trusted."""
        from auth0_mfa_lab.sandbox.settings import SWITCHES

        switches = {name: values[1:] for name, values in SWITCHES.items() if name not in _NOT_AN_ANSWER}
        named = {"profile": ("recorded",), **switches, "policy": ("never",)}
        return [Setting(name=name, value=value) for name, values in named.items() for value in values]

    @cached_property
    def evidence(self) -> tuple[EvidenceRow, ...]:
        """How well each answer of the sandbox is known."""
        from auth0_mfa_lab.sandbox.errors import ROWS

        return ROWS

    def open(self, *, domain: str, begins: float, set_to: Sequence[Setting], settings: Mapping[str, object]) -> Stage:
        """Open a sandbox with this domain at this time (epoch seconds)."""
        from auth0_mfa_lab.sandbox.stage import Stage

        chosen = {each.name: each.value for each in set_to}
        options: dict[str, Any] = {name: chosen.pop(name) for name in ("profile", "policy") if name in chosen}
        if chosen.get("recovery_code_factor") == "off" and isinstance(factors := settings.get("factors"), frozenset):
            settings = {**settings, "factors": factors - {"recovery-code"}}
        return Stage(
            domain=domain,
            begins=begins,
            keys=self._keys,
            switches=chosen,
            settings={name: value for name, value in settings.items() if name not in options},
            **options,
        )


def drift(path: str | Path, *, allow: str | Path | None = None) -> Drift:
    """Compare a recorded live run with the sandbox; `drift_of` says how."""
    return drift_of(path, SandboxTheatre(), allow=allow)
