"""Runs the notebooks on a live tenant and judges them by their claims: `make test-live`, and `make test-served`.

`make test-live` runs those that need nobody on the tenant of `.env`, with the virtual phone, and says of the others
what they need. `make test-served` runs the same ones, and 12, on a second sandbox that plays the tenant.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from tests.execute_notebooks import NOTEBOOKS

SECONDS_PER_CELL = 600
"""A push that nobody answers is polled for 5 minutes."""
SKIPPED = "skipped: "
HELD = "✓ "


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A notebook, and what it needs on a live tenant: the Management API's credentials, or a `person` to do what.

    Every one that needs nobody has the virtual phone.
    """

    number: str
    management: bool = False
    person: str = ""

    @property
    def path(self) -> Path:
        """Where the notebook is."""
        return next(NOTEBOOKS.glob(f"{self.number}_*.ipynb"))


LESSONS = (
    Lesson(number="00"),
    Lesson(number="01"),
    Lesson(number="02", management=True),
    Lesson(number="03", management=True),
    Lesson(number="04", person="somebody has to read the codes that come by SMS, by a call and by email"),
    Lesson(number="05", management=True),
    Lesson(number="06", person="somebody has to allow a push on their own phone"),
    Lesson(number="07", person="somebody has to reject a push, to allow one and to ignore one on their own phone"),
    Lesson(number="08", management=True),
    Lesson(number="09", management=True),
    Lesson(number="10", person="somebody has to read the codes that come by SMS"),
    Lesson(number="11", management=True),
)
"""Which notebook needs what. 02, 03, 05, 08 and 09 leave authenticators, which a throw-away user takes with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a notebook ran: what it claimed and held, the claims that time had not come for, and the first failure."""

    name: str
    held: int = 0
    skipped: tuple[str, ...] = ()
    failed: str | None = None
    texts: tuple[str, ...] = field(default=(), repr=False)

    def line(self) -> str:
        """Return it as a line of the report."""
        if self.failed is not None:
            return f"{self.name}: FAILED in {self.failed}"
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        return "\n".join([f"{self.name}: {self.held} claims hold{skipped}", *(f"    {each}" for each in self.skipped)])


def run_notebook(path: Path, environ: Mapping[str, str], folder: Path) -> Ran:
    """Run a notebook in a kernel of its own, with this environment and in this folder; its first failure ends it."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat ships half its types
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
    )
    failed: str | None = None
    try:
        client.execute(env=dict(environ))
    except CellExecutionError as failure:
        failed = f"cell {_failed_at(notebook.cells)}: {failure.ename}: {failure.evalue}"
    except CellTimeoutError:
        failed = f"cell {_failed_at(notebook.cells)}: it took more than {SECONDS_PER_CELL} seconds"
    texts = tuple(_texts(notebook.cells))
    asserts = sum(_asserts(cell) for cell in notebook.cells[: _failed_at(notebook.cells)])
    return Ran(
        name=path.stem,
        held=asserts + sum(each.startswith(HELD) for each in texts),
        skipped=tuple(each.partition("\n")[0] for each in texts if each.startswith(SKIPPED)),
        failed=failed,
        texts=texts,
    )


def _texts(cells: list[Any]) -> list[str]:
    """Return what the cells show as text."""
    outputs = [each for cell in cells for each in cell.get("outputs", ())]
    return ["".join(each["data"].get("text/plain", "")) for each in outputs if "data" in each]


def _failed_at(cells: list[Any]) -> int:
    """Return the number of the cell that failed; of all cells when none did."""
    for number, cell in enumerate(cells, 1):
        if any(each["output_type"] == "error" for each in cell.get("outputs", ())):
            return number
    return len(cells)


def _asserts(cell: Any) -> int:
    """Return how many assertions a cell makes."""
    lines = "".join(cell["source"]).splitlines() if cell["cell_type"] == "code" else []
    return sum(line.startswith("assert ") for line in lines)


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
