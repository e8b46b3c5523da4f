"""The walk through a notebook by Shift+Enter goes on after each press of a panel's button, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.jupyter import Notebook, until
from tests.browser.looks import at_width, button, is_off, is_ready, press, says, status, tab_order
from tests.browser.scenes import MORE, PANEL, PHONE, SANDBOX

COUNTS = "count = globals().get('count', 0) + 1\ncount"


def is_selected(notebook: Notebook, index: int) -> None:
    """Wait until a cell is the one that the next key is for."""
    expect(notebook.page.locator(".jp-Cell.jp-mod-active")).to_have_count(1)
    expect(notebook.cell(index)).to_be_focused()


def walks_on(notebook: Notebook, counted: int) -> None:
    """Wait until the third cell, of COUNTS, is selected, and run it by Shift+Enter."""
    is_selected(notebook, 2)
    notebook.page.keyboard.press("Shift+Enter")
    expect(notebook.cell(2).locator(".jp-OutputArea-output")).to_have_text(str(counted))


def box_at_rest(locator: Locator) -> FloatRect | None:
    """Return where an element is once it has stood still for a while."""
    boxes = [locator.bounding_box()]

    def stands() -> bool:
        boxes.append(locator.bounding_box())
        return boxes[-4:] == boxes[-1:] * 4

    until(stands, "it stands still", locator.page)
    return boxes[-1]


def test_after_a_press_by_mouse_the_next_cell_is_selected_and_nothing_scrolls(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX, PANEL, COUNTS, "")
    with at_width(notebook, 1200, height=420):  # the panel is higher, and the next cell out of sight
        for count, name in enumerate(("Poll once", "Poll until done", "Stop"), 2):
            is_ready(page, name)
            button(page, "Poll once").evaluate("each => each.scrollIntoView({ block: 'start' })")
            place = box_at_rest(button(page, name))
            press(page, name)
            is_selected(notebook, 2)
            assert box_at_rest(button(page, name)) == place
            walks_on(notebook, count)
    # It is the panel that was pressed: the walk has not run its cell again.
    says(status(page), "stopped · 1 poll")
    assert notebook.ask("[count, panel.run.poll.polls]") == [4, 1]


@pytest.mark.parametrize("key", ["Space", "Enter"])
def test_a_button_keeps_the_focus_after_a_key_and_shift_enter_goes_on(page: Page, notebook: Notebook, key: str) -> None:
    notebook.play(SANDBOX, PANEL, COUNTS, "")
    status(page).click()
    until(lambda: tab_order(page, 1) == ["Poll once"], "Tab reaches the first button", page)
    for name, said in (("Poll until done", "1 poll ·"), ("Stop", "stopped")):
        page.keyboard.press("Tab")
        page.keyboard.press(key)
        says(status(page), said)
        expect(button(page, name)).to_be_focused()  # though there is nothing to stop any more
    page.keyboard.press(key)
    is_ready(page, "Poll once")
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 2)
    # The last answer leaves no button to press, and the one that was pressed has the focus.
    notebook.do("lab.phone.allow()\nlab.clock.advance(5)")
    button(page, "Poll once").focus()
    page.keyboard.press(key)
    says(status(page), "granted · 2 polls")
    is_off(page, "Poll once")
    expect(button(page, "Poll once")).to_be_focused()
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 3)
    assert notebook.ask("[count, panel.run.poll.polls]") == [3, 2]


def test_a_push_that_is_answered_by_keyboard_takes_no_focus_along(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX + MORE, PHONE, COUNTS, "")
    reason = page.get_by_label("Reason").last
    reason.fill("not me")
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 2)
    expect(reason).to_have_value("not me")
    button(page, "Allow").first.focus()
    page.keyboard.press("Enter")
    expect(button(page, "Allow")).to_have_count(1)
    expect(button(page, "Refresh")).to_be_focused()  # never the button of another push
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 3)
    expect(reason).to_have_value("not me")


def test_the_second_half_of_a_double_click_answers_no_other_push(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX + MORE, PHONE, COUNTS, "")
    for click, left in ((1, 1), (2, 1), (1, 0)):
        is_ready(page, "Refresh")
        button(page, "Allow").first.hover()
        page.mouse.down(click_count=click)
        page.mouse.up(click_count=click)
        is_selected(notebook, 2)
        expect(button(page, "Allow")).to_have_count(left)
        assert notebook.ask("[len(lab.phone.notifications), str(phone.last_error)]") == [left, "None"]
