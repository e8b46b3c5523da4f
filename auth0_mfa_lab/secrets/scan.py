"""Finds secrets in notebooks, HAR recordings and env files: by name and by shape, encoded, and in pictures of QRs."""

from __future__ import annotations

import codecs
import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain
from pathlib import PurePath
from typing import Any, BinaryIO, Literal, NamedTuple
from urllib.parse import unquote, unquote_plus

from auth0_mfa_lab.secrets.aliases import ESCAPES, character
from auth0_mfa_lab.secrets.claims import claims_of, from_base64, parsed
from auth0_mfa_lab.secrets.kinds import (
    CODES,
    IN_URL,
    PRIVATE_KEY,
    is_jwt,
    is_stand_in,
    looks_like,
    looks_random,
    titles_of,
)
from auth0_mfa_lab.secrets.reading import PIECE, Path, Value, pieces_of, values_of

NESTINGS = 4
LONGEST = 2**23  # bytes of a text that is looked at in one go; a longer one is cut, with an overlap
_OVERLAP = 2**15
_PIXELS = 24_000_000
# Where a value stands: in code and prose; in a text that a program printed; in a field; in settings and requests.
_PROSE, _PRINTED, _FIELD, _SENT = range(4)
_SEALED = "sealed string (mfa_token or oob_code)"
_UNREAD, _ALLOWED, _OURS = "unread", "allowed", "ours"  # what is no find, and is said of a place as one
# What a name of a secret ends with; `titles_of` says which names are meant.
_WORD = re.compile(
    r"(?:token|code|otp|secret|passw(?:or)?d|passphrase|ticket|key|credential|tx[_ -]?id|session|verifier|assertion)s?"
    r"(?:_\d{1,4})?(?!\w)"
)
_TAG = (
    r"</?(?:span|td|th|tr|code|pre|b|i|em|strong|div|p|dt|dd|li|a|font|mark|kbd|var|key|name|string|value)"
    r"\b[^<>\0]{0,300}>"
)
_GAP = rf"(?:\s|{_TAG}){{0,20}}+"
_VALUE = (
    r"(?:\"(?P<double>[^\"\n\0]{1,9000})\"|'(?P<single>[^'\n\0]{1,9000})'|`(?P<back>[^`\n\0]{1,9000})`"
    r"|(?P<bare>[^\s\"'`<>&,;|(){}\[\]\\=\0]{4,9000}+={0,2})(?![(\[{]))"
)
_BEGINS = rf"{_GAP}[\[(]{{0,2}}{_GAP}(?:[frb]{{1,2}}(?=[\"']))?{_VALUE}"
_BESIDE = re.compile(rf"(?i)(?P<after>[\"'`\])*]{{0,3}}){_GAP}(?P<sign>:=|=>|={{1,3}}|:|\||(?<=>)){_BEGINS}")
_OF_FLAG = re.compile(rf"(?i)(?P<after>)(?P<sign>[ =]){_BEGINS}")
_NAME = re.compile(r"[A-Za-z][\w -]*\Z")
_FLAG = re.compile(r"--[A-Za-z][\w-]*\Z")
# A name and its value in two fields of one record, or in a part of a form.
_LABELS = ["name", "key", "id", "label", "description", "placeholder", "field", "variable", "title", "type"]
_LABEL = re.compile(rf"(?i)\b(?:{'|'.join(_LABELS)})[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?[\w .-]*\Z")
_VALUES = ("value", "val", "content")
_VALUED = re.compile(rf"(?i)\b(?:{'|'.join(_VALUES)})(?P<after>[\"']?)\s{{0,4}}(?P<sign>[:=])\s{{0,4}}{_VALUE}")
_PART = re.compile(
    r"[\"'](?P<after>);?[^\n\0]{0,200}(?P<sign>)(?:\r?\n[\w-]+:[^\n\0]{0,200})*\r?\n\r?\n(?P<part>[^\r\n\0]+)"
)
_FORM = re.compile(r"(?<![\w.%-])([A-Za-z][\w.-]{1,60})=([^\s&\"'<>;,\0]*%[0-9A-Fa-f]{2}[^\s&\"'<>;,\0]*)")
_ALLOW = r"auth0-mfa-lab:\s*allow\b"
_A_COMMENT = rf"\s*(?:#|//|/?\*|<!--|--|;|%).*{_ALLOW}"
# A password may be a phrase: it goes on to the end of the line.
_PHRASE = r"(?im)^([ \t]*(?:export[ \t]+)?\w{0,80}password[ \t]*=[ \t]*)([^\s\"'][^\n\"]* [^\n\"]*?)[ \t]*$"
_TICKET_URI = r"otpauth://[^\s\"'<>`\\\0]+|https?://[^\s\"'<>`\\\0]{1,300}(?:ticket|ticket_id|enrollment_tx_id)=[\w-]+"
_PLACEHOLDER = (
    # An alias, a variable, a template; what is cut short or blotted out; words that say so.
    r"(?i)^[<\[{]|^\$[A-Za-z_{(]|\$\{|\{\w*\}|%\(|<[\w ]+>|\.\.\.|…|[*•]{3}|(?<![A-Za-z0-9])x{3,}(?![A-Za-z0-9])|x{6}"
    r"|\b(?:your|redacted|masked|hidden|placeholder|change_?me|replace_?me)\b|your_|_here$"
    r"|^(?:none|null|nil|undefined|true|false|str|string|text|bytes|secret|password|passwd|token|code|required|optional"
    r"|[a-z]+(?:_(?:token|code|secret|password)))$"
)
# A password has a letter and a digit, and is none of these.
_NO_PASSWORD = (
    r"(?i)\s|pass|secret|your|example|sample|test|wrong|not|dummy|fake|foo|placeholder|0123456|1234567|://"
    r"|^\D*$|^[^A-Za-z]*$"
)
_REFERENCE = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_WORDS = r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*[.!?:…]*"  # a label or a sentence
# fmt: off
_RECOVERY = r"(?![0-9A-F]{24}|[A-Z]{24})[A-Z0-9]{24}"  # a number in hex, and a word, is none
_SHAPES = (  # what is secret by its shape alone: what it begins with, in lower letters, where that tells
    (_SEALED,             "fe26.2*", r"Fe26\.2\*[\w.*~-]{16,}"),
    ("JWT",               "eyj",     r"eyJ[\w-]{8,2000}\.[\w-]{5,20000}\.[\w-]+"),
    ("Basic header",      "basic",   r"(?i)\bBasic\s+([\w.~+/*-]{8,}={0,2})"),
    ("Bearer header",     "bearer",  r"(?i)\bBearer\s+([\w.~+/*-]{8,}={0,2})"),
    ("enrollment ticket", "ticket",  r"(?i)\bTicket\s+(?:id\s*=\s*[\"']?)?([\w.~+/*-]{8,}={0,2})"),
    ("refresh token",     "v1.",     r"(?<![\w.-])v1\.[\w-]{40,}"),
    ("private key",       "-----begin", PRIVATE_KEY),
    ("recovery code",     "",        rf"{_RECOVERY}(?<![\w+/=-].{{24}})(?![\w+/=-])"),
    ("password",          "://",     IN_URL),
)
# fmt: on
_ROW = r"M0 (\d{1,3})\.5((?:m\d{1,3} 0h\d{1,3})+)"  # of a QR's drawing: the lab draws a stroke for each row of modules
_CONTROL = "[\\x00-\\x1f\x85\u2028\u2029]"
_PICTURES = rb"(?s)\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP"  # as they begin
_RUNS = (  # of base64, and what is one in lines
    r"[A-Za-z0-9+/_-]{16,}+={0,2}",
    r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{60,}+[ \n])+[A-Za-z0-9+/_-]{2,}+={0,2}",
)
_BASE64_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"


