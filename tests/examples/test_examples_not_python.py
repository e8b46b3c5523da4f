"""The examples for applications that are not Python: their shell lines, and a web application in Node, all run."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select

import httpx
import pytest
import yaml
from dotenv import dotenv_values

from auth0_mfa_lab.pytest_plugin import Auth0Mfa, Fault
from auth0_mfa_lab.secrets.pictures import pixels_of_svg
from tests.exports.export_served import must_be_there

EXAMPLES = Path(__file__).parents[2] / "examples" / "not_python"
WEB = EXAMPLES.with_name("node")
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
    assert steps()[install] == "pip install ./auth0-mfa-lab"
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
        assert first == install
        return str(rest).replace("$$", "$").replace("/auth0/", f"{tmp_path}/")

    # On this machine alone, and at a port that is free.
    serve = lines("auth0", "pip install --quiet /lab").replace("0.0.0.0", "127.0.0.1 --port 0")
    with subprocess.Popen(["sh", "-e", "-c", serve], cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert b"is ready" in server.stdout.readline()
            port = str(dotenv_values(tmp_path / "auth0.env")["AUTH0_DOMAIN"]).rpartition(":")[2]
            # What compose's own name server would say.
            (tmp_path / ".curlrc").write_text(f'resolve = "auth0:{port}:127.0.0.1"\n')
            done = shell(
                lines("app", "apk add --quiet curl jq"),
                TENANT=services["app"]["environment"]["TENANT"].replace("8443", port),
            )
            assert (done.returncode, done.stdout.strip()) == (0, f"https://auth0:{port}/"), done.stderr
        finally:
            server.terminate()


# -- the web application in Node


@pytest.fixture
def web(auth0_mfa: Auth0Mfa) -> Iterator[httpx.Client]:
    """A browser without a script, on the application that runs as its first lines say."""
    must_be_there("node")
    environment = {"PATH": os.environ["PATH"], "PORT": "0", **auth0_mfa.env}
    command = ["node", str(WEB / "server.mjs")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as app:
        try:
            assert app.stdout is not None
            url = app.stdout.readline().split()[0]
            headers = {"origin": url.rstrip("/")}
            with httpx.Client(
                base_url=url, headers=headers, timeout=SECONDS, follow_redirects=True, trust_env=False
            ) as http:
                yield http
        finally:
            app.terminate()
        assert app.stdout.read() == "", "it has nothing to say: no request has failed in it"


def test_the_web_application_has_a_screen_for_each_answer_and_keeps_its_secrets(
    auth0_mfa: Auth0Mfa, web: httpx.Client
) -> None:
    phone, user, seen = auth0_mfa.phone, auth0_mfa.user(), list[str]()

    def on(path: str, *, after: float = 5, **form: str) -> str:
        """Press the button of a path when so many seconds are over, and return the screen that comes."""
        auth0_mfa.clock.advance(after)
        answer = web.post(path, data=form).raise_for_status()
        seen.append(f"{answer.headers}{answer.text}")
        (screen,) = re.findall(r'data-screen="(\w+)"', answer.text)
        return str(screen)

    def log_in(password: str = user.password) -> str:
        return on("/login", username=user.username, password=password)

    def shown(pattern: str) -> str:
        (found,) = re.findall(pattern, seen[-1])
        return str(found)

    # The first login enrolls: the QR can be scanned, and the recovery code is shown once.
    assert (log_in("wrong"), shown('role="alert">([^<]+)')) == ("login", "This name and this password do not fit.")
    assert (log_in(), on("/poll")) == ("qr", "qr")
    phone.scan(pixels_of_svg(seen[-1]))
    assert on("/poll") == "done"
    recovery_code = shown("<code>(.*)</code>")

    # A push is waited for, also past a gateway that fails, and more slowly after a 429; then it is answered.
    assert (log_in(), on("/poll")) == ("wait", "wait")
    failures: dict[Fault, str] = {"html": "5", "429": "10"}
    for kind, gap in failures.items():
        auth0_mfa.fail_next(kind, route="/oauth/token")
        assert (on("/poll"), shown('again="(.*)"')) == ("wait", gap)
    for profile in ("docs", "recorded"):
        auth0_mfa.settings(profile=profile)
        phone.reject()
        assert (on("/poll"), on("/again")) == ("again", "wait")
    phone.allow()
    assert (on("/poll"), on("/restart")) == ("done", "login")

    # A code is the other way: the app's, or the recovery code, which a new one replaces.
    assert (log_in(), on("/use-code"), on("/code", code="000000")) == ("wait", "code", "code")
    assert "This code is wrong" in shown('role="alert">([^<]+)')
    assert on("/code", code=phone.code()) == "done"
    assert (log_in(), on("/use-code"), on("/code", code=recovery_code)) == ("wait", "code", "done")
    assert shown("<code>(.*)</code>") != recovery_code

    # Time ends a push. A form that has no login to go on with fails, and another site's is refused.
    assert (log_in(), on("/poll", after=300), on("/restart"), on("/again")) == ("wait", "expired", "login", "failed")
    for origin in ("https://other.example", "null"):
        assert web.post("/restart", headers={"origin": origin}).status_code == 403
    raw = (auth0_mfa.env["AUTH0_CLIENT_SECRET"], user.password, "Fe26.", "_token")
    assert [secret for secret in (*map(re.escape, raw), r"eyJ[\w-]+\.") if re.search(secret, "".join(seen))] == []
