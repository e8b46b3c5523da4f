"""Push, end to end: from the password to the tokens, with the phone that the sandbox brings."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image

from auth0_mfa_lab import Lab, State
from auth0_mfa_lab.show.qr import QrPicture
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.exchange import Exchange

SCOPE = "openid profile offline_access"


def log_in(lab: Lab, user: User) -> Exchange:
    return lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience, scope=SCOPE)


def enroll(lab: Lab, login: Exchange) -> Exchange:
    return lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])


def kinds(listed: Exchange) -> dict[str, bool]:
    return {each["id"].partition("|")[0]: each["active"] for each in listed.json}


def test_a_newcomer_enrolls_scans_and_has_tokens() -> None:
    lab = Lab.sandbox()
    login = log_in(lab, lab.user())
    assert (login.status, login.error) == (403, "mfa_required")
    assert lab.client.mfa_authenticators(login["mfa_token"]).json == []
    enrollment = enroll(lab, login)
    assert enrollment["oob_channel"] == "auth0"
    assert len(enrollment["recovery_codes"]) == 1
    listed = kinds(lab.client.mfa_authenticators(login["mfa_token"]))
    assert listed["push"] is listed["totp"] is False
    picture = lab.qr(enrollment["barcode_uri"])
    assert isinstance(picture, QrPicture)
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.png)))
    assert code.text == str(enrollment["barcode_uri"])
    lab.phone.scan(picture.png)
    listed = kinds(lab.client.mfa_authenticators(login["mfa_token"]))
    assert listed["push"] is listed["totp"] is True
    run = lab.poll(mfa_token=login["mfa_token"], oob_code=enrollment["oob_code"])
    assert run.state is State.GRANTED
    assert run.exchange is not None
    assert set(run.exchange.json) >= {"access_token", "id_token", "refresh_token"}
    assert "amr" not in run.exchange.claims("access_token")
    assert lab.journal[-1] is run.exchange


def test_somebody_with_a_phone_is_asked_allows_and_has_tokens() -> None:
    lab = Lab.sandbox()
    login = log_in(lab, lab.user(factors=["push"]))
    active = [each for each in lab.client.mfa_authenticators(login["mfa_token"]).json if each["active"]]
    (push,) = [each for each in active if each.get("oob_channel") == "auth0"]
    asked = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id=push["id"])
    assert "binding_method" not in asked
    panel = lab.poll_panel(mfa_token=login["mfa_token"], oob_code=asked["oob_code"])
    waiting = panel.poll_once()
    assert waiting is not None
    assert waiting.error == "authorization_pending"
    lab.phone.allow()
    assert panel.poll_until_done().state is State.GRANTED


@pytest.mark.parametrize(("profile", "outcome"), [("docs", "403 invalid_grant"), ("recorded", "400 access_denied")])
def test_a_rejection_ends_the_poll_in_both_profiles_and_another_challenge_may_follow(
    profile: str, outcome: str
) -> None:
    lab = Lab.sandbox(profile="docs" if profile == "docs" else "recorded")
    login = log_in(lab, lab.user(factors=["push"]))
    asked = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.reject()
    run = lab.poll(mfa_token=login["mfa_token"], oob_code=asked["oob_code"])
    assert run.state is State.REJECTED
    assert run.exchange is not None
    assert run.exchange.outcome == outcome
    again = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.allow()
    assert lab.poll(mfa_token=login["mfa_token"], oob_code=again["oob_code"]).state is State.GRANTED


def test_a_push_that_is_ignored_ends_with_its_five_minutes() -> None:
    lab = Lab.sandbox()
    login = log_in(lab, lab.user(factors=["push"]))
    asked = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    begun = lab.clock.now()
    run = lab.poll(mfa_token=login["mfa_token"], oob_code=asked["oob_code"])
    assert run.state is State.EXPIRED
    assert begun + 280 < lab.clock.now() < begun + 300
    assert {exchange.error for exchange in run.exchanges} <= {"authorization_pending", "slow_down"}


def test_polling_too_fast_is_told_to_slow_down_and_does() -> None:
    lab = Lab.sandbox()
    login = log_in(lab, lab.user(factors=["push"]))
    asked = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    panel = lab.poll_panel(mfa_token=login["mfa_token"], oob_code=asked["oob_code"])
    answers = [panel.poll_once() for _ in range(13)]
    last = answers[-1]
    assert last is not None
    assert last.outcome == "429 slow_down"
    assert panel.run.poll.gap == 10
    lab.phone.allow()
    assert panel.poll_until_done().state is State.GRANTED


def test_a_login_that_is_too_old_expires() -> None:
    lab = Lab.sandbox()
    login = log_in(lab, lab.user(factors=["push"]))
    lab.clock.advance(601)
    assert lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob").error == "expired_token"


def test_the_same_story_is_told_the_same_way_twice() -> None:
    def told() -> str:
        lab = Lab.sandbox()
        login = log_in(lab, lab.user())
        enrollment = enroll(lab, login)
        lab.phone.scan(enrollment["barcode_uri"])
        lab.poll(mfa_token=login["mfa_token"], oob_code=enrollment["oob_code"])
        return "\n".join([*(text for each in lab.journal for text in each.show(each)), repr(lab.diagram())])

    assert told() == told()
