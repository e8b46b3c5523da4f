"""A phone's public key: what is accepted, what is refused, and that numbers are compared, not strings."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from auth0_mfa_lab.sandbox.errors import WireError
from auth0_mfa_lab.sandbox.guardian.api import public_key
from auth0_mfa_lab.sandbox.oauth.tokens import verified_claims

KEY = RSAKey.generate_key()
N = str(KEY.as_dict(private=False)["n"])
JWK = {"kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": N}


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_modulus_with_a_leading_zero_is_the_same_key() -> None:
    raw = base64.urlsafe_b64decode(N + "==")
    android = base64url(b"\x00" + raw)
    assert (len(N), len(android)) == (342, 343)
    assert public_key({**JWK, "n": android}).as_dict()["n"] == N


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "EC"},
        {"kty": None},
        {"alg": "HS256"},
        {"use": "enc"},
        {"d": "AQAB"},
        {"k": "AQAB"},
        {"oth": []},
        {"n": None},
        {"n": ""},
        {"n": "no base64 §"},
        {"n": base64url(b"\xff" * 255)},
        {"n": base64url(b"\xff" * 2048)},
        {"n": base64url(b"\xff" * 255 + b"\xfe")},
        {"e": "AA"},
        {"e": "AQ"},
        {"e": "BA"},
        {"e": base64url(b"\xff" * 9)},
    ],
)
def test_a_key_that_no_phone_would_send_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError, match="public_key"):
        public_key({**JWK, **changes})


@pytest.mark.parametrize("value", [None, "key", [], 7])
def test_what_is_no_object_is_no_key(value: object) -> None:
    with pytest.raises(WireError, match="public_key must be an object"):
        public_key(value)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.text(), st.lists(st.binary(max_size=60), min_size=3, max_size=3)))
def test_no_text_whatever_passes_for_a_signed_answer_or_breaks_the_check(token: str | list[bytes]) -> None:
    text = token if isinstance(token, str) else ".".join(base64url(part) for part in token)
    assert verified_claims(text, KEY) == {}
