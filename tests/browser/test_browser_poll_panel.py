"""The poll's panel in a real JupyterLab: it polls beside other cells, stops at once, and shows tokens under aliases."""

import re

from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Notebook, until
from tests.browser.scenes import LIVE_CHALLENGE, PANEL, RAW, SANDBOX, button, is_ready, leaks, poll_status, raw_values

POLLS = 'sum(b"mfa-oob" in each.request.body for each in lab.journal)'

WATCH = """
import asyncio

begun = panel.run.poll.polls
while panel.run.poll.polls < begun + 2:
    lab.clock.advance(5)
    await asyncio.sleep(0.05)
f"{panel.run.poll.polls - begun} polls meanwhile"
"""
BROKEN = """
def broken():
    raise RuntimeError(f"it broke with {login['mfa_token']}")

works, panel.run._ask = panel.run._ask, broken
"""


def opened(page: Page, jupyter: Jupyter, *cells: str) -> Notebook:
    """Open a notebook of these cells and an empty one, and run it."""
    notebook = jupyter.open(page, jupyter.notebook(*cells, ""))
    notebook.run_all()
    expect(poll_status(page)).to_contain_text("not asked yet")
    return notebook


def test_poll_until_done_polls_while_another_cell_runs(page: Page, jupyter: Jupyter) -> None:
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX, PANEL, WATCH))
    notebook.run(0)
    notebook.run(1)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    assert notebook.run(2) == "'2 polls meanwhile'"
    expect(poll_status(page)).to_contain_text("pending · 3 polls")


def test_another_cell_ends_at_once_while_an_answer_is_outstanding(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, LIVE_CHALLENGE, PANEL)
    button(page, "Poll until done").click()
    expect(button(page, "Stop")).to_be_enabled()
    until(lambda: notebook.ask("gate.asked") == 1, "the poll asks", page)
    assert notebook.ask("[1 + 1, gate.asked, gate.answered]") == [2, 1, 0]
    # A request of another cell does not wait for the poll's answer either.
    listed = 'lab.client.mfa_authenticators(login["mfa_token"]).status'
    assert notebook.ask(f"[{listed}, gate.answered]") == [200, 0]
    assert notebook.ask("gate.opened.set()") is None
    expect(poll_status(page)).to_contain_text("the phone has not answered yet")
    expect(poll_status(page)).to_contain_text("1 poll ·")


def test_stop_shows_at_once_while_an_answer_is_outstanding(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, LIVE_CHALLENGE, PANEL)
    button(page, "Poll until done").click()
    until(lambda: notebook.ask("gate.asked") == 1, "the poll asks", page)
    button(page, "Stop").click()
    expect(poll_status(page)).to_contain_text("stopped")
    assert notebook.ask("[gate.asked, gate.answered]") == [1, 0]
    notebook.ask("gate.opened.set()")
    is_ready(page, "Poll until done")
    expect(poll_status(page)).to_contain_text("stopped · 1 poll")
    assert notebook.ask(POLLS) == 1


def test_stop_ends_the_wait_between_two_polls_and_polling_goes_on_after_it(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    button(page, "Stop").click()
    expect(poll_status(page)).to_contain_text("stopped · 1 poll")
    expect(button(page, "Stop")).to_be_disabled()
    notebook.ask("lab.clock.advance(5) and None")
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("pending · 2 polls")


def test_the_phone_allows_and_the_panel_shows_tokens_under_aliases(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL, "lab.phone.allow()", RAW)
    notebook.run(1)  # the phone has allowed; a new panel over the same poll sees the answer
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("granted · 1 poll")
    expect(notebook.cell(1)).to_contain_text("<access_token 1: JWT>")
    expect(notebook.cell(1)).to_contain_text("<refresh_token 1")
    for name in ("Poll once", "Poll until done", "Stop"):
        expect(button(page, name)).to_be_disabled()
    notebook.run(3)
    values = raw_values(jupyter.notebooks)
    assert {"access_token", "refresh_token", "id_token", "mfa_token", "oob_code", "password"} <= set(values)
    assert leaks(page.content(), values) == []
    assert leaks(page.locator("body").inner_text(), values) == []
    assert leaks(notebook.save(), values) == []


def test_the_phone_allows_while_the_panel_polls(page: Page, jupyter: Jupyter) -> None:
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX, PANEL, "lab.phone.allow()", ""))
    notebook.run(0)
    notebook.run(1)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("pending · 1 poll")
    notebook.run(2)
    notebook.ask("lab.clock.advance(5) and None")
    expect(poll_status(page)).to_contain_text("granted · 2 polls")
    assert notebook.ask(POLLS) == 2


