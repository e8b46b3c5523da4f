"""Makes what tests begin with: exchanges, journals, scripted transports, polls, and labs on a tenant of one's own."""

import json as jsonlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from auth0_mfa_lab.clock import RealClock, SandboxClock
from auth0_mfa_lab.lab import Lab
from auth0_mfa_lab.polling import Poll, PollRun
from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import Settings
from auth0_mfa_lab.show.exchange import show, show_all
from auth0_mfa_lab.show.poll import show_poll
from auth0_mfa_lab.wire.exchange import Body, Exchange, Failure, Request, Response, Speaker
from auth0_mfa_lab.wire.journal import Journal
from tests.flows.flows import log_in

NOW = 1_800_000_000.0
"""2027-01-15T08:00:00Z, in epoch seconds."""

MFA_TOKEN = "Fe26.2*lab*aGVsbG8gd29ybGQ*c2VhbGVkIHN0cmluZw*MTIzNDU2Nzg5MA"  # auth0-mfa-lab: allow
OOB_CODE = "Fe26.2*lab*b29iIGNvZGU*bm90aGluZyB0byBzZWU*OTg3NjU0MzIxMA"  # auth0-mfa-lab: allow
PENDING: Mapping[str, Any] = {"status": 400, "json": {"error": "authorization_pending"}}
SLOW_DOWN: Mapping[str, Any] = {"status": 429, "json": {"error": "slow_down"}}
GRANTED: Mapping[str, Any] = {"status": 200, "json": {"access_token": "opaque-access-token-0001"}}
LOST: Mapping[str, Any] = {"failure": "ConnectError"}


def rows(table: str) -> list[list[str]]:
    """Return the cells of a table, whose columns are parted by `|`."""
    return [[cell.strip() for cell in row.split("|")] for row in table.strip().splitlines()]


def a_request(
    method: str = "POST",
    url: str = "https://tenant.example/oauth/token",
    *,
    headers: Iterable[tuple[str, str]] = (),
    json: Any = None,
    form: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Request:
    """Return a request; `json` or `form` brings its body and its content-type."""
    content, encoded = _encoded(json, form, body)
    return Request(method=method, url=url, headers=(*headers, *content), body=Body(encoded))


def a_response(
    status: int = 200, *, json: Any = None, text: str | None = None, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """Return a response of this status, with a JSON body or a text."""
    content, encoded = _encoded(json, None, (text or "").encode())
    reason = httpx.codes.get_reason_phrase(status)
    return Response(status=status, reason=reason, headers=(*headers, *content), body=Body(encoded))


def a_journal(*, people: bool = False, now: Callable[[], float] = lambda: NOW) -> Journal:
    """Return an empty journal, which shows as the lab's own does."""
    return Journal(aliases=Aliases(people=people), now=now, show=show, show_all=show_all)


def an_exchange(
    status: int = 200,
    *,
    request: Request | None = None,
    failure: str | None = None,
    speaker: Speaker = "app",
    notes: tuple[str, ...] = (),
    journal: Journal | None = None,
    **answer: Any,
) -> Exchange:
    """Return one exchange of a journal (a fresh one by default); with a `failure`'s kind there is no answer."""
    came = Failure(kind=failure, said="no route") if failure else a_response(status, **answer)
    return (a_journal() if journal is None else journal).append(speaker, request or a_request(), came, notes=notes)


class Scripted(httpx.BaseTransport):
    """Answers from a list, and keeps what it was asked; the last answer is repeated."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers) or [httpx.Response(200, json={})]
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        # A copy: the client closes what it was given, and a repeated answer must be whole again.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())


class Leaping:
    """A clock that jumps: each look at the real time finds `seconds` more of it gone."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


class Standing:
    """A clock that moves only by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.at = now

    def now(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds


def a_run(*answers: Mapping[str, Any], clock: Standing | None = None, journal: Journal | None = None) -> PollRun:
    """Return a poll that will be told these answers (arguments of `an_exchange`), the last one again and again."""
    clock = clock or Standing()
    journal = a_journal(now=clock.now) if journal is None else journal
    left = list(answers)

    def ask() -> Exchange:
        assert len(journal) < 200, "the poll does not end"
        return an_exchange(journal=journal, **(left.pop(0) if len(left) > 1 else left[0]))

    return PollRun(Poll.begin(clock.now()), ask=ask, now=clock.now, show=show_poll)


def a_sandbox_clock(clock: Standing, *, leap: float = 0.0) -> SandboxClock:
    """Return the lab's clock over this one; a poll of a button finds `leap` seconds gone at each look."""
    return SandboxClock(clock, monotonic=Leaping(leap))


def live_settings(box: Sandbox, *, show_people: bool = False) -> Settings:
    """Return the settings of somebody whose own tenant this sandbox plays, and who is asked nothing."""

    known = box.defaults
    people: dict[str, Any] = {"username": known.username, "phone_number": known.phone_number, "email": known.email}
    if not show_people:
        people = {name: Secret(value, f"<{name}>") for name, value in people.items()}
    return Settings(
        tenant="live",
        domain=box.domain,
        client_id=known.client_id,
        client_secret=Secret(known.client_secret, "<client_secret>"),
        password=Secret(known.password, "<password>"),
        show_people=show_people,
        confirm="never",
        **people,
    )


def a_live_lab(box: Sandbox, *, show_people: bool = False) -> Lab:
    """Return a live lab whose network ends in this sandbox."""
    return Lab.live(live_settings(box, show_people=show_people), transport=box.transport)


def enrolling(lab: Lab, kind: str = "oob") -> tuple[str, Exchange]:
    """Return the mfa_token of a new user's login, and the enrollment that it has begun."""
    token = log_in(lab, lab.user(factors=[]))["mfa_token"]
    channels = ["auth0"] if kind == "oob" else None
    return token, lab.client.mfa_associate(token, authenticator_types=[kind], oob_channels=channels)


def a_phone_of(box: Sandbox) -> Phone:
    """Return the person's own phone: nothing that it says is recorded."""
    return box.new_phone(httpx.Client(transport=box.transport))


def a_real_clock(box: Sandbox) -> RealClock:
    """Return a real clock for which this sandbox's time is the real one, so that no test waits."""
    return RealClock(sleep=box.clock.advance, now=box.clock.now)


def _encoded(json: Any, form: Mapping[str, str] | None, body: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    if json is not None:
        return (("content-type", "application/json"),), jsonlib.dumps(json).encode()
    if form is not None:
        return (("content-type", "application/x-www-form-urlencoded"),), urlencode(form).encode()
    return (), body
