"""How a call of the Management API is sent: the token, the path, the fields that are not None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import httpx

from auth0_mfa_lab.sender import Sender, checked_text
from auth0_mfa_lab.wire.exchange import Exchange, Json


class ManagementCalls:
    """What every part of the Management API shares."""

    def __init__(self, http: httpx.Client, access_token: str) -> None:
        """Speak through `http`, whose transport records, with this access token as the Bearer."""
        self._sender = Sender(http)
        self._access_token = checked_text("access_token", access_token)

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Json] | Sequence[Json] | None = None,
        query: Mapping[str, str | int | bool | None] | None = None,
    ) -> Exchange:
        """Send any request to the Management API and return its Exchange: for what no method is made for.

        `path` is what follows `/api/v2`; `json` is the body, an object without its fields that are None, or an array;
        `query` goes behind the path. Raises NoAnswer when the network gives none.
        """
        given = {name: _written(value) for name, value in (query or {}).items() if value is not None}
        target = f"/api/v2{path}?{urlencode(given, quote_via=quote)}" if given else f"/api/v2{path}"
        return self._sender.send(method, target, json=json, bearer=self._access_token)


def quoted(name: str, value: str) -> str:
    """Return a value as one part of a path: the `|` of an id is percent-encoded."""
    return quote(checked_text(name, value), safe="")


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
