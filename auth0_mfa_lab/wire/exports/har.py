"""A journal as a HAR 1.2 file: what any HTTP tool opens and `Lab.replay` answers from, with a stand-in for each secret.

Fields of our own begin with an underscore, as HAR 1.2 asks for: `_number`, `_speaker`, `_step`, `_at`, `_notes` and
`_failure` of an entry, and `_auth0_mfa_lab` of the log, which has what happened beside the exchanges.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import parse_qsl, urlsplit

from auth0_mfa_lab.wire.exchange import Exchange, Message, Request, Response
from auth0_mfa_lab.wire.journal import Journal
from auth0_mfa_lab.wire.operations import Json, OperationCall
from auth0_mfa_lab.wire.standins import StandIns, stand_ins_of

OURS = "_auth0_mfa_lab"
"""The field of the log under which our own data stands."""
FORMAT = 2
"""The version of that data."""

_CREATOR = "auth0-mfa-lab"
_HTTP = "HTTP/1.1"
_FORM = "application/x-www-form-urlencoded"
_COMMENT = "Every secret is a stand-in of the same shape; the tokens' signatures sign nothing."


def har(journal: Journal) -> str:
    """Return a journal as the text of a HAR 1.2 file; equal journals give equal texts.

    Each secret has one stand-in of its shape, drawn from its alias: nothing leads back. Times are the lab's; how long
    a request took is not kept. Source: the HAR 1.2 specification.
    """
    return json.dumps(har_log(journal), ensure_ascii=False, indent=2) + "\n"


def har_log(journal: Journal) -> dict[str, Json]:
    """Return a journal as the object of a HAR 1.2 file."""
    stand_ins = stand_ins_of(journal)
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": _CREATOR, "version": _version()},
            "entries": [_entry(exchange, stand_ins) for exchange in journal],
            "comment": _COMMENT,
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
    return {
        "startedDateTime": _date(exchange.at),
        "time": 0,
        "request": _request(exchange.request, stand_ins),
        "response": _response(exchange.response, stand_ins) if exchange.response else _NO_RESPONSE,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        **stand_ins.data({name: value for name, value in ours.items() if value not in (None, [])}),
    }


def _request(request: Request, stand_ins: StandIns) -> dict[str, Json]:
    url, body = stand_ins.text(request.url, encoded=True), _body(request, stand_ins)
    headers = _headers(request, stand_ins, body)
    entry: dict[str, Json] = {
        "method": request.method,
        "url": url,
        "httpVersion": _HTTP,
        "cookies": _cookies(headers, "cookie"),
        "headers": headers,
        "queryString": _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(body.encode()),
    }
    if body:
        # `params` and `text` are mutually exclusive: the text is what was sent.
        entry["postData"] = {"mimeType": request.header("content-type") or "", "params": [], "text": body}
    return entry


def _response(response: Response, stand_ins: StandIns) -> dict[str, Json]:
    body = _body(response, stand_ins)
    headers = _headers(response, stand_ins, body)
    size = len(body.encode())
    return {
        "status": response.status,
        "statusText": stand_ins.text(response.reason),
        "httpVersion": _HTTP,
        "cookies": _cookies(headers, "set-cookie"),
        "headers": headers,
        "content": {"size": size, "mimeType": response.header("content-type") or "x-unknown", "text": body},
        "redirectURL": next((each["value"] for each in headers if each["name"].lower() == "location"), ""),
        "headersSize": -1,
        "bodySize": size,
    }


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


def _body(message: Message, stand_ins: StandIns) -> str:
    return stand_ins.text(message.text, encoded=message.media_type == _FORM)


def _headers(message: Message, stand_ins: StandIns, body: str) -> list[dict[str, str]]:
    """Return the headers; the length is that of the body with its stand-ins, which may be another."""
    lengths = {"content-length": str(len(body.encode()))}
    named = [(name, lengths.get(name.lower()) or stand_ins.text(value)) for name, value in message.headers]
    return _pairs(named)


def _pairs(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(headers: list[dict[str, str]], header: str) -> list[dict[str, str]]:
    """Return the cookies that headers bring: all of a request's line, the first pair of an answer's."""
    lines = [each["value"] for each in headers if each["name"].lower() == header]
    texts = [text for line in lines for text in (line.split(";") if header == "cookie" else [line.partition(";")[0]])]
    cut = [text.strip().partition("=") for text in texts]
    return _pairs([(name, value) for name, sign, value in cut if sign])


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _version() -> str:
    try:
        return version(_CREATOR)
    except PackageNotFoundError:
        return "unknown"
