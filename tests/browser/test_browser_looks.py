"""All panels and their saved pictures in JupyterLab, in both themes, narrow and wide: they read, fit, and scan."""

import io
import json
import math
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, expect

from auth0_mfa_lab.show.qr import LEAST_PIXELS, QUIET_ZONE_MODULES
from tests.browser.jupyter import DARK, LIGHT, Jupyter, Notebook, until
from tests.browser.looks import at_width, button, in_theme, press, says, serious, status, sticks_out
from tests.browser.scenes import BROKEN, MORE, PANEL, PHONE, RAW, SANDBOX, SANDBOX_ENROLLMENT, raw_values
from tests.qr_pictures import pictures_in, texts_in

MODULES = 57
"""Of a ticket's QR, with the quiet zone: as many as its URI needs."""
QR = 'lab.qr(challenge["barcode_uri"])'
QR_PANEL = 'lab.qr_panel(challenge["barcode_uri"])'
TOO_FAST = "[panel.poll_once() for _ in range(13)];\nlab.clock.advance(60); panel.stop(); panel.poll_once();"
BUSY = """
pushed = lab.client.mfa_challenge(mfa_token=there["mfa_token"], challenge_type="oob")
busy = lab.push_panel(mfa_token=there["mfa_token"], oob_code=pushed["oob_code"])
busy
"""
SLOWER = "Auth0 asked to poll more slowly (slow_down)"
_BARS = """panel => [...panel.querySelectorAll('[role=progressbar]')].map(track => {
  const [fill, whole] = [track.firstElementChild, track].map(each => each.getBoundingClientRect());
  const [label, now, said] = ['label', 'valuenow', 'valuetext'].map(each => track.getAttribute(`aria-${each}`));
  return { label, said, now: Number(now), filled: 100 * fill.width / whole.width, left: whole.left, top: whole.top,
    width: whole.width, height: fill.height };
})"""
# A sanitiser has taken their role away.
_SAVED_BARS = """shown => [...shown.querySelectorAll('div')].filter(each => each.style.overflow === 'hidden')
  .map(track => 100 * track.firstElementChild.getBoundingClientRect().width / track.getBoundingClientRect().width)"""


def bars_read(poll: Locator) -> None:
    """Assert that bars stand below each other, begin in one line, and are to be seen."""
    bars = poll.evaluate(_BARS)
    assert max(each["left"] for each in bars) - min(each["left"] for each in bars) < 1
    assert all(below["top"] - above["top"] >= 16 for above, below in pairwise(bars))
    assert [each for each in bars if each["height"] < 6 or each["width"] < 40] == []


def box_of(part: Locator) -> FloatRect:
    box = part.bounding_box()
    assert box is not None
    return box


def on_the_screen(picture: Locator) -> tuple[FloatRect, Image.Image]:
    """Return where a picture stands on the screen, and what is seen there, once it stands still.

    After another theme or width JupyterLab goes on moving things for a while, on a busy machine for seconds.
    """

    def seen() -> tuple[FloatRect, bytes] | None:
        picture.evaluate("each => each.scrollIntoView({ block: 'center' })")
        before, screen, after = picture.bounding_box(), picture.page.screenshot(), picture.bounding_box()
        return (before, screen) if before and before == after else None

    box, screen = until(seen, "the picture stands still", picture.page)
    ends = math.floor(box["x"] + box["width"]), math.floor(box["y"] + box["height"])
    with Image.open(io.BytesIO(screen)) as shot:
        return box, shot.convert("RGB").crop((math.ceil(box["x"]), math.ceil(box["y"]), *ends))


def is_scanned(picture: Locator, uri: str) -> None:
    """Assert that a camera reads a QR off the screen, with a bright zone around it."""
    box, part = on_the_screen(picture)
    module = box["width"] / MODULES
    assert module >= LEAST_PIXELS
    assert box["height"] == pytest.approx(box["width"], abs=1)
    part.save(png := io.BytesIO(), "PNG")
    assert texts_in(png.getvalue()) == [uri]
    # A pixel at the inner border of the zone may be blurred by the screen, or belong to the picture's surroundings.
    zone, grey = int(QUIET_ZONE_MODULES * module) - 2, part.convert("L")
    grey.paste(255, (zone, zone, part.width - zone, part.height - zone))
    assert min(grey.tobytes()) >= 250


