"""The tenant's two signing keys, made when first needed, and the JWKS that shows them."""

import datetime
import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import cached_property

from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.chance import Chance

CERTIFICATE_DAYS = 13 * 365
NewKey = Callable[[], RSAKey]
"""What makes an RSA-2048 key."""


class SigningKey:
    """One RSA key with a seeded `kid`; the key itself cannot be seeded, so it is new in every run."""

    def __init__(self, *, kid: str, domain: str, now: float, new_key: NewKey) -> None:
        self.kid = kid
        self._domain = domain
        self._now = now
        self._new_key = new_key

    @cached_property
    def private(self) -> RSAKey:
        """The key that signs; making it takes some 45 ms, parsing it again is never needed."""
        return self._new_key()

    @cached_property
    def public_jwk(self) -> dict[str, object]:
        """The entry of the JWKS, with a certificate as Auth0's has (reference, section 8.4)."""
        certificate = self._certificate()
        numbers = self.private.as_dict(private=False)
        return {
            "kty": "RSA",
            "use": "sig",
            "n": numbers["n"],
            "e": numbers["e"],
            "kid": self.kid,
            "x5t": urlsafe_b64encode(hashlib.sha1(certificate).digest()).rstrip(b"=").decode(),
            "x5c": [b64encode(certificate).decode()],
            "alg": "RS256",
        }

    def _certificate(self) -> bytes:
        # Only here: a server must start fast, and most never show their keys.
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding

        signer = self.private.private_key
        assert signer is not None
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self._domain)])
        start = datetime.datetime.fromtimestamp(self._now, datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(signer.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=CERTIFICATE_DAYS))
            .sign(signer, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )


class KeyRing:
    """The current key, which signs everything, and the next one, which is only announced."""

    def __init__(self, *, domain: str, chance: Chance, now: float, new_key: NewKey) -> None:
        self.current, self.next = (
            SigningKey(kid=chance.base64url(21), domain=domain, now=now, new_key=new_key) for _ in range(2)
        )

    def jwks(self) -> dict[str, object]:
        """Return the body of `/.well-known/jwks.json`."""
        return {"keys": [self.current.public_jwk, self.next.public_jwk]}
