"""`lab.limits` says what is left of each limit: in the sandbox counted, on a live tenant as Auth0 documents it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.tenants.tables import limits
from auth0_mfa_lab.tenants.users import User
from tests.mothers import a_live_lab

STRANGER = User(username="nobody@example.com", password="x", phone_number=None, email=None, factors=())


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


def push(lab: Lab, user: User) -> None:
    """Log in, and send one push."""
    login = lab.client.password_grant(username=user.username, password=user.password)
    sent = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    assert sent.status == 200


def test_a_push_takes_one_of_its_users_and_of_nobody_elses(lab: Lab) -> None:
    first, second = lab.user(factors=["push"]), lab.user(factors=["push"])
    before = lab.limits(first)["pushes"].left
    push(lab, first)
    after = lab.limits(first)["pushes"]
    assert before is not None
    assert after.left == before - 1
    assert lab.limits(second)["pushes"].left == before


def test_it_says_when_a_limit_is_full_again(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    push(lab, user)
    (row,) = [line for line in repr(lab.limits(user)).splitlines() if line.startswith("pushes")]
    assert re.fullmatch(r"pushes +4 +5 +5 a minute +12 s +user +doc", row)
    lab.clock.advance(12)
    assert lab.limits(user)["pushes"].full_again_in == 0
    assert re.search(r"^pushes +5 +5 +5 a minute +full ", repr(lab.limits(user)), re.MULTILINE)


def test_its_polls_are_those_of_the_newest_oob_code(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    sent = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=sent["oob_code"])
    table = lab.limits(user)
    assert re.search(r"^polls +11 +12 .* oob_code \(the newest\) +doc$", repr(table), re.MULTILINE)
    assert "<td" in (html := table._repr_mimebundle_()["text/html"])
    assert "oob_code (the newest)" in html
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    assert lab.limits(user)["polls"].left == 12


def test_a_table_keeps_what_was_left_when_it_was_made(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    table = lab.limits(user)
    shown = repr(table)
    push(lab, user)
    assert repr(table) == shown


def test_it_names_its_user_and_shows_no_secret(lab: Lab) -> None:
    user = lab.user()
    bundle = lab.limits(user)._repr_mimebundle_()
    assert bundle["text/plain"].startswith(f"Limits of {user.username}, now\n")
    assert str(user.password) not in str(bundle)
    assert bundle["text/html"].count("<tr>") == len(lab.limits(user)) + 1
    assert len(lab.journal) == 0


def test_whoever_is_no_user_of_this_sandbox_gets_a_sentence(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"no user nobody@example\.com"):
        lab.limits(STRANGER)
    with pytest.raises(LabError, match=r"lab\.limits wants a user"):
        lab.limits("user1@example.com")  # type: ignore[arg-type]  # what must fail
    with pytest.raises(LabError, match=r"no limit 'push'\. There are: polls, pushes"):
        lab.limits(lab.user())["push"]


def test_a_live_tenant_tells_what_is_documented_and_not_what_is_left() -> None:
    lab = a_live_lab(Sandbox(domain="tenant.example"))
    table = lab.limits(STRANGER)
    assert len(lab.journal) == 0
    assert {row.left for row in table} == {row.full_again_in for row in table} == {None}
    assert "unknown" not in repr(table)
    assert "left" not in repr(table).splitlines()[2]
    assert re.search(r"^pushes +5 +5 a minute +user +doc$", repr(table), re.MULTILINE)
    assert re.search(r"^polls +12 +12 a minute +oob_code +doc$", repr(table), re.MULTILINE)
    assert "the free plan's page lists none of these" in " ".join(repr(table).split())
    assert "x-ratelimit-*" in repr(table)
    assert "x-ratelimit-*" in table._repr_mimebundle_()["text/html"]
    assert max(map(len, repr(table).splitlines())) <= 120
    assert "nobody" not in repr(table)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "full"), (0.2, "1 s"), (12, "12 s"), (359.5, "6 min"), (3600, "1 h"), (5431.0, "1 h 30 min 31 s")],
)
def test_a_time_is_said_as_a_person_would(seconds: float, said: str) -> None:
    row = {"name": "polls", "burst": 12, "per": "12 a minute", "owner": "oob_code", "mark": "doc", "left": 0}

    def ask(operation: str, **arguments: Any) -> Any:
        assert (operation, arguments) == ("limits", {"user": STRANGER.username})
        return {"limits": [{**row, "full_again_in": seconds}]}

    assert repr(limits(ask, STRANGER)).splitlines()[-1].split("12 a minute")[1].split("oob_code")[0].strip() == said
