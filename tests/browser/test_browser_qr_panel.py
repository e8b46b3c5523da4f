"""The panel of the sandbox's QR in JupyterLab: its buttons, its time, its phone; read off the screen, untrusted too."""

import json
from pathlib import Path

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page, expect

from auth0_mfa_lab.show.qr import LEAST_PIXELS, QUIET_ZONE_MODULES
from tests.browser.jupyter import DARK, LIGHT, Jupyter, Notebook, until
from tests.browser.looks import NARROW, TASKS, WIDE, at_width, in_theme, serious, sticks_out, tab_order
from tests.browser.pixels import darkest_of_the_edge, on_the_screen, pictures_in, qr_texts
from tests.browser.scenes import RAW, SANDBOX_ENROLLMENT, button, is_ready, leaks, qr_status, raw_values
from tests.browser.test_browser_qr_headless import executed

QR = 'qr = lab.qr_panel(challenge["barcode_uri"])\nqr'
SCAN = "Scan with the sandbox's phone"
MODULES = 57
"""Of a ticket's QR, with the quiet zone: as many as its URI needs."""
BROKEN = """
def broken(_):
    raise RuntimeError(f"it broke with {login['mfa_token']}")

lab.phone.scan = broken
"""


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def opened(page: Page, jupyter: Jupyter, *cells: str) -> Notebook:
    """Open a notebook with the panel in its second cell, and run it; the cells between stand before the panel's."""
    notebook = jupyter.open(page, jupyter.notebook("\n".join([SANDBOX_ENROLLMENT, *cells]), QR, RAW, ""))
    notebook.run_all()
    expect(qr_status(page)).to_contain_text("QR shown")
    return notebook


def seen(page: Page) -> list[str]:
    """Return the texts of the QRs on the screen, with the panel's place scrolled into sight."""
    page.locator(".qr-place").last.evaluate("each => each.scrollIntoView({ block: 'center' })")
    return qr_texts(page.screenshot())


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_qr_is_read_from_the_screen(page: Page, jupyter: Jupyter, theme: str, width: int) -> None:
    notebook = opened(page, jupyter)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    with in_theme(notebook, theme), at_width(notebook, width):
        box, part = on_the_screen(page.locator(".qr-place img"))
        module = box["width"] / MODULES
        assert module >= LEAST_PIXELS
        assert box["height"] == pytest.approx(box["width"], abs=1)
        assert qr_texts(part) == [uri]
        # A pixel at the inner border of the zone may be blurred by the screen, or belong to the picture's surroundings.
        assert darkest_of_the_edge(part, int(QUIET_ZONE_MODULES * module) - 2) >= 250
        panel = page.locator(".widget-vbox:has(> .qr-status)").first
        assert sticks_out(panel) == []
        assert serious(page) == []


