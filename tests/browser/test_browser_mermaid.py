"""Every diagram of the notebooks is drawn by JupyterLab: those of their prose, and those of their journals."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.jupyter import NOTEBOOKS as TRACKER
from tests.browser.jupyter import Jupyter

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FENCE = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)
DRAWN = ".jp-RenderedMermaid:not(.jp-mod-warning) img, .jp-RenderedMermaid:not(.jp-mod-warning) svg"
NOT_DRAWN = ".jp-RenderedMermaid.jp-mod-warning"


def diagrams() -> Iterator[tuple[str, str]]:
    """Yield each fence of the committed notebooks, with the place where it stands."""
    for path in sorted(NOTEBOOKS.rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            texts = [
                cell["source"],
                *(output.get("data", {}).get("text/markdown", "") for output in cell.get("outputs", ())),
            ]
            for fence in (found for text in texts for found in FENCE.findall("".join(text))):
                yield f"{path.stem} {cell['id']}", fence


def a_notebook(jupyter: Jupyter, name: str, fences: list[str]) -> str:
    """Write a notebook that holds one output of markdown for each diagram."""
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"diagram-{number}",
            "metadata": {},
            "execution_count": None,
            "source": "",
            "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/markdown": fence}}],
        }
        for number, fence in enumerate(fences)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    jupyter.add(name, {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells})
    return name


def test_every_diagram_of_the_notebooks_is_drawn_and_a_broken_one_is_seen(new_page: Page, jupyter: Jupyter) -> None:
    found = list(dict.fromkeys(fence for _, fence in diagrams()))
    assert len(found) > 10
    broken = "```mermaid\nsequenceDiagram\n  app->>\n```"
    jupyter.setting(TRACKER, windowingMode="none")
    jupyter.open(new_page, a_notebook(jupyter, "diagrams.ipynb", [*found, broken]))
    expect(new_page.locator(NOT_DRAWN)).to_have_count(1)
    expect(new_page.locator(DRAWN)).to_have_count(len(found))
    expect(new_page.locator(NOT_DRAWN)).to_have_count(1)
