"""What a lab left on a tenant, and what became of it: a table, masked by whoever makes its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from auth0_mfa_lab.show.table import Column, html_table, text_table

COLUMNS = (Column(title="what", width=52), Column(title="of", width=24), Column(title="what becomes of it", width=38))
NOTHING = "Nothing to clean up: the lab has left nothing on this tenant, as far as it knows."


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One thing: what it is, whose, and what will be or was done about it; it `stays` unless that is its removal."""

    what: str
    of: str
    fate: str
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Leftovers:
    """What was left on a tenant, row by row; `notes` are sentences under the table."""

    tenant: str
    rows: tuple[Leftover, ...]
    notes: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether something of it is there still."""
        return any(each.stays for each in self.rows)

    def __repr__(self) -> str:
        return "\n".join([self._title, *(text_table(COLUMNS, self._cells()) if self.rows else ()), *self.notes])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        table = html_table(COLUMNS, self._cells()) if self.rows else ""
        notes = "".join(f"<p>{escape(each)}</p>" for each in self.notes)
        return {"text/plain": repr(self), "text/html": f"<p>{escape(self._title)}</p>{table}{notes}"}

    @property
    def _title(self) -> str:
        return f"Left on {self.tenant}:" if self.rows else NOTHING

    def _cells(self) -> Sequence[Sequence[str]]:
        return [(each.what, each.of, each.fate) for each in self.rows]
