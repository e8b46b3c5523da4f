"""Measures what an import of the package costs beside `import httpx`, as a ratio.

Run it with `python -m benchmarks.imports [ROUNDS]`: both are timed in turns, each in an interpreter of its own, without
the interpreter's own start. It exits 1 when the median of the ratios is over its bar.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

import click

ROUNDS = 15
BAR = 1.4
PACKAGE, LIBRARY = "from auth0_mfa_lab import Lab; Lab", "import httpx"
TIMED = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"


def seconds(statement: str) -> float:
    """Return how long a statement takes in a fresh interpreter."""
    # With its byte code kept, as where it is installed: else the package is compiled each time, and httpx is not.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", TIMED.format(statement)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def main(arguments: Sequence[str] = ()) -> int:
    """Print the medians and their ratio, after one round that does not count."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    pairs = [(seconds(PACKAGE), seconds(LIBRARY)) for _ in range(rounds + 1)][1:]
    ratio = median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (median(each) * 1000 for each in zip(*pairs, strict=True))
    click.echo(f"{PACKAGE}: {ours:.0f} ms; {LIBRARY}: {theirs:.0f} ms")
    click.echo(f"ratio {ratio:.2f} (at most {BAR})")
    return int(ratio > BAR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
