"""How well each answer of the sandbox is known, as a table that can be narrowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.endpoints import PATHS, covered, endpoints_of, is_general, wanted_endpoint
from auth0_mfa_lab.show.table import Column, Table, Tabular

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


Row = Any
"""One answer, as the sandbox has it: `endpoint`, `case`, `status`, `error`, `text`, and the mark of the last three."""


class Evidence(Tabular):
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
        status: int | str | None = None,
    ) -> Evidence:
        """Return the answers that fit everything that is given.

        `endpoint` is a part of the endpoint's name, in capitals or not, or a URL of the tenant; the answers of its own
        come first, then those of every endpoint of its kind. `mark` is that of the status, the error or the text;
        `error` and `status` are as on the wire. Raises LabError for a value that no answer has at all, naming those
        that there are.
        """
        kept = self.rows
        if endpoint is not None:
            kept = self._at(_text("endpoint", endpoint, "/mfa/challenge"))
        if error is not None:
            code = _text("error", error, "invalid_grant")
            kept = self._with("error", code, kept, lambda row: code == row.error)
        if status is not None:
            number = _status(status)
            kept = self._with("status", number, kept, lambda row: number == row.status)
        if mark is None:
            return Evidence(kept)
        wanted = _text("mark", mark, "guess").strip().lower()
        if wanted not in MARKS:
            raise _unknown("mark", mark, MARKS)
        return Evidence(row for row in kept if wanted in _marks(row))

    def _at(self, endpoint: str) -> tuple[Row, ...]:
        wanted = wanted_endpoint(endpoint)
        meant = endpoints_of(wanted)
        own = [row for row in self.rows if wanted in row.endpoint.lower() or _speaks_of(row, meant, general=False)]
        if not own and not meant:
            known = "\n  ".join(PATHS)
            raise LabError(f"The sandbox has no endpoint {endpoint!r}.{_closest(wanted, PATHS)} There are:\n  {known}")
        return (*own, *(row for row in self.rows if row not in own and _speaks_of(row, meant, general=True)))

    def _with(self, name: str, value: object, kept: tuple[Row, ...], fits: Callable[[Row], bool]) -> tuple[Row, ...]:
        if not any(map(fits, self.rows)):
            there = {str(getattr(row, name)) for row in self.rows}
            raise _unknown(name, value, sorted(there - {""}))
        return tuple(filter(fits, kept))

    def table(self) -> Table:
        """Return what is shown: how many answers have which mark, then each answer."""
        if not self.rows:
            return Table(title="Evidence · no answer of the sandbox fits all of this", columns=_COLUMNS, rows=())
        counted = [
            f"{part:6}  " + " · ".join(f"{marks[mark]} {mark}" for mark in MARKS if marks[mark])
            for part, marks in self.counts.items()
            if any(marks.values())
        ]
        title = f"Evidence · {len(self)} answer{'' if len(self) == 1 else 's'}"
        return Table(title=title, columns=_COLUMNS, rows=[_cells(row) for row in self.rows], under=counted)


def _cells(row: Row) -> tuple[str, ...]:
    marked = ((str(row.status), row.status_mark), (row.error, row.error_mark), (row.text, row.text_mark))
    return (row.endpoint, row.case, *(cell for pair in marked for cell in pair))


def _marks(row: Row) -> tuple[str, str, str]:
    return row.status_mark, row.error_mark, row.text_mark


def _speaks_of(row: Row, meant: frozenset[str], *, general: bool) -> bool:
    return is_general(row.endpoint) == general and not meant.isdisjoint(covered(row.endpoint))


def _text(name: str, value: object, such_as: str) -> str:
    if isinstance(value, str):
        return value
    kind = type(value).__name__
    article = "an" if kind[0] in "aeiouAEIOU" else "a"
    raise LabError(f"{name} is {article} {kind} and no text: pass one, such as {name}={such_as!r}.")


def _status(value: object) -> int:
    text = "" if isinstance(value, bool) else str(value).strip()
    if isinstance(value, int | str) and text.isascii() and text.isdigit():
        return int(text[:9])
    raise LabError(f"status is {value!r} and no HTTP status: pass one, such as status=403.")


def _unknown(name: str, value: object, known: Iterable[str]) -> LabError:
    there = list(known)
    meant = _closest(value.lower(), there) if isinstance(value, str) else ""
    return LabError(f"No answer of the sandbox has the {name} {value!r}.{meant} There are: {', '.join(there)}.")


def _closest(value: str, known: Iterable[str]) -> str:
    close = get_close_matches(value, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""
