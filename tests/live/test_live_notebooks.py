"""The notebooks on a live tenant: which run alone, twice in a row and cleaned up; with a person; and none in CI."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from auth0_mfa_lab import Lab, Secret, Settings
from auth0_mfa_lab.tenants.phone import OwnPhone
from tests.execute_notebooks import NOTEBOOKS, notebooks
from tests.live.conftest import Person
from tests.live.live_notebooks import LESSONS, Lesson, Ran, clean_up, main, report, run_notebook
from tests.live.live_world import LiveTenant, environment, mfa_token
from tests.live.played_notebooks import state_of

BEGINS_WITH = {"03": "otp", "06": "push", "07": "push", "13": "push"}
"""The factor that the configured user has enrolled already, where a notebook begins with one."""
NEEDS_FRESH_USERS = ("04", "08", "09", "11")
"""Those for which one configured user is not enough: several users, a known recovery code, or the Management API."""


def cells(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat ships half its types
    return ["".join(cell["source"]) for cell in notebook.cells if cell["cell_type"] == "code"]


def test_each_notebook_opens_the_configured_tenant_and_the_table_says_what_it_needs_a_person_for() -> None:
    assert [path for path in notebooks() if "lab = Lab.from_env()" not in cells(path)[0].splitlines()] == []
    assert [each.number for each in LESSONS] == sorted(path.name[:2] for path in NOTEBOOKS.glob("*.ipynb"))
    for each in LESSONS:
        asks = bool(re.search(r"\blab\.(inbox\.latest|phone\.(allow|reject))", each.path.read_text("utf-8")))
        assert asks == bool(each.person), each.number


@pytest.mark.parametrize("lesson", [e for e in LESSONS if e.number not in NEEDS_FRESH_USERS], ids=lambda e: e.number)
def test_a_notebook_runs_with_the_configured_user_and_a_person(
    lesson: Lesson, live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = live_tenant.own_phone()

    def typed(question: str) -> str:
        return phone.code() if "authenticator" in question else str(live_tenant.sandbox.delivery.newest[0].code)

    def does(verb: str, act: Callable[..., object]) -> None:
        """Let the person do what this verb of the lab's phone says."""
        said = getattr(OwnPhone, verb)
        monkeypatch.setattr(OwnPhone, verb, lambda own, *what, **how: (act(*what), said(own, *what, **how))[1])

    does("scan", lambda barcode: phone.scan(str(barcode)))
    does("allow", lambda *_: phone.allow())
    does("allow_after", phone.allow)
    does("reject", lambda *_: phone.reject())
    does("reject_after", phone.reject)
    monkeypatch.setattr("auth0_mfa_lab.tenants.phone.ask_hidden", typed)
    if factor := BEGINS_WITH.get(lesson.number):
        live_tenant.enroll(factor, phone=phone)
    for name, value in {**live_tenant.environ, "AUTH0_AUDIENCE": live_tenant.sandbox.defaults.audience}.items():
        monkeypatch.setenv(name, value)
    names: dict[str, object] = {}
    for number, cell in enumerate(cells(lesson.path), 1):
        exec(compile(cell, f"code cell {number} of {lesson.number}", "exec"), names)
    lab = names["lab"]
    assert isinstance(lab, Lab)
    assert (lab.settings.tenant, len(lab.journal) <= len(live_tenant.journal)) == ("live", True)


