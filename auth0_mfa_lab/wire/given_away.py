"""What gives a secret or a person away by its shape, wherever in a text it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from auth0_mfa_lab.wire.names import as_kind, is_exact, personal_kind, secret_kind

Find = tuple[str, str]
"""A kind and a value, such as `("mfa_token", "Fe26.2*…")`."""

_JWT = re.compile(r"eyJ[\w-]*\.[\w-]*\.[\w-]*")
_SEALED = re.compile(r"Fe26\.[\w.*-]{20,}")
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.{16,}?-----END \1-----", re.DOTALL)
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]*:([^\s/@\"'<>]+)@", re.IGNORECASE)
# `name=value`, `"name": "value"`, `name: 'value'`; what a name like that says of a sentence is nothing.
_PAIR = re.compile(r"([A-Za-z][\w.-]{0,60})(?:\\?[\"'])?(?:=|\\?[\"']\s{0,3}:\s{0,3})(?:\\?[\"'])?([^\s\"'&;,<>\\]+)")
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_NUMBER = re.compile(r"(?<![\w+])\+[1-9]\d{6,14}(?!\d)", re.ASCII)
# An authenticator's id (`sms|dev_…`) is a thing's, not a person's.
_USER_ID = re.compile(r"(?<![\w|-])[a-z][\w-]*\|(?!dev_)[\w.@+-][\w.@+|-]{3,}", re.ASCII)
_LOOKED_FOR = re.compile(r"\b(user_id|email|phone_number|username|name|nickname)(?:\.raw)?:\"?([^\"\s()*]{3,})")
_MIXED = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/_=-]{16,}")
_WORDS_FOR_NOTHING = frozenset({"true", "false", "null", "none"})


def in_text(text: str, name: str, *, people: bool) -> Iterator[Find]:
    """Yield what is secret in a text by its shape, or by a name beside it.

    That is a JWT, a sealed string, a private key, the password in a URL, or `password=…`; `name` is that of the field
    where the text stands. With `people`, emails, numbers in E.164 form and ids such as `auth0|…` are yielded too.
    """
    for pattern in (_JWT, _SEALED):
        for match in pattern.finditer(text):
            yield as_kind(name, "token"), match[0]
    for match in _PRIVATE_KEY.finditer(text) if "PRIVATE KEY" in text else ():
        yield "private_key", match[0]
    for match in _IN_URL.finditer(text) if "://" in text else ():
        yield "password", unquote_plus(match[1])
    for match in _PAIR.finditer(text):
        yield from in_pair(match[1], unquote_plus(match[2]))
    if people and name != "user_agent":
        yield from _people(text)


def in_pair(name: str, value: str) -> Iterator[Find]:
    """Yield the value of a name in a query, a form or a text, if that is one of a secret; `code` is one here."""
    kind = secret_kind(name)
    if kind and (is_exact(name) or is_credible(value)) and (kind != "code" or value.isdigit() or len(value) >= 16):
        yield kind, value


def is_credible(value: str) -> bool:
    """Say whether a value can be the secret that a name promises, which is not the wire's own."""
    return len(value) >= 4 and value.lower() not in _WORDS_FOR_NOTHING and not value.startswith(("http://", "https://"))


def looks_like_a_secret(value: str) -> bool:
    """Say whether a value of nobody's knows what looks like a key: long, without a blank, letters and digits."""
    return _MIXED.fullmatch(value) is not None


def is_jwt(value: str) -> bool:
    """Say whether a value is a JWT and nothing else."""
    return _JWT.fullmatch(value) is not None


def _people(text: str) -> Iterator[Find]:
    for kind, pattern in (("email", _EMAIL), ("phone_number", _NUMBER), ("user_id", _USER_ID)):
        for match in pattern.finditer(text):
            yield kind, match[0].rstrip(".")
    for match in _LOOKED_FOR.finditer(text):
        yield personal_kind(match[1]) or match[1], match[2]
