"""Pieces of HTML that panels are made of, with inline styles alone: they read in light, dark and untrusted notebooks.

A colour never says anything that a word beside it does not say. Arguments named `html` or `blocks` are HTML already;
every other text is escaped here, and masked by the caller.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Literal

Tone = Literal["plain", "info", "good", "wait", "bad"]
# Each has a contrast of 3 and more with white and with the dark theme's black.
COLOURS: Mapping[Tone, str] = {
    "plain": "rgb(127,140,141)",
    "info": "rgb(25,118,210)",
    "good": "rgb(46,158,79)",
    "wait": "rgb(217,115,13)",
    "bad": "rgb(201,66,51)",
}
LINE = "line-height:1.5;margin:2px 0;overflow-wrap:anywhere"
SMALL = "opacity:0.8;font-size:12px"
_ALIAS = re.compile(r"&lt;[a-z][a-z0-9_]* \d+(?:: \w+)?&gt;")
LEFT = "text-align:left;vertical-align:top"  # JupyterLab sets cells flush right, in the middle


def words(text: str) -> str:
    """Return a text as HTML in which no alias breaks: `<mfa_token 1>` stays in one line."""
    return _ALIAS.sub(r'<span style="white-space:nowrap">\g<0></span>', escape(text))


def line(text: str, *, small: bool = False) -> str:
    """Return one sentence as a block of its own."""
    return f'<div style="{LINE}{";" + SMALL if small else ""}">{words(text)}</div>'


def status_line(mark: str, word: str, said: str = "", *, tone: Tone | None = None) -> str:
    """Return where something stands: `✓ granted · after 3 polls`; a screen reader reads each change aloud.

    With a `tone` the mark is large and coloured.
    """
    rest = f" · {words(said)}" if said else ""
    return f'<div role="status" aria-live="polite" style="{LINE}"><b>{_marked(mark, word, tone)}</b>{rest}</div>'


def bar(label: str, fraction: float, text: str, *, tone: Tone = "info", column: str = "200px") -> str:
    """Return a progress bar between its label and its meaning in words, which has a column of this width.

    `fraction` is the part that is filled; what lies outside of 0 to 1 is cut.
    """
    percent = round(100 * min(1.0, max(0.0, fraction)))
    # A table, for a page without styles has the label and the text side by side, too.
    cell, table = f"{LINE};{LEFT};border:none;padding:0", "width:100%;table-layout:auto;border-collapse:collapse"
    return (
        f'<table style="{table};border:none;margin:2px 0;font-size:inherit"><tbody>'
        f'<tr style="background:none"><th scope="row" style="{cell};width:88px;font-weight:inherit">'
        f'<div style="width:88px">{escape(label)}</div></th><td style="{cell};padding:0 10px;vertical-align:middle">'
        f'<div role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}" aria-valuetext="{escape(text)}" style="height:8px;min-width:40px;'
        "box-sizing:border-box;border:1px solid rgba(127,127,127,0.8);border-radius:4px;overflow:hidden;"
        'background:rgba(127,127,127,0.15)">'
        f'<div style="width:{percent}%;height:100%;background:{COLOURS[tone]}"></div></div></td>'
        f'<td style="{cell};width:{column};overflow-wrap:normal;font-variant-numeric:tabular-nums">'
        f"{escape(text)}</td></tr></tbody></table>"
    )


def card(title: str, *blocks: str, mark: str = "", tone: Tone = "plain") -> str:
    """Return blocks of HTML in a frame under a title; `mark` is a sign before it, `tone` the colour of its edge."""
    return (
        f'<div style="box-sizing:border-box;border:1px solid rgba(127,127,127,0.4);border-left:3px solid '
        f'{COLOURS[tone]};border-radius:4px;padding:6px 10px;margin:4px 0"><div style="{LINE};font-weight:600">'
        f"{_marked(mark, title)}</div>{''.join(blocks)}</div>"
    )


def _marked(mark: str, text: str, tone: Tone | None = None) -> str:
    style = f' style="color:{COLOURS[tone]};font-size:20px;line-height:1"' if tone else ""
    return f'<span aria-hidden="true"{style}>{escape(mark)}</span> {words(text)}' if mark else words(text)


def details(summary: str, html: str, *, style: str = "", is_open: bool = False) -> str:
    """Return HTML that opens under a summary, HTML as well, by mouse and by keyboard, with no kernel too."""
    # Without the mark an x there is JupyterLab's, and cuts the cell; it heeds the mark only where the focus is.
    mark = 'data-lm-suppress-shortcuts="true"' + (f' style="{style}"' if style else "")
    return f"<details{' open' if is_open else ''}><summary {mark}>{summary}</summary>{html}</details>"


def facts(rows: Iterable[tuple[str, str]], caption: str = "") -> str:
    """Return names and values, which are HTML as well as the caption is, in two columns; a value that is long wraps."""
    cell = f"{LEFT};padding:3px 0;line-height:1.5"
    cells = "".join(
        f'<tr style="background:none"><th scope="row" style="{cell};white-space:nowrap;padding-right:12px">'
        f'{escape(name)}</th><td style="{cell};overflow-wrap:anywhere">{html}</td></tr>'
        for name, html in rows
    )
    return f'<table style="border-collapse:collapse">{caption}<tbody>{cells}</tbody></table>'


def spoken(seconds: float) -> str:
    """Return a time in words: `4 min 55 s`, `12 s`; a begun second counts whole, for 0 s is the end."""
    minutes, rest = divmod(max(0, math.ceil(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def time_of_day(at: float) -> str:
    """Return the time of an instant (epoch seconds): `08:00:07`."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"
