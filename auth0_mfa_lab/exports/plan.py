"""The plan of a journal that is to be run again: its steps, and the variables that they need and bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar
from urllib.parse import unquote

from auth0_mfa_lab.exports.values import (
    Call,
    Path,
    Person,
    Ref,
    Text,
    Values,
    call_of,
    fields_of,
    one_line,
    plain,
    refs,
    said,
)
from auth0_mfa_lab.secrets.aliases import Alias
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from auth0_mfa_lab.wire.journal import Journal


@dataclass(frozen=True, slots=True)
class Title:
    """What follows stands under this title; or a remark."""

    text: str


@dataclass(frozen=True, slots=True)
class Make:
    """A fresh user with these factors; `fields` has the variables that it brings, each with its field."""

    number: int
    factors: tuple[str, ...]
    fields: dict[str, str]

    @property
    def user(self) -> str:
        """What a script calls the user."""
        return "user" if self.number == 1 else f"user_{self.number}"


@dataclass(frozen=True, slots=True)
class Send:
    """A request, whose answer has this status again and brings these variables. A poll is sent until it is answered."""

    call: Call
    status: int
    captures: dict[str, Path]
    is_poll: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """The phone does something, or somebody reads a code into `variable`; `question` is what a person is asked.

    `given` is the barcode, the reason of a rejection, or the address of a message. `refused` says that the tenant
    refused what the phone said.
    """

    verb: Literal["scan", "allow", "reject", "code", "message"]
    question: Text
    given: Text | None = None
    purpose: str = ""
    variable: str = ""
    refused: bool = False

    @property
    def words(self) -> tuple[Text, ...]:
        """The words of the command `auth0-mfa-lab` that do this on a served sandbox."""
        given = () if self.given is None else (self.given,)
        if self.verb == "message":
            return (("code",), *given, ("--purpose",), (self.purpose,), ("--wait",), ("5",))
        return (("phone",), (self.verb,), *given)


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds pass: what expires by then has expired."""

    seconds: int


Step = Title | Make | Send | Act | Wait
S = TypeVar("S", bound=Step)
QUESTIONS = {
    "scan": "Scan this as a QR with your phone, then press Enter",
    "allow": "Allow the push on your phone, then press Enter",
    "reject": "Reject the push on your phone, then press Enter",
    "otp": "The 6-digit code of the authenticator app",
    "recovery_code": "The recovery code of the user",
    "mfa": "The code that was sent for the second factor",
    "passwordless": "The code that was sent for the login",
}
"""What a person is asked, where no served sandbox's phone and inbox are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in their order, and the variables that a script is given: those that nothing of it brings."""

    steps: tuple[Step, ...]
    given: tuple[str, ...]

    def of(self, kind: type[S]) -> list[S]:
        """Return the steps of one kind."""
        return [step for step in self.steps if isinstance(step, kind)]


def plan_of(journal: Journal) -> Plan:
    """Return the plan of a journal."""
    return _Planner(journal).plan()


_CODES = ("binding_code", "otp", "code")
"""The kinds of what a person reads somewhere and types."""
_PENDING = ("authorization_pending", "slow_down")
_TICKET = "enrollment_tx_id="
_LONGER_THAN_A_POLL = 30
"""In seconds: what lies between two polls is less."""


