"""With CI set, no notebook goes live: each stops at its first cell, says what would allow it, and sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from auth0_mfa_lab.errors import SettingsError
from tests.execute_notebooks import NOTEBOOKS, SECONDS_PER_CELL, notebooks
from tests.live.live_world import LiveTenant, live_world

ALLOWS = "AUTH0_LAB_ALLOW_LIVE"
SENTENCE = "AUTH0_LAB_TENANT=live, and CI is set: nothing was sent."


@pytest.fixture(scope="module")
def one_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveTenant]:
    """One live tenant for all notebooks: none of them may reach it."""
    (folder := tmp_path_factory.mktemp("project") / "pyproject.toml").touch()
    with live_world(folder.parent) as tenant:
        yield tenant


@pytest.fixture
def in_ci(one_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> LiveTenant:
    """Be in CI, in a project whose `.env` names the live tenant."""
    monkeypatch.delenv("AUTH0_LAB_TENANT")
    monkeypatch.setenv("CI", "true")
    lines = "".join(f"{name}={value}\n" for name, value in (one_tenant.environ | one_tenant.management).items())
    (one_tenant.folder / ".env").write_text(lines, "utf-8")
    monkeypatch.chdir(one_tenant.folder)
    return one_tenant


def opening(path: Path) -> str:
    """Return the cell that opens the lab; it is the first one with code."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_a_notebook_stops_where_it_begins_and_says_what_would_allow_it(path: Path, in_ci: LiveTenant) -> None:
    cell = opening(path)
    assert "Lab.from_env()" in cell
    with pytest.raises(SettingsError) as stopped:
        exec(compile(cell, path.name, "exec"), {})
    assert str(stopped.value).startswith(SENTENCE)
    assert f"{ALLOWS}=1" in str(stopped.value)
    assert in_ci.journal == ()


def test_no_later_cell_of_a_notebook_sends_anything_either(in_ci: LiveTenant) -> None:
    path = NOTEBOOKS / "05_push_enroll.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat ships half its types
    client = NotebookClient(
        notebook, timeout=SECONDS_PER_CELL, allow_errors=True, resources={"metadata": {"path": str(in_ci.folder)}}
    )
    client.execute()
    errors = [
        f"{each['ename']}: {each['evalue']}"
        for cell in notebook.cells
        for each in cell.get("outputs", ())
        if each["output_type"] == "error"
    ]
    assert errors[0].startswith(f"SettingsError: {SENTENCE}")
    assert {each.partition(":")[0] for each in errors[1:]} == {"NameError"}
    assert in_ci.journal == ()


def test_allowed_it_goes_live(in_ci: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOWS, "1")
    names: dict[str, object] = {}
    exec(compile(opening(NOTEBOOKS / "00_start_here.ipynb"), "00", "exec"), names)
    assert f"live tenant {in_ci.domain}" in repr(names["lab"])
