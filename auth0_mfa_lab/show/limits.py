"""What is left of each limit, as a table; on a live tenant, what Auth0 documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.table import Column, Table, Tabular

_COUNTED = ("limit", "left", "of", "comes back", "full again in", "one for each", "mark")
_DOCUMENTED = ("limit", "at once", "comes back", "one for each", "mark")
"""The columns where what is left is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: `burst` at once, then more at the pace of `per`, for each `owner`.

    `left` and `full_again_in` (seconds) are None where they are not known.
    """

    name: str
    burst: int
    per: str
    owner: str = "user"
    mark: str = "doc"
    left: int | None = None
    full_again_in: float | None = None


# The limits around MFA of the paid plans (the reference, section 11); the free plan's page lists none of these.
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
NOTE = (
    "This is what Auth0 documents for its paid plans; the free plan's page lists none of these. What is left, only the "
    "x-ratelimit-* headers of its answers tell."
)


class Limits(Tabular):
    """The limits of one user: how many are left of how many, and when all of them are back."""

    def __init__(self, title: str, rows: Iterable[Limit], *, note: str = "") -> None:
        """Show `rows` under a title, and the note, if there is one, below them."""
        self.rows = tuple(rows)
        self._title = title
        self._note = note

    @classmethod
    def of(cls, username: str, rows: Iterable[Mapping[str, Any]]) -> Limits:
        """Return what a sandbox says is left to a user."""
        return cls(f"Limits of {username}, now", [Limit(**row) for row in rows])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Limit]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Limit:
        """Return the row of a limit, such as `limits["pushes"]`; LabError names those that there are."""
        for row in self.rows:
            if row.name == name:
                return row
        raise LabError(f"There is no limit {name!r}. There are: {', '.join(row.name for row in self.rows)}.")

    def table(self) -> Table:
        """Return what is shown; where nothing is known of what is left, without its columns."""
        is_known = any(row.left is not None for row in self.rows)
        rows = [_cells(row) if is_known else (row.name, str(row.burst), row.per, row.owner, row.mark) for row in self]
        columns = [Column(title=title) for title in (_COUNTED if is_known else _DOCUMENTED)]
        return Table(title=self._title, columns=columns, rows=rows, note=self._note)


def _cells(row: Limit) -> tuple[str, ...]:
    left = "unknown" if row.left is None else str(row.left)
    again = "unknown" if row.full_again_in is None else _duration(row.full_again_in)
    # Of all the oob_codes of a user only one can be counted in one row.
    owner = "oob_code (the newest)" if row.owner == "oob_code" else row.owner
    return row.name, left, str(row.burst), row.per, again, owner, row.mark


def _duration(seconds: float) -> str:
    """Return seconds in words: `48 s`, `6 min`, `1 h 30 min`."""
    whole = -int(-seconds // 1)  # a bucket is full when its last token is whole, not before
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "full"
