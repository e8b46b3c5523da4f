"""What a tenant must do or an official client breaks: the reference's hard requirements 1 to 24, a test for each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import jwt
import pyotp
import pytest
from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error, RateLimitError
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier
from auth0.management import ManagementClient
from auth0_server_python.auth_types import (
    AuthenticatorResponse,
    ChallengeResponse,
    MfaVerifyResponse,
    OobChannel,
    OobEnrollmentResponse,
    OtpEnrollmentResponse,
)

from auth0_mfa_lab.sandbox import User
from tests.official.device import Device
from tests.official.served import GRANT, Served

NUMBER, EMAIL = "+15550149", "lee@example.com"
SCOPE = "openid profile email offline_access"
TYPES_OF_AUTH_JS = {"otp", "oob", "email", "webauthn-roaming", "webauthn-platform", "push-notification", "phone"}
TYPES_OF_SPA_JS = {"otp", "phone", "recovery-code", "email", "push-notification", "totp"}

REQUIREMENTS: Mapping[int, str] = {
    1: "test_issuer_and_iss_are_spelled_as_the_client_spelled_the_domain",
    2: "test_discovery_names_every_endpoint_and_rs256",
    3: "test_an_id_token_has_the_claims_that_clients_check_and_no_nonce",
    4: "test_an_id_token_comes_with_every_token_answer_once_openid_was_asked_for",
    5: "test_a_token_answer_has_the_types_that_clients_declare",
    6: "test_an_access_token_is_a_jwt_that_an_api_can_verify",
    7: "test_errors_of_the_token_endpoint_are_json_without_www_authenticate",
    8: "test_mfa_required_has_its_token_and_the_types_that_clients_know",
    9: "test_authenticators_carry_a_type_when_requirements_are_sent",
    10: "test_success_is_200_and_a_deletion_204_without_a_body",
    11: "test_errors_elsewhere_are_json_and_an_oauth_error_has_no_error_code",
    12: "test_a_429_has_its_reset_and_comes_as_often_as_it_is_due",
    13: "test_associations_have_the_fields_of_the_clients_models",
    14: "test_authenticators_are_a_list_of_what_the_clients_models_hold",
    15: "test_challenges_have_the_fields_of_the_clients_models",
    16: "test_passwordless_start_answers_with_an_id_and_the_address",
    17: "test_factors_policies_and_an_application_fit_the_management_models",
    18: "test_the_device_api_is_below_appliance_mfa",
    19: "test_a_qr_is_an_otpauth_uri_with_a_ticket",
    20: "test_enrolling_takes_androids_key_and_answers_what_both_apps_need",
    21: "test_a_push_has_the_shape_of_its_platform",
    22: "test_a_push_is_answered_by_a_jwt_that_names_the_identifier_and_the_url",
    23: "test_an_account_is_changed_and_removed_by_its_token_or_its_keys_jwt",
    24: "test_errors_of_the_device_api_have_the_codes_that_the_apps_read",
}


def test_every_requirement_has_its_test() -> None:
    assert list(REQUIREMENTS) == list(range(1, 25))
    assert len(set(REQUIREMENTS.values())) == 24
    assert [name for name in REQUIREMENTS.values() if not callable(globals().get(name))] == []


def verified(served: Served, token: str, audience: str) -> dict[str, Any]:
    """Return what auth0-python's verifier, which asks for the key in the JWKS, finds in a token."""
    signatures = AsymmetricSignatureVerifier(f"{served.issuer}.well-known/jwks.json")
    return TokenVerifier(signatures, issuer=served.issuer, audience=audience).verify(token)


def granted(served: Served, user: User, **fields: str) -> dict[str, Any]:
    """Return the tokens of a user with SMS, after both factors."""
    mfa_token = served.mfa_token(user, **fields)
    oob_code = served.challenge(mfa_token, challenge_type="oob", oob_channel="sms").json()["oob_code"]
    code = served.code(user.phone_number)
    answer = served.token(grant_type=f"{GRANT}/mfa-oob", mfa_token=mfa_token, oob_code=oob_code, binding_code=code)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def start_of(served: Served, **fields: str) -> httpx.Response:
    with served.http() as http:
        return http.post("/passwordless/start", json={**served.application, **fields})


