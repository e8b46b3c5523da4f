"""A poll that is walked: it asks, keeps the exchanges, and knows where it stands."""

from __future__ import annotations

from collections.abc import Callable

from auth0_mfa_lab.errors import NoAnswer
from auth0_mfa_lab.polling import Answer, Poll, State
from auth0_mfa_lab.wire.exchange import Exchange


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
