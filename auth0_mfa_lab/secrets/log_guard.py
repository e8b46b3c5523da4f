"""What other libraries log of the lab's requests: the URLs and headers in it leave masked, or not at all."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from weakref import WeakSet

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.index import merged

_TALKERS = (
    *("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks"),
    *("hpack.hpack", "hpack.table"),
)
# What `name=value!r` begins with in a line of httpcore's: headers, addresses, what an exception says.
_DETAILS = (" return_value=", " exception=", " kwargs=")
_lock = threading.Lock()
_within: ContextVar[bool] = ContextVar("auth0_mfa_lab_request", default=False)


class LogGuard(logging.Filter):
    """A filter of the loggers of httpx and httpcore: every handler, a file's too, gets the record masked.

    While a request of the lab is under way nobody has learned yet what the answer's headers hold: then what httpcore
    tells of it ends before the details. `known` are the aliases of each lab, for as long as there is such a lab.
    """

    known: WeakSet[Aliases]

    @classmethod
    def watching(cls, aliases: Aliases) -> LogGuard:
        """Return the one guard of this process, installed; from now on it masks what these aliases know, too."""
        guard = next((each for each in logging.getLogger(_TALKERS[0]).filters if isinstance(each, cls)), None)
        if guard is None:
            guard = cls("")
            guard.known = WeakSet()
        for name in _TALKERS:
            logging.getLogger(name).addFilter(guard)
        with _lock:
            guard.known.add(aliases)
        return guard

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask a record's text in place; it has no arguments any more, and one of the lab's own no traceback."""
        try:
            said = record.getMessage()
        except (TypeError, ValueError):
            said = f"{record.name}: a line that cannot be formed"
        if _within.get():
            if record.name.startswith("hpack"):
                return False
            for details in _DETAILS:
                said = said.partition(details)[0]
            record.exc_info = record.exc_text = record.stack_info = None
        # All labs look into the text as it is: a short secret of one may be a part of a long one of another.
        with _lock:
            known = list(self.known)
        for find in reversed(merged(find for each in known for find in each.finds([said])[0])):
            said = f"{said[: find.start]}{find.alias.shown}{said[find.end :]}"
        record.msg, record.args = said, ()
        return True


@contextlib.contextmanager
def under_way() -> Iterator[None]:
    """Mark what is logged in this block as that of a request of the lab's."""
    token = _within.set(True)
    try:
        yield
    finally:
        _within.reset(token)
