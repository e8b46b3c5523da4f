"""Cost grows with the work, in counted steps: the 1,000th exchange costs what the 10th did, 100,000 users what one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from auth0_mfa_lab import Exchange
from auth0_mfa_lab.sandbox import Sandbox, User
from auth0_mfa_lab.sandbox.app import respond
from auth0_mfa_lab.sandbox.http import Request
from auth0_mfa_lab.sandbox.records import Authenticator
from auth0_mfa_lab.wire.journal import Journal
from benchmarks import mask
from tests.mothers import a_journal, a_request, an_exchange

MANY = 1000
OFTEN_ENOUGH = 1.5


class Work:
    """Counts the lines of Python that run, and the calls into C."""

    def __init__(self) -> None:
        self.steps = 0

    def of(self, act: Callable[[], object]) -> int:
        self.steps = 0
        tracing, profiling = sys.gettrace(), sys.getprofile()
        sys.settrace(self._trace)
        sys.setprofile(self._profile)
        try:
            act()
        finally:
            sys.setprofile(profiling)
            sys.settrace(tracing)
        return self.steps

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        self.steps += event == "line"
        return self._trace

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        self.steps += event in ("call", "c_call")


def sealed(number: int, kind: str) -> str:
    """Return a value that begins like all others of its kind, as sealed strings do."""
    return f"Fe26.2*lab*{kind}*{number:012d}*{number * 7919 % 10**12:012d}*c2VhbGVk"


def a_login(journal: Journal, number: int) -> Exchange:
    """Record an exchange that brings two new secrets, and sends two."""
    return an_exchange(
        403,
        journal=journal,
        request=a_request(form={"mfa_token": sealed(number, "request"), "password": f"pass-{number:06d}-word"}),
        json={"error": "mfa_required", "mfa_token": sealed(number, "answer"), "otp": f"{number * 7919 % 10**6:06d}"},
    )


def of_the_tenth_and_of_the_thousandth(record: Callable[[Journal, int], Exchange]) -> tuple[int, int]:
    work, journal = Work(), a_journal()
    costs = {}
    for number in range(1, MANY + 1):
        if number in (10, MANY):
            costs[number] = work.of(lambda number=number: _shown(record(journal, number)))  # type: ignore[misc]  # now
        else:
            record(journal, number)
    return costs[10], costs[MANY]


def _shown(exchange: Exchange) -> None:
    exchange.show(exchange)


def test_the_count_sees_work() -> None:
    work = Work()
    little, much = work.of(lambda: sorted("ab")), work.of(lambda: [str(n) for n in range(500)])
    assert little < 10
    assert much > 500


def test_recording_aliasing_and_showing_costs_the_same_for_the_thousandth() -> None:
    tenth, thousandth = of_the_tenth_and_of_the_thousandth(a_login)
    assert tenth > 1000
    assert thousandth <= OFTEN_ENOUGH * tenth


def test_so_it_does_when_every_secret_has_a_length_of_its_own() -> None:
    def record(journal: Journal, number: int) -> Exchange:
        return an_exchange(journal=journal, json={"mfa_token": sealed(number, "x" * (number % 97))})

    tenth, thousandth = of_the_tenth_and_of_the_thousandth(record)
    # Their beginnings are one and the same; only lengths that were seen are tried, at that one place.
    assert thousandth <= 2 * tenth


def test_a_poll_that_brings_nothing_new_costs_the_same_for_the_thousandth() -> None:
    def record(journal: Journal, _: int) -> Exchange:
        form = {"mfa_token": sealed(1, "request"), "oob_code": sealed(2, "request")}
        return an_exchange(400, journal=journal, request=a_request(form=form), json={"error": "slow_down"})

    tenth, thousandth = of_the_tenth_and_of_the_thousandth(record)
    assert thousandth <= OFTEN_ENOUGH * tenth


def test_masking_a_text_costs_the_same_with_few_and_many_secrets() -> None:
    text = "a page of ordinary text, " * 40 + sealed(3, "token")

    def cost(secrets: int) -> int:
        journal = a_journal()
        for number in range(secrets):
            journal.aliases.learn("mfa_token", sealed(number, "token"))
        return Work().of(lambda: journal.aliases.mask(text))

    cost(5)  # compiles the patterns
    assert cost(500) <= 1.1 * cost(5)


def test_the_benchmark_of_masking_runs() -> None:
    early, late, again = mask.measured(60, 30)
    assert min(early, late, again) > 0
    assert 0 < late / early < 20


# The sandbox: what a request costs does not depend on how many users the tenant has.

CROWD = 100_000
AS_MUCH = 1.1
GRANT = "http://auth0.com/oauth/grant-type"


class Door:
    """The app of a sandbox, asked in this thread, so that its work can be counted."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self._client = {"client_id": box.defaults.client_id, "client_secret": box.defaults.client_secret}

    def ask(self, path: str, body: dict[str, str] | None = None, *, bearer: str = "") -> tuple[int, Any]:
        """Return status and JSON of a POST, or of a GET where there is no body."""
        content = json.dumps({**self._client, **body}).encode() if body is not None else b""
        headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {bearer}".encode())]
        scope = {
            "type": "http",
            "method": "GET" if body is None else "POST",
            "path": path,
            "query_string": b"",
            "headers": headers if bearer else headers[:1],
            "client": ("127.0.0.1", 1),
            "server": ("sandbox.example", 443),
            "scheme": "https",
        }
        answer = respond(self.box.tenant, Request(scope, content))
        return answer.status_code, json.loads(bytes(answer.body))

    def log_in(self, user: User, **fields: str) -> tuple[int, Any]:
        login = {"grant_type": "password", "username": user.username, "password": user.password}
        return self.ask("/oauth/token", {**login, **fields})


