"""What a QR's panel says at one moment, without any widget: its state, the time that is left, what came of a scan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auth0_mfa_lab.polling import OOB_CODE_SECONDS
from auth0_mfa_lab.show.cards import spoken
from auth0_mfa_lab.show.qr_barcode import Barcode, Holds
from auth0_mfa_lab.show.told import Told
from auth0_mfa_lab.wire.exchange import Exchange

CAPTIONS: Mapping[Holds, str] = {
    Holds.TICKET: "This is a ticket of the sandbox: the Guardian app cannot use it, lab.phone.scan(...) can. "
    "It can be scanned for 5 minutes of the sandbox's time.",
    Holds.SECRET: "This is a secret of the sandbox: lab.phone.scan(...) can use it. An authenticator app would show "
    "the codes of the real time, and the sandbox has a time of its own.",
}
LIVE_CAPTION = (
    "Whoever sees this QR can use it on a phone of theirs. It is on the page from Show to Hide, for 5 minutes at most, "
    "and in no saved file."
)


class Standing(StrEnum):
    """Where a QR's panel stands."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    SCANNING = "scanning"
    SCANNED = "scanned"
    EXPIRED = "expired"


_INSTEAD: Mapping[Standing, str] = {
    Standing.EXPIRED: "Expired: enroll again.",
    Standing.SCANNED: "Scanned: this ticket is spent.",
}
_SAID: Mapping[Standing, str] = {
    Standing.HIDDEN: "press Show to draw it",
    Standing.SCANNING: "the phone enrolls",
    Standing.EXPIRED: "enroll again",
}
_MARKS: Mapping[Standing, str] = {
    Standing.SHOWN: "■",
    Standing.HIDDEN: "□",
    Standing.SCANNING: "…",
    Standing.SCANNED: "✓",
    Standing.EXPIRED: "×",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QrCard:
    """What a QR's panel says at one moment; every text in it is masked.

    `left` is in seconds, None for what does not expire. `drawn` says that the picture is wanted on the page, `scanning`
    that a scan is under way; `scanned` says what came of one that worked, `refused` of one that did not.
    """

    barcode: Barcode
    is_live: bool
    can_scan: bool
    drawn: bool
    left: float | None
    scanning: bool = False
    scanned: str = ""
    refused: str = ""

    @property
    def standing(self) -> Standing:
        """Where the panel stands: what has ended counts before what is shown."""
        if self.scanned and self.barcode.holds is Holds.TICKET:
            return Standing.SCANNED
        if self.left is not None and self.left <= 0:
            return Standing.EXPIRED
        if self.scanning:
            return Standing.SCANNING
        return Standing.SHOWN if self.drawn else Standing.HIDDEN

    @property
    def is_over(self) -> bool:
        """Whether nobody can use the QR any more."""
        return self.standing in (Standing.SCANNED, Standing.EXPIRED)

    @property
    def is_drawn(self) -> bool:
        """Whether the picture is on the page."""
        return self.drawn and not self.is_over

    @property
    def may_scan(self) -> bool:
        """Whether the lab's phone may be told to scan now."""
        return self.can_scan and not (self.scanning or self.scanned or self.is_over)

    @property
    def _is_refused(self) -> bool:
        """Whether the last scan did not work, and another may."""
        return bool(self.refused) and not (self.scanned or self.scanning or self.is_over)

    @property
    def word(self) -> str:
        """The state in a word; the time changes each second, and is told apart."""
        if self._is_refused:
            return "refused"
        return "scanned" if self.scanned and not self.scanning else self.standing.value

    @property
    def said(self) -> str:
        """What the state means, and what to do next."""
        if self._is_refused:
            return self.refused
        if self.scanned and not self.scanning:
            return self.scanned
        return _SAID.get(self.standing) or f"scan it with {self.reader}"

    @property
    def mark(self) -> str:
        """A sign for the state, beside its word."""
        return {"refused": "✗", "scanned": "✓"}.get(self.word) or _MARKS[self.standing]

    @property
    def reader(self) -> str:
        """Who can read the QR."""
        if not self.is_live:
            return "the sandbox's phone"
        return "the Guardian app" if self.barcode.holds is Holds.TICKET else "any authenticator app"

    @property
    def caption(self) -> str:
        """Who can use the QR, and who must not see it."""
        return LIVE_CAPTION if self.is_live else CAPTIONS[self.barcode.holds]

    @property
    def time(self) -> str:
        """How long the QR can be used, as text; "" when that is over."""
        if self.left is None:
            return "A secret does not expire: whoever scans it, now or later, shows its codes."
        # A begun second counts whole: 0 s would be the end.
        return "" if self.is_over else f"{spoken(math.ceil(self.left))} left to scan"

    @property
    def share(self) -> float:
        """The part of the ticket's time that is left, from 0 to 1."""
        return 1.0 if self.left is None else min(1.0, max(0.0, self.left / OOB_CODE_SECONDS))

    @property
    def instead(self) -> str:
        """What stands in the place of the picture while that is not on the page; "" while it is."""
        if self.is_drawn:
            return ""
        return _INSTEAD.get(self.standing, "The QR is hidden.")

    @property
    def alt(self) -> str:
        """What a screen reader says of the picture."""
        return f"QR code of the {self.barcode.holds.value} for {self.barcode.label or 'an account'}"

    def line(self) -> str:
        """Return all of it in one line."""
        left = "does not expire" if self.left is None else self.time
        return " · ".join(filter(None, ["QrPanel", f"{self.word}: {self.said}", left, self.barcode.shown]))


def outcome_of(result: Exchange | Told) -> tuple[str, str]:
    """Return what came of a scan, as what worked and what did not; one of the two is ""."""
    if isinstance(result, Told):
        return "the phone shows codes from now on, and one of them confirms the enrollment", ""
    if result.response is not None and 200 <= result.response.status < 300:
        return f"the phone is enrolled (exchange {result.number})", ""
    return "", f"{result.outcome} (exchange {result.number}): enroll again for another ticket"


def enrolled_in(exchanges: Iterable[Exchange], barcode: Barcode) -> Exchange | None:
    """Return the exchange in which a phone enrolled with the ticket of this QR, or None."""
    for each in exchanges:
        # Both are compared as they are shown: nothing raw is needed.
        shown = each.masked(each.request.header("authorization") or "")
        if each.speaker == "phone" and barcode.ticket and f'"{barcode.ticket}"' in shown and outcome_of(each)[0]:
            return each
    return None
