"""Takes the pictures of README and docs, light and dark: panels in JupyterLab, and the page of a served tenant."""

import io
import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PIL import Image, ImageColor, ImageOps
from playwright.sync_api import FloatRect, Page, expect, sync_playwright

from auth0_mfa_lab import Lab
from auth0_mfa_lab.cli.serve import environment, write_env_file
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.served.routes import observed
from auth0_mfa_lab.settings import Settings
from tests.browser.jupyter import DARK, LIGHT, SECONDS, Jupyter, Notebook, launched
from tests.browser.looks import press, says, status
from tests.browser.scenes import PANEL, SANDBOX

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PICTURES = NOTEBOOKS / "pictures"
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


def of_notebook(notebook: Notebook, *, name: str, top: str, panel: str) -> Image.Image:
    """Run a notebook down to its `panel`, let it poll, and show the page from the cell that has `top` on."""
    page, content = notebook.page, json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))
    notebook.read(content)
    sources = ["".join(cell["source"]) for cell in content["cells"]]
    first, last = (next(at for at, source in enumerate(sources) if made in source) for made in (top, panel))
    for index in range(last + 1):
        if content["cells"][index]["cell_type"] == "code":
            notebook.run(index)
    cell = notebook.cell(last)
    notebook.do("lab.clock._monotonic = float")  # no real second passes
    press(cell, "Poll until done")
    says(status(cell), "1 poll")
    _alone(page)
    notebook.cell(first).evaluate("each => each.scrollIntoView({ block: 'start' })")
    box = cell.bounding_box()
    assert box is not None
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        return picture.convert("RGB").crop((0, 0, WIDTH, min(HEIGHT, math.ceil(box["y"] + box["height"]) + MARGIN)))


def poll_pending(notebook: Notebook, *, last: str = "") -> Image.Image:
    notebook.play(SANDBOX, PANEL)
    press(notebook.page, "Poll until done")
    says(status(notebook.page), "1 poll")
    notebook.do("lab.clock.advance(5)")
    says(status(notebook.page), "2 polls")
    if last:
        notebook.do("lab.phone.allow()\nlab.clock.advance(5)")
        says(status(notebook.page), "granted")
    return _cut(notebook, last=last)


def phone(notebook: Notebook) -> Image.Image:
    notebook.play(PHONE, "lab.phone_panel()")
    expect(notebook.page.get_by_role("button", name="Allow").first).to_be_visible()
    return _cut(notebook, widest=".phone-top .widget-html-content > *")


def served_page(notebook: Notebook) -> Image.Image:
    """Show the page of a served tenant while an application polls; it has the theme of the notebook."""
    browser, light = notebook.page.context.browser, notebook.page.evaluate("document.body.dataset.jpThemeLight")
    assert browser is not None
    box = Sandbox(seed=1)
    with tempfile.TemporaryDirectory() as folder, Server(box, **observed(box)) as server:
        file = Path(folder) / "auth0.env"
        write_env_file(file, server)
        client = Lab.served(Settings.of_values(environment(server, file), "served")).client
        user = box.add_user(factors=["push", "sms"], phone=server.phone.phone)
        for channel in ("sms", "auth0"):
            token = client.password_grant(username=user.username, password=user.password)["mfa_token"]
            listed = client.mfa_authenticators(token).json
            [factor] = [each["id"] for each in listed if each.get("oob_channel") == channel]
            sent = client.mfa_challenge(mfa_token=token, challenge_type="oob", authenticator_id=factor)
        for _ in range(3):
            client.mfa_oob_grant(mfa_token=token, oob_code=sent["oob_code"])
            box.clock.advance(5)
        with browser.new_context(
            viewport={"width": 1100, "height": 900},
            color_scheme="light" if light == "true" else "dark",
            ignore_https_errors=True,
            locale="en-GB",
            timezone_id="UTC",
        ) as context:
            page = context.new_page()
            page.goto(f"{server.url}/_lab/#token={server.token}")
            page.locator("#exchange-6 > summary").click()
            says(page.locator("#exchange-6"), "Answer")
            page.locator(".push").wait_for()
            page.mouse.move(0, 0)
            page.evaluate("document.activeElement.blur()")
            with Image.open(io.BytesIO(page.screenshot())) as picture:
                return picture.convert("RGB")


TAKEN: Mapping[str, Callable[[Notebook], Image.Image]] = {
    "push_panel": partial(of_notebook, name="06_push_challenge.ipynb", top="## 5.", panel=".push_panel("),
    "poll_pending": poll_pending,
    "poll_granted": partial(poll_pending, last="pre:visible >> nth=1"),
    "phone": phone,
    "served_page": served_page,
}


def main(arguments: list[str]) -> int:
    """Take all pictures, or those that are named."""
    expect.set_options(timeout=SECONDS * 1000)
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        if (browser := launched(playwright)) is None:
            sys.stderr.write("no Chromium found: install chromium, or name one in CHROMIUM\n")
            return 1
        jupyter = Jupyter(Path(folder))
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
            notebook = jupyter.open(page)
            notebook.command("application:toggle-left-area")
            for theme, ending in ((LIGHT, ""), (DARK, "_dark")):
                notebook.theme(theme)
                for name in arguments or TAKEN:
                    with notebook.draws_all():
                        picture = TAKEN[name](notebook)
                    # A palette takes a third of the bytes.
                    picture.quantize(COLOURS).save(PICTURES / f"{name}{ending}.png", optimize=True)
                    notebook.clear()
        finally:
            browser.close()
            jupyter.close()
    return 0


def _cut(notebook: Notebook, *, last: str = "", widest: str = "") -> Image.Image:
    """Return the picture of the second cell's panel: down to its part `last`, as wide as its part `widest`."""
    page = notebook.page
    _alone(page)
    panel = notebook.cell(1).locator(".widget-vbox").first
    panel.evaluate("each => each.scrollIntoView({ block: 'start' })")
    boxes = [(panel.locator(each) if each else panel).bounding_box() for each in ("", last, widest)]
    box, end, side = [each for each in boxes if each]
    # A panel may begin within a pixel, whose other part belongs to the cell above.
    top, bottom = math.ceil(box["y"]), math.floor(end["y"] + end["height"])
    assert bottom < HEIGHT, "it is higher than the screen"
    clip: FloatRect = {"x": box["x"], "y": top, "width": side["width"], "height": bottom - top}
    ground = page.evaluate("() => getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor")
    with Image.open(io.BytesIO(page.screenshot(clip=clip))) as picture:
        return ImageOps.expand(picture.convert("RGB"), MARGIN, ImageColor.getrgb(ground))


def _alone(page: Page) -> None:
    """Take away what is no part of the picture: the pointer, the focus, the toolbar of the active cell."""
    page.mouse.move(0, 0)
    page.evaluate(
        "() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 0; document.activeElement.blur(); }"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
