"""Mends what the doctor found missing, by the Management API: reads first, asks, then writes what was read and more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from auth0_mfa_lab.live.doctor.change import Change
from auth0_mfa_lab.live.doctor.finding import Finding, one_line
from auth0_mfa_lab.live.doctor.remedies import remedy_of
from auth0_mfa_lab.live.doctor.subject import Subject
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.wire.exchange import Exchange, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One call that would mend a setting, and what is there before and after it."""

    name: str
    call: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What came of one wish: whether the setting is as it should be now, and what happened."""

    name: str
    call: str
    done: bool
    said: str


def mendable(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that a call of the Management API mends."""
    return [each for each in findings if each.state == "missing" and each.call]


def mend(
    subject: Subject, token: str, findings: Iterable[Finding], *, allow: Callable[[Wish], bool]
) -> Iterator[Mended]:
    """Mend each finding that a call can mend, and yield what came of it.

    Each setting is read first; what is a list keeps what it has. `allow` is asked before each call that changes
    something, with what is there now and what will be.
    """
    api = subject.management(token)
    for each in mendable(findings):
        change = remedy_of(subject, each.name).change
        if change is not None:
            yield _mended(api, each.name, change, allow)


def _mended(api: Management, name: str, change: Change, allow: Callable[[Wish], bool]) -> Mended:
    def came(done: bool, said: str) -> Mended:
        return Mended(name=name, call=change.call, done=done, said=said)

    read = api.send("GET", change.read)
    now = change.now(read.json)
    if read.status != 200 or not change.is_told(read.json):
        return came(False, f"not touched, since it could not be read: {_outcome(read)}")
    then = change.then(now)
    if then == now:
        return came(True, "it is so already")
    before, after = (one_line(read.masked(_text(value))) for value in (now, then))
    wish = Wish(name=name, call=change.call, before=before, after=after)
    if not allow(wish):
        return came(False, "left as it was")
    written = api.send(change.method, change.path, json=change.body(then))
    if written.status != 200:
        return came(False, f"refused: {_outcome(written)}")
    return came(True, f"{wish.before} -> {wish.after}")


def _outcome(answer: Exchange) -> str:
    said = answer.json.get("message") if isinstance(answer.json, dict) else None
    return f"{answer.outcome}{f': {answer.masked(said)}' if isinstance(said, str) else ''}"


def _text(value: Json) -> str:
    """Return a setting in a few words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return value or "none" if isinstance(value, str) else json.dumps(value)
