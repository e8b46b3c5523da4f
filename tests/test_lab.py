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

from auth0_mfa_lab import Lab, LabError, NoAnswer, Secret, SettingsError
from auth0_mfa_lab.errors import ClaimFailed, NotABarcode, NotEnrolled, NothingToAnswer, NothingWasSent, PhoneError
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.wire.exchange import Exchange
from tests.mothers import live_settings


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


@pytest.fixture(scope="module")
def enrolled() -> Lab:
    """Return a lab whose phone has an account, and no push that waits."""
    lab = Lab.sandbox()
    lab.user(factors=["push"])
    return lab


def challenge(lab: Lab) -> tuple[str, str]:
    """Log in as a fresh user with push, and send one; return both tokens."""
    person = lab.user(factors=["push"])
    login = lab.client.password_grant(username=person.username, password=person.password)
    pushed = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    return login["mfa_token"], pushed["oob_code"]


# -- what it is


def test_a_sandbox_says_that_nothing_leaves_the_process(lab: Lab) -> None:
    assert repr(lab) == "Lab on the sandbox tenant sandbox.example (profile docs): nothing is sent to Auth0."
    assert lab._repr_mimebundle_() == {"text/plain": repr(lab), "text/html": f"<p>{lab!r}</p>"}


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(LabError, match="Unknown profile 'doc'; the sandbox has docs, recorded"):
        Lab.sandbox(profile="doc")  # type: ignore[arg-type]  # what must fail


def test_the_environment_does_not_reach_a_sandbox_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH0_LAB_TENANT", "live")
    monkeypatch.setenv("AUTH0_DOMAIN", "tenant.example")
    assert Lab.sandbox().domain == "sandbox.example"


def test_from_env_is_the_sandbox_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AUTH0_LAB_TENANT", raising=False)
    monkeypatch.delenv("AUTH0_DOMAIN", raising=False)
    assert Lab.from_env(tmp_path).settings.tenant == "sandbox"


def test_equal_seeds_give_equal_ids_and_other_seeds_give_others() -> None:
    def told(seed: int) -> tuple[str, str]:
        lab = Lab.sandbox(seed=seed)
        user = lab.user()
        login = lab.client.password_grant(username=user.username, password=user.password)
        return str(user.password), str(login["mfa_token"])

    assert told(5) == told(5)
    assert told(5) != told(6)


def test_what_it_sends_is_the_same_with_every_version_of_its_libraries(lab: Lab) -> None:
    lab.client.jwks()
    headers = dict(lab.journal[0].request.headers)
    assert headers == {
        "host": "sandbox.example",
        "user-agent": "auth0-mfa-lab",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "connection": "keep-alive",
    }


# -- users


def test_a_user_is_fresh_and_its_password_is_a_secret(lab: Lab) -> None:
    first, second = lab.user(), lab.user()
    assert first.username != second.username
    assert isinstance(first.password, Secret)
    assert repr(first.password) == "<password 1>"
    assert repr(second.password) == "<password 2>"
    assert str(first.password) not in repr(first) + str(first._repr_mimebundle_())
    assert "factors       none" in repr(first)


def test_making_a_user_stands_in_no_journal(lab: Lab) -> None:
    lab.user(factors=["push"])
    assert len(lab.journal) == 0
    assert lab.phone.notifications == ()


def test_a_user_is_not_pickled(lab: Lab) -> None:
    with pytest.raises(TypeError, match="<password 1> is a secret"):
        pickle.dumps(lab.user())


def test_an_unknown_factor_names_the_known_ones(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"There is no factor 'fax' here\. Known factors: push"):
        lab.user(factors=["fax"])


# -- the phone


def test_a_phone_with_no_account_says_so(lab: Lab) -> None:
    for act in (lab.phone.allow, lab.phone.reject, lab.phone.code):
        with pytest.raises(NotEnrolled, match="no account yet"):
            act()
    assert len(lab.journal) == 0


def test_allowing_with_nothing_to_answer_says_so(enrolled: Lab) -> None:
    for act in (enrolled.phone.allow, enrolled.phone.reject):
        with pytest.raises(NothingToAnswer, match=r"No push waits on this phone\. Send one with /mfa/challenge"):
            act()


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


