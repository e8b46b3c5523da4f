"""The fields of a request's body, JSON or form alike; null and "" count as absent (decision 11)."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from auth0_mfa_lab.sandbox import errors
from auth0_mfa_lab.sandbox.json_text import json_object


class Fields:
    """Named values, without those that are null or empty."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {name: value for name, value in values.items() if value not in (None, "")}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def text(self, name: str) -> str | None:
        """Return a string field, or None when it is absent; any other type is an INVALID_BODY."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise errors.INVALID_BODY(problem=f"{name} must be a string")
        return value

    def required(self, name: str) -> str:
        """Return a string field; absent, it is a MISSING_PARAMETER."""
        value = self.text(name)
        if value is None:
            raise errors.MISSING_PARAMETER(name=name)
        return value

    def raw(self, name: str) -> object:
        """Return a field as it was sent, or None."""
        return self._values.get(name)

    def strings(self, name: str) -> tuple[str, ...] | None:
        """Return an array of strings, or a bare string as an array of one; None for anything else."""
        value = self._values.get(name)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            return tuple(value)
        return None


def bearer_of(request: Request) -> str | None:
    """Return the bearer token of a request, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def read_fields(request: Request) -> Fields:
    """Read a body by its content type; none at all is an empty one, whatever the header says.

    Without a content type it is read as a form, as curl's `-d` sends it. Raises INVALID_BODY.
    """
    body = await request.body()
    if not body.strip():
        return Fields({})
    kind = request.headers.get("content-type", "application/x-www-form-urlencoded").partition(";")[0].strip()
    if kind.lower() == "application/json":
        value = json_object(body)
        if value is None:
            raise errors.INVALID_BODY(problem="The body must be a JSON object")
        return Fields(value)
    if kind.lower() == "application/x-www-form-urlencoded":
        return Fields(_form(body))
    raise errors.INVALID_BODY(problem=f"Unsupported content type: {kind}")


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError as problem:
        raise errors.INVALID_BODY(problem="The body must be a form in UTF-8") from problem
