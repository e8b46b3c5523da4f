"""The Management API, `/api/v2`: which token may call it, and the table of its calls (reference, section 9)."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import JSON, Routes, add_note, bearer_of
from auth0_mfa_lab.sandbox.management import clients, guardian, methods, settings, users
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint
from auth0_mfa_lab.sandbox.tenant import Tenant

BASE = "/api/v2"
CACHE = {"cache-control": "no-cache"}
"""What Auth0 sends with every answer of the Management API (reference, section 0.5) [rec]."""
ENDPOINTS = (
    *(*guardian.ENDPOINTS, *clients.ENDPOINTS, *settings.ENDPOINTS),
    *(*users.ENDPOINTS, *methods.ENDPOINTS),
)
"""Every call that is emulated."""


async def answer(endpoint: Endpoint, tenant: Tenant, request: Request) -> Response:
    """Answer one call; the order of the checks is a guess: the token, its scope, what the path names, the body."""
    # Read first, judged second: nothing may happen between the look at the token and the change.
    content = await request.body()
    client_id, scopes = _application(tenant, bearer_of(request))
    if scopes.isdisjoint(endpoint.scopes):
        raise errors.API_INSUFFICIENT_SCOPE(scopes=",".join(endpoint.scopes))
    call = Call(
        tenant=tenant,
        path=request.path_params,
        query=dict(request.query_params),
        content=content,
        client_id=client_id,
        scopes=scopes,
    )
    reply = endpoint.answer(call)
    if reply.evidence is not None:
        add_note(request, reply.evidence.note)
    if reply.body is None:
        return Response(status_code=reply.status, headers=CACHE)
    return JSON(reply.body, status_code=reply.status, headers=CACHE)


def _application(tenant: Tenant, token: str | None) -> tuple[str, frozenset[str]]:
    """Return the application and the scopes of a living token for this API."""
    if token is None:
        raise errors.API_NO_TOKEN()
    claims = tenant.tokens.claims_of(token) or {}
    expires = claims.get("exp")
    if not tenant.is_management(claims.get("aud")) or not isinstance(expires, int) or tenant.clock.now() >= expires:
        raise errors.API_INVALID_TOKEN()
    return str(claims.get("azp")), frozenset(str(claims.get("scope", "")).split())


async def not_emulated(_: Tenant, request: Request) -> Response:
    """Refuse what Auth0 has and the sandbox has not."""
    raise errors.NotEmulated(f"{request.method} {request.url.path}")


ROUTES: Routes = (
    *((each.method, f"{BASE}{each.path}", partial(answer, each)) for each in ENDPOINTS),
    ("GET POST PUT PATCH DELETE", f"{BASE}/{{rest:path}}", not_emulated),
    ("GET", "/mfa/enrollment", not_emulated),
)
