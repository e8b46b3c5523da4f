"""A poll's card as HTML: the pieces that the panel sets, and all of them together for a page without widgets."""

from __future__ import annotations

from html import escape

from auth0_mfa_lab.polling import PollRun
from auth0_mfa_lab.show.cards import bar, colour, facts, fold, line, status_line
from auth0_mfa_lab.show.poll_card import PollCard, Row, card_of, grouped, rows_of

ROWS_TITLE = "Each poll, with the seconds since the first; a row opens its exchange."
# Wider bars are no easier to read, and their words would stand far from their labels.
_NARROW = "max-width:640px"


def edge_of(card: PollCard) -> str:
    """Return the line at the left of what stands above the rows; its colour repeats the word for the eye."""
    return f"3px solid {colour(card.tone)}"


def status_html(card: PollCard) -> str:
    """Return where the poll stands: what a screen reader reads aloud when it changes."""
    return status_line(card.mark, card.word, card.said)


def next_html(card: PollCard) -> str:
    """Return what to do next, and what takes the tokens that are there."""
    said = (
        f'<div style="line-height:1.5;margin:2px 0;overflow-wrap:anywhere"><b>Next:</b> {escape(card.next_step)}</div>'
    )
    return said + (facts(card.tokens) if card.tokens else "")


def meters_html(card: PollCard) -> str:
    """Return the bars, the interval and its reason: apart from the status, for they change every second."""
    bars = "".join(bar(each.label, each.fraction, each.text, tone=each.tone) for each in card.meters)
    lines = "".join(line(each, small=True) for each in (card.pace, card.as_of) if each)
    return f'<div style="{_NARROW}">{bars}{lines}</div>' if bars or lines else ""


def row_html(row: Row, *, is_open: bool = False) -> str:
    """Return one poll: its line, which opens the exchange as the lab shows it everywhere."""
    return fold(row.summary, row.exchange.show(row.exchange)[1], is_open=is_open)


def static_html(run: PollRun, now: float) -> str:
    """Return the whole panel without widgets; equal answers in a row are folded, and each opens its exchange."""
    card = card_of(run, now)
    rows = ""
    for summary, group in grouped(rows_of(run)):
        inside = "".join(row_html(row, is_open=row.final) for row in group)
        rows += inside if len(group) == 1 else fold(summary, f'<div style="margin-left:16px">{inside}</div>')
    title = line(ROWS_TITLE, small=True) if rows else ""
    edge = f"border-left:{edge_of(card)};padding-left:10px;margin:4px 0"
    return f'<div><div style="{edge}">{status_html(card)}{next_html(card)}{meters_html(card)}</div>{title}{rows}</div>'
