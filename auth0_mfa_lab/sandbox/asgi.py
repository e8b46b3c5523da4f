"""One request at a time, whole: the app runs from its first step to its last, and nothing else runs meanwhile."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Scope

log = logging.getLogger("auth0_mfa_lab.sandbox")
FAILURES_KEPT = 20
CALLER = "127.0.0.1"
"""The address that every request in process seems to come from."""
NOTES = "auth0_lab_notes"
"""The name of the notes in the extensions of a scope and of an httpx.Response: plain sentences, never a secret."""


class Waited(RuntimeError):
    """A handler waited for something other than its body: another request could have run in between."""


@dataclass(slots=True)
class Answer:
    """One answer: status, headers in lower case, body, and the notes for the person beside it (never on the wire)."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    notes: list[str] = field(default_factory=list)


class Runner:
    """Answers the requests of one app, each whole, whatever thread asks; no event loop takes part.

    A request from inside a request raises RuntimeError at once, where it would otherwise wait for itself. `lock` may
    be held around several requests: then they are one step for everybody else. `failures` holds the last exceptions
    that left the app: a test asks that it be empty.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.lock = threading.RLock()
        self.failures: deque[Exception] = deque(maxlen=FAILURES_KEPT)
        self._is_answering = False

    def __call__(self, scope: Scope, body: bytes) -> Answer:
        """Return what the app answers to a request whose body is all here; a bug in it is logged, and a plain 500.

        Raises Waited for an app that waits for anything but its body.
        """
        with self.lock:
            if self._is_answering:
                raise RuntimeError(
                    "The sandbox was called from inside one of its own requests: it answers one request at a time, so "
                    "this call would wait for itself. Call it from outside, after the request has ended."
                )
            self._is_answering = True
            try:
                return self._answer(scope, body)
            finally:
                self._is_answering = False

    def _answer(self, scope: Scope, body: bytes) -> Answer:
        notes: list[str] = []
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {**scope, "extensions": {**scope.get("extensions", {}), NOTES: notes}}
        running = self.app(scope, receive, send).__await__()
        try:
            next(running)
        except StopIteration:
            start, *parts = sent
            whole = b"".join(part.get("body", b"") for part in parts)
            return Answer(start["status"], list(start.get("headers", [])), whole, notes)
        except Exception as problem:
            log.error("a bug in the sandbox: %s %s", scope["method"], scope["path"], exc_info=problem)
            self.failures.append(problem)
            # Without an OAuth body, so that it does not pass for an answer of Auth0's.
            name = type(problem).__name__
            return plain(500, f"This is a bug in the sandbox ({name}), not an answer of Auth0's.")
        running.close()
        raise Waited(f"{scope['method']} {scope['path']} waited for something in the middle of its answer.")


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a sentence in plain text: not an answer of Auth0's."""
    return answer_of(status, text.encode(), {"content-type": "text/plain; charset=utf-8", **(headers or {})})


def as_json(status: int, value: Any, headers: Mapping[str, str]) -> Answer:
    """Return a value as JSON."""
    content = json.dumps(value, ensure_ascii=False).encode()
    return answer_of(status, content, {"content-type": "application/json", **headers})


def answer_of(status: int, content: bytes, headers: Mapping[str, str]) -> Answer:
    """Return an answer that no app gave."""
    named = {**headers, "content-length": str(len(content))} if content else headers
    return Answer(status, [(name.encode(), value.encode()) for name, value in named.items()], content)


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first header of a request with this name, which is in lower case."""
    found: bytes | None = next((value for key, value in scope["headers"] if key == name), None)
    return found.decode("latin-1") if found is not None else None
