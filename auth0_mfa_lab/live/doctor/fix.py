"""Mends what the doctor found missing, by the Management API: reads first, asks, then writes what was read and more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from auth0_mfa_lab.live.doctor.change import Change
from auth0_mfa_lab.live.doctor.checks import CHECKS, Subject
from auth0_mfa_lab.live.doctor.findings import one_line
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


def mend(subject: Subject, token: str, names: Iterable[str], *, allow: Callable[[Wish], bool]) -> Iterator[Mended]:
    """Mend each setting of these names that a call can mend, and yield what came of it.

    Each setting is read first; what is a list keeps what it has. `allow` is asked before each call that changes
    something, with what is there now and what will be.
    """
    api = subject.lab.management(token)
    for name in names:
        if change := CHECKS[name].change_of(subject):
            done, said = _mended(api, name, change, allow)
            yield Mended(name=name, call=change.call, done=done, said=said)


def _mended(api: Management, name: str, change: Change, allow: Callable[[Wish], bool]) -> tuple[bool, str]:
    read = api.send("GET", change.read)
    now = change.now(read.json)
    if read.status != 200 or not change.is_told(read.json):
        return False, f"not touched, since it could not be read: {_outcome(read)}"
    then = change.then(now)
    if then == now:
        return True, "it is so already"
    before, after = (one_line(read.masked(_text(value))) for value in (now, then))
    if not allow(Wish(name=name, call=change.call, before=before, after=after)):
        return False, "left as it was"
    written = api.send(change.method, change.path, json=change.body(then))
    return (True, f"{before} -> {after}") if written.status == 200 else (False, f"refused: {_outcome(written)}")


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
