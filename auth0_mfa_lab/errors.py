"""What the lab could not do, as exceptions; what Auth0 answered is an Exchange and never raises.

No message holds a secret. An error that stands for another library's is raised `from None`, so that no frame of a
third party shows a body.
"""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Callable
from typing import ClassVar


class LabError(Exception):
    """Something that the lab could not do; the message says what happened and what to do next."""

    door: ClassVar[Callable[[str], str]] = str
    """Masks what a message repeats of a caller's values; the aliases of the labs bring it."""

    def __init__(self, *said: object) -> None:
        super().__init__(*(LabError.door(each) if isinstance(each, str) else each for each in said))

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in a cell for a traceback: the cell's line, what happened, what to do next."""
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None:
            return traceback.format_exception_only(self)
        # The line of the running cell is the first of the notebook's own code.
        frames = [each for each in traceback.walk_tb(self.__traceback__) if each[0].f_globals is shell.user_global_ns]
        cell = [f"----> {linecache.getline(each.f_code.co_filename, line).strip()}" for each, line in frames[:1]]
        said = " ".join(str(self).split())
        # A message of one sentence is cut at its colon.
        sentences = re.split(r"(?<=[.!?]) (?=[^a-z ])", said, maxsplit=1)
        first, *then = sentences if len(sentences) > 1 else re.split(r"(?<=:) ", said, maxsplit=1)
        return [*cell, f"{type(self).__name__}: {first}", *then]


class SettingsError(LabError):
    """A setting is missing or malformed."""


class UserDoesNotFit(LabError):
    """The live user has other authenticators than were asked for; nothing was sent."""


class NeedsAPerson(LabError):
    """A step of a live run needs a person, and there is no prompt to ask in."""


class NotConfirmed(LabError):
    """A call that costs or changes something was not agreed to; it was not sent, and the journal has nothing of it."""


class NothingWasSent(LabError):
    """The inbox has no message to this address, for this purpose."""


class ClaimFailed(LabError, AssertionError):
    """A claim about an answer does not hold."""


class CannotAdvance(LabError, ValueError):
    """The clock cannot be moved like this: backwards, too far, or by a value that is no number."""


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
