"""The error tables of sections 7 and 8, typed from the reference, against what the sandbox answers."""

from dataclasses import replace

import httpx
import pytest

from tests.sandbox.sandbox_mothers import GRANT
from tests.wire.wire_scene import ErrorRow, Happening, Scene, assert_is

NUMBER, EMAIL = "+15550123", "jane.doe@example.com"
PASSWORDLESS = f"{GRANT}/passwordless/otp"


def start(**fields: object) -> Happening:
    return lambda scene: scene.app.start(NUMBER, **fields)


def start_email(**fields: object) -> Happening:
    return lambda scene: scene.app.start(EMAIL, **fields)


def disabled_start(scene: Scene) -> httpx.Response:
    scene.box.tenant.settings = replace(scene.box.tenant.settings, passwordless=frozenset({"email"}))
    return scene.app.start(NUMBER)


def without_grant(scene: Scene) -> Scene:
    clients, client_id = scene.box.tenant.clients, scene.box.defaults.client_id
    clients[client_id] = replace(clients[client_id], grants=frozenset())
    return scene


def log_in(address: str = NUMBER, otp: str = "x", **fields: str) -> Happening:
    return lambda scene: scene.app.passwordless(address, otp, **fields)


def exhausted(scene: Scene) -> httpx.Response:
    scene.app.start(NUMBER)
    return [scene.app.passwordless(NUMBER, "x") for _ in range(4)][-1]


def refresh_with(token: str) -> Happening:
    return lambda scene: scene.app.token(grant_type="refresh_token", refresh_token=token)


def refresh_of_nobody(scene: Scene) -> httpx.Response:
    user = scene.box.add_user(factors=["sms"])
    token = scene.app.tokens(user, scope="offline_access")["refresh_token"]
    del scene.box.tenant.users[user.user_id]
    return refresh_with(token)(scene)


def revoke(**fields: str) -> Happening:
    return lambda scene: scene.http("POST", "/oauth/revoke", json={**scene.app.credentials, **fields})


