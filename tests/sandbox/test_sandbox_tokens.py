"""The tokens: issued, shown at `/userinfo`, refreshed and revoked; their keys. Auth0's own clients verify them."""

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from auth0_mfa_lab.sandbox import Sandbox
from tests.sandbox.management_mothers import AUDIENCE, machine_token
from tests.sandbox.sandbox_mothers import App, bearer, claims_of, error_of, set_up

NOW, DAY = 1_800_000_000, 86_400
SHOP = "https://api.example.com/"
UNKNOWN = (403, "invalid_grant", "Unknown or invalid refresh token.")
PROFILE = {"nickname": "jane.roe", "name": "jane.roe@example.com", "email": "jane.roe@example.com"}
PROFILE |= {"picture": "https://sandbox.example/avatars/default.png", "updated_at": "2027-01-15T08:00:00.000Z"}
CLAIMS: dict[str, object] = {**PROFILE, "email_verified": True}


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def granted(app: App, scope: str = "", **fields: str) -> dict[str, Any]:
    body: dict[str, Any] = app.password(scope=scope, **fields).json()
    return body


def refresh(app: App, refresh_token: str, **fields: str) -> httpx.Response:
    return app.token(grant_type="refresh_token", refresh_token=refresh_token, **fields)


def test_each_token_holds_what_was_asked_for_and_no_amr(free: App) -> None:
    known = free.sandbox.defaults
    body = granted(free, "openid read:orders", audience=SHOP)
    claims = {"iss": "https://sandbox.example/", "sub": known.user_id, "iat": NOW}
    assert claims_of(body["access_token"]) == {
        **claims, "azp": known.client_id, "gty": "password", "exp": NOW + DAY, "scope": "openid read:orders",
        "aud": [SHOP, "https://sandbox.example/userinfo"],
    }  # fmt: skip
    assert (body["expires_in"], body["token_type"]) == (DAY, "Bearer")
    assert claims_of(granted(free, audience=SHOP)["access_token"])["aud"] == SHOP
    bare, full = granted(free, "openid"), granted(free, "openid profile email offline_access")
    assert re.fullmatch(r"[\w-]{32}", bare["access_token"]), "opaque, without an audience"
    id_token = {**claims, "aud": known.client_id, "exp": NOW + 36_000}
    assert claims_of(bare["id_token"]) == id_token
    assert claims_of(full["id_token"]) == id_token | CLAIMS
    assert re.fullmatch(r"v1\.[\w-]{51}", full["refresh_token"])
    assert set(granted(free)) == {"access_token", "expires_in", "token_type"}, "nothing that was not asked for"


def test_an_application_gets_a_token_of_its_own_for_what_it_has_a_client_grant_for(app: App) -> None:
    known = app.sandbox.defaults
    body = machine_token(app).json()
    assert set(body) == {"access_token", "scope", "expires_in", "token_type"}
    assert {"read:users", "update:guardian_factors", "update:clients"} <= set(body["scope"].split())
    assert claims_of(body["access_token"]) == {
        "iss": "https://sandbox.example/", "sub": f"{known.mgmt_client_id}@clients", "aud": AUDIENCE,
        "azp": known.mgmt_client_id, "scope": body["scope"], "gty": "client-credentials",
        "iat": NOW, "exp": NOW + DAY,
    }  # fmt: skip
    assert machine_token(app, scope="read:users delete:everything").json()["scope"] == "read:users"
    assert app.token(grant_type="client_credentials", audience=SHOP).json()["scope"] == "read:orders write:orders"
    public = {"client_id": known.public_client_id, "client_secret": ""}
    assert error_of(machine_token(app, **public))[1] == "unauthorized_client"
    for path in ("/userinfo", "/mfa/authenticators"):
        assert app.http.get(path, headers=bearer(body["access_token"])).status_code == 401, "it is no user's"


