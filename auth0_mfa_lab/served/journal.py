"""The journal of a served tenant: kept raw and within bounds, learned and masked when somebody reads it."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from auth0_mfa_lab.sandbox.received import Headers, Heard
from auth0_mfa_lab.wire.exchange import Body, Exchange, Failure, Passage, Request, Response, Speaker

if TYPE_CHECKING:
    from auth0_mfa_lab.conduct.calls import Reader
    from auth0_mfa_lab.secrets.aliases import Aliases
    from auth0_mfa_lab.wire.journal import Journal

KEPT, LARGEST, MOST_ALIASES = 1_000, 20 * 2**20, 10_000
"""Exchanges that are kept, the bytes that they may have together, and the secrets under one set of aliases, which
is of so many bytes at most."""
WAIT_SECONDS = 20.0
"""How long a reader waits for news."""
DROPPED = Failure("dropped", "the connection was ended without an answer")
PHRASES = {each.value: each.phrase for each in HTTPStatus}
_OURS = "x-auth0-lab-notes"  # a lab asks for it and reads it: it is no part of the exchange


class Told(NamedTuple):
    """An exchange in its journal, the first one of its login and of its run of equal polls, and its user's name."""

    journal: Journal
    exchange: Exchange
    passage: Passage
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
    alias ever stands for two secrets. What the tenant `holds` is secret wherever it stands, each with its kind, though
    no exchange that is kept brought it.
    """

    def __init__(self, holds: Callable[[], Iterable[tuple[str, str]]] = tuple) -> None:
        self._holds = holds
        self._kept: deque[_Kept] = deque()
        self._size, self.began = 0, 0
        """How often the tenant has begun again: the `reset` of its own exchanges."""
        self.on_purpose = False
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._waiting: set[asyncio.Future[None]] = set()
        self._told: list[Told] = []
        self._newest: Journal | None = None
        self._held: Aliases | None = None
        self._reader: Reader | None = None
        self._reset, self._read = 0, 0

    # -- told by the server

    def heard(self, heard: Heard) -> None:
        """Keep a request and its answer, and let the oldest go."""
        went = {name: getattr(heard, name) for name in ("arrived", "moved", "delivered", "connection", "fault")}
        passage = Passage(**went, written=math.inf, reset=self.began, on_purpose=self.on_purpose)
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
        if after == (self._kept[-1].heard.number if self._kept else 0):
            woken = asyncio.get_running_loop().create_future()
            self._waiting.add(woken)
            try:
                await asyncio.wait([woken], timeout=WAIT_SECONDS)
            finally:
                self._waiting.discard(woken)

    # -- read

    def read(self, *, since_it_began: bool = False) -> list[Told]:
        """Return the exchanges that are kept, oldest first, or those since the tenant began; each is shown masked."""
        held = list(self._holds())[-MOST_ALIASES // 2 :]
        with self._reading:
            with self._lock:
                kept = list(self._kept)
            first, known = (kept[0].heard.number if kept else 0), (self._told[-1].exchange.number if self._told else 0)
            self._told = [each for each in self._told if each.exchange.number >= first]
            for each in kept:
                if each.heard.written is not None:
                    each.passage.written, each.passage.delivered = each.heard.written, each.heard.delivered
                if each.heard.number > known:
                    self._told.append(self._learned(each))
            if self._held is not None:
                for kind, secret in held:
                    self._held.learn(f"{kind}_of_tenant", secret)
            for journal in {id(each.journal): each.journal for each in self._told}.values():
                journal.drop(first)
            return [each for each in self._told if not since_it_began or each.passage.reset == self.began]

    def _learned(self, kept: _Kept) -> Told:
        """Append an exchange to the journal of its tenant, whose aliases learn its secrets, within bounds as well."""
        heard, passage, self._read = kept.heard, kept.passage, self._read + kept.size
        known = (self._newest.aliases, self._held) if self._newest is not None and self._held is not None else ()
        is_full = self._read > LARGEST or any(len(each) > MOST_ALIASES for each in known)
        if self._newest is None or self._reset != passage.reset or is_full:
            self._newest, self._held = _new_journal(self._newest, self._held)
            self._reset, self._read = passage.reset, 0
        if self._reader is None:
            from auth0_mfa_lab.conduct.calls import Reader  # here, as below

            self._reader = Reader()
        answer: Response | Failure = DROPPED
        if heard.status is not None:
            reason = PHRASES.get(heard.status, "")
            headers, body = _texts(heard.answered), Body(heard.body)
            answer = Response(status=heard.status, reason=reason, headers=headers, body=body)
        sent = Request(method=heard.method, url=heard.url, headers=_texts(heard.headers), body=Body(heard.content))
        speaker: Speaker = "phone" if heard.is_a_phones else "app"
        made = self._newest.append(speaker, sent, answer, notes=heard.notes, passage=passage, number=heard.number)
        call = self._reader.read(made)
        return Told(self._newest, made, passage, call.login, call.user, call.run)


def _new_journal(before: Journal | None, held_before: Aliases | None) -> tuple[Journal, Aliases]:
    """Return an empty journal and the aliases of what the tenant holds; both count on where those before have ended.

    They are apart, so that what an exchange brings has the alias that a notebook gives it, also when it was read late.
    """
    # Here, for a server must start fast, and may never be read.
    from auth0_mfa_lab.secrets.aliases import Aliases
    from auth0_mfa_lab.show.exchange import show, show_all
    from auth0_mfa_lab.wire.journal import Journal

    held = Aliases(before=[held_before] if held_before is not None else ())
    aliases = Aliases(before=[held, *([before.aliases] if before is not None else [])])
    return Journal(aliases=aliases, now=float, show=show, show_all=show_all), held


def _texts(headers: Headers) -> tuple[tuple[str, str], ...]:
    texts = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)
    return tuple((name, value) for name, value in texts if name != _OURS)
