"""The transport that answers from a recording, step by step, and says what differs when a request is another one.

A request is the recorded one if it is the same but for its secrets. A secret that an answer, a message or the phone
gave must be that one. What the application brings itself (a password, an assertion) may be another, as long as it is
the same one each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.aliases import Aliases, is_short
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.secrets.kinds import secrets_of
from auth0_mfa_lab.secrets.standins import texts_in
from auth0_mfa_lab.wire.exchange import Json, Message, Recorded, Request, leaves, place_of, plain_data
from auth0_mfa_lab.wire.har import Recording
from auth0_mfa_lab.wire.journal import NOTES, OperationCall

_HEADERS = ("authorization", "dpop", "mfa-dpop", "x-request-language")
_WEIGHTS = {"the method": 3, "the path": 9}
_LONGEST = 120


class Replay:
    """Where a replay stands: which exchange comes next, and what has been asked for beside the exchanges."""

    def __init__(self, recording: Recording, aliases: Aliases, *, people: bool) -> None:
        """Begin a recording; `aliases` are those of the lab that replays it, and `people` says whether people's data
        are secrets."""
        self.recording = recording
        self._aliases = aliases
        self._people = people
        self._played = 0
        self._used: set[int] = set()
        self._secrets: dict[str, str] = {}
        for each in recording.exchanges:
            self._secrets |= secrets_by_kind(each.request, str(each.request.url), people=people)
            self._secrets |= secrets_by_kind(each.response, people=people)
        # What the recording gave: who sends it back must send this.
        self._given: set[str] = set()
        # What the application brought: the recorded value, and the one that stands for it.
        self._brought: dict[str, str] = {}

    def answer(self, sent: Request) -> tuple[Recorded, Mapping[str, str]]:
        """Return the recorded exchange that answers a request, with what stands for what in it.

        Raises LabError when the recording ends before it, or has another one there; it says which is the nearest.
        """
        if self._played == len(self.recording.exchanges):
            after = f"exchange {self._played}" if self._played else "no exchange at all"
            raise LabError(
                f"{self.recording.name} ends after {after}, and {self._call(sent)} was sent after that: record the run "
                'again with it, and save it with lab.export("har").'
            )
        following = self.recording.exchanges[self._played]
        differing, pairs = self._compared(following.request, sent)
        if differing:
            raise self._other(following, sent)
        self._brought |= pairs
        self._played += 1
        self._given.update(secrets_by_kind(following.response, people=self._people))
        return following, {old: new for old, new in self._brought.items() if not is_short(old)}

    def operation(self, name: str, arguments: Mapping[str, Json], *, in_order: bool) -> OperationCall | None:
        """Return an operation as it was recorded here; None when the recording has none.

        With `in_order` it is the next of this name that is not used yet, wherever it was recorded: LabError where it
        was asked for another user's factors. Otherwise it has these arguments, and is the first here that is not used
        yet, or the last before.
        """
        named = [(number, each) for number, each in enumerate(self.recording.operations) if each.operation == name]
        if in_order:
            found = [(number, each) for number, each in named if number not in self._used][:1]
            for _, each in found:
                had, has = (", ".join(said.get("factors") or ()) or "no factor" for said in (each.arguments, arguments))
                if had != has:
                    raise LabError(f"The user recorded next in {self.recording.name} had {had}, and not {has}.")
        else:
            past = [pair for pair in named if pair[1].arguments == arguments and pair[1].after <= self._played]
            here = [pair for pair in past if pair[1].after == self._played and pair[0] not in self._used]
            found = here or past[-1:]
        for number, each in found[:1]:
            self._used.add(number)
            self._given.update(text for _, text in texts_in(each.result) if text.strip())
            return each
        return None

    def code_to_come(self) -> str | None:
        """Return the first code that the application sends from here on: what the person typed there."""
        for each in self.recording.exchanges[self._played :]:
            data = plain_data(each.request) if each.speaker == "app" else None
            for code in (data.get("otp"), data.get("binding_code")) if isinstance(data, dict) else ():
                if isinstance(code, str):
                    return code
        return None

    def _call(self, request: Request) -> str:
        return f"{request.method} {self._aliases.mask(str(request.target))}"

    def _other(self, following: Recorded, sent: Request) -> LabError:
        """Return the error for a request that does not come next; it names the recorded one that differs least."""
        name, place = self.recording.name, f"exchange {following.number}"
        asked, next_call = self._call(sent), self._call(following.request)
        if following.speaker == "phone" and asked != next_call:
            return LabError(
                f"{asked} was sent, and {place} of {name} is the phone's ({next_call}): let lab.phone do what it did "
                "there first."
            )

        def distance(pair: tuple[Recorded, Mapping[str, str]]) -> tuple[int, int]:
            weight = sum(_WEIGHTS.get(part, 1) for part in pair[1])
            return weight, abs(pair[0].number - following.number)

        spoken = [each for each in self.recording.exchanges if each.speaker == "app" or each is following]
        nearest, nearly = min(((each, self._compared(each.request, sent)[0]) for each in spoken), key=distance)
        why = "; ".join([*nearly.values()][:3]) or "they are equal, but it is not its turn"
        if nearest is following:
            return LabError(f"{asked} is not {place} of {name} ({next_call}), which comes next: {why}.")
        when = "has been answered already" if nearest.number <= self._played else "comes later"
        return LabError(
            f"{asked} was sent, and {place} of {name}, which comes next, is {next_call}. Nearest to it is exchange "
            f"{nearest.number}, which {when}: {why}."
        )

    def _compared(self, recorded: Request, sent: Request) -> tuple[dict[str, str], dict[str, str]]:
        """Return the parts in which a request differs, each with a sentence; and which secrets stand for which."""
        ours, theirs = parts_of(recorded), parts_of(sent)
        pairs: dict[str, str] = {}
        differing = [part for part in {**ours, **theirs} if not self._same(ours.get(part), theirs.get(part), pairs)]
        kinds = secrets_by_kind(sent, str(sent.url), people=self._people) if differing else {}
        sentences: dict[str, str] = {}
        for part in differing:
            now = self._shown(theirs[part], kinds, "another ") if part in theirs else "missing"
            then = self._shown(ours[part], self._secrets, "a recorded ") if part in ours else ""
            sentences[part] = f"{part} is {now}, and was {then or 'not sent when it was recorded'}"
        return sentences, pairs

    def _same(self, recorded: str | None, sent: str | None, pairs: dict[str, str]) -> bool:
        """Say whether a part is as it was recorded, where a secret may be another that stands for it; note the pairs.

        What the recording gave stands for itself alone, and one value stands for one.
        """
        if recorded is None or sent is None or recorded == sent:
            return recorded == sent
        cut = _cut(recorded, self._secrets)
        found = re.fullmatch("".join("(.+)" if kind else re.escape(piece) for piece, kind in cut), sent, re.DOTALL)
        for one, other in zip([piece for piece, kind in cut if kind], found.groups() if found else (), strict=False):
            known = {**self._brought, **pairs}
            is_taken = other in known.values() and one not in known
            if other != one and (self._given & {one, other} or is_taken or known.setdefault(one, other) != other):
                return False
            if other != one:
                pairs[one] = other
        return found is not None

    def _shown(self, text: str, secrets: Mapping[str, str], unknown: str) -> str:
        """Return a part masked; a secret that no exchange of the lab has had is `unknown`, with its kind."""
        shown = ""
        for piece, kind in _cut(text, secrets):
            alias = self._aliases.known(self._brought.get(piece, piece))
            shown += alias.shown if alias else self._aliases.mask(piece) if kind is None else f"<{unknown}{kind}>"
        return (shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…") or '""'


def secrets_by_kind(message: Message | None, url: str = "", *, people: bool) -> dict[str, str]:
    """Return the secrets of a request or an answer, each with its kind."""
    found = secrets_of(message, url=url, people=people) if message else ()
    return {str(value): kind for kind, value in found if str(value).strip()}


def parts_of(request: Request) -> dict[str, str]:
    """Return the parts of a request that count, by what a reader calls them: its path, its fields, some headers."""
    url = urlsplit(str(request.url))
    parts = {"the method": request.method, "the host": url.netloc, "the path": unquote(url.path)}
    parts |= {f"the query's {name}": value for name, value in parse_qsl(url.query, keep_blank_values=True)}
    parts |= {f"the header {name}": str(value) for name in _HEADERS if (value := request.header(name))}
    if request.body:
        parts["the content-type"] = request.media_type
        data = plain_data(request)
        is_apart = isinstance(data, dict | list)
        ends = {place_of(path): each for path, each in leaves(data)} if is_apart else {"the body": str(request.text)}
        parts |= {place: each if isinstance(each, str) else json.dumps(each) for place, each in ends.items()}
        # The signed answer of a phone is another at each signing; what it says must be the same.
        verdict = claims_of(parts.get("challenge_response", "")) or {}
        named = {"accepted": "auth0_guardian_accepted", "the reason": "auth0_guardian_reason"}
        parts |= {part: json.dumps(verdict[claim]) for part, claim in named.items() if claim in verdict}
    return parts


def _cut(text: str, secrets: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Cut a text into its secrets, each with its kind, and what stands between them, which has none."""
    if text in secrets:
        return [(text, secrets[text])]
    for secret in sorted((each for each in secrets if len(each) > 3 and each in text), key=len, reverse=True):
        before, _, after = text.partition(secret)
        return [*_cut(before, secrets), (secret, secrets[secret]), *_cut(after, secrets)]
    return [(text, None)]


class RecordedTransport(httpx.BaseTransport):
    """Answers each request from a recording, and moves the time to when that answer came."""

    def __init__(self, at: Callable[[float], None]) -> None:
        """Tell `at` the recorded time, in epoch seconds, before each answer."""
        self._at = at
        self.replay: Replay | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded answer, or fail as was recorded; LabError for a request that was not recorded."""
        assert self.replay is not None
        recorded, pairs = self.replay.answer(Request.of(request))
        self._at(recorded.at)
        response, failure = recorded.response, recorded.failure
        if response is None or failure is not None:
            kind = getattr(httpx, failure.kind if failure else "", None)
            error = kind if isinstance(kind, type) and issubclass(kind, httpx.RequestError) else httpx.ConnectError
            raise error(failure.said if failure else "", request=request)
        body = bytes(response.body)
        for old, new in pairs.items():
            body = body.replace(old.encode(), new.encode())
        answer = httpx.Response(response.status, content=body, request=request)
        # Set when the body has been read: one of them may say how it was packed on its way.
        answer.headers = httpx.Headers([(name, str(value)) for name, value in response.headers])
        answer.extensions["reason_phrase"] = response.reason.encode("ascii", "replace")
        answer.extensions[NOTES] = recorded.notes
        return answer
