"""The poll's panel in JupyterLab: it polls beside other cells, stops at once, and shows tokens under aliases."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import TASKS, Jupyter, Notebook, notebook_of, until
from tests.browser.looks import button, is_off, is_ready, press, says, status, tab_order
from tests.browser.scenes import BROKEN, LIVE_CHALLENGE, PANEL, PHONE, POLLS, RAW, SANDBOX, STANDING, leaks, raw_values

OTHER_PANEL = """
again = lab.client.password_grant(username=user.username, password=user.password, audience=lab.audience)
pushed = lab.client.mfa_challenge(mfa_token=again["mfa_token"], challenge_type="oob")
other = lab.poll_panel(mfa_token=again["mfa_token"], oob_code=pushed["oob_code"])
other
"""
WATCH = """
import asyncio
begun = panel.run.poll.polls
while panel.run.poll.polls < begun + 2:
    lab.clock.advance(1)
    await asyncio.sleep(0.05)
f"{panel.run.poll.polls - begun} polls meanwhile"
"""
PRESS_BOTH = """() => {
  const named = name => [...document.querySelectorAll("button")].find(each => each.innerText === name);
  for (const name of ["Poll until done", "Poll once"]) named(name).click();
}"""
NEXT = "lab.clock.advance(5)"
COMMS = "jupyterapp.shell.currentWidget.sessionContext.session.kernel.commsOverSubshells"


def rows(page: Page) -> Locator:
    """Return the rows of a panel: the first line of each fold of its own."""
    return page.locator(".panel-rows .widget-html-content > details > summary")


def test_it_polls_beside_other_cells_until_stop_and_goes_on_after_it(page: Page, notebook: Notebook) -> None:
    notebook.lay(notebook_of([SANDBOX, PANEL, WATCH]))
    for index in (0, 1):
        notebook.run(index)
    says(status(page), "not asked yet")
    for count in ("1 poll ·", "2 polls ·", "3 polls ·"):  # a second and a third click work like the first
        press(page, "Poll once")
        says(status(page), count)
    rows(page).first.click()
    press(page, "Poll until done")
    expect(button(page, "Stop")).to_be_enabled()
    assert "panel" in notebook.ask(TASKS)
    assert notebook.run(2) == "'2 polls meanwhile'"
    says(status(page), "pending · 5 polls")
    expect(rows(page)).to_have_count(5)
    says(page.locator(".panel-rows pre").first, "grant_type=http://auth0.com/oauth/grant-type/mfa-oob", "<oob_code 1>")
    expect(page.locator(".panel-rows pre:visible")).to_have_count(2)  # the row that was opened stays open

    press(page, "Stop")
    says(status(page), "stopped · 5 polls")
    is_off(page, "Stop")
    says(page.locator(".poll-next"), "Poll once or Poll until done goes on.")
    for _ in range(2):  # nothing asks any more
        assert notebook.ask(f"[{TASKS}, {POLLS}, str(panel.last_error)]") == [[], 5, "None"]
        notebook.do("lab.clock.advance(10)")
    press(page, "Poll until done")
    says(status(page), "pending · 6 polls")


def test_the_phone_allows_and_tokens_are_shown_under_aliases_and_saved_nowhere(
    page: Page, notebook: Notebook, jupyter: Jupyter
) -> None:
    notebook.play(SANDBOX, PANEL)
    press(page, "Poll until done")
    says(status(page), "pending · 1 poll")
    notebook.do(f"lab.phone.allow()\n{NEXT}")
    says(status(page), "granted · 2 polls")
    says(notebook.cell(1), "<access_token 1: JWT>", "<refresh_token 1", "5 s · 200 OK · granted")
    is_off(page, "Poll once", "Poll until done", "Stop")
    expect(page.locator(".poll-answer pre").first).to_be_visible()
    notebook.do(RAW)
    values = raw_values(jupyter.notebooks)
    assert {"access_token", "refresh_token", "id_token", "mfa_token", "oob_code", "password"} <= set(values)
    saved = notebook.save(with_state=True)
    assert "Saved picture: run this cell for the buttons." in saved
    assert leaks(saved, values) + leaks(page.content(), values) == []


@pytest.mark.parametrize("subshells", ["perCommTarget", "perComm", "disabled"])
def test_while_an_answer_is_outstanding_one_press_is_taken_cells_run_and_stop_shows_at_once(
    page: Page, notebook: Notebook, subshells: str
) -> None:
    before = page.evaluate(f"() => {COMMS}")
    page.evaluate(f"how => {{ {COMMS} = how; }}", subshells)
    notebook.play(f"{LIVE_CHALLENGE}\n{STANDING}", PANEL, PHONE)
    steps = page.locator(".phone-steps")  # on a live tenant the phone is one's own, and has no button
    says(steps, "A push was sent", "Press Allow to go on, or Deny")
    assert page.locator(".jp-OutputArea button:visible").all_inner_texts() == ["Poll once", "Poll until done", "Stop"]
    page.evaluate(PRESS_BOTH)
    until(lambda: notebook.ask("gate.asked") == 1, "the poll asks", page)
    expect(button(page, "Poll until done")).to_have_attribute("aria-busy", "true")
    expect(button(page, "Poll until done")).to_be_enabled()
    is_off(page, "Poll once")

    # The time goes on, cells run, and their requests do not wait for the poll's answer.
    says(page.locator(".poll-meters"), "asked, no answer yet")
    left = page.locator(".poll-meters").get_by_role("progressbar", name="oob_code")
    notebook.do("later.append(60)")
    expect(left).to_have_attribute("aria-valuetext", re.compile("^(3 min 5|4 min 0)"))  # the code was there before
    listed = 'lab.client.mfa_authenticators(login["mfa_token"]).status'
    assert notebook.ask(f"[1 + 1, {listed}, gate.asked, gate.answered]") == [2, 200, 1, 0]

    press(page, "Stop")
    says(status(page), "stopped")
    says(page.locator(".poll-next"), "The last request is under way still")
    assert notebook.ask("[gate.asked, gate.answered]") == [1, 0]
    notebook.do("gate.opened.set()")
    is_ready(page, "Poll until done")
    says(status(page), "stopped · 1 poll")
    page.evaluate(f"how => {{ {COMMS} = how; }}", before)
    notebook.do("phone.close()")
    assert notebook.ask(f"[{POLLS}, str(panel.last_error)]") == [1, "None"]


def test_its_cell_run_again_leaves_no_orphan_and_another_panel_polls_on(notebook: Notebook) -> None:
    notebook.play(SANDBOX, PANEL, OTHER_PANEL)
    first, second = notebook.cell(1), notebook.cell(2)
    for cell in (first, second):
        press(cell, "Poll until done")
        says(status(cell), "1 poll ·")
    notebook.do("old = panel")
    notebook.run(1)
    says(status(first), "not asked yet")
    press(first, "Poll until done")
    for count in ("1 poll ·", "2 polls ·", "3 polls ·"):
        for cell in (first, second):
            says(status(cell), count)
        notebook.do(NEXT)
    for cell in (first, second):
        press(cell, "Stop")
        says(status(cell), "stopped")
    # An orphan would poll at every step of the clock as well, and the journal would hold more than the three know.
    asked, old, *known = notebook.ask(f"[{POLLS}, *(each.run.poll.polls for each in (old, panel, other))]")
    assert (old, asked) == (1, old + sum(known))
    assert notebook.ask(f"[old.run.state.value, {TASKS}]") == ["stopped", []]
    press(first, "Poll until done")
    expect(button(first, "Stop")).to_be_enabled()
    notebook.run_all()
    says(status(first), "not asked yet")
    assert notebook.ask(f"[{TASKS}, {POLLS}]") == [[], 0]


def test_after_a_restart_nothing_runs_and_a_failure_is_a_masked_card(
    page: Page, notebook: Notebook, jupyter: Jupyter
) -> None:
    notebook.play(SANDBOX, PANEL)
    press(page, "Poll until done")
    says(status(page), "1 poll ·")
    notebook.restart()
    assert notebook.ask(f"[[name for name in ('panel', 'lab') if name in globals()], {TASKS}]") == [[], []]
    notebook.run_all()
    says(status(page), "not asked yet")

    notebook.do(BROKEN)
    press(page, "Poll until done")
    card = notebook.cell(1).get_by_role("alert")
    says(card, "This did not work. RuntimeError: it broke with <mfa_token 1", "What to do: press the button again.")
    notebook.do(RAW)
    assert leaks(page.content(), raw_values(jupyter.notebooks)) == []
    is_ready(page, "Poll once")
    assert notebook.ask(f"[{TASKS}, {POLLS}]") == [[], 0]
    notebook.do("panel.run._ask = works")
    press(page, "Poll once")
    says(status(page), "pending · 1 poll")
    expect(card).to_have_count(0)


def test_of_many_rows_the_newest_is_in_sight_and_each_is_opened_by_keyboard(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX, PANEL, "[panel.poll_once() for _ in range(40)];")
    expect(rows(page)).to_have_count(40)
    box, last = page.locator(".panel-rows").bounding_box(), rows(page).last.bounding_box()
    assert box
    assert last
    assert box["height"] <= 400
    assert box["y"] <= last["y"] < last["y"] + last["height"] <= box["y"] + box["height"]

    before, visible = notebook.cells.count(), page.locator(".panel-rows pre:visible")
    button(page, "Poll once").focus()
    row = "0 s · 400 authorization_pending · not answered yet"
    assert tab_order(page, 3) == ["Poll until done", row, row]  # Stop may not be pressed
    for key, count in (("Enter", 2), ("Enter", 0), ("Space", 2), ("Space", 0), ("Enter", 2)):
        page.keyboard.press(key)
        expect(visible).to_have_count(count)
        expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("Tab")  # the exchange's own fold, which is open
    page.keyboard.press("Enter")
    # These two would cut a cell and make one, if JupyterLab took them; so would they at the row.
    for key in ("x", "b", "Shift+Tab", "x", "b"):
        expect(visible).to_have_count(0)
        page.keyboard.press(key)
    expect(notebook.cells).to_have_count(before)
