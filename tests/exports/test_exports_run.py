"""Scripts and tests, run unedited against a fresh tenant: what was recorded happens again, or they say what did not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab
from tests.exports.conftest import recorded
from tests.exports.export_flows import FLOWS, FURTHER
from tests.exports.export_served import SECONDS, SUFFIXES, Served, Talk

SCRIPTS = tuple(SUFFIXES)


def saved(lab: Lab, kind: str, folder: Path) -> Path:
    """Return the file that an export was saved as."""
    file = folder / f"exported{SUFFIXES[kind]}"
    lab.export(kind).save(file)
    return file


def statuses(lab: Lab) -> list[int]:
    """Return the statuses that a script reports: the last of each poll, which alone ends it."""
    answers = [each for each in lab.journal if each.speaker == "app"]
    following = [*answers[1:], None]
    return [
        each.status or 0
        for each, after in zip(answers, following, strict=True)
        if not (after and each.error == "authorization_pending" and after.request.body == each.request.body)
        or any(other.speaker == "phone" and other.number == each.number + 1 for other in lab.journal)
    ]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_says_the_same_to_a_fresh_tenant(lab: Lab, kind: str, served: Served, folder: Path) -> None:
    done = served.run(kind, saved(lab, kind, folder))
    assert (done.returncode, done.stderr) == (0, "") or refused_as_recorded(lab, done), done.stdout + done.stderr
    assert [int(each) for each in re.findall(r"^\d+ [A-Z]+ /.*: (\d+)$", done.stdout, re.MULTILINE)] == statuses(lab)


def refused_as_recorded(lab: Lab, done: subprocess.CompletedProcess[str]) -> bool:
    """Say whether all that stands on stderr is the command line's, which says why the phone was refused."""
    was_refused = any(each.speaker == "phone" and (each.status or 0) >= 400 for each in lab.journal)
    return was_refused and done.returncode == 0 and done.stderr.startswith("Error: The tenant refused")


def test_the_tests_pass_in_somebody_elses_suite(folder: Path) -> None:
    flows = [*FLOWS, *FURTHER]
    for flow in flows:
        recorded(flow).export("pytest").save(folder / f"test_{flow.lower().replace(' ', '_')}.py")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(flows)} passed" in done.stdout


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_says_which_answer_was_another_one(kind: str, served: Served, folder: Path) -> None:
    served.control.patch("settings", json={"policy": "never"}).raise_for_status()
    done = served.run(kind, saved(recorded("push allowed"), kind, folder))
    assert done.returncode == 1
    assert "1 POST /oauth/token: 403 was recorded, 200 came" in done.stderr


def test_a_test_fails_where_an_answer_is_another_one(folder: Path) -> None:
    test = folder / "test_it.py"
    recorded("push allowed").export("pytest").save(test)
    never = "@pytest.fixture(autouse=True)\ndef never(auth0_mfa):\n    auth0_mfa.settings(policy='never')\n"
    (folder / "conftest.py").write_text(f"import pytest\n\n{never}", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 1
    assert re.search(r"assert 200 == 403", done.stdout)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_phone_that_is_not_refused_any_more_ends_the_script(kind: str, served: Served, folder: Path) -> None:
    script = saved(recorded("push enroll"), kind, folder)
    path = served.environment()["PATH"]
    command = folder / "auth0-mfa-lab"
    command.write_text(f'#!/bin/sh\n"{shutil.which("auth0-mfa-lab", path=path)}" "$@" || :\n', encoding="utf-8")
    command.chmod(0o755)
    done = served.run(kind, script, PATH=f"{folder}:{path}")
    assert done.returncode == 1
    assert "when this was recorded" in done.stderr or "when it was recorded" in done.stderr


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_names_the_variable_that_it_lacks(kind: str, served: Served, folder: Path) -> None:
    done = served.run(kind, saved(recorded("push allowed"), kind, folder), AUTH0_CLIENT_ID=None)
    assert done.returncode != 0
    assert "AUTH0_CLIENT_ID" in done.stderr
    assert "POST" not in done.stdout


@pytest.mark.parametrize("kind", SCRIPTS)
def test_without_the_token_somebody_is_asked_to_press(kind: str, served: Served, folder: Path) -> None:
    user = served.user("push")
    own = {"AUTH0_USERNAME": user["username"], "AUTH0_PASSWORD": user["password"], "AUTH0_LAB_TOKEN": None}
    talk = Talk(served, kind, saved(recorded("push rejected"), kind, folder), **own)
    talk.until("Reject the push on your phone, then press Enter")
    served.control.post("phone/reject", json={}).raise_for_status()
    talk.answer()
    assert talk.end() == 0, talk.said


@pytest.mark.parametrize("kind", SCRIPTS)
def test_without_the_token_somebody_is_asked_for_the_codes(kind: str, served: Served, folder: Path) -> None:
    user = served.user()
    own = {f"AUTH0_{name.upper()}": user[name] for name in ("username", "password", "phone_number")}
    talk = Talk(served, kind, saved(recorded("SMS enroll"), kind, folder), **own, AUTH0_LAB_TOKEN=None)
    for _ in range(2):
        talk.said = ""
        talk.until("The code that was sent for the second factor: ")
        sent = served.control.get("code", params={"address": user["phone_number"]})
        talk.answer(sent.raise_for_status().json()["code"])
    assert talk.end() == 0, talk.said


@pytest.mark.parametrize("kind", SCRIPTS)
def test_without_the_token_the_recovery_code_is_asked_for(kind: str, served: Served, folder: Path) -> None:
    user = served.user("push")
    own = {"AUTH0_USERNAME": user["username"], "AUTH0_PASSWORD": user["password"], "AUTH0_LAB_TOKEN": None}
    talk = Talk(served, kind, saved(recorded("recovery code"), kind, folder), **own)
    talk.until("The recovery code of the user: ")
    talk.answer(user["recovery_code"])
    assert talk.end() == 0, talk.said
