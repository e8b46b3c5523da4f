"""Push, end to end: how a poll ends by what the person does, of which the next challenge knows nothing."""

import pytest

from auth0_mfa_lab import Lab, State
from auth0_mfa_lab.sandbox.settings import Profile
from auth0_mfa_lab.show.panels.phone import PhonePanel
from tests.flows.flows import challenged, log_in

PENDING, OK, REJECTED = "400 authorization_pending", "200 OK", "403 invalid_grant"
ALLOWED, SOON = "lab.phone_panel().allow()", "lab.phone.allow_after(polls=1)"
NO = "lab.phone.reject_after(polls=2, reason='not me')"
# fmt: off
STORIES: tuple[tuple[Profile, list[str], list[str], str], ...] = (
    # The sandbox's profile, what the person does, what the polls are answered, how the poll ends
    ("docs",     ["lab.phone.allow()"],              [OK],                   "granted"),
    ("docs",     ["lab.phone.reject()"],             [REJECTED],             "rejected"),
    ("recorded", ["lab.phone.reject()"],             ["400 access_denied"],  "rejected"),
    ("docs",     ["lab.phone.allow_after(polls=2)"], [PENDING, PENDING, OK], "granted"),
    ("docs",     [NO],                               [PENDING, PENDING, REJECTED], "rejected"),
    ("docs",     [SOON, "lab.phone.reject()"],       [REJECTED],             "rejected"),
    ("docs",     [ALLOWED, SOON],                    [OK],                   "granted"),
    ("docs",     [],                                 [PENDING] * 60,         "expired"),
)
# fmt: on


@pytest.mark.parametrize(("profile", "acts", "outcomes", "end"), STORIES)
def test_the_poll_ends_as_the_person_answers_and_another_challenge_may_follow(
    profile: Profile, acts: list[str], outcomes: list[str], end: str
) -> None:
    lab = Lab.sandbox(profile=profile)
    user = lab.user(factors=["push"])
    values, begun = challenged(lab, log_in(lab, user)), lab.clock.now()
    for act in acts:
        eval(act, {"lab": lab})
    run = lab.poll(**values)
    assert ([each.outcome for each in run.exchanges], run.state.value) == (outcomes, end)
    assert lab.clock.now() == begun + 5 * (len(outcomes) - 1)
    assert sum(each.speaker == "phone" for each in lab.journal) == bool(acts)
    if acts:
        assert " a push already (exchange " in repr(lab.phone.allow_after(polls=2))
    panel = lab.push_panel(**challenged(lab, log_in(lab, user)))
    assert {getattr(panel.poll_once(), "outcome", None) for _ in range(3)} == {PENDING}
    assert isinstance(panel.phone, PhonePanel)
    panel.phone.allow()
    assert panel.poll_until_done().state is State.GRANTED
