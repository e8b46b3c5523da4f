"""The QR of a live enrollment in JupyterLab: seen while somebody wants to see it, and never in the saved file."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Tabs
from tests.browser.jupyter import WIDGETS, Jupyter, Notebook, until
from tests.browser.pixels import pictures_in, qr_texts
from tests.browser.scenes import LIVE_ENROLLMENT, RAW, button, leaks, qr_status, raw_values

QR = 'qr = lab.qr(challenge["barcode_uri"])\nqr'
# The lab's clock stands until the test moves it: how long a page takes to show the QR depends on the machine.
STANDING = "begun, later = lab.clock.now(), []\nlab.clock.now = lambda: begun + sum(later)"


def opened(page: Page, jupyter: Jupyter, *cells: str) -> Notebook:
    """Open a notebook that draws a live QR, and run it; the cells between stand before the QR's."""
    notebook = jupyter.open(page, jupyter.notebook(LIVE_ENROLLMENT, *cells, QR, RAW, ""))
    notebook.run_all()
    expect(qr_status(page)).to_contain_text("QR hidden")
    return notebook


def seen(page: Page) -> list[str]:
    """Return the texts of the QRs on the screen, with the panel scrolled to its middle."""
    page.locator(".qr-status").evaluate("each => each.scrollIntoView({ block: 'center' })")
    return qr_texts(page.screenshot())


def test_show_draws_a_qr_that_decodes_and_hide_takes_it_away(page: Page, jupyter: Jupyter) -> None:
    opened(page, jupyter)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    assert "tenant.example" in uri
    assert seen(page) == []
    for _ in range(2):
        button(page, "Show").click()
        expect(qr_status(page)).to_contain_text("QR shown · scan it with the Guardian app")
        until(lambda: seen(page) == [uri], "the QR is on the screen", page)
        button(page, "Hide").click()
        expect(qr_status(page)).to_contain_text("QR hidden")
        until(lambda: seen(page) == [], "the QR is gone", page)
    assert page.locator("img[src^=blob]").count() == 0


def test_a_live_qr_is_not_in_the_saved_file_with_widget_state(new_page: Page, jupyter: Jupyter) -> None:
    jupyter.setting(WIDGETS, saveState=True)
    assert_nothing_is_saved(new_page, jupyter, has_state=True)


def test_a_live_qr_is_not_in_the_saved_file_without_widget_state(page: Page, jupyter: Jupyter) -> None:
    assert_nothing_is_saved(page, jupyter, has_state=False)


def assert_nothing_is_saved(page: Page, jupyter: Jupyter, *, has_state: bool) -> None:
    """Save while the QR is shown and when it is hidden: no picture, no ticket and no token is in either file."""
    notebook = opened(page, jupyter)
    values = raw_values(jupyter.notebooks)
    button(page, "Show").click()
    until(lambda: seen(page) == [values["barcode_uri"]], "the QR is on the screen", page)
    shown = notebook.save()
    button(page, "Hide").click()
    until(lambda: seen(page) == [], "the QR is gone", page)
    hidden = notebook.save()
    for saved in (shown, hidden):
        assert ("widget-state+json" in saved) == has_state
        assert "QrPanel" in saved
        assert pictures_in(saved) == []
        assert leaks(saved, values) == []
    assert leaks(page.content(), values) == []


def test_the_panel_of_a_live_tenant_has_no_phone_that_scans_and_names_nobody(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter)
    assert page.locator(".jp-OutputArea button:visible").all_inner_texts() == ["Show", "Hide"]
    expect(page.locator(".qr-parts")).to_contain_text("<username 1>")
    assert notebook.ask("user.username in qr.static_html() + repr(qr)") is False
    assert notebook.ask("repr(qr.scan())").startswith("On your phone: add an account")


def test_the_front_ends_of_the_widgets_come_from_the_local_server(new_page: Page, jupyter: Jupyter, tabs: Tabs) -> None:
    opened(new_page, jupyter)
    button(new_page, "Show").click()
    expect(new_page.locator("img[src^=blob]")).to_be_visible()
    for front_end in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        start = f"http://{jupyter.host}/lab/extensions/{front_end}/static/"
        assert any(url.startswith(start) for url in tabs.asked), front_end


def test_an_expired_qr_is_gone_and_the_panel_says_so(page: Page, jupyter: Jupyter) -> None:
    notebook = opened(page, jupyter, STANDING)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    button(page, "Show").click()
    until(lambda: seen(page) == [uri], "the QR is on the screen", page)
    notebook.ask("later.append(301)")
    expect(qr_status(page)).to_contain_text("QR expired · enroll again")
    until(lambda: seen(page) == [], "the QR is gone", page)
    expect(page.locator(".qr-instead")).to_have_text("Expired: enroll again.")
    expect(button(page, "Show")).to_be_disabled()
    assert notebook.ask("[qr.show(), repr(qr)]")[1].startswith("QrPanel · expired: enroll again")
    assert seen(page) == []


def test_a_qr_expires_on_the_screen_while_the_kernel_is_busy(new_page: Page, jupyter: Jupyter) -> None:
    new_page.clock.install()
    notebook = opened(new_page, jupyter)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    button(new_page, "Show").click()
    until(lambda: seen(new_page) == [uri], "the QR is on the screen", new_page)
    new_page.clock.fast_forward(200_000)  # the page's clock also runs by itself, so this stays well below 300 s
    assert seen(new_page) == [uri]
    new_page.clock.fast_forward(100_000)
    until(lambda: seen(new_page) == [], "the QR is gone", new_page)
    expect(new_page.locator(".qr-instead")).to_have_text("Expired: enroll again.")
    assert "shown" in notebook.ask("repr(qr)"), "only the page's clock has moved"


def test_a_cell_can_show_the_qr_and_a_reload_of_the_page_finds_it_again(page: Page, jupyter: Jupyter) -> None:
    cell = QR.replace("\n", "\nqr.show()\n")
    notebook = jupyter.open(page, jupyter.notebook(LIVE_ENROLLMENT, cell, RAW, ""))
    notebook.run_all()
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    until(lambda: seen(page) == [uri], "the QR is on the screen", page)
    notebook.save()
    notebook.reload()
    until(lambda: seen(page) == [uri], "the QR is on the screen again", page)
    button(page, "Hide").click()
    until(lambda: seen(page) == [], "the QR is gone", page)
    notebook.save()
    notebook.reload()
    expect(qr_status(page)).to_contain_text("QR hidden")
    notebook.ask("1")
    assert seen(page) == []
