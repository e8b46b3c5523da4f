"""`auth0-mfa-lab serve` as a process: its one line, its env file, its end, and what it refuses to start with."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import stat
import subprocess
import time
from pathlib import Path

import certifi
import httpx
import pytest
from click import ClickException
from dotenv import dotenv_values

from auth0_mfa_lab.cli.serve import dotenv
from tests.serve.serve_command import SECONDS, refused, serving_process

CONFIGURATION = "/.well-known/openid-configuration"
NAMES = (
    *("AUTH0_LAB_TENANT", "AUTH0_DOMAIN", "AUTH0_CA_FILE", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"),
    *("AUTH0_PUBLIC_CLIENT_ID", "AUTH0_MGMT_CLIENT_ID", "AUTH0_MGMT_CLIENT_SECRET", "AUTH0_USERNAME"),
    *("AUTH0_PASSWORD", "AUTH0_PHONE_NUMBER", "AUTH0_EMAIL", "AUTH0_AUDIENCE", "AUTH0_LAB_TOKEN"),
    *("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name a shell would take apart."""
    made = tmp_path / "my project $HOME"
    made.mkdir()
    return made


def client(values: dict[str, str | None]) -> httpx.Client:
    context = ssl.create_default_context(cafile=values["AUTH0_CA_FILE"])
    return httpx.Client(verify=context, base_url=f"https://{values['AUTH0_DOMAIN']}", trust_env=False)


def test_the_env_file_says_all_that_an_application_needs(folder: Path) -> None:
    with serving_process("--env-file", "lab.env", cwd=folder) as (_, line):
        values = dotenv_values(folder / "lab.env", interpolate=False)
        assert tuple(sorted(values)) == tuple(sorted(NAMES))
        assert line == f"https://{values['AUTH0_DOMAIN']}/ is ready; its settings are in lab.env (Ctrl-C stops it)"
        with client(values) as http:
            assert http.get(CONFIGURATION).json()["issuer"] == f"https://{values['AUTH0_DOMAIN']}/"
            login = {"grant_type": "password", "client_id": values["AUTH0_CLIENT_ID"]}
            login |= {"client_secret": values["AUTH0_CLIENT_SECRET"], "audience": values["AUTH0_AUDIENCE"]}
            login |= {"username": values["AUTH0_USERNAME"], "password": values["AUTH0_PASSWORD"]}
            assert http.post("/oauth/token", data=login).json()["error"] == "mfa_required"
            bearer = {"authorization": f"Bearer {values['AUTH0_LAB_TOKEN']}"}
            assert http.get("/_lab/state", headers=bearer).status_code == 200
        bundle = Path(str(values["SSL_CERT_FILE"])).read_bytes()
        assert Path(str(values["AUTH0_CA_FILE"])).read_bytes().partition(b"\n")[2] in bundle
        assert Path(certifi.where()).read_bytes().rstrip() in bundle


def test_nobody_else_can_read_the_env_file_or_its_certificates(folder: Path) -> None:
    before = os.umask(0)
    try:
        with serving_process("--env-file", "lab.env", cwd=folder):
            written = list(folder.iterdir())
            assert {each.name for each in written} == {"lab.env", "lab.env.ca.pem", "lab.env.bundle.pem"}
            assert {stat.S_IMODE(each.stat().st_mode) for each in written} == {0o600}
            assert not any("PRIVATE" in each.read_text() for each in written)
    finally:
        os.umask(before)


def test_sh_and_python_dotenv_read_the_same_values(folder: Path) -> None:
    with serving_process("--env-file", "lab.env", cwd=folder):
        script = "set -eu; set -a; . ./lab.env; env -0"
        shell = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True, check=True, env={})
        seen = dict(each.split("=", 1) for each in shell.stdout.split("\0") if "=" in each)
        assert {name: seen.get(name) for name in NAMES} == dotenv_values(folder / "lab.env", interpolate=False)
        assert str(folder) in seen["AUTH0_CA_FILE"]


@pytest.mark.parametrize(
    "value", ["a", "", "a b", "a$HOME", "a`b`", "a#b", " a ", "it's", "a;b", "*", "~", 'a"b', "ä", "a|b&c"]
)
def test_a_value_survives_both_readers(tmp_path: Path, value: str) -> None:
    file = tmp_path / "x.env"
    file.write_text(dotenv({"NAME": value}), encoding="utf-8")
    read = subprocess.run(["sh", "-c", '. ./x.env; printf %s "$NAME"'], cwd=tmp_path, capture_output=True, check=True)
    assert read.stdout.decode() == value
    assert dotenv_values(file) == {"NAME": value}


