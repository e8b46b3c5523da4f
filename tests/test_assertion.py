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
PEM = KEY.as_pem(private=True).decode()


def client_of(network: httpx.BaseTransport, *, client_id: str = "app", private_key: str | None = PEM) -> Client:
    transport = RecordingTransport(network, a_journal(), speaker="app")
    http = httpx.Client(transport=transport, base_url="https://sandbox.example")
    return Client(http, client_id=client_id, authentication="private_key_jwt", private_key=private_key, now=lambda: NOW)


def test_a_request_has_an_assertion_in_place_of_a_secret() -> None:
    network = Scripted()
    client_of(network).password_grant(username="jane", password="p")
    (request,) = network.asked
    body = {name: value for name, (value,) in parse_qs(request.content.decode()).items()}
    assert body["client_id"] == "app"
    assert body["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in body
    token = jwt.decode(body["client_assertion"], KEY)
    assert token.header["alg"] == "RS256"
    claims = token.claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("app", "app", "https://sandbox.example/")
    assert (claims["iat"], claims["exp"]) == (int(NOW), int(NOW) + 60)


def test_no_two_requests_have_the_same_assertion() -> None:
    network = Scripted()
    client = client_of(network)
    for _ in range(2):
        client.mfa_challenge(mfa_token="Fe26.2*x")
    first, second = (request.content for request in network.asked)
    assert first != second


def test_an_assertion_is_shown_under_an_alias() -> None:
    exchange = client_of(Scripted()).password_grant(username="jane", password="hunter-number-two")
    assert "<client_assertion 1: JWT>" in repr(exchange)
    assert "eyJ" not in repr(exchange)


@pytest.mark.parametrize(
    "key", ["nonsense", "", KEY.as_pem(private=False).decode()], ids=["nonsense", "none", "public"]
)
def test_what_is_no_private_key_is_told_and_not_shown(key: str) -> None:
    with pytest.raises(LabError, match="private_key is no PEM of a private RSA key") as told:
        client_of(Scripted(), private_key=key).revoke("v1.x")
    shown = "".join(traceback.format_exception(told.value))
    assert "BEGIN" not in shown
    assert "joserfc" not in shown


def test_the_sandbox_takes_it() -> None:
    box = Sandbox()
    known = box.defaults
    http = httpx.Client(transport=box.transport, base_url="https://sandbox.example")
    asked = {"grant_type": "client_credentials", "audience": "https://sandbox.example/api/v2/"}
    machine = {"client_id": known.mgmt_client_id, "client_secret": known.mgmt_client_secret}
    token = http.post("/oauth/token", data={**asked, **machine}).json()["access_token"]
    path, headers = f"/api/v2/clients/{known.client_id}", {"authorization": f"Bearer {token}"}
    public = {"credential_type": "public_key", "pem": KEY.as_pem(private=False).decode()}
    key_id = http.post(f"{path}/credentials", json=public, headers=headers).json()["id"]
    methods = {"private_key_jwt": {"credentials": [{"id": key_id}]}}
    assert http.patch(path, json={"client_authentication_methods": methods}, headers=headers).status_code == 200
    client = client_of(box.transport, client_id=known.client_id)
    assert client.password_grant(username=known.username, password=known.password).error == "mfa_required"
    assert client.password_grant(username=known.username, password=known.password).error == "mfa_required"
    secret = client_of(box.transport, client_id=known.client_id, private_key=None)
    assert secret.password_grant(username=known.username, password=known.password).status == 401
