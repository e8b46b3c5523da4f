"""What a server's variations met: counts, and what was asked, masked; a line of JSON for each server in one file."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.served.journal import ServedJournal
from auth0_mfa_lab.wire.exchange import Exchange

ID = re.compile(r"[a-z-]+(\||%7C)dev_\w+")
NOTE = "sandbox: varied, "
SHOWN = 50
"""How many of the answers that were changed are kept with their text."""


class Asked(NamedTuple):
    """One exchange of an application's: which call, how it ended, the variations that changed it, and its text."""

    call: str
    outcome: str
    varied: tuple[str, ...] = ()
    text: str = ""

    def __str__(self) -> str:
        return f"{self.call} {self.outcome}"


@dataclass
class Met:
    """How often each variation was met, and what was asked, in order."""

    counts: Counter[str] = field(default_factory=Counter)
    asked: list[Asked] = field(default_factory=list)

    @classmethod
    def of(cls, server: Server) -> Met:
        """Return what a server met, with every secret under its alias; without a journal the counts alone."""
        journal = server.sandbox.received
        told = journal.read() if isinstance(journal, ServedJournal) else []
        said = (each.exchange for each in told if each.exchange.speaker == "app")
        return cls(Counter(server.sandbox.varied.met), [*asked(said)])

    def append_to(self, file: Path) -> None:
        """Add a line to a file. Raises LabError where it cannot be written."""
        try:
            with file.open("ab", buffering=0) as opened:  # whole: several servers may write at the same time
                opened.write(json.dumps(vars(self)).encode() + b"\n")
        except OSError as problem:
            raise LabError(f"{file} cannot be written ({problem.strerror}).") from None

    def add(self, file: Path) -> None:
        """Add what the lines of a file say; nothing where there is no file."""
        for line in file.read_text("utf-8").splitlines() if file.exists() else ():
            with suppress(ValueError):  # a server that was killed while it wrote
                said = json.loads(line)
                self.counts.update(said["counts"])
                self.asked += [Asked(call, outcome, tuple(ids), text) for call, outcome, ids, text in said["asked"]]


def asked(exchanges: Iterable[Exchange]) -> Iterator[Asked]:
    """Yield what is kept of exchanges."""
    left = SHOWN
    for each in exchanges:
        varied = tuple(note.removeprefix(NOTE) for note in each.notes if note.startswith(NOTE))
        left -= bool(varied)
        call = f"{each.request.method} {ID.sub('{id}', each.masked(each.request.target))}"
        yield Asked(each.masked(call), each.outcome, varied, each.show(each)[0] if varied and left >= 0 else "")
