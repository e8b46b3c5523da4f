"""A comparison of a live run with the sandbox as a table: what differs where, and what that settles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from auth0_mfa_lab.show.table import WIDTH, Column, html_table, text_table, wrap

_COLUMNS = (
    *(Column(title="step", width=8), Column(title="call", width=19), Column(title="field", width=19)),
    *(Column(title="kind", width=7), Column(title="your tenant", width=17), Column(title="the sandbox", width=17)),
    Column(title="what it settles", width=20),
)
_SKIPPED = (Column(title="step", width=8), Column(title="call", width=40), Column(title="not compared", width=60))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """A step that was not compared, and why; masked."""

    step: int
    call: str
    why: str


class Row(Protocol):
    """What the table reads of one difference; all of it is masked."""

    @property
    def steps(self) -> tuple[int, ...]: ...
    @property
    def call(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def live(self) -> str: ...
    @property
    def sandbox(self) -> str: ...
    @property
    def settles(self) -> str: ...
    @property
    def is_allowed(self) -> bool: ...
    @property
    def line(self) -> str: ...


class Drifted:
    """Whatever shows itself as such a comparison, as text and as HTML."""

    __slots__ = ()
    recording: str
    tenant: str
    steps: int
    differences: tuple[Row, ...]
    not_compared: tuple[NotCompared, ...]
    unused: tuple[str, ...]

    def __repr__(self) -> str:
        parts = [[self._title()]]
        if self.differences:
            parts.append(text_table(_COLUMNS, map(_cells, self.differences)))
        if self.not_compared:
            parts.append(text_table(_SKIPPED, map(_skipped, self.not_compared)))
        parts += [[line for text in note for line in wrap(text, WIDTH)] for note in self._notes()]
        return "\n\n".join("\n".join(lines) for lines in parts)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        parts = [f"<p><b>{escape(self._title())}</b></p>"]
        if self.differences:
            parts.append(html_table(_COLUMNS, map(_cells, self.differences)))
        if self.not_compared:
            parts.append(html_table(_SKIPPED, map(_skipped, self.not_compared)))
        for title, *lines in self._notes():
            parts.append(f"<p>{escape(title)}</p><pre>{escape(chr(10).join(lines))}</pre>")
        return {"text/plain": repr(self), "text/html": "".join(parts)}

    def _title(self) -> str:
        compared, found = self.steps - len(self.not_compared), len(self.differences)
        allowed = sum(each.is_allowed for each in self.differences)
        said = f"{found} difference{'' if found == 1 else 's'}" if found else "no difference"
        known = f", {allowed} of them allowed" if allowed else ""
        steps = f"{compared} of {self.steps} steps compared"
        return f"Drift of {self.tenant} from the sandbox · {self.recording} · {steps} · {said}{known}"

    def _notes(self) -> list[list[str]]:
        """Return what is said below the tables: a sentence each, and its lines."""
        new = list(dict.fromkeys(each.line for each in self.differences if not each.is_allowed))
        notes = []
        if new:
            notes.append(["To accept a difference, put its line into the list `allow` of drift-allow.toml:", *new])
        if self.unused:
            notes.append(["Allowed, and not there any more:", *self.unused])
        return notes


def _cells(row: Row) -> tuple[str, ...]:
    settles = f"allowed. {row.settles}".rstrip() if row.is_allowed else row.settles
    return (numbers(row.steps), row.call, row.field, row.kind, row.live, row.sandbox, settles)


def _skipped(row: NotCompared) -> tuple[str, str, str]:
    return str(row.step), row.call, row.why


def numbers(steps: Sequence[int]) -> str:
    """Return numbers as a person would write them: `3, 5-8`."""
    runs: list[list[int]] = []
    for each in steps:
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
