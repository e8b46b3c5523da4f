"""The committed notebooks in JupyterLab: those of the push walked, saved and reloaded; each diagram drawn."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Desk
from tests.browser.jupyter import TASKS, Jupyter, Notebook, until
from tests.browser.looks import button, is_ready, press, says, status, tab_order
from tests.browser.scenes import LIVE_ENROLLMENT, PANEL, PHONE, RAW, SANDBOX, raw_values
from tests.qr_pictures import texts_in

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SAVED = "Saved picture: run this cell for the buttons."
FENCE = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)
DRAWN = ".jp-RenderedMermaid:not(.jp-mod-warning) img, .jp-RenderedMermaid:not(.jp-mod-warning) svg"


def polled(notebook: Notebook, cell: Locator) -> None:
    """Press each button of a poll's panel, one by keyboard, and leave it polling."""
    press(cell, "Poll once")
    says(status(cell), "1 poll ·")
    page, name = notebook.page, "Poll until done"
    until(lambda: tab_order(page, 1, "Shift+Tab") == [name], "Shift+Tab reaches the button", page)
    is_ready(cell, name)
    page.keyboard.press("Enter")
    press(cell, "Stop")
    says(status(cell), "stopped")
    press(cell, name)
    expect(button(cell, "Stop")).to_be_enabled()


def answered(notebook: Notebook, cell: Locator, answer: str, state: str) -> None:
    """Let the application poll, press each button of the phone beside it, and answer the push."""
    press(cell, "Poll until done")
    says(status(cell), "1 poll ·")
    press(cell, "Show code", "Hide code", "Refresh", answer)
    says(status(cell, "phone"), f"{answer}ed: 204")
    notebook.do("lab.clock.advance(5)")
    says(status(cell), state)


ALLOWED = partial(answered, answer="Allow", state="granted")
REJECTED = partial(answered, answer="Reject", state="rejected")
# A notebook; what is pressed in each of its panels, and what its names say at the end.
WALKS: dict[str, tuple[Sequence[Callable[[Notebook, Locator], None]], str]] = {
    "05_push_enroll": ([polled], "[panel.run.state.value, spent.status] == ['granted', 403]"),
    "06_push_challenge": ([ALLOWED, REJECTED], "[poll.state.value, rejected.state.value] == ['granted', 'rejected']"),
    "07_push_when_it_goes_wrong": ([], "over.error_description == 'mfa_token is expired'"),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_push_notebook_is_walked_by_shift_enter_with_each_button_pressed_and_one_reload(
    page: Page, notebook: Notebook, jupyter: Jupyter, name: str
) -> None:
    text, (presses, holds) = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"), WALKS[name]
    sources = ["".join(each["source"]) for each in json.loads(text)["cells"]]
    panels = [index for index, source in enumerate(sources) if re.search(r"lab\.\w+_panel\(", source)]
    pressed = dict(zip(panels, presses, strict=True))
    reloads_at = panels[0] + 1 if panels else len(sources) // 2
    # As `auth0-mfa-lab open` does with a clone's notebooks: otherwise a reload would leave a picture of the panel.
    NotebookNotary(data_dir=str(jupyter.folder / "data")).sign(nbformat.reads(text, nbformat.NO_CONVERT))  # type: ignore[no-untyped-call]  # nbformat types only some
    notebook.read(json.loads(text))
    for index in panels:
        says(notebook.cell(index), SAVED)
    notebook.cell(0).locator(".jp-InputPrompt").click()
    for index, cell in enumerate(map(notebook.cell, range(len(sources)))):
        if index == reloads_at:
            notebook.save()
            notebook.reload()
            cell.locator(".jp-InputPrompt").click()
        expect(cell).to_be_focused()
        page.keyboard.press("Shift+Enter")
        if index in pressed:
            expect(cell).not_to_contain_text(SAVED)
            notebook.do("lab.clock._monotonic = float")  # no real second passes
            pressed[index](notebook, cell)
    expect(page.locator(".jp-CodeCell .jp-InputPrompt", has_text="*")).to_have_count(0)
    notebook.has_raised_nothing()
    assert notebook.ask(holds)
    assert page.locator(".jp-OutputArea-output[data-mime-type*=stderr]").count() == 0
    for index in panels:
        says(status(notebook.cell(index)), re.compile("granted|rejected"))


def test_a_reload_finds_each_panel_as_it_was(page: Page, notebook: Notebook, jupyter: Jupyter, desk: Desk) -> None:
    live_qr = 'qr = lab.qr(challenge["barcode_uri"])\nqr.show()\nqr'
    hidden = 'hidden = lab.qr(challenge["barcode_uri"])\nhidden'
    notebook.play(LIVE_ENROLLMENT, live_qr, hidden, RAW, SANDBOX, PANEL, PHONE)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]

    def seen() -> list[str]:
        page.locator(".qr-status").first.evaluate("each => each.scrollIntoView({ block: 'start' })")
        return texts_in(page.screenshot())

    until(lambda: seen() == [uri], "the QR is on the screen", page)
    press(page, "Poll until done")
    says(status(page), "1 poll ·")
    notebook.save()
    desk.assert_all_local()
    notebook.reload()
    until(lambda: seen() == [uri], "the QR is on the screen again", page)
    for front_end in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        start = f"http://{jupyter.host}/lab/extensions/{front_end}/static/"
        assert any(url.startswith(start) for url in desk.asked), front_end
    press(notebook.cell(1), "Hide")
    until(lambda: seen() == [], "the QR is gone", page)
    says(status(notebook.cell(2), "qr"), "QR hidden")

    says(status(page), re.compile(r"pending · [12] poll"))
    page.locator(".panel-rows summary").first.click()
    says(page.locator(".panel-rows pre").first, "<oob_code 1>")
    before = notebook.do("lab.clock.advance(5)", "panel.run.poll.polls")
    says(status(page), f"pending · {before + 1} polls")
    press(page, "Stop")
    says(status(page), "stopped")
    press(page, "Allow")
    says(status(page, "phone"), "Allowed: 204")
    notebook.do("qr.close()\nhidden.close()")
    until(lambda: notebook.ask(TASKS) == ["tick"], "one task looks at the phone", page)


