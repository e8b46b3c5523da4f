"""The sandbox on a socket: TLS of a private CA, Auth0's paths, `/_lab/` for the operations, a phone, and a page."""

import asyncio
import contextlib
import errno
import gc
import hmac
import inspect
import ipaddress
import itertools
import json
import re
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from types import FrameType
from typing import Any, Self

import starlette.requests
import uvicorn
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.app import OF_CALLS, Fault, in_process, is_a_phones
from auth0_mfa_lab.sandbox.http import Request, reset_connection
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.operations import OPERATIONS, PHONE_OPERATIONS, Json, Operation, Refused, ServerPhone
from auth0_mfa_lab.sandbox.received import Heard, Observer, fields_of

_LABEL = r"(?!(?!xn)..--)[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?"
NAME = re.compile(rf"(?i)(?=.{{,253}}$){_LABEL}(\.{_LABEL})*")
"""A name as a certificate has it; one that is not in ASCII in its form that begins with xn--."""
OWN_NAMES = ("localhost", "127.0.0.1", "::1")
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
EVERYWHERE = ("0.0.0.0", "::")
SECONDS = 30.0
"""How long a server may take to start, and to stop."""
# What is under way when the server stops is cut off: it must end within a second.
UVICORN: dict[str, Any] = {"log_config": None, "log_level": "critical", "lifespan": "off", "ws": "none"}
UVICORN |= {"timeout_keep_alive": 75, "timeout_graceful_shutdown": 0}
UVICORN |= {"server_header": False, "date_header": False, "proxy_headers": False}
OF_TLS = {"ssl_handshake_timeout": 10.0, "ssl_shutdown_timeout": 5.0}
"""How many seconds a client has for its handshake and for its goodbye; meanwhile each costs 256 KiB and more."""
CONTROL = "/_lab"
NOTES_HEADER = "x-auth0-lab-notes"
"""The header in which a lab asks for the notes on an answer, and gets them; other clients see Auth0's answer alone."""
LARGEST_BODY = 1 << 20
"""Bytes of a body; Auth0's own limit is not known."""
LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
"""The origins that may read answers: the default applications allow localhost alone, at any port."""
EXPOSED = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
SCRIPTS = ("page.js", "exchanges.js", "conduct.js", "tenant.js", "server.js", "showing.js")
FILES = {"": "text/html", "page.css": "text/css", **dict.fromkeys(SCRIPTS, "text/javascript")}
ALWAYS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
OF_PAGE = {
    # An exchange's view has inline styles, and so may every element have; no style sheet but the page's, no script.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}
SPEAKS_TLS = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 58\r\nconnection: close\r\n\r\n"
    b"This port speaks TLS: write https:// in place of http://.\n"
)
"""What plain HTTP gets from a port with TLS."""
PATHS = tuple((compile_path(each.path)[0], each) for each in (*OPERATIONS, *PHONE_OPERATIONS))


