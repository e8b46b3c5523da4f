"""The public key of one phone: read once from its JWK, kept as integers, and RS256 only."""

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.json_text import json_object

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
LEEWAY = 5.0
"""Seconds by which a phone's clock may differ from ours (the guardian reference, section 5, says 5 to 10)."""


class BadKey(ValueError):
    """A JWK that no Guardian phone would send; the text says which member is wrong."""


class BadSignature(ValueError):
    """A JWT that this key did not sign, or that is no JWT."""


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """An RSA public key; two of them are equal when their numbers are, however their JWKs were written."""

    n: int
    e: int
    _rsa: RSAKey = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: object) -> "DeviceKey":
        """Read the five-member JWK of an enroll request (the guardian reference, section 6).

        A leading zero byte in `n` is accepted: both SDKs send one. Raises BadKey.
        """
        if not isinstance(jwk, Mapping):
            raise BadKey("public_key must be an object")
        if PRIVATE_MEMBERS & jwk.keys():
            raise BadKey("public_key must not hold private members")
        if jwk.get("kty") != "RSA":
            raise BadKey("public_key.kty must be RSA")
        if jwk.get("alg", "RS256") != "RS256" or jwk.get("use", "sig") != "sig":
            raise BadKey("public_key must be for RS256 signatures")
        n, e = _integer(jwk, "n"), _integer(jwk, "e")
        if not 2048 <= n.bit_length() <= 8192 or n % 2 == 0:
            raise BadKey("public_key.n must have at least 2048 bits")
        if not 3 <= e < 1 << 64 or e % 2 == 0:
            raise BadKey("public_key.e is no usable exponent")
        return cls(n, e, RSAKey.import_key({"kty": "RSA", "n": _base64url(n), "e": _base64url(e)}))

    def claims_of(self, token: str) -> dict[str, object]:
        """Return the claims of a compact JWT that this key signed with RS256; otherwise raise BadSignature.

        The algorithm is ours to choose: what the token's header says is only compared, never followed.
        """
        try:
            verified = jws.deserialize_compact(token, self._rsa, algorithms=["RS256"])
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            # A hostile header makes the library stumble in several ways; each of them is a refusal.
            raise BadSignature("not signed by this device's key with RS256") from problem
        claims = json_object(verified.payload)
        if claims is None:
            raise BadSignature("the claims are no JSON object")
        return claims


def is_current(claims: Mapping[str, object], now: float) -> bool:
    """Tell whether `exp` is not past and `iat` not in the future at `now`; fractions are fine (Swift sends them)."""
    expires, issued = _number(claims.get("exp")), _number(claims.get("iat"))
    return expires is not None and issued is not None and expires + LEEWAY > now and issued - LEEWAY <= now


def is_addressed_to(claims: Mapping[str, object], allowed: frozenset[str]) -> bool:
    """Tell whether `aud` is one of the `allowed` URLs, as a string or a list of one."""
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return isinstance(audience, str) and audience.rstrip("/") in allowed


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _integer(jwk: Mapping[str, object], member: str) -> int:
    text = jwk.get(member)
    if not isinstance(text, str) or not text or len(text) > 1500:
        raise BadKey(f"public_key.{member} must be a base64url string")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise BadKey(f"public_key.{member} must be a base64url string") from problem
    return int.from_bytes(raw, "big")


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
