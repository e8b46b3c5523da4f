"""The transactions: a login behind each mfa_token, an out-of-band one behind each oob_code."""

from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.records import Login, OobTransaction, Ticket


class Transactions:
    """Every transaction, found by its own token, at the same cost however many there are."""

    def __init__(self, clock: Clock) -> None:
        def is_over(login: Login) -> bool:
            return login.done or clock.now() >= login.expires

        def has_ended(transaction: OobTransaction) -> bool:
            return transaction.state in ("used", "rejected", "superseded") or clock.now() >= transaction.expires

        self._clock = clock
        self.logins: Bounded[Login] = Bounded(has_ended=is_over)
        """By the mfa_token."""
        self.access_logins: Bounded[Login] = Bounded(has_ended=is_over)
        """By the MFA access token."""
        self.oob_codes: Bounded[OobTransaction] = Bounded(has_ended=has_ended)
        self.txids: Bounded[OobTransaction] = Bounded(has_ended=has_ended)
        self.tickets: Bounded[Ticket] = Bounded(has_ended=lambda ticket: has_ended(ticket.transaction))
        """By the id in the QR; one that was scanned is gone: two phones on one QR, and the second finds nothing."""
        self.newest_of: Bounded[OobTransaction] = Bounded(has_ended=has_ended)
        """Each user's newest out-of-band transaction, whatever became of it."""

    def end_all(self, user_id: str) -> None:
        """End whatever of a user's is under way: no login of theirs can be finished, and no code of it used."""
        for login in (*self.logins.values(), *self.access_logins.values()):
            if login.request.user_id == user_id:
                login.expires = min(login.expires, self._clock.now())
        for transaction in self.oob_codes.values():
            if transaction.login.request.user_id == user_id and transaction.state in ("pending", "approved"):
                transaction.state = "superseded"
        self.newest_of.pop(user_id, None)
