"""The only door out: learns secrets as they pass, and masks every text that leaves the lab."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.wire.finds import Find, alone_of, merged
from auth0_mfa_lab.wire.names import secret_kind
from auth0_mfa_lab.wire.spelled import HEAD, Spelled
from auth0_mfa_lab.wire.spellings import is_short, spellings

T = TypeVar("T")
SHOWN = re.compile(r"<([a-z][a-z0-9_]*) (\d+)(?:: (?:sealed|JWT))?>")
"""How a secret is shown, with its shape where it is shown first."""
_LIKE_AN_ALIAS = re.compile(r"<[a-z][a-z0-9_]{0,40}(?: \d{1,6})?>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """The name under which one secret is shown, and where it was first seen.

    `born` is the number of the exchange, None for what came from elsewhere; `answered` says that it stood in the
    answer, not in the request.
    """

    kind: str
    number: int
    shape: str | None
    born: int | None
    answered: bool

    @property
    def shown(self) -> str:
        """The name, such as `<mfa_token 1>`."""
        return f"<{self.kind} {self.number}>"

    @property
    def introduced(self) -> str:
        """The name with the secret's shape, for its first showing: `<mfa_token 1: sealed>`."""
        return f"<{self.kind} {self.number}: {self.shape}>" if self.shape else self.shown


class _Hidden(set[T]):
    """A set that does not show what is in it."""

    def __repr__(self) -> str:
        return f"<{len(self)} hidden>"


