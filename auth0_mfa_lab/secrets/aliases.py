"""The only door out: learns secrets as they pass, and masks every text that leaves the lab, httpx's log lines too.

A secret is found as it is, and in what decoding a text brings out. Each encoding is a branch of its own, and each
position is mapped back: `p%41"q`, in JSON, stands in JSON's alone.
"""

from __future__ import annotations

import base64
import html
import logging
import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache, partial
from itertools import accumulate, chain
from typing import NamedTuple, TypeVar, cast
from weakref import WeakSet

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.interrupts import whole
from auth0_mfa_lab.secrets.claims import mapped
from auth0_mfa_lab.secrets.kinds import secret_kind
from auth0_mfa_lab.secrets.secret import Secret

T = TypeVar("T")
SHOWN = re.compile(r"<([a-z][a-z0-9_]*) (\d+)(?:: (?:sealed|JWT))?>")
"""How a secret is shown, with its shape where it is shown first."""

DEEPEST = 3  # so often may a secret be encoded
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
_PERCENT += rf"|%[Ee][0-9A-Fa-f]{_NEXT}|%[Ff][0-7](?:{_NEXT}){{1,2}}|%[89A-Fa-f][0-9A-Fa-f]"  # what is no UTF-8
ESCAPES = {
    "%": _PERCENT,
    "+": rf"\+|{_PERCENT}",
    "\\": r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}"
    r"|U00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}|[\"'/\\bfnrt])",
    "&": r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});",
}
"""What an escape is, by a character that each text with one has: percent, form, JSON and Python, HTML."""


class Alias(NamedTuple):
    """The name under which one secret is shown, `<mfa_token 1>`, and the exchange where it was first seen, if any."""

    kind: str
    number: int
    shown: str
    shape: str | None
    born: int | None
    answered: bool
    value: Secret

    @property
    def introduced(self) -> str:
        """The name with the secret's shape, for its first showing: `<mfa_token 1: sealed>`."""
        return f"<{self.kind} {self.number}: {self.shape}>" if self.shape else self.shown


class Find(NamedTuple):
    """A stretch of a text, and the alias under which it is shown."""

    start: int
    end: int
    alias: Alias


_Layer = tuple[str, Callable[[int, int], tuple[int, int] | None]]
"""A text once decoded, and where a stretch of it stood; None if another branch is the one to tell."""


