"""A poll as it is shown: its text, and what its panel says at one moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import groupby
from typing import Literal

from auth0_mfa_lab.polling import (
    FIRST_GAP_SECONDS,
    MFA_TOKEN_SECONDS,
    OOB_CODE_SECONDS,
    SLOWER_BY_SECONDS,
    Answer,
    Life,
    Poll,
    PollRun,
    State,
    read,
)
from auth0_mfa_lab.show.cards import Tone, bar, colour, facts, fold, line, spoken, status_line
from auth0_mfa_lab.show.exchange import pre
from auth0_mfa_lab.show.meanings import meaning_of
from auth0_mfa_lab.wire.exchange import Exchange

Doing = Literal["idle", "waiting", "asking"]
"""What a panel does: nothing, or it waits for the next poll, or for an answer."""
ROWS_TITLE = "Each poll, with the seconds since the first; a row opens its exchange."
# fmt: off
_LOOKS: Mapping[State, tuple[str, Tone]] = {
    State.PENDING:  ("…", "info"),
    State.GRANTED:  ("✓", "good"),
    State.REJECTED: ("✗", "bad"),
    State.EXPIRED:  ("◷", "wait"),
    State.FAILED:   ("!", "bad"),
    State.STOPPED:  ("■", "plain"),
}
_TAKEN_BY = {
    "access_token":  "your API takes it as Bearer, and lab.client.userinfo does if its scope has openid",
    "id_token":      "your app reads who it is: lab.inspect(...) takes it apart",
    "refresh_token": "lab.client.refresh_token_grant gets new tokens for it",
    "recovery_code": "show it to the person, once: it is the new one",
}
_ON_THE_PHONE = {
    "mfa_challenge": "Allow or reject the push on the phone",
    "mfa_associate": "Scan the QR with the phone",
}
# fmt: on


def headline(run: PollRun) -> str:
    """Return a poll in one line: `granted after 3 polls: …`."""
    return f"{run.state.value} after {_polls(run)}: {run.poll.reason}"


def show_poll(run: PollRun) -> dict[str, str]:
    """Return the mimebundle of a poll: its line, a line for each row of equal answers, and the last exchange."""
    lines = [f"Poll · {headline(run)}"]
    for outcome, when, times, _ in _rows_of_equals(run, lambda each: each.outcome):
        lines.append(f"  {when:>14}  {outcome}{times}")
    if run.exchange is None:
        return {"text/plain": "\n".join(lines), "text/html": pre(escape("\n".join(lines)))}
    text, html = run.exchange.show(run.exchange)
    return {
        "text/plain": "\n".join([*lines, "", text]),
        "text/html": f"<p><b>{escape(lines[0])}</b></p>{pre(escape(chr(10).join(lines[1:])))}{html}",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PollView:
    """What a poll's panel shows at one moment, as HTML: where it stands, what to do next, and its bars.

    Its rows never change, so they are no part of it: `row_html` makes each of them once.
    """

    status: str
    next_step: str
    meters: str
    edge: str
    """The line at the left; its colour repeats the state for the eye."""
    may_poll: bool
    may_stop: bool

    @classmethod
    def of(cls, run: PollRun, now: float, doing: Doing = "idle") -> PollView:
        """Return what is shown of a poll at `now`, epoch seconds."""
        poll, is_idle = run.poll, doing == "idle"
        if doing != "asking":  # what an answer that is under way will say is not known yet: time alone ends nothing
            resumed = poll.resumed(now)
            poll = resumed if resumed.state is State.EXPIRED else poll.at(now)
        mark, tone = _LOOKS[poll.state]
        goes_on = poll.state in (State.PENDING, State.STOPPED)
        next_step = escape(_next_step(run, poll, now, doing))
        tokens = facts(_tokens(run.exchange)) if run.exchange and poll.state is State.GRANTED else ""
        return cls(
            status=status_line(mark, poll.state.value, f"{_polls(poll)} · {poll.reason}"),
            next_step='<div style="line-height:1.5;margin:2px 0;overflow-wrap:anywhere">'
            f"<b>Next:</b> {next_step}</div>{tokens}",
            meters=_meters(poll, now, doing) if goes_on else "",
            edge=f"3px solid {colour(tone)}",
            may_poll=goes_on and is_idle,
            may_stop=not is_idle and not poll.is_over,
        )

    def html(self, run: PollRun) -> str:
        """Return the whole panel without widgets; equal answers in a row are folded, and each opens its exchange."""
        rows = line(ROWS_TITLE, small=True) if run.exchanges else ""
        for words, when, times, equal in _rows_of_equals(run, lambda each: f"{each.outcome} · {_said(each)[0]}"):
            inside = "".join(row_html(run, each)[0] for each in equal)
            if len(equal) > 1:
                inside = fold(f"{when} · {words}{times}", f'<div style="margin-left:16px">{inside}</div>')
            rows += inside
        head = f'<div style="border-left:{self.edge};padding-left:10px;margin:4px 0">'
        return f"<div>{head}{self.status}{self.next_step}{self.meters}</div>{rows}</div>"


def row_html(run: PollRun, exchange: Exchange) -> tuple[str, bool]:
    """Return one poll, its line and the exchange that this opens, and whether it ends the poll: then it stands open."""
    said, is_final = _said(exchange)
    summary = f"{exchange.at - run.exchanges[0].at:.0f} s · {exchange.outcome} · {said}"
    return fold(summary, exchange.show(exchange)[1], is_open=is_final), is_final


def _polls(poll: Poll | PollRun) -> str:
    return f"{poll.polls} poll{'' if poll.polls == 1 else 's'}"


def _rows_of_equals(
    run: PollRun, words: Callable[[Exchange], str]
) -> Iterator[tuple[str, str, str, tuple[Exchange, ...]]]:
    """Yield equal answers in a row: what is equal, when (seconds since the first), how often, and the exchanges."""
    for what, group in groupby(run.exchanges, words):
        equal = tuple(group)
        first, last = (f"{each.at - run.exchanges[0].at:.0f} s" for each in (equal[0], equal[-1]))
        is_one = len(equal) == 1
        yield what, first if is_one else f"{first} to {last}", "" if is_one else f" ({len(equal)} times)", equal


def _said(exchange: Exchange) -> tuple[str, bool]:
    """Return what one answer means in a few words, and whether it ends the poll."""
    means = read(Answer.of(exchange))
    if means.state is not State.PENDING:
        return means.state.value, True
    # The reason stands in the status too, where it has a sentence's room.
    return re.split(r": | \(", means.reason.removeprefix("the phone has "))[0], False


def _tokens(granted: Exchange) -> Iterator[tuple[str, str]]:
    """Yield which tokens an answer has, and what takes each; then how to get the one that it lacks."""
    yield from ((name, taken) for name, taken in _TAKEN_BY.items() if name in granted)
    if "refresh_token" not in granted:
        yield "refresh_token", "not here: the login asks for it with the scope offline_access"


def _next_step(run: PollRun, poll: Poll, now: float, doing: Doing) -> str:
    """Return what to do next, in a sentence; `poll` is how the run stands at `now`."""
    match poll.state:
        case State.PENDING:
            do = _ON_THE_PHONE.get(run.begun_by, _ON_THE_PHONE["mfa_challenge"])
            if doing == "idle":
                return f"{do}. Poll once asks whether it is done, Poll until done asks until it is."
            return f"{do}: the panel goes on asking."
        case State.STOPPED if doing == "asking":
            return "The last request is under way still: its answer is taken if it is final."
        case State.STOPPED:
            return "Poll once or Poll until done goes on."
        case State.GRANTED:
            return "The tokens are in panel.run.exchange, each for a use of its own:"
        case State.FAILED:
            meaning = meaning_of(run.exchange) if run.exchange else None
            said = (meaning or "no poll goes on after this answer: look at it below.").removeprefix("lab: ")
            return f"{said[0].upper()}{said[1:]}"
    begin = f"lab.client.{run.begun_by}"
    if poll.spent is Life.MFA_TOKEN or poll.mfa_token_ends_at <= now:
        return f"The 10 minutes of the mfa_token are over: log in again for a new one, then {begin}."
    if poll.state is State.EXPIRED and run.begun_by == "mfa_associate":
        begin = f"{begin}, or lab.client.mfa_challenge where the phone has enrolled already,"
    return f"{begin} with the same mfa_token, while that lives; then a panel for the new oob_code."


def _meters(poll: Poll, now: float, doing: Doing) -> str:
    """Return the bars, the interval and its reason; while nothing counts the seconds, when they were right."""
    bars = ""
    if poll.state is State.PENDING:
        left, wait = poll.next_at - now, poll.next_at - (now if poll.asked_at is None else poll.asked_at)
        filled, text = 1 - left / wait if wait > 0 else 1.0, f"in {spoken(left)}" if left > 0 else "now"
        bars = bar("next poll", *((1.0, "asked, no answer yet") if doing == "asking" else (filled, text)))
    for life, ends_at, whole in (
        (Life.OOB_CODE, poll.oob_code_ends_at, OOB_CODE_SECONDS),
        (Life.MFA_TOKEN, poll.mfa_token_ends_at, MFA_TOKEN_SECONDS),
    ):
        is_first = life is poll.ends_first
        text = f"{spoken(ends_at - now)} left{' · ends first' if is_first else ''}"
        bars += bar(life.value, (ends_at - now) / whole, text, tone="wait" if is_first else "plain")
    bars += line(_interval(poll), small=True)
    if doing == "idle":
        instant = f"{datetime.fromtimestamp(now, UTC):%H:%M:%S}"
        as_of = f"Seconds as of {instant} UTC in the lab's time; the next poll brings them up to date."
        bars += line(as_of, small=True)
    # Wider bars are no easier to read, and their words would stand far from their labels.
    return f'<div style="max-width:640px">{bars}</div>'


def _interval(poll: Poll) -> str:
    """Return how long the poll waits between two requests, and why it is longer than at first."""
    said = f"Interval: {poll.gap:.0f} s"
    if poll.gap > FIRST_GAP_SECONDS:
        times = round((poll.gap - FIRST_GAP_SECONDS) / SLOWER_BY_SECONDS)
        often = {1: "", 2: " twice"}.get(times, f" {times} times")
        asked = f"Auth0 asked{often} to poll more slowly ({poll.slowed_by})"
        said = f"Interval: {FIRST_GAP_SECONDS:.0f} s → {poll.gap:.0f} s: {asked}"
    if poll.asked_at is not None and (wait := poll.next_at - poll.asked_at) > poll.gap:
        said += f" · this time {wait:.0f} s: the answer asked for it (Retry-After)"
    return said
