"""The phone's panel without a front end: what it shows, its methods, buttons and ticks, and no code in any state."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ipywidgets
import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.errors import NothingToAnswer
from auth0_mfa_lab.secrets.claims import claims_of
from auth0_mfa_lab.show.panels import panel as panels
from auth0_mfa_lab.show.panels.phone import PhonePanel, Row
from auth0_mfa_lab.show.phone import UNREAD, PhoneView
from auth0_mfa_lab.tenants.phone import Notification
from auth0_mfa_lab.tenants.users import User
from auth0_mfa_lab.wire.har import har

Sent = list[tuple[Any, Any]]


@pytest.fixture(autouse=True)
def no_real_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a panel look again at once."""
    monkeypatch.setattr(panels, "TICK_SECONDS", 0.0)


@pytest.fixture
def lab() -> Lab:
    return Lab.sandbox()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What is sent to a front end by message."""
    messages: Sent = []
    monkeypatch.setattr(
        "anywidget.AnyWidget.send", lambda _, content, buffers=None: messages.append((content, buffers)), raising=False
    )
    return messages


def panel_of(lab: Lab) -> PhonePanel:
    panel = lab.phone_panel()
    assert isinstance(panel, PhonePanel)
    return panel


def push_to(lab: Lab, user: User) -> None:
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")


def sms_to(lab: Lab, user: User) -> None:
    """Send the code of a second factor; the user has no other that a challenge could choose."""
    push_to(lab, user)


def furnished(lab: Lab) -> PhonePanel:
    """Return the panel of a phone with two accounts, a push 7 seconds old, and a message."""
    user, other = lab.user(factors=["push"]), lab.user(factors=["otp"])
    push_to(lab, user)
    lab.clock.advance(7)
    sms_to(lab, lab.user(factors=["sms"]))
    assert other.factors == ("otp",)
    return panel_of(lab)


def raw_of(lab: Lab) -> set[str]:
    """Return the values that nothing may show: what the phone holds, and what its requests carry."""
    assert lab._screen is not None
    assert lab._sandbox is not None
    raw = {lab._screen.phone.code(each) for each in lab._screen.phone.accounts}
    for push in lab._screen.phone.notifications:
        raw |= {push.transaction_token, push.challenge}
    raw |= {str(each.code) for each in lab._sandbox.delivery.newest[:50] if each.code}
    raw |= {str(each["mfa_token"]) for each in lab.journal if "mfa_token" in each}
    raw |= {str(each["oob_code"]) for each in lab.journal if "oob_code" in each}
    assert len(raw) >= 4
    return raw


def states(widget: ipywidgets.Widget) -> str:
    """Return all that the widgets of a panel hold, as a front end or a saved notebook would get it."""
    inner = getattr(widget, "children", ())
    return "\n".join([str(widget.get_state()), *(states(child) for child in inner)])


def values(widget: ipywidgets.Widget) -> list[str]:
    """Return the HTML of a panel's widgets."""
    own = [str(widget.value)] if isinstance(widget, ipywidgets.HTML) else []
    return [*own, *(value for child in getattr(widget, "children", ()) for value in values(child))]


def seen(panel: PhonePanel) -> str:
    """Return all that can be seen of a panel."""
    return "\n".join([repr(panel), str(panel._repr_mimebundle_()), states(panel), repr(panel.card), str(vars(panel))])


def leaks(panel: PhonePanel, raw: set[str]) -> list[str]:
    found = seen(panel)
    return [value[:3] for value in raw if value in found]


def text_of(html: str) -> list[str]:
    """Return the lines of text in HTML, one for each block."""
    blocks = re.sub(r"</?(?:div|b|ol|li)\b[^>]*>", "\n", html)
    return [line for line in (unescape(re.sub(r"<[^>]+>", "", each)).strip() for each in blocks.split("\n")) if line]


def pushes(panel: PhonePanel) -> list[Row]:
    return [row for row in panel._rows.values() if row.reason]


def codes(panel: PhonePanel) -> list[Row]:
    return [row for row in panel._rows.values() if row.line.code is not None]


def shows(row: Row) -> bool:
    return row.place.shows


def on_their_pages(panel: PhonePanel) -> None:
    """Say what each drawn code's place says once it is on a page."""
    for row in codes(panel):
        for drawn in row.place.children:
            drawn._handle_custom_msg({"kind": "ready"}, [])


