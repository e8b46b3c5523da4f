"""`POST /oauth/token`: which application asks, and for which grant."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields, read_fields
from auth0_mfa_lab.sandbox.notes import note_misspellings
from auth0_mfa_lab.sandbox.oauth.client_auth import authenticate_client
from auth0_mfa_lab.sandbox.oauth.client_credentials import ClientCredentials
from auth0_mfa_lab.sandbox.oauth.grants import GRANTS, Answer
from auth0_mfa_lab.sandbox.oauth.mfa_grants import MfaGrants
from auth0_mfa_lab.sandbox.oauth.password_grants import PasswordGrants
from auth0_mfa_lab.sandbox.oauth.session import Session
from auth0_mfa_lab.sandbox.passwordless.api import GRANT as PASSWORDLESS
from auth0_mfa_lab.sandbox.passwordless.api import Passwordless
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.tenant import Tenant

NOT_EMULATED = frozenset(
    {
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:openid:params:grant-type:ciba",
    }
)
FIELDS = (
    *("grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type"),
    *("username", "password", "realm", "audience", "scope"),
    *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "refresh_token", "redirect_uri"),
)


class OAuth:
    """The token endpoint of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        password, mfa, passwordless = PasswordGrants(tenant), MfaGrants(tenant), Passwordless(tenant)
        self._grants: dict[str, Callable[[Fields, Client], Answer]] = {
            "password": password.password,
            f"{GRANTS}/password-realm": password.password_realm,
            f"{GRANTS}/mfa-oob": mfa.oob,
            f"{GRANTS}/mfa-otp": mfa.otp,
            f"{GRANTS}/mfa-recovery-code": mfa.recovery_code,
            PASSWORDLESS: passwordless.grant,
            "refresh_token": Session(tenant).refresh,
            "client_credentials": ClientCredentials(tenant).grant,
        }

    def routes(self) -> list[Route]:
        return [Route("/oauth/token", self.token, methods=["POST"])]

    async def token(self, request: Request) -> JSONResponse:
        """Exchange one grant; the order of the checks is the reference's, section 13.2."""
        fields = await read_fields(request)
        note_misspellings(request, fields, FIELDS)
        client = authenticate_client(self._tenant, request, fields)
        name = fields.required("grant_type")
        if name not in self._grants and name not in NOT_EMULATED:
            raise errors.UNSUPPORTED_GRANT(grant=name)
        if name not in client.grants:
            raise errors.GRANT_NOT_ALLOWED(grant=name)
        grant = self._grants.get(name)
        if grant is None:
            raise errors.NotEmulated(f"the grant {name}")
        body, headers = grant(fields, client)
        return JSONResponse(body, headers={"cache-control": "no-store", "pragma": "no-cache", **headers})
