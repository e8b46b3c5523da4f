"""Which parts of a message are secret: by the field they stand in, and by their shape wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.secrets import kinds
from auth0_mfa_lab.secrets.claims import claims_of, from_base64, is_deep
from auth0_mfa_lab.secrets.kinds import Found, as_kind, in_text, personal_kind, secret_kind

if TYPE_CHECKING:
    from auth0_mfa_lab.wire.exchange import Message

_TOKEN_OF = {"push_credentials": "push_token", "": "device_token"}
# A tenant's factors and clients have a `name` too: only beside these is it a person's.
_PERSONAL = frozenset(
    {
        *("sub", "email", "user_id", "authenticator_type", "identifier"),
        # An authentication method of the Management API, in an answer or on its way.
        *("confirmed", "auth_method", "phone_number", "totp_secret"),
    }
)
_OF_PEOPLE = frozenset({"user_metadata", "app_metadata", "address"})
_PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi", "k")
_USER_PATH = re.compile(r"/(?:users|user-blocks)/([^/?#]+)")
_TICKET = re.compile(r"id\s*=\s*[\"']?([^\"'\s]+)")
_COOKIE = re.compile(r"[^=;,\s]+=([^;,\s]{8,})")


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, of which two may have one name."""


class _Place(NamedTuple):
    """Where a value stands: the name of its field, those of the objects around it, and those of the fields beside it.

    `people` says whether persons count; `pair` that it is one of a query or a form.
    """

    people: bool
    name: str = ""
    above: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()
    pair: bool = False

    @property
    def is_private(self) -> bool:
        return self.people and not _OF_PEOPLE.isdisjoint(self.above)


def secrets_of(message: Message, *, url: str = "", people: bool = False) -> Iterator[Found]:
    """Yield the secrets of a request (with its `url`) or a response, in the order in which they stand there.

    With `people`, a person's numbers, addresses, names and ids are yielded too. Each is yielded once.
    """
    yield from dict.fromkeys(_secrets_of(message, url, _Place(people)))


def secrets_of_path(url: str, *, people: bool = False) -> Iterator[Found]:
    """Yield what the path of a URL gives away by its shape: no name says what it is, so an answer may know better."""
    yield from in_text(unquote(url.partition("?")[0]), "token", people=people)
    yield from in_text(unquote(url.partition("#")[2]), "token", people=people)


def secrets_of_barcode(uri: str, *, people: bool = False) -> Iterator[Found]:
    """Yield the ticket and the secret of an enrollment's URI and, with `people`, the account of its label."""
    # Not urlsplit: it raises for what is no URL, and anything may stand here.
    label, _, query = uri.partition("?")
    for name, value in parse_qsl(query):
        if name in ("enrollment_tx_id", "secret") and value:
            yield name, value
    tenant, colon, account = unquote(label.rpartition("/")[2]).partition(":")
    if people and (account if colon else tenant):
        yield "username", account if colon else tenant


def _secrets_of(message: Message, url: str, place: _Place) -> Iterator[Found]:
    path, _, query = url.partition("?")
    yield from _of_pairs(query.partition("#")[0], place)
    # An id of one's own choice has no shape.
    yield from (("user_id", unquote(each)) for each in _USER_PATH.findall(path) if place.people)
    bearer = "device_token" if "/device-accounts/" in path else "token"
    for name, value in message.headers:
        kind = "transaction_token" if path.endswith("/resolve-transaction") else bearer
        yield from _of_header(name.lower(), value, kind, place.people)
    text = str(message.text)
    if message.media_type == "application/x-www-form-urlencoded":
        yield from _of_pairs(text, place)
    elif (body := _parsed(text)) is not None:
        yield from _of_json(body, place)
    else:
        yield from in_text(text, "token", people=place.people)


def _parsed(text: str) -> Any:
    """Return JSON with every member of its objects: the last one of a name does not hide those before it."""
    try:
        return None if is_deep(text) else json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None


