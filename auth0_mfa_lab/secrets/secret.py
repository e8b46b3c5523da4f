"""A secret as a value: it shows itself under its alias, and is itself only on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Self

# Methods that give the secret whole: what the others return is a part or another form of it.
_WHOLE = ("strip", "encode", "decode", "hex", "join", "__add__")
_OPERATORS = ("__add__", "__getitem__", "__mod__", "__mul__", "__rmul__")


class _Hidden:
    """A value whose `repr` is `shown`; `pickle` and `copy`, which would carry it away unseen, are refused."""

    shown: str

    def __new__(cls, value: Any, shown: str) -> Self:
        """Make a secret that shows itself as `shown`, such as `<mfa_token 1>`."""
        secret = super().__new__(cls, value)  # type: ignore[call-arg]  # str or bytes, beside this base
        secret.shown = shown
        return secret

    def __repr__(self) -> str:
        return self.shown

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(f"{self.shown} is a secret and is not pickled or copied: pass it on itself, or str() of it")

    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = _refuse

    def __radd__(self, other: Any) -> Any:
        return self._part(other.__add__(self), self.shown)

    def _part(self, value: Any, shown: str = "") -> Any:
        """Return a text or bytes, or each one in a list or a tuple, hidden; a number stays."""
        shown = shown or (self.shown if self.shown.startswith("<part of ") else f"<part of {self.shown.strip('<>')}>")
        if isinstance(value, list | tuple):
            return type(value)(self._part(each, shown) for each in value)
        if isinstance(value, str):
            return Secret(value, shown)
        return SecretBytes(value, shown) if isinstance(value, bytes) else value


class Secret(_Hidden, str):
    """A string whose `repr` is an alias, so that any cell output and any container that holds it is safe.

    `str(secret)`, an f-string, `json.dumps`, `print` and the wire give the raw value. What a method of text makes of it
    is a Secret again, and its bytes are SecretBytes; `pickle` and `copy` refuse.
    """

    def __iter__(self) -> Iterator[str]:
        return map(self._part, str(self))


class SecretBytes(_Hidden, bytes):
    """Bytes that may hold any secret: only their `repr` hides them, and what is cut or decoded from them hides too."""

    def __str__(self) -> str:
        return self.shown


def _hiding(method: Callable[..., Any], *, whole: bool) -> Callable[..., Any]:
    """Return a method of text or bytes whose result is hidden."""

    def hiding(self: _Hidden, *arguments: Any, **named: Any) -> Any:
        return self._part(method(self, *arguments, **named), self.shown if whole else "")

    hiding.__name__, hiding.__doc__ = method.__name__, method.__doc__
    return hiding


for _plain, _secret in ((str, Secret), (bytes, SecretBytes)):
    _public = {name for name in dir(_plain) if name[0] != "_"} - {"maketrans", "fromhex"}  # these take no secret
    for _name in {*_public, *_OPERATORS} - {*vars(_secret)}:
        setattr(_secret, _name, _hiding(getattr(_plain, _name), whole=_name in _WHOLE))
