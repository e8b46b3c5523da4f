"""Faults on demand: each kind bites on its route, so often and no more, and leaves the tenant as it was."""

import json
import time

import httpx
import pytest

from auth0_mfa_lab.sandbox.errors import TOO_MANY_STARTS
from auth0_mfa_lab.tenants.operations import Remote
from tests.mothers import rows
from tests.serve.conftest import LogIn

CONFIGURATION = "/.well-known/openid-configuration"
SAID = "The server could not answer."
ERROR = {"error": "server_error", "error_description": SAID}
LIMIT = {"error": "too_many_requests", "error_description": TOO_MANY_STARTS.text}
GLOBAL = {"statusCode": 429, "error": "Too Many Requests", "message": "Global limit has been reached"}
GLOBAL |= {"errorCode": "too_many_requests"}
GENERAL = {"statusCode": 503, "error": "Service Unavailable", "message": SAID, "errorCode": "server_error"}
UNKNOWN = {**GENERAL, "statusCode": 599, "error": "Unknown Error"}
BODIES = {"error": ERROR, "limit": LIMIT, "global": GLOBAL, "general": GENERAL, "unknown": UNKNOWN}
# A fault | the route that is asked | the status and the JSON that come, or the title of a page
FAULTS = """
{"kind": "429"}                               | POST /oauth/token               | 429 | limit
{"kind": "429"}                               | GET /api/v2/guardian/factors    | 429 | global
{"kind": "5xx"}                               | POST /oauth/token               | 503 | error
{"kind": "5xx", "status": 500}                | POST /oauth/token               | 500 | error
{"kind": "html"}                              | POST /oauth/token               | 502 | 502 Bad Gateway
{"kind": "html", "status": 403}               | POST /oauth/token               | 403 | 403 Forbidden
{"kind": "html", "status": 520}               | POST /oauth/token               | 520 | 520 Unknown Error
{"kind": "5xx", "status": 599}                | GET /api/v2/guardian/factors    | 599 | unknown
{"kind": "5xx", "route": "POST /appliance-mfa/api/enroll"} | POST /appliance-mfa/api/enroll | 503 | general
{"kind": "5xx", "route": "/oauth"}            | POST /oauth/token               | 503 | error
{"kind": "5xx", "route": "/oauth/"}           | POST /oauth/token               | 503 | error
{"kind": "5xx", "route": "/oaut"}             | POST /oauth/token               | 401 |
{"kind": "5xx", "route": "POST /oauth/token"} | POST /oauth/token               | 503 | error
{"kind": "5xx", "route": "GET /oauth/token"}  | POST /oauth/token               | 401 |
{"kind": "5xx"}                               | POST /appliance-mfa/api/enroll  | 401 |
"""


@pytest.mark.parametrize(("fault", "call", "status", "said"), rows(FAULTS))
def test_a_fault_bites_once_on_its_route_in_the_shape_of_its_api(
    http: httpx.Client, ask: Remote, fault: str, call: str, status: str, said: str
) -> None:
    ask("add_fault", **json.loads(fault))
    browser = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    assert http.options(call.partition(" ")[2], headers=browser).status_code == 204
    answer, again = (http.request(*call.split()) for _ in range(2))
    assert (answer.status_code, again.status_code) == (int(status), 401)
    if said in BODIES:
        assert answer.json() == BODIES[said]
    elif said:
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text.startswith(f"<html>\n<head><title>{said}")


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_429_says_when_to_come_again(http: httpx.Client, ask: Remote, ahead: float) -> None:
    ask("advance", advance=ahead)
    ask("add_fault", kind="429", route="/oauth/token", retry_after=7, times=2)
    for _ in range(2):
        answer = http.post("/oauth/token", headers={"origin": "http://localhost:3000"})
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        names = ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining")
        assert (answer.status_code, [answer.headers[name] for name in names]) == (429, ["7", "1", "0"])
        assert abs(int(answer.headers["x-ratelimit-reset"]) - time.time() - 7) < 5
    assert http.post("/oauth/token").status_code == 401


def test_a_slow_answer_holds_nobody_up_and_a_dropped_one_is_none(http: httpx.Client, ask: Remote) -> None:
    ask("add_fault", kind="slow", route="/oauth/token", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/oauth/token", timeout=0.2)
    assert http.get(CONFIGURATION, timeout=20).status_code == 200
    ask("add_fault", kind="drop", route="POST /oauth/token")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.post("/oauth/token")
    assert http.post("/oauth/token").status_code == 401


def test_a_push_is_lost_or_allowed_late_and_no_call_of_the_phone_fails(ask: Remote, log_in: LogIn) -> None:
    login = log_in("push")
    ask("add_fault", kind="lost_push")
    login.challenge()
    assert ask("accounts_and_pushes")["pushes"] == []
    login.challenge()
    ask("add_fault", kind="late_approval", polls=2)
    assert ask("allow")["after_polls"] == 2
    assert [login.poll().status_code for _ in range(3)] == [400, 400, 200]
    login.challenge()
    ask("add_fault", kind="5xx")
    assert ask("allow")["status"] == 204
    assert [login.poll().status_code for _ in range(2)] == [503, 200]


def test_faults_are_listed_bite_in_their_order_and_are_taken_back(http: httpx.Client, ask: Remote) -> None:
    # fmt: off
    made = [
        {"kind": "5xx",           "times": 1, "route": None,     "status": 501},
        {"kind": "5xx",           "times": 2, "route": "/oauth", "status": 502},
        {"kind": "late_approval", "times": 1, "polls": 4},
    ]
    # fmt: on
    assert [ask("add_fault", **each) for each in made] == made
    assert ask("faults") == {"faults": made}
    assert [http.post("/oauth/token").status_code for _ in range(2)] == [501, 502]
    ask("clear_faults")
    assert ask("faults") == {"faults": []}
    assert http.post("/oauth/token").status_code == 401
    slow, late = ask("add_fault", kind="slow"), ask("add_fault", kind="late_approval")
    assert (slow["seconds"], late["polls"]) == (1.0, 1)
    for _ in range(100):
        ask("add_fault", kind="drop")
    assert {each["kind"] for each in ask("faults")["faults"]} == {"drop"}  # a hundred are kept
