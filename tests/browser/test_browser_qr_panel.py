"""The panel of an enrollment's QR in JupyterLab: drawn while wanted, scanned, over in time, never in a file."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.jupyter import TASKS, Jupyter, Notebook, until
from tests.browser.looks import button, is_off, press, says, status, tab_order, time_passes
from tests.browser.pixels import pictures_in, qr_texts
from tests.browser.scenes import LIVE_ENROLLMENT, RAW, SANDBOX_ENROLLMENT, STANDING, leaks, raw_values

QR = 'qr = lab.qr_panel(challenge["barcode_uri"])\nqr'
SCAN = "Scan with the sandbox's phone"
ALL = ("Show", "Hide", SCAN)


def sees(page: Page, *texts: str) -> None:
    """Wait until just these QRs are on the screen, with the panel's place scrolled into sight."""

    def seen() -> bool:
        page.locator(".qr-place").last.evaluate("each => each.scrollIntoView({ block: 'center' })")
        return qr_texts(page.screenshot()) == list(texts)

    until(seen, f"{len(texts)} QRs are on the screen", page)


def test_the_sandboxs_qr_is_hidden_shown_scanned_and_over(page: Page, notebook: Notebook, jupyter: Jupyter) -> None:
    said, instead = status(page, "qr"), page.locator(".qr-instead")
    notebook.play(SANDBOX_ENROLLMENT, QR, RAW)
    uri = raw_values(jupyter.notebooks)["barcode_uri"]
    says(said, "QR shown")
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
    button(page, SCAN).focus()
    page.keyboard.press("Space")
    says(said, "QR scanned · the phone is enrolled (exchange 3)")
    says(instead, "Scanned: this ticket is spent.")
    is_off(page, *ALL)
    enrolled = "lab.client.mfa_authenticators(login['mfa_token']).json[0]['active']"
    assert notebook.ask(f"[lab.journal[-1].speaker, {enrolled}]") == ["phone", True]

    notebook.play(SANDBOX_ENROLLMENT, QR, 'lab.phone.scan(challenge["barcode_uri"])')
    says(said, "QR scanned · the phone is enrolled (exchange 3)")  # in another cell

    notebook.play(SANDBOX_ENROLLMENT, QR)
    for _ in range(2):
        notebook.run(1)
    until(lambda: notebook.ask(TASKS) == ["tick"], "the newest panel looks at the time, and no other", page)
    notebook.do("lab.clock.advance(100)")
    says(page.locator(".qr-time"), "3 min 20 s left to scan")
    notebook.do("lab.clock.advance(200)")
    says(said, "QR expired · enroll again")
    says(instead, "Expired: enroll again.")
    expect(page.locator(".qr-time")).to_be_empty()
    sees(page)
    is_off(page, *ALL)
    until(lambda: notebook.ask(TASKS) == [], "nothing looks at the time any more", page)


def test_a_live_qr_is_on_the_page_while_it_is_wanted_and_in_no_file(
    page: Page, notebook: Notebook, jupyter: Jupyter
) -> None:
    said, instead = status(page, "qr"), page.locator(".qr-instead")
    notebook.play(LIVE_ENROLLMENT, STANDING, QR, RAW)
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
        assert (pictures_in(saved), leaks(saved, values)) == ([], [])
    assert leaks(page.content(), values) == []
    expect(page.locator("img[src^=blob]")).to_have_count(0)

    # It goes from the page by itself, though the kernel does nothing; and by the lab's clock.
    with time_passes(page, 300):
        press(page, "Show")
        sees(page, uri)
    sees(page)
    says(instead, "Expired: enroll again.")
    assert "shown" in notebook.ask("repr(qr)"), "only the page's clock has moved"
    press(page, "Hide", "Show")
    sees(page, uri)
    notebook.do("later.append(301)")
    says(said, "QR expired · enroll again")
    says(instead, "Expired: enroll again.")
    is_off(page, "Show")
    assert notebook.ask("[qr.show(), repr(qr)]")[1].startswith("QrPanel · expired: enroll again")
    sees(page)
