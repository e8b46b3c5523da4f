"""The operations of a lab's tenant: in process, over the network, recorded as they are asked for, or of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from auth0_mfa_lab import errors
from auth0_mfa_lab.errors import ControlRefused, LabError, NothingWasSent
from auth0_mfa_lab.wire.journal import Journal, OperationCall

if TYPE_CHECKING:
    from auth0_mfa_lab.sandbox import Sandbox
    from auth0_mfa_lab.wire.replay import Replay

Json = Any
Ask = Callable[..., Json]
"""Does an operation by its name, with JSON in and out: `ask("limits", user="user1@example.com")`; raises LabError."""
T = TypeVar("T")

IN_ORDER = frozenset({"add_user", "add_phone", "enroll"})
"""What each time gives something new: a replay gives it in the order of the recording, whatever the arguments."""
EMPTY: Mapping[str, Json] = {"messages": {"messages": []}, "pushes": {"pushes": []}}
"""What a replay says of these where the recorded run did not look."""
_LACKS = {
    "add_user": ("further user", "record the run again with lab.user(...) in it"),
    "limits": ("limits of this user here", "record the run again with lab.limits(...) in it"),
    "settings": ("settings of the tenant", "record the run again with lab.tenant in it"),
    "prompt": ("code that was typed here", "leave this step out"),
}


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


class Replayer(Recorder):
    """Answers operations from a recording, and keeps them again, so that a replay can be exported."""

    def keep(self, operation: str, arguments: Mapping[str, Json], act: Callable[[], T]) -> T:
        """Return what was recorded; `act` is not done again."""

        def recorded() -> T:
            found: T = self.quiet(operation, **arguments)
            return found

        return super().keep(operation, arguments, recorded)


def in_process(box: Sandbox) -> Ask:
    """Return what asks a sandbox of this process."""
    from auth0_mfa_lab.sandbox.operations import OPERATIONS, Refused

    rows = {row.name: row for row in OPERATIONS}

    def ask(operation: str, /, **arguments: Json) -> Json:
        row = rows[operation]
        try:
            with box.answer.lock:
                return row.run(box, **row.read(arguments))
        except Refused as refusal:
            raise ControlRefused(str(refusal), refusal.status) from None

    return ask


def person_alone(operation: str, /, **_: Json) -> Json:
    """Refuse: a live tenant has no operations but what `keep` is given."""
    raise LabError(f"A live tenant cannot be asked for {operation}.")


def of_recording(replay: Replay) -> Ask:
    """Return what answers operations from a recording: the one that was asked for here, or last before."""

    def ask(operation: str, /, **arguments: Json) -> Json:
        if operation == "add_user" and not replay.recording.is_ours:
            return _who_logged_in(replay, arguments["factors"])
        in_order = operation in IN_ORDER
        found = replay.next_operation(operation, arguments) if in_order else replay.operation(operation, arguments)
        if found is None and "address" in arguments:
            raise NothingWasSent(
                f"{replay.recording.name} has no message to this address here: it has those that the recorded run read "
                "with lab.inbox.latest(...)."
            )
        if found is None and operation in EMPTY:
            return EMPTY[operation]
        # Another tool's recording has no question, but it has the code as it was sent afterwards.
        if found is None and operation == "prompt" and (code := replay.code_to_come()) is not None:
            return code
        if found is None:
            raise missing(replay, *_LACKS.get(operation, (operation, "record the run again with it")))
        if found.refused is not None:
            raise _error_of(found.refused)
        return found.result

    return ask


def _who_logged_in(replay: Replay, factors: Json) -> Json:
    """Return the user of another tool's recording: the one of its first login with a password."""
    for each in replay.recording.exchanges:
        data = each.request.raw_data()
        if isinstance(data, dict) and isinstance(data.get("password"), str) and "username" in data:
            names = {"username": str(data["username"]), "password": str(data["password"]), "factors": factors}
            return {**names, "phone_number": None, "email": None, "recovery_code": None, "barcodes": []}
    raise missing(replay, "login with a password", "pass the user's name yourself; any value is taken for it")


def missing(replay: Replay, what: str, instead: str) -> LabError:
    """Return the error for what a recording does not have, with what to do instead."""
    recording = replay.recording
    wrote = "" if recording.is_ours else f" (it was written by {recording.by}, which does not record such things)"
    return LabError(f"{recording.name} has no {what}{wrote}: {instead}.")


def _error_of(refused: Mapping[str, Json]) -> LabError:
    kind = getattr(errors, refused["error"], LabError)
    if kind is ControlRefused:
        return ControlRefused(refused["said"], refused["status"])
    error: LabError = kind(refused["said"])
    return error
