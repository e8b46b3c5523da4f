"""What a server answers: Auth0's paths by its tenant, `/_lab/` by the operations, a phone beside it, and a page."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import itertools
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import starlette.requests
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from auth0_mfa_lab.sandbox.app import OF_CALLS, Fault, in_process
from auth0_mfa_lab.sandbox.http import Request
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.operations import OPERATIONS, PHONE_OPERATIONS, Json, Operation, Refused, ServerPhone

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Sandbox

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
FILES = {"": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
ALWAYS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
OF_PAGE = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}


PATHS = tuple(
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", each.path)), each) for each in (*OPERATIONS, *PHONE_OPERATIONS)
)


class Front:
    """The app of a server: it reads a body first, and then answers with nothing else between.

    What is under `/_lab` goes to the control plane, for the holder of `token`, everything else to the tenant.
    """

    def __init__(self, box: Sandbox, token: str) -> None:
        self._box, self._token = box, token
        self._numbers = itertools.count(1)
        self._phone: ServerPhone | None = None

    @property
    def phone(self) -> ServerPhone:
        """The phone beside the server: a new one for a tenant that has begun again. Made late, to start fast."""
        box = self._box
        if self._phone is None or not box.server_phones:
            import httpx

            # The phones in a row are the labs': theirs have the names that they have in process.
            chance = box.chance.fork("server's phone")
            phone = box.new_phone(httpx.Client(transport=in_process(self.ask), trust_env=False), chance=chance)
            self._phone, box.server_phones = ServerPhone(box, phone), [phone]
        return self._phone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of a socket."""
        content, path = await _read(starlette.requests.Request(scope, receive)), scope["path"]
        request = Request(scope, content or b"")
        if content is None:
            answer: Response = PlainTextResponse(f"A body may have {LARGEST_BODY} bytes.", 413, {"connection": "close"})
        elif path == CONTROL or path.startswith(f"{CONTROL}/"):
            answer = self.control(request, path.removeprefix(CONTROL).removeprefix("/"))
        else:
            fault = self._box.faults.take(*OF_CALLS, call=(scope["method"], path))
            if fault and fault.kind == "drop":
                # ASGI has no way to end a connection without a word: uvicorn's transport is behind its `send`.
                transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
                if transport is not None:
                    transport.abort()
                    while (await receive())["type"] != "http.disconnect":
                        pass
                return None
            answer = self.ask(request, fault)
            if fault and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        return await answer(scope, receive, send)

    def ask(self, request: Request, fault: Fault | None = None) -> Response:
        """Return the tenant's answer; on the server's own loop only, where nothing else runs meanwhile."""
        box, domain = self._box, request.headers.get("host", "")
        if not box.domains.knows(domain):
            said = "This server is not known by the host of this request: start it with --name HOST."
            return PlainTextResponse(said, 421)
        if request.method == "OPTIONS" and "origin" in request.headers:
            return PlainTextResponse("", 204, _cors(request))
        with box.domains.used(domain):
            answer = box.answer(request, None if fault and fault.kind == "slow" else fault)
        if request.notes and NOTES_HEADER in request.headers:
            answer.headers[NOTES_HEADER] = json.dumps(request.notes)
        answer.headers.update(_cors(request))
        if (ahead := box.clock.ahead()) and (reset := answer.headers.get("x-ratelimit-reset")):
            # The limits' reset, an epoch second, means the client's clock, however far ours is ahead.
            answer.headers["x-ratelimit-reset"] = str(int(int(reset) - ahead))
        path, fields = request.scope["path"], _fields(request.content)
        said_no = (json_object(bytes(answer.body)) if answer.status_code >= 400 else None) or {}
        code = said_no.get("errorCode", said_no.get("error"))
        box.received.append(
            {
                "number": next(self._numbers),
                "at": box.clock.stamp(),
                "method": request.method,
                "path": path[:LONGEST],
                "fields": [name[:LONGEST] for name in itertools.islice(fields, MOST_FIELDS)],
                "status": answer.status_code,
                "error": code[:LONGEST] if isinstance(code, str) else None,
            }
        )
        if self._phone is not None and box.server_phones:
            self._phone.after_call(path, fields)
        return answer

    def control(self, request: Request, path: str) -> Response:
        """Answer one call of the control plane, if its sender may make it."""
        if request.method in ("GET", "HEAD") and path in FILES:
            # A file of the page holds nothing of the tenant, so it needs no token.
            file = resources.files("auth0_mfa_lab.sandbox").joinpath("page", path or "index.html")
            return Response(file.read_bytes(), headers={**ALWAYS, **OF_PAGE}, media_type=FILES[path])
        try:
            operation, body = self._done(request, path)
        except Refused as refusal:
            return JSONResponse(refusal.body, refusal.status, ALWAYS)
        if body is None:
            return Response(status_code=204, headers=ALWAYS)
        # 202 for what the phone will do later.
        return JSONResponse(body, 202 if "after_polls" in body else operation.status, ALWAYS)

    def _done(self, request: Request, path: str) -> tuple[Operation, Json]:
        """Do the operation of a call, and return what it returns. Without the token nothing is answered but 401."""
        if not hmac.compare_digest(request.bearer.encode(), self._token.encode()):
            raise Refused("Send the token: Authorization: Bearer $AUTH0_LAB_TOKEN.", "unauthorized")
        box, domains, domain = self._box, self._box.domains, request.headers.get("host", "")
        if not domains.knows(domain):
            raise Refused("This server is not known by that host.", "wrong_host")
        if request.headers.get("origin") not in (None, f"{domains.scheme}://{domain.lower()}"):
            raise Refused("A page of another origin may not use the control plane.", "wrong_origin")
        matches = {each.method: (each, found) for pattern, each in PATHS if (found := pattern.fullmatch(path))}
        if not matches:
            raise Refused(f"There is nothing at /_lab/{path}.", "not_found")
        if request.method not in matches:
            raise Refused(f"/_lab/{path} takes {', '.join(matches)}.", "wrong_method")
        operation, found = matches[request.method]
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        given: Mapping[str, Any] | None = {}
        if request.method == "GET":
            # A plus sign that was not encoded arrives as a blank: +15550100.
            given = {name: re.sub(r"^ (?=\d)", "+", value) for name, value in request.query_params.items()}
        elif kind == "image/png" and operation.name == "scan":
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
        with box.lock, domains.used(domain):
            return operation, operation.run(box if operation in OPERATIONS else phone, **arguments)


def _fields(body: bytes) -> dict[str, object]:
    """Return the fields of a body, JSON or form; nothing of a body that is neither."""
    if body.lstrip()[:1] == b"{":
        return json_object(body) or {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        return {}


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
    length, body = request.headers.get("content-length", "0"), b""
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return None
    with contextlib.suppress(starlette.requests.ClientDisconnect):
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return None
        return body
    return None
