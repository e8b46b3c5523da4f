"""What a lab asked of its tenant beside the exchanges: users, messages, settings, pushes, what a person typed.

A recording is the exchanges and this: without it a replay could not tell what a phone or an inbox said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCall:
    """One operation, asked for when `after` exchanges were there: its arguments, and its result, raw.

    `refused` has the class and the sentence of the error in the place of a result.
    """

    after: int
    operation: str
    arguments: Mapping[str, Json] = field(repr=False)
    result: Json = field(default=None, repr=False)
    refused: Mapping[str, Json] | None = None


class Operations:
    """The operations of one journal in their order, and the facts of its tenant; raw, so it shows neither."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.tenant: Mapping[str, Json] = {}
        self.is_replayed = False
        self._calls: list[OperationCall] = []

    def append(self, call: OperationCall) -> None:
        """Keep one operation."""
        self._calls.append(call)

    def __iter__(self) -> Iterator[OperationCall]:
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return f"<{len(self)} operations beside the exchanges>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the operations beside the exchanges hold secrets, and are not pickled or copied")
