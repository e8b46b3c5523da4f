"""A push challenge and its poll: pending, approved, rejected, too fast, too late, superseded, spent."""

import httpx
import pytest

from auth0_mfa_lab.sandbox import Phone, Sandbox
from tests.sandbox.sandbox_mothers import App, bearer, new_sandbox, pushed


def test_an_allowed_push_gives_the_tokens_of_the_original_request_once(app: App, phone: Phone) -> None:
    login = pushed(app, phone, scope="openid profile")
    assert login.poll().json()["error"] == "authorization_pending"
    assert phone.allow().status_code == 204
    assert login.poll().json()["scope"] == "openid profile"
    spent = login.poll()
    assert (spent.status_code, spent.json()) == (
        403,
        {"error": "invalid_grant", "error_description": "Invalid oob_code."},
    )


def test_a_rejected_push_ends_the_poll_and_stays_rejected(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    notification = phone.notifications[-1]
    assert phone.reject("hack").status_code == 204
    for _ in range(2):
        refused = login.poll()
        assert (refused.status_code, refused.json()) == (
            403,
            {"error": "invalid_grant", "error_description": "MFA Authorization rejected."},
        )
        assert refused.extensions["auth0_lab_notes"] == ("sandbox: status guess · code doc · text rec",)
    again = app.http.post(
        "/appliance-mfa/api/resolve-transaction", headers=bearer(notification.transaction_token), json={}
    )
    assert (again.status_code, again.json()["errorCode"]) == (404, "login_transaction_not_found")


def test_profile_recorded_answers_a_rejection_as_it_was_recorded() -> None:
    sandbox = new_sandbox("recorded")
    app = App(sandbox, httpx.Client(transport=sandbox.transport, base_url="https://sandbox.example"))
    login = pushed(app, sandbox.new_phone(app.http))
    login.phone.reject()
    refused = login.poll()
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "access_denied", "error_description": "MFA Authorization rejected."},
    )
    assert refused.extensions["auth0_lab_notes"] == ()


