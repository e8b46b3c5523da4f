"""Finds secrets in notebooks, HAR recordings and env files: by name and by shape, encoded, and in pictures of QRs."""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, lru_cache
from itertools import chain
from pathlib import PurePath
from typing import Any, BinaryIO, Literal, NamedTuple
from urllib.parse import unquote_plus

from auth0_mfa_lab.secrets.aliases import ESCAPES, character
from auth0_mfa_lab.secrets.claims import from_base64, parsed
from auth0_mfa_lab.secrets.kinds import (
    CODES,
    FIELD,
    LAST_WORD,
    PRINTED,
    PROSE,
    SEALED,
    SENT,
    SHAPES,
    TICKET_URI,
    is_an_examples,
    judged,
    titles_of,
)
from auth0_mfa_lab.secrets.pictures import DRAWING, PICTURES, codes_in, pixels_of_svg
from auth0_mfa_lab.secrets.reading import PIECE, Path, Value, pieces_of, values_of

_NESTINGS = 4
_LONGEST = 2**23  # bytes of a text that is looked at in one go; a longer one is cut, with an overlap
_OVERLAP = 2**15
_UNREAD, _ALLOWED, _OURS = "unread", "allowed", "ours"  # what is no find, and is said of a place as one
_WORD = re.compile(rf"{LAST_WORD}(?=[\s\"'`\])*<:=|])")
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
_OF_MARKUP = re.compile(r"(?i)(?:<(?:[a-z][^<>\0]*|style\b[^<\0]*)|;base64,[a-z0-9+/=]*)\Z")
_CONTROL = "[\\x00-\\x1f\x85\u2028\u2029]"
_RUN = r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}"  # of base64
_RUN_IN_LINES = r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{60,}+[ \n])+[A-Za-z0-9+/_-]{2,}+={0,2}"
_MANY, _PLAIN = (tuple, list), (str, int)  # of JSON
_WITHIN = bytes(range(0x80, 0xC0))  # a character in UTF-8
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"


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
    """The finds of one file, whether all of it was read, and a note where it was not read as its kind."""

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
    """A text of a document: where it stands, the line it begins in (from 1), and its level."""

    path: Path
    value: Any
    line: int = 1
    level: int = PRINTED


_Told = Iterator[tuple[_Text, _Leak]]


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
    kind, note = file_kind(name), ""
    if kind != "env file":
        with suppress(ValueError):
            return _gathered(kind, _in_document(kind, pieces_of(file, progress)))
        note = f"it is no {kind} that can be read as one: its lines were"
    is_data = not re.search("example|sample|template", PurePath(name).name.lower())
    return _gathered(kind, _in_lines(pieces_of(file, progress), is_data), note)


def _gathered(kind: str | None, told: _Told, note: str = "") -> Scanned:
    """Return the secrets of a file, each once in its place, without those that are allowed."""
    finds: dict[tuple[str, int | None, int | None, str], str] = {}
    said: dict[str, set[Any]] = {_OURS: set(), _ALLOWED: set(), _UNREAD: set()}
    try:
        for text, leak in told:
            cell, where, has_lines = _place(kind, text.path)
            line = text.line + (leak.line or 1) - 1 if has_lines else None
            spot = ", ".join(filter(None, (where, leak.hidden))), cell, line, leak.value
            if leak.kind in said:
                said[leak.kind].add(leak.value or cell)
            elif finds.get(spot, SEALED) == SEALED:
                finds[spot] = leak.kind  # under the kind that says most
    except UnicodeError as problem:
        said[_UNREAD].add(str(problem))
    found = [
        Find(title, len(value), where, cell, line)
        for (where, cell, line, value), title in finds.items()
        # What the lab recorded has stand-ins. They say so of themselves; codes are too short for that.
        if not (said[_OURS] and title in CODES) and (cell is None or cell not in said[_ALLOWED])
    ]
    found.sort(key=lambda find: (find.cell or 2**60, find.line or 2**60))
    return Scanned(tuple(found), not said[_UNREAD], "; ".join(filter(None, [*sorted(said[_UNREAD]), note])) or None)


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


# -- the texts of a file


