"""The verbs of a lab that poll, and those that put something with buttons on the page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from auth0_mfa_lab.polling import OOB_CODE_SECONDS, Poll, PollRun
from auth0_mfa_lab.sender import checked_text
from auth0_mfa_lab.show.poll import show_poll

if TYPE_CHECKING:
    from auth0_mfa_lab.client import Client
    from auth0_mfa_lab.clock import LabClock
    from auth0_mfa_lab.settings import Settings
    from auth0_mfa_lab.show.panels import PollPanel
    from auth0_mfa_lab.show.panels_qr import QrPanel
    from auth0_mfa_lab.show.panels_reveal import RevealPanel
    from auth0_mfa_lab.show.qr import QrPicture
    from auth0_mfa_lab.wire.aliases import Aliases
    from auth0_mfa_lab.wire.journal import Journal


class Panels:
    """A lab's part that polls, and that draws its panels."""

    aliases: Aliases
    client: Client
    clock: LabClock
    journal: Journal
    settings: Settings

    def poll(self, *, mfa_token: str, oob_code: str) -> PollRun:
        """Poll until the phone answers, or nobody can any more; *Interrupt* stops it and loses nothing.

        In the sandbox the seconds between two polls pass at once, on a live tenant in real time. Both lifetimes count
        from the exchange that brought each value.
        """
        return self._run(mfa_token, oob_code).until_done(self.clock.wait)

    def poll_panel(self, *, mfa_token: str, oob_code: str) -> PollPanel:
        """Return a panel with the buttons *Poll once*, *Poll until done* and *Stop*, and a method behind each."""
        from auth0_mfa_lab.show.panels import PollPanel

        run = self._run(mfa_token, oob_code)
        return PollPanel(run, clock=self.clock, mask=self.aliases.mask, raise_failures=self.settings.raise_failures)

    def qr(self, barcode_uri: str) -> QrPicture | QrPanel:
        """Draw an enrollment QR: a picture in the sandbox, on a live tenant a panel that shows it only on demand."""
        from auth0_mfa_lab.show.qr import QrPicture, checked_uri

        shown = self.aliases.mask(checked_uri(barcode_uri))
        if self.settings.tenant != "live":
            return QrPicture(barcode_uri, shown=shown)
        from auth0_mfa_lab.show.panels_qr import QrPanel

        ends_at, mask = self._received(barcode_uri) + OOB_CODE_SECONDS, self.aliases.mask
        raises, now = self.settings.raise_failures, self.clock.now
        return QrPanel(barcode_uri, shown=shown, ends_at=ends_at, now=now, mask=mask, raise_failures=raises)

    def reveal(self, alias: str) -> RevealPanel:
        """Show one raw value, that of `<access_token 1>` or its like, in a panel that leaves nothing in the file."""
        from auth0_mfa_lab.show.panels_reveal import RevealPanel

        return RevealPanel.of(alias, self.aliases, raise_failures=self.settings.raise_failures)

    def _run(self, mfa_token: str, oob_code: str) -> PollRun:
        checked_text("mfa_token", mfa_token), checked_text("oob_code", oob_code)
        poll = Poll.begin(
            self.clock.now(), oob_code_at=self._received(oob_code), mfa_token_at=self._received(mfa_token)
        )
        ask = partial(self.client.mfa_oob_grant, mfa_token=mfa_token, oob_code=oob_code)
        return PollRun(poll, ask=ask, now=self.clock.now, show=show_poll)

    def _received(self, value: str) -> float:
        """Return when a value was received, in the lab's time; now, for one that no exchange brought."""
        born = self.aliases.born(value)
        return self.journal[born - 1].at if born else self.clock.now()
