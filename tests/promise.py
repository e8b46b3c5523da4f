"""How a secret can be spelled, and the fields that hold one."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus


def _lower_hex(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda hexes: hexes[0].lower(), text)


def _pair(name: str) -> Callable[[str], str]:
    return lambda value: base64.b64encode(f"{name}{value}".encode()).decode()


PLAIN: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda value: quote(value, safe=""),
    "percent, lower": lambda value: _lower_hex(quote(value, safe="")),
    "plus": quote_plus,
    "plus, lower": lambda value: _lower_hex(quote_plus(value)),
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON, letters kept": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "HTML": html.escape,
}
BASE64: Mapping[str, Callable[[str], str]] = {
    "base64": _pair(""),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    # At each of the three places of a byte in base64.
    **{f"base64 behind {name}": _pair(name) for name in ("id:", "an-app:", "the-app:")},
}
ENCODINGS: Mapping[str, Callable[[str], str]] = {**PLAIN, "repr": lambda value: repr(value)[1:-1], **BASE64}


def encoded(value: str, encodings: Iterable[str]) -> str:
    """Return a value in some encodings, the first of them the innermost."""
    for name in encodings:
        value = ENCODINGS[name](value)
    return value


def spellings(value: str) -> set[str]:
    """Return a value as it is, encoded once, and encoded twice other than in base64."""
    twice = (encoded(value, [inner, outer]) for inner in PLAIN for outer in PLAIN)
    return {*twice, *(BASE64[each](value) for each in BASE64)}


SECRET_FIELDS = (
    *("mfa_token", "oob_code", "recovery_code", "secret", "access_token", "id_token", "refresh_token", "password"),
    *("client_secret", "client_assertion", "transaction_token", "device_account_token", "challenge", "totp_secret"),
    *("auth_token", "aws_secret_access_key", "twilio_auth_token", "signing_key", "device_code", "apiKey"),
)
