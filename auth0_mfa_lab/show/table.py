"""A table of the lab's own: one value, shown as aligned text that fits a page and as HTML with inline styles only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import zip_longest
from typing import Any, NamedTuple

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.html import words

WIDTH = 120
"""The widest line of a text table, in characters."""
_LEFT = 'style="text-align:left;vertical-align:top"'  # JupyterLab sets cells flush right, in the middle
_PIECES = re.compile(r"[^_/,|]*[_/,|]+|[^_/,|]+")


class Column(NamedTuple):
    """A column, and the most characters that a line of it may have in the text."""

    title: str
    width: int = 40


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Table:
    """A table under its title, as the value of a cell: `cells` are shown, `rows` are the same for a program.

    `named` is some of it by name, as `table["pushes"]` gives it; `under` are lines below the title.
    """

    title: str
    columns: Sequence[Column]
    cells: Sequence[Sequence[str]]
    rows: Sequence[Any] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    under: Sequence[str] = ()
    note: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Any:
        """Return what has this name; LabError names what there is."""
        if name in self.named:
            return self.named[name]
        raise LabError(f"There is no {self.columns[0].title} {name!r}. There are: {', '.join(self.named)}.")

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self.named.keys()

    def __repr__(self) -> str:
        table = ["", *text_table(self.columns, self.cells)] if self.cells else []
        note = ["", *wrap(self.note, WIDTH)] if self.note else []
        return "\n".join([self.title, *(f"  {line}" for line in self.under), *table, *note])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        under = "".join(f"<br>{escape(line)}" for line in self.under)
        table = html_table(self.columns, self.cells) if self.cells else ""
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return {"text/plain": repr(self), "text/html": f"<p><b>{escape(self.title)}</b>{under}</p>{table}{note}"}


def text_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of an aligned table; a cell that is too long for its column goes on in the next line."""
    titles = [column.title for column in columns]
    wrapped = [[wrap(cell, column.width) for cell, column in zip(row, columns, strict=True)] for row in (titles, *rows)]
    widths = [max(len(line) for cell in cells for line in cell) for cells in zip(*wrapped, strict=True)]
    return [
        "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
        for row in wrapped
        for parts in zip_longest(*row, fillvalue="")
    ]


def html_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """Return the same table as HTML; it is legible in light and in dark, and an untrusted notebook keeps it."""
    head = "".join(f"<th {_LEFT}>{escape(column.title)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td {_LEFT}>{words(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def wrap(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` characters; only a word that is longer is cut, behind one of `_/,|`."""
    lines = [""]
    for word in text.split():
        is_long = len(word) > width
        pieces = _PIECES.findall(word) if is_long else [word]
        cut = [piece[at : at + width] for piece in pieces for at in range(0, len(piece), width)]
        for place, piece in enumerate(cut):
            joined = lines[-1] + piece if place else f"{lines[-1]} {piece}".lstrip()
            if len(joined) > width or (is_long and not place and lines[-1]):
                lines.append(piece)
            else:
                lines[-1] = joined
    return lines
