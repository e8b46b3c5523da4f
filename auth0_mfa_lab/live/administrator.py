"""The Management API of a live tenant, for what the lab does there by itself: one token, as long as it lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from auth0_mfa_lab.errors import LabError, SettingsError
from auth0_mfa_lab.wire.exchange import Exchange, Json

if TYPE_CHECKING:
    from auth0_mfa_lab.lab import Lab
    from auth0_mfa_lab.management import Management

P = ParamSpec("P")
T = TypeVar("T")
_EARLY_SECONDS = 60.0


def has_administrator(lab: Lab) -> bool:
    """Tell whether the settings name somebody who may use the Management API of a lab's tenant."""
    known = lab.settings
    return bool(known.mgmt_token or (known.mgmt_client_id and known.mgmt_client_secret))


def administrator(lab: Lab) -> Management:
    """Return the Management API of a lab's tenant; SettingsError when its application gets no token."""
    if lab.settings.mgmt_token:
        return lab.management(lab.aliases.learn("mgmt_token", str(lab.settings.mgmt_token)))
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
        ends_at = lab.clock.now() - _EARLY_SECONDS + (lives if isinstance(lives, int | float) else 0)
        lab._administrator = api, ends_at
    return api


def must_be(answer: Exchange, status: int, doing: str) -> Exchange:
    """Return an answer that has this status; LabError says what could not be done, and why: such as a scope."""
    if answer.status == status:
        return answer
    body = answer.json if isinstance(answer.json, dict) else {}
    code = body.get("errorCode") or answer.outcome.partition(" ")[2]
    raise LabError(f"{doing} failed: {answer.status} {code}: {answer.masked(str(body.get('message', 'no message')))}.")


def listed(answer: Exchange, doing: str, *has: str) -> list[Json]:
    """Return the objects of an answer that is a list of such, each of which has these texts; LabError for any other."""
    items = must_be(answer, 200, doing).json
    if isinstance(items, list) and all(
        isinstance(each, dict) and all(isinstance(each.get(name), str) for name in has) for each in items
    ):
        return items
    raise LabError(f"{doing} failed: {answer.outcome}: the answer is not the list that Auth0 gives.")


def out_of_its_frames(act: Callable[P, T]) -> Callable[P, T]:
    """Raise a LabError of this function anew, for in the frames that it left are names and ids of people."""

    @wraps(act)
    def acted(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return act(*args, **kwargs)
        except LabError as problem:
            error = problem
        raise error.with_traceback(None) from None

    return acted
