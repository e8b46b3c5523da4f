"""The only door out: learns secrets as they pass, and masks every text that leaves the lab."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar, cast

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.claims import mapped
from auth0_mfa_lab.secrets.index import Find, Index
from auth0_mfa_lab.secrets.kinds import secret_kind
from auth0_mfa_lab.secrets.secret import Secret

T = TypeVar("T")
SHOWN = re.compile(r"<([a-z][a-z0-9_]*) (\d+)(?:: (?:sealed|JWT))?>")
"""How a secret is shown, with its shape where it is shown first."""


class Alias(NamedTuple):
    """The name under which one secret is shown, and where it was first seen.

    `shown` is the name, such as `<mfa_token 1>`; `born` is the number of the exchange, None for what came from
    elsewhere; `answered` says that it stood in the answer, not in the request.
    """

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


class Aliases:
    """Every secret that passed, each with one alias, however it is spelled.

    A text is walked once, and the cost follows it, not the number of secrets. Where secrets overlap, the whole stretch
    goes. Neither its `repr` nor that of anything in it shows a secret.
    """

    def __init__(self, *, people: bool = False) -> None:
        """Begin with nothing learned; `people` says whether persons' numbers, addresses and ids get aliases too."""
        self.people = people
        self._lock = threading.RLock()
        self._alias_of: dict[str, Alias] = {}
        self._named: dict[str, Alias] = {}
        self._count: dict[str, int] = {}
        self._index = Index(self._shown_in)

    def __repr__(self) -> str:
        return f"Aliases · {len(self._named)} secrets"

    def learn(self, kind: str, value: str, *, born: int | None = None, answered: bool = False) -> Secret:
        """Give `value` an alias of this kind, or find the one it has, and return it as a Secret.

        `kind` is the wire's own name of the field, such as `mfa_token`; `born` is the number of the exchange
        that it passed in, None for what came from elsewhere (settings, a person, the phone's display), and `answered`
        says that it stood in the answer.
        """
        with self._lock:
            if (known := self._alias_of.get(value)) is not None:
                return known.value
            number = self._count[kind] = self._count.get(kind, 0) + 1
            is_jwt = value.startswith("eyJ") and value.count(".") == 2
            shape = "sealed" if value.startswith("Fe26.") else "JWT" if is_jwt else None
            secret = Secret(str(value), f"<{kind} {number}>")
            alias = Alias(kind, number, secret.shown, shape, born, answered, secret)
            self._alias_of[secret] = self._named[secret.shown] = alias
            # A name of letters alone, and what stands in a profile (`free`), is a part of ordinary words too.
            self._index.add(str(value), alias, alone=self.people and value.isalpha() and secret_kind(kind) is None)
            return secret

    def known(self, value: str) -> Alias | None:
        """Return the alias of exactly this value, or None."""
        with self._lock:
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

        near = ", ".join(get_close_matches(name, [each.shown for each in self.all()], n=3, cutoff=0.5))
        there = f"Near it: {near}." if near else "Nothing near it was learned."
        raise LabError(f"There is no secret {self.mask(name)}. {there}")

    def value_of(self, shown: str) -> Secret:
        """Return the secret that is shown under exactly this alias; LabError as `alias_of` raises it."""
        return self.alias_of(shown).value

    def named(self, shown: str) -> Alias | None:
        """Return the alias that is shown like this (`<mfa_token 1>`, with or without its shape), or None."""
        match = SHOWN.fullmatch(shown)
        with self._lock:
            return self._named.get(f"<{match[1]} {match[2]}>") if match else None

    def all(self) -> list[Alias]:
        """Return every alias, in the order in which they were learned."""
        with self._lock:
            return list(self._named.values())

    def born(self, text: str) -> int | None:
        """Return the number of the exchange whose answer brought the newest secret in a text, or None."""
        return max((each.born for each in self.in_text(text) if each.born and each.answered), default=None)

    def in_text(self, text: str) -> list[Alias]:
        """Return the aliases of the secrets that a text holds, each once, as they stand there."""
        return list(dict.fromkeys(find.alias for find in self.finds([text])[0]))

    def finds(self, texts: Sequence[str]) -> list[list[Find]]:
        """Return where learned secrets stand in each of some texts, in their order, none of them in another."""
        with self._lock:
            return self._index.finds([str(text) for text in texts])

    def mask(self, text: str, *, introducing: int | None = None) -> str:
        """Return the text with every learned secret under its alias.

        With `introducing`, a secret born in the exchange of that number is introduced with its shape where the
        text first has it. Masking twice changes nothing.
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
            masked[place] = "".join([*parts, text[done:]])
        return masked

    def wrap(self, value: T) -> T:
        """Return a text, or all the texts of JSON, as a Secret if it holds any, shown masked; else as it is."""
        texts: dict[str, str] = {}
        mapped(value, lambda text: texts.setdefault(text, text))
        shown = self.mask_each(texts)  # all in one search
        wrapped = {text: text if each == text else Secret(text, each) for text, each in zip(texts, shown, strict=True)}
        return cast(T, mapped(value, wrapped.__getitem__))

    def _shown_in(self, text: str) -> list[tuple[int, int]]:
        """Return where in a text an alias is shown."""
        known = ((match, self._named.get(f"<{match[1]} {match[2]}>")) for match in SHOWN.finditer(text))
        return [match.span() for match, alias in known if alias and match[0] in (alias.shown, alias.introduced)]
