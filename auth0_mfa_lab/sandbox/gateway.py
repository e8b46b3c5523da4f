"""What stands before the tenant: now and then it answers in its place, with HTML (reference, section 0.2)."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from auth0_mfa_lab.sandbox.guardian import MOUNTS
from auth0_mfa_lab.sandbox.notes import add_note
from auth0_mfa_lab.sandbox.tenant import Tenant

PAGE = """<html>
<head><title>{status} {phrase}</title></head>
<body><center><h1>{status} {phrase}</h1></center></body>
</html>
"""
NOTE = "sandbox: a gateway's failure, by the switch gateway_failure_every"


class Gateway:
    """Lets every request through but each n-th, as the switch `gateway_failure_every` says; a phone's always."""

    def __init__(self, app: ASGIApp, tenant: Tenant) -> None:
        self._app = app
        self._tenant = tenant
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 502: the tenant never hears of it."""
        every = self._tenant.settings.switches["gateway_failure_every"]
        # The phones' second mount is /api, and the Management API is below it.
        path = scope.get("path", "")
        of_a_phone = path.startswith(MOUNTS) and not path.startswith("/api/v2/")
        if scope["type"] != "http" or every == "never" or of_a_phone:
            return await self._app(scope, receive, send)
        self._requests += 1
        if self._requests % int(every):
            return await self._app(scope, receive, send)
        add_note(Request(scope), NOTE)
        return await bad_gateway()(scope, receive, send)


def bad_gateway(status: int = 502) -> HTMLResponse:
    """Return a gateway's page: no JSON, and no field that a client could look for."""
    return HTMLResponse(PAGE.format(status=status, phrase=HTTPStatus(status).phrase), status_code=status)
