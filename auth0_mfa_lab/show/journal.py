"""A journal as it is shown: its runs as text, and as markdown with a diagram and the legend of its aliases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auth0_mfa_lab.show.colours import coloured
from auth0_mfa_lab.wire.journal import Journal

# What markdown, or a page's mathematics, would read as its own. An `_` inside a word is none.
_OWN = re.compile(r"[&<>\"|`*\[\]\\~$!#@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.")


def show_all(journal: Journal) -> dict[str, str]:
    """Return the mimebundle of a journal: its runs under their steps, and the same as markdown; masked."""
    heading = f"Journal · {len(journal)} exchange{'' if len(journal) == 1 else 's'}"
    aliases, rows = journal.aliases, list(_rows(journal))
    lines, parts, cells = [heading], [f"**{heading}**"], []
    for numbers, step, speaker, call, answer in rows:
        lines += [step] if step else []
        lines.append(f"  {numbers:>5}  {speaker:5}  {call:44}  {answer}".rstrip())
        title, asked, answered = (coloured(each, aliases, escaped) for each in (step, call, answer))
        cells.append((numbers, title, speaker, f"<code>{asked}</code>", f"<code>{answered}</code>"))
    if rows:
        from auth0_mfa_lab.exports.mermaid import mermaid

        table = _table(("number", "step", "who", "call", "answer"), cells)
        parts += [f"```mermaid\n{mermaid(journal)}\n```", table]
    if legend := list(_legend(journal)):
        parts.append(_table(("where it came from", "alias"), legend))
    return {"text/plain": "\n".join(lines), "text/markdown": "\n\n".join(parts)}


def escaped(text: str) -> str:
    """Return text in which nothing is markdown's own, in one line."""
    return _OWN.sub(lambda match: f"&#{ord(match[0])};", " ".join(text.splitlines()))


def _rows(journal: Journal) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the numbers of each run, its step where that is another than before, the speaker, the call, the answer."""
    mask, last = journal.aliases.mask, None
    for run in journal.runs():
        first = run.exchanges[0]
        step = mask(first.step) if first.step and first.step != last else ""
        call = mask(f"{first.request.method} {first.request.target}")
        yield run.numbers, step, first.speaker, call, mask(run.outcome)
        last = first.step


def _legend(journal: Journal) -> Iterator[tuple[str, str]]:
    """Yield a row for each exchange that brought secrets, and one for those that came from no answer."""
    from auth0_mfa_lab.exports.mermaid import said

    aliases, brought = journal.aliases, dict[int, list[str]]()
    sent = {alias for exchange in journal for alias in aliases.in_text(said(exchange))}
    for alias in aliases.all():
        number = alias.born if alias.born and alias.answered else 0
        if number or alias in sent:
            named = f"<code>{coloured(alias.introduced, aliases, escaped)}</code>"
            brought.setdefault(number, []).append(named)
    # Those that no answer brought stand last.
    for number in sorted(brought, key=lambda each: (each == 0, each)):
        yield f"answer {number}" if number else "no answer: you, the settings or the phone", " ".join(brought[number])


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple(":--" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
