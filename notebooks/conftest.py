"""Lets each notebook run in the sandbox under nbval, whatever the environment and a `.env` say."""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

SECONDS_FOR_OUTPUT, SECONDS_FOR_CELL = 30, 60


class SandboxedNotebook(IPyNbFile):  # type: ignore[misc]  # nbval ships no types
    """A notebook whose kernel sees no setting but these two."""

    def setup(self) -> None:
        """Start the kernel, which takes the environment of this process over; one that dies is started once more."""
        kept = dict(os.environ)
        for name in [name for name in os.environ if name.startswith("AUTH0_")]:
            del os.environ[name]
        os.environ |= {"AUTH0_LAB_TENANT": "sandbox", "AUTH0_LAB_RAISE": "1"}
        try:
            super().setup()
        except RuntimeError as problem:  # a port that was free for it is taken by the time it listens
            said = f"the kernel of {self.name} died as it started, and is started again: {problem}"
            warnings.warn(said, stacklevel=1)
            super().setup()
        finally:
            os.environ.clear()
            os.environ.update(kept)


def pytest_configure(config: pytest.Config) -> None:
    """Run the kernel of this environment, whichever a notebook names, and bound each cell."""
    config.option.nbval_current_env, config.option.nbval_cell_timeout = True, SECONDS_FOR_CELL


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Collect each notebook as one that is sandboxed."""
    found = yield
    return [
        SandboxedNotebook.from_parent(parent, path=file_path) if type(each) is IPyNbFile else each for each in found
    ]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a slow machine time: nbval's own limit for a cell's output is 5 seconds, and cannot be set."""
    if isinstance(item, IPyNbCell):
        item.output_timeout = SECONDS_FOR_OUTPUT
