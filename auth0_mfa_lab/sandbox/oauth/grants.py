"""The grants that begin, renew or need no login: password, refresh token, client credentials; what all grants share."""

from dataclasses import replace

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import Fields
from auth0_mfa_lab.sandbox.mfa.factors import is_disputed, requirements, second_factor_due
from auth0_mfa_lab.sandbox.records import Client, Login, Request
from auth0_mfa_lab.sandbox.tenant import Tenant

GRANTS = "http://auth0.com/oauth/grant-type"
OIDC_SCOPES = frozenset(
    {
        *("openid", "profile", "email", "offline_access", "address", "phone"),
        *("name", "given_name", "family_name", "nickname", "email_verified", "picture", "created_at"),
    }
)
Answer = tuple[dict[str, object], dict[str, str]]
"""The body of a 200, and its headers."""


def password(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Log in at the tenant's default directory (reference, section 1)."""
    username, secret = fields.required("username"), fields.required("password")
    connection = tenant.settings.default_directory
    if connection is None:
        raise errors.NO_DEFAULT_CONNECTION()
    return _first_factor(tenant, fields, client, connection, username, secret)


def password_realm(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Log in at the connection that `realm` names."""
    username, secret = fields.required("username"), fields.required("password")
    realm = fields.required("realm")
    if realm not in tenant.connections:
        raise errors.INVALID_CONNECTION()
    return _first_factor(tenant, fields, client, realm, username, secret)


def _first_factor(
    tenant: Tenant, fields: Fields, client: Client, connection: str, username: str, secret: str
) -> Answer:
    audience = wished_audience(tenant, fields)
    scope = granted_scopes(tenant, fields, audience)
    user = tenant.authenticate(connection, username, secret)
    if user is None:
        raise errors.WRONG_PASSWORD()
    request = Request(client_id=client.client_id, user_id=user.user_id, audience=audience, scope=scope)
    return finish_first_factor(tenant, request)


def refresh_token(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Take a refresh token: it is dead, and the new one in the answer reaches as far as it did (reference, 8.1).

    `scope` may only narrow; what was not granted before is left out [guess], and the narrowing is for this answer.
    """
    token = fields.required("refresh_token")
    request = tenant.refresh_tokens.get(token)
    if request is None or request.client_id != client.client_id:
        raise errors.UNKNOWN_REFRESH_TOKEN()
    if request.user_id not in tenant.users:
        raise errors.USER_IS_GONE()
    if not tenant.is_current(request):
        raise errors.UNKNOWN_REFRESH_TOKEN()
    wished = wished_scopes(fields) or request.scope
    narrowed = replace(request, scope=tuple(one for one in wished if one in request.scope))
    if tenant.settings.switches["refresh"] == "mfa_required":
        raise mfa_required(tenant, tenant.begin_login(narrowed), row=errors.MFA_REQUIRED_ON_REFRESH)
    tenant.refresh_tokens.pop(token, None)
    return tenant.refreshed(request, narrowed), {}


def client_credentials(tenant: Tenant, fields: Fields, client: Client) -> Answer:
    """Give an application the scopes of its client grant, or those of them that it names [guess] (reference, 9.1).

    Raises UNAUTHORIZED for a public application [guess], and NO_CLIENT_GRANT.
    """
    if client.method == "none":
        raise errors.UNAUTHORIZED()
    audience = fields.text("audience")
    if audience is None:
        raise errors.NO_AUDIENCE()
    api = tenant.api(audience)
    if api is None:
        raise errors.UNKNOWN_SERVICE(audience=audience)
    granted = client.apis.get(tenant.domains.at_home(audience))
    if granted is None:
        raise errors.NO_CLIENT_GRANT(audience=audience)
    wished = wished_scopes(fields) or granted
    scope = tuple(one for one in wished if one in granted)
    tenant.log("seccft", "Access token for an application's own credentials.", client_id=client.client_id)
    return tenant.tokens.machine_token(client.client_id, api, scope), {}


def wished_audience(
    tenant: Tenant, fields: Fields, *, unknown: errors.EvidenceRow = errors.INVALID_AUDIENCE
) -> str | None:
    """Return the identifier of the API that is asked for; the userinfo URL is no API, and asks for none.

    Raises `unknown` when there is no such API.
    """
    audience = fields.text("audience")
    if tenant.is_management(audience):
        raise errors.NotEmulated(f"the audience {audience}")
    if audience is None or tenant.domains.is_ours(audience, "userinfo"):
        return None
    if tenant.api(audience) is None:
        raise unknown()
    return audience


def wished_scopes(fields: Fields) -> tuple[str, ...]:
    """Return the scopes that a request names, each once. Raises INVALID_SCOPE."""
    raw = fields.get("scope")
    if raw is not None and not isinstance(raw, str | list):
        raise errors.INVALID_SCOPE()
    return tuple(dict.fromkeys(raw.split() if isinstance(raw, str) else [str(item) for item in raw or ()]))


def granted_scopes(tenant: Tenant, fields: Fields, audience: str | None) -> tuple[str, ...]:
    """Return what is granted: without a wish all scopes of the API (reference, 1.1), else what exists of it.

    Of the MFA audience only what is named: the guides ask for each of its scopes (section 2) [guess].
    """
    api = tenant.api(audience) if audience is not None else None
    offered = api.scopes if api else ()
    wished = wished_scopes(fields)
    if not wished:
        return () if tenant.is_mfa(audience) else offered
    granted = OIDC_SCOPES.union(offered)
    if api and not api.allow_offline_access:
        granted -= {"offline_access"}
    return tuple(scope for scope in wished if scope in granted)


def finish_first_factor(tenant: Tenant, request: Request) -> Answer:
    """Return the tokens of a request whose first factor was right. Raises MFA_REQUIRED when a second one is due."""
    if not second_factor_due(tenant, request):
        return tenant.token_set(request), {}
    row = errors.MFA_REQUIRED_BY_POLICY if is_disputed(tenant, request) else errors.MFA_REQUIRED
    raise mfa_required(tenant, tenant.begin_login(request), row=row)


def mfa_required(tenant: Tenant, login: Login, *, row: errors.EvidenceRow) -> errors.WireError:
    """Return the answer that asks for a login's second factor, as the tenant's switches word it."""
    tenant.log("mfar", "MFA required.", user_id=login.request.user_id, client_id=login.request.client_id)
    switches = tenant.settings.switches
    wanted = requirements(tenant, login) if switches["customizable_mfa"] == "on" else None
    # The token is missing only where an Action demands MFA and that feature is off (reference, section 1.3).
    silent = switches["mfa_required_without_mfa_token"] == "on" and wanted is None
    members = {"mfa_token": None if silent else login.mfa_token, "mfa_requirements": wanted}
    return row(more={name: value for name, value in members.items() if value is not None})
