"""What a varied sandbox does beside its rows: over a port, after a reset, and where a test sets the tenant."""

import time

import httpx
import pytest

from auth0_mfa_lab.sandbox import Sandbox, WallClock
from auth0_mfa_lab.sandbox.http import Passing
from auth0_mfa_lab.sandbox.operations import change_settings, settings
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.secrets.claims import claims_of
from tests.sandbox.sandbox_mothers import App, app_of, set_up


def an_app(variation: str) -> App:
    return app_of(Sandbox(variation=variation))


def pending(app: App) -> dict[str, str]:
    """Return what polls for a push that waits."""
    user = app.sandbox.add_user(factors=["push"], phone=app.sandbox.new_phone(app.http))
    token = app.login(user)
    return {"mfa_token": token, "oob_code": app.challenge(token, challenge_type="oob").json()["oob_code"]}


def test_over_a_port_names_have_capitals_a_connection_is_reset_and_an_answer_is_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = Sandbox(variation="header-case,slow-answers,poll-reset", clock=WallClock())
    monkeypatch.setattr(Passing, "__setattr__", quicker)
    with Server(box, tls=False) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        app = App(box, http)
        began = time.monotonic()
        names = {name for name, _ in app.password().headers.raw}
        assert {b"Content-Type", b"Cache-Control", b"Content-Length"} <= names
        assert time.monotonic() - began >= 0.2
        user = box.add_user(factors=["push"], phone=server.phone.phone)
        token = app.login(user)
        oob_code = app.challenge(token, challenge_type="oob").json()["oob_code"]
        with pytest.raises(httpx.TransportError):
            app.poll(token, oob_code)
        limited = app.poll(token, oob_code)
        assert limited.json()["error"] == "authorization_pending"
        assert b"X-RateLimit-Limit" in {name for name, _ in limited.headers.raw}
    heard = [(each["status"], each["error"]) for each in box.received.entries() if "appliance" not in each["path"]]
    assert heard[-2:] == [(None, None), (400, "authorization_pending")]


def quicker(answer: Passing, name: str, value: object) -> None:
    object.__setattr__(answer, name, 0.2 if name == "seconds" and value == 4.0 else value)


def test_the_tenant_is_known_by_the_other_name_alone() -> None:
    box = Sandbox(variation="other-domain", clock=WallClock())
    with Server(box, tls=False) as server, httpx.Client(trust_env=False) as http:
        assert server.domain == f"127.0.0.1:{server.port}"
        path = "/.well-known/openid-configuration"
        assert http.get(server.url + path).json()["issuer"] == f"http://127.0.0.1:{server.port}/"
        assert http.get(f"http://localhost:{server.port}{path}").status_code == 421
    assert dict(box.varied.met) == {"other-domain": 1}


def test_a_program_begins_anew_after_a_reset_and_what_was_met_stays_counted() -> None:
    app = an_app("poll-502-html")
    for _ in range(2):
        proof = pending(app)
        assert [app.poll(**proof).status_code for _ in range(2)] == [502, 400]
        app.sandbox.reset()
    assert app.sandbox.varied.met["poll-502-html"] == 2


def test_a_late_approval_is_twenty_polls_away_for_a_client_that_does_not_wait() -> None:
    app = an_app("late-approval")
    phone = app.sandbox.new_phone(app.http)
    user = app.sandbox.add_user(factors=["push"], phone=phone)
    token = app.login(user)
    oob_code = app.challenge(token, challenge_type="oob").json()["oob_code"]
    assert phone.allow().is_success
    began = app.sandbox.clock.now()
    assert [app.poll(token, oob_code).status_code for _ in range(21)] == [400] * 20 + [200]
    assert app.sandbox.clock.now() - began == 280


def test_what_a_test_sets_has_the_other_value() -> None:
    box = Sandbox(variation="rejected-access-denied,requirements-on,email-implicit,no-scope")
    assert (settings(box)["profile"], settings(box)["switches"]["customizable_mfa"]) == ("recorded", "on")
    assert "email" in settings(box)["factors"]
    change_settings(box, profile="recorded", switches={"customizable_mfa": "on"}, factors=["sms"])
    assert (settings(box)["profile"], settings(box)["switches"]["customizable_mfa"]) == ("docs", "off")
    assert {*settings(box)["factors"]} == {"sms", "email"}
    change_settings(box, policy="never")
    assert (settings(box)["profile"], settings(box)["switches"]["customizable_mfa"]) == ("docs", "off")


def test_the_reuse_of_a_refresh_token_ends_its_family() -> None:
    for variation, then in (("", 200), ("refresh-rotates", 403)):
        app = an_app(variation)
        set_up(app.sandbox, policy="never")
        first = app.password(scope="openid offline_access").json()["refresh_token"]
        refreshed = app.token(grant_type="refresh_token", refresh_token=first).json()
        assert app.token(grant_type="refresh_token", refresh_token=first).status_code == 403
        newest = refreshed["refresh_token"]
        assert app.token(grant_type="refresh_token", refresh_token=newest).status_code == then


def test_a_new_key_signs_from_the_first_refresh_on() -> None:
    app = an_app("keys-rotate")
    set_up(app.sandbox, policy="never")
    granted = [app.password(scope="openid offline_access").json()]
    for _ in range(3):
        token = granted[-1]["refresh_token"]
        granted.append(app.token(grant_type="refresh_token", refresh_token=token).json())
    first, second, *others = ((claims_of(each["id_token"], part=0) or {})["kid"] for each in granted)
    assert (first != second, len(second), set(others)) == (True, 21, {second})