class Find(NamedTuple):
    """A secret in a document: what it is, how long, and where; never the secret itself.

    `cell` counts from 1, in a notebook; `line` counts from 1, in the file or in a cell's source.
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


class Scanned(NamedTuple):
    """What was found in one file, whether all of it was read, and how, if otherwise than as what it is."""

    finds: tuple[Find, ...] = ()
    whole: bool = True
    note: str | None = None


class _Leak(NamedTuple):
    """A secret in one of some texts: its kind, the number of the text, its line there (from 1), and what hid it."""

    kind: str
    value: str
    text: int = 0
    line: int | None = None
    hidden: str = ""


class _Text(NamedTuple):
    """A text of a document: where it stands, the line it begins in (from 1), and whether it goes on."""

    path: Path
    value: Any
    line: int = 1
    is_cut: bool = False


def file_kind(name: str) -> Literal["notebook", "HAR", "env file"] | None:
    """Return what a file of this name is: a notebook, a HAR, an env file (`.env*`, `*.env`), or None for others."""
    lower = PurePath(name).name.lower()
    if lower.startswith(".env") or lower.endswith(".env"):
        return "env file"
    return "notebook" if lower.endswith(".ipynb") else "HAR" if lower.endswith(".har") else None


def scan(name: str, content: bytes | BinaryIO, progress: Callable[[int], object] = int) -> Scanned:
    """Find the secrets in a notebook, a HAR or an env file; its `name` says which of them it is.

    `content` is read in pieces, and `progress` is told how many bytes have been. What should be a notebook or a HAR and
    cannot be read as one is read line by line.
    """
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    kind = file_kind(name)
    notes: list[str] = []
    found = _in_lines if kind == "env file" else _in_document
    is_data = not re.search("example|sample|template", PurePath(name).name.lower())
    while True:
        finds: dict[tuple[str, int | None, int | None, str], str] = {}
        allowed: set[int | None] = set()
        unread: set[str] = set()
        is_ours = False
        try:
            for text, leak in found(kind, pieces_of(file, progress), is_data):
                cell, where, has_lines = _place(kind, text.path)
                is_ours |= leak.kind == _OURS
                allowed |= {cell} if leak.kind == _ALLOWED else set()
                unread |= {leak.value} if leak.kind == _UNREAD else set()
                line = text.line + (leak.line or 1) - 1 if has_lines else None
                spot = ", ".join(filter(None, (where, leak.hidden))), cell, line, leak.value
                if leak.kind not in (_OURS, _ALLOWED, _UNREAD) and finds.get(spot, _SEALED) == _SEALED:
                    finds[spot] = leak.kind  # under the kind that says most
        except UnicodeError as problem:
            unread = {*unread, str(problem)}
        except ValueError:
            notes = [f"it is no {kind} that can be read as one: its lines were"]
            found = _in_lines
            continue
        break
    told = [
        Find(title, len(value), where, cell, line)
        for (where, cell, line, value), title in finds.items()
        # What the lab recorded has stand-ins. They say so of themselves; codes are too short for that.
        if not (is_ours and title in CODES) and (cell is None or cell not in allowed)
    ]
    told.sort(key=lambda find: (find.cell or 2**60, find.line or 2**60))
    return Scanned(tuple(told), not unread, "; ".join([*sorted(unread), *notes]) or None)


def _place(kind: str | None, path: Path) -> tuple[int | None, str, bool]:
    """Return the number of the cell, what of it or of the document a path leads to, and whether its lines count."""
    steps = (*path, "", "", "", "", "")
    number = steps[1] if isinstance(steps[1], int) else steps[2]
    if kind == "HAR" and path:
        entry = f"entry {number + 1}" if steps[1] == "entries" and isinstance(number, int) else "log"
        return None, f"{entry}, {steps[3]}" if steps[3] in ("request", "response") else entry, False
    if kind != "notebook" or not path:
        return None, "", not path
    if steps[0] != "cells" or not isinstance(number, int):
        return None, "widget state" if steps[:2] == ("metadata", "widgets") else "notebook metadata", False
    where = str(steps[2]) if steps[2] in ("source", "metadata", "attachments") else "fields"
    if steps[2] == "outputs":
        mime = re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,60}", str(steps[5]))
        where = f"output {steps[3] + 1}" if isinstance(steps[3], int) else "output 1"
        where += f" ({mime[0] if mime else 'data'})" if steps[4] == "data" and steps[5] else ""
    return number + 1, where, path[2:] == ("source",)


def _level(kind: str | None, path: Path) -> int:
    """Return how sure a value is where a path leads to."""
    if kind == "HAR" and path[3:4] == ("request",):
        return _SENT
    return _PROSE if kind == "notebook" and path[2:] == ("source",) else _PRINTED


# -- the texts of a file

_Told = Iterator[tuple[_Text, _Leak]]


def _in_lines(_: str | None, pieces: Iterator[str], is_data: bool) -> _Told:
    """Yield the secrets in a text file; a comment `auth0-mfa-lab: allow` allows its line, or the one below it."""
    for text in _windows(chain((Value((), piece, is_cut=True) for piece in pieces), [Value((), "")]), 2 * PIECE):
        lines = ["", *text.value.split("\n")]
        plain = re.sub(_PHRASE, r'\1"\2"', text.value) if is_data else text.value
        is_known = text.line > 1 and len(lines[1]) < _OVERLAP  # its first line, from the window before it
        for leak in _leaks(plain, _SENT if is_data else _PROSE, is_cut=text.is_cut):
            line = leak.line or 1
            is_allowed = re.search(_ALLOW, lines[line]) or re.match(_A_COMMENT, lines[line - 1])
            if not is_allowed and not (is_known and line == 1):
                yield text, leak


def _in_document(kind: str | None, pieces: Iterator[str], _: bool) -> _Told:
    """Yield the secrets in a notebook or a HAR; a comment in a cell's source allows the cell. ValueError for others."""
    root, form = ("cells", list) if kind == "notebook" else ("log", tuple)
    batch: list[_Text] = []
    size, is_one = 0, False
    for text in _windows(values_of(pieces)):
        if not is_one:
            whole = text.value if text.path == () and isinstance(text.value, tuple) else ()
            members = (*whole, ("".join(map(str, text.path)), text.value))
            is_one = any(name == root and isinstance(each, form) for name, each in members)
        for each, leak in _walked(kind, text):
            if leak:
                yield each, leak
            else:
                batch.append(each)
                size += len(each.value)
        if size > PIECE:
            yield from _in_batch(kind, batch)
            batch, size = [], 0
    yield from _in_batch(kind, batch)
    if not is_one:
        raise ValueError


