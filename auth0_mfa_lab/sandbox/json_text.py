"""Reading a JSON object that a stranger wrote."""

import json


def json_object(body: bytes | str) -> dict[str, object] | None:
    """Return the JSON object that a text holds, or None when it holds something else.

    A lone surrogate ("\\ud800") parses but can be neither compared nor sent back: that is something else, too.
    """
    try:
        value = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
