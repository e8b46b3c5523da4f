"""The phone's panel without a front end: what it shows, its methods, buttons and looks; and the steps on one's own."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.errors import NothingToAnswer
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.show.html import COLOURS
from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel, Row
from auth0_mfa_lab.show.phone import GUIDES
from tests.flows.flows import challenged, log_in
from tests.mothers import a_journal, a_request, an_exchange, rows
from tests.panel_stage import looks, on_a_page, seen, sent_to_pages, text_of


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


def panel_of(lab: Lab, *factors: str) -> PhonePanel:
    """Return the panel of a phone with a new user of each factor, who is challenged by it, if it is no OTP."""
    for factor in factors:
        user = lab.user(factors=[factor])
        if factor != "otp":
            challenged(lab, log_in(lab, user))
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    return panel


def furnished(lab: Lab) -> PhonePanel:
    """Return the panel of a phone with two accounts, a push 7 seconds old, and a message."""
    panel_of(lab, "push", "otp")
    lab.clock.advance(7)
    return panel_of(lab, "sms")


def push_row(panel: PhonePanel, at: int) -> Row:
    return panel._rows[panel.card.pushes[at].id]


def press(panel: PhonePanel, at: int, name: str, reason: str = "") -> None:
    row = push_row(panel, at)
    assert row.reason is not None
    row.reason.value = reason
    next(each for each in row.buttons if each.description == name).click()


def press_code(panel: PhonePanel, at: int = 0) -> None:
    panel._rows[panel.card.codes[at].id].buttons[0].click()


def run(cell: str, panel: PhonePanel, **names: object) -> Any:
    return eval(cell, {"panel": panel, "press": press, "press_code": press_code, **names})


def drawn(panel: PhonePanel) -> str:
    """Return what the buttons of the codes and the messages say: of a code that is drawn, to hide it."""
    return " ".join(
        row.buttons[0].description.removesuffix(" code") for row in panel._rows.values() if row.line.code is not None
    )


def tick(panel: PhonePanel) -> None:
    asyncio.run(panel._tick())


def test_an_empty_phone_says_what_would_fill_it_and_a_full_one_how_many_accounts_it_does_not_show(lab: Lab) -> None:
    panel = panel_of(lab)
    assert repr(panel) == "PhonePanel · Sandbox phone · 0 accounts · 0 pushes wait · 0 codes · 0 messages"
    assert text_of(panel.static_html()).split("\n") == [
        *("Sandbox phone", "08:00:00 UTC, the lab's time", "The sandbox's clock stands still until you poll."),
        *("Accounts", "No account yet: lab.phone.scan(...) scans the barcode_uri of an enrollment."),
        *("Pushes", "No push waits."),
        *("Codes", "No codes yet: a push's or a one-time code's enrollment brings them."),
        *("Messages", "Nothing was sent: no SMS, no call, no email."),
    ]
    panel = panel_of(lab, *["otp"] * 8)
    assert (len(panel.card.accounts), len(panel.card.codes)) == (6, 6)
    assert panel.card.accounts[-1].said == "user8@example.com at sandbox: codes"
    assert ("8 accounts" in repr(panel), "2 older ones are not shown." in seen(panel)) == (True, True)


def test_a_phone_with_everything_on_it_shows_just_this_and_a_look_moves_nothing(lab: Lab) -> None:
    panel = furnished(lab)
    before = lab.clock.now(), len(lab.journal), lab.phone.notifications, lab.aliases.all()
    panel.refresh()
    tick(panel)
    assert (lab.clock.now(), len(lab.journal), lab.phone.notifications, lab.aliases.all()) == before
    assert repr(panel) == "PhonePanel · Sandbox phone · 2 accounts · 1 push waits · 2 codes · 1 message"
    assert text_of(panel.static_html()).split("\n") == [
        *("Sandbox phone", "08:00:07 UTC, the lab's time", "The sandbox's clock stands still until you poll."),
        *("Accounts", "user1@example.com at sandbox: pushes and codes", "user2@example.com at sandbox: codes"),
        *("Pushes", "Login at sandbox.example", "From Firefox on Linux, Oslo, Norway"),
        *("Account user1@example.com · began 08:00:00 UTC", "Answer in", "4 min 53 s"),
        *("Codes", "user1@example.com", "<otp 1>", "Good for", "23 s"),
        *("user2@example.com", "<otp 2>", "Good for", "23 s"),
        *("Messages", "✉ SMS for second factor", "<binding_code 1> is your verification code for sandbox."),
        "To +15550103 · 08:00:07 UTC",
    ]


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
    assert "A message has come: Email for passwordless login. A message has come: SMS for passw" in seen(panel)
    assert repr(lab.phone.code()) == "<otp 3>"
    tick(panel)
    assert codes() == ["not read yet", "<otp 3>", "None", "not read yet", "<binding_code 1>"]
    panel.refresh()
    assert codes() == ["<otp 4>", "<otp 3>", "None", "<code 1>", "<binding_code 1>"]
    assert "<link 1>" in seen(panel)


# A cell, and what the buttons of the codes say then; without one, the account that was scanned last is meant.
CODES = """
panel.show_code()                       | Show Hide Show
press_code(panel)                       | Hide Hide Show
panel.show_code(panel.card.messages[0]) | Hide Hide Hide
press_code(panel)                       | Show Hide Hide
panel.hide_code(panel.card.codes[1])    | Show Show Hide
panel.hide_code()                       | Show Show Show
panel.show_code(panel.card.codes[0])    | Hide Show Show
panel.show_code(panel.card.messages[0]) | Hide Show Hide
"""


def test_a_code_is_drawn_until_its_time_is_over(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    panel, sent = furnished(lab), sent_to_pages(monkeypatch)
    for cell, said in rows(CODES):
        run(cell, panel)
        assert drawn(panel) == said
        if not sent:
            on_a_page(panel)
            ((content, buffers),) = sent
            assert (content["alt"], 22 < content["seconds"] <= 23) == ("otp 2", True)
            assert buffers == [str(lab.phone.code()).encode()]
    for seconds, said in ((22, "Hide Show Hide"), (1, "Show Show Hide")):
        lab.clock.advance(seconds)
        tick(panel)
        assert drawn(panel) == said
    lab.user(factors=["otp"])
    panel.show_code()
    assert drawn(panel) == "Show Show Hide Hide", "it came since the phone was looked at"


def test_what_is_under_way_is_said(lab: Lab) -> None:
    panel, said = furnished(lab), list[str]()
    panel._status.observe(lambda change: said.append(text_of(change["new"])), "value")
    panel.refresh_button.click()
    press_code(panel)
    assert said == ["… Looking at the phone", "", "… Reading the code", ""]


def test_what_is_no_code_of_the_phone_gets_a_sentence(lab: Lab) -> None:
    said = r"This code is not on the phone \(any more\): pass a line of panel\.card\.codes or \.messages\.$"
    panel, empty = furnished(lab), panel_of(Lab.sandbox())
    for slip in ("panel.card.pushes[0]", "'123456'", "panel.__class__"):
        for method in ("show_code", "hide_code"):
            with pytest.raises(LabError, match=said):
                run(f"panel.{method}({slip})", panel)
    for code in (None, panel.card.codes[0]):
        with pytest.raises(LabError, match=said):
            empty.show_code(code)


# A cell, which of two pushes it answers, whether it allows it, the reason that is sent.
ANSWERS = """
panel.allow()                                  | newer | Allowed  |
panel.reject("not me", panel.card.pushes[0])   | older | Rejected | not me
press(panel, 0, "Allow")                       | older | Allowed  |
press(panel, 1, "Reject", " not me ")          | newer | Rejected | not me
press(panel, 0, "Reject", "  ")                | older | Rejected |
"""


@pytest.mark.parametrize(("cell", "push", "word", "reason"), rows(ANSWERS))
def test_a_named_push_or_the_newest_is_answered(lab: Lab, cell: str, push: str, word: str, reason: str) -> None:
    panel, at = panel_of(lab, "push", "push"), int(push == "newer")
    assert lab._screen is not None
    raw, left = lab._screen.phone.notifications, panel.card.pushes[1 - at]
    answer = run(cell, panel) or lab.journal[-1]
    assert (answer.speaker, answer.status) == ("phone", 204)
    assert str(answer.request.header("authorization")) == f"Bearer {raw[at].transaction_token}"
    claims = claims_of(answer.request.raw_data()["challenge_response"]) or {}
    assert claims["auth0_guardian_accepted"] is (word == "Allowed")
    assert claims.get("auth0_guardian_reason", "") == reason
    assert panel.card.pushes == (left,)
    assert (f"{word}: 204 No Content (exchange {answer.number})" in seen(panel)) is cell.startswith("press")


def test_a_push_that_comes_is_announced_and_takes_nothing_away_that_is_typed(lab: Lab) -> None:
    panel = panel_of(lab, "push")
    row = push_row(panel, 0)
    assert row.reason is not None
    row.reason.value = "half a sen"
    panel_of(lab, "push")
    tick(panel)
    assert (push_row(panel, 0) is row, row.reason.value, len(panel.card.pushes)) == (True, "half a sen", 2)
    assert "A push has come: Login at sandbox.example as user2@example.com, 08:00:00: Firefox on Linux" in seen(panel)
    for seconds, colour in ((239, COLOURS["info"]), (1, COLOURS["wait"])):
        lab.clock.advance(seconds)
        tick(panel)
        assert [f"background:{colour}" in each.html for each in panel.card.pushes] == [True, True]
    said = len(lab.journal)
    lab.clock.advance(60)
    tick(panel)
    row.buttons[0].click()
    assert (panel.card.pushes, len(lab.journal), panel.last_error) == ((), said, None)
    assert (row.comm, row.reason.comm) == (None, None)


SLIPS = """
panel.allow(push)       | This push does not wait on the phone: it was answered, or its 5 minutes are over. Name one \
of lab.phone.notifications, or none for the newest.
panel.reject(push=push) | This push does not wait on the phone: it was answered, or its 5 minutes are over. Name one \
of lab.phone.notifications, or none for the newest.
panel.allow("a push")   | This push does not wait on the phone: it was answered, or its 5 minutes are over. Name one \
of lab.phone.notifications, or none for the newest.
panel.reject(3)         | reason is a int: write a text, such as reject('not me').
"""


def test_what_does_not_wait_is_not_answered_and_what_the_tenant_does_not_take_is_said_so(lab: Lab) -> None:
    panel = panel_of(lab, "push", "push")
    push = panel.card.pushes[1]
    lab.phone.allow()
    said = len(lab.journal)
    for cell, sentence in rows(SLIPS):
        with pytest.raises(LabError, match=re.escape(sentence)):
            run(cell, panel, push=push)
    assert (len(lab.journal), len(panel.card.pushes)) == (said, 1)
    lab.phone.reject("no")
    with pytest.raises(NothingToAnswer, match="No push waits"):
        panel.allow()
    assert panel.card.pushes == ()
    user = lab.user(factors=["push"])
    login = log_in(lab, user)
    for _ in range(2):  # the second supersedes the first, of which the phone hears nothing
        challenged(lab, login)
    panel.refresh()
    press(panel, 0, "Allow")
    assert "The tenant did not take it: 404 Not Found (exchange " in seen(panel)


def test_on_a_recording_nothing_can_be_pressed(lab: Lab, tmp_path: Path) -> None:
    furnished(lab)
    lab.export("har").save(tmp_path / "run.har")
    panel = furnished(Lab.replay(tmp_path / "run.har"))
    reason = push_row(panel, 0).reason
    assert reason is not None
    assert (looks(panel), reason.disabled) == ("off off off off off ready", True)
    barred = "This is a recording: its phone does again what lab.phone did then, and nothing here can be pressed."
    assert f"\n{barred}\n" in seen(panel)
    tick(panel)
    assert repr(panel.card.codes[0].code) == "<otp 1>"
    with pytest.raises(LabError, match=barred):
        panel.show_code()


# A path or a grant with the form that was sent, the status, the answer; then the guide, and its headline.
GUIDED = """
/.well-known/jwks.json 200 keys=x                    | nothing | Nothing to do on your phone yet
password 403 error=mfa_required                      | login | A second factor is asked for
/mfa/associate 200 barcode_uri=x&oob_code=x          | push QR | A QR waits to be scanned
/mfa/associate 200 barcode_uri=x                     | OTP QR | A QR waits to be scanned
SENT                                                 | code by sms | ✉ A code was sent to you
/mfa/associate 200 oob_code=x&oob_channel=voice      | code by voice | ✉ A code was sent to you
PUSHED                                               | push | → A push was sent
PUSHED; mfa-oob 400 error=authorization_pending      | push | → A push was sent
PUSHED; client_credentials 200 access_token=x        | push | → A push was sent
PUSHED; refresh_token 200 access_token=x             | push | → A push was sent
PUSHED; password 403 error=invalid_grant             | push | → A push was sent
PUSHED; mfa-oob 403 error=invalid_grant              | push over | ✗ The push was rejected, or its time is over
PUSHED; mfa-oob 400 error=access_denied              | push over | ✗ The push was rejected, or its time is over
PUSHED; mfa-oob 401 error=expired_token              | push over | ✗ The push was rejected, or its time is over
PUSHED; mfa-oob 200 access_token=x                   | done | ✓ The login is done: nothing is left to do on your phone
/mfa/challenge 200 challenge_type=otp                | OTP | → A code of your authenticator app is asked for
/mfa/challenge?authenticator_id=sms%7Cdev_1 200 CODE | code by sms | ✉ A code was sent to you
/mfa/challenge?authenticator_id=email%7Cx 200 CODE   | code by email | ✉ A code was sent to you
/mfa/challenge 200 CODE                              | code | ✉ A code was sent to you
SENT; CODED                                          | code by sms | ✉ A code was sent to you
/passwordless/start?connection=email 200 _id=x       | code by email | ✉ A code was sent to you
"""
SHORT = {
    "CODED": "mfa-oob&binding_code=1 403 error=invalid_grant",
    "CODE": "challenge_type=oob&oob_code=x&binding_method=prompt",
    "PUSHED": "/mfa/challenge 200 challenge_type=oob&oob_code=x",
    "SENT": "/mfa/associate 200 oob_code=x&oob_channel=sms&binding_method=prompt",
}


@pytest.mark.parametrize(("told", "guide", "headline"), rows(GUIDED))
def test_on_ones_own_phone_the_newest_exchange_says_what_to_do(told: str, guide: str, headline: str) -> None:
    panel = OwnPhonePanel(journal := a_journal(), mask=str)
    for each in told.split("; "):
        url, status, answer = SHORT.get(each, each).split(" ")
        path, _, form = (url if url[0] == "/" else f"/oauth/token?grant_type={url}").partition("?")
        request = a_request(url=f"https://tenant.example{path}", form=dict(parse_qsl(form)))
        an_exchange(int(status), request=request, json=dict(parse_qsl(SHORT.get(answer, answer))), journal=journal)
    an_exchange(json={"challenge_type": "otp"}, journal=journal, speaker="phone")
    asyncio.run(panel._tick())
    steps = GUIDES[guide][2]
    assert repr(panel) == f"PhonePanel · your own phone · {headline.lstrip('→✉✓✗ ')}"
    assert text_of(panel.static_html()).split("\n") == ["▯ Your own phone", headline, *steps]
    assert "".join(each[-1] for each in steps).strip(".") == ""
    assert panel.static_html().count("<li") == len(steps)
    assert (looks(panel), panel._ticks) == ("", True)
