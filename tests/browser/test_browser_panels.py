"""The panels in JupyterLab: they work beside other cells, by mouse and keyboard, and nothing raw is in page or file."""

import json
import re
import shlex

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser import scenes
from tests.browser.jupyter import TASKS, Jupyter, Notebook, until
from tests.browser.looks import at_width, button, is_off, is_ready, press, says, status, tab_order, time_passes
from tests.browser.scenes import MORE, PANEL, PHONE, POLLS, PUSH, RAW, SANDBOX, raw_values
from tests.qr_pictures import pictures_in, texts_in

COUNTS = "count = globals().get('count', 0) + 1\ncount"


def is_selected(notebook: Notebook, index: int) -> None:
    """Wait until a cell is the one that the next key is for."""
    expect(notebook.page.locator(".jp-Cell.jp-mod-active")).to_have_count(1)
    expect(notebook.cell(index)).to_be_focused()


def nothing_runs(notebook: Notebook) -> None:
    """Wait until the package has no task on the kernel's loop: one that is cancelled ends some turns later."""
    until(lambda: notebook.ask(TASKS) == [], "nothing of the package runs", notebook.page)


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


# -- the poll

WATCH = """
import asyncio
begun = panel.run.poll.polls
while panel.run.poll.polls < begun + 2:
    lab.clock.advance(1)
    await asyncio.sleep(0.05)
"""
NEXT = "lab.clock.advance(5)"
COMMS = "jupyterapp.shell.currentWidget.sessionContext.session.kernel.commsOverSubshells"


def rows(page: Page) -> Locator:
    """Return the rows of a panel: the first line of each fold of its own."""
    return page.locator(".panel-rows .widget-html-content > details > summary")


def test_it_polls_beside_other_cells_and_its_tokens_are_nowhere(
    page: Page, notebook: Notebook, jupyter: Jupyter
) -> None:
    notebook.play(SANDBOX, PANEL)
    says(status(page), "not asked yet")
    for count in ("1 poll ·", "2 polls ·", "3 polls ·"):  # a second and a third click work like the first
        press(page, "Poll once")
        says(status(page), count)
    rows(page).first.click()
    press(page, "Poll until done")
    expect(button(page, "Stop")).to_be_enabled()
    assert notebook.do(WATCH, "panel.run.poll.polls") == 5
    says(status(page), "pending · 5 polls")
    expect(rows(page)).to_have_count(5)
    says(page.locator(".panel-rows pre").first, "grant_type=http://auth0.com/oauth/grant-type/mfa-oob", "<oob_code 1>")
    expect(page.locator(".panel-rows pre:visible")).to_have_count(2)  # the row that was opened stays open

    press(page, "Stop")
    says(status(page), "stopped · 5 polls")
    is_off(page, "Stop")
    nothing_runs(notebook)
    for _ in range(2):  # nothing asks any more
        assert notebook.ask(f"[{POLLS}, str(panel.last_error)]") == [5, "None"]
        notebook.do("lab.clock.advance(10)")
    press(page, "Poll until done")
    says(status(page), "pending · 6 polls")

    notebook.do(f"lab.phone.allow()\n{NEXT}")
    says(status(page), "granted · 7 polls")
    says(notebook.cell(1), "<access_token 1: JWT>", "<refresh_token 1", " · 200 OK · granted")
    is_off(page, "Poll once", "Poll until done", "Stop")
    notebook.do(RAW)
    values = raw_values(jupyter.notebooks)
    assert {"access_token", "refresh_token", "id_token", "mfa_token", "oob_code", "password"} <= set(values)
    saved = notebook.save(with_state=True)
    assert "Saved picture: run this cell for the buttons." in saved
    assert scenes.leaks(saved, values) + scenes.leaks(page.content(), values) == []


@pytest.mark.parametrize("subshells", ["perCommTarget", "disabled"])
def test_while_an_answer_is_outstanding_cells_run_and_stop_shows(
    page: Page, notebook: Notebook, subshells: str
) -> None:
    set_comms = f"how => {{ const before = {COMMS}; {COMMS} = how; return before; }}"
    before = page.evaluate(set_comms, subshells)
    notebook.play(f"{scenes.LIVE_CHALLENGE}\n{scenes.STANDING}", PUSH)
    steps = page.locator(".phone-steps")  # on a live tenant the phone is one's own, and has no button
    says(steps, "A push was sent", "Press Allow to go on, or Deny")
    assert page.locator(".jp-OutputArea button:visible").all_inner_texts() == ["Poll once", "Poll until done", "Stop"]
    press(page, "Poll until done")
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
    assert notebook.ask("[gate.asked, gate.answered]") == [1, 0]
    notebook.do("gate.opened.set()")
    is_ready(page, "Poll until done")
    says(status(page), "stopped · 1 poll")
    page.evaluate(set_comms, before)
    notebook.do("panel.close()")
    assert notebook.ask(f"[{POLLS}, str(panel.last_error)]") == [1, "None"]


