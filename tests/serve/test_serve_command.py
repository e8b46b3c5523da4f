"""`auth0-mfa-lab serve`: its line, its options, its end, and its files: it writes and removes none of the user's."""

import hashlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import certifi
import httpx
import pytest
from click import ClickException
from click.testing import CliRunner, Result
from dotenv import dotenv_values

from auth0_mfa_lab.cli import main
from auth0_mfa_lab.cli.serve import dotenv, environment, write_env_file
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server
from tests.serve.serving import client_of, serving

CONFIGURATION = "/.well-known/openid-configuration"
SECONDS = 60.0
FILES = ("lab.env", "lab.env.bundle.pem", "lab.env.ca.pem")
HERE = ("--env-file", "lab.env")
Serve = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the command is run; a shell would take its name apart."""
    (made := tmp_path / "my project $HOME").mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def serve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Run the command in this process: it takes a port and writes its files, and ends after `meanwhile`."""

    def command(*options: str, meanwhile: Callable[[Server], object] = lambda _: folder) -> Result:
        monkeypatch.setattr(Server, "run", lambda server, ready: (ready(), meanwhile(server)))
        port = () if "--port" in options else ("--port", "0")
        return CliRunner().invoke(main, ["serve", *port, *options], catch_exceptions=False)

    return command


def refused(result: Result) -> str:
    """Return the one line in which the command says why it does not start."""
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    return result.stderr


def held(folder: Path) -> dict[str, object]:
    """Return what a folder holds: the bytes of files; links, folders and pipes."""
    every = [(each, each.is_file() and not each.is_symlink()) for each in folder.rglob("*")]
    return {str(each.relative_to(folder)): each.read_bytes() if plain else each.lstat()[:3] for each, plain in every}


def left_by_a_killed_server(folder: Path) -> None:
    """Leave the files of a server that had no time to remove them."""
    (server := Server(Sandbox())).stop()
    write_env_file(folder / "lab.env", server)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_ends_it_long_before_a_slow_answer_and_its_files_go(folder: Path, ending: signal.Signals) -> None:
    with serving(folder / "lab.env") as (running, values):
        with client_of(values) as http, socket.create_connection(("127.0.0.1", http.base_url.port or 0)):
            http.post("/_lab/faults", json={"kind": "slow", "seconds": 600}).raise_for_status()
            with pytest.raises(httpx.ReadTimeout):
                http.get(CONFIGURATION, timeout=0.2)
            running.send_signal(ending)
            assert running.wait(SECONDS) == 0
        assert running.stderr is not None
        assert (running.stderr.read(), held(folder)) == ("", {})


def test_the_env_file_names_all_that_an_application_needs_for_its_owner_alone(
    serve: Serve, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", " corp.example, localhost,")

    seen: list[Server] = []

    def look(server: Server) -> None:
        seen.append(server)
        authority, bundle = folder / "lab.env.ca.pem", folder / "lab.env.bundle.pem"
        known = {**vars(server.sandbox.defaults)}
        del known["realm"], known["user_id"]
        own = {f"AUTH0_{name.upper()}": value for name, value in known.items()}
        own |= {"AUTH0_LAB_TENANT": "served", "AUTH0_DOMAIN": server.domain, "AUTH0_LAB_TOKEN": server.token}
        own |= dict.fromkeys(("NO_PROXY", "no_proxy"), "corp.example,localhost,127.0.0.1,::1,auth.example")
        own |= dict.fromkeys(("AUTH0_CA_FILE", "NODE_EXTRA_CA_CERTS"), str(authority))
        values = {name: str(value) for name, value in dotenv_values("lab.env", interpolate=False).items()}
        assert values == own | dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(bundle))
        pem = server.ca_pem or b""
        head = "# Written by auth0-mfa-lab serve, and overwritten by its next start. SHA-256 of the lines below: "
        assert authority.read_bytes() == f"{head}{hashlib.sha256(pem).hexdigest()}\n".encode() + pem
        assert bundle.read_bytes().endswith(b"\n" + pem + b"\n" + Path(certifi.where()).read_bytes())
        assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
        assert (set(held(folder)), b"PRIVATE" in bundle.read_bytes()) == (set(FILES), False)

    before = os.umask(0)
    try:
        result = serve(*HERE, "--name", "auth.example", meanwhile=look)
    finally:
        os.umask(before)
    url = f"https://{seen[0].domain}/"
    where = f"its settings are in lab.env, its page is {url}_lab/#token={seen[0].token}"
    assert result.stdout == f"{url} is ready; {where} (Ctrl-C stops it)\n"
    assert (result.exit_code, result.stderr, held(folder)) == (0, "", {})


def test_its_options_are_the_servers_and_its_line_leads_to_the_page(serve: Serve, folder: Path) -> None:
    seen: list[Server] = []
    line = serve("--no-tls", "--name", "auth.example", "--profile", "recorded", meanwhile=seen.append).stdout
    for options in (("--seed", "7", "--clock", "frozen"), ("--seed", "7"), ()):
        serve(*options, meanwhile=seen.append)
    url = f"http://{seen[0].domain}/"
    assert line == f"{url} is ready; its page is {url}_lab/#token={seen[0].token} (Ctrl-C stops it)\n"
    assert seen[0].sandbox.domains.knows("auth.example")
    assert seen[0].sandbox.tenant.settings.profile == "recorded"
    one, two = (environment(each, folder / "lab.env") for each in seen[1:3])
    assert {name for name in one if one[name] != two[name]} == {"AUTH0_DOMAIN", "AUTH0_LAB_TOKEN"}
    assert len({each.sandbox.defaults.password for each in seen}) == 3
    assert [each.sandbox.clock.stands_still for each in seen] == [False, True, False, False]
    assert held(folder) == {}


