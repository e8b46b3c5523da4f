"""Each factor from its enrollment over a challenge to the tokens: what it lists, sends and takes; when it is off."""

import json
import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.mothers import rows
from tests.sandbox.management_mothers import admin_of
from tests.sandbox.sandbox_mothers import App, error_of, kinds, scan, set_up, switch_off, with_every_channel

NUMBER, EMAIL = "+15550123", "other@mail.example"
SPENT = 403, "invalid_grant", "Invalid oob_code."
WRONG = 403, "invalid_grant", "Invalid binding_code."
NO_FACTOR = 401, "unsupported_challenge_type"


def none_fits(types: str) -> tuple[int, str, str]:
    return *NO_FACTOR, f"User does not have any enrolled authenticator with the supported challenge type ({types})"


class Factor(NamedTuple):
    """`members` are those of its association, in their order; `lists` has the entry of each kind, but for its id."""

    name: str
    channel: str
    members: str
    lists: dict[str, list[object]]
    address: str = ""


SENT = "authenticator_type binding_method recovery_codes oob_channel oob_code"
TEXTS = {
    "sms": "{code} is your verification code for sandbox.",
    "voice": "Hello. Your verification code for sandbox is {code}. Again: {code}.",
    "email": "Your verification code for sandbox is {code}.",
}
ENTRY = ["id", "authenticator_type", "active", "oob_channel", "name"]
# fmt: off
PUSH  = {"push": ["oob", True, "auth0", "Sandbox phone"], "totp": ["otp", True]}
PAIR  = {"sms": ["oob", True, "sms", "XXXXX0123"], "voice": ["oob", True, "voice", "XXXXX0123"]}
FACTORS = {each.name: each for each in (
    Factor("push", "auth0", "authenticator_type recovery_codes oob_channel oob_code barcode_uri", PUSH),
    Factor("otp", "otp", "authenticator_type secret barcode_uri recovery_codes", {"totp": ["otp", True]}),
    Factor("sms", "sms", SENT, PAIR, NUMBER),
    Factor("voice", "voice", SENT, PAIR, NUMBER),
    Factor("email", "email", SENT, {"email": ["oob", True, "email", "othe*@mail********"]}, EMAIL),
)}
# fmt: on
app = pytest.fixture(with_every_channel)


@dataclass(frozen=True)
class Desk:
    """Somebody who enrolls and uses one factor, with a phone at hand."""

    app: App
    phone: Phone
    factor: Factor

    def newcomer(self) -> User:
        """Return a user without a factor, whose own address is not proved: nothing is listed unasked."""
        user = replace(self.app.sandbox.add_user(), email_verified=False)
        self.app.sandbox.tenant.users[user.user_id] = user
        return user

    def begin(self, token: str) -> httpx.Response:
        if self.factor.name == "otp":
            return self.app.associate_otp(token)
        return self.app.associate(token, oob_channels=[self.factor.channel], phone_number=NUMBER, email=EMAIL)

    def challenge(self, mfa_token: str) -> httpx.Response:
        wish = {"challenge_type": "otp"} if self.factor.name == "otp" else {"oob_channel": self.factor.channel}
        return self.app.challenge(mfa_token, **wish)

    def finish(self, token: str, begun: dict[str, Any], code: str | None = None) -> httpx.Response:
        """End an enrollment or a challenge: on the phone, or by a code, the newest unless it is given."""
        if self.factor.name == "otp":
            self.phone.scan(begun["barcode_uri"])
            return self.app.otp(token, code or self.phone.code())
        if "barcode_uri" in begun:
            scan(self.phone, begun["barcode_uri"])
        elif self.factor.name == "push":
            self.phone.allow()
        return self.app.poll(token, begun["oob_code"], binding_code=code or self.newest())

    def newest(self) -> str:
        return str(self.app.sandbox.delivery.newest[0].code) if self.factor.address else ""

    def sent(self) -> list[str]:
        return [message.channel for message in self.app.sandbox.delivery.newest]


@pytest.fixture(params=FACTORS)
def desk(app: App, request: pytest.FixtureRequest) -> Desk:
    return Desk(app, app.sandbox.new_phone(app.http), FACTORS[request.param])


