"""How one secret may be spelled in a text: as it is, percent-encoded, escaped for JSON or HTML, or in base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_SHORT_CODE = re.compile(r"\d{1,8}")
# JSON can carry half of a surrogate pair, which is no UTF-8.
_LOOSE = "surrogatepass"
# What encoders leave alone differs: URLSearchParams keeps `*`, httpx does not, and a label keeps `@` and `:`.
_PATH = "!$&'()*+,;=:@"
"""What a segment of a path may have as it is: RFC 3986, section 3.3."""
_SAFE = ("", "*", "/", "@", ":@", "/:@*", "!'()*", "!'()*;,/?:@&=+$#", "$&+=:@", _PATH, f"{_PATH}/", f"{_PATH}/?")
_SAFE_OUTSIDE = ("", "/", _PATH)
# Fewer stand inside too much else.
_LEAST_OF_BASE64 = 6
# What some writers of JSON escape for the sake of HTML.
_MARKUP = re.compile(r"[<>&'+=]")
# One character that an encoder wrote as several: the last of them ends no word.
_ESCAPED = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})$|\\+u00([0-9A-Fa-f]{2})$|(\\)[nrtbf]$")


def is_short(value: str) -> bool:
    """Say whether a value is a code of up to 8 digits, or so short that it stands inside ordinary words."""
    return len(value) < 4 or _SHORT_CODE.fullmatch(value) is not None


def spellings(value: str) -> set[str]:
    """List the ways in which a value may stand in a text: itself, each encoding, and two of them one in the other."""
    if len(value) < 4 and not any(character.isalnum() for character in value):
        return {value}
    plain = {value, *(end.join(value.splitlines()) for end in ("\n", "\r\n", "", " "))}
    bare = {each for text in plain if text.strip() for each in (text, *_with_html_in_mind(text))}
    once = {each for text in bare for each in _encoded(text, safes=_SAFE)}
    inner = {each for text in plain if text.strip() for each in _encoded(text, safes=("",))}
    twice = {each for text in inner for each in _encoded(text, safes=_SAFE_OUTSIDE)}
    in_base64 = {each for text in {value, quote(value, safe="", errors=_LOOSE)} for each in _in_base64(text)}
    return bare | once | twice | in_base64


def _encoded(value: str, *, safes: tuple[str, ...]) -> Iterator[str]:
    """Yield a value as it is percent-encoded, and escaped for JSON, Python or HTML."""
    if value.isascii() and value.replace("_", "").isalnum():
        return
    for encode in (quote, quote_plus):
        for percent in {encode(value, safe=safe, errors=_LOOSE) for safe in safes}:
            yield percent
            yield re.sub(r"%[0-9A-F]{2}", lambda hexes: hexes[0].lower(), percent)
    for escaped in {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}:
        yield escaped
        yield escaped.replace("/", "\\/")
    for marked in (html.escape(value), html.escape(value, quote=False)):
        yield marked
        yield marked.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _with_html_in_mind(value: str) -> Iterator[str]:
    for digits in ("02x", "02X"):
        yield _MARKUP.sub(lambda match, digits=digits: f"\\u00{ord(match[0]):{digits}}", value)  # type: ignore[misc]  # now


def _in_base64(value: str) -> Iterator[str]:
    """Yield a value in base64, alone and behind anything else, such as in that of `id:secret`."""
    raw = value.encode(errors=_LOOSE)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        found = {whole, whole.rstrip("=")}
        for shift in (0, 1, 2):
            # Only the characters that nothing beside the value has a part in.
            first, end = -(-8 * shift // 6), 8 * (shift + len(raw)) // 6
            found.add(encode(bytes(shift) + raw).decode()[first:end])
        for each in found:
            if len(each) >= _LEAST_OF_BASE64:
                yield each
                yield quote(each, safe="")


def is_a_word_of_its_own(text: str, start: int, end: int) -> bool:
    """Say whether `text[start:end]` is bounded: no part of a longer number, word or id."""
    before, after = text[max(0, start - 12) : start], text[end : end + 2]
    if escaped := _ESCAPED.search(before):
        # The digits of an encoded space (`%20`) end no word, and neither does the `n` of a line's end in JSON.
        code = escaped[1] or escaped[2]
        before = chr(int(code, 16)) if code else " "
    if before and (before[-1].isalnum() or before[-1] in "_|+"):
        return False
    if after and (after[0].isalnum() or after[0] in "_|"):
        return False
    decimal_before = before[-1:] == "." and before[-2:-1].isdigit()
    decimal_after = after[:1] == "." and after[1:].isdigit()
    return not (decimal_before or decimal_after)
