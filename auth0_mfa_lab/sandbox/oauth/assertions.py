"""`private_key_jwt`: a JWT that an application signed with its own key, good for one request (reference, 0.6)."""

from collections.abc import Mapping
from typing import TypeGuard

from joserfc import jws
from joserfc.errors import JoseError

from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.oauth.applications import Application
from auth0_mfa_lab.sandbox.tenant import Tenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = 300
"""Seconds: Auth0's page on private_key_jwt says five minutes at most [doc]."""
LEEWAY = 10
"""By how many seconds an application's clock may be ahead: a guess."""


def is_proven(tenant: Tenant, application: Application, fields: Fields) -> bool:
    """Tell whether a body holds a current assertion of this application's, and use it up.

    Signed with a key that is in use and with that key's own algorithm; issuer and subject the application, audience
    the tenant or its token endpoint, neither past nor of the future nor for too long, and with a `jti` that was not
    used before.
    """
    assertion = fields.text("client_assertion") or ""
    if fields.text("client_assertion_type") != ASSERTION_TYPE:
        return False
    claims = _claims(application, assertion)
    audience, expires, jti = claims.get("aud"), _expiry(claims, tenant.clock.stamp()), claims.get("jti")
    issuer = tenant.tokens.issuer
    named = audience if isinstance(audience, list) else [audience]
    is_ours = claims.get("iss") == claims.get("sub") == application.client_id
    if not is_ours or expires is None or not isinstance(jti, str) or not jti:
        return False
    if not any(one in (issuer, f"{issuer}oauth/token") for one in named):
        return False
    return tenant.issued.use_assertion(f"{application.client_id} {jti}", now=tenant.clock.stamp(), until=expires)


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


def _claims(application: Application, assertion: str) -> Mapping[str, object]:
    for credential in application.credentials:
        if credential.id in application.in_use:
            try:
                verified = jws.deserialize_compact(assertion, credential.key, algorithms=[credential.algorithm])
            except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                # A hostile header makes the library stumble in several ways; each of them is a refusal.
                continue
            return json_object(verified.payload) or {}
    return {}
