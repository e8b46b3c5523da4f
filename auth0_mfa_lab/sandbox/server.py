"""The sandbox on a socket: uvicorn, TLS of a private CA, and this machine alone unless more is allowed."""

import asyncio
import contextlib
import errno
import ipaddress
import itertools
import json
import os
import re
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self
from urllib.parse import parse_qsl

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Streamed
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.app import OF_CALLS, Fault
from auth0_mfa_lab.sandbox.control import Control
from auth0_mfa_lab.sandbox.http import Request
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.records import Received
from auth0_mfa_lab.sandbox.settings import host_of

OWN_NAMES = ("localhost", "127.0.0.1", "::1")
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
EVERYWHERE = ("0.0.0.0", "::")
SECONDS = 30.0
"""How long a server may take to start, and to stop."""
STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
CONTROL = "/_lab"
NOTES_HEADER = "x-auth0-lab-notes"
"""A lab asks with it for the notes beside an answer, and finds them in it: nobody else sees more than Auth0 says."""
LARGEST_BODY = 1 << 20
"""Bytes of a body that is read; Auth0's own limit is not known."""
LONGEST, MOST_FIELDS = 200, 30
"""What is kept of a received request: so many characters of a name, so many names."""
LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
"""The origins that may read answers: the default applications allow localhost alone, at any port."""
EXPOSED = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


class Front:
    """The app of a server: it reads a body first, and then answers with nothing else between.

    What is under `/_lab` goes to the control plane, everything else to the tenant, by one of its names.
    """

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self._sandbox = sandbox
        self._control = Control(sandbox, token, self.ask)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of a socket."""
        content, path = await _read(Streamed(scope, receive)), scope["path"]
        request = Request(scope, content or b"")
        if content is None:
            answer: Response = PlainTextResponse(f"A body may have {LARGEST_BODY} bytes.", 413, {"connection": "close"})
        elif path == CONTROL or path.startswith(f"{CONTROL}/"):
            if self._control.wants_key(request):
                # Other requests are answered meanwhile.
                await asyncio.to_thread(self._control.make_key)
            answer = self._control.answer(request)
        else:
            fault = self._sandbox.faults.take(*OF_CALLS, call=(scope["method"], path))
            if fault and fault.kind == "drop":
                return await _drop(receive, send)
            answer = self.ask(request, fault)
            if fault and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        return await answer(scope, receive, send)

    def ask(self, request: Request, fault: Fault | None = None) -> Response:
        """Return the tenant's answer; on the server's own loop only, where nothing else runs meanwhile."""
        box, domain, origin = self._sandbox, request.headers.get("host", ""), request.headers.get("origin")
        if not box.domains.knows(domain):
            said = "This server is not known by the host of this request: start it with --name HOST."
            return PlainTextResponse(said, 421)
        if origin is not None and request.method == "OPTIONS":
            preflight = _preflight(origin, request.headers.get("access-control-request-headers"))
            return PlainTextResponse("", 204, preflight)
        with box.domains.used(domain):
            answer = box.answer(request, None if fault and fault.kind == "slow" else fault)
        if request.notes and NOTES_HEADER in request.headers:
            answer.headers[NOTES_HEADER] = json.dumps(request.notes)
        answer.headers.update(_cors(origin))
        if (ahead := box.clock.ahead()) and (reset := answer.headers.get("x-ratelimit-reset")):
            # The limits' reset, an epoch second, means the client's clock, however far ours is ahead.
            answer.headers["x-ratelimit-reset"] = str(int(int(reset) - ahead))
        fields = _fields(request.content)
        names = tuple(name[:LONGEST] for name in itertools.islice(fields, MOST_FIELDS))
        method, path = request.method, request.scope["path"]
        error, number, now = _error(answer), next(self._numbers), box.clock.stamp()
        box.received.append(Received(number, now, method, path[:LONGEST], names, answer.status_code, error))
        self._control.after_call(path, fields)
        return answer


def _fields(body: bytes) -> dict[str, object]:
    """Return the fields of a body, JSON or form; nothing of a body that is neither."""
    if body.lstrip()[:1] == b"{":
        return json_object(body) or {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        return {}


def _error(answer: Response) -> str | None:
    body = (json_object(bytes(answer.body)) if answer.status_code >= 400 else None) or {}
    error = body.get("errorCode", body.get("error"))
    return error[:LONGEST] if isinstance(error, str) else None


def _cors(origin: str | None) -> dict[str, str]:
    """Return what every answer to an origin says of it; how Auth0's headers look in detail is a guess."""
    if origin is None or not LOCAL.fullmatch(origin):
        return {}
    allowed = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
    return {**allowed, "access-control-expose-headers": EXPOSED, "vary": "Origin"}


def _preflight(origin: str, wanted: str | None) -> dict[str, str]:
    """Return what a preflight is told: each of our methods, and the headers that it asks for."""
    if not (allowed := _cors(origin)):
        return {}
    headers = {"access-control-allow-headers": wanted} if wanted else {}
    return {**allowed, **headers, "access-control-allow-methods": METHODS, "access-control-max-age": "600"}


