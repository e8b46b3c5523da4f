"""Finds secrets in files before they are committed or sent: in notebooks, HAR recordings, pictures and texts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from auth0_mfa_lab.wire.scan_documents import Find, finds_in_har, finds_in_notebook, finds_in_text
from auth0_mfa_lab.wire.scan_pictures import is_a_picture
from auth0_mfa_lab.wire.scan_text import leaks_of_picture

MOST_BYTES = 20 * 1024 * 1024
_LOOKED_AT = 8_192
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was found in one file, and in a sentence what was not read of it, if anything."""

    finds: tuple[Find, ...] = ()
    note: str | None = None


def scan(name: str, content: bytes) -> Scanned:
    """Find the secrets in a file.

    `name` is the file's name: it says how to read it. `content` is all of it, or its first `MOST_BYTES + 1` bytes. A
    file that is neither text nor a picture has no finds.
    """
    if is_a_picture(content):
        return Scanned(finds=tuple(_of_picture(content)))
    note = None
    if len(content) > MOST_BYTES:
        note = f"only the first {MOST_BYTES // 1024 // 1024} MiB were read"
        content = content[:MOST_BYTES]
    text = _text(content)
    if text is None:
        return Scanned()
    path = PurePath(name.lower())
    read = _reader(path.suffix, text) if path.suffix in (".ipynb", ".har", ".json") else None
    if read:
        return Scanned(finds=tuple(read()), note=note)
    if path.suffix in (".ipynb", ".har"):
        what = "notebook" if path.suffix == ".ipynb" else "HAR"
        note = "; ".join(filter(None, (note, f"it is no {what} that can be read as one: its lines were")))
    return Scanned(finds=tuple(finds_in_text(text, data=is_data(path.name))), note=note)


def is_data(name: str) -> bool:
    """Say whether a file of this name holds values and no code or prose: an env file, a recording."""
    if re.search("example|sample|template", name):
        return False
    return name.startswith(".env") or name.endswith((".env", ".har", ".ipynb"))


def _of_picture(content: bytes) -> Iterator[Find]:
    for leak in leaks_of_picture(content):
        yield Find(kind=leak.kind, length=len(leak.value), where=leak.hidden)


def _text(content: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _lines(content.decode(encoding, "replace"))
    return None if b"\0" in content[:_LOOKED_AT] else _lines(content.decode("utf-8", "replace"))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reader(suffix: str, text: str) -> Callable[[], Iterator[Find]] | None:
    """Return how to read a document of JSON, or None for what is none."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if suffix == ".ipynb" or isinstance(document.get("cells"), list):
        return lambda: finds_in_notebook(document)
    log = document.get("log")
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        return lambda: finds_in_har(document)
    return None
