"""The error tables of the reference, typed from it, against what the sandbox answers.

Nothing here is imported from the sandbox's error classes: a wrong text would agree with itself.
"""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from auth0_mfa_lab.sandbox import errors
from tests.sandbox.sandbox_mothers import GRANT, bearer, pushed
from tests.sandbox.test_answers_passwordless import PASSWORDLESS
from tests.sandbox.test_answers_settings import SETTINGS
from tests.sandbox.test_answers_token import TOKEN
from tests.wire.wire_scene import ErrorRow, Happening, Scene, assert_is

GUARDIAN = "https://sandbox.example/appliance-mfa/api"
INVALID = "The mfa_token provided is invalid. Try getting a new token."
ID = "sms|dev_0000000000000000"
REMOVE = "remove:authenticators"
GARBAGE = "Fe26.2**garbage"


def expired_at(use: Callable[[Scene, str], httpx.Response]) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        token = scene.app.mfa_token()
        return use(scene.wait(600), token)

    return run


def without_directory(scene: Scene) -> httpx.Response:
    scene.box.tenant.settings = replace(scene.box.tenant.settings, default_directory=None)
    return scene.app.password()


def without_grant(scene: Scene) -> httpx.Response:
    clients, client_id = scene.box.tenant.clients, scene.box.defaults.client_id
    clients[client_id] = replace(clients[client_id], grants=frozenset())
    return scene.app.password()


def enrolled_associate(scene: Scene) -> httpx.Response:
    return scene.app.associate(pushed(scene.app, scene.phone).mfa_token)


