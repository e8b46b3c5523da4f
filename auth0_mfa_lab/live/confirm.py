"""Before a live call that costs or changes something: the lab says what, and asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import httpx

from auth0_mfa_lab.errors import NeedsAPerson, NotConfirmed
from auth0_mfa_lab.live.costs import Cost, cost_of
from auth0_mfa_lab.live.known import channels_of
from auth0_mfa_lab.settings import Confirm as HowOften
from auth0_mfa_lab.wire.journal import Journal

_TRIAL = "is a live tenant. Use one that is made for trying things out, never one in production."
_RESET = (
    "If the secret of the user's only factor is lost, the user can be reset: Dashboard > User Management > Users > the "
    "user > Multi-Factor > Reset; by the Management API: DELETE /api/v2/users/{id}/authenticators."
)
_NEVER = "set AUTH0_LAB_CONFIRM=never to be asked nothing"
_YES = frozenset({"y", "yes"})


class Confirm:
    """Asks the person of one lab; what was agreed to is remembered as long as the lab lives."""

    def __init__(
        self,
        how_often: HowOften,
        *,
        domain: str,
        journal: Journal,
        ask: Callable[[str], str] | None = None,
        is_main: Callable[[], bool] = lambda: threading.current_thread() is threading.main_thread(),
    ) -> None:
        """Ask with `ask` (the notebook's prompt), and on the main thread alone, which `is_main` tells."""
        self._how_often = how_often
        self._domain = domain
        self._journal = journal
        self._ask = ask or ask_visibly
        self._is_main = is_main
        self._agreed: set[str] = set()
        self._has_asked = self._has_told_of_reset = False
        self._here = threading.local()

    def before(self, request: httpx.Request) -> None:
        """Ask for a request that costs or changes something; NotConfirmed unless the person says yes."""
        if self._how_often == "never" or self._is_agreed:
            return
        cost = cost_of(request, lambda token: channels_of(self._journal, token))
        if cost is not None and not self._knows(cost.kinds):
            self._must_agree(cost.kinds, f"{cost.call} {cost.said}.", tells_of_reset=_enrolls(cost))

    @contextmanager
    def agreed(self, kinds: Iterable[str] = (), sentence: str = "") -> Iterator[None]:
        """Ask for several calls at once, if there is a sentence that says what they do; then none of them is asked for.

        Without one the caller has asked already. Raises NotConfirmed.
        """
        wanted = frozenset(kinds)
        if sentence and self._how_often != "never" and not self._is_agreed and not self._knows(wanted):
            self._must_agree(wanted, sentence)
        before, self._here.agreed = self._is_agreed, True
        try:
            yield
        finally:
            self._here.agreed = before

    def asks(self, question: str, *, instead: str) -> bool:
        """Ask a question, and return whether the person says yes; with `never` nobody is asked, and it is yes.

        NotConfirmed where nobody can be asked: it names what to write `instead`.
        """
        if self._how_often == "never":
            return True
        try:
            return self._is_main() and self._ask(self._journal.aliases.mask(question)).strip().lower() in _YES
        except NeedsAPerson:
            pass
        raise NotConfirmed(f"Nothing was changed: nobody can be asked here. Write {instead}, or {_NEVER}.")

    @property
    def _is_agreed(self) -> bool:
        """Whether this thread is inside of something that was agreed to as a whole."""
        return bool(getattr(self._here, "agreed", False))

    def _knows(self, kinds: frozenset[str]) -> bool:
        return self._how_often == "once" and kinds <= self._agreed

    def _must_agree(self, kinds: frozenset[str], sentence: str, *, tells_of_reset: bool = False) -> None:
        what = self._journal.aliases.mask(sentence)
        if not self._is_main():
            raise NotConfirmed(
                f"Nothing was sent: {what} Nobody is asked outside of the main thread. Make such a call in a cell "
                f"first, or {_NEVER}."
            )
        lines = [what] if self._has_asked else [f"{self._domain} {_TRIAL}", what]
        lines += [_RESET] if tells_of_reset and not self._has_told_of_reset else []
        once = " (asked once for each kind of call)" if self._how_often == "once" else ""
        try:
            answer = self._ask("\n".join([*lines, f"Send it?{once} [y/n] "]))
        except NeedsAPerson:
            answer = None
        if answer is None:
            raise NotConfirmed(
                f"Nothing was sent: {what} Nobody can be asked here. Run it where somebody can answer, or {_NEVER}."
            ) from None
        self._has_asked = True
        self._has_told_of_reset |= tells_of_reset
        if answer.strip().lower() not in _YES:
            raise NotConfirmed(f"Nothing was sent: {what} You did not say yes. Run the cell again to be asked again.")
        self._agreed |= kinds


def ask_visibly(question: str) -> str:
    """Ask in a prompt that shows what is typed; NeedsAPerson where nobody can be asked. *Interrupt* is no answer."""
    from IPython.core.error import StdinNotImplementedError

    try:
        return input(question)
    except KeyboardInterrupt:
        return ""
    except (EOFError, OSError, RuntimeError, StdinNotImplementedError):
        pass
    raise NeedsAPerson("Somebody has to answer, and nobody can be asked here.")


def _enrolls(cost: Cost) -> bool:
    return cost.call == "POST /mfa/associate"
