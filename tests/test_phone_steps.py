"""What to do on one's own phone: for each state that the journal of a live run can be in, and nothing to press."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import ipywidgets
import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.sandbox import Phone, Sandbox
from auth0_mfa_lab.show.panels.phone import OwnPhonePanel
from auth0_mfa_lab.show.phone import GUIDES, what_now
from tests.mothers import a_live_lab, a_phone_of
from tests.sandbox.sandbox_mothers import switch_on

Act = Callable[["Somebody"], object]


class Somebody:
    """Somebody at work on their own tenant, which a sandbox plays, with a phone of their own."""

    def __init__(self) -> None:
        self.box = Sandbox(domain="tenant.example", seed=5)
        switch_on(self.box, "email")
        self.lab: Lab = a_live_lab(self.box)
        self.phone: Phone = a_phone_of(self.box)
        self.mfa_token = self.oob_code = self.uri = ""

    def log_in(self, *factors: str) -> None:
        user = self.box.add_user(factors=factors, phone=self.phone)
        login = self.lab.client.password_grant(username=user.username, password=user.password)
        self.mfa_token = login["mfa_token"]

    def enroll(self, kind: str, channel: str | None = None) -> None:
        self.log_in()
        begun = self.lab.client.mfa_associate(
            self.mfa_token,
            authenticator_types=[kind],
            oob_channels=[channel] if channel else None,
            phone_number="+15550142" if channel == "sms" else None,
        )
        self.oob_code, self.uri = begun.json.get("oob_code", ""), begun.json.get("barcode_uri", "")

    def challenge(self, factor: str, kind: str = "oob") -> None:
        self.log_in(factor)
        listed = self.lab.client.mfa_authenticators(self.mfa_token).json
        prefix = {"sms": "sms|", "push": "push|", "otp": "totp|", "email": "email|"}[factor]
        one = next((each["id"] for each in listed if each["id"].startswith(prefix)), None)
        begun = self.lab.client.mfa_challenge(
            mfa_token=self.mfa_token, challenge_type=kind, **({"authenticator_id": one} if one else {})
        )
        self.oob_code = begun.json.get("oob_code", "")

    def poll(self) -> None:
        self.box.clock.advance(5)
        self.lab.client.mfa_oob_grant(mfa_token=self.mfa_token, oob_code=self.oob_code)

    def rejected(self) -> None:
        self.challenge("push")
        self.phone.reject()
        self.poll()

    def granted(self) -> None:
        self.challenge("push")
        self.phone.allow()
        self.poll()

    def pending(self) -> None:
        self.challenge("push")
        self.poll()

    def wrong_code(self) -> None:
        self.challenge("sms")
        self.lab.client.mfa_oob_grant(mfa_token=self.mfa_token, oob_code=self.oob_code, binding_code="000000")

    def start(self, connection: str) -> None:
        to = {"phone_number": "+15550142"} if connection == "sms" else {"email": "jane@example.com"}
        self.lab.client.passwordless_start(connection=connection, send="code", **to)

    def administer(self) -> None:
        self.challenge("push")
        self.lab.client.jwks()
        own = self.lab.client.client_credentials_grant(audience=self.box.defaults.audience)
        assert own.status == 200


@pytest.fixture
def somebody() -> Somebody:
    return Somebody()


CASES: list[tuple[str, Act, str, str]] = [
    ("nothing", lambda one: None, "Nothing to do on your phone yet", "Run the cells below"),
    ("another call", lambda one: one.lab.client.jwks(), "Nothing to do on your phone yet", "Have it at hand"),
    ("a login", lambda one: one.log_in("push"), "A second factor is asked for", "Run the cells below"),
    ("a push's QR", lambda one: one.enroll("oob", "auth0"), "A QR waits to be scanned", "Open the Guardian app"),
    ("an OTP's QR", lambda one: one.enroll("otp"), "A QR waits to be scanned", "Type the 6 digits"),
    ("a number", lambda one: one.enroll("oob", "sms"), "A code was sent to you", "Read the SMS"),
    ("a push", lambda one: one.challenge("push"), "A push was sent", "Press Allow to go on, or Deny"),
    ("a push, polled", Somebody.pending, "A push was sent", "open the push of the Guardian app"),
    ("a push, and other calls", Somebody.administer, "A push was sent", "Compare what it says"),
    ("an OTP", lambda one: one.challenge("otp", "otp"), "A code of your authenticator app", "Type the 6 digits"),
    ("an SMS", lambda one: one.challenge("sms"), "A code was sent to you", "Read the SMS"),
    ("an email", lambda one: one.challenge("email"), "A code was sent to you", "Open the email"),
    ("an SMS, wrongly read", Somebody.wrong_code, "A code was sent to you", "Type the code where the cell asks"),
    ("passwordless", lambda one: one.start("email"), "A code was sent to you", "Open the email"),
    ("passwordless by SMS", lambda one: one.start("sms"), "A code was sent to you", "Read the SMS"),
    ("granted", Somebody.granted, "The login is done", "nothing is left to do"),
    ("rejected", Somebody.rejected, "The push was rejected, or its time is over", "for a new push"),
]


@pytest.mark.parametrize(("act", "headline", "step"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_newest_exchange_says_what_to_do(somebody: Somebody, act: Act, headline: str, step: str) -> None:
    act(somebody)
    guide = what_now(somebody.lab.journal)
    assert guide.headline.startswith(headline)
    assert step in " ".join([guide.headline, *guide.steps])
    assert (guide.mark, guide.headline, guide.steps) in GUIDES.values(), "no text of a message is in it"


def test_the_panel_is_a_numbered_list_with_nothing_to_press(somebody: Somebody) -> None:
    somebody.challenge("push")
    panel = somebody.lab.phone_panel()
    assert isinstance(panel, OwnPhonePanel)
    assert repr(panel) == "PhonePanel · your own phone · A push was sent"
    html = panel.static_html()
    assert html.count("<li") == len(panel.guide.steps) == 3
    assert "<ol" in html
    assert 'role="status"' in html
    assert not [each for each in panel.children if isinstance(each, ipywidgets.Button)]
    assert panel._text.value in html
    assert panel._repr_mimebundle_()["text/html"].startswith(panel._text.value, len("<div>"))


def test_it_follows_the_journal_by_itself_and_by_refresh(somebody: Somebody) -> None:
    panel = somebody.lab.phone_panel()
    assert isinstance(panel, OwnPhonePanel)
    somebody.enroll("oob", "auth0")
    assert "Nothing to do" in panel._text.value
    asyncio.run(panel._tick())
    assert "A QR waits to be scanned" in panel._text.value
    somebody.phone.scan(str(somebody.uri))
    somebody.poll()
    panel.refresh()
    assert "The login is done" in panel._text.value


def test_nothing_of_a_person_and_no_secret_is_in_it(somebody: Somebody) -> None:
    acts: tuple[Act, ...] = (
        lambda one: one.challenge("sms"),
        lambda one: one.start("sms"),
        lambda one: one.enroll("otp"),
    )
    for act in acts:
        act(somebody)
        panel = somebody.lab.phone_panel()
        shown = f"{panel!r} {panel._repr_mimebundle_()} {[each.get_state() for each in panel.children]}"
        for raw in (
            "+15550142",
            "user1@example.com",
            str(somebody.mfa_token),
            str(somebody.oob_code) or "no such value",
        ):
            assert raw not in shown


def test_the_recording_of_a_live_run_says_it_too(somebody: Somebody, tmp_path_factory: pytest.TempPathFactory) -> None:
    somebody.challenge("push")
    file = tmp_path_factory.mktemp("recording") / "run.har"
    somebody.lab.export("har").save(file)
    panel = Lab.replay(file).phone_panel()
    assert repr(panel) == "PhonePanel · your own phone · Nothing to do on your phone yet"
