"""A journal as a HAR 1.2 file, written with a stand-in for each secret, and read back for `Lab.replay`.

Fields of our own begin with an underscore, as HAR 1.2 asks for: `_number`, `_speaker`, `_step`, `_at`, `_notes` and
`_failure` of an entry, and `_auth0_mfa_lab` of the log, which has the operations beside the exchanges.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.files import regular
from auth0_mfa_lab.secrets.standins import StandIns, stand_ins_of
from auth0_mfa_lab.wire.exchange import FORM, Body, Exchange, Failure, Json, Message, Recorded, Request, Response
from auth0_mfa_lab.wire.journal import Journal, OperationCall

OURS = "_auth0_mfa_lab"
"""The field of the log under which our own data stands."""
FORMAT = 2
"""The version of that data."""

NO_BODY = "this recording has no body of the answer: browsers leave it out"
"""The note of an answer whose recording says how long its body was, and not what it said."""

_CREATOR = "auth0-mfa-lab"
T = TypeVar("T")
U = TypeVar("U")
_COOKIE = re.compile(r"\s*([^=;]+)=([^;]*)")


def har(journal: Journal) -> str:
    """Return a journal as the text of a HAR 1.2 file; equal journals give equal texts, for times are the lab's.

    Each secret has one stand-in of its shape, drawn from its alias: nothing leads back. A push is no HTTP: it stands
    among the operations.
    """
    stand_ins, pushes = stand_ins_of(journal), [each.number for each in journal if each.is_push]
    log: dict[str, Json] = {
        "version": "1.2",
        "creator": {"name": _CREATOR, "version": version(_CREATOR)},
        "entries": [_entry(number, exchange, stand_ins) for number, exchange in enumerate(journal.http, 1)],
        "comment": "Every secret is a stand-in of the same shape; the tokens' signatures sign nothing.",
    }
    if journal.operations.tenant:  # a served tenant's journal has the applications' calls alone, as other tools' have
        operations = [_operation(call, stand_ins, pushes) for call in journal.operations]
        tenant = stand_ins.data(journal.operations.tenant)
        log[OURS] = {"format": FORMAT, "tenant": tenant, "operations": operations}
    return json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n"


def _operation(call: OperationCall, stand_ins: StandIns, pushes: list[int]) -> dict[str, Json]:
    """Return an operation; it stands after so many entries, and the pushes among the exchanges are none."""
    result, after = call.result, call.after - bisect_right(pushes, call.after)
    if call.operation == "settings" and result:
        # In pairs: a scanner would take a switch whose name ends in `secret` for a secret.
        result = {**result, "switches": [list(pair) for pair in dict(result["switches"]).items()]}
    came = {"result": result} if call.refused is None else {"refused": dict(call.refused)}
    said = stand_ins.data({"arguments": call.arguments, **came})
    return {"after": after, "operation": call.operation, **said}


def _entry(number: int, exchange: Exchange, stand_ins: StandIns) -> dict[str, Json]:
    request, response, failure = exchange.request, exchange.response, exchange.failure
    url = stand_ins.text(request.url, encoded=True)
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    sent, said = _message(request, stand_ins)
    # All of the line that a request brings, and the first pair of each line that an answer brings.
    asked = {"method": stand_ins.text(request.method), "url": url, **said, "cookies": _cookies(said, "cookie", None)}
    asked["queryString"] = [{"name": name, "value": value} for name, value in query]
    if sent:
        # `params` and `text` are mutually exclusive: the text is what was sent.
        asked["postData"] = {"mimeType": request.header("content-type") or "", "params": [], "text": sent}
    answered: dict[str, Json] = {"status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": []}
    answered |= {"content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "", "headersSize": -1, "bodySize": -1}
    if response:
        came, said = _message(response, stand_ins)
        kind = response.header("content-type") or "x-unknown"
        answered = {"status": response.status, "statusText": stand_ins.text(response.reason), **said}
        answered["cookies"] = _cookies(said, "set-cookie", 1)
        answered["content"] = {"size": said["bodySize"], "mimeType": kind, "text": came}
        answered["redirectURL"] = next((each["value"] for each in said["headers"] if each["name"] == "location"), "")
    ours = {
        "_number": number,
        "_speaker": exchange.speaker,
        "_step": exchange.step,
        "_at": exchange.at,
        "_notes": list(exchange.notes),
        "_failure": failure and failure._asdict(),
    }
    at = datetime.fromtimestamp(exchange.at, UTC).isoformat(timespec="milliseconds")
    return {
        "startedDateTime": at.replace("+00:00", "Z"),
        "time": 0,
        "request": asked,
        "response": answered,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        **stand_ins.data({name: value for name, value in ours.items() if value not in (None, [])}),
    }


def _message(message: Message, stand_ins: StandIns) -> tuple[str, dict[str, Json]]:
    """Return the body, and the fields that a request and an answer have alike; their length is the written body's."""
    body = stand_ins.text(message.text, encoded=message.media_type == FORM)
    size = len(body.encode())
    headers = [
        {"name": stand_ins.text(name), "value": str(size) if name == "content-length" else stand_ins.text(value)}
        for name, value in message.headers
    ]
    return body, {"httpVersion": "HTTP/1.1", "headers": headers, "headersSize": -1, "bodySize": size}


