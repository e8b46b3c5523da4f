"""What the poll's panel shows at each moment, without widgets: words, bars, rows, buttons, and its static page."""

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
from auth0_mfa_lab.show.poll import show_poll
from auth0_mfa_lab.show.poll_card import Allowed, Meter, PollCard, card_of, grouped, pace_of, rows_of
from auth0_mfa_lab.show.poll_html import static_html
from auth0_mfa_lab.show.poll_next import Doing
from tests.mothers import GRANTED, LOST, MFA_TOKEN, NOW, PENDING, SLOW_DOWN, Standing, a_journal, a_run, an_exchange

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
IDLE, BUSY, NONE = (
    Allowed(once=True, until=True, stop=False),
    Allowed(once=False, until=False, stop=True),
    Allowed(once=False, until=False, stop=False),
)
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


@pytest.mark.parametrize(
    ("run", "later", "doing", "head", "next_step", "allowed"),
    [
        (asked(), 0, "idle", "… pending · 0 polls · not asked yet", f"{PUSH}. {ASKS}", IDLE),
        (
            asked(begun_by="mfa_associate"),
            0,
            "idle",
            "… pending · 0 polls · not asked yet",
            f"Scan the QR with the phone. {ASKS}",
            IDLE,
        ),
        (asked(), 0, "waiting", "… pending · 0 polls · not asked yet", f"{PUSH}: the panel goes on asking.", BUSY),
        (asked(), 0, "asking", "… pending · 0 polls · not asked yet", f"{PUSH}: the panel goes on asking.", BUSY),
        (
            asked(PENDING, PENDING),
            3,
            "idle",
            "… pending · 2 polls · the phone has not answered yet",
            f"{PUSH}. {ASKS}",
            IDLE,
        ),
        (
            asked(GRANTED),
            0,
            "idle",
            "✓ granted · 1 poll · the phone has answered: here are the tokens",
            "The tokens are in panel.run.exchange, each for a use of its own:",
            NONE,
        ),
        (
            asked(PENDING, REJECTED),
            0,
            "idle",
            "✗ rejected · 2 polls · rejected on the phone: ask for a new challenge",
            ANEW,
            NONE,
        ),
        (
            asked(PENDING, REJECTED),
            600,
            "idle",
            "✗ rejected · 2 polls · rejected on the phone: ask for a new challenge",
            "The 10 minutes of the mfa_token are over: log in again for a new one, then lab.client.mfa_challenge.",
            NONE,
        ),
        (
            asked(PENDING),
            300,
            "idle",
            "◷ expired · 1 poll · no poll brought an answer in time: ask for a new oob_code",
            ANEW,
            NONE,
        ),
        (
            asked(PENDING, begun_by="mfa_associate"),
            300,
            "idle",
            "◷ expired · 1 poll · no poll brought an answer in time: ask for a new oob_code",
            ENROLL_ANEW,
            NONE,
        ),
        (
            asked(PENDING, mfa_token_age=500),
            100,
            "idle",
            "◷ expired · 1 poll · no poll brought an answer in time: ask for a new oob_code",
            "The 10 minutes of the mfa_token are over: log in again for a new one, then lab.client.mfa_challenge.",
            NONE,
        ),
        (
            asked(OLD_TOKEN),
            0,
            "idle",
            "◷ expired · 1 poll · mfa_token is expired: ask for a new one",
            "The 10 minutes of the mfa_token are over: log in again for a new one, then lab.client.mfa_challenge.",
            NONE,
        ),
        (
            asked(UNKNOWN),
            0,
            "idle",
            "! failed · 1 poll · 403 invalid_grant: Malformed oob_code",
            "This is no oob_code; send the one that the challenge or the enrollment answered.",
            NONE,
        ),
        (
            asked(PORTAL),
            0,
            "idle",
            "! failed · 1 poll · 200 without an error code: no description",
            "No poll goes on after this answer: look at it below.",
            NONE,
        ),
        (
            stopped(asked(PENDING)),
            0,
            "idle",
            "■ stopped · 1 poll · stopped: poll again to go on",
            "Poll once or Poll until done goes on.",
            IDLE,
        ),
        (
            stopped(asked(PENDING)),
            300,
            "idle",
            "◷ expired · 1 poll · no poll brought an answer in time: ask for a new oob_code",
            ANEW,
            NONE,
        ),
        (
            stopped(asked(PENDING)),
            0,
            "asking",
            "■ stopped · 1 poll · stopped: poll again to go on",
            "The last request is under way still: its answer is taken if it is final.",
            NONE,
        ),
        (
            asked(PENDING),
            400,
            "asking",
            "… pending · 1 poll · the phone has not answered yet",
            f"{PUSH}: the panel goes on asking.",
            BUSY,
        ),
    ],
)
def test_each_state_has_its_words_its_next_step_and_its_buttons(
    run: PollRun, later: float, doing: Doing, head: str, next_step: str, allowed: Allowed
) -> None:
    card = card_of(run, run.now() + later, doing=doing)
    assert f"{card.mark} {card.word} · {card.said}" == head
    assert card.next_step == next_step
    assert card.allowed == allowed


