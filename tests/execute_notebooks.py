"""Runs the notebooks once, by nbval, beside the settings of a live tenant; `make notebooks` writes what that run gives.

Equal runs give equal bytes: what a run leaves of time, version and widgets is dropped. As a plugin of the inner pytest,
this module keeps each cell's outputs, and the secrets that its labs met.
"""

import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import nbformat
import pytest

from auth0_mfa_lab.cli.open import HASHES
from tests.network import NOTES

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SECONDS_PER_CELL = 60
PLUGIN = "tests.execute_notebooks"
"""This module; as a command its name is another."""
BESIDE = ("-n", "2", "--dist", "loadfile")
"""A notebook's cells run one after the other, and two notebooks beside each other: most of the time a kernel waits."""
KEEP = "NOTEBOOKS_RUN"
"""The variable that names the folder for what a run gives: a kernel has no other way to tell."""
LIVE = {
    "AUTH0_LAB_TENANT": "live",
    "AUTH0_DOMAIN": "tenant.example",
    "AUTH0_CLIENT_ID": "an-application",
    "AUTH0_CLIENT_SECRET": "its-secret-0123456789",
    "AUTH0_USERNAME": "someone@example.com",
    "AUTH0_PASSWORD": "a-password-0123456789",
}
AT_START = """
import sys
from tests.network import guard
guard([])
sys.modules["rfc3987_syntax"] = None
"""
"""What each process of a run does first: it refuses the network, and leaves out three seconds of a grammar of IRIs."""


def notebooks() -> list[Path]:
    """Return the paths of all notebooks, in reading order."""
    return sorted(path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def name_of(path: Path, folder: Path = NOTEBOOKS) -> str:
    """Return `solutions/05_push_enroll` of a notebook's path."""
    return path.relative_to(folder).with_suffix("").as_posix()


def normalised(notebook: dict[str, Any]) -> str:
    """Return a notebook as text, without what differs between two equal runs."""
    for number, cell in enumerate(notebook["cells"], 1):
        cell["id"] = f"cell-{number:02d}"
        cell["metadata"] = {}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def hashes() -> str:
    """Return the list of the notebooks' hashes, as `sha256sum` writes it in their folder."""
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name_of(path)}.ipynb\n" for path in notebooks())


@dataclass(frozen=True)
class Run:
    """What nbval said and returned, what wanted to leave the machine, and by notebook the text and the secrets met."""

    said: str
    code: int
    attempts: Sequence[str]
    texts: dict[str, str]
    secrets: dict[str, list[str]]


def run(folder: Path, *names: str, without: str = "") -> Run:
    """Run notebooks, all unless named, in a copy whose `.env` and environment name a live tenant, without one file.

    The guard is a `sitecustomize`, which Python imports when it starts: in pytest's process and in each kernel.
    """
    project, kept, notes = folder / "a project", folder / "kept", folder / "notes.txt"
    shutil.copytree(NOTEBOOKS, project / "notebooks", ignore=shutil.ignore_patterns("__pycache__", ".*", without))
    shutil.copy(ROOT / "pyproject.toml", project)
    for place in (project, project / "notebooks", project / "notebooks" / "solutions"):
        (place / ".env").write_text("".join(f"{name}={value}\n" for name, value in LIVE.items()), "utf-8")
    (folder / "sitecustomize.py").write_text(AT_START, "utf-8")
    kept.mkdir()
    notes.touch()
    paths = [f"notebooks/{name}.ipynb" for name in names] or ["notebooks"]
    beside = BESIDE if len(paths) > 1 or not names else ()
    settings = {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), NOTES: str(notes), KEEP: str(kept)}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *beside, "-p", "no:cacheprovider", "-p", PLUGIN, "--nbval", *paths],
        cwd=project,
        env=os.environ | LIVE | settings,
        capture_output=True,
        text=True,
        timeout=900,
    )
    said = ran.stdout + ran.stderr
    texts = {name_of(path, kept): path.read_text("utf-8") for path in kept.rglob("*.ipynb")}
    secrets = {name_of(path, kept): json.loads(path.read_text("utf-8")) for path in kept.rglob("*.json")}
    return Run(said, ran.returncode, notes.read_text("utf-8").splitlines(), texts, secrets)


# -- within the run: the plugin in pytest's process, and what it asks of a kernel


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: Any, nextitem: Any) -> None:
    """Keep what each cell gave; after a notebook's last cell, write it whole, while its kernel lives."""
    if KEEP not in os.environ or not hasattr(item, "test_outputs"):
        return
    outputs = item.parent.stash.setdefault(OUTPUTS, {})
    outputs[item.cell_num] = item.test_outputs
    if nextitem is not None and nextitem.parent is item.parent:
        return
    notebook = copy.deepcopy(item.parent.nb)
    for number, cell in enumerate(each for each in notebook.cells if each.cell_type == "code"):
        cell.outputs, cell.execution_count = outputs.get(number, []), number + 1
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number + 1  # nbval runs cells without history: the kernel counts none
    path = Path(os.environ[KEEP]) / item.path.relative_to(item.config.rootpath / "notebooks")
    path.parent.mkdir(exist_ok=True)
    written: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]  # nbformat ships half its types
    path.write_text(normalised(json.loads(written)), "utf-8")
    asked = f"from tests.secrets_met import keep_secrets; keep_secrets({str(path.with_suffix('.json'))!r})"
    item.parent.kernel.await_reply(item.parent.kernel.execute_cell_input(asked), timeout=SECONDS_PER_CELL)


OUTPUTS = pytest.StashKey[dict[int, Any]]()


@click.command()
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; return 1 when a notebook would change.")
def main(names: Sequence[str], check: bool) -> None:
    """Run every notebook, or those of NAMES such as solutions/05_push_enroll, write them, and say which has changed."""
    with tempfile.TemporaryDirectory() as folder:
        done = run(Path(folder), *names)
    changed = {name for name, text in done.texts.items() if text != (NOTEBOOKS / f"{name}.ipynb").read_text("utf-8")}
    for name, text in sorted(done.texts.items()):
        click.echo(f"{name}: {'changed' if name in changed else 'unchanged'}")
        if not check:
            (NOTEBOOKS / f"{name}.ipynb").write_text(text, "utf-8")
    if not check:
        HASHES.write_text(hashes(), "utf-8")
    failed = not done.texts or '"output_type": "error"' in "".join(done.texts.values())
    if failed:
        click.echo(f"{done.said}\nA cell failed: see above.")
    sys.exit(failed or (check and bool(changed)))


if __name__ == "__main__":
    main()
