"""What a tenant receives over a socket, and the observer that is told of it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from auth0_mfa_lab.sandbox.json_text import json_object

KEPT, LONGEST, MOST_FIELDS = 500, 200, 30
"""How many entries are kept; characters of a name, and names that are kept of a request."""
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True, repr=False, eq=False, kw_only=True)
class Heard:
    """One request over the port, and the answer, raw.

    `at` is the time that stands in tokens; `arrived` and `written` are the time by which things expire, `written` None
    until the answer is handed to the connection; `moved` is by how much the clock had been moved. `status` is None, and
    `delivered` False, where there was no answer.
    """

    number: int
    method: str
    path: str
    url: str
    headers: Headers
    content: bytes
    is_a_phones: bool
    connection: str
    at: float
    arrived: float
    moved: float
    fault: str | None = None
    status: int | None = None
    answered: Headers = ()
    body: bytes = b""
    notes: tuple[str, ...] = ()
    written: float | None = None
    delivered: bool = True

    def entry(self) -> dict[str, Any]:
        """Return what was asked and how it ended: the names of the fields, and no value of any."""
        said_no = (json_object(self.body) if (self.status or 0) >= 400 else None) or {}
        code, names = said_no.get("errorCode", said_no.get("error")), fields_of(self.content)
        entry: dict[str, Any] = {"number": self.number, "at": self.at, "method": self.method}
        entry |= {
            "path": self.path[:LONGEST],
            "fields": [name[:LONGEST] for name in [*names][:MOST_FIELDS] if re.fullmatch(r"[\w.-]+", name)],
        }
        return {**entry, "status": self.status, "error": code[:LONGEST] if isinstance(code, str) else None}


class Observer(Protocol):
    """Is told of each request as it is answered, and once more when the answer is written."""

    def heard(self, heard: Heard) -> None: ...
    def wrote(self, heard: Heard) -> None: ...
    def clear(self) -> None:
        """Hear that the tenant begins again: its ids come once more."""

    def entries(self) -> list[dict[str, Any]]:
        """Return what was asked since the tenant began, oldest first."""


class Received:
    """Keeps the names of fields alone, of the newest requests."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.clear = self._entries.clear

    def heard(self, heard: Heard) -> None:
        self._entries.append(heard.entry())

    def wrote(self, heard: Heard) -> None:
        pass

    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries)


def fields_of(body: bytes) -> dict[str, object]:
    """Return the fields of a body, JSON or form; nothing of a body that is neither."""
    if body.lstrip()[:1] == b"{":
        return json_object(body) or {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True)) if b"=" in body else {}
    except ValueError:
        return {}
