"""One request and its answer, or its failure, and who spoke: the app or the phone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from auth0_mfa_lab.errors import MissingField
from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.wire.claims import claims_of

Speaker = Literal["app", "phone"]
Json = Any
"""Whatever JSON holds: what a server sends is checked where it is read, not by its type."""


class Body(bytes):
    """A body as it was sent; only its `repr` hides it, for it may hold any secret."""

    def __repr__(self) -> str:
        return "<body as sent>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Message:
    """The headers and the body of a request or a response, as they were sent.

    What the journal keeps shows itself masked: a header that holds a secret is a Secret, and so is the body's text.
    """

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
        """The body as text, a Secret whole; bytes that are no UTF-8 are replaced."""
        return Secret(self.body.decode("utf-8", "replace"), repr(self.body))

    def raw_data(self) -> Json:
        """Return the body taken apart and raw: JSON, the fields of a form, or None where it is neither."""
        if self.media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.text, keep_blank_values=True))
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(Message):
    """A request as it was sent."""

    method: str
    url: str

    @property
    def host(self) -> str:
        """The host that was asked, with its port if the URL names one."""
        return urlsplit(self.url).netloc

    @property
    def target(self) -> str:
        """The path and the query."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Response(Message):
    """An answer as it was received; `reason` is the status's usual phrase."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no answer: the kind of failure, and what it said, masked."""

    kind: str
    said: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Exchange:
    """One request and what came of it; shows itself with every secret under its alias.

    `number` counts from 1 in its journal; `at` is the lab's time in epoch seconds when the answer was there; `notes`
    are the sandbox's own remarks and stand in no message. `show` makes text and HTML of an exchange, `wrap` makes a
    Secret of a value that holds one: the journal passes both, so that this room needs no other.
    """

    number: int
    speaker: Speaker
    step: str | None
    at: float
    request: Request
    response: Response | None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    show: Callable[[Exchange], tuple[str, str]] = field(compare=False)
    wrap: Callable[[str], str] = field(compare=False)

    @property
    def status(self) -> int | None:
        """The answer's status, or None when there was no answer."""
        return self.response.status if self.response else None

    @cached_property
    def json(self) -> Json:
        """The answer's body as JSON, each secret in it a Secret; None when there is none or it is not JSON."""
        return self._wrapped(self.response.raw_data()) if self.response else None

    @property
    def error(self) -> str | None:
        """The answer's `error`, such as `authorization_pending`; None when it has none."""
        return self._text("error")

    @property
    def outcome(self) -> str:
        """The status with the answer's error, or with its reason, masked: `403 mfa_required`, `200 OK`."""
        if self.response is None:
            return "no answer"
        return f"{self.status} {self.masked(self.error or self.response.reason)}".rstrip()

    @property
    def error_description(self) -> str | None:
        """The answer's `error_description`, or None."""
        return self._text("error_description")

    def masked(self, text: str) -> str:
        """Return a text with every secret under its alias, as a plain string for a sentence."""
        wrapped = self.wrap(text)
        return wrapped.shown if isinstance(wrapped, Secret) else wrapped

    def __getitem__(self, name: str) -> Json:
        """Return a field of the answer; MissingField says what the answer has instead."""
        body = self.json
        if isinstance(body, Mapping) and name in body:
            return body[name]
        raise MissingField(self._lacks(name), self) from None

    def claims(self, name: str) -> Json:
        """Return what the JWT in a field of the answer says, unverified, each secret in it a Secret.

        Returns None for a field that holds no JWT, such as an opaque access token.
        """
        return self._wrapped(claims_of(self[name]))

    # Without this, `__getitem__` would make an exchange look like a sequence.
    __iter__ = None

    def __contains__(self, name: object) -> bool:
        return isinstance(self.json, Mapping) and name in self.json

    def __repr__(self) -> str:
        return self.show(self)[0]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        text, html = self.show(self)
        return {"text/plain": text, "text/html": html}

    def _text(self, name: str) -> str | None:
        value = self.json.get(name) if isinstance(self.json, Mapping) else None
        return value if isinstance(value, str) else None

    def _lacks(self, name: str) -> str:
        if self.response is None:
            return (
                f"Exchange {self.number} has no answer, and so no {name}: {self.failure.kind if self.failure else ''}."
            )
        has = self.masked(", ".join(self.json)) if isinstance(self.json, Mapping) else "no JSON object"
        return f"The answer of exchange {self.number} ({self.outcome}) has no {name}. It has: {has or 'nothing'}."

    def _wrapped(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.wrap(value)
        if isinstance(value, list):
            return [self._wrapped(each) for each in value]
        if isinstance(value, dict):
            return {key: self._wrapped(each) for key, each in value.items()}
        return value
