"""`make kernels` and `make flakes` see a test that failed, was skipped, or did not run; a kernel has a second start."""

from __future__ import annotations

import runpy
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


def test_a_kernel_that_dies_is_started_once_more(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    deaths = [RuntimeError("Kernel died before replying to kernel_info")]

    def kernel(*_: object, **__: object) -> None:
        if deaths:
            raise deaths.pop()

    monkeypatch.setattr(nbval.plugin, "RunningKernel", kernel)
    folder = Path(__file__).parents[1] / "notebooks"
    sandboxed = runpy.run_path(str(folder / "conftest.py"))["SandboxedNotebook"]
    notebook = sandboxed.from_parent(request.session, path=folder / "00_start_here.ipynb")
    with pytest.warns(UserWarning, match="00_start_here.ipynb died as it started, and is started again"):
        notebook.setup()
    deaths += [RuntimeError("Kernel died before replying to kernel_info") for _ in range(2)]
    with pytest.raises(RuntimeError, match="died before"), pytest.warns(UserWarning, match="is started again"):
        notebook.setup()
