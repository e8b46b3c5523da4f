"""The verbs of a lab that poll, and those that put something with buttons on the page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from auth0_mfa_lab.bench import Bench
from auth0_mfa_lab.client import checked_text
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.polling import Poll, PollRun
from auth0_mfa_lab.secrets.messages import secrets_of_barcode
from auth0_mfa_lab.settings import is_loopback
from auth0_mfa_lab.show.poll import show_poll

if TYPE_CHECKING:
    from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel
    from auth0_mfa_lab.show.panels.poll import PollPanel
    from auth0_mfa_lab.show.panels.qr import QrPanel
    from auth0_mfa_lab.show.panels.raw import RevealPanel
    from auth0_mfa_lab.show.qr import QrPicture
    from auth0_mfa_lab.wire.exchange import Exchange


class Panels(Bench):
    """A lab's part that polls, and that draws its panels."""

    def poll(self, *, mfa_token: str, oob_code: str) -> PollRun:
        """Poll until the phone answers, or nobody can any more; *Interrupt* stops it and loses nothing.

        In the sandbox the seconds between two polls pass at once, on a live tenant in real time. Both lifetimes count
        from the exchange that brought each value. LabError for the oob_code of an SMS, a call or an email: nobody
        answers a poll for that.
        """
        return self._run(mfa_token, oob_code).until_done(self.clock.wait)

    def poll_panel(self, *, mfa_token: str, oob_code: str) -> PollPanel:
        """Return a panel with the buttons *Poll once*, *Poll until done* and *Stop*, and a method behind each."""
        from auth0_mfa_lab.show.panels.poll import PollPanel

        run = self._run(mfa_token, oob_code)
        return PollPanel(run, clock=self.clock, mask=self.aliases.mask, raise_failures=self.settings.raise_failures)

    def qr(self, barcode_uri: str) -> QrPicture | QrPanel:
        """Draw an enrollment QR: a picture in the sandbox, on a live tenant a panel that shows it only on demand."""
        from auth0_mfa_lab.show.qr import QrPicture

        if not self._may_save_a_qr():
            return self.qr_panel(barcode_uri)
        uri = self._learned(barcode_uri)
        return QrPicture(uri, shown=self.aliases.mask(uri))

    def qr_panel(self, barcode_uri: str) -> QrPanel:
        """Return a panel with an enrollment QR, its time, what it holds, and a button by which the lab's phone scans.

        On a live tenant the QR is drawn after *Show* and is in no saved file. LabError for a URI that enrolls nothing.
        """
        from auth0_mfa_lab.show.panels.qr import QrPanel
        from auth0_mfa_lab.show.qr import Barcode

        uri, is_live = self._learned(barcode_uri), self.settings.tenant == "live"
        own_phone = "the virtual phone (unproven)" if self.settings.virtual_phone else None
        return QrPanel(
            uri,
            barcode=Barcode.of(uri, self.aliases.mask),
            received_at=self._received(uri),
            now=self.clock.now,
            mask=self.aliases.mask,
            scan=lambda: self.phone.scan(uri),
            phone=own_phone if is_live else "the sandbox's phone",
            journal=self.journal,
            is_live=is_live,
            may_be_saved=self._may_save_a_qr(),
            raise_failures=self.settings.raise_failures,
        )

    def phone_panel(self) -> PhonePanel | OwnPhonePanel:
        """Return the sandbox's phone as a panel: accounts, pushes with *Allow* and *Reject*, codes and messages.

        It has a method for each button, and shows no code but on the page of whoever presses *Show code*. On a live
        tenant it is a list of what to do on one's own phone now, and with AUTH0_LAB_VIRTUAL_PHONE=1 the virtual phone.
        """
        from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel

        raises = self.settings.raise_failures
        if self._screen is None:
            return OwnPhonePanel(self.journal, now=self.clock.now, raise_failures=raises)
        return PhonePanel(self._screen, self.phone, mask=self.aliases.mask, raise_failures=raises)

    def reveal(self, alias: str) -> RevealPanel:
        """Show one raw value, that of `<access_token 1>` or its like, in a panel that leaves nothing in the file."""
        from auth0_mfa_lab.show.panels.raw import RevealPanel

        raises = self.settings.raise_failures
        return RevealPanel(self.aliases.value_of(alias), mask=self.aliases.mask, raise_failures=raises)

    def _learned(self, barcode_uri: str) -> str:
        """Return an enrollment's URI once its secrets have aliases, also where it came from elsewhere."""
        from auth0_mfa_lab.show.qr import checked_uri

        uri = str(checked_uri(barcode_uri))
        for kind, value in secrets_of_barcode(uri, people=self.aliases.people):
            self.aliases.learn(kind, value)
        return uri

    def _may_save_a_qr(self) -> bool:
        """Tell whether a QR of this tenant is worth nothing to whoever finds it in a file.

        A ticket of the sandbox in the kernel enrolls nowhere. One of a served sandbox needs no control token, but a
        server that is this machine's alone is out of a finder's reach; another machine's is not.
        """
        host = self.domain.partition(":")[0]
        return self.settings.tenant != "live" and (host.endswith(".example") or is_loopback(self.domain))

    def _run(self, mfa_token: str, oob_code: str) -> PollRun:
        for name, value in (("mfa_token", mfa_token), ("oob_code", oob_code)):
            if not checked_text(name, value):
                raise LabError(f"{name} is empty: pass the one that an answer gave.")
        brought = self._brought(oob_code)
        if brought is not None and "binding_method" in brought:
            raise LabError(
                "This oob_code waits for a code that was sent to somebody (binding_method), and no poll answers it: "
                "client.mfa_oob_grant(mfa_token=..., oob_code=..., binding_code=...) takes it, with the code that "
                "lab.inbox.latest(address) has."
            )
        poll = Poll.begin(
            self.clock.now(), oob_code_at=self._received(oob_code), mfa_token_at=self._received(mfa_token)
        )
        ask = partial(self.client.mfa_oob_grant, mfa_token=mfa_token, oob_code=oob_code)
        begun_by = "mfa_associate" if brought and brought.request.target == "/mfa/associate" else "mfa_challenge"
        return PollRun(poll, ask=ask, now=self.clock.now, show=show_poll, begun_by=begun_by)

    def _brought(self, value: str) -> Exchange | None:
        """Return the exchange that brought a value; None for one that came from elsewhere."""
        born = self.aliases.born(value)
        return self.journal[born - 1] if born else None

    def _received(self, value: str) -> float:
        """Return when a value was received, in the lab's time; now, for one that no exchange brought."""
        brought = self._brought(value)
        return brought.at if brought else self.clock.now()
