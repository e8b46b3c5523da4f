"""The shell lines of the examples for applications that are not Python, run with sh, curl and jq."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

EXAMPLES = Path(__file__).parents[2] / "examples" / "not_python"
SECONDS = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell's environment: our commands first, none of our variables; without curl or jq the test fails."""
    if missing := [name for name in ("curl", "jq") if shutil.which(name) is None]:
        pytest.fail(f"not installed: {' and '.join(missing)}, which the shell lines of examples/not_python need")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "CURL_HOME": str(tmp_path)}


def shell(lines: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run lines as a step of a workflow runs: the first failure ends them."""
    return subprocess.run(
        ["sh", "-e", "-c", lines],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def steps() -> dict[str, str]:
    """Return what the workflow's steps run, by their names."""
    workflow = yaml.safe_load((EXAMPLES / "workflow.yml").read_text("utf-8"))
    return {each["name"]: each["run"] for each in workflow["jobs"]["logins"]["steps"] if "run" in each}


@pytest.fixture
def started(tmp_path: Path, environment: dict[str, str]) -> Iterator[Path]:
    """The folder in which the workflow has started the sandbox, as its own step does."""
    done = shell(steps()["Start it"], tmp_path, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    yield tmp_path
    pid = int((tmp_path / "sandbox.pid").read_text())
    if is_running(pid):
        os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Say whether a process is there and is no zombie, which waits for whoever is its parent now."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_workflow_logs_in_and_stops(started: Path, environment: dict[str, str]) -> None:
    names = list(steps())
    assert names[:2] == ["Install the sandbox", "Start it"]
    assert names[-1] == "Stop it"
    for name in names[2:-1]:
        done = shell(steps()[name], started, environment)
        assert done.returncode == 0, f"{name}\n{done.stdout}{done.stderr}"
        assert done.stderr == ""
        assert done.stdout.strip(), "the step says what it has done"
    pid = int((started / "sandbox.pid").read_text())
    assert is_running(pid)
    assert shell(steps()["Stop it"], started, environment).returncode == 0
    until = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(pid)


def test_a_push_that_nobody_allows_fails_the_step(started: Path, environment: dict[str, str]) -> None:
    lines = steps()["Log in by a push that is allowed"]
    assert "auth0-mfa-lab phone allow" in lines
    done = shell(lines.replace("auth0-mfa-lab phone allow", "auth0-mfa-lab phone reject"), started, environment)
    assert done.returncode != 0


def test_a_sandbox_that_does_not_start_fails_the_step(tmp_path: Path, environment: dict[str, str]) -> None:
    lines = steps()["Start it"].replace("--port 0", "--port 0 --no-such-option").replace("seq 150", "seq 5")
    done = shell(lines, tmp_path, environment)
    assert done.returncode == 1
    assert "--no-such-option" in done.stdout


def test_the_compose_file_s_application_logs_in_by_the_service_s_name(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    services = yaml.safe_load((EXAMPLES / "compose.yml").read_text("utf-8"))["services"]

    def lines(service: str, install: str) -> str:
        """Return a service's lines as compose hands them to sh, without what installs; its volume is our folder."""
        program, option, text = services[service]["command"]
        assert (program, option) == ("sh", "-c")
        first, rest = text.split("\n", 1)
        assert first.startswith(install)
        return str(rest).replace("$$", "$").replace("/auth0/", f"{tmp_path}/")

    # On this machine alone, and at a port that is free.
    serve = lines("auth0", "pip install").replace("0.0.0.0", "127.0.0.1 --port 0")
    with subprocess.Popen(["sh", "-e", "-c", serve], cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert b"is ready" in server.stdout.readline()
            port = str(dotenv_values(tmp_path / "auth0.env")["AUTH0_DOMAIN"]).rpartition(":")[2]
            # What compose's own name server would say.
            (tmp_path / ".curlrc").write_text(f'resolve = "auth0:{port}:127.0.0.1"\n')
            tenant = services["app"]["environment"]["TENANT"].replace("8443", port)
            done = shell(lines("app", "apk add"), tmp_path, {**environment, "TENANT": tenant})
            assert done.returncode == 0, done.stdout + done.stderr
            assert done.stdout.strip() == f"https://auth0:{port}/"
        finally:
            server.terminate()


def test_a_machine_without_curl_is_told_so(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="not installed: curl and jq"):
        request.getfixturevalue("environment")
