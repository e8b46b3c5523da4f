"""A phone as values that may be shown: no code, no token, no link is in them, each stands there under its alias.

Looking teaches the lab nothing: a code that nobody asked for yet has no alias, and is shown without one. Otherwise the
numbers of the aliases would depend on how often somebody looked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from auth0_mfa_lab.show.phone_sight import PUSH_SECONDS, SeenAccount, SeenCode, SeenMessage, SeenPush, Sight
from auth0_mfa_lab.wire.aliases import Aliases

UNREAD = "not read yet"
"""Stands for a code that has no alias."""
SECTIONS = ("Pushes", "Codes", "Messages")
"""What may come and go on a phone."""
_CHANNELS = {"sms": "SMS", "voice": "Call", "email": "Email"}
_PURPOSES = {"mfa": "second factor", "passwordless": "passwordless login"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One account: whose it is, at which tenant, and what comes of it (`pushes`, `codes`)."""

    label: str
    issuer: str
    gives: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushLine:
    """One push that waits: when the login began (the lab's time), where, for whom, and the seconds that are left."""

    id: str
    started: str
    host: str
    source: str
    location: str
    label: str
    left: int
    whole: int = PUSH_SECONDS

    @property
    def said(self) -> str:
        """The push in a line."""
        where = " · ".join(filter(None, (self.source, self.location)))
        return f"Login at {self.host} as {self.label}, {self.started}" + (f": {where}" if where else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """The code of an account under its alias, and the seconds that are left of it."""

    id: str
    label: str
    alias: str
    left: int
    whole: int
    ends_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """One message: by which channel, for what, to whom, when (the lab's time), and its text, masked."""

    id: str
    channel: str
    purpose: str
    address: str
    sent: str
    text: str
    alias: str
    """The code in it under its alias; "" where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCard:
    """All that a phone shows; `time` is the lab's, and `lacks` says why there is nothing to see.

    `remark` is of a phone that no push and no message can reach: it has no place for them.
    """

    name: str
    time: str
    accounts: tuple[AccountLine, ...] = ()
    pushes: tuple[PushLine, ...] = ()
    codes: tuple[CodeLine, ...] = ()
    messages: tuple[MessageLine, ...] = ()
    older: int = 0
    lacks: str = ""
    remark: str = ""

    @property
    def sections(self) -> tuple[str, ...]:
        """Those of SECTIONS that it has."""
        if self.lacks:
            return ()
        return ("Codes",) if self.remark else SECTIONS

    @property
    def headline(self) -> str:
        """What is on the phone, in one line."""
        if self.lacks:
            return f"{self.name} · {self.lacks}"
        accounts, codes = _count(len(self.accounts) + self.older, "account"), _count(len(self.codes), "code")
        if self.remark:
            return " · ".join((self.name, accounts, codes, self.remark))
        waits = f"{_count(len(self.pushes), 'push', 'es')} wait{'s' if len(self.pushes) == 1 else ''}"
        return " · ".join((self.name, accounts, waits, codes, _count(len(self.messages), "message")))


def news(before: PhoneCard, now: PhoneCard) -> str:
    """Return in a sentence what has come since `before`; "" where nothing has."""
    had = {each.id for each in before.pushes} | {each.id for each in before.messages}
    said = [f"A push has come. {each.said}" for each in now.pushes if each.id not in had]
    messages = [each for each in now.messages if each.id not in had]
    return ". ".join([*said, *(f"A message has come: {each.channel} for {each.purpose}" for each in messages)])


def card_of(sight: Sight, aliases: Aliases) -> PhoneCard:
    """Return what may be shown of a phone; whatever the lab has learned stands under its alias."""
    mask = aliases.mask
    return PhoneCard(
        name=mask(sight.name),
        time="" if sight.lacks else _clock(sight.now),
        accounts=tuple(_account(each, aliases) for each in sight.accounts),
        pushes=tuple(_push(each, sight.now, aliases) for each in sight.pushes),
        codes=tuple(_code(each, sight.now, aliases) for each in sight.codes),
        messages=tuple(_message(each, aliases) for each in sight.messages),
        older=sight.older,
        lacks=mask(sight.lacks),
        remark=mask(sight.remark),
    )


def _account(seen: SeenAccount, aliases: Aliases) -> AccountLine:
    gives = " and ".join([*(["pushes"] if seen.pushes else []), *(["codes"] if seen.codes else [])])
    return AccountLine(label=aliases.mask(seen.label), issuer=aliases.mask(seen.issuer), gives=gives)


def _push(seen: SeenPush, now: float, aliases: Aliases) -> PushLine:
    mask = aliases.mask
    return PushLine(
        id=seen.id,
        started=_clock(seen.started),
        host=mask(seen.host),
        source=mask(seen.source),
        location=mask(seen.location),
        label=mask(seen.label),
        left=_left(seen.ends_at, now),
    )


def _code(seen: SeenCode, now: float, aliases: Aliases) -> CodeLine:
    known = aliases.known(seen.code)
    return CodeLine(
        id=seen.id,
        label=aliases.mask(seen.label),
        alias=known.shown if known else UNREAD,
        left=_left(seen.ends_at, now),
        whole=seen.period,
        ends_at=seen.ends_at,
    )


def _message(seen: SeenMessage, aliases: Aliases) -> MessageLine:
    known = aliases.known(seen.code) if seen.code else None
    return MessageLine(
        id=aliases.mask(seen.id),
        channel=_CHANNELS.get(seen.channel, aliases.mask(seen.channel)),
        purpose=_PURPOSES.get(seen.purpose, aliases.mask(seen.purpose)),
        address=aliases.mask(seen.address),
        sent=_clock(seen.sent_at),
        text=aliases.mask(_without_unread(seen, aliases)),
        alias=(known.shown if known else UNREAD) if seen.code else "",
    )


def _without_unread(seen: SeenMessage, aliases: Aliases) -> str:
    """Return the text of a message with a remark in the place of what has no alias yet."""
    unread = Aliases()
    for raw in filter(None, (seen.code, seen.link)):
        if aliases.known(raw) is None:
            unread.learn("unread", raw)
    text = unread.mask(seen.text)
    for shown in unread.shown():
        text = text.replace(shown, f"[{UNREAD}]")
    return text


def _left(ends_at: float, now: float) -> int:
    return max(0, math.ceil(ends_at - now))


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{'' if number == 1 else plural}"
