"""The committed push notebook in JupyterLab: it runs as a whole, again after a restart, and its keys and panel work."""

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.jupyter import NOTEBOOKS, Jupyter
from tests.browser.scenes import button, poll_status

COMMITTED = Path(__file__).parents[2] / "notebooks" / "05_push_enroll.ipynb"


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

    cells = [cell["source"] for cell in content["cells"]]
    at = next(index for index, source in enumerate(cells) if "lab.poll_panel" in "".join(source))

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
    scan = next(index for index, source in enumerate(cells) if "lab.phone.scan" in "".join(source))
    notebook.run(scan)
    # Real seconds pass here: on a busy machine more than one poll falls between the press and the scan.
    expect(poll_status(page)).to_contain_text(re.compile(r"granted · \d+ polls"))
    expect(notebook.cell(at)).to_contain_text("<access_token 1: JWT>")