def _in_lines(pieces: Iterator[str], is_data: bool) -> _Told:
    """Yield the secrets in a text file; a comment `auth0-mfa-lab: allow` allows its line, or the one below it."""
    for text in _windows(chain((Value((), piece, is_cut=True) for piece in pieces), [Value((), "")]), 2 * PIECE):
        has_phrases = is_data and "password" in text.value.lower()
        plain = re.sub(_PHRASE, r'\1"\2"', text.value) if has_phrases else text.value
        lines: list[str] = []
        for leak in _leaks(plain, SENT if is_data else PROSE):
            lines = lines or ["", *text.value.split("\n")]
            line = leak.line or 1
            is_known = text.line > 1 and line == 1 and len(lines[1]) < _OVERLAP  # from the window before it
            is_allowed = re.search(_ALLOW, lines[line]) or re.match(_A_COMMENT, lines[line - 1])
            if not is_allowed and not is_known:
                yield text, leak


def _in_document(kind: str | None, pieces: Iterator[str]) -> _Told:
    """Yield the secrets in a notebook or a HAR; a comment in a cell's source allows the cell. ValueError for others."""
    root, form = ("cells", list) if kind == "notebook" else ("log", tuple)
    batch: list[_Text] = []
    size, is_one = 0, False
    for text in _windows(values_of(pieces)):
        if not is_one and text.path in ((), (root,)):
            members = ((root, text.value),) if text.path else text.value
            is_one = isinstance(members, tuple) and any(
                name == root and isinstance(each, form) for name, each in members
            )
        for each, leak in _walked(kind, text):
            if leak:
                yield each, leak
            else:
                batch.append(each)
                size += len(each.value)
        if size > PIECE:
            yield from _in_batch(batch)
            batch, size = [], 0
    yield from _in_batch(batch)
    if not is_one:
        raise ValueError


def _in_batch(batch: list[_Text]) -> _Told:
    """Yield the secrets in some texts, all looked at in one search."""
    for level in (PROSE, PRINTED, SENT):
        texts = [each for each in batch if each.level == level]
        joined = "\n\0\n".join([each.value.replace("\0", " ") for each in texts])
        for leak in _leaks(joined, level):
            yield texts[leak.text], leak._replace(line=leak.line and leak.line - (leak.text > 0))


def _windows(values: Iterable[Value], longest: int = _LONGEST) -> Iterator[_Text]:
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
        yield _Text(path, text[:end], line)
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
    return at - (at - len(text[:at].rstrip(_BASE64))) % 4


def _walked(kind: str | None, text: _Text) -> Iterator[tuple[_Text, _Leak | None]]:
    """Yield the texts in a JSON value that may hold a secret, and the secrets that the name of a field tells."""
    name = next((step for step in reversed(text.path) if isinstance(step, str)), "")
    todo: list[tuple[Path, str, Any]] = [(text.path, name, text.value)]
    while todo:
        path, name, each = todo.pop()
        if isinstance(each, list):
            with suppress(TypeError):  # texts are the lines of one, or by themselves
                todo.append((path, name, "".join(each)))
                each = each if any(inner[-1:] != "\n" for inner in each[:-1]) else []
            todo += [((*path, number), name, inner) for number, inner in reversed([*enumerate(each)])]
            continue
        is_sent, is_source = path[3:4] == ("request",), path[2:] == ("source",)
        level = SENT if is_sent and kind == "HAR" else PROSE if is_source and kind == "notebook" else PRINTED
        fields = [(name, each)]
        if isinstance(each, tuple):
            yield from [(text, _Leak(_OURS, ""))] if path == ("log", "_auth0_mfa_lab") else ()
            yield from [(_Text((*path, key), key), None) for key, _ in each if len(key) > 15]
            fields = [*_of_members(each)] if len(each) > 1 else []
            todo += [((*path, key), key, inner) for key, inner in reversed(each) if _may_tell(key, inner)]
        elif isinstance(each, str):
            if level == PROSE and re.search(_ALLOW, each):
                yield _Text(path, ""), _Leak(_ALLOWED, "")
            inner = parsed(each, tuple) if level != PROSE and each.lstrip()[:1] in ("{", "[") else None
            if isinstance(inner, _MANY):
                todo.append((path, name, inner))
            elif len(each) > 7:
                yield _Text(path, each, text.line, level), None
        for label, inner in fields if level != PROSE else ():
            for title in titles_of(label) if isinstance(inner, _PLAIN) else ():
                is_form = isinstance(inner, str) or title in CODES[:2]
                if is_form and (found := judged(title, str(inner), max(level, FIELD))):
                    yield _Text(path, ""), _Leak(found, str(inner))


def _of_members(members: tuple[tuple[str, Any], ...]) -> Iterator[tuple[str, Any]]:
    """Yield the names and the values that stand in two fields of one record."""
    values = [inner for key, inner in members if key in _VALUES]
    labels = [inner for key, inner in members if key in _LABELS and isinstance(inner, str)] if values else []
    labels += ["password"] if values and ("_model_name", "PasswordModel") in members else []
    yield from ((label, inner) for label in labels for inner in values)


