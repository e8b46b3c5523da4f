"""What a recording has in the place of a sandbox: its phone, its messages, its clock, its people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from auth0_mfa_lab.boxed import Inside
from auth0_mfa_lab.errors import LabError, NothingWasSent
from auth0_mfa_lab.inbox import Message, SandboxInbox
from auth0_mfa_lab.people import User, checked_factors
from auth0_mfa_lab.show.limits import Limits
from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.beside import Happening
from auth0_mfa_lab.wire.replay import Replay


class RecordedClock:
    """The time of a recording: each answer moves it to when it came, and in between it moves as it is told."""

    def __init__(self, begins: float) -> None:
        """Begin at this instant, in epoch seconds."""
        self._now = begins

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time forward; ValueError for a step backwards."""
        if seconds < 0:
            raise ValueError(f"The clock only moves forward; it cannot advance by {seconds} seconds.")
        self._now += seconds

    def reach(self, at: float) -> None:
        """Move to an instant, unless it is past."""
        self._now = max(self._now, at)


class RecordedFailure(Exception):
    """What the phone could not do when it was recorded; each kind is a class of that name, as the phone's own are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPush:
    """A push that waited on the phone."""

    started: float
    host: str
    source: str
    location: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSettings:
    """How the tenant was set."""

    profile: str
    policy: str
    switches: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMessage:
    """A message that was read."""

    channel: str
    purpose: str
    code: str | None
    link: str | None
    text: str
    language: str | None


class RecordedHost:
    """The users, the limits and the settings of a recording."""

    def __init__(self, replay: Replay, domain: str) -> None:
        """Tell what `replay` has of the tenant at this domain."""
        self._replay = replay
        self._domain = domain

    def user(self, aliases: Aliases, factors: Sequence[str]) -> User:
        """Return the user that was recorded next; LabError for other factors, and when there were no more users."""
        wanted = checked_factors(factors)
        if not self._replay.recording.is_ours:
            return self._who_logged_in(aliases, wanted)
        made = self._replay.in_order("user")
        if made is None:
            raise missing(self._replay, "further user", "record the run again with lab.user(...) in it")
        if tuple(made.data["factors"]) != wanted:
            had, has = ", ".join(made.data["factors"]) or "no factor", ", ".join(wanted) or "no factor"
            raise LabError(f"The user recorded next in {self._replay.recording.name} had {had}, and not {has}.")
        self._replay.use(made)
        password = aliases.learn("password", made.data["password"])
        code = made.data["recovery_code"]
        learned = {"password": password, "recovery_code": code and aliases.learn("recovery_code", code)}
        return User(**{**made.data, **learned, "factors": wanted})

    def limits(self, user: User) -> Limits:
        """Return what was left to a user."""
        found = self._replay.happened("limits", lambda data: data["username"] == user.username)
        if found is None:
            raise missing(self._replay, "limits of this user here", "record the run again with lab.limits(...) in it")
        return Limits.of(user.username, found.data["rows"])

    def inside(self) -> Inside:
        """Return how the tenant was set; how well answers are known is what the sandbox of today says."""

        return Inside(self._domain, self._settings)

    def settings_noted(self) -> Happening | None:
        """Return the settings as they were seen here, or when they were seen first; None when nobody looked."""
        return self._replay.happened("settings") or self._replay.in_order("settings")

    def _settings(self) -> RecordedSettings:
        found = self.settings_noted()
        if found is None:
            raise missing(self._replay, "settings of the tenant", "record the run again with lab.sandbox in it")
        return RecordedSettings(**{**found.data, "switches": dict(found.data["switches"])})

    def _who_logged_in(self, aliases: Aliases, factors: tuple[str, ...]) -> User:
        for each in self._replay.recording.exchanges:
            data = each.request.raw_data()
            if isinstance(data, dict) and isinstance(data.get("password"), str) and "username" in data:
                username, password = str(data["username"]), aliases.learn("password", str(data["password"]))
                return User(username=username, password=password, phone_number=None, email=None, factors=factors)
        raise missing(self._replay, "login with a password", "pass the user's name yourself; any value is taken for it")


class RecordedPhone:
    """The phone of a recording: it says what it said, in the order in which it did."""

    def __init__(self, replay: Replay, http: httpx.Client) -> None:
        """Say it over `http`, whose exchanges stand in the journal as the phone's."""
        self._replay = replay
        self._http = http

    @property
    def notifications(self) -> Sequence[RecordedPush]:
        """The pushes that waited here, oldest first."""
        found = self._replay.happened("notifications")
        return [RecordedPush(**each) for each in found.data["pushes"]] if found else []

    def scan(self, barcode: str | bytes) -> httpx.Response | None:
        """Scan again; None where the scan sent no request."""
        return self._done("scan", self._said("scan"))

    def allow(self, push: RecordedPush | None = None) -> httpx.Response:
        """Allow the same push again."""
        return self._sent("allow", self._said("allow", push=push.id if push else None))

    def reject(self, reason: str | None = None, push: RecordedPush | None = None) -> httpx.Response:
        """Reject the same push again, for the same reason."""
        return self._sent("reject", self._said("reject", reason=reason, push=push.id if push else None))

    def code(self) -> str:
        """Return the code that the phone showed."""
        found = self._replay.happened("code")
        if found is None:
            raise missing(self._replay, "code of the phone's here", "record the run again with lab.phone.code() in it")
        if "error" in found.data:
            raise _failure(found)
        return str(found.data["code"])

    def _said(self, verb: str, **given: str | None) -> Happening:
        said = self._replay.in_order("scan", "allow", "reject")
        if said is None or said.kind != verb:
            instead = f"the phone did something else: lab.phone.{said.kind}(...)" if said else "the phone did no more"
            raise LabError(f"In {self._replay.recording.name} {instead}, and lab.phone.{verb}(...) was asked for.")
        for name, value in given.items():
            if said.data.get(name) != value:
                raise LabError(f"In {self._replay.recording.name} the phone gave another {name} here, or none.")
        return said

    def _sent(self, verb: str, said: Happening) -> httpx.Response:
        answer = self._done(verb, said)
        if answer is None:
            raise LabError(f"{self._replay.recording.name} has no answer to lab.phone.{verb}(...).")
        return answer

    def _done(self, verb: str, said: Happening) -> httpx.Response | None:
        following = self._replay.next if said.data["asked"] else None
        if said.data["asked"] and (following is None or following.speaker != "phone"):
            raise LabError(
                f"In {self._replay.recording.name} lab.phone.{verb}(...) came after exchange {said.after}, and the "
                f"replay has answered {self._replay.played}: send what was sent before it."
            )
        self._replay.use(said)
        if "error" in said.data:
            raise _failure(said)
        if following is None:
            return None
        request = following.request
        headers = [(name, str(value)) for name, value in request.headers]
        return self._http.send(
            httpx.Request(request.method, str(request.url), headers=headers, content=bytes(request.body))
        )


