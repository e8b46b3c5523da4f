"""A recorded run, played again on a stage: each request in its turn and time, with what the person did in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx

from auth0_mfa_lab.live.drift.calls import (
    bearer_of,
    call_of,
    fields_of,
    is_granted,
    is_rejection,
    path_of,
    text_field,
    why_not_comparable,
)
from auth0_mfa_lab.live.drift.compare import Found, compare
from auth0_mfa_lab.live.drift.pairs import NotGiven, Pairs
from auth0_mfa_lab.live.drift.requests import Requests
from auth0_mfa_lab.live.drift.stage import Stage
from auth0_mfa_lab.live.drift.story import Story
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.wire.exchange import Body, Response, plain_data
from auth0_mfa_lab.wire.har import Recorded
from auth0_mfa_lab.wire.matching import secrets_by_kind

_NOT_EMULATED = re.compile(r"The sandbox does not emulate (.*) yet\. Auth0 does: this answer is not Auth0's\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One exchange, played again: where it differs, or why (`skipped`) it was not compared."""

    number: int
    call: str
    recorded: Recorded = field(repr=False)
    sandbox: Response | None = field(default=None, repr=False)
    found: tuple[Found, ...] = ()
    skipped: str = ""


class Walk:
    """One run on one stage; `aliases` learn each secret of it as it passes."""

    def __init__(self, story: Story, stage: Stage, aliases: Aliases) -> None:
        self._story = story
        self._stage = stage
        self._pairs = Pairs(aliases)
        self._aliases = aliases
        self._requests = Requests(story, stage, self._pairs)
        self._barcodes: dict[str, str] = {}
        self._tickets: dict[str, str] = {}
        self._oob_codes: list[str] = []

    def steps(self) -> Iterator[Step]:
        """Yield what came of each exchange of the recording's."""
        for identifier, scopes in self._story.apis.items():
            self._stage.add_api(identifier, sorted(scopes))
        for (realm, name), start in self._story.starts.items():
            people = {"phone_number": start.phone_number, "email": start.email}
            self._stage.add_person(name, realm=realm, factors=start.factors, begun=start.begun, **people)
        now = self._story.begins
        for each in self._story.recording.exchanges:
            self._stage.advance(max(each.at - now, 0.0))
            now = max(each.at, now)
            yield self._by_phone(each) if each.speaker == "phone" else self._by_app(each)

    def _by_app(self, each: Recorded) -> Step:
        call = call_of(each.request)
        live, why = each.response, why_not_comparable(each)
        if live is None or why:
            return Step(number=each.number, call=call, recorded=each, skipped=why)
        try:
            # Before it is written: what the person does may move what is right.
            self._let_the_person_act(each, live)
            request = self._requests.written(each)
        except NotGiven as missing:
            self._pairs.learn(live, None, self._story.kinds_of(each))
            needs = self._aliases.mask(missing.value)
            why = f"it needs {needs}, which the sandbox did not give"
            return Step(number=each.number, call=call, recorded=each, skipped=why)
        return self._compared(each, call, live, self._stage.ask(request))

    def _compared(self, each: Recorded, call: str, live: Response, answer: httpx.Response) -> Step:
        sandbox = read(answer)
        if sandbox.status == 501 and (named := _NOT_EMULATED.search(str(sandbox.text))):
            self._pairs.learn(live, None, self._story.kinds_of(each))
            why = f"the sandbox does not emulate {self._aliases.mask(named[1])}"
            return Step(number=each.number, call=call, recorded=each, skipped=why)
        ours, theirs = self._story.kinds_of(each), secrets_by_kind(sandbox, people=True)
        for value, kind in theirs.items():
            self._aliases.learn(kind, value)
        self._pairs.learn(live, sandbox, ours)
        self._remember(live, sandbox)
        found = tuple(compare(live, sandbox, people=ours.keys() | theirs.keys(), translate=self._pairs.text))
        return Step(number=each.number, call=call, recorded=each, sandbox=sandbox, found=found)

    def _remember(self, live: Response, sandbox: Response) -> None:
        """Keep what the person may scan or answer later."""
        ours, theirs = fields_of(live), fields_of(sandbox)
        oob_code, barcode = text_field(theirs, "oob_code"), text_field(theirs, "barcode_uri")
        if oob_code:
            self._oob_codes.append(oob_code)
        if oob_code and barcode:
            self._barcodes[oob_code] = barcode
            query = dict(parse_qsl(text_field(ours, "barcode_uri").partition("?")[2]))
            self._tickets[query.get("enrollment_tx_id", "")] = oob_code

    # -- the person

    def _let_the_person_act(self, each: Recorded, live: Response) -> None:
        """Do on the phone what must have been done there before this answer."""
        fields = fields_of(each.request)
        oob_code = self._pairs.of(text_field(fields, "oob_code")) or ""
        waits = self._stage.awaits(oob_code) if oob_code else None
        if waits == "scan" and is_granted(live):
            self._scan(oob_code)
        elif waits == "answer" and (is_granted(live) or is_rejection(live)):
            self._stage.answer(oob_code, accepted=is_granted(live))
        elif not oob_code and is_granted(live) and self._shows_a_scan(each, live):
            for begun in self._barcodes:
                if self._stage.awaits(begun) == "scan":
                    self._scan(begun)

    def _shows_a_scan(self, each: Recorded, live: Response) -> bool:
        """Say whether an answer has a confirmed push that the stage has not."""
        path, fields = path_of(each.request), fields_of(each.request)
        if path == "/mfa/authenticators":
            entries = [one for one in plain_data(live) or [] if isinstance(one, dict) and one.get("active")]
            pushes = sum("auth0" in (one.get("oob_channel"), one.get("oob_channels")) for one in entries)
            bearer = bearer_of(each.request)
        elif path == "/mfa/challenge":
            answer = fields_of(live)
            pushes = int(answer.get("challenge_type") == "oob" and "binding_method" not in answer)
            bearer = text_field(fields, "mfa_token")
        else:
            return False
        return pushes > self._stage.active_pushes(self._pairs.of(bearer) or "")

    def _scan(self, oob_code: str) -> httpx.Response | None:
        barcode = self._barcodes.get(oob_code)
        return self._stage.scan(barcode) if barcode else None

    def _by_phone(self, each: Recorded) -> Step:
        """Let the stage's phone do what a phone did in the recording, and compare the answers that they got."""
        call, path = call_of(each.request), path_of(each.request)
        why, answer = why_not_comparable(each), None
        if not why and path.endswith("/api/enroll"):
            answer = self._scan(self._tickets.get(_ticket_of(each), ""))
        elif not why and path.endswith("/api/resolve-transaction"):
            claims = claims_of(text_field(fields_of(each.request), "challenge_response")) or {}
            waiting = [one for one in self._oob_codes if self._stage.awaits(one) == "answer"]
            if waiting:
                answer = self._stage.answer(waiting[-1], accepted=claims.get("auth0_guardian_accepted") is True)
        if answer is None or each.response is None:
            why = why or "it is the phone's, and the sandbox's phone had no such thing to do"
            return Step(number=each.number, call=call, recorded=each, skipped=why)
        return self._compared(each, call, each.response, answer)


def _ticket_of(each: Recorded) -> str:
    found = re.search(r"id\s*=\s*[\"']?([^\"'\s]+)", str(each.request.header("authorization") or ""))
    return found[1] if found else ""


def read(answer: httpx.Response) -> Response:
    """Return an answer of a stage as the journal keeps one."""
    return Response(
        status=answer.status_code,
        reason=answer.reason_phrase,
        headers=tuple((name.lower(), value) for name, value in answer.headers.multi_items()),
        body=Body(answer.read()),
    )
