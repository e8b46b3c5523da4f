"""The Management API of a live tenant, for what the lab does there by itself: one token, as long as it lives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auth0_mfa_lab.client import Client
from auth0_mfa_lab.errors import LabError, SettingsError
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.wire.exchange import Exchange, Json

_EARLY_SECONDS = 60.0


class Administrator:
    """Opens the Management API with the machine-to-machine application of the settings."""

    def __init__(
        self,
        machine: Callable[[], Client],
        opened: Callable[[str], Management],
        *,
        audience: str,
        now: Callable[[], float],
    ) -> None:
        """Get tokens for `audience` with `machine`, open the API with `opened`; `now` gives epoch seconds."""
        self._machine = machine
        self._opened = opened
        self._audience = audience
        self._now = now
        self._api: Management | None = None
        self._ends_at = 0.0

    def api(self) -> Management:
        """Return the Management API; SettingsError when the tenant gives no token for it."""
        if self._api is None or self._now() >= self._ends_at:
            answer = self._machine().client_credentials_grant(audience=self._audience)
            if answer.status != 200 or "access_token" not in answer:
                raise SettingsError(
                    f"The Management API gave no token: {answer.outcome} (exchange {answer.number}). Check "
                    "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, and Dashboard > Applications > APIs > Auth0 "
                    "Management API > Machine to Machine Applications."
                )
            # A tenant counts the tokens that machines get.
            self._api = self._opened(answer["access_token"])
            lives = answer.json.get("expires_in")
            self._ends_at = self._now() + (lives if isinstance(lives, int | float) else 0) - _EARLY_SECONDS
        return self._api


def must_be(answer: Exchange, *statuses: int, doing: str, scope: str) -> Exchange:
    """Return an answer that has one of these statuses; LabError says what could not be done, and the scope it needs."""
    if answer.status in statuses:
        return answer
    body = answer.json if isinstance(answer.json, dict) else {}
    code = str(body.get("errorCode") or "")
    lacks = f" The application needs the scope {scope}." if answer.status in (401, 403) else ""
    said = answer.masked(str(body.get("message") or "no message"))
    raise LabError(f"{doing} failed: {answer.status} {code or answer.outcome.partition(' ')[2]}: {said}.{lacks}")


def listed(answer: Exchange, *has: str, doing: str, scope: str) -> list[Json]:
    """Return the objects of an answer that is a list of such, each of which has these texts; LabError for any other."""
    items = must_be(answer, 200, doing=doing, scope=scope).json
    if isinstance(items, list) and all(isinstance(each, dict) and _has(each, has) for each in items):
        return items
    raise LabError(f"{doing} failed: {answer.outcome}: the answer is not the list that Auth0 gives.")


def _has(item: Json, names: Sequence[str]) -> bool:
    return all(isinstance(item.get(name), str) for name in names)
