"""Which values are secrets: by the name they stand beside, and by what such a value looks like."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from auth0_mfa_lab.secrets.kinds import is_stand_in

SEALED_KIND = "sealed string (mfa_token or oob_code)"
CODES = frozenset({"binding code", "one-time code", "passwordless code"})

_NAMES = {
    "mfa_token": "mfa[_ -]?token",
    "oob_code": "oob[_ -]?code",
    "binding code": "binding[_ -]?code",
    "one-time code": "otp|one[_ -]time[_ -]code",
    "recovery code": "recovery[_ -]?codes?",
    "enrollment ticket": "enrollment[_ -]?tx[_ -]?id|ticket[_ -]?id|ticket",
    "client secret": "client[_ -]?secret",
    "TOTP secret": "secret",
    "refresh token": "refresh[_ -]?token",
    "access token": "access[_ -]?token",
    "ID token": "id[_ -]?token",
    "control token": "lab[_ -]?token",
    "password": "password",
    "passwordless code": "code",
}
_GROUP = {kind: f"k{number}" for number, kind in enumerate(_NAMES)}
_KIND_OF = {group: kind for kind, group in _GROUP.items()}
# A name may be part of a longer one (AUTH0_CLIENT_SECRET, newPassword), but `code` is the end of too many.
_BEGINS = r"(?:(?<![A-Za-z0-9])|(?-i:(?<=[a-z0-9])(?=[A-Z])))"
_ALONE = {"code": r"(?<![\w-])code"}
NAME = (
    f"{_BEGINS}(?:"
    + "|".join(f"(?P<{_GROUP[kind]}>{_ALONE.get(name, name)})" for kind, name in _NAMES.items())
    + r")(?:_\d{1,4})?(?!\w)"
)
_WHOLE_NAME = re.compile(rf"[^\n]{{0,80}}?{NAME}", re.IGNORECASE)

_STAND_IN = re.compile(
    # An alias, a variable, a template; what is cut short or blotted out; words that say so.
    r"^[<\[{]|^\$[A-Za-z_{(]|\$\{|\{\w*\}|%\(|<[\w ]+>|\.\.\.|…|[*•]{3}|(?<![A-Za-z0-9])x{3,}(?![A-Za-z0-9])|x{6}"
    r"|\b(?:your|redacted|masked|hidden|placeholder|change_?me|replace_?me)\b|your_|_here$",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    r"none|null|nil|undefined|true|false|str|string|text|bytes|secret|password|passwd|token|code|required|optional|"
    r"[a-z]+(?:_(?:token|code|secret|password))",
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"pass|secret|your|example|sample|test|wrong|not|dummy|fake|foo|placeholder|0123456|1234567|://", re.IGNORECASE
)
_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_TOKEN = re.compile(r"[\w.~+/*=-]+")
_CODE = re.compile(r"\d{4,10}")
_RECOVERY = re.compile(r"[A-Z0-9]{24}")
_COUNTING = "01234567890123456789 98765432109876543210"


def kind_of_name(name: str) -> str | None:
    """Return which kind of secret stands beside a name such as `mfa_token` or `AUTH0_PASSWORD`, or None."""
    match = _WHOLE_NAME.fullmatch(name[-100:])
    return kind_of_match(match) if match else None


def kind_of_match(match: re.Match[str]) -> str:
    """Return the kind whose name a match of a pattern with `NAME` in it has."""
    return next(_KIND_OF[group] for group, text in match.groupdict().items() if text and group in _KIND_OF)


def is_secret(kind: str, value: str, *, data: bool, quoted: bool = True) -> bool:
    """Say whether a value beside a name of this kind is a secret, and no stand-in, word or reference to one.

    `data` says that it stands in what a program wrote or reads (an output, a recording, an env file), where a value is
    a value; elsewhere, in code and prose, it must look like one. `quoted` says that it is a string there.
    """
    ends = value if len(value) < 300 else value[:200] + value[-20:]
    if not value or _STAND_IN.search(ends) or _NO_VALUE.fullmatch(ends) or is_stand_in(value):
        return False
    if not quoted and not data and _REFERENCE.fullmatch(value) and not (looks_random(value) or _is_base32(value)):
        return False
    return _LOOKS.get(kind, _is_token)(value, data)


def looks_random(value: str) -> bool:
    """Say whether a text was drawn and not written: letters and digits that change places all the time."""
    value = value[:400]
    if len(value) < 16 or not _TOKEN.fullmatch(value) or not re.search(r"\d", value) or value.isdigit():
        return False
    classes = ["d" if each.isdigit() else "u" if each.isupper() else "l" for each in value if each.isalnum()]
    changes = sum(one != other for one, other in pairwise(classes))
    words = sum(len(word) for word in re.findall(r"[a-z]{4,}|[A-Z]{4,}", value))
    return len(set(value)) > 8 and changes >= len(classes) * 0.3 and words <= len(value) * 0.35


def is_sealed(value: str) -> bool:
    """Say whether a string that begins with `Fe26.2*` has what was sealed: more parts, or one that was drawn."""
    rest = value.removeprefix("Fe26.2*")
    return len(rest) >= 16 and "***" not in rest and "..." not in rest and (rest.count("*") > 1 or looks_random(rest))


def is_jwt(value: str) -> bool:
    """Say whether three parts are a JWT: the first of them is a header in JSON."""
    try:
        header = json.loads(from_base64(value.partition(".")[0]))
    except ValueError:
        return False
    return isinstance(header, dict) and not header.keys().isdisjoint({"alg", "typ", "enc", "kid"})


def is_recovery_code(value: str) -> bool:
    """Say whether a text has the shape of a recovery code: 24 of A-Z and 0-9, of both, and no number in hex."""
    if not _RECOVERY.fullmatch(value) or re.fullmatch(r"[0-9A-F]+|[A-Z]+", value):
        return False
    return len(set(value)) > 4


def is_basic(value: str) -> bool:
    """Say whether base64 is a name and a password, and no stand-in for them."""
    try:
        text = unquote(from_base64(value).decode())
    except ValueError:
        return False
    name, colon, password = text.partition(":")
    return bool(name and colon and text.isprintable()) and is_secret("client secret", password, data=True)


def is_an_examples(uri: str) -> bool:
    """Say whether a ticket is no secret: every host that its URI names is an example's, or the account is.

    What the sandbox draws is of `sandbox.example`, or of its issuer `sandbox` for somebody at example.com.
    """
    text = unquote(uri)
    if re.fullmatch(r"otpauth://totp/sandbox:\w+@example\.com\?secret=[A-Z2-7]+&issuer=sandbox(&\w+=\w+)*", text):
        return True
    hosts = {_host(url) for url in re.findall(r"https?://[^\s&]+", text)}
    label = re.match(r"otpauth://totp/([^:?]+):", text)  # a tenant's name, or a domain of its own
    if label and "." in label[1]:
        hosts.add(label[1])
    return bool(hosts) and all(host.endswith(".example") for host in hosts)


def from_base64(text: str) -> bytes:
    """Decode base64 of either alphabet, with or without its padding; ValueError for what is none."""
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4))
    except binascii.Error as problem:
        raise ValueError(str(problem)) from None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_token(value: str, data: bool) -> bool:
    if not _TOKEN.fullmatch(value):
        return False
    if value.startswith("Fe26."):
        return is_sealed(value)
    if value.startswith("eyJ") and value.count(".") == 2:
        return is_jwt(value)
    if data:
        return len(value) >= 16 and not re.fullmatch(r"[a-z]+(?:[._-][a-z]+)*|[A-Z]+(?:_[A-Z0-9]+)*", value)
    return looks_random(value)


def _is_code(value: str, data: bool) -> bool:
    # Nobody is sent 000000; and what counts up is an example's, unless somebody sent it.
    return bool(_CODE.fullmatch(value)) and len(set(value)) > 1 and (data or value not in _COUNTING)


def _is_passwordless_code(value: str, data: bool) -> bool:
    return len(value) == 6 and _is_code(value, data)


def _is_recovery_code(value: str, data: bool) -> bool:
    if data and re.fullmatch(r"[A-Za-z0-9-]{12,40}", value):
        return bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))
    return is_recovery_code(value)


def is_ticket(value: str, data: bool) -> bool:
    """Say whether a text may be an enrollment's id: drawn, or at least no word."""
    mixed = re.search(r"[A-Za-z]", value) and (re.search(r"\d", value) or not (value.islower() or value.isupper()))
    return bool(re.fullmatch(r"[\w-]{12,}", value) and mixed) and (data or looks_random(value))