def name_of(row: Row) -> str:
    return str(row.buttons[0].description)


def on_a_page(panel: PhonePanel) -> None:
    """Say what the panel's presence says once it is on a page."""
    panel._presence._handle_custom_msg({"kind": "ready"}, [])


def in_a_loop(story: Callable[[], Awaitable[None]]) -> None:
    """Run a test's story in a loop; no task is left when it ends."""

    async def told() -> None:
        await story()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(told())


async def until(true: Callable[[], object]) -> None:
    """Let other tasks run until something is true; the test's time limit ends a wait for what never is."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0)


# -- what it shows


def test_an_empty_phone_says_what_would_fill_it(lab: Lab) -> None:
    panel = panel_of(lab)
    assert repr(panel) == "PhonePanel · Sandbox phone · 0 accounts · 0 pushes wait · 0 codes · 0 messages"
    assert text_of(panel.static_html()) == [
        "Sandbox phone",
        "08:00:00 UTC, the lab's time",
        "Accounts",
        "No account yet: lab.phone.scan(...) scans the barcode_uri of an enrollment.",
        "Pushes",
        "No push waits.",
        "Codes",
        "No codes yet: a push's or a one-time code's enrollment brings them.",
        "Messages",
        "Nothing was sent: no SMS, no call, no email.",
    ]


def test_a_phone_with_everything_on_it_shows_just_this(lab: Lab) -> None:
    panel = furnished(lab)
    assert repr(panel) == "PhonePanel · Sandbox phone · 2 accounts · 1 push waits · 2 codes · 1 message"
    assert text_of(panel.static_html()) == [
        "Sandbox phone",
        "08:00:07 UTC, the lab's time",
        "Accounts",
        "user1@example.com at sandbox: pushes and codes",
        "user2@example.com at sandbox: codes",
        "Pushes",
        "◎ Login at sandbox.example",
        "From Firefox on Linux, Oslo, Norway",
        "Account user1@example.com · began 08:00:00 UTC",
        "Answer in",
        "4 min 53 s",
        "Codes",
        "# user1@example.com",
        "<otp 1>",
        "Good for",
        "23 s",
        "# user2@example.com",
        "<otp 2>",
        "Good for",
        "23 s",
        "Messages",
        "✉ SMS for second factor",
        "<binding_code 1> is your verification code for sandbox.",
        "To +15550103 · 08:00:07 UTC",
    ]


def test_the_widgets_say_what_the_twin_says(lab: Lab) -> None:
    panel = furnished(lab)
    live = [line for value in values(panel) for line in text_of(value)]
    for line in text_of(panel.static_html()):
        assert line in live
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel)
    assert bundle["text/html"].startswith(panel.static_html())
    assert text_of(bundle["text/html"])[-1] == "Saved picture: run this cell for the buttons."
    for gone in ("<style", "<svg", "<script", "var(--", " id="):
        assert gone not in panel.static_html()


def test_more_accounts_than_it_looks_at_are_counted(lab: Lab) -> None:
    for _ in range(8):
        lab.user(factors=["otp"])
    panel = panel_of(lab)
    assert (len(panel.card.accounts), len(panel.card.codes), panel.card.older) == (6, 6, 2)
    assert "8 accounts" in repr(panel)
    assert "2 older ones are not shown." in panel.static_html()
    assert panel.card.accounts[-1].said == "user8@example.com at sandbox: codes"


def test_what_a_page_could_take_for_markup_is_text() -> None:
    lab = Lab.sandbox()
    hostile = "<img src=x onerror=alert(1)>"
    lab.phone.scan(f"otpauth://totp/{quote(hostile)}?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U")  # auth0-mfa-lab: allow
    shown = panel_of(lab).static_html()
    assert unescape(shown).count(hostile) == 2, "the account and its code"
    assert "<img" not in shown
    view = PhoneView(name=hostile, time="", remark=hostile)
    assert "<img" not in PhonePanel(lambda _: view, lab.phone, mask=lab.aliases.mask).static_html()


def test_the_clock_the_journal_and_what_waits_are_as_they_were(lab: Lab) -> None:
    furnished(lab)
    now, said, waits = lab.clock.now(), len(lab.journal), lab.phone.notifications
    panel = panel_of(lab)
    panel.refresh()
    panel.show_code()
    asyncio.run(panel._tick())
    assert (lab.clock.now(), len(lab.journal), lab.phone.notifications) == (now, said, waits)


# -- no secret


def test_no_code_and_no_token_is_in_anything_that_is_seen_or_saved(lab: Lab, sent: Sent) -> None:
    panel = furnished(lab)
    raw = raw_of(lab)
    assert leaks(panel, raw) == []
    panel.show_code()
    panel.show_code(panel.card.messages[0])
    panel.refresh()
    asyncio.run(panel._tick())
    assert leaks(panel, raw) == []
    panel.allow(panel.card.pushes[0])
    with pytest.raises(NothingToAnswer):
        panel.reject("no")
    codes(panel)[0].buttons[0].click()
    on_their_pages(panel)
    assert leaks(panel, raw | raw_of(lab)) == []
    assert sent


def test_the_search_for_secrets_can_find_one(lab: Lab) -> None:
    panel = furnished(lab)
    panel._status.value = f"the code is {next(iter(raw_of(lab)))}"
    assert leaks(panel, raw_of(lab))


def test_looking_again_by_itself_teaches_the_lab_no_code_and_notes_nothing(lab: Lab) -> None:
    panel = furnished(lab)
    known, noted = lab.aliases.all(), len(lab.journal.operations)
    lab.clock.advance(30)
    asyncio.run(panel._tick())
    assert [repr(each.code) for each in panel.card.codes] == [UNREAD, UNREAD]
    assert (lab.aliases.all(), len(lab.journal.operations)) == (known, noted)
    assert leaks(panel, raw_of(lab)) == []
    assert repr(lab.phone.code()) == "<otp 3>"
    asyncio.run(panel._tick())
    assert [repr(each.code) for each in panel.card.codes] == [UNREAD, "<otp 3>"]
    panel.refresh()
    assert [repr(each.code) for each in panel.card.codes] == ["<otp 4>", "<otp 3>"]


def test_a_message_that_arrives_is_shown_without_the_code_that_nobody_has_read(lab: Lab) -> None:
    panel = panel_of(lab)
    number = "+15550142"
    lab.client.passwordless_start(connection="sms", phone_number=number, send="code")
    lab.client.passwordless_start(connection="email", email="jane@example.com", send="link")
    known = lab.aliases.all()
    asyncio.run(panel._tick())
    mail, sms = panel.card.messages
    assert (sms.said, repr(sms.code)) == ("SMS for passwordless login", UNREAD)
    assert f"Your verification code for sandbox is: [{UNREAD}]" in text_of(sms.html)
    assert (mail.said, mail.code) == ("Email for passwordless login", None)
    assert f"[{UNREAD}]" in mail.html
    assert lab.aliases.all() == known
    assert "A message has come: Email for passwordless login" in panel._status.value
    assert repr(lab.inbox.latest(number).code) == "<code 1>"
    asyncio.run(panel._tick())
    assert "Your verification code for sandbox is: <code 1>" in text_of(panel.card.messages[1].html)
    panel.refresh()
    assert "<link 1>" in unescape(panel.card.messages[0].html)


# -- a code, drawn on a page


def test_a_code_goes_to_a_page_in_a_buffer_and_for_the_seconds_that_are_left(lab: Lab, sent: Sent) -> None:
    panel = furnished(lab)
    panel.show_code()
    assert sent == []
    on_their_pages(panel)
    ((content, buffers),) = sent
    assert (content["kind"], content["alt"]) == ("show", "otp 2")
    assert 22 < content["seconds"] <= 23
    assert buffers == [str(lab.phone.code()).encode()]
    assert str(lab.phone.code()) not in json.dumps(content)
    assert [name_of(row) for row in codes(panel)] == ["Show code", "Hide code", "Show code"]
    panel.hide_code()
    on_their_pages(panel)
    assert len(sent) == 1
    assert {name_of(row) for row in codes(panel)} == {"Show code"}


def test_the_button_shows_a_code_and_hides_it_again(lab: Lab, sent: Sent) -> None:
    panel = furnished(lab)
    first, _, message = codes(panel)
    first.buttons[0].click()
    message.buttons[0].click()
    on_their_pages(panel)
    assert [each["alt"] for each, _ in sent] == ["otp 1", "binding_code 1"]
    assert first.buttons[0].description == "Hide code"
    first.buttons[0].click()
    assert first.place.children == ()
    assert first.buttons[0].description == "Show code"
    assert shows(message)


def test_a_code_whose_time_is_over_is_taken_off_the_page(lab: Lab) -> None:
    panel = furnished(lab)
    panel.show_code(panel.card.codes[0])
    panel.show_code(panel.card.messages[0])
    lab.clock.advance(22)
    asyncio.run(panel._tick())
    assert [shows(row) for row in codes(panel)] == [True, False, True]
    lab.clock.advance(1)
    asyncio.run(panel._tick())
    assert [shows(row) for row in codes(panel)] == [False, False, True]


def test_a_page_that_comes_later_is_sent_what_is_shown_and_nothing_else(lab: Lab, sent: Sent) -> None:
    panel = furnished(lab)
    on_their_pages(panel)
    panel.show_code(panel.card.codes[0])
    on_their_pages(panel)
    on_their_pages(panel)  # the page was reloaded
    assert [each["alt"] for each, _ in sent] == ["otp 1", "otp 1"]


def test_a_code_that_is_not_on_the_phone_is_not_shown(lab: Lab) -> None:
    with pytest.raises(LabError, match="not on the phone"):
        panel_of(lab).show_code()
    lab.user(factors=["otp"])
    panel_of(lab).show_code()
    of_another = furnished(Lab.sandbox(seed=2)).card.messages[0]
    with pytest.raises(LabError, match="not on the phone"):
        panel_of(lab).show_code(of_another)


def test_a_code_is_shown_that_came_since_the_phone_was_looked_at(lab: Lab) -> None:
    panel = panel_of(lab)
    lab.user(factors=["otp"])
    panel.show_code()
    assert [shows(row) for row in codes(panel)] == [True]


@pytest.mark.parametrize("slip", ["123456", 1, PhoneView])
def test_what_is_no_line_of_the_phone_gets_a_sentence(lab: Lab, slip: Any) -> None:
    panel = furnished(lab)
    for act in (panel.show_code, panel.hide_code):
        with pytest.raises(LabError, match=r"pass a line of panel\.card\.codes"):
            act(slip)


def test_what_is_no_push_and_no_reason_gets_a_sentence(lab: Lab) -> None:
    panel = furnished(lab)
    before = len(lab.journal)
    slips: tuple[tuple[Callable[..., Any], Any, str], ...] = (
        (panel.allow, lab.journal[-1], "Name one of lab.phone.notifications"),
        (panel.reject, 3, "reason is a int: write a text"),
    )
    for act, slip, said in slips:
        with pytest.raises(LabError, match=said):
            act(slip)
    assert (len(lab.journal), len(panel.card.pushes)) == (before, 1)


# -- allow and reject


def test_allow_and_reject_answer_the_newest_push_and_show_what_is_left(lab: Lab) -> None:
    user, other = lab.user(factors=["push"]), lab.user(factors=["push"])
    push_to(lab, user)
    push_to(lab, other)
    panel = panel_of(lab)
    assert [each.whose for each in panel.card.pushes] == ["user1@example.com", "user2@example.com"]
    assert panel.allow().status == 204
    assert [each.whose for each in panel.card.pushes] == ["user1@example.com"]
    assert panel.reject("not me").status == 204
    assert panel.card.pushes == ()
    assert [each.speaker for each in lab.journal[-2:]] == ["phone", "phone"]


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("verb", ["allow", "reject"])
def test_the_push_that_is_named_is_answered_and_no_other(lab: Lab, at: int, verb: str) -> None:
    for _ in range(2):
        push_to(lab, lab.user(factors=["push"]))
    assert lab._screen is not None
    raw = lab._screen.phone.notifications
    panel = panel_of(lab)
    push = panel.card.pushes[at]
    answer = panel.allow(push) if verb == "allow" else panel.reject(push=push)
    header = answer.request.header("authorization")
    assert str(header) == f"Bearer {raw[at].transaction_token}"
    assert [each.id for each in panel.card.pushes] == [raw[1 - at].id]


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("verb", ["allow", "reject"])
def test_the_buttons_beside_a_push_answer_just_that(lab: Lab, at: int, verb: str) -> None:
    for _ in range(2):
        push_to(lab, lab.user(factors=["push"]))
    panel = panel_of(lab)
    first, second = panel.card.pushes
    row = pushes(panel)[at]
    (row.buttons[0] if verb == "allow" else row.buttons[1]).click()
    assert [each.id for each in panel.card.pushes] == [(second, first)[at].id]
    word = "Allowed" if verb == "allow" else "Rejected"
    assert f"{word}: 204 No Content (exchange {len(lab.journal)})" in panel._status.value


@pytest.mark.parametrize(("typed", "reason"), [(" not me ", "not me"), ("   ", None), ("", None)])
def test_a_reason_goes_with_reject_when_there_is_one(lab: Lab, typed: str, reason: str | None) -> None:
    push_to(lab, lab.user(factors=["push"]))
    panel = panel_of(lab)
    (row,) = pushes(panel)
    assert row.reason
    row.reason.value = typed
    row.buttons[1].click()
    answer = lab.journal[-1].request.raw_data()
    assert isinstance(answer, dict)
    claims = claims_of(answer["challenge_response"]) or {}
    assert (claims["auth0_guardian_accepted"], claims.get("auth0_guardian_reason")) == (False, reason)


def test_what_is_typed_and_whose_buttons_they_are_stays_when_another_push_comes(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))
    panel = panel_of(lab)
    (row,) = pushes(panel)
    assert row.reason
    row.reason.value = "half a sen"
    push_to(lab, lab.user(factors=["push"]))
    asyncio.run(panel._tick())
    assert pushes(panel)[0] is row
    assert len(pushes(panel)) == 2
    assert row.reason.value == "half a sen"
    assert "A push has come: Login at sandbox.example as user2@example.com" in panel._status.value


def test_a_push_that_waits_no_more_is_not_answered_and_nothing_is_sent(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))
    panel = panel_of(lab)
    push = panel.card.pushes[0]
    lab.phone.allow()
    said = len(lab.journal)
    for act in (lambda: panel.allow(push), lambda: panel.reject(push=push), lambda: lab.phone.allow(push)):
        with pytest.raises(NothingToAnswer, match="does not wait"):
            act()
    with pytest.raises(NothingToAnswer, match="No push waits"):
        panel.allow()
    assert len(lab.journal) == said
    assert panel.card.pushes == ()


def test_the_labs_phone_answers_the_notification_that_is_named(lab: Lab) -> None:
    for _ in range(2):
        push_to(lab, lab.user(factors=["push"]))
    older, newer = lab.phone.notifications
    assert isinstance(older, Notification)
    lab.phone.reject("no", older)
    assert lab.phone.notifications == (newer,)


def test_an_answer_that_the_tenant_does_not_take_is_said_so(lab: Lab) -> None:
    user = lab.user(factors=["push"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    for _ in range(2):  # the second supersedes the first, of which the phone hears nothing
        lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    panel = panel_of(lab)
    pushes(panel)[0].buttons[0].click()
    assert "The tenant did not take it: 404 Not Found" in panel._status.value
    assert "Allowed" not in panel._status.value


def test_a_failing_handler_shows_a_masked_card_and_the_panel_goes_on(lab: Lab) -> None:
    panel = furnished(lab)
    (row,) = pushes(panel)
    secret = str(lab.phone.code())
    works, panel._phone = panel._phone, _Broken(f"it broke with {secret}")
    row.buttons[0].click()
    assert "RuntimeError: it broke with &lt;otp 2&gt;" in panel._failure.value
    assert isinstance(panel.last_error, RuntimeError)
    assert 'role="alert"' in panel._repr_mimebundle_()["text/html"]
    assert secret not in seen(panel).replace(repr(panel.last_error), "")
    assert row.buttons[0].look == "ready"
    panel._phone = works
    row.buttons[0].click()
    assert (panel._failure.value, panel.card.pushes) == ("", ())


def test_with_auth0_lab_raise_a_click_that_fails_raises(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))
    assert lab._screen is not None
    screen = lab._screen

    async def story() -> None:
        panel = PhonePanel(screen.look, _Broken("broken"), mask=lab.aliases.mask, raise_failures=True)
        pushes(panel)[0].buttons[0].click()
        with pytest.raises(RuntimeError, match="broken"):
            await panel.done()
        assert "RuntimeError: broken" in panel._failure.value
        assert panel.refresh_button.look == "ready"

    in_a_loop(story)


class _Broken:
    def __init__(self, said: str) -> None:
        self.said = said

    def allow(self, push: Any = None) -> Any:
        raise RuntimeError(self.said)

    def reject(self, reason: str | None = None, push: Any = None) -> Any:
        raise RuntimeError(self.said)


# -- in a loop: buttons, and looking again


class _Slow:
    """A phone whose tenant takes as long as a test wants; it tells on which thread it was asked."""

    def __init__(self, phone: Any) -> None:
        self.phone, self.asked, self.release = phone, threading.Event(), threading.Event()
        self.thread = 0

    def allow(self, push: Any = None) -> Any:
        self.thread = threading.get_ident()
        self.asked.set()
        assert self.release.wait(20)
        return self.phone.allow(push)

    def reject(self, reason: str | None = None, push: Any = None) -> Any:
        raise AssertionError


def test_while_the_tenant_takes_its_time_nothing_waits_and_nothing_can_be_pressed(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))

    async def story() -> None:
        panel = panel_of(lab)
        slow = panel._phone = _Slow(panel._phone)
        (row,) = pushes(panel)
        row.buttons[0].click()
        await asyncio.to_thread(slow.asked.wait, 20)
        assert slow.thread != threading.get_ident()
        assert [each.look for each in (*row.buttons, panel.refresh_button)] == ["busy", "off", "off"]
        assert "The phone answers" in panel._status.value
        with pytest.raises(LabError, match="at work already"):
            panel.allow()
        slow.release.set()
        await panel.done()
        assert "Allowed: 204 No Content" in panel._status.value
        assert panel.refresh_button.look == "ready"

    in_a_loop(story)


def test_a_button_that_reads_a_code_is_busy_meanwhile_and_pressed_twice_reads_once(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))

    async def story() -> None:
        panel = panel_of(lab)
        (row,) = codes(panel)
        row.buttons[0].click()
        begun = panel._task
        assert begun is not None
        assert (row.buttons[0].look, pushes(panel)[0].buttons[0].look) == ("busy", "off")
        row.buttons[0].click()
        assert panel._task is begun
        await panel.done()
        assert (shows(row), panel.last_error, row.buttons[0].look) == (True, None, "ready")

    in_a_loop(story)


def test_a_double_click_answers_once_and_leaves_no_failure(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))

    async def story() -> None:
        panel = panel_of(lab)
        (row,) = pushes(panel)
        row.buttons[0].click()
        row.buttons[0].click()
        row.buttons[1].click()
        await panel.done()
        assert (panel.last_error, panel._failure.value) == (None, "")
        assert "Allowed: 204 No Content" in panel._status.value

    in_a_loop(story)


def test_a_click_on_another_thread_and_loop_comes_home(lab: Lab) -> None:
    push_to(lab, lab.user(factors=["push"]))

    async def story() -> None:
        panel = panel_of(lab)
        (row,) = pushes(panel)
        home, set_on = threading.get_ident(), set()
        panel._status.observe(lambda _: set_on.add(threading.get_ident()), "value")

        async def press() -> None:
            row.buttons[0].click()

        thread = threading.Thread(target=lambda: asyncio.run(press()))
        thread.start()
        await asyncio.to_thread(thread.join)
        await until(lambda: panel.card.pushes == ())
        await panel.done()
        assert set_on == {home}

    in_a_loop(story)


def test_without_a_page_nothing_looks_again_and_with_one_it_sees_what_comes(lab: Lab) -> None:
    user = lab.user(factors=["push"])

    async def story() -> None:
        panel = panel_of(lab)
        assert panel._ticker is None
        on_a_page(panel)
        on_a_page(panel)  # a second page looks at the same panel
        assert [each.get_name() for each in asyncio.all_tasks()].count("tick") == 1
        push_to(lab, user)
        await until(lambda: panel.card.pushes)
        lab.clock.advance(60)
        await until(lambda: "4 min 0 s" in panel.card.pushes[0].html)
        lab.clock.advance(240)
        await until(lambda: panel.card.pushes == ())
        panel.end()

    in_a_loop(story)


def test_a_look_that_finds_nothing_new_sets_no_trait(lab: Lab) -> None:
    panel = furnished(lab)
    changed: list[str] = []

    def watch(widget: ipywidgets.Widget) -> None:
        widget.observe(lambda change: changed.append(change["name"]))
        for child in getattr(widget, "children", ()):
            watch(child)

    watch(panel)
    asyncio.run(panel._tick())
    assert changed == []
    lab.clock.advance(1)
    asyncio.run(panel._tick())
    assert changed.count("value") == 4  # the time, the push's bar, and the bars of two codes


def test_looking_happens_on_another_thread_and_a_failure_of_it_is_seen_and_goes(lab: Lab) -> None:
    fails, threads = False, set[int]()

    def look(learns: bool) -> PhoneView:
        if not learns:
            threads.add(threading.get_ident())
        if fails:
            raise LabError("No served sandbox answers.")
        return PhoneView(name="a phone", time="")

    async def story() -> None:
        nonlocal fails
        panel = PhonePanel(look, lab.phone, mask=lab.aliases.mask, raise_failures=True)
        on_a_page(panel)
        await until(lambda: threads)
        assert threading.get_ident() not in threads
        fails = True
        await until(lambda: "No served sandbox answers." in panel._failure.value)
        fails = False
        await until(lambda: panel._failure.value == "")
        panel.close()

    in_a_loop(story)


def test_a_panel_that_has_ended_looks_no_more_whatever_page_comes(lab: Lab) -> None:
    async def story() -> None:
        panel = panel_of(lab)
        on_a_page(panel)
        panel.end()
        await asyncio.sleep(0)
        on_a_page(panel)
        assert "tick" not in {each.get_name() for each in asyncio.all_tasks()}
        late = panel_of(lab)
        late.end()
        on_a_page(late)
        assert late._ticker is None

    in_a_loop(story)


# -- a recording


def recorded(lab: Lab, folder: Path) -> Path:
    file = folder / "run.har"
    lab.export("har").save(file)
    return file


def two_pushes(lab: Lab) -> list[str]:
    """Allow the older of two pushes through a panel, and return all that was seen of it."""
    for _ in range(2):
        push_to(lab, lab.user(factors=["push"]))
    sms_to(lab, lab.user(factors=["sms"]))
    panel = panel_of(lab)
    told = [repr(panel), panel.static_html(), repr(panel.card)]
    told.append(repr(panel.allow(panel.card.pushes[0])))
    lab.clock.advance(45)
    panel.refresh()
    told += [repr(panel), panel.static_html()]
    told.append(repr(panel.reject("no", panel.card.pushes[0])))
    return [*told, repr(panel.card), panel.static_html()]


def test_a_replay_shows_what_the_run_showed_and_is_exported_as_it_was_read(lab: Lab, tmp_path: Path) -> None:
    told = two_pushes(lab)
    file = recorded(lab, tmp_path)
    assert lab._sandbox is not None
    codes = {each.code for each in lab._sandbox.delivery.newest[:50]}
    assert not [code for code in codes if code and code in file.read_text("utf-8")]
    replay = Lab.replay(file)
    assert two_pushes(replay) == told
    assert har(replay.journal) == file.read_text("utf-8")


def test_on_a_recording_nothing_can_be_pressed_and_a_sentence_says_why(lab: Lab, tmp_path: Path) -> None:
    furnished(lab)
    replay = Lab.replay(recorded(lab, tmp_path))
    panel = furnished(replay)
    assert panel.card.pushes
    assert "This is a recording" in panel._status.value
    assert all(each.look == "off" for row in (*pushes(panel), *codes(panel)) for each in row.buttons)
    assert all(row.reason and row.reason.disabled for row in pushes(panel))
    asyncio.run(panel._tick())
    assert repr(panel.card.codes[0].code) == "<otp 1>"
    with pytest.raises(LabError, match="This is a recording"):
        panel.show_code()


def test_another_push_than_the_recorded_one_is_not_answered(lab: Lab, tmp_path: Path) -> None:
    two_pushes(lab)
    replay = Lab.replay(recorded(lab, tmp_path))
    for _ in range(2):
        push_to(replay, replay.user(factors=["push"]))
    sms_to(replay, replay.user(factors=["sms"]))
    panel = panel_of(replay)
    with pytest.raises(LabError, match=r"is not exchange 7 of run\.har .* the header authorization is"):
        panel._phone.allow()


def test_a_recording_without_a_look_at_the_phone_shows_what_is_on_its_phone(lab: Lab, tmp_path: Path) -> None:
    lab.user(factors=["push"])
    replay = Lab.replay(recorded(lab, tmp_path))
    assert repr(panel_of(replay)) == "PhonePanel · Sandbox phone · 0 accounts · 0 pushes wait · 0 codes · 0 messages"
    replay.user(factors=["push"])
    assert repr(panel_of(replay)) == "PhonePanel · Sandbox phone · 1 account · 0 pushes wait · 1 code · 0 messages"
