"""Where a value stands in an answer, so that a script finds the one of its own run there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# What says most comes last: the others are left out where it is enough.
_TELLING = ("active", "type", "authenticator_type", "oob_channel")


@dataclass(frozen=True, slots=True)
class Pick:
    """One of a list of objects: the `index`-th (from 0) of those that have these fields."""

    fields: tuple[tuple[str, str | bool], ...]
    index: int


Path = tuple[str | int | Pick, ...]
"""The keys, the indexes and the choices that lead to a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A string in an answer, the field that it stands in, and how one gets there."""

    path: Path
    field: str
    value: str


def leaves(value: Any, path: Path = (), field: str = "") -> Iterator[Leaf]:
    """Yield the strings of JSON, in their order."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key), key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, _choice(value, index)), field)
    elif isinstance(value, str):
        yield Leaf(path=path, field=field, value=value)


def _choice(items: list[Any], index: int) -> int | Pick:
    """Return what tells one item of a list from the others; its index where nothing does."""
    chosen = dict(_telling(items[index]))
    if not chosen:
        return index
    for name in list(chosen)[:-1]:
        fewer = {key: value for key, value in chosen.items() if key != name}
        if sum(_fits(fewer, each) for each in items) == 1:
            chosen = fewer
    return Pick(tuple(chosen.items()), sum(_fits(chosen, each) for each in items[:index]))


def _fits(fields: Mapping[str, str | bool], item: Any) -> bool:
    return fields.items() <= _telling(item).items()


def _telling(item: Any) -> Mapping[str, str | bool]:
    if not isinstance(item, dict):
        return {}
    return {name: item[name] for name in _TELLING if isinstance(item.get(name), str | bool)}
