"""A journal as a HAR 1.2 file, written with a stand-in for each secret, and read back for `Lab.replay`.

Fields of our own begin with an underscore, as HAR 1.2 asks for: `_number`, `_speaker`, `_step`, `_at`, `_notes` and
`_failure` of an entry, and `_auth0_mfa_lab` of the log, which has the operations beside the exchanges.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.standins import StandIns, stand_ins_of
from auth0_mfa_lab.wire.exchange import FORM, Body, Exchange, Failure, Json, Message, Recorded, Request, Response
from auth0_mfa_lab.wire.journal import Journal, OperationCall

OURS = "_auth0_mfa_lab"
"""The field of the log under which our own data stands."""
FORMAT = 2
"""The version of that data."""

_CREATOR = "auth0-mfa-lab"
_COOKIE = re.compile(r"\s*([^=;]+)=([^;]*)")


def har(journal: Journal) -> str:
    """Return a journal as the text of a HAR 1.2 file; equal journals give equal texts, for times are the lab's.

    Each secret has one stand-in of its shape, drawn from its alias: nothing leads back.
    """
    stand_ins = stand_ins_of(journal)
    log = {
        "version": "1.2",
        "creator": {"name": _CREATOR, "version": version(_CREATOR)},
        "entries": [_entry(exchange, stand_ins) for exchange in journal],
        "comment": "Every secret is a stand-in of the same shape; the tokens' signatures sign nothing.",
        OURS: {
            "format": FORMAT,
            "tenant": stand_ins.data(journal.operations.tenant),
            "operations": [_operation(call, stand_ins) for call in journal.operations],
        },
    }
    return json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n"


def _operation(call: OperationCall, stand_ins: StandIns) -> dict[str, Json]:
    result = call.result
    if call.operation == "settings" and result:
        # In pairs: a switch whose name ends in `secret` would be one to whatever scans for secrets.
        result = {**result, "switches": [list(pair) for pair in dict(result["switches"]).items()]}
    came = {"result": result} if call.refused is None else {"refused": dict(call.refused)}
    said = stand_ins.data({"arguments": call.arguments, **came})
    return {"after": call.after, "operation": call.operation, **said}


def _entry(exchange: Exchange, stand_ins: StandIns) -> dict[str, Json]:
    request, response, failure = exchange.request, exchange.response, exchange.failure
    url = stand_ins.text(request.url, encoded=True)
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    sent, said = _message(request, stand_ins)
    # All of the line that a request brings, and the first pair of each line that an answer brings.
    asked = {"method": request.method, "url": url, **said, "cookies": _cookies(said, "cookie", None)}
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
        "_number": exchange.number,
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
        {"name": name, "value": str(size) if name == "content-length" else stand_ins.text(value)}
        for name, value in message.headers
    ]
    return body, {"httpVersion": "HTTP/1.1", "headers": headers, "headersSize": -1, "bodySize": size}


def _cookies(said: Mapping[str, Json], header: str, most: int | None) -> list[dict[str, str]]:
    lines = [_COOKIE.findall(each["value"])[:most] for each in said["headers"] if each["name"] == header]
    return [{"name": name, "value": value} for line in lines for name, value in line]


# -- reading

_OF_THE_PHONE = re.compile(r"(/appliance-mfa)?/api/(enroll|resolve-transaction|device-accounts)\b")
_OF_AUTH0 = re.compile(r"/oauth/(token|revoke)|/mfa/|/passwordless/|/userinfo|/api/v2/|/\.well-known/|/dbconnections/")
_FAULTS = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, kw_only=True)
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

    def unreadable(why: str) -> LabError:
        return LabError(f"{file.name} cannot be replayed: {why}.")

    try:
        log = json.loads(file.read_text(encoding="utf-8-sig"))["log"]
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
    try:
        chosen = _of_another_tool(entries) if ours is None else ((entry, float(entry["_at"])) for entry in entries)
        exchanges = tuple(_recorded(number, *pair) for number, pair in enumerate(chosen, 1))
        tenant = dict(ours["tenant"]) if ours else {}
        operations = tuple(OperationCall(**each) for each in ours["operations"]) if ours else ()
    except _FAULTS as problem:
        raise unreadable(f"an entry of it is not as HAR 1.2 wants it ({type(problem).__name__})") from None
    if not exchanges and ours is None:
        raise unreadable("it has no call of Auth0's API: record one that has")
    return Recording(name=file.name, by=by, exchanges=exchanges, tenant=tenant, operations=operations)


def _of_another_tool(entries: list[Json]) -> Iterator[tuple[Json, float]]:
    """Yield the calls of Auth0's API and of its phones, on the host that was asked first; a browser says more."""
    host = None
    for entry in entries:
        url = urlsplit(entry["request"]["url"])
        is_of_the_phone = _OF_THE_PHONE.match(url.path) is not None
        if entry["request"]["method"] == "OPTIONS" or not (is_of_the_phone or _OF_AUTH0.match(url.path)):
            continue
        host = host or (None if is_of_the_phone else url.netloc)
        if is_of_the_phone or url.netloc == host:
            began = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
            speaker = "phone" if is_of_the_phone else "app"
            yield {**entry, "_speaker": speaker}, began + max(float(entry.get("time") or 0), 0) / 1000


def _recorded(number: int, entry: Mapping[str, Json], at: float) -> Recorded:
    request, response, failure = entry["request"], entry["response"], entry.get("_failure")
    if failure is None and response["status"] <= 0:
        failure = {"kind": "ConnectError", "said": ""}
    posted = request.get("postData") or {}
    fields = urlencode([(each["name"], each.get("value", "")) for each in posted.get("params") or ()])
    sent = str(posted.get("text") or fields)
    content = response.get("content") or {}
    text = str(content.get("text") or "")
    body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    status, reason, answered = int(response["status"]), str(response.get("statusText") or ""), _headers_of(response)
    method, url = request["method"].upper(), request["url"]
    return Recorded(
        number=number,
        speaker="phone" if entry["_speaker"] == "phone" else "app",
        at=at,
        request=Request(method=method, url=url, headers=_headers_of(request), body=Body(sent.encode())),
        response=None if failure else Response(status=status, reason=reason, headers=answered, body=Body(body)),
        failure=failure and Failure(**failure),
        notes=tuple(map(str, entry.get("_notes", ()))),
    )


def _headers_of(message: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return the headers with their names in lower case, without those that HTTP/2 alone has."""
    named = [(str(each["name"]).lower(), str(each["value"])) for each in message["headers"]]
    return tuple((name, value) for name, value in named if not name.startswith(":"))