def _may_tell(name: str, value: Any) -> bool:
    """Say whether there is anything to look at in a field."""
    least = 7 if isinstance(value, str) else 0 if isinstance(value, _MANY) else None
    return (least is not None and len(value) > least) or bool(titles_of(name))


# -- one text


def _leaks(text: str, level: int, depth: int = 0) -> Iterator[_Leak]:
    """Yield the secrets in texts that a NUL divides, each with its text and its line there.

    `level` says where they stand: see `judged`.
    """
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text) if "\x1b" in text else text  # the colours of a terminal
    for _ in range(_NESTINGS):
        before = plain
        for sign in (each for each in "\\&%" if each in plain):
            if sign == "%":
                found, plain = _of_forms(plain, level)
                yield from found
            plain = re.sub(ESCAPES[sign], lambda escape: _unescaped(escape[0]), plain)
        if plain == before:
            break
    if "ticket" in plain or "otpauth" in plain or "_tx_id" in plain:
        plain = re.sub(TICKET_URI, lambda uri: "" if is_an_examples(uri[0]) else uri[0], plain)
    lower = plain.replace("\u0130", "i").lower()  # the one letter that would change the length
    taken = bytearray(len(plain))
    spot = _spots(plain)
    for title, start, end, at, quoted in (*_named(plain, lower, level), *_shaped(plain, lower)):
        if kind := judged(title, plain[start:end], at, quoted=quoted):
            taken[start:end] = b"\1" * (end - start)
            yield _Leak(kind, plain[start:end], *spot(start))
    for start, content, hidden in _inside(plain, taken) if depth < _NESTINGS else ():
        if hidden == _UNREAD:
            yield _Leak(_UNREAD, content, *spot(start))
            continue
        for leak in _leaks(content.replace("\0", " "), SENT if hidden == "QR picture" else level, depth + 1):
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
        kind = next(filter(None, (judged(title, value, level) for title in titles_of(pair[1]))), None)
        found.extend([_Leak(kind, value, *spot(pair.start()))] if kind else [])
        return f"{pair[1]}=" if kind else pair[0]

    return found, re.sub(_FORM, split, text)


@lru_cache(maxsize=4096)
def _unescaped(escape: str) -> str:
    return re.sub(_CONTROL, " ", character(escape))


# What a secret would be called, where it begins and ends, and how `judged` is to look at it: its level, and `quoted`.
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
                yield title, start, end, PROSE if is_password and not sets else level, not bare


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
    for title, _, sign, pattern in SHAPES:
        for match in re.finditer(pattern, text) if sign in lower else ():
            start, end = match.span(match.lastindex or 0)
            # In a tag it is a drawing's path, a style or an id; a font or a picture is in base64.
            begins = (text.rfind(each, max(0, start - 5000), start) for each in ("<", ";base64,"))
            if title == "recovery code" and any(at >= 0 and _OF_MARKUP.match(text, at, start) for at in begins):
                continue
            is_bearer = title == SEALED and re.search(r"bearer\s{1,8}\Z", lower[max(0, start - 16) : start])
            yield "mfa_token" if is_bearer else title, start, end, PROSE, True


def _inside(text: str, taken: bytearray) -> Iterator[tuple[int, str, str]]:
    """Yield what is inside of base64 and of drawings: where it stands, the text, and what hid it."""
    for drawing in re.finditer(DRAWING, text):
        yield from ((drawing.start(), code, "QR picture") for code in codes_in(pixels_of_svg(drawing[0])))
    runs = [*re.finditer(_RUN, text)]
    in_lines = re.finditer(_RUN_IN_LINES, text) if any(run.end() - run.start() > 59 for run in runs) else ()
    for run in (run for run in (*in_lines, *runs) if taken.find(1, *run.span()) < 0):
        try:
            content = from_base64("".join(run[0].split()))
        except ValueError:
            continue
        if re.match(PICTURES, content):
            taken[run.start() : run.end()] = b"\1" * len(run[0])  # a line of it is no picture
            try:
                yield from ((run.start(), code, "QR picture") for code in codes_in(content))
            except ValueError as problem:
                yield run.start(), str(problem), _UNREAD
            continue
        # A text that was cut may begin and end within a character.
        hidden = content.lstrip(_WITHIN).decode("utf-8", "replace").rstrip("\ufffd")
        if len(hidden) >= 8 and "\ufffd" not in hidden and (len(hidden) > 200 or "".join(hidden.split()).isprintable()):
            yield run.start(), hidden, "base64"
