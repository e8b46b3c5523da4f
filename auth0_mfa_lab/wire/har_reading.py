"""A HAR file read back: its exchanges, and the operations beside them where it is one of the lab's own."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.exchange import Body, Failure, Request, Response, Speaker
from auth0_mfa_lab.wire.exports.har import FORMAT, OURS
from auth0_mfa_lab.wire.operations import Json, OperationCall

_OF_THE_PHONE = re.compile(r"(/appliance-mfa)?/api/(enroll|resolve-transaction|device-accounts)\b")
_OF_AUTH0 = re.compile(r"/oauth/(token|revoke)|/mfa/|/passwordless/|/userinfo|/api/v2/|/\.well-known/|/dbconnections/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One exchange of a recording; `at` is in epoch seconds."""

    number: int
    speaker: Speaker
    at: float
    request: Request = field(repr=False)
    response: Response | None = field(repr=False)
    failure: Failure | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording by its file's `name`. What another tool wrote (`by`) has no `tenant`, and no operations."""

    name: str
    by: str
    exchanges: tuple[Recorded, ...] = field(repr=False)
    tenant: Mapping[str, Json] = field(repr=False)
    operations: tuple[OperationCall, ...] = field(repr=False)

    @property
    def is_ours(self) -> bool:
        """Whether the lab wrote it."""
        return bool(self.tenant)


def read_har(path: str | Path) -> Recording:
    """Read a HAR file. Raises LabError, which says what is wrong with it and what to do."""
    file = Path(path)
    try:
        log = json.loads(file.read_text(encoding="utf-8-sig"))["log"]
        entries, ours = list(log["entries"]), log.get(OURS)
        by = str((log.get("creator") or {}).get("name") or "another tool")
    except FileNotFoundError:
        raise LabError(f'There is no file {file}: lab.export("har").save("{file.name}") writes a recording.') from None
    except OSError as problem:
        raise LabError(f"{file} cannot be read ({(problem.strerror or '').lower()}).") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unreadable(file, "it is no HAR file") from None
    if ours is not None and (not isinstance(ours, dict) or ours.get("format") != FORMAT):
        raise _unreadable(file, "another version of the lab wrote it: record the run again")
    try:
        exchanges = tuple(_of_ours(entries) if ours is not None else _of_another_tool(entries))
        tenant = dict(ours["tenant"]) if ours else {}
        operations = tuple(map(_operation, ours["operations"])) if ours else ()
    except (ValueError, KeyError, TypeError, AttributeError, LookupError) as problem:
        raise _unreadable(file, f"an entry of it is not as HAR 1.2 wants it ({type(problem).__name__})") from None
    if not exchanges and ours is None:
        raise _unreadable(file, "it has no call of Auth0's API: record one that has")
    return Recording(name=file.name, by=by, exchanges=exchanges, tenant=tenant, operations=operations)


def _unreadable(file: Path, why: str) -> LabError:
    return LabError(f"{file.name} cannot be replayed: {why}.")


def _operation(each: Mapping[str, Json]) -> OperationCall:
    return OperationCall(
        after=int(each["after"]),
        operation=str(each["operation"]),
        arguments=dict(each["arguments"]),
        result=each.get("result"),
        refused=each.get("refused"),
    )


def _of_ours(entries: list[Json]) -> Iterator[Recorded]:
    for number, entry in enumerate(entries, 1):
        yield _recorded(number, entry, "phone" if entry["_speaker"] == "phone" else "app", float(entry["_at"]))


def _of_another_tool(entries: list[Json]) -> Iterator[Recorded]:
    """Yield the calls of Auth0's API and of its phones, on the host that was asked first; a browser says more."""
    host = None
    number = 0
    for entry in entries:
        url = urlsplit(entry["request"]["url"])
        speaker: Speaker = "phone" if _OF_THE_PHONE.match(url.path) else "app"
        if entry["request"]["method"] == "OPTIONS" or not (_OF_AUTH0.match(url.path) or speaker == "phone"):
            continue
        if speaker == "app":
            host = host or url.netloc
        if speaker == "app" and url.netloc != host:
            continue
        number += 1
        began = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
        yield _recorded(number, entry, speaker, began + max(float(entry.get("time") or 0), 0) / 1000)


def _recorded(number: int, entry: Mapping[str, Json], speaker: Speaker, at: float) -> Recorded:
    failure = entry.get("_failure")
    answered = failure is None and entry["response"]["status"] > 0
    failure = failure or {"kind": "ConnectError", "said": ""}
    return Recorded(
        number=number,
        speaker=speaker,
        at=at,
        request=_request(entry["request"]),
        response=_response(entry["response"]) if answered else None,
        failure=None if answered else Failure(kind=str(failure["kind"]), said=str(failure["said"])),
        notes=tuple(str(each) for each in entry.get("_notes", ())),
    )


def _request(request: Mapping[str, Json]) -> Request:
    data = request.get("postData") or {}
    body = str(data.get("text") or "")
    if not body and data.get("params"):
        body = urlencode([(each["name"], each.get("value", "")) for each in data["params"]])
    headers = _headers(request)
    if data.get("mimeType") and not any(name == "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", str(data["mimeType"])))
    return Request(method=request["method"].upper(), url=request["url"], headers=headers, body=Body(body.encode()))


def _response(response: Mapping[str, Json]) -> Response:
    content = response.get("content") or {}
    text = str(content.get("text") or "")
    try:
        body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    except binascii.Error:
        raise ValueError("no base64") from None
    return Response(
        status=int(response["status"]),
        reason=str(response.get("statusText") or ""),
        headers=_headers(response),
        body=Body(body),
    )


def _headers(message: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return the headers with their names in lower case, without those that HTTP/2 alone has."""
    named = [(str(each["name"]).lower(), str(each["value"])) for each in message["headers"]]
    return tuple((name, value) for name, value in named if not name.startswith(":"))
