"""One request as an export sends it again: every value that is another one's in another run is a variable."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.wire.exchange import Exchange, Request, plain_data
from auth0_mfa_lab.wire.exports.names import Names
from auth0_mfa_lab.wire.exports.texts import Data, Text, one_line, refs, refs_in, rendered

_FORM = "application/x-www-form-urlencoded"
HEADERS = ("authorization", "content-type", "x-request-language")
_ENDED_BY_ANYTHING_ELSE = ("authorization_pending", "slow_down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, in the forms that the languages need; `raw` is the body as it was sent.

    `form` or `data` is the body taken apart, where it is a form or JSON. `basic` has the two halves of HTTP Basic,
    which are in no header then. `status` is that of the answer, None where there was none; `outcome` is its error, or
    its reason.
    """

    number: int
    method: str
    target: Text
    headers: tuple[tuple[str, Text], ...]
    basic: tuple[Text, Text] | None
    form: tuple[tuple[str, Text], ...] | None
    data: Data | None
    raw: Text
    status: int | None
    outcome: str

    def refs(self) -> Iterator[str]:
        """Yield the names of its variables, in the order in which a reader meets them."""
        yield from refs(self.target)
        for _, text in (*self.headers, *(("", each) for each in self.basic or ()), *(self.form or ())):
            yield from refs(text)
        yield from refs_in(self.data) if self.form is None and self.data is not None else ()
        yield from refs(self.raw) if self.form is None and self.data is None else ()

    @property
    def line(self) -> str:
        """What it asks for, in a word to a reader; a variable is named in braces."""
        path = rendered(self.target, str, lambda ref: f"{{{ref.name.lower()}}}")
        return one_line(f"{self.method} {path}")


def call_of(exchange: Exchange, names: Names) -> Call:
    """Return an exchange's request as an export sends it."""
    request = exchange.request
    body = bytes(request.body).decode("utf-8", "replace")
    basic = _basic(request, names)
    form = data = None
    if request.media_type == _FORM:
        pairs = parse_qsl(body, keep_blank_values=True)
        form = tuple((names.aliases.mask(name), names.text(value, name)) for name, value in pairs)
    elif request.media_type == "application/json" and plain_data(request) is not None:
        data = names.data(plain_data(request))
    return Call(
        number=exchange.number,
        method=names.aliases.mask(request.method),
        target=names.target(str(request.target)),
        headers=tuple(_headers(request, names, basic is not None)),
        basic=basic,
        form=form,
        data=data,
        raw=names.body(body),
        status=exchange.status,
        outcome=one_line(exchange.outcome).partition(" ")[2],
    )


def is_poll(exchange: Exchange) -> bool:
    """Say whether a request asks if the phone has answered: the grant of an oob_code without a binding_code."""
    fields = plain_data(exchange.request) if exchange.request.target == "/oauth/token" else None
    if not isinstance(fields, dict) or exchange.speaker != "app":
        return False
    return str(fields.get("grant_type")).endswith("/mfa-oob") and not fields.get("binding_code")


def is_waiting(exchange: Exchange) -> bool:
    """Say whether an answer to a poll is not the last one: pending, too fast, or lost."""
    status = exchange.status
    return exchange.error in _ENDED_BY_ANYTHING_ELSE or status is None or status == 429 or status >= 500


def _headers(request: Request, names: Names, has_basic: bool) -> Iterator[tuple[str, Text]]:
    for name in HEADERS:
        value = request.header(name)
        if value and not (name == "authorization" and has_basic):
            scheme, blank, rest = str(value).partition(" ")
            yield name, (scheme + blank, *names.text(rest)) if rest else names.text(scheme)


def _basic(request: Request, names: Names) -> tuple[Text, Text] | None:
    scheme, _, rest = str(request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    # Each half was percent-encoded before it was encoded: what needs no such thing is the same with and without.
    return (names.text(unquote(user)), names.text(unquote(password))) if colon else None
