"""Where known secrets stand in a text: as they are, and in what decoding the text brings out.

The secrets are kept as they are. A text is decoded only where it has something to decode, each encoding is a branch of
its own, and each position is mapped back: `p%41"q`, in JSON, stands in the branch of JSON alone.
"""

from __future__ import annotations

import base64
import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from auth0_mfa_lab.secrets.aliases import Alias

DEEPEST = 3
"""So often may a secret be encoded."""

# A value of at least `size + step - 1` characters has a piece of this size at a multiple of `step`, wherever it begins.
_SAMPLES = ((8, 8), (4, 4), (4, 1))
_HEAD = 4
_BASE64 = "([A-Za-z0-9+/_-]{%d,})=*"
_GAP = "AAAA"  # zero bits: what stands beside a run of base64 has no part in it
# What stands before and after a short value that is no part of a longer number, word or id.
_BEFORE = r"(?<![\w|+])(?<!\d\.)"
_AFTER = r"(?![\w|])(?!\.\d)"

_NEXT = "%[89ABab][0-9A-Fa-f]"
_PERCENT = rf"%[0-7][0-9A-Fa-f]|%[CDcd][0-9A-Fa-f]{_NEXT}|%[Ee][0-9A-Fa-f](?:{_NEXT}){{2}}|%[Ff][0-7](?:{_NEXT}){{3}}"
ESCAPES = {
    "%": _PERCENT,
    "+": rf"\+|{_PERCENT}",
    "\\": r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}"
    r"|U00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}|[\"'/\\bfnrt])",
    "&": r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});",
}
"""What an escape is, by a character that each text with one has: percent, form, JSON and Python, HTML."""

Layer = tuple[str, Callable[[int, int], tuple[int, int] | None]]
"""A text once decoded, and where a stretch of it stood; None if another branch is the one to tell."""


class Find(NamedTuple):
    """A stretch of a text, and the alias under which it is shown."""

    start: int
    end: int
    alias: Alias


def is_short(value: str) -> bool:
    """Say whether a value is a code of up to 8 digits, or so short that it stands inside ordinary words."""
    return len(value) < _HEAD or re.fullmatch(r"\d{1,8}", value) is not None