def _cookies(said: Mapping[str, Json], header: str, most: int | None) -> list[dict[str, str]]:
    lines = [_COOKIE.findall(each["value"])[:most] for each in said["headers"] if each["name"] == header]
    return [{"name": name, "value": value} for line in lines for name, value in line]


# -- reading

_OF_THE_PHONE = re.compile(r"(/appliance-mfa)?/api/(enroll|resolve-transaction|device-accounts)\b")
_OF_AUTH0 = re.compile(r"/oauth/(token|revoke)|/mfa/|/passwordless/|/userinfo|/api/v2/|/\.well-known/|/dbconnections/")
_FACTS = ("kind", "domain", "origin", "people", "begins")
"""What the lab writes of every tenant."""
_FAULTS = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, kw_only=True, repr=False)
class Recording:
    """A recording by its file's `name`. What another tool wrote (`by`) has no `tenant`, and no operations."""

    name: str
    by: str
    exchanges: tuple[Recorded, ...]
    tenant: Mapping[str, Json]
    operations: tuple[OperationCall, ...]

    @property
    def is_ours(self) -> bool:
        """Whether the lab wrote it."""
        return bool(self.tenant)


def read_har(path: str | Path) -> Recording:
    """Read a HAR file. Raises LabError, which says what is wrong with it and what to do."""
    file = Path(path)

    def unreadable(why: str) -> LabError:
        return LabError(f"{file.name} cannot be replayed: {why}.")

    try:
        log = json.loads(regular(file).read_text(encoding="utf-8-sig"))["log"]
        entries, ours = list(log["entries"]), log.get(OURS)
        by = str((log.get("creator") or {}).get("name") or "another tool")
    except FileNotFoundError:
        raise LabError(f'There is no file {file}: lab.export("har").save("{file.name}") writes a recording.') from None
    except OSError as problem:
        raise LabError(f"{file} cannot be read ({(problem.strerror or '').lower()}).") from None
    except _FAULTS:
        raise unreadable("it is no HAR file") from None
    if ours is not None and (not isinstance(ours, dict) or ours.get("format") != FORMAT):
        raise unreadable("another version of the lab wrote it: record the run again")
    chosen = _calls_of_auth0(entries) if ours is None else enumerate(entries, 1)
    try:
        exchanges = tuple(_recorded(number, *pair) for number, pair in enumerate(chosen, 1))
    except _Unlike as problem:
        raise unreadable(f"{problem} is missing, or is not as HAR 1.2 wants it") from None
    try:
        tenant = {**{name: ours["tenant"][name] for name in _FACTS}, **ours["tenant"]} if ours else {}
        operations = tuple(OperationCall(**each) for each in ours["operations"]) if ours else ()
    except _FAULTS:
        raise unreadable(f"its {OURS} is not as the lab wrote it") from None
    if not exchanges and ours is None:
        raise unreadable("it has no call of Auth0's API: record one that has")
    return Recording(name=file.name, by=by, exchanges=exchanges, tenant=tenant, operations=operations)


