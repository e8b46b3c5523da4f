"""Where in a journal one secret stands: the exchange that it was born in, and each place where it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl

from auth0_mfa_lab.secrets.aliases import Alias, Aliases
from auth0_mfa_lab.show.table import Column, html_table, text_table
from auth0_mfa_lab.wire.exchange import Exchange, leaves, plain_data

_COLUMNS = tuple(Column(title=title, width=80) for title in ("exchange", "who", "in the", "at", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place where a secret stands: `message` is `request` or `answer`, `place` a header, a field or the path."""

    exchange: int
    speaker: str
    message: str
    place: str
    born: bool = False


class Uses(tuple[Use, ...]):
    """The places of one secret, oldest first; shows itself as a table."""

    title: str

    def __new__(cls, uses: Iterable[Use], title: str) -> Uses:
        """Keep the places, under a title that names the secret's alias."""
        places = super().__new__(cls, uses)
        places.title = title
        return places

    def _rows(self) -> list[list[str]]:
        return [
            [str(each.exchange), each.speaker, each.message, each.place, "born here" if each.born else ""]
            for each in self
        ]

    def __repr__(self) -> str:
        table = text_table(_COLUMNS, self._rows()) if self else ()
        return "\n".join([self.title, *(f"  {line}" for line in table)])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        table = html_table(_COLUMNS, self._rows()) if self else ""
        return {"text/plain": repr(self), "text/html": f"<p>{escape(self.title)}</p>{table}"}


def uses_of(alias: Alias, exchanges: Iterable[Exchange], aliases: Aliases) -> Uses:
    """Return every place where the secret of an alias stands, the one where it was born marked."""
    found: dict[Use, None] = {}
    is_born = False
    for exchange in exchanges:
        for message, place, text in _places(exchange):
            if alias in aliases.in_text(text):
                here = exchange.number == alias.born and alias.answered == (message == "answer")
                born, is_born = here and not is_born, is_born or here
                use = Use(exchange=exchange.number, speaker=exchange.speaker, message=message, place=place, born=born)
                found[use] = None
    shown = aliases.mask(alias.shown)
    if alias.born is not None:
        who = "the answer" if alias.answered else "the request"
        return Uses(found, f"{shown}, first seen in {who} of exchange {alias.born}")
    nowhere = "" if found else ", and no exchange has had it"
    return Uses(found, f"{shown}, known from elsewhere: the settings, a user, the phone or the inbox{nowhere}")


def _places(exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    """Yield each text of an exchange with the message and the place that it stands in; no place holds a secret."""
    path, _, query = str(exchange.request.target).partition("?")
    yield "request", "path", path
    for name, value in parse_qsl(query, keep_blank_values=True):
        yield "request", exchange.masked(f"query {name}"), value
    for message, said in (("request", exchange.request), ("answer", exchange.response)):
        if said is not None:
            for name, value in said.headers:
                yield message, exchange.masked(f"header {name}"), str(value)
            data = plain_data(said)
            for place, value in leaves(data) if data is not None else [("", str(said.text))]:
                if type(value) in (str, int, float):
                    yield message, exchange.masked(place) or "body", str(value)
