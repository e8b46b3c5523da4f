"""All exports by their names: each is a function of a journal, or of one exchange, and of what its values are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.exports.bash import bash
from auth0_mfa_lab.wire.exports.curl import curl
from auth0_mfa_lab.wire.exports.flow import names_of
from auth0_mfa_lab.wire.exports.har import har
from auth0_mfa_lab.wire.exports.httpx_code import httpx_code
from auth0_mfa_lab.wire.exports.known import known_of
from auth0_mfa_lab.wire.exports.mermaid import mermaid
from auth0_mfa_lab.wire.exports.names import Names, without_secrets
from auth0_mfa_lab.wire.exports.node import node
from auth0_mfa_lab.wire.exports.pytest_code import pytest_code
from auth0_mfa_lab.wire.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class OfJournal:
    """An export of a whole journal; `suffix` is that of its file.

    `is_filled_in` says that it has stand-ins where others have aliases; a lab that replays them has them for secrets.
    """

    make: Callable[[Journal, Names], str]
    suffix: str
    is_filled_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfExchange:
    """An export of one exchange."""

    make: Callable[[Exchange, Names], str]
    suffix: str


EXPORTS: Mapping[str, OfJournal | OfExchange] = {
    "curl": OfExchange(make=curl, suffix=".sh"),
    "bash": OfJournal(make=bash, suffix=".sh"),
    "httpx": OfJournal(make=httpx_code, suffix=".py"),
    "node": OfJournal(make=node, suffix=".mjs"),
    "pytest": OfJournal(make=pytest_code, suffix=".py"),
    "har": OfJournal(make=lambda journal, _: har(journal), suffix=".har", is_filled_in=True),
    "mermaid": OfJournal(make=lambda journal, _: mermaid(journal), suffix=".mmd"),
}


def exported(kind: str, journal: Journal, exchange: Exchange | None = None) -> str:
    """Return a journal, or one exchange of it, as text of this kind; no secret stands in it.

    Raises LabError for a kind that there is not, and for `curl` without an exchange.
    """
    export = EXPORTS.get(kind)
    if export is None:
        raise LabError(f"There is no export {kind!r}. There are: {', '.join(EXPORTS)}.")
    names = names_of(journal, journal.aliases, known_of(journal))
    if isinstance(export, OfExchange):
        if not isinstance(exchange, Exchange):
            raise LabError(f"{kind} wants an exchange, such as the value of client.password_grant(...).")
        if not any(each is exchange for each in journal):
            raise LabError(
                f"This exchange is in another lab's journal, which alone knows its secrets: take {kind} there."
            )
        text = export.make(exchange, names)
    elif exchange is not None:
        raise LabError(f"{kind} is of the whole journal: leave the exchange out.")
    else:
        text = export.make(journal, names)
        if export.is_filled_in:
            return text
    return without_secrets(text, journal.aliases)
