"""Runs the browser tests again and again while every core is busy: `make flakes COUNT=20`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.browser.kernels import BROWSER, Ran, tested


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy with a process that counts."""
    counting = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(counting) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in processes:
            each.kill()
            each.wait()


def summary(runs: Sequence[Ran]) -> str:
    """Return how many runs were well, and which tests were not, with how often."""
    failed = Counter(name for run in runs for name in run.failed)
    lines = [f"{sum(run.is_well for run in runs)} of {len(runs)} runs passed"]
    return "\n".join(lines + [f"{count} × {name}" for name, count in failed.most_common()])


def main(arguments: Sequence[str]) -> int:
    """Run the tests so many times, once unless told; return 1 when one run failed."""
    runs = []
    with busy_cores():
        for number in range(1, int(arguments[0] if arguments else 1) + 1):
            begun = time.monotonic()
            runs.append(tested(Path(sys.executable), [*BROWSER, *arguments[1:]]))
            sys.stdout.write(f"== run {number}: {runs[-1]} passed, {time.monotonic() - begun:.0f} s\n")
            sys.stdout.flush()
    sys.stdout.write(f"{summary(runs)}\n")
    return int(not all(run.is_well for run in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
