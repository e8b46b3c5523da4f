"""The harness of the browser tests: a page is whole before it is handed on, and what is kept of a test that fails."""

import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import kept_when_it_fails
from tests.browser.jupyter import Jupyter, KernelDied, close_all, until


def kept(node: pytest.Item) -> Path:
    """Fail as a test does, and return the folder that the failure's message names."""
    phase = kept_when_it_fails(node)
    next(phase)
    with pytest.raises(AssertionError, match="the button is gone") as failed:
        phase.throw(AssertionError("the button is gone"))
    (note,) = failed.value.__notes__
    return Path(note.removeprefix("kept of this failure: "))


def test_a_failure_keeps_the_page_the_log_and_the_kernels(
    page: Page, jupyter: Jupyter, request: pytest.FixtureRequest
) -> None:
    name = jupyter.notebook("1 + 1")
    jupyter.open(page, name).run_all()
    page.evaluate("() => console.warn('something is odd')")
    folder = kept(request.node)
    pages = [json.loads(each.read_text(encoding="utf-8")) for each in folder.glob("page *.json")]
    assert [tab["connection"] for each in pages for tab in each["tabs"] if tab["path"] == name] == ["connected"]
    assert len(list(folder.glob("page *.png"))) == len(pages)
    said = (folder / "console.txt").read_text(encoding="utf-8")
    assert f"== {request.node.name}" in said
    assert "console warning: something is odd" in said
    (session,) = json.loads((folder / "sessions.json").read_text(encoding="utf-8"))
    assert (session["path"], session["kernel"]["connections"]) == (name, 1)
    assert f"Kernel started: {session['kernel']['id']}" in (folder / "jupyterlab.log").read_text(encoding="utf-8")
    shutil.rmtree(folder)


def test_what_cannot_be_had_is_said_and_hides_nothing_else(
    page: Page, jupyter: Jupyter, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(path: str) -> bytes:
        raise httpx.ConnectError(f"no server at {path}")

    monkeypatch.setattr(jupyter, "ask", lost)
    jupyter.open(page, jupyter.notebook(""))
    folder = kept(request.node)
    assert "no server at api/kernels" in (folder / "kernels.failed.txt").read_text(encoding="utf-8")
    assert list(folder.glob("page *.png"))
    assert (folder / "jupyterlab.log").exists()
    shutil.rmtree(folder)


def test_a_reloaded_page_is_not_ready_before_it_has_opened_all_that_it_will_open(page: Page, jupyter: Jupyter) -> None:
    notebook = jupyter.open(page, jupyter.notebook("1 + 1"))
    notebook.save()
    asked: list[Route] = []

    def hold_all_but_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    # JupyterLab reads the folder for its file browser, and again before it opens the notebook that its address names.
    page.route("**/api/contents?content=1*", hold_all_but_the_first)
    page.reload()
    until(lambda: notebook.lacks() == "what its address names is open", "the layout is restored", page)
    expect(page.locator(".jp-Notebook")).to_have_count(1)
    for each in asked[1:]:
        each.continue_()
    page.unroute("**/api/contents?content=1*")
    notebook.wait_ready()
    assert close_all(page)
    jupyter.open(page, jupyter.notebook("2 + 2"))
    expect(page.locator(".jp-Notebook")).to_have_count(1)


@contextmanager
def kernels_that_die(jupyter: Jupyter, times: int) -> Iterator[None]:
    """Let the next kernels of a JupyterLab end as they start."""
    left = [jupyter.folder / f"dies {number}" for number in range(times)]
    for each in left:
        each.touch()
    startup = jupyter.folder / "ipython" / "profile_default" / "startup" / "dies.py"
    startup.parent.mkdir(parents=True, exist_ok=True)
    startup.write_text(
        "import os, pathlib\n"
        f"for each in pathlib.Path({str(jupyter.folder)!r}).glob('dies *'):\n"
        "    each.unlink()\n"
        "    os._exit(1)\n",
        encoding="utf-8",
    )
    yield
    for each in (startup, *left):
        each.unlink(missing_ok=True)


def test_a_kernel_that_dies_as_it_starts_is_started_again_with_a_warning(page: Page, jupyter: Jupyter) -> None:
    with (
        kernels_that_die(jupyter, times=1),
        pytest.warns(UserWarning, match="died as it started, and is started again"),
    ):
        notebook = jupyter.open(page, jupyter.notebook(""))
    assert notebook.ask("6 * 7") == 42


def test_a_kernel_that_dies_again_fails_the_test_and_says_so(page: Page, jupyter: Jupyter) -> None:
    with kernels_that_die(jupyter, times=9), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(KernelDied, match=r"the kernel of scene-\d+.ipynb died as it started"):
            jupyter.open(page, jupyter.notebook(""))
