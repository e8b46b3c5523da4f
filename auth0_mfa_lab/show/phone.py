"""A virtual phone as it is shown: a frame with its accounts, its pushes, its codes under aliases, and its messages.

`look_at` reads a phone as JSON, with raw codes in it, which is never shown. A `PhoneView` is made of that: masked, so
it holds no secret. Looking teaches the lab nothing: a code that nothing asked for yet has no alias, and is shown
without one. Otherwise the numbers of the aliases would depend on how often the page looked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Protocol

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.cards import bar, card, line, spoken

Json = Any
Seen = Mapping[str, Json]
"""What `look_at` returns: `name`, `now`, `accounts`, `pushes`, `codes`, `messages`, `older`, `remark`."""

MOST = 6
"""So many accounts and codes, and so many messages, are looked at: the newest."""
PUSH_SECONDS = 300
MESSAGE_SECONDS = 120.0
"""So long the code of a message is drawn; how long it is good, the message does not say."""
UNREAD = "not read yet"
"""Stands for a code that has no alias."""
SECTIONS = ("Pushes", "Codes", "Messages")
"""What may come and go on a phone."""
WIDTH = "440px"
EDGE = "2px solid rgba(127,127,127,0.7)"
_ROUND = "22px"
_SOON_SECONDS = 60
_CHANNELS = {"sms": "SMS", "voice": "Call", "email": "Email"}
_PURPOSES = {"mfa": "second factor", "passwordless": "passwordless login"}
_NOTHING = {
    "Accounts": "No account yet: lab.phone.scan(...) scans the barcode_uri of an enrollment.",
    "Pushes": "No push waits.",
    "Codes": "No codes yet: a push's or a one-time code's enrollment brings them.",
    "Messages": "Nothing was sent: no SMS, no call, no email.",
}


class Screen(Protocol):
    """A phone's screen: that of a sandbox's phone, or what a recording has seen of one."""

    @property
    def bars(self) -> str:
        """Why nothing on it can be pressed; "" where it can."""

    def look(self) -> Seen:
        """Return what is on it, because somebody asked: its codes are learned, and a recording has it."""

    def glance(self) -> Seen:
        """Return what is on it, and leave no trace of that."""


# -- the look: raw, never shown


def look_at(phone: Any, pushes: Sequence[Any], messages: Sequence[Json], now: float) -> Seen:
    """Read a phone of the sandbox's with the pushes that wait on it, and the messages, newest first, at `now`.

    `now` is in epoch seconds; nothing moves or is asked.
    """
    enrolled = {each.user_id: each for each in phone.enrollments}
    shown = list(phone.accounts[-MOST:])
    coded = {each.user_id for each in phone.accounts}
    kept = list(phone.enrollments)[-MOST:]
    accounts = [
        *(_account(each.label, each.issuer, pushes=True, codes=each.user_id in coded) for each in kept),
        *(_account(each.label, "", pushes=False, codes=True) for each in shown if each.user_id not in enrolled),
    ]
    alone = sum(each.user_id not in enrolled for each in phone.accounts)
    labels = {each.id: _label(each.label, each.issuer) for each in phone.enrollments}
    return {
        "name": phone.name,
        "now": now,
        "accounts": accounts,
        "pushes": [_push(each, labels.get(each.enrollment_id, "")) for each in pushes],
        "codes": [_code(each, enrolled.get(each.user_id), now) for each in shown],
        "messages": list(_messages(messages))[:MOST],
        "older": len(phone.enrollments) + alone - len(accounts),
        "remark": "",
    }


def secrets_in(seen: Seen) -> Iterator[tuple[str, str]]:
    """Yield every secret of a look with the kind of its alias, as it lies there."""
    yield from (("otp", each["code"]) for each in seen["codes"])
    for message in seen["messages"]:
        kind = "code" if message["purpose"] == "passwordless" else "binding_code"
        yield from ((kind, raw) for kind, raw in ((kind, message["code"]), ("link", message["link"])) if raw)


def code_in(seen: Seen, name: str) -> tuple[str, float] | None:
    """Return the raw code of an account or a message by its id, and for how many seconds it may be drawn.

    None when it is not there any more, or holds no code.
    """
    for code in seen["codes"]:
        if code["id"] == name:
            return code["code"], code["ends_at"] - seen["now"]
    found = (each["code"] for each in seen["messages"] if each["id"] == name and each["code"])
    return next(((raw, MESSAGE_SECONDS) for raw in found), None)


def _account(label: str, issuer: str, *, pushes: bool, codes: bool) -> Json:
    issuer = issuer or label.rpartition(":")[0]
    return {"label": _label(label, issuer), "issuer": issuer, "pushes": pushes, "codes": codes}


def _label(label: str, issuer: str) -> str:
    """Return whose an account is: a QR's label begins with the issuer."""
    return label.removeprefix(f"{issuer}:") or issuer


