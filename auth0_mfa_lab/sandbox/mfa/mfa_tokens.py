"""From the token of a request to its login, with the checks that every endpoint makes in the same order."""

from starlette.requests import Request

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.records import Client, Login
from auth0_mfa_lab.sandbox.tenant import Tenant


def login_of_bearer(tenant: Tenant, request: Request, *, scope: str) -> Login:
    """Return the login of a Bearer mfa_token, or of an MFA access token that has `scope`.

    Raises NO_BEARER, INVALID_BEARER, EXPIRED_MFA_TOKEN, INSUFFICIENT_SCOPE.
    """
    token = _bearer(request)
    login = _login(tenant, token)
    if login is not None:
        return _unexpired(tenant, login)
    access = _living_access(tenant, token)
    if access is None:
        raise errors.INVALID_BEARER()
    return _with_scope(access, scope)


def access_of_bearer(tenant: Tenant, request: Request, *, scope: str) -> Login:
    """Return the transaction of a Bearer MFA access token that has `scope`; an mfa_token does not do.

    Raises NO_BEARER, INVALID_BEARER_TO_DELETE, INSUFFICIENT_SCOPE.
    """
    access = _living_access(tenant, _bearer(request))
    if access is None:
        raise errors.INVALID_BEARER_TO_DELETE()
    return _with_scope(access, scope)


def login_of_body(tenant: Tenant, mfa_token: str, client: Client, *, confirms: bool = False) -> Login:
    """Return the login of an mfa_token in a body; with `confirms`, an MFA access token with `enroll` does, too.

    Raises MALFORMED_MFA_TOKEN, EXPIRED_MFA_TOKEN, WRONG_CLIENT, INSUFFICIENT_SCOPE, in this order (reference, 13.2).
    """
    login = _login(tenant, mfa_token)
    if login is None and confirms:
        login = tenant.access_login(mfa_token)
    if login is None:
        raise errors.MALFORMED_MFA_TOKEN()
    _unexpired(tenant, login)
    if login.request.client_id != client.client_id:
        raise errors.WRONG_CLIENT()
    return _with_scope(login, "enroll") if login.is_access_token else login


def _login(tenant: Tenant, mfa_token: str) -> Login | None:
    """Return the login behind an mfa_token; that of a user who was deleted meanwhile is none [guess]."""
    login = tenant.transactions.login(mfa_token)
    return login if login and login.request.user_id in tenant.users else None


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise errors.NO_BEARER()
    return token.strip()


def _living_access(tenant: Tenant, token: str) -> Login | None:
    access = tenant.access_login(token)
    return access if access and tenant.clock.now() < access.expires else None


def _with_scope(access: Login, scope: str) -> Login:
    if scope not in access.request.scope:
        raise errors.INSUFFICIENT_SCOPE(scope=scope)
    return access


def _unexpired(tenant: Tenant, login: Login) -> Login:
    if tenant.clock.now() >= login.expires or not tenant.directory.is_current(login.request):
        raise errors.EXPIRED_MFA_TOKEN()
    return login