def _in_batch(kind: str | None, batch: list[_Text]) -> _Told:
    """Yield the secrets in some texts, all looked at in one search."""
    for level in (_PROSE, _PRINTED, _SENT):
        texts = [each for each in batch if _level(kind, each.path) == level]
        joined = "\n\0\n".join(each.value.replace("\0", " ") for each in texts)
        for leak in _leaks(joined, level, is_cut=any(each.is_cut for each in texts[-1:])):
            yield texts[leak.text], leak._replace(line=leak.line and leak.line - (leak.text > 0))


def _windows(values: Iterable[Value], longest: int = LONGEST) -> Iterator[_Text]:
    """Join the pieces of each text; one that is too long to look at in one go comes in parts that overlap."""
    held: list[str] = []
    size, line = 0, 1
    for path, value, is_cut in values:
        if not isinstance(value, str) or not (is_cut or held):
            yield _Text(path, value)
            continue
        held.append(value)
        size += len(value) * (1 if value.isascii() else 4)
        if is_cut and size < longest:
            continue
        text, held, size = "".join(held), [], 0
        end = _between(text, len(text)) if is_cut else len(text)
        yield _Text(path, text[:end], line, is_cut)
        if is_cut:
            start = _between(text, end - _OVERLAP)
            line += text.count("\n", 0, start)
            held, size = [text[start:]], len(text) - start
        else:
            line = 1


