"""What the grants of `/oauth/token` share: the wished audience and scope, and whether a second factor is due."""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.mfa.factors import Factors
from auth0_mfa_lab.sandbox.records import Login, Request
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


def wished_audience(
    tenant: Tenant, fields: Fields, *, unknown: errors.EvidenceRow = errors.INVALID_AUDIENCE
) -> str | None:
    """Return the identifier of the API that is asked for; the userinfo URL is no API, and asks for none.

    Raises `unknown` when there is no such API.
    """
    audience = fields.text("audience")
    if tenant.apis.is_management(audience):
        raise errors.NotEmulated(f"the audience {audience}")
    if audience is None or tenant.apis.is_userinfo(audience):
        return None
    if tenant.apis.of(audience) is None:
        raise unknown()
    return audience


def wished_scopes(fields: Fields) -> tuple[str, ...]:
    """Return the scopes that a request names, each once. Raises INVALID_SCOPE."""
    raw = fields.raw("scope")
    if raw is not None and not isinstance(raw, str | list):
        raise errors.INVALID_SCOPE()
    return tuple(dict.fromkeys(raw.split() if isinstance(raw, str) else [str(item) for item in raw or ()]))


def granted_scopes(tenant: Tenant, fields: Fields, audience: str | None) -> tuple[str, ...]:
    """Return what is granted: without a wish all scopes of the API (reference, 1.1), else what exists of it.

    Of the MFA audience only what is named: the guides ask for each of its scopes (section 2) [guess].
    """
    api = tenant.apis.of(audience) if audience is not None else None
    offered = api.scopes if api else ()
    wished = wished_scopes(fields)
    if not wished:
        return () if tenant.apis.is_mfa(audience) else offered
    granted = OIDC_SCOPES.union(offered)
    if api and not api.allow_offline_access:
        granted -= {"offline_access"}
    return tuple(scope for scope in wished if scope in granted)


def finish_first_factor(tenant: Tenant, request: Request) -> Answer:
    """Return the tokens of a request whose first factor was right. Raises MFA_REQUIRED when a second one is due."""
    factors = Factors(tenant)
    if not factors.second_factor_due(request):
        return tenant.token_set(request), {}
    disputed = factors.is_disputed(request)
    raise mfa_required(
        tenant, tenant.begin_login(request), row=errors.MFA_REQUIRED_BY_POLICY if disputed else errors.MFA_REQUIRED
    )


def mfa_required(tenant: Tenant, login: Login, *, row: errors.EvidenceRow = errors.MFA_REQUIRED) -> errors.WireError:
    """Return the answer that asks for a login's second factor, as the tenant's switches word it."""
    tenant.log("mfar", "MFA required.", user_id=login.request.user_id, client_id=login.request.client_id)
    switches = tenant.settings.switches
    requirements = Factors(tenant).requirements(login) if switches["customizable_mfa"] == "on" else None
    # The token is missing only where an Action demands MFA and that feature is off (reference, section 1.3).
    silent = switches["mfa_required_without_mfa_token"] == "on" and requirements is None
    extras = {"mfa_token": None if silent else login.mfa_token, "mfa_requirements": requirements}
    return row(more={name: value for name, value in extras.items() if value is not None})
