"""`/oauth/token` and what stands around the login: `/userinfo`, `/oauth/revoke`, and the two public documents."""

from collections.abc import Callable, Mapping

from starlette.responses import JSONResponse, PlainTextResponse, Response

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import JSON, Fields, Request, Routes
from auth0_mfa_lab.sandbox.oauth import grants
from auth0_mfa_lab.sandbox.oauth.grants import CLIENT_FIELDS, GRANTS, Answer, authenticate_client
from auth0_mfa_lab.sandbox.passwordless.api import passwordless_otp
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.tenant import Tenant

GRANT: Mapping[str, Callable[[Tenant, Fields, Client], Answer]] = {
    "password": grants.password,
    f"{GRANTS}/password-realm": grants.password,
    f"{GRANTS}/mfa-oob": grants.mfa_oob,
    f"{GRANTS}/mfa-otp": grants.mfa_otp,
    f"{GRANTS}/mfa-recovery-code": grants.mfa_recovery_code,
    f"{GRANTS}/passwordless/otp": passwordless_otp,
    "refresh_token": grants.refresh_token,
    "client_credentials": grants.client_credentials,
}
NOT_EMULATED = frozenset(
    {
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:openid:params:grant-type:ciba",
    }
)
FIELDS = (
    *("grant_type", *CLIENT_FIELDS, "username", "password", "realm", "audience", "scope"),
    *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "refresh_token", "redirect_uri"),
)
CHALLENGE = 'Bearer realm="Users", error="invalid_token", error_description="The access token is invalid."'
"""What a 401 of `/userinfo` says in its header; the description is a guess."""
ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "oauth/token",
    "device_authorization_endpoint": "oauth/device/code",
    "userinfo_endpoint": "userinfo",
    "mfa_challenge_endpoint": "mfa/challenge",
    "jwks_uri": ".well-known/jwks.json",
    "registration_endpoint": "oidc/register",
    "revocation_endpoint": "oauth/revoke",
}
"""Those that Auth0 has, also those that are not emulated."""
SCOPES = (
    "openid profile offline_access name given_name family_name nickname email email_verified picture created_at "
    "identities phone address"
)
CLAIMS = (
    "aud auth_time created_at email email_verified exp family_name given_name iat identities iss name nickname "
    "phone_number picture sub"
)
SUPPORTED = {
    "scopes_supported": SCOPES.split(),
    "response_types_supported": [
        *("code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token")
    ],
    "code_challenge_methods_supported": ["S256", "plain"],
    "response_modes_supported": ["query", "fragment", "form_post"],
    "subject_types_supported": ["public"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
    "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
    "claims_supported": CLAIMS.split(),
    "request_uri_parameter_supported": False,
    "request_parameter_supported": False,
    "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
}


def token(tenant: Tenant, request: Request) -> JSONResponse:
    """Exchange one grant; the order of the checks is the reference's, section 13.2."""
    fields = request.fields(*FIELDS)
    client = authenticate_client(tenant, request, fields)
    name = fields.required("grant_type")
    if name not in GRANT and name not in NOT_EMULATED:
        raise errors.UNSUPPORTED_GRANT(grant=name)
    if name not in client.grants:
        raise errors.GRANT_NOT_ALLOWED(grant=name)
    if name not in GRANT:
        raise errors.NotEmulated(f"the grant {name}")
    body, headers = GRANT[name](tenant, fields, client)
    return JSONResponse(body, headers={"cache-control": "no-store", "pragma": "no-cache", **headers})


def userinfo(tenant: Tenant, request: Request) -> Response:
    """Say who the bearer is; anything but a living access token with `openid` is a 401 in plain text (8.2)."""
    answers = tenant.openid_request(request.bearer)
    if answers is None:
        row, headers = errors.NOT_THE_USER, {"www-authenticate": CHALLENGE, "cache-control": errors.NO_CACHE}
        return PlainTextResponse(row.text, status_code=row.status, headers=headers)
    user = tenant.users[answers.user_id]
    profile = tenant.tokens.profile(user, answers.scope)
    return JSON({"sub": user.user_id, **profile}, headers={"cache-control": errors.NO_CACHE})


def revoke(tenant: Tenant, request: Request) -> Response:
    """Revoke a refresh token; one that is unknown, or another application's, is a 200 as well [guess] (8.6)."""
    fields = request.fields("token", *CLIENT_FIELDS)
    client = authenticate_client(tenant, request, fields)
    text = fields.text("token")
    if text is None:
        raise errors.MISSING_TOKEN()
    known = tenant.refresh_tokens.get(text)
    if known is not None and known.client_id == client.client_id:
        tenant.refresh_tokens.pop(text)
    return Response(status_code=200)


def configuration(tenant: Tenant, _: Request) -> JSONResponse:
    """Return the discovery document (8.3)."""
    issuer = tenant.tokens.issuer
    endpoints = {name: f"{issuer}{path}" for name, path in ENDPOINTS.items()}
    return JSON({"issuer": issuer, **endpoints, **SUPPORTED, "end_session_endpoint": f"{issuer}oidc/logout"})


def jwks(tenant: Tenant, _: Request) -> JSONResponse:
    """Return the public keys, the next one too, which is only announced (8.4)."""
    return JSON({"keys": [key.public_jwk for key in tenant.tokens.keys]})


ROUTES: Routes = (
    ("POST", "/oauth/token", token),
    ("GET POST", "/userinfo", userinfo),
    ("POST", "/oauth/revoke", revoke),
    ("GET", "/.well-known/openid-configuration", configuration),
    ("GET", "/.well-known/jwks.json", jwks),
)
