"""How well each answer of the sandbox is known, as a table that can be narrowed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Protocol

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.table import Column, html_table, text_table

MARKS = {
    "rec": "recorded from a real tenant",
    "doc": "documented by Auth0",
    "test": "seen in a test of one of Auth0's SDKs",
    "forum": "seen in a forum post or at a third party's",
    "guess": "our own guess",
}
"""How a fact may be known, the surest first."""
PARTS = ("status", "error", "text")
_COLUMNS = (
    *(Column(title="endpoint", width=19), Column(title="case", width=27)),
    *(Column(title="status", width=6), Column(title="mark", width=5)),
    *(Column(title="error", width=17), Column(title="mark", width=5)),
    *(Column(title="text", width=22), Column(title="mark", width=5)),
)


class Row(Protocol):
    """What the table reads of one answer; a mark is "" where there is nothing to mark."""

    @property
    def endpoint(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def error(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def status_mark(self) -> str: ...
    @property
    def error_mark(self) -> str: ...
    @property
    def text_mark(self) -> str: ...


class Evidence:
    """The answers of the sandbox that are no plain success, each with how well its parts are known."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many answers have each mark, for the `status`, the `error` and the `text`."""
        counted = {part: Counter(getattr(row, f"{part}_mark") for row in self.rows) for part in PARTS}
        return {part: {mark: counted[part][mark] for mark in MARKS} for part in PARTS}

    def narrowed(
        self,
        *,
        endpoint: str | None = None,
        mark: str | None = None,
        error: str | None = None,
        status: int | None = None,
    ) -> Evidence:
        """Return the answers that fit everything that is given.

        `endpoint` is a part of the endpoint's name, in capitals or not; `mark` that of the status, the error or the
        text; `error` and `status` are as on the wire. Raises LabError for a value that no answer has at all, naming
        those that there are.
        """
        kept = self.rows
        if mark is not None and mark not in MARKS:
            raise _unknown("mark", mark, MARKS)
        if endpoint is not None:
            kept = self._with("endpoint", endpoint, kept, lambda row: endpoint.lower() in row.endpoint.lower())
        if error is not None:
            kept = self._with("error", error, kept, lambda row: error == row.error)
        if status is not None:
            kept = self._with("status", status, kept, lambda row: status == row.status)
        return Evidence(row for row in kept if mark is None or mark in _marks(row))

    def _with(self, name: str, value: object, kept: tuple[Row, ...], fits: Callable[[Row], bool]) -> tuple[Row, ...]:
        if not any(map(fits, self.rows)):
            raise _unknown(name, value, sorted({each for row in self.rows for each in _named(row, name)}))
        return tuple(filter(fits, kept))

    def __repr__(self) -> str:
        return "\n".join([*self._summary(), *([""] if self.rows else []), *self._table()])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        title, *counted = self._summary()
        lines = "".join(f"<br>{escape(line.strip())}" for line in counted)
        table = html_table(_COLUMNS, map(_cells, self.rows)) if self.rows else ""
        return {"text/plain": repr(self), "text/html": f"<p><b>{escape(title)}</b>{lines}</p>{table}"}

    def _summary(self) -> list[str]:
        if not self.rows:
            return ["Evidence · no answer of the sandbox fits all of this"]
        counted = (
            f"  {part:6}  " + " · ".join(f"{marks[mark]} {mark}" for mark in MARKS if marks[mark])
            for part, marks in self.counts.items()
            if any(marks.values())
        )
        return [f"Evidence · {len(self)} answer{'' if len(self) == 1 else 's'}", *counted]

    def _table(self) -> list[str]:
        return text_table(_COLUMNS, map(_cells, self.rows)) if self.rows else []


def _cells(row: Row) -> tuple[str, ...]:
    marked = ((str(row.status), row.status_mark), (row.error, row.error_mark), (row.text, row.text_mark))
    return (row.endpoint, row.case, *(cell for pair in marked for cell in pair))


def _marks(row: Row) -> tuple[str, str, str]:
    return row.status_mark, row.error_mark, row.text_mark


def _named(row: Row, name: str) -> list[str]:
    """Return what a row has under this name, its endpoints one by one."""
    value = str(getattr(row, name))
    # `PATCH, DELETE /path` is one endpoint of two methods.
    parts = re.split(r"(?<=[^A-Z]), ", value) if name == "endpoint" else [value]
    return [part for part in parts if part]


def _unknown(name: str, value: object, known: Iterable[object]) -> LabError:
    return LabError(f"No answer of the sandbox has the {name} {value!r}. There are: {', '.join(map(str, known))}.")
