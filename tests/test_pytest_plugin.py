"""A failed assertion about a secret shows its alias, in a run of pytest with the installed plugin."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

STORY = """
from auth0_mfa_lab import Lab

lab = Lab.sandbox()
user = lab.user(factors=[])
login = lab.client.password_grant(username=user.username, password=user.password)
token = login["mfa_token"]


def test_it():
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


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_failed_claim_shows_no_secret(tmp_path: Path, claim: str) -> None:
    (tmp_path / "test_story.py").write_text(STORY.replace("{claim}", claim), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "."]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1, run.stdout
    assert "<" in run.stdout
    assert not re.search(r"Fe26\.2\*SERVER|[0-9a-f]{40}", run.stdout)
    assert not re.search(r"\b[A-Za-z0-9]{14}!7", run.stdout)
