"""A table of the lab's own: one value, shown as aligned text that fits a page and as HTML with inline styles only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest

WIDTH = 120
"""The widest line of a text table, in characters."""
_GAP = "  "
_LEFT = 'style="text-align:left;vertical-align:top"'  # JupyterLab sets cells flush right, in the middle
_PIECES = re.compile(r"[^_/,|]*[_/,|]+|[^_/,|]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its title, and the most characters that a line of it may have in the text."""

    title: str
    width: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table under its title; `under` are lines below the title, `note` is a sentence below the table."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    under: Sequence[str] = ()
    note: str = ""

    def text(self) -> str:
        """Return it as text."""
        table = ["", *text_table(self.columns, self.rows)] if self.rows else []
        note = ["", *wrap(self.note, WIDTH)] if self.note else []
        return "\n".join([self.title, *(f"  {line}" for line in self.under), *table, *note])

    def html(self) -> str:
        """Return it as HTML."""
        under = "".join(f"<br>{escape(line)}" for line in self.under)
        table = html_table(self.columns, self.rows) if self.rows else ""
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return f"<p><b>{escape(self.title)}</b>{under}</p>{table}{note}"


class Tabular:
    """The value of a cell that is shown as a table."""

    def table(self) -> Table:
        """Return what is shown."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.table().text()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        table = self.table()
        return {"text/plain": table.text(), "text/html": table.html()}


def text_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of an aligned table; a cell that is too long for its column goes on in the next line."""
    table = [[column.title for column in columns], *(list(row) for row in rows)]
    wrapped = [[wrap(cell, column.width) for cell, column in zip(row, columns, strict=True)] for row in table]
    widths = [max(len(line) for row in wrapped for line in row[place]) for place in range(len(columns))]
    lines: list[str] = []
    for row in wrapped:
        for parts in zip_longest(*row, fillvalue=""):
            padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
            lines.append(_GAP.join(padded).rstrip())
    return lines


def html_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """Return the same table as HTML; it is legible in light and in dark, and an untrusted notebook keeps it."""
    head = "".join(f"<th {_LEFT}>{escape(column.title)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td {_LEFT}>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def wrap(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` characters; only a word that is longer than a line is cut.

    It is cut behind one of `_/,|` where that can be.
    """
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".lstrip()
        if len(joined) <= width:
            lines[-1] = joined
        else:
            lines += _cut(word, width)
    return lines if lines[0] or len(lines) == 1 else lines[1:]


def _cut(word: str, width: int) -> list[str]:
    """Return a word in pieces of at most `width` characters."""
    if len(word) <= width:
        return [word]
    lines = [""]
    for piece in _PIECES.findall(word):
        if len(lines[-1] + piece) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1]) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines
