"""Reading JSON that a stranger wrote."""

import json


def json_value(body: bytes | str) -> object:
    """Return the value that a JSON text holds. Raises ValueError when it holds none.

    A lone surrogate ("\\ud800") parses but can be neither compared nor sent back: that is no value, too.
    """
    try:
        value: object = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deep") from None
    return value


def json_object(body: bytes | str) -> dict[str, object] | None:
    """Return the JSON object that a text holds, or None when it holds something else."""
    try:
        value = json_value(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
