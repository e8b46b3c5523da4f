"""What the tenant received: a bounded journal of requests, with the names of their fields and no value of any."""

import itertools
from collections import deque
from dataclasses import asdict, dataclass
from urllib.parse import parse_qsl

from auth0_mfa_lab.sandbox.asgi import Answer
from auth0_mfa_lab.sandbox.json_text import json_object

KEPT = 500
LONGEST = 200
MOST_FIELDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request and how it was answered: `error` is the code in the answer's body, `at` is in epoch seconds."""

    number: int
    at: float
    method: str
    path: str
    fields: tuple[str, ...]
    status: int
    error: str | None

    def shown(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return asdict(self)


class RequestLog:
    """The newest requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Received] = deque(maxlen=KEPT)
        self._numbers = itertools.count(1)

    def add(self, *, at: float, method: str, path: str, fields: dict[str, object], answer: Answer) -> None:
        """Keep one request that was answered; nothing of it that could be secret."""
        entry = Received(
            number=next(self._numbers),
            at=at,
            method=method,
            path=path[:LONGEST],
            fields=tuple(name[:LONGEST] for name in itertools.islice(fields, MOST_FIELDS)),
            status=answer.status,
            error=_error(answer) if answer.status >= 400 else None,
        )
        self._entries.append(entry)

    def after(self, number: int) -> tuple[Received, ...]:
        """Return the entries after this number."""
        return tuple(entry for entry in self._entries if entry.number > number)

    def clear(self) -> None:
        """Forget all entries; their numbers do not come again."""
        self._entries.clear()


def fields_of(body: bytes) -> dict[str, object]:
    """Return the fields of a body, JSON or form; nothing of a body that is neither."""
    if not body:
        return {}
    if body.lstrip()[:1] == b"{":
        return dict(json_object(body) or {})
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        return {}


def _error(answer: Answer) -> str | None:
    body = json_object(answer.body) or {}
    error = body.get("errorCode", body.get("error"))
    return error[:LONGEST] if isinstance(error, str) else None
