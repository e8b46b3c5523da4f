"""The walk through a notebook by Shift+Enter goes on after each press of a panel's button, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.jupyter import DARK, LIGHT, Jupyter, Notebook, until
from tests.browser.looks import in_theme, serious
from tests.browser.scenes import LIVE_CHALLENGE, PANEL, SANDBOX, button, is_ready, poll_status

KERNELS = "@jupyterlab/apputils-extension:kernels-settings"
COUNTS = "count = globals().get('count', 0) + 1\ncount"
PHONE = "phone = lab.phone_panel()\nphone"
TWO_PUSHES = (
    SANDBOX
    + """
other = lab.user(factors=["push"])
there = lab.client.password_grant(username=other.username, password=other.password)
_ = lab.client.mfa_challenge(mfa_token=there["mfa_token"], challenge_type="oob")
"""
)
PRESS_BOTH = """() => {
  const named = name => [...document.querySelectorAll("button")].find(each => each.innerText === name);
  for (const name of ["Poll until done", "Poll once"]) named(name).click();
}"""


def is_selected(notebook: Notebook, index: int) -> None:
    """Wait until a cell is the one that the next key is for."""
    expect(notebook.page.locator(".jp-Cell.jp-mod-active")).to_have_count(1)
    expect(notebook.cell(index)).to_be_focused()


def walks_on(notebook: Notebook, index: int, counted: int) -> None:
    """Wait until a cell of COUNTS is selected, and run it by Shift+Enter."""
    is_selected(notebook, index)
    notebook.page.keyboard.press("Shift+Enter")
    expect(notebook.cell(index).locator(".jp-OutputArea-output")).to_have_text(str(counted))


def box_at_rest(locator: Locator) -> FloatRect | None:
    """Return where an element is once it has stopped moving."""
    boxes = [locator.bounding_box()]
    while len(boxes) < 2 or boxes[-1] != boxes[-2]:
        locator.page.wait_for_timeout(500)
        boxes.append(locator.bounding_box())
    return boxes[-1]


def test_after_a_press_by_mouse_the_next_cell_is_selected_and_nothing_scrolls(new_page: Page, jupyter: Jupyter) -> None:
    page = new_page
    page.set_viewport_size({"width": 1200, "height": 420})  # the panel is higher, and the next cell out of sight
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX, PANEL, COUNTS, ""))
    notebook.run_all()
    for count, name in enumerate(("Poll once", "Poll until done", "Stop"), 1):
        is_ready(page, name)
        button(page, "Poll once").evaluate("each => each.scrollIntoView({ block: 'start' })")
        place = box_at_rest(button(page, name))
        button(page, name).click()
        is_selected(notebook, 2)
        assert box_at_rest(button(page, name)) == place
        walks_on(notebook, 2, count + 1)
    # It is the panel that was pressed: the walk has not run its cell again.
    expect(poll_status(page)).to_contain_text("stopped · 1 poll")
    assert notebook.ask("[count, panel.run.poll.polls]") == [4, 1]


@pytest.mark.parametrize("key", ["Space", "Enter"])
def test_a_button_keeps_the_focus_after_a_key_and_shift_enter_goes_on(page: Page, jupyter: Jupyter, key: str) -> None:
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX, PANEL, COUNTS, ""))
    notebook.run_all()
    button(page, "Poll until done").focus()
    page.keyboard.press(key)
    expect(poll_status(page)).to_contain_text("1 poll ·")
    expect(button(page, "Poll until done")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press(key)
    expect(poll_status(page)).to_contain_text("stopped")
    expect(button(page, "Stop")).to_be_focused()  # though there is nothing to stop any more
    page.keyboard.press(key)
    is_ready(page, "Poll once")
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 2, 2)
    # The last answer leaves no button to press, and the one that was pressed has the focus.
    notebook.ask("lab.phone.allow() and lab.clock.advance(5) and None")
    button(page, "Poll once").focus()
    page.keyboard.press(key)
    expect(poll_status(page)).to_contain_text("granted · 2 polls")
    expect(button(page, "Poll once")).to_be_disabled()
    expect(button(page, "Poll once")).to_be_focused()
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 2, 3)
    assert notebook.ask("[count, panel.run.poll.polls]") == [3, 2]


def test_a_push_that_is_answered_by_keyboard_takes_no_focus_along(page: Page, jupyter: Jupyter) -> None:
    notebook = jupyter.open(page, jupyter.notebook(TWO_PUSHES, PHONE, COUNTS, ""))
    notebook.run_all()
    page.get_by_label("Reason").nth(1).fill("not me")
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 2, 2)
    expect(page.get_by_label("Reason").nth(1)).to_have_value("not me")
    button(page, "Allow").first.focus()
    page.keyboard.press("Enter")
    expect(button(page, "Allow")).to_have_count(1)
    expect(button(page, "Refresh")).to_be_focused()  # never the button of another push
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 2, 3)
    expect(page.get_by_label("Reason")).to_have_value("not me")


def test_the_second_half_of_a_double_click_answers_no_other_push(page: Page, jupyter: Jupyter) -> None:
    notebook = jupyter.open(page, jupyter.notebook(TWO_PUSHES, PHONE, COUNTS, ""))
    notebook.run_all()
    for click, left in ((1, 1), (2, 1), (1, 0)):
        is_ready(page, "Refresh")
        button(page, "Allow").first.hover()
        page.mouse.down(click_count=click)
        page.mouse.up(click_count=click)
        is_selected(notebook, 2)
        expect(button(page, "Allow")).to_have_count(left)
        assert notebook.ask("len(lab.phone.notifications)") == left
    assert notebook.ask("str(phone.last_error)") == "None"


@pytest.mark.parametrize("subshells", ["perComm", "disabled"])
def test_of_two_presses_at_once_one_is_taken(new_page: Page, jupyter: Jupyter, subshells: str) -> None:
    page = new_page
    jupyter.setting(KERNELS, commsOverSubshells=subshells)
    notebook = jupyter.open(page, jupyter.notebook(LIVE_CHALLENGE, PANEL, ""))
    notebook.run_all()
    page.evaluate(PRESS_BOTH)
    until(lambda: notebook.ask("gate.asked") == 1, "the poll asks", page)
    busy = button(page, "Poll until done")
    expect(busy).to_have_attribute("aria-busy", "true")
    expect(busy).to_be_enabled()
    expect(button(page, "Poll once")).to_be_disabled()
    button(page, "Stop").click()
    notebook.ask("gate.opened.set()")
    is_ready(page, "Poll once")
    expect(poll_status(page)).to_contain_text("stopped · 1 poll")
    assert notebook.ask("[gate.asked, str(panel.last_error)]") == [1, "None"]


def test_a_busy_panel_reads_in_both_themes(page: Page, jupyter: Jupyter) -> None:
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX, PANEL, ""))
    notebook.run_all()
    button(page, "Poll until done").click()
    for theme in (LIGHT, DARK):
        with in_theme(notebook, theme):
            expect(button(page, "Poll until done")).to_have_attribute("aria-busy", "true")
            assert serious(page) == []
