"""Passwordless logins: what is answered (the reference's sections 7 and 8.6), sent and opened, and how often."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox
from tests.sandbox.sandbox_mothers import (
    GRANT,
    MFA_AUDIENCE,
    App,
    app_of,
    basic,
    bearer,
    claims_of,
    error_of,
    kinds,
    new_sandbox,
    set_up,
)
from tests.sandbox.scenario import Happening, Scenario, Scene, check, last_of

NUMBER, EMAIL = "+15550123", "jane.doe@example.com"
PASSWORDS, OTP = "Username-Password-Authentication", f"{GRANT}/passwordless/otp"
BY_PASSWORD_TEXT = "Invalid connection strategy. It must either be a passwordless connection"
TOO_OFTEN_TEXT = "You've reached the maximum number of attempts. Please try to login again."
START = "/passwordless/start"
Said = tuple[int, str, str, str]


def bad(name: str, text: str, evidence: str = "doc") -> Said:
    return 400, f"bad.{name}", text, evidence


def missing(name: str, evidence: str = "doc") -> Said:
    return bad(name, f"Missing required property: {name}", evidence)


def absent(name: str, evidence: str = "forum forum doc") -> Said:
    return 400, "invalid_request", f"Missing required parameter: {name}", evidence


def start(address: str = NUMBER, **fields: object) -> Happening:
    return lambda scene: scene.app.start(address, **fields)


def log_in(address: str = NUMBER, otp: str = "x", **fields: str) -> Happening:
    return lambda scene: scene.app.passwordless(address, otp, **fields)


def exhausted(scene: Scene) -> httpx.Response:
    scene.app.start()
    return last_of(4, log_in())(scene)


def revoke(**fields: str) -> Happening:
    return lambda scene: scene.http("POST", "/oauth/revoke", json={**scene.app.credentials, **fields})


# fmt: off
UNAUTHORIZED = 401, "access_denied", "Unauthorized", "forum"
NOT_ALLOWED  = 403, "unauthorized_client", f"Grant type '{OTP}' not allowed for the client."
NOT_A_NUMBER = bad("phone_number", r"String does not match pattern: ^\+[0-9]{1,15}$")
NO_EMAIL     = missing("email", "doc guess guess")
NOT_AN_EMAIL = bad("email", r"String does not match pattern: ^[^@\s]+@[^@\s]+$", "doc guess guess")
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
MFA_REQUIRED = 403, "mfa_required", "Multifactor authentication required", "doc"
NO_REALM     = 400, "invalid_request", "invalid connection specified for passwordless grant", "guess"
NO_API       = 400, "invalid_request", "invalid audience specified for password grant exchange", "guess"
STARTS = (
    Scenario("7.1 client_id missing",    start(client_id=None),                                 *missing("client_id")),
    Scenario("7.1 wrong secret",         start(client_secret="x"),                              *UNAUTHORIZED),
    Scenario("7.1 connection missing",   start(connection=None),                                *missing("connection")),
    Scenario("7.1 unknown connection",   start(connection="fax"),                               *NOT_THERE),
    Scenario("7.1 password connection",  start(connection=PASSWORDS),                           *BY_PASSWORD),
    Scenario("7.1 authParams no object", start(authParams="scope=openid"),                      *NO_OBJECT),
    Scenario("7.1 more properties",      start(colour="red", phone="x"),                        *UNKNOWN),
    Scenario("7.1 number missing", start(phone_number=None), *missing("phone_number")),
    Scenario("7.1 no plus",              start(phone_number="15550123"),                        *NOT_A_NUMBER),
    Scenario("7.1 no digits",            start(phone_number="+"),                               *NOT_A_NUMBER),
    Scenario("7.1 16 digits",            start(phone_number="+1234567890123456"),               *NOT_A_NUMBER),
    Scenario("7.1 a line end",           start(phone_number="+1\n"),                            *NOT_A_NUMBER),
    Scenario("7.1 other digits",         start(phone_number="+\u0661"),                         *NOT_A_NUMBER),
    Scenario("7.1 wrong type",           start(phone_number=7),                                 *NO_STRING),
    Scenario("7.1 email missing",        start(EMAIL, email=None),                              *NO_EMAIL),
    Scenario("7.1 bad email",            start(EMAIL, email="jane"),                            *NOT_AN_EMAIL),
    Scenario("7.1 bad send",             start(send="fax"),                                     *NO_SEND),
)
PASSWORDLESS = (
    *STARTS,
    Scenario("7.1 disabled connection",  lambda scene: start()(scene.set(passwordless={"email"})), *DISABLED),
    Scenario("7.1 grant not allowed",    lambda scene: start()(scene.without(OTP)), *NOT_ALLOWED, "guess"),
    Scenario("7.2 grant not allowed",    lambda scene: log_in()(scene.without(OTP)), *NOT_ALLOWED, "forum forum doc"),
    Scenario("7.2 wrong code by SMS",    log_in(),                                              *WRONG),
    Scenario("7.2 wrong code by email",  log_in(EMAIL),                                         *WRONG_EMAIL),
    Scenario("7.2 too many tries",       exhausted,                                             *TOO_OFTEN),
    Scenario("7.2 right code",           lambda scene: scene.app.log_in_passwordless(),         *MFA_REQUIRED),
    Scenario("7.2 wrong secret",         log_in(client_secret="wrong"),                         *UNAUTHORIZED),
    Scenario("7.2 username missing",     log_in(username=""),                                   *absent("username")),
    Scenario("7.2 otp missing",          log_in(otp=""),                                        *absent("otp")),
    Scenario("7.2 realm missing",        log_in(realm=""),                                      *absent("realm")),
    Scenario("7.2 unknown realm",        log_in(realm="fax"),                                   *NO_REALM),
    Scenario("7.2 unknown audience",     log_in(audience="https://nobody.example/"),            *NO_API),
    Scenario("8.6 token missing", revoke(), *absent("token", "doc guess guess")),
    Scenario("8.6 wrong secret",         revoke(client_secret="x", token="t"),                  *UNAUTHORIZED),
)
# fmt: on


@pytest.mark.parametrize("scenario", PASSWORDLESS, ids=lambda scenario: scenario.given)
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


@pytest.fixture
def free(app: App) -> App:
    """An application of a tenant whose policy is never."""
    set_up(app.sandbox, policy="never")
    return app


def test_a_start_by_sms_sends_a_code_in_the_language_of_the_request(app: App) -> None:
    for send in ("code", None, "link"):
        answer = app.start(NUMBER, send=send)
        assert answer.status_code == 200
        assert answer.json() == {"_id": answer.json()["_id"], "phone_number": NUMBER, "phone_verified": True}
        assert re.fullmatch("[0-9a-f]{24}", answer.json()["_id"])
        message = app.inbox(NUMBER)[-1]
        assert (message.channel, message.purpose, message.link) == ("sms", "passwordless", None)
        assert re.fullmatch("[0-9]{6}", code := str(message.code))
        assert message.text == f"Your verification code for sandbox is: {code}"
    asked = {"connection": "sms", "phone_number": NUMBER}
    body = {**app.credentials, **asked}
    for headers, language in (
        ({}, None),
        ({"accept-language": "no"}, "no"),
        ({"x-request-language": "fr", "accept-language": "no"}, "fr"),
    ):
        app.http.post(START, json=body, headers=headers)
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
        assert link in message.text
    assert app.http.get(link).status_code == 501


@pytest.mark.parametrize(
    ("address", "other", "wrong"), [(NUMBER, "+15550199", WRONG), (EMAIL, "other@example.com", WRONG_EMAIL)]
)
def test_a_code_is_good_once_for_three_minutes_and_three_tries_and_makes_the_user(
    free: App, address: str, other: str, wrong: Said
) -> None:
    def taken(code: str, whose: str = address, **fields: str) -> tuple[int, str, str] | str:
        answer = free.passwordless(whose, code, **fields)
        return "tokens" if answer.status_code == 200 else error_of(answer)

    def fresh() -> str:
        free.start(address)
        return free.newest_code(address)

    users = len(free.sandbox.tenant.users)
    old, code = fresh(), fresh()
    assert taken(old) == taken("é") == taken(code, other) == wrong[:3]
    # A mistake elsewhere in the request uses nothing up.
    assert taken(code, realm="fax") == NO_REALM[:3]
    assert taken(code, audience="https://nobody.example/") == NO_API[:3]
    assert len(free.sandbox.tenant.users) == users
    asked = {"scope": "openid profile email", "redirect_uri": "https://ignored.example"}
    claims = claims_of(free.passwordless(address.upper(), code, **asked).json()["id_token"])
    assert claims["sub"] == f"{'sms' if address == NUMBER else 'email'}|{free.start(address).json()['_id']}"
    assert (claims["name"].lower(), claims.get("email", "").lower()) == (address, EMAIL if address == EMAIL else "")
    assert taken(code) == wrong[:3]
    code = fresh()
    free.sandbox.clock.advance(179.9)
    assert taken("x") == taken("x") == wrong[:3]
    audience = free.sandbox.defaults.audience
    again = free.passwordless(address, code, audience=audience, scope="openid").json()
    assert claims_of(again["id_token"])["sub"] == claims["sub"]
    assert "gty" not in claims_of(again["access_token"])
    assert len(free.sandbox.tenant.users) == users + 1
    code = fresh()
    assert [taken("x"), taken("x"), taken("x"), taken(code), taken("x")] == [wrong[:3]] * 3 + [TOO_OFTEN[:3]] * 2
    code = fresh()
    free.sandbox.clock.advance(180)
    assert taken(code) == wrong[:3]
    assert taken(fresh()) == "tokens"


# Sections 2 (rules 1, 2 and 5) and 10: the user, the audience, the policy, the switch; the status, a note of a guess.
BRANCHES = """
newcomer api never  tokens       200
newcomer api always tokens       403
newcomer mfa never  tokens       200
newcomer mfa always tokens       403 guess
enrolled api never  tokens       200
enrolled api always tokens       403
enrolled mfa never  tokens       403
enrolled mfa always tokens       403
newcomer mfa never  mfa_required 403
newcomer mfa always mfa_required 403
enrolled mfa never  mfa_required 403
newcomer api never  mfa_required 200
"""


@pytest.mark.parametrize("by", ["password", "passwordless"])
@pytest.mark.parametrize("row", BRANCHES.strip().splitlines())
def test_the_branches_after_a_first_factor(by: str, row: str) -> None:
    who, api, policy, switch, status, *guessed = row.split()
    box = new_sandbox(switches={"mfa_audience_without_factor": switch})
    app, audience = app_of(box), MFA_AUDIENCE if api == "mfa" else box.defaults.audience
    user = box.add_user(factors=["sms"] if who == "enrolled" else [])
    if by == "passwordless" and who == "enrolled":
        token = app.log_in_passwordless(scope="enroll").json()["mfa_token"]
        oob_code = app.associate_sms(token, "+15550177").json()["oob_code"]
        assert app.poll(token, oob_code, binding_code=app.newest_code("+15550177")).status_code == 200
    set_up(box, policy="all-applications" if policy == "always" else "never")
    asked = {"audience": audience, "scope": "enroll"}
    known = {"username": user.username, "password": user.password}
    answer = app.password(**known, **asked) if by == "password" else app.log_in_passwordless(**asked)
    body = answer.json()
    assert (answer.status_code, bool(answer.extensions["auth0_lab_notes"])) == (int(status), bool(guessed))
    if status == "200":
        expected = (600, "enroll") if api == "mfa" else (86_400, None)
        assert (body["expires_in"], body.get("scope")) == expected
    else:
        active = kinds(app.authenticators(body["mfa_token"]), active=True)
        assert (body["error"], active) == ("mfa_required", ["sms", "recovery-code"] if who == "enrolled" else [])


def test_the_articles_chain_ends_with_a_token_for_the_mfa_audience(app: App) -> None:
    login = app.log_in_passwordless(NUMBER, audience=MFA_AUDIENCE, scope="openid")
    first, mfa_token = app.newest_code(NUMBER), login.json()["mfa_token"]
    assert "otpauth://totp/sandbox:%2B15550123?secret=" in app.associate_otp(mfa_token).json()["barcode_uri"]
    oob_code = app.associate_sms(mfa_token, NUMBER).json()["oob_code"]
    assert [message.purpose for message in app.inbox(NUMBER)] == ["passwordless", "mfa"]
    # The code of one factor is none of the other.
    assert error_of(app.poll(mfa_token, oob_code, binding_code=first))[2] == "Invalid binding_code."
    assert error_of(app.passwordless(NUMBER, app.newest_code(NUMBER))) == WRONG[:3]
    granted = app.poll(mfa_token, oob_code, binding_code=app.newest_code(NUMBER)).json()
    assert (granted["expires_in"], granted["scope"]) == (600, "openid")
    claims = claims_of(granted["access_token"])
    assert (claims["aud"][0], claims["exp"] - claims["iat"]) == (MFA_AUDIENCE, 600)


def test_a_passwordless_user_is_another_one_and_has_no_password(sandbox: Sandbox, app: App) -> None:
    email = sandbox.defaults.email
    assert error_of(app.log_in_passwordless(email))[1] == "mfa_required"
    user_ids = [user.user_id for user in sandbox.tenant.users.values() if user.email == email]
    assert sorted(one.partition("|")[0] for one in user_ids) == ["auth0", "email"]
    realm = app.password(grant_type=f"{GRANT}/password-realm", username=email, realm="email", password="x")
    assert error_of(realm)[2] == "invalid connection specified for password grant"
