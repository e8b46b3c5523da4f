"""The integrator's own tests as a command: each run in a process group of its own, before a tenant of its own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auth0_mfa_lab.cli.serve import environment, write_env_file
from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.kinds import in_text
from auth0_mfa_lab.served.routes import observed
from auth0_mfa_lab.settings import child_environment
from auth0_mfa_lab.vary.met import Met

LONGEST_SECONDS, GRACE_SECONDS, LARGEST = 900.0, 3.0, 1 << 20
"""How long a run may take, and a command that is to end; the bytes of an output that are kept, its end."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: its name, what was varied, the status (None: it did not end in time), and where its output is."""

    name: str
    ids: tuple[str, ...]
    status: int | None
    seconds: float
    met: Met = field(repr=False)
    output: Path

    @property
    def times(self) -> int:
        """How often its variations were met."""
        return sum(self.met.counts[name] for name in self.ids)


class Suite:
    """A command and its runs, whose outputs lie in `folder`, masked."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.command, self._folder = command, folder
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock, self._is_over = threading.Lock(), False

    def run(self, name: str, ids: tuple[str, ...] = ()) -> Run:
        """Run the command before a tenant that varies this, and return how it went."""
        folder = self._folder / name
        folder.mkdir()
        box = Sandbox(seed=secrets.token_hex(16), clock=WallClock(), variation=",".join(ids))
        with Server(box, **(told := observed(box))) as server:
            write_env_file(env_file := folder / "auth0.env", server)
            values, report, output = environment(server, env_file), folder / "met.jsonl", folder / "output.txt"
            varied = {"AUTH0_LAB_VARIATION": ",".join(ids), "AUTH0_LAB_VARIATION_REPORT": str(report)}
            began = time.monotonic()
            status = self._status(child_environment({**values, **varied}), output)
            seconds, met = time.monotonic() - began, Met.of(server)
        # A suite on the fixture, or one that serves, has a server of its own.
        met.add(report)
        known = Aliases()
        for variable, value in values.items():
            if variable.endswith(("_SECRET", "_PASSWORD", "_TOKEN")):
                known.learn(variable.removeprefix("AUTH0_").lower(), value)
        end = output.read_bytes()[-LARGEST:]
        said = end[end.find(b"\n") + 1 if len(end) == LARGEST else 0 :].decode("utf-8", "replace")
        for aliases in dict.fromkeys(each.journal.aliases for each in told["observer"].read()):
            said = aliases.mask(said)
        for kind, value in in_text(said, "token", people=False):  # of the control plane, or of another server's tenant
            known.learn(kind, value)
        for file in folder.iterdir():
            file.unlink()
        output.write_text(known.mask(said), "utf-8")
        return Run(name=name, ids=ids, status=status, seconds=seconds, met=met, output=output)

    def _status(self, environ: dict[str, str], output: Path) -> int | None:
        """Run the command to its end, and end what it has left behind."""
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "start_new_session": True}
        with output.open("wb") as file:
            with self._lock:
                if self._is_over:
                    return None
                command = subprocess.Popen(self.command, env=environ, stdout=file, **pipes)
                self._running.add(command)
            try:
                return int(command.wait(LONGEST_SECONDS))
            except subprocess.TimeoutExpired:
                return None
            finally:
                end(command)
                self._running.discard(command)

    def end(self) -> None:
        """End what runs, with all that it has started; nothing starts any more."""
        with self._lock:
            self._is_over = True
            running = tuple(self._running)
        for command in running:
            end(command)


def end(command: subprocess.Popen[bytes]) -> None:
    """End a command and its group: with a word first, and then without."""
    for sign in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            if os.name == "posix":
                os.killpg(command.pid, sign)
            else:
                command.send_signal(sign)
        except OSError:  # all of it has ended
            return
        try:
            command.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
