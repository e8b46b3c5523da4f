"""The errors of settings and limits, typed from the reference's sections 0.6, 3.3, 4.2, 5, 6.4, 10 and 11."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from tests.sandbox.sandbox_mothers import GRANT, MFA_AUDIENCE, pushed
from tests.wire.wire_scene import ErrorRow, Happening, Scene, assert_is

REMOVE = "read:authenticators remove:authenticators"


def setting(scene: Scene, **changes: object) -> Scene:
    scene.box.tenant.settings = replace(scene.box.tenant.settings, **changes)  # type: ignore[arg-type]  # Settings' own
    return scene


def with_email(scene: Scene) -> Scene:
    return setting(scene, factors=scene.box.tenant.settings.factors | {"email"})


def with_voice(scene: Scene) -> Scene:
    return setting(scene, message_types=("sms", "voice"))


def repeated(times: int, act: Callable[[], httpx.Response]) -> httpx.Response:
    """Return the last of some answers."""
    return [act() for _ in range(times)][-1]


def associated(channel: str, *, times: int = 1, **fields: str) -> Happening:
    """Return what the last of some associations is answered; each is a login's own."""

    def run(scene: Scene) -> httpx.Response:
        mfa_token = scene.app.mfa_token()
        return repeated(times, lambda: scene.app.associate(mfa_token, oob_channels=[channel], **fields))

    return run


def challenged(channel: str, *, times: int) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        user = scene.box.add_user(factors=[{"auth0": "push"}.get(channel, channel)], phone=scene.phone)
        mfa_token = scene.app.login(user)
        return repeated(times, lambda: scene.app.challenge(mfa_token, oob_channel=channel))

    return run


def after(prepare: Callable[[Scene], object], happening: Happening) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        prepare(scene)
        return happening(scene)

    return run


def without(factor: str) -> Callable[[Scene], Scene]:
    return lambda scene: setting(scene, factors=scene.box.tenant.settings.factors - {factor})


def otp_associated(times: int = 1) -> Happening:
    def run(scene: Scene) -> httpx.Response:
        mfa_token = scene.app.mfa_token()
        return repeated(times, lambda: scene.app.associate_otp(mfa_token))

    return run


def wrong_otps(scene: Scene) -> httpx.Response:
    mfa_token = scene.app.login(scene.box.add_user(factors=["otp"]))
    return repeated(11, lambda: scene.app.otp(mfa_token, "x"))


def wrong_binding_codes(scene: Scene) -> httpx.Response:
    mfa_token = scene.app.login(scene.box.add_user(factors=["sms"]))
    oob_code = scene.app.challenge(mfa_token).json()["oob_code"]
    return repeated(11, lambda: scene.app.poll(mfa_token, oob_code, binding_code="x"))


def wrong_recovery_codes(scene: Scene) -> httpx.Response:
    mfa_token = scene.app.login(scene.box.add_user(factors=["otp"]))
    return repeated(11, lambda: scene.app.recover(mfa_token, "x"))


def deleted_profile_email(scene: Scene) -> httpx.Response:
    user = with_email(scene).box.add_user(factors=["sms"])
    access = scene.app.mfa_access(user, REMOVE)
    (email,) = [one["id"] for one in scene.app.authenticators(access) if one["id"].startswith("email|")]
    return scene.app.delete(access, email)


