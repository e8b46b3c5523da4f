"""What httpx logs of the lab's requests leaves masked; httpcore's own lines about them do not leave at all."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from weakref import WeakSet

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.index import merged

_LOGGERS = (
    *("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks"),
    *("hpack.hpack", "hpack.table"),
)
KNOWN: WeakSet[Aliases] = WeakSet()
"""The aliases of each lab, for as long as there is such a lab."""
_lock = threading.Lock()
_under_way: ContextVar[bool] = ContextVar("auth0_mfa_lab_request", default=False)


def watch(aliases: Aliases) -> None:
    """Mask from now on what these aliases know, in all that httpx and httpcore log to any handler."""
    with _lock:
        KNOWN.add(aliases)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_masked)


def _masked(record: logging.LogRecord) -> bool:
    if _under_way.get():
        return False  # what the answer's headers hold is not learned yet
    try:
        said = record.getMessage()
    except (TypeError, ValueError):
        said = f"{record.name}: a line that cannot be formed"
    with _lock:
        known = list(KNOWN)
    # All labs look into the text as it is: a short secret of one may be a part of a long one of another.
    for find in reversed(merged(find for each in known for find in each.finds([said])[0])):
        said = f"{said[: find.start]}{find.alias.shown}{said[find.end :]}"
    record.msg, record.args = said, ()
    return True


@contextlib.contextmanager
def under_way() -> Iterator[None]:
    """Drop what is logged of the lab's request in this block."""
    token = _under_way.set(True)
    try:
        yield
    finally:
        _under_way.reset(token)
