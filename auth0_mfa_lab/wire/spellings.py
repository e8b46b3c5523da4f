"""How one secret may be spelled in a text: as it is, percent-encoded, escaped for JSON or HTML, or in base64."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

_SHORT_CODE = re.compile(r"\d{1,8}")
# JSON can carry half of a surrogate pair, which is no UTF-8.
_LOOSE = "surrogatepass"
# What encoders leave alone differs: URLSearchParams keeps `*`, httpx does not, and a label keeps `@` and `:`.
_SAFE = ("", "*", "*-._", "/", "@", ":@", "/:@*")


def is_short(value: str) -> bool:
    """Say whether a value is a code of up to 8 digits, or so short that it stands inside ordinary words."""
    return len(value) < 4 or _SHORT_CODE.fullmatch(value) is not None


def spellings(value: str) -> set[str]:
    """List the ways in which a value may stand in a text; a short value has only its own."""
    if is_short(value):
        return {value}
    percent = {encode(value, safe=safe, errors=_LOOSE) for encode in (quote, quote_plus) for safe in _SAFE}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda hexes: hexes[0].lower(), each) for each in percent}
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    escaped |= {each.replace("/", "\\/") for each in escaped} | {json.dumps(each)[1:-1] for each in escaped}
    marked = {html.escape(each, quote=quotes) for each in (value, *escaped) for quotes in (True, False)}
    return {value} | percent | lower | escaped | marked | _in_base64(value)


def _in_base64(value: str) -> set[str]:
    raw = value.encode(errors=_LOOSE)
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    # Shorter ones stand inside too much else; four characters of base64 hold only three of a value.
    return {each for text in encoded for each in (text, text.rstrip("=")) if len(each) >= 8}


def is_a_word_of_its_own(text: str, start: int, end: int) -> bool:
    """Say whether `text[start:end]` is bounded: no part of a longer number, word or id."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and (before[-1].isalnum() or before[-1] in "_|+"):
        # The digits of an encoded space (`%20`) end no word.
        return text[max(0, start - 3) : start] in ("%20", "%3D", "%3d", "%3A", "%3a", "%22")
    if after and (after[0].isalnum() or after[0] in "_|"):
        return False
    decimal_before = len(before) == 2 and before[-1] == "." and before[0].isdigit()
    decimal_after = len(after) == 2 and after[0] == "." and after[1].isdigit()
    return not (decimal_before or decimal_after)