@pytest.mark.parametrize("value", ["it's $5", "a\nb", "a\\b"])
def test_a_value_that_no_spelling_carries_is_refused(value: str) -> None:
    with pytest.raises(ClickException):
        dotenv({"NAME": value})


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_long_before_a_slow_answer_that_is_under_way(folder: Path, ending: signal.Signals) -> None:
    with serving_process("--env-file", "lab.env", cwd=folder) as (process, _):
        values = dotenv_values(folder / "lab.env", interpolate=False)
        with client(values) as http, socket.create_connection(("127.0.0.1", http.base_url.port or 0)):
            bearer = {"authorization": f"Bearer {values['AUTH0_LAB_TOKEN']}"}
            http.post("/_lab/faults", headers=bearer, json={"kind": "slow", "seconds": 60}).raise_for_status()
            with pytest.raises(httpx.ReadTimeout):
                http.get(CONFIGURATION, timeout=0.2)
            began = time.monotonic()
            process.send_signal(ending)
            assert process.wait(SECONDS) == 0
            assert time.monotonic() - began < 15
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_after_a_kill_the_next_start_begins_anew(folder: Path) -> None:
    with serving_process("--env-file", "lab.env", cwd=folder) as (process, _):
        first = dotenv_values(folder / "lab.env", interpolate=False)
        port = str(first["AUTH0_DOMAIN"]).partition(":")[2]
        process.kill()
        process.wait()
        with client(first) as http, pytest.raises(httpx.ConnectError):
            http.get(CONFIGURATION)
    with serving_process("--env-file", "lab.env", "--port", port, cwd=folder):
        second = dotenv_values(folder / "lab.env", interpolate=False)
        assert second["AUTH0_DOMAIN"] == first["AUTH0_DOMAIN"]
        for name in ("AUTH0_LAB_TOKEN", "AUTH0_CLIENT_SECRET", "AUTH0_PASSWORD"):
            assert second[name] != first[name]
        with client(second) as http:
            assert http.get(CONFIGURATION).status_code == 200


def test_a_seed_draws_all_but_the_token(folder: Path) -> None:
    found = []
    for _ in range(2):
        with serving_process("--env-file", "lab.env", "--seed", "7", "--clock", "frozen", cwd=folder):
            values = dotenv_values(folder / "lab.env", interpolate=False)
            with client(values) as http:
                bearer = {"authorization": f"Bearer {values['AUTH0_LAB_TOKEN']}"}
                clock = http.get("/_lab/clock", headers=bearer).json()
            found.append(values)
    assert clock == {"now": 1_800_000_000, "stamp": 1_800_000_000, "frozen": True}
    one, two = found
    same = [name for name in NAMES if one[name] == two[name]]
    assert set(NAMES) - set(same) == {"AUTH0_DOMAIN", "AUTH0_LAB_TOKEN"}


def test_without_an_env_file_the_line_leads_to_the_page(folder: Path) -> None:
    with serving_process("--no-tls", "--name", "auth.example", cwd=folder) as (_, line):
        page = line.split("its page is ")[1].split()[0]
        with httpx.Client(trust_env=False, follow_redirects=True) as http:
            assert http.get(page).headers["content-type"].startswith("text/html")
            named = http.get(page.split("/_lab/")[0] + CONFIGURATION, headers={"host": "auth.example"})
            assert named.json()["issuer"] == "http://auth.example/"
    assert list(folder.iterdir()) == []


def test_what_cannot_be_is_refused_in_one_line(folder: Path) -> None:
    assert "--allow-remote" in refused("--host", "0.0.0.0", cwd=folder)
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "try --port 0" in refused("--port", str(other.getsockname()[1]), cwd=folder)
    assert "is no name of a host" in refused("--port", "0", "--name", "a/b", cwd=folder)
    assert "there is no folder" in refused("--env-file", "no/lab.env", cwd=folder)


def test_other_machines_are_let_in_with_a_warning_alone(folder: Path) -> None:
    with serving_process("--host", "127.0.0.1", cwd=folder) as (process, _):
        process.terminate()
        assert process.communicate()[1] == ""
    with serving_process("--host", "0.0.0.0", "--allow-remote", cwd=folder) as (process, line):
        assert line.startswith("https://localhost:")
        process.terminate()
        assert process.communicate()[1].startswith("Warning: Other machines reach this server at 0.0.0.0")