NOT_A_NUMBER = r"String does not match pattern: ^\+[0-9]{1,15}$"
ROWS: list[ErrorRow] = [
    ("7.1 client_id missing", start(client_id=None), 400, "bad.client_id", "Missing required property: client_id"),
    ("7.1 wrong secret", start(client_secret="x"), 401, "access_denied", "Unauthorized"),
    ("7.1 connection missing", start(connection=None), 400, "bad.connection", "Missing required property: connection"),
    ("7.1 unknown connection", start(connection="fax"), 400, "bad.connection", "Connection does not exist"),
    ("7.1 disabled connection", disabled_start, 400, "bad.connection", "Connection is disabled"),
    (
        "7.1 password connection",
        start(connection="Username-Password-Authentication"),
        400,
        "bad.connection",
        "Invalid connection strategy. It must either be a passwordless connection",
    ),
    (
        "7.1 authParams",
        start(authParams="scope=openid"),
        400,
        "bad.authParams",
        "error in authParams - invalid type: string (expected object)",
    ),
    (
        "7.1 more properties",
        start(colour="red", phone="x"),
        400,
        "bad.request",
        "the following properties are not allowed: colour, phone",
    ),
    (
        "7.1 number missing",
        start(phone_number=None),
        400,
        "bad.phone_number",
        "Missing required property: phone_number",
    ),
    ("7.1 no plus", start(phone_number="15550123"), 400, "bad.phone_number", NOT_A_NUMBER),
    ("7.1 no digits", start(phone_number="+"), 400, "bad.phone_number", NOT_A_NUMBER),
    ("7.1 16 digits", start(phone_number="+1234567890123456"), 400, "bad.phone_number", NOT_A_NUMBER),
    ("7.1 a space", start(phone_number="+1 555"), 400, "bad.phone_number", NOT_A_NUMBER),
    ("7.1 a line end", start(phone_number="+1\n"), 400, "bad.phone_number", NOT_A_NUMBER),
    ("7.1 other digits", start(phone_number="+\u0661"), 400, "bad.phone_number", NOT_A_NUMBER),
    ("7.1 email missing", start_email(email=None), 400, "bad.email", "Missing required property: email"),
    (
        "7.1 bad email",
        start_email(email="jane"),
        400,
        "bad.email",
        r"String does not match pattern: ^[^@\s]+@[^@\s]+$",
    ),
    ("7.1 bad send", start(send="fax"), 400, "bad.send", "String does not match pattern: ^(code|link)$"),
    (
        "7.1 wrong type",
        start(phone_number=7),
        400,
        "bad.request",
        "error in phone_number - invalid type: number (expected string)",
    ),
    (
        "7.1 grant not allowed",
        lambda scene: without_grant(scene).app.start(NUMBER),
        403,
        "unauthorized_client",
        f"Grant type '{PASSWORDLESS}' not allowed for the client.",
    ),
    ("7.2 wrong code by email", log_in(EMAIL), 403, "invalid_grant", "Wrong email or verification code."),
    ("7.2 wrong code by SMS", log_in(), 403, "invalid_grant", "Wrong phone number or verification code."),
    (
        "7.2 too many tries",
        exhausted,
        403,
        "invalid_grant",
        "You've reached the maximum number of attempts. Please try to login again.",
    ),
    (
        "7.2 grant not allowed",
        lambda scene: log_in()(without_grant(scene)),
        403,
        "unauthorized_client",
        f"Grant type '{PASSWORDLESS}' not allowed for the client.",
    ),
    (
        "7.2 mfa_required",
        lambda scene: scene.app.log_in_passwordless(),
        403,
        "mfa_required",
        "Multifactor authentication required",
    ),
    ("7.2 wrong secret", log_in(client_secret="wrong"), 401, "access_denied", "Unauthorized"),
    ("7.2 username missing", log_in(username=""), 400, "invalid_request", "Missing required parameter: username"),
    ("7.2 otp missing", log_in(otp=""), 400, "invalid_request", "Missing required parameter: otp"),
    ("7.2 realm missing", log_in(realm=""), 400, "invalid_request", "Missing required parameter: realm"),
    (
        "7.2 unknown realm",
        log_in(realm="fax"),
        400,
        "invalid_request",
        "invalid connection specified for passwordless grant",
    ),
    (
        "7.2 unknown audience",
        log_in(audience="https://nobody.example/"),
        400,
        "invalid_request",
        "invalid audience specified for password grant exchange",
    ),
    ("8.1 unknown", refresh_with("v1.x"), 403, "invalid_grant", "Unknown or invalid refresh token."),
    ("8.1 missing", refresh_with(""), 400, "invalid_request", "Missing required parameter: refresh_token"),
    (
        "8.1 user is gone",
        refresh_of_nobody,
        403,
        "invalid_grant",
        "The refresh_token was generated for a user who doesn't exist anymore.",
    ),
    ("8.6 token missing", revoke(), 400, "invalid_request", "Missing required parameter: token"),
    ("8.6 wrong secret", revoke(client_secret="x", token="t"), 401, "access_denied", "Unauthorized"),
]


@pytest.mark.parametrize(("happening", "status", "error", "text"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_an_error_is_what_the_reference_says(
    scene: Scene, happening: Happening, status: int, error: str, text: str
) -> None:
    assert_is(happening(scene), status, error, text)


def test_a_start_that_is_refused_sends_nothing(scene: Scene) -> None:
    for name, happening, *_ in ROWS:
        if name.startswith("7.1") and name not in ("7.1 disabled connection", "7.1 grant not allowed"):
            happening(scene)
    assert scene.app.inbox(NUMBER) == scene.app.inbox(EMAIL) == ()


def test_userinfo_refuses_in_plain_text_and_with_a_header(scene: Scene) -> None:
    """Section 8.2: the one 401 that is no JSON and has a WWW-Authenticate."""
    answer = scene.http("GET", "/userinfo", headers={"authorization": "Bearer x"})
    assert (answer.status_code, answer.text) == (401, "Unauthorized")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="Users", error="invalid_token"')


def test_the_checks_of_a_start_come_in_one_order(scene: Scene) -> None:
    """Each step repairs the failure before it and meets the next one."""
    body: dict[str, object] = {"client_secret": "x", "colour": "red", "authParams": 7, "send": 7}
    steps: list[tuple[dict[str, object], str]] = [
        ({}, "bad.client_id"),
        ({"client_id": scene.box.defaults.client_id}, "bad.request"),
        ({"send": "fax"}, "access_denied"),
        ({"client_secret": scene.box.defaults.client_secret}, "bad.request"),
        ({"colour": None}, "bad.authParams"),
        ({"authParams": {}}, "bad.connection"),
        ({"connection": "sms"}, "bad.phone_number"),
        ({"phone_number": NUMBER}, "bad.send"),
    ]
    for repair, error in steps:
        body |= repair
        assert scene.http("POST", "/passwordless/start", json=body).json()["error"] == error
