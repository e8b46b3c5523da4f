"""The committed push notebook in JupyterLab: it runs as a whole, again after a restart, and its keys and panel work."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.jupyter import NOTEBOOKS, Jupyter, until
from tests.browser.scenes import button, poll_status
from tests.test_cli import Opened, free_port, own_environment

COMMITTED = Path(__file__).parents[2] / "notebooks" / "05_push_enroll.ipynb"
SAVED = "Saved picture: run this cell for the buttons."


def index_of(code: str) -> int:
    """Return which cell of the notebook has some code."""
    cells = json.loads(COMMITTED.read_text(encoding="utf-8"))["cells"]
    return next(index for index, cell in enumerate(cells) if code in "".join(cell["source"]))


def test_the_push_notebook_runs_and_its_panel_polls(new_page: Page, jupyter: Jupyter) -> None:
    page = new_page
    content = json.loads(COMMITTED.read_text(encoding="utf-8"))
    jupyter.add(COMMITTED.name, content)
    # All cells are drawn, also those below the screen, so that what is looked for is on the page.
    jupyter.setting(NOTEBOOKS, windowingMode="none")
    notebook = jupyter.open(page, COMMITTED.name)
    notebook.run_all()
    expect(poll_status(page)).to_contain_text("granted · 2 polls")
    assert page.locator(".jp-OutputArea-output[data-mime-type*=stderr]").count() == 0

    # These keys would cut a cell and make one, if JupyterLab took them from an exchange's fold.
    before = notebook.cells
    fold = page.locator(".jp-OutputArea-output details > summary").first
    fold.focus()
    for key in ("Enter", "x", "b"):
        page.keyboard.press(key)
    expect(page.locator(".jp-OutputArea-output details").first).not_to_have_attribute("open", "")
    assert notebook.cells == before

    at = index_of("lab.poll_panel")

    # A reader who presses before going on: only the cells down to the panel are run.
    notebook.restart()
    for index in range(at + 1):
        if content["cells"][index]["cell_type"] == "code":
            notebook.run(index)
    expect(poll_status(page)).to_contain_text("not asked yet")
    button(page, "Poll once").click()
    expect(poll_status(page)).to_contain_text("pending · 1 poll ·")
    expect(notebook.cell(at)).to_contain_text("authorization_pending")
    button(page, "Poll until done").click()
    expect(button(page, "Stop")).to_be_enabled()
    notebook.run(index_of("lab.phone.scan"))
    # Real seconds pass here: on a busy machine more than one poll falls between the press and the scan.
    expect(poll_status(page)).to_contain_text(re.compile(r"granted · \d+ polls"))
    expect(notebook.cell(at)).to_contain_text("<access_token 1: JWT>")


@pytest.fixture
def address(chromium: Browser, tmp_path: Path) -> Iterator[str]:
    """Where `auth0-mfa-lab open` shows the committed notebook, in a folder that nobody has run anything in."""
    assert chromium.is_connected()
    folder = tmp_path / "clone"
    (folder / "notebooks").mkdir(parents=True)
    shutil.copy(COMMITTED, folder / "notebooks")
    opened = Opened(
        folder, own_environment(tmp_path), free_port(), tmp_path / "errors.txt", f"notebooks/{COMMITTED.name}"
    )
    try:
        yield opened.line().split()[1]
    finally:
        opened.end()


@pytest.fixture
def clone(chromium: Browser, address: str) -> Iterator[Page]:
    """A page that shows the notebook of a fresh clone."""
    page = chromium.new_page(viewport={"width": 1200, "height": 1000}, reduced_motion="reduce")
    page.set_default_timeout(90_000)
    page.goto(address)
    until_the_kernel_listens(page, address)
    yield page
    page.close()


def until_the_kernel_listens(page: Page, address: str) -> None:
    """Wait until a page is connected to its kernel: before that JupyterLab drops what is run."""
    url = httpx.URL(address)
    with httpx.Client(base_url=url.copy_with(path="/", query=None), params=url.params, trust_env=False) as http:

        def listens() -> bool:
            kernels = http.get("/api/kernels", timeout=60).json()
            return any(each["connections"] and each["execution_state"] == "idle" for each in kernels)

        until(listens, "the kernel is idle and connected", page)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_have_count(1)


def tabbed_back(page: Page) -> str:
    """Press Shift+Tab, and return the text of what has the focus now."""
    page.keyboard.press("Shift+Tab")
    text: str = page.evaluate("() => document.activeElement?.innerText ?? ''")
    return text


def test_a_poll_goes_on_after_a_reload_of_a_fresh_clone_that_is_half_run(clone: Page, address: str) -> None:
    cells, at = clone.locator(".jp-Notebook .jp-Cell"), index_of("lab.poll_panel")
    expect(cells.nth(at)).to_contain_text(SAVED)
    cells.first.locator(".jp-InputPrompt").click()
    for index in range(at + 1):
        expect(cells.nth(index)).to_be_focused()
        clone.keyboard.press("Shift+Enter")
    expect(poll_status(clone)).to_contain_text("not asked yet")
    expect(cells.nth(at)).not_to_contain_text(SAVED)
    until(lambda: tabbed_back(clone) == "Poll until done", "Shift+Tab reaches the button", clone)
    clone.keyboard.press("Enter")
    expect(poll_status(clone)).to_contain_text("1 poll ·")
    clone.keyboard.press("Control+s")
    expect(clone.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)

    clone.reload()
    until_the_kernel_listens(clone, address)
    expect(poll_status(clone)).to_contain_text("pending")
    button(clone, "Stop").click()
    expect(poll_status(clone)).to_contain_text("stopped")
