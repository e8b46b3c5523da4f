"""A journal kept in a file while it grows: the HAR that `lab.export("har")` writes, whole at every moment."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.har import har
from auth0_mfa_lab.wire.journal import Journal

SHARE = 20
"""Saving takes at most one SHARE-th of the time: what the n-th exchange adds does not grow with n."""
Later = Callable[[float, Callable[[], None]], None]


def later(seconds: float, act: Callable[[], None]) -> None:
    """Do something in so many seconds, on a thread that keeps nobody from ending."""
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


class Record:
    """The file of one journal; the first exchange makes it, in place of one that was there, which is kept beside it.

    A stand-in may change as long as secrets are learned, so it is always the whole file that is written: into another
    one first, which then takes its place, so that nobody finds half of it. It is written as an exchange passes, but for
    as long as SHARE times what the last time took; what passes meanwhile follows by itself.
    """

    def __init__(
        self,
        journal: Journal,
        path: str | Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        later: Later = later,
    ) -> None:
        """Keep `journal` in the file `path`, in whose folder it must be able to write: LabError where it is not.

        `monotonic` tells real seconds, and `later` does something after so many of them.
        """
        self.path = Path(path)
        self.problem = ""
        self._journal = journal
        self._monotonic = monotonic
        self._later = later
        self._lock = threading.RLock()
        self._written = 0
        self._next_at = 0.0
        self._is_awaited = False
        self.before = self._checked()

    def passed(self) -> None:
        """Write the file, now or soon: an exchange has passed."""
        with self._lock:
            wait = self._next_at - self._monotonic()
            if wait <= 0:
                self.save()
            elif not self._is_awaited:
                self._is_awaited = True
                self._later(wait, self._come)

    def save(self) -> None:
        """Write what the journal has now, unless that is written; what cannot be written is said once, on stderr."""
        with self._lock:
            state = len(self._journal) + len(self._journal.operations)
            if len(self._journal) == 0 or state == self._written:
                return
            began = self._monotonic()
            try:
                if not self._written and self.path.exists():
                    self.path.replace(self.before)
                _write(self.path, har(self._journal))
                self._written, self.problem = state, ""
            except OSError as problem:
                self._say((problem.strerror or type(problem).__name__).lower())
            ended = self._monotonic()
            self._next_at = ended + SHARE * (ended - began)

    def line(self) -> str:
        """Return the sentence that says where the run is recorded."""
        if self.problem:
            return f"NOT recorded: {self.path} cannot be written ({self.problem})."
        # The same each time, whether there was one or not.
        kept = f"a recording that was there is kept as {self.before.name}"
        return f"Recorded in {self.path}: every exchange, with a stand-in for each secret; {kept}."

    def _come(self) -> None:
        with self._lock:
            self._is_awaited = False
            self.save()

    def _say(self, why: str) -> None:
        if not self.problem:
            sys.stderr.write(
                f"{self.path} cannot be written ({why}): the journal has what is not in it, and "
                'lab.export("har").save(...) writes it elsewhere.\n'
            )
        self.problem = why

    def _checked(self) -> Path:
        """Return where a file that is there will be kept, once one has been written beside it."""
        advice = "Name a file in a folder that you can write to: nothing was sent"
        try:
            if self.path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, part = _beside(self.path)
            os.close(descriptor)
            part.unlink()
        except (OSError, ValueError) as problem:
            why = getattr(problem, "strerror", None) or "it is no name of a file"
            raise LabError(f"{self.path} cannot be written ({why.lower()}). {advice}.") from None
        return self.path.with_name(f"{self.path.stem}.before{self.path.suffix}")


def _beside(path: Path) -> tuple[int, Path]:
    """Make an empty file beside another, which its owner alone can read."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    return descriptor, Path(name)


def _write(path: Path, text: str) -> None:
    descriptor, part = _beside(path)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink()
        raise
