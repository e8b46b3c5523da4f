"""The journal of a served tenant: kept raw and within bounds, learned and masked when somebody reads it."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from auth0_mfa_lab.conduct.calls import Reader
from auth0_mfa_lab.sandbox.received import Headers, Heard
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.wire.exchange import Body, Exchange, Failure, Passage, Request, Response, Speaker

if TYPE_CHECKING:
    from auth0_mfa_lab.wire.journal import Journal

KEPT, LARGEST, MOST_ALIASES = 1_000, 20 * 2**20, 20_000
"""Exchanges that are kept, the bytes that they may have together, and the secrets under one set of aliases."""
WAIT_SECONDS = 20.0
"""How long a reader waits for news."""
DROPPED = Failure("dropped", "the fault `drop` ended the connection")
PHRASES = {each.value: each.phrase for each in HTTPStatus}
_OURS = "x-auth0-lab-notes"  # a lab asks for it and reads it: it is no part of the exchange


class Place(NamedTuple):
    """The login of an exchange, by the number of the one that began it, its user, and the first of a run of polls."""

    login: int | None
    user: str | None
    run: int | None


@dataclass(slots=True, repr=False)
class _Kept:
    heard: Heard
    passage: Passage
    size: int


class ServedJournal:
    """Every exchange over the port, the newest within bounds; the sandbox's server tells it of each.

    It is told on the server's own loop, and read on any thread. Aliases count on when the tenant begins again, so no
    alias ever stands for two secrets.
    """

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._size, self.began = 0, 0
        """How often the tenant has begun again: the `reset` of its own exchanges."""
        self.on_purpose = False
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._waiting: set[asyncio.Future[None]] = set()
        self._journals: list[Journal] = []
        self._reader = Reader()
        self.places: dict[int, Place] = {}
        """Where each exchange that has been read belongs, by its number."""

    # -- told by the server

    def heard(self, heard: Heard) -> None:
        """Keep a request and its answer, and let the oldest go."""
        passage = Passage(
            arrived=heard.arrived,
            written=math.inf,
            moved=heard.moved,
            delivered=heard.delivered,
            connection=heard.connection,
            fault=heard.fault,
            reset=self.began,
            on_purpose=self.on_purpose,
        )
        size = len(heard.content) + len(heard.body) + len(heard.url)
        size += sum(len(name) + len(value) for name, value in chain(heard.headers, heard.answered))
        with self._lock:
            self._kept.append(_Kept(heard, passage, size))
            self._size += size
            while len(self._kept) > KEPT or (self._size > LARGEST and len(self._kept) > 1):
                self._size -= self._kept.popleft().size

    def wrote(self, heard: Heard) -> None:
        """Wake those who wait for news."""
        for each in self._waiting:
            if not each.done():
                each.set_result(None)

    def clear(self) -> None:
        """Begin a new chapter: the tenant's ids come once more, and mean others."""
        self.began += 1

    def entries(self) -> list[dict[str, Any]]:
        """Return what the tenant received since it began: the names of the fields alone."""
        with self._lock:
            return [each.heard.entry() for each in self._kept if each.passage.reset == self.began]

    async def news(self, after: int) -> None:
        """Wait until an exchange is kept whose number is higher, or for WAIT_SECONDS."""
        if self.newest == after:
            woken = asyncio.get_running_loop().create_future()
            self._waiting.add(woken)
            try:
                await asyncio.wait([woken], timeout=WAIT_SECONDS)
            finally:
                self._waiting.discard(woken)

    @property
    def newest(self) -> int:
        """The number of the newest exchange; 0 when there is none."""
        with self._lock:
            return self._kept[-1].heard.number if self._kept else 0

    # -- read

    def journals(self) -> list[Journal]:
        """Return what is kept, learned, one journal for each time that the tenant began; the newest is the last."""
        with self._reading:
            with self._lock:
                kept = list(self._kept)
            first = kept[0].heard.number if kept else 0
            known = self._journals[-1][-1].number if self._journals else 0
            for journal in self._journals:
                journal.drop(first)
            for each in kept:
                if each.heard.written is not None:
                    each.passage.written, each.passage.delivered = each.heard.written, each.heard.delivered
                if each.heard.number > known:
                    self._append(each.heard, each.passage)
            self._journals = [each for each in self._journals if len(each)]
            self.places = {number: each for number, each in self.places.items() if number >= first}
            return list(self._journals)

    def exchanges(self, *, since_it_began: bool = False) -> list[Exchange]:
        """Return the exchanges that are kept, oldest first, or those since the tenant began; each is shown masked."""
        kept = [each for journal in self.journals() for each in journal]
        return [each for each in kept if not since_it_began or (each.passage and each.passage.reset == self.began)]

    def _append(self, heard: Heard, passage: Passage) -> None:
        last = self._journals[-1] if self._journals else None
        begun = last[-1].passage if last else None
        if last is None or begun is None or begun.reset != passage.reset or len(last.aliases) > MOST_ALIASES:
            last = _new_journal(last)
            self._journals.append(last)
        answer: Response | Failure = DROPPED
        if heard.status is not None:
            reason = PHRASES.get(heard.status, "")
            headers, body = _texts(heard.answered), Body(heard.body)
            answer = Response(status=heard.status, reason=reason, headers=headers, body=body)
        sent = Request(method=heard.method, url=heard.url, headers=_texts(heard.headers), body=Body(heard.content))
        speaker: Speaker = "phone" if heard.is_a_phones else "app"
        made = last.append(speaker, sent, answer, notes=heard.notes, passage=passage, number=heard.number)
        call = self._reader.read(made)
        self.places[heard.number] = Place(call.login, call.user, call.run)


def _new_journal(before: Journal | None) -> Journal:
    """Return an empty journal, whose aliases count on where those of the one before have ended."""
    # Here, for a server must start fast, and may never be read.
    from auth0_mfa_lab.show.exchange import show, show_all
    from auth0_mfa_lab.wire.journal import Journal

    aliases = Aliases(before=before.aliases if before else None)
    return Journal(aliases=aliases, now=float, show=show, show_all=show_all)


def _texts(headers: Headers) -> tuple[tuple[str, str], ...]:
    texts = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)
    return tuple((name, value) for name, value in texts if name != _OURS)