def test_a_factor_is_enrolled_and_gives_the_tokens_of_the_original_request(desk: Desk) -> None:
    app, factor, user = desk.app, desk.factor, desk.newcomer()
    mfa_token = app.login(user, scope="openid profile")
    begun = desk.begin(mfa_token).json()
    assert list(begun) == factor.members.split()
    kind = "otp" if factor.name == "otp" else "oob"
    assert (begun["authenticator_type"], begun.get("oob_channel", "otp")) == (kind, factor.channel)
    assert begun.get("binding_method") == ("prompt" if factor.address else None)
    assert [re.fullmatch("[A-Z0-9]{24}", code) is not None for code in begun["recovery_codes"]] == [True]
    assert desk.sent() == ([factor.channel] if factor.address else [])
    for message in app.inbox(factor.address):
        assert (message.purpose, message.link, message.sent_at) == ("mfa", None, 1_800_000_000)
        assert re.fullmatch("[0-9]{6}", str(message.code))
        assert message.text == TEXTS[factor.channel].format(code=message.code)
    if factor.name == "push":
        assert error_of(app.poll(mfa_token, begun["oob_code"]))[1] == "authorization_pending"
    else:
        right = desk.newest()
        for code in (right[:5] or "x", f"{right}0", "é", str(int(right or "999999") ^ 1).zfill(6)):
            text = "Invalid binding_code." if factor.address else "Invalid otp_code."
            assert error_of(desk.finish(mfa_token, begun, code)) == (403, "invalid_grant", text)
    waiting = kinds(app.authenticators(mfa_token), active=False)

    granted = desk.finish(mfa_token, begun)
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid profile")
    listed = app.authenticators(mfa_token)
    entries = dict(zip(waiting, ([*one.values()][1:] for one in listed), strict=True))
    assert entries == {**factor.lists, "recovery-code": ["recovery-code", True]}
    assert all([*one] == ENTRY[: len(one)] for one in listed)
    assert error_of(desk.finish(mfa_token, begun))[:2] == (403, "invalid_grant")
    # Email is no factor to rely on: another may still be enrolled beside it.
    again = app.associate_otp(app.login(user))
    assert again.status_code == (200 if factor.name == "email" else 403)
    assert "recovery_codes" not in again.json()


@pytest.mark.parametrize("desk", ["push", "sms", "voice", "email"], indirect=True)
def test_a_challenge_is_answered_once_within_five_minutes_by_its_newest_code(desk: Desk) -> None:
    app, name = desk.app, desk.factor.name
    mfa_token = app.login(app.sandbox.add_user(factors=[name], phone=desk.phone), scope="openid")
    older = desk.challenge(mfa_token).json()
    dead, members = desk.newest(), ["challenge_type", "oob_code", "binding_method"]
    assert (list(older), older["challenge_type"]) == (members[: 2 if name == "push" else 3], "oob")
    newer = desk.challenge(mfa_token).json()
    assert desk.sent() == ([] if name == "push" else [name, name])
    assert error_of(app.poll(mfa_token, older["oob_code"], binding_code=dead or "x")) == SPENT
    if dead:
        assert error_of(app.poll(mfa_token, newer["oob_code"], binding_code=dead)) == WRONG
    app.sandbox.clock.advance(299.5)
    assert desk.finish(mfa_token, newer).json()["scope"] == "openid"
    assert error_of(app.poll(mfa_token, newer["oob_code"], binding_code="x")) == SPENT


# A factor, what is switched off, the message types
OFF = """
push  | push-notification         | sms voice
otp   | otp                       | sms voice
sms   | sms                       | sms voice
sms   |                           | voice
voice | sms                       | sms voice
voice |                           | sms
email | email                     | sms voice
email | sms otp push-notification | sms voice
"""


@pytest.mark.parametrize(("desk", "off", "types"), rows(OFF), indirect=["desk"])
def test_what_is_off_enrolls_challenges_and_takes_nothing_stays_listed_and_is_good_again(
    desk: Desk, off: str, types: str
) -> None:
    app, factor = desk.app, desk.factor
    user = app.sandbox.add_user(factors=["sms", factor.name], phone=desk.phone)
    early, access, mfa_token = app.login(desk.newcomer()), app.mfa_access(user), app.login(user)
    begun, code, challenged = desk.begin(early).json(), desk.newest(), desk.challenge(mfa_token).json()
    listed, sent, other = app.authenticators(mfa_token), desk.sent(), desk.newcomer()
    before = app.sandbox.tenant.settings
    switch_off(app.sandbox, *off.split())
    set_up(app.sandbox, message_types=tuple(types.split()))

    refused = 400, "unsupported_challenge_type", f"The factor is not enabled for this tenant: {factor.channel}"
    for token in (app.login(other), access):
        assert error_of(desk.begin(token)) == refused
    assert app.authenticators(app.login(other)) == []
    assert all(row["left"] == row["burst"] for row in app.sandbox.limits(other.user_id))
    assert error_of(desk.challenge(mfa_token)) == none_fits("otp" if factor.name == "otp" else "oob otp")
    assert desk.sent() == sent
    assert [one for one in listed if one not in app.authenticators(mfa_token)] == [], "what was enrolled stays listed"
    late = desk.finish(early, begun, code)
    assert error_of(late)[:2] == (NO_FACTOR if factor.name == "otp" else SPENT[:2])
    if factor.name != "otp":
        assert error_of(app.poll(mfa_token, challenged["oob_code"], binding_code="x")) == SPENT
    assert kinds(app.authenticators(early), active=True) == []

    app.sandbox.tenant.settings = before
    assert desk.finish(early, begun, code).status_code == 200
    assert desk.challenge(mfa_token).status_code == 200


# The factors of a user, what a challenge asks for, what is chosen
CHOSEN = """
otp sms push voice email | {}                           | push
otp sms push             | {"challenge_type": "otp  oob"} | push
otp sms push             | {"challenge_type": "otp"}    | otp
otp sms push             | {"oob_channel": "sms"}       | sms
push                     | {"challenge_type": "otp"}    | otp
otp sms voice            | {}                           | sms
otp                      | {}                           | otp
otp                      | {"challenge_type": "oob"}    | email
email                    | {}                           | email
"""


