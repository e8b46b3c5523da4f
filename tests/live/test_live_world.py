"""The live world of the tests: it answers as a tenant does, notes all that arrives, and goes wrong when told to."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from auth0_mfa_lab import NoAnswer, State
from auth0_mfa_lab.tenants.users import User
from tests.live.live_world import LiveTenant, Sent


def test_a_live_lab_logs_in_over_tls_and_each_request_is_noted(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    user = lab.user(factors=[])
    assert user.username == live_tenant.person.username
    assert live_tenant.journal == (("POST", "/oauth/token"), ("GET", "/mfa/authenticators"))
    assert [(each["path"], each["status"]) for each in live_tenant.received] == [
        ("/oauth/token", 403),
        ("/mfa/authenticators", 200),
    ]
    assert live_tenant.sent == ()


def test_the_management_credentials_open_the_management_api(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(management=True)
    token = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    assert lab.management(token["access_token"]).guardian_factors().status == 200


def test_an_enrolled_phone_gets_the_push_which_is_counted_as_sent(live_tenant: LiveTenant) -> None:
    phone = live_tenant.phone()
    live_tenant.enroll("push", phone=phone)
    lab = live_tenant.lab()
    user = lab.user(factors=["push"])
    mfa_token, oob_code = challenged(live_tenant, user)
    assert live_tenant.sent == (Sent(channel="push"),)
    assert phone.allow().is_success
    assert live_tenant.lab().poll(mfa_token=mfa_token, oob_code=oob_code).state is State.GRANTED


def test_waiting_for_a_poll_takes_no_time(live_tenant: LiveTenant) -> None:
    live_tenant.enroll("push")
    lab = live_tenant.lab()
    mfa_token, oob_code = challenged(live_tenant, lab.user(factors=["push"]))
    assert lab.poll(mfa_token=mfa_token, oob_code=oob_code).state is State.EXPIRED


def test_an_answer_is_altered_on_its_way_out_for_as_long_as_was_said(live_tenant: LiveTenant) -> None:
    http = live_tenant.http()
    live_tenant.alter("GET /.well-known", lambda answer: answer.with_fields(issuer="https://x.example/"), times=1)
    first, second = (http.get("/.well-known/openid-configuration").json()["issuer"] for _ in range(2))
    assert (first, second) == ("https://x.example/", f"{live_tenant.server.url}/")


def test_an_alteration_is_of_its_route_alone(live_tenant: LiveTenant) -> None:
    http = live_tenant.http()
    live_tenant.alter("POST /oauth/token", lambda answer: replace(answer, status=299).with_header("x-note", "1"))
    assert http.get("/oauth/token").status_code == 405
    answer = http.post("/oauth/token")
    assert (answer.status_code, answer.headers["x-note"]) == (299, "1")


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("5xx", 503), ("html", 503), ("garbage", 200)])
def test_a_fault_answers_every_call_until_it_is_well(live_tenant: LiveTenant, kind: str, status: int) -> None:
    http = live_tenant.http()
    live_tenant.bad(kind)
    answers = [http.get("/.well-known/jwks.json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, status]
    if kind == "garbage":
        assert not answers[0].content.decode("utf-8", "replace").isprintable()
    live_tenant.well()
    assert http.get("/.well-known/jwks.json").json()["keys"]


def test_a_dropped_connection_is_no_answer_and_is_noted_all_the_same(live_tenant: LiveTenant) -> None:
    live_tenant.bad("drop")
    with pytest.raises(NoAnswer):
        live_tenant.lab().client.jwks()
    assert live_tenant.journal == (("GET", "/.well-known/jwks.json"),)


def test_a_fault_that_nobody_knows_is_refused(live_tenant: LiveTenant) -> None:
    with pytest.raises(ValueError, match="no fault is called flood"):
        live_tenant.bad("flood")


def test_its_date_can_be_wrong(live_tenant: LiveTenant) -> None:
    http = live_tenant.http()
    live_tenant.skew = 300
    said = parsedate_to_datetime(http.get("/.well-known/jwks.json").headers["date"]).timestamp()
    assert 295 < said - live_tenant.sandbox.clock.now() < 305
    live_tenant.skew = None
    assert "date" not in http.get("/.well-known/jwks.json").headers


def test_a_certificate_of_another_ca_is_not_believed(live_tenant: LiveTenant) -> None:
    with live_tenant.wrong_certificate() as environ, pytest.raises(NoAnswer, match=r"(?i)certificate"):
        live_tenant.lab(environ=environ).client.jwks()
    assert live_tenant.journal == ()


def test_where_nothing_listens_there_is_no_answer(live_tenant: LiveTenant) -> None:
    with live_tenant.nothing_there() as environ, pytest.raises(NoAnswer):
        live_tenant.lab(environ=environ).client.jwks()


def test_what_is_changed_in_its_settings_is_what_it_answers(live_tenant: LiveTenant) -> None:
    live_tenant.set_up(factors=frozenset({"otp"}))
    lab = live_tenant.lab()
    login = lab.client.password_grant(username=live_tenant.person.username, password=live_tenant.person.password)
    refused = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    assert refused.error == "unsupported_challenge_type"
    assert live_tenant.authenticators == []
    live_tenant.enroll("otp")
    assert len(live_tenant.authenticators) == 1


def challenged(tenant: LiveTenant, user: User) -> tuple[str, str]:
    """Log in up to the second factor, and return mfa_token and oob_code."""
    lab = tenant.lab()
    login = lab.client.password_grant(username=user.username, password=user.password)
    pushed = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    return str(login["mfa_token"]), str(pushed["oob_code"])
