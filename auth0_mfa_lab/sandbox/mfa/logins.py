"""Whose login a request belongs to: by its bearer, or by the mfa_token in its body."""

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.records import Client, Login
from auth0_mfa_lab.sandbox.tenant import Tenant


def login_of_bearer(tenant: Tenant, token: str | None, *, scope: str, mfa_token_does: bool = True) -> Login:
    """Return the login of a bearer: an mfa_token, where that does, or a living MFA access token that has `scope`.

    Raises NO_BEARER, INVALID_BEARER, INVALID_BEARER_TO_DELETE, EXPIRED_MFA_TOKEN, INSUFFICIENT_SCOPE.
    """
    if token is None:
        raise errors.NO_BEARER()
    login = _login(tenant, token) if mfa_token_does else None
    if login is not None:
        return login
    access = tenant.access_login(token)
    if access is None or tenant.clock.now() >= access.expires:
        raise errors.INVALID_BEARER() if mfa_token_does else errors.INVALID_BEARER_TO_DELETE()
    if scope not in access.request.scope:
        raise errors.INSUFFICIENT_SCOPE(scope=scope)
    return access


def login_of_body(tenant: Tenant, mfa_token: str, client: Client, *, confirms: bool = False) -> Login:
    """Return the login of an mfa_token in a body; with `confirms`, an MFA access token with `enroll` does, too.

    Raises MALFORMED_MFA_TOKEN, EXPIRED_MFA_TOKEN, WRONG_CLIENT, INSUFFICIENT_SCOPE, in this order (reference, 13.2).
    """
    login = _login(tenant, mfa_token)
    if login is None and confirms:
        login = tenant.access_login(mfa_token)
    if login is None:
        raise errors.MALFORMED_MFA_TOKEN()
    if login.is_access_token and tenant.clock.now() >= login.expires:
        raise errors.EXPIRED_MFA_TOKEN()
    if login.request.client_id != client.client_id:
        raise errors.WRONG_CLIENT()
    if login.is_access_token and "enroll" not in login.request.scope:
        raise errors.INSUFFICIENT_SCOPE(scope="enroll")
    return login


def _login(tenant: Tenant, mfa_token: str) -> Login | None:
    """Return the login behind an mfa_token; that of a user who was deleted meanwhile is none [guess]."""
    login = tenant.transactions.logins.get(mfa_token)
    if login is None or login.request.user_id not in tenant.users:
        return None
    if tenant.clock.now() >= login.expires or not tenant.is_current(login.request):
        raise errors.EXPIRED_MFA_TOKEN()
    return login
