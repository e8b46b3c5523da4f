"""The transport that answers from a recording, step by step, and says what differs when a request is another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import httpx

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.index import is_short
from auth0_mfa_lab.secrets.standins import strings_in
from auth0_mfa_lab.wire.exchange import Body, Message, Request
from auth0_mfa_lab.wire.har import Recorded, Recording
from auth0_mfa_lab.wire.matching import Difference, Matching, Pairs, secrets_by_kind
from auth0_mfa_lab.wire.operations import Json, OperationCall
from auth0_mfa_lab.wire.recorder import NOTES

_WEIGHTS = {"the method": 3, "the path": 9}
_KINDS = ("otp", "binding_code")


class Replay:
    """Where a replay stands: which exchange comes next, and what has been asked for beside the exchanges."""

    def __init__(self, recording: Recording, aliases: Aliases, *, people: bool) -> None:
        """Begin a recording; `aliases` are those of the lab that replays it, for what an error says."""
        self.recording = recording
        self._aliases = aliases
        self._people = people
        self._matching = Matching(self._secrets(), people=people)
        self._played = 0
        self._used: set[int] = set()

    @property
    def played(self) -> int:
        """How many exchanges have been answered."""
        return self._played

    @property
    def next(self) -> Recorded | None:
        """The recorded exchange that comes next; None at the end."""
        left = self.recording.exchanges[self._played :]
        return left[0] if left else None

    def answer(self, sent: Request) -> tuple[Recorded, Pairs]:
        """Return the recorded exchange that answers a request, with what stands for what in it.

        Raises LabError when the recording ends before it, or has another one there; it says which is the nearest.
        """
        following = self.next
        if following is None:
            raise LabError(
                f"{self.recording.name} ends after {_exchanges(self._played)}, and {self._call(sent)} was sent after "
                'that: record the run again with it, and save it with lab.export("har").'
            )
        differing, pairs = self._matching.compare(following.request, sent, self._aliases)
        if differing:
            raise self._other(following, sent, differing)
        self._matching.brought |= pairs
        self._played += 1
        response = following.response
        self.give(secrets_by_kind(response, people=self._people) if response else ())
        return following, {old: new for old, new in self._matching.brought.items() if not is_short(old)}

    def _secrets(self) -> dict[str, str]:
        """Return every secret of the recording with its kind."""
        found: dict[str, str] = {}
        for each in self.recording.exchanges:
            found |= secrets_by_kind(each.request, str(each.request.url), people=self._people)
            found |= secrets_by_kind(each.response, people=self._people) if each.response else {}
        return found

    def give(self, values: Iterable[str]) -> None:
        """Remember values that the recording gave: who sends them back must send these."""
        self._matching.given.update(each for each in values if each.strip())

    def operation(self, name: str, arguments: Mapping[str, Json]) -> OperationCall | None:
        """Return an operation as it was recorded here: the first that is not used yet, or the last before this place.

        None when the recording has none with these arguments up to here.
        """
        calls = enumerate(self.recording.operations)
        found = [(number, each) for number, each in calls if each.operation == name and each.arguments == arguments]
        past = [pair for pair in found if pair[1].after <= self._played]
        here = [pair for pair in past if pair[1].after == self._played and pair[0] not in self._used]
        return self._taken(*(here[0] if here else past[-1])) if past else None

    def next_operation(self, name: str, arguments: Mapping[str, Json]) -> OperationCall | None:
        """Return the next operation of this name that is not used yet, wherever it was recorded; None after the last.

        Raises LabError where it was asked for another user's factors.
        """
        calls = enumerate(self.recording.operations)
        number, found = next(
            ((number, each) for number, each in calls if each.operation == name and number not in self._used), (0, None)
        )
        if found is None:
            return None
        recorded, wanted = found.arguments.get("factors"), arguments.get("factors")
        if recorded != wanted:
            had, has = ", ".join(recorded or ()) or "no factor", ", ".join(wanted or ()) or "no factor"
            raise LabError(f"The user recorded next in {self.recording.name} had {had}, and not {has}.")
        return self._taken(number, found)

    def _taken(self, number: int, call: OperationCall) -> OperationCall:
        self._used.add(number)
        self.give(strings_in(call.result))
        return call

    def code_to_come(self) -> str | None:
        """Return the first code that the application sends from here on: what the person typed there."""
        for each in self.recording.exchanges[self._played :]:
            data = each.request.raw_data() if each.speaker == "app" else None
            fields = data if isinstance(data, dict) else {}
            for kind in _KINDS:
                if isinstance(code := fields.get(kind), str):
                    return str(code)
        return None

    def _other(self, following: Recorded, sent: Request, differing: list[Difference]) -> LabError:
        name, place = self.recording.name, f"exchange {following.number}"
        if following.speaker == "phone" and self._call(sent) != self._call(following.request):
            return LabError(
                f"{self._call(sent)} was sent, and {place} of {name} is the phone's ({self._call(following.request)}): "
                "let lab.phone do what it did there first."
            )
        nearest, nearly = self._nearest(sent)
        why = "; ".join(each.said for each in nearly[:3]) or "they are equal, but it is not its turn"
        if nearest.number == following.number:
            return LabError(
                f"{self._call(sent)} is not {place} of {name} ({self._call(following.request)}), which comes next: "
                f"{why}."
            )
        when = "has been answered already" if nearest.number <= self._played else "comes later"
        return LabError(
            f"{self._call(sent)} was sent, and {place} of {name}, which comes next, is "
            f"{self._call(following.request)}. Nearest to it is exchange {nearest.number}, which {when}: {why}."
        )

    def _nearest(self, sent: Request) -> tuple[Recorded, list[Difference]]:
        """Return the recorded exchange of the application's that differs least, the nearest in place among equals."""

        def judged(each: Recorded) -> tuple[int, int, Recorded, list[Difference]]:
            differing, _ = self._matching.compare(each.request, sent, self._aliases)
            far = abs(each.number - self._played - 1)
            return sum(_WEIGHTS.get(one.part, 1) for one in differing), far, each, differing

        spoken = [judged(each) for each in self.recording.exchanges if each.speaker == "app" or each is self.next]
        _, _, nearest, differing = min(spoken, key=lambda each: each[:2])
        return nearest, differing

    def _call(self, request: Request) -> str:
        return f"{request.method} {self._aliases.mask(str(request.target))}"


