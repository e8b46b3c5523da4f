"""The harness of the browser tests: what is kept of a test that fails, and the second start of a kernel."""

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
    def kept() -> Path:
        with pytest.raises(AssertionError) as failed, kept_when_it_fails(evidence, "a test"):
            raise AssertionError("the button is gone")
        return Path(failed.value.__notes__[0].removeprefix("kept of this failure: "))

    def lost(path: str) -> bytes:
        raise httpx.ConnectError(f"no server at {path}")

    page.evaluate("() => console.warn('something is odd')")
    folder = kept()
    files = {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if each.suffix != ".png"}
    assert [tab["connection"] for tab in json.loads(files["page 0.json"])["tabs"]] == ["connected"]
    assert (folder / "page 0.png").exists()
    for said in ("== a test", "console warning: something is odd"):
        assert said in files["console.txt"]
    (session,) = json.loads(files["sessions.json"])
    assert session["path"] == notebook.name
    assert f"Kernel started: {session['kernel']['id']}" in files["jupyterlab.log"]
    shutil.rmtree(folder)
    monkeypatch.setattr(jupyter, "ask", lost)
    folder = kept()
    assert "no server at api/kernels" in (folder / "kernels.failed.txt").read_text(encoding="utf-8")
    assert (folder / "page 0.png").exists()
    shutil.rmtree(folder)


def test_a_kernel_that_dies_as_it_starts_is_started_again_with_a_warning(notebook: Notebook, jupyter: Jupyter) -> None:
    startup = jupyter.folder / "ipython" / "profile_default" / "startup" / "dies.py"
    startup.parent.mkdir(parents=True, exist_ok=True)
    startup.write_text(f"import os, pathlib\npathlib.Path({str(startup)!r}).unlink()\nos._exit(1)\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="died as it started, and is started again"):
        second = jupyter.open(notebook.page)
    assert second.ask("6 * 7") == 42
    second.close()
