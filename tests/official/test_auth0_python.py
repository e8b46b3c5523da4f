"""auth0-python against the sandbox, as its README shows it: logins, codes, token verification, the Management API."""

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
from tests.official.served import GRANT, Served

SCOPE = "openid profile email offline_access"


def tokens_of(served: Served) -> GetToken:
    known = served.sandbox.defaults
    return GetToken(served.domain, known.client_id, known.client_secret)


def passwordless(served: Served) -> Passwordless:
    known = served.sandbox.defaults
    return Passwordless(served.domain, known.client_id, known.client_secret)


def verifier(served: Served, *, issuer: str | None = None) -> TokenVerifier:
    signatures = AsymmetricSignatureVerifier(f"https://{served.domain}/.well-known/jwks.json")
    audience = served.sandbox.defaults.client_id
    return TokenVerifier(signature_verifier=signatures, issuer=issuer or served.issuer, audience=audience)


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


def log_in(served: Served, user: User, **fields: Any) -> dict[str, Any]:
    realm = served.sandbox.defaults.realm
    found: dict[str, Any] = tokens_of(served).login(
        username=user.username, password=user.password, realm=realm, **{"scope": SCOPE, **fields}
    )
    return found


def test_a_password_login_gives_tokens_that_the_verifier_accepts(served: Served) -> None:
    served.set_up(policy="never")
    user = served.user()
    tokens = log_in(served, user)
    claims = verifier(served).verify(tokens["id_token"])
    assert claims["sub"] == user.user_id
    assert Users(served.domain).userinfo(tokens["access_token"])["sub"] == user.user_id


def test_the_verifier_refuses_another_spelling_of_the_issuer(served: Served) -> None:
    served.set_up(policy="never")
    tokens = log_in(served, served.user())
    with pytest.raises(TokenValidationError, match="Issuer"):
        verifier(served, issuer=f"https://127.0.0.1:{served.port}/").verify(tokens["id_token"])


def test_a_second_factor_is_asked_for_and_given_by_the_clients_own_post(served: Served) -> None:
    user = served.user("sms")
    with pytest.raises(Auth0Error) as asked:
        log_in(served, user)
    assert (asked.value.status_code, asked.value.error_code) == (403, "mfa_required")
    assert asked.value.content is not None
    mfa_token = asked.value.content["mfa_token"]
    client = tokens_of(served)
    challenge = client.authenticated_post(
        f"https://{served.domain}/mfa/challenge",
        data={"client_id": client.client_id, "mfa_token": mfa_token, "challenge_type": "oob"},
    )
    tokens = client.authenticated_post(
        f"https://{served.domain}/oauth/token",
        data={
            "grant_type": f"{GRANT}/mfa-oob",
            "client_id": client.client_id,
            "mfa_token": mfa_token,
            "oob_code": challenge["oob_code"],
            "binding_code": served.code(user.phone_number),
        },
    )
    assert verifier(served).verify(tokens["id_token"])["sub"] == user.user_id


def test_a_pending_push_and_a_wrong_password_keep_their_codes(served: Served) -> None:
    phone = served.phone()
    user = served.user("push", phone=phone)
    mfa_token = served.mfa_token(user)
    oob_code = served.challenge(mfa_token, challenge_type="oob").json()["oob_code"]
    client = tokens_of(served)
    poll = {"grant_type": f"{GRANT}/mfa-oob", "mfa_token": mfa_token, "oob_code": oob_code}
    with pytest.raises(Auth0Error) as pending:
        client.authenticated_post(f"https://{served.domain}/oauth/token", data={"client_id": client.client_id, **poll})
    assert (pending.value.status_code, pending.value.error_code) == (400, "authorization_pending")
    with pytest.raises(Auth0Error) as wrong:
        client.login(user.username, "wrong", realm=served.sandbox.defaults.realm)
    assert (wrong.value.error_code, wrong.value.message) == ("invalid_grant", "Wrong email or password.")


def test_refreshing_with_an_empty_scope_and_revoking_work(served: Served) -> None:
    served.set_up(policy="never")
    tokens = log_in(served, served.user())
    again = tokens_of(served).refresh_token(tokens["refresh_token"])
    assert verifier(served).verify(again["id_token"])
    newest = again.get("refresh_token", tokens["refresh_token"])
    known = served.sandbox.defaults
    RevokeToken(served.domain, known.client_id, known.client_secret).revoke_refresh_token(newest)
    with pytest.raises(Auth0Error) as refused:
        tokens_of(served).refresh_token(newest)
    assert refused.value.error_code == "invalid_grant"


def test_client_credentials_give_a_machine_its_token(served: Served) -> None:
    known = served.sandbox.defaults
    tokens = tokens_of(served).client_credentials(known.audience)
    signatures = AsymmetricSignatureVerifier(f"https://{served.domain}/.well-known/jwks.json")
    claims = TokenVerifier(signatures, issuer=served.issuer, audience=known.audience).verify(tokens["access_token"])
    assert claims["sub"] == f"{known.client_id}@clients"


