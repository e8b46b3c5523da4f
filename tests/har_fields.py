"""What HAR 1.2 asks of a file, as a table of its fields: a validator that names the place of each fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any], bool]
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def text(value: Any) -> bool:
    return isinstance(value, str)


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= -1


def duration(value: Any) -> bool:
    return number(value) and value >= -1


def date(value: Any) -> bool:
    return text(value) and DATE.fullmatch(value) is not None


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def absolute(value: Any) -> bool:
    return text(value) and bool(urlsplit(value).scheme and urlsplit(value).netloc)


def version(value: Any) -> bool:
    return bool(value == "1.2")


# The fields of each object; one with `?` may be absent, one with [] is a list of the object that it names.
FIELDS: Mapping[str, Mapping[str, Check | str]] = {
    "log": {
        "version": version,
        "creator": "creator",
        "browser?": "creator",
        "pages?": "page[]",
        "entries": "entry[]",
        "comment?": text,
    },
    "creator": {"name": text, "version": text, "comment?": text},
    "page": {"startedDateTime": date, "id": text, "title": text, "pageTimings": "pageTimings", "comment?": text},
    "pageTimings": {"onContentLoad?": number, "onLoad?": number, "comment?": text},
    "entry": {
        "pageref?": text,
        "startedDateTime": date,
        "time": duration,
        "request": "request",
        "response": "response",
        "cache": "cache",
        "timings": "timings",
        "serverIPAddress?": text,
        "connection?": text,
        "comment?": text,
    },
    "request": {
        "method": text,
        "url": absolute,
        "httpVersion": text,
        "cookies": "cookie[]",
        "headers": "pair[]",
        "queryString": "pair[]",
        "postData?": "postData",
        "headersSize": size,
        "bodySize": size,
        "comment?": text,
    },
    "response": {
        "status": size,
        "statusText": text,
        "httpVersion": text,
        "cookies": "cookie[]",
        "headers": "pair[]",
        "content": "content",
        "redirectURL": text,
        "headersSize": size,
        "bodySize": size,
        "comment?": text,
    },
    "cookie": {
        "name": text,
        "value": text,
        "path?": text,
        "domain?": text,
        "expires?": date,
        "httpOnly?": flag,
        "secure?": flag,
        "comment?": text,
    },
    "pair": {"name": text, "value": text, "comment?": text},
    "postData": {"mimeType": text, "params": "param[]", "text": text, "comment?": text},
    "param": {"name": text, "value?": text, "fileName?": text, "contentType?": text, "comment?": text},
    "content": {
        "size": size,
        "compression?": size,
        "mimeType": text,
        "text?": text,
        "encoding?": text,
        "comment?": text,
    },
    "cache": {"beforeRequest?": "cached", "afterRequest?": "cached", "comment?": text},
    "cached": {"expires?": date, "lastAccess": date, "eTag": text, "hitCount": size, "comment?": text},
    "timings": {
        "blocked?": duration,
        "dns?": duration,
        "connect?": duration,
        "send": duration,
        "wait": duration,
        "receive": duration,
        "ssl?": duration,
        "comment?": text,
    },
}


def faults(har: Any) -> list[str]:
    """Return what is wrong with a HAR file, each fault with its place; an empty list for one that is valid."""
    if not isinstance(har, dict) or set(har) != {"log"}:
        return ["it has something else than its log"]
    return [*_faults(har["log"], "log", "log"), *_disagreements(har["log"])]


def _faults(value: Any, kind: str, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is no object"
        return
    fields = FIELDS[kind]
    known = {name.rstrip("?"): check for name, check in fields.items()}
    for name in fields:
        if not name.endswith("?") and name not in value:
            yield f"{place}.{name} is missing"
    for name, each in value.items():
        if name.startswith("_"):
            continue
        check = known.get(name)
        if check is None:
            yield f"{place}.{name} is no field of HAR 1.2, and has no underscore"
        elif isinstance(check, str):
            yield from _inside(each, check, f"{place}.{name}")
        elif not check(each):
            yield f"{place}.{name} is no {check.__name__}"


def _inside(value: Any, kind: str, place: str) -> Iterator[str]:
    if not kind.endswith("[]"):
        yield from _faults(value, kind, place)
    elif not isinstance(value, list):
        yield f"{place} is no list"
    else:
        for index, each in enumerate(value):
            yield from _faults(each, kind.removesuffix("[]"), f"{place}[{index}]")


def _disagreements(log: Any) -> Iterator[str]:
    """Yield where two fields contradict each other: sizes, times, and what is written twice."""
    for index, entry in enumerate(log.get("entries", [])):
        place = f"log.entries[{index}]"
        try:
            request, response = entry["request"], entry["response"]
            sent = len(request.get("postData", {}).get("text", "").encode())
            received = len(response["content"].get("text", "").encode())
            if request["bodySize"] not in (-1, sent):
                yield f"{place}.request.bodySize is {request['bodySize']}, and its text has {sent}"
            if response["content"]["size"] != received:
                yield f"{place}.response.content.size is not {received}"
            spent = sum(each for each in entry["timings"].values() if number(each) and each > 0)
            if entry["time"] != spent:
                yield f"{place}.time is not the sum of its timings"
            if bool(urlsplit(request["url"]).query) != bool(request["queryString"]):
                yield f"{place}.request.queryString is not that of its url"
        except (KeyError, TypeError, AttributeError, ValueError):
            continue
