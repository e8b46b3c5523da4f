"""Which parts of a message are secret: by the field they stand in, and by their shape wherever they stand."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from auth0_mfa_lab.wire.claims import claims_of
from auth0_mfa_lab.wire.exchange import Json, Message

Find = tuple[str, str]
"""A kind and a value, such as `("mfa_token", "Fe26.2*…")`."""

_KINDS = {
    name: name
    for name in (
        *("mfa_token", "oob_code", "binding_code", "otp", "recovery_code", "secret", "enrollment_tx_id", "totp_secret"),
        *("access_token", "id_token", "refresh_token", "auth_session", "ticket_id"),
        *("password", "client_secret", "client_assertion", "assertion"),
        *("challenge_response", "txtkn", "transaction_token", "device_account_token", "identifier"),
        # Not secret, but no library here can seed an RSA key: what follows from one is shown under an alias.
        *("n", "x5c", "x5t"),
    )
} | {
    "recovery_codes": "recovery_code",
    "ticket": "ticket_id",
    "c": "challenge",
    "txtkn": "transaction_token",
    "code": "code",
}
_TOKEN_OF = {"push_credentials": "push_token", "": "device_token"}
_PEOPLE = {
    **{name: name for name in ("username", "email", "phone_number", "name", "nickname", "picture")},
    **{name: name for name in ("given_name", "family_name", "user_id", "sub")},
    "_id": "user_id",
    "user_name": "username",
    "ip": "ip",
    "last_ip": "ip",
}
_PERSONAL = frozenset(
    {
        *("sub", "email", "user_id", "authenticator_type", "identifier"),
        # An authentication method of the Management API, in an answer or on its way.
        *("confirmed", "auth_method", "phone_number", "totp_secret"),
    }
)
_USER_PATH = re.compile(r"/api/v2/users/([^/?]+)")
_JWT = re.compile(r"eyJ[\w-]*\.[\w-]*\.[\w-]*")
_SEALED = re.compile(r"Fe26\.[\w.*-]{20,}")
_URI_SECRETS = ("enrollment_tx_id", "secret")


def secrets_of(message: Message, *, url: str = "", people: bool = False) -> Iterator[Find]:
    """Yield the secrets of a request (with its `url`) or a response, in the order in which they stand there.

    With `people`, a person's numbers, addresses, names and ids are yielded too.
    """
    yield from _of_pairs(parse_qsl(urlsplit(url).query), people)
    for user_id in _USER_PATH.findall(url) if people else ():
        yield "user_id", unquote(user_id)
    for name, value in message.headers:
        yield from _of_header(name.lower(), value, _bearer_kind(url))
    data = message.raw_data()
    yield from _of_json(data, "", "", people) if data is not None else _of_text(message.text, "token")


def _bearer_kind(url: str) -> str:
    path = urlsplit(url).path
    if path.endswith("/resolve-transaction"):
        return "transaction_token"
    return "device_token" if "/device-accounts/" in path else "token"


def _of_header(name: str, value: str, bearer: str) -> Iterator[Find]:
    scheme, _, rest = value.partition(" ")
    if name == "authorization" and scheme.lower() == "basic":
        _, _, password = _from_base64(rest).partition(":")
        # Encoded before it was encoded: the same secret stands bare in a body.
        yield from [("client_secret", unquote(password))] if password else []
        yield "basic_credentials", rest
    elif name == "authorization" and scheme.lower() == "ticket":
        ticket = re.search(r"id\s*=\s*[\"']?([^\"'\s]+)", rest)
        yield "enrollment_tx_id", ticket[1] if ticket else rest
    elif name in ("authorization", "mfa-dpop", "dpop") and value:
        yield bearer, rest or value
    elif name in ("cookie", "set-cookie"):
        for pair in re.findall(r"[^=;,\s]+=([^;,\s]{8,})", value):
            yield "cookie", pair
    else:
        yield from _of_text(value, "token")


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""


def _of_pairs(pairs: list[tuple[str, str]], people: bool) -> Iterator[Find]:
    for name, value in pairs:
        yield from _of_string(name, value, "", people)


def _of_json(value: Json, name: str, parent: str, people: bool) -> Iterator[Find]:
    if isinstance(value, dict):
        for key, each in value.items():
            # A tenant's factors and clients have a `name` too: only beside these is it a person's.
            personal = people and (key != "name" or not _PERSONAL.isdisjoint(value))
            yield from _of_json(each, key, name, personal)
    elif isinstance(value, list):
        for each in value:
            yield from _of_json(each, name, parent, people)
    elif isinstance(value, str):
        yield from _of_string(name, value, parent, people)
    elif isinstance(value, int) and not isinstance(value, bool) and name in ("otp", "binding_code", "code"):
        yield name, str(value)


def _of_string(name: str, value: str, parent: str, people: bool) -> Iterator[Find]:
    kind = _TOKEN_OF.get(parent, "token") if name == "token" else _KINDS.get(name)
    if not value:
        return
    if value.startswith("otpauth:"):
        yield from _of_barcode(value, people)
    elif name == "ticket_url":
        yield from _of_pairs(parse_qsl(value.partition("?")[2]), people)
    elif kind and not (kind == "code" and not value.isdigit()):
        yield kind, value
    elif people and name in _PEOPLE:
        yield _PEOPLE[name], value
    else:
        yield from _of_text(value, name or "token")
    if _JWT.fullmatch(value):
        yield from _of_claims(value, kind, people)


def _of_barcode(uri: str, people: bool) -> Iterator[Find]:
    # Not urlsplit: it raises for what is no URL, and anything may stand here.
    label, _, query = uri.partition("?")
    for name, value in parse_qsl(query):
        if name in _URI_SECRETS and value:
            yield name, value
    account = unquote(label.rpartition("/")[2]).rpartition(":")[2]
    if people and account:
        yield "username", account


def _of_claims(token: str, kind: str | None, people: bool) -> Iterator[Find]:
    claims = claims_of(token) or {}
    if kind == "challenge_response":
        # The challenge reaches the phone by push, not by HTTP: here it passes for the first time.
        yield from [("identifier", str(claims["iss"]))] if "iss" in claims else []
        yield from [("challenge", str(claims["sub"]))] if "sub" in claims else []
    else:
        yield from _of_json(claims, "", "", people)


def _of_text(text: str, name: str) -> Iterator[Find]:
    kind = name if re.fullmatch(r"[a-z][a-z0-9_]*", name) else "token"
    for pattern in (_JWT, _SEALED):
        for match in pattern.finditer(text):
            yield kind, match[0]
