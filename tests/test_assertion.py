"""A client that signs with its own key: each request has an assertion of its own, and nothing shows the key."""

from __future__ import annotations

import traceback
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from auth0_mfa_lab import Client
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.mothers import NOW, Scripted, a_journal

KEY = RSAKey.generate_key(2048)
PEM, PUBLIC = (KEY.as_pem(private=private).decode() for private in (True, False))


def client_of(network: httpx.BaseTransport, private_key: str = PEM) -> Client:
    transport = RecordingTransport(network, a_journal(), speaker="app")
    http = httpx.Client(transport=transport, base_url="https://sandbox.example")
    return Client(http, client_id="app", authentication="private_key_jwt", private_key=private_key, now=lambda: NOW)


def test_each_request_has_an_assertion_of_its_own_in_place_of_a_secret() -> None:
    network = Scripted()
    client = client_of(network)
    exchange = client.password_grant(username="jane", password="hunter-number-two")
    client.mfa_challenge(mfa_token="Fe26.2*x")
    client.mfa_challenge(mfa_token="Fe26.2*x")
    first, second, third = (request.content for request in network.asked)
    assert second != third
    body = {name: value for name, (value,) in parse_qs(first.decode()).items()}
    assert (body["client_id"], "client_secret" in body) == ("app", False)
    assert body["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    token = jwt.decode(body["client_assertion"], KEY)
    assert token.header["alg"] == "RS256"
    jti = token.claims.pop("jti")
    times = {"iat": int(NOW), "exp": int(NOW) + 60}
    assert token.claims == {"iss": "app", "sub": "app", "aud": "https://sandbox.example/", **times}
    assert jti
    assert "<client_assertion 1: JWT>" in repr(exchange)
    assert "eyJ" not in repr(exchange)


@pytest.mark.parametrize("key", ["nonsense", "", PUBLIC], ids=["nonsense", "none", "public"])
def test_what_is_no_private_key_is_told_and_not_shown(key: str) -> None:
    with pytest.raises(LabError, match="private_key is no PEM of a private RSA key") as told:
        client_of(Scripted(), key).revoke("v1.x")
    shown = "".join(traceback.format_exception(told.value))
    assert not [each for each in ("BEGIN", "joserfc") if each in shown]
