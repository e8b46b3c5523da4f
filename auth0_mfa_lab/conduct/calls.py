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
from urllib.parse import parse_qsl, unquote

from auth0_mfa_lab.polling import OOB_CODE_SECONDS, Answer, State
from auth0_mfa_lab.secrets.claims import claims_of, from_base64
from auth0_mfa_lab.wire.exchange import Json, Passage, Recorded, plain_data

# fmt: off
Kind = Literal[
    "first factor", "grant", "poll", "challenge", "association", "list", "deletion", "start", "refresh", "machine",
    "keys", "profile", "scan", "answer", "push", "other",
]
"""What a call is; `grant` is an MFA grant with a code, `poll` one without, `machine` client credentials."""
_KINDS: Mapping[str, Kind] = {
    "password": "first factor", "password-realm": "first factor", "passwordless/otp": "first factor",
    "mfa-otp": "grant", "mfa-oob": "grant", "mfa-recovery-code": "grant",
    "refresh_token": "refresh", "client_credentials": "machine", "GET /.well-known/jwks.json": "keys",
    "POST /mfa/challenge": "challenge", "POST /mfa/associate": "association", "GET /mfa/authenticators": "list",
    "POST /passwordless/start": "start", "GET /userinfo": "profile", "POST /userinfo": "profile",
    "enroll": "scan", "resolve-transaction": "answer",
}
"""The kind of a call by its grant, by its method and path, and by the last word of a phone's path."""
# No id_token: OpenID Connect has it in the URL of a logout.
_ISSUED = ("mfa_token", "oob_code", "access_token", "refresh_token", "recovery_code", "recovery_codes", "secret",
           "txtkn")
# fmt: on
CODES = ("otp", "binding_code", "recovery_code")
"""The fields of a code that a person reads somewhere and types."""
_JOINED = ("mfa_token", "oob_code", "refresh_token", "token", "bearer", "ticket")
KEPT = 10_000
"""So many issued values are remembered, the newest: more than 1,000 exchanges can issue."""
Outcome = Literal["lost", "pending", "slow", "given", "refused"]
"""What an answer means: `lost` is none, a 5xx, or no JSON where a client expects some."""


@dataclass(slots=True, repr=False)
class Login:
    """One login: the exchange that began it, its user and application; `said` and `run` are those of its last poll."""

    number: int
    user: str
    client: str
    run: int
    said: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """Under which name a value was issued, in which login, and with which oob_code."""

    name: str
    login: Login | None
    oob_code: str


