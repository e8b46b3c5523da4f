"""Stand-ins: values of the same shape as a secret, drawn from the secret's alias and never from its value."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import string
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

MARK = "standin"
"""What every stand-in of some length has in it, in lower or upper case, so that nobody takes it for the secret."""

_RUN = re.compile(r"[A-Za-z0-9_-]{16,}|[A-Za-z0-9]+|.", re.DOTALL)
_ANY = re.compile(r"[A-Za-z0-9]")
_KEPT = frozenset(string.ascii_letters + string.digits + "-_.|*:@+/=,~ ")
_BASE32 = re.compile(r"[A-Z2-7]{8,}=*")
_HEX = re.compile(r"[0-9a-f]{8,}|[0-9A-F]{8,}")
_FORMS = {
    "code": re.compile(r"[0-9]+"),
    "number": re.compile(r"\+[0-9]{6,}"),
    "email": re.compile(r"[^@\s|/]+@[^@\s|/]+"),
    "address": re.compile(r"\d{1,3}(\.\d{1,3}){3}"),
    "long address": re.compile(r"(?=.*:.*:)[0-9a-fA-F:]+"),
}
_PREFIX = re.compile(r"Fe26\.\d+\*|v\d\.|[a-z0-9-]+\|")
_TELLING = re.compile(r"[^/]*\d[^/]*|[^/]{20,}|[^/]*(?:@|%40)[^/]*|[^/]+$")
_HEXADECIMAL = "0123456789abcdef"
_LETTERS = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "digit": string.digits}
TOO_OFTEN = 40
"""How many stand-ins of one length are tried before a longer one is."""


class Chance:
    """Endless bytes from a seed: the same on every machine and in every version of Python."""

    def __init__(self, seed: str) -> None:
        """Begin the bytes of this seed."""
        self._bytes = self._drawn(seed)

    def of(self, alphabet: str, length: int) -> str:
        """Return a text of this length of the alphabet's characters."""
        return "".join(alphabet[self.byte() % len(alphabet)] for _ in range(length))

    def byte(self) -> int:
        """Return the next byte."""
        return next(self._bytes)

    @staticmethod
    def _drawn(seed: str) -> Iterator[int]:
        block = 0
        while True:
            yield from hashlib.sha256(f"{seed}/{block}".encode()).digest()
            block += 1


def stand_in(kind: str, seed: str, value: str, *, attempt: int, inside: Callable[[str], str]) -> str:
    """Return a value of the shape of `value`; each `attempt` (from 0) gives another one.

    `inside` replaces what is secret in a text that the value carries: the claims of a JWT, the two halves of Basic.
    What is too short to have enough stand-ins gets longer.
    """
    chance = Chance(f"{seed}/{attempt}")
    more = attempt // TOO_OFTEN
    longer = chance.of(string.ascii_lowercase, more)
    match shape_of(kind, value):
        case "token":
            return _jwt(value, chance, inside)
        case "basic":
            pair = base64.b64decode(value + "=" * (-len(value) % 4)).decode()
            return base64.b64encode(inside(pair).encode()).decode()
        case "password":
            # Of what a person made up, not even the length is told.
            return f"{MARK}-{chance.of(string.ascii_lowercase + string.digits, 12)}"
        case "code":
            return _run(value, string.digits, chance, False) + chance.of(string.digits, more)
        case "number":
            return "+1555" + chance.of(string.digits, max(len(value) - 5, 4) + more)
        case "email":
            return f"{MARK}.{chance.of(string.ascii_lowercase, 6)}{longer}@example.com"
        case "address":
            return f"198.18.{chance.byte()}.{chance.byte()}"
        case "long address":
            return f"2001:db8::{chance.of(_HEXADECIMAL, 4)}:{chance.of(_HEXADECIMAL, 4)}"
        case "url":
            return _url(value, chance) + longer
    return _alike(value, chance) + longer


def shape_of(kind: str, value: str) -> str:
    """Return what a value of this kind is: a token, a code, an email ...; `other` has no form but its own."""
    if value.startswith("eyJ") and value.count(".") == 2 and _said(value) is not None:
        return "token"
    if kind == "basic_credentials" and _is_pair(value):
        return "basic"
    if kind == "password":
        return "password"
    found = (name for name, form in _FORMS.items() if form.fullmatch(value))
    return next(found, "url" if "://" in value and _is_url(value) else "other")


