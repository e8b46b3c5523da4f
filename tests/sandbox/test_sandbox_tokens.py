"""The tokens, read and verified by a second route: cryptography alone, and the documents of the wire."""

import base64
import hashlib
import json
import re
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.sandbox.records import Request
from tests.sandbox.sandbox_mothers import App, claims_of, pushed

NOW = 1_800_000_000


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verified(app: App, token: str) -> dict[str, Any]:
    """Verify a JWT with the JWKS, by PKCS#1 v1.5 and SHA-256, and return its claims."""
    header, payload, signature = token.split(".")
    kid = json.loads(decoded(header))["kid"]
    (jwk,) = [key for key in app.http.get("/.well-known/jwks.json").json()["keys"] if key["kid"] == kid]
    numbers = [int.from_bytes(decoded(jwk[name]), "big") for name in ("e", "n")]
    key = rsa.RSAPublicNumbers(*numbers).public_key()
    key.verify(decoded(signature), f"{header}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256())
    claims: dict[str, Any] = json.loads(decoded(payload))
    return claims


def granted(app: App, phone: Phone, **fields: str) -> dict[str, Any]:
    login = pushed(app, phone, **fields)
    login.phone.allow()
    body: dict[str, Any] = login.poll().json()
    return body


def test_an_access_token_for_an_api_is_a_jwt_that_the_jwks_verifies_and_has_no_amr(app: App, phone: Phone) -> None:
    audience = app.sandbox.defaults.audience
    body = granted(app, phone, audience=audience, scope="openid read:orders")
    claims = verified(app, body["access_token"])
    assert claims == {
        "iss": "https://sandbox.example/",
        "sub": claims["sub"],
        "aud": [audience, "https://sandbox.example/userinfo"],
        "azp": app.sandbox.defaults.client_id,
        "scope": "openid read:orders",
        "gty": "password",
        "iat": NOW,
        "exp": NOW + 86_400,
    }
    assert claims["sub"].startswith("auth0|")
    assert body["expires_in"] == 86_400


def test_without_openid_the_audience_is_a_string(app: App, phone: Phone) -> None:
    audience = app.sandbox.defaults.audience
    assert verified(app, granted(app, phone, audience=audience)["access_token"])["aud"] == audience


def test_without_an_audience_the_access_token_is_32_opaque_characters(app: App, phone: Phone) -> None:
    assert re.fullmatch(r"[\w-]{32}", granted(app, phone, scope="openid")["access_token"])


def test_an_id_token_holds_what_the_scopes_ask_for_and_neither_amr_nor_nonce(app: App, phone: Phone) -> None:
    bare = verified(app, granted(app, phone, scope="openid")["id_token"])
    assert set(bare) == {"iss", "sub", "aud", "iat", "exp"}
    assert (bare["aud"], bare["exp"]) == (app.sandbox.defaults.client_id, NOW + 36_000)
    full = verified(app, granted(app, phone, scope="openid profile email")["id_token"])
    assert set(full) - set(bare) == {"nickname", "name", "picture", "updated_at", "email", "email_verified"}


def test_tokens_that_were_not_asked_for_are_not_given(app: App, phone: Phone) -> None:
    assert set(granted(app, phone)) == {"access_token", "expires_in", "token_type"}


def test_a_refresh_token_starts_with_v1(app: App, phone: Phone) -> None:
    assert granted(app, phone, scope="offline_access")["refresh_token"].startswith("v1.")


def test_the_jwks_has_two_keys_with_their_certificates(app: App) -> None:
    keys = app.http.get("/.well-known/jwks.json").json()["keys"]
    assert len({key["kid"] for key in keys}) == 2
    for key in keys:
        assert (key["kty"], key["use"], key["alg"], key["e"], len(key["kid"])) == ("RSA", "sig", "RS256", "AQAB", 21)
        (certificate,) = [base64.b64decode(text) for text in key["x5c"]]
        assert decoded(key["x5t"]) == hashlib.sha1(certificate).digest()
        public = x509.load_der_x509_certificate(certificate).public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        assert public.public_numbers().n == int.from_bytes(decoded(key["n"]), "big")


def test_the_kid_comes_from_the_seed_and_the_key_does_not(sandbox: Sandbox) -> None:
    key, again = sandbox.tenant.tokens.keys[0], Sandbox().tenant.tokens.keys[0]
    assert key.kid == again.kid
    assert key.public_jwk["n"] != again.public_jwk["n"]
    assert key.private is key.private


def test_the_discovery_document_names_the_issuer_with_its_slash(app: App) -> None:
    document = app.http.get("/.well-known/openid-configuration").json()
    assert document["issuer"] == "https://sandbox.example/"
    assert document["token_endpoint"] == "https://sandbox.example/oauth/token"
    assert document["jwks_uri"] == "https://sandbox.example/.well-known/jwks.json"
    assert document["mfa_challenge_endpoint"] == "https://sandbox.example/mfa/challenge"
    assert "RS256" in document["id_token_signing_alg_values_supported"]


def test_a_transaction_token_is_nothing_once_it_has_expired_or_is_another_jwt(sandbox: Sandbox) -> None:
    tokens, user_id = sandbox.tenant.tokens, sandbox.defaults.user_id
    txtkn = tokens.signed(300, sub=user_id, txid="txn_1")
    assert claims_of(txtkn)["sub"] == user_id
    assert tokens.claims_of(txtkn)["txid"] == "txn_1"
    sandbox.clock.advance(300)
    assert tokens.claims_of(txtkn) == {}
    request = Request(client_id="c", user_id=user_id, audience=None, scope=("openid",))
    id_token = str(tokens.token_set(request, sandbox.tenant.users[user_id], None)["id_token"])
    assert "txid" not in tokens.claims_of(id_token)
