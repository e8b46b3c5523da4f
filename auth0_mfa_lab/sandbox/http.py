"""What handlers share: a request with its body, its fields, its bearer and notes for the person; answers in JSON."""

import asyncio
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

import starlette.requests
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from auth0_mfa_lab.sandbox import errors, not_emulated
from auth0_mfa_lab.sandbox.json_text import json_object

Routes = tuple[tuple[str, str, Callable[..., Response]], ...]
"""The methods, separated by blanks, the path and the handler of each endpoint of one API."""
NOTES = "auth0_lab_notes"
"""The name of a request's notes in the extensions of its httpx.Response."""
JSON_CALLED_A_FORM = "sandbox: JSON without its content type, as in Auth0's push guide; that it is read is a guess"
# 0.8 finds authentication_types and oob_channel, and leaves scope, resource and organization alone.
LIKENESS = 0.8


class JSON(JSONResponse):
    """A JSON answer that names its charset, as everywhere but at `/oauth/token` (reference, section 0.2)."""

    media_type = "application/json; charset=utf-8"


class Passing(Response):
    """An answer, and how it passes over a connection: `seconds` late, its names in capitals, or not at all."""

    seconds: float
    has_capitals: bool
    is_lost: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or reset the connection."""
        await asyncio.sleep(self.seconds)
        if self.is_lost:
            await reset_connection(receive, send)
            return
        if self.has_capitals:
            self.raw_headers = [(_in_capitals(name), value) for name, value in self.raw_headers]
        await super().__call__(scope, receive, send)


async def reset_connection(receive: Receive, send: Send) -> None:
    """End a connection without a word: ASGI has no way to do that, uvicorn's transport is behind its `send`."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _in_capitals(name: bytes) -> bytes:
    """Return a header's name as Auth0's pages write it: `X-RateLimit-Limit`."""
    return re.sub(rb"\b[a-z]", lambda letter: letter[0].upper(), name).replace(b"-Ratelimit-", b"-RateLimit-")


class Fields(dict[str, object]):
    """The named values of a body, JSON or form; null and "" count as absent (decision 11)."""

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__({name: value for name, value in values.items() if value not in (None, "")})

    def text(self, name: str) -> str | None:
        """Return a string field, or None when it is absent; any other type is an INVALID_BODY."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise errors.INVALID_BODY(problem=f"{name} must be a string")
        return value

    def required(self, name: str) -> str:
        """Return a string field; absent, it is a MISSING_PARAMETER."""
        if (value := self.text(name)) is None:
            raise errors.MISSING_PARAMETER(name=name)
        return value

    def strings(self, name: str) -> tuple[str, ...] | None:
        """Return an array of strings, or a bare string as an array of one; None for anything else."""
        value: Any = self.get(name)
        items = [value] if isinstance(value, str) else value
        is_array = isinstance(items, list) and items and all(isinstance(item, str) for item in items)
        return tuple(items) if is_array else None


class Request(starlette.requests.Request):
    """One request, its body read; `notes` are plain sentences beside the answer: never a secret, never on the wire."""

    def __init__(self, scope: Scope, content: bytes) -> None:
        super().__init__(scope)
        self.content, self.notes = content, list[str]()
        self.row: errors.EvidenceRow | None = None
        """The row of errors that was the answer."""

    @property
    def bearer(self) -> str:
        """The bearer token; "" without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def fields(self, known: tuple[str, ...] = (), *, guesses_json: bool = False) -> Fields:
        """Read the body by its content type, and note each field that looks like one of the `known` and is none.

        Without a content type it is read as a form, as curl's `-d` sends it; none at all is an empty one. With
        `guesses_json` JSON is read under any content type. Raises INVALID_BODY, and NotEmulated.
        """
        content, form = self.content.strip(), "application/x-www-form-urlencoded"
        kind = self.headers.get("content-type", form).partition(";")[0].strip()
        is_json = kind.lower() == "application/json"
        reads_json = is_json or (guesses_json and content.startswith(b"{"))
        values: Mapping[str, object] | None = json_object(self.content) if reads_json else None
        if values is not None and not is_json:
            self.notes.append(JSON_CALLED_A_FORM)
        elif content and is_json and values is None:
            raise errors.INVALID_BODY(problem="The body must be a JSON object")
        elif content and not is_json and kind.lower() != form:
            raise errors.INVALID_BODY(problem=f"Unsupported content type: {kind}")
        elif content and not is_json:
            try:
                values = dict(parse_qsl(self.content.decode(), keep_blank_values=True, errors="strict"))
            except ValueError as problem:
                raise errors.INVALID_BODY(problem="The body must be a form in UTF-8") from problem
        fields = Fields(values or {})
        not_emulated.refuse("parameter", f"{self.method} {self.scope['path']}", fields)
        missing = [name for name in known if name not in fields]
        for name in (name for name in fields if name not in known):
            for meant in get_close_matches(name, missing, n=1, cutoff=LIKENESS):
                self.notes.append(f"`{name}` is not read: did you mean `{meant}`?")
        return fields
