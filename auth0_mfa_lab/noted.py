"""What a lab does beside its exchanges, noted as it happens: so a recording has what the phone and the inbox said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import httpx

from auth0_mfa_lab.boxed import Host, HowItIsSet, Inside
from auth0_mfa_lab.errors import NothingWasSent
from auth0_mfa_lab.inbox import LabInbox, Message
from auth0_mfa_lab.people import User
from auth0_mfa_lab.phone import Pushed, VirtualPhone
from auth0_mfa_lab.show.limits import Limits
from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.beside import Json
from auth0_mfa_lab.wire.journal import Journal

T = TypeVar("T")
OF_A_PUSH = ("started", "host", "source", "location", "id")
OF_A_LIMIT = ("name", "left", "burst", "per", "full_again_in", "owner", "mark")
OF_A_MESSAGE = ("channel", "purpose", "code", "link", "text", "language")


class Notes:
    """Writes what happens beside the exchanges of one journal."""

    def __init__(self, journal: Journal) -> None:
        """Write for `journal`."""
        self._journal = journal

    def note(self, kind: str, **data: Json) -> None:
        """Note one happening, after the exchanges that are there."""
        self._journal.beside.note(len(self._journal), kind, data)

    def note_new(self, kind: str, **data: Json) -> None:
        """Note what is not as it was when it was noted last."""
        latest = self._journal.beside.latest(kind)
        if latest is None or latest.data != data:
            self.note(kind, **data)

    def tried(
        self,
        kind: str,
        act: Callable[[], T],
        failures: type[Exception],
        *,
        kept: Callable[[T], dict[str, Json]] = lambda _: {},
        **data: Json,
    ) -> T:
        """Do what the phone is asked for, and note whether it sent a request, and what is `kept` or its error."""
        before = len(self._journal)
        came: dict[str, Json] = {}
        try:
            result = act()
            came = kept(result)
            return result
        except failures as problem:
            came = {"error": type(problem).__name__, "said": str(problem)}
            raise
        finally:
            self._journal.beside.note(before, kind, {**data, "asked": len(self._journal) - before, **came})


class NotedHost:
    """A host whose users, limits and settings are noted as the lab is told of them."""

    def __init__(self, host: Host, journal: Journal) -> None:
        """Stand before `host`."""
        self._host = host
        self._notes = Notes(journal)

    def user(self, aliases: Aliases, factors: Sequence[str]) -> User:
        """Return the host's user, and note who it is."""
        user = self._host.user(aliases, factors)
        self._notes.note("user", **{name: plain(value) for name, value in asdict_of(user).items()})
        return user

    def limits(self, user: User) -> Limits:
        """Return what is left to a user, and note it."""
        limits = self._host.limits(user)
        rows = [{name: getattr(row, name) for name in OF_A_LIMIT} for row in limits]
        self._notes.note("limits", username=str(user.username), rows=rows)
        return limits

    def inside(self) -> Inside:
        """Return the inside of the host; how it is set is noted when somebody looks."""
        return self._host.inside().watched(self._watched)

    def _watched(self, settings: HowItIsSet) -> None:
        how = {
            "profile": settings.profile,
            "policy": settings.policy,
            "switches": list(map(list, settings.switches.items())),
        }
        self._notes.note_new("settings", **how)


class NotedPhone:
    """A virtual phone whose pushes, codes and answers are noted as they are seen."""

    def __init__(self, phone: VirtualPhone, journal: Journal, failures: type[Exception]) -> None:
        """Stand before `phone`, which raises `failures`."""
        self._phone = phone
        self._notes = Notes(journal)
        self._failures = failures

    @property
    def notifications(self) -> Sequence[Pushed]:
        """The pushes that wait, oldest first."""
        waiting = self._phone.notifications
        pushes = [{name: getattr(each, name) for name in OF_A_PUSH} for each in waiting]
        self._notes.note("notifications", pushes=pushes)
        return waiting

    def scan(self, barcode: str | bytes) -> httpx.Response | None:
        """Scan, as the phone does."""
        return self._notes.tried("scan", lambda: self._phone.scan(barcode), self._failures)

    def allow(self, push: Pushed | None = None) -> httpx.Response:
        """Allow, as the phone does."""
        return self._notes.tried("allow", lambda: self._phone.allow(push), self._failures, push=push and push.id)

    def reject(self, reason: str | None = None, push: Pushed | None = None) -> httpx.Response:
        """Reject, as the phone does."""
        which = push and push.id
        return self._notes.tried(
            "reject", lambda: self._phone.reject(reason, push), self._failures, reason=reason, push=which
        )

    def code(self) -> str:
        """Return the code that the phone shows, and note it."""
        return self._notes.tried("code", self._phone.code, self._failures, kept=lambda code: {"code": str(code)})


class NotedInbox:
    """An inbox whose messages are noted as they are read."""

    def __init__(self, inbox: LabInbox, journal: Journal) -> None:
        """Stand before `inbox`."""
        self._inbox = inbox
        self._notes = Notes(journal)

    def latest(self, address: str, *, purpose: str | None = None) -> Message:
        """Return the newest message, and note it, or that there was none."""
        asked = {"address": str(address), "purpose": purpose}
        try:
            message = self._inbox.latest(address, purpose=purpose)
        except NothingWasSent as none:
            self._notes.note("message", **asked, said=str(none))
            raise
        self._notes.note("message", **asked, message={name: plain(getattr(message, name)) for name in OF_A_MESSAGE})
        return message


def noted_answers(ask: Callable[[str], str], journal: Journal) -> Callable[[str], str]:
    """Return a prompt whose questions and answers are noted."""
    notes = Notes(journal)

    def asked(question: str) -> str:
        answer = ask(question)
        notes.note("asked", question=question, answer=str(answer))
        return answer

    return asked


def asdict_of(user: User) -> dict[str, Json]:
    """Return the fields of a user."""
    return {name: getattr(user, name) for name in User.__dataclass_fields__}


def plain(value: Json) -> Json:
    """Return a value as JSON has it: a secret as its text, a tuple as a list."""
    if isinstance(value, str):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
