"""What is kept of a test that fails: its message names the folder, and the folder has what there was to see."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import kept_when_it_fails
from tests.browser.jupyter import Jupyter


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
