"""What a factor that is off, a limit or a lacking grant is answered, and how well that is known: sections 3.3 to 7."""

from collections.abc import Callable

import httpx
import pytest

from tests.sandbox.sandbox_mothers import GRANT, App
from tests.sandbox.scenario import Happening, Scenario, Scene, check

NUMBER, OOB = "+15550123", f"{GRANT}/mfa-oob"


def again(times: int, act: Callable[[App, str], httpx.Response], factor: str = "") -> Happening:
    """Return what the last of some calls is answered, all with the token of one login of a user with this factor."""

    def run(scene: Scene) -> httpx.Response:
        mfa_token = scene.app.login(scene.box.add_user(factors=factor.split(), phone=scene.phone))
        return [act(scene.app, mfa_token) for _ in range(times)][-1]

    return run


def associate(channel: str) -> Callable[[App, str], httpx.Response]:
    return lambda app, mfa_token: app.associate(mfa_token, oob_channels=[channel], phone_number=NUMBER)


def challenge(channel: str) -> Callable[[App, str], httpx.Response]:
    return lambda app, mfa_token: app.challenge(mfa_token, oob_channel=channel)


def with_all(happening: Happening) -> Happening:
    """Let it happen where every factor is on."""
    factors = frozenset({"sms", "email", "otp"})
    return lambda scene: happening(scene.set(factors=factors, message_types=("sms", "voice")))


def give_wrong_sms_codes(scene: Scene) -> httpx.Response:
    mfa_token = scene.app.login(scene.box.add_user(factors=["sms"]))
    oob_code = scene.app.challenge(mfa_token).json()["oob_code"]
    return [scene.app.poll(mfa_token, oob_code, binding_code="x") for _ in range(11)][-1]


def delete_profile_email(scene: Scene) -> httpx.Response:
    access = scene.app.mfa_access(scene.box.add_user(factors=["sms"]))
    (email,) = [one["id"] for one in scene.app.authenticators(access) if one["id"].startswith("email|")]
    return scene.app.delete(access, email)


def off(factor: str) -> tuple[int, str, str, str]:
    return 400, "unsupported_challenge_type", f"The factor is not enabled for this tenant: {factor}", "guess"


def too_many(what: str, evidence: str = "guess") -> tuple[int, str, str, str]:
    return 400, "invalid_request", f"Too many {what}. Wait for some minutes before retrying.", evidence


# fmt: off
MOST         = 400, "invalid_request", "User has created the maximum amount of authenticators", "guess guess forum"
PROFILE      = 400, "invalid_request", "The email of the user's profile cannot be deleted.", "doc doc guess"
NOT_ALLOWED  = 403, "unauthorized_client", f"Grant type '{OOB}' not allowed for the client.", "guess"
TOO_MANY     = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
STARTS       = 429, "too_many_requests", TOO_MANY, "doc"
SMS, CALLS   = too_many("SMS sent by the user", "guess forum forum"), too_many("calls made by the user")
EMAILS       = too_many("emails sent by the user")
PUSHES       = too_many("push notifications sent by the user")
CODES        = too_many("failed codes", "guess forum forum")
RECOVERIES   = too_many("failed codes")
SETTINGS = (
    Scenario("3.3 voice is off",        again(1, associate("voice")),                           *off("voice")),
    Scenario("3.3 email is off",        again(1, associate("email")),                           *off("email")),
    Scenario("3.3 51 authenticators",   again(51, App.associate_otp),                           *MOST),
    Scenario("4.2 the profile's email", with_all(delete_profile_email),                         *PROFILE),
    Scenario("5 grant not allowed",     lambda scene: again(1, App.challenge, "sms")(scene.without(OOB)), *NOT_ALLOWED),
    Scenario("5 too many SMS",          again(11, challenge("sms"), "sms"),                     *SMS),
    Scenario("5 too many calls",        with_all(again(11, challenge("voice"), "voice")),       *CALLS),
    Scenario("5 too many emails",       with_all(again(21, challenge("email"), "email")),       *EMAILS),
    Scenario("5 too many pushes",       again(6, challenge("auth0"), "push"),                   *PUSHES),
    Scenario("6.4 too many OTPs",       again(11, lambda app, key: app.otp(key, "x"), "otp"),   *CODES),
    Scenario("6.4 too many SMS codes",  give_wrong_sms_codes,                                   *CODES),
    Scenario("6.4 too many recoveries", again(11, lambda app, key: app.recover(key, "x"), "otp"), *RECOVERIES),
    Scenario("7.1 too many starts",     again(51, lambda app, key: app.start()),                *STARTS),
)
# fmt: on


@pytest.mark.parametrize("scenario", SETTINGS, ids=lambda scenario: scenario.given)
def test_a_setting_or_a_limit_is_answered_as_the_reference_says(scene: Scene, scenario: Scenario) -> None:
    check(scene, scenario)