def pushed(served: Served, service: str = "GCM") -> tuple[Device, str, str]:
    """Return a device with a push on it, and the mfa_token and oob_code of the login that waits."""
    user, device = served.user(), Device(served, service)
    mfa_token = served.mfa_token(user)
    body = served.associate(mfa_token, authenticator_types=["oob"], oob_channels=["auth0"]).json()
    assert device.enroll(body["barcode_uri"]).is_success
    mfa_token = served.mfa_token(user)
    oob_code = served.challenge(mfa_token, challenge_type="oob").json()["oob_code"]
    return device, mfa_token, oob_code


def client_of(served: Served) -> GetToken:
    known = served.sandbox.defaults
    return GetToken(served.domain, known.client_id, known.client_secret)


# -- discovery and tokens


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_issuer_and_iss_are_spelled_as_the_client_spelled_the_domain(served: Served, host: str) -> None:
    served.set_up(policy="never")
    user, issuer = served.user(), f"https://{host}:{served.port}/"
    login = {"grant_type": "password", "username": user.username, "password": user.password, "scope": SCOPE}
    with served.http(host) as http:
        assert http.get("/.well-known/openid-configuration").json()["issuer"] == issuer
        tokens = http.post(
            "/oauth/token", data={**served.application, **login, "audience": served.sandbox.defaults.audience}
        ).json()
    for token in (tokens["id_token"], tokens["access_token"]):
        assert jwt.decode(token, options={"verify_signature": False})["iss"] == issuer


def test_discovery_names_every_endpoint_and_rs256(served: Served) -> None:
    with served.http() as http:
        answer = http.get("/.well-known/openid-configuration")
        found = answer.json()
        assert http.get(found["jwks_uri"]).json()["keys"]
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    paths = {
        "token_endpoint": "oauth/token",
        "jwks_uri": ".well-known/jwks.json",
        "authorization_endpoint": "authorize",
        "userinfo_endpoint": "userinfo",
        "revocation_endpoint": "oauth/revoke",
        "end_session_endpoint": "oidc/logout",
    }
    assert {name: found[name] for name in paths} == {name: f"{served.issuer}{path}" for name, path in paths.items()}
    assert "RS256" in found["id_token_signing_alg_values_supported"]


def test_an_id_token_has_the_claims_that_clients_check_and_no_nonce(served: Served) -> None:
    served.set_up(policy="never")
    user, client_id = served.user(), served.sandbox.defaults.client_id
    token = served.password(user, scope=SCOPE).json()["id_token"]
    with served.http() as http:
        keys = http.get("/.well-known/jwks.json").json()["keys"]
    header = jwt.get_unverified_header(token)
    (key,) = [key for key in keys if key["kid"] == header["kid"]]
    assert (header["alg"], key["kty"], key["use"], key["alg"]) == ("RS256", "RSA", "sig", "RS256")
    claims = verified(served, token, client_id)
    assert (claims["iss"], claims["sub"], claims["aud"]) == (served.issuer, user.user_id, client_id)
    assert type(claims["iat"]) is type(claims["exp"]) is int
    assert claims["iat"] < claims["exp"]
    assert claims.keys().isdisjoint({"nonce", "auth_time"})


def test_an_id_token_comes_with_every_token_answer_once_openid_was_asked_for(served: Served) -> None:
    tokens = granted(served, served.user("sms"), scope=SCOPE)
    assert verified(served, tokens["id_token"], served.sandbox.defaults.client_id)
    again = served.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert verified(served, again["id_token"], served.sandbox.defaults.client_id)
    served.set_up(policy="never")
    start_of(served, connection="sms", phone_number=NUMBER, send="code")
    exchange = {"grant_type": f"{GRANT}/passwordless/otp", "realm": "sms", "username": NUMBER, "scope": "openid"}
    assert served.token(**exchange, otp=served.code(NUMBER)).json()["id_token"]