def _between(text: str, at: int) -> int:
    """Return a place shortly before this one where no secret is cut, and of base64 no four characters."""
    for signs in ("\n", " \"'<>&,;"):
        if place := max(text.rfind(sign, max(0, at - _OVERLAP // 2), at) for sign in signs) + 1:
            return place
    return at - (at - len(text[:at].rstrip(_BASE64_SIGNS))) % 4


def _walked(kind: str | None, text: _Text) -> Iterator[tuple[_Text, _Leak | None]]:
    """Yield the texts in a JSON value that may hold a secret, and the secrets that the name of a field tells."""
    todo: list[tuple[Path, Any]] = [(text.path, text.value)]
    while todo:
        path, each = todo.pop()
        if isinstance(each, tuple):
            todo += [((*path, key), inner) for key, inner in reversed(each) if _may_tell(key, inner)]
            yield from [(text, _Leak(_OURS, ""))] if path == ("log", "_auth0_mfa_lab") else ()
            yield from ((_Text((*path, key), key), None) for key, _ in each if len(key) > 15)
            values = [inner for key, inner in each if key in _VALUES] if len(each) > 1 else []
            labels = [inner for key, inner in each if key in _LABELS and isinstance(inner, str)] if values else []
            labels += ["password"] if ("_model_name", "PasswordModel") in each else []
            fields = [(label, inner) for label in labels for inner in values]
        elif isinstance(each, list):
            if each and all(isinstance(inner, str) for inner in each):
                todo.append((path, "".join(each)))
                each = each if any(inner[-1:] != "\n" for inner in each[:-1]) else []
            todo += [((*path, number), inner) for number, inner in reversed([*enumerate(each)])]
            continue
        else:
            fields = [(next((step for step in reversed(path) if isinstance(step, str)), ""), each)]
        level = _level(kind, path)
        if level == _PROSE and isinstance(each, str):
            yield from [(text._replace(path=path), _Leak(_ALLOWED, ""))] if re.search(_ALLOW, each) else ()
        elif level != _PROSE or path[3:]:
            for label, inner in fields:
                for title in titles_of(label) if isinstance(inner, str | int) else ():
                    is_form = isinstance(inner, str) or title in CODES[:2]
                    if is_form and (found := _judged(title, str(inner), max(level, _FIELD))):
                        yield _Text(path, ""), _Leak(found, str(inner))
        if isinstance(each, str):
            inner = parsed(each, tuple) if level != _PROSE and each.lstrip()[:1] in ("{", "[") else None
            if isinstance(inner, tuple | list):
                todo.append((path, inner))
            elif len(each) > 7:
                yield text._replace(path=path, value=each), None


def _may_tell(name: str, value: Any) -> bool:
    """Say whether there is anything to look at in a field."""
    return (bool(value) if isinstance(value, tuple | list) else isinstance(value, str) and len(value) > 7) or bool(
        titles_of(name)
    )


# -- one text


def _leaks(text: str, level: int, *, is_cut: bool = False, depth: int = 0) -> Iterator[_Leak]:
    """Yield the secrets in texts that a NUL divides, each with its text and its line there.

    `level` says where they stand: see `_judged`. With `is_cut`, the last of them goes on.
    """
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text) if "\x1b" in text else text  # the colours of a terminal
    for _ in range(NESTINGS):
        before = plain
        for sign in "\\&":
            plain = re.sub(ESCAPES[sign], _unescaped, plain) if sign in plain else plain
        if "%" in plain:
            found, plain = _of_forms(plain, level)
            yield from found
            plain = re.sub(ESCAPES["%"], _unescaped, plain)
        if plain == before:
            break
    plain = re.sub(_TICKET_URI, lambda uri: "" if is_an_examples(uri[0]) else uri[0], plain)
    lower = plain.replace("\u0130", "i").lower()  # the one letter that would change the length
    taken = bytearray(len(plain))
    spot = _spots(plain)
    for title, start, end, at, quoted in (*_named(plain, lower, level), *_shaped(plain, lower)):
        kind = None if taken.find(1, start, end) >= 0 else _judged(title, plain[start:end], at, quoted=quoted)
        if kind:
            taken[start:end] = b"\1" * (end - start)
            yield _Leak(kind, plain[start:end], *spot(start))
    for start, content, hidden in _inside(plain, taken, is_cut) if depth < NESTINGS else ():
        if hidden == _UNREAD:
            yield _Leak(_UNREAD, content, *spot(start))
            continue
        for leak in _leaks(content.replace("\0", " "), _SENT if hidden == "QR picture" else level, depth=depth + 1):
            number, line = spot(start)
            yield leak._replace(text=number, line=line, hidden=leak.hidden or hidden)


def _spots(text: str) -> Callable[[int], tuple[int, int]]:
    """Return what says in which of some texts a place is, and in which line of it."""

    @cache
    def ends(sign: str) -> list[int]:
        return [each.end() for each in re.finditer(sign, text)]

    def spot(place: int) -> tuple[int, int]:
        number = bisect_right(ends("\0"), place)
        begin = ends("\0")[number - 1] if number else 0
        return number, bisect_right(ends("\n"), place) - bisect_right(ends("\n"), begin) + 1

    return spot


def _of_forms(text: str, level: int) -> tuple[list[_Leak], str]:
    """Return the secrets in forms and queries that need decoding, and the text without them.

    A form is split first and decoded then: a value may hold what divides the pairs.
    """
    found: list[_Leak] = []
    spot = _spots(text)

    def split(pair: re.Match[str]) -> str:
        value = unquote_plus(pair[2])
        kind = next(filter(None, (_judged(title, value, level) for title in titles_of(pair[1]))), None)
        found.extend([_Leak(kind, value, *spot(pair.start()))] if kind else [])
        return f"{pair[1]}=" if kind else pair[0]

    return found, re.sub(_FORM, split, text)


def _unescaped(escape: re.Match[str]) -> str:
    return _without_control(escape[0])


@lru_cache(maxsize=4096)
def _without_control(escape: str) -> str:
    return re.sub(_CONTROL, " ", character(escape))


# What a secret would be called, where it begins and ends, and how `_judged` is to look at it: its level, and `quoted`.
_Candidate = tuple[str, int, int, int, bool]


def _named(text: str, lower: str, level: int) -> Iterator[_Candidate]:
    """Yield what stands beside the name of a secret."""
    for word in _WORD.finditer(lower):
        end = word.end()
        beside = _BESIDE.match(text, end)
        if text[end : end + 1] in {'"', "'", "\n", "\r"} and _LABEL.search(text[max(0, word.start() - 90) : end]):
            beside = _of_record(text, word) or beside
        before = text[max(0, word.start() - 60) : end]
        if not beside and "--" in before and _FLAG.search(before):
            beside = _OF_FLAG.match(text, end)
        name = _NAME.search(before) if beside else None
        if not beside or not name:
            continue
        group = beside.lastgroup or ""
        start, end = beside.span(group)
        bare, sets = group == "bare", level and beside["sign"].startswith("=")
        end = start + len(text[start:end].rstrip(".:!?")) if bare else end
        for title in titles_of(name[0]) or titles_of(name[0].rpartition(" ")[2]):
            # Of `code`s there are many: exit codes, error codes, arguments; after `password:` comes prose, too.
            if title == "passwordless code" and not (sets if bare else level or beside["after"]):
                continue
            is_password = title == "password" and bare
            if not (is_password and re.match("[a-z]+ [a-z]", text[start : start + 100])):
                yield title, start, end, _PROSE if is_password and not sets else level, not bare


def _of_record(text: str, word: re.Match[str]) -> re.Match[str] | None:
    """Return the value that stands in another field of the record where this name is one, or in its part of a form."""
    if part := _PART.match(text, word.end()):
        return part
    start = max(text.rfind(sign, max(0, word.start() - 500), word.start()) for sign in "{<([\0") + 1
    ends = (text.find(sign, word.end(), word.end() + 500) for sign in "}>)]\0")
    end = min((end for end in ends if end >= 0), default=min(len(text), word.end() + 500))
    return _VALUED.search(text, word.end(), end) or _VALUED.search(text, max(start, word.start() - 500), word.start())


def _shaped(text: str, lower: str) -> Iterator[_Candidate]:
    """Yield what may be secret by its shape alone."""
    for title, sign, pattern in _SHAPES:
        for match in re.finditer(pattern, text) if sign in lower else ():
            start, end = match.span(match.lastindex or 0) if title != "private key" else match.span()
            # In a tag it is a drawing's path, a style or an id.
            if title == "recovery code" and re.search(r"<[A-Za-z][^<>\0]*\Z", text[max(0, start - 5000) : start]):
                continue
            is_bearer = title == _SEALED and re.search(r"bearer\s{1,8}\Z", lower[max(0, start - 16) : start])
            yield "mfa_token" if is_bearer else title, start, end, _PROSE, True


def _inside(text: str, taken: bytearray, is_cut: bool) -> Iterator[tuple[int, str, str]]:
    """Yield what is inside of base64 and of drawings: where it stands, the text, and what hid it."""
    for drawing in re.finditer(rf"(?:{_ROW})+", text):
        yield from ((drawing.start(), code, "QR picture") for code in codes_in(pixels_of_svg(drawing[0])))
    runs = [match for pattern in _RUNS for match in re.finditer(pattern, text)]
    for run in (run for run in runs if taken.find(1, *run.span()) < 0):
        try:
            content = from_base64("".join(run[0].split()))
        except ValueError:
            continue
        if re.match(_PICTURES, content):
            try:
                is_whole = not is_cut or run.end() < len(text)
                yield from ((run.start(), code, "QR picture") for code in codes_in(content))
            except OverflowError:
                is_whole = False
            yield from () if is_whole else [(run.start(), "a picture is too large to be read", _UNREAD)]
            continue
        # A text that was cut may begin and end within a character.
        hidden = codecs.getincrementaldecoder("utf-8")("replace").decode(re.sub(rb"\A[\x80-\xbf]{1,3}", b"", content))
        if len(hidden) >= 8 and "\ufffd" not in hidden and (len(hidden) > 200 or "".join(hidden.split()).isprintable()):
            yield run.start(), hidden, "base64"


# -- one value


def _judged(title: str, value: str, level: int, *, quoted: bool = True) -> str | None:
    """Return the kind of a value beside a name of this kind; None for a stand-in, a word, or a reference to one.

    In a field, in settings and in a request a value is a value; in what was printed it must look like one, and more so
    in code and prose, if it is not `quoted`.
    """
    if re.search(_PLACEHOLDER, value[:200] + value[200:][-20:]) or is_stand_in(value):
        return None
    if value.startswith("Fe26."):  # what is sealed has more parts, or one that was drawn
        return title if value.count("*") > 2 or looks_random(value.partition("*")[2]) else None
    if is_jwt(value):
        return "JWT" if claims_of(value, part=0) else None
    if title == "Basic header":  # a name and a password, and no stand-in for them
        try:
            name, _, password = unquote(from_base64(value).decode()).partition(":")
        except ValueError:
            return None
        is_pair = name and f"{name}{password}".isprintable()
        return title if is_pair and _judged("client secret", password, _SENT) else None
    is_drawn = value[:1] != "/" and (looks_random(value) or re.fullmatch(_RECOVERY, value) is not None)
    certain = level >= _FIELD or is_drawn
    if title == "password" and not is_drawn:
        is_reference = not quoted and re.fullmatch(_REFERENCE, value) and (level == _PROSE or "." in value)
        is_word = level < _SENT and re.fullmatch(rf"{_WORDS}|/.*|\w+://.*", value)
        is_likely = level or (len(value) >= 8 and not re.search(_NO_PASSWORD, value))
        certain = bool(is_likely) and not (is_reference and level < _SENT) and not is_word
    elif title == "TOTP secret":
        certain = len(set(value)) > 4 and (bool(level) or re.search("[2-7]", value) is not None)
    elif title in CODES:
        certain = bool(level) or value not in "01234567890123456789 98765432109876543210"
    return title if title == "private key" or (certain and looks_like(title, value)) else None


def is_an_examples(uri: str) -> bool:
    """Say whether a ticket is no secret: each host that its URI names is an example's, or it is the sandbox's own."""
    text = unquote(uri)
    hosts = re.findall(r"https?://(?:[^\s&/@]*@)?([^\s&/?#:]*)", text)
    hosts += re.findall(r"^otpauth://totp/([^:?]*\.[^:?]*):", text)  # a tenant's domain of its own
    is_sandboxes = re.match(r"otpauth://totp/sandbox:\w+@example\.com\?", text)
    return bool(hosts or is_sandboxes) and all(each.endswith(".example") for each in hosts)


# -- pictures


@lru_cache(maxsize=64)
def codes_in(picture: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture, none for what is no picture; OverflowError for one too large."""
    # Only here: most of what is scanned has no pictures.
    import zxingcpp
    from PIL import Image

    try:
        opened = Image.open(io.BytesIO(picture))
        is_large = opened.width * opened.height > _PIXELS
        read = opened.convert("LA" if opened.has_transparency_data else "L") if not is_large else opened
    except Image.DecompressionBombError:
        raise OverflowError from None
    except Exception:  # whatever a broken file makes of Pillow's readers
        return ()
    if is_large:
        raise OverflowError
    found: list[str] = []
    for ground in (255, 0) if read.mode == "LA" else (255,):  # what is transparent takes the page's colour
        page = Image.new("L", read.size, ground)
        page.paste(read.getchannel(0), mask=read.getchannel(1) if read.mode == "LA" else None)
        found += [str(code.text) for code in zxingcpp.read_barcodes(page)]
    return tuple(dict.fromkeys(found))


def pixels_of_svg(svg: str) -> bytes:
    """Return the PNG of a QR that the lab drew; empty for others."""
    rows = re.findall(_ROW, svg)
    if not rows:
        return b""
    from PIL import Image

    side, buffer = int(rows[-1][0]) + 5, io.BytesIO()  # with the quiet zone below it
    page = Image.new("L", (side, side), 255)
    for row, strokes in rows:
        x = 0
        for gap, wide in re.findall(r"m(\d+) 0h(\d+)", strokes):
            page.paste(0, (x + int(gap), int(row), x + int(gap) + int(wide), int(row) + 1))
            x += int(gap) + int(wide)
    page.resize((4 * side, 4 * side), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
