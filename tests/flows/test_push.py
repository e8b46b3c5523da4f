"""Push, end to end: from the password to the tokens, with the phone that the sandbox brings."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image

from auth0_mfa_lab import Exchange, Lab, State
from auth0_mfa_lab.errors import NothingToAnswer
from auth0_mfa_lab.sandbox.settings import Profile
from auth0_mfa_lab.show.qr import QrPicture

PENDING, OK, REJECTED = "400 authorization_pending", "200 OK", "403 invalid_grant"


def kinds(listed: Exchange) -> dict[str, bool]:
    return {each["id"].partition("|")[0]: each["active"] for each in listed.json}


def test_a_newcomer_enrolls_scans_and_has_tokens_and_the_same_story_is_told_the_same_way_twice() -> None:
    def told() -> str:
        lab = Lab.sandbox()
        user = lab.user()
        login = lab.client.password_grant(
            username=user.username, password=user.password, audience=lab.audience, scope="openid offline_access"
        )
        token = login["mfa_token"]
        assert (login.outcome, lab.client.mfa_authenticators(token).json) == ("403 mfa_required", [])
        enrollment = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
        assert (enrollment["oob_channel"], len(enrollment["recovery_codes"])) == ("auth0", 1)
        listed = kinds(lab.client.mfa_authenticators(token))
        assert listed["push"] is listed["totp"] is False
        picture = lab.qr(enrollment["barcode_uri"])
        assert isinstance(picture, QrPicture)
        (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.png)))
        assert code.text == str(enrollment["barcode_uri"])
        lab.phone.scan(picture)
        listed = kinds(lab.client.mfa_authenticators(token))
        assert listed["push"] is listed["totp"] is True
        run = lab.poll(mfa_token=token, oob_code=enrollment["oob_code"])
        tokens = run.exchange
        assert tokens is lab.journal[-1]
        assert (run.state, run.begun_by) == (State.GRANTED, "mfa_associate")
        assert set(tokens.json) >= {"access_token", "id_token", "refresh_token"}
        assert "amr" not in tokens.claims("access_token")
        return "\n".join([*(text for each in lab.journal for text in each.show(each)), repr(lab.diagram())])

    assert told() == told()


ALLOWED, SOON = "lab.phone_panel().allow()", "lab.phone.allow_after(polls=1)"
# fmt: off
STORIES: tuple[tuple[Profile, list[str], list[str], str], ...] = (
    # The sandbox's profile, what the person does, what the polls are answered, how the poll ends
    ("docs",     ["lab.phone.allow()"],                          [OK],                   "granted"),
    ("docs",     ["lab.phone.reject()"],                         [REJECTED],             "rejected"),
    ("recorded", ["lab.phone.reject()"],                         ["400 access_denied"],  "rejected"),
    ("docs",     ["lab.phone.allow_after(polls=2)"],             [PENDING, PENDING, OK], "granted"),
    ("docs",     [SOON, "lab.phone.reject()"],                   [REJECTED],             "rejected"),
    ("docs",     [ALLOWED, SOON],                                [OK],                   "granted"),
    ("docs",     [],                                             [PENDING] * 60,         "expired"),
)
# fmt: on


@pytest.mark.parametrize(("profile", "acts", "outcomes", "end"), STORIES)
def test_the_poll_ends_as_the_person_answers_and_another_challenge_may_follow(
    profile: Profile, acts: list[str], outcomes: list[str], end: str
) -> None:
    lab = Lab.sandbox(profile=profile)
    user = lab.user(factors=["push"])
    for is_first in (True, False):
        login = lab.client.password_grant(username=user.username, password=user.password)
        asked = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
        assert "binding_method" not in asked
        values = {"mfa_token": login["mfa_token"], "oob_code": asked["oob_code"]}
        begun = lab.clock.now()
        if is_first:
            for act in acts:
                eval(act, {"lab": lab})
            run = lab.poll(**values)
            assert ([each.outcome for each in run.exchanges], run.state.value) == (outcomes, end)
            assert lab.clock.now() == begun + 5 * (len(outcomes) - 1)
            assert sum(each.speaker == "phone" for each in lab.journal) == bool(acts)
            if acts:
                with pytest.raises(NothingToAnswer):
                    lab.phone.allow_after(polls=2)
        else:
            # What the phone was asked for before, it does not do to this one.
            panel = lab.poll_panel(**values)
            assert [getattr(panel.poll_once(), "outcome", None) for _ in range(13)] == [PENDING] * 12 + [
                "429 slow_down"
            ]
            assert panel.run.poll.gap == 10
            lab.phone.allow()
            assert panel.poll_until_done().state is State.GRANTED
