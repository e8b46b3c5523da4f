"""A poll as it is shown: its text, and what its panel says at one moment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby

from auth0_mfa_lab.polling import FIRST_GAP_SECONDS, MFA_TOKEN_SECONDS, OOB_CODE_SECONDS, Answer, Poll, PollRun, State
from auth0_mfa_lab.show.exchange import pre
from auth0_mfa_lab.show.html import COLOURS, LINE, Tone, bar, details, facts, line, spoken, status_line, time_of_day
from auth0_mfa_lab.show.meanings import meaning_of
from auth0_mfa_lab.wire.exchange import Exchange

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
    "id_token":      "your app reads the user from it: lab.inspect(...) takes it apart",
    "refresh_token": "lab.client.refresh_token_grant gets new tokens for it",
    "recovery_code": "show it to the person, once: it is the new one",
}
# fmt: on
_ROW = "cursor:pointer;line-height:1.6;overflow-wrap:anywhere;font-variant-numeric:tabular-nums"


def headline(run: PollRun) -> str:
    """Return a poll in one line: `granted after 3 polls: …`."""
    return f"{run.state.value} after {_polls(run.polls)}: {run.poll.reason}"


def show_poll(run: PollRun) -> dict[str, str]:
    """Return the mimebundle of a poll: its line, a line for each row of equal answers, and the last exchange."""
    head, rows = f"Poll · {headline(run)}", []
    for when, outcome, times, _ in _rows_of_equals(run):
        rows.append(f"  {when:>14}  {outcome}{times}")
    text, html = run.exchange.show(run.exchange) if run.exchange else ("", "")
    return {
        "text/plain": "\n".join([head, *rows, *(["", text] if text else [])]),
        "text/html": f"<p><b>{escape(head)}</b></p>{pre(escape(chr(10).join(rows)))}{html}",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PollView:
    """What a poll's panel shows at one moment, as HTML; its rows never change: `row_html` makes each of them once."""

    status: str
    next_step: str
    meters: str
    edge: str
    may_poll: bool
    may_stop: bool

    @classmethod
    def of(cls, run: PollRun, now: float, doing: str = "", pace: str = "") -> PollView:
        """Return what is shown at `now`, epoch seconds, while its panel is "waiting", "asking", or `doing` nothing.

        `pace` says how the lab's time passes meanwhile.
        """
        poll = run.poll
        if doing != "asking":  # what an answer that is under way will say is not known yet: time alone ends nothing
            resumed = poll.resumed(now)
            poll = resumed if resumed.state is State.EXPIRED else poll.at(now)
        mark, tone = _LOOKS[poll.state]
        goes_on, tokens = poll.state in (State.PENDING, State.STOPPED), ""
        if run.exchange and poll.state is State.GRANTED:
            taken = {name: taken for name, taken in _TAKEN_BY.items() if name in run.exchange}
            taken.setdefault("refresh_token", "not here: the login asks for it with the scope offline_access")
            tokens = facts(taken.items())
        return cls(
            status=status_line(mark, poll.state.value, f"{_polls(poll.polls)} · {poll.reason}"),
            next_step=f'<div style="{LINE}"><b>Next:</b> {escape(_next_step(run, poll, now, doing))}</div>{tokens}',
            meters=_meters(poll, now, doing, pace) if goes_on else "",
            edge=f"3px solid {COLOURS[tone]}",
            may_poll=goes_on and not doing,
            may_stop=bool(doing) and not poll.is_over,
        )

    def html(self, run: PollRun) -> str:
        """Return the whole panel without widgets; equal answers in a row are folded, and each opens its exchange."""
        rows = line(ROWS_TITLE, small=True) if run.exchanges else ""
        for when, outcome, times, equal in _rows_of_equals(run):
            inside = "".join(row_html(run, each)[0] for each in equal)
            if times:
                inside, said = f'<div style="margin-left:16px">{inside}</div>', _said(equal[0])[0]
                inside = details(escape(f"{when} · {outcome} · {said}{times}"), inside, style=_ROW)
            rows += inside
        head = f'<div style="border-left:{self.edge};padding-left:10px;margin:4px 0">'
        return f"<div>{head}{self.status}{self.next_step}{self.meters}</div>{rows}</div>"


