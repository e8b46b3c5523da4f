"""Cost grows with the work, in counted steps: the 1,000th exchange costs what the 10th did, many users what one."""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from auth0_mfa_lab import Exchange
from auth0_mfa_lab.sandbox import Sandbox, User
from auth0_mfa_lab.sandbox.app import respond
from auth0_mfa_lab.sandbox.http import Request
from auth0_mfa_lab.wire.journal import Journal
from benchmarks import mask
from tests.mothers import a_journal, a_request, an_exchange


def steps_of(act: Callable[[], object]) -> int:
    """Return how many lines of Python run in this thread."""
    steps, before = 0, sys.gettrace()

    def trace(_: FrameType, event: str, __: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return trace

    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return steps


def sealed(number: int, kind: str) -> str:
    """Return a value that begins like all others of its kind, as sealed strings do."""
    return f"Fe26.2*lab*{kind}*{number:012d}*{number * 7919 % 10**12:012d}*c2VhbGVk"


def a_login(journal: Journal, number: int) -> Exchange:
    form = {"mfa_token": sealed(number, "request"), "password": f"pass-{number:06d}-word"}
    body = {"error": "mfa_required", "mfa_token": sealed(number, "answer"), "otp": f"{number * 7919 % 10**6:06d}"}
    return an_exchange(403, journal=journal, request=a_request(form=form), json=body)


def secrets_of_many_lengths(journal: Journal, number: int) -> Exchange:
    return an_exchange(journal=journal, json={"mfa_token": sealed(number, "x" * (number % 97))})


def a_poll(journal: Journal, _: int) -> Exchange:
    form = {"mfa_token": sealed(1, "request"), "oob_code": sealed(2, "request")}
    return an_exchange(400, journal=journal, request=a_request(form=form), json={"error": "slow_down"})


# The beginnings of many lengths are one and the same: only lengths that were seen are tried, at that one place.
@pytest.mark.parametrize(("record", "most"), [(a_login, 1.5), (secrets_of_many_lengths, 2), (a_poll, 1.5)])
def test_recording_and_showing_costs_the_same_for_the_thousandth(
    record: Callable[[Journal, int], Exchange], most: float
) -> None:
    journal, costs = a_journal(), dict[int, int]()

    def shown(number: int) -> None:
        exchange = record(journal, number)
        exchange.show(exchange)

    for number in range(1, 1001):
        if number in (10, 1000):
            costs[number] = steps_of(lambda number=number: shown(number))  # type: ignore[misc]  # now
        else:
            record(journal, number)
    assert costs[10] > 500, "the count sees work"
    assert costs[1000] <= most * costs[10]


def test_the_benchmark_of_masking_runs() -> None:
    early, late, again = mask.measured(60, 30)
    assert min(early, late, again) > 0
    assert 0 < late / early < 20


def asked(box: Sandbox, path: str, **body: str) -> Any:
    """Ask the app of a sandbox in this thread, so that its work can be counted, and return the JSON of the answer."""
    client = {"client_id": box.defaults.client_id, "client_secret": box.defaults.client_secret}
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "scheme": "https"}
    scope |= {"client": ("127.0.0.1", 1), "server": ("sandbox.example", 443)}
    scope |= {"headers": [(b"content-type", b"application/json")]}
    return json.loads(bytes(respond(box.tenant, Request(scope, json.dumps({**client, **body}).encode())).body))


def test_a_login_costs_with_many_users_what_it_costs_with_one() -> None:
    def logged_in(box: Sandbox, user: User) -> None:
        login = {"grant_type": "password", "username": user.username, "password": user.password}
        assert asked(box, "/oauth/token", **{**login, "password": "wrong"})["error"] == "invalid_grant"
        token = asked(box, "/oauth/token", **login)["mfa_token"]
        oob_code = asked(box, "/mfa/challenge", mfa_token=token)["oob_code"]
        named = {"mfa_token": token, "oob_code": oob_code, "grant_type": "http://auth0.com/oauth/grant-type/mfa-oob"}
        code = str(box.delivery.messages(user.phone_number)[-1].code)
        assert asked(box, "/oauth/token", **named, binding_code=code)["access_token"]

    costs = []
    for box, users in ((Sandbox(), 1), (Sandbox(), 1_000)):
        user = [box.add_user(factors=["sms"]) for _ in range(users)][-1]
        logged_in(box, user)  # the first makes what every later one finds: keys, patterns
        costs.append(steps_of(lambda: logged_in(box, user)))  # noqa: B023  # now
    few, many = costs
    assert few > 1_000
    assert many <= 1.1 * few
