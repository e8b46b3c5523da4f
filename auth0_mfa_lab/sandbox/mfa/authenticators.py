"""What the tenant keeps of MFA: the authenticators of every user, and the transactions behind the tokens."""

import re
from dataclasses import replace
from typing import Any

from auth0_mfa_lab.sandbox.clock import Clock
from auth0_mfa_lab.sandbox.limits import Bounded
from auth0_mfa_lab.sandbox.records import Authenticator, Login, OobTransaction

PENDING_LIFETIME = 86_400
"""Seconds until an unconfirmed authenticator is gone [forum]."""
E164 = re.compile(r"\+[1-9][0-9]{1,14}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
SHOWN = 4
"""How many characters of a number, or of each half of an address, a list shows (reference, section 4.1)."""
MOST = 51
"""How many authenticators a user may have, unconfirmed ones and the recovery code included (reference, section 3.2)."""


class Authenticators:
    """Each user's list, in the order of enrollment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[str, dict[str, Authenticator]] = {}

    def of(self, user_id: str) -> tuple[Authenticator, ...]:
        return tuple(self._of.get(user_id, {}).values())

    def active_of(self, user_id: str) -> tuple[Authenticator, ...]:
        return tuple(entry for entry in self.of(user_id) if entry.active)

    def get(self, user_id: str, authenticator_id: str) -> Authenticator | None:
        return self._of.get(user_id, {}).get(authenticator_id)

    def recovery_code_of(self, user_id: str) -> Authenticator | None:
        """Return the entry of a user's recovery code, active or not."""
        return next((entry for entry in self.of(user_id) if entry.kind == "recovery-code"), None)

    def has_factor(self, user_id: str) -> bool:
        """Tell whether anything is confirmed; a recovery code is active only beside something."""
        return any(entry.kind != "recovery-code" for entry in self.active_of(user_id))

    def has_room(self, user_id: str, size: int) -> bool:
        """Tell whether a user may have so many more: a push and its codes are two."""
        self.forget_pending(user_id)
        return len(self.of(user_id)) + size <= MOST

    def add(self, user_id: str, *entries: Authenticator) -> None:
        self._of.setdefault(user_id, {}).update({entry.id: entry for entry in entries})

    def change(self, user_id: str, authenticator_id: str, **changes: Any) -> None:
        """Change members of an authenticator; a profile's own address is not kept here, and stays as it is."""
        if entry := self.get(user_id, authenticator_id):
            self.add(user_id, replace(entry, **changes))

    def confirm(self, user_id: str, authenticator_id: str, *, name: str | None = None) -> None:
        """Make an authenticator active, its partner too, and the recovery code with them (reference, 4.1)."""
        confirmed, now = self._of[user_id][authenticator_id], self._clock.now()
        self.change(user_id, confirmed.id, active=True, name=name or confirmed.name, enrolled_at=now)
        for entry in self.of(user_id):
            if (entry.id == confirmed.partner or entry.kind == "recovery-code") and not entry.active:
                self.change(user_id, entry.id, active=True, enrolled_at=now)

    def forget_pending(self, user_id: str) -> None:
        """Remove entries that were not confirmed within a day: Auth0's support article on the cap of authenticators."""
        before = self._clock.now() - PENDING_LIFETIME
        for entry in self.of(user_id):
            is_stale = entry.created_at <= before and not entry.active and entry.kind != "recovery-code"
            if is_stale and self.get(user_id, entry.id):
                self.remove(user_id, entry.id)

    def remove(self, user_id: str, authenticator_id: str) -> None:
        """Remove an authenticator and its partner; with the last confirmed factor the recovery code goes as well (4.2).

        Else it would alone lock the user out of enrolling. One that waits stays while another enrollment is open.
        """
        entries = self._of[user_id]
        gone = entries.pop(authenticator_id)
        entries.pop(gone.partner, None)
        recovery = self.recovery_code_of(user_id)
        if recovery and not self.has_factor(user_id) and (recovery.active or len(entries) == 1):
            del entries[recovery.id]
        if not entries:
            del self._of[user_id]


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
        self.tickets: Bounded[OobTransaction] = Bounded(has_ended=has_ended)
        """By the `enrollment_tx_id` of the QR; one that was scanned is gone."""
        self.newest_of: Bounded[OobTransaction] = Bounded(has_ended=has_ended)
        """Each user's newest out-of-band transaction, in any state."""

    def end_all(self, user_id: str) -> None:
        """End the logins of a user that are under way: none can be finished, and none of their codes used."""
        for login in (*self.logins.values(), *self.access_logins.values()):
            if login.request.user_id == user_id:
                login.expires = min(login.expires, self._clock.now())
        self.newest_of.pop(user_id, None)


def masked(address: str) -> str:
    """Return a number's last four characters, the rest as X, or the first four of each half of an email address."""
    if "@" not in address:
        return address[-SHOWN:].rjust(len(address), "X")
    local, _, domain = address.rpartition("@")
    # Four or fewer are `****`, at every length.
    hidden = local[:SHOWN] if len(local) > SHOWN else ""
    return f"{hidden.ljust(max(len(local), SHOWN), '*')}@{domain[:SHOWN].ljust(len(domain), '*')}"