def test_a_code_is_a_secret_of_six_digits(enrolled: Lab) -> None:
    code = enrolled.phone.code()
    assert re.fullmatch(r"\d{6}", str(code))
    assert re.fullmatch(r"<otp \d+>", repr(code))


def test_a_notification_shows_when_and_where_and_no_token(enrolled: Lab) -> None:
    challenge(enrolled)
    (notification,) = enrolled.phone.notifications
    assert notification.host == "sandbox.example"
    assert notification.started.endswith("+00:00")
    assert set(notification.__slots__) == {"started", "host", "source", "location", "id"}
    assert "id=" not in repr(notification)
    answer = enrolled.phone.reject("inappropriate")
    assert isinstance(answer, Exchange)
    assert answer.speaker == "phone"
    assert enrolled.phone.notifications == ()


def test_allow_after_lets_the_phone_answer_between_two_requests(enrolled: Lab) -> None:
    mfa_token, oob_code = challenge(enrolled)
    told = enrolled.phone.allow_after(polls=2)
    assert repr(told) == "The phone will allow the push after 2 more polls."
    before = len(enrolled.journal)
    run = enrolled.poll(mfa_token=mfa_token, oob_code=oob_code)
    assert [exchange.outcome for exchange in run.exchanges] == [
        "400 authorization_pending",
        "400 authorization_pending",
        "200 OK",
    ]
    assert [exchange.speaker for exchange in enrolled.journal[before:]] == ["app", "app", "phone", "app"]


def test_allow_after_an_answer_of_ones_own_does_nothing_more(enrolled: Lab) -> None:
    mfa_token, oob_code = challenge(enrolled)
    enrolled.phone.allow_after(polls=1)
    enrolled.phone.reject()
    assert enrolled.poll(mfa_token=mfa_token, oob_code=oob_code).state.value == "rejected"
    assert enrolled.phone.notifications == ()


def test_an_answer_of_ones_own_takes_the_place_of_a_later_one(enrolled: Lab) -> None:
    challenge(enrolled)
    enrolled.phone.allow_after(polls=2)
    enrolled.phone.reject()
    mfa_token, oob_code = challenge(enrolled)
    panel = enrolled.poll_panel(mfa_token=mfa_token, oob_code=oob_code)
    for _ in range(3):
        panel.poll_once()
    assert panel.run.state.value == "pending"
    enrolled.phone.reject()


@pytest.mark.parametrize("polls", [0, -1])
def test_allow_after_no_polls_is_refused(enrolled: Lab, polls: int) -> None:
    with pytest.raises(PhoneError, match="would never allow: polls is a whole number from 1 up"):
        enrolled.phone.allow_after(polls=polls)


def test_allow_after_without_a_push_is_refused(enrolled: Lab) -> None:
    with pytest.raises(NothingToAnswer, match=r"send one with client\.mfa_challenge"):
        enrolled.phone.allow_after(polls=1)


def test_allow_after_an_allowed_push_says_so_and_the_next_poll_brings_the_tokens(enrolled: Lab) -> None:
    mfa_token, oob_code = challenge(enrolled)
    enrolled.phone_panel().allow()
    told = enrolled.phone.allow_after(polls=2)
    assert repr(told) == "The push was allowed already: the next poll brings the tokens."
    run = enrolled.poll(mfa_token=mfa_token, oob_code=oob_code)
    assert [exchange.outcome for exchange in run.exchanges] == ["200 OK"]
    with pytest.raises(NothingToAnswer):
        enrolled.phone.allow_after(polls=2)


def test_allow_after_a_rejected_push_is_refused(enrolled: Lab) -> None:
    challenge(enrolled)
    enrolled.phone.allow()
    challenge(enrolled)
    enrolled.phone.reject()
    with pytest.raises(NothingToAnswer):
        enrolled.phone.allow_after(polls=2)


def test_a_phone_that_reaches_nobody_raises_no_answer(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    user = lab.user()
    login = lab.client.password_grant(username=user.username, password=user.password)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])

    def refuse(_: object) -> httpx.Response:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(lab._transport, "handle_request", refuse)
    with pytest.raises(NoAnswer, match=r"sandbox\.example gave no answer"):
        lab.phone.scan(enrollment["barcode_uri"])
    assert lab.journal[-1].speaker == "phone"
    assert lab.journal[-1].failure is not None


