"""What happened beside the exchanges: whose tenant it was, who was asked for, what was read, what the phone did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that the lab did without an exchange of its own, when `after` exchanges were there.

    `kind` is the verb, such as `user` or `code`; `data` is what it was given and what came of it, raw.
    """

    after: int
    kind: str
    data: Mapping[str, Json] = field(repr=False)


class Beside:
    """The happenings of one journal in their order, and the facts of its tenant; raw, so it shows neither.

    A recording is the exchanges and this: without it nobody could replay what a phone or an inbox said.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.tenant: Mapping[str, Json] = {}
        self.is_replayed = False
        self._happenings: list[Happening] = []

    def note(self, after: int, kind: str, data: Mapping[str, Json]) -> None:
        """Keep what happened when `after` exchanges were there."""
        self._happenings.append(Happening(after=after, kind=kind, data=data))

    def latest(self, kind: str) -> Happening | None:
        """Return the newest of a kind, or None."""
        return next((each for each in reversed(self._happenings) if each.kind == kind), None)

    def __iter__(self) -> Iterator[Happening]:
        return iter(tuple(self._happenings))

    def __len__(self) -> int:
        return len(self._happenings)

    def __repr__(self) -> str:
        return f"<{len(self)} happenings beside the exchanges>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("what happened beside the exchanges holds secrets, and is not pickled or copied")
