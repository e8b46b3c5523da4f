"""What a text hides: secrets by name and by shape, however escaped, in base64, and in the QR codes of pictures."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from auth0_mfa_lab.secrets.kinds import is_stand_in
from auth0_mfa_lab.wire.scan_pictures import codes_in, is_a_picture, pixels_of_svg
from auth0_mfa_lab.wire.scan_values import (
    NAME,
    SEALED_KIND,
    from_base64,
    is_an_examples,
    is_basic,
    is_jwt,
    is_recovery_code,
    is_sealed,
    is_secret,
    kind_of_match,
    looks_random,
)

NESTINGS = 4

_TAG = r"</?(?:span|td|th|tr|code|pre|b|i|em|strong|div|p|dt|dd|li|a|font|mark|kbd|var)\b[^<>]{0,300}>"
_GAP = rf"(?:\s|{_TAG}){{0,20}}+"
_PAIR = re.compile(
    rf"(?P<flag>--)?{NAME}(?P<after>[\"'`\])*]{{0,3}}){_GAP}"
    rf"(?P<sign>:=|=>|={{1,3}}|:|\||(?<=[\"'`]),|(?<=>)|(?(flag)(?<=[ =])|(?!)))"
    rf"{_GAP}[\[(]{{0,2}}{_GAP}(?:[frb]{{1,2}}(?=[\"']))?",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\"(?P<double>[^\"\n]{1,9000})\"|'(?P<single>[^'\n]{1,9000})'|`(?P<back>[^`\n]{1,9000})`"
    r"|(?P<bare>[^\s\"'`<>&,;|(){}\[\]\\=]{4,9000}+={0,2})(?![(\[{])"
)
_OTPAUTH = re.compile(r"otpauth://[^\s\"'<>`\\]+")
_OF_URI = re.compile(r"[?&](?P<name>secret|enrollment_tx_id)=(?P<value>[\w=-]{8,})")
_JWT = re.compile(r"eyJ[\w-]{8,2000}\.[\w-]{5,20000}\.[\w-]+")
_SEALED = re.compile(r"Fe26\.2\*[\w.*~-]{16,}")
_HEADER = re.compile(
    r"\b(?P<scheme>Basic|Bearer|Ticket)\s+(?:id\s*=\s*[\"']?)?(?P<value>[\w.~+/*-]{8,}={0,2})", re.IGNORECASE
)
_RECOVERY = re.compile(r"(?<![\w+/=-])[A-Z0-9]{24}(?![\w+/=-])")
_REFRESH = re.compile(r"(?<![\w.-])v1\.[\w-]{40,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_LINES_OF_BASE64 = re.compile(r"[\w+/=\s-]+")
_SVG = re.compile(r"<(?:\w{1,9}:)?svg\b", re.IGNORECASE)
_END_OF_SVG = re.compile(r"</(?:\w{1,9}:)?svg\s*>", re.IGNORECASE)
_PROSE = re.compile(r"[a-z]+ [a-z]")
_EXAMPLE_HOST = re.compile(r"https?://[^\s/?#\"'<>]*\.example(?::\d+)?[/?#][^\s\"'<>]*$")

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\"'/\\nrtbf]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A secret in a text: its kind, the line it begins in (from 1), and where in the text it was hidden."""

    kind: str
    value: str = field(repr=False)
    line: int
    hidden: str = ""


def leaks_of(text: str, *, data: bool, depth: int = 0) -> Iterator[Leak]:
    """Yield the secrets in a text, each where it begins; the same one in a line may come twice.

    `data` says that a program wrote or reads it: see `is_secret`.
    """
    plain = decoded(text)
    ends = [match.start() for match in re.finditer("\n", plain)]
    taken = _Spans()
    for kind, start, end in _by_name_and_shape(plain, taken, data):
        if not is_stand_in(plain[start:end]):  # as our exports have them
            yield Leak(kind=kind, value=plain[start:end], line=bisect_left(ends, start) + 1)
    if depth >= NESTINGS:
        return
    for start, content, hidden in _inside(plain, taken):
        line = bisect_left(ends, start) + 1
        for leak in leaks_of(content, data=data or hidden == "QR picture", depth=depth + 1):
            yield Leak(kind=leak.kind, value=leak.value, line=line, hidden=leak.hidden or hidden)


def leaks_of_picture(picture: bytes) -> Iterator[Leak]:
    """Yield the secrets in the QR codes of a picture."""
    for code in codes_in(picture):
        for leak in leaks_of(code, data=True, depth=1):
            yield Leak(kind=leak.kind, value=leak.value, line=1, hidden="QR picture")


def decoded(text: str) -> str:
    """Return the text without escapes: of JSON and Python, of HTML, of URLs, of terminals, nested or alone.

    Its lines are those of the text.
    """
    text = _ANSI.sub("", text)
    for _ in range(NESTINGS):
        before = text
        if "\\" in text:
            text = _ESCAPE.sub(_unescaped, text)
        if "&" in text:
            text = _ENTITY.sub(lambda match: _one_line(html.unescape(match[0])), text)
        if "%" in text:
            text = _PERCENT.sub(lambda match: _one_line(unquote_to_bytes(match[0]).decode("utf-8", "replace")), text)
        if text == before:
            break
    return text


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return _one_line(chr(int(code, 16))) if code else _one_line(match[3] if match[3] in "\"'/\\" else " ")


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x85\u2028\u2029]", " ", text)


