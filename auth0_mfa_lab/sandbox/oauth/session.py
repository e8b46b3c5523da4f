"""Around the login: the refresh grant, `/userinfo`, `/oauth/revoke` (reference, sections 8.1, 8.2 and 8.6)."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields, read_fields
from auth0_mfa_lab.sandbox.mfa.api import JSON
from auth0_mfa_lab.sandbox.notes import note_misspellings
from auth0_mfa_lab.sandbox.oauth.client_auth import authenticate_client
from auth0_mfa_lab.sandbox.oauth.grants import Answer, mfa_required, wished_scopes
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.tenant import Tenant

REVOKE_FIELDS = ("token", "client_id", "client_secret", "client_assertion", "client_assertion_type")
CHALLENGE = 'Bearer realm="Users", error="invalid_token", error_description="The access token is invalid."'
"""What a 401 of `/userinfo` says in its header; the description is a guess."""


class Session:
    """What follows a login of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> list[Route]:
        return [
            Route("/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
        ]

    def refresh(self, fields: Fields, client: Client) -> Answer:
        """Take a refresh token: it is dead, and the new one in the answer reaches as far as it did.

        `scope` may only narrow; what was not granted before is left out [guess], and the narrowing is for this answer.
        """
        token = fields.required("refresh_token")
        request = self._tenant.issued.refresh(token)
        if request is None or request.client_id != client.client_id:
            raise errors.UNKNOWN_REFRESH_TOKEN()
        if request.user_id not in self._tenant.users:
            raise errors.USER_IS_GONE()
        if not self._tenant.directory.is_current(request):
            raise errors.UNKNOWN_REFRESH_TOKEN()
        wished = wished_scopes(fields) or request.scope
        narrowed = replace(request, scope=tuple(one for one in wished if one in request.scope))
        if self._tenant.settings.switches["refresh"] == "mfa_required":
            raise mfa_required(self._tenant, self._tenant.begin_login(narrowed), row=errors.MFA_REQUIRED_ON_REFRESH)
        self._tenant.issued.revoke(token)
        return self._tenant.refreshed(request, narrowed), {}

    async def userinfo(self, request: Request) -> Response:
        """Say who the bearer is; anything but a living access token with `openid` is a 401 in plain text."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        answers = self._tenant.openid_request(token.strip()) if scheme.lower() == "bearer" else None
        if answers is None:
            headers = {"www-authenticate": CHALLENGE, "cache-control": errors.NO_CACHE}
            return PlainTextResponse("Unauthorized", status_code=401, headers=headers)
        user = self._tenant.users[answers.user_id]
        profile = self._tenant.tokens.profile(user, answers.scope)
        return JSON({"sub": user.user_id, **profile}, headers={"cache-control": errors.NO_CACHE})

    async def revoke(self, request: Request) -> Response:
        """Revoke a refresh token; one that is unknown, or another application's, is a 200 as well [guess]."""
        fields = await read_fields(request)
        note_misspellings(request, fields, REVOKE_FIELDS)
        client = authenticate_client(self._tenant, request, fields)
        token = fields.text("token")
        if token is None:
            raise errors.MISSING_TOKEN()
        known = self._tenant.issued.refresh(token)
        if known is not None and known.client_id == client.client_id:
            self._tenant.issued.revoke(token)
        return Response(status_code=200)
