"""`private_key_jwt`: the JWT with which an application proves who it is by its own key, in place of a secret."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secret import Secret

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS = 60


class Assertions:
    """Makes assertions for one application; each is good for one request, and for a minute."""

    def __init__(
        self, *, client_id: str, private_key: str, audience: str, now: Callable[[], float], algorithm: str = "RS256"
    ) -> None:
        """Sign with the PEM of a private RSA key, for the issuer `audience`; `now` gives epoch seconds."""
        self._client_id = client_id
        self._pem = private_key
        self._audience = audience
        self._now = now
        self._algorithm = algorithm

    def fields(self) -> dict[str, str]:
        """Return what goes into a body. Raises LabError when the private key is none.

        Source: Authenticate with Private Key JWT; the reference, section 0.6.
        """
        from joserfc import jwt

        now = int(self._now())
        claims = {"iss": self._client_id, "sub": self._client_id, "aud": self._audience, "iat": now}
        claims |= {"exp": now + LIFETIME_SECONDS, "jti": secrets.token_urlsafe(16)}
        token = jwt.encode({"alg": self._algorithm, "typ": "JWT"}, claims, self._key)
        return {
            "client_id": self._client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": Secret(token, "<client_assertion>"),
        }

    @cached_property
    def _key(self) -> RSAKey:
        # Imported here: it takes longer than the rest of the package, and most applications have a secret.
        from joserfc.errors import JoseError
        from joserfc.jwk import RSAKey

        try:
            key = RSAKey.import_key(str(self._pem))
        except (JoseError, ValueError, TypeError):
            key = None
        if key is None or not key.is_private:
            # Raised here, so that no frame of a library's shows the key.
            raise LabError("private_key is no PEM of a private RSA key: pass the text of the file that openssl wrote.")
        return key
