"""`make kernels` and `make flakes` see a test that failed, was skipped, or did not run; a kernel has a second start."""

from __future__ import annotations

import contextlib
import runpy
from pathlib import Path

import nbval.plugin
import pytest

from tests.browser.kernels import outcome


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("..\n2 passed in 1.20s\n", True),
        ("..\n2 passed, 1 warning in 61.20s (0:01:01)\n", True),
        ("FAILED a.py::test_b - AssertionError\n1 failed, 1 passed in 1.20s\n", False),
        ("ERROR a.py::test_b\n1 passed, 1 error in 1.20s\n", False),
        ("SKIPPED [2] a.py:7: no Chromium found\n2 skipped in 0.10s\n", False),
        ("\nno tests ran in 0.01s\n", False),
        ("", False),
    ],
)
def test_a_run_is_well_when_there_are_tests_and_each_passes(said: str, passed: bool) -> None:
    assert outcome(said) == (passed, "\n".join(line for line in said.strip().split("\n") if line != ".."))


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
