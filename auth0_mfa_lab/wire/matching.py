"""Whether a request is the one that was recorded: the same but for its secrets, and the same secrets where they count.

A secret that an answer, a message or the phone gave must be that one. What the application brings itself (a password,
an assertion) may be another, as long as it is the same one each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.secrets.messages import secrets_of
from auth0_mfa_lab.wire.exchange import Message, Request
from auth0_mfa_lab.wire.operations import Json

_HEADERS = ("authorization", "dpop", "mfa-dpop", "x-request-language")
_LONGEST = 120
Pairs = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part of a request that is not as it was recorded; both sides are masked, None where there is none."""

    part: str
    sent: str | None
    recorded: str | None

    @property
    def said(self) -> str:
        """The difference as a part of a sentence."""
        if self.recorded is None:
            return f"{self.part} is {self.sent}, and was not sent when it was recorded"
        if self.sent is None:
            return f"{self.part} is missing, and was {self.recorded}"
        return f"{self.part} is {self.sent}, and was {self.recorded}"


class Matching:
    """What is known of a replay so far: what the recording gave, and what stands for what it was not given."""

    def __init__(self, secrets: Mapping[str, str], *, people: bool) -> None:
        """Match requests with those of a recording with these secrets, each with its kind.

        `people` says whether people's data are secrets.
        """
        self._secrets = dict(secrets)
        self._people = people
        self.given: set[str] = set()
        self.brought: Pairs = {}

    def compare(self, recorded: Request, sent: Request, aliases: Aliases) -> tuple[list[Difference], Pairs]:
        """Return where a request differs from a recorded one, and which of its secrets stand for recorded ones."""
        ours, theirs = parts_of(recorded), parts_of(sent)
        pairs: Pairs = {}
        differing = [part for part in {**ours, **theirs} if not self._same(ours.get(part), theirs.get(part), pairs)]
        kinds = secrets_by_kind(sent, str(sent.url), people=self._people) if differing else {}
        return [
            Difference(
                part=part,
                sent=self._shown(theirs.get(part), kinds, aliases, "another "),
                recorded=self._shown(ours.get(part), self._secrets, aliases, "a recorded "),
            )
            for part in differing
        ], pairs

    def _same(self, recorded: str | None, sent: str | None, pairs: Pairs) -> bool:
        """Say whether a part is as it was recorded, where each secret may be another that stands for it."""
        if recorded is None or sent is None or recorded == sent:
            return recorded == sent
        pieces = _cut(recorded, self._secrets)
        pattern = "".join("(.+)" if kind else re.escape(piece) for piece, kind in pieces)
        found = re.fullmatch(pattern, sent, re.DOTALL)
        if found is None:
            return False
        secrets = [piece for piece, kind in pieces if kind]
        return all(self._stands_for(other, one, pairs) for one, other in zip(secrets, found.groups(), strict=True))

    def _stands_for(self, sent: str, recorded: str, pairs: Pairs) -> bool:
        if sent == recorded:
            return True
        if sent in self.given or recorded in self.given:
            return False
        known = {**self.brought, **pairs}
        if recorded in known:
            return known[recorded] == sent
        if sent in known.values():
            return False
        pairs[recorded] = sent
        return True

    def _shown(self, text: str | None, secrets: Mapping[str, str], aliases: Aliases, unknown: str) -> str | None:
        """Return a part masked; a secret that no exchange of the lab has had is `unknown`, with its kind."""
        if text is None:
            return None
        shown = []
        for piece, kind in _cut(text, secrets):
            alias = aliases.known(self.brought.get(piece, piece))
            shown.append(alias.shown if alias else aliases.mask(piece) if kind is None else f"<{unknown}{kind}>")
        whole = "".join(shown)
        return (whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…") or '""'


def secrets_by_kind(message: Message, url: str = "", *, people: bool) -> dict[str, str]:
    """Return the secrets of a message, each with its kind."""
    found = secrets_of(message, url=url, people=people)
    return {str(value): kind for kind, value in found if str(value).strip()}


def parts_of(request: Request) -> dict[str, str]:
    """Return the parts of a request that count, by what a reader calls them: its path, its fields, some headers."""
    url = urlsplit(str(request.url))
    parts = {"the method": request.method, "the host": url.netloc, "the path": unquote(url.path)}
    parts |= {f"the query's {name}": value for name, value in parse_qsl(url.query, keep_blank_values=True)}
    headers = {name: str(value) for name in _HEADERS if (value := request.header(name))}
    parts |= {f"the header {name}": value for name, value in headers.items()}
    if request.body:
        parts["the content-type"] = request.media_type
        data = request.raw_data()
        found = dict(_leaves(data)) if isinstance(data, dict | list) else {}
        parts |= found or {"the body": str(request.text)}
        # The signed answer of a phone is another at each signing; what it says must be the same.
        verdict = claims_of(found.get("challenge_response", "")) or {}
        named = {"accepted": "auth0_guardian_accepted", "the reason": "auth0_guardian_reason"}
        parts |= {part: json.dumps(verdict[claim]) for part, claim in named.items() if claim in verdict}
    return parts


def _leaves(value: Json, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _leaves(each, f"{name}.{key!s}" if name else str(key))
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _leaves(each, f"{name}[{index}]")
    else:
        yield name, str(value) if isinstance(value, str) else json.dumps(value)


def _cut(text: str, secrets: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Cut a text into its secrets, each with its kind, and what stands between them, which has none."""
    if text in secrets:
        return [(text, secrets[text])]
    for secret in sorted((each for each in secrets if len(each) > 3 and each in text), key=len, reverse=True):
        before, found, after = text.partition(secret)
        if found:
            return [*_cut(before, secrets), (secret, secrets[secret]), *_cut(after, secrets)]
    return [(text, None)]
