"""The sandbox on a socket: uvicorn, TLS of a private CA, and this machine alone unless more is allowed."""

import asyncio
import errno
import ipaddress
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import Any, Self

import uvicorn

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.control import Front
from auth0_mfa_lab.sandbox.settings import host_of

OWN_NAMES = ("localhost", "127.0.0.1", "::1")
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
EVERYWHERE = ("0.0.0.0", "::")
SECONDS = 30.0
"""How long a server may take to start, and to stop."""
# What is under way when the server stops is cut off: it must end within a second.
PLAIN: dict[str, Any] = {"log_config": None, "log_level": "critical", "access_log": False, "lifespan": "off"}
PLAIN |= {"ws": "none", "http": "h11", "loop": "asyncio", "timeout_keep_alive": 75, "timeout_graceful_shutdown": 0}
PLAIN |= {"server_header": False, "date_header": False, "proxy_headers": False}


class Server:
    """One sandbox behind a port of this machine, with its control plane; a context manager, too.

    `start` serves in a thread until `stop`; `run` serves in the main thread until a signal. `port` 0 takes a free one.
    `names` are hosts beside localhost by which clients know it. `token` opens the control plane; `ca_pem` is the
    certificate of a private CA that lives as long as the server does, None without TLS.
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
        self.sandbox, self.token = sandbox, secrets.token_urlsafe(32)
        # A server that listens everywhere is known by no name for that.
        known = dict.fromkeys((*OWN_NAMES, *([] if host in EVERYWHERE else [host]), *names))
        self.ca_pem: bytes | None
        self.ca_pem, context = _certificates(known) if tls else (None, None)
        self._sockets = _listen(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        spelled = "localhost" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
        scheme, self.domain = "https" if tls else "http", f"{spelled}:{self.port}"
        self.url = f"{scheme}://{self.domain}"
        sandbox.domains.serve(known, current=self.domain, scheme=scheme)
        self.front = Front(sandbox, self.token)
        of_tls = (lambda config, default: context) if context else None
        self._uvicorn = _Uvicorn(uvicorn.Config(self.front, **PLAIN, ssl_context_factory=of_tls))
        self._thread: threading.Thread | None = None

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve in this thread until SIGINT, SIGTERM or SIGHUP; `ready` is called when a request can be answered."""
        self._uvicorn.ready = ready
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._uvicorn.handle_exit)
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


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that goes on in a test that replaces the clock: its timers, and the server's end, need the time."""

    def time(self, monotonic: Callable[[], float] = time.monotonic) -> float:
        return monotonic() if sys.platform == "win32" else time.clock_gettime(time.CLOCK_MONOTONIC)


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

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


def _certificates(names: Iterable[str]) -> tuple[bytes, ssl.SSLContext]:
    """Return a private CA, and what it has signed for these hosts or IP addresses. Raises ValueError for no name."""
    # Only here: a server without TLS must start fast.
    import trustme

    authority, context = trustme.CA(organization_name="auth0-mfa-lab"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority.issue_cert(*names, organization_name="auth0-mfa-lab").configure_cert(context)
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
        made = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as problem:
        raise OSError(problem.errno, (problem.strerror or "").partition(" (while")[0]) from None
    # Read off its descriptor that it is TCP, or asyncio lets each answer wait 40 ms for the client's word.
    return socket.socket(fileno=made.detach())
