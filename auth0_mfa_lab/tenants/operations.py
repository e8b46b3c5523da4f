"""The operations of a lab's tenant: asked for by their names, in process, and recorded as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from auth0_mfa_lab.errors import ControlRefused, LabError
from auth0_mfa_lab.wire.journal import Journal, OperationCall

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Sandbox

Json = Any
Ask = Callable[..., Json]
"""Does an operation by its name, with JSON in and out: `ask("limits", user="user1@example.com")`; raises LabError."""
T = TypeVar("T")


class Recorder:
    """Asks a tenant for operations, and keeps each in the journal."""

    def __init__(self, ask: Ask, journal: Journal) -> None:
        """Ask with `ask`."""
        self.quiet = ask
        self._journal = journal

    def __call__(self, operation: str, /, **arguments: Json) -> Json:
        """Return what an operation returns, and keep it; raises what `ask` raises."""
        given = {name: each for name, each in arguments.items() if each is not None}
        return self.keep(operation, given, lambda: self.quiet(operation, **given))

    def keep(self, operation: str, arguments: Mapping[str, Json], act: Callable[[], T]) -> T:
        """Return what `act` returns, and keep it as the result of an operation; it is JSON."""
        after, result, refused = len(self._journal), None, None
        try:
            result = act()
            return result
        except LabError as error:
            refused = {"error": type(error).__name__, "said": str(error), "status": getattr(error, "status", None)}
            raise
        finally:
            call = OperationCall(after=after, operation=operation, arguments=arguments, result=result, refused=refused)
            self._journal.operations.append(call)


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
    """Refuse: a live tenant has no operations but what `keep` is given."""
    raise LabError(f"A live tenant cannot be asked for {operation}.")
