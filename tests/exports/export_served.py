"""A served sandbox as a process, and the programs that run an export against it, as somebody who has saved one does."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from dotenv import dotenv_values

MAIN = "from auth0_mfa_lab.cli import main; main()"
SECONDS = 60.0
PROGRAMS: Mapping[str, str] = {"bash": "bash", "httpx": sys.executable, "node": "node"}
SUFFIXES: Mapping[str, str] = {"bash": ".sh", "httpx": ".py", "node": ".mjs"}
NEEDS: Mapping[str, tuple[str, ...]] = {"bash": ("bash", "curl", "jq"), "httpx": (), "node": ("node",)}


@dataclass(frozen=True)
class Served:
    """A process that serves a sandbox, the variables of its env file, and a client of its control plane."""

    variables: Mapping[str, str] = field(repr=False)
    control: httpx.Client

    def reset(self) -> None:
        """Begin the tenant again."""
        self.control.post("reset", json={}).raise_for_status()

    def user(self, *factors: str) -> dict[str, Any]:
        """Return a fresh user with these factors."""
        made: dict[str, Any] = self.control.post("users", json={"factors": factors}).raise_for_status().json()
        return made

    def environment(self, **others: str | None) -> dict[str, str]:
        """Return what a script has: our command first, a home without settings, and the env file's variables."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        named = {"PATH": path, "HOME": "/nonexistent", "CURL_HOME": "/nonexistent", **self.variables, **others}
        return {name: value for name, value in named.items() if value is not None}

    def run(self, kind: str, script: Path, **others: str | None) -> subprocess.CompletedProcess[str]:
        """Run a saved export by its program, with nobody to ask."""
        must_be_there(*NEEDS[kind])
        return subprocess.run(
            [PROGRAMS[kind], str(script)],
            env=self.environment(**others),
            cwd=script.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def must_be_there(*programs: str) -> None:
    """Fail, with a sentence, when a program is missing: a skip would hide that nothing was tried."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.fail(
            f"not installed: {', '.join(missing)}; the exports are run with it (Debian: bash, curl, jq, nodejs)"
        )


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Run `auth0-mfa-lab serve` on a free port, as anybody starts it."""
    env_file = folder / "lab.env"
    command = [sys.executable, "-c", MAIN, "serve", "--port", "0", "--env-file", str(env_file)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert "is ready" in process.stdout.readline()
        variables = {name: str(value) for name, value in dotenv_values(env_file, interpolate=False).items()}
        context = ssl.create_default_context(cafile=variables["AUTH0_CA_FILE"])
        bearer = {"authorization": f"Bearer {variables['AUTH0_LAB_TOKEN']}"}
        base_url = f"https://{variables['AUTH0_DOMAIN']}/_lab"
        with httpx.Client(verify=context, base_url=base_url, headers=bearer, trust_env=False) as control:
            yield Served(variables, control)
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)
        if process.stdout is not None:
            process.stdout.close()


class Talk:
    """A script that asks somebody: what it says is read until it asks, and answered."""

    def __init__(self, served: Served, kind: str, script: Path, **others: str | None) -> None:
        must_be_there(*NEEDS[kind])
        self._process = subprocess.Popen(
            [PROGRAMS[kind], str(script)],
            env=served.environment(**others),
            cwd=script.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self.said = ""

    def until(self, question: str) -> None:
        """Read until the script has asked this."""
        assert self._process.stdout is not None
        ends = time.monotonic() + SECONDS
        while question not in self.said and time.monotonic() < ends:
            came = self._process.stdout.read(1)
            assert came, f"it ended before it asked {question!r}: {self.said}"
            self.said += came.decode("utf-8", "replace")

    def answer(self, text: str = "") -> None:
        """Type an answer, and Enter."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())

    def end(self) -> int:
        """Let the script end, and return its exit code."""
        rest, _ = self._process.communicate(timeout=SECONDS)
        self.said += rest.decode("utf-8", "replace")
        return self._process.returncode
