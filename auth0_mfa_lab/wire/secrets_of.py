"""Which parts of a message are secret: by the field they stand in, and by their shape wherever they stand."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.wire.claims import claims_of, header_of
from auth0_mfa_lab.wire.exchange import Message, is_deep
from auth0_mfa_lab.wire.given_away import Find, in_pair, in_text, is_credible, is_jwt, looks_like_a_secret
from auth0_mfa_lab.wire.names import as_kind, is_exact, personal_kind, secret_kind

_TOKEN_OF = {"push_credentials": "push_token", "": "device_token"}
_PERSONAL = frozenset(
    {
        *("sub", "email", "user_id", "authenticator_type", "identifier"),
        # An authentication method of the Management API, in an answer or on its way.
        *("confirmed", "auth_method", "phone_number", "totp_secret"),
    }
)
_OF_PEOPLE = ("user_metadata", "app_metadata", "address")
_PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi", "k")
_USER_PATH = re.compile(r"/(?:users|user-blocks)/([^/?#]+)")
_URI_SECRETS = ("enrollment_tx_id", "secret")


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, of which two may have one name."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: the name of its field, that of the object around it, and what is known of that object."""

    people: bool
    name: str = ""
    parent: str = ""
    personal: bool = False
    private: bool = False
    key: bool = False
    client_metadata: bool = False
    pair: bool = False


def secrets_of(message: Message, *, url: str = "", people: bool = False) -> Iterator[Find]:
    """Yield the secrets of a request (with its `url`) or a response, in the order in which they stand there.

    With `people`, a person's numbers, addresses, names and ids are yielded too. Each is yielded once.
    """
    yield from dict.fromkeys(_secrets_of(message, url, _Place(people)))


def secrets_of_path(url: str, *, people: bool = False) -> Iterator[Find]:
    """Yield what the path of a URL gives away by its shape: no name says what it is, so an answer may know better."""
    yield from in_text(unquote(url.partition("?")[0]), "token", people=people)
    yield from in_text(unquote(url.partition("#")[2]), "token", people=people)


def _secrets_of(message: Message, url: str, place: _Place) -> Iterator[Find]:
    path, _, query = url.partition("?")
    yield from _of_pairs(parse_qsl(query.partition("#")[0], keep_blank_values=True), place)
    # An id of one's own choice has no shape.
    yield from (("user_id", unquote(each)) for each in _USER_PATH.findall(path) if place.people)
    for name, value in message.headers:
        yield from _of_header(name.lower(), value, _bearer_kind(path), place)
    yield from _of_body(message, place)


def _of_body(message: Message, place: _Place) -> Iterator[Find]:
    text = str(message.text)
    if message.media_type == "application/x-www-form-urlencoded":
        yield from _of_pairs(parse_qsl(text, keep_blank_values=True), place)
        return
    try:
        yield from _of_json(_parsed(text), place)
    except (ValueError, RecursionError):
        yield from in_text(text, "token", people=place.people)


def _parsed(text: str) -> Any:
    """Return JSON with every member of its objects: the last one of a name does not hide those before it."""
    if is_deep(text):
        raise ValueError("deeper than anything that is shown as JSON")
    return json.loads(text, object_pairs_hook=_Pairs)


def _bearer_kind(path: str) -> str:
    if path.endswith("/resolve-transaction"):
        return "transaction_token"
    return "device_token" if "/device-accounts/" in path else "token"


def _of_header(name: str, value: str, bearer: str, place: _Place) -> Iterator[Find]:
    scheme, _, rest = value.partition(" ")
    if name in ("authorization", "proxy-authorization") and scheme.lower() == "basic":
        _, _, password = _from_base64(rest).partition(":")
        # Encoded before it was encoded: the same secret stands bare in a body.
        yield from [("client_secret", unquote(password))] if password else []
        yield "basic_credentials", rest
    elif name == "authorization" and scheme.lower() == "ticket":
        ticket = re.search(r"id\s*=\s*[\"']?([^\"'\s]+)", rest)
        yield "enrollment_tx_id", ticket[1] if ticket else rest
    elif name in ("authorization", "proxy-authorization", "mfa-dpop", "dpop") and value:
        yield bearer, rest or value
    elif name in ("cookie", "set-cookie"):
        for pair in re.findall(r"[^=;,\s]+=([^;,\s]{8,})", value):
            yield "cookie", pair
    elif (kind := secret_kind(name)) and not is_exact(name) and is_credible(value):
        yield kind, value
    else:
        yield from in_text(value, "token", people=place.people)


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""


