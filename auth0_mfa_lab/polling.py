"""The poll as a pure state machine, whose time and answers are arguments, and the run that walks it.

A poll ends on every answer that is not pending, slow_down, 429, 5xx or a lost connection (decision 13), and at the
sooner of the two lifetimes: the oob_code's 5 minutes and the mfa_token's 10.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from auth0_mfa_lab.interrupts import whole
from auth0_mfa_lab.wire.exchange import Exchange, NoAnswer

OOB_CODE_SECONDS = 300.0
MFA_TOKEN_SECONDS = 600.0
FIRST_GAP_SECONDS = 5.0
SLOWER_BY_SECONDS = 5.0

Life = Literal["oob_code", "mfa_token"]
"""What a poll lives from; the sooner of the two ends is its deadline."""


class State(Enum):
    """Where a poll stands."""

    PENDING = "pending"
    GRANTED = "granted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an exchange means to a poll: `slower` names what makes the gap grow, `spent` the life that is over."""

    state: State
    reason: str
    slower: str | None = None
    spent: Life | None = None
    retry_after: str | None = None

    @classmethod
    def of(cls, exchange: Exchange) -> Answer:
        """Read an exchange by itself; its texts are masked, for they are shown as the poll's reason."""
        if exchange.response is None:
            return cls(State.PENDING, "the connection was lost: polling again")
        status, after = exchange.response.status, exchange.response.header("retry-after")
        error, said = (exchange.masked(text or "") for text in (exchange.error, exchange.error_description))
        if error == "authorization_pending":
            return cls(State.PENDING, "the phone has not answered yet", retry_after=after)
        if error == "slow_down" or status == 429:
            return cls(State.PENDING, "asked to poll more slowly", slower=error or f"{status}", retry_after=after)
        if status >= 500:
            return cls(State.PENDING, f"the tenant failed ({status}): polling again", retry_after=after)
        if status == 200 and "access_token" in exchange and isinstance(exchange["access_token"], str):
            return cls(State.GRANTED, "the phone has answered: here are the tokens")
        if (error, status) == ("access_denied", 400) or (error == "invalid_grant" and "rejected" in said):
            # The recording says 400 access_denied, the documentation invalid_grant. A 401 access_denied is something
            # else: the application's own authentication failed.
            return cls(State.REJECTED, "rejected on the phone: ask for a new challenge")
        if error == "expired_token" or "is expired" in said:
            spent: Life = "oob_code" if "oob_code" in said else "mfa_token"
            return cls(State.EXPIRED, f"{said or 'expired'}: ask for a new one", spent=spent)
        return cls(State.FAILED, f"{status} {error or 'without an error code'}: {said or 'no description'}")

    def wait(self, now: float) -> float:
        """Return the Retry-After (seconds, or an HTTP date) in seconds from now; 0 for none that can be read."""
        said = self.retry_after or ""
        if said.strip().isdecimal():
            return float(said)
        try:
            return email.utils.parsedate_to_datetime(said).timestamp() - now
        except ValueError:
            return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll at one moment, in epoch seconds; `advance` gives the next one.

    `asked_at` is when the last answer came, `slowed_by` what made the gap grow last, `spent` the life that is over.
    """

    next_at: float
    oob_code_ends_at: float
    mfa_token_ends_at: float
    state: State = State.PENDING
    reason: str = "not asked yet"
    polls: int = 0
    gap: float = FIRST_GAP_SECONDS
    asked_at: float | None = None
    slowed_by: str | None = None
    spent: Life | None = None

    @classmethod
    def begin(cls, now: float, *, oob_code_at: float | None = None, mfa_token_at: float | None = None) -> Poll:
        """Begin a poll that may ask at once; the two instants are when each was received (default: now)."""
        oob_code_ends_at = (now if oob_code_at is None else oob_code_at) + OOB_CODE_SECONDS
        mfa_token_ends_at = (now if mfa_token_at is None else mfa_token_at) + MFA_TOKEN_SECONDS
        return cls(next_at=now, oob_code_ends_at=oob_code_ends_at, mfa_token_ends_at=mfa_token_ends_at).at(now)

    @property
    def ends_first(self) -> Life:
        """Which of the two lives ends first; the oob_code's, when they end together."""
        return "oob_code" if self.oob_code_ends_at <= self.mfa_token_ends_at else "mfa_token"

    @property
    def deadline(self) -> float:
        """When no poll can be answered any more, in epoch seconds."""
        return min(self.oob_code_ends_at, self.mfa_token_ends_at)

    @property
    def is_over(self) -> bool:
        """Whether no further request may be sent."""
        return self.state is not State.PENDING

    def advance(self, means: Answer, now: float) -> Poll:
        """Return the poll after an answer that came at `now`; a final state stays."""
        if self.is_over and self.state is not State.STOPPED:
            return self
        gap = self.gap + (SLOWER_BY_SECONDS if means.slower else 0.0)
        next_at, slowed_by = now + max(gap, means.wait(now)), means.slower or self.slowed_by
        after = replace(self, polls=self.polls + 1, gap=gap, next_at=next_at, asked_at=now, slowed_by=slowed_by)
        if self.state is State.STOPPED and means.state is State.PENDING:
            # It was under way when the poll was stopped; how long to wait counts when the poll goes on.
            return after
        return replace(after, state=means.state, reason=means.reason, spent=means.spent).at(now)

    def at(self, now: float) -> Poll:
        """Return the poll as it stands at `now`: expired when its time is over, or no further poll fits into it."""
        if self.is_over or max(now, self.next_at) < self.deadline:
            return self
        reason = "no poll brought an answer in time: ask for a new oob_code"
        return replace(self, state=State.EXPIRED, reason=reason, spent=self.ends_first)

    def stopped(self) -> Poll:
        """Return the poll, ended by the person."""
        return self if self.is_over else replace(self, state=State.STOPPED, reason="stopped: poll again to go on")

    def resumed(self, now: float) -> Poll:
        """Return the poll as it stands at `now`; a stopped one goes on."""
        going = self.state is State.STOPPED
        return (replace(self, state=State.PENDING, reason="polling again") if going else self).at(now)