class _Planner:
    """Goes through a journal once, and knows at each exchange which variables there are by then."""

    def __init__(self, journal: Journal) -> None:
        self._exchanges = tuple(journal)
        self._values = values = Values(journal)
        self._calls = {each.number: call_of(each, values) for each in journal if each.speaker == "app"}
        self._barcodes: dict[str, str] = {}
        self._scanned: dict[int, str] = {}
        self._find_scans()
        self._used = {name for call in self._calls.values() for name in call.refs} | {*self._scanned.values()}
        self._there: set[str] = set()
        self._given: dict[str, None] = {}
        self._has_own_time = values.known.tenant.get("kind") == "sandbox"

    def plan(self) -> Plan:
        """Return the steps, and what they have to be given."""
        people = list(self._values.known.people)
        steps: list[Step] = []
        title: str | None = None
        position = 0
        while position < len(self._exchanges):
            run = self._run(position)
            first = run[0]
            while people and people[0].after < first.number:
                steps += self._made(people.pop(0))
            if first.step and first.step != title:
                steps.append(Title(one_line(self._values.aliases.mask(first.step))))
            title = first.step
            passed = list(self._passed(position))
            steps += self._of_the_phone(first, passed) if first.speaker == "phone" else self._sent(run, passed)
            position += len(run)
        return Plan(tuple(map(self._trimmed, steps)), tuple(self._given))

    def _run(self, position: int) -> list[Exchange]:
        """Return the exchanges from here that are one poll; else the one that is here."""
        run = [self._exchanges[position]]
        for each in self._exchanges[position + 1 :]:
            is_same = _is_poll(each) and each.request.body == run[0].request.body
            if not (_is_poll(run[0]) and _is_waiting(run[-1]) and is_same):
                break
            run.append(each)
        return run

    def _passed(self, position: int) -> Iterator[Step]:
        """Yield the time that somebody let pass before an exchange; what lies between two polls passes by itself."""
        if position and self._has_own_time:
            before, exchange = self._exchanges[position - 1 : position + 1]
            seconds = int(exchange.at - before.at)
            if seconds >= (_LONGER_THAN_A_POLL if _is_poll(exchange) else 1):
                yield Wait(seconds)

    def _made(self, person: Person) -> Iterator[Step]:
        """Yield the step that makes a person, if anything of theirs is said."""
        fields = person.variables()
        if alias := self._values.aliases.known(person.values.get("recovery_code", "")):
            fields[self._values.variable(alias)] = "recovery_code"
        if not self._used.isdisjoint(fields):
            self._there |= set(fields)
            yield Make(person.number, person.factors, fields)

    def _trimmed(self, step: Step) -> Step:
        """Return the step that makes a person, without the values that no later step reads."""
        if not isinstance(step, Make):
            return step
        return replace(step, fields={name: field for name, field in step.fields.items() if name in self._used})

    def _of_the_phone(self, exchange: Exchange, passed: list[Step]) -> Iterator[Step]:
        yield from passed
        refused = exchange.status is not None and exchange.status >= 400
        path = exchange.request.target.partition("?")[0]
        body = plain_data(exchange.request)
        if path.endswith("/enroll") and (variable := self._scanned.get(exchange.number)):
            yield _scan(variable, refused=refused)
        elif path.endswith("/resolve-transaction") and isinstance(body, dict):
            claims = claims_of(str(body.get("challenge_response"))) or {}
            verb: Literal["allow", "reject"] = "allow" if claims.get("auth0_guardian_accepted") is True else "reject"
            reason = claims.get("auth0_guardian_reason")
            given = self._values.text(reason, "reason") if isinstance(reason, str) else None
            # A secret in a reason has no variable by then.
            given = None if given is None or plain(given) is None else given
            yield Act(verb=verb, question=(QUESTIONS[verb],), given=given, refused=refused)
        else:
            call = call_of(exchange, self._values)
            yield Title(f"The phone said {call.line}: there is no command for it")

    def _sent(self, run: list[Exchange], passed: list[Step]) -> Iterator[Step]:
        answers = [each for each in run if each.status is not None]
        last = run[-1]
        if not answers:
            yield Title(f"{self._calls[last.number].line}: it got no answer, and is left out")
            return
        needed = list(self._needed(answers[0]))
        # A code that was refused may have grown old meanwhile.
        yield from [*needed, *passed] if last.error not in (None, "mfa_required") else [*passed, *needed]
        waits = _is_poll(last) and _is_waiting(last)
        seconds = int(last.at - run[0].at) if self._has_own_time else 0
        if waits and len(run) > 1:
            yield Title(f"It was asked {len(run)} times; once is enough while nobody answers")
        if waits or seconds >= _LONGER_THAN_A_POLL:
            yield self._send(answers[0])
        if seconds >= _LONGER_THAN_A_POLL:
            yield Wait(seconds)
        if not waits:
            yield self._send(last)

    def _send(self, exchange: Exchange) -> Send:
        is_poll = _is_poll(exchange) and not _is_waiting(exchange)
        return Send(self._calls[exchange.number], exchange.status or 0, dict(self._captures(exchange)), is_poll)

    def _captures(self, exchange: Exchange) -> Iterator[tuple[str, Path]]:
        """Yield what an answer brings for the first time, and a later step says."""
        for leaf in self._values.answered(exchange):
            text = self._values.text(leaf.value, leaf.field)
            name = text[0].name if len(text) == 1 and isinstance(text[0], Ref) else ""
            variable = self._barcodes.get(leaf.value, name)
            is_new = variable not in self._there and variable not in self._given
            if variable in self._used and is_new and not variable.startswith("AUTH0_"):
                self._there.add(variable)
                yield variable, leaf.path

    def _needed(self, exchange: Exchange) -> Iterator[Step]:
        """Yield what has to be read before a request can be sent, and note what a script must be given."""
        values = self._values
        aliases = {values.variable(each): each for each in values.aliases.in_text(said(exchange))}
        for variable in dict.fromkeys(self._calls[exchange.number].refs):
            alias = aliases.get(variable)
            if variable not in self._there and alias and alias.kind in _CODES:
                yield from self._read(exchange, alias, variable)
            else:
                self._need(variable)

    def _need(self, variable: str) -> None:
        if variable not in self._there:
            self._given[variable] = None

    def _read(self, exchange: Exchange, alias: Alias, variable: str) -> Iterator[Step]:
        if barcode := self._scanned.get(exchange.number):
            yield _scan(barcode)
        purpose, address = self._source(exchange, str(self._values.aliases.value_of(alias.shown)))
        for each in refs(address or ()):
            self._used.add(each.name)
            self._need(each.name)
        self._there.add(variable)
        verb: Literal["code", "message"] = "code" if address is None else "message"
        yield Act(verb=verb, question=(QUESTIONS[purpose],), given=address, purpose=purpose, variable=variable)

    def _source(self, exchange: Exchange, code: str) -> tuple[str, Text | None]:
        """Return what a code is for, and the address that it was sent to; `otp` has none: the phone shows it."""
        fields = dict(fields_of(exchange))
        if code in self._values.known.messages:
            purpose, address = self._values.known.messages[code]
        elif fields.get("grant_type", "").endswith("/passwordless/otp"):
            purpose, address = "passwordless", fields.get("username", "")
        elif "oob_code" not in fields:
            return "otp", None
        else:
            # The lab did not read it: it went to what was enrolled last, or else to the user's own number.
            earlier = [dict(fields_of(each)) for each in self._exchanges if each.number < exchange.number]
            sent = [each.get("phone_number") or each.get("email") for each in earlier]
            purpose, address = "mfa", next(filter(None, reversed(sent)), "")
        if not address:
            return purpose, (Ref("AUTH0_PHONE_NUMBER"),)
        return purpose, self._values.text(address, "email" if "@" in address else "phone_number")

    def _find_scans(self) -> None:
        """Find which barcode is scanned before which exchange.

        The scan of a ticket is an exchange of the phone's. That of a one-time code's secret is none: it comes before
        the first code that the phone shows.
        """
        newest: str | None = None
        for exchange in self._exchanges:
            if exchange.speaker == "phone":
                shown = unquote(str(exchange.request.header("authorization") or ""))
                ticket = shown.partition("id=")[2].strip("\"' ")
                found = [name for uri, name in self._barcodes.items() if ticket and ticket in unquote(uri)]
                if found:
                    self._scanned[exchange.number] = found[-1]
            elif newest and any(name.startswith("OTP_") for name in self._calls[exchange.number].refs):
                self._scanned[exchange.number], newest = newest, None
            for leaf in self._values.answered(exchange):
                if leaf.field == "barcode_uri":
                    variable = self._barcodes.setdefault(leaf.value, f"BARCODE_URI_{len(self._barcodes) + 1}")
                    newest = newest if _TICKET in leaf.value else variable


def _scan(variable: str, *, refused: bool = False) -> Act:
    barcode = Ref(variable)
    return Act(verb="scan", question=(f"{QUESTIONS['scan']}: ", barcode), given=(barcode,), refused=refused)


def _is_poll(exchange: Exchange) -> bool:
    """Say whether a request asks if the phone has answered: the grant of an oob_code without a binding_code."""
    fields = plain_data(exchange.request) if exchange.request.target == "/oauth/token" else None
    if not isinstance(fields, dict) or exchange.speaker != "app":
        return False
    return str(fields.get("grant_type")).endswith("/mfa-oob") and not fields.get("binding_code")


def _is_waiting(exchange: Exchange) -> bool:
    """Say whether an answer to a poll is not the last one: pending, too fast, or lost."""
    status = exchange.status
    return exchange.error in _PENDING or status is None or status == 429 or status >= 500
