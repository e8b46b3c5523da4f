"""What a JWT says, read without a key: nothing here verifies."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any


def claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims of a JWT, unverified; None for what is none."""
    return _part_of(token, 1)


def header_of(token: str) -> dict[str, Any] | None:
    """Return the header of a JWT, unverified; None for what is none."""
    return _part_of(token, 0)


def _part_of(token: str, place: int) -> dict[str, Any] | None:
    part = token.split(".")[place] if token.count(".") == 2 else ""
    try:
        said = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return None
    return said if isinstance(said, dict) else None