def test_hide_takes_the_picture_off_and_show_brings_it_back(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    expect(button(page, "Show")).to_be_disabled()
    button(page, "Hide").click()
    expect(qr_status(page)).to_contain_text("QR hidden · press Show to draw it")
    until(lambda: seen(page) == [], "the QR is gone", page)
    expect(button(page, "Hide")).to_be_disabled()
    notebook.save()
    notebook.reload()
    expect(qr_status(page)).to_contain_text("QR hidden")
    button(page, "Show").click()
    expect(qr_status(page)).to_contain_text("QR shown")
    until(lambda: seen(page) == [uri], "the QR is back", page)


def test_the_sandboxs_phone_scans_and_the_panel_and_the_journal_say_so(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    button(page, SCAN).click()
    expect(qr_status(page)).to_contain_text("QR scanned · the phone is enrolled (exchange 3)")
    expect(page.locator(".qr-instead")).to_have_text("Scanned: this ticket is spent.")
    for name in ("Show", "Hide", SCAN):
        expect(button(page, name)).to_be_disabled()
    assert seen(page) == []
    assert notebook.ask("[lab.journal[-1].speaker, lab.journal[-1].status]") == ["phone", 201]
    assert notebook.ask("lab.client.mfa_authenticators(login['mfa_token']).json[0]['active']") is True


def test_a_scan_in_another_cell_is_seen_by_itself(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    assert notebook.ask('lab.phone.scan(challenge["barcode_uri"]).status') == 201
    expect(qr_status(page)).to_contain_text("QR scanned · the phone is enrolled (exchange 3)")
    expect(button(page, SCAN)).to_be_disabled()


def test_the_time_follows_the_sandboxs_clock_and_at_its_end_says_to_enroll_again(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    time = page.locator(".qr-time")
    expect(time).to_contain_text("5 min 0 s left to scan")
    notebook.ask("str(lab.clock.advance(100))")
    expect(time).to_contain_text("3 min 20 s left to scan")
    notebook.ask("str(lab.clock.advance(200))")
    expect(qr_status(page)).to_contain_text("QR expired · enroll again")
    expect(page.locator(".qr-instead")).to_have_text("Expired: enroll again.")
    expect(time).to_be_empty()
    assert seen(page) == []
    for name in ("Show", "Hide", SCAN):
        expect(button(page, name)).to_be_disabled()
    until(lambda: notebook.ask(TASKS) == [], "nothing looks at the time any more", page)


def test_its_cell_run_again_leaves_one_timer(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    until(lambda: notebook.ask(TASKS) == ["tick"], "the panel looks at the time", page)
    for _ in range(2):
        notebook.run(1)
    until(lambda: notebook.ask(TASKS) == ["tick"], "the new one does, and no other", page)


def test_the_keyboard_alone_hides_and_scans(page: Page, jupyter: Jupyter) -> None:
    opened(page, jupyter)
    button(page, "Hide").focus()
    assert tab_order(page, 1) == [SCAN]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(qr_status(page)).to_contain_text("QR hidden")
    button(page, SCAN).focus()
    page.keyboard.press("Space")
    expect(qr_status(page)).to_contain_text("QR scanned")


def test_a_scan_that_fails_shows_a_masked_card_that_stays(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, BROKEN)
    button(page, SCAN).click()
    card = page.get_by_role("alert")
    expect(card).to_contain_text("RuntimeError: it broke with <mfa_token 1>")
    notebook.ask("str(lab.clock.advance(60))")
    expect(page.locator(".qr-time")).to_contain_text("4 min 0 s left")
    expect(card).to_be_visible()
    is_ready(page, SCAN)
    assert leaks(page.content(), raw_values(jupyter.notebooks)) == []


def test_the_saved_picture_is_read_in_a_notebook_that_nobody_trusts(
    page: Page, jupyter: Jupyter, tmp_path: Path
) -> None:
    saved = executed(tmp_path, False, SANDBOX_ENROLLMENT, QR, RAW)
    uri = raw_values(tmp_path)["barcode_uri"]
    assert set(pictures_in(saved)) == {uri}
    jupyter.add("from_elsewhere.ipynb", json.loads(saved))
    notebook = jupyter.open(page, "from_elsewhere.ipynb")
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.trusted") is False
    for theme in (LIGHT, DARK):
        with in_theme(notebook, theme):
            picture = notebook.cell(1).locator("img")
            expect(picture).to_have_attribute("alt", "QR code of the ticket for sandbox:user1@example.com")
            _, part = on_the_screen(picture)
            assert qr_texts(part) == [uri]


def test_the_saved_picture_is_read_on_a_static_page_without_a_script(new_page: Page, tmp_path: Path) -> None:
    saved = executed(tmp_path, False, SANDBOX_ENROLLMENT, QR, RAW)
    file = tmp_path / "saved.ipynb"
    file.write_text(saved, encoding="utf-8")
    html, _ = HTMLExporter(template_name="basic").from_filename(str(file))  # type: ignore[no-untyped-call]  # nbconvert types only some
    assert "<script" not in html
    new_page.goto("data:text/html,<title>a static page</title>")
    new_page.set_content(html)
    _, part = on_the_screen(new_page.locator("img"))
    assert qr_texts(part) == [raw_values(tmp_path)["barcode_uri"]]
    expect(new_page.get_by_role("status")).to_contain_text("QR shown")
