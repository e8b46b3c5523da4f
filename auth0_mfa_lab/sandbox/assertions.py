"""`private_key_jwt`: a JWT that an application signed with its own key, good for one request (reference, 0.6)."""

from collections.abc import Mapping

from joserfc import jws
from joserfc.errors import JoseError

from auth0_mfa_lab.sandbox.applications import Application
from auth0_mfa_lab.sandbox.fields import Fields
from auth0_mfa_lab.sandbox.json_text import json_object
from auth0_mfa_lab.sandbox.tenant import Tenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def is_proven(tenant: Tenant, application: Application, fields: Fields) -> bool:
    """Tell whether a body holds a current assertion of this application's, and use it up.

    Signed with a key that is in use and with that key's own algorithm; issuer and subject the application, audience
    the tenant or its token endpoint, not past, and with a `jti` that was not used before.
    """
    assertion = fields.text("client_assertion") or ""
    if fields.text("client_assertion_type") != ASSERTION_TYPE:
        return False
    claims = _claims(application, assertion)
    audience, expires, jti = claims.get("aud"), claims.get("exp"), claims.get("jti")
    issuer = tenant.tokens.issuer
    named = audience if isinstance(audience, list) else [audience]
    is_ours = claims.get("iss") == claims.get("sub") == application.client_id
    is_current = isinstance(expires, int | float) and not isinstance(expires, bool) and tenant.clock.now() < expires
    if not is_ours or not is_current or not isinstance(jti, str) or not jti:
        return False
    if not any(one in (issuer, f"{issuer}oauth/token") for one in named):
        return False
    return tenant.issued.use_assertion(f"{application.client_id} {jti}")


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
