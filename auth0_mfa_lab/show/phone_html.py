"""A phone as HTML: a rounded frame with a title bar and four sections, of inline styles only."""

from __future__ import annotations

from html import escape

from auth0_mfa_lab.show.cards import bar, card, line, spoken
from auth0_mfa_lab.show.phone_card import AccountLine, CodeLine, MessageLine, PhoneCard, PushLine

WIDTH = "440px"
EDGE = "2px solid rgba(127,127,127,0.7)"
_ROUND = "22px"
_SECTION = "font-weight:600;line-height:1.5;margin:8px 0 2px"
_SOON_SECONDS = 60
_NOTHING = {
    "Accounts": "No account yet: lab.phone.scan(...) scans the barcode_uri of an enrollment.",
    "Pushes": "No push waits.",
    "Codes": "No codes yet: a push's or a one-time code's enrollment brings them.",
    "Messages": "Nothing was sent: no SMS, no call, no email.",
}


def top_html(shown: PhoneCard) -> str:
    """Return the upper edge of the phone: its loudspeaker, its name, and the lab's time."""
    slot = '<div aria-hidden="true" style="width:56px;height:4px;margin:0 auto 6px;border-radius:2px;'
    slot += 'background:rgba(127,127,127,0.7)"></div>'
    time = f'<span style="font-variant-numeric:tabular-nums">{escape(shown.time)} UTC, the lab\'s time</span>'
    row = (
        '<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 12px;line-height:1.5">'
        f'<b role="heading" aria-level="3">{escape(shown.name)}</b>{time if shown.time else ""}</div>'
    )
    frame = f"border:{EDGE};border-bottom:1px solid rgba(127,127,127,0.4);border-radius:{_ROUND} {_ROUND} 0 0"
    return (
        f'<div style="box-sizing:border-box;max-width:{WIDTH};{frame};padding:8px 16px;'
        f'background:rgba(127,127,127,0.12)">{slot}{row}</div>'
    )


def bottom_html() -> str:
    """Return the lower edge of the phone."""
    return (
        f'<div aria-hidden="true" style="box-sizing:border-box;max-width:{WIDTH};height:18px;border:{EDGE};'
        f'border-top:none;border-radius:0 0 {_ROUND} {_ROUND}"></div>'
    )


def section_html(title: str, *, is_empty: bool) -> str:
    """Return the title of a section, with what would fill it while it is empty."""
    head = f'<div role="heading" aria-level="4" style="{_SECTION}">{escape(title)}</div>'
    return head + (line(_NOTHING[title], small=True) if is_empty else "")


def accounts_html(shown: PhoneCard) -> str:
    """Return the section of the accounts, under what there is to say of the phone as a whole."""
    if shown.lacks:
        return ""
    remark = line(f"{shown.remark}.", small=True) if shown.remark else ""
    older = line(f"and {shown.older} more, which were there before", small=True) if shown.older else ""
    rows = "".join(_account_html(each) for each in shown.accounts)
    return remark + section_html("Accounts", is_empty=not shown.accounts) + rows + older


def push_html(push: PushLine) -> str:
    """Return one push that waits, with the time that is left to answer it."""
    where = ", ".join(filter(None, (push.source, push.location))) or "nobody says from where"
    rows = [
        line(f"From {where}"),
        line(f"Account {push.label} · began {push.started} UTC", small=True),
        _bar("Answer in", push.left, push.whole),
    ]
    return card(f"Login at {push.host}", *rows, mark="◎", tone="info")


def code_html(code: CodeLine) -> str:
    """Return the code of an account under its alias, and how long it is good."""
    return card(code.label, _code(code.alias), _bar("Good for", code.left, code.whole), mark="#", tone="plain")


def message_html(shown: MessageLine) -> str:
    """Return one message; a code in it stands under its alias."""
    head = f"{shown.channel} for {shown.purpose}"
    rows = [line(shown.text), line(f"To {shown.address} · {shown.sent} UTC", small=True)]
    return card(head, *rows, mark="✉", tone="plain")


def static_html(shown: PhoneCard) -> str:
    """Return the whole phone without widgets."""
    rows = {
        "Pushes": [push_html(each) for each in shown.pushes],
        "Codes": [code_html(each) for each in shown.codes],
        "Messages": [message_html(each) for each in shown.messages],
    }
    inside = line(shown.lacks) if shown.lacks else accounts_html(shown)
    for title in shown.sections:
        inside += section_html(title, is_empty=not rows[title]) + "".join(rows[title])
    body = f"box-sizing:border-box;max-width:{WIDTH};border-left:{EDGE};border-right:{EDGE};padding:0 14px"
    return f'<div>{top_html(shown)}<div style="{body}">{inside}</div>{bottom_html()}</div>'


def _account_html(account: AccountLine) -> str:
    at = f" at {account.issuer}" if account.issuer and account.issuer != account.label else ""
    gives = f": {account.gives}" if account.gives else ""
    return line(f"{account.label}{at}{gives}")


def _code(alias: str) -> str:
    style = "font-family:monospace;font-size:15px;line-height:1.5;overflow-wrap:anywhere"
    return f'<div style="{style}">{escape(alias)}</div>'


def _bar(label: str, left: int, whole: int) -> str:
    is_soon = left <= min(_SOON_SECONDS, whole / 3)
    fraction = left / whole if whole else 0.0
    return bar(label, fraction, spoken(left), tone="wait" if is_soon else "info", column="92px")
