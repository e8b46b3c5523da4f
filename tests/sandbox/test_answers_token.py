"""What `/oauth/token` answers before a second factor, typed from the reference: sections 0.5, 0.6, 1, 8.1 and 9.1."""

import json

import httpx

from tests.sandbox.sandbox_mothers import GRANT, MFA_AUDIENCE, App, basic, error_of, set_up
from tests.sandbox.scenario import (
    IN_BOTH_PROFILES,
    MFA_REQUIRED,
    UNAUTHORIZED,
    Happening,
    Said,
    Scenario,
    Scene,
    check,
    each_of,
    missing,
    not_allowed,
    table,
)

GONE = "The refresh_token was generated for a user who doesn't exist anymore."
NO_AUDIENCE_TEXT = "No audience parameter was provided, and no default audience has been configured"
NO_GRANT_TEXT = (
    f'Client is not authorized to access "{MFA_AUDIENCE}". You might probably want to create a "client-grant" '
    "associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
)
# fmt: off
BY_POLICY     = (*MFA_REQUIRED[:3], "guess doc doc")
WRONG         = 403, "invalid_grant", "Wrong email or password.", "rec"
NO_API        = 400, "invalid_request", "invalid audience specified for password grant exchange", "rec"
NO_DIRECTORY  = 500, "server_error", "Authorization server not configured with default connection.", "forum"
NO_CONNECTION = 400, "invalid_request", "invalid connection specified for password grant", "guess guess forum"
UNKNOWN_GRANT = 400, "unsupported_grant_type", "Grant type not supported", "doc"
NO_METHOD     = 405, "method_not_allowed", "The method GET is not allowed here.", "doc doc guess"
UNKNOWN_TOKEN = 403, "invalid_grant", "Unknown or invalid refresh token.", "forum"
USER_IS_GONE  = 403, "invalid_grant", GONE, "guess test test"
NO_SERVICE    = 403, "access_denied", "Service not enabled within domain: https://tea.example/", "forum"
NO_AUDIENCE   = 403, "access_denied", NO_AUDIENCE_TEXT, "guess forum forum"
NO_GRANT      = 403, "access_denied", NO_GRANT_TEXT, "forum"
BAD_SCOPE     = 400, "invalid_scope", "Scope must be an array or a string", "doc"
# fmt: on
PASSKEY = "urn:okta:params:oauth:grant-type:webauthn"
REALM, PASSWORDS = f"{GRANT}/password-realm", "Username-Password-Authentication"
JSON, FORM = "application/json", "application/x-www-form-urlencoded;charset=UTF-8"


def unread(problem: str) -> Said:
    return 400, "invalid_request", problem, "guess"


def ask(**fields: str) -> Happening:
    return lambda scene: scene.app.password(**fields)


def login(scene: Scene) -> dict[str, str]:
    known = scene.box.defaults
    return {"grant_type": "password", "username": known.username, "password": known.password}


def ask_in_json(**fields: object) -> Happening:
    return lambda scene: scene.http("POST", "/oauth/token", json={**scene.app.credentials, **login(scene), **fields})


def public(scene: Scene) -> httpx.Response:
    return ask(client_id=scene.box.defaults.public_client_id, client_secret="")(scene)


def by_basic(secret: str = "", spelled: str = "{}", *, beside: str = "") -> Happening:
    """Name the application in a header, with its secret or another one, each character spelled like that."""

    def run(scene: Scene) -> httpx.Response:
        known = scene.box.defaults
        spelt = "".join(spelled.format(letter, ord(letter)) for letter in secret or known.client_secret)
        data = {**login(scene), **({"client_id": known.public_client_id} if beside else {})}
        return scene.http("POST", "/oauth/token", data=data, headers=basic(known.client_id, spelt))

    return run


