"""A live QR in a notebook that nbclient runs: nothing of it is left in the file, with widget state stored or not."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser.jupyter import notebook_of
from tests.browser.pixels import pictures_in
from tests.browser.scenes import LIVE_ENROLLMENT, PANEL, RAW, SANDBOX_ENROLLMENT, leaks, raw_values

SHOWN = 'qr = lab.qr(challenge["barcode_uri"])\nqr.show()\nqr'
POLLED = "gate.opened.set()\npanel.poll_once()\nphone.scan(challenge['barcode_uri'])\npanel.poll_once()"


def executed(folder: Path, store_widget_state: bool, *cells: str) -> str:
    """Run a notebook of these cells as nbclient does, and return its file's text."""
    notebook = nbformat.from_dict(notebook_of(cells))  # type: ignore[no-untyped-call]  # nbformat types only some
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources=resources, store_widget_state=store_widget_state
    ).execute()
    return json.dumps(notebook)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


@pytest.mark.parametrize("store_widget_state", [True, False])
def test_a_live_qr_is_not_in_a_notebook_that_was_run_headless(tmp_path: Path, store_widget_state: bool) -> None:
    saved = executed(tmp_path, store_widget_state, LIVE_ENROLLMENT, SHOWN, PANEL, POLLED, "qr", "panel", RAW)
    values = raw_values(tmp_path)
    assert {"ticket", "barcode_uri", "access_token", "mfa_token", "oob_code"} <= set(values)
    assert ("widget-state+json" in saved) == store_widget_state
    assert "QR shown" in saved
    assert "granted after 2 polls" in saved
    assert pictures_in(saved) == []
    assert leaks(saved, values) == []


def test_the_search_finds_the_sandbox_qr_that_was_run_headless(tmp_path: Path) -> None:
    saved = executed(tmp_path, True, SANDBOX_ENROLLMENT, 'lab.qr(challenge["barcode_uri"])', RAW)
    assert pictures_in(saved) == [raw_values(tmp_path)["barcode_uri"]]
