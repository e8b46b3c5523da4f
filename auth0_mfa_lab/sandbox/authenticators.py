"""The authenticators of every user: listed from the first association on, active once confirmed."""

from dataclasses import replace

from auth0_mfa_lab.sandbox.records import Authenticator


class Authenticators:
    """Each user's list, in the order of enrollment."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Authenticator]] = {}

    def of(self, user_id: str) -> tuple[Authenticator, ...]:
        return tuple(self._of.get(user_id, {}).values())

    def active_of(self, user_id: str) -> tuple[Authenticator, ...]:
        return tuple(entry for entry in self.of(user_id) if entry.active)

    def active(self, user_id: str, authenticator_id: str) -> Authenticator | None:
        entry = self._of.get(user_id, {}).get(authenticator_id)
        return entry if entry and entry.active else None

    def needs_recovery_code(self, user_id: str) -> bool:
        """Tell whether this user has none yet: it comes with the first association only (reference, 3.2)."""
        return all(entry.kind != "recovery-code" for entry in self.of(user_id))

    def add(self, user_id: str, *entries: Authenticator) -> None:
        self._of.setdefault(user_id, {}).update({entry.id: entry for entry in entries})

    def confirm(self, user_id: str, authenticator_id: str, *, name: str | None = None) -> None:
        """Make an authenticator active, its partner too, and the recovery code with them (reference, 4.1)."""
        entries = self._of[user_id]
        confirmed = entries[authenticator_id]
        entries[confirmed.id] = replace(confirmed, active=True, name=name)
        for entry in tuple(entries.values()):
            if entry.id == confirmed.partner or entry.kind == "recovery-code":
                entries[entry.id] = replace(entry, active=True)

    def rename(self, user_id: str, authenticator_id: str, name: str) -> None:
        entries = self._of[user_id]
        entries[authenticator_id] = replace(entries[authenticator_id], name=name)

    def remove(self, user_id: str, authenticator_id: str) -> None:
        """Remove an authenticator and its partner; with the last active factor the recovery code goes as well.

        After that the user counts as not enrolled (reference, 4.2): else a recovery code alone would lock them out
        of enrolling again.
        """
        entries = self._of[user_id]
        gone = entries.pop(authenticator_id)
        if gone.partner is not None:
            entries.pop(gone.partner, None)
        if all(entry.kind == "recovery-code" for entry in entries.values() if entry.active):
            for entry in [entry for entry in entries.values() if entry.kind == "recovery-code"]:
                del entries[entry.id]
