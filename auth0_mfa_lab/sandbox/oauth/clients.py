"""How an application authenticates (reference, section 0.6)."""

from base64 import b64decode
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import unquote

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.http import Fields, Request
from auth0_mfa_lab.sandbox.oauth.tokens import seconds, verified_claims
from auth0_mfa_lab.sandbox.records import Client
from auth0_mfa_lab.sandbox.tenant import Tenant

GRANTS = "http://auth0.com/oauth/grant-type"
CLIENT_FIELDS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = 300
"""Seconds: Auth0's page on private_key_jwt says five minutes at most [doc]."""
LEEWAY = 10
"""By how many seconds an application's clock may be ahead: a guess."""


def authenticate_client(
    tenant: Tenant, request: Request, fields: Fields, *, unproven: errors.EvidenceRow = errors.UNAUTHORIZED
) -> Client:
    """Return the application that sent this request. Raises UNAUTHORIZED, or `unproven` where it sent no proof at all.

    A confidential one may use either way to send its secret [guess]; a public one needs none, and one that it sends is
    not looked at [guess]. A header of another scheme than Basic (guides send a Bearer) is nothing.
    """
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = b64decode(encoded.strip(), validate=True).decode()
        except ValueError as problem:
            raise errors.UNAUTHORIZED() from problem
        client_id, _, secret = (unquote(part) for part in text.partition(":"))
        if fields.text("client_id") not in (None, client_id):
            raise errors.UNAUTHORIZED()
    else:
        client_id, secret = fields.text("client_id") or "", fields.text("client_secret") or ""
    client = tenant.clients.get(client_id)
    if client is None:
        raise errors.UNAUTHORIZED()
    if client.method == "none" and (secret or "client_assertion" in fields):
        request.notes.append("sandbox: this application is public: the secret that it sends is not read")
    if client.method == "private_key_jwt":
        is_right = _is_proven(tenant, client, fields)
    else:
        is_right = client.method == "none" or compare_digest((client.client_secret or "").encode(), secret.encode())
    if not is_right:
        raise (errors.UNAUTHORIZED if secret or "client_assertion" in fields else unproven)()
    return client


def _is_proven(tenant: Tenant, client: Client, fields: Fields) -> bool:
    """Tell whether a body holds a current assertion that a key in use signed with its own algorithm, and use it up."""
    if fields.text("client_assertion_type") != ASSERTION_TYPE:
        return False
    assertion, now, issuer = fields.text("client_assertion") or "", tenant.clock.stamp(), tenant.tokens.issuer
    in_use = [credential for credential in client.credentials if credential.id in client.in_use]
    signed = (verified_claims(assertion, credential.key, credential.algorithm) for credential in in_use)
    claims = next(filter(None, signed), {})
    audience, jti = claims.get("aud"), claims.get("jti")
    audiences = audience if isinstance(audience, list) else [audience]
    is_for_us = issuer in audiences or f"{issuer}oauth/token" in audiences
    is_ours = claims.get("iss") == claims.get("sub") == client.client_id
    # Without `iat` its life is what is left of it; that one of the future is refused is a guess.
    expires, issued, begins = (seconds(claims.get(name, now)) for name in ("exp", "iat", "nbf"))
    is_current = now < expires <= now + LONGEST_LIFE + LEEWAY and expires <= issued + LONGEST_LIFE
    is_begun = issued <= now + LEEWAY and begins <= now + LEEWAY
    # A `jti` may be as long as a body: what is kept of it is not.
    used = sha256(f"{client.client_id} {jti}".encode()).hexdigest()
    is_new = isinstance(jti, str) and jti != "" and tenant.assertions.get(used, 0) <= now
    if is_proven := is_ours and is_for_us and is_current and is_begun and is_new:
        tenant.assertions[used] = float(expires)
    return is_proven
