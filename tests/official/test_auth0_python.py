"""auth0-python on the sandbox, as its README shows it: logins, tokens as clients check them, the Management API."""

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


def keys_of(served: Served) -> AsymmetricSignatureVerifier:
    return AsymmetricSignatureVerifier(f"{served.issuer}.well-known/jwks.json")


def verified(served: Served, token: str, *, audience: str = "", issuer: str = "") -> dict[str, Any]:
    """Return what the SDK's verifier, which asks for the key in the JWKS, finds in a token."""
    issuer, audience = issuer or served.issuer, audience or served.sandbox.defaults.client_id
    found: dict[str, Any] = TokenVerifier(keys_of(served), issuer=issuer, audience=audience).verify(token)
    return found


def log_in(served: Served, user: User, password: str = "") -> dict[str, Any]:
    realm = served.sandbox.defaults.realm
    named = {"scope": SCOPE, "realm": realm, "audience": served.sandbox.defaults.audience}
    found: dict[str, Any] = client_of(served).login(user.username, password or user.password, **named)
    return found


def posted(served: Served, path: str, **data: str) -> dict[str, Any]:
    """Send what has no method of its own by the client's own post."""
    client = client_of(served)
    data = {"client_id": client.client_id, **data}
    found: dict[str, Any] = client.authenticated_post(f"{served.issuer}{path}", data=data)
    return found


def test_a_password_login_gives_tokens_to_verify_refresh_and_revoke(served: Served) -> None:
    set_up(served.sandbox, policy="never")
    user = served.user()
    tokens = log_in(served, user)
    assert verified(served, tokens["id_token"])["sub"] == user.user_id
    # The verifier of id_tokens wants an azp of its own; of a user's access token an API checks these.
    claims, known = keys_of(served).verify_signature(tokens["access_token"]), served.sandbox.defaults
    assert (claims["iss"], claims["sub"], known.audience in claims["aud"]) == (served.issuer, user.user_id, True)
    token = client_of(served).client_credentials(known.audience)["access_token"]
    assert verified(served, token, audience=known.audience)["sub"] == f"{known.client_id}@clients"
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
        log_in(served, user, "wrong")
    assert (wrong.value.error_code, wrong.value.message) == ("invalid_grant", "Wrong email or password.")


def test_a_second_factor_is_asked_for_and_polls_that_come_too_fast_are_limited(served: Served) -> None:
    user = served.user("push", phone=served.phone())
    with pytest.raises(Auth0Error) as asked:
        log_in(served, user)
    assert (asked.value.status_code, asked.value.error_code) == (403, "mfa_required")
    assert asked.value.content is not None
    fields = {"mfa_token": asked.value.content["mfa_token"]}
    challenge = posted(served, "mfa/challenge", challenge_type="oob", **fields)
    fields |= {"oob_code": challenge["oob_code"], "grant_type": f"{GRANT}/mfa-oob"}
    polled = []
    for _ in range(13):
        with pytest.raises(Auth0Error) as refused:
            posted(served, "oauth/token", **fields)
        polled.append((refused.value.status_code, refused.value.error_code))
    assert polled == [(400, "authorization_pending")] * 12 + [(429, "slow_down")]
    assert isinstance(refused.value, RateLimitError)
    assert refused.value.reset_at > served.sandbox.clock.now()


def test_passwordless_sms_and_email_log_in_and_a_link_is_what_email_sends_unasked(served: Served) -> None:
    set_up(served.sandbox, policy="never")
    client, number, email = Passwordless(served.domain, *served.pair), "+15550147", "sam@example.com"
    for realm, address, kind, sent in (
        ("sms", number, "phone", client.sms(number)),
        ("email", email, "email", client.email(email, send="code")),
    ):
        assert ({*sent} > {"_id", f"{kind}_verified"}, address in sent.values()) == (True, True)
        code, audience = served.newest_code(address), served.sandbox.defaults.audience
        tokens = client_of(served).passwordless_login(address, code, realm, SCOPE, audience)
        assert verified(served, tokens["id_token"])["sub"].startswith(f"{realm}|")
    client.email(email)
    assert (served.inbox(email)[-1].link is None, served.inbox(email)[-1].code) == (False, None)


ON = {"sms", "push-notification", "otp", "recovery-code"}
EVERY = {*ON, "email", "duo", "webauthn-roaming", "webauthn-platform"}
# What the SDK is asked, call after call, and what it returns
CALLS = """
{each.name for each in guardian.factors.list()}                                          => EVERY
{each.name for each in guardian.factors.list() if each.enabled}                          => ON
guardian.factors.set('email', enabled=True).enabled                                      => True
{each.name for each in guardian.factors.list() if each.enabled}                          => {*ON, 'email'}
guardian.policies.set(request=['confidence-score'])                                      => ['confidence-score']
guardian.policies.list()                                                                 => ['confidence-score']
guardian.factors.phone.set_message_types(message_types=['voice']).message_types          => ['voice']
guardian.factors.phone.get_message_types().message_types                                 => ['voice']
guardian.factors.phone.get_selected_provider().provider                                  => 'auth0'
guardian.factors.push_notification.get_selected_provider().provider                      => 'guardian'
clients.get(app).token_endpoint_auth_method                                              => 'client_secret_post'
clients.update(app, grant_types=['password']).grant_types                                => ['password']
app in {each.client_id for each in clients.list()}                                       => True
users.get(mine).user_id == mine                                                          => True
[each.user_id for each in users.list_users_by_email(email=email)] == [mine]              => True
len(users.regenerate_recovery_code(mine).recovery_code)                                  => 24
kinds.update({each.type: each.id for each in users.authentication_methods.list(mine)})   => None
kinds.keys() >= {'phone', 'push'}                                                        => True
users.authentication_methods.delete(mine, kinds['push'])                                 => None
'push' in {each.type for each in users.authentication_methods.list(mine)}                => False
users.authentication_methods.delete_all(mine)                                            => None
list(users.authentication_methods.list(mine))                                            => []
enrolled.extend(users.enrollments.get(other))                                            => None
[each.status for each in enrolled]                                                       => ['confirmed']
guardian.enrollments.get(enrolled[0].id).id == enrolled[0].id                            => True
guardian.enrollments.delete(enrolled[0].id)                                              => None
users.enrollments.get(other)                                                             => []
guardian.enrollments.create_ticket(user_id=other).ticket_url.startswith(issuer)          => True
"""


def test_the_management_client_reads_and_sets_factors_applications_and_users(served: Served) -> None:
    known, user = served.sandbox.defaults, served.user("push", "sms", phone=served.phone())
    names: dict[str, Any] = {"app": known.client_id, "mine": user.user_id, "email": user.email}
    names |= {"other": served.user("sms").user_id, "issuer": served.issuer, "kinds": {}, "enrolled": []}
    names |= {"ON": ON, "EVERY": EVERY}
    with httpx.Client() as http:  # it finds the CA by SSL_CERT_FILE; the token request makes a client of its own
        own: dict[str, Any] = {"client_id": known.mgmt_client_id, "client_secret": known.mgmt_client_secret}
        api = ManagementClient(domain=served.domain, **own, httpx_client=http)
        names |= {"guardian": api.guardian, "clients": api.clients, "users": api.users}
        for row in CALLS.strip().splitlines():
            call, _, wanted = row.partition(" => ")
            assert (call, eval(call, names)) == (call, eval(wanted, names))
        with pytest.raises(ApiError) as refused:
            api.guardian.factors.set("no-such-factor", enabled=True)
    assert (refused.value.status_code, refused.value.body["statusCode"]) == (400, 400)
