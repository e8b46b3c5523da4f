"""JWTs opened beside their tokens: header and claims, with times told from the moment of issue."""

from __future__ import annotations

import json
from typing import Any, TypeGuard

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.claims import claims_of, header_of
from auth0_mfa_lab.wire.exchange import Exchange

_TIMES = ("iat", "exp", "nbf", "auth_time")
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_MOST_HOURS = 48 * 3600


def opened(exchange: Exchange, aliases: Aliases) -> list[str]:
    """Return the lines of what the JWTs that are born in this exchange say; raw, for the caller to mask."""
    lines: list[str] = []
    messages = [exchange.request, exchange.response] if exchange.response else [exchange.request]
    for data in (message.raw_data() for message in messages):
        for value in data.values() if isinstance(data, dict) else ():
            alias = aliases.known(value) if isinstance(value, str) else None
            claims = claims_of(value) if alias and alias.born == exchange.number else None
            if alias and claims is not None:
                lines += [f"{alias.shown} says", *_part("header", header_of(value) or {}), *_part("claims", claims)]
    return lines


def since(issued: float, moment: float) -> str:
    """Return a moment as told from the issue of its token: `issued + 10 min`."""
    seconds = round(moment - issued)
    if seconds == 0:
        return "issued"
    return f"issued {'+' if seconds > 0 else '-'} {_duration(abs(seconds))}"


def _duration(seconds: int) -> str:
    # Days are said from the third on: an access token lives for 24 h.
    units = _UNITS if seconds > _MOST_HOURS else _UNITS[1:]
    return next(f"{seconds // size} {name}" for size, name in units if seconds % size == 0)


def _part(title: str, fields: dict[str, Any]) -> list[str]:
    """Return one line for each field; a claim that is a time is told from `iat`, where there is one."""
    issued = fields.get("iat")
    lines = [f"  {title}"]
    width = max((len(_name(name)) for name in fields), default=0)
    for name, value in fields.items():
        if name in _TIMES and _is_time(value) and _is_time(issued):
            said = since(issued, value)
        else:
            said = json.dumps(value, ensure_ascii=False)
        lines.append(f"    {_name(name):{width}}  {said}")
    return lines


def _name(name: str) -> str:
    """Return a claim's name in one line, whatever the token put into it."""
    return json.dumps(name, ensure_ascii=False)[1:-1]


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
