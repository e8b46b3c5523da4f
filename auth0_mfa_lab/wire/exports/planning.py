"""From a journal to the steps that run it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auth0_mfa_lab.wire.claims import claims_of
from auth0_mfa_lab.wire.exchange import Exchange, plain_data
from auth0_mfa_lab.wire.exports.calls import Call, call_of, is_poll, is_waiting
from auth0_mfa_lab.wire.exports.codes import CODES, source_of
from auth0_mfa_lab.wire.exports.flow import answered, said
from auth0_mfa_lab.wire.exports.known import OF_A_PERSON, Person, person_variable
from auth0_mfa_lab.wire.exports.names import Names, variable_of
from auth0_mfa_lab.wire.exports.plan import Capture, Make, Pass, Plan, Press, ReadCode, Scan, Send, Step, Title
from auth0_mfa_lab.wire.exports.scans import Scans
from auth0_mfa_lab.wire.exports.texts import Ref, one_line, plain, refs

_LONGER_THAN_A_POLL = 30
"""In seconds: what lies between two polls is less."""


def plan_of(journal: Sequence[Exchange], names: Names) -> Plan:
    """Return the plan of a journal."""
    return _Planner(tuple(journal), names).plan()


class _Planner:
    """Goes through a journal once, and knows at each exchange which variables there are by then."""

    def __init__(self, exchanges: tuple[Exchange, ...], names: Names) -> None:
        self._exchanges = exchanges
        self._names = names
        self._calls = {each.number: call_of(each, names) for each in exchanges if each.speaker == "app"}
        codes = {number for number, call in self._calls.items() if any(each.startswith("OTP_") for each in call.refs())}
        self._scans = Scans(exchanges, codes)
        self._used = {name for call in self._calls.values() for name in call.refs()} | self._scans.variables
        self._there: set[str] = set()
        self._given: dict[str, None] = {}
        self._title: str | None = None

    def plan(self) -> Plan:
        """Return the steps, and what they have to be given."""
        people = list(enumerate(self._names.known.people, 1))
        steps: list[Step] = []
        position = 0
        while position < len(self._exchanges):
            run = self._run(position)
            while people and people[0][1].after < run[0].number:
                steps += self._made(*people.pop(0))
            steps += self._titled(run[0])
            passed = tuple(self._passed(self._exchanges[:position], run[0]))
            steps += self._of_the_phone(run[0], passed) if run[0].speaker == "phone" else self._sent(run, passed)
            position += len(run)
        steps = [self._trimmed(step) if isinstance(step, Make) else step for step in steps]
        return Plan(steps=tuple(steps), given=tuple(self._given))

    def _run(self, position: int) -> tuple[Exchange, ...]:
        """Return the exchanges from here that are one poll; else the one that is here."""
        run = [self._exchanges[position]]
        for each in self._exchanges[position + 1 :]:
            is_same = is_poll(each) and each.request.body == run[0].request.body
            if not (is_poll(run[0]) and is_waiting(run[-1]) and is_same):
                break
            run.append(each)
        return tuple(run)

    def _passed(self, before: Sequence[Exchange], exchange: Exchange) -> Iterator[Step]:
        """Yield the time that somebody let pass before an exchange; what lies between two polls passes by itself."""
        if before and self._names.known.has_own_time:
            seconds = int(exchange.at - before[-1].at)
            if seconds >= (_LONGER_THAN_A_POLL if is_poll(exchange) else 1):
                yield Pass(seconds=seconds)

    def _titled(self, exchange: Exchange) -> Iterator[Step]:
        if exchange.step and exchange.step != self._title:
            yield Title(text=one_line(self._names.aliases.mask(exchange.step)))
        self._title = exchange.step

    def _made(self, number: int, person: Person) -> Iterator[Step]:
        """Yield the step that makes a person, if anything of theirs is said."""
        fields = {person_variable(name, number): name for name in OF_A_PERSON if name in person.values}
        if alias := self._names.aliases.known(person.values.get("recovery_code", "")):
            fields[variable_of(alias)] = "recovery_code"
        if not self._used.isdisjoint(fields):
            self._there |= set(fields)
            yield Make(factors=person.factors, fields=tuple(fields.items()), number=number)

    def _trimmed(self, step: Make) -> Make:
        """Return the step without what nobody reads."""
        return replace(step, fields=tuple(each for each in step.fields if each[0] in self._used))

    def _of_the_phone(self, exchange: Exchange, passed: tuple[Step, ...]) -> Iterator[Step]:
        yield from passed
        refused = exchange.status is not None and exchange.status >= 400
        path = exchange.request.target.partition("?")[0]
        body = plain_data(exchange.request)
        if path.endswith("/enroll") and (variable := self._scans.at(exchange)):
            yield Scan(variable=variable, refused=refused)
        elif path.endswith("/resolve-transaction") and isinstance(body, dict):
            claims = claims_of(str(body.get("challenge_response"))) or {}
            allow = claims.get("auth0_guardian_accepted") is True
            yield Press(allow=allow, reason=self._reason(claims.get("auth0_guardian_reason")), refused=refused)
        else:
            call = call_of(exchange, self._names)
            yield Title(text=f"The phone said {call.line}: there is no command for it")

    def _reason(self, reason: object) -> str | None:
        """Return why the phone rejected, unless a secret is in it."""
        return plain(self._names.text(reason)) if isinstance(reason, str) else None

    def _sent(self, run: tuple[Exchange, ...], passed: tuple[Step, ...]) -> Iterator[Step]:
        answers = [each for each in run if each.status is not None]
        last = run[-1]
        if not answers:
            yield Title(text=f"{self._calls[last.number].line}: it got no answer, and is left out")
            return
        needed = tuple(self._needed(answers[0], self._calls[answers[0].number]))
        # A code that was refused may have grown old meanwhile.
        yield from (*needed, *passed) if last.error not in (None, "mfa_required") else (*passed, *needed)
        waits = is_poll(last) and is_waiting(last)
        seconds = int(last.at - run[0].at) if self._names.known.has_own_time else 0
        grew_old = not waits and seconds >= _LONGER_THAN_A_POLL
        if waits and len(run) > 1:
            yield Title(text=f"It was asked {len(run)} times; once is enough while nobody answers")
        if waits or grew_old:
            yield self._send(answers[0])
        if seconds >= _LONGER_THAN_A_POLL:
            yield Pass(seconds=seconds)
        if not waits:
            yield self._send(last)

    def _send(self, exchange: Exchange) -> Send:
        return Send(
            call=self._calls[exchange.number],
            status=exchange.status or 0,
            captures=tuple(self._captures(exchange)),
            is_poll=is_poll(exchange) and not is_waiting(exchange),
        )

    def _needed(self, exchange: Exchange, call: Call) -> Iterator[Step]:
        """Yield what has to be read before a request can be sent, and note what a script must be given."""
        aliases = {self._names.variable(each): each for each in self._names.aliases.in_text(said(exchange))}
        for variable in dict.fromkeys(call.refs()):
            if variable in self._there:
                continue
            if variable in aliases and aliases[variable].kind in CODES:
                yield from self._read(exchange, variable)
            else:
                self._need(variable)

    def _read(self, exchange: Exchange, variable: str) -> Iterator[Step]:
        if secret := self._scans.at(exchange):
            yield Scan(variable=secret)
        before = [each for each in self._exchanges if each.number <= exchange.number]
        purpose, address = source_of(exchange, before, self._names)
        for name in refs(address or ()):
            self._used.add(name)
            self._need(name)
        self._there.add(variable)
        yield ReadCode(variable=variable, purpose=purpose, address=address)

    def _need(self, variable: str) -> None:
        if variable not in self._there:
            self._given[variable] = None

    def _captures(self, exchange: Exchange) -> Iterator[Capture]:
        """Yield what an answer brings for the first time, and a later step says."""
        for leaf in answered(exchange):
            text = self._names.text(leaf.value, leaf.field)
            variable = self._scans.barcodes.get(leaf.value)
            if variable is None and len(text) == 1 and isinstance(text[0], Ref):
                variable = text[0].name
            is_new = variable not in self._there and variable not in self._given
            if variable is not None and variable in self._used and is_new and not variable.startswith("AUTH0_"):
                self._there.add(variable)
                yield Capture(variable=variable, path=leaf.path)
