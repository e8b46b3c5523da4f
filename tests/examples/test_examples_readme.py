"""The README's three lines for a tenant on a port, run as they are written, and its test for pytest."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PART = README.partition("## On a port")[2].partition("## Secrets")[0]
SECONDS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is a clone for these lines: the examples, the .venv that runs the tests, and a `make` that knows
    the recipe of `serve` alone, on a free port: the real one would install, and 8443 may be taken.
    """
    (recipe,) = re.findall(r"^serve: setup\n\t@(.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    (tmp_path / "bin").mkdir()
    make = tmp_path / "bin" / "make"
    make.write_text(f'#!/bin/sh\n[ "$*" = serve ] && {recipe.replace("$(SERVE)", "--port 0")}\n', encoding="utf-8")
    make.chmod(0o755)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    return tmp_path


@contextmanager
def terminal(line: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run one line in a shell of its own, and end what is left of it."""
    with subprocess.Popen(
        ["sh", "-c", line],
        cwd=folder,
        env={"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGTERM)


def first_line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline()


def test_the_three_lines_log_somebody_in(folder: Path) -> None:
    serve, app, allow = re.findall(r"```sh\n(.*?)```", PART, re.DOTALL)[0].strip().splitlines()
    with terminal(serve, folder) as server:
        assert "is ready" in first_line(server)
        with terminal(app, folder) as waiting:
            assert first_line(waiting) == "Look at your phone: a push is there.\n"
            with terminal(allow, folder) as allowed:
                assert allowed.wait(SECONDS) == 0
            said, _ = waiting.communicate(timeout=SECONDS)
    assert re.search(r"^200: .*access_token.*id_token", said, re.MULTILINE), said


def test_the_test_for_pytest_passes(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PART, re.DOTALL)
    shutil.copy(ROOT / "examples" / "python" / "login.py", tmp_path)
    mine = """
import ssl

import httpx
from login import log_in


def my_login(env, username, password, wait):
    trusted = ssl.create_default_context(cafile=env["AUTH0_CA_FILE"])
    app = {"client_id": env["AUTH0_CLIENT_ID"], "client_secret": env["AUTH0_CLIENT_SECRET"]}
    with httpx.Client(base_url=f"https://{env['AUTH0_DOMAIN']}", verify=trusted) as http:
        return log_in(http, app, username, password, wait=wait)


"""
    (tmp_path / "test_mine.py").write_text(mine + block, encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
