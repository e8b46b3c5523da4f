"""What is asked of a served tenant's journal below `/_lab/`, with JSON in and out, as the sandbox's own operations."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypedDict

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.operations import FLAG, TEXT, Argument, Operation, Refused, choice, whole
from auth0_mfa_lab.served.journal import KEPT, ServedJournal, Told

Json = Any
FORMS = {"har": "exchanges.har", "mermaid": "exchanges.mmd", "bash": "exchanges.sh"}
"""The forms of an export, and the name of the file of each."""
REASONS = Argument(
    "an array of texts, each ID=REASON",
    lambda value: isinstance(value, list) and all(isinstance(each, str) and "=" in each for each in value),
)


async def exchanges(journal: ServedJournal, after: int | None = None, user: str | None = None) -> Json:
    """Return the exchanges that are kept, masked; those after a number wait until there is one."""
    if after is not None:
        await journal.news(after)
    kept = await asyncio.to_thread(journal.read)
    first, newest = (kept[0].exchange.number, kept[-1].exchange.number) if kept else (0, 0)
    wanted = [each for each in kept if each.exchange.number > (after or 0) and user in (None, each.user)]
    # One by one: a server that stops waits for no more than one.
    told = [await asyncio.to_thread(_said, each) for each in wanted]
    return {"exchanges": told, "first": first, "newest": newest}


def _said(told: Told) -> Json:
    exchange, passage = told.exchange, asdict(told.passage)
    text, html = exchange.show(exchange)
    if passage["written"] == math.inf:
        passage["written"] = None
    return {
        "number": exchange.number,
        "login": told.login,
        "run": told.run,
        "user": told.user and exchange.masked(told.user),
        "speaker": exchange.speaker,
        "method": exchange.masked(exchange.request.method),
        "path": exchange.masked(exchange.request.target),
        "status": exchange.status,
        "outcome": exchange.outcome,
        "agent": exchange.masked(exchange.request.header("user-agent") or ""),
        **passage,
        "text": text,
        "html": html,
    }


async def curl(journal: ServedJournal, number: int) -> Json:
    """Return one exchange as a command, with a variable in the place of each secret."""
    return await asyncio.to_thread(_exported, journal, "curl", lambda each: each.exchange.number == number)


async def export(journal: ServedJournal, form: str, login: int | None = None) -> Json:
    """Return what was said since the tenant began, or one login, as text of this form."""
    text = await asyncio.to_thread(_exported, journal, form, lambda each: login in (None, each.login))
    return {"name": FORMS[form], **text}


def _exported(journal: ServedJournal, form: str, wanted: Callable[[Told], bool]) -> Json:
    from auth0_mfa_lab.exports.export import exported

    chosen = [each for each in journal.read() if wanted(each)]
    if not chosen:
        raise Refused(f"There is no such exchange: the newest {KEPT} are kept.", "not_found")
    whole = chosen[-1].journal
    found = [each.exchange for each in chosen if each.journal is whole]
    try:
        return {"text": exported(form, whole, found[0]) if form == "curl" else exported(form, whole.only(found))}
    except LabError as problem:
        raise Refused(str(problem)) from None


async def conduct(journal: ServedJournal, allow: Sequence[str] = ()) -> Json:
    """Return what the rules say of the applications; `allow` are rules that may be broken, each as ID=REASON."""
    return await asyncio.to_thread(_judged, journal, dict(each.partition("=")[::2] for each in allow))


def _judged(journal: ServedJournal, allow: dict[str, str]) -> Json:
    from auth0_mfa_lab.conduct.report import conduct as judged

    try:
        found = judged([each.exchange for each in journal.read()], allow=allow)
    except LabError as problem:
        raise Refused(str(problem), field="allow") from None
    codes = {"exit_code": found.exit_code(), "strict_exit_code": found.exit_code(strict=True)}
    return {**found.as_json(), **codes, "text": found.text()}


def on_purpose(journal: ServedJournal, on: bool) -> None:
    """Mark what is asked from now on, or no longer: `conduct` leaves it out."""
    journal.on_purpose = on


ROUTES: tuple[Operation, ...] = (
    Operation("exchanges", "GET", "exchanges", exchanges, {"after": whole(0), "user": TEXT}),
    Operation("curl", "GET", "exchanges/{number}/curl", curl, {"number": whole(1)}),
    Operation("export", "GET", "export", export, {"form": choice(FORMS), "login": whole(1)}),
    Operation("conduct", "GET", "conduct", conduct),
    Operation("conduct_but", "POST", "conduct", conduct, {"allow": REASONS}),
    Operation("on_purpose", "POST", "on_purpose", on_purpose, {"on": FLAG}),
)


class Observed(TypedDict):
    """What a server takes to keep a journal, and to show it."""

    observer: ServedJournal
    routes: Sequence[Operation]


def observed(box: Sandbox) -> Observed:
    """Return what a server of this tenant takes."""
    return {"observer": ServedJournal(box.secrets), "routes": ROUTES}
