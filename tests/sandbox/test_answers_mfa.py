"""What `/mfa/*` and the MFA grants answer, typed from the reference's sections 3 to 6 and 13.2."""

import re
from collections.abc import Callable

import httpx

from auth0_mfa_lab.sandbox import Phone, Sandbox
from tests.sandbox.sandbox_mothers import GRANT, App, Pushed, basic, bearer, pushed, scan
from tests.sandbox.scenario import (
    IN_BOTH_PROFILES,
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

NEW_TOKEN = "The mfa_token provided is invalid. Try getting a new token."
ENROLL_FIRST = "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator."
WAIT = "Authorization pending: please repeat the request in a few seconds."
# fmt: off
INVALID         = 401, "invalid_grant", NEW_TOKEN, "test"
NO_BEARER       = 401, "invalid_grant", NEW_TOKEN, "doc guess guess"
NOT_TO_DELETE   = 401, "invalid_grant", NEW_TOKEN, "doc forum forum"
DONE            = 403, "invalid_grant", NEW_TOKEN, "guess"
EXPIRED         = 401, "expired_token", "mfa_token is expired", "test"
EXPIRED_CODE    = 401, "expired_token", "oob_code is expired", "doc forum forum"
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
OTHER_CLIENT    = 400, "invalid_request", "mfa_token not issued to this client", "guess forum forum"
OTHER_LOGIN     = 400, "invalid_request", "The oob_code doesn't match the mfa_token", "forum"
PENDING         = 400, "authorization_pending", WAIT, "rec"
SPENT           = 403, "invalid_grant", "Invalid oob_code.", "guess"
REJECTED        = 403, "invalid_grant", "MFA Authorization rejected.", "guess doc rec"
AS_RECORDED     = 400, "access_denied", "MFA Authorization rejected.", "rec"
WRONG_OTP       = 403, "invalid_grant", "Invalid otp_code.", "test"
WRONG_BINDING   = 403, "invalid_grant", "Invalid binding_code.", "forum"
NO_BINDING      = 400, "invalid_request", "Missing required parameter: binding_code", "forum"
WRONG_RECOVERY  = 403, "invalid_grant", "MFA Authorization rejected.", "forum"
MOST            = 400, "invalid_request", "User has created the maximum amount of authenticators", "guess guess forum"
PROFILE         = 400, "invalid_request", "The email of the user's profile cannot be deleted.", "doc doc guess"
NO_RECOVERY     = 403, "unsupported_challenge_type", "User does not have a recovery-code.", "test"
# fmt: on
OOB, OTP = f"{GRANT}/mfa-oob", f"{GRANT}/mfa-otp"
NO_OTP_GRANT = not_allowed(OTP, "guess")
TYPE, CHANNEL = "authenticator type", "oob channel"
ID, GARBAGE, REMOVE = "sms|dev_0000000000000000", "Fe26.2**garbage", "remove:authenticators"


def unfit(problem: str) -> Said:
    return 400, "invalid_request", problem, "doc guess guess"


def absent(name: str) -> Said:
    return unfit(f"Missing required parameter: {name}")


def unknown(kind: str, name: str) -> Said:
    return unfit(f"Unknown {kind}: {name}")


def lacks(scope: str) -> Said:
    return 403, "insufficient_scope", f"Insufficient scope, expected any of: {scope}", "guess"


def none_fits(types: str, evidence: str = "forum") -> Said:
    text = f"User does not have any enrolled authenticator with the supported challenge type ({types})"
    return 401, "unsupported_challenge_type", text, evidence


def off(factor: str) -> Said:
    return 400, "unsupported_challenge_type", f"The factor is not enabled for this tenant: {factor}", "guess"


Use = Callable[[App, str], httpx.Response]


def login(use: Use, *factors: str, late: float = 0) -> Happening:
    """Use the mfa_token of a fresh user with these factors, so many seconds later."""

    def run(scene: Scene) -> httpx.Response:
        mfa_token = scene.app.login(scene.box.add_user(factors=factors))
        return use(scene.wait(late).app, mfa_token)

    return run


def access(use: Use, scope: str) -> Happening:
    """Use an MFA access token."""
    return lambda scene: use(scene.app, scene.app.mfa_access(scene.box.add_user(factors=["sms"]), scope))


def associate(**fields: object) -> Happening:
    return login(lambda app, token: app.associate(token, **fields))


def listed(app: App, token: str) -> httpx.Response:
    return app.http.get("/mfa/authenticators", headers=bearer(token))


def delete(authenticator_id: str) -> Use:
    return lambda app, token: app.delete(token, authenticator_id)


def challenge(*factors: str, **fields: str) -> Happening:
    return login(lambda app, token: app.challenge(token, **fields), *factors)


def poll(oob_code: str) -> Happening:
    return login(lambda app, token: app.poll(token, oob_code))


def otp(*factors: str) -> Happening:
    return login(lambda app, token: app.otp(token, "000000"), *factors)


def recover(*factors: str) -> Happening:
    return login(lambda app, token: app.recover(token, "x"), *factors)


def waiting(use: Callable[[Scene, Pushed], httpx.Response], *, late: float = 0) -> Happening:
    """Use a push that waits on the phone."""

    def run(scene: Scene) -> httpx.Response:
        push = pushed(scene.app, scene.phone)
        return use(scene.wait(late), push)

    return run


def public(app: App) -> dict[str, str]:
    return {"client_id": app.sandbox.defaults.public_client_id, "client_secret": ""}


def poll_anothers(app: App, token: str) -> httpx.Response:
    return app.poll(token, app.associate(app.mfa_token()).json()["oob_code"])


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
    def run(app: App, token: str) -> httpx.Response:
        oob_code = app.challenge(token).json()["oob_code"]
        app.sandbox.clock.advance(late)
        return app.poll(token, oob_code, binding_code=binding_code)

    return login(run, "sms")


def enrolled_meanwhile(by: str) -> Happening:
    """End an enrollment by OTP or by SMS that was open when another login of the user confirmed a factor."""

    def run(scene: Scene) -> httpx.Response:
        app, other = scene.app, scene.box.new_phone(scene.app.http)
        early, later = app.mfa_token(), app.mfa_token()
        oob_code = app.associate_sms(early).json()["oob_code"]
        app.associate_sms(early, "+15550177")  # the one before stays open
        for token, phone in ((early, other), (later, scene.phone)):
            phone.scan(app.associate_otp(token).json()["barcode_uri"])
        app.otp(later, scene.phone.code())
        by_sms = {"oob_code": oob_code, "binding_code": app.newest_code()}
        return app.otp(early, other.code()) if by == "otp" else app.poll(early, **by_sms)

    return run


def delete_profile_email(scene: Scene) -> httpx.Response:
    user = scene.set(factors={"sms", "email"}).box.add_user(factors=["sms"])
    return scene.app.delete(scene.app.mfa_access(user), scene.box.tenant.implicit_email_id(user.user_id))


# fmt: off
MFA = table(
    ("3.3 already enrolled",    login(App.associate, "sms"),              ENROLLED),
    ("3.3 bad bearer",          lambda scene: scene.app.associate(GARBAGE), INVALID),
    ("3.3 no bearer",           lambda scene: scene.http("POST", "/mfa/associate"), NO_BEARER),
    ("3.3 types missing",       associate(authenticator_types=None),      absent("authenticator_types")),
    ("3.3 a number as type",    associate(authenticator_types=[1]),       absent("authenticator_types")),
    ("3.3 email as type",       associate(authenticator_types=["email"]), unknown(TYPE, "email")),
    ("3.3 known and unknown",   associate(authenticator_types=["oob", "fax"]), unknown(TYPE, "fax")),
    ("3.3 channels missing",    associate(oob_channels=None),             absent("oob_channels")),
    ("3.3 unknown channel",     associate(oob_channels=["pigeon"]),       unknown(CHANNEL, "pigeon")),
    ("3.3 number missing",      associate(oob_channels=["sms"]),          absent("phone_number")),
    ("3.3 number no text",      associate(oob_channels=["sms"], phone_number=7), BODY),
    ("3.3 bad number",          associate(oob_channels=["sms"], phone_number="0155501"), BAD_NUMBER),
    ("3.3 voice is off",        associate(oob_channels=["voice"]),        off("voice")),
    ("3.3 email is off",        associate(oob_channels=["email"]),        off("email")),
    ("3.3 51 authenticators",   login(lambda app, token: [app.associate_otp(token) for _ in range(51)][-1]), MOST),
    ("4.1 another scheme", lambda scene: scene.http("GET", "/mfa/authenticators", headers=basic("a", "b")), NO_BEARER),
    ("4.1 expired bearer",      login(listed, late=600),                  EXPIRED),
    ("4.1 scope missing",       access(listed, "enroll"),                 lacks("read:authenticators")),
    ("4.2 an mfa_token",        login(delete(ID)),                        NOT_TO_DELETE),
    ("4.2 scope missing",       access(delete(ID), "enroll"),             lacks("remove:authenticators")),
    ("4.2 unknown id",          access(delete(ID), REMOVE),               NOT_FOUND),
    ("4.2 malformed id",        access(delete("sms"), REMOVE),            MALFORMED_ID),
    ("4.2 the profile's email", delete_profile_email,                     PROFILE),
    ("5 unfit type",            challenge("sms", challenge_type="otp"),   none_fits("otp")),
    ("5 unfit channel",         challenge("sms", oob_channel="email"),    none_fits("oob otp")),
    ("5 recovery code",         challenge("sms", challenge_type="recovery-code"), none_fits("recovery-code")),
    ("5 nothing enrolled",      challenge(),                              NOT_ENROLLED),
    ("5 garbage mfa_token",     lambda scene: scene.app.challenge(GARBAGE), MALFORMED),
    ("5 mfa_token missing",     lambda scene: scene.app.challenge(""),    missing("mfa_token")),
    ("5 expired mfa_token",     login(App.challenge, late=600),           EXPIRED),
    ("5 unknown id",            challenge("sms", authenticator_id="push|dev_0"), NO_CHALLENGE),
    ("5 wrong secret",          challenge("sms", client_secret="wrong"),  UNAUTHORIZED),
    ("5 another client",        login(lambda app, token: app.challenge(token, **public(app))), OTHER_CLIENT),
    ("5 OOB grant missing",     lambda scene: scene.without(OOB).app.challenge("x"), not_allowed(OOB, "guess")),
    ("5 OTP grant missing", lambda scene: scene.without(OTP).app.challenge("x", challenge_type="otp"), NO_OTP_GRANT),
    ("5 login is done",         challenge_when_done,                      DONE),
    ("6.3 pending",             waiting(lambda _, push: push.poll()),     PENDING),
    ("6.3 rejected",            answered(False, "docs"),                  REJECTED),
    ("6.3 as recorded",         answered(False, "recorded"),              AS_RECORDED),
    ("6.3 rejected stays so",   answered(False, "docs", times=2),         REJECTED),
    ("6.4 grant missing",       lambda scene: scene.without(OOB).app.poll("x", "x"), not_allowed(OOB)),
    ("6.4 garbage oob_code",    poll(GARBAGE),                            MALFORMED_CODE),
    ("6.4 oob_code missing",    poll(""),                                 missing("oob_code")),
    ("6.4 expired oob_code",    waiting(lambda _, push: push.poll(), late=300), EXPIRED_CODE),
    ("6.4 another login",       login(poll_anothers),                     OTHER_LOGIN),
    ("6.4 another client",      login(lambda app, token: app.poll(token, GARBAGE, **public(app))), OTHER_CLIENT),
    ("6.4 wrong OTP",           otp("otp"),                               WRONG_OTP),
    ("6.4 OTP, other factors",  otp("sms"),                               none_fits("otp", "guess")),
    ("6.4 wrong binding_code",  bind("000000"),                           WRONG_BINDING),
    ("6.4 no binding_code",     bind(""),                                 NO_BINDING),
    ("6.4 expired SMS",         bind("000000", late=300),                 EXPIRED_CODE),
    ("6.4 enrolled meanwhile",  enrolled_meanwhile("sms"),                MEANWHILE),
    ("6.4 OTP, meanwhile",      enrolled_meanwhile("otp"),                WRONG_OTP),
    ("6.4 wrong recovery",      recover("otp"),                           WRONG_RECOVERY),
    ("6.4 no recovery code",    recover(),                                NO_RECOVERY),
    ("6.5 spent",               answered(True, "docs", times=2),          SPENT),
)
# fmt: on


@IN_BOTH_PROFILES
@each_of(MFA)
def test_the_mfa_api_answers_as_the_reference_says(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)


def test_the_checks_of_an_mfa_grant_come_in_the_references_order(scene: Scene) -> None:
    """Section 13.2: each step repairs the failure before it and meets the next one."""
    own, other = pushed(scene.app, scene.phone), pushed(scene.app, scene.phone)
    wrong: dict[str, str] = {"client_secret": "wrong", "grant_type": "tea", "mfa_token": "", "oob_code": ""}
    steps = [
        ({}, "Unauthorized"),
        ({"client_secret": scene.box.defaults.client_secret}, "Grant type not supported"),
        ({"grant_type": OOB}, "Missing required parameter: mfa_token"),
        ({"mfa_token": GARBAGE}, "Missing required parameter: oob_code"),
        ({"oob_code": GARBAGE}, "Malformed mfa_token"),
        ({"mfa_token": own.mfa_token}, "Malformed oob_code"),
        ({"oob_code": other.oob_code}, "The oob_code doesn't match the mfa_token"),
        ({"oob_code": own.oob_code}, WAIT),
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
    assert (len(mfa_token), len(begun["oob_code"])) == (1386, 756)
    for entry in app.authenticators(mfa_token):
        assert re.fullmatch(r"(push|totp|recovery-code)\|dev_[A-Za-z0-9]{16}", entry["id"])
        assert "name" not in entry, "nothing is confirmed"
    body = scan(phone, begun["barcode_uri"]).json()
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", body["user_id"])
    assert re.fullmatch("[A-Z2-7]{32}", body["totp"]["secret"])
    tenant = Sandbox(domain="acme-dev.eu.auth0.example").tenant
    assert (tenant.settings.name, tenant.tokens.issuer) == ("acme-dev", "https://acme-dev.eu.auth0.example/")
