"""Reading JSON that a stranger wrote."""

import json
from collections.abc import Mapping
from typing import Any

JSON_TYPES = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}


def json_value(body: bytes | str) -> object:
    """Return the value that a JSON text holds. Raises ValueError when it holds none.

    A lone surrogate ("\\ud800") parses but can be neither compared nor sent back: that is no value, too.
    """
    try:
        value: object = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError from None
    return value


def json_object(body: bytes | str) -> dict[str, object] | None:
    """Return the JSON object that a text holds, or None when it holds something else."""
    try:
        value = json_value(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def type_name(value: object) -> str:
    """Return what JSON calls the type of a value."""
    return JSON_TYPES.get(type(value), "null")


def present(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an object that are not None: it is written without them."""
    return {name: value for name, value in item.items() if value is not None}
