"""What the poll's panel shows at each moment, without widgets: words, bars, rows, buttons, and its page as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth0_mfa_lab import Lab, State
from auth0_mfa_lab.polling import Poll, PollRun
from auth0_mfa_lab.show.poll import PollView, row_html, show_poll
from tests.mothers import GRANTED, LOST, MFA_TOKEN, NOW, PENDING, SLOW_DOWN, Standing, a_journal, an_exchange

REJECTED = {"status": 400, "json": {"error": "access_denied", "error_description": "MFA Authorization rejected."}}
UNKNOWN = {"status": 403, "json": {"error": "invalid_grant", "error_description": "Malformed oob_code"}}
PORTAL = {"status": 200, "text": "<html>captive portal</html>"}
OLD_TOKEN = {"status": 401, "json": {"error": "expired_token", "error_description": "mfa_token is expired"}}
ALL_TOKENS = {
    "status": 200,
    "json": {
        "access_token": "opaque-access-token-0001",
        "id_token": "opaque-id-token-0001",
        "refresh_token": "opaque-refresh-token-0001",
        "recovery_code": "ABCDEFGHJKLMNPQRSTUVWXYZ",  # auth0-mfa-lab: allow
        "expires_in": 86400,
    },
}
UNAVAILABLE = {"status": 503, "text": "<html>unavailable</html>"}
RETRY = {"status": 429, "json": {}, "headers": [("retry-after", "17")]}
PUSH = "Allow or reject the push on the phone"
ASKS = "Poll once asks whether it is done, Poll until done asks until it is."
ANEW = "lab.client.mfa_challenge with the same mfa_token, while that lives; then a panel for the new oob_code."

ENROLL_ANEW = (
    "lab.client.mfa_associate, or lab.client.mfa_challenge where the phone has enrolled already, with the same "
    "mfa_token, while that lives; then a panel for the new oob_code."
)


def asked(*answers: Mapping[str, Any], begun_by: str = "mfa_challenge", mfa_token_age: float = 0.0) -> PollRun:
    """Return a poll that got these answers until it was over, each at the moment when the next poll was due."""
    clock = Standing()
    journal = a_journal(now=clock.now)
    left = list(answers)
    run = PollRun(
        Poll.begin(NOW, mfa_token_at=NOW - mfa_token_age),
        ask=lambda: an_exchange(journal=journal, **left.pop(0)),
        now=clock.now,
        show=show_poll,
        begun_by=begun_by,
    )
    while left and not run.poll.is_over:
        clock.at = max(clock.at, run.poll.next_at)
        run.once()
    return run


def stopped(run: PollRun) -> PollRun:
    run.stop()
    return run


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def page(run: PollRun, now: float) -> str:
    return PollView.of(run, now).html(run)


# fmt: off
IDLE, BUSY, NONE = (True, False), (False, True), (False, False)
"""Whether *Poll once* and *Poll until done* may be pressed, and *Stop*."""
NEW = "… pending · 0 polls · not asked yet"
WAITS = "… pending · 1 poll · the phone has not answered yet"
LATE = "◷ expired · 1 poll · no poll brought an answer in time: ask for a new oob_code"
REFUSED = "✗ rejected · 2 polls · rejected on the phone: ask for a new challenge"
HALTED = "■ stopped · 1 poll · stopped: poll again to go on"
GOES_ON = f"{PUSH}: the panel goes on asking."
LOG_IN = "The 10 minutes of the mfa_token are over: log in again for a new one, then lab.client.mfa_challenge."
MOMENTS: tuple[tuple[PollRun, float, str, str, str, tuple[bool, bool]], ...] = (
    (asked(), 0, "", NEW, f"{PUSH}. {ASKS}", IDLE),
    (asked(begun_by="mfa_associate"), 0, "", NEW, f"Scan the QR with the phone. {ASKS}", IDLE),
    (asked(), 0, "waiting", NEW, GOES_ON, BUSY),
    (asked(), 0, "asking", NEW, GOES_ON, BUSY),
    (asked(PENDING), 3, "", WAITS, f"{PUSH}. {ASKS}", IDLE),
    (asked(PENDING), 400, "asking", WAITS, GOES_ON, BUSY),
    (asked(GRANTED), 0, "", "✓ granted · 1 poll · the phone has answered: here are the tokens",
     "The tokens are in panel.run.exchange, each for a use of its own:", NONE),
    (asked(PENDING, REJECTED), 0, "", REFUSED, ANEW, NONE),
    (asked(PENDING, REJECTED), 600, "", REFUSED, LOG_IN, NONE),
    (asked(PENDING), 300, "", LATE, ANEW, NONE),
    (asked(PENDING, begun_by="mfa_associate"), 300, "", LATE, ENROLL_ANEW, NONE),
    (asked(PENDING, mfa_token_age=500), 100, "", LATE, LOG_IN, NONE),
    (asked(OLD_TOKEN), 0, "", "◷ expired · 1 poll · mfa_token is expired: ask for a new one", LOG_IN, NONE),
    (asked(UNKNOWN), 0, "", "! failed · 1 poll · 403 invalid_grant: Malformed oob_code",
     "This is no oob_code; send the one that the challenge or the enrollment answered.", NONE),
    (asked(PORTAL), 0, "", "! failed · 1 poll · 200 without an error code: no description",
     "No poll goes on after this answer: look at it below.", NONE),
    (stopped(asked(PENDING)), 0, "", HALTED, "Poll once or Poll until done goes on.", IDLE),
    (stopped(asked(PENDING)), 300, "", LATE, ANEW, NONE),
    (stopped(asked(PENDING)), 0, "asking", HALTED,
     "The last request is under way still: its answer is taken if it is final.", NONE),
)
# fmt: on


@pytest.mark.parametrize(("run", "later", "doing", "head", "next_step", "may"), MOMENTS)
def test_each_state_has_its_words_its_next_step_and_its_buttons(
    run: PollRun, later: float, doing: str, head: str, next_step: str, may: tuple[bool, bool]
) -> None:
    view = PollView.of(run, run.now() + later, doing)
    assert text_of(view.status) == head
    assert text_of(view.next_step).startswith(f"Next: {next_step}")
    assert (view.may_poll, view.may_stop) == may


def test_every_state_has_a_mark_and_an_edge_of_its_own() -> None:
    heads = {head[0] for _, _, _, head, _, _ in MOMENTS}
    assert len(heads) == len(State)
    assert len({PollView.of(run, run.now() + later, doing).edge for run, later, doing, *_ in MOMENTS}) == 5


def test_what_is_shown_changes_nothing_in_the_poll() -> None:
    run = asked(PENDING)
    before = run.poll
    page(run, NOW + 1000)
    assert run.poll is before


ANSWERS = (PENDING, SLOW_DOWN, RETRY, UNAVAILABLE, LOST, GRANTED, REJECTED, UNKNOWN, PORTAL, OLD_TOKEN)


@given(
    answers=st.lists(st.sampled_from(ANSWERS), max_size=6),
    later=st.floats(0, 1000),
    age=st.floats(0, 599),
    doing=st.sampled_from(["", "waiting", "asking"]),
    stops=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_answered_what_may_be_pressed_fits_what_is_shown(
    answers: list[Mapping[str, Any]], later: float, age: float, doing: str, stops: bool
) -> None:
    run = asked(*answers, mfa_token_age=age)
    if stops:
        run.stop()
    view = PollView.of(run, run.now() + later, doing)
    word = text_of(view.status).split(" ")[1]
    goes_on = word in ("pending", "stopped")
    assert view.may_poll is (goes_on and doing == "")
    assert view.may_stop is (word == "pending" and doing != "")
    assert bool(view.meters) is ("Interval: " in view.meters) is goes_on
    assert ("<table" in view.next_step) is (word == "granted")
    assert ("Seconds as of" in view.meters) is (goes_on and doing == "")
    assert view.meters.count("ends first</span>") == goes_on
    assert view.html(run).count("app →") == len(run.exchanges)
    assert text_of(view.next_step.partition("<table")[0]).endswith((".", ":"))


def test_a_panel_of_a_lab_knows_whether_a_push_or_a_qr_is_waited_for() -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    token = login["mfa_token"]
    scanned = lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])
    panel = lab.poll_panel(mfa_token=token, oob_code=scanned["oob_code"])
    assert "Next: Scan the QR with the phone." in text_of(panel.static_html())
    lab.phone.scan(scanned["barcode_uri"])
    panel.poll_until_done()
    again = lab.client.password_grant(username=user.username, password=user.password)
    pushed = lab.client.mfa_challenge(mfa_token=again["mfa_token"], challenge_type="oob")
    panel = lab.poll_panel(mfa_token=again["mfa_token"], oob_code=pushed["oob_code"])
    assert "Next: Allow or reject the push on the phone." in text_of(panel.static_html())


# -- the tokens


def tokens(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return what a granted poll says of each token."""
    rows = re.findall(r"<th[^>]*>(.*?)</th><td[^>]*>(.*?)</td>", PollView.of(asked(answer), NOW).next_step)
    return {name: unescape(said) for name, said in rows}


