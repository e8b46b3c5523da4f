"""Texts with a stand-in for each secret: what `mask` has hidden is filled in again with something harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from auth0_mfa_lab.wire.aliases import Aliases
from auth0_mfa_lab.wire.beside import Json
from auth0_mfa_lab.wire.journal import Journal
from auth0_mfa_lab.wire.secrets_of import secrets_of
from auth0_mfa_lab.wire.shapes import TOO_OFTEN, is_alike, stand_in

_ALIAS = re.compile(r"<([a-z][a-z0-9_]*) (\d+)(?:: \w+)?>")
_IN_A_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]*$", re.IGNORECASE)
_BACK = 2_000
_MOST_ATTEMPTS = 1_000


class StandIns:
    """Every secret of a journal, and the one value that stands for it; the map stays here.

    Nothing raw gets through: a text is masked first, and then its aliases are filled in. An alias whose secret nobody
    knows any more stays as it is.
    """

    def __init__(self, aliases: Aliases, values: Iterable[str], texts: Iterable[str]) -> None:
        """Stand in for those of `values` that are secrets, in their order; `texts` is all that is written beside."""
        self._aliases = aliases
        self._raw: dict[str, str] = {}
        for value in values:
            if alias := aliases.known(value):
                self._raw.setdefault(alias.shown, value)
        self._taken = set(self._raw.values())
        self._written = "\n".join(aliases.mask(text) for text in texts)
        self._drawn: dict[str, str] = {}
        for shown in self._raw:
            self._of(shown)

    def text(self, text: str, *, encoded: bool = False) -> str:
        """Return a text with its stand-ins; `encoded` says that it is a URL or a form, whose values are escaped."""
        return self._filled(self._aliases.mask(str(text)), encoded)

    def data(self, value: Json) -> Json:
        """Return JSON with its stand-ins, whatever secret stands in whichever string."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name): self.data(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(each) for each in value]
        return value

    def _filled(self, masked: str, encoded: bool) -> str:
        filled = ""
        end = 0
        for match in _ALIAS.finditer(masked):
            filled += masked[end : match.start()]
            value = self._of(f"<{match[1]} {match[2]}>")
            if value is None:
                filled += match[0]
            else:
                filled += quote(value, safe="") if encoded or _IN_A_URL.search(filled[-_BACK:]) else value
            end = match.end()
        return filled + masked[end:]

    def _of(self, shown: str) -> str | None:
        if shown in self._drawn:
            return self._drawn[shown]
        raw = self._raw.get(shown)
        if raw is None:
            return None
        kind = shown[1:].partition(" ")[0]
        # A token that carries itself would go round for ever.
        self._drawn[shown] = shown
        for attempt in range(_MOST_ATTEMPTS):
            drawn = stand_in(kind, shown, raw, attempt=attempt, inside=self.text)
            # One that is another's, or stands in a text anyway, would be taken for what it is not. One of another shape
            # (a word without a digit, for one that had some) would not be drawn again for itself.
            free = (drawn == raw or drawn not in self._taken) and drawn not in self._written
            if free and (attempt >= TOO_OFTEN or is_alike(kind, raw, drawn)):
                break
        self._taken.add(drawn)
        self._drawn[shown] = drawn
        return drawn


def stand_ins_of(journal: Journal) -> StandIns:
    """Return the stand-ins for all that is secret in a journal, and in what happened beside it."""
    aliases = journal.aliases
    values: list[str] = []
    texts: list[str] = []
    for value in (journal.beside.tenant, *(each.data for each in journal.beside)):
        values += strings_in(value)
    texts += values
    for exchange in journal:
        request, response = exchange.request, exchange.response
        values += [str(value) for _, value in secrets_of(request, url=str(request.url), people=aliases.people)]
        values += [str(value) for _, value in secrets_of(response, people=aliases.people)] if response else []
        for message in (request, response) if response else (request,):
            texts += [str(message.text), *(str(value) for _, value in message.headers)]
        texts.append(str(request.url))
    return StandIns(aliases, values, texts)


def strings_in(value: Json) -> list[str]:
    """Return every string that stands in JSON, in their order."""
    if isinstance(value, str):
        return [str(value)]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [text for each in inner for text in strings_in(each)]