def challenged_without_grant(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    clients, client_id = scene.box.tenant.clients, scene.box.defaults.client_id
    clients[client_id] = replace(clients[client_id], grants=clients[client_id].grants - {f"{GRANT}/mfa-oob"})
    return scene.app.challenge(login.mfa_token)


def machine(**fields: str) -> Happening:
    return lambda scene: scene.app.token(grant_type="client_credentials", **fields)


OFF = "The factor is not enabled for this tenant: "
FAILED = "Too many failed codes. Wait for some minutes before retrying."
NUMBER = "+15550123"
# section, what happens, status, error, error_description
ROWS: list[ErrorRow] = [
    (
        "0.6 an M2M client without a client grant",
        machine(audience=MFA_AUDIENCE),
        403,
        "access_denied",
        f'Client is not authorized to access "{MFA_AUDIENCE}". You might probably want to create a "client-grant" '
        "associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
    ),
    (
        "0.6 client credentials for no API",
        machine(audience="https://nobody.example/"),
        403,
        "access_denied",
        "Service not found: https://nobody.example/",
    ),
    (
        "0.6 client credentials without an audience",
        machine(),
        403,
        "access_denied",
        "No audience parameter was provided, and no default audience has been configured",
    ),
    (
        "3.3 push is off",
        after(without("push-notification"), associated("auth0")),
        400,
        "unsupported_challenge_type",
        f"{OFF}auth0",
    ),
    ("3.3 otp is off", after(without("otp"), otp_associated()), 400, "unsupported_challenge_type", f"{OFF}otp"),
    ("3.3 sms is off", after(without("sms"), associated("sms")), 400, "unsupported_challenge_type", f"{OFF}sms"),
    ("3.3 voice is off", associated("voice", phone_number=NUMBER), 400, "unsupported_challenge_type", f"{OFF}voice"),
    ("3.3 email is off", associated("email"), 400, "unsupported_challenge_type", f"{OFF}email"),
    (
        "3.3 51 authenticators",
        otp_associated(times=51),
        400,
        "invalid_request",
        "User has created the maximum amount of authenticators",
    ),
    (
        "3.3 Too many SMS sent",
        associated("sms", times=11, phone_number=NUMBER),
        400,
        "invalid_request",
        "Too many SMS sent by the user. Wait for some minutes before retrying.",
    ),
    (
        "3.3 too many calls",
        after(with_voice, associated("voice", times=11, phone_number=NUMBER)),
        400,
        "invalid_request",
        "Too many calls made by the user. Wait for some minutes before retrying.",
    ),
    (
        "3.3 too many emails",
        after(with_email, associated("email", times=21)),
        400,
        "invalid_request",
        "Too many emails sent by the user. Wait for some minutes before retrying.",
    ),
    (
        "4.2 the profile's email",
        deleted_profile_email,
        400,
        "invalid_request",
        "The email of the user's profile cannot be deleted.",
    ),
    (
        "5 unauthorized_client",
        challenged_without_grant,
        403,
        "unauthorized_client",
        f"Grant type '{GRANT}/mfa-oob' not allowed for the client.",
    ),
    (
        "5 Too many SMS sent",
        challenged("sms", times=11),
        400,
        "invalid_request",
        "Too many SMS sent by the user. Wait for some minutes before retrying.",
    ),
    (
        "5 too many calls",
        after(with_voice, challenged("voice", times=11)),
        400,
        "invalid_request",
        "Too many calls made by the user. Wait for some minutes before retrying.",
    ),
    (
        "5 too many emails",
        after(with_email, challenged("email", times=21)),
        400,
        "invalid_request",
        "Too many emails sent by the user. Wait for some minutes before retrying.",
    ),
    (
        "5 too many pushes",
        challenged("auth0", times=6),
        400,
        "invalid_request",
        "Too many push notifications sent by the user. Wait for some minutes before retrying.",
    ),
    ("6.4 Too many failed codes", wrong_otps, 400, "invalid_request", FAILED),
    ("6.4 too many failed binding codes", wrong_binding_codes, 400, "invalid_request", FAILED),
    ("6.4 too many failed recovery codes", wrong_recovery_codes, 400, "invalid_request", FAILED),
    (
        "7.1 too_many_requests",
        lambda scene: repeated(51, scene.app.start),
        429,
        "too_many_requests",
        "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers.",
    ),
]


@pytest.mark.parametrize(("happening", "status", "error", "text"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_an_error_is_what_the_reference_says(
    scene: Scene, happening: Happening, status: int, error: str, text: str
) -> None:
    assert_is(happening(scene), status, error, text)
