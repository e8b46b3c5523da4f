"""The phone's panel in a real JupyterLab: it answers, looks again by itself, and draws a code on the page alone."""

import json
import re
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyter import DARK, LIGHT, WIDGETS, Jupyter, Notebook, until
from tests.browser.looks import NARROW, TASKS, WIDE, at_width, in_theme, serious, sticks_out, tab_order
from tests.browser.scenes import LIVE_CHALLENGE, SANDBOX, button, is_ready
from tests.browser.test_browser_qr_headless import executed

PHONE = "phone = lab.phone_panel()\nphone"
LOGIN = "lab.client.password_grant(username=other.username, password=other.password)"
PUSH = 'lab.client.mfa_challenge(mfa_token=there["mfa_token"], challenge_type="oob")'
MORE = f"""
other = lab.user(factors=["push"])
there = {LOGIN}
_ = {PUSH}
_ = lab.client.passwordless_start(connection="sms", phone_number="+15550142", send="code")
"""
POLL = 'lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"]).status'
BROKEN = """
def broken(push=None):
    raise RuntimeError(f"it broke with {login['mfa_token']}")

works, lab.phone.allow = lab.phone.allow, broken
"""
# A code is good for half a minute, and a busy machine may take longer for a reload.
LONG = """
from auth0_mfa_lab.show.panels import phone as phone_panel

show = phone_panel.Place.show
phone_panel.Place.show = lambda place, secret, seconds: show(place, secret, 600.0)
"""
# Whatever is secret on the phone, by a file: in a cell's output it would be in the page that is searched for it.
RAW = """
import json
from pathlib import Path

raw = [lab._screen.phone.code(each) for each in lab._screen.phone.accounts]
raw += [each.code for each in lab._sandbox.delivery.newest[:9] if each.code]
raw += [str(each["mfa_token"]) for each in lab.journal if "mfa_token" in each]
raw += [each.transaction_token for each in lab._screen.phone.notifications]
Path("raw.json").write_text(json.dumps(raw));
"""


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def opened(page: Page, jupyter: Jupyter, *cells: str) -> Notebook:
    """Open a notebook with the panel in its second cell, and run it; the cells between stand before the panel's."""
    notebook = jupyter.open(page, jupyter.notebook("\n".join([SANDBOX, *cells]), PHONE, RAW, ""))
    notebook.run_all()
    expect(page.locator(".phone-top")).to_contain_text("Sandbox phone")
    return notebook


def status(page: Page) -> Locator:
    return page.locator(".phone-status").get_by_role("status")


def panel(page: Page) -> Locator:
    return page.locator(".widget-vbox:has(> .phone-top)").first


def revealed(page: Page) -> Locator:
    return page.locator(".revealed")


def raw_values(jupyter: Jupyter) -> list[str]:
    values: list[str] = json.loads((jupyter.notebooks / "raw.json").read_text(encoding="utf-8"))
    assert len(values) >= 3
    return values


def found(text: str, values: list[str]) -> list[str]:
    """Return the beginnings of the raw values in a text; a code counts where no digit or letter stands beside it."""
    return [each[:2] for each in values if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text)]


