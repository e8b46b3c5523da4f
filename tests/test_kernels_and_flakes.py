"""`make kernels` and `make flakes` see a test that failed, was skipped, or did not run; a kernel has a second start."""

from __future__ import annotations

import runpy
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import nbval.plugin
import pytest

from tests.browser.kernels import outcome


def test_a_run_is_well_when_there_are_tests_and_each_passes() -> None:
    assert outcome("..\n2 passed, 1 warning in 61.20s (0:01:01)\n") == (True, "2 passed, 1 warning in 61.20s (0:01:01)")
    failed = "FAILED a.py::test_b - AssertionError\n1 failed, 1 passed in 1.20s"
    skipped = "SKIPPED [2] a.py:7: no Chromium found\n1 passed, 2 skipped in 0.10s"
    for said in (failed, skipped, "no tests ran in 0.01s", ""):
        assert outcome(f"..\n{said}\n" if said else "") == (False, said)


@pytest.mark.parametrize(("deaths", "outcome"), [(1, nullcontext()), (2, pytest.raises(RuntimeError, match="died"))])
def test_a_notebooks_kernel_that_dies_as_it_starts_is_started_once_more(
    deaths: int,
    outcome: AbstractContextManager[object],
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
