"""Voice: a call that says a code, and the pair that SMS and voice make of one number."""

from collections.abc import Iterator

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.sandbox.sandbox_mothers import (
    MFA_AUDIENCE,
    MFA_SCOPES,
    App,
    app_of,
    error_of,
    kinds,
    new_sandbox,
    set_up,
    switch_off,
)

NUMBER = "+15550123"
UNSUPPORTED = (
    401,
    "unsupported_challenge_type",
    "User does not have any enrolled authenticator with the supported challenge type (oob otp)",
)


@pytest.fixture
def app() -> Iterator[App]:
    """An application of a tenant that sends SMS and calls."""
    box = new_sandbox()
    set_up(box, message_types=("sms", "voice"))
    yield app_of(box)
    assert not box.failures, "the sandbox has a bug"


def enroll(app: App, mfa_token: str, channel: str, number: str = NUMBER) -> httpx.Response:
    return app.associate(mfa_token, oob_channels=[channel], phone_number=number)


def suffixes(app: App, token: str) -> dict[str, str]:
    return dict(one["id"].split("|") for one in app.authenticators(token))


def enrolled(app: App, channel: str) -> User:
    """Return a user who enrolled a number over the wire, by this channel."""
    user = app.sandbox.add_user()
    mfa_token = app.login(user)
    oob_code = enroll(app, mfa_token, channel).json()["oob_code"]
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code()).status_code == 200
    return user


def access(app: App, user: User) -> str:
    """Return an MFA access token of somebody whose number is this file's."""
    mfa_token = app.login(user, audience=MFA_AUDIENCE, scope=MFA_SCOPES)
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    return str(app.poll(mfa_token, oob_code, binding_code=app.newest_code()).json()["access_token"])


def test_an_association_by_voice_is_answered_as_one_by_sms_and_calls_at_once(app: App) -> None:
    answer = enroll(app, app.mfa_token(), "voice")
    assert answer.status_code == 200
    assert list(answer.json()) == ["authenticator_type", "binding_method", "recovery_codes", "oob_channel", "oob_code"]
    assert (answer.json()["oob_channel"], answer.json()["binding_method"]) == ("voice", "prompt")
    (call,) = app.inbox()
    assert (call.address, call.channel, call.purpose, call.link) == (NUMBER, "voice", "mfa", None)
    assert call.code is not None
    assert (len(call.code), call.code.isdigit()) == (6, True)
    assert call.code in call.text


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_a_number_is_listed_by_sms_and_by_voice_whichever_enrolled_it(app: App, channel: str) -> None:
    mfa_token = app.mfa_token()
    oob_code = enroll(app, mfa_token, channel).json()["oob_code"]
    assert [one.channel for one in app.inbox()] == [channel]
    listed = app.authenticators(mfa_token)
    assert (kinds(listed), kinds(listed, active=True)) == (["sms", "voice", "recovery-code"], [])
    assert app.poll(mfa_token, oob_code, binding_code=app.newest_code()).status_code == 200
    sms, voice, _ = app.authenticators(mfa_token)
    shown = {"authenticator_type": "oob", "active": True, "name": "XXXXX0123"}
    assert sms == {"id": sms["id"], "oob_channel": "sms", **shown}
    assert voice == {"id": voice["id"], "oob_channel": "voice", **shown}
    assert sms["id"].removeprefix("sms|") == voice["id"].removeprefix("voice|")


@pytest.mark.parametrize("enrolled_by", ["sms", "voice"])
@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_each_half_of_a_pair_is_challenged_by_its_own_channel(app: App, enrolled_by: str, channel: str) -> None:
    mfa_token = app.login(enrolled(app, enrolled_by))
    half = f"{channel}|{suffixes(app, mfa_token)[channel]}"
    for wish in ({"authenticator_id": half}, {"oob_channel": channel}):
        answer = app.challenge(mfa_token, **wish).json()
        assert list(answer) == ["challenge_type", "oob_code", "binding_method"]
        assert app.inbox()[-1].channel == channel
    assert app.poll(mfa_token, answer["oob_code"], binding_code=app.newest_code()).status_code == 200


@pytest.mark.parametrize("kind", ["sms", "voice"])
def test_deleting_one_half_removes_both(app: App, kind: str) -> None:
    user = enrolled(app, "sms")
    token = access(app, user)
    other = enroll(app, token, "voice", "+15550177").json()["oob_code"]
    assert app.poll(token, other, binding_code=app.newest_code("+15550177")).status_code == 200
    listed = app.authenticators(token)
    (gone,) = [one["id"] for one in listed if one["id"].startswith(f"{kind}|") and one["name"].endswith("0123")]
    assert app.delete(token, gone).status_code == 204
    left = app.authenticators(token)
    assert kinds(left) == ["recovery-code", "sms", "voice"]
    assert {one.get("name") for one in left} == {None, "XXXXX0177"}
    assert error_of(app.delete(token, gone)) == (404, "invalid_authenticator", "Authenticator not found.")


def test_a_deleted_pair_takes_its_open_codes_along(app: App) -> None:
    user = enrolled(app, "sms")
    token = access(app, user)
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token, oob_channel="voice").json()["oob_code"]
    assert app.delete(token, f"sms|{suffixes(app, token)['sms']}").status_code == 204
    assert error_of(app.poll(mfa_token, oob_code, binding_code=app.newest_code()))[2] == "Invalid oob_code."
    assert app.authenticators(token) == []


