"""Runs the browser tests again and again while every core is busy: `make flakes COUNT=20`."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.browser.kernels import BROWSER, tested


def main(count: int) -> int:
    """Run the tests so many times, and say at the end how each run went; return 1 when one failed."""
    counting = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        runs = [tested(sys.executable, BROWSER) for _ in range(count)]
    finally:
        for each in counting:
            each.kill()
            each.wait()
    said = [f"{sum(passed for passed, _ in runs)} of {count} runs passed", *(said for _, said in runs)]
    sys.stdout.write("\n".join(["", *said, ""]))
    return int(not all(passed for passed, _ in runs))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