def test_every_state_has_a_mark_of_its_own() -> None:
    marks = {state: _card(state).mark for state in State}
    assert len(set(marks.values())) == len(State)
    assert all(_card(state).word == state.value for state in State)


def _card(state: State) -> PollCard:
    runs = {
        State.PENDING: asked(),
        State.GRANTED: asked(GRANTED),
        State.REJECTED: asked(REJECTED),
        State.EXPIRED: asked(OLD_TOKEN),
        State.FAILED: asked(UNKNOWN),
        State.STOPPED: stopped(asked()),
    }
    return card_of(runs[state], NOW)


def test_what_is_shown_changes_nothing_in_the_poll() -> None:
    run = asked(PENDING)
    before = run.poll
    card_of(run, NOW + 1000)
    static_html(run, NOW + 1000)
    assert run.poll is before


ANSWERS = (PENDING, SLOW_DOWN, RETRY, UNAVAILABLE, LOST, GRANTED, REJECTED, UNKNOWN, PORTAL, OLD_TOKEN)


@given(
    answers=st.lists(st.sampled_from(ANSWERS), max_size=6),
    later=st.floats(0, 1000),
    age=st.floats(0, 599),
    doing=st.sampled_from(["idle", "waiting", "asking"]),
    stops=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_answered_what_may_be_pressed_fits_what_is_shown(
    answers: list[Mapping[str, Any]], later: float, age: float, doing: Doing, stops: bool
) -> None:
    run = asked(*answers, mfa_token_age=age)
    if stops:
        run.stop()
    card = card_of(run, run.now() + later, doing=doing)
    goes_on = card.word in ("pending", "stopped")
    assert card.allowed.once is card.allowed.until is (goes_on and doing == "idle")
    assert card.allowed.stop is (card.word == "pending" and doing != "idle")
    assert bool(card.meters) is bool(card.pace) is goes_on
    assert bool(card.tokens) is (card.word == "granted")
    assert bool(card.as_of) is (goes_on and doing == "idle")
    assert all(0 <= each.fraction <= 1 for each in card.meters)
    assert sum("ends first" in each.text for each in card.meters) == goes_on
    assert len(rows_of(run)) == len(run.exchanges)
    assert card.next_step.endswith((".", ":"))


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


def test_a_granted_poll_names_the_tokens_that_are_there_and_what_takes_each() -> None:
    assert _names(ALL_TOKENS) == ["access_token", "id_token", "refresh_token", "recovery_code"]
    tokens = dict(card_of(asked(ALL_TOKENS), NOW).tokens)
    assert tokens["refresh_token"] == "lab.client.refresh_token_grant gets new tokens for it"
    assert "lab.client.userinfo" in tokens["access_token"]
    assert "lab.inspect" in tokens["id_token"]
    assert "once" in tokens["recovery_code"]


def test_a_granted_poll_without_a_refresh_token_says_how_one_gets_it() -> None:
    assert _names(GRANTED) == ["access_token", "refresh_token"]
    said = dict(card_of(asked(GRANTED), NOW).tokens)["refresh_token"]
    assert said == "not here: the login asks for it with the scope offline_access"


def _names(answer: Mapping[str, Any]) -> list[str]:
    return [name for name, _ in card_of(asked(answer), NOW).tokens]


# -- the interval


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((), "Interval: 5 s"),
        ((PENDING, LOST, UNAVAILABLE), "Interval: 5 s"),
        ((SLOW_DOWN,), "Interval: 5 s → 10 s: Auth0 asked to poll more slowly (slow_down)"),
        ((SLOW_DOWN, PENDING), "Interval: 5 s → 10 s: Auth0 asked to poll more slowly (slow_down)"),
        ((SLOW_DOWN, SLOW_DOWN), "Interval: 5 s → 15 s: Auth0 asked twice to poll more slowly (slow_down)"),
        ((SLOW_DOWN,) * 3, "Interval: 5 s → 20 s: Auth0 asked 3 times to poll more slowly (slow_down)"),
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
    assert card_of(run, run.now()).pace == pace_of(run.poll) == said


@pytest.mark.parametrize("answer", [GRANTED, REJECTED, UNKNOWN, OLD_TOKEN])
def test_what_is_over_has_no_interval_and_no_bars(answer: Mapping[str, Any]) -> None:
    card = card_of(asked(SLOW_DOWN, answer), NOW + 10)
    assert (card.pace, card.meters, card.as_of) == ("", (), "")


# -- the bars


def meters(run: PollRun, now: float, doing: Doing = "waiting") -> dict[str, Meter]:
    return {each.label: each for each in card_of(run, now, doing=doing).meters}


def test_the_wait_to_the_next_poll_fills_up() -> None:
    run = asked(SLOW_DOWN)
    seen = [meters(run, NOW + seconds)["next poll"] for seconds in (0, 4, 10, 12)]
    assert [each.fraction for each in seen] == pytest.approx([0, 0.4, 1, 1])
    assert [each.text for each in seen] == ["in 10 s", "in 6 s", "now", "now"]


def test_before_the_first_poll_one_may_ask_now() -> None:
    bar = meters(asked(), NOW)["next poll"]
    assert (bar.fraction, bar.text) == (1.0, "now")


def test_while_an_answer_is_under_way_the_bar_says_so() -> None:
    bar = meters(asked(PENDING), NOW + 6, doing="asking")["next poll"]
    assert (bar.fraction, bar.text) == (1.0, "asked, no answer yet")


def test_both_lives_run_out_each_at_its_own_speed_and_the_sooner_end_is_named() -> None:
    seen = meters(asked(PENDING, mfa_token_age=60), NOW + 120)
    assert (seen["oob_code"].fraction, seen["oob_code"].text) == (0.6, "3 min 0 s left · ends first")
    assert (seen["mfa_token"].fraction, seen["mfa_token"].text) == (0.7, "7 min 0 s left")
    seen = meters(asked(PENDING, mfa_token_age=400), NOW + 5)
    assert seen["oob_code"].text == "4 min 55 s left"
    assert seen["mfa_token"].text == "3 min 15 s left · ends first"
    assert seen["mfa_token"].tone != seen["oob_code"].tone


def test_a_stopped_poll_has_no_next_poll_but_its_lives_run() -> None:
    assert list(meters(stopped(asked(PENDING)), NOW + 5, doing="idle")) == ["oob_code", "mfa_token"]


def test_an_idle_panel_says_when_its_seconds_were_right() -> None:
    said = "Seconds as of 08:01:05 UTC in the lab's time; the next poll brings them up to date."
    assert card_of(asked(PENDING), NOW + 65).as_of == said
    assert card_of(asked(PENDING), NOW + 65, doing="waiting").as_of == ""


# -- the rows


def test_each_poll_has_a_row_with_its_seconds_and_what_it_means() -> None:
    run = asked(PENDING, SLOW_DOWN, RETRY, UNAVAILABLE, LOST, ALL_TOKENS)
    assert [row.summary for row in rows_of(run)] == [
        "0 s · 400 authorization_pending · not answered yet",
        "5 s · 429 slow_down · asked to poll more slowly",
        "15 s · 429 Too Many Requests · asked to poll more slowly",
        "32 s · 503 Service Unavailable · the tenant failed",
        "47 s · no answer · the connection was lost",
        "62 s · 200 OK · granted",
    ]
    assert [row.final for row in rows_of(run)] == [False] * 5 + [True]
    assert [row.exchange for row in rows_of(run)] == list(run.exchanges)


def test_equal_answers_in_a_row_are_one_group_and_none_is_lost() -> None:
    run = asked(PENDING, PENDING, SLOW_DOWN, PENDING, REJECTED)
    groups = grouped(rows_of(run))
    assert [line for line, _ in groups] == [
        "0 s to 5 s · 400 authorization_pending · not answered yet (2 times)",
        "10 s · 429 slow_down · asked to poll more slowly",
        "20 s · 400 authorization_pending · not answered yet",
        "30 s · 400 access_denied · rejected",
    ]
    assert [row.exchange for _, group in groups for row in group] == list(run.exchanges)


# -- the page without widgets


def test_the_page_without_widgets_opens_every_exchange_and_has_the_same_words() -> None:
    run = asked(PENDING, PENDING, REJECTED)
    html = static_html(run, run.now())
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
    assert text_of(static_html(asked(), NOW)) == (
        "… pending · 0 polls · not asked yet"
        f"Next: {PUSH}. {ASKS}"
        "next poll" + "now" + "oob_code" + "5 min 0 s left · ends first" + "mfa_token" + "10 min 0 s left"
        "Interval: 5 s"
        "Seconds as of 08:00:00 UTC in the lab's time; the next poll brings them up to date."
    )


def test_the_page_without_widgets_shows_a_final_answer_open_and_the_others_closed() -> None:
    html = static_html(asked(PENDING, GRANTED), NOW + 5)
    pending, granted = html.index("0 s · 400"), html.index("5 s · 200")
    assert html.rindex("<details", 0, pending) == html.index("<details")
    assert " open>" not in html[html.rindex("<details", 0, pending) : pending]
    assert " open>" in html[html.rindex("<details", 0, granted) : granted]


def test_the_page_without_widgets_has_inline_styles_only_and_no_secret() -> None:
    html = static_html(asked(PENDING, {"status": 400, "json": {"mfa_token": MFA_TOKEN, "error": MFA_TOKEN}}), NOW)
    for forbidden in ("<style", "var(", "<script", "<svg", MFA_TOKEN, unescape(MFA_TOKEN)):
        assert forbidden not in html
    assert "&lt;mfa_token 1" in html


def test_a_run_of_its_own_time_is_a_run_of_the_lab() -> None:
    clock = Standing()
    run = a_run(PENDING, GRANTED, clock=clock).until_done(clock.advance)
    assert [row.seconds for row in rows_of(run)] == [0, 5]
