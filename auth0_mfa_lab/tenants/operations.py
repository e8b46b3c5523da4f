"""The operations of a lab's tenant, asked for by their names: in process, of a served sandbox over HTTP, recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from auth0_mfa_lab.client import network
from auth0_mfa_lab.errors import ControlRefused, LabError, NoServer, NothingWasSent, PhoneError, SettingsError
from auth0_mfa_lab.interrupts import whole
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.wire.journal import Journal, OperationCall
from auth0_mfa_lab.wire.received import NOTES, Bounded

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Sandbox
    from auth0_mfa_lab.sandbox.operations import Operation

Json = Any
Ask = Callable[..., Json]
"""Does an operation by its name, with JSON in and out: `ask("limits", user="user1@example.com")`; raises LabError."""
NOTES_HEADER = "x-auth0-lab-notes"
"""Asks a served sandbox for its remarks, and brings them: a JSON array of sentences."""
_TIMEOUT_SECONDS = 30.0


class Recorder:
    """Asks a tenant for operations by `quiet`, and keeps each in the journal."""

    def __init__(self, quiet: Ask, journal: Journal) -> None:
        self.quiet = quiet
        self._journal = journal

    def __call__(self, operation: str, /, do: Callable[[], Json] | None = None, **arguments: Json) -> Json:
        """Return what an operation returns, and keep it; with `do` the lab does it, unless a recording has it."""
        given = {name: each for name, each in arguments.items() if each is not None}
        kept, after, result, refused = self._journal.operations, len(self._journal), None, None
        try:
            result = self.quiet(operation, **given) if do is None or kept.is_replayed else do()
            for push in result["pushes"] if operation == "pushes" else ():
                self._journal.push(push["id"], push["payload"])
            return result
        except LabError as error:
            refused = {"error": type(error).__name__, "said": str(error), "status": getattr(error, "status", None)}
            raise
        finally:
            call = OperationCall(after=after, operation=operation, arguments=given, result=result, refused=refused)
            kept.append(call)

    def receive(self, token: str) -> None:
        """Keep what has been pushed to a phone since the last push; an operation is kept only where there is one.

        What does not come now comes when the phone looks: in an older recording, and from a server that has gone.
        """
        after = next(reversed(self._journal.pushed), "")
        with suppress(NoServer):
            if self.quiet("pushes", token=token, after=after)["pushes"]:
                self("pushes", token=token, after=after)


def person_alone(operation: str, /, **_: Json) -> Json:
    """Refuse: a live tenant has no operations but what the lab does itself."""
    raise LabError(f"A live tenant cannot be asked for {operation}.")


def in_process(box: Sandbox) -> Ask:
    """Return what asks a sandbox of this process."""
    from auth0_mfa_lab.sandbox.operations import OPERATIONS, Refused

    rows = {row.name: row for row in OPERATIONS}

    def ask(operation: str, /, **arguments: Json) -> Json:
        row = rows[operation]
        try:
            with whole(), box.lock:
                return row.run(box, **row.read(arguments))
        except Refused as refusal:
            raise ControlRefused(str(refusal), refusal.status) from None

    return ask


# -- a served sandbox


class Remote:
    """Calls the operations of one served sandbox by their names. Raises LabError alone, with no secret in it."""

    def __init__(
        self, settings: Settings, *, transport: httpx.BaseTransport | None = None, routes: Sequence[Operation] = ()
    ) -> None:
        """Reach the server that the settings name, over its own CA; `transport` stands in for the network.

        `routes` are what the server has beside the sandbox's operations.
        """
        if settings.tenant != "served" or settings.domain is None or settings.lab_token is None:
            raise SettingsError(
                "Lab.served needs the settings of a served sandbox. Set AUTH0_LAB_TENANT=served and the AUTH0_ "
                "variables of the file that `auth0-mfa-lab serve --env-file FILE` wrote, and open it with "
                "Lab.from_env()."
            )
        # Here, for the sandbox takes a while to load, and a command that only prints its help does without.
        from auth0_mfa_lab.sandbox.operations import OPERATIONS, PHONE_OPERATIONS

        self._rows = {row.name: row for row in (*OPERATIONS, *PHONE_OPERATIONS, *routes)}
        self._domain = settings.domain
        self._http = httpx.Client(
            transport=Bounded(transport or network(settings)),
            base_url=settings.origin,
            headers={"authorization": f"Bearer {settings.lab_token}", "user-agent": "auth0-mfa-lab"},
            timeout=_TIMEOUT_SECONDS,
        )
        self.close = self._http.close

    @whole()
    def __call__(self, operation: str, /, **arguments: Json) -> Json:
        """Return what an operation of the sandbox returns; an argument that is None is left out.

        Raises NoServer, NothingWasSent (no such code or push), PhoneError (the server's phone), else ControlRefused.
        """
        row, given = self._rows[operation], {name: each for name, each in arguments.items() if each is not None}
        rest = {name: each for name, each in given.items() if f"{{{name}}}" not in row.path}
        body: Mapping[str, Json] = {"params": rest or None} if row.method == "GET" else {"json": rest}
        if isinstance(rest.get("barcode"), bytes):
            body = {"content": rest["barcode"], "headers": {"content-type": "image/png"}}
        plainly = " without TLS, for AUTH0_CA_FILE is not set" if self._http.base_url.scheme == "http" else ""
        try:
            path = row.path.format(**{name: quote(str(each), safe="") for name, each in given.items()})
            answer = self._http.request(row.method, f"/_lab/{path}", **body)
        except httpx.TransportError as failure:
            # Its text may hold a body's or a header's part; its kind says enough.
            raise NoServer(
                f"No served sandbox answers at {self._domain}{plainly} ({type(failure).__name__}). Start one: "
                "auth0-mfa-lab serve --env-file FILE; then name that file here."
            ) from None
        except (TypeError, ValueError, httpx.InvalidURL):
            raise LabError("This cannot be sent to the server: it holds what is no text.") from None
        try:
            result = answer.json() if answer.content else {}
        except ValueError:
            result = None
        if answer.is_success:
            return result
        status, said = answer.status_code, result.get("message") if isinstance(result, dict) else None
        if status == 401:
            said = (
                f"The server at {self._domain} does not know this token. It draws a new one at each start: take "
                "AUTH0_LAB_TOKEN from the file that it wrote last (--env-file FILE)."
            )
        elif not isinstance(said, str):
            said = f"What answers at {self._domain}{plainly} is no served sandbox (HTTP {status})."
        if status == 404 and operation in ("code", "newest_push"):
            raise NothingWasSent(said)
        if status in (404, 409) and row.path.startswith("phone/"):
            raise PhoneError(said)
        raise ControlRefused(said, status)


class ServedTransport(httpx.BaseTransport):
    """Reaches a served sandbox; its remarks come back beside the answer, as they do in process."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, and take what the lab alone reads off its answer."""
        request.headers[NOTES_HEADER] = "1"
        answer = self._inner.handle_request(request)
        with suppress(ValueError, TypeError):
            answer.extensions[NOTES] = tuple(map(str, json.loads(answer.headers.pop(NOTES_HEADER, "[]"))))
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()


class ServedClock:
    """The clock of the server. While that does not answer, the time is the last that it told."""

    def __init__(self, ask: Remote) -> None:
        self._ask = ask
        self._last = dict(ask("clock"))

    @property
    def runs_by_itself(self) -> bool:
        """Whether it follows the wall's: then nothing that begins on it can be begun twice."""
        return not self._last["frozen"]

    def now(self, name: str = "now") -> float:
        """Return the server's time in epoch seconds."""
        # An exchange that got lost is kept in the journal all the same, and it says what happened.
        with suppress(NoServer):
            self._last |= self._ask("clock")
        return float(self._last[name])

    def stamp(self) -> float:
        """Return the time that the server writes into tokens."""
        return self.now("stamp")

    def advance(self, seconds: float) -> None:
        """Move the server's clock; ControlRefused for a step that it does not take."""
        self._last |= self._ask("advance", advance=seconds)
