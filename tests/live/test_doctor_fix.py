"""`doctor --fix`: it asks before each call, reads before it replaces, shows what was and what is, and looks again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.live.doctor_mothers import GRANT, MFA, SETUPS, run, told
from tests.live.live_world import Alteration, Answer, LiveTenant

API = "/api/v2"


class Exactly(Alteration):
    """An alteration of this path alone, and of none below it."""

    def hits(self, method: str, path: str) -> bool:
        return self.times > 0 and self.route == f"{method} {path}"


def environ(tenant: LiveTenant) -> dict[str, str]:
    return tenant.environ | tenant.management


def grants(tenant: LiveTenant) -> frozenset[str]:
    return tenant.sandbox.tenant.clients[tenant.sandbox.defaults.client_id].grants


def writes(tenant: LiveTenant) -> list[tuple[str, str]]:
    return [(method, path) for method, path in tenant.journal if method != "GET" and path.startswith(API)]


def test_it_shows_what_is_there_and_what_will_be_and_does_it_after_a_yes(
    ready: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    SETUPS["voice message type"].breaks(ready)
    result = run(monkeypatch, environ(ready), "--fix", given="y\n")
    path = "PUT /api/v2/guardian/factors/phone/message-types"
    assert f"{ready.domain} is a live tenant, and its settings hold for everybody who uses it" in result.stderr
    assert f"voice message type: {path}\n  now   sms\n  then  sms, voice\nSend it?" in result.stderr
    assert f"mended  voice message type ({path}): sms -> sms, voice" in result.stderr
    assert ready.sandbox.tenant.settings.message_types == ("sms", "voice")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith(f"Doctor · the live tenant {ready.domain} is ready")


def test_after_a_no_nothing_is_sent_and_it_stays_missing(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["policy"].breaks(ready)
    result = run(monkeypatch, environ(ready), "--fix", given="n\n")
    assert (result.exit_code, writes(ready)) == (1, [])
    assert "not mended  policy (PUT /api/v2/guardian/policies): left as it was" in result.stderr


def test_each_call_is_asked_for_by_itself(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["push"].breaks(ready)
    SETUPS["email"].breaks(ready)
    result = run(monkeypatch, environ(ready), "--fix", given="n\ny\n")
    assert result.stderr.count("Send it?") == 2
    assert writes(ready) == [("PUT", f"{API}/guardian/factors/email")]
    assert result.exit_code == 1


def test_what_a_tenant_wrote_stands_in_the_question_on_one_line_and_masked(
    ready: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    SETUPS["default directory"].breaks(ready)
    secret = ready.management["AUTH0_MGMT_CLIENT_SECRET"]
    written = f"old\x1b[2J\n  then  fine {secret}"
    ready.alter(f"GET {API}/tenants/settings", lambda answer: answer.with_fields(default_directory=written))
    result = run(monkeypatch, environ(ready), "--fix", given="n\n")
    (now,) = [each for each in result.stderr.splitlines() if each.startswith("  now   ")]
    assert now == "  now   old\N{REPLACEMENT CHARACTER}[2J then fine <mgmt_client_secret 1>"
    assert "\x1b" not in result.output
    assert secret not in result.output
    assert writes(ready) == []


def test_where_nobody_answers_nothing_is_sent_and_yes_is_named(
    ready: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    SETUPS["push"].breaks(ready)
    result = run(monkeypatch, environ(ready), "--fix")
    assert (result.exit_code, writes(ready)) == (1, [])
    assert "No question can be answered here: --yes mends without asking." in result.stderr


def test_yes_asks_nothing(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["push"].breaks(ready)
    result = run(monkeypatch, environ(ready), "--fix", "--yes")
    assert "Send it?" not in result.output
    assert writes(ready) == [("PUT", f"{API}/guardian/factors/push-notification")]


def test_the_labs_own_question_does_not_come_on_top(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["push"].breaks(ready)
    result = run(monkeypatch, environ(ready) | {"AUTH0_LAB_CONFIRM": "each"}, "--fix", "--yes")
    assert (result.exit_code, len(writes(ready))) == (0, 1)


def test_yes_alone_is_a_slip(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, environ(ready), "--yes")
    assert (result.exit_code, ready.journal) == (2, ())
    assert "--yes goes with --fix" in result.stderr


def test_grants_are_added_to_what_the_application_has(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    before = grants(ready)
    client_id = ready.sandbox.defaults.client_id
    clients = ready.sandbox.tenant.clients
    clients[client_id] = replace(clients[client_id], grants=frozenset({"authorization_code", "implicit", MFA[0]}))
    result = run(monkeypatch, environ(ready), "--fix", "--yes", "--json")
    assert grants(ready) == {"authorization_code", "implicit", *before} - {"refresh_token", "client_credentials"}
    assert result.exit_code == 0
    reads = [(method, path) for method, path in ready.journal if path == f"{API}/clients/{client_id}"]
    first = reads.index(("PATCH", f"{API}/clients/{client_id}"))
    assert reads[:first] == [("GET", f"{API}/clients/{client_id}")] * 2


@pytest.mark.parametrize("order", [0, 1])
def test_what_came_between_two_looks_is_kept(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch, order: int) -> None:
    """Let somebody else tick voice while the doctor looks: what is written is of the newest reading."""
    ready.set_up(message_types=())
    seen: list[int] = []

    def somebody(answer: Answer) -> Answer:
        seen.append(1)
        if len(seen) == order + 1:
            ready.set_up(message_types=("voice",))
        return answer

    ready.alter(f"GET {API}/guardian/factors/phone/message-types", somebody)
    run(monkeypatch, environ(ready), "--fix", "--yes", "--for", "sms")
    assert set(ready.sandbox.tenant.settings.message_types) == ({"sms", "voice"} if order == 0 else {"sms"})


def test_what_is_so_already_is_not_written(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    ready.set_up(message_types=())

    def ticked(answer: Answer) -> Answer:
        ready.set_up(message_types=("sms",))
        return answer

    ready.alter(f"GET {API}/guardian/factors/phone/message-types", ticked, times=1)
    result = run(monkeypatch, environ(ready), "--fix", "--yes", "--for", "sms", "--json")
    assert (result.exit_code, writes(ready)) == (0, [])
    assert told(result)["mended"][0]["said"] == "it is so already"


def test_what_cannot_be_read_is_not_touched(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["MFA grant"].breaks(ready)
    ready.alter(f"GET {API}/clients", lambda answer: replace(answer, status=403).with_json({"error": "Forbidden"}))
    result = run(monkeypatch, environ(ready), "--fix", "--yes", "--json")
    assert (result.exit_code, writes(ready)) == (1, [])
    (came,) = told(result)["mended"]
    assert (came["done"], came["said"]) == (False, "not touched, since it could not be read: 403 Forbidden")


@pytest.mark.parametrize("body", [[], {}, {"grant_types": None}, {"grant_types": "password"}])
def test_a_list_that_is_no_list_is_never_replaced(
    ready: LiveTenant, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    SETUPS["MFA grant"].breaks(ready)
    ready.alter(f"GET {API}/clients", lambda answer: answer.with_json(body))
    result = run(monkeypatch, environ(ready), "--fix", "--yes", "--json")
    assert (result.exit_code, writes(ready)) == (1, [])


def test_a_refusal_is_told_and_it_stays_missing(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["push"].breaks(ready)
    clients, client_id = ready.sandbox.tenant.clients, ready.sandbox.defaults.mgmt_client_id
    audience = f"https://{ready.sandbox.tenant.domains.home}{API}/"
    scopes = tuple(each for each in clients[client_id].apis[audience] if not each.startswith("update:"))
    clients[client_id] = replace(clients[client_id], apis={audience: scopes})
    result = run(monkeypatch, environ(ready), "--fix", "--yes", "--json")
    assert result.exit_code == 1
    (came,) = told(result)["mended"]
    assert came["said"].startswith("refused: 403 ")
    assert "update:guardian_factors" in came["said"]
    states = {each["name"]: each["said"] for each in told(result)["findings"]}
    assert states["Management scopes"].startswith("It may read all; to mend it lacks update:guardian_factors")


def test_without_a_management_token_it_says_what_it_needs(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    SETUPS["MFA grant"].breaks(ready)
    result = run(monkeypatch, ready.environ, "--fix", "--yes")
    assert (result.exit_code, writes(ready)) == (1, [])
    assert "Nothing was mended: that needs AUTH0_MGMT_CLIENT_ID" in result.stderr


def test_where_all_is_well_there_is_nothing_to_mend(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, environ(ready), "--fix", "--yes")
    assert (result.exit_code, writes(ready)) == (0, [])
    assert "Nothing is missing that a call of the Management API mends." in result.stderr


def test_a_token_in_the_settings_is_enough(ready: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = ready.lab(management=True)
    token = lab.management_application.client_credentials_grant(audience=lab.management_audience)["access_token"]
    SETUPS["MFA grant"].breaks(ready)
    result = run(monkeypatch, ready.environ | {"AUTH0_MGMT_TOKEN": str(token)}, "--fix", "--yes", "--json")
    assert (result.exit_code, grants(ready) >= set(MFA)) == (0, True)
    assert str(token) not in result.output
    assert GRANT in told(result)["mended"][0]["said"]


@pytest.mark.parametrize("body", [b"null", b"<html>", b"5", b'"x"'])
@pytest.mark.parametrize(
    ("setup", "path"),
    [
        ("policy", "guardian/policies"),
        ("push", "guardian/factors"),
        ("push provider", "guardian/factors/push-notification/selected-provider"),
        ("default directory", "tenants/settings"),
        ("voice message type", "guardian/factors/phone/message-types"),
    ],
)
def test_what_garbage_stands_before_is_not_replaced(
    ready: LiveTenant, monkeypatch: pytest.MonkeyPatch, setup: str, path: str, body: bytes
) -> None:
    SETUPS[setup].breaks(ready)
    reads: list[Answer] = []

    def garbage_at_the_second(answer: Answer) -> Answer:
        reads.append(answer)
        return replace(answer, body=body) if len(reads) == 2 else answer

    ready.altered.append(Exactly(f"GET {API}/{path}", garbage_at_the_second, times=2))
    result = run(monkeypatch, environ(ready), "--fix", "--yes", "--json")
    assert (result.exit_code, writes(ready)) == (1, [])
    (came,) = told(result)["mended"]
    assert came["said"].startswith("not touched, since it could not be read: 200 OK")
