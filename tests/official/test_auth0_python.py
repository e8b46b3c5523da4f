"""auth0-python on the sandbox, as its README shows it: logins, tokens as clients check them, the Management API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from auth0.authentication import GetToken, Passwordless, RevokeToken, Users
from auth0.authentication.exceptions import Auth0Error, RateLimitError, TokenValidationError
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

from auth0_mfa_lab.sandbox import User
from tests.official.conftest import Served
from tests.sandbox.sandbox_mothers import GRANT, set_up

SCOPE = "openid profile email offline_access"


def client_of(served: Served) -> GetToken:
    return GetToken(served.domain, *served.pair)


def verified(served: Served, token: str, *, audience: str = "", issuer: str = "") -> dict[str, Any]:
    """Return what the SDK's verifier, which asks for the key in the JWKS, finds in a token."""
    signatures = AsymmetricSignatureVerifier(f"{served.issuer}.well-known/jwks.json")
    audience = audience or served.sandbox.defaults.client_id
    found: dict[str, Any] = TokenVerifier(signatures, issuer=issuer or served.issuer, audience=audience).verify(token)
    return found


def log_in(served: Served, user: User) -> dict[str, Any]:
    realm = served.sandbox.defaults.realm
    found: dict[str, Any] = client_of(served).login(user.username, user.password, SCOPE, realm)
    return found


def ended(served: Served, mfa_token: str, oob_code: str, **fields: str) -> dict[str, Any]:
    """Ask for the tokens by the client's own post; the second factor has no method of its own."""
    client = client_of(served)
    data = {"grant_type": f"{GRANT}/mfa-oob", "client_id": client.client_id, "mfa_token": mfa_token, **fields}
    found: dict[str, Any] = client.authenticated_post(
        f"{served.issuer}oauth/token", data={**data, "oob_code": oob_code}
    )
    return found


def test_a_password_login_gives_tokens_to_verify_refresh_and_revoke(served: Served) -> None:
    set_up(served.sandbox, policy="never")
    user = served.user()
    tokens = log_in(served, user)
    assert verified(served, tokens["id_token"])["sub"] == user.user_id
    assert Users(served.domain).userinfo(tokens["access_token"])["sub"] == user.user_id
    with pytest.raises(TokenValidationError, match="Issuer"):
        verified(served, tokens["id_token"], issuer=served.issuer.replace("localhost", "127.0.0.1"))
    again = client_of(served).refresh_token(tokens["refresh_token"])
    assert verified(served, again["id_token"])
    newest = again.get("refresh_token", tokens["refresh_token"])
    RevokeToken(served.domain, *served.pair).revoke_refresh_token(newest)
    with pytest.raises(Auth0Error) as refused:
        client_of(served).refresh_token(newest)
    assert refused.value.error_code == "invalid_grant"
    with pytest.raises(Auth0Error) as wrong:
        client_of(served).login(user.username, "wrong", realm=served.sandbox.defaults.realm)
    assert (wrong.value.error_code, wrong.value.message) == ("invalid_grant", "Wrong email or password.")


def test_a_second_factor_is_asked_for_and_given(served: Served) -> None:
    user, client = served.user("sms"), client_of(served)
    with pytest.raises(Auth0Error) as asked:
        log_in(served, user)
    assert (asked.value.status_code, asked.value.error_code) == (403, "mfa_required")
    assert asked.value.content is not None
    mfa_token = asked.value.content["mfa_token"]
    data = {"client_id": client.client_id, "mfa_token": mfa_token, "challenge_type": "oob"}
    challenge = client.authenticated_post(f"{served.issuer}mfa/challenge", data=data)
    tokens = ended(served, mfa_token, challenge["oob_code"], binding_code=served.newest_code(user.phone_number))
    assert verified(served, tokens["id_token"])["sub"] == user.user_id


def test_polls_that_come_too_fast_are_limited_as_long_as_they_are_due(served: Served) -> None:
    mfa_token = served.login(served.user("push", phone=served.phone()))
    oob_code = served.challenge(mfa_token, challenge_type="oob").json()["oob_code"]
    with pytest.raises(Auth0Error) as pending:
        ended(served, mfa_token, oob_code)
    assert (pending.value.status_code, pending.value.error_code) == (400, "authorization_pending")
    polled = [served.poll(mfa_token, oob_code) for _ in range(14)]
    assert [each.status_code for each in polled] == [400] * 11 + [429] * 3
    with pytest.raises(RateLimitError) as limited:
        ended(served, mfa_token, oob_code)
    assert limited.value.error_code == "slow_down"
    assert limited.value.reset_at == int(polled[-1].headers["x-ratelimit-reset"]) > served.sandbox.clock.now()


