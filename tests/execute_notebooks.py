"""Runs the notebooks and writes them in their committed form, and the list of their hashes: `make notebooks`.

Equal runs give equal bytes: what a run leaves of time, version and widgets is dropped.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from auth0_mfa_lab.cli.open import HASHES

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SECONDS_PER_CELL = 60


def notebooks() -> list[Path]:
    """Return the paths of all notebooks, in reading order."""
    return sorted(path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def executed(path: Path) -> str:
    """Run a notebook in a fresh kernel, in the sandbox, and return it in its committed form."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat ships half its types
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
    )
    with sandboxed():
        client.execute()
    return normalised(json.loads(nbformat.writes(notebook)))  # type: ignore[no-untyped-call]


def normalised(notebook: dict[str, Any]) -> str:
    """Return a notebook as text, without what differs between two equal runs."""
    for number, cell in enumerate(notebook["cells"], 1):
        cell["id"] = f"cell-{number:02d}"
        cell["metadata"].pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def hashes() -> str:
    """Return the list of the notebooks' hashes, as `sha256sum` writes it in their folder."""
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(NOTEBOOKS).as_posix()}\n"
        for path in notebooks()
    )


@contextmanager
def sandboxed() -> Iterator[None]:
    """Let a kernel that is started meanwhile see the sandbox, whatever the environment says."""
    kept = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AUTH0_")]:
        del os.environ[name]
    os.environ |= {"AUTH0_LAB_TENANT": "sandbox", "AUTH0_LAB_RAISE": "1"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def main() -> None:
    """Run every notebook, or those that are named, and say which has changed."""
    wanted = sys.argv[1:]
    for path in notebooks():
        name = path.relative_to(NOTEBOOKS).with_suffix("").as_posix()
        if wanted and name not in wanted:
            continue
        before, after = path.read_text(encoding="utf-8"), executed(path)
        path.write_text(after, encoding="utf-8")
        sys.stdout.write(f"{name}: {'unchanged' if after == before else 'changed'}\n")
    HASHES.write_text(hashes(), encoding="utf-8")


if __name__ == "__main__":
    main()
