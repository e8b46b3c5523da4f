"""What a factor that is off, a limit or a lacking grant is answered: sections 3.3, 4.2, 5, 6.4, 7.1 and 11."""

import httpx
import pytest

from tests.sandbox.sandbox_mothers import GRANT, pushed
from tests.sandbox.scenario import Happening, Scenario, Scene, check, last_of

NUMBER = "+15550123"


def switched(scene: Scene, *, on: str = "", off: str = "") -> Scene:
    return scene.set(factors=scene.box.tenant.settings.factors.union({on} - {""}).difference({off}))


def associate(channel: str, *, times: int = 1, on: str = "", off: str = "") -> Happening:
    """Return what the last of some associations is answered, all with one login's token."""

    def run(scene: Scene) -> httpx.Response:
        switched(scene, on=on, off=off)
        if on == "voice":
            scene.set(message_types=("sms", "voice"))
        app, mfa_token = scene.app, scene.app.mfa_token()
        if channel == "otp":
            return last_of(times, lambda _: app.associate_otp(mfa_token))(scene)
        number = NUMBER if channel in ("sms", "voice") else None
        return last_of(times, lambda _: app.associate(mfa_token, oob_channels=[channel], phone_number=number))(scene)

    return run


def challenge(channel: str, times: int, factor: str = "") -> Happening:
    def run(scene: Scene) -> httpx.Response:
        mfa_token = scene.app.login(scene.box.add_user(factors=[factor or channel], phone=scene.phone))
        scene.set(message_types=("sms", "voice"))
        switched(scene, on="email")
        return last_of(times, lambda _: scene.app.challenge(mfa_token, oob_channel=channel))(scene)

    return run


def try_codes(factor: str) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        mfa_token = scene.app.login(scene.box.add_user(factors=["sms" if factor == "sms" else "otp"]))
        if factor == "otp":
            return last_of(11, lambda _: scene.app.otp(mfa_token, "x"))(scene)
        if factor == "recovery":
            return last_of(11, lambda _: scene.app.recover(mfa_token, "x"))(scene)
        oob_code = scene.app.challenge(mfa_token).json()["oob_code"]
        return last_of(11, lambda _: scene.app.poll(mfa_token, oob_code, binding_code="x"))(scene)

    return run


def delete_profile_email(scene: Scene) -> httpx.Response:
    user = switched(scene, on="email").box.add_user(factors=["sms"])
    access = scene.app.mfa_access(user)
    (email,) = [one["id"] for one in scene.app.authenticators(access) if one["id"].startswith("email|")]
    return scene.app.delete(access, email)


def challenge_without_grant(scene: Scene) -> httpx.Response:
    mfa_token = pushed(scene.app, scene.phone).mfa_token
    return scene.without(f"{GRANT}/mfa-oob").app.challenge(mfa_token)


# fmt: off
def off(factor: str) -> tuple[int, str, str, str]:
    return 400, "unsupported_challenge_type", f"The factor is not enabled for this tenant: {factor}", "guess"


def too_many(what: str, evidence: str = "guess") -> tuple[int, str, str, str]:
    return 400, "invalid_request", f"Too many {what}. Wait for some minutes before retrying.", evidence


MOST         = 400, "invalid_request", "User has created the maximum amount of authenticators", "guess guess forum"
PROFILE      = 400, "invalid_request", "The email of the user's profile cannot be deleted.", "doc doc guess"
NOT_ALLOWED  = 403, "unauthorized_client", f"Grant type '{GRANT}/mfa-oob' not allowed for the client.", "guess"
TOO_MANY     = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
STARTS       = 429, "too_many_requests", TOO_MANY, "doc"
SMS, CALLS   = too_many("SMS sent by the user", "guess forum forum"), too_many("calls made by the user")
CODES        = too_many("failed codes", "guess forum forum")
RECOVERIES   = too_many("failed codes")
EMAILS       = too_many("emails sent by the user")
PUSHES       = too_many("push notifications sent by the user")
SETTINGS = (
    Scenario("3.3 push is off",         associate("auth0", off="push-notification"), *off("auth0")),
    Scenario("3.3 otp is off",          associate("otp", off="otp"),                 *off("otp")),
    Scenario("3.3 sms is off",          associate("sms", off="sms"),                 *off("sms")),
    Scenario("3.3 voice is off",        associate("voice"),                          *off("voice")),
    Scenario("3.3 email is off",        associate("email"),                          *off("email")),
    Scenario("3.3 51 authenticators",   associate("otp", times=51),                  *MOST),
    Scenario("3.3 too many SMS",        associate("sms", times=11),                  *SMS),
    Scenario("3.3 too many calls",      associate("voice", times=11, on="voice"),    *CALLS),
    Scenario("3.3 too many emails",     associate("email", times=21, on="email"),    *EMAILS),
    Scenario("4.2 the profile's email", delete_profile_email,                        *PROFILE),
    Scenario("5 grant not allowed",     challenge_without_grant,                     *NOT_ALLOWED),
    Scenario("5 too many SMS",          challenge("sms", 11),                        *SMS),
    Scenario("5 too many calls",        challenge("voice", 11),                      *CALLS),
    Scenario("5 too many emails",       challenge("email", 21),                      *EMAILS),
    Scenario("5 too many pushes",       challenge("auth0", 6, "push"),               *PUSHES),
    Scenario("6.4 too many OTPs",       try_codes("otp"),                            *CODES),
    Scenario("6.4 too many SMS codes",  try_codes("sms"),                            *CODES),
    Scenario("6.4 too many recoveries", try_codes("recovery"),                       *RECOVERIES),
    Scenario("7.1 too many starts",     last_of(51, lambda scene: scene.app.start()),    *STARTS),
)
# fmt: on


@pytest.mark.parametrize("scenario", SETTINGS, ids=lambda scenario: scenario.given)
def test_a_setting_or_a_limit_is_answered_as_the_reference_says(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)
