"""The sandbox as an httpx transport: the app runs in process, on one loop in one thread (decision 1)."""

import asyncio
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpx

from auth0_mfa_lab.sandbox.web.exchange import AsgiApp, Exchange, asgi_scope

NOTES = "auth0_lab_notes"
"""The name of the notes in `httpx.Response.extensions`: a tuple of plain sentences, never a secret."""
FAILURES_KEPT = 20
SECONDS_TO_ANSWER = 60.0
SECONDS_TO_STOP = 30.0


class SandboxTransport(httpx.BaseTransport):
    """Runs an ASGI app for a sync client, also under a running loop: no port, no TLS, no `Date`.

    Requests are taken one at a time. A request from inside a request raises RuntimeError at once, where it would
    otherwise wait for itself. `failures` holds the last exceptions that left the app: a test asks that it be empty.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._stop: Callable[[], object] | None = None
        self.failures: list[Exception] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        worker = self._worker
        if worker is not None and worker.thread is threading.current_thread():
            raise RuntimeError(
                "The sandbox was called from inside one of its own requests: it answers one request at a time, so "
                "this call would wait for itself. Call it from outside, after the request has ended."
            )
        body = request.read()
        with self._lock:
            if self._worker is None:
                self._worker = _Worker()
                # Nobody has to close it: the thread ends with the transport, and at the interpreter's exit.
                self._stop = weakref.finalize(self, self._worker.stop)
            return self._worker.run(self._answer(request, body))

    def close(self) -> None:
        """Stop the loop and its thread; the next request starts new ones, so that one client's end is not all's."""
        with self._lock:
            stop, self._stop, self._worker = self._stop, None, None
        if stop is not None:
            stop()

    async def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        notes: list[str] = []
        scope = asgi_scope(request, notes)
        exchange = Exchange(body)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as failure:
            del self.failures[: 1 - FAILURES_KEPT]
            self.failures.append(failure)
            if not exchange.complete:
                exchange.fail(failure)
        return httpx.Response(
            exchange.status,
            headers=exchange.headers,
            stream=httpx.ByteStream(exchange.body),
            extensions={NOTES: tuple(notes)},
        )


class _Worker:
    """One event loop in one daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=_serve, args=(self._loop,), name="auth0-mfa-lab sandbox", daemon=True)
        self.thread.start()

    def run(self, answering: Any) -> httpx.Response:
        """Return the answer; RuntimeError when none comes."""
        answer: Future[httpx.Response] = asyncio.run_coroutine_threadsafe(answering, self._loop)
        try:
            return answer.result(SECONDS_TO_ANSWER)
        except TimeoutError:
            answer.cancel()
            raise RuntimeError(f"The sandbox did not answer within {SECONDS_TO_ANSWER:.0f} seconds.") from None

    def stop(self) -> None:
        """Stop the loop, wait for the thread, which closes the loop; a second call does nothing."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            if self.thread is not threading.current_thread():
                self.thread.join(SECONDS_TO_STOP)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
