"""A secret as a value: it shows itself under its alias, and is itself only on the wire."""

from __future__ import annotations

from typing import Any, NoReturn, SupportsIndex


class Secret(str):
    """A string whose `repr` is an alias, so that any cell output and any container that holds it is safe.

    `str(secret)`, an f-string, `json.dumps` and the wire give the raw value; `print(secret)` therefore shows it. What
    is cut from it or joined to it is a Secret again. `pickle` and `copy` refuse: both would carry it away unseen.
    """

    shown: str

    def __new__(cls, value: str, shown: str) -> Secret:
        """Make a secret that shows itself as `shown`, such as `<mfa_token 1>`."""
        secret = super().__new__(cls, value)
        secret.shown = shown
        return secret

    def __repr__(self) -> str:
        return self.shown

    def __add__(self, other: str) -> Secret:
        return Secret(str.__add__(self, other), self.shown + _shown(other))

    def __radd__(self, other: str) -> Secret:
        return Secret(str.__add__(other, self), _shown(other) + self.shown)

    def __getitem__(self, index: SupportsIndex | slice) -> Secret:
        return self._part(str.__getitem__(self, index))

    def strip(self, chars: str | None = None, /) -> Secret:
        """Return the secret without blanks at its ends."""
        return Secret(str.strip(self, chars), self.shown)

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> Secret:
        """Return the secret with one part in the place of another."""
        return self._part(str.replace(self, old, new, count))

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        """Return the parts of the secret, each a Secret."""
        return [self._part(part) for part in str.split(self, sep, maxsplit)]

    def partition(self, sep: str, /) -> tuple[str, str, str]:
        """Return what stands before and after the first separator, each a Secret."""
        before, middle, after = str.partition(self, sep)
        return self._part(before), middle, self._part(after)

    def _part(self, value: str) -> Secret:
        return Secret(value, f"<part of {self.shown.strip('<>')}>")

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(f"{self.shown} is a secret and is not pickled or copied: pass it on itself, or str() of it")

    __reduce__ = _refuse
    __reduce_ex__ = _refuse
    __copy__ = _refuse
    __deepcopy__ = _refuse


def _shown(text: str) -> str:
    return text.shown if isinstance(text, Secret) else text
