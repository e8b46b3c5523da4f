"""One call of the control plane: its fields, what it may be refused for, and what it is answered."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from auth0_mfa_lab.sandbox.web.json_text import json_object

LARGEST = 10 * 365 * 86_400
"""The largest number of seconds, or of calls, that makes sense: ten years."""


class Refusal(Exception):
    """An answer that is none of Auth0's: a code, and a sentence that says what to do."""

    def __init__(self, status: int, error: str, message: str, **fields: object) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, object] = {"error": error, "message": message, **fields}


class BadField(Refusal):
    """A field that is missing or wrong."""

    def __init__(self, name: str, wanted: str) -> None:
        super().__init__(400, "bad_input", f"{name} must be {wanted}.", field=name)


class Unknown(Refusal):
    """Something that there is not."""

    def __init__(self, message: str) -> None:
        super().__init__(404, "not_found", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a call is answered; no body is a 204."""

    status: int = 200
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, whose right to be answered has been looked at."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes = field(repr=False)
    kind: str
    caller: str

    def fields(self, *known: str) -> "Given":
        """Return the fields of a JSON body, of which these are known; none at all is an empty one."""
        values = json_object(self.content) if self.content.strip() else {}
        if values is None:
            raise Refusal(400, "bad_input", "The body must be a JSON object.")
        if strange := [name for name in values if name not in known]:
            names = ", ".join(known) or "none"
            raise Refusal(
                400, "bad_input", f"There is no field {strange[0]!r} here; there is: {names}.", field=strange[0]
            )
        return Given(values)

    def asked(self, *known: str) -> "Given":
        """Return the query's parameters, of which these are known."""
        if strange := [name for name in self.query if name not in known]:
            names = ", ".join(known) or "none"
            message = f"There is no parameter {strange[0]!r} here; there is: {names}."
            raise Refusal(400, "bad_input", message, field=strange[0])
        # A plus sign that nobody encoded arrives as a blank: +15550100.
        return Given({name: re.sub(r"^ (?=\d)", "+", value) for name, value in self.query.items()})


class Given:
    """Named values of a call; null counts as absent."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, *, choices: tuple[str, ...] = ()) -> str | None:
        """Return a string, one of `choices` where there are any; None when it is absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or (choices and value not in choices):
            raise BadField(name, f"one of {', '.join(choices)}" if choices else "a string")
        return value

    def required(self, name: str, *, choices: tuple[str, ...] = ()) -> str:
        """Return a string that may not be absent or empty."""
        value = self.text(name, choices=choices)
        if not value:
            raise BadField(name, f"one of {', '.join(choices)}" if choices else "a string")
        return value

    def whole(self, name: str, *, least: int, most: int = LARGEST) -> int | None:
        """Return a whole number, of a query's text as well."""
        value = self._values.get(name)
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):
            value = int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise BadField(name, f"a whole number from {least} to {most}")
        return value

    def seconds(self, name: str) -> float | None:
        """Return a number of seconds, never a negative one."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
            raise BadField(name, "a number of seconds, 0 or more")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return a boolean; absent, it is False."""
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise BadField(name, "true or false")
        return value

    def texts(self, name: str, *, choices: tuple[str, ...] = ()) -> tuple[str, ...] | None:
        """Return an array of strings, each of `choices` where there are any."""
        value = self._values.get(name)
        if value is None:
            return None
        strings = isinstance(value, list) and all(
            isinstance(one, str) and (not choices or one in choices) for one in value
        )
        if not strings:
            raise BadField(name, f"an array of {', '.join(choices) or 'strings'}")
        assert isinstance(value, list)
        return tuple(value)

    def texts_by_name(self, name: str) -> dict[str, str]:
        """Return an object of strings; absent, it is empty."""
        value = self._values.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
            raise BadField(name, "an object of strings")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One thing that the control plane does; `makes_keys` where the phone may need an RSA key for it."""

    method: str
    path: str
    answer: Callable[[Call], Reply]
    makes_keys: bool = False

    def match(self, path: str) -> dict[str, str] | None:
        """Return what the path names, or None when it is another's."""
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path), path)
        return found.groupdict() if found else None


def query_of(text: bytes) -> dict[str, str]:
    """Return the parameters of a query, the last of each name."""
    return dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True))


def as_text(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False).encode()
