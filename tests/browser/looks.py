"""Ways to look at a panel in JupyterLab: in a theme, at a width, by keyboard, with axe, and from inside its kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.notebook_page import LIGHT, Notebook

WIDE, NARROW = 1200, 480
PANEL = ".jp-OutputArea-output .widget-vbox"

# What the package has running on the kernel's loop: a poll that nobody stopped would be among it.
TASKS = (
    "[each.get_name() for each in __import__('asyncio').all_tasks()"
    " if 'auth0_mfa_lab' in str(getattr(each.get_coro(), 'cr_code', ''))]"
)

_STICKS_OUT = """panel => {
  const right = panel.closest(".jp-OutputArea-output").getBoundingClientRect().right + 1;
  const scrolls = each => each && each !== panel.parentElement
    && (/auto|scroll/.test(getComputedStyle(each).overflowX) || scrolls(each.parentElement));
  return [...panel.querySelectorAll("*")]
    .filter(each => each.getBoundingClientRect().right > right && !scrolls(each.parentElement))
    .map(each => each.outerHTML.slice(0, 120));
}"""
_FOCUSED = """() => {
  const each = document.activeElement;
  return each?.getAttribute("aria-label") || each?.innerText?.trim() || each?.localName || "";
}"""


@contextmanager
def in_theme(notebook: Notebook, theme: str) -> Iterator[None]:
    """Show the page in a theme, and in the light one again afterwards: the next test may have the same page."""
    notebook.theme(theme)
    try:
        yield
    finally:
        notebook.theme(LIGHT)


@contextmanager
def at_width(notebook: Notebook, width: int) -> Iterator[None]:
    """Show the notebook in a window of `width` pixels, without the side bar's panel, and as before afterwards."""
    page = notebook.page
    before = page.viewport_size
    assert before is not None
    is_open = page.evaluate("() => !window.jupyterapp.shell.leftCollapsed")
    if is_open:
        notebook.command("application:toggle-left-area")
    page.set_viewport_size({"width": width, "height": before["height"]})
    expect(page.locator(".jp-Notebook")).to_be_visible()
    try:
        yield
    finally:
        page.set_viewport_size(before)
        if is_open:
            notebook.command("application:toggle-left-area")


def tab_order(page: Page, presses: int) -> list[str]:
    """Press Tab so often, and return what has the focus after each: its label, or its text."""
    names = []
    for _ in range(presses):
        page.keyboard.press("Tab")
        names.append(str(page.evaluate(_FOCUSED)))
    return names


def serious(page: Page, within: str = PANEL) -> list[str]:
    """Return what axe-core finds serious or critical in a part of the page, contrast included."""
    found = Axe().run(page, context=within).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


def sticks_out(panel: Locator) -> list[str]:
    """Return the beginnings of a panel's elements that end right of its cell's output, where nobody can scroll to."""
    found: list[str] = panel.evaluate(_STICKS_OUT)
    return found
