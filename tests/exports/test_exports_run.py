"""Exports, run unedited against a fresh tenant: what was recorded happens again, or they say what did not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab
from tests.exports.conftest import recorded
from tests.exports.export_served import PROGRAMS, SECONDS, Served, until
from tests.flows.flows import FLOWS
from tests.mothers import enrolling

TWO = ("push enroll", "managed")  # a scan, a poll, a refusal, two users, a code, time, a path


@pytest.mark.parametrize(("kind", "flows"), [("bash", tuple(FLOWS)), ("httpx", TWO), ("node", TWO)])
def test_a_script_says_the_same_to_a_fresh_tenant(
    kind: str, flows: tuple[str, ...], served: Served, folder: Path
) -> None:
    lab = recorded(*flows)
    code, said = served.run(kind, lab, folder)
    assert code == 0, said
    answered = [each for each in lab.journal if each.speaker == "app" and each.error != "authorization_pending"]
    printed = re.findall(r"^(\d+) [A-Z]+ /.*: (\d+)$", said, re.MULTILINE)
    assert {(str(each.number), str(each.status)) for each in answered} <= {*printed}


def test_the_tests_pass_in_somebody_elses_suite_and_fail_where_an_answer_is_another_one(folder: Path) -> None:
    recorded(*TWO).export("pytest").save(folder / "test_two.py")
    (folder / "never").mkdir()
    recorded("push allowed").export("pytest").save(folder / "never" / "test_it.py")
    never = "@pytest.fixture(autouse=True)\ndef never(auth0_mfa):\n    auth0_mfa.settings(policy='never')\n"
    (folder / "never" / "conftest.py").write_text(f"import pytest\n\n{never}", encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "assert 200 == 403" in done.stdout


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_script_says_what_is_not_as_it_was(kind: str, served: Served, folder: Path) -> None:
    lab = recorded("push allowed")
    code, said = served.run(kind, lab, folder, AUTH0_CLIENT_ID=None)
    assert (code != 0, "AUTH0_CLIENT_ID" in said, "POST" in said) == (True, True, False)
    # A phone that is not refused any more: a command that does nothing is never refused.
    scanned = Lab.sandbox()
    _, begun = enrolling(scanned)
    for _ in range(2):
        scanned.phone.scan(begun["barcode_uri"])
    (folder / "auth0-mfa-lab").symlink_to(str(shutil.which("true")))
    code, said = served.run(kind, scanned, folder, PATH=f"{folder}:/usr/bin:/bin")
    assert code == 1
    assert re.search(r"when (this|it) was recorded", said)
    served.control.patch("settings", json={"policy": "never"}).raise_for_status()
    code, said = served.run(kind, lab, folder)
    assert code == 1
    assert "1 POST /oauth/token: 403 was recorded, 200 came" in said


@pytest.mark.parametrize("kind", PROGRAMS)
def test_without_the_token_somebody_is_asked(kind: str, served: Served, folder: Path) -> None:
    names = ("username", "password", "phone_number")
    own: dict[str, str | None] = {"AUTH0_LAB_TOKEN": None}
    users = [served.control.post("users", json={"factors": each}).json() for each in (["push"], [], ["push"])]
    for number, user in enumerate(users, 1):
        own |= {f"AUTH0_{name.upper()}{f'_{number}' if number > 1 else ''}": user[name] for name in names}
    rejected, codes, recovery = users
    with served.begin(kind, recorded("push rejected", "SMS enroll", "recovery code"), folder, **own) as running:
        assert running.stdin is not None
        until("Reject the push on your phone, then press Enter: ", running)
        served.control.post("phone/reject", json={"user": rejected["username"]}).raise_for_status()
        running.stdin.write(b"\n")
        until("The code that was sent for the second factor: ", running)
        sent = served.control.get("code", params={"address": codes["phone_number"]}).json()
        running.stdin.write(f"{sent['code']}\n".encode())
        until("The recovery code of the user: ", running)
        running.stdin.write(f"{recovery['recovery_code']}\n".encode())
        said, _ = running.communicate(timeout=SECONDS)
    assert running.returncode == 0, said.decode()
