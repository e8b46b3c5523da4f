"""The sandbox's QR as JupyterLab shows it, in light and in dark."""

import pytest
from playwright.sync_api import Page

from auth0_mfa_lab.show.qr import QUIET_ZONE_MODULES
from tests.browser.jupyter import DARK, LIGHT, Jupyter
from tests.browser.pixels import darkest_of_the_edge, on_the_screen, pictures_in, qr_texts
from tests.browser.scenes import RAW, SANDBOX_ENROLLMENT, raw_values

MODULE_PIXELS = 6


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_qr_decodes_from_the_screen_and_its_quiet_zone_is_bright(page: Page, jupyter: Jupyter, theme: str) -> None:
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX_ENROLLMENT, 'lab.qr(challenge["barcode_uri"])', RAW))
    notebook.theme(theme)
    try:
        notebook.run_all()
        picture = notebook.cell(1).locator("img")
        uri = raw_values(jupyter.notebooks)["barcode_uri"]
        _, seen = on_the_screen(picture)
        assert qr_texts(seen) == [uri]
        # A pixel at the inner border of the zone may be blurred by the screen, or belong to the picture's surroundings.
        assert darkest_of_the_edge(seen, QUIET_ZONE_MODULES * MODULE_PIXELS - 2) >= 250
        background = page.evaluate("() => getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (theme == LIGHT), background
    finally:
        notebook.theme(LIGHT)


def test_the_search_for_pictures_finds_the_sandbox_qr_in_a_saved_notebook(page: Page, jupyter: Jupyter) -> None:
    notebook = jupyter.open(page, jupyter.notebook(SANDBOX_ENROLLMENT, 'lab.qr(challenge["barcode_uri"])', RAW))
    notebook.run_all()
    assert pictures_in(notebook.save()) == [raw_values(jupyter.notebooks)["barcode_uri"]]
