"""Each factor from its enrollment over a challenge to the tokens: what it lists, sends and takes; when it is off."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, User
from tests.sandbox.management_mothers import admin_of
from tests.sandbox.sandbox_mothers import App, app_of, error_of, kinds, new_sandbox, scan, set_up, switch_off, switch_on

NUMBER, EMAIL = "+15550123", "other@mail.example"
EVERY = frozenset({"sms", "push-notification", "otp", "email", "recovery-code"})
SPENT = 403, "invalid_grant", "Invalid oob_code."
WRONG = 403, "invalid_grant", "Invalid binding_code."
ENROLLED = 403, "access_denied", "User is already enrolled."
NO_RECOVERY = 403, "unsupported_challenge_type", "User does not have a recovery-code."
NO_FACTOR = 401, "unsupported_challenge_type"
EXPIRED = 401, "expired_token", "oob_code is expired"
PENDING = "authorization_pending"


def none_fits(types: str) -> tuple[int, str, str]:
    return *NO_FACTOR, f"User does not have any enrolled authenticator with the supported challenge type ({types})"


class Factor(NamedTuple):
    """`members` are those of its association, in their order, `kinds` what it lists, under the name `shown`."""

    name: str
    channel: str
    members: str
    kinds: list[str]
    address: str = ""
    shown: str | None = None


SENT = "authenticator_type binding_method recovery_codes oob_channel oob_code"
# fmt: off
FACTORS = {each.name: each for each in (
    Factor("push", "auth0", "authenticator_type recovery_codes oob_channel oob_code barcode_uri", ["push", "totp"]),
    Factor("otp", "otp", "authenticator_type secret barcode_uri recovery_codes", ["totp"]),
    Factor("sms", "sms", SENT, ["sms", "voice"], NUMBER, "XXXXX0123"),
    Factor("voice", "voice", SENT, ["sms", "voice"], NUMBER, "XXXXX0123"),
    Factor("email", "email", SENT, ["email"], EMAIL, "othe*@mail********"),
)}
# fmt: on
CODES: tuple[str, ...] = ("sms", "voice", "email")


@pytest.fixture
def app() -> Iterator[App]:
    """An application of a tenant that has every factor on, by SMS and by voice."""
    box = new_sandbox()
    set_up(box, factors=EVERY, message_types=("sms", "voice"))
    yield app_of(box)
    assert not box.failures, "the sandbox has a bug"


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
        named = {"email" if "@" in self.factor.address else "phone_number": self.factor.address or None}
        return self.app.associate(token, oob_channels=[self.factor.channel], **named)

    def confirm(self, token: str, begun: dict[str, Any], code: str | None = None) -> httpx.Response:
        """End an enrollment: by the scan, or by a code, which is the right one unless it is given."""
        if self.factor.name == "push":
            scan(self.phone, begun["barcode_uri"])
            return self.app.poll(token, begun["oob_code"])
        if self.factor.name == "otp":
            self.phone.scan(begun["barcode_uri"])
            return self.app.otp(token, code or self.phone.code())
        code = code or self.app.newest_code(self.factor.address)
        return self.app.poll(token, begun["oob_code"], binding_code=code)

    def challenge(self, mfa_token: str) -> httpx.Response:
        wish = {"challenge_type": "otp"} if self.factor.name == "otp" else {"oob_channel": self.factor.channel}
        return self.app.challenge(mfa_token, **wish)

    def sent(self) -> list[str]:
        return [message.channel for message in self.app.sandbox.delivery.newest]


@pytest.fixture(params=FACTORS)
def desk(app: App, request: pytest.FixtureRequest) -> Desk:
    return Desk(app, app.sandbox.new_phone(app.http), FACTORS[request.param])


def test_a_factor_is_enrolled_and_gives_the_tokens_of_the_original_request(desk: Desk) -> None:
    app, factor, user = desk.app, desk.factor, desk.newcomer()
    mfa_token = app.login(user, scope="openid profile")
    assert app.authenticators(mfa_token) == []
    answer = desk.begin(mfa_token)
    begun = answer.json()
    assert (answer.status_code, list(begun)) == (200, factor.members.split())
    kind = "otp" if factor.name == "otp" else "oob"
    assert (begun["authenticator_type"], begun.get("oob_channel", "otp")) == (kind, factor.channel)
    assert begun.get("binding_method") == ("prompt" if factor.address else None)
    assert [re.fullmatch("[A-Z0-9]{24}", code) is not None for code in begun["recovery_codes"]] == [True]
    assert desk.sent() == ([factor.channel] if factor.address else [])
    for message in app.inbox(factor.address):
        assert (message.purpose, message.link, message.language, message.sent_at) == ("mfa", None, None, 1_800_000_000)
        assert re.fullmatch("[0-9]{6}", str(message.code))
        assert str(message.code) in message.text

    waiting = app.authenticators(mfa_token)
    assert sorted(kinds(waiting)) == sorted([*factor.kinds, "recovery-code"])
    assert kinds(waiting, active=True) == []
    if factor.name == "push":
        assert error_of(app.poll(mfa_token, begun["oob_code"]))[1] == PENDING
    else:
        right = app.newest_code(factor.address) if factor.address else ""
        for code in (right[:5] or "x", f"{right}0", "é", str(int(right or "999999") ^ 1).zfill(6)):
            text = "Invalid binding_code." if factor.address else "Invalid otp_code."
            assert error_of(desk.confirm(mfa_token, begun, code)) == (403, "invalid_grant", text)
    assert kinds(app.authenticators(mfa_token), active=True) == []

    granted = desk.confirm(mfa_token, begun)
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid profile")
    listed = {one["id"].partition("|")[0]: one for one in app.authenticators(mfa_token)}
    assert {one["active"] for one in listed.values()} == {True}
    for name in factor.kinds:
        channel = {"push": "auth0", "totp": None}.get(name, name)
        shown = desk.phone.name if name == "push" else factor.shown
        expected = {"id": listed[name]["id"], "authenticator_type": "oob" if channel else "otp", "active": True}
        expected |= {"oob_channel": channel} if channel else {}
        assert listed[name] == expected | ({"name": shown} if shown else {})
    assert error_of(desk.confirm(mfa_token, begun))[:2] == (403, "invalid_grant")
    # Email is no factor to rely on: another may still be enrolled beside it.
    again = app.associate_otp(app.login(user))
    assert again.status_code == (200 if factor.name == "email" else 403)
    assert "recovery_codes" not in again.json()


@pytest.mark.parametrize("desk", ["push", *CODES], indirect=True)
def test_a_challenge_is_answered_once_within_five_minutes_by_its_newest_code(desk: Desk) -> None:
    app, name = desk.app, desk.factor.name
    user = app.sandbox.add_user(factors=[name], phone=desk.phone)
    address = user.email if name == "email" else user.phone_number
    assert desk.sent() == []

    def answer(begun: dict[str, Any]) -> httpx.Response:
        if name == "push":
            desk.phone.allow()
            return app.poll(mfa_token, begun["oob_code"])
        return app.poll(mfa_token, begun["oob_code"], binding_code=app.newest_code(address))

    mfa_token = app.login(user, scope="openid")
    older = desk.challenge(mfa_token).json()
    members = ["challenge_type", "oob_code"] if name == "push" else ["challenge_type", "oob_code", "binding_method"]
    assert (list(older), older["challenge_type"]) == (members, "oob")
    dead = "" if name == "push" else app.newest_code(address)
    newer = desk.challenge(mfa_token).json()
    assert desk.sent() == ([] if name == "push" else [name, name])
    assert error_of(app.poll(mfa_token, older["oob_code"], binding_code=dead or "x")) == SPENT
    if dead:
        assert error_of(app.poll(mfa_token, newer["oob_code"], binding_code=dead)) == WRONG
    app.sandbox.clock.advance(299.5)
    assert answer(newer).json()["scope"] == "openid"
    assert error_of(app.poll(mfa_token, newer["oob_code"], binding_code="x")) == SPENT
    mfa_token = app.login(user)
    late = desk.challenge(mfa_token).json()
    app.sandbox.clock.advance(300)
    assert desk.phone.notifications == ()
    assert error_of(app.poll(mfa_token, late["oob_code"], binding_code="x")) == EXPIRED


def off(*names: str) -> dict[str, Any]:
    return {"factors": EVERY.difference(names)}


# fmt: off
OFF = (
    ("push",  off("push-notification")),
    ("otp",   off("otp")),
    ("sms",   off("sms")),
    ("sms",   {"message_types": ("voice",)}),
    ("voice", off("sms")),
    ("voice", {"message_types": ("sms",)}),
    ("email", off("email")),
    ("email", off("sms", "otp", "push-notification")),
)
# fmt: on


@pytest.mark.parametrize(
    ("desk", "settings"), OFF, indirect=["desk"], ids=[f"{name} {n}" for n, (name, _) in enumerate(OFF)]
)
def test_what_is_off_enrolls_challenges_and_takes_nothing_stays_listed_and_is_good_again(
    desk: Desk, settings: dict[str, Any]
) -> None:
    app, factor = desk.app, desk.factor
    user = app.sandbox.add_user(factors=["sms", factor.name], phone=desk.phone)
    early, access, mfa_token = app.login(desk.newcomer()), app.mfa_access(user), app.login(user)
    begun, challenged = desk.begin(early).json(), desk.challenge(mfa_token).json()
    listed, sent, other = app.authenticators(mfa_token), desk.sent(), desk.newcomer()
    before = app.sandbox.tenant.settings
    set_up(app.sandbox, **settings)

    refused = 400, "unsupported_challenge_type", f"The factor is not enabled for this tenant: {factor.channel}"
    for token in (app.login(other), access):
        assert error_of(desk.begin(token)) == refused
    assert app.authenticators(app.login(other)) == []
    assert all(row["left"] == row["burst"] for row in app.sandbox.limits(other.user_id))
    assert error_of(desk.challenge(mfa_token)) == none_fits("otp" if factor.name == "otp" else "oob otp")
    assert desk.sent() == sent
    unasked = [one for one in listed if one not in app.authenticators(mfa_token)]
    assert kinds(unasked) == [], "what was enrolled stays listed"
    late = desk.confirm(early, begun)
    assert error_of(late)[:2] == (NO_FACTOR if factor.name == "otp" else SPENT[:2])
    if factor.name != "otp":
        assert error_of(app.poll(mfa_token, challenged["oob_code"], binding_code="x")) == SPENT
    assert kinds(app.authenticators(early), active=True) == []

    app.sandbox.tenant.settings = before
    assert desk.confirm(early, begun).status_code == 200
    assert desk.challenge(mfa_token).status_code == 200


def test_where_every_factor_is_off_nobody_enrolls_and_nobody_gets_in(desk: Desk) -> None:
    app, name = desk.app, desk.factor.name
    switch_off(app.sandbox, *EVERY)
    switch_on(app.sandbox, "duo", "webauthn-roaming", "webauthn-platform")
    user = app.sandbox.add_user(factors=[name], phone=desk.phone)
    mfa_token = app.login(user)
    assert set(kinds(app.authenticators(mfa_token), active=True)) == set(desk.factor.kinds) & {name, "totp", "push"}
    for token in (mfa_token, app.login(desk.newcomer())):
        assert error_of(desk.begin(token))[1] == "unsupported_challenge_type"
        assert app.challenge(token).status_code == app.otp(token, "x").status_code == 401
        assert error_of(app.recover(token, str(user.recovery_code))) == NO_RECOVERY


# fmt: off
CHOSEN: tuple[tuple[str, dict[str, str], str], ...] = (
    ("otp sms push voice email", {},                                 "push"),
    ("otp sms push",             {"challenge_type": "oob"},          "push"),
    ("otp sms push",             {"challenge_type": "otp  oob"},     "push"),
    ("otp sms push",             {"challenge_type": "otp"},          "otp"),
    ("otp sms push",             {"oob_channel": "sms"},             "sms"),
    ("push",                     {"challenge_type": "otp"},          "otp"),
    ("otp sms voice",            {},                                 "sms"),
    ("otp sms",                  {"challenge_type": "oob otp"},      "sms"),
    ("otp voice",                {"oob_channel": "voice"},           "voice"),
    ("otp",                      {},                                 "otp"),
    ("otp",                      {"challenge_type": "oob"},          "email"),
    ("email",                    {},                                 "email"),
)
# fmt: on


@pytest.mark.parametrize(("factors", "wish", "chosen"), CHOSEN)
def test_push_is_chosen_before_sms_before_voice_before_otp_before_email(
    app: App, factors: str, wish: dict[str, str], chosen: str
) -> None:
    phone = app.sandbox.new_phone(app.http)
    user = app.sandbox.add_user(factors=factors.split(), phone=phone)
    answer = app.challenge(app.login(user), **wish).json()
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
        answer = app.challenge(mfa_token, authenticator_id=ids[kind])
        assert (answer.status_code, len(answer.json())) == (200, members)
    assert error_of(app.challenge(mfa_token, authenticator_id=ids["totp"], challenge_type="oob")) == none_fits("oob")
    assert error_of(app.challenge(mfa_token, authenticator_id=ids["recovery-code"])) == none_fits("oob otp")
    access = app.mfa_access(user)
    app.associate_otp(access)
    (waiting,) = [one["id"] for one in app.authenticators(access) if not one["active"]]
    theirs = app.login(app.sandbox.add_user(factors=["sms"]))
    for token, authenticator_id in ((mfa_token, waiting), (theirs, ids["push"]), (theirs, ids["email"])):
        assert error_of(app.challenge(token, authenticator_id=authenticator_id))[:2] == (404, "invalid_authenticator")


def test_two_channels_of_one_login_wait_side_by_side_and_no_code_opens_the_other(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    mfa_token, code = app.login(user), {}
    begun = dict.fromkeys(("auth0", "sms", "voice"), "")
    for channel in begun:
        begun[channel] = app.challenge(mfa_token, oob_channel=channel).json()["oob_code"]
        code[channel] = "" if channel == "auth0" else app.newest_code(user.phone_number)
    assert error_of(app.poll(mfa_token, begun["voice"], binding_code=code["sms"])) == WRONG
    assert error_of(app.poll(mfa_token, begun["sms"], binding_code=code["voice"])) == WRONG
    assert error_of(app.poll(mfa_token, begun["auth0"]))[1] == PENDING
    assert app.poll(mfa_token, begun["sms"], binding_code=code["sms"]).status_code == 200
    phone.allow()
    assert error_of(app.poll(mfa_token, begun["auth0"]))[2].startswith("The mfa_token provided is invalid.")


NUMBERS = ("15550123", "+", "+0155501234", "+1 555 0123", "+1555012345678901", "tel:+15550123", "+١٢٣٤٥٦٧")
ADDRESSES = ("nobody", "@", "a@", "@b.example", "a b@c.example", "a@b@c.example", "a@b.example\n")
BAD: list[tuple[str, str]] = [*product(("sms", "voice"), NUMBERS), *product(("email",), ADDRESSES)]


@pytest.mark.parametrize(("channel", "address"), BAD)
def test_what_is_no_address_is_refused_and_nothing_is_listed_or_sent(app: App, channel: str, address: str) -> None:
    mfa_token = app.mfa_token()
    before = app.authenticators(mfa_token)
    answer = app.associate(mfa_token, oob_channels=[channel], phone_number=address, email=address)
    text = "email must be an email address" if channel == "email" else "The phone number is invalid."
    assert error_of(answer) == (400, "invalid_request", text)
    assert (app.authenticators(mfa_token), app.inbox(address)) == (before, ())


def test_a_code_is_good_for_its_own_enrollment_only(app: App) -> None:
    mfa_token = app.mfa_token()
    first = app.associate_sms(mfa_token, "+15550121").json()["oob_code"]
    app.associate_sms(mfa_token, "+15550122")
    assert error_of(app.poll(mfa_token, first, binding_code=app.newest_code("+15550122"))) == WRONG
    assert app.poll(mfa_token, first, binding_code=app.newest_code("+15550121")).status_code == 200


@pytest.mark.parametrize("desk", ["push", "otp", "sms"], indirect=True)
def test_an_enrollment_that_was_open_when_another_factor_was_confirmed_is_dead(desk: Desk) -> None:
    """Else a password alone would get past a factor that was confirmed meanwhile."""
    app, user = desk.app, desk.newcomer()
    early, later, phone = app.login(user), app.login(user), app.sandbox.new_phone(app.http)
    begun = desk.begin(early).json()
    phone.scan(app.associate_otp(later).json()["barcode_uri"])
    assert app.otp(later, phone.code()).status_code == 200
    refused = desk.confirm(early, begun)
    assert error_of(refused)[1] in ("access_denied", "invalid_grant", PENDING)
    assert kinds(app.authenticators(early), active=True).count("totp") == 1
    assert not {"push", "sms"} & set(kinds(app.authenticators(early), active=True))
    assert desk.phone.enrollments == ()


def test_an_open_enrollment_is_no_factor_and_its_own_login_alone_confirms_it(app: App, phone: Phone) -> None:
    mfa_token, other = app.mfa_token(), app.mfa_token()
    for _ in range(2):
        assert app.associate(mfa_token).status_code == 200
    phone.scan(app.associate_otp(mfa_token).json()["barcode_uri"])
    assert error_of(app.otp(other, phone.code()))[1] == "unsupported_challenge_type"
    assert app.otp(mfa_token, phone.code()).status_code == 200


@pytest.mark.parametrize("other", ["sns", "direct"])
def test_through_another_push_provider_nothing_is_refused_and_nothing_arrives_until_it_is_guardian_again(
    app: App, phone: Phone, other: str
) -> None:
    admin, path = admin_of(app), "/guardian/factors/push-notification/selected-provider"
    assert admin("PUT", path, {"provider": other}).status_code == 200
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    mfa_token = app.login(user)
    challenged = app.challenge(mfa_token, oob_channel="auth0")
    assert (challenged.status_code, set(challenged.json())) == (200, {"challenge_type", "oob_code"})
    assert phone.notifications == ()
    newest = admin("GET", "/logs", params={"q": "type:gd_send_pn_failure"}).json()
    assert [(one["type"], one["user_id"]) for one in newest] == [("gd_send_pn_failure", user.user_id)]
    lost = challenged.json()["oob_code"]
    for _ in range(4):
        assert error_of(app.poll(mfa_token, lost))[1] == "authorization_pending"
        app.sandbox.clock.advance(75)
    assert error_of(app.poll(mfa_token, lost)) == (401, "expired_token", "oob_code is expired")
    assert app.otp(app.login(user), phone.code()).status_code == 200
    assert app.recover(app.login(user), str(user.recovery_code)).status_code == 200

    assert admin("PUT", path, {"provider": "guardian"}).status_code == 200
    oob_code = app.challenge(mfa_token, oob_channel="auth0").json()["oob_code"]
    phone.allow()
    assert app.poll(mfa_token, oob_code).status_code == 200
    sent = [entry.type for entry in app.sandbox.tenant.logs if entry.type.startswith("gd_send_pn")]
    assert sent == ["gd_send_pn_failure", "gd_send_pn"]
