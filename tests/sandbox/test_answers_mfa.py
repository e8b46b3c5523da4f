"""What `/mfa/*` and the MFA grants answer, typed from the reference's sections 3 to 6 and 13.2."""

import re
from collections.abc import Callable

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox
from tests.sandbox.sandbox_mothers import GRANT, App, Pushed, bearer, pushed, scan
from tests.sandbox.scenario import IN_BOTH_PROFILES, Happening, Scenario, Scene, check

NEW_TOKEN = "The mfa_token provided is invalid. Try getting a new token."
ENROLL_FIRST = "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator."
WAIT = "Authorization pending: please repeat the request in a few seconds."
TOO_FAST = "You are polling faster than the specified interval of 5 seconds."
# fmt: off
INVALID         = 401, "invalid_grant", NEW_TOKEN, "test"
NO_BEARER       = 401, "invalid_grant", NEW_TOKEN, "guess"
NOT_TO_DELETE   = 401, "invalid_grant", NEW_TOKEN, "doc forum forum"
DONE            = 403, "invalid_grant", NEW_TOKEN, "guess"
EXPIRED         = 401, "expired_token", "mfa_token is expired", "test"
EXPIRED_CODE    = 401, "expired_token", "oob_code is expired", "guess forum forum"
MALFORMED       = 403, "invalid_grant", "Malformed mfa_token", "test"
MALFORMED_CODE  = 403, "invalid_grant", "Malformed oob_code", "test"
MALFORMED_ID    = 400, "invalid_request", "Malformed authenticator id.", "doc doc guess"
ENROLLED        = 403, "access_denied", "User is already enrolled.", "test test doc"
MEANWHILE       = 403, "access_denied", "User is already enrolled.", "guess"
NOT_ENROLLED    = 401, "unsupported_challenge_type", ENROLL_FIRST, "test"
NOT_FOUND       = 404, "invalid_authenticator", "Authenticator not found.", "doc guess guess"
NO_CHALLENGE    = 404, "invalid_authenticator", "Authenticator not found.", "guess"
BAD_NUMBER      = 400, "invalid_request", "The phone number is invalid.", "guess guess forum"
BODY            = 400, "invalid_request", "phone_number must be a string", "guess"
UNAUTHORIZED    = 401, "access_denied", "Unauthorized", "forum"
OTHER_CLIENT    = 400, "invalid_request", "mfa_token not issued to this client", "guess forum forum"
OTHER_LOGIN     = 400, "invalid_request", "The oob_code doesn't match the mfa_token", "forum"
PENDING         = 400, "authorization_pending", WAIT, "rec"
SLOW_DOWN       = 429, "slow_down", TOO_FAST, "guess doc guess"
SPENT           = 403, "invalid_grant", "Invalid oob_code.", "guess"
REJECTED        = 403, "invalid_grant", "MFA Authorization rejected.", "guess doc rec"
AS_RECORDED     = 400, "access_denied", "MFA Authorization rejected.", "rec"
WRONG_OTP       = 403, "invalid_grant", "Invalid otp_code.", "test"
WRONG_BINDING   = 403, "invalid_grant", "Invalid binding_code.", "forum"
NO_BINDING      = 400, "invalid_request", "Missing required parameter: binding_code", "forum"
WRONG_RECOVERY  = 403, "invalid_grant", "MFA Authorization rejected.", "forum"
NO_RECOVERY     = 403, "unsupported_challenge_type", "User does not have a recovery-code.", "test"
# fmt: on
TYPE, CHANNEL = "authenticator type", "oob channel"
ID, GARBAGE, REMOVE = "sms|dev_0000000000000000", "Fe26.2**garbage", "remove:authenticators"


def missing(name: str) -> tuple[int, str, str, str]:
    return 400, "invalid_request", f"Missing required parameter: {name}", "forum forum doc"


def unfit(problem: str) -> tuple[int, str, str, str]:
    return 400, "invalid_request", problem, "doc guess guess"


def absent(name: str) -> tuple[int, str, str, str]:
    return unfit(f"Missing required parameter: {name}")


def unknown(kind: str, name: str) -> tuple[int, str, str, str]:
    return unfit(f"Unknown {kind}: {name}")


def lacks(scope: str) -> tuple[int, str, str, str]:
    return 403, "insufficient_scope", f"Insufficient scope, expected any of: {scope}", "guess"


def none_fits(types: str, evidence: str = "forum") -> tuple[int, str, str, str]:
    text = f"User does not have any enrolled authenticator with the supported challenge type ({types})"
    return 401, "unsupported_challenge_type", text, evidence