class Server:
    """One sandbox behind a port of this machine, with its control plane; a context manager, too.

    `start` serves in a thread until `stop`; `run` serves in the main thread until a signal. `port` 0 takes a free one.
    `names` are hosts beside localhost by which clients know it. `token` opens the control plane; `ca_pem` is the
    certificate of a private CA that lives as long as the server does, None without TLS. An `observer` is told of each
    request, in the place of what the sandbox itself would keep of it, and further `routes` below /_lab/ ask it.
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
        observer: Observer | None = None,
        routes: Sequence[Operation] = (),
    ) -> None:
        """Take the port; OSError says why it cannot be had, ValueError what is wrong with a host or a name."""
        if not is_loopback(host) and not allow_remote:
            raise ValueError(f"{host} is reached from other machines, and that must be allowed.")
        if wrong := [name for name in names if not NAME.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r} is no name of a host: write letters, digits, hyphens and dots alone.")
        self.sandbox, self.token = sandbox, secrets.token_urlsafe(32)
        # A server that listens everywhere is known by no name for that.
        self.names = known = tuple(dict.fromkeys((*OWN_NAMES, *([] if host in EVERYWHERE else [host]), *names)))
        self.ca_pem: bytes | None
        self.ca_pem, context = _certificates(known) if tls else (None, None)
        self._sockets = _listen(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        spelled = sandbox.varied.host or ("localhost" if host in EVERYWHERE else f"[{host}]" if ":" in host else host)
        scheme, self.domain = "https" if tls else "http", f"{spelled}:{self.port}"
        self.url = f"{scheme}://{self.domain}"
        sandbox.domains.serve((spelled,) if sandbox.varied.host else known, current=self.domain, scheme=scheme)
        self._numbers = itertools.count(1)
        if observer is not None:
            sandbox.received = observer
        self._operations = tuple((compile_path(each.path)[0], each) for each in routes) + PATHS
        of_tls = (lambda config, default: context) if context else None
        self._uvicorn = _Uvicorn(uvicorn.Config(self, **UVICORN, http=_Connection, ssl_context_factory=of_tls))
        self._thread: threading.Thread | None = None

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve in this thread until SIGINT, SIGTERM or SIGHUP; `ready` is called before the first answer."""
        self._uvicorn.ready = ready
        if threading.current_thread() is threading.main_thread():
            # A handshake that fails leaves a cycle of 256 KiB: they are collected often, and what is there now never,
            # for to look through it takes long.
            gc.freeze()
            gc.collect()
            gc.set_threshold(200, 5, 5)
            if hasattr(signal, "SIGHUP"):
                signal.signal(signal.SIGHUP, self._uvicorn.handle_exit)
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.get_loop().set_exception_handler(_say_what_happened)
            runner.run(self._uvicorn.serve(sockets=self._sockets))

    def start(self) -> None:
        """Serve in a thread, and return when the first request can be answered."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(ready.set,), daemon=True)
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

    @property
    def phone(self) -> ServerPhone:
        """The phone beside the server: a new one for a tenant that has begun again. Made late, to start fast."""
        box = self.sandbox
        if box.server_phone is None:
            import httpx

            # The phones in a row are the labs': theirs have the names that they have in process.
            chance = box.chance.fork("server's phone")
            phone = box.new_phone(httpx.Client(transport=in_process(self._asked), trust_env=False), chance=chance)
            box.server_phone = ServerPhone(box, phone)
        return box.server_phone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: its body is read first, and then nothing else happens between."""
        content, path = await _read(starlette.requests.Request(scope, receive)), scope["path"]
        request = Request(scope, content or b"")
        if content is None:
            answer: Response = PlainTextResponse(f"A body may have {LARGEST_BODY} bytes.", 413, {"connection": "close"})
        elif path == CONTROL or path.startswith(f"{CONTROL}/"):
            answer = await self.control(request, path.removeprefix(CONTROL).removeprefix("/"))
        else:
            # The answer under way is behind uvicorn's `send`: ASGI says nothing of it.
            under_way: Any = getattr(send, "__self__", None)
            fault = self.sandbox.faults.take(*OF_CALLS, call=(scope["method"], path))
            if fault and fault.kind == "drop":
                self.sandbox.received.wrote(self._heard(request, fault, delivered=False))
                await reset_connection(receive, send)
                return
            answer, heard = self.ask(request, fault)
            if fault and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            await answer(scope, receive, send)
            if heard:
                self._wrote(heard, delivered=not getattr(under_way, "disconnected", False))
            return
        await answer(scope, receive, send)

    def _heard(self, request: Request, fault: Fault | None, **answered: Any) -> Heard:
        """Tell the observer of a request and its answer."""
        scope, clock, box = request.scope, self.sandbox.clock, self.sandbox
        path, query, client = scope["path"], scope["query_string"], scope.get("client") or ("", 0)
        target = scope.get("raw_path", path.encode()) + b"?" * bool(query) + query
        heard = Heard(
            number=next(self._numbers),
            method=request.method,
            path=path,
            url=f"{box.domains.scheme}://{request.headers.get('host', '')}{target.decode('latin-1')}",
            headers=scope["headers"],
            content=request.content,
            is_a_phones=is_a_phones(path),
            connection=f"{client[0]}:{client[1]}",
            at=clock.stamp(),
            arrived=clock.now(),
            moved=clock.moved,
            fault=fault.kind if fault else None,
            **answered,
        )
        box.received.heard(heard)
        return heard

    def _wrote(self, heard: Heard, *, delivered: bool = True) -> None:
        heard.written, heard.delivered = self.sandbox.clock.now(), delivered
        self.sandbox.received.wrote(heard)

    def _asked(self, request: Request) -> Response:
        """Return the answer to the phone beside the server."""
        answer, heard = self.ask(request)
        if heard:
            self._wrote(heard)
        return answer

    def ask(self, request: Request, fault: Fault | None = None) -> tuple[Response, Heard | None]:
        """Return the tenant's answer, and what was heard; on the server's own loop only, where nothing else runs."""
        box, domain = self.sandbox, request.headers.get("host", "")
        if not box.domains.knows(domain):
            said = "This server is not known by the host of this request: start it with --name HOST."
            return PlainTextResponse(said, 421), None
        if request.method == "OPTIONS" and "origin" in request.headers:
            return PlainTextResponse("", 204, _cors(request)), None
        with box.domains.used(domain):
            answer = box.answer(request, None if fault and fault.kind == "slow" else fault)
        if request.notes and NOTES_HEADER in request.headers:
            answer.headers[NOTES_HEADER] = json.dumps(request.notes)
        answer.headers.update(_cors(request))
        if (ahead := box.clock.ahead()) and (reset := answer.headers.get("x-ratelimit-reset")):
            # The limits' reset, an epoch second, means the client's clock, however far ours is ahead.
            answer.headers["x-ratelimit-reset"] = str(int(int(reset) - ahead))
        heard = self._heard(
            request,
            fault,
            status=answer.status_code or None,  # a variation may lose it
            answered=answer.raw_headers,
            body=bytes(answer.body),
            notes=tuple(request.notes),
        )
        if box.server_phone:
            box.server_phone.after_call(request.scope["path"], fields_of(request.content))
        return answer, heard

    async def control(self, request: Request, path: str) -> Response:
        """Answer one call of the control plane, if its sender may make it."""
        if request.method in ("GET", "HEAD") and path in FILES:
            # A file of the page holds nothing of the tenant, so it needs no token.
            file = resources.files("auth0_mfa_lab.sandbox").joinpath("page", path or "index.html")
            return Response(file.read_bytes(), headers={**ALWAYS, **OF_PAGE}, media_type=FILES[path])
        try:
            operation, body = self._done(request, path)
            if inspect.isawaitable(body):
                body = await body
        except Refused as refusal:
            return JSONResponse(refusal.body, refusal.status, ALWAYS)
        if body is None:
            return Response(status_code=204, headers=ALWAYS)
        # 202 for what the phone will do later.
        return JSONResponse(body, 202 if "after_polls" in body else operation.status, ALWAYS)

    def _done(self, request: Request, path: str) -> tuple[Operation, Json]:
        """Do the operation of a call, and return what it returns. Without the token nothing is answered but 401."""
        if not hmac.compare_digest(request.bearer.encode(), self.token.encode()):
            raise Refused("Send the token: Authorization: Bearer $AUTH0_LAB_TOKEN.", "unauthorized")
        box, domains, domain = self.sandbox, self.sandbox.domains, request.headers.get("host", "")
        if not domains.knows(domain):
            raise Refused("This server is not known by that host.", "wrong_host")
        if request.headers.get("origin") not in (None, f"{domains.scheme}://{domain.lower()}"):
            raise Refused("A page of another origin may not use the control plane.", "wrong_origin")
        known = self._operations
        matches = {each.method: (each, found) for pattern, each in known if (found := pattern.fullmatch(path))}
        if not matches:
            names = ", ".join(dict.fromkeys(each.path for _, each in known))
            raise Refused(f"There is nothing at /_lab/{path}; there is: {names}.", "not_found")
        if request.method not in matches:
            raise Refused(f"/_lab/{path} takes {', '.join(matches)}.", "wrong_method")
        operation, found = matches[request.method]
        given: Mapping[str, Any] | None = {}
        if request.method == "GET":
            # A plus sign that was not encoded arrives as a blank: +15550100.
            given = {name: re.sub(r"^ (?=\d)", "+", value) for name, value in request.query_params.items()}
        elif operation.name == "scan" and request.headers.get("content-type", "").lower().startswith("image/png"):
            given = {"barcode": request.content}
        elif request.content.strip():
            given = json_object(request.content)
        if given is None:
            raise Refused("The body must be a JSON object.")
        arguments = operation.read({**given, **found.groupdict()})
        if "ip" in operation.takes:
            arguments["ip"] = request.client.host if request.client else ""
        # The phone is there before a user is made or reset: its accounts go with the user.
        phone = self.phone
        asked = box if operation in OPERATIONS else phone if operation in PHONE_OPERATIONS else box.received
        with box.lock, domains.used(domain):
            return operation, operation.run(asked, **arguments)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that goes on in a test that replaces the clock: its timers, and the server's end, need the time."""

    def time(self, monotonic: Callable[[], float] = time.monotonic) -> float:
        return monotonic() if sys.platform == "win32" else time.clock_gettime(time.CLOCK_MONOTONIC)

    async def create_server(self, *given: Any, **named: Any) -> Any:
        """Serve as asyncio does, with less patience for a client's part of TLS: uvicorn has no setting for it."""
        serve: Any = super().create_server
        return await serve(*given, **named, **(OF_TLS if named.get("ssl") else {}))


