"""What a poll's panel shows at one moment, as a value: the words, the bars, the rows, and which buttons may be pressed.

No widgets here: the panel and its static twin draw what this says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

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
from auth0_mfa_lab.show.cards import Tone, spoken
from auth0_mfa_lab.show.poll_next import Doing, next_step, tokens_here
from auth0_mfa_lab.wire.exchange import Exchange

_MARK = {
    State.PENDING: "…",
    State.GRANTED: "✓",
    State.REJECTED: "✗",
    State.EXPIRED: "◷",
    State.FAILED: "!",
    State.STOPPED: "■",
}
_TONE: Mapping[State, Tone] = {
    State.PENDING: "info",
    State.GRANTED: "good",
    State.REJECTED: "bad",
    State.EXPIRED: "wait",
    State.FAILED: "bad",
    State.STOPPED: "plain",
}
_TIMES = {1: "", 2: " twice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One bar: which part of it is filled (0 to 1), and the same in words."""

    label: str
    fraction: float
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One poll: the seconds since the first, what was answered, what it means, and the exchange that it opens."""

    seconds: float
    outcome: str
    said: str
    final: bool
    exchange: Exchange

    @property
    def summary(self) -> str:
        """The row in one line."""
        return f"{self.seconds:.0f} s · {self.outcome} · {self.said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Which buttons may be pressed now."""

    once: bool
    until: bool
    stop: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCard:
    """All that a poll's panel shows, but its rows: they never change, so `row_of` makes each of them once."""

    mark: str
    word: str
    tone: Tone
    said: str
    next_step: str
    tokens: tuple[tuple[str, str], ...]
    pace: str
    meters: tuple[Meter, ...]
    as_of: str
    allowed: Allowed


def card_of(run: PollRun, now: float, *, doing: Doing = "idle") -> PollCard:
    """Return what is shown of a poll at `now`, epoch seconds, while a button's poll waits or asks, or none does."""
    poll = _standing(run.poll, now, doing)
    goes_on = poll.state in (State.PENDING, State.STOPPED)
    granted = run.exchange if poll.state is State.GRANTED else None
    idle = doing == "idle"
    return PollCard(
        mark=_MARK[poll.state],
        word=poll.state.value,
        tone=_TONE[poll.state],
        said=f"{poll.polls} poll{'' if poll.polls == 1 else 's'} · {poll.reason}",
        next_step=next_step(run, poll, now, doing=doing),
        tokens=tokens_here(granted) if granted else (),
        pace=pace_of(poll) if goes_on else "",
        meters=meters_of(poll, now, asking=doing == "asking") if goes_on else (),
        as_of=_as_of(now) if goes_on and idle else "",
        allowed=Allowed(once=goes_on and idle, until=goes_on and idle, stop=not idle and not poll.is_over),
    )


def _standing(poll: Poll, now: float, doing: Doing) -> Poll:
    """Return how a poll stands at `now`: a stopped one that can only expire has expired."""
    if doing == "asking":
        # What the answer that is under way will say is not known yet: time alone ends nothing.
        return poll
    goes_on = poll.resumed(now)
    return goes_on if goes_on.state is State.EXPIRED else poll.at(now)


def row_of(exchange: Exchange, begin: float) -> Row:
    """Return one poll as a row; `begin` is when the first was answered, in epoch seconds."""
    means = read(Answer.of(exchange))
    if means.state is not State.PENDING:
        said = means.state.value
    elif exchange.status is None:
        said = "the connection was lost"
    elif means.slower:
        said = "asked to poll more slowly"
    elif exchange.status >= 500 and exchange.error != "authorization_pending":
        said = "the tenant failed"
    else:
        said = "not answered yet"
    final = means.state is not State.PENDING
    return Row(seconds=exchange.at - begin, outcome=exchange.outcome, said=said, final=final, exchange=exchange)


def rows_of(run: PollRun) -> tuple[Row, ...]:
    """Return all polls as rows."""
    return tuple(row_of(each, run.exchanges[0].at) for each in run.exchanges)


def grouped(rows: Iterable[Row]) -> list[tuple[str, tuple[Row, ...]]]:
    """Return rows in groups of equal answers in a row, each with its line: `0 s to 5 s · 400 … (2 times)`."""
    groups: list[tuple[str, tuple[Row, ...]]] = []
    for (outcome, said), group in groupby(rows, lambda row: (row.outcome, row.said)):
        same = tuple(group)
        line = same[0].summary
        if len(same) > 1:
            line = f"{same[0].seconds:.0f} s to {same[-1].seconds:.0f} s · {outcome} · {said} ({len(same)} times)"
        groups.append((line, same))
    return groups


def pace_of(poll: Poll) -> str:
    """Return how long the poll waits between two requests, and why it is longer than at first."""
    said = f"Interval: {poll.gap:.0f} s"
    if poll.gap > FIRST_GAP_SECONDS:
        times = round((poll.gap - FIRST_GAP_SECONDS) / SLOWER_BY_SECONDS)
        often = _TIMES.get(times, f" {times} times")
        asked = f"Auth0 asked{often} to poll more slowly ({poll.slowed_by})"
        said = f"Interval: {FIRST_GAP_SECONDS:.0f} s → {poll.gap:.0f} s: {asked}"
    if poll.asked_at is not None and (wait := poll.next_at - poll.asked_at) > poll.gap:
        said += f" · this time {wait:.0f} s: the answer asked for it (Retry-After)"
    return said


def meters_of(poll: Poll, now: float, *, asking: bool = False) -> tuple[Meter, ...]:
    """Return the bars: the wait to the next poll, and what is left of both lives; they say which ends first."""
    left = max(0.0, poll.next_at - now)
    wait = poll.next_at - (now if poll.asked_at is None else poll.asked_at)
    passed = 1.0 - left / wait if wait > 0 else 1.0
    when = "asked, no answer yet" if asking else f"in {spoken(left)}" if left else "now"
    upcoming = Meter(label="next poll", fraction=1.0 if asking else passed, text=when, tone="info")
    return (
        *((upcoming,) if poll.state is State.PENDING else ()),
        _life(Life.OOB_CODE, poll.oob_code_ends_at - now, OOB_CODE_SECONDS, poll.ends_first),
        _life(Life.MFA_TOKEN, poll.mfa_token_ends_at - now, MFA_TOKEN_SECONDS, poll.ends_first),
    )


def _life(life: Life, left: float, whole: float, first: Life) -> Meter:
    text = f"{spoken(left)} left" + (" · ends first" if life is first else "")
    return Meter(
        label=life.value, fraction=max(0.0, left / whole), text=text, tone="wait" if life is first else "plain"
    )


def _as_of(now: float) -> str:
    """Return at which instant the seconds were right: nobody counts them while the panel is idle."""
    instant = datetime.fromtimestamp(now, UTC)
    return f"Seconds as of {instant:%H:%M:%S} UTC in the lab's time; the next poll brings them up to date."
