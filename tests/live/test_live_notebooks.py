"""The notebooks on a live tenant: which run alone, twice in a row and cleaned up, judged by their claims."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from auth0_mfa_lab import Settings
from tests.execute_notebooks import NOTEBOOKS
from tests.live.live_notebooks import LESSONS, Lesson, Ran, clean_up, main, report, run_notebook
from tests.live.live_world import LiveTenant, live_world
from tests.live.played_notebooks import VIRTUAL, state_of, twice
from tests.live.somebody import environment

BY_NUMBER = {each.number: each for each in LESSONS}
MANAGED = {"mgmt_client_id": "a-machine", "mgmt_client_secret": "its-secret"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a project."""
    (folder := tmp_path / "project").mkdir()
    (folder / "pyproject.toml").touch()
    return folder


def a_notebook(folder: Path, *cells: str) -> Path:
    """Write a notebook with these cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])  # type: ignore[no-untyped-call]
    nbformat.write(made, path := folder / "made.ipynb")  # type: ignore[no-untyped-call]  # nbformat ships half its types
    return path


def settings(**fields: object) -> Settings:
    return Settings(tenant="live", domain="tenant.example", **fields)  # type: ignore[arg-type]  # fields of a test's own


# -- which run alone


def test_each_notebook_stands_in_the_table_once() -> None:
    numbers = [each.number for each in LESSONS]
    assert numbers == sorted(path.name[:2] for path in NOTEBOOKS.glob("*.ipynb"))


def test_whoever_needs_a_person_says_what_for() -> None:
    for each in LESSONS:
        asks = bool(re.search(r"\blab\.(inbox\.latest|phone\.(allow|reject))", each.path.read_text("utf-8")))
        assert asks == bool(each.person), each.number


# The others run so in `make test-served`.
@pytest.mark.parametrize("number", ["05", "12"])
def test_a_notebook_runs_twice_in_a_row_and_the_clean_up_leaves_the_tenant_as_it_was(number: str, folder: Path) -> None:
    with live_world(folder.parent) as tenant:
        first, second = twice(BY_NUMBER[number], tenant, folder.parent)
        assert (first.failed, first.held) == (None, second.held)
        assert first.held > 0
        assert tenant.sent == ()


def test_a_notebook_runs_with_a_persons_own_phone_too(folder: Path) -> None:
    with live_world(folder.parent) as tenant:
        for each in twice(BY_NUMBER["12"], tenant, folder.parent, with_somebody=True):
            assert each.failed is None
            assert "On your phone: add an account" in "\n".join(each.texts)


def test_what_a_notebook_leaves_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.live.played_notebooks.clean_up", lambda *_: 0)
    with live_world(folder.parent) as tenant:

        def leaves(path: Path, *_: object) -> Ran:
            tenant.enroll("otp")
            return Ran(name=path.stem)

        monkeypatch.setattr("tests.live.played_notebooks.run_notebook", leaves)
        with pytest.raises(AssertionError, match=r"00: it is not as it was before: user auth0\|"):
            twice(BY_NUMBER["00"], tenant, folder.parent)


# -- how one is judged


def test_a_claim_that_does_not_hold_fails_the_notebook_and_is_named(folder: Path) -> None:
    path = a_notebook(
        folder, "from auth0_mfa_lab import Lab\nlab = Lab.sandbox()", "lab.claim('it rains', 1 > 2)", "1/0"
    )
    ran = run_notebook(path, os.environ, folder)
    assert ran.failed == "cell 2: ClaimFailed: This does not hold: it rains"
    assert ran.line() == "made: FAILED in cell 2: ClaimFailed: This does not hold: it rains"


def test_claims_that_hold_are_counted_and_those_that_are_skipped_are_named(folder: Path) -> None:
    path = a_notebook(
        folder,
        "from auth0_mfa_lab import Lab\nlab = Lab.from_env()",
        "assert lab.settings.tenant == 'live'",
        "lab.claim('the sun shines', True)",
        "lab.clock.advance(60)",
        "lab.claim('a minute is over', False)",
    )
    with live_world(folder.parent) as tenant:
        ran = run_notebook(path, environment(tenant, folder.parent), folder)
    assert (ran.held, ran.failed) == (2, None)
    assert ran.line().splitlines() == [
        "made: 2 claims hold, 1 skipped:",
        "    skipped: a minute is over (the time for it has not passed)",
    ]


def test_the_report_names_what_ran_what_failed_and_what_needs_somebody() -> None:
    said: list[str] = []
    asked: list[str] = []

    def run(each: Lesson) -> Ran:
        asked.append(each.number)
        failed = "cell 3: ClaimFailed: no" if each.number == "03" else None
        return Ran(name=each.path.stem, held=1, skipped=("skipped: later",), failed=failed)

    status = report(settings(**MANAGED), [], run, said.append)
    text = "\n".join(said)
    assert status == 1
    assert asked == [each.number for each in LESSONS if not each.person]
    assert "  03_challenge_otp: FAILED in cell 3: ClaimFailed: no" in said
    assert text.count("    skipped: later") == len(asked) - 1
    for each in LESSONS:
        assert (f"  {each.path.stem}: {each.person}" in said) == bool(each.person)
    assert 'Lab.from_env(record="runs/04.har")' in text
    assert 'Lab.replay("runs/04.har")' in text
    assert f"{len(asked)} run, 1 failed, {len(asked)} claims skipped" in text


def test_without_the_management_api_those_that_need_it_are_named_and_not_run() -> None:
    said: list[str] = []
    asked: list[str] = []

    def run(each: Lesson) -> Ran:
        asked.append(each.number)
        return Ran(name=each.path.stem)

    assert report(settings(), ["02_enroll_otp", "01"], run, said.append) == 0
    assert asked == ["01"]
    assert said.index("  02_enroll_otp") > next(
        place for place, line in enumerate(said) if "AUTH0_MGMT_CLIENT_ID" in line
    )


# -- make test-live, on a tenant that the tests play


@pytest.fixture
def go_live(live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what runs `make test-live` for these notebooks, with these variables beside those of the live tenant."""

    def go(*wanted: str, **variables: str) -> int:
        monkeypatch.delenv("AUTH0_LAB_TENANT", raising=False)
        played = environment(live_tenant, live_tenant.folder.parent, **live_tenant.management, **variables)
        for name, value in played.items():
            monkeypatch.setenv(name, value)
        return main(wanted, live_tenant.folder)

    return go