async def _read(request: Streamed) -> bytes | None:
    """Return a request's body, or None for one that is too large or never ended."""
    length, body = request.headers.get("content-length", "0"), b""
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return None
    with contextlib.suppress(ClientDisconnect):
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return None
        return body
    return None


async def _drop(receive: Receive, send: Send) -> None:
    """End the connection without a word. ASGI has no way to say so: uvicorn's transport is behind its `send`."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True, slots=True)
class Certificates:
    """A private CA that lives as long as the server does, and what it has signed for the server's names."""

    ca_pem: bytes
    context: ssl.SSLContext = field(repr=False)

    @classmethod
    def make(cls, names: Sequence[str] = ()) -> "Certificates":
        """Make both for this machine's own names and these, hosts or IP addresses. Raises ValueError for no name."""
        # Only here: a server without TLS must start fast.
        import trustme

        authority = trustme.CA(organization_name="auth0-mfa-lab")
        identities = dict.fromkeys((*OWN_NAMES, *names))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        authority.issue_cert(*identities, organization_name="auth0-mfa-lab").configure_cert(context)
        return cls(authority.cert_pem.bytes(), context)

    def bundle(self) -> bytes:
        """Return the roots that everybody trusts and this CA: for clients that take one file in place of theirs."""
        import certifi

        return self.ca_pem + b"\n" + Path(certifi.where()).read_bytes()


class Server:
    """One sandbox behind a port of this machine, with its control plane; a context manager, too.

    `start` serves in a thread until `stop`; `run` serves in the main thread until a signal. `port` 0 takes a free one.
    `names` are hosts beside localhost by which clients know it. `token` opens the control plane, and is drawn anew for
    each server.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        host: str = "localhost",
        port: int = 0,
        tls: bool = True,
        names: Sequence[str] = (),
        allow_remote: bool = False,
    ) -> None:
        """Take the port; OSError says why it cannot be had, ValueError what is wrong with a host or a name."""
        if not is_loopback(host) and not allow_remote:
            raise ValueError(f"{host} is reached from other machines, and that must be allowed.")
        if wrong := [name for name in names if host_of(name) != name.lower() or ":" in name]:
            raise ValueError(f"{wrong[0]!r} is no name of a host: write it without a port.")
        self.sandbox = sandbox
        self.token = secrets.token_urlsafe(32)
        # A server that listens everywhere is known by no name for that.
        known = (*names,) if host in EVERYWHERE else (host, *names)
        self.certificates = Certificates.make(known) if tls else None
        self._sockets = _listen(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        spelled = "localhost" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
        scheme, self.domain = "https" if tls else "http", f"{spelled}:{self.port}"
        self.url = f"{scheme}://{self.domain}"
        sandbox.domains.serve({*OWN_NAMES, *known}, current=self.domain, scheme=scheme)
        self.front = Front(sandbox, self.token)
        self._uvicorn = _Uvicorn(_config(self.front, self.certificates))
        self._thread: threading.Thread | None = None

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve in this thread until SIGINT or SIGTERM; `ready` is called when the first request can be answered."""
        self._uvicorn.ready = ready
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(self._uvicorn.serve(sockets=self._sockets))

    def start(self) -> None:
        """Serve in a thread, and return when the first request can be answered."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(ready.set,), name="auth0-mfa-lab server", daemon=True)
        self._thread.start()
        if not ready.wait(SECONDS):
            raise RuntimeError("The server did not start.")

    def stop(self) -> None:
        """End what `start` began; a second call does nothing. RuntimeError when the server does not end."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join(SECONDS)
        for each in self._sockets:
            each.close()
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError("The server did not stop.")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def real_monotonic(monotonic: Callable[[], float] = time.monotonic) -> float:
    """Return the machine's monotonic seconds, also in a test that replaces `time.monotonic`."""
    return monotonic() if sys.platform == "win32" else time.clock_gettime(time.CLOCK_MONOTONIC)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that goes on in a test that replaces the clock: its timers, and the server's end, need the time."""

    def time(self) -> float:
        return real_monotonic()


class _Uvicorn(uvicorn.Server):
    """Ends at a signal without raising it again, and says when it answers."""

    ready: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End every connection at once: over TLS, closing one would wait for its client to say goodbye as well."""
        for each in tuple(self.server_state.connections):
            each.transport.abort()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at each of the signals that end a command."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in STOPS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


def _config(app: Front, certificates: Certificates | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="asyncio",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        # What is under way when the server stops is cut off: it must end within a second.
        timeout_graceful_shutdown=0,
        ssl_context_factory=(lambda config, default: certificates.context) if certificates else None,
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> list[socket.socket]:
    """Listen at a host; `localhost` is both loopback addresses, for some clients try ::1 alone."""
    if host != "localhost":
        return [_socket(socket.AF_INET6 if ":" in host else socket.AF_INET, host, port)]
    first = _socket(*LOOPBACKS[0], port)
    try:
        return [first, _socket(*LOOPBACKS[1], first.getsockname()[1])]
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:  # a machine without IPv6
            return [first]
        first.close()
        if port:
            raise
    return _listen(host, port)


def _socket(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    # Named, or asyncio takes no connection of it for TCP, and lets each answer wait 40 ms for the client's word.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere two servers could have one port by it
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(2048)
    except OSError:
        made.close()
        raise
    return made