def test_its_cell_run_again_and_a_restart_leave_nothing_running(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX, PANEL)
    press(page, "Poll until done")
    says(status(page), "1 poll ·")
    notebook.do("old = panel")
    notebook.run(1)
    says(status(page), "not asked yet")
    press(page, "Poll until done")
    for count in ("1 poll ·", "2 polls ·", "3 polls ·"):
        says(status(page), count)
        notebook.do(NEXT)
    press(page, "Stop")
    says(status(page), "stopped")
    # An orphan would poll at every step of the clock as well, and the journal would hold more than the two know.
    asked, old, state, new = notebook.ask(f"[{POLLS}, old.run.poll.polls, old.run.state.value, panel.run.poll.polls]")
    assert (old, state, asked) == (1, "stopped", 1 + new)
    press(page, "Poll until done")
    expect(button(page, "Stop")).to_be_enabled()
    notebook.run_all()
    says(status(page), "not asked yet")
    nothing_runs(notebook)
    assert notebook.ask(POLLS) == 0
    press(page, "Poll until done")
    says(status(page), "1 poll ·")
    notebook.restart()
    assert notebook.ask("[name for name in ('panel', 'lab') if name in globals()]") == []
    nothing_runs(notebook)
    notebook.run_all()
    says(status(page), "not asked yet")


def test_of_many_rows_the_newest_is_in_sight_and_each_is_opened_by_keyboard(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX, PANEL, "[panel.poll_once() for _ in range(40)];")
    expect(rows(page)).to_have_count(40)
    boxes = "last => [last.closest('.panel-rows'), last].map(each => each.getBoundingClientRect().toJSON())"
    box, row = rows(page).last.evaluate(boxes)
    assert box["height"] <= 400
    assert box["top"] <= row["top"] < row["bottom"] <= box["bottom"]
    before, visible = notebook.cells.count(), page.locator(".panel-rows pre:visible")
    button(page, "Poll once").focus()
    said = "0 s · 400 authorization_pending · not answered yet"
    assert tab_order(page, 3) == ["Poll until done", said, said]  # Stop may not be pressed
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


def test_after_a_press_shift_enter_goes_on_and_nothing_jumps(page: Page, notebook: Notebook) -> None:
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

    status(page).click()
    until(lambda: tab_order(page, 1) == ["Poll once"], "Tab reaches the first button", page)
    for name, key, said in (("Poll until done", "Space", "pending · 1 poll"), ("Stop", "Enter", "stopped")):
        page.keyboard.press("Tab")
        page.keyboard.press(key)
        says(status(page), said)
        expect(button(page, name)).to_be_focused()  # though there is nothing to stop any more
    page.keyboard.press("Enter")
    is_ready(page, "Poll once")
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 5)
    # The last answer leaves no button to press, and the one that was pressed has the focus.
    notebook.do("lab.phone.allow()\nlab.clock.advance(5)")
    button(page, "Poll once").focus()
    page.keyboard.press("Space")
    says(status(page), "granted · 2 polls")
    is_off(page, "Poll once")
    expect(button(page, "Poll once")).to_be_focused()
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 6)
    assert notebook.ask("[count, panel.run.poll.polls]") == [6, 2]


# -- the phone

POLL = 'lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"]).status'
SMS = '_ = lab.client.passwordless_start(connection="sms", phone_number="+15550142", send="code")'
# A code is good for half a minute, and a busy machine may take longer to look at it.
LONG = """
from auth0_mfa_lab.show.panels import phone as phone_panel

class Long(phone_panel.Place):
    def show(self, secret, seconds):
        super().show(secret, 600.0)

phone_panel.Place = Long
"""


