"""What the tenant issues: JWTs, opaque tokens, and strings that look sealed as Auth0's do; the keys that sign them."""

import hashlib
import math
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.clock import Chance, Clock
from auth0_mfa_lab.sandbox.json_text import json_object, present
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.records import Api, Request, User
from auth0_mfa_lab.sandbox.settings import Domains

ID_TOKEN_LIFETIME = 36_000
DEFAULT_LIFETIME = 86_400
MFA_TOKEN_CIPHERTEXT, OOB_CODE_CIPHERTEXT = 1_150, 520
"""As long as makes the sizes that were seen (reference, section 0.4)."""
SIGNATURE_TAIL = 32
"""Enough of a signature to know a token by."""
CERTIFICATE_DAYS = 13 * 365
NewKey = Callable[[], RSAKey]
"""What makes an RSA-2048 key."""


def verified_claims(token: str, key: RSAKey, algorithm: str = "RS256") -> dict[str, Any]:
    """Return the claims of a compact JWT that this key signed with this algorithm, or else {}."""
    try:
        verified = jws.deserialize_compact(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # A hostile header makes the library stumble in several ways; each of them is a refusal.
        return {}
    return json_object(verified.payload) or {}


def unverified_claims(token: str) -> dict[str, Any] | None:
    """Return the claims of a compact JWT, unverified; None for a text that is no JWT."""
    try:
        return json_object(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def seconds(claim: object) -> float:
    """Return the time in a stranger's claim, or not-a-number. Compare it, never subtract: an int may be too large."""
    return claim if isinstance(claim, int | float) and not isinstance(claim, bool) else math.nan


def iso_date(seconds: float | None) -> str | None:
    """Return a time as Auth0 writes it, such as `2027-01-15T08:00:00.000Z`; None for none."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SigningKey:
    """One RSA key with a seeded `kid`: the key itself cannot be seeded, and is new in every run."""

    def __init__(self, kid: str, domain: str, now: float, new_key: NewKey) -> None:
        self.kid, self._domain, self._now, self._new_key = kid, domain, now, new_key

    @cached_property
    def private(self) -> RSAKey:
        """The key that signs, made when it is first needed: that takes some 45 ms."""
        return self._new_key()

    @cached_property
    def public_jwk(self) -> dict[str, object]:
        """The entry of the JWKS, with a certificate as Auth0's has (reference, section 8.4)."""
        # Only here: a server must start fast, and most never show their keys.
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding

        signer, numbers = self.private.private_key, self.private.as_dict(private=False)
        assert signer is not None
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self._domain)])
        start = datetime.fromtimestamp(self._now, UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(signer.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=CERTIFICATE_DAYS))
            .sign(signer, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )
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


class Tokens:
    """Makes every token of one tenant. Of its `keys` the first signs, the second is announced, others have signed."""

    def __init__(self, *, domains: Domains, clock: Clock, chance: Chance, new_key: NewKey) -> None:
        self._domains, self._clock, self._chance = domains, clock, chance
        # By how much the sandbox was ahead of the wall when a token was issued: it expires in the sandbox's time.
        self._ahead: Bounded[float] = Bounded()
        kids, self._new_key = chance.fork("keys"), new_key
        self.keys = [self._key(kids.base64url(21)) for _ in range(2)]

    def _key(self, kid: str) -> SigningKey:
        return SigningKey(kid, self._domains.home, self._clock.stamp(), self._new_key)

    def rotate(self) -> None:
        """Sign with a new key from now on; what one of the last four has signed stays good."""
        signing, announced, *older = self.keys
        self.keys = [self._key(Chance(signing.kid).base64url(21)), announced, signing, *older[:3]]

    @property
    def issuer(self) -> str:
        """The tenant's address as the request at hand spells it, slash included."""
        return f"{self._domains.origin}/"

    def token_set(self, request: Request, user: User | None, api: Api | None) -> dict[str, object]:
        """Return what `/oauth/token` gives a user or an application (1.2); no token has an `amr` (8.5)."""
        scope = " ".join(request.scope)
        lifetime = int(self._chance.issued("lifetime", api.token_lifetime if api else DEFAULT_LIFETIME))
        body: dict[str, object] = {}
        if api is None:
            body["access_token"] = self._chance.base64url(32)
        else:
            audience = [api.identifier, f"{self.issuer}userinfo"] if "openid" in request.scope else api.identifier
            claims = {"aud": audience, "azp": request.client_id, "scope": scope or None, "gty": request.gty}
            body["access_token"] = self.signed(lifetime, sub=request.user_id, **claims)
        if "offline_access" in request.scope:
            body["refresh_token"] = self.refresh_token()
        if user and "openid" in request.scope:
            profile = self.profile(user, request.scope)
            body["id_token"] = self.signed(ID_TOKEN_LIFETIME, **profile, sub=request.user_id, aud=request.client_id)
        if scope:
            body["scope"] = scope
        return {**body, "expires_in": lifetime, "token_type": "Bearer"}

    def refresh_token(self) -> str:
        return f"v1.{self._chance.base64url(51)}"

    def profile(self, user: User, scope: Sequence[str]) -> dict[str, object]:
        """Return what the scopes `profile` and `email` tell of a user, in an id_token and at `/userinfo`."""
        claims: dict[str, object] = {}
        if "profile" in scope:
            claims |= {
                "nickname": user.username.partition("@")[0],
                "name": user.username,
                "picture": f"{self.issuer}avatars/default.png",
                # Applications read it beside a clock of their own: no advance is in it.
                "updated_at": iso_date(min(max(user.created_at, user.changed_at), self._clock.stamp())),
            }
        if "email" in scope and user.email:
            claims |= {"email": user.email, "email_verified": user.email_verified}
        return claims

    def claims_of(self, token: str, *, is_expired: bool = False) -> dict[str, Any]:
        """Return the claims of a JWT of ours that lives in the sandbox's time, or that has expired, or {}."""
        signing, _, *older = self.keys
        claims = next(filter(None, (verified_claims(token, key.private) for key in (signing, *older))), {})
        if not isinstance(expires := claims.get("exp"), int):
            return {}
        ahead = self._ahead.get(token[-SIGNATURE_TAIL:]) or 0
        return claims if (self._clock.now() >= math.ceil(expires + ahead)) is is_expired else {}

    def signed(self, lifetime: int, **claims: object) -> str:
        """Return a JWT with these claims, without those that are None."""
        now, key = int(self._clock.stamp()), self.keys[0]
        header = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
        said = {"iss": self.issuer, **claims, "iat": now, "exp": now + lifetime}
        header, said = self._chance.issued("JWT", (header, said))
        token = jwt.encode(header, present(said), key.private)
        if ahead := self._clock.ahead():
            self._ahead[token[-SIGNATURE_TAIL:]] = ahead
        return token

    def sealed(self, kind: str, expires: float, ciphertext: int) -> str:
        """Return a string in the eight-part layout of the reference, section 0.4; nothing is in it."""
        chance, begin = self._chance, f"Fe26.2*SERVER_{int(self._clock.stamp())}"
        seal = f"{chance.hex(64)}*{chance.base64url(22)}*{chance.base64url(ciphertext)}"
        text = f"{begin}*{seal}*{int(expires * 1000)}*{chance.hex(64)}*{chance.base64url(43)}"
        return str(chance.issued(kind, text))
