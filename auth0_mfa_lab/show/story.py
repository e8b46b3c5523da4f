"""The journal as markdown: the diagram, a table of who said what, and the legend of its aliases."""

from __future__ import annotations

import re
from collections.abc import Iterable

from auth0_mfa_lab.exports.mermaid import answer_of, mermaid
from auth0_mfa_lab.exports.values import said
from auth0_mfa_lab.secrets.aliases import Alias, Aliases
from auth0_mfa_lab.show.colours import coloured
from auth0_mfa_lab.show.sequence import heading
from auth0_mfa_lab.wire.journal import Journal

# What markdown, or a page's mathematics, would read as its own. An `_` inside a word is none.
_OWN = re.compile(r"[&<>\"|`*\[\]\\~$!#@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.")
_COLUMNS = ("number", "step", "who", "call", "answer")


def markdown(journal: Journal) -> str:
    """Return a journal as markdown, every secret under its alias."""
    parts = [f"**{heading(journal)}**"]
    if len(journal):
        parts += [f"```mermaid\n{mermaid(journal)}\n```", _table(_COLUMNS, _rows(journal))]
    if legend := list(_legend(journal)):
        parts.append(_table(("where it came from", "alias"), legend))
    return "\n\n".join(parts)


def escaped(text: str) -> str:
    """Return text in which nothing is markdown's own, in one line."""
    return _OWN.sub(lambda match: f"&#{ord(match[0])};", " ".join(text.splitlines()))


def _rows(journal: Journal) -> Iterable[list[str]]:
    aliases = journal.aliases
    step: str | None = None
    for run in journal.runs():
        first = run.exchanges[0]
        title = aliases.mask(first.step) if first.step and first.step != step else ""
        step = first.step
        call = f"{first.request.method} {aliases.mask(first.request.target)}"
        told = [title, first.speaker, call, aliases.mask(answer_of(run))]
        cells = [coloured(each, aliases, escaped) for each in told]
        yield [run.numbers, cells[0], cells[1], f"<code>{cells[2]}</code>", f"<code>{cells[3]}</code>"]


def _legend(journal: Journal) -> Iterable[list[str]]:
    """Yield a row for each exchange that brought secrets, and one for those that came from no answer."""
    aliases = journal.aliases
    found = aliases.all()
    numbers = sorted({each.born for each in found if each.born and each.answered})
    for number in numbers:
        yield [f"answer {number}", _named((each for each in found if each.answered and each.born == number), aliases)]
    sent = {alias for exchange in journal for alias in aliases.in_text(said(exchange))}
    if brought := [each for each in found if each in sent and not (each.born and each.answered)]:
        yield ["no answer: you, the settings or the phone", _named(brought, aliases)]


def _named(found: Iterable[Alias], aliases: Aliases) -> str:
    return " ".join(f"<code>{coloured(each.introduced, aliases, escaped)}</code>" for each in found)


def _table(columns: tuple[str, ...], rows: Iterable[list[str]]) -> str:
    lines = [columns, tuple(":--" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
