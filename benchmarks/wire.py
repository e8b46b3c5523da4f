"""A small HTTP/1.1 client for measuring: one kept-alive connection, ready-made bytes out, a status and a body back."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is; `ca_file` of its private CA, None for plain HTTP."""

    port: int
    ca_file: str | None = None
    host: str = "localhost"

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None

    def request(
        self, method: str, path: str, *, body: bytes = b"", kind: str = "", headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Return a request as it is on the wire."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}"]
        if kind:
            lines += [f"content-type: {kind}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def form(self, path: str, fields: Mapping[str, str]) -> bytes:
        return self.request("POST", path, body=urlencode(fields).encode(), kind="application/x-www-form-urlencoded")

    def json(
        self, path: str, value: object, *, method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> bytes:
        body = json.dumps(value).encode()
        return self.request(method, path, body=body, kind="application/json", headers=headers)


class Connection:
    """One connection, kept alive; requests go out one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: Address, context: ssl.SSLContext | None = None) -> Connection:
        """Connect; a context may be shared by many connections. Raises OSError."""
        named = address.host if context else None
        return cls(*await asyncio.open_connection("127.0.0.1", address.port, ssl=context, server_hostname=named))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request, and return the status and the body of its answer. Raises OSError, EOFError."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        return int(head[9:12]), await self._reader.readexactly(int(length[1]) if length else 0)

    def close(self) -> None:
        self._writer.transport.abort()