def test_a_granted_poll_names_the_tokens_that_are_there_and_what_takes_each() -> None:
    said = tokens(ALL_TOKENS)
    assert list(said) == ["access_token", "id_token", "refresh_token", "recovery_code"]
    assert said["refresh_token"] == "lab.client.refresh_token_grant gets new tokens for it"
    assert "lab.client.userinfo" in said["access_token"]
    assert "lab.inspect" in said["id_token"]
    assert "once" in said["recovery_code"]


def test_a_granted_poll_without_a_refresh_token_says_how_one_gets_it() -> None:
    said = tokens(GRANTED)
    assert list(said) == ["access_token", "refresh_token"]
    assert said["refresh_token"] == "not here: the login asks for it with the scope offline_access"


# -- the interval


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((), "Interval: 5 s"),
        ((PENDING, LOST, UNAVAILABLE), "Interval: 5 s"),
        ((SLOW_DOWN,), "Interval: 5 s → 10 s: Auth0 asked to poll more slowly (slow_down)"),
        ((SLOW_DOWN, PENDING), "Interval: 5 s → 10 s: Auth0 asked to poll more slowly (slow_down)"),
        ((SLOW_DOWN, SLOW_DOWN), "Interval: 5 s → 15 s: Auth0 asked to poll more slowly (slow_down)"),
        ((SLOW_DOWN,) * 3, "Interval: 5 s → 20 s: Auth0 asked to poll more slowly (slow_down)"),
        (
            (RETRY,),
            "Interval: 5 s → 10 s: Auth0 asked to poll more slowly (429) · this time 17 s: the answer asked for it "
            "(Retry-After)",
        ),
        ((RETRY, PENDING), "Interval: 5 s → 10 s: Auth0 asked to poll more slowly (429)"),
        (
            ({**UNAVAILABLE, "headers": [("retry-after", "30")]},),
            "Interval: 5 s · this time 30 s: the answer asked for it (Retry-After)",
        ),
    ],
)
def test_the_interval_is_shown_with_the_reason_why_it_grew(answers: tuple[Mapping[str, Any], ...], said: str) -> None:
    run = asked(*answers)
    assert f"{said}</div>" in unescape(PollView.of(run, run.now()).meters)


