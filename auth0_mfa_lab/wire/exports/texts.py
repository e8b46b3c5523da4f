"""Texts with variables in them: what stands in an export where a secret, or a value of another run, was said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A variable, such as `MFA_TOKEN_1`; `encoded` where its value is to be percent-encoded, as a part of a path."""

    name: str
    encoded: bool = False


Text = tuple[str | Ref, ...]
"""Pieces of a text, in their order."""

Data = Any
"""JSON whose strings are Texts; a string that holds no variable is a Text too."""


def joined(*texts: Text) -> Text:
    """Return texts as one, with neighbouring strings in one piece."""
    pieces: list[str | Ref] = []
    for piece in (piece for text in texts for piece in text):
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        elif piece != "":
            pieces.append(piece)
    return tuple(pieces)


def refs(text: Text) -> Iterator[str]:
    """Yield the names of the variables in a text."""
    for piece in text:
        if isinstance(piece, Ref):
            yield piece.name


def plain(text: Text) -> str | None:
    """Return a text that has no variable as a string, or None."""
    pieces = [piece for piece in text if isinstance(piece, str)]
    return "".join(pieces) if len(pieces) == len(text) else None


def encoded(text: Text) -> Text:
    """Return a text whose variables are to be percent-encoded."""
    return tuple(Ref(piece.name, encoded=True) if isinstance(piece, Ref) else piece for piece in text)


def rendered(text: Text, literal: Callable[[str], str], variable: Callable[[Ref], str]) -> str:
    """Return a text as the inside of a string of some language."""
    return "".join(literal(piece) if isinstance(piece, str) else variable(piece) for piece in text)


def refs_in(data: Data) -> Iterator[str]:
    """Yield the names of the variables in JSON."""
    if isinstance(data, tuple):
        yield from refs(data)
    elif isinstance(data, dict):
        for each in data.values():
            yield from refs_in(each)
    elif isinstance(data, list):
        for each in data:
            yield from refs_in(each)


def laid_out(brackets: str, items: Sequence[str], indent: str, *, width: int = 88) -> str:
    """Return the items of a list or of an object: in one line, or each in a line of its own where that is too long.

    `indent` is that of the line in which it begins.
    """
    begin, end = brackets[0], brackets[-1]
    blank = " " if len(brackets) > 2 and items else ""
    line = f"{begin}{blank}{', '.join(items)}{blank}{end}"
    if len(indent) + len(line) <= width and "\n" not in line:
        return line
    return "\n".join([begin, *(f"{indent}    {item}," for item in items), f"{indent}{end}"])


def one_line(text: str) -> str:
    """Return a text for a comment: whatever ends a line in some language is a blank."""
    return " ".join(text.split())


def stacked(blocks: Iterable[tuple[str, bool]]) -> str:
    """Return blocks with an empty line between two; one that is a title (True) stands right above the next."""
    written = ""
    for text, is_title in blocks:
        written += f"{text}\n" if is_title else f"{text}\n\n"
    return f"{written.rstrip()}\n"
