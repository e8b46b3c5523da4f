"""Where in a journal one secret stands: the exchange that it was born in, and each place where it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl

from auth0_mfa_lab.secrets.aliases import Alias, Aliases
from auth0_mfa_lab.show.table import Column, Table
from auth0_mfa_lab.wire.exchange import Exchange, leaves, place_of, plain_data


class Use(NamedTuple):
    """One place where a secret stands: `message` is `request` or `answer`, `place` a header, a field or the path."""

    exchange: int
    speaker: str
    message: str
    place: str
    born: bool


def uses_of(alias: Alias, exchanges: Iterable[Exchange], aliases: Aliases) -> Table:
    """Return every place where the secret of an alias stands, oldest first, the one where it was born marked."""
    uses: dict[Use, None] = {}
    for exchange in exchanges:
        for message, place, text in _places(exchange):
            if alias in aliases.in_text(text):
                is_here = exchange.number == alias.born and alias.answered == (message == "answer")
                born = is_here and not any(each.born for each in uses)
                uses[Use(exchange.number, exchange.speaker, message, place, born)] = None
    if alias.born is not None:
        come = f"first seen in the {'answer' if alias.answered else 'request'} of exchange {alias.born}"
    else:
        come = "known from elsewhere: the settings, a user, the phone or the inbox"
        come += "" if uses else ", and no exchange has had it"
    return Table(
        title=f"{aliases.mask(alias.shown)}, {come}",
        columns=[Column(title, 80) for title in ("exchange", "who", "in the", "at", "")],
        cells=[(str(use.exchange), *use[1:4], "born here" if use.born else "") for use in uses],
        rows=tuple(uses),
    )


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
            for way, each in leaves(str(said.text) if data is None else data):
                if type(each) in (str, int, float):
                    yield message, exchange.masked(place_of(way)) or "body", str(each)
