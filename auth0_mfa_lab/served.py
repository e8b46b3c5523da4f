"""A sandbox that another process serves, as the lab has it: its phone, its messages, its clock, its people.

What an application would say goes over the network and stands in the journal, as it does on a live tenant. All the
rest is asked of the control plane, and nobody sees it.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from auth0_mfa_lab.boxed import Inside, unknown_user
from auth0_mfa_lab.errors import ControlRefused, LabError, NoServer, SettingsError
from auth0_mfa_lab.people import User, checked_factors
from auth0_mfa_lab.sandbox import Chance, Clock, Delivery, Phone, PhoneError
from auth0_mfa_lab.sandbox.delivery import Push
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.limits import Limits
from auth0_mfa_lab.show.phone import Seen, look_at
from auth0_mfa_lab.tenants.remote import Remote, server_transport
from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.recorder import NOTES

NOTES_HEADER = "x-auth0-lab-notes"
"""Asks the server for its remarks, and brings them: a JSON array of sentences."""


class ServedTransport(httpx.BaseTransport):
    """Reaches a served sandbox, and takes what the lab alone reads off its answers."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        """Speak through `inner`."""
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on; the server's remarks come back beside the answer, as they do in process."""
        request.headers[NOTES_HEADER] = "1"
        answer = self._inner.handle_request(request)
        said = answer.headers.pop(NOTES_HEADER, None)
        if said is not None:
            answer.extensions[NOTES] = _sentences(said)
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()


class ServedClock(Clock):
    """The clock of the server. While that does not answer, the time is the last that it told."""

    def __init__(self, ask: Remote) -> None:
        """Ask and move the clock through `ask`."""
        super().__init__()
        self._ask = ask
        self._last = dict(ask("clock"))

    @property
    def runs_by_itself(self) -> bool:
        """Whether it follows the wall's: then nothing that begins on it can be begun twice."""
        return not self._last.get("frozen", False)

    def now(self) -> float:
        """Return the server's time in epoch seconds."""
        return float(self._asked()["now"])

    def stamp(self) -> float:
        """Return the time that the server writes into tokens."""
        return float(self._asked()["stamp"])

    def advance(self, seconds: float) -> None:
        """Move the server's clock; ValueError for a step backwards."""
        if seconds < 0:
            raise ValueError(f"The clock only moves forward; it cannot advance by {seconds} seconds.")
        self._last |= self._ask("advance", advance=seconds)

    def _asked(self) -> Mapping[str, Any]:
        # An exchange that got lost is kept in the journal all the same, and it says what happened.
        with suppress(NoServer):
            self._last |= self._ask("clock")
        return self._last


