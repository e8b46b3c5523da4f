"""A phone as it is shown: a virtual one with what is on it, or what to do on one's own.

Texts are masked, codes are Secrets. A glance teaches the lab nothing, or the numbers of the aliases would depend on how
often the page looked: a code that nothing asked for yet is shown without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.html import Tone, bar, card, line, spoken, status_line, time_of_day
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

Json = Any
MOST = 6
"""So many accounts, codes and messages are shown: the newest."""
UNREAD = "not read yet"
"""Stands for a code that has no alias."""
# How long a code of a message is good, the message does not say: so long it is drawn.
PUSH_SECONDS, MESSAGE_SECONDS = 300, 120.0
WIDTH, EDGE, _ROUND = "440px", "2px solid rgba(127,127,127,0.7)", "22px"
_TITLE = "font-weight:600;line-height:1.5;margin:8px 0 2px"
_CODE = "font-family:monospace;font-size:15px;line-height:1.5;overflow-wrap:anywhere"
# fmt: off
_WORDS = {
    "sms": "SMS", "voice": "Call", "email": "Email", "mfa": "second factor", "passwordless": "passwordless login",
}
_EMPTY = {
    "Accounts": "No account yet: lab.phone.scan(...) scans the barcode_uri of an enrollment.",
    "Pushes":   "No push waits.",
    "Codes":    "No codes yet: a push's or a one-time code's enrollment brings them.",
    "Messages": "Nothing was sent: no SMS, no call, no email.",
}
# fmt: on
BOTTOM_HTML = (
    f'<div aria-hidden="true" style="box-sizing:border-box;max-width:{WIDTH};height:18px;border:{EDGE};'
    f'border-top:none;border-radius:0 0 {_ROUND} {_ROUND}"></div>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An account, a push, a code or a message; `code` can be drawn of it, for `seconds` from the look on."""

    id: str
    said: str
    whose: str
    html: str
    code: Secret | None = None
    seconds: float = MESSAGE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView:
    """All that a virtual phone shows; `time` is the lab's, which passes at this `pace`.

    `older` counts the accounts that are not shown.
    `remark` is of a phone that no push and no message can reach: it has no place for them.
    """

    name: str
    time: str
    accounts: tuple[Line, ...] = ()
    pushes: tuple[Line, ...] = ()
    codes: tuple[Line, ...] = ()
    messages: tuple[Line, ...] = ()
    older: int = 0
    remark: str = ""
    pace: str = ""

    def text(self) -> str:
        """Return what is on the phone, in one line."""
        counts = {"account": len(self.accounts) + self.older, "code": len(self.codes), "message": len(self.messages)}
        accounts, codes, messages = (f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items())
        pushes = "1 push waits" if len(self.pushes) == 1 else f"{len(self.pushes)} pushes wait"
        parts = (accounts, codes, self.remark) if self.remark else (accounts, pushes, codes, messages)
        return " · ".join((self.name, *parts))

    def news(self, before: PhoneView) -> str:
        """Return in a sentence what has come since `before`; "" where nothing has."""
        had = {each.id for each in (*before.pushes, *before.messages)}
        came = {"push": self.pushes, "message": self.messages}.items()
        news = (f"A {what} has come: {each.said}" for what, lines in came for each in lines if each.id not in had)
        return ". ".join(news)

    @property
    def sections(self) -> list[tuple[str, tuple[Line, ...]]]:
        """What stands at the head of each section, as HTML, and the lines below it."""
        shown = {"Accounts": self.accounts, "Pushes": self.pushes, "Codes": self.codes, "Messages": self.messages}
        heads = {title: f'<div role="heading" aria-level="4" style="{_TITLE}">{title}</div>' for title in shown}
        if self.remark:
            heads = {"Accounts": line(f"{self.remark}.", small=True) + heads["Accounts"], "Codes": heads["Codes"]}
        if self.older:
            heads["Accounts"] += line(f"{self.older} older ones are not shown.", small=True)
        empty = {title: line(said, small=True) for title, said in _EMPTY.items()}
        return [(head if shown[title] else head + empty[title], shown[title]) for title, head in heads.items()]

    @property
    def top(self) -> str:
        """The upper edge of the phone as HTML: its loudspeaker, its name, and the lab's time."""
        frame = f"border:{EDGE};border-bottom:1px solid rgba(127,127,127,0.4);border-radius:{_ROUND} {_ROUND} 0 0"
        return (
            f'<div style="box-sizing:border-box;max-width:{WIDTH};{frame};padding:8px 16px;'
            'background:rgba(127,127,127,0.12)"><div aria-hidden="true" style="width:56px;height:4px;'
            'margin:0 auto 6px;border-radius:2px;background:rgba(127,127,127,0.7)"></div>'
            '<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 12px;line-height:1.5">'
            f'<b role="heading" aria-level="3">{escape(self.name)}</b><span style="font-variant-numeric:tabular-nums">'
            f"{escape(self.time)} UTC, the lab's time</span></div>"
            f"{line(self.pace, small=True) if self.pace else ''}</div>"
        )

    def html(self) -> str:
        """Return the whole phone without widgets."""
        inside = "".join(head + "".join(each.html for each in lines) for head, lines in self.sections)
        body = f"box-sizing:border-box;max-width:{WIDTH};border-left:{EDGE};border-right:{EDGE};padding:1px 14px"
        return f'<div>{self.top}<div style="{body}">{inside}</div>{BOTTOM_HTML}</div>'


