"""`POST /oauth/token`: one method per grant."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from auth0_mfa_lab.sandbox import errors, mfa_errors
from auth0_mfa_lab.sandbox.client_auth import authenticate_client
from auth0_mfa_lab.sandbox.fields import Fields, read_fields
from auth0_mfa_lab.sandbox.mfa_tokens import login_of_body
from auth0_mfa_lab.sandbox.notes import note_misspellings
from auth0_mfa_lab.sandbox.records import Client, OobTransaction
from auth0_mfa_lab.sandbox.records import Request as TokenRequest
from auth0_mfa_lab.sandbox.tenant import Tenant

PASSWORD = "password"
PASSWORD_REALM = "http://auth0.com/oauth/grant-type/password-realm"
MFA_OOB = "http://auth0.com/oauth/grant-type/mfa-oob"
KNOWN_GRANTS = frozenset(
    {
        PASSWORD,
        PASSWORD_REALM,
        MFA_OOB,
        "http://auth0.com/oauth/grant-type/mfa-otp",
        "http://auth0.com/oauth/grant-type/mfa-recovery-code",
        "http://auth0.com/oauth/grant-type/passwordless/otp",
        "refresh_token",
        "client_credentials",
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
OIDC_SCOPES = frozenset(
    {
        *("openid", "profile", "email", "offline_access", "address", "phone"),
        *("name", "given_name", "family_name", "nickname", "email_verified", "picture", "created_at"),
    }
)
Answer = tuple[dict[str, object], dict[str, str]]


class OAuth:
    """The token endpoint of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._grants: dict[str, Callable[[Fields, Client], Answer]] = {
            PASSWORD: self._password,
            PASSWORD_REALM: self._password_realm,
            MFA_OOB: self._mfa_oob,
        }

    def routes(self) -> list[Route]:
        return [Route("/oauth/token", self.token, methods=["POST"])]

    async def token(self, request: Request) -> JSONResponse:
        """Exchange one grant; the order of the checks is the reference's, section 13.2."""
        fields = await read_fields(request)
        note_misspellings(request, fields, FIELDS)
        client = authenticate_client(self._tenant, request, fields)
        name = fields.required("grant_type")
        if name not in KNOWN_GRANTS:
            raise errors.UnsupportedGrant(grant=name)
        if name not in client.grants:
            raise errors.GrantNotAllowed(grant=name)
        grant = self._grants.get(name)
        if grant is None:
            raise errors.NotEmulated(f"the grant {name}")
        body, headers = grant(fields, client)
        return JSONResponse(body, headers={"cache-control": "no-store", "pragma": "no-cache", **headers})

    def _password(self, fields: Fields, client: Client) -> Answer:
        username, password = fields.required("username"), fields.required("password")
        connection = self._tenant.settings.default_directory
        if connection is None:
            raise errors.NoDefaultConnection
        return self._first_factor(fields, client, connection, username, password)

    def _password_realm(self, fields: Fields, client: Client) -> Answer:
        username, password = fields.required("username"), fields.required("password")
        realm = fields.required("realm")
        if not self._tenant.has_connection(realm):
            raise errors.InvalidConnection
        return self._first_factor(fields, client, realm, username, password)

    def _first_factor(self, fields: Fields, client: Client, connection: str, username: str, password: str) -> Answer:
        audience = self._audience(fields)
        scope = self._scope(fields, audience)
        user = self._tenant.authenticate(connection, username, password)
        if user is None:
            raise errors.WrongPassword
        request = TokenRequest(client_id=client.client_id, user_id=user.user_id, audience=audience, scope=scope)
        if self._tenant.settings.policy == "all-applications":
            raise errors.MfaRequired(self._tenant.begin_login(request).mfa_token)
        return self._tenant.token_set(request), {}

    def _audience(self, fields: Fields) -> str | None:
        """Return the identifier of the API that is asked for; the userinfo URL is no API, and asks for none."""
        audience, issuer = fields.text("audience"), self._tenant.tokens.issuer
        if audience in (f"{issuer}mfa/", f"{issuer}api/v2/"):
            raise errors.NotEmulated(f"the audience {audience}")
        if audience is None or audience == f"{issuer}userinfo":
            return None
        if audience not in self._tenant.apis:
            raise errors.InvalidAudience
        return audience

    def _scope(self, fields: Fields, audience: str | None) -> tuple[str, ...]:
        """Return what is granted: without a wish all scopes of the API (reference, 1.1), else what exists of it."""
        raw = fields.raw("scope")
        if raw is not None and not isinstance(raw, str | list):
            raise errors.InvalidScope
        api = self._tenant.apis[audience] if audience is not None else None
        offered = api.scopes if api else ()
        wished = raw.split() if isinstance(raw, str) else [str(item) for item in raw or ()]
        if not wished:
            return offered
        granted = OIDC_SCOPES.union(offered)
        if api and not api.allow_offline_access:
            granted -= {"offline_access"}
        return tuple(scope for scope in dict.fromkeys(wished) if scope in granted)

    def _mfa_oob(self, fields: Fields, client: Client) -> Answer:
        """Answer one poll: the tokens of the original request, or why there are none (reference, 6.3 and 13.2)."""
        mfa_token, oob_code = fields.required("mfa_token"), fields.required("oob_code")
        login = login_of_body(self._tenant, mfa_token, client)
        transaction = self._tenant.transactions.oob(oob_code)
        if transaction is None:
            raise mfa_errors.MalformedOobCode
        now = self._tenant.clock.now()
        if now >= transaction.expires:
            raise mfa_errors.ExpiredOobCode
        if transaction.login is not login:
            raise mfa_errors.OobCodeOfAnotherLogin
        if self._tenant.state_of(transaction) in ("used", "superseded"):
            raise mfa_errors.InvalidOobCode
        if login.done:
            raise mfa_errors.LoginDone
        allowed = transaction.polls.take(now)
        headers = transaction.polls.headers()
        if not allowed:
            raise mfa_errors.SlowDown(headers=headers)
        return self._outcome(transaction, headers), headers

    def _outcome(self, transaction: OobTransaction, headers: dict[str, str]) -> dict[str, object]:
        if transaction.state == "pending":
            raise mfa_errors.AuthorizationPending(headers=headers)
        if transaction.state == "rejected":
            if self._tenant.settings.profile == "recorded":
                raise mfa_errors.RejectedAsRecorded(headers=headers)
            raise mfa_errors.RejectedAsDocumented(headers=headers)
        return self._tenant.redeem(transaction)
