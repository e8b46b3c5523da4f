"""The poll as a pure state machine: time and answers are arguments.

A poll ends on every answer that is not pending, slow_down, 429, 5xx or a lost connection (decision 13), and at the
sooner of the two lifetimes: the oob_code's 5 minutes and the mfa_token's 10.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from auth0_mfa_lab.errors import NoAnswer
from auth0_mfa_lab.wire.exchange import Exchange

OOB_CODE_SECONDS = 300.0
MFA_TOKEN_SECONDS = 600.0
FIRST_GAP_SECONDS = 5.0
SLOWER_BY_SECONDS = 5.0


class State(Enum):
    """Where a poll stands."""

    PENDING = "pending"
    GRANTED = "granted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one poll brought: the answer's status, error and text, or nothing at all when the connection was lost."""

    status: int | None = None
    error: str | None = None
    error_description: str | None = None
    has_token: bool = False
    retry_after: str | None = None

    @classmethod
    def of(cls, exchange: Exchange) -> Answer:
        """Read an exchange as the answer to a poll; its texts are masked, for they are shown as the poll's reason."""
        body = exchange.json if isinstance(exchange.json, dict) else {}
        return cls(
            status=exchange.status,
            error=exchange.error and exchange.masked(exchange.error),
            error_description=exchange.error_description and exchange.masked(exchange.error_description),
            has_token=isinstance(body.get("access_token"), str),
            retry_after=exchange.response.header("retry-after") if exchange.response else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll at one moment; `advance` gives the next one. Times are epoch seconds, the gap is in seconds."""

    state: State
    reason: str
    polls: int
    gap: float
    next_at: float
    deadline: float

    @classmethod
    def begin(cls, now: float, *, oob_code_at: float | None = None, mfa_token_at: float | None = None) -> Poll:
        """Begin a poll that may ask at once; the two instants are when each was received (default: now)."""
        ends = (
            (now if oob_code_at is None else oob_code_at) + OOB_CODE_SECONDS,
            (now if mfa_token_at is None else mfa_token_at) + MFA_TOKEN_SECONDS,
        )
        begun = cls(
            state=State.PENDING,
            reason="not asked yet",
            polls=0,
            gap=FIRST_GAP_SECONDS,
            next_at=now,
            deadline=min(ends),
        )
        return begun.at(now)

    @property
    def is_over(self) -> bool:
        """Whether no further request may be sent."""
        return self.state is not State.PENDING

    def advance(self, answer: Answer, now: float) -> Poll:
        """Return the poll after an answer that came at `now`; a final state stays, whatever comes."""
        if self.is_over and self.state is not State.STOPPED:
            return self
        state, reason, slower = _read(answer)
        gap = self.gap + (SLOWER_BY_SECONDS if slower else 0.0)
        wait = max(gap, _seconds(answer.retry_after, now))
        after = replace(self, polls=self.polls + 1, gap=gap, next_at=now + wait)
        if self.state is State.STOPPED and state is State.PENDING:
            # It was under way when the poll was stopped; how long to wait counts when the poll goes on.
            return after
        return replace(after, state=state, reason=reason).at(now)

    def at(self, now: float) -> Poll:
        """Return the poll as it stands at `now`: expired when its time is over, or no further poll fits into it."""
        if self.is_over or max(now, self.next_at) < self.deadline:
            return self
        return replace(self, state=State.EXPIRED, reason="nobody answered in time: ask for a new challenge")

    def stopped(self) -> Poll:
        """Return the poll, ended by the person."""
        return self if self.is_over else replace(self, state=State.STOPPED, reason="stopped: poll again to go on")

    def resumed(self, now: float) -> Poll:
        """Return a stopped poll that goes on; any other is returned as it is."""
        if self.state is not State.STOPPED:
            return self
        return replace(self, state=State.PENDING, reason="polling again").at(now)


def _read(answer: Answer) -> tuple[State, str, bool]:
    """Return what an answer means: the state, the reason, and whether the gap grows."""
    error, said = answer.error, (answer.error_description or "")
    if answer.status is None:
        return State.PENDING, "the connection was lost: polling again", False
    if error == "authorization_pending":
        return State.PENDING, "the phone has not answered yet", False
    if error == "slow_down" or answer.status == 429:
        return State.PENDING, "asked to poll more slowly", True
    if answer.status >= 500:
        return State.PENDING, f"the tenant failed ({answer.status}): polling again", False
    if answer.has_token and answer.status == 200:
        return State.GRANTED, "the phone has answered: here are the tokens", False
    if (error, answer.status) == ("access_denied", 400) or (error == "invalid_grant" and "rejected" in said):
        # The recording says 400 access_denied, the documentation invalid_grant. A 401 access_denied is something
        # else: the application's own authentication failed.
        return State.REJECTED, "rejected on the phone: ask for a new challenge", False
    if error == "expired_token" or "is expired" in said:
        return State.EXPIRED, f"{said or 'expired'}: ask for a new one", False
    return (
        State.FAILED,
        f"{answer.status} {error or 'without an error code'}: {said or 'no description'}",
        False,
    )


def _seconds(retry_after: str | None, now: float) -> float:
    """Return a Retry-After (seconds, or an HTTP date) in seconds from now; 0 when there is none that can be read."""
    if not retry_after:
        return 0.0
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - now)
    except ValueError:
        return 0.0


class PollRun:
    """A poll that is walked: it asks, keeps the exchanges, and knows where it stands; shows itself by `show`."""

    def __init__(
        self,
        poll: Poll,
        *,
        ask: Callable[[], Exchange],
        now: Callable[[], float],
        show: Callable[[PollRun], dict[str, str]],
    ) -> None:
        """Walk `poll`: `ask` sends one request and returns its Exchange or raises NoAnswer; `now` tells the time."""
        self.poll = poll
        self.now = now
        self.exchanges: tuple[Exchange, ...] = ()
        self._ask = ask
        self._show = show

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

    def resume(self) -> None:
        """Let a stopped poll go on, and see whether its time is over."""
        self.poll = self.poll.resumed(self.now()).at(self.now())

    def ask(self) -> Exchange:
        """Send one request and return what came of it, a lost connection too; `apply` takes it from there."""
        try:
            return self._ask()
        except NoAnswer as lost:
            return lost.exchange

    def apply(self, exchange: Exchange) -> None:
        """Take one exchange as the answer to the poll."""
        self.exchanges += (exchange,)
        self.poll = self.poll.advance(Answer.of(exchange), self.now())

    def once(self) -> Exchange | None:
        """Ask once and return the exchange; return the last one, and ask nothing, when the poll is over."""
        self.resume()
        if not self.poll.is_over:
            self.apply(self.ask())
        return self.exchange

    def until_done(self, wait: Callable[[float], None]) -> PollRun:
        """Ask until the poll is over, handing `wait` the seconds between two requests; *Interrupt* stops it."""
        self.resume()
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
