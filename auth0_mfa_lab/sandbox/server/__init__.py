"""The sandbox on a socket: uvicorn, TLS of a private CA, and this machine alone unless more is allowed."""

import asyncio
import contextlib
import errno
import ipaddress
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType, TracebackType

import uvicorn

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.clock import real_monotonic
from auth0_mfa_lab.sandbox.domains import host_of
from auth0_mfa_lab.sandbox.server.certificates import OWN_NAMES, Certificates
from auth0_mfa_lab.sandbox.server.front import Front

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
EVERYWHERE = ("0.0.0.0", "::")
SECONDS_TO_START = 30.0
SECONDS_TO_STOP = 30.0
STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


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
        # Whoever listens everywhere is known by no name for that.
        spoken = () if host in EVERYWHERE else (host,)
        self.certificates = Certificates.make((*spoken, *names)) if tls else None
        self._sockets = _listen(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        self.domain = f"{_spoken(host)}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.domain}"
        known = {*OWN_NAMES, *names, *spoken}
        sandbox.tenant.domains.serve(known, current=self.domain, scheme="https" if tls else "http")
        self.front = Front(sandbox, self.token)
        self._uvicorn = _Uvicorn(_config(self))
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
        if not ready.wait(SECONDS_TO_START):
            raise RuntimeError("The server did not start.")

    def stop(self) -> None:
        """End what `start` began; a second call does nothing. RuntimeError when the server does not end."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join(SECONDS_TO_STOP)
        for each in self._sockets:
            each.close()
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError("The server did not stop.")

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


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


def _config(server: Server) -> uvicorn.Config:
    certificates = server.certificates
    return uvicorn.Config(
        server.front,
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
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> list[socket.socket]:
    """Listen at a host; `localhost` is both loopback addresses, for some clients try ::1 alone."""
    if host != "localhost":
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return [_socket(family, host, port)]
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


def _spoken(host: str) -> str:
    """Return a host as clients on this machine spell it."""
    if host in EVERYWHERE:
        return "localhost"
    return f"[{host}]" if ":" in host else host
