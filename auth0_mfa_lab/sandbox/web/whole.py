"""One request at a time, whole: the app runs from its first step to its last, and nothing else runs meanwhile."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Scope

from auth0_mfa_lab.sandbox.web.exchange import Exchange

log = logging.getLogger("auth0_mfa_lab.sandbox")


class Waited(RuntimeError):
    """A handler waited for something: then others could run between its look and its change."""


def answer_whole(app: ASGIApp, scope: Scope, body: bytes) -> Exchange:
    """Return what an app answers to a request whose body is all here.

    No event loop is asked: the app may not wait for anything but its body. A bug in it becomes the plain 500 of a
    bug, and is logged.
    """
    exchange = Exchange(body)
    running = app(scope, exchange.receive, exchange.send).__await__()
    try:
        next(running)
    except StopIteration:
        if not exchange.complete:
            exchange.fail(RuntimeError("no answer"))
    except Exception as failure:
        log.error("a bug in the sandbox: %s %s", scope["method"], scope["path"], exc_info=failure)
        if not exchange.complete:
            exchange.fail(failure)
    else:
        running.close()
        raise Waited(f"{scope['method']} {scope['path']} waited for something in the middle of its answer.")
    return exchange


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Exchange:
    """Return a sentence of the server's own, which nobody takes for an answer of Auth0's."""
    return _made(status, text.encode(), "text/plain; charset=utf-8", headers)


def as_json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Exchange:
    return _made(status, json.dumps(value, ensure_ascii=False).encode(), "application/json", headers)


def _made(status: int, content: bytes, kind: str, headers: Mapping[str, str] | None) -> Exchange:
    exchange = Exchange(b"")
    exchange.answer(status, content, {"content-type": kind, "content-length": str(len(content)), **(headers or {})})
    return exchange


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header of a request, the first of that name; its name in lower case."""
    found: Any = next((value for key, value in scope["headers"] if key == name), None)
    return found.decode("latin-1") if found is not None else None
