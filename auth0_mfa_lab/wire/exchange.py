"""One request and its answer or failure, and its speaker: the app, the phone, or Auth0 with a push."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.interrupts import whole
from auth0_mfa_lab.secrets.claims import claims_of, mapped, parsed
from auth0_mfa_lab.secrets.secret import Secret, SecretBytes

if TYPE_CHECKING:
    import httpx

FORM = "application/x-www-form-urlencoded"
Speaker = Literal["app", "phone", "Auth0"]
"""Who began an exchange; Auth0 only pushes, which is no HTTP request and has no answer."""
Json = Any
"""Any JSON: what a server sends is checked where it is read, not by its type."""

# The host, and the path with the query. Not urlsplit: it remembers the URLs that it split, and refuses other text.
_URL = re.compile(r".*?://([^/?#]*)([^#]*)", re.DOTALL)


class Body(SecretBytes):
    """A body as it was sent; its `repr` hides it, for it may hold any secret."""

    def __new__(cls, value: bytes) -> Body:
        return super().__new__(cls, value, "<body as sent>")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Message:
    """The headers and the body of a request or a response, as sent; a journal's headers with a secret are Secrets."""

    headers: tuple[tuple[str, str], ...]
    body: Body

    def header(self, name: str) -> str | None:
        """Return the first header of this name (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters, in lower case; "" when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, a Secret whole, in the encoding that a JSON parser sees; other bytes are replaced."""
        return self.body.decode(json.detect_encoding(self.body), "replace")

    def raw_data(self) -> Json:
        """Return the body taken apart: JSON, the fields of a form, or None; each text, a name too, is a raw Secret."""
        return mapped(plain_data(self), lambda text: Secret(text, "<as sent>"))


def plain_data(message: Message) -> Json:
    """Return the body of a message taken apart, of plain texts: the caller masks or wraps them."""
    if message.media_type == FORM:
        return dict(parse_qsl(str(message.text), keep_blank_values=True))
    return parsed(bytes(message.body))