class Index:
    """From secrets to their aliases; it shows none of them.

    The cost of a search follows the text, not the number of secrets: a text is looked at in samples.
    """

    def __init__(self, shown_in: Callable[[str], Sequence[tuple[int, int]]]) -> None:
        """Begin with no secret; `shown_in` tells which stretches of a text are aliases already."""
        self._shown_in = shown_in
        self._of: dict[str, Alias] = {}
        self._lengths: dict[str, set[int]] = {}
        self._begins = {*ESCAPES}
        # From a piece of a secret to how far behind its beginning the piece stands, for each size of samples.
        self._pieces: tuple[dict[str, set[int]], ...] = tuple({} for _ in _SAMPLES)
        self._alone: dict[str, Alias] = {}
        self._alone_lengths: set[int] = set()
        self._alone_begins: set[str] = set()
        self._alone_start = ""
        self._has_blanks = False
        self._least_run = 10_000  # of base64 that can hold a secret

    def add(self, value: str, alias: Alias, *, alone: bool = False) -> None:
        """File a secret; the first that has a value keeps it. One that is `alone` counts as a word of its own."""
        lines = value.splitlines()
        joined = [end.join(lines) for end in ("\n", "\r\n", "", " ")] if lines != [value] else []
        for text in dict.fromkeys((value, *joined)):
            if not text.strip():  # blanks hide nothing, and stand in every text
                continue
            self._has_blanks = self._has_blanks or " " in text
            self._least_run = max(6, min(self._least_run, len(text) * 4 // 3))
            # As it is, and as the bytes that base64 brings out.
            for form in {text, text.encode("utf-8", "surrogatepass").decode("ascii", "surrogateescape")}:
                if alone or is_short(text):
                    self._alone.setdefault(form, alias)
                    self._alone_lengths.add(len(form))
                    if form[0] not in self._alone_begins:  # all digits at once: one pattern serves all codes
                        self._alone_begins |= {*"0123456789", form[0]}
                        self._alone_start = f"{_BEFORE}[{re.escape(''.join(self._alone_begins))}]"
                elif form not in self._of:
                    sample = next(at for at, (size, step) in enumerate(_SAMPLES) if len(form) >= size + step - 1)
                    size, step = _SAMPLES[sample]
                    for offset in range(step):
                        self._pieces[sample].setdefault(form[offset : offset + size], set()).add(offset)
                    self._begins.add(form[0])
                    self._lengths.setdefault(form[:_HEAD], set()).add(len(form))
                    self._of[form] = alias

    def finds(self, texts: Sequence[str]) -> list[list[Find]]:
        """Return where secrets stand in each of some texts, in their order; overlapping ones are one stretch."""
        # One search of all: a call for each of a dozen headers would cost more than the search itself.
        begins = [0, *accumulate(len(each) + 1 for each in texts)]
        inside: list[list[Find]] = [[] for _ in texts]
        for start, end, alias in self._found("\0".join(texts), DEEPEST, {}):
            place = bisect_right(begins, start) - 1
            inside[place].append(Find(start - begins[place], end - begins[place], alias))
        return [merged(each) for each in inside]

    def _found(self, text: str, depth: int, memo: dict[tuple[int, str], list[Find]]) -> list[Find]:
        """Find every secret in a text, and in what decoding it brings out; two branches often come to the same."""
        if (found := memo.get((depth, text))) is None:
            found = memo[depth, text] = self._as_it_is(text)
            for decoded, span in self._layers(text, merged(found)) if depth else ():
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
        if self._alone:  # in a word are these no secrets; another secret beside them is no part of one
            for start, end in (*(find[:2] for find in found), *shown):
                text = text[:start] + "\0" * (end - start) + text[end:]
            for match in re.finditer(self._alone_start, text):
                values = (text[match.start() : match.start() + length] for length in self._alone_lengths)
                for value in values:
                    end = match.start() + len(value)
                    if (alias := self._alone.get(value)) and re.compile(_AFTER).match(text, end):
                        found.append(Find(match.start(), end, alias))
        return found

    def _layers(self, text: str, taken: Sequence[Find]) -> Iterator[Layer]:
        """Yield what a text is once decoded, each encoding by itself; base64 within finds is hidden anyway."""
        for sign, pattern in ESCAPES.items():
            if sign not in text or (sign == "+" and not self._has_blanks):
                continue
            if escapes := [*re.finditer(pattern, text)]:
                yield _unescaped(text, 0, sign)
                # A bare `%` before a secret makes an escape of its first characters: it is read from there, too.
                for at in (at for escape in escapes for at in range(escape.start() + 1, escape.end())):
                    rest = text[at : at + _HEAD * 12]
                    if rest[0] in self._begins and _plain(pattern, rest)[:_HEAD] in self._lengths:
                        yield _unescaped(text[at:].partition("\0")[0], at, sign)
        begins = [find.start for find in taken]
        ends = [0, *(find.end for find in taken)]
        matches = re.finditer(_BASE64 % self._least_run, text)
        if runs := [run for run in matches if run.end(1) > ends[bisect_right(begins, run.start())]]:
            yield _from_base64(runs)

    def __repr__(self) -> str:
        return f"<an index of {len(self._of) + len(self._alone)} spellings>"


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


def _unescaped(text: str, begin: int, sign: str) -> Layer:
    """Return a text with each escape as the one character that it stands for."""
    pattern = ESCAPES[sign]
    decoded = _plain(pattern, text)

    @cache
    def places() -> list[int]:
        found: list[int] = []
        done = 0
        for match in re.finditer(pattern, text):
            found += range(done, match.start() + 1)
            done = match.end()
        return [*found, *range(done, len(text) + 1)]

    def span(start: int, end: int) -> tuple[int, int] | None:
        if sign == "+" and " " not in decoded[start:end]:
            return None
        return begin + places()[start], begin + places()[end]

    return decoded, span


def _from_base64(runs: Sequence[re.Match[str]]) -> Layer:
    """Return the bytes of a text's runs of base64, read from each of four places; each byte is one character."""
    begins = [0, *accumulate(len(run[1]) + len(_GAP) for run in runs)]
    joined = _GAP.join(run[1] for run in runs).replace("-", "+").replace("_", "/")
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
        return first + shift, run.end() if last + shift >= run.end(1) - 1 else last + shift

    return b"\0".join(readings).decode("ascii", "surrogateescape"), span


def _plain(pattern: str, text: str) -> str:
    return re.sub(pattern, lambda match: character(match[0]), text)


@lru_cache(maxsize=4096)
def character(escape: str) -> str:
    """Return the character that an escape stands for."""
    if escape[0] == "%":
        try:
            return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return "\ufffd"
    if escape[0] == "&":
        made = html.unescape(escape)
        return made if len(made) == 1 else "\ufffd"
    if escape == "+" or escape[1] in "\"'/\\":
        return escape[1:] or " "
    # Two halves of a surrogate pair are one character.
    return escape.encode().decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