class ServedMailbox(Delivery):
    """Where the pushes to a phone are: on the server."""

    def __init__(self, ask: Remote) -> None:
        """Fetch them through `ask`."""
        super().__init__()
        self._ask = ask

    def pushes(self, token: str) -> tuple[Push, ...]:
        """Return what was delivered to this push token, oldest first."""
        return tuple(
            Push(service=each["service"], payload=each["payload"])
            for each in self._ask("pushes", token=token)["pushes"]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedMessage:
    """A message that the server sent, as the lab's inbox reads it."""

    channel: str
    purpose: str
    address: str = ""
    sent_at: float = 0.0
    code: str | None = field(default=None, repr=False)
    link: str | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedSettings:
    """How a served sandbox is set."""

    profile: str
    policy: str
    switches: Mapping[str, str]


class Served:
    """One served sandbox. A lab that opens one whose clock is frozen begins its tenant again.

    Such a server is there for runs that can be repeated, so each lab finds it as a new one. On a server that follows
    the wall's clock somebody may be at work: there a lab adds its users and leaves all others alone.
    """

    failures = PhoneError

    def __init__(self, ask: Remote, domain: str, transport: httpx.BaseTransport) -> None:
        """Take over the server behind `ask`; `transport` reaches the tenant itself, and records nothing."""
        self.domain = domain
        self.transport = transport
        self._ask = ask
        # Nobody has to close a lab: its connections end with it.
        for close in (transport.close, ask.close):
            weakref.finalize(self, close)
        self.clock = ServedClock(ask)
        if not self.clock.runs_by_itself:
            ask("reset")
        self._begun = self.clock.now()
        self._phone: Phone | None = None

    def new_phone(self, http: httpx.Client) -> Phone:
        """Return a phone of the lab's own that speaks over `http`, with nothing on it yet."""
        made = self._ask("add_phone")
        self._phone = Phone(
            http, ServedMailbox(self._ask), self.clock, Chance(0), fallback_url=str(http.base_url).rstrip("/")
        )
        self._phone.identifier, self._phone.push_token = str(made["identifier"]), str(made["push_token"])
        return self._phone

    def messages(self, address: str) -> Sequence[ServedMessage]:
        """Return what was sent to a number or an email address, oldest first."""
        return list(reversed(_messages(self._ask("messages", address=address)["messages"])))

    def look(self) -> Seen:
        """Return what lies on the lab's phone, with the newest messages that were sent since the lab was opened."""
        assert self._phone is not None
        sent = [each for each in _messages(self._ask("messages")["messages"]) if each.sent_at >= self._begun]
        return look_at(self._phone, sent, self.clock.now())

    def user(self, aliases: Aliases, factors: Sequence[str]) -> User:
        """Return a fresh user with just these factors, confirmed; its secrets are learned."""
        wanted = checked_factors(factors)
        made = self._ask("add_user", factors=list(wanted), phone="own")
        for barcode in made["barcodes"]:
            self._scan(barcode)
        code = made["recovery_code"]
        return User(
            username=made["username"],
            password=aliases.learn("password", made["password"]),
            phone_number=made["phone_number"],
            email=made["email"],
            factors=wanted,
            recovery_code=code and aliases.learn("recovery_code", code),
        )

    def limits(self, user: User) -> Limits:
        """Return what is left to a user of each limit; LabError for one whom the server does not know."""
        try:
            rows = self._ask("limits", user=user.username)["limits"]
        except ControlRefused as refusal:
            raise (unknown_user(user) if refusal.status == 404 else refusal) from None
        return Limits.of(user.username, rows)

    def inside(self) -> Inside:
        """Return how the server is set, and how well each of its answers is known."""
        return Inside(self.domain, self._settings)

    def _settings(self) -> ServedSettings:
        found = self._ask("settings")
        return ServedSettings(profile=found["profile"], policy=found["policy"], switches=found["switches"])

    def _scan(self, barcode_uri: str) -> None:
        """Let the lab's phone scan; no exchange of it stands in the journal."""
        if self._phone is None:
            return
        try:
            # Not closed: closing the client would close the transport, which is the lab's.
            answer = self._phone.scan(barcode_uri, http=httpx.Client(transport=self.transport))
        except httpx.TransportError as failure:
            raise NoServer(f"The phone could not enroll: no answer ({type(failure).__name__}).") from None
        if answer is not None and not answer.is_success:
            raise LabError(f"The phone could not enroll (HTTP {answer.status_code}): ask for the user again.")


def open_served(settings: Settings) -> Served:
    """Return the served sandbox of these settings; SettingsError unless they name one, NoServer when none answers."""
    if settings.tenant != "served" or settings.domain is None or settings.lab_token is None:
        raise SettingsError(
            "Lab.served needs the settings of a served sandbox. Set AUTH0_LAB_TENANT=served and the AUTH0_ variables "
            "of the file that `auth0-mfa-lab serve --env-file FILE` wrote, and open it with Lab.from_env()."
        )
    return Served(Remote(settings), settings.domain, ServedTransport(server_transport(settings)))


def _messages(found: Sequence[Mapping[str, Any]]) -> list[ServedMessage]:
    names = ServedMessage.__slots__
    return [ServedMessage(**{name: each[name] for name in names if name in each}) for each in found]


def _sentences(said: str) -> tuple[str, ...]:
    try:
        read = json.loads(said)
    except ValueError:
        return ()
    return tuple(str(each) for each in read) if isinstance(read, list) else ()
