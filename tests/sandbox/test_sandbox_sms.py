"""SMS: a number that its first code confirms, challenges that send a new code, and the inbox."""

import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.sandbox.delivery import Message
from auth0_mfa_lab.sandbox.mfa.authenticators import masked
from tests.sandbox.sandbox_mothers import App, error_of, kinds

NUMBER = "+15550123"
WRONG = (403, "invalid_grant", "Invalid binding_code.")


def another(code: str) -> str:
    return str((int(code) + 1) % 10**6).zfill(6)


def test_an_sms_association_is_what_was_recorded_and_its_code_is_sent_at_once(app: App) -> None:
    answer = app.associate_sms(app.mfa_token())
    assert answer.status_code == 200
    assert list(answer.json()) == ["authenticator_type", "binding_method", "recovery_codes", "oob_channel", "oob_code"]
    assert (answer.json()["oob_channel"], answer.json()["binding_method"]) == ("sms", "prompt")
    (message,) = app.inbox()
    assert (message.address, message.channel, message.purpose) == (NUMBER, "sms", "mfa")
    assert (message.link, message.language, message.sent_at) == (None, None, 1_800_000_000)
    assert message.code is not None
    assert (len(message.code), message.code.isdigit(), message.code in message.text) == (6, True, True)


def test_the_code_confirms_the_number_and_gives_the_tokens(app: App) -> None:
    mfa_token = app.mfa_token(scope="openid")
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    assert kinds(app.authenticators(mfa_token), active=True) == []
    granted = app.poll(mfa_token, oob_code, binding_code=app.newest_code())
    assert (granted.status_code, granted.json()["scope"]) == (200, "openid")
    listed = app.authenticators(mfa_token)
    assert kinds(listed, active=True) == ["sms", "recovery-code"]
    assert listed[0] == {
        "id": listed[0]["id"],
        "authenticator_type": "oob",
        "active": True,
        "oob_channel": "sms",
        "name": "XXXXX0123",
    }


def test_a_wrong_code_confirms_nothing_and_the_right_one_still_does(app: App) -> None:
    mfa_token = app.mfa_token()
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    code = app.newest_code()
    for wrong in (another(code), code[:5], f"{code}0", "é"):
        assert error_of(app.poll(mfa_token, oob_code, binding_code=wrong)) == WRONG
    assert kinds(app.authenticators(mfa_token), active=True) == []
    assert app.poll(mfa_token, oob_code, binding_code=code).status_code == 200


@pytest.mark.parametrize("binding_code", ["", None])
def test_a_code_must_be_there(app: App, binding_code: str | None) -> None:
    mfa_token = app.mfa_token()
    oob_code = app.associate_sms(mfa_token).json()["oob_code"]
    fields = {} if binding_code is None else {"binding_code": binding_code}
    assert error_of(app.poll(mfa_token, oob_code, **fields)) == (
        400,
        "invalid_request",
        "Missing required parameter: binding_code",
    )


@pytest.mark.parametrize(
    "number", ["15550123", "+", "+0155501234", "+1 555 0123", "+1555012345678901", "tel:+15550123", "+١٢٣٤٥٦٧"]
)
def test_a_number_is_in_e164_or_it_is_invalid(app: App, number: str) -> None:
    mfa_token = app.mfa_token()
    assert error_of(app.associate_sms(mfa_token, number)) == (400, "invalid_request", "The phone number is invalid.")
    assert app.authenticators(mfa_token) == []
    assert app.inbox(number) == ()


@pytest.mark.parametrize("number", [None, "", 15550123, ["+15550123"]])
def test_a_number_that_is_missing_or_no_string_is_an_error(app: App, number: object) -> None:
    assert error_of(app.associate_sms(app.mfa_token(), number))[:2] == (400, "invalid_request")


