"""Every verb in live mode, on a second sandbox that plays one's own tenant."""

from __future__ import annotations

import traceback
from typing import Any

import httpx
import pytest

from auth0_mfa_lab import Exchange, Lab, LabError, NoAnswer, Secret, Settings, SettingsError, State
from auth0_mfa_lab.errors import NeedsAPerson, UserDoesNotFit
from auth0_mfa_lab.sandbox import Delivery, Phone, Sandbox
from auth0_mfa_lab.show.panels.qr import QrPanel
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.tenants.phone import ask_hidden
from tests.mothers import Scripted, a_live_lab, a_phone_of, a_real_clock, live_settings

DOMAIN = "tenant.example"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Return one's own tenant, whose time is the real one."""
    box = Sandbox(domain=DOMAIN, seed=2)
    monkeypatch.setattr("auth0_mfa_lab.lab.RealClock", lambda: a_real_clock(box))
    return box


@pytest.fixture
def lab(box: Sandbox) -> Lab:
    return a_live_lab(box)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the push tokens that anything was sent to."""
    tokens: list[str] = []
    deliver = Delivery.push

    def push(self: Delivery, **what: Any) -> None:
        tokens.append(what["token"])
        deliver(self, **what)

    monkeypatch.setattr(Delivery, "push", push)
    return tokens


def enrolled(box: Sandbox, lab: Lab) -> Phone:
    """Enroll the person's own phone, as a person would: by hand, outside of the lab."""
    phone = a_phone_of(box)
    login = log_in(lab)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    answer = phone.scan(str(enrollment["barcode_uri"]))
    assert answer is not None
    assert answer.is_success
    lab.client.mfa_oob_grant(mfa_token=login["mfa_token"], oob_code=enrollment["oob_code"])
    return phone


def log_in(lab: Lab) -> Exchange:
    username, password = lab.settings.username, lab.settings.password
    assert username is not None
    assert password is not None
    return lab.client.password_grant(username=username, password=password, realm=lab.settings.realm)


def challenge(lab: Lab) -> tuple[str, str]:
    login = log_in(lab)
    pushed = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    return login["mfa_token"], pushed["oob_code"]


# -- going live


def test_it_says_where_every_request_goes(lab: Lab) -> None:
    assert repr(lab) == "Lab on the live tenant tenant.example: every request of yours is sent there."
    lab.client.jwks()
    assert {exchange.request.host for exchange in lab.journal} == {DOMAIN}


@pytest.mark.parametrize(
    "settings",
    [Settings(), Settings(domain=DOMAIN), Settings(tenant="live")],
    ids=["none", "domain alone", "no domain"],
)
def test_it_refuses_settings_that_are_not_live(settings: Settings) -> None:
    network = Scripted()
    with pytest.raises(SettingsError, match="AUTH0_LAB_TENANT=live"):
        Lab.live(settings, transport=network)
    assert network.asked == []


def test_opening_it_sends_nothing(box: Sandbox) -> None:
    network = Scripted()
    Lab.live(live_settings(box), transport=network)
    assert network.asked == []


# -- lab.user


def test_a_user_without_authenticators_fits_no_factors(lab: Lab, sent: list[str]) -> None:
    user = lab.user(factors=[])
    assert user.username == "jane.roe@example.com"
    assert [f"{each.request.method} {each.request.target}" for each in lab.journal] == [
        "POST /oauth/token",
        "GET /mfa/authenticators",
    ]
    assert sent == []


def test_a_user_with_push_fits_push(box: Sandbox, lab: Lab, sent: list[str]) -> None:
    enrolled(box, lab)
    assert lab.user(factors=["push"]).factors == ("push",)
    assert sent == []


def test_a_user_without_push_does_not_fit_push(lab: Lab, sent: list[str]) -> None:
    with pytest.raises(UserDoesNotFit) as misfit:
        lab.user(factors=["push"])
    assert str(misfit.value) == (
        "This notebook starts from a user with push, and the configured user has none. "
        "Enroll push first: notebook 05. Nothing was sent to anybody."
    )
    assert sent == []


def test_a_user_with_push_does_not_fit_no_factors_and_one_reads_what_to_remove(
    box: Sandbox, lab: Lab, sent: list[str]
) -> None:
    enrolled(box, lab)
    ids = [each["id"] for each in lab.client.mfa_authenticators(log_in(lab)["mfa_token"]).json if each["active"]]
    with pytest.raises(UserDoesNotFit) as misfit:
        lab.user()
    for each in ids:
        assert each in str(misfit.value)
    assert "Dashboard > User Management > Users > the user > Multi-Factor > Reset." in str(misfit.value)
    assert "Nothing was sent to anybody." in str(misfit.value)
    assert sent == []


