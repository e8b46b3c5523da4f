"""What stands before the tenant: now and then it answers in its place, with HTML (reference, section 0.2)."""

import math
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from auth0_mfa_lab.sandbox.answers import JSON
from auth0_mfa_lab.sandbox.faults import EXTENSION, Fault, is_a_phones
from auth0_mfa_lab.sandbox.notes import add_note
from auth0_mfa_lab.sandbox.tenant import Tenant

PAGE = """<html>
<head><title>{status} {phrase}</title></head>
<body><center><h1>{status} {phrase}</h1></center></body>
</html>
"""
TOO_MANY = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
NOTE = "sandbox: a gateway's failure, by the switch gateway_failure_every"


class Gateway:
    """Lets every request through but each n-th, as the switch `gateway_failure_every` says; a phone's always."""

    def __init__(self, app: ASGIApp, tenant: Tenant) -> None:
        self._app = app
        self._tenant = tenant
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 502 or with its fault: the tenant never hears of it."""
        fault = scope.get("extensions", {}).get(EXTENSION)
        if fault is not None:
            return await fault_answer(fault, scope["path"], self._tenant.clock.stamp())(scope, receive, send)
        every = self._tenant.settings.switches["gateway_failure_every"]
        if scope["type"] != "http" or every == "never" or is_a_phones(scope["path"]):
            return await self._app(scope, receive, send)
        self._requests += 1
        if self._requests % int(every):
            return await self._app(scope, receive, send)
        add_note(Request(scope), NOTE)
        return await bad_gateway()(scope, receive, send)


def bad_gateway(status: int = 502) -> HTMLResponse:
    """Return a gateway's page: no JSON, and no field that a client could look for."""
    return HTMLResponse(PAGE.format(status=status, phrase=HTTPStatus(status).phrase), status_code=status)


def fault_answer(fault: Fault, path: str, now: float) -> Response:
    """Return what a fault answers at `now`, in the shape of the API below this path (reference, sections 0.2, 9.4)."""
    if fault.kind == "html":
        return bad_gateway(fault.status)
    is_management = path.startswith("/api/v2/")
    if fault.kind == "429":
        headers = {
            "retry-after": str(fault.retry_after),
            "x-ratelimit-limit": "1",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(math.ceil(now + fault.retry_after)),
        }
        code, text = "too_many_requests", "Global limit has been reached" if is_management else TOO_MANY
        return _refusal(429, code, text, is_management, headers)
    return _refusal(fault.status, "server_error", "The server could not answer.", is_management, {})


def _refusal(status: int, code: str, text: str, is_management: bool, headers: dict[str, str]) -> Response:
    if is_management:
        body = {"statusCode": status, "error": HTTPStatus(status).phrase, "message": text, "errorCode": code}
    else:
        body = {"error": code, "error_description": text}
    return JSON(body, status_code=status, headers=headers)
