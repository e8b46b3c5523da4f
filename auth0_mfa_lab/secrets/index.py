"""Where known secrets stand in a text: as they are, and in what decoding the text brings out.

The secrets are kept as they are. A text is decoded only where it has something to decode, each encoding is a branch of
its own, and each position is mapped back: `p%41"q`, in JSON, stands in the branch of JSON alone.
"""

from __future__ import annotations

import base64
import html
import re
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from auth0_mfa_lab.secrets.aliases import Alias

DEEPEST = 3
"""So often may a secret be encoded."""

# A value of at least `size + step - 1` characters has a piece of this size at a multiple of `step`, wherever it begins.
_SAMPLES = ((8, 8), (4, 4), (4, 1))
_HEAD = 4
# Fewer characters of base64 stand inside too much else; shorter runs are not decoded.
_LEAST_OF_BASE64 = 6
_LEAST_RUN = 12
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{_LEAST_RUN},}}")
_STANDARD = str.maketrans("-_", "+/")
_GAP = "AAAA"  # zero bits: what stands beside a run of base64 has no part in it
_SEGMENT = re.compile("[^\0]+")
_PADDING = re.compile("=*")
# What stands before and after a short value that is no part of a longer number, word or id.
_BEFORE = r"(?<![\w|+])(?<!\d\.)"
_AFTER = re.compile(r"(?![\w|])(?!\.\d)")
_SHORT_CODE = re.compile(r"\d{1,8}")

_NEXT = "%[89ABab][0-9A-Fa-f]"
_PERCENT = rf"%[0-7][0-9A-Fa-f]|%[CDcd][0-9A-Fa-f]{_NEXT}|%[Ee][0-9A-Fa-f](?:{_NEXT}){{2}}|%[Ff][0-7](?:{_NEXT}){{3}}"
ESCAPES = {
    "%": re.compile(_PERCENT),
    "+": re.compile(rf"\+|{_PERCENT}"),
    "\\": re.compile(
        r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}"
        r"|U00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}|[\"'/\\bfnrt])"
    ),
    "&": re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"),
}
"""What an escape is, by a character that each text with one has: percent, form, JSON and Python, HTML."""
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

Layer = tuple[str, Callable[[int, int], tuple[int, int] | None]]
"""A text once decoded, and where a stretch of it stood; None if another branch is the one to tell."""


class Find(NamedTuple):
    """A stretch of a text, and the alias under which it is shown."""

    start: int
    end: int
    alias: Alias


def is_short(value: str) -> bool:
    """Say whether a value is a code of up to 8 digits, or so short that it stands inside ordinary words."""
    return len(value) < _HEAD or _SHORT_CODE.fullmatch(value) is not None


