"""The transport that writes the journal: it sees each request with its answer, or with its failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import httpx

from auth0_mfa_lab.secrets.aliases import under_way, watch
from auth0_mfa_lab.wire.exchange import Body, Exchange, Failure, NoAnswer, Request, Response, Speaker
from auth0_mfa_lab.wire.journal import Journal

EXCHANGE = "auth0_mfa_lab.exchange"
"""The key of `httpx.Response.extensions` under which the recorder puts the Exchange."""

NOTES = "auth0_lab_notes"
"""The key under which the sandbox puts its remarks."""


class Guard(Protocol):
    """Looks at each request before it is recorded and sent, and at each exchange afterwards."""

    def before(self, request: httpx.Request) -> None: ...
    def after(self, exchange: Exchange) -> None: ...


class RecordingTransport(httpx.BaseTransport):
    """Wraps a transport and records what passes it; the only writer of the journal."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        journal: Journal,
        *,
        speaker: Speaker,
        guard: Callable[[], Guard | None] = lambda: None,
    ) -> None:
        """Record for one speaker; `guard` returns the guard of the moment, which may refuse a request."""
        self._inner = inner
        self._journal = journal
        self._speaker = speaker
        self._guard = guard
        watch(journal.aliases)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on, read the answer whole, and record both; raise NoAnswer when there is none."""
        guard = self._guard()
        if guard is not None:
            guard.before(request)
        sent = Request.of(request)
        lost: Failure | None = None
        try:
            with under_way():
                answer = self._inner.handle_request(request)
                # The connection can break while the body is read: that is a failure too.
                body = answer.read()
        except httpx.RequestError as failure:
            lost = Failure(type(failure).__name__, str(failure))
        if lost:
            # The journal masks what it says, once the request's own secrets are learned.
            raise NoAnswer.to(self._journal.append(self._speaker, sent, lost))
        received = Response(
            status=answer.status_code,
            reason=answer.reason_phrase,
            headers=tuple((name.lower(), value) for name, value in answer.headers.multi_items()),
            body=Body(body),
        )
        notes = tuple(answer.extensions.get(NOTES, ()))
        exchange = self._journal.append(self._speaker, sent, received, notes=notes)
        answer.extensions[EXCHANGE] = exchange
        if guard is not None:
            guard.after(exchange)
        return answer

    def close(self) -> None:
        """Close the wrapped transport."""
        self._inner.close()
