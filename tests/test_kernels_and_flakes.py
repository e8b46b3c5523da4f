"""`make kernels` and `make flakes` see a test that failed, was skipped, or did not run; a kernel has a second start."""

from __future__ import annotations

import contextlib
import runpy
from pathlib import Path

import nbval.plugin
import pytest

from tests.browser.flakes import summary
from tests.browser.kernels import KERNELS, Ran, Row, table

REPORT = '<testsuites><testsuite><testcase name="one"/><testcase name="two">{}</testcase></testsuite></testsuites>'
WELL = Ran(tests=2, failed=())


def ran(folder: Path, second: str) -> Ran:
    """Return what is read of a report whose second test had this outcome."""
    report = folder / "report.xml"
    report.write_text(REPORT.format(second), encoding="utf-8")
    return Ran.of(report)


def test_a_run_is_well_when_each_of_its_tests_passed(tmp_path: Path) -> None:
    assert ran(tmp_path, "<system-out/>") == WELL
    assert (WELL.is_well, str(WELL)) == (True, "2")


@pytest.mark.parametrize("outcome", ["<failure/>", "<error/>", "<skipped/>"])
def test_a_run_with_a_test_that_did_not_pass_is_not_well(tmp_path: Path, outcome: str) -> None:
    found = ran(tmp_path, outcome)
    assert (found.is_well, str(found), found.failed) == (False, "1 of 2", ("two",))


def test_a_run_without_a_report_or_a_test_is_not_well(tmp_path: Path) -> None:
    empty = tmp_path / "empty.xml"
    empty.write_text("<testsuites/>", encoding="utf-8")
    assert [Ran.of(file).is_well for file in (tmp_path / "none.xml", empty)] == [False, False]


def test_the_table_has_a_line_for_each_kernel() -> None:
    rows = [Row(version="6.30.1", browser=WELL, cells=Ran(tests=9, failed=("x",)), seconds=61.4)]
    assert [line.split() for line in table(rows).splitlines()] == [
        ["ipykernel", "browser", "tests", "cells", "seconds"],
        ["6.30.1", "2", "8", "of", "9", "61"],
    ]
    assert (len(KERNELS), KERNELS[-1]) == (3, "newest")


def test_the_summary_of_many_runs_names_what_failed_and_how_often() -> None:
    once, twice = Ran(tests=2, failed=("a",)), Ran(tests=2, failed=("a", "b"))
    assert summary([WELL, once, twice]).splitlines() == ["1 of 3 runs passed", "2 × a", "1 × b"]


@pytest.mark.parametrize(
    ("deaths", "outcome"), [(1, contextlib.nullcontext()), (2, pytest.raises(RuntimeError, match="died before"))]
)
def test_a_notebooks_kernel_that_dies_as_it_starts_is_started_once_more(
    deaths: int,
    outcome: contextlib.AbstractContextManager[object],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    starts: list[int] = []

    def kernel(*_: object, **__: object) -> None:
        starts.append(len(starts))
        if starts[-1] < deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(nbval.plugin, "RunningKernel", kernel)
    folder = Path(__file__).parents[1] / "notebooks"
    sandboxed = runpy.run_path(str(folder / "conftest.py"))["SandboxedNotebook"]
    notebook = sandboxed.from_parent(request.session, path=folder / "00_start_here.ipynb")
    with outcome, pytest.warns(UserWarning, match="00_start_here.ipynb died as it started, and is started again"):
        notebook.setup()
    assert starts == [0, 1]
