"""The poll as a pure state machine, whose time and answers are arguments, and the run that walks it.

A poll ends on every answer that is not pending, slow_down, 429, 5xx or a lost connection (decision 13), and at the
sooner of the two lifetimes: the oob_code's 5 minutes and the mfa_token's 10.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from auth0_mfa_lab.wire.exchange import Exchange, NoAnswer

OOB_CODE_SECONDS = 300.0
MFA_TOKEN_SECONDS = 600.0
FIRST_GAP_SECONDS = 5.0
SLOWER_BY_SECONDS = 5.0


class Life(Enum):
    """What a poll lives from; the sooner of the two ends is its deadline."""

    OOB_CODE = "oob_code"
    MFA_TOKEN = "mfa_token"


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
    """A poll at one moment; `advance` gives the next one. Times are epoch seconds, the gap is in seconds.

    `asked_at` is when the last answer came, `slowed_by` what made the gap grow last, `spent` the life that is over.
    """

    state: State
    reason: str
    polls: int
    gap: float
    next_at: float
    oob_code_ends_at: float
    mfa_token_ends_at: float
    asked_at: float | None = None
    slowed_by: str | None = None
    spent: Life | None = None

    @classmethod
    def begin(cls, now: float, *, oob_code_at: float | None = None, mfa_token_at: float | None = None) -> Poll:
        """Begin a poll that may ask at once; the two instants are when each was received (default: now)."""
        begun = cls(
            state=State.PENDING,
            reason="not asked yet",
            polls=0,
            gap=FIRST_GAP_SECONDS,
            next_at=now,
            oob_code_ends_at=(now if oob_code_at is None else oob_code_at) + OOB_CODE_SECONDS,
            mfa_token_ends_at=(now if mfa_token_at is None else mfa_token_at) + MFA_TOKEN_SECONDS,
        )
        return begun.at(now)

    @property
    def ends_first(self) -> Life:
        """Which of the two lives ends first; the oob_code's, when they end together."""
        return Life.OOB_CODE if self.oob_code_ends_at <= self.mfa_token_ends_at else Life.MFA_TOKEN

    @property
    def deadline(self) -> float:
        """When no poll can be answered any more, in epoch seconds."""
        return min(self.oob_code_ends_at, self.mfa_token_ends_at)

    @property
    def is_over(self) -> bool:
        """Whether no further request may be sent."""
        return self.state is not State.PENDING

    def advance(self, answer: Answer, now: float) -> Poll:
        """Return the poll after an answer that came at `now`; a final state stays, whatever comes."""
        if self.is_over and self.state is not State.STOPPED:
            return self
        means = read(answer)
        gap = self.gap + (SLOWER_BY_SECONDS if means.slower else 0.0)
        wait = max(gap, _seconds(answer.retry_after, now))
        slowed_by = (answer.error or f"{answer.status}") if means.slower else self.slowed_by
        after = replace(
            self,
            polls=self.polls + 1,
            gap=gap,
            next_at=now + wait,
            asked_at=now,
            slowed_by=slowed_by,
            spent=means.spent,
        )
        if self.state is State.STOPPED and means.state is State.PENDING:
            # It was under way when the poll was stopped; how long to wait counts when the poll goes on.
            return after
        return replace(after, state=means.state, reason=means.reason).at(now)

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
        """Return a stopped poll that goes on; any other is returned as it is."""
        if self.state is not State.STOPPED:
            return self
        return replace(self, state=State.PENDING, reason="polling again").at(now)


@dataclass(frozen=True, slots=True)
class Means:
    """What an answer means: the state, the reason, whether the gap grows, and which life it says is over."""

    state: State
    reason: str
    slower: bool = False
    spent: Life | None = None


def read(answer: Answer) -> Means:
    """Return what an answer means to a poll, whatever came before it."""
    error, said = answer.error, (answer.error_description or "")
    if answer.status is None:
        return Means(State.PENDING, "the connection was lost: polling again")
    if error == "authorization_pending":
        return Means(State.PENDING, "the phone has not answered yet")
    if error == "slow_down" or answer.status == 429:
        return Means(State.PENDING, "asked to poll more slowly", slower=True)
    if answer.status >= 500:
        return Means(State.PENDING, f"the tenant failed ({answer.status}): polling again")
    if answer.has_token and answer.status == 200:
        return Means(State.GRANTED, "the phone has answered: here are the tokens")
    if (error, answer.status) == ("access_denied", 400) or (error == "invalid_grant" and "rejected" in said):
        # The recording says 400 access_denied, the documentation invalid_grant. A 401 access_denied is something
        # else: the application's own authentication failed.
        return Means(State.REJECTED, "rejected on the phone: ask for a new challenge")
    if error == "expired_token" or "is expired" in said:
        spent = Life.OOB_CODE if "oob_code" in said else Life.MFA_TOKEN
        return Means(State.EXPIRED, f"{said or 'expired'}: ask for a new one", spent=spent)
    return Means(State.FAILED, f"{answer.status} {error or 'without an error code'}: {said or 'no description'}")


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
        begun_by: str = "mfa_challenge",
    ) -> None:
        """Walk `poll`: `ask` sends one request and returns its Exchange or raises NoAnswer; `now` tells the time.

        `begun_by` is the client's method that brought the oob_code, `mfa_challenge` or `mfa_associate`.
        """
        self.poll = poll
        self.begun_by = begun_by
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

    def resume(self, now: float | None = None) -> None:
        """Let a stopped poll go on, and see whether its time is over at `now` (default: this moment)."""
        now = self.now() if now is None else now
        self.poll = self.poll.resumed(now).at(now)

    def ask(self) -> Exchange:
        """Send one request and return what came of it, a lost connection too; `apply` takes it from there."""
        try:
            return self._ask()
        except NoAnswer as lost:
            return lost.exchange

    def apply(self, exchange: Exchange, now: float | None = None) -> None:
        """Take one exchange as the answer to the poll, that came at `now` (default: this moment)."""
        self.exchanges += (exchange,)
        self.poll = self.poll.advance(Answer.of(exchange), self.now() if now is None else now)

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
