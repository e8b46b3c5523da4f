"""An ordered sequence of exchanges under step titles, and the transport that writes it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, NoReturn, overload

import httpx

from auth0_mfa_lab.interrupts import interruptible, whole
from auth0_mfa_lab.secrets.aliases import Aliases, under_way, watch
from auth0_mfa_lab.secrets.kinds import in_text, secrets_of, secrets_of_path
from auth0_mfa_lab.wire.exchange import (
    PUSH,
    Body,
    Exchange,
    Failure,
    Json,
    NoAnswer,
    Passage,
    Request,
    Response,
    Speaker,
)
from auth0_mfa_lab.wire.received import received

if TYPE_CHECKING:
    from auth0_mfa_lab.live.guard import Guard
    from auth0_mfa_lab.show.table import Table

EXCHANGE = "auth0_mfa_lab.exchange"
"""The key of `httpx.Response.extensions` under which the recorder puts the Exchange."""


class Run(NamedTuple):
    """Neighbouring exchanges that said the same: a poll that is repeated is one run."""

    exchanges: tuple[Exchange, ...]

    @property
    def numbers(self) -> str:
        """The numbers of its exchanges: `4` or `4-9`."""
        first, last = self.exchanges[0].number, self.exchanges[-1].number
        return str(first) if first == last else f"{first}-{last}"

    @property
    def outcome(self) -> str:
        """The answer, with the times that it came."""
        times = f" ({len(self.exchanges)} times)" if len(self.exchanges) > 1 else ""
        return f"{self.exchanges[-1].outcome}{times}"


class Use(NamedTuple):
    """One place where a secret stands.

    `message` is `request`, `answer` or `push`, `place` a header, a field or the path.
    """

    exchange: int
    speaker: str
    message: str
    place: str
    born: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCall:
    """What a lab asked of its tenant after so many exchanges, and its result, both raw, or the error instead."""

    after: int
    operation: str
    arguments: Mapping[str, Json] = field(repr=False)
    result: Json = field(default=None, repr=False)
    refused: Mapping[str, Json] | None = None


class Operations(list[OperationCall]):
    """The operations of one journal in their order, and the facts of its tenant; raw, so it shows neither."""

    tenant: Mapping[str, Json] = {}
    is_replayed = False

    def __repr__(self) -> str:
        return f"<{len(self)} operations beside the exchanges>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the operations beside the exchanges hold secrets, and are not pickled or copied")


@dataclass(kw_only=True, repr=False)
class Journal(Sequence[Exchange]):
    """Every exchange of a lab, in order, and every push to its phone; only the recorders write it.

    `show` makes text and HTML of one exchange and `show_all` of the whole journal; `now` tells the lab's time in epoch
    seconds. `passed` is called when an exchange is there.
    """

    aliases: Aliases
    now: Callable[[], float]
    show: Callable[[Exchange, Aliases], tuple[str, str]]
    show_all: Callable[[Journal], dict[str, str]]
    title: str | None = None
    operations: Operations = field(default_factory=Operations)
    passed: Callable[[], None] = lambda: None
    pushed: dict[str, Exchange] = field(default_factory=dict)
    """The pushes, oldest first, by their public ids."""
    _exchanges: list[Exchange] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def step(self, title: str) -> None:
        """Put the exchanges that follow under this title."""
        self.title = self.aliases.wrap(title)

    @whole()
    def append(
        self,
        speaker: Speaker,
        request: Request,
        answer: Response | Failure,
        *,
        notes: tuple[str, ...] = (),
        passage: Passage | None = None,
        number: int | None = None,
    ) -> Exchange:
        """Keep one exchange, and learn its secrets before it can be shown; one of a port has a `number` of its own."""
        response = answer if isinstance(answer, Response) else None
        failure = answer if isinstance(answer, Failure) else None
        with self._lock:
            number, people, wrap = number or len(self._exchanges) + 1, self.aliases.people, self.aliases.wrap
            said = failure.said if failure else response.reason if response else ""
            for answered, secrets in (
                (False, secrets_of(request, url=request.url, people=people)),
                (True, secrets_of(response, people=people) if response else ()),
                (False, secrets_of_path(request.url, people=people)),
                (True, in_text(said, "token", people=people)),
            ):
                for kind, value in secrets:
                    self.aliases.learn(kind, value, born=number, answered=answered)
            # All in one search: it costs more to begin one than to search these.
            wrapped = wrap((request.method, request.url, request.headers, notes, self.title and str(self.title)))
            method, url, headers, notes, step = wrapped
            if response:
                reason, received = wrap((response.reason, response.headers))
                response = replace(response, reason=reason, headers=received)
            exchange = Exchange(
                number=number,
                speaker=speaker,
                step=step,
                at=passage.arrived if passage else self.now(),
                request=replace(request, method=method, url=url, headers=headers),
                response=response,
                failure=failure and Failure(*map(self.aliases.mask, failure)),
                notes=notes,
                passage=passage,
                show=lambda each: self.show(each, self.aliases),
                wrap=wrap,
            )
            self._exchanges.append(exchange)
        self.passed()
        return exchange

    def push(self, name: str, payload: Mapping[str, Json]) -> None:
        """Keep what was pushed to the phone, unless it is there under this name."""
        with self._lock:
            if name not in self.pushed:
                said = Response(status=0, reason="", headers=(), body=Body(json.dumps(dict(payload)).encode()))
                self.pushed[name] = self.append("Auth0", PUSH, said)

    def drop(self, first: int) -> None:
        """Forget the exchanges below this number; their secrets stay known."""
        with self._lock:
            self._exchanges = [each for each in self._exchanges if each.number >= first]

    def only(self, exchanges: Sequence[Exchange]) -> Journal:
        """Return a journal of these exchanges alone, under the same aliases."""
        return replace(self, _exchanges=list(exchanges), _lock=threading.RLock())

    @property
    def http(self) -> list[Exchange]:
        """The exchanges without the pushes."""
        return [each for each in tuple(self) if not each.is_push]

    def runs(self) -> list[Run]:
        """Group neighbours of one step that said the same: speaker, call, status and error."""

        def said(each: Exchange) -> tuple[object, ...]:
            return each.step, each.speaker, each.request.method, each.request.target, each.status, each.error

        return [Run(exchanges=tuple(group)) for _, group in groupby(tuple(self), said)]

    @whole()
    def where(self, alias: str) -> Table:
        """Return a table of every place where a secret stands, oldest first, the one where it was born marked.

        `alias` is its name as shown, such as `<mfa_token 1>`, or the Secret itself. LabError names the nearest ones.
        """
        from auth0_mfa_lab.show.table import Column, Table  # few ask

        wanted = self.aliases.alias_of(alias)
        uses: dict[Use, None] = {}
        for exchange in tuple(self):
            for message, place, text in exchange.places():
                if wanted in self.aliases.in_text(text):
                    is_here = exchange.number == wanted.born and wanted.answered == (message != "request")
                    born = is_here and not any(each.born for each in uses)
                    uses[Use(exchange.number, exchange.speaker, message, place, born)] = None
        come = "known from elsewhere: the settings, a user, the phone or the inbox"
        if wanted.born is not None:
            message = next((use.message for use in uses if use.born), "answer" if wanted.answered else "request")
            come = f"first seen in the {message} of exchange {wanted.born}"
        return Table(
            title=f"{self.aliases.mask(wanted.shown)}, {come}",
            columns=[Column(title, 80) for title in ("exchange", "who", "in the", "at", "")],
            cells=[(str(use.exchange), *use[1:4], "born here" if use.born else "") for use in uses],
            rows=tuple(uses),
        )

    @overload
    def __getitem__(self, index: int) -> Exchange: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Exchange]: ...
    def __getitem__(self, index: int | slice) -> Exchange | Sequence[Exchange]:
        return self._exchanges[index]

    def __len__(self) -> int:
        return len(self._exchanges)

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    @whole()
    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.show_all(self)


class RecordingTransport(httpx.BaseTransport):
    """Wraps a transport and records what passes it; the only writer of the journal."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        journal: Journal,
        *,
        speaker: Speaker,
        guard: Callable[[], Guard | None] = lambda: None,
    ) -> None:
        """Record for one speaker; `guard` returns the guard of the moment, which may refuse a request."""
        self._inner, self._journal, self._speaker, self._guard = inner, journal, speaker, guard
        watch(journal.aliases)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on, read the answer within bounds, and record both; raise NoAnswer when there is none."""
        guard = self._guard()
        if guard is not None:
            with interruptible():  # it may ask the person
                guard.before(request)
        sent = Request.of(request)
        lost: Failure | None = None
        try:
            with under_way():
                # The connection can break while the body is read: that is a failure too.
                response, answer, notes = received(self._inner, request)
        except httpx.RequestError as failure:
            lost = Failure(type(failure).__name__, str(failure))
        if lost:
            # The journal masks what it says, once the request's own secrets are learned.
            raise NoAnswer(self._journal.append(self._speaker, sent, lost))
        answer.extensions[EXCHANGE] = exchange = self._journal.append(self._speaker, sent, response, notes=notes)
        if guard is not None:
            guard.after(exchange)
        return answer

    def close(self) -> None:
        """Close the wrapped transport."""
        self._inner.close()
