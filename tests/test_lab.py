"""The lab composes a tenant, its client, the journal, the phone and the clock; its verbs say what they did."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth0_mfa_lab import Exchange, Lab, LabError, NoAnswer, Secret, SettingsError
from auth0_mfa_lab.errors import ClaimFailed, NotABarcode, NotEnrolled, NothingToAnswer, PhoneError
from auth0_mfa_lab.sandbox import Sandbox
from tests.mothers import live_settings

Act = Callable[[Any, Any], object]


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


def log_in(lab: Lab, *factors: str) -> Exchange:
    user = lab.user(factors=factors)
    return lab.client.password_grant(username=user.username, password=user.password)


def enroll(lab: Lab, **how: Any) -> Exchange:
    login = log_in(lab)
    return lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], **how)


# -- what it is


def test_a_sandbox_says_that_nothing_leaves_the_process_and_what_it_sends_is_pinned(lab: Lab) -> None:
    assert repr(lab) == "Lab on the sandbox tenant sandbox.example (profile docs): nothing is sent to Auth0."
    assert lab._repr_mimebundle_() == {"text/plain": repr(lab), "text/html": f"<p>{lab!r}</p>"}
    lab.step("1. keys")
    keys = lab.client.jwks()
    assert dict(keys.request.headers) == {
        "host": "sandbox.example",
        "user-agent": "auth0-mfa-lab",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "connection": "keep-alive",
    }
    assert "1. keys" in repr(lab.journal)
    assert "GET /.well-known/jwks.json" in repr(lab.diagram())
    assert repr(lab.curl(keys)).startswith("curl --request GET")
    assert repr(lab.claim("one is one", 1 == 1)) == "✓ one is one"
    with pytest.raises(ClaimFailed, match="This does not hold: one is two"):
        lab.claim("one is two", holds=False)


def test_only_from_env_reads_the_environment_and_only_live_goes_live(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AUTH0_LAB_TENANT")
    assert repr(Lab.from_env(tmp_path)) == repr(Lab.sandbox())
    for name in ("client_id", "username", "password"):
        monkeypatch.setenv(f"AUTH0_{name.upper()}", "somebody")
    monkeypatch.setenv("AUTH0_DOMAIN", "tenant.example")
    first, second = repr(Lab.from_env(tmp_path)).splitlines()
    assert first == "AUTH0_DOMAIN is set, AUTH0_LAB_TENANT is not: this is the sandbox"
    assert second == repr(Lab.sandbox())
    monkeypatch.setenv("AUTH0_LAB_TENANT", "live")
    assert Lab.sandbox().domain == "sandbox.example"
    assert Lab.from_env(tmp_path).domain == "tenant.example"


def test_a_user_is_fresh_secret_and_in_no_journal_and_equal_seeds_give_equal_ones() -> None:
    def made(seed: int) -> tuple[str, str]:
        lab = Lab.sandbox(seed=seed)
        login = log_in(lab)
        return str(login["mfa_token"]), str(lab.user().password)

    assert made(5) == made(5) != made(6)
    lab = Lab.sandbox()
    first, second = lab.user(factors=["push"]), lab.user()
    assert (len(lab.journal), lab.phone.notifications) == (0, ())
    assert first.username != second.username
    assert (repr(first.password), repr(second.password)) == ("<password 1>", "<password 2>")
    shown = repr(second) + str(second._repr_mimebundle_())
    assert str(second.password) not in shown
    assert "factors       none" in shown
    with pytest.raises(TypeError, match="<password 2> is a secret"):
        pickle.dumps(second)


# -- the phone


def test_the_phone_says_what_it_lacks_and_shows_no_token(lab: Lab) -> None:
    phone: Any = lab.phone
    for act in (phone.allow, phone.reject, phone.code):
        with pytest.raises(NotEnrolled, match="no account yet"):
            act()
    login = log_in(lab, "push")
    for act in (phone.allow, phone.reject):
        with pytest.raises(NothingToAnswer, match=r"No push waits on this phone\. Send one with /mfa/challenge"):
            act()
    with pytest.raises(NothingToAnswer, match=r"send one with client\.mfa_challenge"):
        phone.allow_after(polls=1)
    for polls in (0, -1):
        with pytest.raises(PhoneError, match=rf"polls={polls}\) would never allow: polls is a whole number from 1 up"):
            phone.allow_after(polls=polls)
    assert re.fullmatch(r"\d{6}", str(phone.code()))
    assert re.fullmatch(r"<otp \d+>", repr(phone.code()))
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    (waiting,) = lab.phone.notifications
    assert (waiting.host, waiting.started) == ("sandbox.example", "2027-01-15T08:00:00+00:00")
    assert set(waiting.__slots__) == {"started", "host", "source", "location", "id"}
    assert "id=" not in repr(waiting)
    with pytest.raises(PhoneError, match=r"reason is a int: write a text, such as reject\('not me'\)"):
        phone.reject(1)
    assert phone.reject("inappropriate", waiting).speaker == "phone"
    for act in (phone.allow, phone.reject):
        with pytest.raises(NothingToAnswer, match="This push does not wait on the phone: it was answered"):
            act(push=waiting)


@pytest.mark.parametrize(
    "barcode",
    # auth0-mfa-lab: allow
    ["", "nonsense", "https://tenant.example/", "otpauth://nonsense/x?secret=JBSWY3DPEHPK3PXP", b"", b"no picture"],
)
def test_scanning_nonsense_says_what_to_scan_and_shows_none_of_it(lab: Lab, barcode: str | bytes) -> None:
    with pytest.raises(NotABarcode, match="Scan the barcode_uri") as refusal:
        lab.phone.scan(barcode)
    assert "JBSWY3DPEHPK3PXP" not in str(refusal.value)
    assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_a_phone_that_gets_no_answer_raises_no_answer(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    enrollment = enroll(lab, oob_channels=["auth0"])

    def refuse(_: object) -> httpx.Response:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(lab._transport, "handle_request", refuse)
    with pytest.raises(NoAnswer, match=r"sandbox\.example gave no answer"):
        lab.phone.scan(enrollment["barcode_uri"])
    assert lab.journal[-1].speaker == "phone"
    assert lab.journal[-1].failure is not None


# -- a poll's time


def test_the_lifetimes_of_a_poll_count_from_when_each_value_came(lab: Lab) -> None:
    begun = lab.clock.now()
    login = log_in(lab, "push")
    lab.clock.advance(100)
    asked = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.clock.advance(50)
    values = {"mfa_token": login["mfa_token"], "oob_code": asked["oob_code"]}
    poll = lab.poll_panel(**values).run.poll
    assert (poll.oob_code_ends_at - begun, poll.mfa_token_ends_at - begun) == (400, 600)
    lab.clock.advance(250)
    run = lab.poll(**values)
    assert (run.state.value, run.poll.polls, run.begun_by) == ("expired", 0, "mfa_challenge")
    unknown = lab.poll_panel(mfa_token="of elsewhere", oob_code="of elsewhere too").run.poll
    assert unknown.deadline == lab.clock.now() + 300


# -- the administrator's side


def test_the_management_application_opens_the_management_api_and_shows_no_secret(lab: Lab) -> None:
    machine, box = lab.management_application, lab._sandbox
    assert box is not None
    assert machine is lab.management_application
    assert (machine.client_id, lab.client.client_id) == (box.defaults.mgmt_client_id, box.defaults.client_id)
    assert lab.management_audience == "https://sandbox.example/api/v2/"
    granted = machine.client_credentials_grant(audience=lab.management_audience)
    listed = lab.management(granted["access_token"]).guardian_factors()
    assert (granted.status, listed.status) == (200, 200)
    shown = repr(lab.journal) + "".join(repr(each) + str(each._repr_mimebundle_()) for each in lab.journal)
    assert box.defaults.mgmt_client_secret not in shown
    assert str(granted["access_token"]) not in shown
    assert "<mgmt_client_secret 1" in shown


def test_a_live_lab_without_a_management_application_names_both_variables() -> None:
    box = Sandbox(domain="tenant.example")
    for parts in (["mgmt_client_id"], ["mgmt_client_secret"], ["mgmt_client_id", "mgmt_client_secret"]):
        values: dict[str, Any] = {name: Secret("of-the-machine", f"<{name}>") for name in parts}
        lab = Lab.live(replace(live_settings(box), **values, mgmt_domain="t.eu.auth0.com"), transport=box.transport)
        assert lab.management_audience == "https://t.eu.auth0.com/api/v2/"
        if len(parts) == 2:
            assert lab.management_application.client_id == "of-the-machine"
            continue
        with pytest.raises(SettingsError, match="AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not both set"):
            _ = lab.management_application
        assert len(lab.journal) == 0


# -- a slip gets a sentence; nothing is sent, and nothing is lost

USER = "auth0|0123456789abcdef01234567"
PATH = "path is what follows /api/v2 and begins with a slash"
# fmt: off
SLIPS: tuple[tuple[Act, str], ...] = (
    # What is done with a lab and the exchange of a login, and what the sentence has
    (lambda lab, login: lab.client.mfa_authenticators(login), "the Bearer token is a whole exchange: pass one of its"),
    (lambda lab, login: lab.client.mfa_otp_grant(mfa_token=login, otp="123456"), "such as exchange['mfa_token']."),
    (lambda lab, login: lab.poll(mfa_token="x", oob_code=login), "such as exchange['oob_code']."),
    (lambda lab, login: lab.management(login), "access_token is a whole exchange: pass one of its fields, such as"),
    (lambda lab, login: lab.client.mfa_otp_grant(mfa_token="x", otp=123456), "otp is a int and no text: pass the"),
    (lambda lab, login: lab.poll(mfa_token=login["mfa_token"], oob_code=None), "oob_code is a NoneType"),
    (lambda lab, login: lab.poll(mfa_token="", oob_code="x"), "mfa_token is empty: pass the one that an answer"),
    (lambda lab, login: lab.poll_panel(mfa_token=login["mfa_token"], oob_code=""), "oob_code is empty"),
    (lambda lab, login: lab.management(" "), "access_token is empty. Pass an access token for the Management API"),
    (lambda lab, login: lab.management(login["mfa_token"]), "is <mfa_token 1>, which opens the MFA API alone. Pass"),
    (lambda lab, login: lab.poll_panel(mfa_token=repr(login["mfa_token"]), oob_code="x"),
        "mfa_token is <mfa_token 1>, the name under which the lab shows a secret: pass the secret itself"),
    (lambda lab, login: lab.client.mfa_challenge(mfa_token=" <mfa_token 1: sealed>"), "is <mfa_token 1: sealed>, the"),
    (lambda lab, login: lab.client.mfa_authenticators(login["mfa_token"] + "…"),
        "The request cannot be written (UnicodeEncodeError): pass each value just as an answer gave it."),
    (lambda lab, login: lab.management("a.b.c").send("POST", "/clients", json={"a": float("nan")}), "be written (Val"),
    (lambda lab, login: lab.management("a.b.c").user("x" * 70_000), "cannot be written (InvalidURL)"),
    (lambda lab, login: lab.client.mfa_associate("t", authenticator_types="oob"), "types is a list: write ['oob']."),
    (lambda lab, login: lab.client.mfa_associate("t", authenticator_types=["oob"], oob_channels="auth0"),
        "oob_channels is a list: write ['auth0']."),
    (lambda lab, login: lab.user(factors="push"), "factors is a list: write factors=['push']"),
    (lambda lab, login: lab.user(factors=["fax"]), "There is no factor 'fax' here. Known factors: push, otp, sms, voi"),
    (lambda lab, login: lab.qr("nonsense"), "This is no barcode_uri: pass enrollment['barcode_uri']"),
    (lambda lab, login: lab.phone.scan(lab), "pass enrollment['barcode_uri']"),
    (lambda lab, login: lab.curl("POST"), "curl wants an exchange"),
    (lambda lab, login: lab.drift(), "This lab records nothing: open it with record=..."),
    (lambda lab, login: lab.clock.advance("5"), "seconds is a str: write a number, such as clock.advance(300)"),
    (lambda lab, login: lab.clock.advance(True), "seconds is a bool"),
    (lambda lab, login: lab.clock.advance(-1), "The clock only moves forward; it cannot advance by -1 seconds."),
    (lambda lab, login: lab.clock.advance(float("nan")), "a hundred years"),
    (lambda lab, login: lab.client.send("POST", "/mfa/challenge", json='{"a": 1}'), "json is the body as an object or"),
    (lambda lab, login: lab.management("a").update_guardian_policies("never"), "policies is a list: write ['never']."),
    (lambda lab, login: lab.management("a").replace_authentication_methods(USER, {"type": "phone"}), "a dict is none."),
    (lambda lab, login: lab.management("a").application("app", fields=["name", 1]), "each of fields is a int and no t"),
    *((lambda lab, login, path=path: lab.management("a").send("GET", path), PATH) for path in
        ("logs", "/api/v2", "//sandbox.example")),
    *((lambda lab, login, wrong=wrong: lab.client.mfa_delete_authenticator("token", wrong), "pass an id just as an ans")
        for wrong in (" ", "..")),
    (lambda lab, login: lab.management("a").delete_authentication_method(USER, ".."), "id is empty or only dots: pass"),
)
# fmt: on


@pytest.fixture(scope="module")
def login_of() -> tuple[Lab, Exchange]:
    lab = Lab.sandbox()
    return lab, log_in(lab)


@pytest.mark.parametrize(("slip", "said"), SLIPS)
def test_a_slip_gets_a_sentence_and_loses_nothing(login_of: tuple[Lab, Exchange], slip: Act, said: str) -> None:
    lab, login = login_of
    with pytest.raises(LabError, match=re.escape(said)) as raised:
        slip(lab, login)
    assert str(login["mfa_token"]) not in str(raised.value)
    assert len(lab.journal) == 1


@pytest.mark.parametrize("poll", [Lab.poll, Lab.poll_panel])
def test_a_code_that_was_sent_is_no_push_that_one_polls(lab: Lab, poll: Callable[..., object]) -> None:
    token = log_in(lab, "sms")["mfa_token"]
    sent = (lab.client.mfa_challenge(mfa_token=token), enroll(lab, oob_channels=["sms"], phone_number="+15550100"))
    for each in sent:
        with pytest.raises(LabError, match=r"binding_method.*binding_code"):
            poll(lab, mfa_token=token, oob_code=each["oob_code"])