def test_a_challenge_sends_a_new_code_and_the_older_one_is_dead(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    assert app.inbox(user.phone_number) == ()
    mfa_token = app.login(user)
    first = app.challenge(mfa_token).json()
    assert list(first) == ["challenge_type", "oob_code", "binding_method"]
    assert (first["challenge_type"], first["binding_method"]) == ("oob", "prompt")
    second = app.challenge(mfa_token, challenge_type="oob").json()
    one, two = [str(message.code) for message in app.inbox(user.phone_number)]
    assert error_of(app.poll(mfa_token, first["oob_code"], binding_code=one))[2] == "Invalid oob_code."
    assert error_of(app.poll(mfa_token, second["oob_code"], binding_code=one)) == WRONG
    assert app.poll(mfa_token, second["oob_code"], binding_code=two).status_code == 200


def test_a_code_is_good_once_and_for_five_minutes(app: App) -> None:
    user = app.sandbox.add_user(factors=["sms"])
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    app.sandbox.clock.advance(299.9)
    code = app.newest_code(user.phone_number)
    assert app.poll(mfa_token, oob_code, binding_code=code).status_code == 200
    assert error_of(app.poll(mfa_token, oob_code, binding_code=code))[2] == "Invalid oob_code."
    mfa_token = app.login(user)
    oob_code = app.challenge(mfa_token).json()["oob_code"]
    app.sandbox.clock.advance(300)
    late = app.poll(mfa_token, oob_code, binding_code=app.newest_code(user.phone_number))
    assert error_of(late) == (401, "expired_token", "oob_code is expired")


def test_a_code_is_good_for_its_own_oob_code_only(app: App) -> None:
    mfa_token = app.mfa_token()
    first = app.associate_sms(mfa_token, "+15550121").json()["oob_code"]
    app.associate_sms(mfa_token, "+15550122")
    assert error_of(app.poll(mfa_token, first, binding_code=app.newest_code("+15550122"))) == WRONG
    assert app.poll(mfa_token, first, binding_code=app.newest_code("+15550121")).status_code == 200


def test_a_number_that_was_open_when_another_factor_was_confirmed_stays_unconfirmed(app: App, phone: Phone) -> None:
    early, later = app.mfa_token(), app.mfa_token()
    oob_code = app.associate_sms(early).json()["oob_code"]
    phone.scan(app.associate_otp(later).json()["barcode_uri"])
    assert app.otp(later, phone.code()).status_code == 200
    answer = app.poll(early, oob_code, binding_code=app.newest_code())
    assert error_of(answer) == (403, "access_denied", "User is already enrolled.")
    assert "sms" not in kinds(app.authenticators(early), active=True)


def test_push_is_chosen_before_sms_and_sms_before_otp_whatever_the_order_of_the_words(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["otp", "sms", "push"], phone=phone)
    mfa_token = app.login(user)
    for fields in ({}, {"challenge_type": "oob"}, {"challenge_type": "otp  oob"}):
        assert "binding_method" not in app.challenge(mfa_token, **fields).json()
    assert app.challenge(mfa_token, challenge_type="otp").json() == {"challenge_type": "otp"}
    assert app.challenge(mfa_token, oob_channel="sms").json()["binding_method"] == "prompt"
    both = app.login(app.sandbox.add_user(factors=["otp", "sms"]))
    assert app.challenge(both).json()["binding_method"] == "prompt"
    assert app.challenge(both, challenge_type="oob otp").json()["binding_method"] == "prompt"


def test_a_named_authenticator_is_challenged_if_its_type_fits(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "otp", "sms"], phone=phone)
    mfa_token = app.login(user)
    ids = {one["id"].partition("|")[0]: one["id"] for one in app.authenticators(mfa_token)}
    assert app.challenge(mfa_token, authenticator_id=ids["sms"]).json()["binding_method"] == "prompt"
    assert app.challenge(mfa_token, authenticator_id=ids["totp"]).json() == {"challenge_type": "otp"}
    unfit = app.challenge(mfa_token, authenticator_id=ids["sms"], challenge_type="otp")
    assert error_of(unfit) == (
        401,
        "unsupported_challenge_type",
        "User does not have any enrolled authenticator with the supported challenge type (otp)",
    )
    recovery = app.challenge(mfa_token, authenticator_id=ids["recovery-code"], challenge_type="recovery-code")
    assert error_of(recovery)[1] == "unsupported_challenge_type"


def test_an_sms_and_a_push_of_one_login_wait_side_by_side(app: App, phone: Phone) -> None:
    user = app.sandbox.add_user(factors=["push", "sms"], phone=phone)
    mfa_token = app.login(user)
    by_push = app.challenge(mfa_token).json()["oob_code"]
    app.challenge(mfa_token, oob_channel="sms")
    assert error_of(app.poll(mfa_token, by_push))[1] == "authorization_pending"
    phone.allow()
    assert app.poll(mfa_token, by_push).status_code == 200


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+44207183875044", "XXXXXXXXXXX5044"), ("+15550123", "XXXXX0123"), ("+123", "+123"), ("+12", "+12")],
)
def test_a_number_is_listed_by_its_last_four_characters(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_a_user_has_just_the_factors_that_were_asked_for_and_their_recovery_code(sandbox: Sandbox, app: App) -> None:
    phone = sandbox.new_phone(app.http)
    expected = {
        "otp": ["totp", "recovery-code"],
        "sms": ["sms", "recovery-code"],
        "push": ["push", "totp", "recovery-code"],
    }
    for factor, listed in expected.items():
        user = sandbox.add_user(factors=[factor], phone=phone)
        mfa_token = app.login(user)
        assert kinds(app.authenticators(mfa_token), active=True) == listed
        assert app.recover(mfa_token, str(user.recovery_code)).status_code == 200
        assert str(user.recovery_code) not in repr(user)
    assert sandbox.add_user().recovery_code is None
    assert kinds(app.authenticators(app.login(sandbox.add_user(factors=["otp", "otp"])))).count("totp") == 2


def test_an_inbox_forgets_the_oldest_knows_no_case_and_shows_no_code(sandbox: Sandbox) -> None:
    for number in range(100):
        sandbox.delivery.message(
            Message(
                address="Jane@Example.com",
                channel="email",
                purpose="passwordless",
                code="493817",
                link="https://x.example/l",
                text=f"493817 {number}",
                sent_at=0,
            )
        )
    kept = sandbox.delivery.messages("jane@example.com")
    assert [message.text for message in kept] == [f"493817 {number}" for number in range(36, 100)]
    assert sandbox.delivery.messages("jan@example.com") == ()
    for secret in ("493817", "x.example"):
        assert secret not in repr(kept)
