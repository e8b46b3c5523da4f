"""Pieces of HTML that all panels are made of: a card, a bar, a status, a fold, facts, and an alert.

Inline styles alone, half-transparent greys and the page's own text colour: they read in light, in dark and in an
untrusted notebook. A colour never says anything that a word beside it does not say. Arguments named `html` or `blocks`
are HTML already; every other text is escaped here, and has been masked by whoever hands it in.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal

Tone = Literal["plain", "info", "good", "wait", "bad"]

# Each has a contrast of 3 and more with white and with the dark theme's black.
_COLOURS: dict[Tone, tuple[int, int, int]] = {
    "plain": (127, 140, 141),
    "info": (25, 118, 210),
    "good": (46, 158, 79),
    "wait": (217, 115, 13),
    "bad": (201, 66, 51),
}
_LINE = "line-height:1.5;margin:2px 0;overflow-wrap:anywhere"
_SMALL = "opacity:0.8;font-size:12px"
_LEFT = "text-align:left;vertical-align:top"


def line(text: str, *, small: bool = False) -> str:
    """Return one sentence as a block of its own; a small one stands back a little."""
    return f'<div style="{_LINE}{";" + _SMALL if small else ""}">{escape(text)}</div>'


def status_line(mark: str, word: str, said: str = "") -> str:
    """Return where something stands: `✓ granted · after 3 polls`; a screen reader reads each change aloud.

    `mark` is a sign that repeats the `word` for the eye. What changes every second belongs elsewhere.
    """
    rest = f" · {escape(said)}" if said else ""
    head = f'<b><span aria-hidden="true">{escape(mark)}</span> {escape(word)}</b>'
    return f'<div role="status" aria-live="polite" style="{_LINE}">{head}{rest}</div>'


def bar(label: str, fraction: float, text: str, *, tone: Tone = "info", column: str = "200px") -> str:
    """Return a progress bar with its label before it and its meaning in words behind it.

    `fraction` is the part that is filled, 0 to 1; what lies outside is cut. `text` says the same: `3 s of 5 s`.
    `column` is how wide the text is at most, as CSS has it: in a row of bars theirs begin one below the other.
    """
    percent = round(100 * min(1.0, max(0.0, fraction)))
    track = (
        f'<div role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}" aria-valuetext="{escape(text)}" style="flex:1 1 120px;height:8px;'
        "box-sizing:border-box;border:1px solid rgba(127,127,127,0.8);border-radius:4px;overflow:hidden;"
        'background:rgba(127,127,127,0.15)">'
        f'<div style="width:{percent}%;height:100%;background:{colour(tone)}"></div></div>'
    )
    return (
        f'<div style="display:flex;flex-wrap:wrap;align-items:center;gap:2px 10px;{_LINE}">'
        f'<span style="flex:0 0 88px">{escape(label)}</span>{track}'
        f'<span style="flex:0 1 {column};font-variant-numeric:tabular-nums">{escape(text)}</span></div>'
    )


def card(title: str, *blocks: str, mark: str = "", tone: Tone = "plain") -> str:
    """Return blocks of HTML in a frame under a title; `mark` is a sign before it, `tone` the colour of its edge."""
    sign = f'<span aria-hidden="true">{escape(mark)}</span> ' if mark else ""
    head = f'<div style="{_LINE};font-weight:600">{sign}{escape(title)}</div>' if title else ""
    return (
        f'<div style="box-sizing:border-box;border:1px solid rgba(127,127,127,0.4);border-left:3px solid '
        f'{colour(tone)};border-radius:4px;padding:6px 10px;margin:4px 0">{head}{"".join(blocks)}</div>'
    )


def alert(title: str, said: str, step: str = "") -> str:
    """Return what went wrong and what to do about it; a screen reader reads it at once."""
    next_step = f'<div style="{_LINE}"><b>What to do:</b> {escape(step)}</div>' if step else ""
    return (
        f'<div role="alert" style="box-sizing:border-box;border:1px solid {colour("bad")};border-left-width:3px;'
        f'border-radius:4px;padding:6px 10px;margin:4px 0;background:{colour("bad", 0.12)}">'
        f'<div style="{_LINE}"><b><span aria-hidden="true">✗</span> {escape(title)}</b> {escape(said)}</div>'
        f"{next_step}</div>"
    )


def fold(summary: str, html: str, *, is_open: bool = False) -> str:
    """Return HTML that opens under its summary, by mouse and by keyboard, with no kernel too."""
    style = "cursor:pointer;line-height:1.6;overflow-wrap:anywhere;font-variant-numeric:tabular-nums"
    return details(escape(summary), html, style=style, is_open=is_open)


def details(summary: str, html: str, *, style: str = "", is_open: bool = False) -> str:
    """Return HTML that opens under a summary, which is HTML as well."""
    # Without the mark an x there is JupyterLab's, and cuts the cell; it heeds the mark only where the focus is.
    mark = 'data-lm-suppress-shortcuts="true"' + (f' style="{style}"' if style else "")
    return f"<details{' open' if is_open else ''}><summary {mark}>{summary}</summary>{html}</details>"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return names and values in two columns; a value that is long wraps."""
    cells = "".join(
        f'<tr style="background:none"><th scope="row" style="{_LEFT};padding:1px 12px 1px 0;font-weight:600">'
        f'{escape(name)}</th><td style="{_LEFT};padding:1px 0;overflow-wrap:anywhere">{escape(value)}</td></tr>'
        for name, value in rows
    )
    style = "border-collapse:collapse;margin:2px 0;font-size:13px;line-height:1.5"
    return f'<table style="{style}"><tbody>{cells}</tbody></table>'


def spoken(seconds: float) -> str:
    """Return a time in words, in whole seconds: `4 min 55 s`, `12 s`; nothing is left of what lies behind."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def colour(tone: Tone, alpha: float = 1.0) -> str:
    """Return a tone's colour for a style; it never stands for a word."""
    red, green, blue = _COLOURS[tone]
    return f"rgb({red},{green},{blue})" if alpha == 1.0 else f"rgba({red},{green},{blue},{alpha})"