def a_password_grant(door: Door, user: User) -> Callable[[], tuple[int, Any]]:
    return lambda: door.log_in(user)


def a_wrong_password(door: Door, user: User) -> Callable[[], tuple[int, Any]]:
    return lambda: door.log_in(user, password="wrong")


def a_list(door: Door, user: User) -> Callable[[], tuple[int, Any]]:
    mfa_token = door.log_in(user)[1]["mfa_token"]
    return lambda: door.ask("/mfa/authenticators", bearer=mfa_token)


def a_challenge(door: Door, user: User) -> Callable[[], tuple[int, Any]]:
    mfa_token = door.log_in(user)[1]["mfa_token"]
    return lambda: door.ask("/mfa/challenge", {"mfa_token": mfa_token, "challenge_type": "oob"})


def an_mfa_grant(door: Door, user: User) -> Callable[[], tuple[int, Any]]:
    mfa_token = door.log_in(user)[1]["mfa_token"]
    oob_code = door.ask("/mfa/challenge", {"mfa_token": mfa_token})[1]["oob_code"]
    code = str(door.box.delivery.messages(user.phone_number)[-1].code)
    named = {"mfa_token": mfa_token, "oob_code": oob_code, "binding_code": code}
    return lambda: door.ask("/oauth/token", {"grant_type": f"{GRANT}/mfa-oob", **named})


@pytest.fixture(scope="module")
def doors() -> tuple[Door, Door]:
    """A sandbox with one user, and one with a hundred thousand; then the same newcomer in each."""
    boxes = Sandbox(), Sandbox()
    crowded = boxes[1].tenant
    (known,) = crowded.users.values()
    for number in range(1, CROWD):
        name = f"user{number}@crowd.example"
        crowded.add_user(replace(known, user_id=f"auth0|{number:024x}", username=name, email=name))
        enrolled = Authenticator(id=f"sms|dev_{number:016d}", kind="sms", active=True, address=known.phone_number)
        crowded.authenticators.add(f"auth0|{number:024x}", enrolled)
    return Door(boxes[0]), Door(boxes[1])


@pytest.mark.parametrize(
    ("prepare", "status"),
    [(a_password_grant, 403), (a_wrong_password, 403), (a_list, 200), (a_challenge, 200), (an_mfa_grant, 200)],
)
def test_a_request_costs_with_100_000_users_what_it_costs_with_one(
    doors: tuple[Door, Door], prepare: Callable[[Door, User], Callable[[], tuple[int, Any]]], status: int
) -> None:
    costs = []
    for door in doors:
        user = door.box.add_user(factors=["sms"])
        # The first of its kind makes what every later one finds: keys, patterns.
        assert prepare(door, user)()[0] == status
        act, answers = prepare(door, user), list[tuple[int, Any]]()
        costs.append(Work().of(lambda act=act, answers=answers: answers.append(act())))  # type: ignore[misc]  # now
        assert answers[0][0] == status
    few, many = costs
    assert len(doors[1].box.tenant.users) > CROWD
    assert few > 300
    assert many <= AS_MUCH * few
