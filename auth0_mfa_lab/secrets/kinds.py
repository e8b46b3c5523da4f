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

# The wire's own names: any value of them counts. `n`, `x5c` and `x5t` are no secrets, but no library here can seed an
# RSA key: what follows from one is shown under an alias.
_WIRE = (
    "mfa_token oob_code binding_code otp recovery_code enrollment_tx_id totp_secret access_token id_token "
    "refresh_token auth_session ticket_id secret identifier password client_secret client_assertion assertion code "
    "cookie challenge challenge_response transaction_token device_account_token device_code user_code "
    "verification_code passcode code_verifier n x5c x5t"
)
_NAMES = {name: name for name in _WIRE.split()} | {
    "recovery_codes": "recovery_code",
    "ticket": "ticket_id",
    "c": "challenge",
    "txtkn": "transaction_token",
    "pem": "private_key",
}
# With the parts of OpenID Connect's address, which are a person's beside each other and alone.
_PERSONS = (
    "username email phone_number name nickname picture given_name family_name user_id sub middle_name "
    "preferred_username fullname birthdate phone login_hint ip formatted street_address locality postal_code"
)
_PEOPLE = {name: name for name in _PERSONS.split()} | {
    "_id": "user_id",
    "user_name": "username",
    "user_email": "email",
    "full_name": "fullname",
}
# Of keys most are public, or no keys at all: `kid`, `public_key`, `primary_key`, `partition_key`.
_ENDING = (
    r"(?:.*_)?((?:secret|password|passwd|passphrase|token|credential|apikey|(?:access|account|api|auth|encryption|hmac"
    r"|license|master|private|secret|server|service|shared|signing|subscription)_key)s?)"
)

_MAY_TELL = r"eyJ|Fe26\.|[=:]|PRIVATE KEY"
_JWT = r"eyJ[\w-]*\.[\w-]*\.[\w-]*"
_SEALED = r"Fe26\.[\w.*-]{20,}"
_PRIVATE_KEY = r"(?s)-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.{16,}?-----END \1-----"
_IN_URL = r"(?i)[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]*:([^\s/@\"'<>]+)@"
# `name=value`, `"name": "value"`, `name: 'value'`; what a name like that says of a sentence is nothing.
_PAIR = r"([A-Za-z][\w.-]{0,60})(?:\\?[\"'])?(?:=|\\?[\"']\s{0,3}:\s{0,3})(?:\\?[\"'])?([^\s\"'&;,<>\\]+)"
_OF_PEOPLE = {
    "email": r"(?a)(?<![\w.+%-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",
    "phone_number": r"(?a)(?<![\w+])\+[1-9]\d{6,14}(?!\d)",
    # An authenticator's id (`sms|dev_…`) is a thing's, not a person's.
    "user_id": r"(?a)(?<![\w|-])[a-z][\w-]*\|(?!dev_)[\w.@+-][\w.@+|-]{3,}",
}
_LOOKED_FOR = r"\b(user_id|email|phone_number|username|name|nickname)(?:\.raw)?:\"?([^\"\s()*]{3,})"


@lru_cache(maxsize=4096)
def secret_kind(name: str) -> str | None:
    """Return the kind of secret that a field of this name holds, or None.

    The wire's own names count as they are; beyond them a name whose last word is secret, password, token or
    credential, in the singular or the plural, or a `*_key` of a kind that nobody publishes. A `token_type`, a
    `public_key` and a `kid` are none.
    """
    if name in _NAMES:
        return _NAMES[name]
    ending = re.fullmatch(_ENDING, _snake(name))
    return as_kind(name, ending[1]) if ending else None


@lru_cache(maxsize=4096)
def personal_kind(name: str) -> str | None:
    """Return what of a person a field of this name holds, or None."""
    plain = _snake(name.rpartition("/")[2])
    return _PEOPLE.get(name) or _PEOPLE.get(plain) or ("ip" if plain.endswith("_ip") else None)


def _snake(name: str) -> str:
    """Return a name in the form of an alias's kind: `authToken` and `X-Auth-Token` end in `auth_token`."""
    return "_".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)).lower()


@lru_cache(maxsize=1024)
def as_kind(name: str, otherwise: str) -> str:
    """Return a name as the kind of an alias; `otherwise` where nothing of it can be one."""
    plain = _snake(name.rpartition("/")[2])
    return plain if plain[:1].isalpha() and plain.isascii() and len(plain) <= 40 else otherwise


def kind_of(name: str, value: str, *, pair: bool = True) -> str | None:
    """Return the kind of secret that a value under a name is, or None; `pair`: in a query, a form or a text.

    There a long `code` is an authorization code; in JSON it is the name of an error.
    """
    kind = secret_kind(name)
    if kind == "code":
        return kind if value.isdigit() or (pair and len(value) >= 16) else None
    if kind is None or name in _NAMES:
        return kind
    no_secret = value.lower() in ("true", "false", "null", "none") or value.startswith(("http://", "https://"))
    return kind if len(value) >= 4 and not no_secret else None


def in_text(text: str, name: str, *, people: bool) -> Iterator[Found]:
    """Yield what is secret in a text by its shape, or by a name beside it.

    That is a JWT, a sealed string, a private key, the password in a URL, or `password=…`; `name` is that of the field
    where the text stands. With `people`, emails, numbers in E.164 form and ids such as `auth0|…` are yielded too.
    """
    if re.search(_MAY_TELL, text):  # most texts are a word or two
        for match in (*re.finditer(_JWT, text), *re.finditer(_SEALED, text)):
            yield as_kind(name, "token"), match[0]
        for match in re.finditer(_PRIVATE_KEY, text) if "PRIVATE KEY" in text else ():
            yield "private_key", match[0]
        for match in re.finditer(_IN_URL, text) if "://" in text else ():
            yield "password", unquote_plus(match[1])
        for match in re.finditer(_PAIR, text):
            if kind := kind_of(match[1], value := unquote_plus(match[2])):
                yield kind, value
    if people and name != "user_agent":
        for kind, pattern in _OF_PEOPLE.items():
            yield from ((kind, match[0].rstrip(".")) for match in re.finditer(pattern, text))
        for match in re.finditer(_LOOKED_FOR, text):
            yield personal_kind(match[1]) or match[1], match[2]


def is_jwt(value: str) -> bool:
    """Say whether a value is a JWT and nothing else."""
    return re.fullmatch(_JWT, value) is not None


def is_stand_in(value: str) -> bool:
    """Say whether a value says of itself that it is a stand-in; a code or a number cannot."""
    return MARK in (value.rpartition(".")[2] if is_jwt(value) else value).lower()
