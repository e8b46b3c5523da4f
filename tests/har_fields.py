"""What HAR 1.2 asks of a file, as a table of its fields: a validator that names the place of each fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_absolute(value: Any) -> bool:
    return isinstance(value, str) and bool(urlsplit(value).scheme and urlsplit(value).netloc)


CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: _is_number(value) and value >= -1,
    "size": lambda value: _is_number(value) and isinstance(value, int) and value >= -1,
    "date": lambda value: isinstance(value, str) and DATE.fullmatch(value) is not None,
    "flag": lambda value: isinstance(value, bool),
    "absolute": _is_absolute,
    "version": lambda value: value == "1.2",
}
# The fields of each object: one with `?` may be absent (a comment always may), one with [] is a list of what it names.
FIELDS: Mapping[str, str] = {
    "log": "version:version creator:creator entries:entry[]",
    "creator": "name:text version:text",
    "entry": "pageref?:text startedDateTime:date time:number request:request response:response cache:cache "
    "timings:timings serverIPAddress?:text connection?:text",
    "request": "method:text url:absolute httpVersion:text cookies:cookie[] headers:pair[] queryString:pair[] "
    "postData?:postData headersSize:size bodySize:size",
    "response": "status:size statusText:text httpVersion:text cookies:cookie[] headers:pair[] content:content "
    "redirectURL:text headersSize:size bodySize:size",
    "cookie": "name:text value:text path?:text domain?:text expires?:date httpOnly?:flag secure?:flag",
    "pair": "name:text value:text",
    "postData": "mimeType:text params:param[] text:text",
    "param": "name:text value?:text fileName?:text contentType?:text",
    "content": "size:size compression?:size mimeType:text text?:text encoding?:text",
    "cache": "",
    "timings": "blocked?:number dns?:number connect?:number send:number wait:number receive:number ssl?:number",
}


def faults(har: Any) -> list[str]:
    """Return what is wrong with a HAR file, each fault with its place; an empty list for one that is valid."""
    if not isinstance(har, dict) or set(har) != {"log"}:
        return ["it has something else than its log"]
    return [*_faults(har["log"], "log", "log"), *_disagreements(har["log"])]


def _faults(value: Any, kind: str, place: str) -> Iterator[str]:
    if kind in CHECKS:
        yield from () if CHECKS[kind](value) else (f"{place} is no {kind}",)
    elif kind.endswith("[]"):
        if not isinstance(value, list):
            yield f"{place} is no list"
        for index, each in enumerate(value if isinstance(value, list) else ()):
            yield from _faults(each, kind.removesuffix("[]"), f"{place}[{index}]")
    elif not isinstance(value, dict):
        yield f"{place} is no object"
    else:
        fields = dict(each.split(":") for each in f"{FIELDS[kind]} comment?:text".split())
        yield from (f"{place}.{name} is missing" for name in fields if name[-1] != "?" and name not in value)
        for name, each in value.items():
            known = fields.get(name) or fields.get(f"{name}?")
            if known:
                yield from _faults(each, known, f"{place}.{name}")
            elif not name.startswith("_"):
                yield f"{place}.{name} is no field of HAR 1.2, and has no underscore"


def _disagreements(log: Any) -> Iterator[str]:
    """Yield where two fields contradict each other: sizes, times, and what is written twice."""
    for index, entry in enumerate(log.get("entries", [])):
        with suppress(KeyError, TypeError, AttributeError, ValueError):
            place, request, response = f"log.entries[{index}]", entry["request"], entry["response"]
            sent = len(request.get("postData", {}).get("text", "").encode())
            received = len(response["content"].get("text", "").encode())
            if request["bodySize"] not in (-1, sent):
                yield f"{place}.request.bodySize is {request['bodySize']}, and its text has {sent}"
            if response["content"]["size"] != received:
                yield f"{place}.response.content.size is not {received}"
            if entry["time"] != sum(each for each in entry["timings"].values() if _is_number(each) and each > 0):
                yield f"{place}.time is not the sum of its timings"
            if bool(urlsplit(request["url"]).query) != bool(request["queryString"]):
                yield f"{place}.request.queryString is not that of its url"
