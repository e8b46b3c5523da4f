"""Exchanges as facts: which call each is, what it sent and got, and the login that it belongs to.

Calls are joined by the values that the tenant issued, never by their order alone, and never across a reset.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from auth0_mfa_lab.polling import OOB_CODE_SECONDS, Answer, State
from auth0_mfa_lab.secrets.claims import claims_of, from_base64
from auth0_mfa_lab.wire.exchange import Json, Passage, Recorded, plain_data

Kind = Literal[
    "first factor", "grant", "poll", "challenge", "association", "list", "deletion", "start", "refresh", "machine",
    "keys", "profile", "scan", "answer", "push", "other",
]  # fmt: skip
"""What a call is; `grant` is an MFA grant with a code, `poll` one without, `machine` client credentials."""
# fmt: off
_GRANTS: Mapping[str, Kind] = {
    "password": "first factor", "password-realm": "first factor", "passwordless/otp": "first factor",
    "mfa-otp": "grant", "mfa-oob": "grant", "mfa-recovery-code": "grant",
    "refresh_token": "refresh", "client_credentials": "machine",
}
_PATHS: Mapping[str, Kind] = {
    "POST /mfa/challenge": "challenge", "POST /mfa/associate": "association", "GET /mfa/authenticators": "list",
    "POST /passwordless/start": "start", "GET /.well-known/jwks.json": "keys",
    "GET /userinfo": "profile", "POST /userinfo": "profile",
}
_PHONE: Mapping[str, Kind] = {"/enroll": "scan", "/resolve-transaction": "answer"}
# fmt: on
CODES = ("otp", "binding_code", "recovery_code")
"""The fields of a code that a person reads somewhere and types."""
_JOINED = ("mfa_token", "oob_code", "refresh_token", "token", "bearer")
_ISSUED = ("mfa_token", "oob_code", "access_token", "id_token", "refresh_token", "recovery_code", "secret", "txtkn")
KEPT = 10_000
"""So many issued values are remembered, the newest: more than 1,000 exchanges can issue."""


@dataclass(slots=True, repr=False, eq=False)
class Login:
    """One login: the exchange that began it, its user and application; `said` and `run` are those of its last poll."""

    number: int
    user: str
    client: str
    said: tuple[object, ...] = ()
    run: int = 0


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Issued:
    """Under which name a value was issued, in which login, and with which oob_code."""

    name: str
    login: Login | None
    oob_code: str


@dataclass(slots=True, repr=False, eq=False, kw_only=True)
class Call:
    """One exchange as facts, raw and never shown.

    `sent` are the fields of its request that hold something, its bearer among them, `got` those of its answer; `login`
    is the number of the exchange that began its login, `user` the name of its user, `run` the number of the first of
    equal neighbouring polls (of a poll alone: its own). `oob_code` is what it is about, also of what the phone did.
    """

    exchange: Recorded
    kind: Kind
    method: str
    path: str
    query: Mapping[str, list[str]]
    sent: Mapping[str, Json]
    got: Json
    passage: Passage
    client: str = ""
    login: int | None = None
    user: str | None = None
    run: int | None = None
    oob_code: str = ""
    knows: Mapping[str, Issued] = field(default_factory=dict)
    """How the values that it sent were issued, by the name of the field."""

    @property
    def number(self) -> int:
        return self.exchange.number

    @property
    def status(self) -> int:
        """The answer's status; 0 when its client got none."""
        response = self.exchange.response
        return response.status if response and self.passage.delivered else 0

    @property
    def error(self) -> str:
        """The answer's `error`; "" without one."""
        return str(self.got.get("error") or "") if isinstance(self.got, dict) else ""

    @property
    def says(self) -> str:
        """The answer's `error_description`; "" without one."""
        return str(self.got.get("error_description") or "") if isinstance(self.got, dict) else ""

    @property
    def outcome(self) -> Literal["lost", "pending", "slow", "given", "refused"]:
        """What the answer means: `lost` is none, a 5xx, or no JSON where a client expects some."""
        if not self.status or self.status >= 500 or (self.got is None and self.status not in (201, 204)):
            return "lost"
        if self.error == "authorization_pending":
            return "pending"
        if self.error == "slow_down" or self.status == 429:
            return "slow"
        return "given" if self.status < 300 and not self.error else "refused"

    @property
    def is_passed(self) -> bool:
        """Whether the factor was right: the answer brings tokens, or asks for one factor more."""
        return self.outcome == "given" or (self.outcome, self.error) == ("refused", "mfa_required")

    def header(self, name: str) -> str:
        """Return a header of the request as it was sent, "" without it."""
        return str(self.exchange.request.header(name) or "")

    def answered(self, name: str) -> str:
        """Return a header of the answer, "" without it."""
        response = self.exchange.response
        return str((response and response.header(name)) or "")

    def text(self, name: str) -> str:
        """Return a field that was sent, as text; "" without it."""
        value = self.sent.get(name, "")
        return value if isinstance(value, str) else str(value)

    def gets(self, name: str) -> str:
        """Return a text that the answer brought, "" without it, and where the answer never arrived."""
        value = self.got.get(name) if isinstance(self.got, dict) and self.status else None
        return value if isinstance(value, str) else ""

    def issued(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the value of all that the answer, or a push, brought."""
        got = self.got if isinstance(self.got, dict) else {}
        found = [(name, got.get(name)) for name in _ISSUED]
        found += [("recovery_code", each) for each in got.get("recovery_codes") or ()]
        found += [("ticket", each) for each in parse_qs(urlsplit(self.gets("barcode_uri")).query).get(_TICKET, ())]
        yield from ((name, value) for name, value in found if isinstance(value, str) and value)


_TICKET = "enrollment_tx_id"


def call_of(exchange: Recorded) -> Call:
    """Return an exchange as facts, by itself: not yet joined with others."""
    request, response = exchange.request, exchange.response
    path, _, query = str(request.target).partition("?")
    data, scheme, credentials = plain_data(request), *str(request.header("authorization") or "").partition(" ")[::2]
    sent = {name: value for name, value in data.items() if value not in (None, "")} if isinstance(data, dict) else {}
    if scheme.lower() == "bearer":
        sent["bearer"] = credentials.strip()
    elif scheme.lower() == "basic":
        sent["basic"] = _decoded(credentials)
    elif ticket := re.search('id="([^"]*)"', credentials):
        sent["ticket"] = ticket[1]
    grant = str(sent.get("grant_type", "")).removeprefix("http://auth0.com/oauth/grant-type/")
    method, kind = str(request.method), _PATHS.get(f"{request.method} {path}", "other")
    if exchange.speaker == "Auth0":
        kind = "push"
    elif exchange.speaker == "phone":
        kind = next((each for end, each in _PHONE.items() if path.endswith(end)), "other")
    elif path == "/oauth/token":
        kind = _GRANTS.get(grant, "other")
        if grant == "mfa-oob" and "binding_code" not in sent:
            kind = "poll"
    elif method == "DELETE" and path.startswith("/mfa/authenticators/"):
        kind = "deletion"
    assertion = claims_of(str(sent.get("client_assertion", ""))) or {}
    got = plain_data(response) if response else None
    return Call(
        exchange=exchange,
        kind=kind,
        method=method,
        path=path,
        query=parse_qs(query),
        sent=sent,
        got=got.get("mfa", got) if kind == "push" and isinstance(got, dict) else got,
        passage=exchange.passage or Passage(exchange.at, exchange.at),
        client=str(
            sent.get("client_id") or unquote(str(sent.get("basic", "")).partition(":")[0]) or assertion.get("sub") or ""
        ),
        oob_code=str(sent.get("oob_code", "")),
    )


def _decoded(credentials: str) -> str:
    try:
        return from_base64(credentials.strip()).decode("utf-8", "replace")
    except ValueError:
        return ""


class Reader:
    """Reads exchanges in the order of their numbers, one by one, and knows of each what came before it."""

    def __init__(self) -> None:
        self._issued: dict[tuple[int, str], Issued] = {}
        self._started: dict[tuple[int, str], Login] = {}
        self._pushes: dict[str, tuple[int, float, Login | None]] = {}
        """The pushes that wait for an answer, by oob_code: the tenant, when each ends, and its login."""

    def read(self, exchange: Recorded) -> Call:
        """Return an exchange as facts, with its login, its user and its run; what is under way counts as unanswered."""
        call = call_of(exchange)
        reset = call.passage.reset
        call.knows = {
            name: known
            for name in (*_JOINED, *CODES, "ticket")
            if (known := self._issued.get((reset, call.text(name)))) is not None
        }
        login = next((each.login for name, each in call.knows.items() if each.login and name not in CODES), None)
        if call.kind in ("push", "answer") and login is None:
            call.oob_code, login = self._awaited(call)
        elif call.kind in ("scan", "answer"):
            call.oob_code = next((each.oob_code for each in call.knows.values()), "")
        if login is None and call.kind in ("first factor", "start"):
            login = self._begun(call)
        if login is not None:
            call.login, call.user, call.client = login.number, login.user or None, call.client or login.client
            said = (call.oob_code, call.status, call.error) if call.kind == "poll" else ()
            login.run = login.run if said and said == login.said else call.number
            login.said = said
        call.run = (login.run if login else call.number) if call.kind == "poll" else None
        self._learn(call, login)
        return call

    def _begun(self, call: Call) -> Login:
        """Return a new login, or the one that the start of a passwordless login has begun."""
        reset, user = call.passage.reset, next(filter(None, map(call.text, ("username", "email", "phone_number"))), "")
        key = reset, user.lower()
        if call.kind == "first factor" and call.text("otp") and key in self._started:
            return self._started.pop(key) if call.is_passed else self._started[key]
        login = Login(call.number, user, call.client)
        if call.kind == "start":
            self._started[key] = login
        return login

    def _awaited(self, call: Call) -> tuple[str, Login | None]:
        """Return the push that a phone has got or answered: known only where just one waits."""
        reset, at = call.passage.reset, call.passage.arrived
        self._pushes = {code: push for code, push in self._pushes.items() if push[1] > at}
        waiting = [(code, push[2]) for code, push in self._pushes.items() if push[0] == reset]
        return waiting[0] if len(waiting) == 1 else ("", None)

    def _learn(self, call: Call, login: Login | None) -> None:
        reset, issued = call.passage.reset, [*call.issued()]
        for name, value in issued:
            self._issued.setdefault((reset, value), Issued(name, login, call.oob_code or call.gets("oob_code")))
        if call.kind == "challenge" and (code := call.gets("oob_code")) and "binding_method" not in call.got:
            # A newer challenge takes the place of the login's older one.
            self._pushes = {each: push for each, push in self._pushes.items() if push[2] is not login}
            self._pushes[code] = reset, call.passage.written + OOB_CODE_SECONDS, login
        elif call.kind == "answer" and call.status == 204:
            self._pushes.pop(call.oob_code, None)
        for kept in (self._issued, self._started):
            while len(kept) > KEPT:
                del kept[next(iter(kept))]


class Story:
    """The calls that are judged, in the order of their arrival, and what is known beside them."""

    def __init__(self, exchanges: Iterable[Recorded], on_purpose: Collection[int] = ()) -> None:
        """Read exchanges, in the order of their numbers; those that a test did on purpose are known, and not judged."""
        reader = Reader()
        self.known = [reader.read(exchange) for exchange in exchanges]
        left = {call.number for call in self.known if call.passage.on_purpose or call.number in on_purpose}
        judged = (call for call in self.known if call.number not in left)
        self.calls = sorted(judged, key=lambda call: (call.passage.arrived, call.number))
        self.left_out = len(left)
        self.born = {(call.passage.reset, value): call for call in reversed(self.known) for _, value in call.issued()}
        """The call whose answer issued a value, by the tenant's reset and the value."""

    def of(self, *kinds: Kind) -> list[Call]:
        """Return the calls of some kinds."""
        return [call for call in self.calls if call.kind in kinds]

    def issuer(self, call: Call, field: str) -> Call | None:
        """Return the call whose answer issued the value of a field."""
        return self.born.get((call.passage.reset, call.text(field)))

    def after(self, call: Call, *kinds: Kind, of: str = "") -> list[Call]:
        """Return the calls of some kinds that came when a call's answer was known; with `of`, those that send it."""
        return [
            each
            for each in self.of(*kinds)
            if knew(each, call) and (not of or of in (each.text("mfa_token"), each.oob_code, each.text("bearer")))
        ]

    def silence(self, call: Call) -> float:
        """Return for how many seconds behind a call the exchanges go on; without end if its tenant began again."""
        last = self.known[-1].passage
        return math.inf if last.reset > call.passage.reset else last.arrived - call.passage.written


def grouped(calls: Iterable[Call], by: Callable[[Call], tuple[object, ...]]) -> list[list[Call]]:
    """Return the calls that say the same to the same tenant: `by` is what they say, and none of it may be empty."""
    found: dict[tuple[object, ...], list[Call]] = {}
    for call in calls:
        if all(key := by(call)):
            found.setdefault((call.passage.reset, *key), []).append(call)
    return [*found.values()]


def knew(later: Call, earlier: Call) -> bool:
    """Say whether a call was sent when the answer to another one, of the same tenant, had arrived."""
    return earlier.status > 0 and follows(later, earlier)


def follows(later: Call, earlier: Call) -> bool:
    """Say whether a call came when another one, of the same tenant, had ended, be it without an answer."""
    one, other = later.passage, earlier.passage
    return later.number > earlier.number and one.reset == other.reset and one.arrived >= other.written


def gap(earlier: Call, later: Call) -> float:
    """Return the seconds from one arrival to the next, the clock's moves included."""
    return later.passage.arrived - earlier.passage.arrived


def pause(earlier: Call, later: Call) -> float:
    """Return the seconds from an answer to a request that follows it."""
    return later.passage.arrived - earlier.passage.written


def asked_wait(call: Call) -> float:
    """Return the seconds for which the answer asked to wait by its Retry-After; 0 without one."""
    return Answer(State.PENDING, "", retry_after=call.answered("retry-after")).wait(call.passage.written)


def tolerance(seconds: float) -> float:
    """Return by how much a time may be missed: 10 %, and at least 0.5 s."""
    return max(0.5, seconds / 10)


def by_machine(calls: Sequence[Call]) -> list[Call]:
    """Return those of equal calls that no person made: again in under 2 s, or three times in 60 s.

    A clock that stands says nothing: no two of its calls are by machine.
    """
    pairs = [each for each in pairwise(calls) if 0 < gap(*each) < 2]
    threes = [each for each in zip(calls, calls[1:], calls[2:], strict=False) if 0 < gap(each[0], each[2]) <= 60]
    found = {call for each in (*pairs, *threes) for call in each}
    return [call for call in calls if call in found]