def _is_totp_secret(value: str, _data: bool) -> bool:
    return bool(re.fullmatch(r"[A-Z2-7]{16,}=*", value)) and len(set(value)) > 4


def _is_base32(value: str) -> bool:
    return bool(re.fullmatch(r"(?=.*[2-7])[A-Z2-7]{16,}", value))


def _is_password(value: str, data: bool) -> bool:
    if data:
        return len(value) >= 4
    drawn = re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
    return len(value) >= 8 and bool(drawn) and not re.search(r"\s", value) and not _TELLING.search(value)


def _is_client_secret(value: str, data: bool) -> bool:
    return _is_token(value, data) or (data and len(value) >= 8)


def _is_control_token(value: str, data: bool) -> bool:
    return len(value) >= 16 and _is_token(value, data)


_LOOKS: dict[str, Callable[[str, bool], bool]] = {
    "binding code": _is_code,
    "one-time code": _is_code,
    "passwordless code": _is_passwordless_code,
    "recovery code": _is_recovery_code,
    "enrollment ticket": is_ticket,
    "TOTP secret": _is_totp_secret,
    "password": _is_password,
    "client secret": lambda value, data: (
        _is_token(value, data) or (data and _is_password(value, data) and len(value) > 7)
    ),
    "control token": _is_control_token,
}
