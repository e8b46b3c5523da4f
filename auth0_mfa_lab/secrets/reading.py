"""Reads a file of any size in pieces: its text, and its JSON value by value; memory does not follow the length."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

PIECE = 2**20
"""So many characters are read at once; a JSON value that is no longer is decoded whole."""
_DEEPEST = 60  # longer values within longer values
_INSIDE = re.compile(r'(?:[^"\\]|\\[^u]|\\u[0-9A-Fa-f]{4})*+')  # of a string in JSON
_BLANKS = re.compile(r"[ \n\t]*")
_decoder = json.JSONDecoder(object_pairs_hook=tuple, strict=False)

Path = tuple[str | int, ...]
"""The names and the numbers (from 0) that lead to a value."""


class Value(NamedTuple):
    """A value of a document: an object is a tuple of pairs; what is too long for a piece comes as its members.

    With `is_cut`, it is a piece of a text, and the next value is the piece that follows.
    """

    path: Path
    value: Any
    is_cut: bool = False


def pieces_of(file: BinaryIO, progress: Callable[[int], object] = int) -> Iterator[str]:
    """Yield the text of a file, its lines ended by a newline each; UnicodeError for an encoding that is not known.

    `progress` is told how many bytes have been read.
    """
    file.seek(0)
    head = file.read(2**16)
    file.seek(0)
    encoding = json.detect_encoding(head)
    if not head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):  # no byte order mark
        low, high = head[::2].count(0), head[1::2].count(0)
        if 4 * max(low, high) > len(head) // 2 and not encoding.startswith("utf-32"):
            encoding = "utf-16-le" if high > low else "utf-16-be"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), translate=True)
    for raw in chain(iter(lambda: file.read(PIECE), b""), [b""]):
        piece = decoder.decode(raw, final=not raw)
        if "\0" in piece or 5 * piece.count("\ufffd") > len(piece) > 40:
            raise UnicodeError("it is in no encoding that is known here")
        yield from [piece] if piece else []
        progress(file.tell())


def values_of(pieces: Iterator[str]) -> Iterator[Value]:
    """Yield the values of a JSON document with their paths; ValueError where it is none.

    A list or an object that is too long comes first as an empty one, then its members, and the short members of such an
    object once more in one object. The texts of such a list are pieces of one text: nbformat splits texts into lines.
    """
    buffer, at = "", 0

    def filled() -> bool:
        nonlocal buffer, at
        if piece := next(pieces, ""):
            buffer, at = buffer[at:] + piece, 0
        return piece != ""

    def sign() -> str:
        """Return the next character that is no blank, and stay before it; "" at the end."""
        nonlocal at
        while True:
            at = _end(_BLANKS, buffer, at)
            if at < len(buffer) or not filled():
                return buffer[at : at + 1]

    def take(signs: str) -> str:
        nonlocal at
        if (found := sign()) not in signs or not found:
            raise ValueError
        at += 1
        return found

    def short(path: Path) -> Value | None:
        """Return the next value, or None for one that is longer than a piece."""
        nonlocal at
        sign()
        while True:
            try:
                each, end = _decoder.raw_decode(buffer, at)
            except (ValueError, RecursionError):
                each, end = None, 0
            may_go_on = not end or (end > len(buffer) - 3 and buffer[end - 1] not in '"]}')  # 1, 1. and 1.5
            if may_go_on and len(buffer) - at > PIECE:
                return None
            if not may_go_on or not filled():
                if not end:
                    raise ValueError
                at = end
                return Value(path, each)

    def long(path: Path) -> Iterator[Value]:
        nonlocal at
        if len(path) > _DEEPEST:
            raise ValueError
        if sign() == '"':
            yield from text(path)
            return
        opened = take("[{")
        yield Value(path, [] if opened == "[" else ())
        beside: list[tuple[str, Any]] = []
        number, is_text, end = 0, False, "]" if opened == "[" else "}"
        if sign() == end:
            at += 1
            return
        while True:
            step: str | int = number
            if end == "}":
                named = short(path)
                take(":")
                if named is None or not isinstance(named.value, str):
                    raise ValueError
                step = named.value
            was_text, is_text = is_text, end == "]" and sign() == '"'
            yield from [Value(path, "")] if was_text and not is_text else ()
            each = short((*path, step))
            found = iter([each]) if each else long((*path, step))
            yield from (Value(path, piece.value, is_cut=True) for piece in found) if is_text else found
            if end == "}" and each and isinstance(each.value, str | int) and len(beside) < 99:
                beside += [(str(step), each.value)] if len(str(each.value)) < 9_999 else []
            number += 1
            if take(f",{end}") == end:
                yield Value(path, "" if is_text else tuple(beside))
                return

    def text(path: Path) -> Iterator[Value]:
        nonlocal at
        take('"')
        is_cut = True
        while is_cut:
            last = 0 if not filled() else 6  # an escape may go on behind the buffer
            end = _end(_INSIDE, buffer, at, max(at, len(buffer) - last))
            is_cut = buffer[end : end + 1] != '"'
            if is_cut and (not last or end < len(buffer) - 12):
                raise ValueError
            yield Value(path, json.loads(f'"{buffer[at:end]}"', strict=False), is_cut)
            at = end + (not is_cut)

    value = short(())
    yield from [value] if value else long(())
    if sign():
        raise ValueError


def _end(pattern: re.Pattern[str], text: str, at: int, limit: int = sys.maxsize) -> int:
    """Return where what a pattern matches at a place ends."""
    match = pattern.match(text, at, limit)
    return match.end() if match else at
