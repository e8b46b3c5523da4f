"""The example in Python, run as somebody else's suite: a login with its tests, on the plugin."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "python"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The example in a folder of its own, away from the settings of this project."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("__pycache__")))


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_example_passes(copy: Path) -> None:
    done = run(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    tests = re.findall(r"^def (test_\w+)", (EXAMPLE / "test_login.py").read_text("utf-8"), re.MULTILINE)
    for what in ("allowed", "rejected", "nobody_answers", "sms", "recovery"):
        assert any(what in name for name in tests), what


@pytest.mark.parametrize(
    ("right", "wrong", "failed"),
    [
        ('"authorization_pending", ', '"authorization_pending", "invalid_grant", "access_denied", ', "rejected"),
        ("answer.status_code >= 500 or ", "", "gateway"),
        ("while is_pending(", "while not is_pending(", "allowed"),
    ],
)
def test_a_mistake_in_the_application_fails(copy: Path, right: str, wrong: str, failed: str) -> None:
    login = copy / "login.py"
    source = login.read_text("utf-8")
    assert right in source
    login.write_text(source.replace(right, wrong), encoding="utf-8")
    done = run(copy, "-k", failed)
    assert done.returncode == 1
    assert re.search(rf"FAILED .*{failed}", done.stdout), done.stdout


def test_the_application_is_short_and_needs_httpx_alone() -> None:
    tree = ast.parse((EXAMPLE / "login.py").read_text("utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert modules == {"collections.abc", "httpx", "time"}
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    assert len([node for node in statements if not isinstance(node, ast.Import | ast.ImportFrom)]) <= 30