@pytest.mark.parametrize(("factors", "wish", "chosen"), rows(CHOSEN))
def test_push_is_chosen_before_sms_before_voice_before_otp_before_email(
    app: App, phone: Phone, factors: str, wish: str, chosen: str
) -> None:
    user = app.sandbox.add_user(factors=factors.split(), phone=phone)
    answer = app.challenge(app.login(user), **json.loads(wish)).json()
    assert (answer == {"challenge_type": "otp"}) is (chosen == "otp")
    sent = [str(message.channel) for message in app.sandbox.delivery.newest] or ["push"] * len(phone.notifications)
    assert sent == ([] if chosen == "otp" else [chosen])


def test_a_named_authenticator_is_challenged_if_it_is_confirmed_ones_own_and_its_type_fits(
    app: App, phone: Phone
) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    mfa_token = app.login(user)
    ids = {one["id"].partition("|")[0]: one["id"] for one in app.authenticators(mfa_token)}
    for kind, members in (("sms", 3), ("voice", 3), ("push", 2), ("totp", 1), ("email", 3)):
        assert len(app.challenge(mfa_token, authenticator_id=ids[kind]).json()) == members
    assert error_of(app.challenge(mfa_token, authenticator_id=ids["totp"], challenge_type="oob")) == none_fits("oob")
    assert error_of(app.challenge(mfa_token, authenticator_id=ids["recovery-code"])) == none_fits("oob otp")
    access = app.mfa_access(user)
    app.associate_otp(access)
    (waiting,) = [one["id"] for one in app.authenticators(access) if not one["active"]]
    theirs = app.login(app.sandbox.add_user(factors=["sms"]))
    for token, authenticator_id in ((mfa_token, waiting), (theirs, ids["push"]), (theirs, ids["email"])):
        assert error_of(app.challenge(token, authenticator_id=authenticator_id))[:2] == (404, "invalid_authenticator")


def test_channels_of_one_login_wait_side_by_side_and_no_code_opens_the_other(app: App, phone: Phone) -> None:
    mfa_token, channels = (
        app.login(app.sandbox.add_user(factors=["push", "sms"], phone=phone)),
        ("auth0", "sms", "voice"),
    )
    push, sms, voice = (app.challenge(mfa_token, oob_channel=each).json()["oob_code"] for each in channels)
    code = {message.channel: str(message.code) for message in app.sandbox.delivery.newest}
    assert error_of(app.poll(mfa_token, voice, binding_code=code["sms"])) == WRONG
    assert error_of(app.poll(mfa_token, sms, binding_code=code["voice"])) == WRONG
    assert error_of(app.poll(mfa_token, push))[1] == "authorization_pending"
    assert app.poll(mfa_token, sms, binding_code=code["sms"]).status_code == 200
    phone.allow()
    assert error_of(app.poll(mfa_token, push))[2].startswith("The mfa_token provided is invalid.")


NUMBERS = ("15550123", "+", "+0155501234", "+1 555 0123", "+1555012345678901", "tel:+15550123", "+١٢٣٤٥٦٧")
ADDRESSES = ("nobody", "@", "a@", "@b.example", "a b@c.example", "a@b@c.example", "a@b.example\n")


def test_what_is_no_address_is_refused_and_nothing_is_listed_or_sent(app: App) -> None:
    mfa_token = app.mfa_token()
    before = app.authenticators(mfa_token)
    for channel, address in (*product(("sms", "voice"), NUMBERS), *product(("email",), ADDRESSES)):
        answer = app.associate(mfa_token, oob_channels=[channel], phone_number=address, email=address)
        text = "email must be an email address" if channel == "email" else "The phone number is invalid."
        assert error_of(answer) == (400, "invalid_request", text), address
    assert (app.authenticators(mfa_token), app.sandbox.delivery.newest) == (before, ())


def test_through_another_push_provider_nothing_is_refused_and_nothing_arrives_until_it_is_guardian_again(
    app: App, phone: Phone
) -> None:
    admin, path = admin_of(app), "/guardian/factors/push-notification/selected-provider"
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    mfa_token = app.login(user)
    assert admin("PUT", path, {"provider": "sns"}).status_code == 200
    lost = app.challenge(mfa_token, oob_channel="auth0").json()
    assert (list(lost), phone.notifications) == (["challenge_type", "oob_code"], ())
    newest = app.sandbox.tenant.logs[-1]
    assert (newest.type, newest.user_id) == ("gd_send_pn_failure", user.user_id)
    assert error_of(app.poll(mfa_token, lost["oob_code"]))[1] == "authorization_pending"
    assert app.otp(app.login(user), phone.code()).status_code == 200
    assert admin("PUT", path, {"provider": "guardian"}).status_code == 200
    app.challenge(mfa_token, oob_channel="auth0")
    assert len(phone.notifications) == 1