def test_a_token_answer_has_the_types_that_clients_declare(served: Served) -> None:
    user = served.user("sms")
    mfa_token = served.mfa_token(user, scope=SCOPE)
    answer = served.token(
        grant_type=f"{GRANT}/mfa-recovery-code", mfa_token=mfa_token, recovery_code=str(user.recovery_code)
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    tokens = answer.json()
    assert type(tokens["expires_in"]) is int
    assert tokens["expires_in"] > 0
    assert tokens["token_type"] == "Bearer"
    for name in ("access_token", "scope", "refresh_token", "recovery_code"):
        assert isinstance(tokens[name], str), name
    assert MfaVerifyResponse(**tokens).recovery_code != user.recovery_code


def test_an_access_token_is_a_jwt_that_an_api_can_verify(served: Served) -> None:
    known, user = served.sandbox.defaults, served.user("sms")
    token = granted(served, user, audience=known.audience, scope="openid")["access_token"]
    # The verifier of id_tokens wants an azp of its own; of an access token an API checks these.
    claims = AsymmetricSignatureVerifier(f"{served.issuer}.well-known/jwks.json").verify_signature(token)
    assert (claims["iss"], claims["sub"]) == (served.issuer, user.user_id)
    assert known.audience in claims["aud"]
    assert type(claims["iat"]) is type(claims["exp"]) is int
    machine = served.token(grant_type="client_credentials", audience=known.audience).json()["access_token"]
    claims = verified(served, machine, known.audience)
    assert claims["sub"] == f"{known.client_id}@clients"
    assert claims["aud"] == known.audience


# -- errors


def test_errors_of_the_token_endpoint_are_json_without_www_authenticate(served: Served) -> None:
    user = served.user("sms")
    otp = {"grant_type": f"{GRANT}/mfa-otp", "mfa_token": served.mfa_token(user)}
    wrong: tuple[dict[str, str], ...] = (
        {},
        {"grant_type": "no-such-grant"},
        {"grant_type": "password", "username": user.username, "password": "wrong"},
        {"grant_type": "password", "username": user.username, "password": user.password, "client_secret": "wrong"},
        {"grant_type": "password", "username": user.username, "password": user.password},
        {**otp, "otp": "000000"},
        {**otp, "mfa_token": "no mfa_token", "otp": "000000"},
        {"grant_type": "refresh_token", "refresh_token": "no token"},
        {"grant_type": "client_credentials", "audience": "https://nowhere.example/"},
        {"grant_type": f"{GRANT}/passwordless/otp", "realm": "sms", "username": NUMBER, "otp": "000000"},
    )
    for fields in wrong:
        answer = served.token(**fields)
        assert 400 <= answer.status_code < 500, fields
        assert answer.headers["content-type"].partition(";")[0] == "application/json", fields
        assert "www-authenticate" not in answer.headers, fields
        assert answer.json()["error"], fields
        assert isinstance(answer.json()["error_description"], str), fields


def test_mfa_required_has_its_token_and_the_types_that_clients_know(served: Served) -> None:
    known = TYPES_OF_AUTH_JS | TYPES_OF_SPA_JS
    enrolled, free = served.user("otp", "sms"), served.user()
    plain = served.password(enrolled)
    assert plain.status_code == 403
    assert plain.json()["error_description"] == "Multifactor authentication required"
    assert plain.json().keys() == {"error", "error_description", "mfa_token"}
    served.set_up(switches={"customizable_mfa": "on"})
    for user, kind in ((enrolled, "challenge"), (free, "enroll")):
        body = served.password(user).json()
        assert isinstance(body["mfa_token"], str)
        assert body["mfa_requirements"].keys() == {kind}
        assert {one["type"] for one in body["mfa_requirements"][kind]} <= known


def test_authenticators_carry_a_type_when_requirements_are_sent(served: Served) -> None:
    served.set_up(switches={"customizable_mfa": "on"})
    body = served.password(served.user("otp", "sms")).json()
    wanted = {one["type"] for one in body["mfa_requirements"]["challenge"]}
    with served.http() as http:
        entries = http.get("/mfa/authenticators", headers=bearer(body["mfa_token"])).json()
    assert {entry["type"] for entry in entries if entry["active"]} == wanted
    assert all("type" in entry for entry in entries)


def test_success_is_200_and_a_deletion_204_without_a_body(served: Served) -> None:
    user = served.user()
    mfa_token = served.mfa_token(user, audience=f"{served.issuer}mfa/", scope="enroll remove:authenticators")
    associated = served.associate(mfa_token, authenticator_types=["otp"])
    otp = pyotp.TOTP(associated.json()["secret"]).at(int(served.sandbox.clock.now()))
    token = served.token(grant_type=f"{GRANT}/mfa-otp", mfa_token=mfa_token, otp=otp).json()["access_token"]
    challenged = served.challenge(served.mfa_token(user), challenge_type="otp")
    # As auth-js and spa-js send it: a content type, and nothing of that type.
    empty = {"content-type": "application/json"}
    with served.http() as http:
        listed = http.get("/mfa/authenticators", headers={**bearer(served.mfa_token(user)), **empty})
        mine = next(one["id"] for one in listed.json() if one["authenticator_type"] == "otp")
        deleted = http.delete(f"/mfa/authenticators/{quote(mine, safe='')}", headers={**bearer(token), **empty})
    started = start_of(served, connection="sms", phone_number=NUMBER, send="code")
    assert [each.status_code for each in (associated, challenged, listed, started)] == [200] * 4
    assert (deleted.status_code, deleted.content) == (204, b"")


def test_errors_elsewhere_are_json_and_an_oauth_error_has_no_error_code(served: Served) -> None:
    user = served.user("sms")
    with served.http() as http:
        oauth = [
            served.password(user),
            served.challenge("no mfa_token", challenge_type="oob"),
            served.associate("no mfa_token", authenticator_types=["otp"]),
            http.get("/mfa/authenticators", headers=bearer("no mfa_token")),
            http.delete("/mfa/authenticators/sms%7Cdev_1", headers=bearer("no token")),
            start_of(served, connection="no such connection"),
        ]
        refused = http.get("/api/v2/guardian/factors", headers=bearer("no token"))
    for answer in oauth:
        assert answer.status_code >= 400
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.json()["error"]
        assert isinstance(answer.json()["error_description"], str)
        assert "errorCode" not in answer.json()
    assert refused.json()["statusCode"] == refused.status_code == 401
    assert {"error", "message"} <= refused.json().keys()
    client = client_of(served)
    with pytest.raises(Auth0Error) as seen:
        client.login(user.username, user.password, realm=served.sandbox.defaults.realm)
    assert seen.value.error_code == "mfa_required"


def test_a_429_has_its_reset_and_comes_as_often_as_it_is_due(served: Served) -> None:
    mfa_token = served.mfa_token(served.user("push", phone=served.phone()))
    oob_code = served.challenge(mfa_token, challenge_type="oob").json()["oob_code"]
    poll = {"grant_type": f"{GRANT}/mfa-oob", "mfa_token": mfa_token, "oob_code": oob_code}
    pending = [served.token(**poll).status_code for _ in range(12)]
    assert pending == [400] * 12
    again = [served.token(**poll) for _ in range(3)]
    assert [each.status_code for each in again] == [429] * 3
    assert all(int(each.headers["x-ratelimit-reset"]) > served.sandbox.clock.now() for each in again)
    client = client_of(served)
    with pytest.raises(RateLimitError) as seen:
        client.authenticated_post(f"{served.issuer}oauth/token", data={"client_id": client.client_id, **poll})
    assert seen.value.reset_at == int(again[-1].headers["x-ratelimit-reset"])


# -- models


def test_associations_have_the_fields_of_the_clients_models(served: Served) -> None:
    served.set_up(factors=served.sandbox.tenant.settings.factors | {"email"}, message_types=("sms", "voice"))
    otp = served.associate(served.mfa_token(user := served.user()), authenticator_types=["otp"]).json()
    assert OtpEnrollmentResponse(**otp).secret
    assert len(otp["recovery_codes"]) == 1
    assert "recovery_codes" not in served.associate(served.mfa_token(user), authenticator_types=["otp"]).json()
    for channel, address in (("sms", NUMBER), ("voice", NUMBER), ("email", EMAIL), ("auth0", None)):
        name = "email" if channel == "email" else "phone_number"
        to = {name: address} if address else {}
        mfa_token = served.mfa_token(served.user())
        body = served.associate(mfa_token, authenticator_types=["oob"], oob_channels=[channel], **to).json()
        assert OobEnrollmentResponse(**body).oob_channel in get_args(OobChannel)
        assert body["oob_code"]
        assert body.get("binding_method") == (None if channel == "auth0" else "prompt")
        assert ("barcode_uri" in body) == (channel == "auth0")


def test_authenticators_are_a_list_of_what_the_clients_models_hold(served: Served) -> None:
    mfa_token = served.mfa_token(served.user("push", "sms", phone=served.phone()))
    with served.http() as http:
        entries = http.get("/mfa/authenticators", headers=bearer(mfa_token)).json()
    assert isinstance(entries, list)
    assert len(entries) >= 3
    for entry in entries:
        model = AuthenticatorResponse(**entry)
        assert type(entry["active"]) is bool
        assert (model.oob_channel is None) == (model.authenticator_type != "oob")


def test_challenges_have_the_fields_of_the_clients_models(served: Served) -> None:
    mfa_token = served.mfa_token(served.user("push", "otp", "sms", phone=served.phone()))
    otp = served.challenge(mfa_token, challenge_type="otp").json()
    assert otp == {"challenge_type": "otp"}
    push = served.challenge(mfa_token, challenge_type="oob", oob_channel="auth0").json()
    assert push.keys() == {"challenge_type", "oob_code"}
    sms = served.challenge(mfa_token, challenge_type="oob", oob_channel="sms").json()
    assert ChallengeResponse(**sms).binding_method == "prompt"
    assert sms["oob_code"]


def test_passwordless_start_answers_with_an_id_and_the_address(served: Served) -> None:
    sms = start_of(served, connection="sms", phone_number=NUMBER).json()
    assert isinstance(sms["_id"], str)
    assert sms["phone_number"] == NUMBER
    assert type(sms["phone_verified"]) is bool
    email = start_of(served, connection="email", email=EMAIL, send="code").json()
    assert isinstance(email["_id"], str)
    assert email["email"] == EMAIL
    assert type(email["email_verified"]) is bool


def test_factors_policies_and_an_application_fit_the_management_models(served: Served) -> None:
    known = served.sandbox.defaults
    audience = f"{served.issuer}api/v2/"
    with served.http() as http:
        pair = {"client_id": known.mgmt_client_id, "client_secret": known.mgmt_client_secret}
        login = {"grant_type": "client_credentials", "audience": audience, **pair}
        token = http.post("/oauth/token", data=login).json()["access_token"]
        raw = http.get("/api/v2/guardian/policies", headers=bearer(token)).json()
    assert raw == ["all-applications"]
    with httpx.Client() as plain:
        client = ManagementClient(domain=served.domain, token=token, httpx_client=plain)
        factors = {factor.name: factor.enabled for factor in client.guardian.factors.list()}
        found = client.clients.get(known.client_id)
    names = "push-notification sms email duo otp webauthn-roaming webauthn-platform recovery-code"
    assert set(factors) == set(names.split())
    assert {type(enabled) for enabled in factors.values()} == {bool}
    assert found.client_id == known.client_id
    assert f"{GRANT}/mfa-oob" in (found.grant_types or [])
    assert found.name
    assert found.tenant
    assert found.app_type
    assert found.token_endpoint_auth_method


# -- the Guardian device API


def test_the_device_api_is_below_appliance_mfa(served: Served) -> None:
    body = served.associate(served.mfa_token(served.user()), authenticator_types=["oob"], oob_channels=["auth0"]).json()
    device = Device(served)
    answer = device.enroll(body["barcode_uri"])
    assert str(answer.request.url) == f"{served.issuer}appliance-mfa/api/enroll"
    assert answer.is_success
    assert answer.json()["url"] == f"{served.issuer}appliance-mfa"


def test_a_qr_is_an_otpauth_uri_with_a_ticket(served: Served) -> None:
    body = served.associate(served.mfa_token(served.user()), authenticator_types=["oob"], oob_channels=["auth0"]).json()
    parts = urlsplit(body["barcode_uri"])
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert re.fullmatch(r"\w{32}", query["enrollment_tx_id"][0])
    assert query["base_url"] == [f"{served.issuer}appliance-mfa"]


@pytest.mark.parametrize("service", ["GCM", "APNS"])
def test_enrolling_takes_androids_key_and_answers_what_both_apps_need(served: Served, service: str) -> None:
    device, mfa_token, oob_code = pushed(served, service)
    assert {"id", "url", "issuer", "user_id", "token", "totp"} <= device.account.keys()
    assert device.account["totp"].keys() == {"secret", "algorithm", "digits", "period"}
    push = device.payload()
    flat = push if service == "GCM" else push["mfa"]
    # Signed by the key whose modulus had a leading zero byte on Android.
    assert device.answer(flat, accepted=True).is_success
    answer = served.token(grant_type=f"{GRANT}/mfa-oob", mfa_token=mfa_token, oob_code=oob_code)
    assert answer.status_code == 200


def test_a_push_has_the_shape_of_its_platform(served: Served) -> None:
    android, *_ = pushed(served, "GCM")
    flat = android.payload()
    assert {type(value) for value in flat.values()} == {str}
    assert json.loads(flat["s"]).keys() == {"b", "os"}
    assert json.loads(flat["l"])["n"]
    assert flat["dai"] == android.account["id"]
    apple, *_ = pushed(served, "APNS")
    nested = apple.payload()
    assert nested["aps"]["category"] == "com.auth0.notification.authentication"
    assert nested["mfa"]["dai"] == apple.account["id"]
    for fields in (flat, nested["mfa"]):
        assert {"dai", "txtkn", "d", "sh", "c"} <= fields.keys()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields["d"])
        assert fields["sh"] == served.domain


