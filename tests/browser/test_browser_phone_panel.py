"""The phone's panel in JupyterLab: it answers, looks again by itself, and draws a code on the page alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.jupyter import TASKS, Notebook, until
from tests.browser.looks import button, press, says, status, tab_order, time_passes
from tests.browser.scenes import MORE, PHONE, SANDBOX

PUSH = 'lab.client.mfa_challenge(mfa_token=there["mfa_token"], challenge_type="oob")'
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


def test_each_push_is_answered_by_its_own_buttons_and_one_that_comes_is_there_by_itself(
    page: Page, notebook: Notebook
) -> None:
    notebook.play(SANDBOX + MORE, PHONE)
    for _ in range(2):  # run again, it leaves no second task
        notebook.run(1)
        until(lambda: notebook.ask(TASKS) == ["tick"], "one task looks at the phone", page)
    panel, said = notebook.cell(1), status(page, "phone")
    expect(button(page, "Allow")).to_have_count(2)
    press(page, "Allow")
    says(said, "Allowed: 204 No Content (exchange 5)")
    expect(button(page, "Allow")).to_have_count(1)
    says(panel, "Sandbox phone", "Account user2@example.com · began")
    assert notebook.ask(f"[lab.journal[-1].speaker, {POLL}, len(lab.phone.notifications)]") == ["phone", 200, 1]
    page.get_by_label("Reason").fill("not me")
    press(page, "Reject")
    says(said, "Rejected: 204 No Content")
    says(panel, "No push waits.")

    login = "lab.client.password_grant(username=other.username, password=other.password)"
    notebook.do(f"import asyncio\nthere = {login}\nasyncio.get_running_loop().call_soon(lambda: {PUSH})")
    says(said, "A push has come: Login at sandbox.example as user2@example.com")
    press(page, "Refresh", "Refresh", "Allow")
    says(said, "Allowed: 204")
    notebook.do("phone.close()")
    until(lambda: notebook.ask(TASKS) == [], "a closed panel looks no more", page)
    assert notebook.ask("str(phone.last_error)") == "None"


def test_a_code_is_drawn_on_the_page_for_its_seconds_and_in_no_file(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX + MORE + SMS + LONG, PHONE)
    revealed = page.locator(".revealed")
    for at in range(3):
        press(page, "Show code")
        expect(revealed).to_have_count(at + 1)
    codes = revealed.all_inner_texts()
    assert [len(code) for code in codes] == [6] * 3
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


def test_the_keyboard_alone_reaches_and_presses_everything(page: Page, notebook: Notebook) -> None:
    notebook.play(SANDBOX + LONG, PHONE)
    button(page, "Allow").focus()
    assert tab_order(page, 4) == ["input", "Reject", "Show code", "Refresh"]
    page.keyboard.press("Shift+Tab")
    for key, name, count in (("Enter", "Hide code", 1), ("Space", "Show code", 0)):
        page.keyboard.press(key)
        expect(page.locator(".revealed")).to_have_count(count)
        expect(button(page, name)).to_be_focused()
    button(page, "Allow").focus()
    for key in ("Tab", "n", "o", "Tab", "Enter"):
        page.keyboard.press(key)
    says(status(page, "phone"), "Rejected: 204 No Content")