class Aliases:
    """Every secret that passed, each with one alias, however it is spelled; no `repr` in it shows a secret."""

    def __init__(self, *, people: bool = False, before: Sequence[Aliases] = ()) -> None:
        """Begin with nothing learned, and count on where those `before` have ended; what they know is masked as well.

        `people` says whether persons' numbers, addresses and ids get aliases too.
        """
        self.people = people
        self._lock: threading.RLock = before[0]._lock if before else threading.RLock()
        self._alias_of: dict[str, Alias] = {}
        self._count: dict[str, int] = {kind: number for each in before for kind, number in each._count.items()}
        self._index, self._before = _Index(), [each._index for each in before]

    def __len__(self) -> int:
        return len(self._index.named)

    def __repr__(self) -> str:
        return f"Aliases · {len(self)} secrets"

    def learn(self, kind: str, value: str, *, born: int | None = None, answered: bool = False) -> Secret:
        """Give `value` an alias of this kind, or find the one it has, and return it as a Secret.

        `kind` is the wire's own name of the field; `born` is the number of the exchange that it passed in, None for
        what came from elsewhere (settings, a person), and `answered` says that it stood in the answer.
        """
        with whole(), self._lock:
            if (known := self._alias_of.get(value)) is not None:
                return known.value
            number = self._count[kind] = self._count.get(kind, 0) + 1
            is_jwt = value.startswith("eyJ") and value.count(".") == 2
            shape = "sealed" if value.startswith("Fe26.") else "JWT" if is_jwt else None
            secret = Secret(str(value), f"<{kind} {number}>")
            alias = Alias(kind, number, secret.shown, shape, born, answered, secret)
            self._alias_of[secret] = alias
            # A name of letters alone, and what stands in a profile (`free`), is a part of ordinary words too.
            self._index.add(str(value), alias, alone=self.people and value.isalpha() and secret_kind(kind) is None)
            return secret

    def known(self, value: str) -> Alias | None:
        """Return the alias of exactly this value, or None."""
        return self._alias_of.get(value)

    def alias_of(self, shown: str) -> Alias:
        """Return the alias of exactly one secret: by its name as shown, or of the Secret itself.

        Raises LabError for any other, naming those that are nearest; what was passed may be a secret, and is not said.
        """
        name = shown.shown if isinstance(shown, Secret) else str(shown).strip()
        if alias := self.named(name) or (self.known(shown) if isinstance(shown, Secret) else None):
            return alias
        if not re.fullmatch(r"<[a-z][a-z0-9_]{0,40}(?: \d{1,6})?>", name):
            raise LabError("This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'.")
        from difflib import get_close_matches  # only here: most labs never need it

        near = ", ".join(get_close_matches(name, [each.shown for each in self.all()], cutoff=0.5))
        said = f"Near it: {near}." if near else "Nothing near it was learned."
        raise LabError(f"There is no secret {self.mask(name)}. {said}")

    def named(self, shown: str) -> Alias | None:
        """Return the alias that is shown like this (`<mfa_token 1>`, with or without its shape), or None."""
        match = SHOWN.fullmatch(shown)
        return self._index.named.get(f"<{match[1]} {match[2]}>") if match else None

    def all(self) -> list[Alias]:
        """Return every alias, in the order in which they were learned."""
        with self._lock:
            return list(self._index.named.values())

    def born(self, text: str) -> int | None:
        """Return the number of the exchange whose answer brought the newest secret in a text, or None."""
        return max((each.born for each in self.in_text(text) if each.born and each.answered), default=None)

    def in_text(self, text: str) -> list[Alias]:
        """Return the aliases of the secrets that a text holds, each once, as they stand there."""
        return list(dict.fromkeys(find.alias for find in self.finds([text])[0]))

    def finds(self, texts: Sequence[str]) -> list[list[Find]]:
        """Return where learned secrets stand in each of some texts, in their order, none of them in another."""
        with self._lock:
            found = [each.finds([str(text) for text in texts]) for each in (self._index, *self._before)]
        return [merged(chain(*of_one)) for of_one in zip(*found, strict=True)] if len(found) > 1 else found[0]

    def mask(self, text: str, *, introducing: int | None = None) -> str:
        """Return the text with every learned secret under its alias; masking twice changes nothing.

        With `introducing`, a secret born in the exchange of that number is shown with its shape at its first place.
        """
        return self.mask_each([text], introducing=introducing)[0]

    def mask_each(self, texts: Iterable[str], *, introducing: int | None = None) -> list[str]:
        """Return texts that are shown one after the other as `mask` does: a secret is introduced in the first."""
        masked = [str(text) for text in texts]
        introduced: set[str] = set()
        for place, (text, finds) in enumerate(zip(masked, self.finds(masked), strict=True)):
            parts: list[str] = []
            done = 0
            for start, end, alias in finds:
                first = introducing is not None and alias.born == introducing and alias.shown not in introduced
                introduced.add(alias.shown)
                parts += [text[done:start], alias.introduced if first else alias.shown]
                done = end
            # Half of a surrogate pair, which JSON may have, could be written nowhere.
            masked[place] = "".join([*parts, text[done:]]).encode(errors="replace").decode()
        return masked

    def wrap(self, value: T) -> T:
        """Return a text, or all the texts of JSON, as a Secret if it holds any, shown masked; else as it is."""
        texts: dict[str, str] = {}
        mapped(value, lambda text: texts.setdefault(text, text))
        shown = self.mask_each(texts)  # all in one search
        wrapped = {text: text if each == text else Secret(text, each) for text, each in zip(texts, shown, strict=True)}
        return cast(T, mapped(value, wrapped.__getitem__))


# -- where secrets stand in a text


def is_short(value: str) -> bool:
    """Say whether a value is a code of up to 8 digits, or so short that it stands inside ordinary words."""
    return len(value) < _HEAD or re.fullmatch(r"\d{1,8}", value) is not None


