"""Where in a journal one secret stands: the exchange that it was born in, and each place where it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from auth0_mfa_lab.secrets.aliases import Alias, Aliases
from auth0_mfa_lab.wire.exchange import Exchange, Json, Message, plain_data

_TITLES = ("exchange", "who", "in the", "at", "")


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

    def __repr__(self) -> str:
        rows = [_TITLES, *map(_cells, self)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([self.title, *(f"  {line}".rstrip() for line in (table if self else []))])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        left = 'style="text-align:left"'  # JupyterLab sets tables flush right
        head = "".join(f"<th {left}>{escape(title)}</th>" for title in _TITLES)
        rows = "".join(
            f"<tr>{''.join(f'<td {left}>{escape(cell)}</td>' for cell in _cells(each))}</tr>" for each in self
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if self else ""
        return {"text/plain": repr(self), "text/html": f"<p>{escape(self.title)}</p>{table}"}


def uses_of(alias: Alias, exchanges: Iterable[Exchange], aliases: Aliases) -> Uses:
    """Return every place where the secret of an alias stands, the one where it was born marked."""
    found: list[Use] = []
    for exchange in exchanges:
        for message, place, text in _places(exchange):
            if alias in aliases.in_text(text):
                born = exchange.number == alias.born and not any(each.born for each in found)
                born = born and alias.answered == (message == "answer")
                use = Use(exchange=exchange.number, speaker=exchange.speaker, message=message, place=place, born=born)
                found += [use] if use not in found else []
    return Uses(found, _title(alias, found, aliases))


def _title(alias: Alias, found: list[Use], aliases: Aliases) -> str:
    if alias.born is not None:
        who = "the answer" if alias.answered else "the request"
        return f"{aliases.mask(alias.shown)}, first seen in {who} of exchange {alias.born}"
    nowhere = "" if found else ", and no exchange has had it"
    return f"{aliases.mask(alias.shown)}, known from elsewhere: the settings, a user, the phone or the inbox{nowhere}"


def _cells(use: Use) -> tuple[str, ...]:
    return str(use.exchange), use.speaker, use.message, use.place, "born here" if use.born else ""


def _places(exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    """Yield each text of an exchange with the message and the place that it stands in; no place holds a secret."""
    request, response = exchange.request, exchange.response
    path, _, query = str(request.target).partition("?")
    yield "request", "path", path
    for name, value in parse_qsl(query, keep_blank_values=True):
        yield "request", f"query {exchange.masked(name)}", value
    for message, said in (("request", request), ("answer", response)):
        for place, text in _of_message(said) if said else ():
            yield message, exchange.masked(place), text


def _of_message(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.headers:
        yield f"header {name}", str(value)
    data = plain_data(message)
    yield from _of_json(data, "") if data is not None else [("body", str(message.text))]


def _of_json(value: Json, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _of_json(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _of_json(each, f"{path}[{number}]")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path or "body", _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