@dataclass(slots=True, repr=False, eq=False, kw_only=True)
class Call:
    """One exchange as facts, raw and never shown.

    `sent` are the fields of its request that hold something, its bearer among them; `knows` says how their values were
    issued. `got` is the JSON of its answer, `status` 0 when its client got none. `login` is the number of the exchange
    that began its login, `user` the name of its user, `run` the number of the first of equal neighbouring polls (of a
    poll alone: its own). `oob_code` is what it is about, also of what the phone did.
    """

    exchange: Recorded
    number: int
    kind: Kind
    path: str
    sent: dict[str, Json]
    got: Json
    passage: Passage
    client: str
    oob_code: str
    status: int
    error: str
    says: str
    outcome: Outcome
    login: int | None = None
    user: str | None = None
    run: int | None = None
    knows: dict[str, Issued] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """The token that it is about: the mfa_token in its body, or its bearer."""
        return self.text("mfa_token") or self.text("bearer")

    @property
    def address(self) -> str:
        """The number or the email address that it names."""
        return self.text("phone_number") or self.text("email")

    @property
    def is_passed(self) -> bool:
        """Whether the factor was right: the answer brings tokens, or asks for one factor more."""
        return self.outcome == "given" or (self.outcome, self.error) == ("refused", "mfa_required")

    def text(self, name: str) -> str:
        """Return a field that was sent, as text; "" without it."""
        return str(self.sent.get(name, ""))

    def gets(self, name: str) -> str:
        """Return a text that the answer brought, "" without it, and where the answer never arrived."""
        value = self.got.get(name) if isinstance(self.got, dict) and self.status else None
        return value if isinstance(value, str) else ""

    def header(self, name: str, *, of_answer: bool = False) -> str:
        """Return a header of the request, or of the answer; "" without it."""
        message = self.exchange.response if of_answer else self.exchange.request
        return str((message and message.header(name)) or "")

    def is_with(self, name: str, *, field: str = "mfa_token") -> bool:
        """Say whether the value in a field was issued under this name; one that is unknown may have been."""
        known = self.knows.get(field)
        return known is None or known.name == name

    def follows(self, other: Call) -> bool:
        """Say whether it came when another one, of the same tenant, had ended, be it without an answer."""
        is_later = self.number > other.number and self.passage.reset == other.passage.reset
        return is_later and self.since(other) >= 0

    def knew(self, other: Call) -> bool:
        """Say whether it was sent when the answer to another one, of the same tenant, had arrived."""
        return other.status > 0 and self.follows(other)

    def since(self, other: Call) -> float:
        """Return the seconds from another one's answer to this request; from its request where it got no answer."""
        passage = other.passage
        return self.passage.arrived - (passage.written if passage.delivered else passage.arrived)

    @property
    def asked_wait(self) -> float:
        """The seconds for which the answer asked to wait by its Retry-After; 0 without one."""
        after = self.header("retry-after", of_answer=True)
        return Answer(State.PENDING, "", retry_after=after).wait(self.passage.written)

    def issued(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the value of all that the answer, or a push, brought."""
        got = self.got if isinstance(self.got, dict) else {}
        found = [(name, got.get(name)) for name in _ISSUED]
        query = self.gets("barcode_uri").partition("?")[2]
        found += [pair for pair in parse_qsl(query) if pair[0] == "enrollment_tx_id"]
        each = ((name, one) for name, value in found for one in (value if isinstance(value, list) else [value]))
        yield from ((name, one) for name, one in each if isinstance(one, str) and one)


def call_of(exchange: Recorded) -> Call:
    """Return an exchange as facts, by itself: not yet joined with others."""
    request, response = exchange.request, exchange.response
    passage = exchange.passage or Passage(exchange.at, exchange.at)
    path = str(request.target).partition("?")[0]
    data, (scheme, _, credentials) = plain_data(request), str(request.header("authorization") or "").partition(" ")
    sent = {name: value for name, value in data.items() if value not in (None, "")} if isinstance(data, dict) else {}
    if scheme.lower() == "bearer":
        sent["bearer"] = credentials.strip()
    elif scheme.lower() == "basic":
        sent["basic"] = _decoded(credentials)
    elif ticket := re.search('id="([^"]*)"', credentials):
        sent["ticket"] = ticket[1]
    got: Json = plain_data(response) if response else None
    said = got if isinstance(got, dict) else {}
    error, status = str(said.get("error") or ""), response.status if response and passage.delivered else 0
    outcome: Outcome = "given" if status < 300 and not error else "refused"
    if not status or status >= 500 or (got is None and status not in (201, 204)):
        outcome = "lost"
    elif error == "authorization_pending" or error == "slow_down" or status == 429:
        outcome = "pending" if error == "authorization_pending" else "slow"
    basic, assertion = str(sent.get("basic", "")).partition(":")[0], claims_of(str(sent.get("client_assertion", "")))
    return Call(
        exchange=exchange,
        number=exchange.number,
        kind=_kind_of(exchange, path, sent),
        path=path,
        sent=sent,
        got=got,
        passage=passage,
        client=str(sent.get("client_id") or unquote(basic) or (assertion or {}).get("sub") or ""),
        oob_code=str(sent.get("oob_code", "")),
        status=status,
        error=error,
        says=str(said.get("error_description") or ""),
        outcome=outcome,
    )


def _decoded(credentials: str) -> str:
    try:
        return from_base64(credentials.strip()).decode("utf-8", "replace")
    except ValueError:
        return ""


def _kind_of(exchange: Recorded, path: str, sent: Mapping[str, Json]) -> Kind:
    grant = str(sent.get("grant_type", "")).removeprefix("http://auth0.com/oauth/grant-type/")
    if exchange.speaker == "Auth0":
        return "push"
    if exchange.speaker == "phone":
        return _KINDS.get(path.rpartition("/")[2], "other")
    if path == "/oauth/token":
        return "poll" if grant == "mfa-oob" and "binding_code" not in sent else _KINDS.get(grant, "other")
    call = f"{exchange.request.method} {path}"
    return "deletion" if call.startswith("DELETE /mfa/authenticators/") else _KINDS.get(call, "other")


class Reader:
    """Reads exchanges in the order of their numbers, one by one, and knows of each what came before it."""

    def __init__(self) -> None:
        self._issued: dict[tuple[int, int], Issued] = {}  # by its hash: a value may be long
        self._started: dict[tuple[int, int], Login] = {}
        self._pushes: dict[str, tuple[int, float, Login | None]] = {}
        """The pushes that wait for an answer, by oob_code: the tenant, when each ends, and its login."""

    def read(self, exchange: Recorded) -> Call:
        """Return an exchange as facts, with its login, its user and its run; what is under way counts as unanswered."""
        call = call_of(exchange)
        sent = [(name, self._issued.get((call.passage.reset, hash(call.text(name))))) for name in _JOINED]
        call.knows = {name: known for name, known in sent if known is not None}
        login = next((each.login for each in call.knows.values() if each.login), None)
        if call.kind in ("push", "answer") and login is None:
            call.oob_code, login = self._awaited(call)
        elif call.kind in ("scan", "answer"):
            call.oob_code = next((each.oob_code for each in call.knows.values()), "")
        elif call.kind in ("first factor", "start") and login is None:
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
        user = call.text("username") or call.address
        key = call.passage.reset, hash(user.lower())
        if call.kind == "first factor" and call.text("otp") and key in self._started:
            return self._started.pop(key) if call.is_passed else self._started[key]
        login = Login(call.number, user, call.client, call.number)
        if call.kind == "start":
            self._started[key] = login
        return login

    def _awaited(self, call: Call) -> tuple[str, Login | None]:
        """Return the push that a phone has got, the newest, or has answered: known only where just one waits."""
        self._pushes = {code: push for code, push in self._pushes.items() if push[1] > call.passage.arrived}
        waiting = [(code, push[2]) for code, push in self._pushes.items() if push[0] == call.passage.reset]
        return waiting[-1] if len(waiting) == 1 or (waiting and call.kind == "push") else ("", None)

    def _learn(self, call: Call, login: Login | None) -> None:
        reset = call.passage.reset
        for name, value in call.issued():
            self._issued.setdefault((reset, hash(value)), Issued(name, login, call.oob_code or call.gets("oob_code")))
        if call.kind == "challenge" and (code := call.gets("oob_code")) and "binding_method" not in call.got:
            # A newer challenge takes the place of the login's older one.
            self._pushes = {each: push for each, push in self._pushes.items() if push[2] is not login}
            self._pushes[code] = reset, call.passage.arrived + OOB_CODE_SECONDS, login
        elif call.kind == "answer" and call.status == 204:
            self._pushes.pop(call.oob_code, None)
        for known in (self._issued, self._started):
            while len(known) > KEPT:
                del known[next(iter(known))]


class Story:
    """The calls that are judged, in the order of their arrival, and what is known beside them."""

    def __init__(self, exchanges: Iterable[Recorded], on_purpose: Collection[int] = ()) -> None:
        """Read exchanges, in the order of their numbers; those that a test did on purpose are known, and not judged."""
        reader = Reader()
        self.known = [reader.read(exchange) for exchange in exchanges]
        judged = [call for call in self.known if not call.passage.on_purpose and call.number not in on_purpose]
        self.calls = sorted(judged, key=lambda call: (call.passage.arrived, call.number))
        self.of_app = [call for call in self.calls if call.exchange.speaker == "app"]
        self._born = {(call.passage.reset, value): call for call in reversed(self.known) for _, value in call.issued()}

    def of(self, *kinds: Kind) -> list[Call]:
        """Return the calls of some kinds."""
        return [call for call in self.calls if call.kind in kinds]

    def issuer(self, call: Call, field: str) -> Call | None:
        """Return the call whose answer issued the value of a field."""
        return self._born.get((call.passage.reset, call.text(field)))

    def silence(self, call: Call) -> float:
        """Return for how many seconds behind a call the exchanges go on; without end if its tenant began again."""
        last = self.known[-1]
        return math.inf if last.passage.reset > call.passage.reset else last.since(call)


def grouped(calls: Iterable[Call], by: Callable[[Call], Sequence[object]]) -> list[list[Call]]:
    """Return the calls that say the same to the same tenant: `by` is what they say, and none of it may be empty."""
    found: dict[tuple[object, ...], list[Call]] = {}
    for call in calls:
        if all(key := by(call)):
            found.setdefault((call.passage.reset, *key), []).append(call)
    return [*found.values()]


def gap(earlier: Call, later: Call) -> float:
    """Return the seconds from one arrival to the next, the clock's moves included."""
    return later.passage.arrived - earlier.passage.arrived


def least(seconds: float) -> float:
    """Return how little of a time is enough: it may be missed by 10 %, and by 0.5 s at least."""
    return seconds - max(0.5, seconds / 10)


def by_machine(calls: Sequence[Call], is_again: Callable[[Call, Call], bool] = lambda *_: True) -> list[Call]:
    """Return those of equal calls that no person made: again in under 2 s, or three times in 60 s.

    A clock that stands says nothing: no two of its calls are by machine. `is_again` says which call repeats another.
    """
    pairs = [each for each in pairwise(calls) if is_again(*each)]
    twice = [each for each in pairs if 0 < gap(*each) < 2]
    thrice = [
        (*one, other[1]) for one, other in pairwise(pairs) if one[1] is other[0] and 0 < gap(one[0], other[1]) <= 60
    ]
    found = {call for each in (*twice, *thrice) for call in each}
    return [call for call in calls if call in found]
