"""What the lab could not do, as exceptions; what Auth0 answered is an Exchange and never raises.

No message holds a secret. An error that stands for another library's is raised `from None`, so that no
frame of a third party shows a body. A notebook shows each in at most three lines: the cell's line, what happened, what
to do next.
"""

from __future__ import annotations

import linecache
import re
import traceback

# The end of the first sentence; a message of one sentence is cut at its colon.
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[^a-z ])")
_COLON = re.compile(r"(?<=:) ")


class LabError(Exception):
    """Something that the lab could not do; the message says what happened and what to do next."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows in a cell, in the place of a traceback.

        `%debug` opens the traceback of this error all the same, and `pytest` shows its own.
        """
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None:
            return traceback.format_exception_only(self)
        lines = [f"----> {line}" for line in self._lines_in(shell.user_global_ns)[:1]]
        said = " ".join(str(self).split())
        first, *then = _SENTENCE_END.split(said, 1) if _SENTENCE_END.search(said) else _COLON.split(said, 1)
        return [*lines, f"{type(self).__name__}: {first}", *then]

    def _lines_in(self, namespace: dict[str, object]) -> list[str]:
        """Return the lines of the notebook's code that led here, the running cell's first."""
        frames = traceback.walk_tb(self.__traceback__)
        own = [(frame.f_code.co_filename, line) for frame, line in frames if frame.f_globals is namespace]
        return [linecache.getline(*each).strip() for each in own]


class SettingsError(LabError):
    """A setting is missing or malformed."""


class UserDoesNotFit(LabError):
    """The live user's authenticators are not the ones that were asked for; nothing was sent to anybody."""


class NeedsAPerson(LabError):
    """A step of a live run needs a person, and nobody can be asked here."""


class NotConfirmed(LabError):
    """A call that costs or changes something was not agreed to; it was not sent, and the journal has nothing of it."""


class NothingWasSent(LabError):
    """The inbox has no message to this address, for this purpose."""


class ClaimFailed(LabError, AssertionError):
    """A claim about an answer does not hold."""


class CannotAdvance(LabError, ValueError):
    """The clock cannot be moved like this: backwards, too far, or by what is no number."""


class NoServer(LabError):
    """No served sandbox answers there."""


class ControlRefused(LabError):
    """A served sandbox refused what it was asked for, with this HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class PhoneError(LabError):
    """The phone cannot do what it was asked."""


class NotEnrolled(PhoneError):
    """The phone has scanned no enrollment ticket yet."""


class NothingToAnswer(PhoneError):
    """No push waits for an answer on the phone."""


class NotABarcode(PhoneError):
    """What the phone was given to scan is no enrollment barcode."""
