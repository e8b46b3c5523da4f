"""Where secrets hide in a document: the cells of a notebook, the entries of a HAR, the lines of a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from auth0_mfa_lab.wire.scan_text import Leak, leaks_of
from auth0_mfa_lab.wire.scan_values import CODES, SEALED_KIND, is_secret, kind_of_name

_ALLOW = re.compile(r"auth0-mfa-lab:\s*allow\b")
_A_COMMENT = re.compile(r"\s*(?:#|//|/?\*|<!--|--|;|%)")
_SETTING = re.compile(r"\s*(?:export\s+)?(?P<name>\w{1,80})\s*=\s*(?P<value>\S.*)")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}")
# How recordings and widgets say that a value has a name.
_NAMED_BY = ("name", "key", "description", "placeholder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A secret in a document: what it is, how long, and where; never the secret itself.

    `cell` counts from 1 (None outside a notebook); `where` says what part of the cell or document holds it; `line`
    counts from 1, in the file or in a cell's source.
    """

    kind: str
    length: int
    where: str = ""
    cell: int | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """Where it is, in words: `cell 3, output 1 (text/plain)`, `line 12, base64`."""
        cell = f"cell {self.cell}" if self.cell else ""
        line = f"line {self.line}" if self.line else ""
        return ", ".join(filter(None, (cell, self.where if self.cell else "", line, "" if self.cell else self.where)))

    @property
    def hint(self) -> str:
        """What one may know of it: `mfa_token, 1317 characters`."""
        return f"{self.kind}, {self.length} characters"


@dataclass(slots=True)
class _Place:
    """One part of a document, and what was found in it: each value once, under the kind that says most."""

    where: str
    cell: int | None = None
    found: dict[tuple[str, int | None, str], str] = field(default_factory=dict)

    def add(self, leak: Leak, *, with_line: bool) -> None:
        key = (leak.value, leak.line if with_line else None, leak.hidden)
        if self.found.get(key, SEALED_KIND) == SEALED_KIND:
            self.found[key] = leak.kind

    def finds(self) -> Iterator[Find]:
        for (value, line, hidden), kind in sorted(self.found.items(), key=lambda found: found[0][1] or 0):
            where = ", ".join(filter(None, (self.where, hidden)))
            yield Find(kind=kind, length=len(value), where=where, cell=self.cell, line=line)


def finds_in_text(text: str, *, data: bool) -> Iterator[Find]:
    """Yield the secrets in a text file; a comment `auth0-mfa-lab: allow` allows its line, or the one below it."""
    lines = text.split("\n")
    place = _Place("")
    for leak in (*leaks_of(text, data=data), *(_settings(lines) if data else ())):
        above = lines[leak.line - 2] if leak.line > 1 else ""
        allowed = _ALLOW.search(lines[leak.line - 1]) or (_ALLOW.search(above) and _A_COMMENT.match(above))
        if not allowed:
            place.add(leak, with_line=True)
    yield from place.finds()


def _settings(lines: list[str]) -> Iterator[Leak]:
    """Yield the secrets of an env file that are phrases: their values go on to the end of the line."""
    for number, line in enumerate(lines, 1):
        match = _SETTING.fullmatch(line)
        value = match["value"].rstrip() if match else ""
        if match and " " in value and value[0] not in "\"'" and kind_of_name(match["name"]) == "password":
            yield Leak(kind="password", value=value, line=number)


def finds_in_notebook(notebook: dict[str, Any]) -> Iterator[Find]:
    """Yield the secrets in a notebook; a comment `auth0-mfa-lab: allow` in a cell's source allows that cell."""
    cells = notebook.get("cells")
    for number, cell in enumerate(cells if isinstance(cells, list) else (), 1):
        if not isinstance(cell, dict):
            yield from _walked(cell, _Place("", number))
        elif not _ALLOW.search(_joined(cell.get("source")) or ""):
            yield from _in_cell(cell, number)
    for key, value in notebook.items():
        if key == "metadata" and isinstance(value, dict):
            yield from _walked(value.get("widgets"), _Place("widget state"))
            rest = {name: each for name, each in value.items() if name != "widgets"}
            yield from _walked(rest, _Place("notebook metadata"))
        elif key != "cells" or not isinstance(value, list):
            yield from _walked({key: value}, _Place("notebook"))