def test_twelve_polls_at_once_are_answered_and_the_thirteenth_is_told_to_slow_down(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    answers = [login.poll() for _ in range(13)]
    assert [answer.json()["error"] for answer in answers] == ["authorization_pending"] * 12 + ["slow_down"]
    last = answers[-1]
    assert last.status_code == 429
    assert last.headers["x-ratelimit-limit"] == "12"
    assert last.headers["x-ratelimit-remaining"] == "0"
    assert last.headers["x-ratelimit-reset"] == "1800000060"


def test_a_poll_every_five_seconds_is_never_too_fast(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    for _ in range(12):
        login.poll()
    for _ in range(40):
        app.sandbox.clock.advance(5)
        assert login.poll().json()["error"] == "authorization_pending"
    assert login.poll().json()["error"] == "slow_down"


def test_each_transaction_has_a_bucket_of_its_own(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    for _ in range(13):
        login.poll()
    other = app.challenge(login.mfa_token, challenge_type="oob").json()["oob_code"]
    assert app.poll(login.mfa_token, other).json()["error"] == "authorization_pending"


def test_the_oob_code_lives_five_minutes_and_the_mfa_token_ten(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    app.sandbox.clock.advance(299.9)
    assert login.poll().json()["error"] == "authorization_pending"
    app.sandbox.clock.advance(0.1)
    late = login.poll()
    assert (late.status_code, late.json()) == (
        401,
        {"error": "expired_token", "error_description": "oob_code is expired"},
    )
    assert app.challenge(login.mfa_token).status_code == 200
    app.sandbox.clock.advance(300)
    over = login.poll()
    assert (over.status_code, over.json()) == (
        401,
        {"error": "expired_token", "error_description": "mfa_token is expired"},
    )


def test_an_expired_mfa_token_is_told_the_same_at_every_endpoint(app: App) -> None:
    mfa_token = app.mfa_token()
    app.sandbox.clock.advance(600)
    listed = app.http.get("/mfa/authenticators", headers=bearer(mfa_token))
    for answer in (listed, app.associate(mfa_token), app.challenge(mfa_token), app.poll(mfa_token, "x")):
        assert (answer.status_code, answer.json()["error_description"]) == (401, "mfa_token is expired")


def test_an_approval_in_the_last_moment_can_be_redeemed_and_a_later_one_is_lost(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    app.sandbox.clock.advance(299.9)
    assert phone.allow().status_code == 204
    assert login.poll().status_code == 200
    late = pushed(app, phone)
    answer = late.sign(late.claims(exp=app.sandbox.clock.now() + 900))
    notification = late.notification
    app.sandbox.clock.advance(300)
    assert phone.notifications == ()
    refused = app.http.post(
        "/appliance-mfa/api/resolve-transaction",
        headers=bearer(notification.transaction_token),
        json={"challenge_response": answer},
    )
    assert (refused.status_code, refused.json()["errorCode"]) == (401, "invalid_token")
    assert late.poll().json()["error"] == "expired_token"


def test_a_newer_challenge_takes_the_place_of_the_older_one(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    older = phone.notifications[-1]
    newer = app.challenge(login.mfa_token, challenge_type="oob").json()["oob_code"]
    assert login.poll().json()["error_description"] == "Invalid oob_code."
    gone = app.http.post(
        "/appliance-mfa/api/resolve-transaction",
        headers=bearer(older.transaction_token),
        json={"challenge_response": "a.b.c"},
    )
    assert (gone.status_code, gone.json()["errorCode"]) == (404, "login_transaction_not_found")
    assert phone.allow().status_code == 204
    assert app.poll(login.mfa_token, newer).status_code == 200


def test_a_newer_challenge_leaves_an_approved_one_alone(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    phone.allow()
    app.challenge(login.mfa_token)
    assert login.poll().status_code == 200


def test_two_logins_of_one_user_do_not_mix(app: App, phone: Phone) -> None:
    first, second = pushed(app, phone), pushed(app, phone)
    mixed = app.poll(first.mfa_token, second.oob_code)
    assert (mixed.status_code, mixed.json()) == (
        400,
        {"error": "invalid_request", "error_description": "The oob_code doesn't match the mfa_token"},
    )
    phone.allow()
    assert second.poll().status_code == 200
    assert first.poll().json()["error"] == "authorization_pending"


def test_another_application_cannot_use_the_mfa_token(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    public = {"client_id": app.sandbox.defaults.public_client_id, "client_secret": ""}
    for answer in (app.poll(login.mfa_token, login.oob_code, **public), app.challenge(login.mfa_token, **public)):
        assert (answer.status_code, answer.json()["error_description"]) == (
            400,
            "mfa_token not issued to this client",
        )


def test_a_login_that_has_its_tokens_takes_no_further_challenge_and_no_other_oob_code(app: App, phone: Phone) -> None:
    login = pushed(app, phone)
    phone.allow()
    fresh = app.challenge(login.mfa_token, challenge_type="oob").json()["oob_code"]
    assert login.poll().status_code == 200
    for answer in (app.challenge(login.mfa_token), app.poll(login.mfa_token, fresh)):
        assert (answer.status_code, answer.json()["error"]) == (403, "invalid_grant")
        assert answer.json()["error_description"].startswith("The mfa_token provided is invalid.")


def test_the_challenge_type_picks_between_push_and_its_twin(app: App, phone: Phone) -> None:
    mfa_token = pushed(app, phone).mfa_token
    otp = app.challenge(mfa_token, challenge_type="otp")
    assert (otp.status_code, otp.json()) == (200, {"challenge_type": "otp"})
    for types in ({"challenge_type": "oob"}, {"challenge_type": "oob otp"}, {"challenge_type": "otp oob"}, {}):
        push = app.challenge(mfa_token, **types)
        assert push.status_code == 200
        assert list(push.json()) == ["challenge_type", "oob_code"]


def test_an_authenticator_can_be_named_and_then_its_type_must_fit(app: App, phone: Phone) -> None:
    mfa_token = pushed(app, phone).mfa_token
    ids = {entry["id"].partition("|")[0]: entry["id"] for entry in app.authenticators(mfa_token)}
    assert app.challenge(mfa_token, authenticator_id=ids["totp"]).json() == {"challenge_type": "otp"}
    assert "oob_code" in app.challenge(mfa_token, authenticator_id=ids["push"]).json()
    unfit = app.challenge(mfa_token, authenticator_id=ids["totp"], challenge_type="oob")
    assert (unfit.status_code, unfit.json()["error"]) == (401, "unsupported_challenge_type")
    recovery = app.challenge(mfa_token, authenticator_id=ids["recovery-code"])
    assert recovery.json()["error"] == "unsupported_challenge_type"
    unknown = app.challenge(mfa_token, authenticator_id="push|dev_0000000000000000")
    assert unknown.json()["error"] == "invalid_authenticator"


def test_an_unconfirmed_authenticator_cannot_be_challenged(app: App) -> None:
    mfa_token = app.mfa_token()
    app.associate(mfa_token)
    answer = app.challenge(mfa_token, challenge_type="oob")
    assert answer.json()["error_description"].startswith("User is not enrolled.")


@pytest.mark.parametrize("factors", [[], ["push"]])
def test_a_new_user_has_just_the_factors_that_were_asked_for(app: App, phone: Phone, factors: list[str]) -> None:
    user = app.sandbox.add_user(factors=factors, phone=phone)
    listed = app.authenticators(app.mfa_token(username=user.username, password=user.password))
    assert [entry["id"].partition("|")[0] for entry in listed if entry["active"]] == (
        ["push", "totp", "recovery-code"] if factors else []
    )
    assert (len(phone.enrollments), phone.notifications) == (len(factors), ())


def test_an_unknown_profile_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="Unknown profile"):
        Sandbox(profile="strict")  # type: ignore[arg-type]  # what a person without mypy would type
