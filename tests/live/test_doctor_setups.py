"""Twelve broken set-ups: the doctor names that one, and nothing that is fine; `--fix` mends what an API can mend."""

from __future__ import annotations

import pytest

from tests.live.doctor_mothers import SETUPS, Setup, names, run, told
from tests.live.live_world import LiveTenant

setups = pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)


def test_where_nothing_is_broken_the_doctor_is_content(ready: LiveTenant) -> None:
    diagnosis = ready.lab(management=True).doctor()
    assert (diagnosis.ok, diagnosis.status, names(diagnosis, "missing")) == (True, 0, [])
    assert names(diagnosis, "not known") == []
    assert {each.finding for each in SETUPS.values()} <= set(names(diagnosis, "ok"))


@setups
def test_the_doctor_names_what_is_broken_what_one_meets_and_where_it_is_mended(ready: LiveTenant, setup: Setup) -> None:
    setup.breaks(ready)
    diagnosis = ready.lab(management=True).doctor()
    (finding,) = diagnosis.missing
    assert (finding.name, diagnosis.status, diagnosis.ok) == (setup.finding, 1, False)
    assert setup.said in finding.said
    assert len(finding.symptom) > 20
    assert " > " in finding.dashboard
    assert (finding.call is not None, bool(finding.curl), bool(finding.cli)) == (setup.by_api,) * 3
    if setup.by_api:
        assert "$AUTH0_MGMT_TOKEN" in finding.curl
        assert f"https://{ready.domain}/api/v2" in finding.curl
        assert finding.cli.startswith("auth0 api ")


@setups
def test_what_needs_no_management_token_is_found_without_one_and_the_rest_is_not_known(
    ready: LiveTenant, setup: Setup
) -> None:
    setup.breaks(ready)
    diagnosis = ready.lab().doctor()
    if setup.told_without_token:
        assert names(diagnosis, "missing") == [setup.finding]
    else:
        assert (names(diagnosis, "missing"), diagnosis.status) == ([], 0)
        (finding,) = [each for each in diagnosis.findings if each.name == setup.finding]
        assert finding.state == "not known"
        assert "without a Management token" in finding.said


@setups
def test_fix_mends_what_an_api_can_mend_and_the_doctor_is_content_afterwards(
    ready: LiveTenant, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.breaks(ready)
    environ = ready.environ | ready.management
    result = run(monkeypatch, environ, "--fix", "--yes", "--json")
    mended = told(result)["mended"]
    if not setup.by_api:
        assert (result.exit_code, mended) == (1, [])
        return
    assert [(each["name"], each["done"]) for each in mended] == [(setup.finding, True)]
    assert (result.exit_code, told(result)["ok"]) == (0, True)
    again = run(monkeypatch, environ, "--json")
    assert (again.exit_code, told(again)["status"]) == (0, 0)


def test_first_things_come_first_where_everything_is_broken(ready: LiveTenant) -> None:
    for name in SETUPS:
        if name not in ("client secret", "sms"):
            SETUPS[name].breaks(ready)
    assert names(ready.lab(management=True).doctor(), "missing") == [
        *("password grant", "default directory", "MFA grant", "policy", "push", "push provider"),
        *("voice message type", "email", "recovery code", "passwordless grant"),
    ]


def test_everything_that_is_broken_is_mended_at_once(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETUPS:
        if name != "client secret":
            SETUPS[name].breaks(ready)
    result = run(monkeypatch, ready.environ | ready.management, "--fix", "--yes", "--json")
    assert (result.exit_code, len(told(result)["mended"])) == (0, 11)


def test_what_is_not_wanted_is_not_looked_at(ready: LiveTenant) -> None:
    for name in ("sms", "voice message type", "email", "recovery code", "passwordless grant"):
        SETUPS[name].breaks(ready)
    diagnosis = ready.lab(management=True).doctor(wanted=["push", "otp"])
    assert (diagnosis.status, names(diagnosis, "missing")) == (0, [])
    looked_at = {each.name for each in diagnosis.findings}
    assert {"push", "push provider", "otp", "MFA grant"} <= looked_at
    assert looked_at.isdisjoint({"sms", "voice message type", "email", "recovery code", "passwordless grant"})