def test_allow_lets_the_login_through(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    button(page, "Allow").click()
    expect(status(page)).to_contain_text("Allowed: 204 No Content (exchange 3)")
    expect(button(page, "Allow")).to_have_count(0)
    expect(panel(page)).to_contain_text("No push waits.")
    assert notebook.ask(f"[lab.journal[-1].speaker, {POLL}]") == ["phone", 200]


def test_reject_takes_the_reason_along(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    page.get_by_label("Reason").fill("not me")
    button(page, "Reject").click()
    expect(status(page)).to_contain_text("Rejected: 204 No Content")
    claims = '__import__("auth0_mfa_lab.secrets.claims", fromlist=[""]).claims_of'
    said = 'next(each for each in lab.journal if each.speaker == "phone").request.raw_data()["challenge_response"]'
    assert notebook.ask(f'{claims}({said})["auth0_guardian_reason"]') == "not me"
    assert notebook.ask(POLL) == 403


def test_of_two_pushes_the_one_beside_the_button_is_answered(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, MORE)
    expect(button(page, "Allow")).to_have_count(2)
    button(page, "Allow").first.click()
    expect(button(page, "Allow")).to_have_count(1)
    expect(panel(page)).to_contain_text("Account user2@example.com · began")
    assert notebook.ask(POLL) == 200
    assert notebook.ask("len(lab.phone.notifications)") == 1


def test_a_push_that_comes_is_there_without_a_cell_that_is_run(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    button(page, "Allow").click()
    expect(button(page, "Allow")).to_have_count(0)
    assert notebook.ask(POLL) == 200
    notebook.ask(f"globals().update(other=lab.user(factors=['push'])) or globals().update(there={LOGIN})")
    notebook.ask(f"__import__('asyncio').get_event_loop().call_later(0.5, lambda: {PUSH}) and None")
    expect(button(page, "Allow")).to_have_count(1)
    expect(status(page)).to_contain_text("A push has come: Login at sandbox.example as user2@example.com")


def test_the_bars_follow_the_sandboxs_clock_and_what_is_over_goes(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    left = panel(page).get_by_role("progressbar", name="Answer in")
    expect(left).to_have_attribute("aria-valuetext", "5 min 0 s")
    notebook.ask("str(lab.clock.advance(68))")
    expect(left).to_have_attribute("aria-valuetext", "3 min 52 s")
    expect(page.locator(".phone-top")).to_contain_text("08:01:08 UTC, the lab's time")
    expect(panel(page)).to_contain_text("not read yet")
    before = notebook.ask("[lab.clock.now(), len(lab.journal), len(lab.aliases.all())]")
    button(page, "Refresh").click()
    expect(panel(page)).not_to_contain_text("not read yet")
    assert notebook.ask("[lab.clock.now(), len(lab.journal)]") == before[:2]
    notebook.ask("str(lab.clock.advance(232))")
    expect(panel(page)).to_contain_text("No push waits.")


def test_a_code_is_drawn_on_the_page_and_in_no_file(new_page: Page, jupyter: Jupyter) -> None:
    jupyter.setting(WIDGETS, saveState=True)
    notebook = opened(new_page, jupyter, MORE, LONG)
    values = raw_values(jupyter)
    assert found(new_page.content(), values) == []
    for at in range(3):
        button(new_page, "Show code").first.click()
        expect(revealed(new_page)).to_have_count(at + 1)
    assert set(revealed(new_page).all_inner_texts()) <= set(values)
    saved = notebook.save()
    assert "widget-state+json" in saved
    assert found(saved, values) == []
    for at in range(3):
        button(new_page, "Hide code").first.click()
        expect(revealed(new_page)).to_have_count(2 - at)
    assert found(new_page.content() + notebook.save(), values) == []


def test_a_code_that_is_over_goes_from_the_page_by_itself(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, LONG)
    button(page, "Show code").click()
    expect(revealed(page)).to_have_count(1)
    notebook.ask("str(lab.clock.advance(30))")
    expect(revealed(page)).to_have_count(0)
    expect(button(page, "Show code")).to_have_count(1)


def test_a_code_goes_after_its_seconds_though_the_kernel_does_nothing(new_page: Page, jupyter: Jupyter) -> None:
    new_page.clock.install()
    opened(new_page, jupyter)
    button(new_page, "Show code").click()
    expect(revealed(new_page)).to_have_count(1)
    new_page.clock.fast_forward(30_000)
    expect(revealed(new_page)).to_have_count(0)


def test_a_reload_of_the_page_finds_the_phone_with_the_code_that_is_shown(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, LONG)
    button(page, "Show code").click()
    expect(revealed(page)).to_have_count(1)
    code = revealed(page).inner_text()
    notebook.save()
    notebook.reload()
    expect(revealed(page)).to_have_text(code)
    until(lambda: notebook.ask(TASKS) == ["tick"], "one task looks at the phone", page)
    button(page, "Allow").click()
    expect(status(page)).to_contain_text("Allowed: 204")


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_it_can_be_read_in_both_themes_at_every_width(page: Page, jupyter: Jupyter, theme: str, width: int) -> None:
    notebook = opened(page, jupyter, MORE)
    with in_theme(notebook, theme), at_width(notebook, width):
        panel(page).evaluate("each => each.scrollIntoView({ block: 'start' })")
        assert serious(page) == []
        assert sticks_out(panel(page)) == []
        box = panel(page).locator(".phone-top > div > div").bounding_box()
        assert box is not None
        assert 200 < box["width"] <= 441


def test_the_keyboard_alone_reaches_and_presses_everything(page: Page, jupyter: Jupyter) -> None:
    opened(page, jupyter, LONG)
    button(page, "Allow").focus()
    assert tab_order(page, 4) == ["input", "Reject", "Show code", "Refresh"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(revealed(page)).to_have_count(1)
    expect(button(page, "Hide code")).to_be_focused()
    page.keyboard.press("Space")
    expect(revealed(page)).to_have_count(0)
    button(page, "Allow").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("no")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("Rejected: 204 No Content")


def test_its_cell_run_again_and_a_restart_leave_no_task(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    until(lambda: notebook.ask(TASKS) == ["tick"], "the panel looks at the phone", page)
    for _ in range(2):
        notebook.run(1)
    until(lambda: notebook.ask(TASKS) == ["tick"], "the new one does, and no other", page)
    notebook.ask("phone.close()")
    until(lambda: notebook.ask(TASKS) == [], "a closed panel looks no more", page)
    notebook.restart()
    assert notebook.ask(TASKS) == []


def test_a_second_and_a_third_click_work_like_the_first(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    noted = '[each.operation for each in lab.journal.operations].count("messages")'
    for count in (2, 3, 4):
        button(page, "Refresh").click()
        until(partial(_is, notebook, noted, count), "the phone is looked at again", page)
        is_ready(page, "Refresh")
    assert notebook.ask("str(phone.last_error)") == "None"


def _is(notebook: Notebook, code: str, value: object) -> bool:
    return bool(notebook.ask(code) == value)


def test_a_failing_handler_shows_a_masked_card_and_the_panel_goes_on(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, BROKEN)
    button(page, "Allow").click()
    card = page.get_by_role("alert")
    expect(card).to_contain_text("RuntimeError: it broke with <mfa_token 1>")
    assert found(page.content(), raw_values(jupyter)) == []
    notebook.ask("setattr(lab.phone, 'allow', works)")
    button(page, "Allow").click()
    expect(status(page)).to_contain_text("Allowed: 204")
    expect(card).to_have_count(0)


def test_a_live_tenant_has_steps_that_follow_the_cells_and_no_button(page: Page, jupyter: Jupyter) -> None:
    cells = LIVE_CHALLENGE.strip().rpartition("\n")
    notebook = jupyter.open(page, jupyter.notebook(cells[0], PHONE, ""))
    notebook.run_all()
    steps = page.locator(".phone-steps")
    expect(steps).to_contain_text("A second factor is asked for")
    notebook.ask(f"str({cells[2].partition('= ')[2]})")
    expect(steps).to_contain_text("A push was sent")
    expect(steps.get_by_role("listitem")).to_have_count(3)
    expect(steps).to_contain_text("Press Allow to go on, or Deny")
    expect(page.locator(".jp-OutputArea-output button")).to_have_count(0)
    assert serious(page) == []


def test_its_twin_is_right_in_a_notebook_that_nobody_trusts(page: Page, jupyter: Jupyter, tmp_path: Path) -> None:
    saved = executed(tmp_path, False, SANDBOX + MORE, PHONE, RAW)
    values: list[str] = json.loads((tmp_path / "raw.json").read_text(encoding="utf-8"))
    assert found(saved, values) == []
    jupyter.add("from_elsewhere.ipynb", json.loads(saved))
    notebook = jupyter.open(page, "from_elsewhere.ipynb")
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.trusted") is False
    for theme in (LIGHT, DARK):
        with in_theme(notebook, theme):
            twin = notebook.cell(1).locator(".jp-OutputArea-output").first
            for text in (
                "Sandbox phone",
                "Login at sandbox.example",
                "<otp 2>",
                "<code 1>",
                "SMS for passwordless login",
            ):
                expect(twin).to_contain_text(text)
            edges = twin.locator("div").evaluate_all(
                "all => all.map(each => getComputedStyle(each).borderTopLeftRadius)"
            )
            assert "22px" in edges
            assert serious(page, ".jp-OutputArea-output") == []