def test_the_documents_name_the_issuer_the_endpoints_and_two_keys_with_certificates(app: App) -> None:
    document = app.http.get("/.well-known/openid-configuration").json()
    paths = {"issuer": "", "token_endpoint": "oauth/token", "mfa_challenge_endpoint": "mfa/challenge"}
    for name, path in (*paths.items(), ("jwks_uri", ".well-known/jwks.json")):
        assert document[name] == f"https://sandbox.example/{path}"
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    keys = app.http.get("/.well-known/jwks.json").json()["keys"]
    assert len({key["kid"] for key in keys}) == 2
    for key in keys:
        assert (key["kty"], key["use"], key["alg"], key["e"], len(key["kid"])) == ("RSA", "sig", "RS256", "AQAB", 21)
        (certificate,) = [base64.b64decode(text) for text in key["x5c"]]
        assert decoded(key["x5t"]) == hashlib.sha1(certificate).digest()
        read = x509.load_der_x509_certificate(certificate)
        assert (read.subject.rfc4514_string(), read.issuer) == ("CN=sandbox.example", read.subject)
        assert (read.not_valid_before_utc.timestamp(), read.not_valid_after_utc.year) == (NOW, 2040)
        public = read.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        assert public.public_numbers().n == int.from_bytes(decoded(key["n"]), "big")
    assert keys[0]["kid"] == Sandbox().tenant.tokens.keys[0].kid  # of the seed


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_says_what_the_scopes_allow_and_refuses_the_rest_in_plain_text(free: App, method: str) -> None:
    bare, full = granted(free, "openid offline_access"), granted(free, "openid profile email", audience=SHOP)

    def asked(token: str, scheme: str = "Bearer") -> httpx.Response:
        answer = free.http.request(method, "/userinfo", headers={"authorization": f"{scheme} {token}"})
        assert answer.headers["cache-control"].startswith("private, no-store")
        return answer

    jwt = full["access_token"]
    assert asked(bare["access_token"]).json() == {"sub": free.sandbox.defaults.user_id}
    assert asked(jwt).json() == {"sub": free.sandbox.defaults.user_id, **CLAIMS}
    # Without openid, without userinfo; then what is no access token.
    refused = [granted(free, "profile")["access_token"], granted(free, "read:orders", audience=SHOP)["access_token"]]
    refused += ["", "x", bare["id_token"], bare["refresh_token"]]
    answers = [*map(asked, refused), asked(bare["access_token"], "Basic")]
    free.sandbox.clock.advance(DAY - 1)
    assert asked(jwt).status_code == 200
    free.sandbox.clock.advance(1)
    for answer in (*answers, asked(jwt), asked(bare["access_token"])):
        assert (answer.status_code, answer.text) == (401, "Unauthorized")
        assert answer.headers["content-type"].startswith("text/plain")
        shown = 'Bearer realm="Users", error="invalid_token", error_description="The access token is invalid."'
        assert answer.headers["www-authenticate"] == shown


def test_a_refresh_gives_new_tokens_and_its_scope_narrows_that_answer_only(free: App) -> None:
    asked = "openid offline_access read:orders"
    first = granted(free, asked, audience=SHOP)
    # It asks for no second factor.
    set_up(free.sandbox, policy="all-applications")
    free.sandbox.clock.advance(60)
    second = refresh(free, first["refresh_token"]).json()
    assert (set(second), second["scope"]) == (set(first), asked)
    claims = claims_of(second["access_token"])
    assert (claims["aud"][0], claims["iat"]) == (SHOP, NOW + 60)
    assert error_of(refresh(free, first["refresh_token"])) == UNKNOWN, "dead once it was used"
    third = refresh(free, second["refresh_token"], scope="openid email write:orders").json()
    assert third["scope"] == "openid"
    public = {"client_id": free.sandbox.defaults.public_client_id, "client_secret": ""}
    assert error_of(refresh(free, third["refresh_token"], **public)) == UNKNOWN, "another application's"
    for token in (first["access_token"], first["id_token"]):
        assert error_of(refresh(free, token)) == UNKNOWN
    assert refresh(free, third["refresh_token"]).json()["scope"] == asked


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_only_the_application_that_got_a_refresh_token_revokes_it(free: App, encoding: str) -> None:
    def revoke(token: str, **fields: str) -> httpx.Response:
        body: Any = {encoding: {**free.credentials, "token": token, **fields}}
        return free.http.post("/oauth/revoke", **body)

    token = granted(free, "offline_access")["refresh_token"]
    assert error_of(revoke(token, client_secret="x"))[0] == 401
    for revoked in (revoke("unknown"), revoke(token, client_id=free.sandbox.defaults.public_client_id)):
        assert (revoked.status_code, revoked.content) == (200, b"")
    token = refresh(free, token).json()["refresh_token"]
    for _ in range(2):
        assert revoke(token).status_code == 200
        assert error_of(refresh(free, token)) == UNKNOWN