def test_panels_read_in_both_themes_narrow_and_wide(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX + MORE, PANEL, TOO_FAST, PHONE, BROKEN, BUSY)
    poll, phone, busy = (notebook.cell(index) for index in (1, 3, 5))
    # Each bar says to the ear what it says to the eye.
    bars: list[dict[str, Any]] = poll.evaluate(_BARS)
    assert {each["label"]: (each["said"], each["now"]) for each in bars} == {
        "next poll": ("not before 10 s", 0),
        "oob_code": ("4 min 0 s left · ends first", 80),
        "mfa_token": ("9 min 0 s left", 90),
    }
    assert [each["filled"] for each in bars] == pytest.approx([each["now"] for each in bars], abs=2)
    says(poll, *(each["said"] for each in bars), f"Interval: 5 s → 10 s: {SLOWER}")
    press(busy, "Poll until done")
    poll.locator(".panel-rows summary").first.click()
    press(poll, "Poll once")
    expect(poll.get_by_role("alert")).to_be_visible()
    for theme, widths in ((LIGHT, (360, 900, 1200)), (DARK, (360,))):
        with in_theme(notebook, theme):
            ground = page.evaluate("() => getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor")
            assert (ground == "rgb(255, 255, 255)") == (theme == LIGHT), ground
            expect(button(busy, "Poll until done")).to_have_attribute("aria-busy", "true")
            assert serious(page) == [], theme
            for width in widths:
                with at_width(notebook, width):
                    bars_read(poll)
                    for panel in page.locator(".jp-OutputArea-output > .widget-vbox").all():
                        assert sticks_out(panel) == [], (theme, width)
                    asks, answers, rows = (busy.locator(f".push-{each}") for each in ("poll", "phone", "polls"))
                    left, right, below = map(box_of, (asks, answers, rows))
                    if width < 900:  # the rows come last: however many there are, Allow stays where it is
                        assert left["y"] < right["y"] < below["y"]
                        assert right["x"] == pytest.approx(left["x"], abs=1)
                    else:
                        assert left["x"] + left["width"] <= right["x"]
                        assert right["y"] == pytest.approx(left["y"], abs=1)
                    box = box_of(phone.locator(".phone-top > div > div").first)
                    assert 200 < box["width"] <= 441
    press(phone, "Allow")
    says(status(phone, "phone"), "Allowed")
    notebook.do("panel.run._ask = works\nlab.clock.advance(20)")
    press(poll, "Poll once")
    says(status(poll), "granted")
    expect(poll.get_by_role("alert")).to_have_count(0)
    expect(poll.locator(".panel-frame .poll-answer details[open]").first).to_be_visible()
    for theme in (LIGHT, DARK):
        with in_theme(notebook, theme):
            assert serious(page) == [], theme


def test_a_qr_is_scanned_in_both_themes_narrow_and_wide(page: Page, notebook: Notebook, jupyter: Jupyter) -> None:
    notebook.play(SANDBOX_ENROLLMENT, QR, QR_PANEL, RAW)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    assert set(pictures_in(notebook.save())) == {uri}
    for theme, width in ((LIGHT, 1200), (LIGHT, 600), (DARK, 600)):
        with in_theme(notebook, theme), at_width(notebook, width):
            for picture in (notebook.cell(1).locator("img"), notebook.cell(2).locator(".qr-place img")):
                is_scanned(picture, uri)
            assert serious(page) == [], (theme, width)
            assert sticks_out(notebook.cell(2).locator(".widget-vbox:has(> .qr-status)").first) == []


def test_saved_pictures_read_in_a_notebook_nobody_trusts(page: Page, notebook: Notebook, jupyter: Jupyter) -> None:
    notebook.play(SANDBOX + MORE, PANEL, TOO_FAST, "panel", PHONE)
    content = json.loads(notebook.save())
    notebook.play(SANDBOX_ENROLLMENT, QR_PANEL, RAW)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    content["cells"] += json.loads(notebook.save())["cells"]
    content["cells"] = [each | {"id": f"saved-{at}"} for at, each in enumerate(content["cells"]) if each["outputs"]]
    notebook.clear()
    notebook.read(content)
    trusted = "() => jupyterapp.shell.currentWidget.content.widgets.map(each => each.model.trusted)"
    assert page.evaluate(trusted) == [False] * 4
    idle, poll, phone, qr = (notebook.cell(index).locator(".jp-RenderedHTMLCommon").last for index in range(4))
    says(idle, "not asked yet", "Saved picture: run this cell for the buttons.")
    says(poll, SLOWER)
    says(phone, "Sandbox phone", "Login at sandbox.example")
    parts = [box_of(each) for each in phone.locator(":scope > div").first.locator(":scope > div").all()]
    assert len(parts) == 3
    for above, below in pairwise(parts):  # its frame has no gap
        assert below["y"] - above["y"] - above["height"] == pytest.approx(0, abs=1)
    for depth in (0, 1):  # a group of equal answers, and one of them
        poll.locator("summary:visible").nth(depth).click()
    says(poll.locator("pre:visible").first, "POST /oauth/token")
    assert poll.evaluate(_SAVED_BARS) == pytest.approx([0, 80, 90], abs=2)
    expect(qr.locator("img")).to_have_attribute("alt", "QR code of the ticket for sandbox:user1@example.com")
    for theme in (LIGHT, DARK):
        with in_theme(notebook, theme):
            is_scanned(qr.locator("img"), uri)
            assert serious(page, ".jp-RenderedHTMLCommon:not(:has(img))") == []
