"""Whose login a request belongs to: by its bearer, or by the mfa_token in its body."""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.records import Client, Login
from auth0_mfa_lab.sandbox.tenant import Tenant


def login_of_bearer(tenant: Tenant, token: str | None, *, scope: str) -> Login:
    """Return the login of a bearer: an mfa_token, or an MFA access token that has `scope`.

    Raises NO_BEARER, INVALID_BEARER, EXPIRED_MFA_TOKEN, INSUFFICIENT_SCOPE.
    """
    if token is None:
        raise errors.NO_BEARER()
    login = _login(tenant, token)
    if login is not None:
        return _unexpired(tenant, login)
    access = _living_access(tenant, token)
    if access is None:
        raise errors.INVALID_BEARER()
    return _with_scope(access, scope)


def access_of_bearer(tenant: Tenant, token: str | None, *, scope: str) -> Login:
    """Return the transaction of a bearer that is an MFA access token with `scope`; an mfa_token does not do.

    Raises NO_BEARER, INVALID_BEARER_TO_DELETE, INSUFFICIENT_SCOPE.
    """
    if token is None:
        raise errors.NO_BEARER()
    access = _living_access(tenant, token)
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


def _living_access(tenant: Tenant, token: str) -> Login | None:
    access = tenant.access_login(token)
    return access if access and tenant.clock.now() < access.expires else None


def _with_scope(access: Login, scope: str) -> Login:
    if scope not in access.request.scope:
        raise errors.INSUFFICIENT_SCOPE(scope=scope)
    return access


def _unexpired(tenant: Tenant, login: Login) -> Login:
    if tenant.clock.now() >= login.expires or not tenant.is_current(login.request):
        raise errors.EXPIRED_MFA_TOKEN()
    return login
