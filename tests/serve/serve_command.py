"""The command `auth0-mfa-lab serve` as a process: one that serves, and one that refuses to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAIN = "from auth0_mfa_lab.cli import main; main()"
SECONDS = 60.0


@contextmanager
def serving_process(*options: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command on a free port, and give its process and its ready line."""
    command = [sys.executable, "-c", MAIN, "serve", *([] if "--port" in options else ["--port", "0"]), *options]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().rstrip("\n")
    finally:
        process.kill()
        process.communicate()


def refused(*options: str, cwd: Path) -> str:
    """Return what the command says when it does not start."""
    command = [sys.executable, "-c", MAIN, "serve", *options]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    return ended.stderr
