"""One name with two sides: `Lab.sandbox(...)` opens a lab on a sandbox, `lab.sandbox` shows what is inside of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol, overload

if TYPE_CHECKING:
    from auth0_mfa_lab.boxed import Inside
    from auth0_mfa_lab.lab import Lab

Profile = Literal["docs", "recorded"]
Policy = Literal["all-applications", "never", "confidence-score"]


class Opens(Protocol):
    """What `Lab.sandbox` is: a constructor."""

    def __call__(
        self,
        *,
        profile: Profile = "docs",
        policy: Policy = "all-applications",
        switches: Mapping[str, str | int | bool] | None = None,
        seed: int = 1,
    ) -> Lab: ...


class SandboxDoor:
    """On the class it opens a sandbox, on a lab it shows the one that the lab has."""

    @overload
    def __get__(self, lab: None, owner: type[Lab]) -> Opens: ...

    @overload
    def __get__(self, lab: Lab, owner: type[Lab]) -> Inside: ...

    def __get__(self, lab: Lab | None, owner: type[Lab]) -> Opens | Inside:
        """Return the constructor of the class, or the inside of a lab's sandbox; LabError when it has none."""
        return owner._open_sandbox if lab is None else lab._inside()