def test_claims_that_hold_are_counted_those_that_are_skipped_and_the_one_that_fails_are_named(
    live_tenant: LiveTenant,
) -> None:
    code = (
        "from auth0_mfa_lab import Lab\nlab = Lab.from_env()",
        "assert lab.settings.tenant == 'live'",
        "lab.claim('the sun shines', True)",
        "lab.clock.advance(60)\nlab.claim('a minute is over', False)",
        "lab = Lab.sandbox()\nlab.claim('it rains', 1 > 2)",
        "1/0",
    )
    made = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, code)))  # type: ignore[no-untyped-call]  # nbformat ships half its types
    nbformat.write(made, path := live_tenant.folder / "made.ipynb")  # type: ignore[no-untyped-call]  # nbformat ships half its types
    ran = run_notebook(path, environment(live_tenant, live_tenant.folder.parent), live_tenant.folder)
    assert (ran.held, ran.skipped) == (2, ("skipped: a minute is over (the time for it has not passed)",))
    assert ran.line() == "made: FAILED in cell 5: ClaimFailed: This does not hold: it rains"
    assert ran._replace(failed=None).line().splitlines() == ["made: 2 claims hold, 1 skipped:", f"    {ran.skipped[0]}"]


def test_the_report_names_what_ran_what_failed_and_what_needs_a_person() -> None:
    said, alone = list[str](), [each for each in LESSONS if not each.person]
    known = Settings(tenant="live", domain="tenant.example")
    managed = replace(known, mgmt_client_id="a-machine", mgmt_client_secret=Secret("secret", "<mgmt_client_secret>"))

    def run(each: Lesson) -> Ran:
        return Ran(each.path.stem, 1, ("skipped: later",), "cell 3: ClaimFailed: no" if each.number == "03" else None)

    assert report(managed, [], run, said.append) == 1
    text = "\n".join(said)
    expected = [f"  {run(each).line()}\n" for each in alone] + [
        f"\n  {e.path.stem}: {e.person}" for e in LESSONS if e.person
    ]
    assert [each for each in (*expected, 'Lab.replay("runs/04.har")') if each not in text] == []
    counts = f"{len(alone)} run, 1 failed, {len(alone)} claims skipped"
    assert text.endswith(f"\n{counts}: the time for them had not passed.")
    assert report(known, ["02_enroll_otp", "01"], run, said.append) == 0
    assert re.search(r"  01_[^$]*AUTH0_MGMT_CLIENT_ID.*\n  02_enroll_otp\n\n1 run", "\n".join(said[-4:]))


def test_make_test_live_asks_runs_what_needs_no_person_twice_in_a_row_and_cleans_up(
    live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def go(*wanted: str, **variables: str) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            played = environment(live_tenant, live_tenant.folder.parent, **live_tenant.management, **variables)
            for name, value in played.items():
                patch.setenv(name, value)
            return main(wanted, live_tenant.folder, runs=2), " ".join(capfd.readouterr().out.split())

    before, expected = state_of(live_tenant), {
        "AUTH0_LAB_ALLOW_LIVE=1": {"CI": "true"},
        "AUTH0_LAB_TENANT is not live: set it in .env": {"AUTH0_LAB_TENANT": "sandbox"},
        "needs a terminal, and this run has none. Start make test-live in a terminal": {"AUTH0_LAB_CONFIRM": "once"},
    }  # fmt: skip
    for said, variables in expected.items():
        status, text = go("00", **variables)
        assert (status, said in text, live_tenant.journal) == (2, True, [])
    assert ("never one in production" in text, "AUTH0_LAB_CONFIRM=never" in text) == (True, True)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", person := Person("n"))
    assert (go("00", AUTH0_LAB_CONFIRM="once")[0], live_tenant.journal, person.asked) == (2, [], ["Go on? [y/n] "])
    status, said = go("05", "04")
    assert (status, live_tenant.journal != [], state_of(live_tenant), live_tenant.sent) == (0, True, before, [])
    for part in ("with the virtual phone (unproven against real Auth0)", "04_sms: read the codes", "claims hold"):
        assert part in said
    assert said.count("the user, with all that is theirs") == 2  # of each run
    # A clean-up that leaves something is no success: here is no Management API, and a factor that its phone removes.
    lab = live_tenant.lab()
    lab.client.mfa_associate(mfa_token(lab), authenticator_types=["otp"])
    assert clean_up(environment(live_tenant, live_tenant.folder.parent), live_tenant.folder) == 1