class RecordedInbox:
    """The messages of a recording."""

    def __init__(self, replay: Replay, aliases: Aliases) -> None:
        """Tell what `replay` has; a code is learned as it is read."""
        self._replay = replay
        self._aliases = aliases

    def latest(self, address: str, *, purpose: str | None = None) -> Message:
        """Return the message that was read; NothingWasSent where there was none, or none was asked for."""
        asked = {"address": address, "purpose": purpose}
        found = self._replay.happened("message", lambda data: all(data[name] == asked[name] for name in asked))
        if found is None:
            raise NothingWasSent(
                f"{self._replay.recording.name} has no message to this address here: it has those that the recorded "
                "run read with lab.inbox.latest(...)."
            )
        if "said" in found.data:
            raise NothingWasSent(found.data["said"])
        message = RecordedMessage(**found.data["message"])
        return SandboxInbox(lambda _: [message], self._aliases).latest(address)


def _failure(happening: Happening) -> Exception:
    kind: type[Exception] = type(str(happening.data["error"]), (RecordedFailure,), {})
    return kind(happening.data["said"])


def missing(replay: Replay, what: str, instead: str) -> LabError:
    """Return the error for what a recording does not have, with what to do instead."""
    recording = replay.recording
    wrote = "" if recording.is_ours else f" (it was written by {recording.by}, which does not record such things)"
    return LabError(f"{recording.name} has no {what}{wrote}: {instead}.")
