"""*Copy runnable* in JupyterLab: a press fills the clipboard or says why not, and nothing raw is in page or file."""

import json
import shlex

from playwright.sync_api import Page, expect

from tests.browser.jupyter import WIDGETS, Jupyter
from tests.browser.scenes import RAW, SANDBOX, leaks, raw_values

CLIPBOARD = "() => navigator.clipboard.readText()"
NO_CLIPBOARD = "() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
COPIED = "Copied: this command holds raw secrets"


def test_a_press_copies_the_raw_command_and_nothing_raw_is_saved(new_page: Page, jupyter: Jupyter) -> None:
    page = new_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    jupyter.setting(WIDGETS, saveState=True)
    cell = "panel = lab.copy_runnable(challenge)\npanel"
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX, cell, RAW, ""))
    notebook.run_all()
    values = raw_values(jupyter.notebooks)
    button = page.get_by_role("button", name="Copy runnable: exchange 2, POST /mfa/challenge as a curl command")
    status = page.locator(".copy-status[role=status]")

    button.click()
    expect(status).to_have_text(COPIED)
    copied = page.evaluate(CLIPBOARD)
    assert copied.startswith("curl --request POST")
    assert values["mfa_token"] in copied
    assert "$" not in copied
    values["client_secret"] = json.loads(shlex.split(copied)[-1])["client_secret"]

    # With the keyboard, and where the page has no clipboard.
    page.evaluate("() => navigator.clipboard.writeText('something else')")
    button.focus()
    page.keyboard.press("Enter")
    expect(status).to_have_text(COPIED)
    assert page.evaluate(CLIPBOARD) == copied
    expect(button).to_be_focused()

    page.evaluate(NO_CLIPBOARD)
    page.keyboard.press("Space")
    expect(status).to_contain_text("Not copied: the browser keeps this page from the clipboard.")
    page.evaluate("() => { delete navigator.clipboard; }")
    assert page.evaluate(CLIPBOARD) == copied

    saved = notebook.save()
    assert "widget-state+json" in saved
    assert "CopyPanel" in saved
    assert leaks(saved, values) == []
    assert leaks(page.content(), values) == []


def test_only_the_place_that_was_pressed_copies_and_a_late_answer_is_dropped(new_page: Page, jupyter: Jupyter) -> None:
    page = new_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.clock.install()
    busy = "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)"
    cells = (SANDBOX, "panel = lab.copy_runnable(challenge)\npanel", "panel", busy, "")
    notebook = jupyter.open(page, jupyter.notebook(*cells))
    go = jupyter.notebooks / "go"
    go.touch()
    notebook.run_all()
    buttons, statuses = page.locator("button.copy-runnable"), page.locator(".copy-status[role=status]")
    buttons.nth(1).click()
    expect(statuses.nth(1)).to_have_text(COPIED)
    expect(statuses.nth(0)).to_have_text("")

    page.evaluate("() => navigator.clipboard.writeText('something else')")
    go.unlink()
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 3; }")
    notebook.begin("notebook:run-cell")
    buttons.nth(0).click()
    expect(statuses.nth(0)).to_have_text("")
    page.clock.fast_forward(11_000)
    expect(statuses.nth(0)).to_contain_text("Not copied: the kernel does not answer.")
    go.touch()
    notebook.wait_ready()
    assert notebook.ask("True")  # by now the kernel has answered the late press, too
    expect(statuses.nth(0)).to_contain_text("Not copied: the kernel does not answer.")
    assert page.evaluate(CLIPBOARD) == "something else"
    go.unlink()
