"""Which application speaks: by its secret, by a JWT of its own key, or by its id alone (reference, section 0.6)."""

import base64
import hmac
from urllib.parse import unquote

from starlette.requests import Request

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.oauth.applications import Application
from auth0_mfa_lab.sandbox.oauth.assertions import is_proven
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.tenant import Tenant


def authenticate_client(tenant: Tenant, request: Request, fields: Fields) -> Client:
    """Return the application that sent this request.

    A confidential one may use either way to send its secret [guess]; a public one needs none, and a secret that it
    sends is not looked at [guess]. One with `private_key_jwt` needs an assertion, and its secret is no help. Raises
    UNAUTHORIZED.
    """
    basic = _basic_credentials(request)
    if basic is not None:
        client_id, secret = basic
        if fields.text("client_id") not in (None, client_id):
            raise errors.UNAUTHORIZED()
    else:
        client_id, secret = fields.text("client_id") or "", fields.text("client_secret") or ""
    client = tenant.clients.get(client_id)
    if client is None:
        raise errors.UNAUTHORIZED()
    application = Application.of(client)
    if application.method == "none":
        return client
    if application.method == "private_key_jwt":
        is_right = is_proven(tenant, application, fields)
    else:
        is_right = hmac.compare_digest((client.client_secret or "").encode(), secret.encode())
    if not is_right:
        raise errors.UNAUTHORIZED()
    return client


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    """Return id and secret of a Basic header, percent-decoded; another scheme (guides send a Bearer) is nothing."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError as problem:
        raise errors.UNAUTHORIZED() from problem
    client_id, _, secret = text.partition(":")
    return unquote(client_id), unquote(secret)