def test_an_unknown_factor_is_refused_before_anything_is_sent(lab: Lab) -> None:
    with pytest.raises(LabError, match="no factor 'fax'"):
        lab.user(factors=["fax"])
    assert len(lab.journal) == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, json={"access_token": "opaque-token-1"}), "Require Multi-factor Auth: Always"),
        (httpx.Response(403, json={"error": "invalid_grant", "error_description": "Wrong email or password."}),
         r"403 invalid_grant \(exchange 1\): Wrong email or password\.\. Check AUTH0_USERNAME"),
        (httpx.Response(502, text="<html>"), r"502 Bad Gateway \(exchange 1\): no description"),
    ],
    ids=["no second factor", "wrong password", "broken"],
)  # fmt: skip
def test_a_login_that_brings_no_mfa_token_says_what_to_check(box: Sandbox, answer: httpx.Response, said: str) -> None:
    lab = Lab.live(live_settings(box), transport=Scripted(answer))
    with pytest.raises(SettingsError, match=said) as refusal:
        lab.user()
    assert box.defaults.password not in str(refusal.value)
    assert len(lab.journal) == 1


def test_authenticators_that_cannot_be_listed_are_told(box: Sandbox) -> None:
    login = httpx.Response(403, json={"error": "mfa_required", "mfa_token": "some-mfa-token"})
    lab = Lab.live(live_settings(box), transport=Scripted(login, httpx.Response(401, json={"error": "x"})))
    with pytest.raises(LabError, match=r"The authenticators could not be listed: 401 x \(exchange 2\)"):
        lab.user()


# -- the phone and the inbox


def test_the_phones_verbs_say_what_to_press_and_send_nothing(lab: Lab) -> None:
    told = [
        lab.phone.scan("otpauth://totp/x"),
        lab.phone.allow(),
        lab.phone.reject("no"),
        lab.phone.allow_after(polls=2),
    ]
    assert all(isinstance(each, Sentence) for each in told)
    for each, word in zip(told, ("scan the QR", "press Allow", "press Deny", "press Allow yourself"), strict=True):
        assert word in repr(each)
    assert lab.phone.notifications == ()
    lab.phone.after_poll()
    assert len(lab.journal) == 0