def test_a_push_is_answered_by_a_jwt_that_names_the_identifier_and_the_url(served: Served) -> None:
    device, mfa_token, oob_code = pushed(served)
    push = device.payload()
    wrong = (
        {"iss": device.account["id"]},
        {"aud": f"https://127.0.0.1:{served.port}/appliance-mfa/api/resolve-transaction"},
        {"aud": "https://localhost/appliance-mfa/api/resolve-transaction"},
        {"sub": "another challenge"},
    )
    assert [device.answer(push, accepted=True, **one).status_code for one in wrong] == [401] * 4
    answer = device.answer(push, accepted=False, auth0_guardian_reason="not me")
    assert (answer.status_code, answer.content) == (204, b"")
    refused = served.token(grant_type=f"{GRANT}/mfa-oob", mfa_token=mfa_token, oob_code=oob_code)
    assert refused.json()["error_description"] == "MFA Authorization rejected."


def test_an_account_is_changed_and_removed_by_its_token_or_its_keys_jwt(served: Served) -> None:
    device, *_ = pushed(served)
    path = f"device-accounts/{device.account['id']}"
    by_token, by_key = f"Bearer {device.account['token']}", f"Bearer {device.basic_jwt()}"
    credentials = {"service": "GCM", "token": "another-push-token"}
    for authorization, name in ((by_token, "Pixel 10"), (by_key, "Pixel 11")):
        changed = device.call(
            "PATCH", path, authorization=authorization, body={"name": name, "push_credentials": credentials}
        )
        assert changed.json()["name"] == name
    assert device.call("DELETE", path, authorization="Bearer nothing").status_code == 401
    removed = device.call("DELETE", path, authorization=by_key)
    assert (removed.status_code, removed.content) == (204, b"")


def test_errors_of_the_device_api_have_the_codes_that_the_apps_read(served: Served) -> None:
    device, *_ = pushed(served)
    push, path = device.payload(), f"device-accounts/{device.account['id']}"
    assert device.answer(push, accepted=True).is_success
    answers = {
        "login_transaction_not_found": device.answer(push, accepted=True),
        "enrollment_transaction_not_found": device.call(
            "POST", "enroll", authorization='Ticket id="nothing"', body={"identifier": "x"}
        ),
        "invalid_token": device.call("DELETE", path, authorization="Bearer nothing"),
        "enrollment_not_found": device.call("DELETE", "device-accounts/dev_nobody", authorization="Bearer nothing"),
    }
    for code, answer in answers.items():
        body = answer.json()
        assert body["errorCode"] == code
        assert body["statusCode"] == answer.status_code
        assert isinstance(body["error"], str)
        assert isinstance(body["message"], str)
