"""One request and its answer, as ASGI has them: what an app is given, and what it gave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from auth0_mfa_lab.sandbox.notes import EXTENSION

if TYPE_CHECKING:
    import httpx

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]
CALLER = "127.0.0.1"
"""The address that every request in process seems to come from."""


class Exchange:
    """The two ASGI channels of one request, and what came back."""

    def __init__(self, request_body: bytes) -> None:
        self._request_body = request_body
        self._parts: list[bytes] = []
        self._sent = False
        self.complete = False
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []

    @property
    def body(self) -> bytes:
        return b"".join(self._parts)

    async def receive(self) -> Message:
        if self._sent:
            return {"type": "http.disconnect"}
        self._sent = True
        return {"type": "http.request", "body": self._request_body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            self.complete = not message.get("more_body", False)

    def fail(self, failure: Exception) -> None:
        """Be the plain 500 of an app that answered nothing."""
        text = f"This is a bug in the sandbox ({type(failure).__name__}), not an answer of Auth0's."
        self.answer(500, text.encode(), {"content-type": "text/plain; charset=utf-8"})

    def answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        """Be an answer that no app gave."""
        self.status, self._parts, self.complete = status, [content], True
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]


def asgi_scope(request: httpx.Request, notes: list[str]) -> Message:
    """Return the ASGI scope of a client's request; whoever wants to read the notes keeps the list."""
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
        "extensions": {EXTENSION: notes},
    }
