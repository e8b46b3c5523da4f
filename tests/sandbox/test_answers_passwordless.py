"""Passwordless logins: what is answered (the reference's sections 7 and 8.6), sent and opened, and how often."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.sandbox_mothers import GRANT, MFA_AUDIENCE, App, basic, bearer, claims_of, error_of, set_up
from tests.sandbox.scenario import (
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

NUMBER, EMAIL = "+15550123", "jane.doe@example.com"
PASSWORDS, OTP, START = "Username-Password-Authentication", f"{GRANT}/passwordless/otp", "/passwordless/start"
BY_PASSWORD_TEXT = "Invalid connection strategy. It must either be a passwordless connection"
TOO_OFTEN_TEXT = "You've reached the maximum number of attempts. Please try to login again."


def bad(name: str, text: str, evidence: str = "doc") -> Said:
    return 400, f"bad.{name}", text, evidence


def lacks(name: str, evidence: str = "doc") -> Said:
    return bad(name, f"Missing required property: {name}", evidence)


def start(address: str = NUMBER, **fields: object) -> Happening:
    return lambda scene: scene.app.start(address, **fields)


def log_in(address: str = NUMBER, otp: str = "x", **fields: str) -> Happening:
    return lambda scene: scene.app.passwordless(address, otp, **fields)


def exhausted(scene: Scene) -> httpx.Response:
    scene.app.start()
    return [log_in()(scene) for _ in range(4)][-1]


def revoke(**fields: str) -> Happening:
    return lambda scene: scene.http("POST", "/oauth/revoke", json={**scene.app.credentials, **fields})


# fmt: off
NOT_A_NUMBER = bad("phone_number", r"String does not match pattern: ^\+[0-9]{1,15}$")
NO_EMAIL     = lacks("email", "doc test guess")
NOT_AN_EMAIL = bad("email", r"String does not match pattern: ^[^@\s]+@[^@\s]+$", "doc test guess")
NOT_PROVEN   = 403, "unauthorized_client", "Client authentication is required", "forum"
NO_STRING    = bad("request", "error in phone_number - invalid type: number (expected string)", "doc guess guess")
NO_OBJECT    = bad("authParams", "error in authParams - invalid type: string (expected object)")
UNKNOWN      = bad("request", "the following properties are not allowed: colour, phone")
NO_SEND      = bad("send", "String does not match pattern: ^(code|link)$", "guess")
BY_PASSWORD  = bad("connection", BY_PASSWORD_TEXT)
NOT_THERE    = bad("connection", "Connection does not exist")
DISABLED     = bad("connection", "Connection is disabled")
WRONG        = 403, "invalid_grant", "Wrong phone number or verification code.", "test"
WRONG_EMAIL  = 403, "invalid_grant", "Wrong email or verification code.", "forum"
TOO_OFTEN    = 403, "invalid_grant", TOO_OFTEN_TEXT, "forum"
NO_REALM     = 400, "invalid_request", "invalid connection specified for passwordless grant", "guess"
NO_API       = 400, "invalid_request", "invalid audience specified for password grant exchange", "guess"
STARTS = table(
    ("7.1 client_id missing",    start(client_id=None),                                 lacks("client_id")),
    ("7.1 wrong secret",         start(client_secret="x"),                              UNAUTHORIZED),
    ("7.1 secret missing",       start(client_secret=None),                             NOT_PROVEN),
    ("7.1 connection missing",   start(connection=None),                                lacks("connection")),
    ("7.1 unknown connection",   start(connection="fax"),                               NOT_THERE),
    ("7.1 password connection",  start(connection=PASSWORDS),                           BY_PASSWORD),
    ("7.1 authParams no object", start(authParams="scope=openid"),                      NO_OBJECT),
    ("7.1 more properties",      start(colour="red", phone="x"),                        UNKNOWN),
    ("7.1 number missing",       start(phone_number=None),                  lacks("phone_number")),
    ("7.1 no plus",              start(phone_number="15550123"),                        NOT_A_NUMBER),
    ("7.1 no digits",            start(phone_number="+"),                               NOT_A_NUMBER),
    ("7.1 16 digits",            start(phone_number="+1234567890123456"),               NOT_A_NUMBER),
    ("7.1 a line end",           start(phone_number="+1\n"),                            NOT_A_NUMBER),
    ("7.1 other digits",         start(phone_number="+\u0661"),                         NOT_A_NUMBER),
    ("7.1 wrong type",           start(phone_number=7),                                 NO_STRING),
    ("7.1 email missing",        start(EMAIL, email=None),                              NO_EMAIL),
    ("7.1 bad email",            start(EMAIL, email="jane"),                            NOT_AN_EMAIL),
    ("7.1 bad send",             start(send="fax"),                                     NO_SEND),
)
PASSWORDLESS = table(
    ("7.1 disabled connection",  lambda scene: start()(scene.set(passwordless={"email"})), DISABLED),
    ("7.1 grant not allowed",    lambda scene: start()(scene.without(OTP)), not_allowed(OTP, "guess")),
    ("7.2 grant not allowed",    lambda scene: log_in()(scene.without(OTP)), not_allowed(OTP)),
    ("7.2 wrong code by SMS",    log_in(),                                              WRONG),
    ("7.2 wrong code by email",  log_in(EMAIL),                                         WRONG_EMAIL),
    ("7.2 too many tries",       exhausted,                                             TOO_OFTEN),
    ("7.2 right code",           lambda scene: scene.app.log_in_passwordless(),         MFA_REQUIRED),
    ("7.2 wrong secret",         log_in(client_secret="wrong"),                         UNAUTHORIZED),
    ("7.2 username missing",     log_in(username=""),                                   missing("username")),
    ("7.2 otp missing",          log_in(otp=""),                                        missing("otp")),
    ("7.2 realm missing",        log_in(realm=""),                                      missing("realm")),
    ("7.2 unknown realm",        log_in(realm="fax"),                                   NO_REALM),
    ("7.2 unknown audience",     log_in(audience="https://unknown.example/"),            NO_API),
    ("8.6 token missing",        revoke(),                        missing("token", "doc doc guess")),
    ("8.6 wrong secret",         revoke(client_secret="x", token="t"),                  UNAUTHORIZED),
)
# fmt: on


@each_of((*STARTS, *PASSWORDLESS))
def test_a_passwordless_login_is_answered_as_the_reference_says(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)
    assert scenario not in STARTS or not (scene.app.inbox() or scene.app.inbox(EMAIL)), "nothing is sent"


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
        assert scene.http("POST", START, json=body).json()["error"] == error


def test_a_start_by_sms_sends_a_code_in_the_language_of_the_request(app: App) -> None:
    for send in ("code", None, "link"):
        answer = app.start(NUMBER, send=send).json()
        assert answer == {"_id": answer["_id"], "phone_number": NUMBER, "phone_verified": False}
        assert re.fullmatch("[0-9a-f]{24}", answer["_id"])
        message = app.inbox(NUMBER)[-1]
        assert (message.channel, message.purpose, message.link) == ("sms", "passwordless", None)
        assert re.fullmatch("[0-9]{6}", code := str(message.code))
        assert message.text == f"Your verification code for sandbox is: {code}"
    asked, norwegian = {"connection": "sms", "phone_number": NUMBER}, {"accept-language": "no"}
    for headers, language in ({}, None), (norwegian, "no"), ({"x-request-language": "fr", **norwegian}, "fr"):
        app.http.post(START, json={**app.credentials, **asked}, headers=headers)
        assert app.inbox(NUMBER)[-1].language == language
    # A public application needs no secret, and a form is read; a Basic header names an application, a Bearer does not.
    assert app.http.post(START, data={"client_id": app.sandbox.defaults.public_client_id, **asked}).status_code == 200
    assert app.http.post(START, json=asked, headers=basic(*app.credentials.values())).status_code == 200
    assert error_of(app.http.post(START, json=asked, headers=bearer("x")))[1] == "bad.client_id"


def test_a_start_by_email_sends_a_code_or_by_default_a_link(app: App) -> None:
    assert app.start(EMAIL).json().keys() == {"_id", "email", "email_verified"}
    (message,) = app.inbox(EMAIL)
    assert (message.channel, message.link, len(str(message.code))) == ("email", None, 6)
    for send in (None, "", "link"):
        app.start(EMAIL, send=send, authParams={"scope": "openid", "state": "s"})
        message = app.inbox(EMAIL)[-1]
        parts = urlsplit(link := str(message.link))
        query = {name: value for name, (value,) in parse_qs(parts.query).items()}
        assert (message.code, parts.path) == (None, "/passwordless/verify_redirect")
        assert query.pop("verification_code").isdigit()
        asked = {"scope": "openid", "state": "s", "connection": "email", "email": EMAIL}
        assert query == {**asked, "client_id": app.sandbox.defaults.client_id}
        assert message.text == f"Click here to log in to sandbox: {link}"
    assert app.http.get(link).status_code == 501


@pytest.mark.parametrize(
    ("address", "other", "wrong"), [(NUMBER, "+15550199", WRONG), (EMAIL, "other@example.com", WRONG_EMAIL)]
)
def test_a_code_is_good_once_for_three_minutes_and_three_tries_and_makes_the_user(
    app: App, address: str, other: str, wrong: Said
) -> None:
    def taken(code: str, whose: str = address, **fields: str) -> tuple[int, str, str] | str:
        answer = app.passwordless(whose, code, **fields)
        return "tokens" if answer.status_code == 200 else error_of(answer)

    def fresh() -> str:
        app.start(address)
        return app.newest_code(address)

    set_up(app.sandbox, policy="never")
    users = len(app.sandbox.tenant.users)
    old, code = fresh(), fresh()
    assert taken(old) == taken("é") == taken(code, other) == wrong[:3]
    # A mistake elsewhere in the request uses nothing up.
    assert taken(code, realm="fax") == NO_REALM[:3]
    assert taken(code, audience="https://unknown.example/") == NO_API[:3]
    assert len(app.sandbox.tenant.users) == users
    asked = {"scope": "openid profile email", "redirect_uri": "https://ignored.example"}
    claims = claims_of(app.passwordless(address.upper(), code, **asked).json()["id_token"])
    assert taken(code) == wrong[:3]
    assert [value for name, value in app.start(address).json().items() if name.endswith("_verified")] == [True]
    assert claims["sub"] == f"{'sms' if address == NUMBER else 'email'}|{app.start(address).json()['_id']}"
    assert (claims["name"].lower(), claims.get("email", "").lower()) == (address, EMAIL if address == EMAIL else "")
    code = fresh()
    app.sandbox.clock.advance(179.9)
    assert taken("x") == taken("x") == wrong[:3]
    again = app.passwordless(address, code, audience=app.sandbox.defaults.audience, scope="openid").json()
    assert claims_of(again["id_token"])["sub"] == claims["sub"]
    assert "gty" not in claims_of(again["access_token"])
    assert len(app.sandbox.tenant.users) == users + 1
    code = fresh()
    assert [taken("x"), taken("x"), taken("x"), taken(code), taken("x")] == [wrong[:3]] * 3 + [TOO_OFTEN[:3]] * 2
    code = fresh()
    app.sandbox.clock.advance(180)
    assert taken(code) == wrong[:3]
    assert taken(fresh()) == "tokens"


def test_the_articles_chain_ends_with_a_token_for_the_mfa_audience(app: App) -> None:
    mfa_token = app.log_in_passwordless(NUMBER, audience=MFA_AUDIENCE, scope="openid").json()["mfa_token"]
    first = app.newest_code(NUMBER)
    assert "otpauth://totp/sandbox:%2B15550123?secret=" in app.associate_otp(mfa_token).json()["barcode_uri"]
    oob_code = app.associate_sms(mfa_token, NUMBER).json()["oob_code"]
    assert [message.purpose for message in app.inbox(NUMBER)] == ["passwordless", "mfa"]
    # The code of one factor is none of the other.
    assert error_of(app.poll(mfa_token, oob_code, binding_code=first))[2] == "Invalid binding_code."
    assert error_of(app.passwordless(NUMBER, app.newest_code(NUMBER))) == WRONG[:3]
    granted = app.poll(mfa_token, oob_code, binding_code=app.newest_code(NUMBER)).json()
    assert claims_of(granted["access_token"])["aud"][0] == MFA_AUDIENCE


def test_a_passwordless_user_is_another_one_than_that_of_the_password(app: App) -> None:
    email = app.sandbox.defaults.email
    assert error_of(app.log_in_passwordless(email))[1] == "mfa_required"
    user_ids = [user.user_id for user in app.sandbox.tenant.users.values() if user.email == email]
    assert sorted(one.partition("|")[0] for one in user_ids) == ["auth0", "email"]
