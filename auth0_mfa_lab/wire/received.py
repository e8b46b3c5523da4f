"""An answer, read within bounds of size and time; what it asks of an HTTP client (cookies, redirects) ends here."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx

from auth0_mfa_lab.wire.exchange import Body, Response

LARGEST = 2 * 2**20
"""So many bytes are kept of a body, unpacked; no answer of Auth0's comes near it."""
NOTES = "auth0_lab_notes"
"""The key of `httpx.Response.extensions` under which the sandbox puts its remarks."""
_CUT = "The answer is longer than 2 MiB: its body is kept up to there, and the rest was not read."
_WHOLE_SECONDS = 30.0
_PIECE = 64 * 2**10
_MOST_CODINGS = 2
_KEPT = frozenset({"reason_phrase", "http_version"})
_BROKEN = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError)


class _Left:
    """The seconds that are left for an answer: a socket asks for them before each read, as it takes whole numbers."""

    ends_at = math.inf

    def __index__(self) -> int:
        now = time.monotonic()
        self.ends_at = min(self.ends_at, now + _WHOLE_SECONDS)
        if now >= self.ends_at:
            raise httpx.ReadTimeout(f"no whole answer came within {_WHOLE_SECONDS:.0f} seconds")
        return math.ceil(self.ends_at - now)


def received(inner: httpx.BaseTransport, request: httpx.Request) -> tuple[Response, httpx.Response, tuple[str, ...]]:
    """Return the answer to a request, the same for an HTTP client to take, and what is to be remarked.

    The client gets no cookie to keep, no redirect to follow and nothing to unpack. Raises httpx.RequestError alone,
    but for what a transport of the lab's own raises.
    """
    if "timeout" in request.extensions:
        request.extensions["timeout"]["read"] = _Left()
    body, answer = bytearray(), None
    try:
        answer = inner.handle_request(request)
        try:
            for piece in _pieces(answer):
                body += piece
                if len(body) > LARGEST:
                    break
        finally:
            answer.close()
    except _BROKEN as problem:
        kind = type(problem) if isinstance(problem, httpx.RequestError) else httpx.RemoteProtocolError
        after = f" (after {answer.status_code} and {len(body)} bytes of the body)" if answer else ""
        error = kind(f"{problem}{after}", request=request)
    else:
        headers = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
        content, status = Body(bytes(body[:LARGEST])), answer.status_code
        response = Response(status=status, reason=answer.reason_phrase, headers=headers, body=content)
        is_cut = max(len(body), answer.num_bytes_downloaded) > LARGEST
        notes = (*answer.extensions.get(NOTES, ()), *(_CUT,) * is_cut)
        kept: dict[str, Any] = {name: each for name, each in answer.extensions.items() if name in _KEPT}
        return response, httpx.Response(status, content=bytes(content), extensions=kept), notes
    # Raised here, out of the frames that hold the body.
    raise error


class Bounded(httpx.BaseTransport):
    """Reads what is not recorded within the same bounds."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, read whole."""
        return received(self._inner, request)[1]

    def close(self) -> None:
        """Close the wrapped transport."""
        self._inner.close()


def _pieces(answer: httpx.Response) -> Iterator[bytes]:
    """Yield a body in small pieces, unpacked; at most as much of it as is kept comes over the wire."""
    if answer.is_stream_consumed:  # made of its content, as a recording's is
        yield answer.content
        return
    pieces = _raw(answer)
    codings = [each.strip().lower() for each in answer.headers.get_list("content-encoding", split_commas=True)]
    packed = [each for each in codings if each in ("gzip", "deflate")]
    for _ in packed if len(packed) <= _MOST_CODINGS else ():
        pieces = _unpacked(pieces)
    yield from pieces


def _raw(answer: httpx.Response) -> Iterator[bytes]:
    for piece in answer.iter_raw():
        yield piece
        if answer.num_bytes_downloaded > LARGEST:
            return


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces of gzip or deflate unpacked, no more at a time than a small piece: it may grow a thousandfold."""
    unpack, begun = zlib.decompressobj(zlib.MAX_WBITS | 32), False
    for piece in pieces:
        made = b""
        while piece or len(made) == _PIECE:
            try:
                made = unpack.decompress(piece, _PIECE)
            except zlib.error as problem:
                if begun:
                    raise httpx.DecodingError(str(problem)) from None
                # Deflate without zlib's header, as some servers send it.
                unpack, begun = zlib.decompressobj(-zlib.MAX_WBITS), True
                continue
            begun = True
            yield made
            piece = unpack.unconsumed_tail
        if unpack.eof:
            return
