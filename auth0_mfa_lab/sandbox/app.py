"""The tenant as an ASGI app: the routes of every API, what stands before them, and how each failure is answered."""

import itertools
import math
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.faults import EXTENSION, Fault, is_a_phones
from auth0_mfa_lab.sandbox.guardian import api as guardian
from auth0_mfa_lab.sandbox.http import JSON, add_note
from auth0_mfa_lab.sandbox.management import api as management
from auth0_mfa_lab.sandbox.mfa import api as mfa
from auth0_mfa_lab.sandbox.oauth import api as oauth
from auth0_mfa_lab.sandbox.passwordless import api as passwordless
from auth0_mfa_lab.sandbox.tenant import Tenant

ROUTES = tuple(each for api in (mfa, passwordless, oauth, guardian, management) for each in api.ROUTES)
"""Every route: its methods, its path, its handler."""
NOT_EMULATED = (
    *("/authorize", "/login", "/u/", "/v2/logout", "/oidc/logout", "/samlp/", "/wsfed", "/continue"),
    *("/oauth/device/code", "/oauth/par", "/oauth/global-token-revocation", "/bc-authorize", "/oidc/register"),
    *("/otp/challenge", "/dbconnections/", "/passkey/", "/passwordless/verify"),
)
"""Auth0 paths that are not emulated: 501, not 404. One that ends in a slash stands for all below it."""
PAGE = """<html>
<head><title>{status} {phrase}</title></head>
<body><center><h1>{status} {phrase}</h1></center></body>
</html>
"""
GATEWAY_NOTE = "sandbox: a gateway's failure, by the switch gateway_failure_every"


def build_app(tenant: Tenant) -> Starlette:
    """Return the app of one tenant; a bug in a handler leaves it as an exception."""
    app = Starlette(
        routes=[Route(path, partial(handler, tenant), methods=methods.split()) for methods, path, handler in ROUTES],
        middleware=[Middleware(gateway, tenant=tenant)],
        exception_handlers={
            errors.WireError: partial(answer_error, tenant),
            errors.NotEmulated: answer_not_emulated,
            HTTPException: answer_no_route,
        },
    )
    # Auth0 has no redirect to a path with or without a slash.
    app.router.redirect_slashes = False
    return app


def gateway(app: ASGIApp, tenant: Tenant) -> ASGIApp:
    """Stand before the tenant: a request with a fault, or each n-th by a switch, is answered in its place."""
    requests = itertools.count(1)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        fault = scope.get("extensions", {}).get(EXTENSION)
        if fault is not None:
            return await fault_answer(fault, scope["path"], tenant.clock.now())(scope, receive, send)
        every = tenant.settings.switches["gateway_failure_every"]
        if every == "never" or is_a_phones(scope["path"]) or next(requests) % int(every):
            return await app(scope, receive, send)
        add_note(Request(scope), GATEWAY_NOTE)
        return await gateway_page(502)(scope, receive, send)

    return answer


def gateway_page(status: int) -> HTMLResponse:
    """Return a gateway's page: no JSON, and no field that a client could look for (reference, section 0.2)."""
    return HTMLResponse(PAGE.format(status=status, phrase=HTTPStatus(status).phrase), status_code=status)


def fault_answer(fault: Fault, path: str, now: float) -> Response:
    """Return what a fault answers at `now`, in the shape of the API below this path (reference, sections 0.2, 9.4)."""
    if fault.kind == "html":
        return gateway_page(fault.status)
    is_management = path.startswith("/api/v2/")
    status, code, text, headers = fault.status, "server_error", "The server could not answer.", {}
    if fault.kind == "429":
        status, code = 429, "too_many_requests"
        text = "Global limit has been reached" if is_management else errors.TOO_MANY_STARTS.text
        reset = str(math.ceil(now + fault.retry_after))
        headers = {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        headers |= {"retry-after": str(fault.retry_after)}
    body: dict[str, object] = {"error": code, "error_description": text}
    if is_management:
        body = {"statusCode": status, "error": HTTPStatus(status).phrase, "message": text, "errorCode": code}
    return JSON(body, status_code=status, headers=headers)


async def answer_error(tenant: Tenant, request: Request, error: Exception) -> Response:
    """Answer with what the error's row says, or its alternative, and note what is not certain about it."""
    assert isinstance(error, errors.WireError)
    error = error.as_switched({**tenant.settings.switches, "profile": tenant.settings.profile})
    add_note(request, error.row.note)
    path, status = request.url.path, error.row.status
    if path == "/oauth/token":
        return JSONResponse(error.body(), status, {"cache-control": errors.NO_CACHE, **error.headers})
    cache = management.CACHE if path.startswith(f"{management.BASE}/") else {}
    return JSON(error.body(), status, {**cache, **error.headers})


async def answer_not_emulated(_: Request, error: Exception) -> Response:
    """Answer 501 in plain text: nobody can take it for an answer of Auth0's."""
    return PlainTextResponse(str(error), status_code=501)


async def answer_no_route(request: Request, error: Exception) -> Response:
    """Answer 404 or 405 in Auth0's general shape; that these bodies look so is a guess."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if any(path == each or (each.endswith("/") and path.startswith(each)) for each in NOT_EMULATED):
        return await answer_not_emulated(request, errors.NotEmulated(f"{request.method} {path}"))
    add_note(request, (errors.NO_METHOD if error.status_code == 405 else errors.NO_ROUTE).note)
    body = {"statusCode": error.status_code, "error": error.detail, "message": error.detail}
    return JSON(body, error.status_code, error.headers)