def test_a_second_and_a_third_click_work_like_the_first(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    for count in ("1 poll ·", "2 polls ·", "3 polls ·"):
        button(page, "Poll once").click()
        expect(poll_status(page)).to_contain_text(count)
        is_ready(page, "Poll once")
    assert notebook.ask(f"[{POLLS}, str(panel.last_error)]") == [3, "None"]


def test_running_the_panels_cell_again_leaves_no_orphan(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    notebook.ask("globals().update(old=panel)")
    notebook.run(1)
    expect(poll_status(page)).to_contain_text("not asked yet")
    button(page, "Poll until done").click()
    # An orphan would poll at every step of the clock as well, and the journal would hold more polls than the two know.
    for count in ("1 poll ·", "2 polls ·", "3 polls ·"):
        expect(poll_status(page)).to_contain_text(count)
        notebook.ask("lab.clock.advance(5) and None")
    button(page, "Stop").click()
    expect(poll_status(page)).to_contain_text("stopped")
    asked, new, old, state = notebook.ask(f"[{POLLS}, panel.run.poll.polls, old.run.poll.polls, old.run.state.value]")
    assert (old, state) == (1, "stopped")
    assert asked == old + new


def test_a_reload_of_the_page_during_a_poll_reconnects_and_goes_on(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL)
    button(page, "Poll until done").click()
    expect(poll_status(page)).to_contain_text("1 poll ·")
    notebook.save()
    notebook.reload()
    expect(poll_status(page)).to_contain_text(re.compile(r"pending · [12] poll"))
    page.locator(".panel-rows summary").first.click()
    expect(page.locator(".panel-rows pre").first).to_contain_text("<oob_code 1>")
    before = notebook.ask("panel.run.poll.polls")
    notebook.ask("lab.clock.advance(5) and None")
    expect(poll_status(page)).to_contain_text(f"pending · {before + 1} polls")
    button(page, "Stop").click()
    expect(poll_status(page)).to_contain_text("stopped")


def test_a_failure_is_seen_without_its_secret_and_the_panel_goes_on(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, SANDBOX, PANEL, BROKEN, RAW)
    button(page, "Poll once").click()
    alert = page.get_by_role("alert").filter(has_text="This did not work.")
    expect(alert).to_contain_text("RuntimeError: it broke with <mfa_token 1")
    assert leaks(page.content(), raw_values(jupyter.notebooks)) == []
    notebook.ask("setattr(panel.run, '_ask', works)")
    button(page, "Poll once").click()
    expect(poll_status(page)).to_contain_text("pending · 1 poll")
    expect(alert).to_have_count(0)


def test_the_buttons_are_reached_and_pressed_by_keyboard(page: Page, jupyter: Jupyter) -> None:
    opened(page, jupyter, SANDBOX, PANEL)
    poll_status(page).click()
    until(lambda: tabbed(page) == "Poll once", "Tab reaches the first button", page)
    page.keyboard.press("Enter")
    expect(poll_status(page)).to_contain_text("1 poll ·")
    is_ready(page, "Poll once")
    button(page, "Poll once").focus()
    page.keyboard.press("Tab")
    expect(button(page, "Poll until done")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(page, "Stop")).to_be_enabled()
    until(lambda: tabbed(page) == "Stop", "Tab reaches Stop", page)
    page.keyboard.press("Enter")
    expect(poll_status(page)).to_contain_text("stopped")


def tabbed(page: Page) -> str:
    """Press Tab, and return the text of what has the focus now."""
    page.keyboard.press("Tab")
    text: str = page.evaluate("() => document.activeElement?.innerText ?? ''")
    return text
