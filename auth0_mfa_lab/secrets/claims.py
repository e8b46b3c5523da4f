"""What a JWT says, read without a key: nothing here verifies; and how JSON is walked."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

_DEEPEST = 60


def claims_of(token: str, *, part: int = 1) -> dict[str, Any] | None:
    """Return the claims of a JWT (`part` 0: its header), unverified; None for what is none."""
    try:
        said = json.loads(from_base64(token.split(".")[part])) if token.count(".") == 2 else None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def from_base64(text: str) -> bytes:
    """Decode base64 of either alphabet, with or without its padding; ValueError for what is none."""
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
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


def is_deep(text: str | bytes) -> bool:
    """Say whether JSON may be nested so deeply that walking it could end in an error: it then counts as text."""
    whole = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if whole.count("[") + whole.count("{") <= _DEEPEST:
        return False
    steps = (1 if each in "[{" else -1 for each in re.findall(r"[][{}]", whole))
    return max(accumulate(steps)) > _DEEPEST
