"""The command `auth0-mfa-lab scan`: says where a secret stands in a file, before the file is committed or sent."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from auth0_mfa_lab.secrets.scan import MOST_BYTES, Scanned, file_kind
from auth0_mfa_lab.secrets.scan import scan as scan_content

LEFT_OUT = frozenset(
    {
        *(".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"),
    }
)
FOUND, UNREADABLE = 1, 2
_OTHER = "scan reads notebooks, HAR files and env files (.env*, *.env); gitleaks and detect-secrets read others"


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: finds, notes, unreadable, files.")
@click.pass_context
def scan(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Look for secrets in notebooks, HAR files and env files (.env*, *.env).

    Found are JWTs, mfa_tokens, oob_codes, codes, recovery codes, TOTP secrets, enrollment tickets (in QR codes too),
    passwords, client secrets, refresh and control tokens; none is printed. A folder is walked for these three kinds of
    files, without .git, virtual environments, node_modules and caches. A comment `auth0-mfa-lab: allow` allows its line
    (or the line below it), in a notebook its cell.

    Exit code 0: none. 1: at least one. 2: a file cannot be read, or not whole, or is named and none of the three kinds,
    whatever was found in others. For other files there are gitleaks and detect-secrets.
    """
    report = _Report(as_json)
    for path in paths:
        for file in _files(path, report.failed):
            if file != path and file_kind(file.name) is None:
                report.skipped += 1
                continue
            try:
                content = _content(file)
            except OSError as problem:
                report.failed(file, problem)
                continue
            report.scanned(file, scan_content(file.name, content))
    context.exit(report.end())


def _files(path: Path, failing: Callable[[Path, OSError], None]) -> Iterator[Path]:
    """Yield a file, or those of a folder, in the order of their names; links in it are not followed."""
    if not path.is_dir():
        yield path
        return

    def failed(problem: OSError) -> None:
        failing(Path(problem.filename or path), problem)

    for folder, folders, names in os.walk(path, onerror=failed):
        folders[:] = sorted(each for each in folders if each not in LEFT_OUT)
        files = (Path(folder, name) for name in sorted(names))
        yield from (file for file in files if file.is_file() and not file.is_symlink())


def _content(file: Path) -> bytes:
    if file.exists() and not file.is_file():
        raise OSError(None, "it is no file")  # a pipe would be waited for
    if file.exists() and file_kind(file.name) is None:
        raise OSError(None, _OTHER)
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


class _Report:
    """Says what was found as it is found; as JSON at the end."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._files = 0
        self._finds: list[dict[str, Any]] = []
        self._notes: list[dict[str, str]] = []
        self._unreadable: list[dict[str, str]] = []
        self.skipped = 0

    def scanned(self, file: Path, scanned: Scanned) -> None:
        self._files += 1
        name = _shown(file)
        for find in scanned.finds:
            made = {"file": name, "kind": find.kind, "length": find.length, "cell": find.cell, "line": find.line}
            self._finds.append({**made, "where": find.where})
            if not self._as_json:
                click.echo(f"{name}: {find}")
        if scanned.note:
            self._notes.append({"file": name, "note": scanned.note})
            click.echo(f"{name}: {scanned.note}", err=True)
        if not scanned.whole:
            self._unreadable.append({"file": name, "reason": scanned.note or ""})

    def failed(self, file: Path, problem: OSError) -> None:
        reason = problem.strerror or type(problem).__name__
        self._unreadable.append({"file": _shown(file), "reason": reason})
        click.echo(f"{_shown(file)}: {'' if reason == _OTHER else 'cannot be read: '}{reason}", err=True)

    def end(self) -> int:
        if self._as_json:
            parts = {"finds": self._finds, "notes": self._notes, "unreadable": self._unreadable, "files": self._files}
            click.echo(json.dumps({**parts, "skipped": self.skipped}, indent=2))
        elif self._finds:
            click.echo(
                f"Found: {len(self._finds)}. Take it out, and revoke what somebody may have seen. What is no secret "
                "can be allowed by a comment beside it: auth0-mfa-lab: allow",
                err=True,
            )
        if self.skipped and not self._as_json:
            click.echo(f"{self.skipped} other files were left out: {_OTHER}.", err=True)
        return UNREADABLE if self._unreadable else FOUND if self._finds else 0


def _shown(file: Path) -> str:
    """Return a file's name on one line, whatever it is made of."""
    return "".join(each if each.isprintable() else "�" for each in str(file))


COMMANDS = {"scan": scan}
