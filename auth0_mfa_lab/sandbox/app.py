"""The tenant on the web: its routes, which handler answers, how each failure is answered, and faults on demand."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route

from auth0_mfa_lab.sandbox import errors, not_emulated
from auth0_mfa_lab.sandbox.guardian import api as guardian
from auth0_mfa_lab.sandbox.http import JSON, NOTES, Passing, Request
from auth0_mfa_lab.sandbox.management import api as management
from auth0_mfa_lab.sandbox.mfa import api as mfa
from auth0_mfa_lab.sandbox.oauth import api as oauth
from auth0_mfa_lab.sandbox.tenant import Tenant

if TYPE_CHECKING:
    import httpx

TABLE = tuple(row for api in (mfa, oauth, guardian, management) for row in api.ROUTES)
ROUTES = tuple(Route(path, handler, methods=methods.split()) for methods, path, handler in TABLE)
PAGE = """<html>
<head><title>{status} {phrase}</title></head>
<body><center><h1>{status} {phrase}</h1></center></body>
</html>
"""
CALLER = "127.0.0.1"
"""The address that every request in process seems to come from."""


def respond(tenant: Tenant, request: Request, fault: Fault | None = None) -> Response:
    """Return the tenant's answer, or that of a fault, with notes; a bug in a handler leaves as an exception."""
    method, path, settings = request.method, request.scope["path"], tenant.settings
    if fault is not None:
        return fault_answer(fault, path, tenant.clock.now())
    every = settings.switches["gateway_failure_every"]
    if every != "never" and not is_a_phones(path) and next(tenant.requests) % int(every) == 0:
        request.notes.append("sandbox: a gateway's failure, by the switch gateway_failure_every")
        return fault_answer(Fault(kind="html", status=502), path, 0)
    allowed: set[str] = set()
    try:
        not_emulated.refuse("header", not_emulated.ANYWHERE, request.headers)
        for route in ROUTES:
            match, found = route.matches(request.scope)
            if match is Match.FULL:
                request.scope.update(found)
                not_emulated.refuse("query parameter", f"{method} {route.path}", request.query_params)
                answer: Response = route.endpoint(tenant, request)
                return answer
            if match is Match.PARTIAL:
                allowed.update(route.methods or ())
        not_emulated.refuse_path(method, path)
        if allowed:
            raise errors.NO_METHOD(headers={"allow": ", ".join(sorted(allowed))}, method=method)
    except errors.NotEmulated as problem:
        return PlainTextResponse(str(problem), 501)
    except errors.WireError as problem:
        row, body = problem.answer({**settings.switches, "profile": settings.profile})
        request.row, request.notes = row, request.notes + row.notes
        if path == "/oauth/token":
            return JSONResponse(body, row.status, {"cache-control": errors.NO_CACHE, **problem.headers})
        cache = management.CACHE if path.startswith(f"{management.BASE}/") else {}
        return JSON(body, row.status, {**cache, **problem.headers})
    # Auth0's general shape; that this body looks so is a guess.
    request.notes += errors.NO_ROUTE.notes
    return JSON(errors.general(404, "Not Found"), 404)


def in_process(answer: Callable[[Request], Response]) -> httpx.MockTransport:
    """Return a transport that lets a sync client ask `answer`: no port, no TLS and no `Date` (decision 1)."""
    # Only here: a server must start fast, and may never need it.
    import httpx

    def ask(sent: httpx.Request) -> httpx.Response:
        headers, url = [(name.lower(), value) for name, value in sent.headers.raw], sent.url
        scope = {"type": "http", "method": sent.method, "headers": headers, "client": (CALLER, 123)}
        request = Request({**scope, "path": url.path, "query_string": url.query}, sent.content)
        said = answer(request)
        if isinstance(said, Passing) and said.is_lost:
            raise httpx.ReadError("The connection was reset.")
        stream, notes = httpx.ByteStream(bytes(said.body)), {NOTES: tuple(request.notes)}
        return httpx.Response(said.status_code, headers=said.raw_headers, stream=stream, extensions=notes)

    return httpx.MockTransport(ask)


# -- faults: what goes wrong on the way to the tenant, for the next calls of a route

KINDS: Mapping[str, tuple[str, ...]] = {
    "429": ("route", "retry_after"),
    "5xx": ("route", "status"),
    "html": ("route", "status"),
    "slow": ("route", "seconds"),
    "drop": ("route",),
    "late_approval": ("polls",),
    "lost_push": (),
}
"""The fields that each kind reads beside `times`; one with a `route` happens to a call."""
OF_CALLS = tuple(kind for kind, fields in KINDS.items() if "route" in fields)


def is_a_phones(path: str) -> bool:
    """Tell whether a phone speaks there; its second mount is /api, and the Management API is below that."""
    return path.startswith(guardian.MOUNTS) and not path.startswith("/api/v2/")


