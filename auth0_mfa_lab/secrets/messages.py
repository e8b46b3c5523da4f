"""Which parts of a message are secret: by the field they stand in, and by their shape wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.secrets.claims import claims_of, from_base64, is_deep
from auth0_mfa_lab.secrets.kinds import Found, as_kind, in_text, is_jwt, kind_of, personal_kind, secret_kind

if TYPE_CHECKING:
    from auth0_mfa_lab.wire.exchange import Message

# A tenant's factors and clients have a `name` too: only beside these is it a person's. The second row is an
# authentication method of the Management API, in an answer or on its way.
_PERSONAL = frozenset(
    {
        *("sub", "email", "user_id", "authenticator_type", "identifier"),
        *("confirmed", "auth_method", "phone_number", "totp_secret"),
    }
)
_PRIVATE = frozenset({"user_metadata", "app_metadata", "address"})
_MIXED = r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/_=-]{16,}"


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, of which two may have one name."""


def secrets_of(message: Message, *, url: str = "", people: bool = False) -> Iterator[Found]:
    """Yield the secrets of a request (with its `url`) or a response, in the order in which they stand there.

    With `people`, a person's numbers, addresses, names and ids are yielded too. Each is yielded once.
    """
    yield from dict.fromkeys(_Search(people).message(message, url))


def secrets_of_path(url: str, *, people: bool = False) -> Iterator[Found]:
    """Yield what the path of a URL gives away by its shape: no name says what it is, so an answer may know better."""
    return in_text(unquote(re.sub(r"\?[^#]*", " ", url)), "token", people=people)


def secrets_of_barcode(uri: str, *, people: bool = False) -> Iterator[Found]:
    """Yield the ticket and the secret of an enrollment's URI and, with `people`, the account of its label."""
    # Not urlsplit: it raises for what is no URL, and anything may stand here.
    label, _, query = uri.partition("?")
    yield from (pair for pair in parse_qsl(query) if pair[0] in ("enrollment_tx_id", "secret"))
    tenant, colon, account = unquote(label.rpartition("/")[2]).partition(":")
    if people and (account if colon else tenant):
        yield "username", account if colon else tenant


def _parsed(text: str) -> Any:
    """Return JSON with every member of its objects: the last one of a name does not hide those before it."""
    try:
        return None if is_deep(text) else json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None


class _Search:
    """Searches one message; `path` has the names of the fields around a value, its own the last."""

    def __init__(self, people: bool) -> None:
        self._people = people

    def message(self, message: Message, url: str) -> Iterator[Found]:
        path, _, query = url.partition("?")
        yield from self._pairs(query.partition("#")[0])
        if self._people:  # an id of one's own choice has no shape
            yield from (("user_id", unquote(each)) for each in re.findall(r"/(?:users|user-blocks)/([^/?#]+)", path))
        bearer = "device_token" if "/device-accounts/" in path else "token"
        bearer = "transaction_token" if path.endswith("/resolve-transaction") else bearer
        for name, value in message.headers:
            yield from self._header(name.lower(), value, bearer)
        text = str(message.text)
        if message.media_type == "application/x-www-form-urlencoded":
            yield from self._pairs(text)
        elif (body := _parsed(text)) is not None:
            yield from self._json(body)
        else:
            yield from in_text(text, "token", people=self._people)

    def _header(self, name: str, value: str, bearer: str) -> Iterator[Found]:
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
            ticket = re.search(r"id\s*=\s*[\"']?([^\"'\s]+)", rest)
            yield "enrollment_tx_id", ticket[1] if ticket else rest
        elif name in ("authorization", "proxy-authorization", "mfa-dpop", "dpop") and value:
            yield bearer, rest or value
        elif name in ("cookie", "set-cookie"):
            yield from (("cookie", each) for each in re.findall(r"[^=;,\s]+=([^;,\s]{8,})", value))
        elif kind := kind_of(name, value):
            yield kind, value
        else:
            yield from in_text(value, "token", people=self._people)

    def _pairs(self, text: str) -> Iterator[Found]:
        for name, value in parse_qsl(text, keep_blank_values=True):
            yield from self._text(value, ("", name), pair=True)

    def _json(self, value: Any, path: tuple[str, ...] = ("",), beside: frozenset[str] = frozenset()) -> Iterator[Found]:
        if isinstance(value, dict | _Pairs):
            members = [*(value.items() if isinstance(value, dict) else value)]
            inside = frozenset(name for name, _ in members)
            for name, each in members:
                yield from in_text(name, "token", people=self._people)
                yield from self._json(each, (*path, name), inside)
        elif isinstance(value, list):
            for each in value:
                yield from self._json(each, path, beside)
        elif isinstance(value, str):
            yield from self._text(value, path, beside)
        elif isinstance(value, int) and not isinstance(value, bool):
            text, kind, least = str(value), secret_kind(path[-1]), 4
            if kind is None:
                kind, least = self._whose(text, path, beside), 6
            if kind and (len(text) >= least or kind in ("otp", "binding_code", "code")):
                yield kind, text

    def _text(
        self, value: str, path: tuple[str, ...], beside: frozenset[str] = frozenset(), *, pair: bool = False
    ) -> Iterator[Found]:
        name = path[-1]
        if not value:
            return
        if name == "token":
            kind: str | None = {"push_credentials": "push_token", "": "device_token"}.get(path[-2], "token")
        elif name in ("d", "p", "q", "dp", "dq", "qi", "k") and "kty" in beside:
            kind = "private_key"
        else:
            kind = kind_of(name, value, pair=pair) or self._whose(value, path, beside, pair)
        if value.startswith("otpauth:"):
            yield from secrets_of_barcode(value, people=self._people)
        elif kind:
            yield kind, value
        elif "client_metadata" in path and re.fullmatch(_MIXED, value):
            yield as_kind(name, "client_metadata"), value
        elif value[0] in "[{" and (inner := _parsed(value)) is not None:
            yield from self._json(inner, (*path, ""))
        else:
            yield from in_text(value, name, people=self._people)
        if not is_jwt(value):
            return
        if name == "challenge_response":
            # The challenge reaches the phone by push, not by HTTP: here it passes for the first time.
            said = claims_of(value) or {}
            kinds = (("identifier", "iss"), ("challenge", "sub"))
            yield from ((kind, str(said[claim])) for kind, claim in kinds if claim in said)
        else:
            for part in (0, 1):
                yield from self._json(claims_of(value, part=part))

    def _whose(self, value: str, path: tuple[str, ...], beside: frozenset[str], pair: bool = False) -> str | None:
        """Return what of a person a text is by its place, or None."""
        name = path[-1]
        is_private = not _PRIVATE.isdisjoint(path)
        if not self._people or (name == "name" and not pair and not is_private and _PERSONAL.isdisjoint(beside)):
            return None
        # A language, a country and a switch name no person.
        of_profile = is_private and len(value) > 2 and value not in ("true", "false")
        return personal_kind(name) or (as_kind(name, "user_metadata") if of_profile else None)
