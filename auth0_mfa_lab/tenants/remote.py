"""A served sandbox from outside: the operations of its control plane over HTTP, its transport and its clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from auth0_mfa_lab.client import network
from auth0_mfa_lab.errors import ControlRefused, LabError, NoServer, NothingWasSent, PhoneError, SettingsError
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.wire.recorder import NOTES

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox.operations import Operation

TIMEOUT_SECONDS = 30.0
Json = Any


class Remote:
    """Calls the operations of one served sandbox by their names. Raises LabError alone, with no secret in it."""

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        """Reach the server that the settings name, over its own CA; `transport` stands in for the network."""
        self._domain = settings.domain or ""
        self._http = httpx.Client(
            transport=transport or network(settings),
            base_url=settings.origin,
            headers={"authorization": f"Bearer {settings.lab_token or ''}", "user-agent": "auth0-mfa-lab"},
            timeout=TIMEOUT_SECONDS,
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __call__(self, operation: str, /, **arguments: Json) -> Json:
        """Return what an operation of the sandbox returns; an argument that is None is left out.

        Raises NoServer when nothing answers; NothingWasSent for a code or a push that there is not, PhoneError for
        what the server's phone cannot do, ControlRefused for any other refusal.
        """
        row = _rows()[operation]
        try:
            answer = self._http.send(self._request(row, {k: v for k, v in arguments.items() if v is not None}))
        except httpx.TransportError as failure:
            plainly = " without TLS, for AUTH0_CA_FILE is not set" if self._http.base_url.scheme == "http" else ""
            # Its text may hold a body's or a header's part; its kind says enough.
            raise NoServer(
                f"No served sandbox answers at {self._domain}{plainly} ({type(failure).__name__}). Start one: "
                "auth0-mfa-lab serve --env-file FILE; then name that file here."
            ) from None
        except (TypeError, ValueError, httpx.InvalidURL):
            raise LabError("This cannot be sent to the server: it holds what is no text.") from None
        try:
            body = answer.json() if answer.content else {}
        except ValueError:
            body = None
        if answer.is_success:
            return body
        refusal = self._refusal(answer, body)
        if refusal.status == 404 and operation in ("code", "newest_push"):
            raise NothingWasSent(str(refusal))
        if refusal.status in (404, 409) and row.path.startswith("phone/"):
            raise PhoneError(str(refusal))
        raise refusal

    def _request(self, row: Operation, arguments: Mapping[str, Json]) -> httpx.Request:
        rest = {name: value for name, value in arguments.items() if f"{{{name}}}" not in row.path}
        path = row.path.format(**{name: quote(str(value), safe="") for name, value in arguments.items()})
        barcode = rest.get("barcode")
        if row.method == "GET":
            return self._http.build_request("GET", f"/_lab/{path}", params=rest or None)
        if isinstance(barcode, bytes):
            picture = {"content-type": "image/png"}
            return self._http.build_request(row.method, f"/_lab/{path}", content=barcode, headers=picture)
        return self._http.build_request(row.method, f"/_lab/{path}", json=rest)

    def _refusal(self, answer: httpx.Response, body: Json) -> ControlRefused:
        if answer.status_code == 401:
            return ControlRefused(
                f"The server at {self._domain} does not know this token. It draws a new one at each start: take "
                "AUTH0_LAB_TOKEN from the file that it wrote last (--env-file FILE).",
                401,
            )
        said = body.get("message") if isinstance(body, dict) else None
        if not isinstance(said, str):
            said = f"What answers at {self._domain} is no served sandbox (HTTP {answer.status_code})."
        return ControlRefused(said, answer.status_code)


@cache
def _rows() -> Mapping[str, Operation]:
    # Here, for the sandbox takes a while to load, and a command that only prints its help does without.
    from auth0_mfa_lab.sandbox.control import PHONE_OPERATIONS
    from auth0_mfa_lab.sandbox.operations import OPERATIONS

    return {row.name: row for row in (*OPERATIONS, *PHONE_OPERATIONS)}


NOTES_HEADER = "x-auth0-lab-notes"
"""Asks the server for its remarks, and brings them: a JSON array of sentences."""


class ServedTransport(httpx.BaseTransport):
    """Reaches a served sandbox, and takes what the lab alone reads off its answers."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        """Speak through `inner`."""
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on; the server's remarks come back beside the answer, as they do in process."""
        request.headers[NOTES_HEADER] = "1"
        answer = self._inner.handle_request(request)
        with suppress(ValueError):
            said = json.loads(answer.headers.pop(NOTES_HEADER, "[]"))
            answer.extensions[NOTES] = tuple(map(str, said)) if isinstance(said, list) else ()
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()


class ServedClock:
    """The clock of the server. While that does not answer, the time is the last that it told."""

    def __init__(self, ask: Remote) -> None:
        """Ask and move the clock through `ask`."""
        self._ask = ask
        self._last = dict(ask("clock"))

    @property
    def runs_by_itself(self) -> bool:
        """Whether it follows the wall's: then nothing that begins on it can be begun twice."""
        return not self._last.get("frozen", False)

    def now(self) -> float:
        """Return the server's time in epoch seconds."""
        return float(self._asked()["now"])

    def stamp(self) -> float:
        """Return the time that the server writes into tokens."""
        return float(self._asked()["stamp"])

    def advance(self, seconds: float) -> None:
        """Move the server's clock; ValueError for a step backwards."""
        if seconds < 0:
            raise ValueError(f"The clock only moves forward; it cannot advance by {seconds} seconds.")
        self._last |= self._ask("advance", advance=seconds)

    def _asked(self) -> Mapping[str, Any]:
        # An exchange that got lost is kept in the journal all the same, and it says what happened.
        with suppress(NoServer):
            self._last |= self._ask("clock")
        return self._last


def open_served(settings: Settings) -> Remote:
    """Return what asks the served sandbox of these settings; SettingsError unless they name one."""
    if settings.tenant != "served" or settings.domain is None or settings.lab_token is None:
        raise SettingsError(
            "Lab.served needs the settings of a served sandbox. Set AUTH0_LAB_TENANT=served and the AUTH0_ variables "
            "of the file that `auth0-mfa-lab serve --env-file FILE` wrote, and open it with Lab.from_env()."
        )
    return Remote(settings)