def is_alike(kind: str, value: str, drawn: str) -> bool:
    """Say whether a drawn value has the shape of another, so that what is drawn for it in turn is itself."""
    if (shape := shape_of(kind, value)) != shape_of(kind, drawn):
        return False
    if shape == "other" and _prefix(value) != _prefix(drawn):
        return False
    if shape != "other" or _BASE32.fullmatch(value):
        return shape != "other" or _BASE32.fullmatch(drawn) is not None
    runs = [[_alphabet(run) for run in _RUN.findall(_plain(each)) if _ANY.search(run)] for each in (value, drawn)]
    return runs[0] == runs[1] and not _BASE32.fullmatch(drawn)


def is_stand_in(value: str) -> bool:
    """Say whether a value says of itself that it is a stand-in; a short one, such as a code, cannot."""
    is_token = value.startswith("eyJ") and value.count(".") == 2
    return MARK in (value.rpartition(".")[2] if is_token else value).lower()


def _alike(value: str, chance: Chance) -> str:
    """Draw what has the alphabet, the length and the punctuation of a value, with the mark where there is room."""
    prefix = _prefix(value)
    rest = value[len(prefix) :]
    if _BASE32.fullmatch(rest) and not rest.isdigit():
        return prefix + _run(rest.rstrip("="), string.ascii_uppercase + "234567", chance, True) + "=" * rest.count("=")
    parts: list[str] = []
    marked = False
    for run in _RUN.findall(_plain(rest)):
        parts.append(_run(run, _alphabet(run), chance, not marked) if _ANY.search(run) else run)
        marked = marked or is_stand_in(parts[-1])
    return prefix + "".join(parts)


def _prefix(value: str) -> str:
    return match[0] if (match := _PREFIX.match(value)) else ""


def _plain(value: str) -> str:
    """Return a value without what would have to be escaped somewhere: a letter stays one, all else becomes a dot."""
    return "".join(each if each in _KEPT else "x" if each.isalnum() else "." for each in value)


def _alphabet(run: str) -> str:
    if _HEX.fullmatch(run) and not run.isdigit():
        return _HEXADECIMAL if run == run.lower() else _HEXADECIMAL.upper()
    kinds = {"digit" if each.isdigit() else "upper" if each.isupper() else "lower" for each in _ANY.findall(run)}
    return "".join(_LETTERS[kind] for kind in sorted(kinds))


def _run(run: str, alphabet: str, chance: Chance, marked: bool) -> str:
    """Draw a run; a number begins with no 0, for JSON knows none that does."""
    mark = MARK if set(MARK) <= set(alphabet) else MARK.upper()
    if marked and len(run) >= 16 and set(mark) <= set(alphabet):
        return mark + chance.of(alphabet, len(run) - len(mark))
    if run.isdigit():
        return chance.of("123456789", 1) + chance.of(string.digits, len(run) - 1)
    return chance.of(alphabet, len(run))


def _jwt(token: str, chance: Chance, inside: Callable[[str], str]) -> str:
    """Keep the header and the claims, but for what is secret in them; the signature signs nothing."""
    header, claims, signature = token.split(".")
    said = _said(token) or ""
    if (replaced := inside(said)) != said:
        claims = base64.urlsafe_b64encode(replaced.encode()).decode().rstrip("=")
    alphabet = string.ascii_letters + string.digits
    return f"{header}.{claims}.{MARK}{chance.of(alphabet, max(len(signature), 20) - len(MARK))}"


def _said(token: str) -> str | None:
    """Return the JSON text of a JWT's claims; None for what is none."""
    claims = token.split(".")[1]
    try:
        said = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).decode()
        json.loads(said)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return said


def _is_pair(value: str) -> bool:
    try:
        return ":" in base64.b64decode(value + "=" * (-len(value) % 4)).decode()
    except (ValueError, binascii.Error):
        return False


def _is_url(value: str) -> bool:
    try:
        return bool(urlsplit(value).netloc)
    except ValueError:
        return False


def _url(value: str, chance: Chance) -> str:
    """Keep a URL's scheme, host and names; what a path or a query may tell is drawn."""
    parts = urlsplit(value)
    path = _TELLING.sub(lambda match: _alike(match[0].replace("%", ""), chance), parts.path)
    pairs = [each.partition("=") for each in parts.query.split("&")] if parts.query else []
    query = "&".join(f"{name}{sign}{_alike(text.replace('%', ''), chance)}" for name, sign, text in pairs)
    fragment = _alike(parts.fragment, chance) if parts.fragment else ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{path}{'?' if query else ''}{query}{'#' if fragment else ''}{fragment}"
