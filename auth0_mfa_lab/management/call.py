"""How a call of the Management API is sent: the token, the path, the fields that are not None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import httpx

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.sender import Sender, checked_text
from auth0_mfa_lab.wire.exchange import Exchange, Json

_BASE = "/api/v2"
_INSTEAD = "Pass an access token for the Management API: the field access_token of a client_credentials_grant for it."


class ManagementCalls:
    """What every part of the Management API shares."""

    def __init__(self, http: httpx.Client, access_token: str) -> None:
        """Speak through `http`, whose transport records, with this access token as the Bearer.

        Raises LabError for an mfa_token, which opens nothing here, or for none at all.
        """
        self._sender = Sender(http)
        self._access_token = _checked_token(access_token)
        self._tenant = http.base_url.netloc.decode()

    def __repr__(self) -> str:
        token = self._access_token
        return f"Management API of {self._tenant}, opened by {token.shown if isinstance(token, Secret) else 'a token'}"

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Json] | Sequence[Json] | None = None,
        query: Mapping[str, str | int | bool | Sequence[str] | None] | None = None,
    ) -> Exchange:
        """Send any request to the Management API and return its Exchange: for what no method is made for.

        `path` is what follows `/api/v2`, such as `/guardian/factors`; `json` is the body, an object without its fields
        that are None, or an array; `query` goes behind the path, a list with commas. Raises LabError for another path
        or body, NoAnswer when the network gives none.
        """
        # Ids and addresses stand in it: a traceback that shows its frames' values shows none of them.
        path = Secret(f"{_BASE}{_checked_path(path)}{_asked(query or {})}", "<path>")
        return self._sender.send(method, path, json=json, bearer=self._access_token)


def _checked_token(value: object) -> str:
    token = checked_text("access_token", value)
    if not token.strip():
        raise LabError(f"access_token is empty. {_INSTEAD}")
    if isinstance(token, Secret) and token.shown.startswith("<mfa_token"):
        raise LabError(f"access_token is {token.shown}, which opens the MFA API alone. {_INSTEAD}")
    return token


def _checked_path(value: object) -> str:
    path = checked_text("path", value)
    if path.startswith("/") and path != _BASE and not path.startswith((f"{_BASE}/", "//")):
        return path
    _, _, below = path.rpartition(_BASE)
    such_as = "/guardian/factors" if "://" in below or not below.strip("/") else f"/{below.lstrip('/')}"
    raise LabError(f"path is what follows {_BASE} and begins with a slash: {such_as}")


def _asked(query: Mapping[str, str | int | bool | Sequence[str] | None]) -> str:
    given = {name: _written(name, value) for name, value in query.items() if value is not None}
    return f"?{urlencode(given, quote_via=quote, errors='replace')}" if given else ""


def _written(name: str, value: str | int | bool | Sequence[str]) -> str:
    if isinstance(value, list | tuple):
        return ",".join(checked_text(f"each of {name}", each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
