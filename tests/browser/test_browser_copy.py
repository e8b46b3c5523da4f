"""*Copy runnable* in JupyterLab: a press fills the clipboard or says why not, and nothing raw is in page or file."""

import json
import shlex

from playwright.sync_api import Page, expect

from tests.browser.jupyter import Jupyter, Notebook
from tests.browser.looks import time_passes
from tests.browser.scenes import RAW, SANDBOX, leaks, raw_values

CLIPBOARD = "() => navigator.clipboard.readText()"
SOMETHING_ELSE = "() => navigator.clipboard.writeText('something else')"
NO_CLIPBOARD = "() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
COPIED = "Copied: this command holds raw secrets"
COPY = "panel = lab.copy_runnable(challenge)\npanel"
BUSY = "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)"


def test_the_place_that_is_pressed_copies_the_raw_command_which_is_saved_nowhere(
    page: Page, notebook: Notebook, jupyter: Jupyter
) -> None:
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
    assert values["mfa_token"] in copied
    assert "$" not in copied
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
    assert leaks(saved, values) + leaks(page.content(), values) == []

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
