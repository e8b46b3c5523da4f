"""What is left of each limit, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Protocol

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.table import WIDTH, Column, html_table, text_table, wrap

_COUNTED = (
    *(Column(title="limit"), Column(title="left"), Column(title="of"), Column(title="comes back")),
    *(Column(title="full again in"), Column(title="one for each"), Column(title="mark")),
)
_DOCUMENTED = (
    *(Column(title="limit"), Column(title="at once"), Column(title="comes back")),
    *(Column(title="one for each"), Column(title="mark")),
)
"""The columns where nobody can know what is left."""


class Row(Protocol):
    """What the table reads of one limit; `left` and `full_again_in` (seconds) are None where nobody can know."""

    @property
    def name(self) -> str: ...
    @property
    def left(self) -> int | None: ...
    @property
    def burst(self) -> int: ...
    @property
    def per(self) -> str: ...
    @property
    def full_again_in(self) -> float | None: ...
    @property
    def owner(self) -> str: ...
    @property
    def mark(self) -> str: ...


class Limits:
    """The limits of one user: how many are left of how many, and when all of them are back."""

    def __init__(self, title: str, rows: Iterable[Row], *, note: str = "") -> None:
        """Show `rows` under a title, and the note, if there is one, below them."""
        self.rows = tuple(rows)
        self._title = title
        self._note = note

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Row:
        """Return the row of a limit, such as `limits["pushes"]`; LabError names those that there are."""
        for row in self.rows:
            if row.name == name:
                return row
        raise LabError(f"There is no limit {name!r}. There are: {', '.join(row.name for row in self.rows)}.")

    def __repr__(self) -> str:
        note = ["", *wrap(self._note, WIDTH)] if self._note else []
        return "\n".join([self._title, "", *text_table(*self._table()), *note])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        note = f"<p>{escape(self._note)}</p>" if self._note else ""
        table = html_table(*self._table())
        return {"text/plain": repr(self), "text/html": f"<p><b>{escape(self._title)}</b></p>{table}{note}"}

    def _table(self) -> tuple[tuple[Column, ...], list[tuple[str, ...]]]:
        if all(row.left is None for row in self.rows):
            return _DOCUMENTED, [(row.name, str(row.burst), row.per, row.owner, row.mark) for row in self.rows]
        return _COUNTED, [_cells(row) for row in self.rows]


def _cells(row: Row) -> tuple[str, ...]:
    left = "unknown" if row.left is None else str(row.left)
    again = "unknown" if row.full_again_in is None else _duration(row.full_again_in)
    # Of all the oob_codes of a user only one can be counted in one row.
    owner = "oob_code (the newest)" if row.owner == "oob_code" else row.owner
    return row.name, left, str(row.burst), row.per, again, owner, row.mark


def _duration(seconds: float) -> str:
    """Return seconds as a person would say them: `48 s`, `6 min`, `1 h 30 min`."""
    whole = -int(-seconds // 1)  # a bucket is full when its last token is whole, not before
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "full"
