"""Runs the notebooks 00 to 12 on a served sandbox: `make test-served`. What they print differs only in the domain.

A copy of the saved notebooks, with the server's domain in the place of the sandbox's, is run under nbval in a folder
of its own; nothing that is saved is changed.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from nbval.plugin import IPyNbCell

from auth0_mfa_lab.secrets.pictures import codes_in, pixels_of_svg
from auth0_mfa_lab.show.qr import picture_style, qr_svg
from tests.execute_notebooks import SECONDS_PER_CELL
from tests.serve.serving import serving

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = ROOT / "notebooks"
HOME = "sandbox.example"
OPENED = re.compile(r"(\w+) = Lab\.sandbox\(")
NAMES = re.compile(r"\w+")
DRAWN = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)([^<>]*?)min-width:\d+px")
SECONDS_FOR_OUTPUT = 30


def clean_environment() -> dict[str, str]:
    """Return the environment without what it says about a tenant."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTH0_")}
    return kept | {"AUTH0_LAB_RAISE": "1", "PYTHONPATH": str(ROOT)}


def as_served(text: str, domain: str) -> str:
    """Return a saved text with another domain in the sandbox's place: in URLs within URLs, and in drawn QRs, too."""
    moved = text.replace(f"%2F%2F{HOME}", f"%2F%2F{quote(domain)}").replace(HOME, domain)
    return DRAWN.sub(lambda drawn: _redrawn(drawn[1], drawn[2], domain), moved)


def _redrawn(data: str, between: str, domain: str) -> str:
    (uri,) = codes_in(pixels_of_svg(b64decode(data).decode()))
    svg = qr_svg(as_served(uri, domain))
    least = re.search(r"min-width:\d+px", picture_style(svg))
    assert least is not None
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}{between}{least[0]}"


def served_copy(notebook: dict[str, Any], domain: str) -> dict[str, Any]:
    """Return a notebook as a served run must print it.

    A cell that speaks to a sandbox which the notebook opened itself keeps its text: that one stays in process.
    """
    own: set[str] = set()
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            own |= set(OPENED.findall(source))
            if not own & set(NAMES.findall(source)):
                cell["outputs"] = json.loads(as_served(json.dumps(cell["outputs"]), domain))
    return notebook


def copied(names: Sequence[str], folder: Path, domain: str) -> list[Path]:
    """Copy the notebooks whose names begin like one of `names`."""
    copies = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if path.name.startswith(tuple(names)):
            copies.append(folder / path.name)
            copies[-1].write_text(json.dumps(served_copy(json.loads(path.read_text("utf-8")), domain)), "utf-8")
    return copies


def run(names: Sequence[str]) -> int:
    """Run these notebooks one after the other on one server, and return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="auth0-mfa-lab-") as name:
        folder = Path(name)
        # The search for .env ends where a project begins.
        (folder / "pyproject.toml").touch()
        options = ("--seed", "1", "--clock", "frozen")
        with serving(folder / ".env", *options, env=clean_environment()) as (_, variables):
            copies = copied(names, folder, variables["AUTH0_DOMAIN"])
            command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "--rootdir", name]
            command += ["-p", "no:cacheprovider", "-p", "tests.serve.served_notebooks"]
            command += ["--nbval", "--nbval-current-env", f"--nbval-cell-timeout={SECONDS_PER_CELL}", *map(str, copies)]
            return subprocess.run(command, cwd=folder, env=clean_environment(), check=False).returncode


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a slow machine time: nbval's own limit for a cell's output is 5 seconds, and cannot be set."""
    if isinstance(item, IPyNbCell):
        item.output_timeout = SECONDS_FOR_OUTPUT


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:] or [f"{number:02d}" for number in range(13)]))