def finds_in_har(har: dict[str, Any]) -> Iterator[Find]:
    """Yield the secrets in a recording of a browser's or of the lab's.

    What the lab recorded has stand-ins. They say so of themselves; codes are too short for that.
    """
    log = har.get("log")
    log = log if isinstance(log, dict) else {}
    ours = isinstance(log.get("_auth0_mfa_lab"), dict)
    yield from (find for find in _in_log(log, har) if not (ours and find.kind in CODES))


def _in_log(log: dict[str, Any], har: dict[str, Any]) -> Iterator[Find]:
    entries = log.get("entries")
    for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
        parts = entry if isinstance(entry, dict) else {"": entry}
        for side in ("request", "response"):
            yield from _walked(parts.get(side), _Place(f"entry {number}, {side}"))
        rest = {name: each for name, each in parts.items() if name not in ("request", "response")}
        yield from _walked(rest, _Place(f"entry {number}"))
    outside = {name: each for name, each in log.items() if name != "entries" or not isinstance(each, list)}
    yield from _walked([outside, {name: each for name, each in har.items() if name != "log"}], _Place("log"))


def _in_cell(cell: dict[str, Any], number: int) -> Iterator[Find]:
    source = _Place("source", number)
    for leak in leaks_of(_joined(cell.get("source")) or "", data=False):
        source.add(leak, with_line=True)
    yield from source.finds()
    outputs = cell.get("outputs")
    for count, output in enumerate(outputs if isinstance(outputs, list) else (), 1):
        parts = output if isinstance(output, dict) else {"": output}
        data = parts.get("data")
        for mime, value in data.items() if isinstance(data, dict) else ():
            kind = mime if _MIME.fullmatch(mime) else "data"
            yield from _walked({mime: value}, _Place(f"output {count} ({kind})", number))
        rest = {name: each for name, each in parts.items() if name != "data" or not isinstance(data, dict)}
        yield from _walked(rest, _Place(f"output {count}", number))
    yield from _walked(cell.get("metadata"), _Place("metadata", number))
    yield from _walked(cell.get("attachments"), _Place("attachment", number))
    known = ("source", "outputs", "metadata", "attachments")
    yield from _walked({name: each for name, each in cell.items() if name not in known}, _Place("fields", number))


def _walked(value: Any, place: _Place) -> Iterator[Find]:
    """Find the secrets in every string of a JSON value, its keys and what is JSON within a string too."""
    todo: list[tuple[str, Any, int]] = [("", value, 0)]
    while todo:
        name, each, depth = todo.pop()
        if isinstance(each, dict):
            todo += [(key, inner, depth) for key, inner in reversed(each.items())]
            todo += [("", key, depth) for key in each]
            todo += [(named, each["value"], depth) for named in _names_of(each)]
        elif isinstance(each, list):
            lines = _joined(each)
            todo += [(name, inner, depth) for inner in reversed(each)] if not lines or len(each) < 50 else []
            todo += [(name, lines, depth)] if lines else []
        elif isinstance(each, str):
            _read_string(name, each, place)
            if depth < 3 and each.lstrip()[:1] in ("{", "["):
                todo += [("", inner, depth + 1) for inner in _json(each)]
        elif isinstance(each, int) and not isinstance(each, bool):
            _read_named(name, str(each), place, of_number=True)
    yield from place.finds()


def _names_of(value: dict[str, Any]) -> Iterator[str]:
    """Yield what the value beside it is called: a header, a field of a form, a widget with its label."""
    if isinstance(value.get("value"), str | int):
        yield from (each for key in _NAMED_BY if isinstance(each := value.get(key), str))
        if value.get("_model_name") == "PasswordModel":
            yield "password"


def _read_named(name: str, text: str, place: _Place, *, of_number: bool = False) -> None:
    kind = kind_of_name(name.strip(" :*")) if name else None
    if of_number and kind not in CODES - {"passwordless code"}:
        return
    if kind and is_secret(kind, text, data=True):
        of_jwt = kind in ("access token", "ID token") and text.startswith("eyJ")
        place.add(Leak(kind="JWT" if of_jwt else kind, value=text, line=1), with_line=False)


def _read_string(name: str, text: str, place: _Place) -> None:
    if "\n" not in text:
        _read_named(name, text, place)
    known = {value for value, _, _ in place.found}
    for leak in leaks_of(text, data=True):
        if leak.hidden or leak.value not in known:
            place.add(leak, with_line=False)


def _joined(value: Any) -> str | None:
    """Return a text that nbformat split into lines, whole; None for what is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return "".join(value)
    return None


def _json(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text)
    except (ValueError, RecursionError):
        return