@pytest.mark.parametrize("answer", [GRANTED, REJECTED, UNKNOWN, OLD_TOKEN])
def test_what_is_over_has_no_interval_and_no_bars(answer: Mapping[str, Any]) -> None:
    assert PollView.of(asked(SLOW_DOWN, answer), NOW + 10).meters == ""


# -- the bars


def meters(run: PollRun, now: float, doing: str = "waiting") -> dict[str, tuple[int, str]]:
    """Return how far each bar is filled, in percent, and its words."""
    found = re.findall(
        r'aria-label="([^"]+)".*?aria-valuenow="(\d+)" aria-valuetext="([^"]+)"', PollView.of(run, now, doing).meters
    )
    return {label: (int(percent), text) for label, percent, text in found}


def test_the_wait_to_the_next_poll_fills_up() -> None:
    run = asked(SLOW_DOWN)
    seen = [meters(run, NOW + seconds)["next poll"] for seconds in (0, 4, 10, 12)]
    assert seen == [(0, "in 10 s"), (40, "in 6 s"), (100, "now"), (100, "now")]


def test_before_the_first_poll_one_may_ask_now() -> None:
    assert meters(asked(), NOW)["next poll"] == (100, "now")


def test_while_an_answer_is_under_way_the_bar_says_so() -> None:
    assert meters(asked(PENDING), NOW + 6, doing="asking")["next poll"] == (100, "asked, no answer yet")


def test_both_lives_run_out_each_at_its_own_speed_and_the_sooner_end_is_named() -> None:
    seen = meters(asked(PENDING, mfa_token_age=60), NOW + 120)
    assert seen["oob_code"] == (60, "3 min 0 s left · ends first")
    assert seen["mfa_token"] == (70, "7 min 0 s left")
    seen = meters(asked(PENDING, mfa_token_age=400), NOW + 5)
    assert seen["oob_code"][1] == "4 min 55 s left"
    assert seen["mfa_token"][1] == "3 min 15 s left · ends first"


def test_a_stopped_poll_has_no_next_poll_but_its_lives_run() -> None:
    assert list(meters(stopped(asked(PENDING)), NOW + 5, doing="")) == ["oob_code", "mfa_token"]


