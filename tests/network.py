"""Refuses whatever would leave this machine, and notes it: for the tests, and for the processes that they start."""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

NOTES = "NETWORK_NOTES"
"""The variable that names the file to note attempts in: a process that was started has no other way to tell."""

ADDRESSED = ("socket.connect", "socket.sendto", "socket.sendmsg")
LOOKED_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")


class Refused(OSError):
    """A test, or a thread of it, wanted to leave this machine."""


def guard(attempts: list[str]) -> None:
    """Refuse every attempt of this process from now on, in all threads, and append it to `attempts`.

    An audit hook sees the call in C, however it was reached; Python offers no way to take one back.
    """
    notes = os.environ.get(NOTES)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ADDRESSED:
            to = arguments[1]
        elif event in LOOKED_UP:
            to = arguments[0]
        else:
            return
        if is_here(to):
            return
        attempt = f"{event.removeprefix('socket.')} {to}"
        attempts.append(attempt)
        if notes:
            with Path(notes).open("a", encoding="utf-8") as file:
                file.write(attempt + "\n")
        raise Refused(f"refused by the tests: {attempt}")

    sys.addaudithook(hook)


def is_here(address: object) -> bool:
    """Say whether an address is on this machine: loopback, a socket in the file system, or nobody's."""
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(address, tuple) and isinstance(host, int):
        return True  # netlink: (process, groups)
    if isinstance(host, bytes):
        host = host.decode("latin-1")
    if not isinstance(address, tuple) and isinstance(host, str) and host.startswith(("/", "\0")):
        return True
    if host is None or host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False