class Index:
    """From secrets to their aliases; it shows none of them.

    The cost of a search follows the text, not the number of secrets: a text is looked at in samples.
    """

    def __init__(self, shown_in: Callable[[str], Sequence[tuple[int, int]]]) -> None:
        """Begin with no secret; `shown_in` tells which stretches of a text are aliases already."""
        self._shown_in = shown_in
        self._of: dict[str, Alias] = {}
        self._lengths: dict[str, set[int]] = {}
        # From a piece of a secret to how far behind its beginning the piece stands, for each size of samples.
        self._pieces: tuple[dict[str, set[int]], ...] = tuple({} for _ in _SAMPLES)
        self._alone: dict[str, Alias] = {}
        self._alone_lengths: set[int] = set()
        self._alone_begins: set[str] = set()
        self._alone_pattern: re.Pattern[str] | None = None
        self._has_blanks = False

    def add(self, value: str, alias: Alias, *, alone: bool = False) -> None:
        """File a secret; the first that has a value keeps it. One that is `alone` counts as a word of its own."""
        lines = value.splitlines()
        joined = [end.join(lines) for end in ("\n", "\r\n", "", " ")] if lines != [value] else []
        for text in dict.fromkeys((value, *joined)):
            if text.strip():  # blanks hide nothing, and stand in every text
                self._has_blanks = self._has_blanks or " " in text
                for form in _forms(text):
                    (self._add_alone if alone or is_short(text) else self._add_anywhere)(form, alias)

    def finds(self, texts: Sequence[str]) -> list[list[Find]]:
        """Return where secrets stand in each of some texts, in their order; overlapping ones are one stretch."""
        # One search of all: a call for each of a dozen headers would cost more than the search itself.
        begins = [0, *accumulate(len(each) + 1 for each in texts)]
        inside: list[list[Find]] = [[] for _ in texts]
        for start, end, alias in self._found("\0".join(texts), DEEPEST, {}):
            place = bisect_right(begins, start) - 1
            begin = begins[place]
            inside[place].append(Find(start - begin, min(end - begin, len(texts[place])), alias))
        return [merged(each) for each in inside]

    def _found(self, text: str, depth: int, memo: dict[tuple[int, str], list[Find]]) -> list[Find]:
        """Find every secret in a text, and in what decoding it brings out; two branches often come to the same."""
        if (found := memo.get((depth, text))) is None:
            found = memo[depth, text] = self._as_it_is(text)
            layers = _layers(text, merged(found), plus=self._has_blanks, heads=self._lengths) if depth else ()
            for decoded, span in layers:
                for start, end, alias in self._found(decoded, depth - 1, memo):
                    if stretch := span(start, end):
                        found.append(Find(*stretch, alias))
        return found

    def _as_it_is(self, text: str) -> list[Find]:
        """Find every secret in a text that is not decoded, overlapping ones too."""
        starts: set[int] = set()
        for (size, step), pieces in zip(_SAMPLES, self._pieces, strict=True):
            places = range(0, len(text) - size + 1, step) if pieces else ()
            for at in [at for at in places if text[at : at + size] in pieces]:
                starts.update(at - offset for offset in pieces[text[at : at + size]] if at >= offset)
        found: list[Find] = []
        for start in starts:
            for length in sorted(self._lengths.get(text[start : start + _HEAD], ()), reverse=True):
                value = text[start : start + length]  # shorter at the end
                if alias := self._of.get(value):
                    found.append(Find(start, start + len(value), alias))
                    break
        shown = self._shown_in(text) if "<" in text else ()
        for begin, end in shown:
            found = [
                each for each in found if not begin <= each.start < end or (each.start == begin and each.end > end)
            ]
        return found + (list(self._standing_alone(text, [*found, *shown])) if self._alone_pattern else [])

    def _standing_alone(self, text: str, taken: Sequence[tuple[int, int] | Find]) -> Iterator[Find]:
        """Find short values that are no part of a word; a secret beside them is no part of one."""
        for start, end, *_ in taken:
            text = text[:start] + "\0" * (end - start) + text[end:]
        for match in self._alone_pattern.finditer(text) if self._alone_pattern else ():
            start = match.start()
            for length in self._alone_lengths:
                value = text[start : start + length]
                alias = self._alone.get(value)
                if alias and _AFTER.match(text, start + len(value)):
                    yield Find(start, start + len(value), alias)

    def _add_anywhere(self, text: str, alias: Alias) -> None:
        if text in self._of:
            return
        place = next(place for place, (size, step) in enumerate(_SAMPLES) if len(text) >= size + step - 1)
        size, step = _SAMPLES[place]
        for offset in range(step):
            self._pieces[place].setdefault(text[offset : offset + size], set()).add(offset)
        self._lengths.setdefault(text[:_HEAD], set()).add(len(text))
        self._of[text] = alias

    def _add_alone(self, text: str, alias: Alias) -> None:
        self._alone.setdefault(text, alias)
        self._alone_lengths.add(len(text))
        if text[0] not in self._alone_begins:
            # All digits at once: one pattern serves all codes.
            self._alone_begins.update("0123456789", text[0])
            self._alone_pattern = re.compile(f"{_BEFORE}[{re.escape(''.join(sorted(self._alone_begins)))}]")

    def __repr__(self) -> str:
        return f"<an index of {len(self._of) + len(self._alone)} spellings>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("An index of secrets is not pickled or copied.")


def merged(finds: Iterable[Find]) -> list[Find]:
    """Join finds that overlap into one stretch, named by the longest of them."""
    whole: list[Find] = []
    for find in sorted(finds, key=lambda each: (each.start, -each.end)):
        last = whole[-1] if whole else None
        if last is None or find.start >= last.end:
            whole.append(find)
        elif find.end > last.end:
            longer = max(last, find, key=lambda each: each.end - each.start)
            whole[-1] = Find(last.start, find.end, longer.alias)
    return whole