def test_passwordless_sms_and_email_log_in(served: Served) -> None:
    served.set_up(policy="never")
    client = passwordless(served)
    number, email = "+15550147", "sam@example.com"
    assert client.sms(number)["phone_number"] == number
    assert client.email(email, send="code")["email"] == email
    known = served.sandbox.defaults
    for realm, address in (("sms", number), ("email", email)):
        tokens = tokens_of(served).passwordless_login(address, served.code(address), realm, SCOPE, known.audience)
        assert verifier(served).verify(tokens["id_token"])["sub"].startswith(f"{realm}|")


def test_a_link_is_what_email_sends_unless_a_code_is_asked_for(served: Served) -> None:
    passwordless(served).email("sam@example.com")
    newest = served.sandbox.delivery.messages("sam@example.com")[-1]
    assert newest.link is not None
    assert newest.code is None


def test_polling_too_fast_is_a_rate_limit_error_with_its_reset(served: Served) -> None:
    phone = served.phone()
    mfa_token = served.mfa_token(served.user("push", phone=phone))
    oob_code = served.challenge(mfa_token, challenge_type="oob").json()["oob_code"]
    client = tokens_of(served)
    poll = {"grant_type": f"{GRANT}/mfa-oob", "mfa_token": mfa_token, "oob_code": oob_code}
    url = f"https://{served.domain}/oauth/token"
    for _ in range(12):
        with pytest.raises(Auth0Error, match="Authorization pending"):
            client.authenticated_post(url, data={"client_id": client.client_id, **poll})
    with pytest.raises(RateLimitError) as limited:
        client.authenticated_post(url, data={"client_id": client.client_id, **poll})
    assert limited.value.error_code == "slow_down"
    assert limited.value.reset_at > served.sandbox.clock.now()


# -- the Management API


def test_factors_and_policies_are_read_and_set(management: ManagementClient) -> None:
    guardian = management.guardian
    before = {factor.name: factor.enabled for factor in guardian.factors.list()}
    assert before["push-notification"] is True
    assert before["email"] is False
    assert guardian.factors.set("email", enabled=True).enabled is True
    assert {factor.name: factor.enabled for factor in guardian.factors.list()}["email"] is True
    assert guardian.policies.list() == ["all-applications"]
    assert guardian.policies.set(request=["confidence-score"]) == ["confidence-score"]
    assert guardian.policies.list() == ["confidence-score"]
    assert guardian.factors.phone.set_message_types(message_types=["sms", "voice"]).message_types == ["sms", "voice"]
    assert guardian.factors.phone.get_message_types().message_types == ["sms", "voice"]
    assert guardian.factors.phone.get_selected_provider().provider == "auth0"
    assert guardian.factors.push_notification.get_selected_provider().provider == "guardian"


def test_an_application_is_read_and_its_grants_are_set(served: Served, management: ManagementClient) -> None:
    clients, client_id = management.clients, served.sandbox.defaults.client_id
    found = clients.get(client_id)
    assert found.client_id == client_id
    assert found.token_endpoint_auth_method == "client_secret_post"
    assert found.grant_types is not None
    kept = [grant for grant in found.grant_types if not grant.endswith("/mfa-otp")]
    assert clients.update(client_id, grant_types=kept).grant_types == kept
    assert client_id in {one.client_id for one in clients.list()}


def test_a_users_authentication_methods_are_listed_and_removed(served: Served, management: ManagementClient) -> None:
    phone = served.phone()
    user = served.user("push", "sms", phone=phone)
    users = management.users
    assert users.get(user.user_id).user_id == user.user_id
    methods = list(users.authentication_methods.list(user.user_id))
    assert {method.type for method in methods} >= {"phone", "push"}
    push = next(method for method in methods if method.type == "push")
    users.authentication_methods.delete(user.user_id, push.id)
    assert "push" not in {one.type for one in users.authentication_methods.list(user.user_id)}
    users.authentication_methods.delete_all(user.user_id)
    assert list(users.authentication_methods.list(user.user_id)) == []


def test_a_users_enrollments_are_listed_read_and_deleted(served: Served, management: ManagementClient) -> None:
    user = served.user("sms")
    listed = management.users.enrollments.get(user.user_id)
    assert [one.status for one in listed] == ["confirmed"]
    assert listed[0].id is not None
    assert management.guardian.enrollments.get(listed[0].id).id == listed[0].id
    management.guardian.enrollments.delete(listed[0].id)
    assert management.users.enrollments.get(user.user_id) == []


def test_an_enrollment_ticket_is_made(served: Served, management: ManagementClient) -> None:
    ticket = management.guardian.enrollments.create_ticket(user_id=served.user().user_id)
    assert ticket.ticket_url is not None
    assert ticket.ticket_url.startswith(served.issuer)


def test_a_user_is_found_and_changed(served: Served, management: ManagementClient) -> None:
    users, user = management.users, served.user("sms")
    assert [one.user_id for one in users.list_users_by_email(email=user.email)] == [user.user_id]
    assert users.get(user.user_id).email == user.email
    assert users.regenerate_recovery_code(user.user_id).recovery_code
    with pytest.raises(ApiError) as gone:
        users.get("auth0|nobody")
    assert gone.value.status_code == 404


def test_a_refusal_of_the_management_api_keeps_its_status_and_body(management: ManagementClient) -> None:
    with pytest.raises(ApiError) as refused:
        management.guardian.factors.set("no-such-factor", enabled=True)
    assert refused.value.status_code == 400
    assert refused.value.body["statusCode"] == 400