def other_client(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    public = scene.box.defaults.public_client_id
    return scene.app.poll(login.mfa_token, login.oob_code, client_id=public, client_secret="")


def mixed(scene: Scene) -> httpx.Response:
    first, second = pushed(scene.app, scene.phone), pushed(scene.app, scene.phone)
    return scene.app.poll(first.mfa_token, second.oob_code)


def late_poll(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    scene.wait(300)
    return login.poll()


def fast_poll(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    return [login.poll() for _ in range(13)][-1]


def spent_poll(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    scene.phone.allow()
    login.poll()
    return login.poll()


def challenge_after_the_end(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    scene.phone.allow()
    login.poll()
    return scene.app.challenge(login.mfa_token)


def unfit_challenge(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    (totp,) = [one["id"] for one in scene.app.authenticators(login.mfa_token) if one["authenticator_type"] == "otp"]
    return scene.app.challenge(login.mfa_token, authenticator_id=totp, challenge_type="oob")


def unknown_authenticator(scene: Scene) -> httpx.Response:
    return scene.app.challenge(pushed(scene.app, scene.phone).mfa_token, authenticator_id="push|dev_0")


def otp_of(factors: list[str], code: str = "000000") -> Happening:
    return lambda scene: scene.app.otp(scene.app.login(scene.box.add_user(factors=factors)), code)


def recovery_of(factors: list[str], code: str = "x") -> Happening:
    return lambda scene: scene.app.recover(scene.app.login(scene.box.add_user(factors=factors)), code)


def by_sms(binding_code: str, *, late: float = 0) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        mfa_token = scene.app.login(scene.box.add_user(factors=["sms"]))
        oob_code = scene.app.challenge(mfa_token).json()["oob_code"]
        return scene.wait(late).app.poll(mfa_token, oob_code, binding_code=binding_code)

    return run


def enrolled_meanwhile(scene: Scene) -> httpx.Response:
    early, later = scene.app.mfa_token(), scene.app.mfa_token()
    oob_code = scene.app.associate_sms(early).json()["oob_code"]
    scene.phone.scan(scene.app.associate_otp(later).json()["barcode_uri"])
    scene.app.otp(later, scene.phone.code())
    return scene.app.poll(early, oob_code, binding_code=scene.app.newest_code())


def delete_with(scope: str, authenticator_id: str) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        return scene.app.delete(scene.app.mfa_access(scene.box.add_user(factors=["sms"]), scope), authenticator_id)

    return run


def list_with(headers: dict[str, str]) -> Happening:
    return lambda scene: scene.http("GET", "/mfa/authenticators", headers=headers)


def ask(**fields: str) -> Happening:
    return lambda scene: scene.app.password(**fields)


# section, what happens, status, error, error_description
ROWS: list[ErrorRow] = [
    ("0.6 wrong secret", ask(client_secret="wrong"), 401, "access_denied", "Unauthorized"),
    ("0.6 unknown client", ask(client_id="nobody"), 401, "access_denied", "Unauthorized"),
    ("0.6 secret missing", ask(client_secret=""), 401, "access_denied", "Unauthorized"),
    ("1.3 mfa_required", ask(), 403, "mfa_required", "Multifactor authentication required"),
    ("1.4 wrong password", ask(password="wrong"), 403, "invalid_grant", "Wrong email or password."),
    ("1.4 unknown user", ask(username="nobody"), 403, "invalid_grant", "Wrong email or password."),
    (
        "1.4 unknown audience",
        ask(audience="https://nobody.example/"),
        400,
        "invalid_request",
        "invalid audience specified for password grant exchange",
    ),
    (
        "1.4 no default directory",
        without_directory,
        500,
        "server_error",
        "Authorization server not configured with default connection.",
    ),
    (
        "1.4 wrong realm",
        ask(grant_type=f"{GRANT}/password-realm", realm="email"),
        400,
        "invalid_request",
        "invalid connection specified for password grant",
    ),
    (
        "1.4 grant not allowed",
        without_grant,
        403,
        "unauthorized_client",
        "Grant type 'password' not allowed for the client.",
    ),
    ("1.4 username missing", ask(username=""), 400, "invalid_request", "Missing required parameter: username"),
    ("1.4 password missing", ask(password=""), 400, "invalid_request", "Missing required parameter: password"),
    ("1.4 grant missing", ask(grant_type=""), 400, "invalid_request", "Missing required parameter: grant_type"),
    ("1.4 unknown grant", ask(grant_type="tea"), 403, "unsupported_grant_type", "Unsupported grant type: tea"),
    (
        "1.4 scope of a wrong type",
        lambda scene: scene.http(
            "POST",
            "/oauth/token",
            json={**scene.app.credentials, "grant_type": "password", "username": "u", "password": "p", "scope": 7},
        ),
        400,
        "invalid_scope",
        "Scope must be an array or a string",
    ),
    ("3.3 already enrolled", enrolled_associate, 403, "access_denied", "User is already enrolled."),
    ("3.3 bad bearer", lambda scene: scene.app.associate(GARBAGE), 401, "invalid_grant", INVALID),
    ("3.3 no bearer", lambda scene: scene.http("POST", "/mfa/associate", json={}), 401, "invalid_grant", INVALID),
    (
        "3.3 expired bearer",
        expired_at(lambda scene, token: scene.app.associate(token)),
        401,
        "expired_token",
        "mfa_token is expired",
    ),
    (
        "3.3 types missing",
        lambda scene: scene.app.associate(scene.app.mfa_token(), authenticator_types=None),
        400,
        "invalid_request",
        "Missing required parameter: authenticator_types",
    ),
    (
        "3.3 bad number",
        lambda scene: scene.app.associate_sms(scene.app.mfa_token(), "0155501"),
        400,
        "invalid_request",
        "The phone number is invalid.",
    ),
    (
        "3.3 number missing",
        lambda scene: scene.app.associate_sms(scene.app.mfa_token(), None),
        400,
        "invalid_request",
        "Missing required parameter: phone_number",
    ),
    ("4.1 bad bearer", list_with(bearer(GARBAGE)), 401, "invalid_grant", INVALID),
    ("4.1 no bearer", list_with({}), 401, "invalid_grant", INVALID),
    ("4.1 another scheme", list_with({"authorization": "Basic YTpi"}), 401, "invalid_grant", INVALID),
    (
        "4.1 expired bearer",
        expired_at(lambda scene, token: scene.http("GET", "/mfa/authenticators", headers=bearer(token))),
        401,
        "expired_token",
        "mfa_token is expired",
    ),
    (
        "4.1 scope missing",
        lambda scene: scene.http(
            "GET",
            "/mfa/authenticators",
            headers=bearer(scene.app.mfa_access(scene.box.add_user(factors=["sms"]), "enroll")),
        ),
        403,
        "insufficient_scope",
        "Insufficient scope, expected any of: read:authenticators",
    ),
    ("4.2 an mfa_token", lambda scene: scene.app.delete(scene.app.mfa_token(), ID), 401, "invalid_grant", INVALID),
    ("4.2 bad bearer", lambda scene: scene.app.delete(GARBAGE, ID), 401, "invalid_grant", INVALID),
    ("4.2 no bearer", lambda scene: scene.http("DELETE", f"/mfa/authenticators/{ID}"), 401, "invalid_grant", INVALID),
    (
        "4.2 scope missing",
        delete_with("enroll", ID),
        403,
        "insufficient_scope",
        "Insufficient scope, expected any of: remove:authenticators",
    ),
    ("4.2 unknown id", delete_with(REMOVE, ID), 404, "invalid_authenticator", "Authenticator not found."),
    ("4.2 malformed id", delete_with(REMOVE, "sms"), 400, "invalid_request", "Malformed authenticator id."),
    (
        "5 unfit challenge type",
        unfit_challenge,
        401,
        "unsupported_challenge_type",
        "User does not have any enrolled authenticator with the supported challenge type (oob)",
    ),
    (
        "5 nothing enrolled",
        lambda scene: scene.app.challenge(scene.app.mfa_token()),
        401,
        "unsupported_challenge_type",
        "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
    ),
    (
        "5 garbage mfa_token",
        lambda scene: scene.app.challenge(GARBAGE),
        403,
        "invalid_grant",
        "Malformed mfa_token",
    ),
    (
        "5 a JWT as mfa_token",
        lambda scene: scene.app.challenge("eyJhbGciOiJSUzI1NiJ9.e30.AAAA"),
        403,
        "invalid_grant",
        "Malformed mfa_token",
    ),
    (
        "5 mfa_token missing",
        lambda scene: scene.app.challenge(""),
        400,
        "invalid_request",
        "Missing required parameter: mfa_token",
    ),
    (
        "5 expired mfa_token",
        expired_at(lambda scene, token: scene.app.challenge(token)),
        401,
        "expired_token",
        "mfa_token is expired",
    ),
    ("5 unknown authenticator", unknown_authenticator, 404, "invalid_authenticator", "Authenticator not found."),
    (
        "5 wrong secret",
        lambda scene: scene.app.challenge(scene.app.mfa_token(), client_secret="wrong"),
        401,
        "access_denied",
        "Unauthorized",
    ),
    ("5 a login that is done", challenge_after_the_end, 403, "invalid_grant", INVALID),
    (
        "6.3 pending",
        lambda scene: pushed(scene.app, scene.phone).poll(),
        400,
        "authorization_pending",
        "Authorization pending: please repeat the request in a few seconds.",
    ),
    (
        "6.3 too fast",
        fast_poll,
        429,
        "slow_down",
        "You are polling faster than the specified interval of 5 seconds.",
    ),
    (
        "6.4 garbage mfa_token",
        lambda scene: scene.app.poll(GARBAGE, "x"),
        403,
        "invalid_grant",
        "Malformed mfa_token",
    ),
    (
        "6.4 garbage oob_code",
        lambda scene: scene.app.poll(scene.app.mfa_token(), GARBAGE),
        403,
        "invalid_grant",
        "Malformed oob_code",
    ),
    (
        "6.4 oob_code missing",
        lambda scene: scene.app.poll(scene.app.mfa_token(), ""),
        400,
        "invalid_request",
        "Missing required parameter: oob_code",
    ),
    (
        "6.4 expired mfa_token",
        expired_at(lambda scene, token: scene.app.poll(token, GARBAGE)),
        401,
        "expired_token",
        "mfa_token is expired",
    ),
    ("6.4 expired oob_code", late_poll, 401, "expired_token", "oob_code is expired"),
    ("6.4 mixed transactions", mixed, 400, "invalid_request", "The oob_code doesn't match the mfa_token"),
    ("6.4 another client", other_client, 400, "invalid_request", "mfa_token not issued to this client"),
    ("6.4 wrong OTP", otp_of(["otp"]), 403, "invalid_grant", "Invalid otp_code."),
    (
        "6.4 OTP, other factors",
        otp_of(["sms"]),
        401,
        "unsupported_challenge_type",
        "User does not have any enrolled authenticator with the supported challenge type (otp)",
    ),
    (
        "6.4 OTP, nothing enrolled",
        otp_of([]),
        401,
        "unsupported_challenge_type",
        "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
    ),
    ("6.4 wrong binding_code", by_sms("000000"), 403, "invalid_grant", "Invalid binding_code."),
    ("6.4 binding_code missing", by_sms(""), 400, "invalid_request", "Missing required parameter: binding_code"),
    ("6.4 expired SMS", by_sms("000000", late=300), 401, "expired_token", "oob_code is expired"),
    ("6.4 enrolled meanwhile", enrolled_meanwhile, 403, "access_denied", "User is already enrolled."),
    ("6.4 wrong recovery code", recovery_of(["otp"]), 403, "invalid_grant", "MFA Authorization rejected."),
    (
        "6.4 no recovery code",
        recovery_of([]),
        403,
        "unsupported_challenge_type",
        "User does not have a recovery-code.",
    ),
    ("6.5 spent", spent_poll, 403, "invalid_grant", "Invalid oob_code."),
]


@pytest.mark.parametrize(("happening", "status", "error", "text"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_an_error_is_what_the_reference_says(
    scene: Scene, happening: Happening, status: int, error: str, text: str
) -> None:
    assert_is(happening(scene), status, error, text)


def test_a_rejection_is_the_one_row_in_which_the_profiles_differ(scene: Scene) -> None:
    login = pushed(scene.app, scene.phone)
    scene.phone.reject()
    answer = login.poll()
    expected = {"docs": (403, "invalid_grant"), "recorded": (400, "access_denied")}[scene.box.tenant.settings.profile]
    assert (answer.status_code, answer.json()["error"]) == expected
    assert answer.json()["error_description"] == "MFA Authorization rejected."


def test_the_checks_of_an_mfa_grant_come_in_the_references_order(scene: Scene) -> None:
    """Section 13.2: each step repairs the failure before it and meets the next one."""
    login = pushed(scene.app, scene.phone)
    other = pushed(scene.app, scene.phone)
    wrong: dict[str, str] = {"client_secret": "wrong", "grant_type": "tea", "mfa_token": "", "oob_code": ""}
    steps = [
        ({}, "access_denied", "Unauthorized"),
        ({"client_secret": scene.box.defaults.client_secret}, "unsupported_grant_type", "Unsupported"),
        ({"grant_type": f"{GRANT}/mfa-oob"}, "invalid_request", "Missing required parameter: mfa_token"),
        ({"mfa_token": GARBAGE}, "invalid_request", "Missing required parameter: oob_code"),
        ({"oob_code": GARBAGE}, "invalid_grant", "Malformed mfa_token"),
        ({"mfa_token": login.mfa_token}, "invalid_grant", "Malformed oob_code"),
        ({"oob_code": other.oob_code}, "invalid_request", "The oob_code doesn't match the mfa_token"),
        ({"oob_code": login.oob_code}, "authorization_pending", "Authorization pending"),
    ]
    for repair, error, text in steps:
        wrong |= repair
        body = scene.app.token(**wrong).json()
        assert (body["error"], body["error_description"].startswith(text)) == (error, True), text


# section, request, status, errorCode
DEVICE_ROWS: list[tuple[str, str, str, dict[str, str], int, str]] = [
    ("2 no ticket", "POST", "enroll", {}, 401, "invalid_token"),
    ("2 unknown ticket", "POST", "enroll", {"authorization": 'Ticket id="x"'}, 404, "enrollment_transaction_not_found"),
    ("5 no bearer", "POST", "resolve-transaction", {}, 401, "invalid_token"),
    ("5 unknown bearer", "POST", "resolve-transaction", bearer("x"), 401, "invalid_token"),
    ("3 no bearer", "DELETE", "device-accounts/dev_x", {}, 401, "invalid_token"),
    ("3 unknown device", "PATCH", "device-accounts/dev_x", bearer("x"), 404, "enrollment_not_found"),
]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"), [r[1:] for r in DEVICE_ROWS], ids=[r[0] for r in DEVICE_ROWS]
)
def test_a_device_error_has_four_keys_that_both_apps_can_read(
    scene: Scene, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = scene.http(method, f"{GUARDIAN}/{path}", headers=headers, json={})
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
    assert list(answer.json()) == ["statusCode", "error", "message", "errorCode"]
    assert answer.json()["statusCode"] == status
    assert answer.headers["content-type"].startswith("application/json")


def test_every_error_of_the_authentication_api_has_a_row_here() -> None:
    rows = [*ROWS, *(one[:5] for one in (*PASSWORDLESS, *SETTINGS, *TOKEN))]
    typed = {(status, error, text) for _, _, status, error, text in rows} | {
        (403, "invalid_grant", "MFA Authorization rejected."),
        (400, "access_denied", "MFA Authorization rejected."),
    }
    for row in errors.ROWS:
        # What a switch puts in another's place is asserted in test_wire_disagreements.py.
        if row.error and "api/" not in row.endpoint and "{problem}" not in row.text and "; switch " not in row.case:
            start = row.text.partition("{")[0]
            assert [one for one in typed if one[:2] == (row.status, row.error) and one[2].startswith(start)], row
