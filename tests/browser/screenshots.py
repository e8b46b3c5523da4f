"""Makes notebooks/pictures/push_enroll.png: the QR and the panel of the push notebook, as JupyterLab shows them."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium_path
from tests.browser.jupyter import DARK, LIGHT, NOTEBOOKS, SECONDS, THEMES, Jupyter
from tests.browser.scenes import button, poll_status

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_push_enroll.ipynb"
PICTURE = NOTEBOOK.parent / "pictures" / "push_enroll.png"
WIDTH, HEIGHT = 1200, 1150


def main(arguments: list[str]) -> int:
    """Write the picture; with `dark PATH`, one in the dark theme to that path instead."""
    theme, picture = (DARK, Path(arguments[1])) if arguments[:1] == ["dark"] else (LIGHT, PICTURE)
    if (path := chromium_path()) is None:
        sys.stderr.write("no Chromium found: install chromium, or name one in CHROMIUM\n")
        return 1
    expect.set_options(timeout=SECONDS * 1000)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        jupyter = Jupyter(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, chromium_sandbox=False)
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
            jupyter.setting(THEMES, theme=theme)
            jupyter.setting(NOTEBOOKS, windowingMode="none")
            picture.parent.mkdir(exist_ok=True)
            picture.write_bytes(_small(_taken(page, jupyter)))
        finally:
            browser.close()
            jupyter.close()
    return 0


def _taken(page: Page, jupyter: Jupyter) -> bytes:
    """Run the push notebook down to its panel, press a button, and take the picture from the QR to the answer."""
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    jupyter.add(NOTEBOOK.name, content)
    notebook = jupyter.open(page, NOTEBOOK.name)
    notebook.command("application:toggle-left-area")
    sources = ["".join(cell["source"]) for cell in content["cells"]]
    qr = next(index for index, source in enumerate(sources) if "lab.qr(" in source)
    panel = next(index for index, source in enumerate(sources) if "lab.poll_panel(" in source)
    for index in range(panel + 1):
        if content["cells"][index]["cell_type"] == "code":
            notebook.run(index)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    # The pointer, the focus and the toolbar of the active cell are no part of the picture.
    page.mouse.move(0, 0)
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    page.evaluate("() => document.activeElement.blur()")
    notebook.cell(qr).evaluate("each => each.scrollIntoView({ block: 'start' })")
    return page.screenshot()


def _small(png: bytes) -> bytes:
    """Return a picture with a palette, which takes a third of the bytes."""
    small = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(128).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
