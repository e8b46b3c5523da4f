"""Sentences of the lab's own, as the value of a cell; they hold no secret."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from auth0_mfa_lab.show.html import words


class Lines(ABC):
    """A value that is shown as a few sentences, each in a line of its own."""

    @abstractmethod
    def _lines(self) -> list[str]: ...

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": "".join(f"<p>{words(line)}</p>" for line in self._lines())}


@dataclass(frozen=True, repr=False)
class Sentence(Lines):
    """What the lab tells the person."""

    sentence: str

    def _lines(self) -> list[str]:
        return self.sentence.splitlines()
