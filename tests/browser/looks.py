"""What somebody does with a panel in JupyterLab: presses, reads, in a theme, at a width, by keyboard, and with axe."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.notebook_page import LIGHT, Notebook

_STICKS_OUT = """panel => {
  const right = panel.closest(".jp-OutputArea-output").getBoundingClientRect().right + 1;
  const scrolls = each => each && each !== panel.parentElement
    && (/auto|scroll/.test(getComputedStyle(each).overflowX) || scrolls(each.parentElement));
  const sticksOut = each => each.getBoundingClientRect().right > right && !scrolls(each.parentElement);
  return [...panel.querySelectorAll("*")].filter(sticksOut).map(each => each.outerHTML.slice(0, 120));
}"""
# Holds the timers of more than five seconds; `passTime` ends them, and tells how long they were to take.
_HOLD = """() => {
  const [set, clear, held] = [window.setTimeout, window.clearTimeout, new Map()];
  window.setTimeout = (act, ms, ...more) => {
    const id = set(act, ms, ...more);
    if (ms > 5000) held.set(id, { act, ms });
    return id;
  };
  window.clearTimeout = (id) => { held.delete(id); clear(id); };
  window.passTime = () => {
    Object.assign(window, { setTimeout: set, clearTimeout: clear });
    return [...held].map(([id, { act, ms }]) => { clear(id); act(); return ms; });
  };
}"""
_FOCUSED = """() => {
  const each = document.activeElement;
  return each?.getAttribute("aria-label") || each?.innerText?.trim() || each?.localName || "";
}"""


def button(within: Page | Locator, name: str) -> Locator:
    return within.get_by_role("button", name=name, exact=True)


def press(within: Page | Locator, *names: str) -> None:
    """Press the first button of each name, as soon as it may be pressed: one that is off or busy ignores a press."""
    for name in names:
        is_ready(within, name)
        button(within, name).first.click()


def is_ready(within: Page | Locator, name: str) -> None:
    expect(button(within, name).first).to_be_enabled()
    expect(button(within, name).first).to_have_attribute("aria-busy", "false")


def is_off(within: Page | Locator, *names: str) -> None:
    for name in names:
        expect(button(within, name)).to_be_disabled()


def says(where: Locator, *texts: str | re.Pattern[str]) -> None:
    for text in texts:
        expect(where).to_contain_text(text)


def status(within: Page | Locator, panel: str = "poll") -> Locator:
    """Return where a panel (`poll`, `qr`, `phone`) says how it stands."""
    return within.locator(f".{panel}-status").get_by_role("status")


@contextmanager
def in_theme(notebook: Notebook, theme: str) -> Iterator[None]:
    """Show the page in a theme, and in the light one again afterwards: the next test has the same page."""
    notebook.theme(theme)
    yield
    notebook.theme(LIGHT)


@contextmanager
def at_width(notebook: Notebook, width: int, height: int = 1000) -> Iterator[None]:
    """Show the notebook in a window of this size, without the side bar's panel, and wide again afterwards."""
    page = notebook.page
    if page.evaluate("() => !jupyterapp.shell.leftCollapsed"):
        notebook.command("application:toggle-left-area")
    page.set_viewport_size({"width": width, "height": height})
    yield
    page.set_viewport_size({"width": 1200, "height": 1000})


def tab_order(page: Page, presses: int, key: str = "Tab") -> list[str]:
    """Press Tab so often, and return what has the focus after each: its label, or its text."""
    names = []
    for _ in range(presses):
        page.keyboard.press(key)
        names.append(str(page.evaluate(_FOCUSED)))
    return names


@contextmanager
def time_passes(page: Page, seconds: float) -> Iterator[None]:
    """Let the page's timers that are set within be over at the end; one of them was to take these seconds."""
    page.evaluate(_HOLD)
    yield
    assert any(seconds / 2 < ms / 1000 <= seconds for ms in page.evaluate("() => window.passTime()"))


def serious(page: Page, within: str = ".jp-OutputArea-output .widget-vbox") -> list[str]:
    """Return what axe-core finds serious or critical in a part of the page, contrast included."""
    found = Axe().run(page, context=within).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


def sticks_out(panel: Locator) -> list[str]:
    """Return the beginnings of a panel's elements that end right of its cell's output, where nobody can scroll to."""
    found: list[str] = panel.evaluate(_STICKS_OUT)
    return found