def test_an_idle_panel_says_when_its_seconds_were_right() -> None:
    said = "Seconds as of 08:01:05 UTC in the lab's time; the next poll brings them up to date."
    assert said in unescape(PollView.of(asked(PENDING), NOW + 65).meters)
    assert "Seconds as of" not in PollView.of(asked(PENDING), NOW + 65, "waiting").meters


# -- the rows


def summaries(html: str) -> list[str]:
    """Return the lines that open something, without those of an exchange itself."""
    found = map(text_of, re.findall(r"<summary[^>]*>(.*?)</summary>", html))
    return [each for each in found if re.match(r"\d+ s ", each)]


def test_each_poll_has_a_row_with_its_seconds_and_what_it_means() -> None:
    run = asked(PENDING, SLOW_DOWN, RETRY, UNAVAILABLE, LOST, ALL_TOKENS)
    rows = [row_html(run, each) for each in run.exchanges]
    assert [summary for html, _ in rows for summary in summaries(html)] == [
        "0 s · 400 authorization_pending · not answered yet",
        "5 s · 429 slow_down · asked to poll more slowly",
        "15 s · 429 Too Many Requests · asked to poll more slowly",
        "32 s · 503 Service Unavailable · the tenant failed",
        "47 s · no answer · the connection was lost",
        "62 s · 200 OK · granted",
    ]
    assert [is_final for _, is_final in rows] == [False] * 5 + [True]


def test_equal_answers_in_a_row_are_one_group_and_none_is_lost() -> None:
    run = asked(PENDING, PENDING, SLOW_DOWN, PENDING, REJECTED)
    html = page(run, run.now())
    assert summaries(html) == [
        "0 s to 5 s · 400 authorization_pending · not answered yet (2 times)",
        "0 s · 400 authorization_pending · not answered yet",
        "5 s · 400 authorization_pending · not answered yet",
        "10 s · 429 slow_down · asked to poll more slowly",
        "20 s · 400 authorization_pending · not answered yet",
        "30 s · 400 access_denied · rejected",
    ]
    assert all(each.show(each)[1] in html for each in run.exchanges)


# -- the page without widgets


def test_the_page_without_widgets_opens_every_exchange_and_has_the_same_words() -> None:
    run = asked(PENDING, PENDING, REJECTED)
    html = page(run, run.now())
    assert html.count("<details") == html.count("</details>")
    for exchange in run.exchanges:
        assert exchange.show(exchange)[1] in html
    assert text_of(html).startswith(
        "✗ rejected · 3 polls · rejected on the phone: ask for a new challenge"
        f"Next: {ANEW}"
        "Each poll, with the seconds since the first; a row opens its exchange."
        "0 s to 5 s · 400 authorization_pending · not answered yet (2 times)"
        "0 s · 400 authorization_pending · not answered yet"
        "1 · app → tenant.example · POST /oauth/token → 400 authorization_pending"
    )


def test_the_page_without_widgets_of_a_pending_poll_word_for_word() -> None:
    assert text_of(page(asked(), NOW)) == (
        "… pending · 0 polls · not asked yet"
        f"Next: {PUSH}. {ASKS}"
        "next poll" + "now" + "oob_code" + "5 min 0 s left · ends first" + "mfa_token" + "10 min 0 s left"
        "Interval: 5 s"
        "Seconds as of 08:00:00 UTC in the lab's time; the next poll brings them up to date."
    )


def test_the_page_without_widgets_shows_a_final_answer_open_and_the_others_closed() -> None:
    html = page(asked(PENDING, GRANTED), NOW + 5)
    pending, granted = html.index("0 s · 400"), html.index("5 s · 200")
    assert html.rindex("<details", 0, pending) == html.index("<details")
    assert " open>" not in html[html.rindex("<details", 0, pending) : pending]
    assert " open>" in html[html.rindex("<details", 0, granted) : granted]


def test_the_page_without_widgets_has_inline_styles_only_and_no_secret() -> None:
    html = page(asked(PENDING, {"status": 400, "json": {"mfa_token": MFA_TOKEN, "error": MFA_TOKEN}}), NOW)
    for forbidden in ("<style", "var(", "<script", "<svg", MFA_TOKEN, unescape(MFA_TOKEN)):
        assert forbidden not in html
    assert "&lt;mfa_token 1" in html


def test_what_a_tenant_writes_into_an_answer_is_text_on_the_page() -> None:
    hostile = {"status": 503, "json": {"error": "<img src=x onerror=alert(1)>"}}
    run = asked(hostile, hostile, {**hostile, "status": 400})
    html = page(run, run.now())
    assert len(summaries(html)) == 4, "a group, its two rows, and the last"
    assert "<img" not in html
    assert "<img" not in show_poll(run)["text/html"]
