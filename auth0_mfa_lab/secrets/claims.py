"""What a JWT says, read without a key: nothing here verifies; and how JSON is walked."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any


def claims_of(token: str, *, part: int = 1) -> dict[str, Any] | None:
    """Return the claims of a JWT (`part` 0: its header), unverified; None where the text is no JWT."""
    try:
        said = parsed(from_base64(token.split(".")[part])) if token.count(".") == 2 else None
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def from_base64(text: str) -> bytes:
    """Decode base64 of either alphabet, with or without its padding; ValueError for other text."""
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(standard + "=" * (-len(standard) % 4))


def mapped(value: Any, change: Callable[[str], Any]) -> Any:
    """Return JSON with each text in it, a name too, as `change` makes it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)([mapped(each, change) for each in value])
    if isinstance(value, Mapping):
        return {change(name): mapped(each, change) for name, each in value.items()}
    return value


def parsed(text: str | bytes, pairs: Callable[[Any], Any] | None = None) -> Any:
    """Return JSON, its objects as `pairs` makes them; None for other text, and for JSON too deep to walk."""
    whole = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    steps = (1 if each[0] in "[{" else -1 for each in re.finditer(r"[][{}]", whole))
    if whole.count("[") + whole.count("{") > 60 and any(depth > 60 for depth in accumulate(steps)):
        return None
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return None
