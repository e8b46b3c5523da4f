"""The panels under nbval: run without a front end, a second time they say the same, in their text and their HTML."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_panels_saved import SCENES, by_nbclient

PANELS = ("PollPanel", "QrPanel", "PhonePanel", "RevealPanel", "CopyPanel")
CELLS = tuple(cell for name, scene in SCENES.items() if "live" not in name for cell in scene.cells)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A notebook of every panel of the sandbox, run once."""
    folder = tmp_path_factory.mktemp("executed")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        notebook: dict[str, Any] = json.loads(by_nbclient(folder, CELLS, store_widget_state=False))
    return notebook


def compared(notebook: dict[str, Any], folder: Path) -> str:
    """Run a notebook under nbval, strictly, and return the last line of what pytest says."""
    (folder / "panels.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    own = {name: str(folder / name.lower()) for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "."],
        cwd=folder,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout.strip().splitlines()[-1]


def outputs_of(notebook: dict[str, Any], panel: str) -> list[dict[str, Any]]:
    """Return what is shown of one kind of panel: its text, and its HTML beside it."""
    shown = [output["data"] for cell in notebook["cells"] for output in cell["outputs"] if "data" in output]
    return [data for data in shown if "".join(data["text/plain"]).startswith(panel)]


def test_every_panel_says_the_same_again(executed: dict[str, Any], tmp_path: Path) -> None:
    for panel in PANELS:
        shown = outputs_of(executed, panel)
        assert shown, panel
        assert all(len("".join(data["text/html"])) > 40 for data in shown)
    assert compared(executed, tmp_path).startswith(f"{len(CELLS)} passed")


def test_another_text_or_html_of_any_panel_would_be_seen(executed: dict[str, Any], tmp_path: Path) -> None:
    altered = json.loads(json.dumps(executed))
    changes = [(panel, mime) for panel in PANELS for mime in ("text/plain", "text/html")]
    cells = set()
    for panel, mime in changes:
        shown = outputs_of(altered, panel)
        data = shown[0 if mime == "text/plain" else -1]
        data[mime] = "".join(data[mime]) + " "
        cells.add(id(data))
    assert compared(altered, tmp_path).startswith(f"{len(cells)} failed, {len(CELLS) - len(cells)} passed")
