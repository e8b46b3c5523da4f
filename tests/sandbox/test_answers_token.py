"""What `/oauth/token` answers before a second factor, typed from the reference: sections 0.6, 1, 8.1 and 9.1."""

import httpx
import pytest

from tests.sandbox.sandbox_mothers import GRANT, MFA_AUDIENCE
from tests.sandbox.scenario import IN_BOTH_PROFILES, Happening, Scenario, Scene, check

GONE = "The refresh_token was generated for a user who doesn't exist anymore."
NO_AUDIENCE_TEXT = "No audience parameter was provided, and no default audience has been configured"
NO_GRANT_TEXT = (
    f'Client is not authorized to access "{MFA_AUDIENCE}". You might probably want to create a "client-grant" '
    "associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
)
# fmt: off
UNAUTHORIZED  = 401, "access_denied", "Unauthorized", "forum"
MFA_REQUIRED  = 403, "mfa_required", "Multifactor authentication required", "doc"
BY_POLICY     = 403, "mfa_required", "Multifactor authentication required", "guess doc doc"
WRONG         = 403, "invalid_grant", "Wrong email or password.", "rec"
NO_API        = 400, "invalid_request", "invalid audience specified for password grant exchange", "rec"
NO_DIRECTORY  = 500, "server_error", "Authorization server not configured with default connection.", "forum"
NO_CONNECTION = 400, "invalid_request", "invalid connection specified for password grant", "guess guess forum"
NOT_ALLOWED   = 403, "unauthorized_client", "Grant type 'password' not allowed for the client.", "forum forum doc"
UNKNOWN_GRANT = 403, "unsupported_grant_type", "Unsupported grant type: tea", "guess doc guess"
UNKNOWN_TOKEN = 403, "invalid_grant", "Unknown or invalid refresh token.", "forum"
USER_IS_GONE  = 403, "invalid_grant", GONE, "guess test test"
NO_SERVICE    = 403, "access_denied", "Service not found: https://tea.example/", "guess"
NO_AUDIENCE   = 403, "access_denied", NO_AUDIENCE_TEXT, "guess"
NO_GRANT      = 403, "access_denied", NO_GRANT_TEXT, "forum"
BAD_SCOPE     = 400, "invalid_scope", "Scope must be an array or a string", "doc"
# fmt: on
REALM = f"{GRANT}/password-realm"
USER = {"grant_type": "password", "username": "u", "password": "p"}


def missing(name: str) -> tuple[int, str, str, str]:
    return 400, "invalid_request", f"Missing required parameter: {name}", "forum forum doc"


def ask(**fields: str) -> Happening:
    return lambda scene: scene.app.password(**fields)


def ask_in_json(**fields: object) -> Happening:
    return lambda scene: scene.http("POST", "/oauth/token", json={**scene.app.credentials, **fields})


def refresh(token: str) -> Happening:
    return lambda scene: scene.app.token(grant_type="refresh_token", refresh_token=token)


def refresh_of_nobody(scene: Scene) -> httpx.Response:
    user = scene.box.add_user(factors=["sms"])
    token = scene.app.tokens(user, scope="offline_access")["refresh_token"]
    del scene.box.tenant.users[user.user_id]
    return refresh(token)(scene)


def machine(**fields: str) -> Happening:
    return lambda scene: scene.app.token(grant_type="client_credentials", **fields)


# fmt: off
TOKEN = (
    Scenario("0.6 wrong secret",     ask(client_secret="wrong"),                             *UNAUTHORIZED),
    Scenario("0.6 unknown client",   ask(client_id="nobody"),                                *UNAUTHORIZED),
    Scenario("0.6 secret missing",   ask(client_secret=""),                                  *UNAUTHORIZED),
    Scenario("1.3 right password",   ask(),                                                  *MFA_REQUIRED),
    Scenario("2 MFA audience",       ask(audience=MFA_AUDIENCE),                             *BY_POLICY),
    Scenario("1.4 wrong password",   ask(password="wrong"),                                  *WRONG),
    Scenario("1.4 unknown user",     ask(username="nobody"),                                 *WRONG),
    Scenario("1.4 unknown audience", ask(audience="https://nobody.example/"),                *NO_API),
    Scenario("1.4 no directory",     lambda scene: ask()(scene.set(default_directory=None)), *NO_DIRECTORY),
    Scenario("1.4 wrong realm",      ask(grant_type=REALM, realm="email"),                   *NO_CONNECTION),
    Scenario("1.4 grant refused",    lambda scene: ask()(scene.without("password")),         *NOT_ALLOWED),
    Scenario("1.4 username missing", ask(username=""),                                       *missing("username")),
    Scenario("1.4 password missing", ask(password=""),                                       *missing("password")),
    Scenario("1.4 realm missing",    ask(grant_type=REALM),                                  *missing("realm")),
    Scenario("1.4 grant missing",    ask(grant_type=""),                                     *missing("grant_type")),
    Scenario("1.4 unknown grant",    ask(grant_type="tea"),                                  *UNKNOWN_GRANT),
    Scenario("1.4 scope a number",   ask_in_json(**USER, scope=7),                           *BAD_SCOPE),
    Scenario("8.1 unknown token",    refresh("v1.x"),                                        *UNKNOWN_TOKEN),
    Scenario("8.1 token missing",    refresh(""),                                            *missing("refresh_token")),
    Scenario("8.1 user is gone",     refresh_of_nobody,                                      *USER_IS_GONE),
    Scenario("9.1 no client grant",  machine(audience=MFA_AUDIENCE),                         *NO_GRANT),
    Scenario("9.1 no API",           machine(audience="https://tea.example/"),               *NO_SERVICE),
    Scenario("9.1 no audience",      machine(),                                              *NO_AUDIENCE),
)
# fmt: on


@IN_BOTH_PROFILES
@pytest.mark.parametrize("scenario", TOKEN, ids=lambda scenario: scenario.given)
def test_the_token_endpoint_answers_as_the_reference_says(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)