def _forms(value: str) -> Iterator[str]:
    """Yield a value as it is, as the bytes that base64 brings out, and in base64 where that is no run to decode."""
    raw = value.encode("utf-8", "surrogatepass")
    yield value
    if len(raw) != len(value):
        yield raw.decode("ascii", "surrogateescape")
    if _HEAD <= len(raw) < _LEAST_RUN * 6 // 8:
        whole = base64.b64encode(raw).decode()
        # Behind anything else only the characters that nothing beside the value has a part in.
        cut = ((-(-8 * shift // 6), 8 * (shift + len(raw)) // 6, bytes(shift) + raw) for shift in range(3))
        for form in {whole, whole.rstrip("="), *(base64.b64encode(each).decode()[at:end] for at, end, each in cut)}:
            if len(form) >= _LEAST_OF_BASE64:
                yield from {form, form.replace("+", "-").replace("/", "_")}


def _layers(text: str, taken: Sequence[Find], *, plus: bool, heads: Container[str]) -> Iterator[Layer]:
    """Yield what a text is once decoded, each encoding by itself; runs of base64 within finds are hidden anyway."""
    for sign, pattern in ESCAPES.items():
        if sign in text and (plus or sign != "+"):
            for segment in _SEGMENT.finditer(text):
                said = segment[0]
                if escapes := [*pattern.finditer(said)]:
                    # A bare `%` before a secret makes an escape of its first characters: it is read from there, too.
                    tails = (at for escape in escapes for at in range(escape.start() + 1, escape.end()))
                    glued = (at for at in tails if pattern.sub(character, said[at : at + _HEAD * 12])[:_HEAD] in heads)
                    for at in (0, *glued):
                        yield _unescaped(said[at:], segment.start() + at, pattern, only_with_blanks=sign == "+")
    begins = [find.start for find in taken]
    ends = [0, *(find.end for find in taken)]
    runs = [run for run in _BASE64.finditer(text) if run.end() > ends[bisect_right(begins, run.start())]]
    if runs:
        yield _from_base64(runs)


def _unescaped(text: str, begin: int, pattern: re.Pattern[str], *, only_with_blanks: bool) -> Layer:
    """Return a text with each escape as the one character that it stands for."""
    decoded = pattern.sub(character, text)

    @cache
    def places() -> list[int]:
        found: list[int] = []
        done = 0
        for match in pattern.finditer(text):
            found += range(done, match.start() + 1)
            done = match.end()
        return [*found, *range(done, len(text) + 1)]

    def span(start: int, end: int) -> tuple[int, int] | None:
        if only_with_blanks and " " not in decoded[start:end]:
            return None
        return begin + places()[start], begin + places()[end]

    return decoded, span


def _from_base64(runs: Sequence[re.Match[str]]) -> Layer:
    """Return the bytes of a text's runs of base64, read from each of four places; each byte is one character."""
    begins = [0, *accumulate(len(run[0]) + len(_GAP) for run in runs)]
    joined = _GAP.join(run[0] for run in runs).translate(_STANDARD)
    readings = [base64.b64decode(joined[offset:] + "A" * (-(len(joined) - offset) % 4)) for offset in range(4)]
    firsts = [0, *accumulate(len(reading) + 1 for reading in readings)]

    def span(start: int, end: int) -> tuple[int, int] | None:
        if end - start < _HEAD:  # so little stands there by chance
            return None
        offset = bisect_right(firsts, start) - 1
        # Only the characters that nothing beside the stretch has a part in, and the padding behind them.
        first = offset - (-8 * (start - firsts[offset]) // 6)
        last = offset + 8 * (end - firsts[offset]) // 6
        number = bisect_right(begins, first) - 1
        run, shift = runs[number], runs[number].start() - begins[number]
        padding = _PADDING.match(run.string, run.end()) if last + shift >= run.end() - 1 else None
        return first + shift, padding.end() if padding else last + shift

    return b"\0".join(readings).decode("ascii", "surrogateescape"), span


def character(match: re.Match[str]) -> str:
    """Return the character of an escape."""
    escape = match[0]
    if escape[0] == "%":
        try:
            return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return "\ufffd"
    if escape[0] == "&":
        made = html.unescape(escape)
        return made if len(made) == 1 else "\ufffd"
    if escape[0] == "+":
        return " "
    if len(escape) == 2:
        return _CONTROLS.get(escape[1], escape[1])
    if len(escape) == 12:  # the two halves of a surrogate pair
        return chr(0x10000 + (int(escape[2:6], 16) - 0xD800) * 0x400 + int(escape[8:], 16) - 0xDC00)
    return chr(int(escape[2:], 16))
