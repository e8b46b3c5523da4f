"""The operations of a lab's tenant: asked for by their names, in process, and recorded as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auth0_mfa_lab.errors import ControlRefused, LabError
from auth0_mfa_lab.wire.journal import Journal, OperationCall

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Sandbox

Json = Any
Ask = Callable[..., Json]
"""Does an operation by its name, with JSON in and out: `ask("limits", user="user1@example.com")`; raises LabError."""


class Recorder:
    """Asks a tenant for operations by `quiet`, and keeps each in the journal."""

    def __init__(self, quiet: Ask, journal: Journal) -> None:
        self.quiet = quiet
        self._journal = journal

    def __call__(self, operation: str, /, do: Callable[[], Json] | None = None, **arguments: Json) -> Json:
        """Return what an operation returns, and keep it; raises what `quiet` raises.

        With `do` the lab does it itself; in a replay the recording has what came of it.
        """
        given = {name: each for name, each in arguments.items() if each is not None}
        kept, after, result, refused = self._journal.operations, len(self._journal), None, None
        try:
            result = self.quiet(operation, **given) if do is None or kept.is_replayed else do()
            return result
        except LabError as error:
            refused = {"error": type(error).__name__, "said": str(error), "status": getattr(error, "status", None)}
            raise
        finally:
            call = OperationCall(after=after, operation=operation, arguments=given, result=result, refused=refused)
            kept.append(call)


def in_process(box: Sandbox) -> Ask:
    """Return what asks a sandbox of this process."""
    from auth0_mfa_lab.sandbox.operations import OPERATIONS, Refused

    rows = {row.name: row for row in OPERATIONS}

    def ask(operation: str, /, **arguments: Json) -> Json:
        row = rows[operation]
        try:
            with box.lock:
                return row.run(box, **row.read(arguments))
        except Refused as refusal:
            raise ControlRefused(str(refusal), refusal.status) from None

    return ask


def person_alone(operation: str, /, **_: Json) -> Json:
    """Refuse: a live tenant has no operations but what the lab does itself."""
    raise LabError(f"A live tenant cannot be asked for {operation}.")