def _push(push: Any, label: str) -> Json:
    names = ("id", "started", "host", "source", "location")
    return {**{name: getattr(push, name) for name in names}, "ends_at": push.started + PUSH_SECONDS, "label": label}


def _code(account: Any, enrollment: Any, now: float) -> Json:
    totp, label = account.totp, enrollment.label if enrollment else account.label
    return {
        "id": f"code {account.number}",
        "label": _label(label, label.rpartition(":")[0]),
        "code": totp.at(int(now)),
        "ends_at": float((int(now) // totp.interval + 1) * totp.interval),
        "period": totp.interval,
    }


def _messages(sent: Sequence[Json]) -> Iterable[Json]:
    """Yield messages, newest first; each has an id that it keeps when further ones arrive."""
    seen: dict[str, int] = {}
    ids: list[str] = []
    for each in reversed(sent):
        what = " ".join(("message", *(str(each[name]) for name in ("channel", "purpose", "address", "sent_at"))))
        seen[what] = seen.get(what, 0) + 1
        ids.append(f"{what} {seen[what]}")
    names = ("channel", "purpose", "address", "text", "code", "link", "sent_at")
    for each, name in zip(sent, reversed(ids), strict=True):
        yield {"id": name, **{part: each[part] for part in names}}


# -- the view: masked


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One account: whose it is, at which tenant, and what comes of it (`pushes`, `codes`)."""

    label: str
    issuer: str
    gives: str

    def html(self) -> str:
        """Return it in a line."""
        at = f" at {self.issuer}" if self.issuer and self.issuer != self.label else ""
        return line(f"{self.label}{at}{f': {self.gives}' if self.gives else ''}")


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

    def html(self) -> str:
        """Return the push, with the time that is left to answer it."""
        where = ", ".join(filter(None, (self.source, self.location))) or "nobody says from where"
        rows = [
            line(f"From {where}"),
            line(f"Account {self.label} · began {self.started} UTC", small=True),
            _time_bar("Answer in", self.left, self.whole),
        ]
        return card(f"Login at {self.host}", *rows, mark="◎", tone="info")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """The code of an account under its alias, and the seconds that are left of it."""

    id: str
    label: str
    alias: str
    left: int
    whole: int
    ends_at: float

    def html(self) -> str:
        """Return the code under its alias, and how long it is good."""
        style = "font-family:monospace;font-size:15px;line-height:1.5;overflow-wrap:anywhere"
        code = f'<div style="{style}">{escape(self.alias)}</div>'
        return card(self.label, code, _time_bar("Good for", self.left, self.whole), mark="#", tone="plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """One message: by which channel, for what, to whom, when (the lab's time), and its text, masked.

    `alias` stands for the code in it; "" where there is none.
    """

    id: str
    channel: str
    purpose: str
    address: str
    sent: str
    text: str
    alias: str

    def html(self) -> str:
        """Return the message; a code in it stands under its alias."""
        rows = [line(self.text), line(f"To {self.address} · {self.sent} UTC", small=True)]
        return card(f"{self.channel} for {self.purpose}", *rows, mark="✉", tone="plain")


Line = PushLine | CodeLine | MessageLine


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView:
    """All that a phone shows; `time` is the lab's.

    `older` counts the accounts that are not looked at. `remark` is of a phone that no push and no message can reach: it
    has no place for them.
    """

    name: str
    time: str
    accounts: tuple[AccountLine, ...] = ()
    pushes: tuple[PushLine, ...] = ()
    codes: tuple[CodeLine, ...] = ()
    messages: tuple[MessageLine, ...] = ()
    older: int = 0
    remark: str = ""

    @classmethod
    def of(cls, seen: Seen, aliases: Aliases) -> PhoneView:
        """Return what may be shown of a look; what the lab has learned stands under its alias."""
        mask, now = aliases.mask, seen["now"]
        return cls(
            name=mask(seen["name"]),
            time=_clock(now),
            accounts=tuple(_account_line(each, mask) for each in seen["accounts"]),
            pushes=tuple(_push_line(each, now, mask) for each in seen["pushes"]),
            codes=tuple(_code_line(each, now, aliases) for each in seen["codes"]),
            messages=tuple(_message_line(each, aliases) for each in seen["messages"]),
            older=seen["older"],
            remark=mask(seen["remark"]),
        )

    @property
    def sections(self) -> tuple[str, ...]:
        """Those of SECTIONS that it has."""
        return ("Codes",) if self.remark else SECTIONS

    def text(self) -> str:
        """Return what is on the phone, in one line."""
        accounts, codes = _count(len(self.accounts) + self.older, "account"), _count(len(self.codes), "code")
        if self.remark:
            return " · ".join((self.name, accounts, codes, self.remark))
        waits = f"{_count(len(self.pushes), 'push', 'es')} wait{'s' if len(self.pushes) == 1 else ''}"
        return " · ".join((self.name, accounts, waits, codes, _count(len(self.messages), "message")))

    def news(self, before: PhoneView) -> str:
        """Return in a sentence what has come since `before`; "" where nothing has."""
        had = {each.id for each in before.pushes} | {each.id for each in before.messages}
        said = [f"A push has come. {each.said}" for each in self.pushes if each.id not in had]
        messages = [each for each in self.messages if each.id not in had]
        return ". ".join([*said, *(f"A message has come: {each.channel} for {each.purpose}" for each in messages)])

    def lines_of(self, section: str) -> tuple[Line, ...]:
        """Return what stands in one of SECTIONS."""
        lines: Mapping[str, tuple[Line, ...]] = {
            "Pushes": self.pushes,
            "Codes": self.codes,
            "Messages": self.messages,
        }
        return lines[section]

    def html(self) -> str:
        """Return the whole phone without widgets."""
        inside = self.accounts_html()
        for title in self.sections:
            inside += self.heading_html(title) + "".join(each.html() for each in self.lines_of(title))
        body = f"box-sizing:border-box;max-width:{WIDTH};border-left:{EDGE};border-right:{EDGE};padding:0 14px"
        return f'<div>{self.top_html()}<div style="{body}">{inside}</div>{BOTTOM_HTML}</div>'

    def top_html(self) -> str:
        """Return the upper edge of the phone: its loudspeaker, its name, and the lab's time."""
        slot = '<div aria-hidden="true" style="width:56px;height:4px;margin:0 auto 6px;border-radius:2px;'
        slot += 'background:rgba(127,127,127,0.7)"></div>'
        time = f'<span style="font-variant-numeric:tabular-nums">{escape(self.time)} UTC, the lab\'s time</span>'
        row = (
            '<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 12px;line-height:1.5">'
            f'<b role="heading" aria-level="3">{escape(self.name)}</b>{time}</div>'
        )
        frame = f"border:{EDGE};border-bottom:1px solid rgba(127,127,127,0.4);border-radius:{_ROUND} {_ROUND} 0 0"
        return (
            f'<div style="box-sizing:border-box;max-width:{WIDTH};{frame};padding:8px 16px;'
            f'background:rgba(127,127,127,0.12)">{slot}{row}</div>'
        )

    def accounts_html(self) -> str:
        """Return the section of the accounts, under what there is to say of the phone as a whole."""
        remark = line(f"{self.remark}.", small=True) if self.remark else ""
        older = line(f"and {self.older} more, which were there before", small=True) if self.older else ""
        rows = "".join(each.html() for each in self.accounts)
        return remark + _heading("Accounts", is_empty=not self.accounts) + rows + older

    def heading_html(self, section: str) -> str:
        """Return the title of one of SECTIONS, with what would fill it while it is empty; "" where it has none."""
        return _heading(section, is_empty=not self.lines_of(section)) if section in self.sections else ""


BOTTOM_HTML = (
    f'<div aria-hidden="true" style="box-sizing:border-box;max-width:{WIDTH};height:18px;border:{EDGE};'
    f'border-top:none;border-radius:0 0 {_ROUND} {_ROUND}"></div>'
)
"""The lower edge of the phone."""


def _account_line(seen: Json, mask: Callable[[str], str]) -> AccountLine:
    gives = " and ".join(what for what in ("pushes", "codes") if seen[what])
    return AccountLine(label=mask(seen["label"]), issuer=mask(seen["issuer"]), gives=gives)


def _push_line(seen: Json, now: float, mask: Callable[[str], str]) -> PushLine:
    return PushLine(
        id=seen["id"],
        started=_clock(seen["started"]),
        host=mask(seen["host"]),
        source=mask(seen["source"]),
        location=mask(seen["location"]),
        label=mask(seen["label"]),
        left=_left(seen["ends_at"], now),
    )


def _code_line(seen: Json, now: float, aliases: Aliases) -> CodeLine:
    return CodeLine(
        id=seen["id"],
        label=aliases.mask(seen["label"]),
        alias=_alias_of(seen["code"], aliases),
        left=_left(seen["ends_at"], now),
        whole=seen["period"],
        ends_at=seen["ends_at"],
    )


def _message_line(seen: Json, aliases: Aliases) -> MessageLine:
    mask = aliases.mask
    return MessageLine(
        id=mask(seen["id"]),
        channel=_CHANNELS.get(seen["channel"], mask(seen["channel"])),
        purpose=_PURPOSES.get(seen["purpose"], mask(seen["purpose"])),
        address=mask(seen["address"]),
        sent=_clock(seen["sent_at"]),
        text=mask(_without_unread(seen, aliases)),
        alias=_alias_of(seen["code"], aliases) if seen["code"] else "",
    )


def _alias_of(code: str, aliases: Aliases) -> str:
    known = aliases.known(code)
    return known.shown if known else UNREAD


def _without_unread(seen: Json, aliases: Aliases) -> str:
    """Return the text of a message with a remark in the place of what has no alias yet."""
    unread = Aliases()
    for raw in filter(None, (seen["code"], seen["link"])):
        if aliases.known(raw) is None:
            unread.learn("unread", raw)
    text = unread.mask(seen["text"])
    for alias in unread.all():
        text = text.replace(alias.shown, f"[{UNREAD}]")
    return text


def _heading(title: str, *, is_empty: bool) -> str:
    style = "font-weight:600;line-height:1.5;margin:8px 0 2px"
    head = f'<div role="heading" aria-level="4" style="{style}">{escape(title)}</div>'
    return head + (line(_NOTHING[title], small=True) if is_empty else "")


def _time_bar(label: str, left: int, whole: int) -> str:
    is_soon = left <= min(_SOON_SECONDS, whole / 3)
    fraction = left / whole if whole else 0.0
    return bar(label, fraction, spoken(left), tone="wait" if is_soon else "info", column="92px")


def _left(ends_at: float, now: float) -> int:
    return max(0, math.ceil(ends_at - now))


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{'' if number == 1 else plural}"
