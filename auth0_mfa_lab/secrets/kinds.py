"""The kinds of secrets: the names of their fields, and the shapes that give one away wherever it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from urllib.parse import unquote, unquote_plus

from auth0_mfa_lab.secrets.claims import from_base64

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


# -- what a secret looks like beside its name, for `scan`

SEALED_KIND = "sealed string (mfa_token or oob_code)"
CODES = frozenset({"binding code", "one-time code", "passwordless code"})
# What `scan` calls the secrets that it looks for, by the names of their fields.
_TITLES = {
    **{name: name for name in ("mfa_token", "oob_code")},
    **{name: name.replace("_", " ") for name in ("binding_code", "recovery_code", "client_secret", "password")},
    **{name: name.replace("_", " ") for name in ("refresh_token", "access_token")},
    "recovery_codes": "recovery code",
    **dict.fromkeys(("otp", "one_time_code"), "one-time code"),
    **dict.fromkeys(("enrollment_tx_id", "ticket_id", "ticket"), "enrollment ticket"),
    "id_token": "ID token",
    "lab_token": "control token",
    "secret": "TOTP secret",
    "code": "passwordless code",
}
# A name may be part of a longer one (AUTH0_CLIENT_SECRET, newPassword), but `code` is the end of too many.
_WRITTEN = {name: name.replace("_", "[_ -]?") for name in _TITLES} | {"code": r"(?<![\w-])code"}
NAME = (
    r"(?:(?<![A-Za-z0-9])|(?-i:(?<=[a-z0-9])(?=[A-Z])))"
    f"(?:{'|'.join(f'(?P<{name}>{written})' for name, written in _WRITTEN.items())})"
    r"(?:_\d{1,4})?(?!\w)"
)
"""A name of a secret in a text, in any writing: `mfa_token`, `mfaToken`, `MFA token`."""
_WHOLE_NAME = re.compile(rf"[^\n]{{0,80}}?{NAME}", re.IGNORECASE)
# What a value of each kind is where a program wrote it; all others are tokens, and no words or constants.
_TOKEN = r"(?![a-z]+(?:[._-][a-z]+)*$|[A-Z]+(?:_[A-Z0-9]+)*$)[\w.~+/*=-]{16,}"
_LOOKS = {
    **dict.fromkeys(("binding code", "one-time code"), r"(?!(\d)\1*$)\d{4,10}"),  # 000000 is sent to nobody
    "passwordless code": r"(?!(\d)\1*$)\d{6}",
    "recovery code": r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9-]{12,40}",
    "enrollment ticket": r"(?=.*[A-Za-z])(?=.*\d|.*[a-z].*[A-Z]|.*[A-Z].*[a-z])[\w-]{12,}",
    "TOTP secret": r"[A-Z2-7]{16,}=*",
    "password": r".{4,}",
    "client secret": r".{8,}",
}
_PLACEHOLDER = re.compile(
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
    r"\s|pass|secret|your|example|sample|test|wrong|not|dummy|fake|foo|placeholder|0123456|1234567|://", re.IGNORECASE
)
_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_COUNTING = "01234567890123456789 98765432109876543210"
_OF_SANDBOX = re.compile(r"otpauth://totp/sandbox:\w+@example\.com\?secret=[A-Z2-7]+&issuer=sandbox(&\w+=\w+)*")


def title_of(name: str) -> str | None:
    """Return what `scan` calls the secret beside a name such as `mfa_token` or `AUTH0_PASSWORD`, or None."""
    match = _WHOLE_NAME.fullmatch(name[-100:])
    return title_of_match(match) if match else None


def title_of_match(match: re.Match[str]) -> str:
    """Return what `scan` calls the secret whose name a match of a pattern with `NAME` in it has."""
    return next(_TITLES[name] for name, text in match.groupdict().items() if text and name in _TITLES)


def is_secret(title: str, value: str, *, data: bool, quoted: bool = True) -> bool:
    """Say whether a value beside a name of this kind is a secret, and no stand-in, word or reference to one.

    `data` says that it stands in what a program wrote or reads (an output, a recording, an env file), where a value is
    a value; elsewhere, in code and prose, it must look like one. `quoted` says that it is a string there.
    """
    ends = value if len(value) < 300 else value[:200] + value[-20:]
    if not value or _PLACEHOLDER.search(ends) or _NO_VALUE.fullmatch(ends) or is_stand_in(value):
        return False
    is_base32 = re.fullmatch(r"(?=.*[2-7])[A-Z2-7]{16,}", value) is not None
    if not quoted and not data and _REFERENCE.fullmatch(value) and not (looks_random(value) or is_base32):
        return False
    if value.startswith("Fe26."):
        return is_sealed(value)
    if is_jwt(value):
        return has_jwt_header(value)
    if not re.fullmatch(_LOOKS.get(title, _TOKEN), value, re.DOTALL):
        return False
    if title == "TOTP secret":
        return len(set(value)) > 4
    if data:
        return True
    if title == "password":
        return len(value) >= 8 and not _TELLING.search(value) and bool(re.search(r"\d.*[A-Za-z]|[A-Za-z].*\d", value))
    return value not in _COUNTING if title in CODES else looks_random(value) or is_recovery_code(value)


def looks_random(value: str) -> bool:
    """Say whether a text was drawn and not written: letters and digits that change places all the time."""
    value = value[:400]
    if not re.fullmatch(r"(?=.*\d)(?!\d+$)[\w.~+/*=-]{16,}", value):
        return False
    classes = ["d" if each.isdigit() else "u" if each.isupper() else "l" for each in value if each.isalnum()]
    changes = sum(one != other for one, other in pairwise(classes))
    words = sum(len(word) for word in re.findall(r"[a-z]{4,}|[A-Z]{4,}", value))
    return len(set(value)) > 8 and changes >= len(classes) * 0.3 and words <= len(value) * 0.35


def is_sealed(value: str) -> bool:
    """Say whether a string that begins with `Fe26.2*` has what was sealed: more parts, or one that was drawn."""
    rest = value.removeprefix("Fe26.2*")
    return len(rest) >= 16 and "***" not in rest and "..." not in rest and (rest.count("*") > 1 or looks_random(rest))


def has_jwt_header(value: str) -> bool:
    """Say whether three parts are a JWT: the first of them is a header in JSON."""
    try:
        header = json.loads(from_base64(value.partition(".")[0]))
    except ValueError:
        return False
    return isinstance(header, dict) and not header.keys().isdisjoint({"alg", "typ", "enc", "kid"})


def is_recovery_code(value: str) -> bool:
    """Say whether a text has the shape of a recovery code: 24 of A-Z and 0-9, of both, and no number in hex."""
    return bool(re.fullmatch(r"(?![0-9A-F]+$|[A-Z]+$)[A-Z0-9]{24}", value)) and len(set(value)) > 4


def is_basic(value: str) -> bool:
    """Say whether base64 is a name and a password, and no stand-in for them."""
    try:
        text = unquote(from_base64(value).decode())
    except ValueError:
        return False
    name, _, password = text.partition(":")
    return bool(name and text.isprintable()) and is_secret("client secret", password, data=True)


def is_an_examples(uri: str) -> bool:
    """Say whether a ticket is no secret: every host that its URI names is an example's, or the account is.

    What the sandbox draws is of `sandbox.example`, or of its issuer `sandbox` for somebody at example.com.
    """
    text = unquote(uri)
    hosts = re.findall(r"https?://(?:[^\s&/@]*@)?([^\s&/?#:]*)", text)
    label = re.match(r"otpauth://totp/([^:?]+):", text)  # a tenant's name, or a domain of its own
    hosts += [label[1]] if label and "." in label[1] else []
    return bool(_OF_SANDBOX.fullmatch(text)) or (bool(hosts) and all(host.endswith(".example") for host in hosts))
