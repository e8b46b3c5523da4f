"""The kinds of secrets: the names of their fields, and the shapes that give one away wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

Found = tuple[str, str]
"""A kind and a value, such as `("mfa_token", "Fe26.2*…")`."""

MARK = "standin"
"""What every stand-in has in it but a number and a code, in lower or upper case."""

_NAMES = {
    **{
        name: name
        for name in (
            *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "enrollment_tx_id", "totp_secret"),
            *("access_token", "id_token", "refresh_token", "auth_session", "ticket_id", "secret", "identifier"),
            *("password", "client_secret", "client_assertion", "assertion", "code", "cookie", "challenge"),
            *("challenge_response", "transaction_token", "device_account_token"),
            *("device_code", "user_code", "verification_code", "passcode", "code_verifier"),
            # Not secret, but no library here can seed an RSA key: what follows from one is shown under an alias.
            *("n", "x5c", "x5t"),
        )
    },
    "recovery_codes": "recovery_code",
    "ticket": "ticket_id",
    "c": "challenge",
    "txtkn": "transaction_token",
    "pem": "private_key",
}
_PEOPLE = {
    **{
        name: name
        for name in (
            *("username", "email", "phone_number", "name", "nickname", "picture", "given_name", "family_name"),
            *("user_id", "sub", "middle_name", "preferred_username", "fullname", "birthdate", "phone", "login_hint"),
            # The address of OpenID Connect, whose parts are a person's beside each other and alone.
            *("ip", "formatted", "street_address", "locality", "postal_code"),
        )
    },
    "_id": "user_id",
    "user_name": "username",
    "user_email": "email",
    "full_name": "fullname",
}
_ENDINGS = frozenset({"secret", "password", "passwd", "passphrase", "token", "credential", "apikey"})
# Of keys most are public, or no keys at all: `kid`, `public_key`, `primary_key`, `partition_key`.
_KEYS_OF = frozenset(
    {
        *("access", "account", "api", "auth", "encryption", "hmac", "license", "master", "private"),
        *("secret", "server", "service", "shared", "signing", "subscription"),
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_JWT = re.compile(r"eyJ[\w-]*\.[\w-]*\.[\w-]*")
_SEALED = re.compile(r"Fe26\.[\w.*-]{20,}")
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.{16,}?-----END \1-----", re.DOTALL)
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]*:([^\s/@\"'<>]+)@", re.IGNORECASE)
# `name=value`, `"name": "value"`, `name: 'value'`; what a name like that says of a sentence is nothing.
_PAIR = re.compile(r"([A-Za-z][\w.-]{0,60})(?:\\?[\"'])?(?:=|\\?[\"']\s{0,3}:\s{0,3})(?:\\?[\"'])?([^\s\"'&;,<>\\]+)")
_MAY_TELL = re.compile(r"eyJ|Fe26\.|[=:]|PRIVATE KEY")
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_NUMBER = re.compile(r"(?<![\w+])\+[1-9]\d{6,14}(?!\d)", re.ASCII)
# An authenticator's id (`sms|dev_…`) is a thing's, not a person's.
_USER_ID = re.compile(r"(?<![\w|-])[a-z][\w-]*\|(?!dev_)[\w.@+-][\w.@+|-]{3,}", re.ASCII)
_LOOKED_FOR = re.compile(r"\b(user_id|email|phone_number|username|name|nickname)(?:\.raw)?:\"?([^\"\s()*]{3,})")
_MIXED = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/_=-]{16,}")


@lru_cache(maxsize=4096)
def secret_kind(name: str) -> str | None:
    """Return the kind of secret that a field of this name holds, or None.

    The wire's own names count as they are; beyond them a name whose last word is secret, password, token or
    credential, in the singular or the plural, or a `*_key` of a kind that nobody publishes. A `token_type`, a
    `public_key` and a `kid` are none.
    """
    if name in _NAMES:
        return _NAMES[name]
    words = snake(name).split("_")
    last = words[-1].removesuffix("s") if words[-1] != "pass" else "pass"
    if last in _ENDINGS or (last == "key" and len(words) > 1 and words[-2] in _KEYS_OF):
        return as_kind(name, last)
    return None


def is_exact(name: str) -> bool:
    """Say whether a name is one of the wire's own, so that any value of it counts."""
    return name in _NAMES


@lru_cache(maxsize=4096)
def personal_kind(name: str) -> str | None:
    """Return what of a person a field of this name holds, or None."""
    plain = snake(name.rpartition("/")[2])
    return _PEOPLE.get(name) or _PEOPLE.get(plain) or ("ip" if plain.endswith("_ip") else None)


@lru_cache(maxsize=1024)
def snake(name: str) -> str:
    """Return a name in the form of an alias's kind: `authToken` and `X-Auth-Token` end in `auth_token`."""
    return "_".join(word.lower() for word in _WORD.findall(name))


def as_kind(name: str, otherwise: str) -> str:
    """Return a name as the kind of an alias; `otherwise` where nothing of it can be one."""
    plain = snake(name.rpartition("/")[2])
    return plain if plain[:1].isalpha() and plain.isascii() and len(plain) <= 40 else otherwise


def in_text(text: str, name: str, *, people: bool) -> Iterator[Found]:
    """Yield what is secret in a text by its shape, or by a name beside it.

    That is a JWT, a sealed string, a private key, the password in a URL, or `password=…`; `name` is that of the field
    where the text stands. With `people`, emails, numbers in E.164 form and ids such as `auth0|…` are yielded too.
    """
    if _MAY_TELL.search(text):  # most texts are a word or two
        for match in (*_JWT.finditer(text), *_SEALED.finditer(text)):
            yield as_kind(name, "token"), match[0]
        for match in _PRIVATE_KEY.finditer(text) if "PRIVATE KEY" in text else ():
            yield "private_key", match[0]
        for match in _IN_URL.finditer(text) if "://" in text else ():
            yield "password", unquote_plus(match[1])
        for match in _PAIR.finditer(text):
            if kind := kind_of_pair(match[1], value := unquote_plus(match[2])):
                yield kind, value
    if people and name != "user_agent":
        for kind, pattern in (("email", _EMAIL), ("phone_number", _NUMBER), ("user_id", _USER_ID)):
            yield from ((kind, match[0].rstrip(".")) for match in pattern.finditer(text))
        for match in _LOOKED_FOR.finditer(text):
            yield personal_kind(match[1]) or match[1], match[2]


def kind_of_pair(name: str, value: str) -> str | None:
    """Return the kind of secret that a query, a form or a text has under a name, or None; `code` is one here."""
    kind = secret_kind(name)
    is_one = kind and (is_exact(name) or is_credible(value)) and (kind != "code" or value.isdigit() or len(value) >= 16)
    return kind if is_one else None


def is_credible(value: str) -> bool:
    """Say whether a value can be the secret that a name promises, which is not the wire's own."""
    no_secret = value.lower() in ("true", "false", "null", "none") or value.startswith(("http://", "https://"))
    return len(value) >= 4 and not no_secret


def looks_like_a_secret(value: str) -> bool:
    """Say whether a value of unknown meaning looks like a key: long, without a blank, letters and digits."""
    return _MIXED.fullmatch(value) is not None


def is_jwt(value: str) -> bool:
    """Say whether a value is a JWT and nothing else."""
    return _JWT.fullmatch(value) is not None


def is_stand_in(value: str) -> bool:
    """Say whether a value says of itself that it is a stand-in; a code or a number cannot."""
    return MARK in (value.rpartition(".")[2] if is_jwt(value) else value).lower()