def test_each_push_is_answered_by_its_buttons_and_a_new_one_comes_by_itself(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX + MORE, PHONE, COUNTS, "")
    for _ in range(2):  # run again, it leaves no second task
        notebook.run(1)
        until(lambda: notebook.ask(TASKS) == ["tick"], "one task looks at the phone", page)
    said, allow = status(page, "phone"), button(page, "Allow")
    expect(allow).to_have_count(2)
    for click in (1, 2):  # the second half of a double click answers no other push
        is_ready(page, "Refresh")
        allow.first.hover()
        page.mouse.down(click_count=click)
        page.mouse.up(click_count=click)
        is_selected(notebook, 2)
        expect(allow).to_have_count(1)
        says(said, "Allowed: 204 No Content (exchange 7)")
    assert notebook.ask(f"[lab.journal[-1].speaker, {POLL}, len(lab.phone.notifications)]") == ["phone", 200, 1]
    walks_on(notebook, 2)

    notebook.do(MORE)
    says(said, "A push has come: Login at sandbox.example as user3@example.com")
    expect(allow).to_have_count(2)
    reason = page.get_by_label("Reason").last
    reason.fill("not me")
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 3)
    is_ready(page, "Refresh")
    allow.first.focus()
    page.keyboard.press("Enter")
    expect(allow).to_have_count(1)
    expect(button(page, "Refresh")).to_be_focused()  # never the button of another push
    page.keyboard.press("Shift+Enter")
    walks_on(notebook, 4)
    expect(reason).to_have_value("not me")
    press(page, "Reject")
    says(said, "Rejected: 204 No Content")
    press(page, "Refresh", "Refresh")
    notebook.do("phone.close()")
    nothing_runs(notebook)
    assert notebook.ask("str(phone.last_error)") == "None"


def test_a_code_is_drawn_on_the_page_for_its_seconds_and_in_no_file(page: Page, notebook: Notebook) -> None:
    notebook.play(f"{SANDBOX}\n{SMS}{LONG}", PHONE)
    revealed = page.locator(".phone-code > .revealed")  # where the alias stands
    for shown in (1, 2):
        press(page, "Show code")
        expect(revealed).to_have_count(shown)
    codes = revealed.all_inner_texts()
    assert [len(code) for code in codes] == [6] * 2
    says(page.locator(".phone-code").last, f"{codes[-1]} on this page only")
    saved = notebook.save(with_state=True)
    notebook.do("lab.clock.advance(30)")  # a factor's code is over; that of a message is not
    expect(revealed).to_have_count(1)
    press(page, "Hide code")
    expect(revealed).to_have_count(0)
    text = saved + page.content() + notebook.save()
    assert [code for code in codes if re.search(rf"(?<!\w){code}(?!\w)", text)] == []
    # Though the kernel does nothing.
    with time_passes(page, 600):
        press(page, "Show code")
        expect(revealed).to_have_count(1)
    expect(revealed).to_have_count(0)
    press(page, "Hide code")
    expect(button(page, "Hide code")).to_have_count(0)  # the kernel has heard of it, and is at work
    is_ready(page, "Refresh")

    button(page, "Allow").focus()
    assert tab_order(page, 5) == ["input", "Reject", "Show code", "Show code", "Refresh"]
    page.keyboard.press("Shift+Tab")
    for key, name, count in (("Enter", "Hide code", 1), ("Space", "Show code", 0)):
        page.keyboard.press(key)
        expect(revealed).to_have_count(count)
        expect(button(page, name).last).to_be_focused()
        is_ready(page, "Refresh")
    button(page, "Allow").focus()
    for key in ("Tab", "n", "o", "Tab", "Enter"):
        page.keyboard.press(key)
    says(status(page, "phone"), "Rejected: 204 No Content")


# -- the QR

QR = 'qr = lab.qr_panel(challenge["barcode_uri"])\nqr'
SCAN = "Scan with the sandbox's phone"


def sees(page: Page, *texts: str) -> None:
    """Wait until just these QRs are on the screen, with the panel's place scrolled into sight."""

    def seen() -> bool:
        page.locator(".qr-place").last.evaluate("each => each.scrollIntoView({ block: 'center' })")
        return texts_in(page.screenshot()) == list(texts)

    until(seen, f"{len(texts)} QRs are on the screen", page)


def test_the_sandboxs_qr_is_hidden_shown_scanned_and_over(page: Page, notebook: Notebook, jupyter: Jupyter) -> None:
    said = status(page, "qr")
    notebook.play(scenes.SANDBOX_ENROLLMENT, QR, RAW)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    is_off(page, "Show")
    press(page, "Hide")
    says(said, "QR hidden · press Show to draw it")
    sees(page)
    is_off(page, "Hide")
    press(page, "Show")
    sees(page, uri)
    button(page, "Hide").focus()
    assert tab_order(page, 1) == [SCAN]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    says(said, "QR hidden")
    is_ready(page, SCAN)
    button(page, SCAN).focus()
    page.keyboard.press("Space")
    says(said, "QR scanned · the phone is enrolled (exchange 3)")
    is_off(page, "Show", "Hide", SCAN)

    notebook.play(scenes.SANDBOX_ENROLLMENT, QR)
    for _ in range(2):
        notebook.run(1)
    until(lambda: notebook.ask(TASKS) == ["tick"], "the newest panel looks at the time, and no other", page)
    notebook.do("lab.clock.advance(100)")
    says(page.locator(".qr-time"), "3 min 20 s left to scan")
    notebook.do("lab.clock.advance(200)")
    says(said, "QR expired · enroll again")
    sees(page)
    nothing_runs(notebook)


