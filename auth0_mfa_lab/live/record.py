"""A journal kept in a file while it grows: the HAR that `lab.export("har")` writes, whole at every moment."""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path
from time import monotonic

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.files import regular, write_whole
from auth0_mfa_lab.wire.har import har
from auth0_mfa_lab.wire.journal import Journal

SHARE = 20
"""Saving takes at most one SHARE-th of the time."""


class Record:
    """The file of one journal; the first exchange makes it, in place of one that was there, which is kept beside it.

    A stand-in may change as secrets are learned, so the whole file is written: as exchanges pass, and at the end.
    """

    def __init__(self, journal: Journal, path: str | Path) -> None:
        self.path = Path(path)
        self.before = self.path.with_name(f"{self.path.stem}.before{self.path.suffix}")
        self._journal = journal
        self._lock = threading.RLock()
        self._problem, self._written, self._next_at = "", 0, 0.0
        try:
            regular(self.path).parent.mkdir(parents=True, exist_ok=True)
            tempfile.NamedTemporaryFile(prefix=self.path.name[:100], dir=self.path.parent).close()
        except (OSError, ValueError) as problem:
            why = (getattr(problem, "strerror", None) or "it is no name of a file").lower()
            advice = "Name a file in a folder that you can write to: nothing was sent"
            raise LabError(f"{self.path} cannot be written ({why}). {advice}.") from None

    def passed(self) -> None:
        """Write the file, unless the last writing is too short a time ago: an exchange has passed."""
        if monotonic() >= self._next_at:
            self.save()

    def save(self) -> None:
        """Write what the journal has now, unless that is written; what cannot be written is said once, on stderr."""
        with self._lock:
            began, length = monotonic(), len(self._journal) + len(self._journal.operations)
            if not len(self._journal) or length == self._written:
                return
            try:
                if not self._written and self.path.exists():
                    self.path.replace(self.before)
                write_whole(self.path, har(self._journal))
                self._written, self._problem = length, ""
            except OSError as problem:
                before, self._problem = self._problem, (problem.strerror or type(problem).__name__).lower()
                if not before:
                    sys.stderr.write(
                        f"{self.path} cannot be written ({self._problem}): the journal has what is not in it, and "
                        'lab.export("har").save(...) writes it elsewhere.\n'
                    )
            ended = monotonic()
            self._next_at = ended + SHARE * (ended - began)

    def line(self) -> str:
        """Return the sentence that says where the run is recorded."""
        if self._problem:
            return f"NOT recorded: {self.path} cannot be written ({self._problem})."
        # The same each time, whether there was one or not.
        kept = f"a recording that was there is kept as {self.before.name}"
        return f"Recorded in {self.path}: every exchange, with a stand-in for each secret; {kept}."
