"""HTML of an exchange and the bundle of the journal: inline styles only, so that an untrusted notebook keeps them."""

from __future__ import annotations

import re
from html import escape

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.cards import details
from auth0_mfa_lab.show.colours import coloured
from auth0_mfa_lab.show.lines import Lines, lines_of
from auth0_mfa_lab.show.sequence import as_list, heading
from auth0_mfa_lab.show.story import markdown
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal

# Half-transparent greys and the page's own text colour: they read in light and in dark.
_BESIDE = "flex:1 1 340px;"
_PRE = (
    "{place}margin:0;padding:8px 10px;border-left:3px solid {colour};"
    "background:rgba(127,127,127,0.12);white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "font-size:12px;line-height:1.45"
)
_ROW = "display:flex;flex-wrap:wrap;gap:8px;margin:4px 0"
_SMALL = "opacity:0.75;font-size:12px"
_SPEAKER = {"app": "#1976d2", "phone": "#8e44ad"}
_ANSWER = "#7f8c8d"
_MOST_LINES = 40
"""So many lines of a message are shown; one that is a few longer is shown whole, for a fold of three hides nothing."""
_FEW = 5


def show(exchange: Exchange, aliases: Aliases) -> tuple[str, str]:
    """Return the text and the HTML of an exchange, masked."""
    lines = lines_of(exchange, aliases)
    return lines.text(), _Page(aliases, _SPEAKER[exchange.speaker]).html(lines)


def show_all(journal: Journal) -> dict[str, str]:
    """Return the mimebundle of a journal: its list of exchanges under their steps, and the same as markdown."""
    return {"text/plain": "\n".join([heading(journal), *as_list(journal)]), "text/markdown": markdown(journal)}


def pre(text: str, colour: str = _ANSWER) -> str:
    """Return text as a block of fixed width in the lab's own look."""
    return _block(escape(text), colour)


def folded(summary: str, *blocks: str) -> str:
    """Return blocks that are folded under a summary."""
    row = f'<div style="{_ROW}">{"".join(blocks)}</div>'
    return details(escape(summary), row, style=_SMALL)


class _Page:
    """Makes the HTML of one exchange, each alias in its colour."""

    def __init__(self, aliases: Aliases, colour: str) -> None:
        self._aliases = aliases
        self._colour = colour

    def html(self, lines: Lines) -> str:
        call, outcome = (coloured(each, self._aliases) for each in (lines.call, lines.outcome))
        summary = f"{escape(lines.title)} · <code>{call}</code> → <b>{outcome}</b>"
        # The text has its origins in a column of their own; a narrow page has no room for one.
        asked = [re.sub(r" {2,}(\(from [\d, ]+\))$", r"  \1", line) for line in lines.request]
        row = f'<div style="{_ROW}">{self._message(asked, self._colour)}{self._message(lines.answer, _ANSWER)}</div>'
        inside = [self._pre(lines.claims, _ANSWER)] if lines.claims else []
        meaning = (
            [f'<div style="font-size:12px">{coloured(lines.meaning, self._aliases)}</div>'] if lines.meaning else []
        )
        notes = [f'<div style="{_SMALL}">{coloured(note, self._aliases)}</div>' for note in lines.notes]
        as_sent = [
            self._pre(_joined(lines.request_headers, lines.request_sent), self._colour),
            self._pre(_joined(lines.answer_headers, lines.answer_sent), _ANSWER),
        ]
        fold = folded("other headers, and the bodies as sent", *as_sent)
        jwts = f'<div style="{_ROW}">{inside[0]}</div>' if inside else ""
        rest = f"{row}{jwts}{''.join(meaning)}{''.join(notes)}{fold}"
        return details(summary, rest, is_open=True)

    def _message(self, lines: list[str] | tuple[str, ...], colour: str) -> str:
        """Return a message as a block; the rest of a long one is folded below its beginning."""
        if len(lines) <= _MOST_LINES + _FEW:
            return self._pre(lines, colour)
        first, rest = lines[:_MOST_LINES], lines[_MOST_LINES:]
        more = _block(coloured("\n".join(rest), self._aliases), colour, place="")
        fold = details(f"{len(rest)} more lines", more, style=_SMALL)
        begin = _block(coloured("\n".join(first), self._aliases), colour, place="")
        return f'<div style="{_BESIDE}">{begin}{fold}</div>'

    def _pre(self, lines: list[str] | tuple[str, ...], colour: str) -> str:
        return _block(coloured("\n".join(lines), self._aliases), colour)


def _block(html: str, colour: str, place: str = _BESIDE) -> str:
    return f'<pre style="{_PRE.format(colour=colour, place=place)}">{html}</pre>'


def _joined(headers: tuple[str, ...], body: str) -> list[str]:
    return ["\n".join([*(line for line in headers if line), "", body or "(no body)"]).strip("\n")]
