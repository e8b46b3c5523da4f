"""Takes the pictures of the README, light and dark, as JupyterLab shows its panels: `make screenshots`."""

from __future__ import annotations

import io
import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image, ImageColor, ImageOps
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium_path
from tests.browser.jupyter import DARK, LIGHT, NOTEBOOKS, SECONDS, THEMES, Jupyter, Notebook
from tests.browser.scenes import PANEL, SANDBOX, button, poll_status

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_push_enroll.ipynb"
PICTURES = NOTEBOOK.parent / "pictures"
WIDTH, HEIGHT = 1000, 1150
MARGIN = 12
COLOURS = 256
PHONE = """
from auth0_mfa_lab import Lab

lab = Lab.sandbox()
user = lab.user(factors=["push", "sms"])
login = lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)
for each in lab.client.mfa_authenticators(login["mfa_token"]).json:
    if "oob_channel" in each:
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id=each["id"])
"""


def push_enroll(page: Page, jupyter: Jupyter) -> bytes:
    """Run the push notebook down to its panel, press a button, and show it from the QR to the answer."""
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    jupyter.add(NOTEBOOK.name, content)
    notebook = _opened(page, jupyter, NOTEBOOK.name)
    sources = ["".join(cell["source"]) for cell in content["cells"]]
    qr = next(index for index, source in enumerate(sources) if "lab.qr(" in source)
    panel = next(index for index, source in enumerate(sources) if "lab.poll_panel(" in source)
    for index in range(panel + 1):
        if content["cells"][index]["cell_type"] == "code":
            notebook.run(index)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll")
    _alone(page)
    notebook.cell(qr).evaluate("each => each.scrollIntoView({ block: 'start' })")
    return page.screenshot()


def poll_pending(page: Page, jupyter: Jupyter) -> bytes:
    """Show the poll's panel while it polls, for the second time."""
    notebook = _polling(page, jupyter)
    return _cut(page, notebook.cell(1))


def poll_granted(page: Page, jupyter: Jupyter) -> bytes:
    """Show the poll's panel after the phone has allowed, down to the answer with the tokens."""
    notebook = _polling(page, jupyter)
    notebook.ask("lab.phone.allow() and lab.clock.advance(5) and None")
    expect(poll_status(page)).to_contain_text("granted")
    return _cut(page, notebook.cell(1), last="pre:visible >> nth=1")


def phone(page: Page, jupyter: Jupyter) -> bytes:
    """Show the phone, with a push that waits, a code and a message."""
    notebook = _opened(page, jupyter, jupyter.notebook(PHONE, "lab.phone_panel()"))
    notebook.run_all()
    expect(page.get_by_role("button", name="Allow").first).to_be_visible()
    return _cut(page, notebook.cell(1), widest=".phone-top .widget-html-content > *")


TAKEN: Mapping[str, Callable[[Page, Jupyter], bytes]] = {
    "push_enroll": push_enroll,
    "poll_pending": poll_pending,
    "poll_granted": poll_granted,
    "phone": phone,
}


def main(arguments: list[str]) -> int:
    """Take all pictures, or those that are named."""
    if (path := chromium_path()) is None:
        sys.stderr.write("no Chromium found: install chromium, or name one in CHROMIUM\n")
        return 1
    expect.set_options(timeout=SECONDS * 1000)
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        jupyter = Jupyter(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, chromium_sandbox=False)
        try:
            for name in arguments or TAKEN:
                for theme, ending in ((LIGHT, ""), (DARK, "_dark")):
                    png = _small(_taken(name, theme, browser, jupyter))
                    (PICTURES / f"{name}{ending}.png").write_bytes(png)
        finally:
            browser.close()
            jupyter.close()
    return 0


def _taken(name: str, theme: str, browser: Browser, jupyter: Jupyter) -> bytes:
    jupyter.reset()
    jupyter.setting(THEMES, theme=theme)
    # All cells are drawn, also those below the screen.
    jupyter.setting(NOTEBOOKS, windowingMode="none")
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
    try:
        return TAKEN[name](page, jupyter)
    finally:
        page.close()


def _opened(page: Page, jupyter: Jupyter, name: str) -> Notebook:
    notebook = jupyter.open(page, name)
    notebook.command("application:toggle-left-area")
    return notebook


def _polling(page: Page, jupyter: Jupyter) -> Notebook:
    notebook = _opened(page, jupyter, jupyter.notebook(SANDBOX, PANEL, ""))
    notebook.run_all()
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll")
    notebook.ask("lab.clock.advance(5) and None")
    expect(poll_status(page)).to_contain_text("2 polls")
    return notebook


def _cut(page: Page, cell: Locator, *, last: str = "", widest: str = "") -> bytes:
    """Return the picture of a cell's panel: down to its part `last`, as wide as its part `widest`, if named."""
    _alone(page)
    panel = cell.locator(".widget-vbox").first
    panel.evaluate("each => each.scrollIntoView({ block: 'start' })")
    box, end, side = (_box(panel.locator(each) if each else panel) for each in ("", last, widest))
    # A panel may begin within a pixel, whose other part belongs to the cell above.
    top, bottom = math.ceil(box["y"]), math.floor(end["y"] + end["height"])
    assert bottom < HEIGHT, "it is higher than the screen"
    clip: FloatRect = {"x": box["x"], "y": top, "width": side["width"], "height": bottom - top}
    ground = page.evaluate("() => getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor")
    framed = io.BytesIO()
    with Image.open(io.BytesIO(page.screenshot(clip=clip))) as picture:
        ImageOps.expand(picture.convert("RGB"), MARGIN, ImageColor.getrgb(ground)).save(framed, "PNG")
    return framed.getvalue()


def _box(part: Locator) -> FloatRect:
    box = part.bounding_box()
    assert box is not None, "it is not on the page"
    return box


def _alone(page: Page) -> None:
    """Take away what is no part of the picture: the pointer, the focus, the toolbar of the active cell."""
    page.mouse.move(0, 0)
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    page.evaluate("() => document.activeElement.blur()")


def _small(png: bytes) -> bytes:
    """Return a picture with a palette, which takes a third of the bytes."""
    small = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
