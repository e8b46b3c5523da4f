"""The Management API, `/api/v2`: who may call it, and to whom each call goes (reference, section 9)."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.management.calls import Call, Endpoint
from auth0_mfa_lab.sandbox.management.clients import Clients
from auth0_mfa_lab.sandbox.management.connections import Connections
from auth0_mfa_lab.sandbox.management.enrollments import Enrollments
from auth0_mfa_lab.sandbox.management.guardian import GuardianSettings
from auth0_mfa_lab.sandbox.management.methods import AuthenticationMethods
from auth0_mfa_lab.sandbox.management.tenant import TenantSettings
from auth0_mfa_lab.sandbox.management.users import Users
from auth0_mfa_lab.sandbox.mfa.api import JSON
from auth0_mfa_lab.sandbox.notes import add_note
from auth0_mfa_lab.sandbox.tenant import Tenant

BASE = "/api/v2"
VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
CACHE = {"cache-control": "no-cache"}
"""What Auth0 sends with every answer of the Management API (reference, section 0.5) [rec]."""


class Management:
    """The Management API of one tenant.

    The order of the checks is a guess: the token, its scope, what the path names, the body.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return every call that is emulated."""
        tenant = self._tenant
        settings = (GuardianSettings(tenant), Clients(tenant), Connections(tenant), TenantSettings(tenant))
        people = (Enrollments(tenant), Users(tenant), AuthenticationMethods(tenant))
        return tuple(endpoint for family in (*settings, *people) for endpoint in family.endpoints())

    def routes(self) -> list[Route]:
        """Return a route for each call; whatever else Auth0 has below `/api/v2` is a 501 in plain text."""
        known = [
            Route(f"{BASE}{endpoint.path}", self._handler(endpoint), methods=[endpoint.method])
            for endpoint in self.endpoints()
        ]
        return [
            *known,
            Route(f"{BASE}/{{rest:path}}", not_emulated, methods=VERBS),
            Route("/mfa/enrollment", not_emulated, methods=["GET"]),
        ]

    def _handler(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            # Read first, judged second: nothing may happen between the look at the token and the change.
            content = await request.body()
            client_id, scopes = self._bearer(request.headers.get("authorization", ""))
            if scopes.isdisjoint(endpoint.scopes):
                raise errors.API_INSUFFICIENT_SCOPE(scopes=",".join(endpoint.scopes))
            call = Call(
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

        return answer

    def _bearer(self, header: str) -> tuple[str, frozenset[str]]:
        """Return the application and the scopes of a living token for this API."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise errors.API_NO_TOKEN()
        claims = self._tenant.tokens.claims_of(token.strip()) or {}
        audience, expires = claims.get("aud"), claims.get("exp")
        if (
            not self._tenant.apis.is_management(audience)
            or not isinstance(expires, int)
            or self._tenant.clock.now() >= expires
        ):
            raise errors.API_INVALID_TOKEN()
        return str(claims.get("azp")), frozenset(str(claims.get("scope", "")).split())


async def not_emulated(request: Request) -> Response:
    raise errors.NotEmulated(f"{request.method} {request.url.path}")
