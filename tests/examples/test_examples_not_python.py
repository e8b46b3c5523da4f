"""The shell lines of the examples for applications that are not Python, run with sh, curl and jq."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select

import pytest
import yaml
from dotenv import dotenv_values

from tests.exports.export_served import must_be_there

EXAMPLES = Path(__file__).parents[2] / "examples" / "not_python"
SECONDS = 60
Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell's environment: our commands first, none of our variables."""
    must_be_there("curl", "jq")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "CURL_HOME": str(tmp_path)}


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str]) -> Shell:
    """Run lines as a step of a workflow runs: the first failure ends them."""

    def run(lines: str, **others: str) -> subprocess.CompletedProcess[str]:
        options = {"cwd": tmp_path, "env": {**environment, **others}, "timeout": SECONDS}
        return subprocess.run(["sh", "-e", "-c", lines], **options, capture_output=True, text=True, check=False)  # type: ignore[call-overload,no-any-return]  # keywords of the call

    return run


def steps() -> dict[str, str]:
    """Return what the workflow's steps run, by their names."""
    workflow = yaml.safe_load((EXAMPLES / "workflow.yml").read_text("utf-8"))
    return {each["name"]: each["run"] for each in workflow["jobs"]["logins"]["steps"] if "run" in each}


def test_the_workflow_logs_in_fails_where_a_push_is_not_allowed_and_stops(tmp_path: Path, shell: Shell) -> None:
    install, start, *logins, stop = steps()
    assert (install, start, stop) == ("Install the sandbox", "Start it", "Stop it")
    done = shell(steps()[start])
    assert done.returncode == 0, done.stdout + done.stderr
    sandbox = os.pidfd_open(int((tmp_path / "sandbox.pid").read_text()))
    try:
        for name in logins:
            done = shell(steps()[name])
            assert (done.returncode, done.stderr) == (0, ""), f"{name}\n{done.stdout}{done.stderr}"
            assert done.stdout.strip(), "the step says what it has done"
        lines = steps()["Log in by a push that is allowed"]
        assert "auth0-mfa-lab phone allow" in lines
        assert shell(lines.replace("auth0-mfa-lab phone allow", "auth0-mfa-lab phone reject")).returncode != 0
        assert not select([sandbox], [], [], 0)[0]
        assert shell(steps()[stop]).returncode == 0
        assert select([sandbox], [], [], SECONDS)[0], "the sandbox did not stop"
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(sandbox, signal.SIGKILL)
        os.close(sandbox)


def test_a_sandbox_that_does_not_start_fails_the_step(shell: Shell) -> None:
    done = shell(steps()["Start it"].replace("--port 0", "--port 0 --no-such-option").replace("sleep 0.2", "wait"))
    assert (done.returncode, "--no-such-option" in done.stdout) == (1, True)


def test_the_compose_files_application_finds_the_service(
    tmp_path: Path, environment: dict[str, str], shell: Shell
) -> None:
    services = yaml.safe_load((EXAMPLES / "compose.yml").read_text("utf-8"))["services"]

    def lines(service: str, install: str) -> str:
        """Return a service's lines as compose hands them to sh, without what installs; its volume is our folder."""
        first, rest = services[service]["command"][2].split("\n", 1)
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
            done = shell(lines("app", "apk add"), TENANT=services["app"]["environment"]["TENANT"].replace("8443", port))
            assert (done.returncode, done.stdout.strip()) == (0, f"https://auth0:{port}/"), done.stderr
        finally:
            server.terminate()