class PollRun:
    """A poll that is walked: it asks, keeps the exchanges, and knows where it stands; shows itself by `show`."""

    def __init__(
        self,
        poll: Poll,
        *,
        ask: Callable[[], Exchange],
        now: Callable[[], float],
        show: Callable[[PollRun], dict[str, str]],
        begun_by: str = "mfa_challenge",
    ) -> None:
        """Walk `poll`: `ask` sends one request; `begun_by` is the client's method that brought the oob_code."""
        self.poll, self.begun_by, self.now, self._ask, self._show = poll, begun_by, now, ask, show
        self.exchanges: tuple[Exchange, ...] = ()

    @property
    def state(self) -> State:
        """Where the poll stands."""
        return self.poll.state

    @property
    def polls(self) -> int:
        """How many requests were answered."""
        return self.poll.polls

    @property
    def exchange(self) -> Exchange | None:
        """The last exchange: with the tokens, when the poll was granted."""
        return self.exchanges[-1] if self.exchanges else None

    def ask(self) -> Exchange:
        """Send one request and return what came of it, a lost connection too; `apply` takes it from there."""
        try:
            return self._ask()
        except NoAnswer as lost:
            return lost.exchange

    def apply(self, exchange: Exchange, now: float) -> None:
        """Take one exchange as the answer to the poll, that came at `now`."""
        self.exchanges += (exchange,)
        self.poll = self.poll.advance(Answer.of(exchange), now)

    @whole()
    def once(self) -> Exchange | None:
        """Ask once and return the exchange; return the last one, and ask nothing, when the poll is over."""
        self.poll = self.poll.resumed(self.now())
        if not self.poll.is_over:
            self.apply(self.ask(), self.now())
        return self.exchange

    def until_done(self, wait: Callable[[float], None]) -> PollRun:
        """Ask until the poll is over, handing `wait` the seconds between two requests; *Interrupt* stops it."""
        self.poll = self.poll.resumed(self.now())
        try:
            while not self.poll.is_over:
                wait(max(0.0, self.poll.next_at - self.now()))
                self.once()
        except KeyboardInterrupt:
            self.stop()
        return self

    def stop(self) -> None:
        """End the poll; an answer that is still under way is taken when it is final."""
        self.poll = self.poll.stopped()

    def __repr__(self) -> str:
        return self._show(self)["text/plain"]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self._show(self)