def look_at(
    phone: Any,
    pushes: Sequence[Any],
    messages: Sequence[Json],
    now: float,
    aliases: Aliases,
    *,
    learns: bool,
    name: str = "",
    remark: str = "",
    pace: str = "",
) -> PhoneView:
    """Return what a virtual phone shows at `now`, epoch seconds; nothing moves or is asked.

    `pushes` are those that wait, `messages` begin with the newest. With `learns`, the codes and links have aliases from
    then on. `name` stands for the phone's own.
    """

    def secret(kind: str, value: str) -> Secret:
        if learns:
            return aliases.learn(kind, value)
        known = aliases.known(value)
        return Secret(value, known.shown if known else UNREAD)

    mask, enrolled = aliases.mask, {each.user_id: each for each in phone.enrollments}
    with_codes = {each.user_id for each in phone.accounts}
    owners = [*phone.enrollments, *(each for each in phone.accounts if each.user_id not in enrolled)]
    accounts, waiting, codes = list[Line](), list[Line](), list[Line]()
    for each in owners[-MOST:]:
        issuer, label = _named(each)
        gives = ["pushes"] * (each.user_id in enrolled and not remark) + ["codes"] * (each.user_id in with_codes)
        at = "" if issuer in ("", label) else f" at {issuer}"
        said = mask(f"{label}{at}{': ' if gives else ''}{' and '.join(gives)}")
        accounts.append(Line(id=f"account {said}", said=said, whose=mask(label), html=line(said)))
    labels = {each.id: _named(each)[1] for each in phone.enrollments}
    for each in pushes:
        whose, host, where = map(mask, (labels[each.enrollment_id], each.host, f"{each.source}, {each.location}"))
        started, left = time_of_day(each.started), each.started + PUSH_SECONDS - now
        about = line(f"From {where}") + line(f"Account {whose} · began {started} UTC", small=True)
        tone: Tone = "wait" if left <= 60 else "info"
        about += bar("Answer in", left / PUSH_SECONDS, spoken(left), tone=tone, column="92px")
        html, said = card(f"Login at {host}", about, tone="info"), f"Login at {host} as {whose}, {started}"
        waiting.append(Line(id=each.id, said=f"{said}: {where}", whose=whose, html=html))
    for each in phone.accounts[-MOST:]:
        code, period = secret("otp", each.totp.at(int(now))), each.totp.interval
        left, whose = period - now % period, mask(_named(enrolled.get(each.user_id, each))[1])
        tone = "wait" if left <= period / 3 else "info"
        shown = f'<div style="{_CODE}">{_alias(code)}</div>'
        html = card(whose, shown, bar("Good for", left / period, spoken(left), tone=tone, column="92px"))
        codes.append(Line(id=f"code {each.number}", said=whose, whose=whose, html=html, code=code, seconds=left))
    # The oldest has the number 1, so a number stays when further messages arrive.
    sent = zip(range(len(messages), 0, -1), messages[:MOST], strict=False)
    return PhoneView(
        name=name or mask(phone.name),
        time=time_of_day(now),
        accounts=tuple(accounts),
        pushes=tuple(waiting),
        codes=tuple(codes),
        messages=tuple(_message(*each, mask, secret) for each in sent),
        older=len(owners) - len(accounts),
        remark=remark,
        pace=pace,
    )


def _named(account: Any) -> tuple[str, str]:
    """Return the issuer of an account and whose it is: a QR's label begins with the issuer."""
    issuer = getattr(account, "issuer", "") or account.label.rpartition(":")[0]
    return issuer, account.label.removeprefix(f"{issuer}:") or issuer


def _alias(code: Secret) -> str:
    """Return an alias as HTML; while a code is shown, panel.js puts it in the place of this."""
    return f'<span class="phone-code">{escape(code.shown)}</span>'


