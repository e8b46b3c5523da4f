"""A failed assertion about a secret shows its alias, in a run of pytest with the installed plugin."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

STORY = """
from auth0_mfa_lab import Lab

lab = Lab.sandbox()
user = lab.user(factors=[])
login = lab.client.password_grant(username=user.username, password=user.password)
token = login["mfa_token"]


def test_claim_{number}():
    assert {claim}
"""
CLAIMS = [
    'token == "x"',
    '"Fe26" not in token',
    'login["mfa_token"] == user.password',
    'user.password == "x"',
    'token in ["x"]',
    "token != str(token)",
    "token[:20] == 'x'",
    "token + '…' == 'x'",
    "token.split('*')[3] == 'x'",
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest says of each claim; all of them fail in one run."""
    folder = tmp_path_factory.mktemp("claims")
    for number, claim in enumerate(CLAIMS):
        story = STORY.replace("{claim}", claim).replace("{number}", str(number))
        (folder / f"test_story_{number}.py").write_text(story, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", "--rootdir", str(folder), "."]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 1, run.stdout
    assert not_seen(run.stdout)
    _, *parts = re.split(r"^_+ test_claim_(\d+) _+$", run.stdout, flags=re.MULTILINE)
    return {CLAIMS[int(number)]: part for number, part in zip(parts[::2], parts[1::2], strict=True)}


def not_seen(text: str) -> bool:
    return not re.search(r"Fe26\.2\*SERVER|[0-9a-f]{40}|\b[A-Za-z0-9]{14}!7", text)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_failed_claim_shows_no_secret(said: dict[str, str], claim: str) -> None:
    assert f"assert {claim}" in said[claim]
    assert "<" in said[claim]
    assert not_seen(said[claim])
