"""What is asked of a served tenant's journal below `/_lab/`, with JSON in and out, as the sandbox's own operations."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.sandbox.operations import FLAG, TEXT, Operation, Refused, choice, whole
from auth0_mfa_lab.served.journal import KEPT, Place, ServedJournal
from auth0_mfa_lab.wire.exchange import Exchange

Json = Any
FORMS = {"har": "exchanges.har", "mermaid": "exchanges.mmd", "bash": "exchanges.sh"}
"""The forms of an export, and the name of the file of each."""


async def exchanges(journal: ServedJournal, after: int | None = None, user: str | None = None) -> Json:
    """Return the exchanges that are kept, masked; those after a number wait until there is one."""
    if after is not None:
        await journal.news(after)
    return await asyncio.to_thread(_told, journal, after or 0, user)


def _told(journal: ServedJournal, after: int, user: str | None) -> Json:
    kept = journal.exchanges()
    told = [_said(each, journal.places[each.number]) for each in kept if each.number > after]
    first, newest = (kept[0].number, kept[-1].number) if kept else (0, 0)
    return {"exchanges": [each for each in told if user in (None, each["user"])], "first": first, "newest": newest}


def _said(exchange: Exchange, place: Place) -> Json:
    passage, (text, html) = exchange.passage, exchange.show(exchange)
    went = asdict(passage) if passage else {}
    if went.get("written") == math.inf:
        went["written"] = None
    return {
        "number": exchange.number,
        "login": place.login,
        "run": place.run,
        "user": place.user and exchange.masked(place.user),
        "speaker": exchange.speaker,
        "method": exchange.masked(exchange.request.method),
        "path": exchange.masked(exchange.request.target),
        "status": exchange.status,
        "outcome": exchange.outcome,
        "agent": exchange.masked(exchange.request.header("user-agent") or ""),
        **went,
        "text": text,
        "html": html,
    }


async def curl(journal: ServedJournal, number: int) -> Json:
    """Return one exchange as a command, with a variable in the place of each secret."""
    return await asyncio.to_thread(_exported, journal, "curl", lambda each: each.number == number)


async def export(journal: ServedJournal, form: str, login: int | None = None) -> Json:
    """Return what was said since the tenant began, or one login, as text of this form."""

    def wanted(each: Exchange) -> bool:
        return login in (None, journal.places[each.number].login)

    text = await asyncio.to_thread(_exported, journal, form, wanted)
    return {"name": FORMS[form], **text}


def _exported(journal: ServedJournal, form: str, wanted: Callable[[Exchange], bool]) -> Json:
    from auth0_mfa_lab.exports.export import exported

    journals = journal.journals()
    chosen = [(each, found) for each in journals if (found := [one for one in each if wanted(one)])][-1:]
    if not chosen:
        raise Refused(f"There is no such exchange: the newest {KEPT} are kept.", "not_found")
    [(whole, found)] = chosen
    try:
        if form == "curl":
            return {"text": exported("curl", whole, found[0])}
        return {"text": exported(form, whole.only(found))}
    except LabError as problem:
        raise Refused(str(problem)) from None


def on_purpose(journal: ServedJournal, on: bool) -> None:
    """Mark what is asked from now on, or no longer: `conduct` leaves it out."""
    journal.on_purpose = on


ROUTES: tuple[Operation, ...] = (
    Operation("exchanges", "GET", "exchanges", exchanges, {"after": whole(0), "user": TEXT}),
    Operation("curl", "GET", "exchanges/{number}/curl", curl, {"number": whole(1)}),
    Operation("export", "GET", "export", export, {"form": choice(FORMS), "login": whole(1)}),
    Operation("on_purpose", "POST", "on_purpose", on_purpose, {"on": FLAG}),
)
