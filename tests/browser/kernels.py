"""Runs browser tests and notebooks on three kernels (`make kernels`), or again and again on busy cores (`make flakes`).

Each kernel has an environment of its own in .venv/kernels, which has what constraints.txt says, but for ipykernel.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ("6.30.*", "7.1.*", "newest")  # the newest in the range of pyproject.toml
BROWSER = ("tests/browser",)
PANELS = (*BROWSER, "--ignore=tests/browser/test_browser_page.py")
CELLS = ("-n", "auto", "--dist", "loadfile", "--nbval", "notebooks")
_run = partial(subprocess.run, cwd=ROOT, check=True, text=True)


def install(kernel: str) -> str:
    """Make the environment of a kernel, or bring it up to date; return its python."""
    folder = ROOT / ".venv" / "kernels" / kernel.removesuffix(".*")
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(folder)])
    constraints = folder / "constraints.txt"
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    constraints.write_text("\n".join(pin for pin in pins if not pin.startswith("ipykernel==")), encoding="utf-8")
    wanted = "ipykernel" if kernel == "newest" else f"ipykernel=={kernel}"
    _run([str(python), "-m", "pip", "install", "-q", "-U", "-c", str(constraints), "-e", ".[lab,test]", wanted])
    return str(python)


def tested(python: str, what: Sequence[str]) -> tuple[bool, str]:
    """Run pytest with a python; return whether each test passed, and which did not, with pytest's last line."""
    done = _run([python, "-m", "pytest", "-q", "-rfEs", *what], check=False, capture_output=True)
    sys.stdout.write(done.stdout)
    sys.stdout.flush()
    others = re.findall(r"^(?:FAILED|ERROR|SKIPPED) .*$", done.stdout, re.MULTILINE)
    return not (done.returncode or others), "\n".join([*others, *done.stdout.splitlines()[-1:]])


def on_kernels(kernels: Sequence[str]) -> Iterator[tuple[bool, str]]:
    for kernel in kernels:
        python, begun = install(kernel), time.monotonic()
        for what in (PANELS, CELLS):
            passed, said = tested(python, what)
            yield passed, f"ipykernel {kernel}, {what[-1]}, after {time.monotonic() - begun:.0f} s: {said}"


def again(count: int) -> Iterator[tuple[bool, str]]:
    """Yield how the browser tests go, so many times, while every core is busy."""
    counting = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield from (tested(sys.executable, BROWSER) for _ in range(count))
    finally:
        for each in counting:
            each.kill()
            each.wait()


def main(arguments: Sequence[str]) -> int:
    """Try the kernels (or those that are named), or `again COUNT`; return 1 when a test or a cell did not pass."""
    runs = [*(again(int(arguments[1])) if arguments[:1] == ["again"] else on_kernels(arguments or KERNELS))]
    said = [f"{sum(passed for passed, _ in runs)} of {len(runs)} runs passed", *(said for _, said in runs)]
    sys.stdout.write("\n".join(["", *said, ""]))
    return int(not all(passed for passed, _ in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