def not_allowed(grant: str, evidence: str) -> tuple[int, str, str, str]:
    return 403, "unauthorized_client", f"Grant type '{GRANT}/{grant}' not allowed for the client.", evidence


def login(scene: Scene, *factors: str) -> str:
    """Return the mfa_token of a fresh user with these factors."""
    return scene.app.login(scene.box.add_user(factors=factors))


def associate(**fields: object) -> Happening:
    return lambda scene: scene.app.associate(scene.app.mfa_token(), **fields)


def challenge(*factors: str, **fields: str) -> Happening:
    return lambda scene: scene.app.challenge(login(scene, *factors), **fields)


def otp(*factors: str, **fields: str) -> Happening:
    return lambda scene: scene.app.otp(login(scene, *factors), "000000", **fields)


def recover(*factors: str) -> Happening:
    return lambda scene: scene.app.recover(login(scene, *factors), "x")


def expired(use: Callable[[App, str], httpx.Response]) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        token = scene.app.mfa_token()
        return use(scene.wait(600).app, token)

    return run


def listed(**headers: str) -> Happening:
    return lambda scene: scene.http("GET", "/mfa/authenticators", headers=headers)


def listed_with(scope: str) -> Happening:
    return lambda scene: listed(**bearer(scene.app.mfa_access(scene.box.add_user(factors=["sms"]), scope)))(scene)


def list_by(app: App, token: str) -> httpx.Response:
    return app.http.get("/mfa/authenticators", headers=bearer(token))


def delete(scope: str, authenticator_id: str) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        return scene.app.delete(scene.app.mfa_access(scene.box.add_user(factors=["sms"]), scope), authenticator_id)

    return run


def waiting(use: Callable[[Scene, Pushed], httpx.Response], *, late: float = 0) -> Happening:
    """Use a push that waits on the phone."""

    def run(scene: Scene) -> httpx.Response:
        push = pushed(scene.app, scene.phone)
        return use(scene.wait(late), push)

    return run


def public(scene: Scene) -> dict[str, str]:
    return {"client_id": scene.box.defaults.public_client_id, "client_secret": ""}


def challenge_as_another(scene: Scene, push: Pushed) -> httpx.Response:
    return scene.app.challenge(push.mfa_token, **public(scene))


def poll_as_another(scene: Scene, push: Pushed) -> httpx.Response:
    return scene.app.poll(push.mfa_token, push.oob_code, **public(scene))


def poll_another(scene: Scene, push: Pushed) -> httpx.Response:
    return scene.app.poll(push.mfa_token, pushed(scene.app, scene.phone).oob_code)


def poll_without_grant(scene: Scene) -> httpx.Response:
    return scene.without(f"{GRANT}/mfa-oob").app.poll("x", "x")


def answered(accepted: bool, profile: str, *, times: int = 1) -> Happening:
    """Answer a push, and poll."""

    def run(scene: Scene) -> httpx.Response:
        push = pushed(scene.set(profile=profile).app, scene.phone)
        (scene.phone.allow if accepted else scene.phone.reject)()
        return [push.poll() for _ in range(times)][-1]

    return run


def challenge_when_done(scene: Scene) -> httpx.Response:
    push = pushed(scene.app, scene.phone)
    scene.phone.allow()
    push.poll()
    return scene.app.challenge(push.mfa_token)


def bind(binding_code: str, *, late: float = 0) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        mfa_token = login(scene, "sms")
        oob_code = scene.app.challenge(mfa_token).json()["oob_code"]
        return scene.wait(late).app.poll(mfa_token, oob_code, binding_code=binding_code)

    return run


def enrolled_meanwhile(scene: Scene) -> httpx.Response:
    early, later = scene.app.mfa_token(), scene.app.mfa_token()
    oob_code = scene.app.associate_sms(early).json()["oob_code"]
    scene.phone.scan(scene.app.associate_otp(later).json()["barcode_uri"])
    scene.app.otp(later, scene.phone.code())
    return scene.app.poll(early, oob_code, binding_code=scene.app.newest_code())


def ungranted(grant: str, **fields: str) -> Happening:
    """Challenge once the application has lost a grant."""
    lost = f"{GRANT}/{grant}"
    return waiting(lambda scene, push: scene.without(lost).app.challenge(push.mfa_token, **fields))


