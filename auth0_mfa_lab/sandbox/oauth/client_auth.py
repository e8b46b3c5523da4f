"""Which application speaks: by its secret, by a JWT of its own key, or by its id alone (reference, section 0.6)."""

import base64
import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import TypeGuard
from urllib.parse import unquote

from joserfc import jws
from joserfc.errors import JoseError
from starlette.requests import Request

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import Fields
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.tenant import Tenant

CLIENT_FIELDS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = 300
"""Seconds: Auth0's page on private_key_jwt says five minutes at most [doc]."""
LEEWAY = 10
"""By how many seconds an application's clock may be ahead: a guess."""


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
    if client.method == "none":
        return client
    if client.method == "private_key_jwt":
        is_right = _is_proven(tenant, client, fields)
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


def _is_proven(tenant: Tenant, client: Client, fields: Fields) -> bool:
    """Tell whether a body holds a current assertion of this application's, and use it up.

    Signed with a key that is in use and with that key's own algorithm; issuer and subject the application, audience
    the tenant or its token endpoint, neither past nor of the future nor for too long, and with a `jti` that was not
    used before.
    """
    assertion = fields.text("client_assertion") or ""
    if fields.text("client_assertion_type") != ASSERTION_TYPE:
        return False
    claims = _claims(client, assertion)
    audience, expires, jti = claims.get("aud"), _expiry(claims, tenant.clock.stamp()), claims.get("jti")
    issuer = tenant.tokens.issuer
    named = audience if isinstance(audience, list) else [audience]
    is_ours = claims.get("iss") == claims.get("sub") == client.client_id
    if not is_ours or expires is None or not isinstance(jti, str) or not jti:
        return False
    if not any(one in (issuer, f"{issuer}oauth/token") for one in named):
        return False
    # A `jti` may be as long as a body: what is kept of it is not.
    used = sha256(f"{client.client_id} {jti}".encode()).hexdigest()
    if tenant.assertions.get(used, 0) > tenant.clock.stamp():
        return False
    tenant.assertions[used] = expires
    return True


def _expiry(claims: Mapping[str, object], now: float) -> float | None:
    """Return when an assertion ends that is good at this moment, by the clock that applications have; else None.

    Without `iat` its life is what is left of it; that one of the future is refused is a guess.
    """
    expires, issued, begins = claims.get("exp"), claims.get("iat", now), claims.get("nbf", now)
    if not _is_number(expires) or not _is_number(issued) or not _is_number(begins):
        return None
    # Compared, never subtracted: an int may be too large for a float, and not-a-number is below and above nothing.
    if not (now < expires <= now + LONGEST_LIFE + LEEWAY and expires <= issued + LONGEST_LIFE):
        return None
    return float(expires) if issued <= now + LEEWAY and begins <= now + LEEWAY else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _claims(client: Client, assertion: str) -> Mapping[str, object]:
    for credential in client.credentials:
        if credential.id in client.in_use:
            try:
                verified = jws.deserialize_compact(assertion, credential.key, algorithms=[credential.algorithm])
            except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                # A hostile header makes the library stumble in several ways; each of them is a refusal.
                continue
            return json_object(verified.payload) or {}
    return {}
