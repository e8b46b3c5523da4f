"""Faults on demand: each kind bites on its route, so often and no more, and leaves the tenant as it was."""

import json
import time

import httpx
import pytest

from auth0_mfa_lab.sandbox.server import Server
from tests.serve.serve_mothers import Application

CONFIGURATION = "/.well-known/openid-configuration"


def fail(control: httpx.Client, **fault: object) -> dict[str, object]:
    answer = control.post("faults", json=fault)
    assert answer.status_code == 201, answer.text
    shown: dict[str, object] = answer.json()
    return shown


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_429_says_when_to_come_again(http: httpx.Client, control: httpx.Client, ahead: float) -> None:
    control.post("clock", json={"advance": ahead})
    fail(control, kind="429", route="/oauth/token", retry_after=7, times=2)
    assert http.get(CONFIGURATION).status_code == 200
    for _ in range(2):
        answer = http.post("/oauth/token", headers={"origin": "http://localhost:3000"})
        assert (answer.status_code, answer.json()["error"]) == (429, "too_many_requests")
        assert answer.headers["retry-after"] == "7"
        assert abs(int(answer.headers["x-ratelimit-reset"]) - time.time() - 7) < 5
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert http.post("/oauth/token").status_code == 401


def test_the_management_api_fails_in_its_own_shape(http: httpx.Client, control: httpx.Client) -> None:
    fail(control, kind="429")
    assert http.get("/api/v2/guardian/factors").json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }


@pytest.mark.parametrize(
    ("kind", "given", "status"), [("5xx", {}, 503), ("5xx", {"status": 500}, 500), ("html", {}, 502)]
)
def test_a_server_or_its_gateway_fails(
    http: httpx.Client, control: httpx.Client, kind: str, given: dict[str, int], status: int
) -> None:
    fail(control, kind=kind, **given)
    answer = http.post("/oauth/token")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html" if kind == "html" else "application/json")
    assert http.post("/oauth/token").status_code == 401


def test_a_slow_answer_holds_nobody_else_up(http: httpx.Client, control: httpx.Client) -> None:
    fail(control, kind="slow", route="/oauth/token", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/oauth/token", timeout=0.3)
    assert http.get(CONFIGURATION, timeout=2).status_code == 200
    fail(control, kind="slow", route="/oauth/token", seconds=0.3)
    began = time.monotonic()
    assert http.post("/oauth/token").status_code == 401
    assert time.monotonic() - began >= 0.3


def test_a_dropped_connection_is_no_answer_at_all(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    app = Application(server, http, control, ("push",))
    fail(control, kind="drop", route="POST /oauth/token")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        app.password()
    assert app.password().status_code == 403


def test_a_fault_without_a_route_is_not_the_phones(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    app = Application(server, http, control, ("push",))
    app.challenge()
    fail(control, kind="5xx")
    assert control.post("phone/allow", json={}).status_code == 200
    assert app.poll().status_code == 503
    assert app.poll().status_code == 200


def test_a_late_approval_comes_after_so_many_more_polls(
    server: Server, http: httpx.Client, control: httpx.Client
) -> None:
    app, other = (Application(server, http, control, ("push",)) for _ in range(2))
    app.challenge()
    fail(control, kind="late_approval", polls=2)
    allowed = control.post("phone/allow", json={})
    assert (allowed.status_code, allowed.json()["after_polls"]) == (202, 2)
    other.challenge()
    assert other.poll().json()["error"] == "authorization_pending"
    assert [app.poll().status_code for _ in range(3)] == [400, 400, 200]
    assert other.poll().json()["error"] == "authorization_pending"


def test_a_lost_push_reaches_no_phone(server: Server, http: httpx.Client, control: httpx.Client) -> None:
    app = Application(server, http, control, ("push",))
    fail(control, kind="lost_push")
    app.challenge()
    assert control.get("phone").json()["pushes"] == []
    assert control.get("push").status_code == 404
    app.challenge()
    assert len(control.get("phone").json()["pushes"]) == 1


def test_faults_are_listed_and_taken_back(http: httpx.Client, control: httpx.Client) -> None:
    first = fail(control, kind="drop", times=3)
    second = fail(control, kind="late_approval", polls=4)
    assert first == {"kind": "drop", "times": 3, "route": None}
    assert control.get("faults").json() == {"faults": [first, second]}
    assert second == {"kind": "late_approval", "times": 1, "polls": 4}
    assert control.delete("faults").status_code == 204
    assert control.get("faults").json() == {"faults": []}
    assert http.get(CONFIGURATION).status_code == 200


def test_faults_bite_in_the_order_in_which_they_were_made(http: httpx.Client, control: httpx.Client) -> None:
    fail(control, kind="5xx", status=501)
    fail(control, kind="5xx", status=502, route="/oauth")
    fail(control, kind="5xx", status=503, route="GET /oauth/token")
    assert [http.post("/oauth/token").status_code for _ in range(3)] == [501, 502, 401]
    assert http.get("/oauth/token").status_code == 503


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "rain"},
        {"kind": "429", "times": 0},
        {"kind": "5xx", "status": 404},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "seconds": "1"},
        {"kind": "drop", "route": "oauth"},
        {"kind": "drop", "colour": 1},
        {"kind": "429", "times": True},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(control: httpx.Client, wrong: dict[str, object]) -> None:
    answer = control.post("faults", content=json.dumps(wrong))
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_input"
    assert answer.json()["field"]
    assert control.get("faults").json() == {"faults": []}
