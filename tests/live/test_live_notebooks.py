"""The notebooks on a live tenant: which run alone, twice in a row and cleaned up; with a person; and none in CI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from auth0_mfa_lab import Lab, Secret, Settings, SettingsError
from tests.execute_notebooks import NOTEBOOKS, notebooks
from tests.live.conftest import Person
from tests.live.live_notebooks import LESSONS, Lesson, Ran, clean_up, main, report, run_notebook
from tests.live.live_world import LiveTenant, live_world
from tests.live.played_notebooks import VIRTUAL, state_of, twice
from tests.live.somebody import Somebody, environment

ALONE = [each.number for each in LESSONS if not each.person]
BEGINS_WITH = {"03": "otp", "06": "push", "07": "push"}
"""The factor that the configured user has enrolled already, where a notebook begins with one."""
NEEDS_FRESH_USERS = ("04", "08", "09", "11")
"""Those for which one configured user is not enough: several users, a known recovery code, or the Management API."""


def cells(path: Path) -> list[str]:
    """Return the code of a notebook."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat ships half its types
    return ["".join(cell["source"]) for cell in notebook.cells if cell["cell_type"] == "code"]


def a_notebook(folder: Path, *cells: str) -> Path:
    """Write a notebook with these cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])  # type: ignore[no-untyped-call]  # nbformat's
    nbformat.write(made, path := folder / "made.ipynb")  # type: ignore[no-untyped-call]  # nbformat ships half its types
    return path


def test_each_notebook_stands_in_the_table_once_and_says_what_it_needs_a_person_for() -> None:
    assert [each.number for each in LESSONS] == sorted(path.name[:2] for path in NOTEBOOKS.glob("*.ipynb"))
    for each in LESSONS:
        asks = bool(re.search(r"\blab\.(inbox\.latest|phone\.(allow|reject))", each.path.read_text("utf-8")))
        assert asks == bool(each.person), each.number


@pytest.mark.parametrize("lesson", [e for e in LESSONS if e.number not in NEEDS_FRESH_USERS], ids=lambda e: e.number)
def test_a_notebook_runs_with_the_configured_user_and_a_person(
    lesson: Lesson, live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = Somebody(live_tenant).does_as_told(monkeypatch)
    if factor := BEGINS_WITH.get(lesson.number):
        live_tenant.enroll(factor, phone=somebody.phone)
    environ = {**live_tenant.environ, "AUTH0_AUDIENCE": live_tenant.sandbox.defaults.audience}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    names: dict[str, object] = {}
    for number, cell in enumerate(cells(lesson.path), 1):
        exec(compile(cell, f"code cell {number} of {lesson.number}", "exec"), names)
    lab = names["lab"]
    assert isinstance(lab, Lab)
    assert lab.settings.tenant == "live"
    assert len(lab.journal) <= len(live_tenant.journal)


# The others run so in `make test-served`.
def test_a_notebook_runs_twice_in_a_row_and_what_it_leaves_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_number = {each.number: each for each in LESSONS}
    with live_world(tmp_path) as tenant:
        first, second = twice(by_number["05"], tenant, tmp_path)
        assert (first.failed, first.held > 0, second.held, tenant.sent) == (None, True, first.held, [])

        def leaves(path: Path, *_: object) -> Ran:
            tenant.enroll("otp")
            return Ran(path.stem)

        monkeypatch.setattr("tests.live.played_notebooks.clean_up", lambda *_: 0)
        monkeypatch.setattr("tests.live.played_notebooks.run_notebook", leaves)
        with pytest.raises(AssertionError, match=r"00: it is not as it was before: user auth0\|"):
            twice(by_number["00"], tenant, tmp_path)


@pytest.fixture(scope="module")
def one_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveTenant]:
    """One live tenant for all notebooks, in a project whose `.env` names it: none of them may reach it."""
    (file := tmp_path_factory.mktemp("project") / "pyproject.toml").touch()
    with live_world(file.parent) as tenant:
        lines = "".join(f"{name}={value}\n" for name, value in (tenant.environ | tenant.management).items())
        (tenant.folder / ".env").write_text(lines, "utf-8")
        yield tenant


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_in_ci_a_notebook_stops_at_its_first_cell_and_says_what_would_allow_it(
    path: Path, one_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTH0_LAB_TENANT")
    monkeypatch.setenv("CI", "true")
    monkeypatch.chdir(one_tenant.folder)
    opening = cells(path)[0]
    assert "Lab.from_env()" in opening
    said = r"^AUTH0_LAB_TENANT=live, and CI is set: nothing was sent\..*AUTH0_LAB_ALLOW_LIVE=1"
    with pytest.raises(SettingsError, match=said):
        exec(compile(opening, path.name, "exec"), {})
    monkeypatch.setenv("AUTH0_LAB_ALLOW_LIVE", "1")
    names: dict[str, object] = {}
    if path.name.startswith("00"):
        exec(compile(opening, path.name, "exec"), names)
        assert f"live tenant {one_tenant.domain}" in repr(names["lab"])
    assert one_tenant.journal == []


def test_claims_that_hold_are_counted_those_that_are_skipped_and_the_one_that_fails_are_named(
    live_tenant: LiveTenant,
) -> None:
    path = a_notebook(
        live_tenant.folder,
        "from auth0_mfa_lab import Lab\nlab = Lab.from_env()",
        "assert lab.settings.tenant == 'live'",
        "lab.claim('the sun shines', True)",
        "lab.clock.advance(60)",
        "lab.claim('a minute is over', False)",
        "lab = Lab.sandbox()\nlab.claim('it rains', 1 > 2)",
        "1/0",
    )
    ran = run_notebook(path, environment(live_tenant, live_tenant.folder.parent), live_tenant.folder)
    assert (ran.held, ran.skipped) == (2, ("skipped: a minute is over (the time for it has not passed)",))
    assert ran.line() == "made: FAILED in cell 6: ClaimFailed: This does not hold: it rains"
    assert ran._replace(failed=None).line().splitlines() == ["made: 2 claims hold, 1 skipped:", f"    {ran.skipped[0]}"]


def test_the_report_names_what_ran_what_failed_and_what_needs_a_person() -> None:
    said, asked = list[str](), list[str]()
    known = Settings(tenant="live", domain="tenant.example")
    managed = replace(known, mgmt_client_id="a-machine", mgmt_client_secret=Secret("secret", "<mgmt_client_secret>"))

    def run(each: Lesson) -> Ran:
        asked.append(each.number)
        return Ran(each.path.stem, 1, ("skipped: later",), "cell 3: ClaimFailed: no" if each.number == "03" else None)

    assert report(managed, [], run, said.append) == 1
    text = "\n".join(said).splitlines()
    assert asked == ALONE
    assert "  03_challenge_otp: FAILED in cell 3: ClaimFailed: no" in text
    assert text.count("    skipped: later") == len(asked) - 1
    for each in LESSONS:
        assert (f"  {each.path.stem}: {each.person}" in text) == bool(each.person)
    for part in ('Lab.from_env(record="runs/04.har")', 'Lab.replay("runs/04.har")'):
        assert part in "\n".join(text)
    assert text[-1].startswith(f"{len(asked)} run, 1 failed, {len(asked)} claims skipped")
    del said[:], asked[:]
    assert report(known, ["02_enroll_otp", "01"], run, said.append) == 0
    assert asked == ["01"]
    assert re.search(r"AUTH0_MGMT_CLIENT_ID.*\n  02_enroll_otp", "\n".join(said))


def test_make_test_live_asks_runs_what_needs_no_person_and_cleans_up(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def go(*wanted: str, **variables: str) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            patch.delenv("AUTH0_LAB_TENANT", raising=False)
            played = environment(live_tenant, live_tenant.folder.parent, **live_tenant.management, **variables)
            for name, value in played.items():
                patch.setenv(name, value)
            return main(wanted, live_tenant.folder), " ".join(capfd.readouterr().out.split())

    before, expected = state_of(live_tenant), {
        "AUTH0_LAB_ALLOW_LIVE=1": {"CI": "true"},
        "AUTH0_LAB_TENANT is not live: set it in .env": {"AUTH0_LAB_TENANT": "sandbox"},
        "needs a terminal, and this run has none. Start make test-live in a terminal": {"AUTH0_LAB_CONFIRM": "once"},
    }  # fmt: skip
    for said, variables in expected.items():
        status, text = go("00", **variables)
        assert (status, said in text, live_tenant.journal) == (2, True, [])
    assert "never one in production" in text
    assert "AUTH0_LAB_CONFIRM=never" in text
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", person := Person("n"))
    assert (go("00", AUTH0_LAB_CONFIRM="once")[0], live_tenant.journal, person.asked) == (2, [], ["Go on? [y/n] "])
    status, said = go("02", "04")
    assert (status, live_tenant.journal != [], state_of(live_tenant) == before) == (0, True, True)
    for part in (
        "with the virtual phone (unproven against real Auth0)", "02_enroll_otp: 2 claims hold",
        "04_sms: read the codes that come by SMS", "the user, with all that is theirs",
    ):  # fmt: skip
        assert part in said
    # A clean-up that leaves something is no success: here is no Management API, and a factor that its phone removes.
    played = environment(live_tenant, live_tenant.folder.parent, **VIRTUAL)
    enroll = live_tenant.lab(environ=VIRTUAL)
    login = enroll.client.password_grant(username=live_tenant.person.username, password=live_tenant.person.password)
    enroll.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])
    assert clean_up(played, live_tenant.folder) == 1
