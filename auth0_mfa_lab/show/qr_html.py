"""A QR's panel as HTML without widgets: with inline styles only, which an untrusted notebook keeps."""

from __future__ import annotations

from html import escape

from auth0_mfa_lab.show.cards import bar, line, status_line
from auth0_mfa_lab.show.qr_barcode import Part
from auth0_mfa_lab.show.qr_card import QrCard

_BOX = "line-height:1.5;overflow-wrap:anywhere;min-width:0"
_CELL = "text-align:left;vertical-align:top;padding:3px 0"
_INSTEAD = (
    "box-sizing:border-box;max-width:342px;padding:24px;border:1px dashed rgba(127,127,127,0.8);line-height:1.5;"
    "text-align:center"
)


def status_html(card: QrCard) -> str:
    """Return where the panel stands, as what a screen reader says by itself when it changes."""
    return status_line(card.mark, f"QR {card.word}", card.said)


def time_html(card: QrCard) -> str:
    """Return the time that is left, as text and as a bar; apart from the status, or it would be read each second."""
    if card.left is None or not card.time:
        return line(card.time) if card.time else ""
    return f'<div style="max-width:640px">{bar("the ticket", card.share, card.time)}</div>'


def instead_html(card: QrCard) -> str:
    """Return what stands in the place of the picture; "" while that is on the page."""
    if not card.instead:
        return ""
    return f'<p class="qr-instead" style="{_INSTEAD}">{escape(card.instead)}</p>'


def parts_html(card: QrCard) -> str:
    """Return what the URI holds, as a table, and who can use the QR."""
    barcode = card.barcode
    title = f'<caption style="text-align:left"><b>What this QR holds: a {escape(barcode.holds.value)}</b></caption>'
    rows = "".join(map(_row, barcode.parts))
    table = f'<table style="border-collapse:collapse">{title}<tbody>{rows}</tbody></table>'
    uri = f'<p style="{_BOX};margin:8px 0"><code>{escape(barcode.shown)}</code></p>'
    return f'<div style="{_BOX}">{table}{uri}{line(card.caption)}</div>'


def _row(part: Part) -> str:
    """Return a field: its name, and what it is for below its value, so that the table fits a narrow page."""
    name = f'<th scope="row" style="{_CELL};white-space:nowrap;padding-right:12px">{escape(part.name)}</th>'
    meaning = f'<br><span style="font-size:92%">{escape(part.meaning)}</span>'
    value = f'<td style="{_CELL};overflow-wrap:anywhere">{escape(part.value)}{meaning}</td>'
    return f'<tr style="background:none">{name}{value}</tr>'


def static_html(card: QrCard, picture: str) -> str:
    """Return the whole panel; `picture` is the HTML of the picture, or "" where none may be saved."""
    side = "flex:0 1 342px;min-width:0"
    place = picture if card.is_drawn else ""
    left = f'<div style="{side}">{place or instead_html(card)}</div>'
    right = f'<div style="flex:1 1 320px;min-width:0">{parts_html(card)}</div>'
    both = f'<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">{left}{right}</div>'
    return f"<div>{status_html(card)}{time_html(card)}{both}</div>"