def row_html(run: PollRun, exchange: Exchange) -> tuple[str, bool]:
    """Return one poll, its line and the exchange that this opens, and whether it ends the poll: then it stands open."""
    said, is_final = _said(exchange)
    summary = escape(f"{exchange.at - run.exchanges[0].at:.0f} s · {exchange.outcome} · {said}")
    return details(summary, exchange.show(exchange)[1], style=_ROW, is_open=is_final), is_final


def _rows_of_equals(run: PollRun) -> Iterator[tuple[str, str, str, list[Exchange]]]:
    """Yield equal answers in a row: when they came (seconds since the first), the answer, how often, the exchanges."""
    for outcome, group in groupby(run.exchanges, lambda each: each.outcome):
        equal = list(group)
        first, last = (f"{each.at - run.exchanges[0].at:.0f} s" for each in (equal[0], equal[-1]))
        when, times = (first, "") if len(equal) == 1 else (f"{first} to {last}", f" ({len(equal)} times)")
        yield when, outcome, times, equal


def _said(exchange: Exchange) -> tuple[str, bool]:
    """Return what one answer means in a few words, and whether it ends the poll."""
    means = Answer.of(exchange)
    # The reason stands in the status too, where it has a sentence's room.
    reason = re.split(r": | \(", means.reason.removeprefix("the phone has "))[0]
    return (reason, False) if means.state is State.PENDING else (means.state.value, True)


def _polls(polls: int) -> str:
    return f"{polls} poll{'' if polls == 1 else 's'}"


def _next_step(run: PollRun, poll: Poll, now: float, doing: str) -> str:
    """Return what to do next, in a sentence; `poll` is how the run stands at `now`."""
    enrolls = run.begun_by == "mfa_associate"
    match poll.state:
        case State.PENDING:
            do = "Scan the QR with the phone" if enrolls else "Allow or reject the push on the phone"
            asks = ". Poll once asks whether it is done, Poll until done asks until it is."
            return do + (": the panel goes on asking." if doing else asks)
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
    if poll.spent == "mfa_token" or poll.mfa_token_ends_at <= now:
        return f"The 10 minutes of the mfa_token are over: log in again for a new one, then {begin}."
    if poll.state is State.EXPIRED and enrolls:
        begin += ", or lab.client.mfa_challenge where the phone has enrolled already,"
    return f"{begin} with the same mfa_token, while that lives; then a panel for the new oob_code."


def _meters(poll: Poll, now: float, doing: str, pace: str) -> str:
    """Return the bars, the interval and its reason; while nothing counts the seconds, why, or when they were right."""
    bars, asked_at = "", now if poll.asked_at is None else poll.asked_at
    left, wait = poll.next_at - now, poll.next_at - asked_at
    if poll.state is State.PENDING:
        due = f"{'in' if doing else 'not before'} {spoken(left)}" if left > 0 else "now"
        text = "asked, no answer yet" if doing == "asking" else due
        bars = bar("next poll", 1 - left / wait if wait > 0 and doing != "asking" else 1.0, text)
    for life, ends_at, whole in (
        ("oob_code", poll.oob_code_ends_at, OOB_CODE_SECONDS),
        ("mfa_token", poll.mfa_token_ends_at, MFA_TOKEN_SECONDS),
    ):
        is_first, left = life == poll.ends_first, ends_at - now
        text = f"{spoken(left)} left{' · ends first' if is_first else ''}"
        bars += bar(life, left / whole, text, tone="wait" if is_first else "plain")
    said = f"Interval: {poll.gap:.0f} s"
    if poll.gap > FIRST_GAP_SECONDS:
        asked = f"Auth0 asked to poll more slowly ({poll.slowed_by})"
        said = f"Interval: {FIRST_GAP_SECONDS:.0f} s → {poll.gap:.0f} s: {asked}"
    if wait > poll.gap:
        said += f" · this time {wait:.0f} s: the answer asked for it (Retry-After)"
    bars += line(said, small=True)
    if not doing:
        instant = f"Seconds as of {time_of_day(now)} UTC in the lab's time; the next poll brings them up to date."
        bars += line(pace or instant, small=True)
    # Wider bars are no easier to read, and their words would stand far from their labels.
    return f'<div style="max-width:640px">{bars}</div>'
