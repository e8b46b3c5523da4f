"""Runs the browser tests of the panels, and the notebooks, on three kernels: `make kernels`.

Each kernel has an environment of its own in .venv/kernels, which has what constraints.txt says, but for ipykernel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".venv" / "kernels"
KERNELS = ("6.30.*", "7.1.*", "newest")
"""Which ipykernel: a version, or the newest in the range of pyproject.toml."""
WITHOUT_A_KERNEL = ("test_browser_mermaid.py", "test_browser_page.py")
BROWSER = ["-n", "2", "--dist", "worksteal", "tests/browser"]
PANELS = [*BROWSER, *(f"--ignore=tests/browser/{name}" for name in WITHOUT_A_KERNEL)]
CELLS = ["-n", "auto", "--dist", "loadfile", "--nbval", "notebooks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of one run of pytest: how many tests there were, and which did not pass."""

    tests: int
    failed: tuple[str, ...]

    @classmethod
    def of(cls, report: Path) -> Ran:
        """Read pytest's report in JUnit's form; a run that wrote none had no tests."""
        cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
        failed = [case for case in cases if {each.tag for each in case} & {"failure", "error", "skipped"}]
        return cls(tests=len(cases), failed=tuple(str(case.get("name")) for case in failed))

    @property
    def is_well(self) -> bool:
        """Whether there were tests, and none failed or was skipped."""
        return self.tests > 0 and not self.failed

    def __str__(self) -> str:
        return str(self.tests) if self.is_well else f"{self.tests - len(self.failed)} of {self.tests}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: what one kernel did; `seconds` are those of its tests and cells."""

    version: str
    browser: Ran
    cells: Ran
    seconds: float


def table(rows: Sequence[Row]) -> str:
    """Return the table of what was run."""
    lines = [f"{'ipykernel':<12}{'browser tests':>16}{'cells':>14}{'seconds':>10}"]
    lines += [f"{row.version:<12}{row.browser!s:>16}{row.cells!s:>14}{row.seconds:>10.0f}" for row in rows]
    return "\n".join(lines)


def install(kernel: str) -> Path:
    """Make the environment of a kernel, or bring it up to date; return its python."""
    folder = ENVIRONMENTS / kernel.removesuffix(".*")
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = shutil.which("uv")
    if not python.exists():
        _run([uv, "venv", "--quiet", str(folder)] if uv else [sys.executable, "-m", "venv", str(folder)])
    constraints = folder / "constraints.txt"
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    constraints.write_text("\n".join(pin for pin in pins if not pin.startswith("ipykernel==")), encoding="utf-8")
    pip = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    wanted = "ipykernel" if kernel == "newest" else f"ipykernel=={kernel}"
    _run([*pip, "--quiet", "--upgrade", "-c", str(constraints), "-e", ".[lab,test]", wanted])
    return python


def tried(python: Path) -> Row:
    """Run the browser tests of the panels, and the notebooks, with a kernel."""
    version = subprocess.run(
        [str(python), "-c", "import ipykernel; print(ipykernel.__version__)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    sys.stdout.write(f"== ipykernel {version}\n")
    sys.stdout.flush()
    begun = time.monotonic()
    browser, cells = tested(python, PANELS), tested(python, CELLS)
    return Row(version=version, browser=browser, cells=cells, seconds=time.monotonic() - begun)


def tested(python: Path, what: Sequence[str]) -> Ran:
    """Run pytest with a python, and return what came of it; what it says is seen as it is said."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run([str(python), "-m", "pytest", "-q", f"--junit-xml={report}", *what], cwd=ROOT, check=False)
        return Ran.of(report)


def main(arguments: Sequence[str]) -> int:
    """Try the kernels, or those that are named; return 1 when a test or a cell did not pass on one of them."""
    rows = [tried(install(kernel)) for kernel in arguments or KERNELS]
    sys.stdout.write(f"\n{table(rows)}\n")
    return int(not all(row.browser.is_well and row.cells.is_well for row in rows))


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