# fmt: off
MFA = (
    Scenario("3.3 already enrolled",   lambda scene: scene.app.associate(login(scene, "sms")), *ENROLLED),
    Scenario("3.3 bad bearer",         lambda scene: scene.app.associate(GARBAGE), *INVALID),
    Scenario("3.3 no bearer",          lambda scene: scene.http("POST", "/mfa/associate"), *NO_BEARER),
    Scenario("3.3 types missing",      associate(authenticator_types=None), *absent("authenticator_types")),
    Scenario("3.3 a number as type",   associate(authenticator_types=[1]),  *absent("authenticator_types")),
    Scenario("3.3 email as type",      associate(authenticator_types=["email"]), *unknown(TYPE, "email")),
    Scenario("3.3 known and unknown",  associate(authenticator_types=["oob", "fax"]), *unknown(TYPE, "fax")),
    Scenario("3.3 channels missing",   associate(oob_channels=None),        *absent("oob_channels")),
    Scenario("3.3 unknown channel",    associate(oob_channels=["pigeon"]),  *unknown(CHANNEL, "pigeon")),
    Scenario("3.3 number missing",     associate(oob_channels=["sms"]),     *absent("phone_number")),
    Scenario("3.3 number empty",       associate(oob_channels=["sms"], phone_number=""), *absent("phone_number")),
    Scenario("3.3 number no text",     associate(oob_channels=["sms"], phone_number=7), *BODY),
    Scenario("3.3 bad number",         associate(oob_channels=["sms"], phone_number="0155501"), *BAD_NUMBER),
    Scenario("4.1 another scheme",     listed(authorization="Basic YTpi"),  *NO_BEARER),
    Scenario("4.1 expired bearer",     expired(list_by),                    *EXPIRED),
    Scenario("4.1 scope missing",      listed_with("enroll"),               *lacks("read:authenticators")),
    Scenario("4.2 an mfa_token",       lambda scene: scene.app.delete(scene.app.mfa_token(), ID), *NOT_TO_DELETE),
    Scenario("4.2 scope missing",      delete("enroll", ID),                *lacks("remove:authenticators")),
    Scenario("4.2 unknown id",         delete(REMOVE, ID),                  *NOT_FOUND),
    Scenario("4.2 malformed id",       delete(REMOVE, "sms"),               *MALFORMED_ID),
    Scenario("5 unfit type",           challenge("sms", challenge_type="otp"), *none_fits("otp")),
    Scenario("5 unfit channel",        challenge("sms", oob_channel="email"), *none_fits("oob otp")),
    Scenario("5 recovery code",        challenge("sms", challenge_type="recovery-code"), *none_fits("recovery-code")),
    Scenario("5 nothing enrolled",     challenge(),                         *NOT_ENROLLED),
    Scenario("5 garbage mfa_token",    lambda scene: scene.app.challenge(GARBAGE), *MALFORMED),
    Scenario("5 mfa_token missing",    lambda scene: scene.app.challenge(""), *missing("mfa_token")),
    Scenario("5 expired mfa_token",    expired(App.challenge),              *EXPIRED),
    Scenario("5 unknown id",           challenge("sms", authenticator_id="push|dev_0"), *NO_CHALLENGE),
    Scenario("5 wrong secret",         challenge("sms", client_secret="wrong"), *UNAUTHORIZED),
    Scenario("5 another client",       waiting(challenge_as_another),       *OTHER_CLIENT),
    Scenario("5 OTP grant missing",    ungranted("mfa-otp", challenge_type="otp"), *not_allowed("mfa-otp", "guess")),
    Scenario("5 login is done",        challenge_when_done,                 *DONE),
    Scenario("6.3 pending",            waiting(lambda _, push: push.poll()), *PENDING),
    Scenario("6.3 too fast",           waiting(lambda _, push: [push.poll() for _ in range(13)][-1]), *SLOW_DOWN),
    Scenario("6.3 rejected",           answered(False, "docs"),             *REJECTED),
    Scenario("6.3 as recorded",        answered(False, "recorded"),         *AS_RECORDED),
    Scenario("6.3 rejected stays so",  answered(False, "docs", times=2),    *REJECTED),
    Scenario("6.4 grant missing",      poll_without_grant,                  *not_allowed("mfa-oob", "forum forum doc")),
    Scenario("6.4 garbage oob_code",   lambda scene: scene.app.poll(scene.app.mfa_token(), GARBAGE), *MALFORMED_CODE),
    Scenario("6.4 oob_code missing",   lambda scene: scene.app.poll(scene.app.mfa_token(), ""), *missing("oob_code")),
    Scenario("6.4 expired oob_code",   waiting(lambda _, push: push.poll(), late=300), *EXPIRED_CODE),
    Scenario("6.4 another login",      waiting(poll_another),               *OTHER_LOGIN),
    Scenario("6.4 another client",     waiting(poll_as_another),            *OTHER_CLIENT),
    Scenario("6.4 wrong OTP",          otp("otp"),                          *WRONG_OTP),
    Scenario("6.4 OTP, other factors", otp("sms"),                          *none_fits("otp", "guess")),
    Scenario("6.4 wrong binding_code", bind("000000"),                      *WRONG_BINDING),
    Scenario("6.4 no binding_code",    bind(""),                            *NO_BINDING),
    Scenario("6.4 expired SMS",        bind("000000", late=300),            *EXPIRED_CODE),
    Scenario("6.4 enrolled meanwhile", enrolled_meanwhile,                  *MEANWHILE),
    Scenario("6.4 wrong recovery",     recover("otp"),                      *WRONG_RECOVERY),
    Scenario("6.4 no recovery code",   recover(),                           *NO_RECOVERY),
    Scenario("6.5 spent",              answered(True, "docs", times=2),     *SPENT),
)
# fmt: on