def test_what_cannot_be_is_refused_in_one_line_and_other_machines_are_let_in_with_a_warning(serve: Serve) -> None:
    for options, said in {
        "--host 0.0.0.0": "--allow-remote",
        "--name a/b": "'a/b' is no name of a host",
        "--env-file no/lab.env": "no for --env-file\n",
        "--env-file /dev/full": "/dev/full is not a file of auth0-mfa-lab serve",
    }.items():
        assert said in refused(serve(*options.split()))
    assert serve("--host", "127.0.0.1").stderr == ""
    seen: list[Server] = []
    result = serve("--host", "0.0.0.0", "--allow-remote", meanwhile=seen.append)
    assert not seen[0].sandbox.domains.knows("0.0.0.0")
    assert result.stdout.startswith("https://localhost:")
    said = "Warning: Other machines reach this server at 0.0.0.0: its secrets let them do anything in it.\n"
    assert result.stderr == said


def test_a_value_survives_sh_and_python_dotenv_or_is_refused(folder: Path) -> None:
    texts = ("a", "", "a b", "a$HOME", "a`b`", "a#b", " a ", "it's", "a;b", "*", "~", 'a"b', "ä", "a|b&c")
    values = {f"NAME{number}": text for number, text in enumerate(texts)}
    (folder / "x.env").write_text(dotenv(values), encoding="utf-8")
    shell = subprocess.run(["sh", "-c", "set -eua; . ./x.env; env -0"], capture_output=True, check=True)
    assert values.items() <= dict(each.split("=", 1) for each in shell.stdout.decode().split("\0") if each).items()
    assert dotenv_values("x.env") == values
    assert dotenv({"NAME": "https://a:1/"}) == "NAME=https://a:1/\n", "some readers take quotes as they are"
    for text in ("it's $5", "a\nb", "a\\b"):
        with pytest.raises(ClickException):
            dotenv({"NAME": text})


MADE: dict[str, Callable[[Path, bytes], object]] = {
    # What a user has made in the place of a server's file, or of it
    "an empty file": lambda file, ours: file.touch(),
    "a file of the user": lambda file, ours: file.write_bytes(b"AUTH0_LAB_TENANT=live\n"),
    "a variable more": lambda file, ours: file.write_bytes(ours + b"STRIPE_KEY=mine\n"),
    "another value": lambda file, ours: file.write_bytes(ours.swapcase()),
    "a folder": lambda file, ours: (file / "own").mkdir(parents=True),
    "a link to ours": lambda file, ours: file.symlink_to("ours"),
    "a link to nothing": lambda file, ours: file.symlink_to("nowhere"),
    "a pipe": lambda file, ours: os.mkfifo(file),
}


@pytest.mark.parametrize(("name", "made"), [*product(FILES, MADE)])
def test_what_the_user_has_made_stays_as_it_is(serve: Serve, folder: Path, name: str, made: str) -> None:
    left_by_a_killed_server(folder)
    (folder / name).rename(folder / "ours")
    MADE[made](folder / name, (folder / "ours").read_bytes())
    for others in ([each for each in FILES if each != name], []):
        before = held(folder)
        if (name, made) == ("lab.env", "a folder"):
            assert serve(*HERE).exit_code == 2
        else:
            said = "is not a file of auth0-mfa-lab serve, or was changed by hand: name another one for --env-file"
            assert f"{folder / name} {said}" in refused(serve(*HERE))
        assert held(folder) == before
        for each in others:
            (folder / each).unlink()


@pytest.mark.parametrize("tls", [True, False])
def test_the_env_file_of_a_server_that_runs_at_another_port_stays(serve: Serve, folder: Path, tls: bool) -> None:
    with Server(Sandbox(), tls=tls) as running:
        write_env_file(folder / "lab.env", running)
        before = held(folder)
        assert f"lab.env is of the server at {running.domain}, which runs: stop it" in refused(serve(*HERE))
        assert held(folder) == before
    assert (serve(*HERE).exit_code, held(folder)) == (0, {})


@pytest.mark.parametrize("tls", ["--tls", "--no-tls"])
def test_only_what_a_server_that_has_ended_or_was_killed_wrote_goes(serve: Serve, folder: Path, tls: str) -> None:
    (folder / "lab.env.d").mkdir()
    (folder / "lab.env.d" / "production").write_text("x\n")
    (folder / "lab.env.local").write_text("y\n")
    before, seen = held(folder), list[str]()

    def second(first: Server) -> None:
        running = held(folder)
        seen.extend(set(running) - set(before))
        said = f"port {first.port} of localhost cannot be had (address already in use): try --port 0"
        assert refused(serve("--port", str(first.port), *HERE)) == f"Error: {said}\n"
        assert held(folder) == running

    left_by_a_killed_server(folder)
    assert (serve(tls, *HERE, meanwhile=second).exit_code, held(folder)) == (0, before)
    assert sorted(seen) == sorted(FILES if tls == "--tls" else FILES[:1])
    serve(tls, *HERE, meanwhile=lambda _: left_by_a_killed_server(folder))
    assert set(held(folder)) - set(before) == set(FILES), "they are another server's by now"
    changed = serve(tls, *HERE, meanwhile=lambda _: (folder / "lab.env").write_bytes(b"STRIPE_KEY=mine\n"))
    assert (changed.exit_code, held(folder)) == (0, {**before, "lab.env": b"STRIPE_KEY=mine\n"})
