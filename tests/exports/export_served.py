"""The programs that run an export against a served sandbox, as somebody who has saved one does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from select import select

import httpx
import pytest

from auth0_mfa_lab import Lab

SECONDS = 180.0
# fmt: off
PROGRAMS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    # what runs it, how its file is named, and what it needs
    "bash":  ("bash",         ".sh",  ("bash", "curl", "jq")),
    "httpx": (sys.executable, ".py",  ()),
    "node":  ("node",         ".mjs", ("node",)),
}
# fmt: on


def must_be_there(*programs: str) -> None:
    """Fail, with a sentence, when a program is missing: a skip would hide that nothing was tried."""
    if missing := [name for name in programs if shutil.which(name) is None]:
        said = f"not installed: {', '.join(missing)}; the exports are run with it (Debian: bash, curl, jq, nodejs)"
        pytest.fail(said)


@dataclass(frozen=True)
class Served:
    """A process that serves a sandbox, the variables of its env file, and a client of its control plane."""

    variables: Mapping[str, str] = field(repr=False)
    control: httpx.Client

    def begin(self, kind: str, lab: Lab, folder: Path, **others: str | None) -> subprocess.Popen[bytes]:
        """Save an export and run it by its program: our command first, a home without settings, the env file."""
        program, suffix, needs = PROGRAMS[kind]
        must_be_there(*needs)
        lab.export(kind).save(script := folder / f"exported{suffix}")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        named = {"PATH": path, "HOME": "/nonexistent", "CURL_HOME": "/nonexistent", **self.variables, **others}
        environment = {name: value for name, value in named.items() if value is not None}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "bufsize": 0}
        return subprocess.Popen([program, script], env=environment, cwd=folder, **pipes)  # type: ignore[call-overload,no-any-return]  # keywords of the call

    def run(self, kind: str, lab: Lab, folder: Path, **others: str | None) -> tuple[int, str]:
        """Run an export without a terminal; return its exit code and its output."""
        with self.begin(kind, lab, folder, **others) as running:
            said, _ = running.communicate(timeout=SECONDS)
        return running.returncode, said.decode()


def until(asked: str, running: subprocess.Popen[bytes]) -> None:
    """Read what a program says until it has asked this."""
    assert running.stdout is not None
    said = b""
    while not said.endswith(asked.encode()):
        assert select([running.stdout], [], [], SECONDS)[0], f"it did not ask {asked!r}: {said!r}"
        said += (came := running.stdout.read(1))
        assert came, f"it ended before it asked {asked!r}: {said!r}"
