"""One name with two sides: `Lab.sandbox(...)` opens a lab on a sandbox, `lab.sandbox` shows what is inside of it."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, overload

from auth0_mfa_lab.bench import Bench
from auth0_mfa_lab.boxed import inside_of

if TYPE_CHECKING:
    from auth0_mfa_lab.boxed import Inside

Profile = Literal["docs", "recorded"]
Policy = Literal["all-applications", "never", "confidence-score"]
P = ParamSpec("P")
Made = TypeVar("Made")


class SandboxDoor(Generic[P, Made]):
    """Makes a constructor a door: on the class it opens a sandbox, on a lab it shows the one that the lab has."""

    def __init__(self, opens: Callable[Concatenate[Any, P], Made]) -> None:
        """Open with `opens`, a function of the class."""
        self._opens = opens

    @overload
    def __get__(self, lab: None, owner: type[Bench]) -> Callable[P, Made]: ...

    @overload
    def __get__(self, lab: Bench, owner: type[Bench]) -> Inside: ...

    def __get__(self, lab: Bench | None, owner: type[Bench]) -> Callable[P, Made] | Inside:
        """Return the constructor of the class, or the inside of a lab's sandbox; LabError when it has none."""
        return MethodType(self._opens, owner) if lab is None else inside_of(lab._box, lab.domain)
