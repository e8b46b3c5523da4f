"""The journal drawn: as a list under its steps, and as a mermaid sequence of who said what."""

from __future__ import annotations

from auth0_mfa_lab.exports.mermaid import answer_of, mermaid
from auth0_mfa_lab.wire.journal import Journal


class Sequence:
    """A sequence diagram of a journal; JupyterLab draws it, elsewhere its mermaid text stands."""

    def __init__(self, journal: Journal) -> None:
        self.mermaid = mermaid(journal)

    def __repr__(self) -> str:
        return self.mermaid

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": self.mermaid, "text/vnd.mermaid": self.mermaid}


def heading(journal: Journal) -> str:
    """Return the journal's first line, such as `Journal · 9 exchanges`."""
    return f"Journal · {len(journal)} exchange{'' if len(journal) == 1 else 's'}"


def as_list(journal: Journal) -> list[str]:
    """Return one line for each run of exchanges, under the titles of their steps."""
    lines: list[str] = []
    step: str | None = None
    for run in journal.runs():
        first = run.exchanges[0]
        if first.step != step and first.step:
            lines.append(journal.aliases.mask(first.step))
        step = first.step
        call = f"{first.request.method} {journal.aliases.mask(first.request.target)}"
        answer = journal.aliases.mask(answer_of(run))
        lines.append(f"  {run.numbers:>5}  {first.speaker:5}  {call:44}  {answer}".rstrip())
    return lines
