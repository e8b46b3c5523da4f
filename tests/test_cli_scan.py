"""The command `scan`: what it prints, which files it opens, its exit codes, and that it works as a pre-commit hook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from auth0_mfa_lab.cli import main
from auth0_mfa_lab.cli import scan as cli_scan
from auth0_mfa_lab.secrets.scan import file_kind
from tests.scan_mothers import MFA_TOKEN, SEVEN, VALUES, notebook, png, shown

ROOT = Path(__file__).parent.parent


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["scan", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder: a notebook with a secret in a cell, a text without any, and it is the working directory."""
    (tmp_path / "a.ipynb").write_bytes(notebook({}, shown("text/plain", SEVEN["mfa_token"])))
    (tmp_path / "b.env").write_text("no secret here: <mfa_token 1>", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_find_is_one_line_with_its_place_and_never_the_value(folder: Path) -> None:
    (folder / "all.env").write_text("\n".join(SEVEN.values()), "utf-8")
    ran = run("a.ipynb", "all.env")
    lines = ran.stdout.splitlines()
    assert lines[0] == f"a.ipynb: cell 2, output 1 (text/plain): mfa_token, {len(MFA_TOKEN)} characters"
    assert [line.split(": ")[1] for line in lines[1:]] == [f"line {number}" for number in range(1, 8)]
    assert {line.split(": ")[2].split(",")[0] for line in lines[1:]} == set(SEVEN)
    assert ran.exit_code == 1
    assert not [value for value in VALUES if value in ran.output]


def test_without_a_find_nothing_is_printed(folder: Path) -> None:
    ran = run(folder / "b.env")
    assert (ran.exit_code, ran.output) == (0, "")


def test_what_cannot_be_read_is_said_and_the_rest_is_scanned(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    ran = run("no-such-file", "pipe", "a.ipynb")
    assert ran.exit_code == 2
    assert "no-such-file: cannot be read: No such file or directory" in ran.stderr
    assert "pipe: cannot be read: it is no file" in ran.stderr
    assert "mfa_token" in ran.stdout
    assert run().exit_code == 2


def test_json_says_the_same(folder: Path) -> None:
    assert Path.cwd() == folder
    ran = run("--json", "a.ipynb", "b.env", "gone")
    said = json.loads(ran.stdout)
    find = {"kind": "mfa_token", "length": len(MFA_TOKEN), "cell": 2, "line": None, "where": "output 1 (text/plain)"}
    assert said == {
        "finds": [{"file": "a.ipynb", **find}],
        "notes": [],
        "unreadable": [{"file": "gone", "reason": "No such file or directory"}],
        "files": 2,
        "skipped": 0,
    }
    assert ran.exit_code == 2
    assert run("--json", "a.ipynb").exit_code == 1
    assert run("--json", "b.env").exit_code == 0


def test_a_folder_is_walked_without_what_is_not_ones_own(folder: Path) -> None:
    names = ["deep/er/a.har", "deep/.env.local", "deep/.ipynb_checkpoints/a-checkpoint.ipynb", "deep/a.txt"]
    left_out = [f"{each}/a.env" for each in cli_scan.LEFT_OUT.split()]
    for name in [*names, *left_out]:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SEVEN["oob_code"], "utf-8")
    (folder / "deep/qr.png").write_bytes(png(SEVEN["enrollment ticket"]))
    (folder / "deep/link").symlink_to(folder / "a.ipynb")
    (folder / "deep/nowhere").symlink_to(folder / "no-such-file")
    (folder / "deep/round").symlink_to(folder)
    os.mkfifo(folder / "deep/pipe")
    ran = run(".")
    found = {line.split(":")[0] for line in ran.stdout.splitlines()}
    assert found == {"a.ipynb", *names[:3]}
    assert ran.exit_code == 1
    last = ran.stderr.splitlines()[-1]
    assert last == f"2 other files were left out: {cli_scan._OTHER}."
    assert json.loads(run("--json", ".").stdout)["skipped"] == 2
    # Named, such a folder is meant.
    assert run(".git").exit_code == 1


def test_a_large_file_is_read_in_part_and_said_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_scan, "MOST_BYTES", 10)
    monkeypatch.setattr("auth0_mfa_lab.secrets.scan.MOST_BYTES", 10)
    ran = run(folder / "b.env")
    assert ran.exit_code == 2
    assert "b.env: only the first" in ran.stderr


@pytest.mark.parametrize("name", ["notes.md", "qr.png", "recording.json", "env"])
def test_a_file_of_another_kind_is_refused_with_what_reads_it(folder: Path, name: str) -> None:
    (folder / name).write_text(SEVEN["oob_code"], "utf-8")
    ran = run(name, "a.ipynb")
    assert ran.exit_code == 2
    assert ran.stderr.splitlines()[0] == (
        f"{name}: scan reads notebooks, HAR files and env files (.env*, *.env); gitleaks and detect-secrets read others"
    )
    assert "mfa_token" in ran.stdout


def test_a_files_name_stays_on_its_line(folder: Path) -> None:
    file = folder / "a\nb: \x1b[31m.env"
    file.write_text(f"MFA_TOKEN={MFA_TOKEN}", "utf-8")
    ran = run(file)
    assert len(ran.stdout.splitlines()) == 1
    assert "\x1b" not in ran.stdout


def test_the_hook_runs_this_command_on_the_files_it_is_given(folder: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert (hook["language"], hook["types"]) == ("python", ["file"])
    for name in ("a.ipynb", "deep/run.har", ".env", "deep/.env.local", "served.env", "notes.md", "env", "a.har.gz"):
        assert bool(re.search(hook["files"], name)) == (file_kind(name) is not None), name
    program, *arguments = hook["entry"].split()
    assert program == "auth0-mfa-lab"
    command = [sys.executable, "-c", "from auth0_mfa_lab.cli import main; main(prog_name='auth0-mfa-lab')", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for names, code in ((["b.env", "a.ipynb"], 1), (["b.env"], 0)):
        ran = subprocess.run([*command, *names], cwd=folder, env=environment, capture_output=True, timeout=60)
        assert ran.returncode == code, ran.stderr


def test_a_scan_needs_no_web_no_front_end_and_without_pictures_no_pillow(folder: Path) -> None:
    probe = (
        "import sys; from click.testing import CliRunner; from auth0_mfa_lab.cli.scan import scan; "
        "CliRunner().invoke(scan, sys.argv[1:]); "
        "print([name for name in ('httpx', 'starlette', 'ipywidgets', 'PIL', 'zxingcpp') if name in sys.modules])"
    )
    command = [sys.executable, "-c", probe, "a.ipynb"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[]", ran.stderr
