"""The env file of `auth0-mfa-lab serve`: the command writes and removes its own files, and none of the user's."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.serve.serve_command import SECONDS, refused, serving_process

NOT_OURS = "is not a file of auth0-mfa-lab serve"


def ended(process: subprocess.Popen[str], signal_: signal.Signals = signal.SIGTERM) -> None:
    """End a server, which ends well."""
    process.send_signal(signal_)
    assert process.wait(SECONDS) == 0


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def left_by_a_killed_server(folder: Path) -> None:
    """Leave the files of a server that had no time to remove them."""
    with serving_process("--env-file", ".env", cwd=folder) as (process, _):
        process.kill()
        process.wait(SECONDS)
    assert names(folder) >= {".env", ".env.ca.pem", ".env.bundle.pem"}


# -- what the user has made


@pytest.mark.parametrize("tls", ["--tls", "--no-tls"])
def test_a_folder_of_the_user_beside_the_env_file_stays_as_it_is(tmp_path: Path, tls: str) -> None:
    (tmp_path / ".env.d").mkdir()
    (tmp_path / ".env.d" / "production").write_text("x\n")
    (tmp_path / ".env.local").write_text("y\n")
    with serving_process(tls, "--env-file", ".env", cwd=tmp_path) as (process, line):
        assert "is ready" in line
        assert (tmp_path / ".env").is_file()
        ended(process)
    assert names(tmp_path) == {".env.d", ".env.local"}
    assert (tmp_path / ".env.d" / "production").read_text() == "x\n"
    assert (tmp_path / ".env.local").read_text() == "y\n"


@pytest.mark.parametrize("name", [".env", ".env.ca.pem", ".env.bundle.pem"])
@pytest.mark.parametrize("text", ["", "AUTH0_LAB_TENANT=live\n"])
def test_a_file_of_the_user_is_not_written_over(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    said = refused("--port", "0", "--env-file", ".env", cwd=tmp_path)
    assert f"{name} {NOT_OURS}" in said
    assert "name another one for --env-file" in said
    assert names(tmp_path) == {name}
    assert (tmp_path / name).read_text() == text


@pytest.mark.parametrize("name", [".env.ca.pem", ".env.bundle.pem"])
def test_a_folder_in_the_place_of_a_certificate_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "own").write_text("x\n")
    assert f"{name} {NOT_OURS}" in refused("--port", "0", "--env-file", ".env", cwd=tmp_path)
    assert [each.name for each in tmp_path.rglob("*")] == [name, "own"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\nAUTH0_LAB_TENANT=served\n", "\nAUTH0_LAB_TENANT=live\n"),
        ("\nAUTH0_LAB_TENANT=served\n", "\nAUTH0_LAB_TENANT=served\nSTRIPE_KEY=mine\n"),
        ("\nAUTH0_LAB_TENANT=served\n", "\n# My own words.\nAUTH0_LAB_TENANT=served\n"),
        ("\nAUTH0_LAB_TENANT=served\n", "\nAUTH0_LAB_TENANT=served\nAUTH0_EMAIL=mine@example.com\n"),
    ],
    ids=["another tenant", "another variable", "a comment", "a variable twice"],
)
def test_an_env_file_that_the_user_has_changed_stays(tmp_path: Path, old: str, new: str) -> None:
    left_by_a_killed_server(tmp_path)
    changed = (tmp_path / ".env").read_text().replace(old, new)
    assert new in changed
    (tmp_path / ".env").write_text(changed)
    assert "was changed by hand" in refused("--port", "0", "--env-file", ".env", cwd=tmp_path)
    assert (tmp_path / ".env").read_text() == changed
    assert names(tmp_path) == {".env", ".env.ca.pem", ".env.bundle.pem"}


@pytest.mark.parametrize("name", [".env", ".env.ca.pem", ".env.bundle.pem"])
@pytest.mark.parametrize("added", ["-----BEGIN CERTIFICATE-----\nmine\n-----END CERTIFICATE-----\n", "\n"])
def test_a_file_that_the_user_has_added_to_stays(tmp_path: Path, name: str, added: str) -> None:
    left_by_a_killed_server(tmp_path)
    changed = (tmp_path / name).read_text() + added
    (tmp_path / name).write_text(changed)
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    assert f"{name} {NOT_OURS}" in refused("--port", "0", "--env-file", ".env", cwd=tmp_path)
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_an_env_file_that_the_user_changes_while_it_serves_stays(tmp_path: Path) -> None:
    with serving_process("--env-file", ".env", cwd=tmp_path) as (process, _):
        changed = (tmp_path / ".env").read_text() + "STRIPE_KEY=mine\n"
        (tmp_path / ".env").write_text(changed)
        ended(process)
    assert names(tmp_path) == {".env"}
    assert (tmp_path / ".env").read_text() == changed


def test_a_link_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    left_by_a_killed_server(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere" / ".env").read_bytes()
    for target in ("elsewhere/.env", "nowhere"):
        (tmp_path / ".env").symlink_to(target)
        assert f".env {NOT_OURS}" in refused("--port", "0", "--env-file", ".env", cwd=tmp_path)
        assert str((tmp_path / ".env").readlink()) == target
        (tmp_path / ".env").unlink()
    assert (tmp_path / "elsewhere" / ".env").read_bytes() == before


def test_what_is_no_regular_file_is_refused_and_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "/dev/null", "/dev/full"):
        assert f"{name} {NOT_OURS}" in refused("--port", "0", "--env-file", name, cwd=tmp_path)
    assert (tmp_path / "pipe").is_fifo()


# -- what another server has made


def test_a_second_server_on_a_busy_port_leaves_the_files_of_the_first(tmp_path: Path) -> None:
    with serving_process("--env-file", ".env", cwd=tmp_path) as (process, _):
        before = {each: each.read_bytes() for each in tmp_path.iterdir()}
        port = str(dotenv_values(tmp_path / ".env")["AUTH0_DOMAIN"]).rpartition(":")[2]
        assert "try --port 0" in refused("--port", port, "--env-file", ".env", cwd=tmp_path)
        assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before
        ended(process)
    assert names(tmp_path) == set()


def test_what_an_ended_server_left_stays_while_the_port_is_busy(tmp_path: Path) -> None:
    left_by_a_killed_server(tmp_path)
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    with serving_process(cwd=tmp_path) as (_, line):
        port = line.partition("/ is ready")[0].rpartition(":")[2]
        assert "try --port 0" in refused("--port", port, "--env-file", ".env", cwd=tmp_path)
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_what_an_ended_server_left_goes_at_the_next_start(tmp_path: Path) -> None:
    left_by_a_killed_server(tmp_path)
    before = (tmp_path / ".env").read_text()
    with serving_process("--no-tls", "--env-file", ".env", cwd=tmp_path) as (process, _):
        assert names(tmp_path) == {".env"}
        assert (tmp_path / ".env").read_text() != before
        ended(process)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_server_removes_its_files_at_its_end(tmp_path: Path, ending: signal.Signals) -> None:
    with serving_process("--env-file", ".env", cwd=tmp_path) as (process, _):
        assert names(tmp_path) == {".env", ".env.ca.pem", ".env.bundle.pem"}
        ended(process, ending)
    assert names(tmp_path) == set()


def test_a_server_whose_file_another_one_has_replaced_leaves_it(tmp_path: Path) -> None:
    here = ("--env-file", ".env")
    with serving_process(*here, cwd=tmp_path) as (first, _), serving_process(*here, cwd=tmp_path) as (second, _):
        written = {each: each.read_bytes() for each in tmp_path.iterdir()}
        ended(first)
        assert {each: each.read_bytes() for each in tmp_path.iterdir()} == written
        ended(second)
    assert names(tmp_path) == set()