def _of_pairs(pairs: Iterable[tuple[str, str]], place: _Place) -> Iterator[Find]:
    for name, value in pairs:
        yield from _of_string(value, replace(place, name=name, pair=True))


def _of_json(value: Any, place: _Place) -> Iterator[Find]:
    if isinstance(value, _Pairs):
        names = {name for name, _ in value}
        inside = replace(
            place,
            # A tenant's factors and clients have a `name` too: only beside these is it a person's.
            personal=not _PERSONAL.isdisjoint(names),
            private=place.private or (place.people and place.name in _OF_PEOPLE),
            key="kty" in names,
            client_metadata=place.client_metadata or place.name == "client_metadata",
            parent=place.name,
        )
        for name, each in value:
            yield from in_text(name, "token", people=place.people)
            yield from _of_json(each, replace(inside, name=name))
    elif isinstance(value, list):
        private = place.private or (place.people and place.name in _OF_PEOPLE)
        for each in value:
            yield from _of_json(each, replace(place, private=private))
    elif isinstance(value, str):
        yield from _of_string(value, place)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _of_number(str(value), place)


def _of_number(value: str, place: _Place) -> Iterator[Find]:
    kind = secret_kind(place.name)
    if kind in ("otp", "binding_code", "code") or (kind and len(value) >= 4):
        yield kind, value
    elif place.people and len(value) >= 6 and (place.private or personal_kind(place.name) is not None):
        yield personal_kind(place.name) or as_kind(place.name, "user_metadata"), value


def _of_string(value: str, place: _Place) -> Iterator[Find]:
    name = place.name
    if not value:
        return
    if value.startswith("otpauth:"):
        yield from secrets_of_barcode(value, people=place.people)
    elif kind := _kind(value, place):
        yield kind, value
    elif place.people and (personal := _personal_kind(value, place)):
        yield personal, value
    elif place.client_metadata and looks_like_a_secret(value):
        yield as_kind(name, "client_metadata"), value
    elif value[0] in "[{" and not is_deep(value) and (inner := _as_json(value)) is not None:
        yield from _of_json(inner, replace(place, name="", parent=name))
    else:
        yield from in_text(value, name, people=place.people)
    if is_jwt(value):
        yield from _of_claims(value, place)


def _kind(value: str, place: _Place) -> str | None:
    """Return the kind of secret that a text is by its place, or None."""
    name = place.name
    if name == "token":
        return _TOKEN_OF.get(place.parent, "token")
    if place.key and name in _PRIVATE_PARTS:
        return "private_key"
    if place.pair:
        return next((kind for kind, _ in in_pair(name, value)), None)
    kind = secret_kind(name)
    if kind == "code":
        return kind if value.isdigit() else None  # the name of an error, in an answer of the Management API
    return kind if kind and (is_exact(name) or is_credible(value)) else None


def _personal_kind(value: str, place: _Place) -> str | None:
    """Return what of a person a text is by its place, or None."""
    if place.name == "name" and not (place.personal or place.pair or place.private):
        return None
    if kind := personal_kind(place.name):
        return kind
    # A language or a country is nobody, and a switch is none.
    is_somebodys = place.private and len(value) > 2 and value not in ("true", "false")
    return as_kind(place.name, "user_metadata") if is_somebodys else None


def _as_json(text: str) -> Any:
    try:
        return _parsed(text)
    except (ValueError, RecursionError):
        return None


def secrets_of_barcode(uri: str, *, people: bool = False) -> Iterator[Find]:
    """Yield the ticket and the secret of an enrollment's URI and, with `people`, the account of its label."""
    # Not urlsplit: it raises for what is no URL, and anything may stand here.
    label, _, query = uri.partition("?")
    for name, value in parse_qsl(query):
        if name in _URI_SECRETS and value:
            yield name, value
    tenant, colon, account = unquote(label.rpartition("/")[2]).partition(":")
    if people and (account if colon else tenant):
        yield "username", account if colon else tenant


def _of_claims(token: str, place: _Place) -> Iterator[Find]:
    claims = claims_of(token) or {}
    if place.name == "challenge_response":
        # The challenge reaches the phone by push, not by HTTP: here it passes for the first time.
        yield from [("identifier", str(claims["iss"]))] if "iss" in claims else []
        yield from [("challenge", str(claims["sub"]))] if "sub" in claims else []
    else:
        inside = replace(_Place(place.people), parent=place.name)
        for part in (header_of(token) or {}, claims):
            yield from _of_json(_in_pairs(part), inside)


def _in_pairs(value: Any) -> Any:
    if isinstance(value, dict):
        return _Pairs((name, _in_pairs(each)) for name, each in value.items())
    return [_in_pairs(each) for each in value] if isinstance(value, list) else value
