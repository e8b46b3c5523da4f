"""Cost grows with the work, in counted steps: the 1,000th exchange costs what the 10th did, many users what one."""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

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


def recorded(journal: Journal, number: int) -> Exchange:
    """Record what every login brings: a secret that comes again, one of its own, and one of many lengths."""

    def sealed(at: int, kind: str) -> str:
        return f"Fe26.2*lab*{kind}*{at:012d}*{at * 7919 % 10**12:012d}*c2VhbGVk"

    form = {"mfa_token": sealed(number, "request"), "oob_code": sealed(0, "code"), "password": f"word-{number:06d}"}
    # The beginnings of many lengths are one and the same: only lengths that were seen are tried, at that one place.
    body = {"mfa_token": sealed(number, "x" * (number % 97)), "otp": f"{number * 7919 % 10**6:06d}"}
    return an_exchange(403, journal=journal, request=a_request(form=form), json=body)


def test_recording_and_showing_costs_the_same_for_the_thousandth() -> None:
    journal, costs = a_journal(), []
    for first, last in ((1, 10), (11, 1000)):
        for number in range(first, last):
            recorded(journal, number)
        costs.append(steps_of(lambda: repr(recorded(journal, last))))  # noqa: B023  # now
    early, late = costs
    assert early > 500, "the count sees work"
    assert late <= 1.5 * early


def test_the_benchmark_of_masking_runs() -> None:
    early, late, _ = mask.measured(60, 30)
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
        token = asked(box, "/oauth/token", **login)["mfa_token"]
        named = {"mfa_token": token, "oob_code": asked(box, "/mfa/challenge", mfa_token=token)["oob_code"]}
        named |= {"grant_type": "http://auth0.com/oauth/grant-type/mfa-oob"}
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