def test_it_runs_what_needs_nobody_with_the_virtual_phone_and_cleans_up(
    live_tenant: LiveTenant, go_live: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    before = state_of(live_tenant)
    assert go_live("02", "04") == 0
    said = capfd.readouterr().out
    assert "with the virtual phone (unproven against real Auth0)" in said
    assert "02_enroll_otp: 2 claims hold" in said
    assert "04_sms: somebody has to read the codes" in said
    assert "the user, with all that is theirs" in said
    assert live_tenant.journal != ()
    assert state_of(live_tenant) == before


def test_in_ci_nothing_is_sent_and_the_variable_that_allows_it_is_named(
    live_tenant: LiveTenant, go_live: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert go_live("00", CI="true") == 2
    assert "AUTH0_LAB_ALLOW_LIVE=1" in capsys.readouterr().out
    assert live_tenant.journal == ()


def test_where_nobody_can_be_asked_nothing_is_sent(
    live_tenant: LiveTenant, go_live: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert go_live("00", AUTH0_LAB_CONFIRM="once") == 2
    said = capsys.readouterr().out
    assert "never one in production" in " ".join(said.split())
    assert "AUTH0_LAB_CONFIRM=never" in said
    assert live_tenant.journal == ()


def test_without_a_live_tenant_it_says_what_to_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["00"], folder) == 2
    assert capsys.readouterr().out.startswith("AUTH0_LAB_TENANT is not live: set it in .env")


def test_a_clean_up_that_leaves_something_is_no_success(live_tenant: LiveTenant) -> None:
    played = environment(live_tenant, live_tenant.folder.parent, **VIRTUAL)
    assert clean_up(played, live_tenant.folder) == 0
    enroll = [
        "from auth0_mfa_lab import Lab\nlab = Lab.from_env()\nuser = lab.user()",
        "login = lab.client.password_grant(username=user.username, password=user.password)",
        "lab.client.mfa_associate(login['mfa_token'], authenticator_types=['otp'])",
    ]
    ran = run_notebook(a_notebook(live_tenant.folder, *enroll), played, live_tenant.folder)
    assert ran.failed is None
    assert clean_up(played, live_tenant.folder) == 1  # no Management API, and a factor that only its phone removes
