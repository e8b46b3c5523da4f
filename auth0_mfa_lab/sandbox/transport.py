"""The sandbox as an httpx transport: it answers in process, with no port, no TLS and no `Date` (decision 1)."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from starlette.types import Scope

from auth0_mfa_lab.sandbox.asgi import CALLER, NOTES, Answer


class SandboxTransport(httpx.BaseTransport):
    """Lets a sync client speak to whatever answers a whole request: a Runner, or a server's front."""

    def __init__(self, answer: Callable[[Scope, bytes], Answer]) -> None:
        self._answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to a request, with the notes beside it."""
        answer = self._answer(asgi_scope(request), request.read())
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=httpx.ByteStream(answer.body),
            extensions={NOTES: tuple(answer.notes)},
        )


def asgi_scope(request: httpx.Request) -> Scope:
    """Return the ASGI scope of a client's request."""
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "server": (url.host, url.port or 443),
        "client": (CALLER, 123),
    }
