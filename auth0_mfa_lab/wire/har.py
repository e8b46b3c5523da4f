"""A journal as a HAR 1.2 file, written with a stand-in for each secret, and read back for `Lab.replay`.

Fields of our own begin with an underscore, as HAR 1.2 asks for: `_number`, `_speaker`, `_step`, `_at`, `_notes` and
`_failure` of an entry, and `_auth0_mfa_lab` of the log, which has the operations beside the exchanges.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.standins import StandIns, stand_ins_of
from auth0_mfa_lab.wire.exchange import Body, Exchange, Failure, Json, Message, Recorded, Request, Response, Speaker
from auth0_mfa_lab.wire.journal import Journal, OperationCall

OURS = "_auth0_mfa_lab"
"""The field of the log under which our own data stands."""
FORMAT = 2
"""The version of that data."""

_CREATOR = "auth0-mfa-lab"
_NO_RESPONSE: Mapping[str, Json] = {
    "status": 0,
    "statusText": "",
    "httpVersion": "",
    "cookies": [],
    "headers": [],
    "content": {"size": 0, "mimeType": "x-unknown"},
    "redirectURL": "",
    "headersSize": -1,
    "bodySize": -1,
}


def har(journal: Journal) -> str:
    """Return a journal as the text of a HAR 1.2 file; equal journals give equal texts.

    Each secret has one stand-in of its shape, drawn from its alias: nothing leads back. Times are the lab's; how long
    a request took is not kept. Source: the HAR 1.2 specification.
    """
    return json.dumps(har_log(journal), ensure_ascii=False, indent=2) + "\n"


def har_log(journal: Journal) -> dict[str, Json]:
    """Return a journal as the object of a HAR 1.2 file."""
    stand_ins = stand_ins_of(journal)
    try:
        written_by = version(_CREATOR)
    except PackageNotFoundError:
        written_by = "unknown"
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": _CREATOR, "version": written_by},
            "entries": [_entry(exchange, stand_ins) for exchange in journal],
            "comment": "Every secret is a stand-in of the same shape; the tokens' signatures sign nothing.",
            OURS: {
                "format": FORMAT,
                "tenant": stand_ins.data(journal.operations.tenant),
                "operations": [_operation(call, stand_ins) for call in journal.operations],
            },
        }
    }


def _operation(call: OperationCall, stand_ins: StandIns) -> dict[str, Json]:
    result = call.result
    if call.operation == "settings" and result:
        # In pairs: a switch whose name ends in `secret` would be one to whatever scans for secrets.
        result = {**result, "switches": [list(pair) for pair in dict(result["switches"]).items()]}
    came = {"result": result} if call.refused is None else {"refused": dict(call.refused)}
    said = stand_ins.data({"arguments": call.arguments, **came})
    return {"after": call.after, "operation": call.operation, **said}


def _entry(exchange: Exchange, stand_ins: StandIns) -> dict[str, Json]:
    failure = exchange.failure
    ours: Mapping[str, Json] = {
        "_number": exchange.number,
        "_speaker": exchange.speaker,
        "_step": exchange.step,
        "_at": exchange.at,
        "_notes": list(exchange.notes),
        "_failure": {"kind": failure.kind, "said": failure.said} if failure else None,
    }
    at = datetime.fromtimestamp(exchange.at, UTC).isoformat(timespec="milliseconds")
    return {
        "startedDateTime": at.replace("+00:00", "Z"),
        "time": 0,
        "request": _request_entry(exchange.request, stand_ins),
        "response": _response_entry(exchange.response, stand_ins) if exchange.response else _NO_RESPONSE,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        **stand_ins.data({name: value for name, value in ours.items() if value not in (None, [])}),
    }


def _request_entry(request: Request, stand_ins: StandIns) -> dict[str, Json]:
    url = stand_ins.text(request.url, encoded=True)
    body, headers = _message(request, stand_ins)
    entry: dict[str, Json] = {
        "method": request.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        # All of the line that a request brings.
        "cookies": _cookies(text for line in _named(headers, "cookie") for text in line.split(";")),
        "headers": headers,
        "queryString": _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(body.encode()),
    }
    if body:
        # `params` and `text` are mutually exclusive: the text is what was sent.
        entry["postData"] = {"mimeType": request.header("content-type") or "", "params": [], "text": body}
    return entry


def _response_entry(response: Response, stand_ins: StandIns) -> dict[str, Json]:
    body, headers = _message(response, stand_ins)
    size = len(body.encode())
    return {
        "status": response.status,
        "statusText": stand_ins.text(response.reason),
        "httpVersion": "HTTP/1.1",
        # The first pair of each line that an answer brings.
        "cookies": _cookies(line.partition(";")[0] for line in _named(headers, "set-cookie")),
        "headers": headers,
        "content": {"size": size, "mimeType": response.header("content-type") or "x-unknown", "text": body},
        "redirectURL": next(_named(headers, "location"), ""),
        "headersSize": -1,
        "bodySize": size,
    }


def _message(message: Message, stand_ins: StandIns) -> tuple[str, list[dict[str, str]]]:
    """Return the body, and the headers; the length is that of the body with its stand-ins, which may be another."""
    body = stand_ins.text(message.text, encoded=message.media_type == "application/x-www-form-urlencoded")
    lengths = {"content-length": str(len(body.encode()))}
    named = [(name, lengths.get(name.lower()) or stand_ins.text(value)) for name, value in message.headers]
    return body, _pairs(named)


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _named(headers: list[dict[str, str]], name: str) -> Iterator[str]:
    return (each["value"] for each in headers if each["name"].lower() == name)


def _cookies(texts: Iterable[str]) -> list[dict[str, str]]:
    cut = [text.strip().partition("=") for text in texts]
    return _pairs((name, value) for name, sign, value in cut if sign)


# -- reading

_OF_THE_PHONE = re.compile(r"(/appliance-mfa)?/api/(enroll|resolve-transaction|device-accounts)\b")
_OF_AUTH0 = re.compile(r"/oauth/(token|revoke)|/mfa/|/passwordless/|/userinfo|/api/v2/|/\.well-known/|/dbconnections/")


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
        operations = tuple(OperationCall(**each) for each in ours["operations"]) if ours else ()
    except (ValueError, KeyError, TypeError, AttributeError, LookupError) as problem:
        raise _unreadable(file, f"an entry of it is not as HAR 1.2 wants it ({type(problem).__name__})") from None
    if not exchanges and ours is None:
        raise _unreadable(file, "it has no call of Auth0's API: record one that has")
    return Recording(name=file.name, by=by, exchanges=exchanges, tenant=tenant, operations=operations)


def _unreadable(file: Path, why: str) -> LabError:
    return LabError(f"{file.name} cannot be replayed: {why}.")


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
            if url.netloc != host:
                continue
        number += 1
        began = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
        yield _recorded(number, entry, speaker, began + max(float(entry.get("time") or 0), 0) / 1000)


def _recorded(number: int, entry: Mapping[str, Json], speaker: Speaker, at: float) -> Recorded:
    failure = entry.get("_failure")
    if failure is None and entry["response"]["status"] <= 0:
        failure = {"kind": "ConnectError", "said": ""}
    return Recorded(
        number=number,
        speaker=speaker,
        at=at,
        request=_request_of(entry["request"]),
        response=None if failure else _response_of(entry["response"]),
        failure=Failure(kind=str(failure["kind"]), said=str(failure["said"])) if failure else None,
        notes=tuple(str(each) for each in entry.get("_notes", ())),
    )


def _request_of(request: Mapping[str, Json]) -> Request:
    data = request.get("postData") or {}
    body = str(data.get("text") or "")
    if not body and data.get("params"):
        body = urlencode([(each["name"], each.get("value", "")) for each in data["params"]])
    headers = _headers_of(request)
    if data.get("mimeType") and not any(name == "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", str(data["mimeType"])))
    return Request(method=request["method"].upper(), url=request["url"], headers=headers, body=Body(body.encode()))


def _response_of(response: Mapping[str, Json]) -> Response:
    content = response.get("content") or {}
    text = str(content.get("text") or "")
    return Response(
        status=int(response["status"]),
        reason=str(response.get("statusText") or ""),
        headers=_headers_of(response),
        body=Body(base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()),
    )


def _headers_of(message: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return the headers with their names in lower case, without those that HTTP/2 alone has."""
    named = [(str(each["name"]).lower(), str(each["value"])) for each in message["headers"]]
    return tuple((name, value) for name, value in named if not name.startswith(":"))
