"""A secret as a value: it shows itself under its alias, and is itself only on the wire."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret(str):
    """A string whose `repr` is an alias, so that any cell output and any container that holds it is safe.

    `str(secret)`, an f-string and the wire give the raw value; `print(secret)` therefore shows it. What is cut
    or joined from it is an ordinary string. `pickle` and `copy` refuse: both would carry the value away unseen.
    """

    shown: str

    def __new__(cls, value: str, shown: str) -> Secret:
        """Make a secret that shows itself as `shown`, such as `<mfa_token 1>`."""
        secret = super().__new__(cls, value)
        secret.shown = shown
        return secret

    def __repr__(self) -> str:
        return self.shown

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(f"{self.shown} is a secret and is not pickled or copied: pass it on itself, or str() of it")

    __reduce__ = _refuse
    __reduce_ex__ = _refuse
    __copy__ = _refuse
    __deepcopy__ = _refuse
