"""The Management API of a live tenant, for what the lab does there by itself: one token, as long as it lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from auth0_mfa_lab.errors import LabError, SettingsError
from auth0_mfa_lab.wire.exchange import Exchange, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.management import Management

T = TypeVar("T")
_EARLY_SECONDS = 60.0


def administrator_of(lab: Lab) -> Callable[[], Management] | None:
    """Return what opens the Management API of a lab's tenant; None where the settings name nobody who may."""
    if lab.settings.mgmt_token:
        token = lab.aliases.learn("mgmt_token", str(lab.settings.mgmt_token))
        return lambda: lab.management(token)
    return partial(_opened, lab) if all((lab.settings.mgmt_client_id, lab.settings.mgmt_client_secret)) else None


def _opened(lab: Lab) -> Management:
    """Return the Management API, opened by the machine-to-machine application; SettingsError when it gets no token."""
    api, ends_at = lab._administrator or (None, 0.0)
    if api is None or lab.clock.now() >= ends_at:
        answer = lab.management_application.client_credentials_grant(audience=lab.management_audience)
        if answer.status != 200 or "access_token" not in answer:
            raise SettingsError(
                f"The Management API gave no token: {answer.outcome} (exchange {answer.number}). Check "
                "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, and Dashboard > Applications > APIs > Auth0 "
                "Management API > Machine to Machine Applications."
            )
        # A tenant counts the tokens that machines get.
        api, lives = lab.management(answer["access_token"]), answer.json.get("expires_in")
        lasts = (lives if isinstance(lives, int | float) else 0) - _EARLY_SECONDS
        lab._administrator = api, lab.clock.now() + lasts
    return api


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
    objects = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    if objects != items or not all(isinstance(each.get(name), str) for each in objects for name in has):
        raise LabError(f"{doing} failed: {answer.outcome}: the answer is not the list that Auth0 gives.")
    return objects


def out_of_its_frames(act: Callable[[], T]) -> T:
    """Do something; a LabError of it is raised anew, for in the frames that it left are names and ids of people."""
    try:
        return act()
    except LabError as problem:
        error = problem
    raise error.with_traceback(None) from None