class _Unlike(Exception):
    """A field of an entry is not as it must be; carries which."""


def _read(place: int, entry: Json, field: str, read: Callable[[Any], T], *absent: U) -> T | U:
    """Return what `read` makes of a field, such as `request.url`; `absent` where it is not there. Raises _Unlike."""
    value = entry
    try:
        for name in field.split("."):
            value = value.get(name) if absent else value[name]
            if value is None and absent:
                return absent[0]
        return read(value)
    except _FAULTS:
        raise _Unlike(f"{field} of entry {place}") from None


def _text(value: Json) -> str:
    """Return a text; TypeError for anything else, ValueError for one that cannot be written."""
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def _url(value: Json) -> str:
    """Return the text of a URL; ValueError for what is none."""
    urlsplit(_text(value))
    return _text(value)


def _posted(value: Json) -> bytes:
    """Return the body of a request, from `text` or else from `params`."""
    fields = urlencode([(each["name"], each.get("value", "")) for each in value.get("params") or ()])
    return _text(value.get("text") or fields).encode()


def _content(value: Json) -> bytes | None:
    """Return the body of an answer; None for one that the recording tool has left out."""
    text = value.get("text")
    if text is None:
        return None if value.get("size") else b""
    return base64.b64decode(text) if value.get("encoding") == "base64" else _text(text).encode()


def _calls_of_auth0(entries: list[Json]) -> Iterator[tuple[int, Json]]:
    """Yield the calls of Auth0's API and of its phones, on the host that was asked first; a browser says more."""
    host = None
    for place, entry in enumerate(entries, 1):
        url = urlsplit(_read(place, entry, "request.url", _url))
        is_of_the_phone = _OF_THE_PHONE.match(url.path) is not None
        is_preflight = _read(place, entry, "request.method", _text) == "OPTIONS"
        if is_preflight or not (is_of_the_phone or _OF_AUTH0.match(url.path)):
            continue
        host = host or (None if is_of_the_phone else url.netloc)
        if is_of_the_phone or url.netloc == host:
            began = _read(place, entry, "startedDateTime", lambda said: datetime.fromisoformat(said).timestamp())
            at = began + max(_read(place, entry, "time", float, 0.0), 0.0) / 1000
            yield place, {**entry, "_speaker": "phone" if is_of_the_phone else "app", "_at": at}


def _recorded(number: int, place: int, entry: Json) -> Recorded:
    """Return an entry as an exchange."""
    request = Request(
        method=_read(place, entry, "request.method", _text).upper(),
        url=_read(place, entry, "request.url", _url),
        headers=_read(place, entry, "request.headers", _headers_of),
        body=Body(_read(place, entry, "request.postData", _posted, b"")),
    )
    status = _read(place, entry, "response.status", int)
    failure = _read(place, entry, "_failure", lambda said: Failure(**said), None)
    if failure is None and not status:
        failure = Failure("ConnectError", "")
    body = _read(place, entry, "response.content", _content, b"")
    notes = _read(place, entry, "_notes", lambda said: tuple(map(str, said)), ())
    response = Response(
        status=status,
        reason=_read(place, entry, "response.statusText", str, ""),
        headers=_read(place, entry, "response.headers", _headers_of),
        body=Body(body or b""),
    )
    return Recorded(
        number=number,
        speaker="phone" if _read(place, entry, "_speaker", _text) == "phone" else "app",
        at=_read(place, entry, "_at", float),
        request=request,
        response=None if failure else response,
        failure=failure,
        notes=(*notes, NO_BODY) if body is None and not failure else notes,
    )


def _headers_of(headers: Json) -> tuple[tuple[str, str], ...]:
    """Return the headers with their names in lower case, without those that HTTP/2 alone has."""
    named = [(_text(each["name"]).lower(), _text(each["value"])) for each in headers]
    return tuple((name, value) for name, value in named if not name.startswith(":"))
