"""The steps of a journal that is to be run again: requests, polls, what the phone does, codes that somebody reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auth0_mfa_lab.wire.exports.calls import Call
from auth0_mfa_lab.wire.exports.paths import Path
from auth0_mfa_lab.wire.exports.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A variable that an answer brings, and where it stands there."""

    variable: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What follows stands under this title; or a remark."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """A fresh user with these factors; `fields` has the variables that it brings, each with its field."""

    factors: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A request, whose answer has this status again. A poll is repeated until it is answered."""

    call: Call
    status: int
    captures: tuple[Capture, ...]
    is_poll: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The phone scans the barcode of this variable; `refused` says that the tenant refused it."""

    variable: str
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """The phone allows or rejects the newest push, with a reason or without; `refused` as in Scan."""

    allow: bool
    reason: str | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCode:
    """Somebody reads a code: the newest one that was sent to an address, or without one what the phone shows."""

    variable: str
    purpose: str
    address: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """So many seconds pass: what expires by then has expired."""

    seconds: int


Step = Title | Make | Send | Scan | Press | ReadCode | Pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps, in their order, and the variables that a script is given: those that nothing of it brings."""

    steps: tuple[Step, ...]
    given: tuple[str, ...]

    def has(self, *kinds: type) -> bool:
        """Say whether there is a step of one of these kinds."""
        return any(isinstance(step, kinds) for step in self.steps)

    @property
    def asks(self) -> bool:
        """Whether a person may have to do something where no served sandbox's phone and inbox are."""
        made = (variable for step in self.makes() for variable, field in step.fields if field == "recovery_code")
        return self.has(Scan, Press, ReadCode) or any(made)

    def makes(self) -> Iterator[Make]:
        """Yield the steps that make a user."""
        yield from (step for step in self.steps if isinstance(step, Make))

    def sends(self) -> Iterator[Send]:
        """Yield the steps that send a request."""
        yield from (step for step in self.steps if isinstance(step, Send))

    @property
    def is_refused(self) -> bool:
        """Whether the tenant refused something that the phone said."""
        return any(isinstance(step, Scan | Press) and step.refused for step in self.steps)

    @property
    def polls(self) -> bool:
        """Whether some request is repeated until it is answered."""
        return any(step.is_poll for step in self.sends())
