"""What is left of each limit, as a table; of a tenant that does not tell, what Auth0 documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: `burst` at once, then more at the pace of `per`, for each `owner`; what is left is never known."""

    name: str
    burst: int
    per: str
    owner: str = "user"
    mark: str = "doc"
    left: int | None = None
    full_again_in: float | None = None


DOCUMENTED = (
    Limit(name="polls", burst=12, per="12 a minute", owner="oob_code"),
    Limit(name="pushes", burst=5, per="5 a minute"),
    Limit(name="sms", burst=10, per="1 an hour"),
    Limit(name="voice", burst=10, per="1 an hour", mark="guess"),
    Limit(name="emails", burst=20, per="1 a minute"),
    Limit(name="failed_otp_codes", burst=10, per="10 an hour"),
    Limit(name="failed_recovery_codes", burst=10, per="10 an hour"),
    Limit(name="passwordless_starts", burst=50, per="50 an hour", owner="IP"),
)
"""The limits around MFA of the paid plans (the reference, section 11); the free plan's page lists none of these."""
NOTE = (
    "This is what Auth0 documents for its paid plans; the free plan's page lists none of these. What is left, only the "
    "x-ratelimit-* headers of its answers tell."
)
"""What stands under the table on a live tenant."""


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
