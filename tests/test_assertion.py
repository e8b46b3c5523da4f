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
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.wire.journal import RecordingTransport
from tests.mothers import NOW, Scripted, a_journal

KEY = RSAKey.generate_key(2048)
PEM, PUBLIC = (KEY.as_pem(private=private).decode() for private in (True, False))


def client_of(network: httpx.BaseTransport, *, client_id: str = "app", private_key: str | None = PEM) -> Client:
    transport = RecordingTransport(network, a_journal(), speaker="app")
    http = httpx.Client(transport=transport, base_url="https://sandbox.example")
    return Client(http, client_id=client_id, authentication="private_key_jwt", private_key=private_key, now=lambda: NOW)


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
    at, claims = int(NOW), token.claims
    assert [claims[name] for name in ("iss", "sub", "aud", "iat", "exp")] == [
        *("app", "app", "https://sandbox.example/", at, at + 60)
    ]
    assert "<client_assertion 1: JWT>" in repr(exchange)
    assert "eyJ" not in repr(exchange)


@pytest.mark.parametrize("key", ["nonsense", "", PUBLIC], ids=["nonsense", "none", "public"])
def test_what_is_no_private_key_is_told_and_not_shown(key: str) -> None:
    with pytest.raises(LabError, match="private_key is no PEM of a private RSA key") as told:
        client_of(Scripted(), private_key=key).revoke("v1.x")
    shown = "".join(traceback.format_exception(told.value))
    assert not [each for each in ("BEGIN", "joserfc") if each in shown]


def test_the_sandbox_takes_it_from_a_client_whose_public_key_it_has() -> None:
    box = Sandbox()
    known = box.defaults
    http = httpx.Client(transport=box.transport, base_url="https://sandbox.example")
    machine = {"client_id": known.mgmt_client_id, "client_secret": known.mgmt_client_secret}
    asked = {"grant_type": "client_credentials", "audience": "https://sandbox.example/api/v2/", **machine}
    token = http.post("/oauth/token", data=asked).json()["access_token"]
    path, headers = f"/api/v2/clients/{known.client_id}", {"authorization": f"Bearer {token}"}
    public = {"credential_type": "public_key", "pem": PUBLIC}
    key_id = http.post(f"{path}/credentials", json=public, headers=headers).json()["id"]
    methods = {"private_key_jwt": {"credentials": [{"id": key_id}]}}
    assert http.patch(path, json={"client_authentication_methods": methods}, headers=headers).status_code == 200
    signing = client_of(box.transport, client_id=known.client_id)
    for _ in range(2):
        assert signing.password_grant(username=known.username, password=known.password).error == "mfa_required"
    without = client_of(box.transport, client_id=known.client_id, private_key=None)
    assert without.password_grant(username=known.username, password=known.password).status == 401
