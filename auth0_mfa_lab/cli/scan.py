"""The command `auth0-mfa-lab scan`: says where a secret stands in a file, before the file is committed or sent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from auth0_mfa_lab.cli import json_of
from auth0_mfa_lab.secrets.scan import file_kind
from auth0_mfa_lab.secrets.scan import scan as scan_content

LEFT_OUT = (
    ".git .hg .svn .venv venv node_modules __pycache__ .tox .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis"
)
_LARGE = 2**22  # bytes: what takes longer than a moment
_OTHER = "scan reads notebooks, HAR files and env files (.env*, *.env); gitleaks and detect-secrets read others"


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: finds, notes, unreadable, files.")
@click.pass_context
def scan(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Look for secrets in notebooks, HAR files and env files.

    It finds JWTs, mfa_tokens, oob_codes, codes, recovery codes, TOTP secrets, enrollment tickets (in QR codes too),
    passwords, client secrets, refresh and control tokens, and prints none of them. In a folder it reads these three
    kinds of files (env files are .env* and *.env), but not .git, virtual environments, node_modules and caches. A
    comment `auth0-mfa-lab: allow` allows its line (or the line below it), in a notebook its cell.

    Exit code 0: no secret. 1: at least one. 2: a file cannot be read whole, or a named file is of another kind. For
    other files there are gitleaks and detect-secrets.
    """
    said: dict[str, Any] = {"finds": [], "notes": [], "unreadable": [], "files": 0, "skipped": 0}

    def failed(problem: OSError) -> None:
        name, reason = _shown(problem.filename or "a file"), problem.strerror or type(problem).__name__
        said["unreadable"].append({"file": name, "reason": reason})
        click.echo(f"{name}: {'' if reason == _OTHER else 'cannot be read: '}{reason}", err=True)

    def found_in(path: Path) -> Iterator[Path]:
        """Yield a file, or those of a folder, in the order of their names; links in it are not followed."""
        if not path.is_dir():
            yield path
            return
        for folder, folders, names in os.walk(path, onerror=failed):
            folders[:] = sorted(each for each in folders if each not in LEFT_OUT.split())
            inside = (Path(folder, name) for name in sorted(names))
            yield from (file for file in inside if file.is_file() and not file.is_symlink())

    for file in (file for path in paths for file in found_in(path)):
        is_other = file_kind(file.name) is None
        if is_other and file not in paths:
            said["skipped"] += 1
            continue
        try:
            if file.exists() and (is_other or not file.is_file()):  # a pipe would be waited for
                raise OSError(None, _OTHER if file.is_file() else "it is no file", str(file))
            with file.open("rb") as opened:
                scanned = scan_content(file.name, opened, _progress(file))
        except OSError as problem:
            failed(problem)
            continue
        name = _shown(file)
        said["files"] += 1
        for find in scanned.finds:
            said["finds"].append({"file": name, **find._asdict()})
            if not as_json:
                click.echo(f"{name}: {find}")
        if scanned.note:
            said["notes"].append({"file": name, "note": scanned.note})
            click.echo(f"{name}: {scanned.note}", err=True)
        if not scanned.whole:
            said["unreadable"].append({"file": name, "reason": scanned.note})
    if as_json:
        click.echo(json_of(said))
    elif found := len(said["finds"]):
        advice = "Remove each, and revoke it if the file was shared. To allow one, write a comment beside it"
        click.echo(f"Found: {found}. {advice}: auth0-mfa-lab: allow", err=True)
    if said["skipped"] and not as_json:
        click.echo(f"{said['skipped']} other files were left out: {_OTHER}.", err=True)
    context.exit(2 if said["unreadable"] else 1 if said["finds"] else 0)


def _progress(file: Path) -> Callable[[int], None]:
    """Return what says on a terminal how far a large file has been read, and clears that line at the end."""
    size = file.stat().st_size
    is_told = size > _LARGE and sys.stderr.isatty()

    def tell(done: int) -> None:
        if is_told:
            said = f"{_shown(file)}: {100 * done // size} %" if done < size else ""
            click.echo(f"\r\x1b[K{said}", nl=False, err=True)

    return tell


def _shown(file: Path | str) -> str:
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(file))