def leaves(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Yield what stands at the ends of JSON, each with the keys and the indexes that lead to it."""
    inside = [*value.items()] if isinstance(value, dict) else [*enumerate(value)] if isinstance(value, list) else []
    for step, each in inside:
        yield from leaves(each, (*path, step))
    if not inside:
        yield path, value


def place_of(path: Iterable[str | int]) -> str:
    """Return a way in JSON as text: `deep[0].mfa_token`."""
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each!s}" for each in path).removeprefix(".")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Request(Message):
    """A request as it was sent."""

    method: str
    url: str

    @classmethod
    def of(cls, request: httpx.Request) -> Request:
        """Return a request of httpx, read whole."""
        headers = tuple((name.lower(), value) for name, value in request.headers.items())
        return cls(method=request.method, url=str(request.url), headers=headers, body=Body(request.read()))

    @property
    def host(self) -> str:
        """The host that was asked, with its port if the URL names one; a Secret where it holds one."""
        return self._part(1)

    @property
    def target(self) -> str:
        """The path and the query; a Secret where they hold one."""
        return self._part(2)

    def _part(self, group: int) -> str:
        """Return a part of the URL, shown as the same part of the masked URL."""
        masked = self.url.shown if isinstance(self.url, Secret) else self.url
        raw, shown = (match[group] if (match := _URL.match(url)) else "" for url in (str(self.url), masked))
        return raw if raw == shown else Secret(raw, shown)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Response(Message):
    """An answer as it was received; `reason` is the status's usual phrase."""

    status: int
    reason: str


PUSH = Request(method="push", url="push://the phone", headers=(), body=Body(b""))
"""Stands for the request of a push; its payload is the exchange's response, whose status is 0."""


class Failure(NamedTuple):
    """Why there is no answer: the kind of failure, and what it said; masked where the journal keeps it."""

    kind: str
    said: str


@dataclass(slots=True)
class Passage:
    """How an exchange went over the port of a served tenant.

    `arrived` and `written` are the tenant's time in epoch seconds, its clock's moves included: when the request was
    there, and when the answer was handed to the connection whole, infinite until then; `moved` is by how many seconds
    the clock had been moved. `delivered` is False for an answer that its client never got, `connection` names the
    client's end, `fault` is the kind of the fault that hit it, `reset` counts how often the tenant had begun again, and
    `on_purpose` says that a test has marked it so.
    """

    arrived: float
    written: float
    moved: float = 0.0
    delivered: bool = True
    connection: str = ""
    fault: str | None = None
    reset: int = 0
    on_purpose: bool = False


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Recorded:
    """One request and what came of it, as a recording has it.

    `number` counts from 1; `at` is the lab's time in epoch seconds at the answer; `notes` are the sandbox's remarks.
    """

    number: int
    speaker: Speaker
    at: float
    request: Request
    response: Response | None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    passage: Passage | None = None


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Exchange(Recorded):
    """One request and what came of it; shows itself with every secret under its alias.

    `show` makes text and HTML of an exchange, `wrap` makes a Secret of each text that holds one.
    """

    step: str | None
    show: Callable[[Exchange], tuple[str, str]]
    wrap: Callable[[Json], Json]

    @property
    def is_push(self) -> bool:
        """Whether Auth0 sent it to the phone by itself."""
        return self.speaker == "Auth0"

    @property
    def status(self) -> int | None:
        """The answer's status, or None when there was no answer, and of a push."""
        return (self.response.status or None) if self.response else None

    @cached_property
    @whole()
    def json(self) -> Json:
        """The answer's body as JSON, each secret in it a Secret; None when there is none or it is not JSON."""
        return self.wrap(plain_data(self.response)) if self.response else None

    @property
    def error(self) -> str | None:
        """The answer's `error`, such as `authorization_pending`; None when it has none."""
        return self._text("error")

    @property
    def error_description(self) -> str | None:
        """The answer's `error_description`, or None."""
        return self._text("error_description")

    @property
    def outcome(self) -> str:
        """The status with the answer's error, or with its reason, masked: `403 mfa_required`, `200 OK`."""
        if self.response is None or self.is_push:
            return "delivered" if self.is_push else "no answer"
        return f"{self.status} {self.masked(self.error or self.response.reason)}".rstrip()

    def masked(self, text: str) -> str:
        """Return a text with every secret under its alias, as a plain string for a sentence."""
        wrapped = self.wrap(text)
        return wrapped.shown if isinstance(wrapped, Secret) else wrapped

    @whole()
    def claims(self, name: str) -> Json:
        """Return what the JWT in a field of the answer says, unverified; None for one that holds no JWT."""
        token = self[name]
        return self.wrap(claims_of(token)) if isinstance(token, str | Secret) else None

    def places(self) -> Iterator[tuple[str, str, str]]:
        """Yield each raw text with the message and the place that it stands in; no place holds a secret."""
        path, _, query = str(self.request.target).partition("?")
        yield "request", "path", path
        for name, value in parse_qsl(query, keep_blank_values=True):
            yield "request", self.masked(f"query {name}"), value
        for message, said in (("request", self.request), ("answer", self.response)):
            if said is not None:
                for name, value in said.headers:
                    yield message, self.masked(f"header {name}"), str(value)
                data, message = plain_data(said), "push" if self.is_push else message
                for way, each in leaves(str(said.text) if data is None else data):
                    if type(each) in (str, int, float):
                        yield message, self.masked(place_of(way)) or "body", str(each)

    def __getitem__(self, name: str) -> Json:
        """Return a field of the answer; MissingField says what the answer has instead."""
        if name in self:
            return self.json[name]
        raise MissingField(name, self)

    def __contains__(self, name: object) -> bool:
        return isinstance(self.json, Mapping) and name in self.json

    # Without this, `__getitem__` would make an exchange look like a sequence.
    __iter__ = None

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    @whole()
    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        text, html = self.show(self)
        return {"text/plain": text, "text/html": html}

    def _text(self, name: str) -> str | None:
        value = self.json.get(name) if isinstance(self.json, Mapping) else None
        return value if isinstance(value, str) else None


class NoAnswer(LabError):
    """The network gave no answer; the journal keeps the exchange, and so does this error."""

    def __init__(self, exchange: Exchange) -> None:
        kind = exchange.failure.kind if exchange.failure else "no answer"
        said = "no answer", "Check AUTH0_DOMAIN, the network, and for a private certificate AUTH0_CA_FILE"
        if re.match("Read|Write|Remote|Decoding", kind):  # the tenant was reached
            said = "no whole answer", "The tenant may have acted on it: look there first"
        super().__init__(
            f"{exchange.masked(exchange.request.host)} gave {said[0]} ({kind}). The journal keeps the request as "
            f"exchange {exchange.number}. {said[1]}; then run the cell again."
        )
        self.exchange = exchange


class MissingField(LabError, KeyError):
    """An answer lacks the field that was asked for."""

    __str__ = Exception.__str__  # KeyError shows the repr of the message

    def __init__(self, name: str, exchange: Exchange) -> None:
        said = f"The answer of exchange {exchange.number} ({exchange.outcome}) has no {exchange.masked(name)}. It has: "
        if exchange.response is None:
            why = exchange.failure.kind if exchange.failure else ""
            said = f"Exchange {exchange.number} has no answer, and so no {exchange.masked(name)}: {why}"
        elif not exchange.response.body:
            said += "; ".join(["no body", *exchange.notes])
        elif not isinstance(exchange.json, Mapping):
            said += "no JSON object"
        else:
            said += exchange.masked(", ".join(exchange.json)) or "nothing"
        super().__init__(f"{said}.")
        self.exchange = exchange
