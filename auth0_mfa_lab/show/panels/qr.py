"""An enrollment's QR as a panel: the picture, the time that is left, what it holds, and a phone that scans it.

On a live tenant the picture is a secret: drawn in the browser by a message, only after *Show*.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from auth0_mfa_lab.polling import OOB_CODE_SECONDS
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show import qr
from auth0_mfa_lab.show.panels.panel import Panel, Place, html
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.wire.exchange import Exchange


class QrPanel(Panel):
    """A QR with the buttons *Show* and *Hide*, and *Scan* where the lab has a phone; each has its method.

    A ticket's QR goes when its 5 minutes are over, in the lab's time, and when a phone has enrolled with it.
    """

    _ticks = True
    _came: qr.Came | None = None
    _read = 0

    def __init__(
        self,
        uri: str,
        *,
        barcode: qr.Barcode,
        received_at: float,
        now: Callable[[], float],
        scan: Callable[[], Exchange | Sentence],
        phone: str | None,
        journal: Sequence[Exchange],
        may_be_saved: bool,
        **shared: Any,
    ) -> None:
        """Hold `uri` in memory; its time counts from `received_at`, epoch seconds.

        `phone` is None where there is only the person's own. A picture that `may_be_saved` is in a widget's state.
        """
        super().__init__(**shared)
        self._uri, self._barcode, self._now, self._scan = Secret(uri, barcode.shown), barcode, now, scan
        self._ends_at = received_at + OOB_CODE_SECONDS if barcode.holds == "ticket" else None
        self._journal, self._drawn, self._phone = journal, may_be_saved, phone
        self._picture = qr.qr_img(uri, barcode.alt) if may_be_saved else ""
        self.show_button = self._button("Show", "Draw the QR: any phone that scans it is enrolled", self.show)
        self.hide_button = self._button("Hide", "Take the QR off the page", self.hide)
        name, about = f"Scan with {phone}", "Let it read this QR and enroll"
        self.scan_button = self._button(name, about, self._press_scan, doing=name)
        buttons = [self.show_button, self.hide_button, *([self.scan_button] if phone else [])]
        self._status, self._time, self._instead = map(html, ("qr-status", "qr-time", "qr-place"))
        self._parts, self._place = html("qr-parts", barcode.html()), Place(self, now)
        left = ipywidgets.VBox([self._instead, self._place]).add_class("qr-picture")
        both = ipywidgets.Box([left, self._parts]).add_class("qr-both")
        self.children = (ipywidgets.HBox(buttons), self._status, self._time, self._failure, both, self._presence)
        self.refresh()

    def show(self) -> None:
        """Draw the QR; on a live tenant for what is left of its time, and for 5 minutes at most."""
        self._drawn = bool(self._picture)
        self.refresh()
        if not self._picture and not self.card.is_over:
            seconds, over = (OOB_CODE_SECONDS, qr.HIDDEN) if self._left is None else (self._left, qr.EXPIRED)
            svg = Secret(qr.qr_svg(str(self._uri)), self._uri.shown)
            style, alt = qr.picture_style(svg), self._barcode.alt
            self._place.show(svg, min(seconds, OOB_CODE_SECONDS), alt=alt, over=over, picture=style)
            self._drawn = True
            self._draw()

    def hide(self) -> None:
        """Take the QR away."""
        self._drawn = False
        self._draw()

    def scan(self) -> Exchange | Sentence:
        """Let the lab's phone scan, and return what it said; with the person's own phone, what to do with that."""
        with self._alone():
            result = self._scan()
            if self._phone:
                self._see(self._now(), result)
        return result

    def refresh(self) -> None:
        """Show the time that is left, and what a phone has done since."""
        self._see(self._now())

    def static_html(self) -> str:
        left = f'<div style="flex:0 1 342px;min-width:0">{self._instead.value}</div>'
        right = f'<div style="flex:1 1 320px;min-width:0">{self._parts.value}</div>'
        both = f'<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">{left}{right}</div>'
        return f"<div>{self._status.value}{self._time.value}{both}</div>"

    def __repr__(self) -> str:
        return self.card.text

    async def _press_scan(self) -> None:
        self._see(*await asyncio.to_thread(lambda: (self._now(), self._scan())))

    async def _tick(self) -> None:
        # On a thread: the time of a served sandbox is asked for over the network.
        self._see(await asyncio.to_thread(self._now))

    def _see(self, now: float, result: Exchange | Sentence | None = None) -> None:
        """Take over the time, what came of a scan, and an enrollment of which the journal tells."""
        if result is not None:
            state, said = qr.outcome_of(result)
            self._came = state, self._mask(said)
        seen = self._journal[self._read :]
        self._read += len(seen)
        if self._came is None or self._came[0] != "scanned":
            self._came = qr.enrolled_in(seen, self._barcode.ticket) or self._came
        self._drawn = self._drawn and (bool(self._picture) or now < self._place.ends_at)
        self._left = None if self._ends_at is None else self._ends_at - now
        self._draw()

    def _draw(self) -> None:
        """Show how the QR stands; a widget is told of what has changed alone."""
        scanning = self._worker is not None
        card = qr.QrView.of(self._barcode, drawn=self._drawn, left=self._left, scanning=scanning, came=self._came)
        self.card = card
        self._mark(self.show_button, may_press=not (self._drawn or card.is_over))
        self._mark(self.hide_button, may_press=not card.instead)
        self._mark(self.scan_button, may_press=card.may_scan)
        self._status.value, self._time.value = card.status, card.time
        self._instead.value = card.instead or self._picture
        if card.instead:
            self._place.hide()
        if card.is_over:
            self.end()