class RecordedTransport(httpx.BaseTransport):
    """Answers each request from a recording, and moves the time to when that answer came."""

    def __init__(self, at: Callable[[float], None]) -> None:
        """Tell `at` the recorded time, in epoch seconds, before each answer."""
        self._at = at
        self.replay: Replay | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded answer, or fail as was recorded; LabError for a request that was not recorded."""
        assert self.replay is not None
        sent = Request(
            method=request.method,
            url=str(request.url),
            headers=tuple((name.lower(), value) for name, value in request.headers.items()),
            body=Body(request.read()),
        )
        recorded, pairs = self.replay.answer(sent)
        self._at(recorded.at)
        if recorded.response is None:
            raise _failed(recorded, request)
        body = bytes(recorded.response.body)
        for old, new in pairs.items():
            body = body.replace(old.encode(), new.encode())
        answer = httpx.Response(recorded.response.status, content=body, request=request)
        # Set when the body has been read: one of them may say how it was packed on its way.
        answer.headers = httpx.Headers(_plain(recorded.response))
        answer.extensions["reason_phrase"] = recorded.response.reason.encode("ascii", "replace")
        answer.extensions[NOTES] = recorded.notes
        return answer


def _plain(message: Message) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in message.headers]


def _failed(recorded: Recorded, request: httpx.Request) -> httpx.RequestError:
    kind = recorded.failure.kind if recorded.failure else ""
    found = getattr(httpx, kind, None)
    error = found if isinstance(found, type) and issubclass(found, httpx.RequestError) else httpx.ConnectError
    return error(recorded.failure.said if recorded.failure else "", request=request)


def _exchanges(number: int) -> str:
    return f"exchange {number}" if number else "no exchange at all"
