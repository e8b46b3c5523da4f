"""Reads the Management API, each path once, and remembers why one was not read."""

from __future__ import annotations

from collections.abc import Callable

from auth0_mfa_lab.errors import NoAnswer
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.wire.exchange import Exchange, Json


class Reader:
    """What each path answers with 200; None where it answers otherwise, and `why` says how."""

    def __init__(self, api: Management) -> None:
        """Read by `api`."""
        self._api = api
        self._why: dict[str, str] = {}

    def application(self, client_id: str) -> Json:
        """Return the application's grants."""
        return self._read("application", lambda: self._api.application(client_id, fields="grant_types"))

    def tenant_settings(self) -> Json:
        """Return the tenant's settings."""
        return self._read("tenant_settings", self._api.tenant_settings)

    def connections(self) -> Json:
        """Return the connections."""
        fields = ["name", "strategy", "enabled_clients"]
        return self._read("connections", lambda: self._api.connections(fields=fields))

    def factors(self) -> Json:
        """Return every factor."""
        return self._read("factors", self._api.guardian_factors)

    def policies(self) -> Json:
        """Return the policies."""
        return self._read("policies", self._api.guardian_policies)

    def push_provider(self) -> Json:
        """Return the provider of the pushes."""
        return self._read("push_provider", self._api.push_notification_provider)

    def message_types(self) -> Json:
        """Return the phone factor's message types."""
        return self._read("message_types", self._api.phone_message_types)

    def phone_provider(self) -> Json:
        """Return the provider of SMS and calls."""
        return self._read("phone_provider", self._api.phone_provider)

    def why(self, name: str) -> str:
        """Say why a path told nothing of use."""
        return f"not known: {self._why.get(name, 'the answer has it not')}"

    def _read(self, name: str, ask: Callable[[], Exchange]) -> Json:
        try:
            answer = ask()
        except NoAnswer as lost:
            self._why[name] = f"no answer ({lost.exchange.failure.kind if lost.exchange.failure else ''})"
            return None
        if answer.status == 200:
            return answer.json
        # The Management API says `message`, and `error` is the status's phrase.
        said = answer.json.get("message") if isinstance(answer.json, dict) else None
        self._why[name] = f"{answer.outcome}{f': {said}' if isinstance(said, str) else ''}"
        return None