@pytest.mark.parametrize(("on", "off"), [("sms", "voice"), ("voice", "sms")])
def test_where_one_message_type_is_on_there_is_no_pair(app: App, on: str, off: str) -> None:
    set_up(app.sandbox, message_types=(on,))
    user = enrolled(app, on)
    mfa_token = app.login(user)
    assert kinds(app.authenticators(mfa_token)) == [on, "recovery-code"]
    assert app.challenge(mfa_token).status_code == 200
    assert app.inbox()[-1].channel == on
    assert error_of(app.challenge(mfa_token, oob_channel=off)) == UNSUPPORTED
    answer = enroll(app, app.mfa_token(), off)
    assert error_of(answer)[:2] == (400, "unsupported_challenge_type")


def test_a_number_that_was_enrolled_before_voice_was_on_cannot_be_called(app: App) -> None:
    set_up(app.sandbox, message_types=("sms",))
    user = enrolled(app, "sms")
    set_up(app.sandbox, message_types=("sms", "voice"))
    mfa_token = app.login(user)
    assert kinds(app.authenticators(mfa_token)) == ["sms", "recovery-code"]
    assert error_of(app.challenge(mfa_token, oob_channel="voice")) == UNSUPPORTED


def test_a_half_whose_message_type_was_switched_off_stays_listed_and_is_not_called(app: App) -> None:
    user = enrolled(app, "voice")
    set_up(app.sandbox, message_types=("sms",))
    mfa_token = app.login(user)
    assert kinds(app.authenticators(mfa_token), active=True) == ["sms", "voice", "recovery-code"]
    assert error_of(app.challenge(mfa_token, oob_channel="voice")) == UNSUPPORTED
    assert app.challenge(mfa_token).json()["binding_method"] == "prompt"
    assert app.inbox()[-1].channel == "sms"


def test_without_message_types_the_phone_factor_reaches_nobody(app: App) -> None:
    user = enrolled(app, "sms")
    set_up(app.sandbox, message_types=())
    mfa_token = app.login(user)
    assert error_of(app.challenge(mfa_token)) == UNSUPPORTED
    for channel in ("sms", "voice"):
        assert error_of(enroll(app, mfa_token, channel))[:2] == (400, "unsupported_challenge_type")


def test_with_the_phone_factor_off_its_message_types_are_nothing(app: App) -> None:
    user = enrolled(app, "sms")
    switch_off(app.sandbox, "sms")
    mfa_token = app.login(user)
    for channel in ("sms", "voice"):
        assert error_of(app.challenge(mfa_token, oob_channel=channel)) == UNSUPPORTED
        assert error_of(enroll(app, mfa_token, channel))[:2] == (400, "unsupported_challenge_type")


def test_an_sms_and_a_call_of_one_login_wait_side_by_side_and_no_code_opens_the_other(app: App) -> None:
    mfa_token = app.login(enrolled(app, "sms"))
    by_sms = app.challenge(mfa_token, oob_channel="sms").json()["oob_code"]
    sms_code = app.newest_code()
    by_voice = app.challenge(mfa_token, oob_channel="voice").json()["oob_code"]
    voice_code = app.newest_code()
    assert sms_code != voice_code
    assert error_of(app.poll(mfa_token, by_voice, binding_code=sms_code))[2] == "Invalid binding_code."
    assert error_of(app.poll(mfa_token, by_sms, binding_code=voice_code))[2] == "Invalid binding_code."
    assert app.poll(mfa_token, by_sms, binding_code=sms_code).status_code == 200


def test_a_second_call_ends_the_first(app: App) -> None:
    mfa_token = app.login(enrolled(app, "voice"))
    first = app.challenge(mfa_token, oob_channel="voice").json()["oob_code"]
    code = app.newest_code()
    app.challenge(mfa_token, oob_channel="voice")
    assert error_of(app.poll(mfa_token, first, binding_code=code))[2] == "Invalid oob_code."


def test_sms_is_chosen_before_voice_and_voice_before_an_app(app: App, phone: Phone) -> None:
    mfa_token = app.login(enrolled(app, "voice"))
    app.challenge(mfa_token)
    assert app.inbox()[-1].channel == "sms"
    set_up(app.sandbox, message_types=("voice",))
    user = app.sandbox.add_user(factors=["otp", "voice"], phone=phone)
    assert app.challenge(app.login(user)).json()["binding_method"] == "prompt"
    assert app.inbox(user.phone_number)[-1].channel == "voice"


@pytest.mark.parametrize("number", ["15550123", "+", "+1 555 0123", "+1555012345678901"])
def test_a_call_needs_a_number_in_e164(app: App, number: str) -> None:
    mfa_token = app.mfa_token()
    answer = enroll(app, mfa_token, "voice", number)
    assert error_of(answer) == (400, "invalid_request", "The phone number is invalid.")
    assert app.authenticators(mfa_token) == []


def test_a_call_is_good_for_five_minutes(app: App) -> None:
    mfa_token = app.login(enrolled(app, "voice"))
    oob_code = app.challenge(mfa_token, oob_channel="voice").json()["oob_code"]
    app.sandbox.clock.advance(300)
    late = app.poll(mfa_token, oob_code, binding_code=app.newest_code())
    assert error_of(late) == (401, "expired_token", "oob_code is expired")


def test_who_has_a_number_is_enrolled_by_voice_alone_too(app: App) -> None:
    set_up(app.sandbox, message_types=("voice",))
    mfa_token = app.login(enrolled(app, "voice"))
    assert error_of(app.associate_otp(mfa_token)) == (403, "access_denied", "User is already enrolled.")
