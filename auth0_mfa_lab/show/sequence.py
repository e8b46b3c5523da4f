"""The journal drawn: as a list under its steps, and as a mermaid sequence of who said what."""

from __future__ import annotations

from auth0_mfa_lab.wire.journal import Journal, Run


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
        answer = journal.aliases.mask(_answer(run))
        lines.append(f"  {run.numbers:>5}  {first.speaker:5}  {call:44}  {answer}".rstrip())
    return lines


def mermaid(journal: Journal) -> str:
    """Return a journal as a mermaid sequence diagram, every secret under its alias."""
    lines = ["sequenceDiagram", "  participant app as your app", "  participant auth0 as Auth0"]
    last = "auth0"
    if any(exchange.speaker == "phone" for exchange in journal):
        lines.append("  participant phone as the phone")
        last = "phone"
    step: str | None = None
    for run in journal.runs():
        first = run.exchanges[0]
        if first.step and first.step != step:
            lines.append(f"  Note over app,{last}: {_escaped(journal.aliases.mask(first.step))}")
        step = first.step
        call = f"{first.request.method} {journal.aliases.mask(first.request.target)}"
        lines.append(f"  {first.speaker}->>auth0: {_escaped(call)}")
        lines.append(f"  auth0-->>{first.speaker}: {_escaped(journal.aliases.mask(_answer(run)))}")
    return "\n".join(lines)


def _answer(run: Run) -> str:
    last = run.exchanges[-1]
    times = f" ({len(run.exchanges)} times)" if len(run.exchanges) > 1 else ""
    return f"{last.outcome}{times}"


def _escaped(text: str) -> str:
    """Return text in which nothing is mermaid's own: `#` and `;` begin and end its entities and statements."""
    codes = {"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;"}
    return "".join(codes.get(character, character) for character in text.replace("\n", " "))