def test_a_code_is_asked_for_in_a_hidden_prompt_and_becomes_a_secret(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return " 123456 \n"

    monkeypatch.setattr("getpass.getpass", getpass)
    code = lab.phone.code()
    message = lab.inbox.latest("+15550100", purpose="mfa")
    assert code == message.code == "123456"
    assert isinstance(code, Secret)
    assert repr(code) == repr(message.code) == "<otp 1>"
    assert repr(message) == "sms for mfa: <otp 1>"
    assert asked == ["The 6-digit code of the authenticator app: ", "The code that you were sent for mfa: "]


def unanswered() -> list[Exception]:
    from IPython.core.error import StdinNotImplementedError

    return [EOFError(), OSError("no terminal"), StdinNotImplementedError("no stdin")]


@pytest.mark.parametrize("failure", unanswered(), ids=lambda failure: type(failure).__name__)
def test_without_a_front_end_a_step_that_needs_a_person_says_so(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def getpass(_: str) -> str:
        raise failure

    monkeypatch.setattr("getpass.getpass", getpass)
    with pytest.raises(NeedsAPerson, match="The 6-digit code of the authenticator app is needed, and nobody answered"):
        lab.phone.code()
    with pytest.raises(NeedsAPerson, match="The code that you were sent for login is needed, and nobody answered"):
        lab.inbox.latest("+15550100", purpose="login")


def test_an_empty_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _: "  ")
    with pytest.raises(NeedsAPerson):
        ask_hidden("A code")


# -- time


def test_advance_says_how_long_to_wait_and_claims_behind_it_are_skipped_by_name(box: Sandbox, lab: Lab) -> None:
    assert repr(lab.claim("before", holds=True)) == "✓ before"
    assert "wait 5 min, then run the cells below" in repr(lab.clock.advance(300))
    skipped = lab.claim("the QR has expired", holds=False)
    assert repr(skipped) == "skipped: the QR has expired (the time for it has not passed)"
    box.clock.advance(300)
    assert repr(lab.claim("the QR has expired", holds=True)) == "✓ the QR has expired"


def test_a_poll_waits_in_real_time_and_shows_that_it_does(
    box: Sandbox, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = enrolled(box, lab)
    mfa_token, oob_code = challenge(lab)
    begun = box.clock.now()
    sleep = lab.clock._sleep  # type: ignore[union-attr]  # the clock is a real one

    def slept(seconds: float) -> None:
        sleep(seconds)
        if box.clock.now() >= begun + 10:
            phone.allow()

    monkeypatch.setattr(lab.clock, "_sleep", slept)
    run = lab.poll(mfa_token=mfa_token, oob_code=oob_code)
    assert run.state is State.GRANTED
    assert box.clock.now() == begun + 10
    assert capsys.readouterr().err.splitlines() == ["waiting 5 s before the next poll (Interrupt stops it)"] * 2


def test_interrupt_ends_a_poll_with_the_journal_whole(box: Sandbox, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled(box, lab)
    mfa_token, oob_code = challenge(lab)
    before = len(lab.journal)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lab.clock, "_sleep", interrupted)
    run = lab.poll(mfa_token=mfa_token, oob_code=oob_code)
    assert run.state is State.STOPPED
    assert list(run.exchanges) == list(lab.journal[before:])
    assert [exchange.error for exchange in run.exchanges] == ["authorization_pending"]


def test_a_panel_polls_a_live_tenant_too(box: Sandbox, lab: Lab) -> None:
    phone = enrolled(box, lab)
    mfa_token, oob_code = challenge(lab)
    panel = lab.poll_panel(mfa_token=mfa_token, oob_code=oob_code)
    panel.poll_once()
    phone.allow()
    panel.poll_once()
    assert panel.run.state is State.GRANTED


def test_a_live_qr_is_a_panel_that_ends_with_its_ticket(box: Sandbox, lab: Lab) -> None:
    login = log_in(lab)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    box.clock.advance(100)
    panel = lab.qr(enrollment["barcode_uri"])
    assert isinstance(panel, QrPanel)
    panel.show()
    assert "shown: scan it with the Guardian app · 3 min 20 s left" in repr(panel)
    box.clock.advance(200)
    panel.show()
    assert "expired: enroll again" in repr(panel)
    assert "<enrollment_tx_id 1>" in repr(panel)


# -- no network


def unreachable(box: Sandbox) -> tuple[Lab, Scripted]:
    network = Scripted(httpx.ConnectError(f"no route for {box.defaults.password}"))
    return Lab.live(live_settings(box), transport=network), network


def test_no_network_is_no_answer_and_the_journal_keeps_the_request(box: Sandbox) -> None:
    lab, _ = unreachable(box)
    with pytest.raises(NoAnswer) as lost:
        lab.user()
    assert str(lost.value).startswith("tenant.example gave no answer (ConnectError).")
    assert "AUTH0_DOMAIN" in str(lost.value)
    (exchange,) = lab.journal
    assert lost.value.exchange is exchange
    assert exchange.failure is not None
    assert exchange.failure.said == "no route for <password 1>"
    assert box.defaults.password not in repr(exchange)


def test_no_answer_has_no_cause_and_no_frame_of_a_third_party(box: Sandbox) -> None:
    lab, _ = unreachable(box)
    with pytest.raises(NoAnswer) as lost:
        lab.user()
    assert lost.value.__cause__ is None
    assert lost.value.__suppress_context__
    assert lost.value.__context__ is None
    files = [frame.filename for frame in traceback.extract_tb(lost.value.__traceback__)]
    assert not [file for file in files if "httpx" in file or "httpcore" in file]
    said = "".join(traceback.format_exception(lost.value))
    assert "ConnectError" in said
    for secret in (box.defaults.password, box.defaults.client_secret, box.defaults.username):
        assert secret not in said


def test_a_poll_goes_on_after_a_lost_connection(box: Sandbox) -> None:
    pending = httpx.Response(400, json={"error": "authorization_pending"})
    granted = httpx.Response(200, json={"access_token": "opaque-access-token-0001"})
    network = Scripted(pending, httpx.ReadTimeout("slow"), granted)
    lab = Lab.live(live_settings(box), transport=network)
    run = lab.poll(mfa_token="from elsewhere", oob_code="from elsewhere too")
    assert run.state is State.GRANTED
    assert [exchange.outcome for exchange in run.exchanges] == ["400 authorization_pending", "no answer", "200 OK"]
