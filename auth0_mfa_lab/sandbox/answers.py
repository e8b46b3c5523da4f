"""The JSON answer that most endpoints give, and the type of a handler."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth0_mfa_lab.sandbox.tenant import Tenant

Handler = Callable[[Tenant, Request], Awaitable[Response]]
"""What answers one request of a tenant."""
Routes = tuple[tuple[str, str, Handler], ...]
"""The methods, separated by blanks, the path and the handler of each endpoint of one API."""


class JSON(JSONResponse):
    """A JSON answer that names its charset, as everywhere but at `/oauth/token` (reference, section 0.2)."""

    media_type = "application/json; charset=utf-8"
