"""Two answers side by side: what counts as a difference, under which name and kind, and what does not count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from auth0_mfa_lab.live.drift.drift import compare
from auth0_mfa_lab.wire.exchange import Body, Response

JSON = {"content-type": "application/json; charset=utf-8"}
PUSH = {"id": "push|dev_a", "active": True, "authenticator_type": "oob", "oob_channel": "auth0"}
OTP = {"id": "totp|dev_b", "active": True, "authenticator_type": "otp"}
CODE = {"id": "recovery-code|dev_c", "active": False}
ON, OFF = {"name": "sms", "enabled": True}, {"name": "sms", "enabled": False}


def answer(body: object, status: int = 200, headers: Mapping[str, str] = JSON) -> Response:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(status=status, reason="", headers=tuple(headers.items()), body=Body(content))


def found(live: Response, sandbox: Response) -> list[str]:
    differences = compare(live, sandbox, lambda text: text.replace("live-1", "sandbox-1"))
    return [f"{place}: {', '.join(said)}" for place, *said in dict.fromkeys(differences)]


BODIES: tuple[tuple[Any, Any, list[str]], ...] = (
    # the tenant's body, the sandbox's, and where they differ
    ({"error": "a"}, {"error": "b"}, ["error: error, a, b"]),
    ({"errorCode": "a"}, {"errorCode": "b"}, ["errorCode: error, a, b"]),
    ({"error_description": "a"}, {"error_description": "b"}, ["error_description: text, a, b"]),
    ({"message": "a"}, {"message": "b"}, ["message: text, a, b"]),
    ({"error_uri": "a"}, {"error_uri": "b"}, ["error_uri: text, a, b"]),
    ("<html>a", "<html>b", ["body: text, <html>a, <html>b"]),
    ("a", {}, ["body: type, string, object"]),
    *(
        ({name: "a"}, {name: "b"}, [f"{name}: value, a, b"])
        for name in (
            "token_type",
            "authenticator_type",
            "oob_channel",
            "oob_channels",
            "challenge_type",
            "binding_method",
            "type",
        )
    ),
    ({"active": True}, {"active": False}, ["active: value, true, false"]),
    ({"enabled": False}, {"enabled": True}, ["enabled: value, false, true"]),
    ({"a": 1, "b": "x"}, {"b": "y"}, ["a: added, number, —"]),
    ({"b": []}, {"b": [], "a": {}}, ["a: removed, —, object"]),
    ({"a": None}, {"a": "x"}, ["a: type, null, string"]),
    ({"a": True}, {"a": 1}, ["a: type, boolean, number"]),
    ({"a": 1}, {"a": 1.5}, []),
    ({"a": {"b": [1]}}, {"a": {"b": {}}}, ["a.b: type, array, object"]),
    ({"mfa_token": "x", "sub": "y"}, {"mfa_token": "z", "sub": "y2"}, []),
    ({"error": "of live-1"}, {"error": "of sandbox-1"}, []),
    ({"error": "of live-1"}, {"error": "of sandbox-2"}, ["error: error, of live-1, of sandbox-2"]),
    # Lists: by the kinds of their entries, in any order.
    ([PUSH, OTP], [OTP, PUSH], []),
    ([PUSH, OTP, CODE], [PUSH], ["[totp]: added, an entry, —", "[recovery-code]: added, an entry, —"]),
    ([PUSH], [PUSH, CODE], ["[recovery-code]: removed, —, an entry"]),
    ([PUSH | {"oob_channel": "push"}], [PUSH], ["[push].oob_channel: value, push, auth0"]),
    ([PUSH | {"x": 1}, PUSH | {"x": 1}], [PUSH, PUSH], ["[push].x: added, number, —"]),
    ([PUSH, PUSH | {"active": False}], [PUSH | {"active": False}, PUSH], []),
    ([PUSH, PUSH], [PUSH], []),
    ([ON], [OFF], ["[sms].enabled: value, true, false"]),
    ([{"type": "sms"}], [{"type": "otp"}], ["[sms]: added, an entry, —", "[otp]: removed, —, an entry"]),
    ([{"log_id": "1", "type": "a"}, {"log_id": "2", "type": "b"}], [{"log_id": "3", "type": "a"}], []),
    ({"oob_channels": ["a"]}, {"oob_channels": ["b"]}, ["oob_channels[]: value, a, b"]),
    (["a"], [], []),
    (["a"], ["b", "c"], []),
    (["a"], [1], ["[]: type, string, number"]),
)
# fmt: off
HEADERS: tuple[tuple[str, str | None, str | None, bool], ...] = (
    # the header, the tenant's, the sandbox's, and whether that is a difference
    ("content-type",          "text/html",         "application/json", True),
    ("content-type",          "A/B;charset=utf-8", "a/b; charset=UTF-8", False),
    ("cache-control",         "no-store",          "no-cache",         True),
    ("cache-control",         "b, a",              "a,b",              False),
    ("www-authenticate",      "Bearer",            None,               True),
    ("www-authenticate",      "Bearer a",          "Bearer b",         True),
    ("www-authenticate",      "Bearer live-1",     "Bearer sandbox-1", False),
    ("retry-after",           "1",                 None,               True),
    ("retry-after",           "1",                 "2",                False),
    ("x-ratelimit-limit",     None,                "1",                True),
    ("x-ratelimit-remaining", "1",                 None,               True),
    ("x-ratelimit-reset",     "1",                 None,               True),
    ("x-ratelimit-reset",     "1",                 "2",                False),
    ("date",                  "1",                 None,               False),
)
# fmt: on


@pytest.mark.parametrize(("live", "sandbox", "expected"), BODIES)
def test_two_bodies_differ_in_what_code_reads(live: Any, sandbox: Any, expected: list[str]) -> None:
    assert sorted(found(answer(live), answer(sandbox))) == sorted(expected)


@pytest.mark.parametrize(("name", "live", "sandbox", "differs"), HEADERS)
def test_the_headers_that_matter_differ(name: str, live: str | None, sandbox: str | None, differs: bool) -> None:
    one, other = (answer({}, headers={name: each} if each else {}) for each in (live, sandbox))
    expected = [f"header {name}: header, {live or '—'}, {sandbox or '—'}"] if differs else []
    assert found(one, other) == expected


def test_another_status_is_a_difference_by_itself() -> None:
    assert found(answer({}, status=201), answer({})) == ["status: status, 201, 200"]
    assert found(answer({"error": "a"}, 403), answer({"error": "b"}, 401)) == [
        "status: status, 403, 401",
        "error: error, a, b",
    ]
