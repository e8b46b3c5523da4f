"""A QR's panel as HTML without widgets: with inline styles only, which an untrusted notebook keeps."""

from __future__ import annotations

from html import escape

from auth0_mfa_lab.show.qr_card import QrCard
from auth0_mfa_lab.show.table import Column, html_table

_COLUMNS = (Column(title="field"), Column(title="value"), Column(title="what it is for"))
_BOX = "line-height:1.5;overflow-wrap:anywhere;min-width:0"
_INSTEAD = "max-width:342px;padding:24px;border:1px dashed rgba(127,127,127,0.8);line-height:1.5;text-align:center"


def status_html(card: QrCard) -> str:
    """Return where the panel stands, as what a screen reader says by itself when it changes."""
    said = f"{card.mark} QR {escape(card.headline)}"
    return f'<div role="status" aria-live="polite" style="{_BOX}"><b>{said}</b></div>'


def time_html(card: QrCard) -> str:
    """Return the time that is left, as text and as a bar; apart from the status, or it would be read each second."""
    if not card.time:
        return ""
    text = f'<div style="{_BOX}">{escape(card.time)}</div>'
    if card.left is None:
        return text
    bar = f"width:{card.share:.0%};height:100%;background:rgb(46,158,79)"
    frame = "height:8px;max-width:342px;border:1px solid rgba(127,127,127,0.8)"
    return f'{text}<div aria-hidden="true" style="{frame}"><div style="{bar}"></div></div>'


def instead_html(card: QrCard) -> str:
    """Return what stands in the place of the picture; "" while that is on the page."""
    if not card.instead:
        return ""
    return f'<p class="qr-instead" style="{_INSTEAD}">{escape(card.instead)}</p>'


def parts_html(card: QrCard) -> str:
    """Return what the URI holds, as a table, and who can use the QR."""
    barcode = card.barcode
    rows = [(part.name, part.value, part.meaning) for part in barcode.parts]
    held = f"This QR holds a {escape(barcode.holds.value)}:"
    caption = f'<p style="{_BOX};opacity:0.85">{escape(card.caption)}</p>'
    uri = f'<p style="{_BOX}"><code>{escape(barcode.shown)}</code></p>'
    return f'<div style="{_BOX}"><p style="{_BOX}">{held}</p>{html_table(_COLUMNS, rows)}{uri}{caption}</div>'


def static_html(card: QrCard, picture: str) -> str:
    """Return the whole panel; `picture` is the HTML of the picture, or "" where none may be saved."""
    side = "flex:0 1 342px;min-width:0"
    place = picture if card.is_drawn else ""
    left = f'<div style="{side}">{place or instead_html(card)}</div>'
    right = f'<div style="flex:1 1 320px;min-width:0">{parts_html(card)}</div>'
    both = f'<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">{left}{right}</div>'
    return f"<div>{status_html(card)}{time_html(card)}{both}</div>"