class Aliases:
    """Every secret that passed, each with one alias, however it is spelled.

    A text is walked once, and the cost follows it, not the number of secrets. Where secrets overlap, the whole stretch
    goes. Neither its `repr` nor that of anything in it shows a secret.
    """

    def __init__(self, *, people: bool = False) -> None:
        """Begin with nothing learned; `people` says whether persons' numbers, addresses and ids get aliases too."""
        self.people = people
        self.lock = threading.RLock()
        self._alias_of: dict[str, Alias] = {}
        self._named: dict[str, Alias] = {}
        self._value: dict[str, Secret] = {}
        self._count: dict[str, int] = {}
        self._anywhere = Spelled[Alias]()
        # Codes, other short values and people's names count only where they stand alone.
        self._alone = Spelled[Alias]()
        self._heads = _Hidden[str]()
        self._has_ones = False

    def __repr__(self) -> str:
        return f"Aliases · {len(self._named)} secrets"

    def learn(self, kind: str, value: str, *, born: int | None = None, answered: bool = False) -> Secret:
        """Give `value` an alias of this kind, or find the one it has, and return it as a Secret.

        `kind` is the wire's own name of the field, such as `mfa_token`; `born` is the number of the exchange
        that it passed in, None for what came from elsewhere (settings, a person, the phone's display), and `answered`
        says that it stood in the answer.
        """
        with self.lock:
            alias = self._alias_of.get(value) or self._new(kind, str(value), born, answered)
            return self._value[alias.shown]

    def known(self, value: str) -> Alias | None:
        """Return the alias of exactly this value, or None."""
        with self.lock:
            return self._alias_of.get(value)

    def alias_of(self, shown: str) -> Alias:
        """Return the alias of exactly one secret: by its name as shown, or of the Secret itself.

        Raises LabError for any other, naming those that are nearest; what was passed may be a secret, and is not said.
        """
        if not isinstance(shown, str):
            raise LabError(f"An alias is a text such as '<mfa_token 1>', and no {type(shown).__name__}.")
        name = shown.shown if isinstance(shown, Secret) else shown.strip()
        alias = self.named(name) or (self.known(shown) if isinstance(shown, Secret) else None)
        if alias is None:
            raise LabError(self._unknown(name)) from None
        return alias

    def value_of(self, shown: str) -> Secret:
        """Return the secret that is shown under exactly this alias; LabError as `alias_of` raises it."""
        alias = self.alias_of(shown)
        with self.lock:
            return self._value[alias.shown]

    def shown(self) -> list[str]:
        """Return the aliases that were given, in their order."""
        with self.lock:
            return list(self._named)

    def named(self, shown: str) -> Alias | None:
        """Return the alias that is shown like this (`<mfa_token 1>`, with or without its shape), or None."""
        match = SHOWN.fullmatch(shown)
        with self.lock:
            return self._named.get(f"<{match[1]} {match[2]}>") if match else None

    def born(self, text: str) -> int | None:
        """Return the number of the exchange whose answer brought the newest secret in a text, or None."""
        with self.lock:
            aliases = [find.alias for find in self._finds(text)]
        return max((alias.born for alias in aliases if alias.born and alias.answered), default=None)

    def all(self) -> list[Alias]:
        """Return every alias, in the order in which they were learned."""
        with self.lock:
            return list(self._named.values())

    def in_text(self, text: str) -> list[Alias]:
        """Return the aliases of the secrets that a text holds, each once, as they stand there."""
        with self.lock:
            return list(dict.fromkeys(find.alias for find in merged(self._finds(str(text)))))

    def mask(self, text: str, *, introducing: int | None = None) -> str:
        """Return the text with every learned secret under its alias.

        With `introducing`, a secret born in the exchange of that number is introduced with its shape where the
        text first has it. Masking twice changes nothing.
        """
        return self.mask_each([text], introducing=introducing)[0]

    def mask_each(self, texts: Iterable[str], *, introducing: int | None = None) -> list[str]:
        """Return texts that are shown one after the other as `mask` does: a secret is introduced in the first."""
        introduced: set[str] = set()
        return [self._masked(str(text), introducing, introduced) for text in texts]

    def _masked(self, text: str, introducing: int | None, introduced: set[str]) -> str:
        finds = self.finds(text)
        parts: list[str] = []
        end = 0
        for find in finds:
            alias = find.alias
            first = introducing is not None and alias.born == introducing and alias.shown not in introduced
            introduced.add(alias.shown)
            parts += [text[end : find.start], alias.introduced if first else alias.shown]
            end = find.end
        return "".join([*parts, text[end:]])

    def finds(self, text: str) -> list[Find[Alias]]:
        """Return where learned secrets stand in a text, in their order, none of them in another."""
        with self.lock:
            return merged(self._finds(text))

    def wrap(self, value: str) -> str:
        """Return the value as a Secret if it holds any, shown masked; else as it is."""
        shown = self.mask(value)
        return value if shown == value else Secret(value, shown)

    def _new(self, kind: str, value: str, born: int | None, answered: bool) -> Alias:
        number = self._count[kind] = self._count.get(kind, 0) + 1
        alias = Alias(kind=kind, number=number, shape=_shape(value), born=born, answered=answered)
        secret = self._value[alias.shown] = Secret(value, alias.shown)
        self._alias_of[secret] = self._named[alias.shown] = alias
        # A name of letters alone, and what stands in a profile (`free`), is a part of ordinary words too.
        alone = is_short(value) or (self.people and value.isalpha() and secret_kind(kind) is None)
        # Blanks hide nothing, and stand in every text.
        for spelling in spellings(value) if value.strip() else ():
            (self._alone if alone else self._anywhere).add(spelling, alias)
            self._heads.add(spelling[:HEAD])
            self._has_ones = self._has_ones or len(spelling) < HEAD
        return alias

    def _unknown(self, name: str) -> str:
        """Say of what is no alias what to pass; a secret that somebody pasted is not repeated."""
        if not _LIKE_AN_ALIAS.fullmatch(name):
            return "This is no alias of one secret: write one as it is shown, such as '<mfa_token 1>'."
        near = get_close_matches(name, list(self._named), n=3, cutoff=0.5)
        there = f"Near it: {', '.join(near)}." if near else "Nothing near it was learned."
        return f"There is no secret {self.mask(name)}. {there}"

    def _finds(self, text: str) -> list[Find[Alias]]:
        """Find every secret, overlapping ones too, in the order of their beginnings."""
        finds: list[Find[Alias]] = []
        short: list[Find[Alias]] = []
        anywhere, alone = self._anywhere, self._alone
        heads, ones = self._heads, self._has_ones
        past = 0
        for position, first in enumerate(text):
            # Nothing begins at most places: this line is what a long text costs.
            if text[position : position + HEAD] not in heads and first != "<" and not (ones and first in heads):
                continue
            if position < past:
                continue
            found = next((Find(position, end, alias) for end, alias in anywhere.at(text, position)), None)
            shown = self._end_of_alias(text, position) if first == "<" else None
            if shown and (found is None or found.end <= shown):
                past = shown
            elif found:
                finds.append(found)
            else:
                short += [Find(position, end, alias) for end, alias in alone.at(text, position)]
        return sorted([*finds, *alone_of(short, text, finds)], key=lambda find: find.start)

    def _end_of_alias(self, text: str, start: int) -> int | None:
        """Return where the alias that is shown at `start` ends, or None where none is."""
        match = SHOWN.match(text, start)
        alias = self._named.get(f"<{match[1]} {match[2]}>") if match else None
        return match.end() if match and alias and match[0] in (alias.shown, alias.introduced) else None


def _shape(value: str) -> str | None:
    if value.startswith("Fe26."):
        return "sealed"
    return "JWT" if value.startswith("eyJ") and value.count(".") == 2 else None