def send(kind: str, content: bytes, authorization: bytes = b"") -> Happening:
    headers = {b"content-type": kind.encode(), b"authorization": authorization}
    given = {name: value for name, value in headers.items() if value}
    return lambda scene: scene.http("POST", "/oauth/token", content=content, headers=given)


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
TOKEN = table(
    ("0.5 an array",         send(JSON, b"[1]"),                  unread("The body must be a JSON object")),
    ("0.5 a field's type",   send(JSON, b'{"client_id": []}'),    unread("client_id must be a string")),
    ("0.5 another type",     send("text/xml", b"<a/>"),        unread("Unsupported content type: text/xml")),
    ("0.5 no UTF-8",         send(FORM, b"client_id=%ff"),        unread("The body must be a form in UTF-8")),
    ("0.5 a form",           send(FORM, b"client_id=x"),                             UNAUTHORIZED),
    ("0.5 no type: a form",  send("", b"client_id=x"),                               UNAUTHORIZED),
    ("0.5 nothing",          send(JSON, b""),                                        UNAUTHORIZED),
    ("0.6 garbage as Basic", send(FORM, b"", b"Basic %%%"),                          UNAUTHORIZED),
    ("0.6 no ASCII",         send(FORM, b"", b"Basic \xe9"),                         UNAUTHORIZED),
    ("0.6 wrong Basic",      by_basic("wrong"),                                      UNAUTHORIZED),
    ("0.6 two ids",          by_basic(beside="another"),                             UNAUTHORIZED),
    ("0.6 Basic",            by_basic(),                                             MFA_REQUIRED),
    ("0.6 Basic, escaped",   by_basic(spelled="%{1:02X}"),                           MFA_REQUIRED),
    ("0.6 public",           public,                                                 MFA_REQUIRED),
    ("0.6 wrong secret",     ask(client_secret="wrong"),                             UNAUTHORIZED),
    ("0.6 unknown client",   ask(client_id="nobody"),                                UNAUTHORIZED),
    ("0.6 secret missing",   ask(client_secret=""),                                  UNAUTHORIZED),
    ("1.1 another case",     ask(username="JANE.ROE@EXAMPLE.COM"),                   MFA_REQUIRED),
    ("1.1 a realm",          ask(grant_type=REALM, realm=PASSWORDS),                 MFA_REQUIRED),
    ("1.1 plain, a realm",   ask(realm=PASSWORDS),                                   MFA_REQUIRED),
    ("1.1 empty is absent",  ask(audience="", realm=""),                             MFA_REQUIRED),
    ("1.1 only /userinfo",   ask(audience="https://sandbox.example/userinfo"),       MFA_REQUIRED),
    ("1.1 null is absent",   ask_in_json(audience=None, scope=None),                 MFA_REQUIRED),
    ("1.3 right password",   ask(),                                                  MFA_REQUIRED),
    ("2 MFA audience",       ask(audience=MFA_AUDIENCE),                             BY_POLICY),
    ("1.4 wrong password",   ask(password="wrong"),                                  WRONG),
    ("1.4 unknown user",     ask(username="nobody"),                                 WRONG),
    ("1.4 unknown audience", ask(audience="https://unknown.example/"),                NO_API),
    ("1.4 no directory",     lambda scene: ask()(scene.set(default_directory=None)), NO_DIRECTORY),
    ("1.4 wrong realm",      ask(grant_type=REALM, realm="email"),                   NO_CONNECTION),
    ("1.4 grant refused",    lambda scene: ask()(scene.without("password")),         not_allowed("password")),
    ("1.4 username missing", ask(username=""),                                       missing("username")),
    ("1.4 password missing", ask(password=""),                                       missing("password")),
    ("1.4 realm missing",    ask(grant_type=REALM),                                  missing("realm")),
    ("1.4 grant missing",    ask(grant_type=""),                                     missing("grant_type")),
    ("1.4 unknown grant",    ask(grant_type="tea"),                                  UNKNOWN_GRANT),
    ("1.4 a passkey",        ask(grant_type=PASSKEY),                                not_allowed(PASSKEY)),
    ("1.4 another method",   lambda scene: scene.http("GET", "/oauth/token"),        NO_METHOD),
    ("1.4 scope a number",   ask_in_json(scope=7),                                   BAD_SCOPE),
    ("8.1 unknown token",    refresh("v1.x"),                                        UNKNOWN_TOKEN),
    ("8.1 token missing",    refresh(""),                                            missing("refresh_token")),
    ("8.1 user is gone",     refresh_of_nobody,                                      USER_IS_GONE),
    ("9.1 no client grant",  machine(audience=MFA_AUDIENCE),                         NO_GRANT),
    ("9.1 no API",           machine(audience="https://tea.example/"),               NO_SERVICE),
    ("9.1 no audience",      machine(),                                              NO_AUDIENCE),
)
# fmt: on


@IN_BOTH_PROFILES
@each_of(TOKEN)
def test_the_token_endpoint_answers_as_the_reference_says(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)


def test_without_a_policy_the_tokens_come_straight_away_with_the_scopes_that_exist(app: App) -> None:
    set_up(app.sandbox, policy="never")
    audience = app.sandbox.defaults.audience
    answer = app.password(audience=audience)
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer.json()["scope"] == "read:orders write:orders"
    assert app.password(audience=audience, scope="openid fly read:orders").json()["scope"] == "openid read:orders"


def test_what_is_not_read_is_noted_where_it_looks_meant_and_what_is_read_by_a_guess(app: App) -> None:
    public = app.sandbox.defaults.public_client_id
    answer = app.token(client_id=public, grant_type="password", user_name="x", fancy="y", scope="openid")
    assert error_of(answer)[2] == "Missing required parameter: username"
    notes = answer.extensions["auth0_lab_notes"]
    assert "`user_name` is not read: did you mean `username`?" in notes
    assert "sandbox: this application is public: the secret that it sends is not read" in notes
    assert not [note for note in notes if "fancy" in note]
    fields = {"authentication_types": ["oob"], "authenticator_types": None}
    told = app.associate(app.mfa_token(), **fields).extensions["auth0_lab_notes"]
    assert "`authentication_types` is not read: did you mean `authenticator_types`?" in told
    form = app.http.post("/mfa/challenge", content=json.dumps(app.credentials), headers={"content-type": FORM})
    guessed = "sandbox: JSON without its content type, as in Auth0's push guide; that it is read is a guess"
    assert form.extensions["auth0_lab_notes"][0] == guessed