@dataclass(eq=False)
class Fault:
    """One thing that goes wrong, for the next `times` calls.

    `route` is a path, with a method before it or without; without a route it is any call but a phone's. `polls` is how
    many more are answered before a late approval.
    """

    kind: str
    route: str | None = None
    times: int = 1
    status: int = 503
    retry_after: int = 1
    seconds: float = 1.0
    polls: int = 1

    def hits(self, method: str, path: str) -> bool:
        """Tell whether this is a call that goes wrong; what a browser asks before a call is none."""
        if method == "OPTIONS":
            return False
        if self.route is None:
            return not is_a_phones(path)
        wanted, _, rest = self.route.rpartition(" ")
        return wanted in ("", method) and (path == rest or path.startswith(f"{rest.rstrip('/')}/"))


class Faults(deque[Fault]):
    """The faults that wait for their calls, the oldest first."""

    def take(self, *kinds: str, call: tuple[str, str] | None = None) -> Fault | None:
        """Return the oldest fault of these kinds, of those that hit a call (method and path); that uses it up once."""
        for fault in self:
            if fault.kind in kinds and (call is None or fault.hits(*call)):
                fault.times -= 1
                if not fault.times:
                    self.remove(fault)
                return fault
        return None


def fault_answer(fault: Fault, path: str, now: float) -> Response:
    """Return what a fault answers at `now`, in the shape of the API below this path (reference, sections 0.2, 9.4)."""
    status, code, text, headers = fault.status, "server_error", "The server could not answer.", {}
    if fault.kind == "html":
        # A gateway's page has no field that a client could look for.
        return HTMLResponse(PAGE.format(status=status, phrase=errors.PHRASES.get(status, errors.NO_PHRASE)), status)
    is_general = "/api/" in path
    if fault.kind == "429":
        status, code = 429, "too_many_requests"
        text = "Global limit has been reached" if is_general else errors.TOO_MANY_STARTS.text
        reset = str(math.ceil(now + fault.retry_after))
        headers = {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        headers |= {"retry-after": str(fault.retry_after)}
    body = errors.general(status, text, code) if is_general else {"error": code, "error_description": text}
    return JSON(body, status, headers)


# -- the endpoints by their names, and which of them a row of the evidence speaks of

ENDPOINTS = tuple(
    dict.fromkeys(
        f"{method} {re.sub(r'{[a-z]+_id}', '{id}', path)}"
        for methods, path, _ in TABLE
        # The device API is there a second time, for a host of its own.
        if not re.match("/api/(?!v2/)", path)
        for method in methods.split()
    )
)
"""Every endpoint, such as `POST /mfa/challenge`."""
PATHS = tuple(dict.fromkeys(each.partition(" ")[2] for each in ENDPOINTS))
"""Their paths, each once."""
GENERAL = {
    "any path": r".*",
    "any path below /api/v2/": r"\w+ /api/v2/.*",
    "every POST, PUT and PATCH below /api/v2/": r"(POST|PUT|PATCH) /api/v2/.*",
    "every POST, PUT and PATCH below /api/v2/ with a body": r"(POST|PUT|PATCH) /api/v2/.*",
    "every POST": r"POST /(oauth/\w+|mfa/\w+|passwordless/start)",
    "every POST with client_id": r"POST /(oauth/\w+|mfa/challenge|passwordless/start)",
    "every endpoint that takes an mfa_token": r"POST /(oauth/token|mfa/\w+)|GET /mfa/authenticators",
}
"""The kinds of endpoint that rows speak of. The device's and the Management API's bodies have rows of their own."""


def endpoints_of(text: str) -> tuple[str, frozenset[str]]:
    """Return a part of an endpoint's name, or a URL, in lower case without its query, and the endpoints that it means.

    They have it in their name; where none has, an id stands there in the place of `{id}`.
    """
    wanted = re.sub(r"[a-z]+://[^/?]*|/?(\?.*)?$", "", text.strip().lower())
    named = frozenset(each for each in ENDPOINTS if wanted in each.lower())
    method, _, path = wanted.rpartition(" ")
    for each in () if named else ENDPOINTS:
        known, _, shape = each.lower().partition(" ")
        if method in ("", known) and re.fullmatch(re.sub(r"{\w+}", "[^/]+", shape), path):
            named |= {each}
    return wanted, named


@cache
def covered(row: str) -> frozenset[str]:
    """Return the endpoints that a row speaks of, by its name, such as `GET, POST /userinfo` or `every POST`."""
    patterns = [GENERAL[row]] if row in GENERAL else []
    for name in () if patterns else re.split(r"(?<=[^A-Z]), (?!and )", row):
        methods, slash, rest = name.partition("/")
        path = re.escape(f"{slash}{rest}".removesuffix(", and below it"))
        # Without a method, what is below it is meant as well.
        patterns.append(f"({methods.strip().replace(', ', '|')}) {path}" if methods else rf"\w+ {path}(/.*)?")
    return frozenset(each for each in ENDPOINTS if re.fullmatch("|".join(patterns), each))