def _message(number: int, message: Json, mask: Callable[[str], str], secret: Callable[[str, str], Secret]) -> Line:
    text, code, address = message["text"], None, mask(message["address"])
    kind = "code" if message["purpose"] == "passwordless" else "binding_code"
    for each, raw in (("link", message["link"]), (kind, message["code"])):
        if raw:
            value = secret(each, raw)
            code = None if each == "link" else value
            text = text.replace(raw, f"[{UNREAD}]") if value.shown == UNREAD else text
    channel, said = _WORDS[message["channel"]], f"{_WORDS[message['channel']]} for {_WORDS[message['purpose']]}"
    to = line(f"To {address} · {time_of_day(message['sent_at'])} UTC", small=True)
    shown = line(mask(text))
    html = card(said, shown.replace(escape(code.shown), _alias(code)) if code else shown, to, mark="✉")
    return Line(id=f"message {number}", said=said, whose=f"the {channel} to {address}", html=html, code=code)


# -- one's own phone: what to do on it, read off the last exchanges of a journal

_AT_HAND = (
    "Run the cells below: when one of them needs your phone, this list says what to do on it.",
    "Have it at hand, unlocked, with the Guardian app or an authenticator app.",
)
_ADD = "Press Show in the QR's panel below, and scan what it draws."
_QR, _SENT = "A QR waits to be scanned", "A code was sent to you"
_TYPE = "Type the code where the cell asks for it: the prompt hides what you type."
# fmt: off
GUIDES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "nothing": ("", "Nothing to do on your phone yet", _AT_HAND),
    "login": ("", "A second factor is asked for", _AT_HAND),
    "push QR": ("", _QR, (
        "Open the Guardian app and add an account: the + in its upper corner.", _ADD,
        "Wait until the app lists the account: that confirms the enrollment, and the poll is granted.",
    )),
    "OTP QR": ("", _QR, (
        "Open an authenticator app (Guardian will do) and add an account by QR.", _ADD,
        "Type the 6 digits that it shows where the next cell asks for them: they confirm the enrollment.",
    )),
    "push": ("→", "A push was sent", (
        "Unlock your phone and open the push of the Guardian app.",
        "Compare what it says of the login with what you do here.",
        "Press Allow to go on, or Deny to see a rejected push.",
    )),
    "OTP": ("→", "A code of your authenticator app is asked for", (
        "Open your authenticator app at this tenant's account.",
        "Type the 6 digits that it shows where the cell asks for them; a new code comes every 30 seconds.",
    )),
    "code by sms": ("✉", _SENT, ("Read the SMS that was sent to you.", _TYPE)),
    "code by voice": ("✉", _SENT, ("Answer the call, and remember the code that it says.", _TYPE)),
    "code by email": ("✉", _SENT, ("Open the email that was sent to you.", _TYPE)),
    "code": ("✉", _SENT, ("Read what was sent to you: an SMS, a call or an email.", _TYPE)),
    "done": ("✓", "The login is done: nothing is left to do on your phone", ()),
    "push over": ("✗", "The push was rejected, or its time is over", (
        "Nothing on your phone helps any more: run the cell with mfa_challenge again for a new push.",
    )),
}
# fmt: on


class Guide(NamedTuple):
    """What to do on one's own phone; no field of a message is in its texts."""

    mark: str
    headline: str
    steps: tuple[str, ...]

    def html(self) -> str:
        """Return where it stands and the steps, as HTML without widgets."""
        items = "".join(f'<li style="line-height:1.5">{line(each)}</li>' for each in self.steps)
        steps = f'<ol style="margin:4px 0;padding-left:24px">{items}</ol>' if self.steps else ""
        return card("Your own phone", status_line(self.mark, self.headline), steps, mark="▯")


def what_now(journal: Journal) -> Guide:
    """Return what to do on one's own phone, as the newest exchange of the application's that bears on it says."""
    found = (_guide_after(exchange) for exchange in reversed(journal) if exchange.speaker == "app")
    return Guide(*GUIDES.get(next(filter(None, found), "nothing"), GUIDES["code"]))


def _guide_after(exchange: Exchange) -> str | None:
    """Return which of the guides one exchange asks for; None when an earlier one decides."""
    data = exchange.request.raw_data()
    asked = data if isinstance(data, Mapping) else {}
    grant, has_oob_code = str(asked.get("grant_type", "")), "oob_code" in exchange
    if exchange.error == "mfa_required":
        return "login"
    if exchange.error in ("invalid_grant", "access_denied", "expired_token"):
        return "push over" if grant.endswith("mfa-oob") and "binding_code" not in asked else None
    if exchange.status != 200 or grant in ("client_credentials", "refresh_token"):
        return None
    if grant:
        return "done"
    if "barcode_uri" in exchange:
        return "push QR" if has_oob_code else "OTP QR"
    if "challenge_type" in exchange and "binding_method" not in exchange:
        return "push" if has_oob_code else "OTP"
    if has_oob_code:
        channel = exchange["oob_channel"] if "oob_channel" in exchange else asked.get("authenticator_id", "")
        return f"code by {str(channel).partition('|')[0]}"
    return f"code by {asked['connection']}" if str(exchange.request.target) == "/passwordless/start" else None
