"""What handlers share: a request with its body, its fields and its bearer, JSON, and notes for the person."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

import starlette.requests
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.json_text import json_object

Routes = tuple[tuple[str, str, Callable[..., Response]], ...]
"""The methods, separated by blanks, the path and the handler of each endpoint of one API."""
NOTES = "auth0_lab_notes"
"""The name of a request's notes in the extensions of its httpx.Response."""
# 0.8 finds authentication_types and oob_channel, and leaves scope, resource and organization alone.
LIKENESS = 0.8


def not_emulated(_: object, request: "Request") -> Response:
    """Refuse what Auth0 has and the sandbox has not."""
    raise errors.NotEmulated(f"{request.method} {request.scope['path']}")


class Request(starlette.requests.Request):
    """One request, its body read; `notes` are plain sentences beside the answer: never a secret, never on the wire."""

    def __init__(self, scope: Scope, content: bytes) -> None:
        super().__init__(scope)
        self.content = content
        self.notes: list[str] = []


class JSON(JSONResponse):
    """A JSON answer that names its charset, as everywhere but at `/oauth/token` (reference, section 0.2)."""

    media_type = "application/json; charset=utf-8"


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
        value = self.text(name)
        if value is None:
            raise errors.MISSING_PARAMETER(name=name)
        return value

    def strings(self, name: str) -> tuple[str, ...] | None:
        """Return an array of strings, or a bare string as an array of one; None for anything else."""
        value: Any = self.get(name)
        items = [value] if isinstance(value, str) else value
        is_array = isinstance(items, list) and items and all(isinstance(item, str) for item in items)
        return tuple(items) if is_array else None


def read_fields(request: Request) -> Fields:
    """Read a body by its content type; none at all is an empty one, whatever the header says.

    Without a content type it is read as a form, as curl's `-d` sends it. Raises INVALID_BODY.
    """
    if not request.content.strip():
        return Fields({})
    kind = request.headers.get("content-type", "application/x-www-form-urlencoded").partition(";")[0].strip()
    if kind.lower() == "application/json":
        value = json_object(request.content)
        if value is None:
            raise errors.INVALID_BODY(problem="The body must be a JSON object")
        return Fields(value)
    if kind.lower() != "application/x-www-form-urlencoded":
        raise errors.INVALID_BODY(problem=f"Unsupported content type: {kind}")
    try:
        return Fields(dict(parse_qsl(request.content.decode(), keep_blank_values=True, errors="strict")))
    except ValueError as problem:
        raise errors.INVALID_BODY(problem="The body must be a form in UTF-8") from problem


def bearer_of(request: Request) -> str | None:
    """Return the bearer token of a request, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def add_note(request: Request, note: str | None) -> None:
    """Append a note, if there is one."""
    if note is not None:
        request.notes.append(note)


def note_misspellings(request: Request, fields: Fields, known: tuple[str, ...]) -> None:
    """Note each field of a body that Auth0 does not read and that looks like one it does."""
    missing = [name for name in known if name not in fields]
    for name in fields:
        for meant in get_close_matches(name, missing, n=1, cutoff=LIKENESS) if name not in known else ():
            request.notes.append(f"`{name}` is not read: did you mean `{meant}`?")
