"""Every row of the reference, sections 0 to 8 and 11, marked DISAGREE: the answer that is trusted, and its switch.

Typed from the reference. `None` as a switch: the trusted answer takes in the other one, or the other one is no answer
of a server, with the reason beside it.
"""

from collections.abc import Callable, Mapping

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.settings import SWITCHES
from tests.sandbox.sandbox_mothers import MFA_AUDIENCE, app_of, bearer, error_of, new_sandbox, pushed
from tests.wire.wire_scene import Scene

DISAGREEMENTS: Mapping[str, tuple[str, str | None]] = {
    "0.6 client fields of /mfa/associate are required": ("neither needed nor refused", None),
    "0.6 a wrong secret is invalid_client": ("401 access_denied", "bad_client_secret"),
    "1.3 mfa_required is a 401": ("403; the OpenAPI example alone says 401", None),
    "1.3 names of the types in mfa_requirements": ("those of the documentation, each a known word", "customizable_mfa"),
    "2 a user without a factor at the MFA audience": ("200 at once", "mfa_audience_without_factor"),
    "2 an MFA access token as mfa_token at a grant": ("taken, to confirm an enrollment made with it", None),
    "3.2 an `id` in the association": ("left out, as in the recordings", None),
    "3.3 expired_token is a 403": ("401", "expired_token_status"),
    "4.1 oob_channel in the plural": ("the singular, as in the recordings", "oob_channel_key"),
    "5 challenge_type is required": ("optional", None),
    "5 an unsupported challenge type is a 400": ("401", "unsupported_challenge_type_status"),
    "5 expired_token is a 403": ("401", "expired_token_status"),
    "6.3 pending is a 200": ("400", "pending_status"),
    "6.3 the code of a rejected push": ("403 invalid_grant", "profile"),
    "6.3 the window is over": ("401 expired_token", "expired_token_status"),
    "6.4 expired_token is a 403": ("401", "expired_token_status"),
    "6.4 a wrong OTP is a 400, a bad token a 401": ("403; field evidence against one table", None),
    "6.5 the mfa_token lives for five minutes": ("ten; the oob_code lives for five", None),
    "7.1 `send` is required": ("optional, a link by default", None),
    "7.2 `redirect_uri` is required": ("not read", None),
    "7.2 two tries or three": ("three", "passwordless_tries"),
    "6.4 too many failed codes are a 429": ("400 invalid_request", "too_many_failed_codes_status"),
    "8.1 access_denied for an unknown refresh token": ("403 invalid_grant; the other is in an old text only", None),
    "11 five codes in five minutes": ("ten an hour, as the two tables say", None),
}
MORE = {
    "slow_down_status": "6.3: documented for the siblings only",
    "refresh": "8.1: whether the policy fires on a refresh depends on the tenant's Actions",
    "disabled_factor_status": "3.3 has 400 and 403, section 10 has 401 and 400, all of them guesses",
    "mfa_required_without_mfa_token": "1.3: where an Action demands MFA and Customizable MFA is off",
    "second_factor_chained": "6.4: seen in invented fixtures only",
    "recovery_code_factor": "3.2: a new tenant has it off",
    "confidence": "10: what adaptive MFA makes of a login, which no request shows",
    "gateway_failure_every": "0.2: a gateway's HTML in the place of JSON",
}
"""Switches for what no row marks DISAGREE, but section 13.3 lists."""


def expired_mfa_token(scene: Scene) -> httpx.Response:
    token = scene.app.mfa_token()
    scene.app.sandbox.clock.advance(600)
    return scene.app.challenge(token)


def expired_bearer(scene: Scene) -> httpx.Response:
    token = scene.app.mfa_token()
    scene.app.sandbox.clock.advance(600)
    return scene.app.http.get("/mfa/authenticators", headers=bearer(token))


