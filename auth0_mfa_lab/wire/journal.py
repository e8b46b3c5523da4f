"""An ordered sequence of exchanges under step titles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, NoReturn, overload

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.kinds import in_text, secrets_of, secrets_of_path
from auth0_mfa_lab.wire.exchange import Exchange, Failure, Json, Request, Response, Speaker

if TYPE_CHECKING:
    from auth0_mfa_lab.show.table import Table


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCall:
    """What a lab asked of its tenant beside the exchanges, when `after` of them were there, with its result; both raw.

    `refused` has the class and the sentence of the error in the place of a result.
    """

    after: int
    operation: str
    arguments: Mapping[str, Json] = field(repr=False)
    result: Json = field(default=None, repr=False)
    refused: Mapping[str, Json] | None = None


class Operations(list[OperationCall]):
    """The operations of one journal in their order, and the facts of its tenant; raw, so it shows neither.

    A recording is the exchanges and this: without it a replay could not tell what a phone or an inbox said.
    """

    tenant: Mapping[str, Json] = {}
    is_replayed = False

    def __repr__(self) -> str:
        return f"<{len(self)} operations beside the exchanges>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the operations beside the exchanges hold secrets, and are not pickled or copied")


@dataclass(kw_only=True, repr=False)
class Journal(Sequence[Exchange]):
    """Every exchange of a lab, in order; only the recorder writes it.

    `show` makes text and HTML of one exchange and `show_all` of the whole journal, given the aliases; `now` tells the
    lab's time in epoch seconds. `passed` is called when an exchange is there.
    """

    aliases: Aliases
    now: Callable[[], float]
    show: Callable[[Exchange, Aliases], tuple[str, str]]
    show_all: Callable[[Journal], dict[str, str]]
    title: str | None = None
    operations: Operations = field(default_factory=Operations)
    passed: Callable[[], None] = lambda: None
    _exchanges: list[Exchange] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def step(self, title: str) -> None:
        """Put the exchanges that follow under this title."""
        self.title = self.aliases.wrap(title)

    def append(
        self,
        speaker: Speaker,
        request: Request,
        answer: Response | Failure,
        *,
        notes: tuple[str, ...] = (),
    ) -> Exchange:
        """Keep one exchange, and learn its secrets before anybody can show it."""
        response = answer if isinstance(answer, Response) else None
        failure = answer if isinstance(answer, Failure) else None
        with self._lock:
            number = len(self._exchanges) + 1
            self._learn(number, request, response, failure.said if failure else response.reason if response else "")
            wrap, mask = self.aliases.wrap, self.aliases.mask
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
                at=self.now(),
                request=replace(request, method=method, url=url, headers=headers),
                response=response,
                failure=failure and Failure(*map(mask, failure)),
                notes=notes,
                show=lambda each: self.show(each, self.aliases),
                wrap=wrap,
            )
            self._exchanges.append(exchange)
        self.passed()
        return exchange

    def runs(self) -> list[Run]:
        """Group neighbours of one step that said the same: speaker, call, status and error."""

        def said(each: Exchange) -> tuple[object, ...]:
            return each.step, each.speaker, each.request.method, each.request.target, each.status, each.error

        return [Run(exchanges=tuple(group)) for _, group in groupby(tuple(self), said)]

    def where(self, alias: str) -> Table:
        """Say where a secret was born and where it is used.

        `alias` is its name as shown, such as `<mfa_token 1>`, or the Secret itself. Raises LabError for an alias that
        there is not, naming those that are nearest.
        """
        from auth0_mfa_lab.wire.uses import uses_of  # few ask

        return uses_of(self.aliases.alias_of(alias), tuple(self), self.aliases)

    def _learn(self, number: int, request: Request, response: Response | None, said: str) -> None:
        """Learn the secrets of an exchange, and of what the reason or the failure says."""
        learn, people = self.aliases.learn, self.aliases.people
        found = (
            (False, secrets_of(request, url=request.url, people=people)),
            (True, secrets_of(response, people=people) if response else ()),
            (False, secrets_of_path(request.url, people=people)),
            (True, in_text(said, "token", people=people)),
        )
        for answered, secrets in found:
            for kind, value in secrets:
                learn(kind, value, born=number, answered=answered)

    @overload
    def __getitem__(self, index: int) -> Exchange: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Exchange]: ...
    def __getitem__(self, index: int | slice) -> Exchange | Sequence[Exchange]:
        return self._exchanges[index]

    def __len__(self) -> int:
        return len(self._exchanges)

    def __repr__(self) -> str:
        return self.show_all(self)["text/plain"]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self.show_all(self)
