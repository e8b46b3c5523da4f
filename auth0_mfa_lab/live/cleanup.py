"""Removes what a lab left on a live tenant: shows it first, asks, and says what only a person can remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from auth0_mfa_lab.errors import LabError, NoAnswer
from auth0_mfa_lab.live.confirm import Confirm
from auth0_mfa_lab.live.doctor.findings import one_line
from auth0_mfa_lab.live.left import USER, Entries, LeftFile
from auth0_mfa_lab.live.plan import Step, by_hand, planned
from auth0_mfa_lab.management import Management
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.leftovers import Leftover, Leftovers
from auth0_mfa_lab.wire.exchange import Json

_PHONES = {
    "push": "On the phone: remove the account in the Guardian app; no API can.",
    "otp": "On the phone: remove the account in the authenticator app; no API can.",
}
_NO_API = (
    "Without AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET the lab can remove nothing here: the MFA API wants a "
    "second factor for it (notebook 09)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """What is needed to clean up one tenant: who is asked, what opens its Management API, and who is configured.

    `administrator` opens that API, None where there is none; `listed` lists the authenticators of the configured user,
    whose name is `username`, without sending anything to anybody; None where that cannot be.
    """

    file: LeftFile
    tenant: str
    realm: str
    username: str | None
    administrator: Callable[[], Management] | None
    listed: Callable[[], Sequence[Json] | None]
    confirm: Confirm
    aliases: Aliases

    def run(self, *, yes: bool = False, dry_run: bool = False) -> Leftovers:
        """Show what there is, ask, and remove it; with `yes` nobody is asked, with `dry_run` nothing is removed.

        Raises NotConfirmed where nobody can be asked, LabError when the tenant does not let itself be read.
        """
        entries = [each for each in self.file.entries() if each.tenant == self.tenant]
        others = len(self.file.entries()) - len(entries)
        notes = [f"{others} more on another tenant: open that one, and clean up there."] if others else []
        if not entries:
            return Leftovers(tenant=self.tenant, rows=(), notes=tuple(notes))
        steps = self._steps(entries)
        made = [each for each in entries if each.kind == USER]
        own = {each.kind for each in entries if not any(each.is_of(one.user) or each.is_of(one.name) for one in made)}
        notes += [_PHONES[kind] for kind in _PHONES if kind in own]
        notes += [] if self.administrator else [_NO_API]
        planned_ = Leftovers(tenant=self.tenant, rows=tuple(map(self._planned, steps)), notes=tuple(notes))
        if dry_run:
            return planned_
        removable = any(each.remove for each in steps)
        if (
            removable
            and not yes
            and not self.confirm.asks(
                f"{planned_}\nRemove it? [y/n] ", instead="lab.cleanup(yes=True), or auth0-mfa-lab cleanup --yes"
            )
        ):
            return planned_
        with self.confirm.agreed():
            rows = [self._done(each) for each in steps]
        self._forget(steps, rows)
        return Leftovers(tenant=self.tenant, rows=tuple(rows), notes=tuple(notes))

    def _steps(self, entries: Entries) -> list[Step]:
        for entry in entries if self.aliases.people else ():
            # A person of an earlier kernel: nothing that passed here has named them yet.
            for kind, value in (("username", entry.name), ("user_id", entry.user)):
                if value:
                    self.aliases.learn(kind, value)
        if self.administrator is None:
            return list(by_hand(entries, username=self.username, listed=self.listed()))
        return list(planned(entries, self.administrator(), realm=self.realm))

    def _planned(self, step: Step) -> Leftover:
        if step.remove:
            return self._row(step, "will be removed", stays=True)
        return self._row(step, step.reason or "gone already", stays=bool(step.reason))

    def _done(self, step: Step) -> Leftover:
        if step.remove is None:
            return self._planned(step)
        try:
            answer = step.remove()
        except NoAnswer:
            return self._row(step, "not removed: no answer", stays=True)
        if answer.status == 404:
            return self._row(step, "gone already")
        if answer.status != 204:
            return self._row(step, f"not removed: {answer.outcome}", stays=True)
        return self._row(step, "removed")

    def _row(self, step: Step, fate: str, *, stays: bool = False) -> Leftover:
        mask = self.aliases.mask
        what, of, said = (one_line(mask(each)) for each in (step.what, step.of, fate))
        return Leftover(what=what, of=of, fate=said, stays=stays)

    def _forget(self, steps: Iterable[Step], rows: Iterable[Leftover]) -> None:
        """Take out of the file what is gone, whole."""
        pairs = list(zip(steps, rows, strict=True))
        kept = {entry.mark for step, row in pairs if row.stays for entry in step.entries}
        gone = {entry.mark for step, _ in pairs for entry in step.entries} - kept
        try:
            self.file.change(lambda entries: [each for each in entries if each.mark not in gone])
        except LabError as problem:
            raise LabError(f"What is gone was removed, but not forgotten. {problem}") from None
