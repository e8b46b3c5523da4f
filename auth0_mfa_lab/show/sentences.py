"""Sentences of the lab's own, as the value of a cell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Told:
    """What the lab tells the person; it holds no secret."""

    sentence: str

    def __repr__(self) -> str:
        return self.sentence

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        # A command has lines of its own.
        tag = "pre" if "\n" in self.sentence else "p"
        return {"text/plain": self.sentence, "text/html": f"<{tag}>{escape(self.sentence)}</{tag}>"}


class Lines(ABC):
    """Whatever shows itself as a few sentences, each in a line of its own."""

    @abstractmethod
    def _lines(self) -> list[str]: ...

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": "".join(f"<p>{escape(line)}</p>" for line in self._lines())}