def test_a_live_qr_is_on_the_page_while_wanted_and_in_no_file(page: Page, notebook: Notebook, jupyter: Jupyter) -> None:
    said = status(page, "qr")
    notebook.play(scenes.LIVE_ENROLLMENT, scenes.STANDING, QR, RAW)
    values = raw_values(jupyter.notebooks)
    uri = values["barcode_uri"]
    assert "tenant.example" in uri
    says(said, "QR hidden")
    sees(page)
    assert page.locator(".jp-OutputArea button:visible").all_inner_texts() == ["Show", "Hide"]
    says(page.locator(".qr-parts"), "<username 1>")
    for _ in range(2):
        press(page, "Show")
        says(said, "QR shown · scan it with the Guardian app")
        sees(page, uri)
        shown = notebook.save(with_state=True)
        press(page, "Hide")
        says(said, "QR hidden")
        sees(page)
    for saved in (shown, notebook.save(with_state=True)):
        assert "QrPanel" in saved
        assert (pictures_in(saved), scenes.leaks(saved, values)) == ([], [])
    assert scenes.leaks(page.content(), values) == []
    expect(page.locator("img[src^=blob]")).to_have_count(0)

    # It goes from the page by itself, though the kernel does nothing; and by the lab's clock.
    with time_passes(page, 300):
        press(page, "Show")
        sees(page, uri)
    sees(page)
    says(page.locator(".qr-instead"), "Expired: enroll again.")
    assert "shown" in notebook.ask("repr(qr)"), "only the page's clock has moved"
    press(page, "Hide", "Show")
    sees(page, uri)
    notebook.do("later.append(301)")
    says(said, "QR expired · enroll again")
    is_off(page, "Show")
    assert notebook.ask("[qr.show(), repr(qr)]")[1].startswith("QrPanel · expired: enroll again")
    sees(page)


# -- the command that is copied

CLIPBOARD = "() => navigator.clipboard.readText()"
SOMETHING_ELSE = "() => navigator.clipboard.writeText('something else')"
NO_CLIPBOARD = "() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
COPIED = "Copied: this command holds raw secrets"
COPY = "panel = lab.copy_runnable(challenge)\npanel"
BUSY = "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)"


def test_the_place_that_is_pressed_copies_the_raw_command(page: Page, notebook: Notebook, jupyter: Jupyter) -> None:
    go = jupyter.notebooks / "go"
    go.touch()
    notebook.play(SANDBOX, COPY, "panel", RAW, BUSY)
    values = raw_values(jupyter.notebooks)
    label = "Copy runnable: exchange 2, POST /mfa/challenge as a curl command with its raw secrets"
    first, second = (page.get_by_role("button", name=label).nth(at) for at in (0, 1))
    said, other = (page.locator(".copy-status[role=status]").nth(at) for at in (0, 1))
    second.click()
    expect(other).to_have_text(COPIED)
    expect(said).to_have_text("")
    copied = page.evaluate(CLIPBOARD)
    assert copied.startswith("curl --request POST")
    assert (values["mfa_token"] in copied, "$" in copied) == (True, False)
    values["client_secret"] = json.loads(shlex.split(copied)[-1])["client_secret"]

    # With the keyboard, and where the page has no clipboard.
    page.evaluate(SOMETHING_ELSE)
    first.focus()
    page.keyboard.press("Enter")
    expect(said).to_have_text(COPIED)
    assert page.evaluate(CLIPBOARD) == copied
    expect(first).to_be_focused()
    page.evaluate(NO_CLIPBOARD)
    page.keyboard.press("Space")
    expect(said).to_contain_text("Not copied: the browser keeps this page from the clipboard.")
    page.evaluate("() => { delete navigator.clipboard; }")
    assert page.evaluate(CLIPBOARD) == copied
    saved = notebook.save(with_state=True)
    assert "CopyPanel" in saved
    assert scenes.leaks(saved, values) + scenes.leaks(page.content(), values) == []

    # An answer that comes after the press was given up changes nothing.
    page.evaluate(SOMETHING_ELSE)
    go.unlink()
    notebook.activate(4)
    notebook.begin("notebook:run-cell")
    with time_passes(page, 10):
        first.click()
        expect(said).to_have_text("")
    expect(said).to_contain_text("Not copied: the kernel does not answer.")
    go.touch()
    notebook.wait_ready()
    assert notebook.ask("True")  # by now the kernel has answered the late press, too
    expect(said).to_contain_text("Not copied: the kernel does not answer.")
    assert page.evaluate(CLIPBOARD) == "something else"
