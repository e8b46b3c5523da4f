"""The client of a served sandbox's control plane: its phone, its messages, its clock, and how it is set."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from auth0_mfa_lab.errors import ControlRefused, LabError, NoServer, NothingWasSent, PhoneError, SettingsError
from auth0_mfa_lab.settings import Settings

TIMEOUT_SECONDS = 30.0
Json = Any


class Control:
    """One served sandbox, from outside: each method is one call. Raises LabError alone, with no secret in it."""

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        """Reach the server that the settings name, over its own CA; `transport` stands in for the network."""
        self._domain = settings.domain or ""
        self._http = httpx.Client(
            transport=transport or server_transport(settings),
            base_url=settings.origin,
            headers={"authorization": f"Bearer {settings.lab_token or ''}", "user-agent": "auth0-mfa-lab"},
            timeout=TIMEOUT_SECONDS,
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    # -- what was sent

    def newest_code(self, address: str, *, purpose: str | None = None) -> str:
        """Return the newest code that was sent to a number or an email address; NothingWasSent when there is none.

        `purpose` is `mfa` or `passwordless`; without it both count.
        """
        try:
            return str(self._call("GET", "/code", query={"address": address, "purpose": purpose})["code"])
        except ControlRefused as refusal:
            if refusal.status != 404:
                raise
        raise NothingWasSent(f"No code was sent to {address}{f' for {purpose}' if purpose else ''}.")

    def messages(self, address: str | None = None) -> list[dict[str, Json]]:
        """Return the messages to an address, or the newest to anybody, newest first."""
        return list(_items(self._call("GET", "/messages", query={"address": address}), "messages"))

    def newest_push(self, form: str = "apns") -> Json:
        """Return the newest push as `apns` or as `fcm` delivers it; NothingWasSent when there was none."""
        try:
            return self._call("GET", "/push", query={"form": form})
        except ControlRefused as refusal:
            if refusal.status != 404:
                raise
        raise NothingWasSent("No push was sent. One is sent by /mfa/challenge, to a user who has enrolled a phone.")

    def pushes(self, token: str) -> list[dict[str, Json]]:
        """Return what was delivered to one push token, oldest first: `service` and `payload`."""
        return list(_items(self._call("GET", "/pushes", query={"token": token}), "pushes"))

    # -- the server's own phone

    def scan(self, barcode: str | bytes) -> Json:
        """Let the server's phone scan a barcode_uri, or a picture (PNG) of its QR."""
        if isinstance(barcode, bytes):
            return self._phone("scan", picture=barcode)
        return self._phone("scan", json={"barcode": barcode})

    def allow(self) -> Json:
        """Let the server's phone allow the newest push that waits."""
        return self._phone("allow", json={})

    def reject(self, reason: str | None = None) -> Json:
        """Let the server's phone reject the newest push that waits, with a reason if one is given."""
        return self._phone("reject", json={} if reason is None else {"reason": reason})

    def phone_code(self) -> str:
        """Return the code that the server's phone shows now."""
        try:
            return str(self._call("GET", "/phone/code")["code"])
        except ControlRefused as refusal:
            raise _of_the_phone(refusal) from None

    # -- time, people, settings

    def clock(self) -> dict[str, Json]:
        """Return `now` (what expires goes by it) and `stamp` (what stands in tokens), in epoch seconds."""
        return dict(self._call("GET", "/clock"))

    def advance(self, seconds: float) -> dict[str, Json]:
        """Move the server's clock forward and return it."""
        return dict(self._call("POST", "/clock", json={"advance": seconds}))

    def reset(self, user: str | None = None) -> None:
        """Begin the whole tenant again, or one user by name, number, address or id; who is not there is no error."""
        self._call("POST", "/reset", json={} if user is None else {"user": user})

    def add_user(self) -> dict[str, Json]:
        """Add a fresh user without a factor."""
        return dict(self._call("POST", "/users", json={}))

    def enroll(self, user_id: str, factor: str) -> dict[str, Json]:
        """Enroll a factor of a user: `barcode_uri`, where a phone has to scan one, and `recovery_code`, if new."""
        return dict(self._call("POST", f"/users/{quote(user_id, safe='')}/factors", json={"factor": factor}))

    def new_phone(self) -> dict[str, Json]:
        """Return the `identifier` and the `push_token` of a phone that nobody has had."""
        return dict(self._call("POST", "/phones", json={}))

    def settings(self) -> dict[str, Json]:
        """Return how the tenant is set."""
        return dict(self._call("GET", "/settings"))

    def limits(self, user: str) -> list[dict[str, Json]]:
        """Return what is left to a user of each limit."""
        return list(_items(self._call("GET", "/limits", query={"user": user}), "limits"))

    # -- how a call is made

    def _phone(self, verb: str, *, json: Mapping[str, Json] | None = None, picture: bytes | None = None) -> Json:
        try:
            return self._call("POST", f"/phone/{verb}", json=json, picture=picture)
        except ControlRefused as refusal:
            raise _of_the_phone(refusal) from None

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | None] | None = None,
        json: Mapping[str, Json] | None = None,
        picture: bytes | None = None,
    ) -> Json:
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            request = self._http.build_request(
                method,
                f"/_lab{path}",
                params=parameters or None,
                json=json,
                content=picture,
                headers={"content-type": "image/png"} if picture is not None else None,
            )
            answer = self._http.send(request)
        except httpx.TransportError as failure:
            # Its text may hold a body's or a header's part; its kind says enough.
            raise self._no_server(type(failure).__name__) from None
        except (TypeError, ValueError, httpx.InvalidURL):
            raise LabError("This cannot be sent to the server: it holds what is no text.") from None
        return self._read(answer)

    def _read(self, answer: httpx.Response) -> Json:
        body = _json(answer)
        if answer.is_success:
            return body
        if answer.status_code == 401:
            raise ControlRefused(
                f"The server at {self._domain} does not know this token. It draws a new one at each start: take "
                "AUTH0_LAB_TOKEN from the file that it wrote last (--env-file FILE).",
                401,
            )
        said = body.get("message") if isinstance(body, dict) else None
        if not isinstance(said, str):
            said = f"What answers at {self._domain} is no served sandbox (HTTP {answer.status_code})."
        raise ControlRefused(said, answer.status_code)

    def _no_server(self, kind: str) -> NoServer:
        plainly = " without TLS, for AUTH0_CA_FILE is not set" if self._http.base_url.scheme == "http" else ""
        return NoServer(
            f"No served sandbox answers at {self._domain}{plainly} ({kind}). Start one: auth0-mfa-lab serve --env-file "
            "FILE; then name that file here."
        )


def server_transport(settings: Settings) -> httpx.HTTPTransport:
    """Return the transport to a served sandbox, which trusts its CA alone, and no proxy of the environment."""
    if settings.ca_file is None:
        return httpx.HTTPTransport(trust_env=False)
    try:
        return httpx.HTTPTransport(verify=ssl.create_default_context(cafile=settings.ca_file), trust_env=False)
    except (OSError, ssl.SSLError):
        pass
    raise SettingsError("AUTH0_CA_FILE is no file of PEM certificates that can be read. Check its path and content.")


def _of_the_phone(refusal: ControlRefused) -> LabError:
    """Return what a phone could not do as the phone's error, and any other refusal as it is."""
    return PhoneError(str(refusal)) if refusal.status in (404, 409) else refusal


def _items(body: Json, name: str) -> list[dict[str, Json]]:
    found = body.get(name) if isinstance(body, dict) else body
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _json(answer: httpx.Response) -> Json:
    try:
        return answer.json() if answer.content else {}
    except ValueError:
        return None