def test_the_inbox_says_that_nothing_was_sent(lab: Lab) -> None:
    with pytest.raises(NothingWasSent, match="Nothing was sent to this address for mfa"):
        lab.inbox.latest("+15550100", purpose="mfa")


# -- time


def test_the_lifetimes_of_a_poll_count_from_when_each_value_came(enrolled: Lab) -> None:
    mfa_token, oob_code = challenge(enrolled)
    came = enrolled.clock.now()
    enrolled.clock.advance(100)
    assert enrolled.poll_panel(mfa_token=mfa_token, oob_code=oob_code).run.poll.deadline == came + 300
    enrolled.clock.advance(200)
    assert enrolled.poll(mfa_token=mfa_token, oob_code=oob_code).poll.polls == 0


def test_the_mfa_tokens_lifetime_counts_from_the_login(enrolled: Lab) -> None:
    person = enrolled.user(factors=["push"])
    login = enrolled.client.password_grant(username=person.username, password=person.password)
    came = enrolled.clock.now()
    enrolled.clock.advance(500)
    pushed = enrolled.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    run = enrolled.poll(mfa_token=login["mfa_token"], oob_code=pushed["oob_code"])
    assert run.poll.deadline == came + 600
    assert run.state.value == "expired"


def test_a_value_that_no_exchange_brought_is_as_new_as_it_can_be(lab: Lab) -> None:
    panel = lab.poll_panel(mfa_token="from elsewhere", oob_code="from elsewhere too")
    assert panel.run.poll.deadline == lab.clock.now() + 300


# -- what it says


def test_a_claim_that_holds_is_told_and_one_that_does_not_raises(lab: Lab) -> None:
    assert repr(lab.claim("one is one", 1 == 1)) == "✓ one is one"
    with pytest.raises(ClaimFailed, match="This does not hold: one is two"):
        lab.claim("one is two", holds=False)


def test_steps_diagram_and_curl_are_of_its_journal(lab: Lab) -> None:
    lab.step("1. keys")
    keys = lab.client.jwks()
    assert "1. keys" in repr(lab.journal)
    assert "GET /.well-known/jwks.json" in repr(lab.diagram())
    assert repr(lab.curl(keys)).startswith("curl --request GET")


# -- the administrator's side


def test_the_management_application_is_a_client_of_its_own_whose_secret_is_known(lab: Lab) -> None:
    machine = lab.management_application
    assert machine is lab.management_application
    assert machine.client_id != lab.client.client_id
    assert lab.management_audience == "https://sandbox.example/api/v2/"
    assert lab._sandbox is not None
    alias = lab.aliases.known(lab._sandbox.defaults.mgmt_client_secret)
    assert alias is not None
    assert alias.shown == "<mgmt_client_secret 1>"
    assert machine.client_id == lab._sandbox.defaults.mgmt_client_id


def test_the_management_api_is_opened_by_the_token_of_its_application_and_shows_no_secret(lab: Lab) -> None:
    granted = lab.management_application.client_credentials_grant(audience=lab.management_audience)
    listed = lab.management(granted["access_token"]).guardian_factors()
    assert (granted.status, listed.status) == (200, 200)
    assert lab._sandbox is not None
    shown = repr(granted) + repr(listed) + repr(lab.journal) + str(granted._repr_mimebundle_())
    assert lab._sandbox.defaults.mgmt_client_secret not in shown
    assert str(granted["access_token"]) not in shown
    assert "<mgmt_client_secret 1" in shown


def test_a_live_lab_without_a_management_application_names_both_variables() -> None:
    box = Sandbox(domain="tenant.example")
    no_secret = replace(live_settings(box), mgmt_client_id="machine")
    no_id = replace(live_settings(box), mgmt_client_secret=Secret("machine-secret", "<mgmt_client_secret>"))
    both = replace(no_id, mgmt_client_id="machine")
    assert Lab.live(both, transport=box.transport).management_application.client_id == "machine"
    for settings in (no_secret, no_id):
        lab = Lab.live(settings, transport=box.transport)
        with pytest.raises(SettingsError, match=r"AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET are not both set"):
            _ = lab.management_application
        assert len(lab.journal) == 0


def test_the_management_api_wants_an_access_token_that_is_text(lab: Lab) -> None:
    with pytest.raises(LabError, match="access_token is a whole exchange"):
        lab.management(lab.client.jwks())  # type: ignore[arg-type]  # what must fail


