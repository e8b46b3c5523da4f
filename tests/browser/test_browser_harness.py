"""The harness of the browser tests: what is kept of a test that fails."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import kept_when_it_fails
from tests.browser.evidence import Evidence
from tests.browser.jupyter import Jupyter, Notebook


def test_a_failure_keeps_the_page_the_log_and_the_kernels_and_says_what_cannot_be_had(
    page: Page, notebook: Notebook, jupyter: Jupyter, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(path: str) -> bytes:
        raise httpx.ConnectError(f"no server at {path}")

    kept = list[Path]()
    page.evaluate("() => console.warn('something is odd')")
    for ask in (jupyter.ask, lost):
        monkeypatch.setattr(jupyter, "ask", ask)
        with pytest.raises(AssertionError) as failed, kept_when_it_fails(evidence, "a test"):
            raise AssertionError("the button is gone")
        kept.append(Path(failed.value.__notes__[0].removeprefix("kept of this failure: ")))
        assert (kept[-1] / "page 0.png").exists()
    first, second = ({each.name: each.read_text("utf-8") for each in folder.glob("*.[!p]*")} for folder in kept)
    assert [tab["connection"] for tab in json.loads(first["page 0.json"])["tabs"]] == ["connected"]
    assert "== a test" in first["console.txt"]
    assert "console warning: something is odd" in first["console.txt"]
    (session,) = json.loads(first["sessions.json"])
    assert session["path"] == notebook.name
    assert f"Kernel started: {session['kernel']['id']}" in first["jupyterlab.log"]
    assert "no server at api/kernels" in second["kernels.failed.txt"]
    for folder in kept:
        shutil.rmtree(folder)
