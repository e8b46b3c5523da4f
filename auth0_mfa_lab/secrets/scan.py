"""Finds secrets in notebooks, HAR recordings and env files, before they are committed or sent.

By name and by shape, however they are escaped, in base64, and in the QR codes of pictures.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal, NamedTuple

from auth0_mfa_lab.secrets import kinds
from auth0_mfa_lab.secrets.claims import from_base64
from auth0_mfa_lab.secrets.index import ESCAPES, character
from auth0_mfa_lab.secrets.qr import codes_in, is_a_picture, pixels_of_svg

MOST_BYTES = 20 * 1024 * 1024
NESTINGS = 4
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_ALLOW = re.compile(r"auth0-mfa-lab:\s*allow\b")
_A_COMMENT = re.compile(r"\s*(?:#|//|/?\*|<!--|--|;|%)")
_SETTING = re.compile(r"\s*(?:export\s+)?(?P<name>\w{1,80})\s*=\s*(?P<value>\S.*)")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}")

_TAG = r"</?(?:span|td|th|tr|code|pre|b|i|em|strong|div|p|dt|dd|li|a|font|mark|kbd|var)\b[^<>]{0,300}>"
_GAP = rf"(?:\s|{_TAG}){{0,20}}+"
_PAIR = re.compile(
    rf"(?P<flag>--)?{kinds.NAME}(?P<after>[\"'`\])*]{{0,3}}){_GAP}"
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
_SEALED = re.compile(r"(?P<bearer>\bbearer\s{1,8})?(?P<value>Fe26\.2\*[\w.*~-]{16,})", re.IGNORECASE)
_HEADER = re.compile(
    r"\b(?P<scheme>Basic|Bearer|Ticket)\s+(?:id\s*=\s*[\"']?)?(?P<value>[\w.~+/*-]{8,}={0,2})", re.IGNORECASE
)
_RECOVERY = re.compile(r"(?<![\w+/=-])[A-Z0-9]{24}(?![\w+/=-])")
_REFRESH = re.compile(r"(?<![\w.-])v1\.[\w-]{40,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_LINES_OF_BASE64 = re.compile(r"[\w+/=\s-]+")
_SVG = re.compile(r"<svg\b[^<>]*>(?:(?!<svg\b)(?!</svg).){0,100000}</svg", re.DOTALL)
_PROSE = re.compile(r"[a-z]+ [a-z]")
_EXAMPLE_HOST = re.compile(r"https?://[^\s/?#\"'<>]*\.example(?::\d+)?[/?#][^\s\"'<>]*$")
_IN_A_TAG = re.compile(r"<[A-Za-z][^<>]*\Z")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x1f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A secret in a document: what it is, how long, and where; never the secret itself.

    `cell` counts from 1 (None outside a notebook); `where` says what part of the cell or document holds it; `line`
    counts from 1, in the file or in a cell's source.
    """

    kind: str
    length: int
    where: str = ""
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = (f"cell {self.cell}", self.where, line) if self.cell else (line, self.where)
        return ": ".join(filter(None, (", ".join(filter(None, place)), f"{self.kind}, {self.length} characters")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was found in one file, and in a sentence how it was read, if otherwise than as what it is.

    It is `whole` where all of it was read.
    """

    finds: tuple[Find, ...] = ()
    whole: bool = True
    note: str | None = None


class _Leak(NamedTuple):
    """A secret in a text: its kind, the line it begins in (from 1), and what in the text hid it."""

    kind: str
    value: str
    line: int = 1
    hidden: str = ""


@dataclass(slots=True)
class _Part:
    """One part of a document, and what was found in it: each value once, under the kind that says most."""

    where: str = ""
    cell: int | None = None
    has_lines: bool = False
    found: dict[tuple[str, int | None, str], str] = field(default_factory=dict)

    def add(self, leak: _Leak) -> None:
        key = (leak.value, leak.line if self.has_lines else None, leak.hidden)
        if self.found.get(key, kinds.SEALED_KIND) == kinds.SEALED_KIND:
            self.found[key] = leak.kind

    def finds(self) -> Iterator[Find]:
        for (value, line, hidden), kind in sorted(self.found.items(), key=lambda found: found[0][1] or 0):
            where = ", ".join(filter(None, (self.where, hidden)))
            yield Find(kind=kind, length=len(value), where=where, cell=self.cell, line=line)


def file_kind(name: str) -> Literal["notebook", "HAR", "env file"] | None:
    """Return what a file of this name is: a notebook, a HAR, an env file (`.env*`, `*.env`), or None for others."""
    lower = PurePath(name).name.lower()
    if lower.startswith(".env") or lower.endswith(".env"):
        return "env file"
    return "notebook" if lower.endswith(".ipynb") else "HAR" if lower.endswith(".har") else None


def scan(name: str, content: bytes) -> Scanned:
    """Find the secrets in a notebook, a HAR or an env file; its `name` says which of them it is.

    `content` is all of it, or its first `MOST_BYTES + 1` bytes. What should be a notebook or a HAR and cannot be read
    as one is read line by line.
    """
    notes = [f"only the first {MOST_BYTES // 1024 // 1024} MiB were read"] if len(content) > MOST_BYTES else []
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    text = content[:MOST_BYTES].decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    notes += ["it is in no encoding that is known here"] if "\0" in text else []
    whole, kind = not notes, file_kind(name)
    document = next(_json(text), None) if kind != "env file" else None
    if isinstance(document, dict) and isinstance(document.get("cells"), list) and kind == "notebook":
        finds = _in_notebook(document)
    elif isinstance(document, dict) and isinstance(document.get("log"), dict) and kind == "HAR":
        finds = _in_har(document)
    else:
        notes += [f"it is no {kind} that can be read as one: its lines were"] if kind != "env file" else []
        finds = _in_lines(text, data=not re.search("example|sample|template", PurePath(name).name.lower()))
    return Scanned(finds=tuple(finds), whole=whole, note="; ".join(notes) or None)


def _in_lines(text: str, *, data: bool) -> Iterator[Find]:
    """Yield the secrets in a text file; a comment `auth0-mfa-lab: allow` allows its line, or the one below it."""
    lines = text.split("\n")
    part = _Part(has_lines=True)
    settings = ((number, _SETTING.fullmatch(line)) for number, line in enumerate(lines, 1) if data)
    # A password may be a phrase: it goes on to the end of the line.
    phrases = (
        _Leak("password", match["value"].rstrip(), number)
        for number, match in settings
        if match and re.match(r"[^\"'].* ", match["value"].rstrip()) and kinds.title_of(match["name"]) == "password"
    )
    for leak in (*_leaks(text, data=data), *phrases):
        above = lines[leak.line - 2] if leak.line > 1 else ""
        if not _ALLOW.search(lines[leak.line - 1]) and not (_ALLOW.search(above) and _A_COMMENT.match(above)):
            part.add(leak)
    yield from part.finds()


def _in_notebook(notebook: dict[str, Any]) -> Iterator[Find]:
    """Yield the secrets in a notebook; a comment `auth0-mfa-lab: allow` in a cell's source allows that cell."""
    for number, cell in enumerate(notebook["cells"], 1):
        if not isinstance(cell, dict):
            yield from _walked(cell, _Part("", number))
        elif not _ALLOW.search(_joined(cell.get("source")) or ""):
            yield from _in_cell(cell, number)
    metadata = notebook.get("metadata")
    shared = dict(metadata) if isinstance(metadata, dict) else {"": metadata}
    yield from _walked(shared.pop("widgets", None), _Part("widget state"))
    yield from _walked(shared, _Part("notebook metadata"))
    yield from _walked(_without(notebook, "cells", "metadata"), _Part("notebook"))


def _in_cell(cell: dict[str, Any], number: int) -> Iterator[Find]:
    source = _Part("source", number, has_lines=True)
    for leak in _leaks(_joined(cell.get("source")) or "", data=False):
        source.add(leak)
    yield from source.finds()
    outputs = cell.get("outputs")
    for count, output in enumerate(outputs if isinstance(outputs, list) else [outputs], 1):
        parts = output if isinstance(output, dict) else {"": output}
        data = parts.get("data")
        for mime, value in data.items() if isinstance(data, dict) else ():
            kind = mime if _MIME.fullmatch(mime) else "data"
            yield from _walked({mime: value}, _Part(f"output {count} ({kind})", number))
        rest = _without(parts, "data") if isinstance(data, dict) else parts
        yield from _walked(rest, _Part(f"output {count}", number))
    for name, where in (("metadata", "metadata"), ("attachments", "attachment")):
        yield from _walked(cell.get(name), _Part(where, number))
    yield from _walked(_without(cell, "source", "outputs", "metadata", "attachments"), _Part("fields", number))


def _in_har(har: dict[str, Any]) -> Iterator[Find]:
    """Yield the secrets in a recording of a browser's or of the lab's.

    What the lab recorded has stand-ins. They say so of themselves; codes are too short for that.
    """
    ours = isinstance(har["log"].get("_auth0_mfa_lab"), dict)
    yield from (find for find in _in_log(har) if not (ours and find.kind in kinds.CODES))


def _in_log(har: dict[str, Any]) -> Iterator[Find]:
    entries = har["log"].get("entries")
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
        parts = entry if isinstance(entry, dict) else {"": entry}
        for side in ("request", "response"):
            yield from _walked(parts.get(side), _Part(f"entry {number}, {side}"))
        yield from _walked(_without(parts, "request", "response"), _Part(f"entry {number}"))
    yield from _walked([_without(har["log"], "entries"), _without(har, "log")], _Part("log"))


def _without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name not in names}


def _walked(value: Any, part: _Part) -> Iterator[Find]:
    """Find the secrets in every string of a JSON value, its keys and what is JSON within a string too."""
    todo: list[tuple[str, Any, int]] = [("", value, 0)]
    while todo:
        name, each, depth = todo.pop()
        if isinstance(each, dict):
            todo += [(key, inner, depth) for key, inner in reversed(each.items())]
            todo += [("", key, depth) for key in each]
            if isinstance(each.get("value"), str | int):  # named beside it: a header, a field, a widget with its label
                names = [each.get(key) for key in ("name", "key", "description", "placeholder")]
                names += ["password"] if each.get("_model_name") == "PasswordModel" else []
                todo += [(named, each["value"], depth) for named in names if isinstance(named, str)]
        elif isinstance(each, list):
            lines = _joined(each)
            todo += [(name, inner, depth) for inner in reversed(each)] if not lines or len(each) < 50 else []
            todo += [(name, lines, depth)] if lines else []
        elif isinstance(each, str):
            _named(name, each, part) if "\n" not in each else None
            known = {value for value, _, _ in part.found}
            for leak in _leaks(each, data=True):
                if leak.hidden or leak.value not in known:
                    part.add(leak)
            if depth < 3 and each.lstrip()[:1] in ("{", "["):
                todo += [("", inner, depth + 1) for inner in _json(each)]
        elif isinstance(each, int) and not isinstance(each, bool):
            _named(name, str(each), part, of_number=True)
    yield from part.finds()


def _named(name: str, text: str, part: _Part, *, of_number: bool = False) -> None:
    """Add a value that its name says is a secret."""
    kind = kinds.title_of(name.strip(" :*")) if name else None
    if kind and (kind in ("binding code", "one-time code") or not of_number) and kinds.is_secret(kind, text, data=True):
        of_jwt = kind in ("access token", "ID token") and text.startswith("eyJ")
        part.add(_Leak("JWT" if of_jwt else kind, text))


def _joined(value: Any) -> str | None:
    """Return a text that nbformat split into lines, whole; None for what is none."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return "".join(value)
    return value if isinstance(value, str) else None


def _json(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text)
    except (ValueError, RecursionError):
        return


# -- one text


def _leaks(text: str, *, data: bool, depth: int = 0) -> Iterator[_Leak]:
    """Yield the secrets in a text, each where it begins; the same one in a line may come twice.

    `data` says that a program wrote or reads it: see `kinds.is_secret`.
    """
    plain = _decoded(text)
    ends = [match.start() for match in re.finditer("\n", plain)]
    taken = bytearray(len(plain))
    for kind, start, end in _by_name_and_shape(plain, taken, data):
        if not kinds.is_stand_in(plain[start:end]):  # as our exports have them
            yield _Leak(kind, plain[start:end], bisect_left(ends, start) + 1)
    for start, content, hidden in _inside(plain, taken) if depth < NESTINGS else ():
        for leak in _leaks(content, data=data or hidden == "QR picture", depth=depth + 1):
            yield leak._replace(line=bisect_left(ends, start) + 1, hidden=leak.hidden or hidden)


def _decoded(text: str) -> str:
    """Return the text without escapes: of JSON and Python, of HTML, of URLs, of terminals; its lines stay its lines."""
    text = _ANSI.sub("", text)
    for _ in range(NESTINGS):
        before = text
        for sign in ("\\", "&", "%"):
            text = ESCAPES[sign].sub(lambda match: _CONTROL.sub(" ", character(match)), text) if sign in text else text
        if text == before:
            break
    return text


def _take(taken: bytearray, start: int, end: int) -> bool:
    """Take a stretch of a text, unless part of it is taken; say whether it was free."""
    if any(taken[start:end]):
        return False
    taken[start:end] = b"\1" * (end - start)
    return True


def _by_name_and_shape(text: str, taken: bytearray, data: bool) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and end of each secret, and note in `taken` what needs no second look."""
    for uri in _OTPAUTH.finditer(text):
        _take(taken, *uri.span())
        for match in _OF_URI.finditer(uri[0]) if not kinds.is_an_examples(uri[0]) else ():
            kind = "TOTP secret" if match["name"] == "secret" else "enrollment ticket"
            if kinds.is_secret(kind, match["value"], data=True):
                yield kind, uri.start() + match.start("value"), uri.start() + match.end("value")
    for find in (*_pairs(text, data), *_shapes(text)):
        if _take(taken, *find[1:]):
            yield find


def _pairs(text: str, data: bool) -> Iterator[tuple[str, int, int]]:
    for match in _PAIR.finditer(text):
        value = _VALUE.match(text, match.end())
        if not value:
            continue
        group = value.lastgroup or "bare"
        start, end = value.span(group)
        kind, bare = kinds.title_of_match(match), group == "bare"
        end = start + len(text[start:end].rstrip(".:!?")) if bare else end
        # After a colon comes prose, too, even in what a program wrote.
        certain = data and not (bare and kind == "password" and not match["sign"].startswith("="))
        if _means_something_else(text, match, value, kind, data):
            continue
        if kinds.is_secret(kind, text[start:end], data=certain, quoted=not bare):
            of_jwt = kind in ("access token", "ID token") and text.startswith("eyJ", start)
            yield "JWT" if of_jwt else kind, start, end


def _means_something_else(text: str, name: re.Match[str], value: re.Match[str], kind: str, data: bool) -> bool:
    bare = value.lastgroup == "bare"
    if name["sign"] == ",":  # a pair, and not two of a list
        pair = re.search(r"[(\[]\s*[\"'`]\w*$", text[max(0, name.start() - 40) : name.start()])
        return not (pair and re.match(r"\s*[)\]]", text[value.end() : value.end() + 10]))
    if kind == "password" and bare and _PROSE.match(text, value.start()):
        return True
    if kind == "passwordless code":  # of `code`s there are many: exit codes, error codes, arguments
        return (bare and not (data and name["sign"] == "=")) or not (data or name["after"])
    # A link to an example's host opens nothing.
    return kind == "enrollment ticket" and bool(_EXAMPLE_HOST.search(text[max(0, name.start() - 300) : name.start()]))


def _shapes(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _SEALED.finditer(text):
        if kinds.is_sealed(match["value"]):
            yield "mfa_token" if match["bearer"] else kinds.SEALED_KIND, *match.span("value")
    for match in _JWT.finditer(text):
        if kinds.has_jwt_header(match[0]):
            yield "JWT", *match.span()
    for match in _HEADER.finditer(text):
        scheme = match["scheme"].title()
        if kinds.is_basic(match["value"]) if scheme == "Basic" else kinds.looks_random(match["value"]):
            yield "enrollment ticket" if scheme == "Ticket" else f"{scheme} header", *match.span("value")
    for match in _RECOVERY.finditer(text):
        # In a tag it is a drawing's path, a style or an id.
        if kinds.is_recovery_code(match[0]) and not _IN_A_TAG.search(text, max(0, match.start() - 5000), match.start()):
            yield "recovery code", *match.span()
    yield from (("refresh token", *match.span()) for match in _REFRESH.finditer(text) if kinds.looks_random(match[0]))


def _inside(text: str, taken: bytearray) -> Iterator[tuple[int, str, str]]:
    """Yield what is inside of base64 and of drawings: where it stands, the text, and what hid it."""
    for drawing in _SVG.finditer(text) if "<svg" in text else ():
        yield from ((drawing.start(), code, "QR picture") for code in codes_in(pixels_of_svg(drawing[0])))
    runs = [(match.start(), match[0]) for match in _BASE64.finditer(text) if _take(taken, *match.span())]
    stripped = "".join(text.split()) if _LINES_OF_BASE64.fullmatch(text) else ""
    for start, run in [(0, stripped), *runs] if len(stripped) < len(text) else runs:
        try:
            content = from_base64(run)
        except ValueError:
            continue
        if is_a_picture(content):
            yield from ((start, code, "QR picture") for code in codes_in(content))
        else:
            hidden = content.decode("utf-8", "replace")
            if len(hidden) >= 8 and all((each.isprintable() or each.isspace()) and each != "\ufffd" for each in hidden):
                yield start, hidden, "base64"