class _Connection(H11Protocol):
    """A connection of uvicorn's that leaves nothing behind when its client is gone, and writes no more to it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # An application's own uvicorn, in the same process, may have a log for each request: a URL may have a ticket.
        self.access_log = False

    def connection_lost(self, exc: Exception | None) -> None:
        """End as after a goodbye: for an error uvicorn lets its timer run, which would hold the connection for 75 s."""
        super().connection_lost(None)

    def on_response_complete(self) -> None:
        """Go on with the next request only when the loop had its turn: a lost connection is known by then.

        Otherwise what a client has sent ahead would be answered on a closed connection, and asyncio says so on stderr
        after five writes.
        """
        self.loop.call_soon(super().on_response_complete)


def _say_what_happened(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say what failed in the loop itself; of a connection nothing, for its exception quotes what a client sent."""
    if "protocol" not in context:
        sys.stderr.write(f"{context['message']} ({type(context.get('exception')).__name__})\n")


class _Uvicorn(uvicorn.Server):
    """Ends at a signal without raising it again, and says when it answers."""

    ready: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Before the first answer: a script that waits for the port finds the files that `ready` writes.
        self.ready()
        await super().startup(sockets=sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End every connection at once: over TLS, closing one would wait for its client to say goodbye as well."""
        for each in tuple(self.server_state.connections):
            each.transport.abort()
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


class _Handshake(ssl.SSLObject):
    """TLS with a client, or 400 in plain text for one that speaks plain HTTP."""

    received: ssl.MemoryBIO
    answered: ssl.MemoryBIO
    is_plain = False

    def do_handshake(self) -> None:
        first = self.received.read()
        if first[:1].isalpha() and not self.is_plain:  # a record of TLS begins with 22
            self.is_plain = True
            self.answered.write(SPEAKS_TLS)
        if self.is_plain:
            # What it has said is on its way, and the client closes.
            raise ssl.SSLWantReadError
        self.received.write(first)
        super().do_handshake()


class _Context(ssl.SSLContext):
    """Hands the bytes of a connection to its handshake."""

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *given: Any, **named: Any) -> ssl.SSLObject:
        made = super().wrap_bio(incoming, outgoing, *given, **named)
        if isinstance(made, _Handshake):
            made.received, made.answered = incoming, outgoing
        return made


def _certificates(names: Iterable[str]) -> tuple[bytes, ssl.SSLContext]:
    """Return a private CA, and what it has signed for these hosts or IP addresses. Raises ValueError for no name."""
    # Only here: a server without TLS must start fast.
    import trustme

    authority, context = trustme.CA(organization_name="auth0-mfa-lab"), _Context(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _Handshake
    context.set_alpn_protocols(["http/1.1"])
    authority.issue_cert(*names).configure_cert(context)
    return authority.cert_pem.bytes(), context


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
    try:
        made = socket.create_server((host, port), family=family)
    except OSError as problem:
        raise OSError(problem.errno, (problem.strerror or "").partition(" (while")[0]) from None
    # Read off its descriptor that it is TCP, or asyncio lets each answer wait 40 ms for the client's word.
    return socket.socket(fileno=made.detach())


def _cors(request: Request) -> dict[str, str]:
    """Return what an answer to an origin says of it; how Auth0's headers look in detail is a guess."""
    origin, wanted = request.headers.get("origin", ""), request.headers.get("access-control-request-headers")
    if not LOCAL.fullmatch(origin):
        return {}
    allowed = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
    allowed |= {"access-control-expose-headers": EXPOSED, "vary": "Origin"}
    if request.method == "OPTIONS":
        allowed |= {"access-control-allow-methods": METHODS, "access-control-max-age": "600"}
        allowed |= {"access-control-allow-headers": wanted} if wanted else {}
    return allowed


async def _read(request: starlette.requests.Request) -> bytes | None:
    """Return a request's body, or None for one that is too large or never ended."""
    body = b""
    if int(request.headers.get("content-length", 0)) > LARGEST_BODY:  # h11 has seen that it is a number
        return None
    with contextlib.suppress(starlette.requests.ClientDisconnect):
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return None
        return body
    return None
