"""Which values flow from an answer into a later request, and which ones were wrong by intention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from auth0_mfa_lab.wire.aliases import Alias, Aliases
from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from auth0_mfa_lab.wire.exports.known import Known
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.paths import Leaf, leaves

_ID = re.compile(r"(?:[a-z][a-z0-9_]*_)?id|sub")
_DIGITS = "0123456789"


def names_of(journal: Iterable[Exchange], aliases: Aliases, known: Known) -> Names:
    """Return the names of all values of a journal."""
    exchanges = tuple(journal)
    named = Names(aliases, known)
    return Names(
        aliases, known, ids=dict(_ids(exchanges, named)), stand_ins=dict(_stand_ins(exchanges, aliases, named))
    )


def said(exchange: Exchange) -> str:
    """Return all that a request says in which a secret may stand, as one text."""
    request = exchange.request
    headers = [str(value) for name, value in request.headers if name in ("authorization", "cookie")]
    return "\n".join([str(request.target), *headers, bytes(request.body).decode("utf-8", "replace")])


def answered(exchange: Exchange) -> Iterator[Leaf]:
    """Yield the strings of an answer's JSON."""
    yield from leaves(plain_data(exchange.response)) if exchange.response else ()


def _ids(exchanges: tuple[Exchange, ...], names: Names) -> Iterator[tuple[str, str]]:
    """Yield the ids that an answer brought and a later request of the app's said, each with its variable."""
    brought: dict[str, str] = {}
    named: dict[str, str] = {}
    for exchange in exchanges:
        if exchange.speaker != "app":
            continue
        for field, value in _fields(exchange):
            if value in brought and value not in named:
                name = field if _ID.fullmatch(field) and field != "id" else brought[value]
                count = sum(each.startswith(f"{name.upper()}_") for each in named.values()) + 1
                named[value] = _free(f"{name.upper()}_{count}", names)
        for leaf in answered(exchange):
            is_plain = names.aliases.mask(leaf.value) == leaf.value and not names.has(leaf.value)
            if _ID.fullmatch(leaf.field) and is_plain and len(leaf.value) > 3:
                brought.setdefault(leaf.value, leaf.field)
    yield from named.items()


def _free(variable: str, names: Names) -> str:
    """Return a name that no alias has; the settings' all begin with `AUTH0_`."""
    kind, _, number = variable.rpartition("_")
    return f"THE_{variable}" if names.aliases.named(f"<{kind.lower()} {number}>") else variable


def _fields(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the strings of a request, each with the field that it stands in; one of a path has its noun's."""
    before = ""
    for part in exchange.request.target.partition("?")[0].split("/"):
        yield f"{re.sub(r'[^a-z]+', '_', before.lower()).removesuffix('s')}_id", unquote(part)
        before = part
    for leaf in leaves(plain_data(exchange.request)):
        yield leaf.field, leaf.value


def _stand_ins(exchanges: tuple[Exchange, ...], aliases: Aliases, names: Names) -> Iterator[tuple[str, str]]:
    """Yield the aliases of what was typed and refused, each with another value of its shape.

    Such a value was wrong by intention: no answer brought it, and neither the phone, the inbox nor the settings.
    """
    for exchange in exchanges:
        went_on = exchange.status is None or exchange.status < 400 or exchange.error == "mfa_required"
        for alias in () if went_on or exchange.speaker != "app" else aliases.in_text(said(exchange)):
            if _was_typed(alias, exchange) and not names.has(alias.shown):
                yield alias.shown, _of_the_shape(exchange, alias, aliases)


def _was_typed(alias: Alias, exchange: Exchange) -> bool:
    return alias.born == exchange.number and not alias.answered


def _of_the_shape(exchange: Exchange, alias: Alias, aliases: Aliases) -> str:
    """Return a value like the one that was typed, which is none that the journal knows."""
    typed = [leaf.value for leaf in leaves(plain_data(exchange.request)) if _is(leaf.value, alias, aliases)]
    others = [_blanked(value, digit) for value in typed for digit in _DIGITS if alias.kind != "password"]
    fallback = f"a wrong {alias.kind.replace('_', ' ')} {alias.number}"
    return next((other for other in others if aliases.known(other) is None), fallback)


def _blanked(value: str, digit: str) -> str:
    """Return a value with one digit in the place of all, and one letter."""
    letter = chr(ord("A") + int(digit))
    return "".join(digit if each.isdigit() else letter if each.isalpha() else each for each in value)


def _is(value: str, alias: Alias, aliases: Aliases) -> bool:
    known = aliases.known(value)
    return known is not None and known.shown == alias.shown