def diagrams() -> Iterator[str]:
    for path in sorted(NOTEBOOKS.rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            outputs = [each.get("data", {}).get("text/markdown", "") for each in cell.get("outputs", ())]
            for text in (cell["source"], *outputs):
                yield from FENCE.findall("".join(text))


def labels(fence: str) -> list[str]:
    """Return what a diagram has to say, without blanks."""
    said = re.findall(r": (.+)| as (.+)|^  loop (.+)", fence.partition("}%%")[2], re.MULTILINE)
    parts = "<br/>".join("".join(each) for each in said).split("<br/>")
    return ["".join(unescape(re.sub(r"#(?=\d)", "&#", re.sub(r"#(?=[a-z])", "&", part))).split()) for part in parts]


def test_every_diagram_of_the_notebooks_is_drawn_with_each_label_and_a_broken_one_is_seen(
    page: Page, notebook: Notebook
) -> None:
    found = list(dict.fromkeys(diagrams()))
    assert len(found) > 10
    cells = [
        {"cell_type": "markdown", "id": f"diagram-{number}", "metadata": {}, "source": fence}
        for number, fence in enumerate([*found, "```mermaid\nsequenceDiagram\n  app->>\n```"])
    ]
    with notebook.draws_all():
        notebook.lay({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
        notebook.command("notebook:render-all-markdown")
        expect(page.locator(DRAWN)).to_have_count(len(found))
        pictures = page.locator(DRAWN).evaluate_all("all => all.map(each => decodeURIComponent(each.src))")
        for fence, picture in zip(found, pictures, strict=True):
            shown = "".join(unescape(re.sub("<[^>]*>", "", picture)).split())
            assert [label for label in labels(fence) if label not in shown] == [], fence
        expect(page.locator(".jp-RenderedMermaid.jp-mod-warning")).to_have_count(1)