def expired_oob_code(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    scene.app.sandbox.clock.advance(300)
    return login.poll()


def too_fast(scene: Scene) -> httpx.Response:
    login = pushed(scene.app, scene.phone)
    return [login.poll() for _ in range(13)][-1]


def unfit_challenge(scene: Scene) -> httpx.Response:
    user = scene.app.sandbox.add_user(factors=["sms"])
    return scene.app.challenge(scene.app.login(user), challenge_type="otp")


def third_try(scene: Scene) -> httpx.Response:
    scene.app.start()
    return [scene.app.passwordless("+15550123", "x") for _ in range(3)][-1]


def refreshed(scene: Scene) -> httpx.Response:
    user = scene.app.sandbox.add_user(factors=["sms"])
    token = scene.app.tokens(user, scope="offline_access")["refresh_token"]
    return scene.app.token(grant_type="refresh_token", refresh_token=token)


def voice_enrollment(scene: Scene) -> httpx.Response:
    return scene.app.associate(scene.app.mfa_token(), oob_channels=["voice"], phone_number="+15550123")


def eleventh_otp(scene: Scene) -> httpx.Response:
    mfa_token = scene.app.login(scene.app.sandbox.add_user(factors=["otp"]))
    return [scene.app.otp(mfa_token, "x") for _ in range(11)][-1]


def eleventh_binding_code(scene: Scene) -> httpx.Response:
    mfa_token = scene.app.login(scene.app.sandbox.add_user(factors=["sms"]))
    oob_code = scene.app.challenge(mfa_token).json()["oob_code"]
    return [scene.app.poll(mfa_token, oob_code, binding_code="x") for _ in range(11)][-1]


# switch, what happens, the trusted answer, the other one: (status, error), error None for a success
SWITCHED: list[tuple[str, Callable[[Scene], httpx.Response], tuple[int, str | None], tuple[int, str | None]]] = [
    (
        "bad_client_secret",
        lambda scene: scene.app.password(client_secret="x"),
        (401, "access_denied"),
        (401, "invalid_client"),
    ),
    ("expired_token_status", expired_mfa_token, (401, "expired_token"), (403, "expired_token")),
    ("expired_token_status", expired_bearer, (401, "expired_token"), (403, "expired_token")),
    ("expired_token_status", expired_oob_code, (401, "expired_token"), (403, "expired_token")),
    (
        "pending_status",
        lambda scene: pushed(scene.app, scene.phone).poll(),
        (400, "authorization_pending"),
        (200, "authorization_pending"),
    ),
    ("slow_down_status", too_fast, (429, "slow_down"), (400, "slow_down")),
    (
        "unsupported_challenge_type_status",
        unfit_challenge,
        (401, "unsupported_challenge_type"),
        (400, "unsupported_challenge_type"),
    ),
    (
        "unsupported_challenge_type_status",
        lambda scene: scene.app.challenge(scene.app.mfa_token()),
        (401, "unsupported_challenge_type"),
        (400, "unsupported_challenge_type"),
    ),
    ("refresh", refreshed, (200, None), (403, "mfa_required")),
    (
        "disabled_factor_status",
        voice_enrollment,
        (400, "unsupported_challenge_type"),
        (401, "unsupported_challenge_type"),
    ),
    ("too_many_failed_codes_status", eleventh_otp, (400, "invalid_request"), (429, "too_many_attempts")),
    ("too_many_failed_codes_status", eleventh_binding_code, (400, "invalid_request"), (429, "too_many_attempts")),
]


def scene_of(**options: object) -> Scene:
    app = app_of(new_sandbox(**options))  # type: ignore[arg-type]  # the sandbox's own keywords
    return Scene(app, app.sandbox.new_phone(app.http))


@pytest.mark.parametrize(("switch", "happening", "trusted", "other"), SWITCHED)
def test_a_switch_gives_the_other_answer_and_the_trusted_one_is_the_default(
    switch: str,
    happening: Callable[[Scene], httpx.Response],
    trusted: tuple[int, str | None],
    other: tuple[int, str | None],
) -> None:
    for switches, expected in (({}, trusted), ({switch: SWITCHES[switch].values[1]}, other)):
        scene = scene_of(switches=switches)
        answer = happening(scene)
        assert (answer.status_code, answer.json().get("error")) == expected


def test_a_failed_client_authentication_has_the_text_of_the_openapi_example() -> None:
    app = scene_of(switches={"bad_client_secret": "invalid_client"}).app
    assert error_of(app.password(client_secret="x")) == (401, "invalid_client", "Client authentication failed")


def test_slow_down_keeps_its_headers_under_another_status() -> None:
    scene = scene_of(switches={"slow_down_status": "400"})
    assert too_fast(scene).headers["x-ratelimit-remaining"] == "0"


def test_the_channel_can_be_named_in_the_plural_in_answers() -> None:
    for switches, key in (({}, "oob_channel"), ({"oob_channel_key": "oob_channels"}, "oob_channels")):
        app = scene_of(switches=switches).app
        mfa_token = app.mfa_token()
        assert app.associate(mfa_token).json()[key] == "auth0"
        assert app.associate_sms(mfa_token).json()[key] == "sms"
        assert [one[key] for one in app.authenticators(mfa_token) if key in one] == ["auth0", "sms"]


@pytest.mark.parametrize(("tries", "error"), [("3", "Wrong phone number"), ("2", "You've reached the maximum")])
def test_a_code_allows_two_tries_or_three(tries: str, error: str) -> None:
    scene = scene_of(switches={"passwordless_tries": tries})
    assert third_try(scene).json()["error_description"].startswith(error)


def test_a_newcomer_at_the_mfa_audience_gets_tokens_or_by_the_article_an_mfa_token() -> None:
    for value, status in (("tokens", 200), ("mfa_required", 403)):
        app = scene_of(policy="never", switches={"mfa_audience_without_factor": value}).app
        assert app.password(audience=MFA_AUDIENCE).status_code == status


def test_every_switch_has_its_place_in_the_reference_and_is_tried_here() -> None:
    named = {switch for _, switch in DISAGREEMENTS.values() if switch not in (None, "profile")}
    assert named | set(MORE) == set(SWITCHES)
    tried = {row[0] for row in SWITCHED}
    here = {"oob_channel_key", "passwordless_tries", "mfa_audience_without_factor"}
    # What these change is more than a status: test_sandbox_switches.py.
    elsewhere = {"customizable_mfa", "mfa_required_without_mfa_token", "second_factor_chained", "recovery_code_factor"}
    assert tried | here | elsewhere | {"confidence", "gateway_failure_every"} == set(SWITCHES)


def test_an_unknown_switch_value_or_policy_is_refused_with_what_there_is() -> None:
    with pytest.raises(
        ValueError, match=r"Unknown switch 'x'; the sandbox has mfa_audience_.*, gateway_failure_every\."
    ):
        Sandbox(switches={"x": "y"})
    with pytest.raises(ValueError, match="Unknown value '418' of the switch pending_status; it has '400', '200'"):
        Sandbox(switches={"pending_status": "418"})
    with pytest.raises(ValueError, match=r"'maybe'; the sandbox has all-applications, confidence-score, never\."):
        Sandbox(policy="maybe")  # type: ignore[arg-type]  # what a person without mypy would type


# The answers that take both sides in.


def test_client_fields_beside_the_bearer_are_neither_needed_nor_refused() -> None:
    app = scene_of().app
    mfa_token = app.mfa_token()
    assert app.associate(mfa_token).status_code == 200
    assert app.associate(mfa_token, client_id="anything", client_secret="wrong").status_code == 200
    assert "id" not in app.associate(mfa_token).json()
