"""What a test suite asks of its server beyond what a person does: users, settings, faults, answers that come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auth0_mfa_lab.control import Control


class SuiteControl(Control):
    """The control plane of the server that a test suite has started."""

    def fresh_user(self, factors: Sequence[str], *, username: str, phone_number: str) -> Mapping[str, Any]:
        """Add a user with just these factors, confirmed; the server's phone scans what there is to scan."""
        wanted = {"factors": list(factors), "username": username, "phone_number": phone_number}
        body: Mapping[str, Any] = self._call("POST", "/users", json=wanted)
        return body

    def phone(self) -> Mapping[str, Any]:
        """Return the accounts on the phone and the pushes that wait."""
        body: Mapping[str, Any] = self._call("GET", "/phone")
        return body

    def answer(self, verb: str, user: str | None, **fields: Any) -> None:
        """Let the phone `allow`, `reject` or `allow_after` the newest push, or the newest of a user."""
        whose = {"user": user} if user is not None else {}
        self._phone(verb, json={**whose, **fields})

    def code_of(self, user: str) -> str:
        """Return the code that the phone shows for a user."""
        return str(self._call("GET", "/phone/code", query={"user": user})["code"])

    def fail(self, fault: Mapping[str, Any]) -> None:
        """Let something go wrong with the next calls."""
        self._call("POST", "/faults", json=fault)

    def change_settings(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set the tenant differently, and return how it is set."""
        body: Mapping[str, Any] = self._call("PATCH", "/settings", json=changes)
        return body

    def received(self) -> Sequence[Mapping[str, Any]]:
        """Return what the tenant received, oldest first, with the names of the fields alone."""
        entries: Sequence[Mapping[str, Any]] = self._call("GET", "/journal")["entries"]
        return entries