class _Spans:
    """Stretches of a text that do not overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, start: int, end: int) -> bool:
        """Take a stretch, unless part of it is taken; say whether it was free."""
        place = bisect_left(self._ends, start + 1)
        if place < len(self._starts) and self._starts[place] < end:
            return False
        self._starts.insert(place, start)
        self._ends.insert(place, end)
        return True


def _by_name_and_shape(text: str, taken: _Spans, data: bool) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and end of each secret, and note in `taken` what needs no second look."""
    for uri in _OTPAUTH.finditer(text):
        taken.take(*uri.span())
        for match in _OF_URI.finditer(uri[0]) if not is_an_examples(uri[0]) else ():
            kind = "TOTP secret" if match["name"] == "secret" else "enrollment ticket"
            if is_secret(kind, match["value"], data=True):
                yield kind, uri.start() + match.start("value"), uri.start() + match.end("value")
    for find in (*_pairs(text, data), *_shapes(text)):
        if taken.take(*find[1:]):
            yield find


def _pairs(text: str, data: bool) -> Iterator[tuple[str, int, int]]:
    for match in _PAIR.finditer(text):
        value = _VALUE.match(text, match.end())
        if not value:
            continue
        group = value.lastgroup or "bare"
        start, end = value.span(group)
        kind, bare = kind_of_match(match), group == "bare"
        end = start + len(text[start:end].rstrip(".:!?")) if bare else end
        # After a colon comes prose, too, even in what a program wrote.
        certain = data and not (bare and kind == "password" and not match["sign"].startswith("="))
        if _means_something_else(text, match, value, kind, data):
            continue
        if is_secret(kind, text[start:end], data=certain, quoted=not bare):
            of_jwt = kind in ("access token", "ID token") and text.startswith("eyJ", start)
            yield "JWT" if of_jwt else kind, start, end


def _means_something_else(text: str, name: re.Match[str], value: re.Match[str], kind: str, data: bool) -> bool:
    if name["sign"] == ",":  # a pair, and not two of a list
        pair = re.search(r"[(\[]\s*[\"'`]\w*$", text[max(0, name.start() - 40) : name.start()])
        return not (pair and re.match(r"\s*[)\]]", text[value.end() : value.end() + 10]))
    if kind == "password" and value.lastgroup == "bare" and _PROSE.match(text, value.start()):
        return True
    if kind == "passwordless code":  # of `code`s there are many: exit codes, error codes, arguments
        bare = value.lastgroup == "bare"
        return (bare and not (data and name["sign"] == "=")) or not (data or name["after"])
    # A link to an example's host opens nothing.
    before = text[max(0, name.start() - 300) : name.start()]
    return kind == "enrollment ticket" and _EXAMPLE_HOST.search(before) is not None


def _shapes(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _SEALED.finditer(text):
        if is_sealed(match[0]):
            bearer = re.search(r"bearer\s+$", text[max(0, match.start() - 10) : match.start()], re.IGNORECASE)
            yield "mfa_token" if bearer else SEALED_KIND, *match.span()
    for match in _JWT.finditer(text):
        if is_jwt(match[0]):
            yield "JWT", *match.span()
    for match in _HEADER.finditer(text):
        basic = match["scheme"].lower() == "basic"
        if is_basic(match["value"]) if basic else looks_random(match["value"]):
            ticket = match["scheme"].lower() == "ticket"
            yield "enrollment ticket" if ticket else f"{match['scheme'].title()} header", *match.span("value")
    for match in _RECOVERY.finditer(text):
        if is_recovery_code(match[0]):
            yield "recovery code", *match.span()
    for match in _REFRESH.finditer(text):
        if looks_random(match[0]):
            yield "refresh token", *match.span()


def _inside(text: str, taken: _Spans) -> Iterator[tuple[int, str, str]]:
    """Yield what is inside of base64 and of drawings: where it stands, the text, and what hid it."""
    for start, drawing in _drawings(text):
        yield from ((start, code, "QR picture") for code in codes_in(pixels_of_svg(drawing)))
    stripped = "".join(text.split()) if _LINES_OF_BASE64.fullmatch(text) else ""
    runs = [(0, stripped)] if stripped and len(stripped) < len(text) else []
    runs += [(match.start(), match[0]) for match in _BASE64.finditer(text)]
    for start, run in runs:
        if not taken.take(start, start + (len(run) if run is not stripped else 0)):
            continue
        try:
            content = from_base64(run)
        except ValueError:
            continue
        if is_a_picture(content):
            yield from ((start, code, "QR picture") for code in codes_in(content))
        elif hidden := _readable(content):
            yield start, hidden, "base64"


def _drawings(text: str) -> Iterator[tuple[int, str]]:
    place = 0
    while (begin := _SVG.search(text, place)) and (end := _END_OF_SVG.search(text, begin.end())):
        yield begin.start(), text[begin.start() : end.end()]
        place = end.end()


def _readable(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return text if len(text) >= 8 and all(each.isprintable() or each.isspace() for each in text) else ""
