"""The committed notebooks are what a run of today writes, byte for byte, and nothing excuses a difference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab.cli.open import HASHES
from tests.execute_notebooks import NOTEBOOKS, WIDGET_VIEW, executed, hashes, normalised, notebooks

ROOT = Path(__file__).parent.parent
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
# Where somebody could ask nbval to look away.
EXCUSES = r"NBVAL_|nbval-(?:ignore|check|skip|raises)|raises-exception|--(?:nbval-)?sanitize|--nbval-lax|--nbdime"
EXCUSERS = ("Makefile", "pyproject.toml", ".ci/run", "notebooks/conftest.py")


def excuses(text: str) -> list[str]:
    return re.findall(EXCUSES, text, re.IGNORECASE)


def leftovers(notebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a run has left in a notebook that a second run would write otherwise, or not at all."""
    if notebook["metadata"] != METADATA:
        yield f"metadata {notebook['metadata']}"
    counted = 0
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["id"] != f"cell-{number:02d}":
            yield f"id {cell['id']}"
        if cell["metadata"]:
            yield f"metadata of {cell['id']}: {cell['metadata']}"
        if cell["cell_type"] == "code":
            counted += 1
            if cell["execution_count"] != counted:
                yield f"{cell['id']} counts {cell['execution_count']} and not {counted}: nbval would not compare it"
            yield from (
                f"{WIDGET_VIEW} in {cell['id']}" for out in cell["outputs"] if WIDGET_VIEW in out.get("data", {})
            )


def test_there_are_notebooks() -> None:
    assert len(notebooks()) >= 5


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_running_a_notebook_again_gives_the_same_bytes(path: Path) -> None:
    assert executed(path).encode() == path.read_bytes(), "run: make notebooks"


def test_the_packaged_hashes_are_those_of_the_notebooks() -> None:
    assert HASHES.read_text(encoding="utf-8") == hashes(), "run: make notebooks"


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_a_notebook_is_run_from_top_to_bottom_and_normalised(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert list(leftovers(notebook)) == []
    assert normalised(notebook) == text


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_each_cell_of_a_notebook_is_compared(path: Path) -> None:
    assert excuses(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", EXCUSERS)
def test_nothing_tells_nbval_to_look_away(name: str) -> None:
    assert excuses((ROOT / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "# NBVAL_IGNORE_OUTPUT",
        '"tags": ["nbval-ignore-output"]',
        '"tags": ["raises-exception"]',
        "pytest --nbval --nbval-sanitize-with rules.cfg",
        "pytest --sanitize-with rules.cfg",
        "pytest --nbval-lax",
    ],
)
def test_an_excuse_is_found(text: str) -> None:
    assert excuses(text)


def test_a_leftover_is_found() -> None:
    output = {"data": {WIDGET_VIEW: {"model_id": "1"}}}
    ran: dict[str, Any] = {"id": "x", "metadata": {"tags": []}, "execution_count": None, "outputs": [output]}
    notebook = {"metadata": {**METADATA, "widgets": {}}, "cells": [{"cell_type": "code", **ran}]}
    assert len(list(leftovers(notebook))) == 5


def test_what_differs_between_two_runs_is_dropped() -> None:
    output = {"output_type": "display_data", "data": {WIDGET_VIEW: {}, "text/plain": "panel"}}
    cell = {"cell_type": "code", "id": "random", "metadata": {"execution": {"iopub.execute_input": "today"}}}
    run = {"cells": [{**cell, "execution_count": 1, "outputs": [output]}], "metadata": {"widgets": {"state": {}}}}
    assert list(leftovers(json.loads(normalised(run)))) == []
