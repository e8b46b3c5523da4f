"""README's lines for CI and for a tenant on a port, run as they are written, and its example as a suite of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "python"
PART = (ROOT / "README.md").read_text(encoding="utf-8").partition("## In CI")[2].partition("\n## ")[0]
FAULTS = (ROOT / "docs/sandbox.md").read_text(encoding="utf-8").partition("### Faults")[2].partition("\n## ")[0]
SECONDS = 60


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


def test_the_three_lines_log_a_user_in_after_a_fault_was_set_listed_and_removed(tmp_path: Path) -> None:
    """The folder is a clone for these lines: the examples, the .venv that runs the tests, and a `make` that knows the
    recipe of `serve` alone, on a free port: the real one would install, and 8443 may be taken.
    """
    (recipe,) = re.findall(r"^serve: setup\n\t@(.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    (tmp_path / "bin").mkdir()
    make = tmp_path / "bin" / "make"
    make.write_text(f'#!/bin/sh\n[ "$*" = serve ] && {recipe.replace("$(SERVE)", "--port 0")}\n', encoding="utf-8")
    make.chmod(0o755)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    serve, app, allow = re.findall(r"```sh\n(.*?)```", PART, re.DOTALL)[0].strip().splitlines()
    with terminal(serve, tmp_path) as server:
        assert "is ready" in first_line(server)
        with terminal(re.findall(r"```sh\n(.*?)```", FAULTS, re.DOTALL)[0], tmp_path) as faults:
            fault = '{"kind":"429","times":2,"route":"POST /oauth/token","retry_after":3}'
            assert faults.communicate(timeout=SECONDS)[0] == f'{fault}{{"faults":[{fault}]}}'
        with terminal(app, tmp_path) as waiting:
            assert first_line(waiting) == "Look at your phone: a push is there.\n"
            with terminal(allow, tmp_path) as allowed:
                assert allowed.wait(SECONDS) == 0
            said, _ = waiting.communicate(timeout=SECONDS)
    assert re.search(r"^200: .*access_token.*id_token", said, re.MULTILINE), said


MINE = """
import ssl

import httpx
from login import log_in


def my_login(env, username, password, wait):
    trusted = ssl.create_default_context(cafile=env["AUTH0_CA_FILE"])
    app = {"client_id": env["AUTH0_CLIENT_ID"], "client_secret": env["AUTH0_CLIENT_SECRET"]}
    with httpx.Client(base_url=f"https://{env['AUTH0_DOMAIN']}", verify=trusted) as http:
        return log_in(http, app, username, password, wait=wait)


"""
MISTAKES = {
    # What a test fails for, in a word of its name: what is right in the example, and what is wrong
    "rejected": ('"authorization_pending", ', '"authorization_pending", "invalid_grant", "access_denied", '),
    "gateway": ("answer.status_code >= 500 or ", ""),
}


def test_the_example_and_the_readmes_test_for_pytest_pass_and_a_mistake_in_the_example_fails(tmp_path: Path) -> None:
    for file in EXAMPLE.glob("*.py"):
        shutil.copy(file, tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", PART, re.DOTALL)
    (tmp_path / "test_mine.py").write_text(MINE + block, encoding="utf-8")
    source, tests = ((EXAMPLE / name).read_text("utf-8") for name in ("login.py", "test_login.py"))
    chosen = ["test_login.py", "test_mine.py"]
    for name, (right, wrong) in MISTAKES.items():
        assert right in source
        (tmp_path / f"login_{name}.py").write_text(source.replace(right, wrong), encoding="utf-8")
        mistaken = tests.replace("from login import", f"from login_{name} import")
        (tmp_path / f"test_{name}.py").write_text(mistaken, encoding="utf-8")
        chosen += [f"test_{name}.py::{each}" for each in re.findall(rf"^def (test_\w*{name}\w*)", tests, re.MULTILINE)]
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-rA", "-p", "no:nbval", *chosen]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
    told = re.findall(r"^(PASSED|FAILED) (test_\w+)\.py", done.stdout, re.MULTILINE)
    right_ones = [("PASSED", "test_login")] * (tests.count("\ndef test_") + 1) + [("PASSED", "test_mine")]
    assert sorted(told) == [("FAILED", "test_gateway"), *[("FAILED", "test_rejected")] * 2, *right_ones], done.stdout
