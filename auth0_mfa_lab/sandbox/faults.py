"""Faults on demand: what goes wrong on the way to the tenant, for the next calls of a route."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from auth0_mfa_lab.sandbox.guardian.api import MOUNTS

KINDS: Mapping[str, tuple[str, ...]] = {
    "429": ("route", "retry_after"),
    "5xx": ("route", "status"),
    "html": ("route", "status"),
    "slow": ("route", "seconds"),
    "drop": ("route",),
    "late_approval": ("polls",),
    "lost_push": (),
}
"""The fields that each kind reads beside `times`; one with a `route` happens to a call."""
OF_CALLS = tuple(kind for kind, fields in KINDS.items() if "route" in fields)
EXTENSION = "auth0_lab.fault"
"""The name of a request's fault in `scope["extensions"]`."""
MOST = 100


def is_a_phones(path: str) -> bool:
    """Tell whether a phone speaks there; its second mount is /api, and the Management API is below that."""
    return path.startswith(MOUNTS) and not path.startswith("/api/v2/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, for the next `times` calls.

    `route` is a path, with a method before it or without; without a route it is any call but a phone's. `retry_after`
    and `seconds` are in seconds, `polls` is how many more are answered before a late approval.
    """

    number: int = 0
    kind: str
    route: str | None = None
    times: int = 1
    status: int = 503
    retry_after: int = 1
    seconds: float = 1.0
    polls: int = 1

    def hits(self, method: str, path: str) -> bool:
        """Tell whether this is a call that goes wrong."""
        if self.route is None:
            return not is_a_phones(path)
        wanted, _, rest = self.route.rpartition(" ")
        return wanted in ("", method) and (path == rest or path.startswith(f"{rest.rstrip('/')}/"))

    def shown(self) -> Mapping[str, object]:
        """Return the fields that this kind reads."""
        return {name: getattr(self, name) for name in ("number", "kind", "times", *KINDS[self.kind])}


class Faults:
    """The faults that wait for their calls, the oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self._numbers = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        """Let a fault wait; it is given its number. Of too many the oldest is forgotten."""
        numbered = replace(fault, number=next(self._numbers))
        self.waiting = [*self.waiting, numbered][-MOST:]
        return numbered

    def take(self, *kinds: str, call: tuple[str, str] | None = None) -> Fault | None:
        """Return the oldest fault of these kinds, of those that hit a call (method and path); that uses it up once."""
        for place, fault in enumerate(self.waiting):
            if fault.kind in kinds and (call is None or fault.hits(*call)):
                self.waiting[place : place + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                return fault
        return None
