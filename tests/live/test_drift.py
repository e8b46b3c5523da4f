"""A recorded live run compared with the sandbox: an unaltered one does not differ, an alteration is found by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from auth0_mfa_lab.live.drift.drift import Kind, drift_of
from tests.live.drift_runs import RUNS, Integrator, Run, an_integrator, found, tour
from tests.live.live_world import Answer, Change, LiveTenant


@pytest.fixture
def one(live_tenant: LiveTenant, tmp_path: Path) -> Integrator:
    """An integrator whose lab is recorded in runs/run.har."""
    return an_integrator(live_tenant, tmp_path / "runs" / "run.har")


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_an_unaltered_run_does_not_differ(one: Integrator, run: Run) -> None:
    run(one)
    drift = drift_of(one.ended())
    assert found(drift) == []
    assert drift.steps == len(one.lab.journal)
    reasons = [each.why for each in drift.not_compared]
    assert len(reasons) == (3 if run.__name__ == "wrong" else 0), reasons
    assert not drift.is_found


def test_one_run_in_which_everything_happens_does_not_differ(one: Integrator) -> None:
    for run in RUNS:
        run(one)
        grant = one.lab.management_application.client_credentials_grant(audience=one.lab.management_audience)
        # The same person cannot enroll a first factor twice.
        one.lab.management(grant["access_token"]).delete_authenticators(one.tenant.person.user_id)
        one.pass_seconds(3600)
    drift = drift_of(one.ended())
    assert found(drift) == []


# -- what was altered


def when(holds: Callable[[Answer], bool], change: Change) -> Change:
    """Return a change of those answers alone of which something holds."""
    return lambda answer: change(answer) if holds(answer) else answer


def says(error: str) -> Callable[[Answer], bool]:
    return lambda answer: error.encode() in answer.body


def status(value: int) -> Change:
    return lambda answer: Answer(status=value, headers=answer.headers, body=answer.body)


def fields(**changed: object) -> Change:
    return lambda answer: answer.with_fields(**changed)


def renamed(old: str, new: str) -> Change:
    return lambda answer: answer.with_json({new if name == old else name: each for name, each in answer.json.items()})


def header(name: str, value: str | None) -> Change:
    return lambda answer: answer.with_header(name, value)


def entry(index: int, **changed: object) -> Change:
    """Return a change of one entry of a list."""

    def change(answer: Answer) -> Answer:
        entries = answer.json
        entries[index] = {name: value for name, value in {**entries[index], **changed}.items() if value is not None}
        return answer.with_json(entries)

    return change


TOKEN, ASSOCIATE, CHALLENGE = "POST /oauth/token", "POST /mfa/associate", "POST /mfa/challenge"
LIST, START, FACTORS = "GET /mfa/authenticators", "POST /passwordless/start", "GET /api/v2/guardian/factors"
ENROLLMENT, USERINFO = "GET /api/v2/guardian/enrollments/{id}", "GET /userinfo"
POLL = f"{TOKEN} (mfa-oob)"
PENDING, REJECTED = says("authorization_pending"), says("rejected")

ALTERATIONS: list[tuple[str, Change, tuple[str, str, str]]] = [
    (CHALLENGE, status(201), (CHALLENGE, "status", "status")),
    (TOKEN, when(REJECTED, fields(error="denied")), (POLL, "error", "error")),
    (TOKEN, when(PENDING, fields(error_description="Wait.")), (POLL, "error_description", "text")),
    (ENROLLMENT, fields(errorCode="no_enrollment"), (ENROLLMENT, "errorCode", "error")),
    (ASSOCIATE, fields(recovery_codes=None), (ASSOCIATE, "recovery_codes", "removed")),
    (START, fields(extra=True), (START, "extra", "added")),
    (FACTORS, entry(2, trial_expired="no"), (FACTORS, "[otp].trial_expired", "type")),
    (LIST, entry(0, oob_channel="push"), (LIST, "[push].oob_channel", "value")),
    (
        USERINFO,
        when(says("Unauthorized"), header("www-authenticate", None)),
        (USERINFO, "header www-authenticate", "header"),
    ),
]


def on_the_wire(route: str) -> str:
    return route.replace("/{id}", "/dev_AAAAAAAAAAAAAAAA")


@pytest.mark.parametrize(("route", "change", "expected"), ALTERATIONS, ids=[" ".join(each[2]) for each in ALTERATIONS])
def test_an_altered_answer_is_found_with_its_field_and_nothing_else(
    one: Integrator, route: str, change: Change, expected: tuple[str, str, str]
) -> None:
    one.tenant.alter(on_the_wire(route), change)
    tour(one)
    drift = drift_of(one.ended())
    assert found(drift) == [expected]
    assert drift.is_found
    assert drift.not_compared == ()


def test_a_field_with_another_name_is_one_more_and_one_less(one: Integrator) -> None:
    one.tenant.alter(ASSOCIATE, renamed("recovery_codes", "recoveryCodes"))
    tour(one)
    assert found(drift_of(one.ended())) == [
        (ASSOCIATE, "recoveryCodes", "added"),
        (ASSOCIATE, "recovery_codes", "removed"),
    ]


def test_many_alterations_at_once_are_found_each_by_itself(one: Integrator) -> None:
    for route, change, _ in ALTERATIONS:
        one.tenant.alter(on_the_wire(route), change)
    tour(one)
    drift = drift_of(one.ended())
    assert sorted(found(drift)) == sorted(expected for _, _, expected in ALTERATIONS)
    assert {kind for _, _, kind in found(drift)} == set(get_args(Kind))
    settings = {each.field: each.setting for each in drift.differences if each.setting}
    assert settings == {"recovery_codes": "switch recovery_code_factor=off"}