def test_an_api_verifies_the_access_tokens_of_a_user_and_of_a_machine(served: Served) -> None:
    known, user = served.sandbox.defaults, served.user("sms")
    tokens = client_of(served).client_credentials(known.audience)
    claims = verified(served, tokens["access_token"], audience=known.audience)
    assert (claims["sub"], claims["aud"]) == (f"{known.client_id}@clients", known.audience)
    # The verifier of id_tokens wants an azp of its own; of a user's access token an API checks these.
    token = served.tokens(user, scope=SCOPE, audience=known.audience)["access_token"]
    claims = AsymmetricSignatureVerifier(f"{served.issuer}.well-known/jwks.json").verify_signature(token)
    assert (claims["iss"], claims["sub"], known.audience in claims["aud"]) == (served.issuer, user.user_id, True)


def test_passwordless_sms_and_email_log_in_and_a_link_is_what_email_sends_unasked(served: Served) -> None:
    set_up(served.sandbox, policy="never")
    client, number, email = Passwordless(served.domain, *served.pair), "+15550147", "sam@example.com"
    by_sms, by_email = client.sms(number), client.email(email, send="code")
    assert (type(by_sms["_id"]), by_sms["phone_number"], type(by_sms["phone_verified"])) == (str, number, bool)
    assert (type(by_email["_id"]), by_email["email"], type(by_email["email_verified"])) == (str, email, bool)
    audience = served.sandbox.defaults.audience
    for realm, address in (("sms", number), ("email", email)):
        code = served.newest_code(address)
        tokens = client_of(served).passwordless_login(address, code, realm, SCOPE, audience)
        assert verified(served, tokens["id_token"])["sub"].startswith(f"{realm}|")
    client.email(email)
    assert (served.inbox(email)[-1].link is None, served.inbox(email)[-1].code) == (False, None)


@pytest.fixture
def management(served: Served) -> Iterator[ManagementClient]:
    """The SDK's client; httpx finds the CA by SSL_CERT_FILE, the token request makes a client of its own."""
    known = served.sandbox.defaults
    with httpx.Client() as http:
        yield ManagementClient(
            domain=served.domain,
            client_id=known.mgmt_client_id,
            client_secret=known.mgmt_client_secret,
            httpx_client=http,
        )


def test_factors_policies_and_an_application_are_read_and_set(served: Served, management: ManagementClient) -> None:
    guardian = management.guardian
    before = {factor.name: factor.enabled for factor in guardian.factors.list()}
    on, off = ("sms", "push-notification", "otp", "recovery-code"), ("email", "duo", "webauthn-roaming")
    assert before == dict.fromkeys(on, True) | dict.fromkeys((*off, "webauthn-platform"), False)
    assert guardian.factors.set("email", enabled=True).enabled is True
    assert {factor.name: factor.enabled for factor in guardian.factors.list()} == {**before, "email": True}
    assert guardian.policies.list() == ["all-applications"]
    assert guardian.policies.set(request=["confidence-score"]) == guardian.policies.list() == ["confidence-score"]
    assert guardian.factors.phone.set_message_types(message_types=["sms", "voice"]).message_types == ["sms", "voice"]
    assert guardian.factors.phone.get_message_types().message_types == ["sms", "voice"]
    assert guardian.factors.phone.get_selected_provider().provider == "auth0"
    assert guardian.factors.push_notification.get_selected_provider().provider == "guardian"
    clients, client_id = management.clients, served.sandbox.defaults.client_id
    found = clients.get(client_id)
    assert (found.client_id, found.token_endpoint_auth_method) == (client_id, "client_secret_post")
    assert found.grant_types is not None
    assert all([found.name, found.tenant, found.app_type, f"{GRANT}/mfa-oob" in found.grant_types])
    kept = [grant for grant in found.grant_types if not grant.endswith("/mfa-otp")]
    assert clients.update(client_id, grant_types=kept).grant_types == kept
    assert client_id in {one.client_id for one in clients.list()}
    with pytest.raises(ApiError) as refused:
        guardian.factors.set("no-such-factor", enabled=True)
    assert (refused.value.status_code, refused.value.body["statusCode"]) == (400, 400)


def test_a_user_is_found_and_their_factors_are_removed(served: Served, management: ManagementClient) -> None:
    user, other, users = served.user("push", "sms", phone=served.phone()), served.user("sms"), management.users
    assert users.get(user.user_id).email == user.email
    assert [one.user_id for one in users.list_users_by_email(email=user.email)] == [user.user_id]
    assert users.regenerate_recovery_code(user.user_id).recovery_code
    methods = {method.type: method.id for method in users.authentication_methods.list(user.user_id)}
    assert methods.keys() >= {"phone", "push"}
    users.authentication_methods.delete(user.user_id, methods["push"])
    assert "push" not in {one.type for one in users.authentication_methods.list(user.user_id)}
    users.authentication_methods.delete_all(user.user_id)
    assert list(users.authentication_methods.list(user.user_id)) == []
    (listed,) = users.enrollments.get(other.user_id)
    assert (listed.status, listed.id is None) == ("confirmed", False)
    assert management.guardian.enrollments.get(str(listed.id)).id == listed.id
    management.guardian.enrollments.delete(str(listed.id))
    assert users.enrollments.get(other.user_id) == []
    ticket = management.guardian.enrollments.create_ticket(user_id=other.user_id)
    assert str(ticket.ticket_url).startswith(served.issuer)
