"""Faults on demand: what goes wrong on the way to the tenant, for the next calls of a route."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from auth0_mfa_lab.sandbox.guardian.api import MOUNTS

Kind = Literal["429", "5xx", "html", "slow", "drop", "late_approval", "lost_push"]
KINDS: tuple[Kind, ...] = ("429", "5xx", "html", "slow", "drop", "late_approval", "lost_push")
ON_THE_WIRE: tuple[Kind, ...] = ("429", "5xx", "html", "slow", "drop")
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

    number: int
    kind: Kind
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
        of_kind: dict[str, dict[str, object]] = {
            "429": {"retry_after": self.retry_after},
            "5xx": {"status": self.status},
            "html": {"status": self.status},
            "slow": {"seconds": self.seconds},
            "late_approval": {"polls": self.polls},
        }
        on_a_route = {"route": self.route} if self.kind in ON_THE_WIRE else {}
        return {
            "number": self.number,
            "kind": self.kind,
            "times": self.times,
            **on_a_route,
            **of_kind.get(self.kind, {}),
        }


class Faults:
    """The faults that wait for their calls, the oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._numbers = itertools.count(1)

    def __iter__(self) -> "itertools.chain[Fault]":
        return itertools.chain(self._waiting)

    def add(self, fault: Fault) -> Fault:
        """Let a fault wait; it is given its number. Of too many the oldest is forgotten."""
        numbered = replace(fault, number=next(self._numbers))
        self._waiting.append(numbered)
        del self._waiting[:-MOST]
        return numbered

    def clear(self) -> None:
        self._waiting.clear()

    def of_call(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with this call, which uses it up once."""
        if not self._waiting:
            return None
        return self._take(next((one for one in self if one.kind in ON_THE_WIRE and one.hits(method, path)), None))

    def of_kind(self, kind: Kind) -> Fault | None:
        """Return the next fault that is no call's, which uses it up once."""
        return self._take(next((one for one in self if one.kind == kind), None))

    def loses_push(self) -> bool:
        """Tell of one push whether it is lost."""
        return self.of_kind("lost_push") is not None

    def _take(self, fault: Fault | None) -> Fault | None:
        if fault is not None:
            place = self._waiting.index(fault)
            left = replace(fault, times=fault.times - 1)
            self._waiting[place : place + 1] = [left] if left.times > 0 else []
        return fault
