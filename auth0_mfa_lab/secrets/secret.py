"""A secret as a value: it shows itself under its alias, and is itself only on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn


def _refuse(self: Secret | SecretBytes, *_: Any) -> NoReturn:
    raise TypeError(f"{self.shown} is a secret and is not pickled or copied: pass it on itself, or str() of it")


def _cut(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of text or bytes whose result, or each part of it, is a part of the secret."""

    def cut(self: Secret | SecretBytes, *arguments: Any, **named: Any) -> Any:
        return self._part(method(self, *arguments, **named))

    cut.__name__, cut.__doc__ = method.__name__, "Return a part or another form of the secret, a secret too."
    return cut


class Secret(str):
    """A string whose `repr` is an alias, so that any cell output and any container that holds it is safe.

    `str(secret)`, an f-string, `json.dumps` and the wire give the raw value; `print(secret)` therefore shows it. What
    is cut from it, joined to it or made of it by a method of text is a Secret again, and its bytes are SecretBytes.
    `pickle` and `copy` refuse: both would carry it away unseen.
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

    def __iter__(self) -> Iterator[str]:
        return map(self._part, str(self))

    def strip(self, chars: str | None = None, /) -> Secret:
        """Return the secret without blanks at its ends."""
        return Secret(str.strip(self, chars), self.shown)

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the secret as bytes, which hide themselves too."""
        return SecretBytes(str.encode(self, encoding, errors), self.shown)

    def join(self, parts: Any, /) -> Secret:
        """Return texts joined by the secret."""
        return Secret(str.join(self, parts), self.shown)

    __getitem__ = _cut(str.__getitem__)
    __mod__, __mul__, __rmul__ = _cut(str.__mod__), _cut(str.__mul__), _cut(str.__rmul__)
    format, format_map = _cut(str.format), _cut(str.format_map)
    translate, replace = _cut(str.translate), _cut(str.replace)
    lower, upper, casefold, swapcase = map(_cut, (str.lower, str.upper, str.casefold, str.swapcase))
    title, capitalize = _cut(str.title), _cut(str.capitalize)
    lstrip, rstrip = _cut(str.lstrip), _cut(str.rstrip)
    removeprefix, removesuffix = _cut(str.removeprefix), _cut(str.removesuffix)
    center, ljust, rjust, zfill = map(_cut, (str.center, str.ljust, str.rjust, str.zfill))
    split, rsplit, splitlines = _cut(str.split), _cut(str.rsplit), _cut(str.splitlines)
    partition, rpartition, expandtabs = _cut(str.partition), _cut(str.rpartition), _cut(str.expandtabs)

    def _part(self, value: Any) -> Any:
        return _parts(value, lambda each: Secret(each, _part_of(self.shown)), str)

    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = _refuse


class SecretBytes(bytes):
    """Bytes that may hold any secret: only their `repr` hides them, and what is cut or decoded from them hides too."""

    shown: str

    def __new__(cls, value: bytes, shown: str) -> SecretBytes:
        """Make bytes that show themselves as `shown`."""
        secret = super().__new__(cls, value)
        secret.shown = shown
        return secret

    def __repr__(self) -> str:
        return self.shown

    def __str__(self) -> str:
        return self.shown

    def __add__(self, other: Any) -> SecretBytes:
        return SecretBytes(bytes.__add__(self, other), self.shown)

    def __radd__(self, other: bytes) -> SecretBytes:
        return SecretBytes(bytes.__add__(other, self), self.shown)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> Secret:
        """Return the bytes as text, a Secret whole."""
        return Secret(bytes.decode(self, encoding, errors), self.shown)

    def hex(self, *arguments: Any) -> Secret:
        """Return the bytes in hexadecimal, a Secret whole."""
        return Secret(bytes.hex(self, *arguments), self.shown)

    __getitem__ = _cut(bytes.__getitem__)
    lower, upper = _cut(bytes.lower), _cut(bytes.upper)
    strip, lstrip, rstrip = _cut(bytes.strip), _cut(bytes.lstrip), _cut(bytes.rstrip)
    replace, removeprefix, removesuffix = _cut(bytes.replace), _cut(bytes.removeprefix), _cut(bytes.removesuffix)
    split, rsplit, splitlines = _cut(bytes.split), _cut(bytes.rsplit), _cut(bytes.splitlines)
    partition, rpartition = _cut(bytes.partition), _cut(bytes.rpartition)

    def _part(self, value: Any) -> Any:
        return _parts(value, lambda each: SecretBytes(each, _part_of(self.shown)), bytes)

    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = _refuse


def _parts(value: Any, hide: Callable[[Any], Any], kind: type) -> Any:
    """Return a value, or each one in a list or a tuple, hidden; a single byte is a number and stays."""
    if isinstance(value, list | tuple):
        return type(value)(hide(each) for each in value)
    return hide(value) if isinstance(value, kind) else value


def _part_of(shown: str) -> str:
    return shown if shown.startswith("<part of ") else f"<part of {shown.strip('<>')}>"


def _shown(text: str) -> str:
    return text.shown if isinstance(text, Secret) else text
