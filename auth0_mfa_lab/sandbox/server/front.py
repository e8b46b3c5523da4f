"""The outermost layer of the server: whose name a request used, and how it is answered whole."""

import asyncio
import json
from typing import Any

from starlette.types import Receive, Scope, Send

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.asgi import Answer, header, plain
from auth0_mfa_lab.sandbox.control import Control
from auth0_mfa_lab.sandbox.faults import EXTENSION, Fault
from auth0_mfa_lab.sandbox.request_log import fields_of
from auth0_mfa_lab.sandbox.server.cors import cors_headers, preflight_headers

CONTROL = "/_lab"
NOTES_HEADER = b"x-auth0-lab-notes"
"""A lab asks with it for the notes beside an answer, and finds them in it: nobody else sees more than Auth0 says."""
LARGEST_BODY = 1 << 20
"""Bytes of a body that is read; Auth0's own limit is not known."""


class Front:
    """The app of a server: it reads a body first, and then answers with nothing else between.

    What is under `/_lab` goes to the control plane, everything else to the tenant, by one of its names.
    """

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self._sandbox = sandbox
        self._control = Control(sandbox, token, self.ask)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of a socket."""
        if scope["type"] != "http":
            return
        body = await _read(scope, receive)
        path = scope["path"]
        if body is None:
            await _send(plain(413, f"A body may have {LARGEST_BODY} bytes.", {"connection": "close"}), send)
        elif path == CONTROL or path.startswith(f"{CONTROL}/"):
            if self._control.wants_key(scope):
                # Other requests are answered meanwhile.
                await asyncio.to_thread(self._control.make_key)
            await _send(self._control.answer(scope, body), send)
        elif (fault := self._sandbox.faults.of_call(scope["method"], path)) is not None and fault.kind == "drop":
            await _drop(receive, send)
        else:
            answer = self.ask(scope, body, fault)
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            await _send(answer, send)

    def ask(self, scope: Scope, body: bytes, fault: Fault | None = None) -> Answer:
        """Return the tenant's answer; on the server's own loop only, where nothing else runs meanwhile."""
        domains, domain = self._sandbox.tenant.domains, header(scope, b"host") or ""
        origin = header(scope, b"origin")
        if not domains.knows(domain):
            return plain(421, "This server is not known by the host of this request: start it with --name HOST.")
        if origin is not None and scope["method"] == "OPTIONS":
            wanted = header(scope, b"access-control-request-headers")
            return plain(204, "", preflight_headers(origin, wanted))
        before, domains.current = domains.current, domain.lower()
        try:
            if fault is not None and fault.kind != "slow":
                scope["extensions"] = {**scope.get("extensions", {}), EXTENSION: fault}
            answer = self._sandbox.answer(scope, body)
        finally:
            domains.current = before
        if answer.notes and header(scope, NOTES_HEADER) is not None:
            answer.headers.append((NOTES_HEADER, json.dumps(answer.notes).encode()))
        _allow(answer, origin)
        self._follow_the_wall(answer)
        fields, path, now = fields_of(body), scope["path"], self._sandbox.clock.stamp()
        self._sandbox.received.add(at=now, method=scope["method"], path=path, fields=fields, answer=answer)
        self._control.after_call(path, fields)
        return answer

    def _follow_the_wall(self, answer: Answer) -> None:
        """Let the limits' reset, an epoch second, mean the client's clock, however far ours is ahead."""
        if ahead := self._sandbox.clock.ahead():
            reset = b"x-ratelimit-reset"
            answer.headers = [
                (name, str(int(int(value) - ahead)).encode() if name == reset else value)
                for name, value in answer.headers
            ]


def _allow(answer: Answer, origin: str | None) -> None:
    answer.headers += [(name.encode(), value.encode()) for name, value in cors_headers(origin).items()]


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """Return a request's body, or None for one that is too large or never ended."""
    length = header(scope, b"content-length") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return None
    parts: list[bytes] = []
    read = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        read += len(message.get("body", b""))
        if read > LARGEST_BODY:
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _drop(receive: Receive, send: Send) -> None:
    """End the connection without a word. ASGI has no way to say so: uvicorn's transport is behind its `send`."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
