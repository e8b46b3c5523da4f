"""The phone's panel without a front end: what it shows, its methods, buttons and looks; and the steps on one's own."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.errors import NothingToAnswer
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel, Row
from auth0_mfa_lab.show.phone import GUIDES, PhoneView
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.har import har
from tests.mothers import a_journal, a_live_lab, a_request, an_exchange
from tests.panel_stage import looks, on_a_page, seen, sent_to_pages, text_of


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


def panel_of(lab: Lab) -> PhonePanel:
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    return panel


def push_to(lab: Lab, user: User) -> None:
    """Challenge a user, by a push or by the only other factor."""
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")


def two_pushes(lab: Lab) -> PhonePanel:
    for _ in range(2):
        push_to(lab, lab.user(factors=["push"]))
    return panel_of(lab)


def furnished(lab: Lab) -> PhonePanel:
    """Return the panel of a phone with two accounts, a push 7 seconds old, and a message."""
    user = lab.user(factors=["push"])
    lab.user(factors=["otp"])
    push_to(lab, user)
    lab.clock.advance(7)
    push_to(lab, lab.user(factors=["sms"]))
    return panel_of(lab)


def row_of(panel: PhonePanel, at: int, *, of: str = "codes") -> Row:
    return panel._rows[getattr(panel.card, of)[at].id]


def press(panel: PhonePanel, at: int, name: str, reason: str = "") -> None:
    row = row_of(panel, at, of="pushes")
    assert row.reason is not None
    row.reason.value = reason
    next(each for each in row.buttons if each.description == name).click()


def drawn(panel: PhonePanel) -> str:
    """Return what the buttons of the codes and the messages say: of a code that is drawn, to hide it."""
    return " ".join(str(row.buttons[0].description)[:4] for row in panel._rows.values() if row.line.code is not None)


def tick(panel: PhonePanel) -> None:
    asyncio.run(panel._tick())


def test_an_empty_phone_says_what_would_fill_it(lab: Lab) -> None:
    panel = panel_of(lab)
    assert repr(panel) == "PhonePanel · Sandbox phone · 0 accounts · 0 pushes wait · 0 codes · 0 messages"
    assert text_of(panel.static_html()).split("\n") == [
        *("Sandbox phone", "08:00:00 UTC, the lab's time"),
        *("Accounts", "No account yet: lab.phone.scan(...) scans the barcode_uri of an enrollment."),
        *("Pushes", "No push waits."),
        *("Codes", "No codes yet: a push's or a one-time code's enrollment brings them."),
        *("Messages", "Nothing was sent: no SMS, no call, no email."),
    ]


def test_a_phone_with_everything_on_it_shows_just_this_and_a_look_moves_nothing(lab: Lab) -> None:
    panel = furnished(lab)
    before = lab.clock.now(), len(lab.journal), lab.phone.notifications, lab.aliases.all()
    panel.refresh()
    tick(panel)
    assert (lab.clock.now(), len(lab.journal), lab.phone.notifications, lab.aliases.all()) == before
    assert repr(panel) == "PhonePanel · Sandbox phone · 2 accounts · 1 push waits · 2 codes · 1 message"
    assert text_of(panel.static_html()).split("\n") == [
        *("Sandbox phone", "08:00:07 UTC, the lab's time"),
        *("Accounts", "user1@example.com at sandbox: pushes and codes", "user2@example.com at sandbox: codes"),
        *("Pushes", "◎ Login at sandbox.example", "From Firefox on Linux, Oslo, Norway"),
        *("Account user1@example.com · began 08:00:00 UTC", "Answer in", "4 min 53 s"),
        *("Codes", "# user1@example.com", "<otp 1>", "Good for", "23 s"),
        *("# user2@example.com", "<otp 2>", "Good for", "23 s"),
        *("Messages", "✉ SMS for second factor", "<binding_code 1> is your verification code for sandbox."),
        "To +15550103 · 08:00:07 UTC",
    ]


def test_more_accounts_than_it_looks_at_are_counted(lab: Lab) -> None:
    for _ in range(8):
        lab.user(factors=["otp"])
    panel = panel_of(lab)
    assert (len(panel.card.accounts), len(panel.card.codes)) == (6, 6)
    assert panel.card.accounts[-1].said == "user8@example.com at sandbox: codes"
    assert "8 accounts" in repr(panel)
    assert "2 older ones are not shown." in seen(panel)


def test_a_look_by_itself_teaches_the_lab_no_code_and_is_in_no_recording(lab: Lab) -> None:
    panel = furnished(lab)
    lab.client.passwordless_start(connection="sms", phone_number="+15550142", send="code")
    lab.client.passwordless_start(connection="email", email="jane@example.com", send="link")
    lab.clock.advance(30)
    known, noted = lab.aliases.all(), len(lab.journal.operations)
    tick(panel)

    def codes() -> list[str]:
        return [repr(each.code) for each in (*panel.card.codes, *panel.card.messages)]

    assert codes() == ["not read yet", "not read yet", "None", "not read yet", "<binding_code 1>"]
    assert (lab.aliases.all(), len(lab.journal.operations)) == (known, noted)
    assert "Your verification code for sandbox is: [not read yet]" in seen(panel)
    assert "● A message has come: Email for passwordless login. A message has come: SMS for passw" in seen(panel)
    assert (repr(lab.phone.code()), repr(lab.inbox.latest("+15550142").code)) == ("<otp 3>", "<code 1>")
    tick(panel)
    assert codes() == ["not read yet", "<otp 3>", "None", "<code 1>", "<binding_code 1>"]
    panel.refresh()
    assert codes() == ["<otp 4>", "<otp 3>", "None", "<code 1>", "<binding_code 1>"]
    assert "<link 1>" in seen(panel)


def test_a_code_is_drawn_on_the_page_alone_by_method_and_by_button_until_its_time_is_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, sent = furnished(lab), sent_to_pages(monkeypatch)
    panel.show_code()
    assert drawn(panel) == "Show Hide Show", "the account that was scanned last"
    on_a_page(panel)
    ((content, buffers),) = sent
    assert (content["alt"], 22 < content["seconds"] <= 23, buffers) == ("otp 2", True, [str(lab.phone.code()).encode()])
    row_of(panel, 0).buttons[0].click()
    panel.show_code(panel.card.messages[0])
    assert drawn(panel) == "Hide Hide Hide"
    row_of(panel, 0).buttons[0].click()
    assert drawn(panel) == "Show Hide Hide"
    panel.hide_code(panel.card.codes[1])
    assert drawn(panel) == "Show Show Hide"
    panel.hide_code()
    assert drawn(panel) == "Show Show Show"
    panel.show_code(panel.card.codes[0])
    panel.show_code(panel.card.messages[0])
    for seconds, shown in ((22, "Hide Show Hide"), (1, "Show Show Hide")):
        lab.clock.advance(seconds)
        tick(panel)
        assert drawn(panel) == shown
    lab.user(factors=["otp"])
    panel.show_code()
    assert drawn(panel) == "Show Show Hide Hide", "it came since the phone was looked at"


def test_what_is_no_code_of_the_phone_gets_a_sentence(lab: Lab) -> None:
    said = r"not on the phone \(any more\): pass a line of panel\.card\.codes or \.messages"
    empty, panel = panel_of(Lab.sandbox()), furnished(lab)
    slips: tuple[tuple[PhonePanel, Any], ...] = (
        *((empty, None), (empty, panel.card.codes[0]), (panel, panel.card.pushes[0])),
        *((panel, "123456"), (panel, 1), (panel, PhoneView)),
    )
    for each, slip in slips:
        with pytest.raises(LabError, match=said):
            each.show_code(slip)
    with pytest.raises(LabError, match=said):
        panel.hide_code("123456")  # type: ignore[arg-type]  # what must fail


# fmt: off
Act = Callable[[PhonePanel], Any]
ANSWERS: Mapping[str, tuple[Act, int, bool, str | None]] = {  # which of two pushes is answered, and what is said
    "allow()":         (lambda panel: panel.allow(), 1, True, None),
    "reject(older)":   (lambda panel: panel.reject("not me", panel.card.pushes[0]), 0, False, "not me"),
    "Allow, older":    (lambda panel: press(panel, 0, "Allow"), 0, True, None),
    "Reject":          (lambda panel: press(panel, 1, "Reject", " not me "), 1, False, "not me"),
    "Reject, older":   (lambda panel: press(panel, 0, "Reject", "  "), 0, False, None),
}
# fmt: on


@pytest.mark.parametrize("name", ANSWERS)
def test_the_push_that_is_named_or_else_the_newest_is_answered_and_no_other(lab: Lab, name: str) -> None:
    act, at, accepts, reason = ANSWERS[name]
    panel = two_pushes(lab)
    assert lab._screen is not None
    raw, left = lab._screen.phone.notifications, panel.card.pushes[1 - at]
    answer = act(panel) or lab.journal[-1]
    assert (answer.speaker, answer.status) == ("phone", 204)
    assert str(answer.request.header("authorization")) == f"Bearer {raw[at].transaction_token}"
    claims = claims_of(answer.request.raw_data()["challenge_response"]) or {}
    assert (claims["auth0_guardian_accepted"], claims.get("auth0_guardian_reason")) == (accepts, reason)
    assert panel.card.pushes == (left,)
    word = "Allowed" if accepts else "Rejected"
    assert (f"● {word}: 204 No Content (exchange {answer.number})" in seen(panel)) is not name.endswith(")")


def test_a_push_that_comes_is_announced_and_takes_nothing_away_that_is_typed(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))
    panel = panel_of(lab)
    row = row_of(panel, 0, of="pushes")
    assert row.reason is not None
    row.reason.value = "half a sen"
    push_to(lab, lab.user(factors=["push"]))
    tick(panel)
    assert (row_of(panel, 0, of="pushes") is row, row.reason.value, len(panel.card.pushes)) == (True, "half a sen", 2)
    assert "A push has come: Login at sandbox.example as user2@example.com, 08:00:00: Firefox on Linux" in seen(panel)
    lab.clock.advance(300)
    tick(panel)
    assert panel.card.pushes == ()


def test_what_does_not_wait_is_not_answered_and_nothing_is_sent(lab: Lab) -> None:
    panel = two_pushes(lab)
    push = panel.card.pushes[1]
    lab.phone.allow()
    said = len(lab.journal)
    slips: tuple[tuple[Act, str], ...] = (
        (lambda _: panel.allow(push), "This push does not wait"),
        (lambda _: panel.reject(push=push), "This push does not wait"),
        (lambda _: panel.allow(lab.journal[-1]), r"Name one of lab\.phone\.notifications"),
        (lambda _: panel.reject(3), "reason is a int: write a text"),  # type: ignore[arg-type]  # what must fail
    )
    for act, sentence in slips:
        with pytest.raises(LabError, match=sentence):
            act(panel)
    assert (len(lab.journal), len(panel.card.pushes)) == (said, 1)
    older = lab.phone.notifications[0]
    lab.phone.reject("no", older)
    with pytest.raises(NothingToAnswer, match="No push waits"):
        panel.allow()
    assert panel.card.pushes == ()


def test_an_answer_that_the_tenant_does_not_take_is_said_so(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    for _ in range(2):  # the second supersedes the first, of which the phone hears nothing
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    panel = panel_of(lab)
    press(panel, 0, "Allow")
    assert "● The tenant did not take it: 404 Not Found (exchange " in seen(panel)


def told(lab: Lab) -> list[str]:
    """Answer a push through a panel, and return all that was seen of it."""
    panel = furnished(lab)
    said = [repr(panel), panel.static_html(), repr(panel.reject("no", panel.card.pushes[0]))]
    lab.clock.advance(45)
    panel.refresh()
    return [*said, repr(panel), panel.static_html()]


def test_a_replay_shows_what_the_run_showed_is_exported_as_it_was_read_and_nothing_can_be_pressed(
    lab: Lab, tmp_path: Path
) -> None:
    lab_told = told(lab)
    lab.export("har").save(tmp_path / "run.har")
    replay, another = (Lab.replay(tmp_path / "run.har") for _ in range(2))
    assert repr(panel_of(another)).endswith("Sandbox phone · 0 accounts · 0 pushes wait · 0 codes · 0 messages")
    assert told(replay) == lab_told
    assert har(replay.journal) == (tmp_path / "run.har").read_text("utf-8")
    panel = furnished(Lab.replay(tmp_path / "run.har"))
    reason = row_of(panel, 0, of="pushes").reason
    assert reason is not None
    assert (looks(panel), reason.disabled) == ("off off off off off ready", True)
    assert "● This is a recording" in seen(panel)
    tick(panel)
    assert repr(panel.card.codes[0].code) == "<otp 1>"
    with pytest.raises(LabError, match="This is a recording"):
        panel.show_code()


Said = tuple[str, dict[str, Any], int, dict[str, Any]]


def said(path: str, status: int = 200, /, sends: str = "", **answer: Any) -> Said:
    """Return an exchange: its path, the form that is sent, the status and the JSON of the answer."""
    return path, dict(each.split("=") for each in sends.split()), status, answer


def polled(status: int, /, sends: str = "", **answer: Any) -> Said:
    return said("/oauth/token", status, sends=f"grant_type=x/mfa-oob {sends}", **answer)


# fmt: off
ENROLL, CHALLENGE, TOKEN, START = "/mfa/associate", "/mfa/challenge", "/oauth/token", "/passwordless/start"
OOB: dict[str, Any] = {"challenge_type": "oob", "oob_code": "x"}
CODE: dict[str, Any] = {**OOB, "binding_method": "prompt"}
LOGIN = said(TOKEN, 403, sends="grant_type=password", error="mfa_required")
PUSHED = said(CHALLENGE, **OOB)
SENT = said(ENROLL, oob_code="x", oob_channel="sms", binding_method="prompt")
GUIDED: Mapping[str, tuple[tuple[Said, ...], str, str]] = {  # what was said, the guide that follows, some of its words
    "nothing":            ((), "nothing", "Run the cells below"),
    "another call":       ((said("/.well-known/jwks.json", keys=[]),), "nothing", "Have it at hand, unlocked"),
    "a login":            ((LOGIN,), "login", "A second factor is asked for"),
    "a push's QR":        ((said(ENROLL, barcode_uri="x", oob_code="x"),), "push QR", "Open the Guardian app"),
    "an OTP's QR":        ((said(ENROLL, barcode_uri="x"),), "OTP QR", "Press Show in the QR's panel"),
    "a number":           ((SENT,), "code by sms", "Read the SMS"),
    "a number to call":   ((said(ENROLL, oob_code="x", oob_channel="voice"),), "code by voice", "Answer the call"),
    "a push":             ((LOGIN, PUSHED), "push", "Press Allow to go on, or Deny to see a rejected push"),
    "a push, pending":    ((PUSHED, polled(400, error="authorization_pending")), "push", "Compare what it says"),
    "a push, and others": ((PUSHED, said(TOKEN, sends="grant_type=client_credentials")), "push", "Unlock your phone"),
    "a push, refreshed":  ((PUSHED, said(TOKEN, sends="grant_type=refresh_token")), "push", "Unlock your phone"),
    "an OTP":             ((said(CHALLENGE, challenge_type="otp"),), "OTP", "a new code comes every 30 seconds"),
    "an SMS":             ((said(CHALLENGE, sends="authenticator_id=sms|dev_1", **CODE),), "code by sms", "the SMS"),
    "an email":           ((said(CHALLENGE, sends="authenticator_id=email|x", **CODE),), "code by email", "the email"),
    "nobody knows":       ((said(CHALLENGE, **CODE),), "code", "an SMS, a call or an email"),
    "an SMS, misread":    ((SENT, polled(403, sends="binding_code=1", error="invalid_grant")), "code by sms", "hides"),
    "passwordless":       ((said(START, sends="connection=email"),), "code by email", "Type the code where"),
    "granted":            ((PUSHED, polled(200, access_token="x")), "done", "nothing is left to do on your phone"),
    "rejected":           ((PUSHED, polled(403, error="invalid_grant")), "push over", "for a new push"),
    "denied":             ((PUSHED, polled(400, error="access_denied")), "push over", "for a new push"),
    "too late":           ((PUSHED, polled(401, error="expired_token")), "push over", "or its time is over"),
    "a wrong password":   ((PUSHED, said(TOKEN, 403, sends="grant_type=password", error="invalid_grant")), "push", ""),
}
# fmt: on


@pytest.mark.parametrize("name", GUIDED)
def test_on_ones_own_phone_the_newest_exchange_says_what_to_do(name: str) -> None:
    exchanges, guide, words = GUIDED[name]
    panel = OwnPhonePanel(journal := a_journal(), mask=str)
    for path, form, status, answer in exchanges:
        request = a_request(url=f"https://tenant.example{path}", form=form)
        an_exchange(status, request=request, json=answer, journal=journal)
    an_exchange(json={"challenge_type": "otp"}, journal=journal, speaker="phone")
    asyncio.run(panel._tick())
    mark, headline, steps = GUIDES[guide]
    assert repr(panel) == f"PhonePanel · your own phone · {headline}"
    assert text_of(panel.static_html()).split("\n") == ["▯ Your own phone", f"{mark} {headline}", *steps]
    assert panel.static_html().count("<li") == len(steps)
    assert words in seen(panel)
    assert looks(panel) == ""


def test_a_live_lab_shows_what_to_do_on_ones_own_phone() -> None:
    lab = a_live_lab(Sandbox(domain="tenant.example"))
    assert repr(lab.phone_panel()) == "PhonePanel · your own phone · Nothing to do on your phone yet"
