"""`lab.tenant` shows what is inside: how well each answer is known, and where a switch chooses."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Iterable
from typing import Any

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.app import ENDPOINTS, GENERAL, covered
from auth0_mfa_lab.sandbox.errors import ROWS
from auth0_mfa_lab.sandbox.settings import SWITCHES
from auth0_mfa_lab.tenants.tables import MARKS, counted
from tests.mothers import a_live_lab


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab.sandbox(seed=3)


def marks_of(rows: Iterable[Any]) -> list[set[str]]:
    return [{row.status_mark, row.error_mark, row.text_mark} for row in rows]


# -- one name, two sides


def test_the_class_opens_a_lab_and_says_how() -> None:
    assert isinstance(Lab.sandbox(profile="recorded"), Lab)
    assert list(inspect.signature(Lab.sandbox).parameters) == ["profile", "policy", "switches", "seed"]
    assert "Equal" in (inspect.getdoc(Lab.sandbox) or "")


def test_a_lab_shows_its_own_sandbox() -> None:
    lab = Lab.sandbox(profile="recorded", policy="never")
    assert (lab.tenant.profile, lab.tenant.policy) == ("recorded", "never")
    first, second = repr(lab.tenant).splitlines()
    assert first == "Sandbox tenant sandbox.example · profile recorded · policy never"
    assert ".evidence()" in second
    assert lab.tenant._repr_mimebundle_()["text/html"].startswith(f"<p>{first}</p>")


def test_a_live_lab_has_no_sandbox_and_says_where_one_is() -> None:
    lab = a_live_lab(Sandbox(domain="tenant.example"))
    with pytest.raises(LabError, match=r"tenant\.example is a live tenant.*Lab\.sandbox\(\)"):
        lab.tenant.evidence()


def test_the_inside_shows_no_secret(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    shown = "".join(repr(each) + str(each._repr_mimebundle_()) for each in (lab.tenant, lab.tenant.switches))
    assert lab._sandbox is not None
    for secret in (user.password, lab._sandbox.defaults.client_secret, lab._sandbox.defaults.mgmt_client_secret):
        assert str(secret) not in shown


# -- the evidence


def test_the_whole_table_is_what_the_sandbox_says(lab: Lab) -> None:
    assert lab._sandbox is not None
    assert lab.tenant.evidence().rows == ROWS
    assert len(lab.tenant.evidence()) > 80


def test_it_is_narrowed_by_a_part_of_the_endpoint(lab: Lab) -> None:
    table = lab.tenant.evidence("/MFA/challenge")
    assert 0 < len(table) < len(lab.tenant.evidence())
    own = [row for row in table if "/mfa/challenge" in row.endpoint]
    assert table.rows[: len(own)] == tuple(own)
    assert {row.endpoint for row in table.rows[len(own) :]} == {
        "every POST",
        "every POST with client_id",
        "every endpoint that takes an mfa_token",
        "any path",
    }


@pytest.mark.parametrize(
    ("endpoint", "general"),
    [
        ("/.well-known/jwks.json", ["any path"]),
        ("/userinfo", ["any path"]),
        ("GET /mfa/authenticators", ["any path", "every endpoint that takes an mfa_token"]),
        ("/mfa/authenticators/push|dev_1", ["any path"]),
        ("https://sandbox.example/api/v2/logs?take=5", ["any path", "any path below /api/v2/"]),
        (
            "POST https://sandbox.example/oauth/revoke/",
            ["any path", "every POST", "every POST with client_id"],
        ),
    ],
)
def test_it_has_what_holds_for_every_endpoint_of_the_kind(lab: Lab, endpoint: str, general: list[str]) -> None:
    named = {row.endpoint for row in lab.tenant.evidence(endpoint)}
    assert sorted(name for name in named if name in GENERAL) == general
    assert "DELETE /mfa/authenticators/{id}" in named or "dev_1" not in endpoint


def test_an_endpoint_is_never_one_that_it_is_not_asked_for(lab: Lab) -> None:
    other = {row.endpoint for row in lab.tenant.evidence("/api/v2/clients/app_1")}
    assert not any("/users" in name or "/mfa/" in name for name in other)
    assert "/api/v2/clients/{id}" in other


def test_it_knows_every_endpoint_that_the_sandbox_has_and_no_page() -> None:
    assert len(ENDPOINTS) == len(set(ENDPOINTS)) == 55
    assert {"POST /userinfo", "PATCH /appliance-mfa/api/device-accounts/{id}"} <= set(ENDPOINTS)
    assert "DELETE /api/v2/clients/{id}/credentials/{id}" in ENDPOINTS
    assert not [name for name in ENDPOINTS if "rest:path" in name or "redirect" in name or " /api/enroll" in name]


def test_every_row_speaks_of_an_endpoint(lab: Lab) -> None:
    lost = {row.endpoint for row in lab.tenant.evidence() if not covered(row.endpoint)}
    assert lost == {"any other path"}


@pytest.mark.parametrize("mark", MARKS)
def test_it_is_narrowed_by_the_mark_of_any_part(lab: Lab, mark: str) -> None:
    table = lab.tenant.evidence(mark=mark)
    others = [row for row in lab.tenant.evidence() if row not in table.rows]
    assert all(mark in marks for marks in marks_of(table))
    assert others
    assert not any(mark in marks for marks in marks_of(others))


def test_it_is_narrowed_by_everything_at_once(lab: Lab) -> None:
    table = lab.tenant.evidence("/oauth/token", mark="rec", error="access_denied", status=400)
    assert [row.text for row in table] == ["MFA Authorization rejected."]


def test_what_fits_together_with_nothing_is_an_empty_table(lab: Lab) -> None:
    table = lab.tenant.evidence("/mfa/challenge", error="authorization_pending")
    assert len(table) == 0
    assert repr(table) == "Evidence · no answer of the sandbox fits all of this"
    assert "<table" not in table._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mark": "sure"}, "the mark 'sure'. There are: rec, doc, test, forum, guess."),
        ({"endpoint": "/mfa/enroll"}, "no endpoint '/mfa/enroll'. "),
        ({"endpoint": "/mfa/chalenge"}, "'/mfa/chalenge'. There are:\n  /mfa/associate\n"),
        ({"error": "nope"}, "the error 'nope'. There are: access_denied, "),
        ({"status": 418}, "the status 418. There are: 200, 201, "),
        ({"status": "4o3"}, "the status '4o3'. There are: "),
        ({"mark": ["guess"]}, "the mark ['guess']. There are: "),
        ({"error": 403}, "the error 403. There are: "),
    ],
)
def test_what_no_answer_has_is_refused_with_what_there_is(lab: Lab, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(LabError) as refusal:
        lab.tenant.evidence(**wrong)
    assert said in str(refusal.value)


def test_a_status_may_be_text_and_a_mark_in_capitals(lab: Lab) -> None:
    evidence = lab.tenant.evidence
    as_text = evidence(status="403")
    assert 0 < len(as_text) == len(evidence(status=403))
    assert evidence(mark="GUESS").rows == evidence(mark="guess").rows


def test_it_counts_each_part_by_its_mark(lab: Lab) -> None:
    table = lab.tenant.evidence()
    counts = counted(table)
    assert list(counts) == ["status", "error", "text"]
    for part, marks in counts.items():
        assert sum(marks[mark] for mark in MARKS) == sum(bool(getattr(row, f"{part}_mark")) for row in table)
    assert counts["status"]["guess"] == sum(row.status_mark == "guess" for row in table)
    first, second, *_ = repr(table).splitlines()
    assert first == f"Evidence · {len(table)} answers"
    assert second.startswith(f"  status  {counts['status']['rec']} rec · ")


def test_its_text_is_aligned_within_120_columns(lab: Lab) -> None:
    lines = repr(lab.tenant.evidence()).splitlines()
    assert max(map(len, lines)) <= 120
    head = next(line for line in lines if line.startswith("endpoint"))
    place = head.index("status")
    assert all(line[place - 2 : place].strip() == "" for line in lines[lines.index(head) :])


def test_its_html_has_a_row_for_each_answer(lab: Lab) -> None:
    table = lab.tenant.evidence("/mfa/challenge")
    html = table._repr_mimebundle_()["text/html"]
    assert html.count("<tr>") == len(table) + 1
    assert "<style" not in html


# -- the switches


def test_each_switch_is_its_value_now() -> None:
    switches = Lab.sandbox(switches={"pending_status": "200"}).tenant.switches
    assert switches["pending_status"] == "200"
    assert dict(switches) == {name: switch.values[0] for name, switch in SWITCHES.items()} | {"pending_status": "200"}
    title, _, _, *rows = repr(switches).splitlines()
    assert title == f"Switches · {len(SWITCHES)}, 1 changed"
    assert any(re.match(r"pending_status +200 +400 \(default\) +the status", row) for row in rows)
    assert any(re.match(r"disabled_factor_status +400 \(default\) +401 or 403 +the status", row) for row in rows)
    with pytest.raises(LabError, match=r"no switch 'pending'\. There are: .*pending_status"):
        switches["pending"]


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("pending_status", 200, "200"),
        ("passwordless_tries", 3, "3"),
        ("second_factor_chained", True, "on"),
        ("recovery_code_factor", False, "off"),
    ],
)
def test_a_switch_may_be_given_as_a_number_or_as_true(name: str, given: str | int | bool, value: str) -> None:
    assert Lab.sandbox(switches={name: given}).tenant.switches[name] == value


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        (["pending_status"], 'switches is a dict of names and values, such as switches={"pending_status": "200"}'),
        ("pending_status", "switches is a dict"),
        ({"pending_status": True}, "Unknown value True of the switch pending_status; it has '400', '200'."),
        ({"pending_status": 200.0}, "it has '400', '200'"),
        ({"pending_status": ["200"]}, "it has '400', '200'"),
        ({"refresh": "y"}, "Unknown value 'y' of the switch refresh; it has 'tokens', 'mfa_required'."),
        ({1: "200"}, "Unknown switch 1; the sandbox has "),
    ],
)
def test_switches_that_there_are_not_get_a_sentence(switches: Any, said: str) -> None:
    with pytest.raises(LabError) as refusal:
        Lab.sandbox(switches=switches)
    assert said in str(refusal.value)


def test_each_switch_says_what_it_decides(lab: Lab) -> None:
    shown = repr(lab.tenant.switches)
    assert shown.startswith(f"Switches · {len(SWITCHES)}, all at their defaults\n")
    assert all(name in shown for name in SWITCHES)
    assert max(map(len, shown.splitlines())) <= 120
    assert lab.tenant.switches._repr_mimebundle_()["text/html"].count("<tr>") == len(SWITCHES) + 1


def test_a_table_can_be_kept(lab: Lab) -> None:
    table = lab.tenant.evidence("/mfa/challenge")
    assert repr(pickle.loads(pickle.dumps(table))) == repr(table)
