"""From the mfa_token of a request to its login, with the checks that every endpoint makes in the same order."""

from starlette.requests import Request

from auth0_mfa_lab.sandbox.mfa_errors import (
    ExpiredMfaToken,
    InvalidBearer,
    MalformedMfaToken,
    NoBearer,
    WrongClient,
)
from auth0_mfa_lab.sandbox.records import Client, Login
from auth0_mfa_lab.sandbox.tenant import Tenant


def login_of_bearer(tenant: Tenant, request: Request) -> Login:
    """Return the login of a Bearer mfa_token. Raises NoBearer, InvalidBearer, ExpiredMfaToken."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NoBearer
    login = tenant.transactions.login(token.strip())
    if login is None:
        raise InvalidBearer
    return _unexpired(tenant, login)


def login_of_body(tenant: Tenant, mfa_token: str, client: Client) -> Login:
    """Return the login of an mfa_token in a body.

    Raises MalformedMfaToken, ExpiredMfaToken, WrongClient, in this order (reference, section 13.2).
    """
    login = tenant.transactions.login(mfa_token)
    if login is None:
        raise MalformedMfaToken
    _unexpired(tenant, login)
    if login.request.client_id != client.client_id:
        raise WrongClient
    return login


def _unexpired(tenant: Tenant, login: Login) -> Login:
    if tenant.clock.now() >= login.expires:
        raise ExpiredMfaToken
    return login