class _Index:
    """From secrets to their aliases: a text is looked at in samples, so its length is what a search costs."""

    def __init__(self) -> None:
        self.named: dict[str, Alias] = {}
        self._of: dict[str, Alias] = {}
        self._lengths: dict[str, set[int]] = {}
        self._begins = {*ESCAPES}
        # From a piece of a secret to how far behind its beginning the piece stands, for each size of samples.
        self._pieces: tuple[dict[str, set[int]], ...] = tuple({} for _ in _SAMPLES)
        self._alone: dict[str, Alias] = {}
        self._alone_lengths: set[int] = set()
        self._alone_begins = ""
        self._has_blanks = False
        self._least_run = 10_000  # of base64 that can hold a secret

    def add(self, value: str, alias: Alias, *, alone: bool = False) -> None:
        """File a secret; the first that has a value keeps it. One that is `alone` counts as a word of its own."""
        self.named[alias.shown] = alias
        lines = value.splitlines()
        joined = [end.join(lines) for end in ("\n", "\r\n", "", " ")] if lines != [value] else []
        for text in dict.fromkeys((value, *joined)):
            if not text.strip():  # blanks hide nothing, and stand in every text
                continue
            self._has_blanks |= " " in text
            self._least_run = max(6, min(self._least_run, len(text) * 4 // 3))
            # As it is, and as the bytes that base64 brings out.
            for form in {text, text.encode("utf-8", "surrogatepass").decode("ascii", "surrogateescape")}:
                if alone or is_short(text):
                    self._alone.setdefault(form, alias)
                    self._alone_lengths.add(len(form))
                    self._alone_begins += form[0] if form[0] not in self._alone_begins else ""
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
        known = ((match, self.named.get(f"<{match[1]} {match[2]}>")) for match in SHOWN.finditer(text))
        shown = [match.span() for match, alias in known if alias and match[0] in (alias.shown, alias.introduced)]
        for begin, end in shown:  # a secret may be a word of an alias
            found = [each for each in found if not begin <= each.start < end or (each.start == begin < end < each.end)]
        if self._alone:  # in a word are these no secrets; another secret beside them is no part of one
            for start, end in (*(find[:2] for find in found), *shown):
                text = text[:start] + "\0" * (end - start) + text[end:]
            for match in re.finditer(f"{_BEFORE}[{re.escape(self._alone_begins)}]", text):
                values = (text[match.start() : match.start() + length] for length in self._alone_lengths)
                for value in values:
                    end = match.start() + len(value)
                    if (alias := self._alone.get(value)) and re.compile(_AFTER).match(text, end):
                        found.append(Find(match.start(), end, alias))
        return found

    def _layers(self, text: str, taken: Sequence[Find]) -> Iterator[_Layer]:
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


def _unescaped(text: str, begin: int, sign: str) -> _Layer:
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


def _from_base64(runs: Sequence[re.Match[str]]) -> _Layer:
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


# -- what httpx logs of a lab's requests leaves masked; httpcore's own lines about them do not leave at all

_LOGGERS = (
    "httpx httpcore.connection httpcore.http11 httpcore.http2 httpcore.proxy httpcore.socks hpack.hpack hpack.table"
)
KNOWN: WeakSet[Aliases] = WeakSet()
"""The aliases of each lab, for as long as there is such a lab."""
_lock = threading.Lock()
_under_way: ContextVar[bool] = ContextVar("auth0_mfa_lab_request", default=False)


def watch(aliases: Aliases) -> None:
    """Mask from now on what these aliases know, in all that httpx and httpcore log to any handler."""
    with _lock:
        KNOWN.add(aliases)
    for name in _LOGGERS.split():
        logging.getLogger(name).addFilter(_masked)


_WORDS = re.compile(r"[A-Za-z_ ]*|.{0,7}", re.DOTALL)


def masked_by_all(said: str, *, but_words: bool = False) -> str:
    """Return a text with the secrets of every lab masked; `but_words` leaves those that any sentence may have."""
    with _lock:
        known = list(KNOWN)
    # All labs look into the text as it is: a short secret of one may be a part of a long one of another.
    for find in reversed(merged(find for each in known for find in each.finds([said])[0])):
        if not (but_words and _WORDS.fullmatch(find.alias.value)):
            said = f"{said[: find.start]}{find.alias.shown}{said[find.end :]}"
    return said


LabError.door = partial(masked_by_all, but_words=True)


def _masked(record: logging.LogRecord) -> bool:
    if _under_way.get():
        return False  # what the answer's headers hold is not learned yet
    try:
        said = record.getMessage()
    except (TypeError, ValueError):
        said = f"{record.name}: a line that cannot be formed"
    record.msg, record.args = masked_by_all(said), ()
    return True


@contextmanager
def under_way() -> Iterator[None]:
    """Drop what is logged of the lab's request in this block."""
    token = _under_way.set(True)
    try:
        yield
    finally:
        _under_way.reset(token)
