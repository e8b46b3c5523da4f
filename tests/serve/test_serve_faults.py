"""Faults on demand: each kind bites on its route, so often and no more, and leaves the tenant as it was."""

import time
from typing import Any

import httpx
import pytest

from auth0_mfa_lab.sandbox.errors import TOO_MANY_STARTS
from tests.serve.conftest import LogIn

CONFIGURATION = "/.well-known/openid-configuration"
ERROR = {"error": "server_error", "error_description": "The server could not answer."}
LIMIT = {"error": "too_many_requests", "error_description": TOO_MANY_STARTS.text}
GLOBAL = {"statusCode": 429, "error": "Too Many Requests", "message": "Global limit has been reached"}
GLOBAL["errorCode"] = "too_many_requests"
PAGE = "<html>\n<head><title>"
# fmt: off
FAULTS: list[tuple[dict[str, Any], str, int, object]] = [
    # a fault, what is asked, and the status and the JSON that come, or the beginning of a page
    ({"kind": "429"},                                "POST /oauth/token",            429, LIMIT),
    ({"kind": "429"},                                "GET /api/v2/guardian/factors", 429, GLOBAL),
    ({"kind": "5xx"},                                "POST /oauth/token",            503, ERROR),
    ({"kind": "5xx", "status": 500},                 "POST /oauth/token",            500, ERROR),
    ({"kind": "html"},                               "POST /oauth/token",            502, f"{PAGE}502 Bad Gateway"),
    ({"kind": "html", "status": 504},                "POST /oauth/token",            504, f"{PAGE}504 Gateway Ti"),
    ({"kind": "5xx", "route": "/oauth"},             "POST /oauth/token",            503, ERROR),
    ({"kind": "5xx", "route": "/oauth/"},            "POST /oauth/token",            503, ERROR),
    ({"kind": "5xx", "route": "/oaut"},              "POST /oauth/token",            401, None),
    ({"kind": "5xx", "route": "POST /oauth/token"},  "POST /oauth/token",            503, ERROR),
    ({"kind": "5xx", "route": "GET /oauth/token"},   "POST /oauth/token",            401, None),
]
# fmt: on


def fail(control: httpx.Client, **fault: object) -> dict[str, object]:
    shown: dict[str, object] = control.post("faults", json=fault).raise_for_status().json()
    return shown


@pytest.mark.parametrize(("fault", "call", "status", "body"), FAULTS)
def test_a_fault_bites_once_on_its_route_in_the_shape_of_its_api(
    http: httpx.Client, control: httpx.Client, fault: dict[str, Any], call: str, status: int, body: object
) -> None:
    fail(control, **fault)
    answer, again = (http.request(*call.split()) for _ in range(2))
    assert (answer.status_code, again.status_code) == (status, 401)
    if isinstance(body, str):
        assert (answer.headers["content-type"], answer.text[: len(body)]) == ("text/html; charset=utf-8", body)
    elif body:
        assert answer.json() == body


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_429_says_when_to_come_again(http: httpx.Client, control: httpx.Client, ahead: float) -> None:
    control.post("clock", json={"advance": ahead})
    fail(control, kind="429", route="/oauth/token", retry_after=7, times=2)
    assert http.get(CONFIGURATION).status_code == 200
    for _ in range(2):
        answer = http.post("/oauth/token", headers={"origin": "http://localhost:3000"})
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        names = ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining")
        assert (answer.status_code, [answer.headers[name] for name in names]) == (429, ["7", "1", "0"])
        assert abs(int(answer.headers["x-ratelimit-reset"]) - time.time() - 7) < 5
    assert http.post("/oauth/token").status_code == 401


def test_a_slow_answer_holds_nobody_up_and_a_dropped_one_is_none(http: httpx.Client, control: httpx.Client) -> None:
    fail(control, kind="slow", route="/oauth/token", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/oauth/token", timeout=0.2)
    assert http.get(CONFIGURATION, timeout=20).status_code == 200
    fail(control, kind="slow", route="/oauth/token", seconds=0.2)
    began = time.monotonic()
    assert http.post("/oauth/token").status_code == 401
    assert time.monotonic() - began >= 0.2
    fail(control, kind="drop", route="POST /oauth/token")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.post("/oauth/token")
    assert http.post("/oauth/token").status_code == 401


def test_a_push_is_lost_or_allowed_late_and_no_call_of_the_phone_fails(control: httpx.Client, log_in: LogIn) -> None:
    login, other = log_in("push"), log_in("push")
    fail(control, kind="lost_push")
    login.challenge()
    assert control.get("phone").json()["pushes"] == []
    assert control.get("push").status_code == 404
    login.challenge()
    fail(control, kind="late_approval", polls=2)
    allowed = control.post("phone/allow", json={})
    assert (allowed.status_code, allowed.json()["after_polls"]) == (202, 2)
    other.challenge()
    polled = [each.poll().status_code for each in (other, login, login, login, other)]
    assert polled == [400, 400, 400, 200, 400]
    fail(control, kind="5xx")
    assert control.post("phone/allow", json={}).status_code == 200
    assert [other.poll().status_code for _ in range(2)] == [503, 200]


def test_faults_are_listed_bite_in_their_order_and_are_taken_back(http: httpx.Client, control: httpx.Client) -> None:
    made = [
        fail(control, kind="5xx", status=501),
        fail(control, kind="5xx", status=502, route="/oauth", times=2),
        fail(control, kind="late_approval", polls=4),
    ]
    assert made == [
        {"kind": "5xx", "times": 1, "route": None, "status": 501},
        {"kind": "5xx", "times": 2, "route": "/oauth", "status": 502},
        {"kind": "late_approval", "times": 1, "polls": 4},
    ]
    assert control.get("faults").json() == {"faults": made}
    assert [http.post("/oauth/token").status_code for _ in range(2)] == [501, 502]
    assert (control.delete("faults").status_code, control.get("faults").json()) == (204, {"faults": []})
    assert http.post("/oauth/token").status_code == 401