# -- a slip of the person's gets a sentence


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (
            lambda lab, login: lab.client.mfa_authenticators(login),
            "the Bearer token is a whole exchange",
        ),
        (lambda lab, login: lab.client.mfa_otp_grant(mfa_token=login, otp="123456"), "mfa_token is a whole exchange"),
        (lambda lab, login: lab.client.mfa_challenge(mfa_token=login), "mfa_token is a whole exchange"),
        (lambda lab, login: lab.client.mfa_otp_grant(mfa_token="x", otp=123456), "otp is a int and no text"),
        (
            lambda lab, login: lab.client.mfa_authenticators(login["mfa_token"] + "…"),
            "The request cannot be written (UnicodeEncodeError)",
        ),
        (
            lambda lab, login: lab.poll(mfa_token=login["mfa_token"], oob_code=None),
            "oob_code is a NoneType",
        ),
        (lambda lab, login: lab.poll(mfa_token=login, oob_code="x"), "mfa_token is a whole exchange"),
        (lambda lab, login: lab.poll(mfa_token="", oob_code="x"), "mfa_token is empty: pass the one that an answer"),
        (lambda lab, login: lab.poll_panel(mfa_token=login["mfa_token"], oob_code=""), "oob_code is empty"),
        (
            lambda lab, login: lab.poll_panel(mfa_token=repr(login["mfa_token"]), oob_code="x"),
            "mfa_token is <mfa_token 1>, the name under which the lab shows a secret: pass the secret itself",
        ),
        (
            lambda lab, login: lab.client.mfa_challenge(mfa_token=" <mfa_token 1: sealed>"),
            "mfa_token is <mfa_token 1: sealed>, the name",
        ),
        (lambda lab, login: lab.inspect(login), "token is a whole exchange"),
        (lambda lab, login: lab.inspect(None), "token is a NoneType and no text"),
        (lambda lab, login: lab.qr("nonsense"), "This is no barcode_uri"),
        (lambda lab, login: lab.qr(None), "This is no barcode_uri"),
        (lambda lab, login: lab.curl("POST"), "curl wants an exchange"),
        (lambda lab, login: lab.user(factors="push"), "factors is a list: write factors=['push']"),
    ],
)
def test_a_slip_gets_a_sentence_and_loses_nothing(slip: Callable[[Lab, Exchange], object], said: str) -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    with pytest.raises(LabError, match=re.escape(said)) as raised:
        slip(lab, login)
    assert str(login["mfa_token"]) not in str(raised.value)
    assert len(lab.journal) == 1


@pytest.mark.parametrize("poll", [Lab.poll, Lab.poll_panel])
@pytest.mark.parametrize("factors", [[], ["sms"]], ids=["enrolling", "challenged"])
def test_a_code_that_was_sent_is_no_push_that_one_polls(factors: list[str], poll: Callable[..., object]) -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=factors)
    token = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]
    sms: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+15550100"}
    sent = lab.client.mfa_challenge(mfa_token=token) if factors else lab.client.mfa_associate(token, **sms)
    with pytest.raises(LabError, match=r"binding_method.*binding_code"):
        poll(lab, mfa_token=token, oob_code=sent["oob_code"])


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda lab: lab.management("a.b.c").send("POST", "/clients", json={"a": float("nan")}), "cannot be written"),
        (lambda lab: lab.management("a.b.c").user("x" * 70_000), "cannot be written"),
        (lambda lab: lab.clock.advance("5"), r"write a number, such as clock\.advance\(300\)"),
        (lambda lab: lab.clock.advance(-1), "only moves forward"),
        (lambda lab: lab.clock.advance(float("nan")), "a hundred years"),
        (lambda lab: lab.phone.scan(lab), r"pass enrollment\['barcode_uri'\]"),
    ],
)
def test_a_mistake_is_a_sentence_and_loses_nothing(lab: Lab, act: Callable[[Lab], object], said: str) -> None:
    kept = len(lab.journal)
    with pytest.raises(LabError, match=said):
        act(lab)
    assert len(lab.journal) == kept


def test_the_phone_scans_what_the_lab_drew(lab: Lab) -> None:
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    enrollment = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    lab.phone.scan(lab.qr(enrollment["barcode_uri"]))
    assert lab.journal[-1].status == 201
