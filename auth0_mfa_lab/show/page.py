"""HTML of an exchange and of the journal: inline styles only, so that an untrusted notebook keeps them."""

from __future__ import annotations

import re
from html import escape

from auth0_mfa_lab.show.lines import Lines, lines_of
from auth0_mfa_lab.show.sequence import as_list, heading
from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

# Half-transparent greys and the page's own text colour: they read in light and in dark.
_PRE = (
    "flex:1 1 340px;margin:0;padding:8px 10px;border-left:3px solid {colour};"
    "background:rgba(127,127,127,0.12);white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "font-size:12px;line-height:1.45"
)
_ROW = "display:flex;flex-wrap:wrap;gap:8px;margin:4px 0"
_SPEAKER = {"app": "#1976d2", "phone": "#8e44ad"}
_ANSWER = "#7f8c8d"


def show(exchange: Exchange, aliases: Aliases) -> tuple[str, str]:
    """Return the text and the HTML of an exchange, masked."""
    lines = lines_of(exchange, aliases)
    return lines.text(), _html(lines, _SPEAKER[exchange.speaker])


def show_all(journal: Journal) -> dict[str, str]:
    """Return the mimebundle of a journal: its list of exchanges under their steps."""
    text = "\n".join([heading(journal), *as_list(journal)])
    return {"text/plain": text, "text/html": pre(text)}


def pre(text: str, colour: str = _ANSWER) -> str:
    """Return text as a block of fixed width in the lab's own look."""
    return f'<pre style="{_PRE.format(colour=colour)}">{escape(text)}</pre>'


def folded(summary: str, *blocks: str) -> str:
    """Return blocks that are folded under a summary."""
    row = f'<div style="{_ROW}">{"".join(blocks)}</div>'
    return f'<details><summary style="opacity:0.75;font-size:12px">{escape(summary)}</summary>{row}</details>'


def _html(lines: Lines, colour: str) -> str:
    summary = f"{escape(lines.title)} · <code>{escape(lines.call)}</code> → <b>{escape(lines.outcome)}</b>"
    # The text has its origins in a column of their own; a narrow page has no room for one.
    asked = re.sub(r" {2,}(\(from [\d, ]+\))$", r"  \1", "\n".join(lines.request), flags=re.MULTILINE)
    request, answer = pre(asked, colour), pre("\n".join(lines.answer))
    notes = "".join(f'<div style="opacity:0.75;font-size:12px">{escape(note)}</div>' for note in lines.notes)
    as_sent = [
        pre(_joined(lines.request_headers, lines.request_sent), colour),
        pre(_joined(lines.answer_headers, lines.answer_sent)),
    ]
    inside = [folded("what the JWTs say", pre("\n".join(lines.claims)))] if lines.claims else []
    rows = f'<div style="{_ROW}">{request}{answer}</div>'
    fold = folded("other headers, and the bodies as sent", *as_sent)
    return f"<details open><summary>{summary}</summary>{rows}{notes}{''.join(inside)}{fold}</details>"


def _joined(headers: tuple[str, ...], body: str) -> str:
    return "\n".join([*(line for line in headers if line), "", body or "(no body)"]).strip("\n")