def _of_header(name: str, value: str, bearer: str, people: bool) -> Iterator[Found]:
    scheme, _, rest = value.partition(" ")
    if name in ("authorization", "proxy-authorization") and scheme.lower() == "basic":
        try:
            password = from_base64(rest).decode("utf-8", "replace").partition(":")[2]
        except ValueError:
            password = ""
        # Encoded before it was encoded: the same secret stands bare in a body.
        yield from [("client_secret", unquote(password))] if password else []
        yield "basic_credentials", rest
    elif name == "authorization" and scheme.lower() == "ticket":
        ticket = _TICKET.search(rest)
        yield "enrollment_tx_id", ticket[1] if ticket else rest
    elif name in ("authorization", "proxy-authorization", "mfa-dpop", "dpop") and value:
        yield bearer, rest or value
    elif name in ("cookie", "set-cookie"):
        yield from (("cookie", each) for each in _COOKIE.findall(value))
    elif (kind := secret_kind(name)) and not kinds.is_exact(name) and kinds.is_credible(value):
        yield kind, value
    else:
        yield from in_text(value, "token", people=people)


def _of_pairs(text: str, place: _Place) -> Iterator[Found]:
    for name, value in parse_qsl(text, keep_blank_values=True):
        yield from _of_string(value, place._replace(name=name, pair=True))


def _of_json(value: Any, place: _Place) -> Iterator[Found]:
    above = (*place.above, place.name)
    if isinstance(value, _Pairs):
        inside = place._replace(above=above, beside=frozenset(name for name, _ in value))
        for name, each in value:
            yield from in_text(name, "token", people=place.people)
            yield from _of_json(each, inside._replace(name=name))
    elif isinstance(value, list):
        for each in value:
            yield from _of_json(each, place._replace(above=above))
    elif isinstance(value, str):
        yield from _of_string(value, place)
    elif isinstance(value, int) and not isinstance(value, bool):
        text, kind = str(value), secret_kind(place.name)
        if kind in ("otp", "binding_code", "code") or (kind and len(text) >= 4):
            yield kind, text
        elif place.people and len(text) >= 6 and (place.is_private or personal_kind(place.name) is not None):
            yield personal_kind(place.name) or as_kind(place.name, "user_metadata"), text


def _of_string(value: str, place: _Place) -> Iterator[Found]:
    if not value:
        return
    if value.startswith("otpauth:"):
        yield from secrets_of_barcode(value, people=place.people)
    elif kind := _kind(value, place) or (place.people and _personal_kind(value, place)) or None:
        yield kind, value
    elif "client_metadata" in place.above and kinds.looks_like_a_secret(value):
        yield as_kind(place.name, "client_metadata"), value
    elif value[0] in "[{" and (inner := _parsed(value)) is not None:
        yield from _of_json(inner, place._replace(name="", above=(*place.above, place.name)))
    else:
        yield from in_text(value, place.name, people=place.people)
    if kinds.is_jwt(value):
        yield from _of_jwt(value, place)


def _kind(value: str, place: _Place) -> str | None:
    """Return the kind of secret that a text is by its place, or None."""
    name = place.name
    if name == "token":
        return _TOKEN_OF.get(place.above[-1] if place.above else "", "token")
    if name in _PRIVATE_PARTS and "kty" in place.beside:
        return "private_key"
    if place.pair:
        return kinds.kind_of_pair(name, value)
    kind = secret_kind(name)
    if kind == "code":
        return kind if value.isdigit() else None  # the name of an error, in an answer of the Management API
    return kind if kind and (kinds.is_exact(name) or kinds.is_credible(value)) else None


def _personal_kind(value: str, place: _Place) -> str | None:
    """Return what of a person a text is by its place, or None."""
    if place.name == "name" and not (place.pair or place.is_private or not _PERSONAL.isdisjoint(place.beside)):
        return None
    # A language or a country is nobody, and a switch is none.
    of_profile = place.is_private and len(value) > 2 and value not in ("true", "false")
    return personal_kind(place.name) or (as_kind(place.name, "user_metadata") if of_profile else None)


def _of_jwt(token: str, place: _Place) -> Iterator[Found]:
    claims = claims_of(token) or {}
    if place.name == "challenge_response":
        # The challenge reaches the phone by push, not by HTTP: here it passes for the first time.
        yield from (
            (kind, str(claims[name])) for kind, name in (("identifier", "iss"), ("challenge", "sub")) if name in claims
        )
    else:
        for part in (claims_of(token, part=0) or {}, claims):
            yield from _of_json(_in_pairs(part), _Place(place.people))


def _in_pairs(value: Any) -> Any:
    if isinstance(value, dict):
        return _Pairs((name, _in_pairs(each)) for name, each in value.items())
    return [_in_pairs(each) for each in value] if isinstance(value, list) else value
