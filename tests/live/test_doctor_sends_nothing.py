"""What the doctor asks: nothing is sent to anybody, nothing is created, each question is asked once, for nobody."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

import pytest

from auth0_mfa_lab.wire.exchange import Exchange
from tests.live.doctor_mothers import SETUPS, memory
from tests.live.live_world import LiveTenant

GRANT = "http://auth0.com/oauth/grant-type"
ASKED = (("GET", "/.well-known/openid-configuration"), *(("POST", "/oauth/token"),) * 6)
READ = (
    *("/clients/", "/tenants/settings", "/connections", "/guardian/policies", "/guardian/factors"),
    *("/push-notification/selected-provider", "/phone/message-types", "/phone/selected-provider"),
)


def form(exchange: Exchange) -> dict[str, str]:
    return dict(parse_qsl(bytes(exchange.request.body).decode()))


def test_without_a_management_token_these_requests_are_all(live_tenant: LiveTenant) -> None:
    live_tenant.lab().doctor()
    assert live_tenant.journal == ASKED


@pytest.mark.parametrize("management", [False, True])
def test_nothing_is_sent_to_anybody_and_the_tenant_remembers_nothing_of_it(
    live_tenant: LiveTenant, management: bool
) -> None:
    live_tenant.enroll("push", "sms")
    before = memory(live_tenant.sandbox)
    live_tenant.lab(management=management).doctor()
    assert live_tenant.sent == ()
    assert len(live_tenant.journal) > 6
    assert memory(live_tenant.sandbox) == before


def test_a_login_would_be_remembered(live_tenant: LiveTenant) -> None:
    before = memory(live_tenant.sandbox)
    live_tenant.lab().user(factors=[])
    assert memory(live_tenant.sandbox) != before


def test_each_question_is_asked_once_and_for_nobody(live_tenant: LiveTenant) -> None:
    lab, known = live_tenant.lab(), live_tenant.sandbox.defaults
    lab.doctor()
    forms = [form(each) for each in lab.journal if each.request.target == "/oauth/token"]
    grants = Counter(each["grant_type"] for each in forms)
    assert grants == Counter(
        [
            *("password", f"{GRANT}/password-realm", f"{GRANT}/passwordless/otp"),
            *(f"{GRANT}/mfa-oob", f"{GRANT}/mfa-otp", f"{GRANT}/mfa-recovery-code"),
        ]
    )
    for each in forms:
        assert known.username not in each.values()
        assert known.password not in each.values()
        assert known.phone_number not in each.values()
        assert each.get("username", "x@doctor.invalid").endswith("@doctor.invalid")


def test_another_second_asks_for_another_nobody_so_that_no_account_is_ever_blocked(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    lab.doctor()
    live_tenant.sandbox.clock.advance(1)
    lab.doctor()
    names = [form(each).get("username") for each in lab.journal if each.request.target == "/oauth/token"]
    assert len(set(filter(None, names))) >= 2
    assert max(Counter(filter(None, names)).values()) <= 3


def test_where_the_application_is_not_let_in_it_does_not_try_again(live_tenant: LiveTenant) -> None:
    SETUPS["client secret"].breaks(live_tenant)
    live_tenant.lab().doctor()
    assert [path for _, path in live_tenant.journal] == ["/.well-known/openid-configuration", "/oauth/token"]


def test_with_a_management_token_it_reads_each_path_once_and_writes_none(live_tenant: LiveTenant) -> None:
    live_tenant.lab(management=True).doctor()
    calls = [(method, path) for method, path in live_tenant.journal if path.startswith("/api/v2")]
    assert {method for method, _ in calls} == {"GET"}
    assert len(calls) == len(set(calls)) == len(READ)
    for part in READ:
        assert any(part in path for _, path in calls)


def test_what_is_asked_stands_under_a_title_of_its_own(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    lab.step("before")
    lab.doctor()
    lab.client.jwks()
    assert [each.step for each in lab.journal] == [*["Doctor"] * 7, "before"]