@IN_BOTH_PROFILES
@pytest.mark.parametrize("scenario", MFA, ids=lambda scenario: scenario.given)
def test_the_mfa_api_answers_as_the_reference_says(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)


def test_the_checks_of_an_mfa_grant_come_in_the_references_order(scene: Scene) -> None:
    """Section 13.2: each step repairs the failure before it and meets the next one."""
    login, other = pushed(scene.app, scene.phone), pushed(scene.app, scene.phone)
    wrong: dict[str, str] = {"client_secret": "wrong", "grant_type": "tea", "mfa_token": "", "oob_code": ""}
    steps = [
        ({}, "Unauthorized"),
        ({"client_secret": scene.box.defaults.client_secret}, "Unsupported grant type: tea"),
        ({"grant_type": f"{GRANT}/mfa-oob"}, "Missing required parameter: mfa_token"),
        ({"mfa_token": GARBAGE}, "Missing required parameter: oob_code"),
        ({"oob_code": GARBAGE}, "Malformed mfa_token"),
        ({"mfa_token": login.mfa_token}, "Malformed oob_code"),
        ({"oob_code": other.oob_code}, "The oob_code doesn't match the mfa_token"),
        ({"oob_code": login.oob_code}, WAIT),
    ]
    for repair, text in steps:
        wrong |= repair
        assert scene.app.token(**wrong).json()["error_description"] == text


# What looks sealed, of ten minutes or of five: sections 0.4 and 1e.
SEALED = r"Fe26\.2\*SERVER_1800000000\*[0-9a-f]{{64}}\*[\w-]{{22}}\*[\w-]+\*{}000\*[0-9a-f]{{64}}\*[\w-]{{43}}"


def test_sealed_strings_ids_and_urls_have_auth0s_shapes(app: App, phone: Phone) -> None:
    mfa_token = app.mfa_token()
    begun = app.associate(mfa_token).json()
    assert re.fullmatch(SEALED.format(1_800_000_600), mfa_token, re.ASCII)
    assert re.fullmatch(SEALED.format(1_800_000_300), begun["oob_code"], re.ASCII)
    assert (1000 < len(mfa_token) < 2048, 700 <= len(begun["oob_code"]) <= 900) == (True, True)
    for entry in app.authenticators(mfa_token):
        assert re.fullmatch(r"(push|totp|recovery-code)\|dev_[A-Za-z0-9]{16}", entry["id"])
        assert "name" not in entry, "nothing is confirmed"
    body = scan(phone, begun["barcode_uri"]).json()
    said = (body["id"], body["user_id"], body["totp"]["secret"], phone.identifier)
    shapes = (r"dev_[A-Za-z0-9]{16}", r"auth0\|[0-9a-f]{24}", r"[A-Z2-7]{32}", r"[0-9a-f]{16}")
    assert [value for value, shape in zip(said, shapes, strict=True) if not re.fullmatch(shape, value)] == []
    tenant = Sandbox(domain="acme-dev.eu.auth0.example").tenant
    assert tenant.tokens.issuer == "https://acme-dev.eu.auth0.example/"
    assert tenant.guardian_url == "https://acme-dev.eu.auth0.example/appliance-mfa"
    assert tenant.settings.name == "acme-dev"
