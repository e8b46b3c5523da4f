"""The sandbox as an ASGI app: the route table, and how each kind of failure is answered."""

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.answers import JSON, Routes
from auth0_mfa_lab.sandbox.elsewhere import is_elsewhere
from auth0_mfa_lab.sandbox.gateway import Gateway
from auth0_mfa_lab.sandbox.guardian import api as guardian
from auth0_mfa_lab.sandbox.management import api as management
from auth0_mfa_lab.sandbox.mfa import api as mfa
from auth0_mfa_lab.sandbox.notes import add_note
from auth0_mfa_lab.sandbox.oauth import api as oauth
from auth0_mfa_lab.sandbox.passwordless import api as passwordless
from auth0_mfa_lab.sandbox.tenant import Tenant

ROUTES: Routes = tuple(each for api in (oauth, mfa, passwordless, guardian, management) for each in api.ROUTES)


def build_app(tenant: Tenant) -> Starlette:
    """Return the app of one tenant; a bug in a handler leaves it as an exception after a plain 500."""
    app = Starlette(
        routes=[Route(path, partial(handler, tenant), methods=methods.split()) for methods, path, handler in ROUTES],
        middleware=[Middleware(Gateway, tenant=tenant)],
        exception_handlers={
            errors.WireError: partial(answer_error, tenant),
            errors.NotEmulated: answer_not_emulated,
            HTTPException: answer_no_route,
            Exception: answer_bug,
        },
    )
    # Auth0 has no redirect to a path with or without a slash.
    app.router.redirect_slashes = False
    return app


async def answer_error(tenant: Tenant, request: Request, error: Exception) -> Response:
    """Answer with what the error's row says, or its alternative, and note what is not certain about it."""
    assert isinstance(error, errors.WireError)
    error = error.as_switched({**tenant.settings.switches, "profile": tenant.settings.profile})
    add_note(request, error.row.note)
    if request.url.path == "/oauth/token":
        headers = {"cache-control": errors.NO_CACHE, **error.headers}
        return JSONResponse(error.body(), status_code=error.row.status, headers=headers)
    cache = management.CACHE if request.url.path.startswith(f"{management.BASE}/") else {}
    return JSON(error.body(), status_code=error.row.status, headers={**cache, **error.headers})


async def answer_not_emulated(_: Request, error: Exception) -> Response:
    """Answer 501 in plain text: nobody can take it for an answer of Auth0's."""
    assert isinstance(error, errors.NotEmulated)
    return PlainTextResponse(error.message, status_code=501)


async def answer_no_route(request: Request, error: Exception) -> Response:
    """Answer 404 or 405 in Auth0's general shape; that these bodies look so is a guess."""
    assert isinstance(error, HTTPException)
    if is_elsewhere(request.url.path):
        return await answer_not_emulated(request, errors.NotEmulated(f"{request.method} {request.url.path}"))
    add_note(request, (errors.NO_METHOD if error.status_code == 405 else errors.NO_ROUTE).note)
    body = {"statusCode": error.status_code, "error": error.detail, "message": error.detail}
    return JSON(body, status_code=error.status_code, headers=error.headers)


async def answer_bug(_: Request, error: Exception) -> Response:
    """Answer 500 without an OAuth body: a mistake of the sandbox must not pass for an answer of Auth0's."""
    return PlainTextResponse(
        f"This is a bug in the sandbox ({type(error).__name__}), not an answer of Auth0's.", status_code=500
    )
