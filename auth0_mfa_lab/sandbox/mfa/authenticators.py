"""The authenticators of every user: listed from the first association on, active once confirmed; how each is named."""

import re
from dataclasses import replace

from auth0_mfa_lab.sandbox.records import Authenticator, Kind

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

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Authenticator]] = {}

    def of(self, user_id: str) -> tuple[Authenticator, ...]:
        return tuple(self._of.get(user_id, {}).values())

    def active_of(self, user_id: str) -> tuple[Authenticator, ...]:
        return tuple(entry for entry in self.of(user_id) if entry.active)

    def get(self, user_id: str, authenticator_id: str) -> Authenticator | None:
        return self._of.get(user_id, {}).get(authenticator_id)

    def active(self, user_id: str, authenticator_id: str) -> Authenticator | None:
        entry = self.get(user_id, authenticator_id)
        return entry if entry and entry.active else None

    def active_kind(self, user_id: str, kind: Kind) -> tuple[Authenticator, ...]:
        return tuple(entry for entry in self.active_of(user_id) if entry.kind == kind)

    def has_factor(self, user_id: str) -> bool:
        """Tell whether anything is confirmed; a recovery code is active only beside something."""
        return any(entry.kind != "recovery-code" for entry in self.active_of(user_id))

    def is_full(self, user_id: str, *, room: int = 1) -> bool:
        """Tell whether a user has no room for one more, or for `room`: a push and its codes need two."""
        return len(self._of.get(user_id, {})) + room > MOST

    def needs_recovery_code(self, user_id: str) -> bool:
        """Tell whether this user has none yet: it comes with the first association only (reference, 3.2)."""
        return all(entry.kind != "recovery-code" for entry in self.of(user_id))

    def add(self, user_id: str, *entries: Authenticator) -> None:
        self._of.setdefault(user_id, {}).update({entry.id: entry for entry in entries})

    def confirm(self, user_id: str, authenticator_id: str, *, name: str | None = None, now: float) -> None:
        """Make an authenticator active, its partner too, and the recovery code with them (reference, 4.1)."""
        entries = self._of[user_id]
        confirmed = entries[authenticator_id]
        entries[confirmed.id] = replace(confirmed, active=True, name=name or confirmed.name, enrolled_at=now)
        for entry in tuple(entries.values()):
            if (entry.id == confirmed.partner or entry.kind == "recovery-code") and not entry.active:
                entries[entry.id] = replace(entry, active=True, enrolled_at=now)

    def used(self, user_id: str, authenticator_id: str, *, now: float) -> None:
        """Remember when an authenticator last ended a login; a profile's own address is not kept here."""
        entries = self._of.get(user_id, {})
        if authenticator_id in entries:
            entries[authenticator_id] = replace(entries[authenticator_id], last_auth_at=now)

    def forget_pending(self, user_id: str, *, now: float) -> None:
        """Remove what nobody confirmed within a day: Auth0's support article on the cap of authenticators says so."""
        for entry in self.of(user_id):
            stale = now >= entry.created_at + PENDING_LIFETIME and not entry.active and entry.kind != "recovery-code"
            if stale and self.get(user_id, entry.id):
                self.remove(user_id, entry.id)

    def rename(self, user_id: str, authenticator_id: str, name: str) -> None:
        entries = self._of[user_id]
        entries[authenticator_id] = replace(entries[authenticator_id], name=name)

    def rotate(self, user_id: str, authenticator_id: str, secret: str) -> None:
        """Put a new recovery code in the place of the used one."""
        entries = self._of[user_id]
        entries[authenticator_id] = replace(entries[authenticator_id], secret=secret)

    def remove(self, user_id: str, authenticator_id: str) -> None:
        """Remove an authenticator and its partner; with the last confirmed factor the recovery code goes as well.

        After that the user counts as not enrolled (reference, 4.2): else a recovery code alone would lock them out
        of enrolling again. One that waits for its first factor stays while another enrollment is open.
        """
        entries = self._of[user_id]
        gone = entries.pop(authenticator_id)
        if gone.partner is not None:
            entries.pop(gone.partner, None)
        recovery = [entry for entry in entries.values() if entry.kind == "recovery-code"]
        for entry in recovery:
            if not self.has_factor(user_id) and (entry.active or len(entries) == len(recovery)):
                del entries[entry.id]
        if not entries:
            del self._of[user_id]


def masked_number(phone_number: str) -> str:
    """Return a number's last four characters, the rest as X, the `+` included."""
    return "X" * (len(phone_number) - SHOWN) + phone_number[-SHOWN:]


def masked_email(email: str) -> str:
    """Return the first four of an address's local part and of its domain, the rest as `*`.

    A local part of four or fewer is `****` whatever its length.
    """
    local, _, domain = email.rpartition("@")
    hidden = "****" if len(local) <= SHOWN else _begin(local)
    return f"{hidden}@{_begin(domain)}"


def _begin(text: str) -> str:
    return text[:SHOWN] + "*" * (len(text) - SHOWN)
