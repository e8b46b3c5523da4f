"""Passwordless logins: what is sent, what it opens, how often and for how long, and the second factor after it."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

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
)

NUMBER, EMAIL = "+15550123", "jane.doe@example.com"
WRONG = {
    NUMBER: (403, "invalid_grant", "Wrong phone number or verification code."),
    EMAIL: (403, "invalid_grant", "Wrong email or verification code."),
}
TOO_MANY = (403, "invalid_grant", "You've reached the maximum number of attempts. Please try to login again.")


@pytest.fixture
def free() -> Iterator[App]:
    """An application of a tenant whose policy is never."""
    box = new_sandbox(policy="never")
    yield app_of(box)
    assert not box.failures


def another(code: str) -> str:
    return str((int(code) + 1) % 10**6).zfill(6)


def test_a_start_by_sms_sends_a_code_and_answers_as_recorded(app: App) -> None:
    answer = app.start(NUMBER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == {"_id": answer.json()["_id"], "phone_number": NUMBER, "phone_verified": True}
    assert re.fullmatch("[0-9a-f]{24}", answer.json()["_id"])
    (message,) = app.inbox(NUMBER)
    assert (message.channel, message.purpose, message.link) == ("sms", "passwordless", None)
    assert re.fullmatch("[0-9]{6}", str(message.code))
    assert str(message.code) in message.text


def test_a_start_by_email_sends_a_code_or_by_default_a_link(app: App) -> None:
    assert app.start(EMAIL).json().keys() == {"_id", "email", "email_verified"}
    (by_code,) = app.inbox(EMAIL)
    assert (by_code.link, len(str(by_code.code))) == (None, 6)
    for send in (None, "", "link"):
        assert app.start(EMAIL, send=send, authParams={"scope": "openid", "state": "s"}).status_code == 200
        message = app.inbox(EMAIL)[-1]
        assert message.code is None
        parts = urlsplit(str(message.link))
        assert parts.path == "/passwordless/verify_redirect"
        query = parse_qs(parts.query)
        assert (query["email"], query["state"], query["scope"]) == ([EMAIL], ["s"], ["openid"])
        assert str(message.link) in message.text
    assert app.http.get(str(message.link)).status_code == 501


def test_an_sms_is_a_code_whatever_send_says(app: App) -> None:
    for send in (None, "code", "link"):
        app.start(NUMBER, send=send)
        assert app.inbox(NUMBER)[-1].code is not None


def test_an_address_has_one_id_and_its_user_has_it_too(free: App) -> None:
    ids = [free.start(address).json()["_id"] for address in (NUMBER, NUMBER, EMAIL, EMAIL.upper())]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    granted = free.log_in_passwordless(NUMBER, scope="openid")
    assert claims_of(granted.json()["id_token"])["sub"] == f"sms|{ids[0]}"


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, None),
        ({"accept-language": "no"}, "no"),
        ({"x-request-language": "fr"}, "fr"),
        ({"x-request-language": "fr", "accept-language": "no"}, "fr"),
    ],
)
def test_the_language_of_the_request_is_kept_with_the_message(
    app: App, headers: dict[str, str], language: str | None
) -> None:
    body = {**app.credentials, "connection": "sms", "phone_number": NUMBER}
    app.http.post("/passwordless/start", json=body, headers=headers)
    assert app.inbox(NUMBER)[-1].language == language


def test_a_public_application_starts_without_a_secret_and_forms_are_read(app: App) -> None:
    public = {"client_id": app.sandbox.defaults.public_client_id, "connection": "sms", "phone_number": NUMBER}
    assert app.http.post("/passwordless/start", json=public).status_code == 200
    assert app.http.post("/passwordless/start", data=public).status_code == 200


def test_a_basic_header_names_the_application_and_a_bearer_does_not(app: App) -> None:
    body = {"connection": "sms", "phone_number": NUMBER}
    by_basic = app.http.post("/passwordless/start", json=body, headers=basic(*app.credentials.values()))
    assert by_basic.status_code == 200
    by_bearer = app.http.post("/passwordless/start", json=body, headers=bearer("x"))
    assert error_of(by_bearer)[1] == "bad.client_id"


@pytest.mark.parametrize("address", [NUMBER, EMAIL])
def test_a_right_code_is_good_once_and_makes_the_user(free: App, address: str) -> None:
    users = len(free.sandbox.tenant.users)
    free.start(address)
    assert len(free.sandbox.tenant.users) == users
    code = free.newest_code(address)
    granted = free.passwordless(address, code, scope="openid profile email", redirect_uri="https://ignored.example")
    assert granted.status_code == 200
    claims = claims_of(granted.json()["id_token"])
    assert claims["name"] == address
    assert claims.get("email") == (EMAIL if address == EMAIL else None)
    assert error_of(free.passwordless(address, code)) == WRONG[address]
    again = free.log_in_passwordless(address, scope="openid")
    assert claims_of(again.json()["id_token"])["sub"] == claims["sub"]
    assert len(free.sandbox.tenant.users) == users + 1


@pytest.mark.parametrize("address", [NUMBER, EMAIL])
def test_a_code_that_is_wrong_old_or_not_the_newest_is_told_the_same(free: App, address: str) -> None:
    assert error_of(free.passwordless(address, "123456")) == WRONG[address]
    free.start(address)
    old = free.newest_code(address)
    free.start(address)
    code = free.newest_code(address)
    assert error_of(free.passwordless(address, old)) == WRONG[address]
    assert error_of(free.passwordless(address, "é")) == WRONG[address]
    other = "+15550199" if address == NUMBER else "other@example.com"
    assert error_of(free.passwordless(other, code)) == WRONG[address]
    free.sandbox.clock.advance(180)
    assert error_of(free.passwordless(address, code)) == WRONG[address]


def test_a_code_lives_for_three_minutes(free: App) -> None:
    free.start(NUMBER)
    free.sandbox.clock.advance(179.9)
    assert free.passwordless(NUMBER, free.newest_code(NUMBER)).status_code == 200


def test_after_three_failed_tries_not_even_the_right_code_is_taken_and_a_new_one_is(free: App) -> None:
    free.start(EMAIL)
    code = free.newest_code(EMAIL)
    for _ in range(3):
        assert error_of(free.passwordless(EMAIL, another(code))) == WRONG[EMAIL]
    for tried in (code, another(code), code):
        assert error_of(free.passwordless(EMAIL, tried)) == TOO_MANY
    assert free.log_in_passwordless(EMAIL).status_code == 200


def test_two_failed_tries_do_not_hurt(free: App) -> None:
    free.start(EMAIL)
    code = free.newest_code(EMAIL)
    for _ in range(2):
        free.passwordless(EMAIL, another(code))
    assert free.passwordless(EMAIL, code).status_code == 200


def test_a_mistake_in_the_rest_of_the_request_does_not_use_the_code_up(free: App) -> None:
    free.start(NUMBER)
    code = free.newest_code(NUMBER)
    unknown = free.passwordless(NUMBER, code, audience="https://nobody.example/")
    assert error_of(unknown)[:2] == (400, "invalid_request")
    assert error_of(free.passwordless(NUMBER, code, realm="fax"))[:2] == (400, "invalid_request")
    assert free.passwordless(NUMBER, code).status_code == 200


def test_an_email_address_is_the_same_in_any_case(free: App) -> None:
    free.start(EMAIL)
    assert free.passwordless(EMAIL.upper(), free.newest_code(EMAIL)).status_code == 200


def test_nobody_gets_a_passwordless_users_tokens_by_an_empty_password(free: App) -> None:
    free.log_in_passwordless(EMAIL)
    realm = {"grant_type": f"{GRANT}/password-realm", "username": EMAIL, "realm": "email", "password": "x"}
    assert error_of(free.token(**realm))[2] == "invalid connection specified for password grant"


def test_the_token_of_a_passwordless_login_names_no_password_grant(free: App) -> None:
    audience = free.sandbox.defaults.audience
    token = free.log_in_passwordless(NUMBER, audience=audience).json()["access_token"]
    assert "gty" not in claims_of(token)


def test_the_articles_chain_ends_with_a_token_for_the_mfa_audience(app: App) -> None:
    number = "+15550177"
    login = app.log_in_passwordless(EMAIL, audience=MFA_AUDIENCE, scope="openid")
    assert error_of(login) == (403, "mfa_required", "Multifactor authentication required")
    mfa_token = login.json()["mfa_token"]
    associated = app.associate_sms(mfa_token, number)
    granted = app.poll(mfa_token, associated.json()["oob_code"], binding_code=app.newest_code(number))
    assert (granted.status_code, granted.json()["expires_in"], granted.json()["scope"]) == (200, 600, "openid")
    claims = claims_of(granted.json()["access_token"])
    assert claims["aud"][0] == MFA_AUDIENCE
    assert claims["exp"] - claims["iat"] == 600


def test_the_first_code_is_no_binding_code(app: App) -> None:
    app.start(NUMBER)
    first = app.newest_code(NUMBER)
    mfa_token = app.passwordless(NUMBER, first).json()["mfa_token"]
    oob_code = app.associate_sms(mfa_token, NUMBER).json()["oob_code"]
    second = app.newest_code(NUMBER)
    assert [message.purpose for message in app.inbox(NUMBER)] == ["passwordless", "mfa"]
    assert first != second
    answer = app.poll(mfa_token, oob_code, binding_code=first)
    assert error_of(answer) == (403, "invalid_grant", "Invalid binding_code.")
    assert error_of(app.passwordless(NUMBER, second)) == WRONG[NUMBER]
    assert app.poll(mfa_token, oob_code, binding_code=second).status_code == 200


# Typed from section 2, rules 1, 2 and 5, and from section 10: enrolled, MFA audience, policy always, switch; then the
# status, and whether a note says that it is a guess.
BRANCHES = [
    (False, False, False, "tokens", 200, False),
    (False, False, True, "tokens", 403, False),
    (False, True, False, "tokens", 200, False),
    (False, True, True, "tokens", 403, True),
    (True, False, False, "tokens", 200, False),
    (True, False, True, "tokens", 403, False),
    (True, True, False, "tokens", 403, False),
    (True, True, True, "tokens", 403, False),
    (False, True, False, "mfa_required", 403, False),
    (False, True, True, "mfa_required", 403, False),
    (True, True, False, "mfa_required", 403, False),
    (False, False, False, "mfa_required", 200, False),
]


@pytest.mark.parametrize("by", ["password", "passwordless"])
@pytest.mark.parametrize(("enrolled", "mfa_audience", "always", "switch", "status", "guessed"), BRANCHES)
def test_the_branches_after_a_first_factor(
    by: str, enrolled: bool, mfa_audience: bool, always: bool, switch: str, status: int, guessed: bool
) -> None:
    box = new_sandbox(
        policy="all-applications" if always else "never", switches={"mfa_audience_without_factor": switch}
    )
    app = app_of(box)
    audience = MFA_AUDIENCE if mfa_audience else box.defaults.audience
    if by == "password":
        user = box.add_user(factors=["sms"] if enrolled else [])
        answer = app.password(username=user.username, password=user.password, audience=audience, scope="enroll")
    else:
        if enrolled:
            enroll_passwordless(app)
        answer = app.log_in_passwordless(NUMBER, audience=audience, scope="enroll")
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["expires_in"] == (600 if mfa_audience else 86_400)
        assert answer.json().get("scope") == ("enroll" if mfa_audience else None)
    else:
        assert answer.json()["error"] == "mfa_required"
        assert kinds(app.authenticators(answer.json()["mfa_token"]), active=True) == (
            ["sms", "recovery-code"] if enrolled else []
        )
    assert bool(answer.extensions["auth0_lab_notes"]) is guessed


def enroll_passwordless(app: App) -> None:
    """Give the user of the number a factor, by a second tenant setting: the article's chain."""
    mfa_token = app.log_in_passwordless(NUMBER, audience=MFA_AUDIENCE, scope="enroll")
    token = mfa_token.json().get("mfa_token") or mfa_token.json()["access_token"]
    oob_code = app.associate_sms(token, "+15550177").json()["oob_code"]
    assert app.poll(token, oob_code, binding_code=app.newest_code("+15550177")).status_code == 200


def test_a_user_without_a_factor_gets_a_token_that_enrolls_one(free: App) -> None:
    token = free.log_in_passwordless(NUMBER, audience=MFA_AUDIENCE, scope="enroll").json()["access_token"]
    associated = free.associate_otp(token)
    assert associated.status_code == 200


def test_passwordless_users_are_kept_apart_from_those_with_the_same_email(sandbox: Sandbox, app: App) -> None:
    email = sandbox.defaults.email
    login = app.log_in_passwordless(email)
    user_ids = [user.user_id for user in sandbox.tenant.users.values() if user.email == email]
    assert sorted(one.partition("|")[0] for one in user_ids) == ["auth0", "email"]
    assert error_of(login)[1] == "mfa_required"


def test_a_passwordless_sms_users_qr_is_labelled_with_the_number(app: App) -> None:
    mfa_token = app.log_in_passwordless(NUMBER).json()["mfa_token"]
    assert "otpauth://totp/sandbox:%2B15550123?secret=" in app.associate_otp(mfa_token).json()["barcode_uri"]
