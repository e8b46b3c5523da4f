"""Which barcode the phone scans before which exchange."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import unquote

from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.exports.flow import answered

_TICKET = "enrollment_tx_id="


class Scans:
    """The barcodes of a journal, each with a variable, and the exchanges that one was scanned for.

    The scan of a ticket is an exchange of the phone's. That of a one-time code's secret is none: it comes before the
    first code that the phone shows.
    """

    def __init__(self, exchanges: Sequence[Exchange], codes: Collection[int]) -> None:
        """Look through the exchanges; `codes` are the numbers of those that say a code of the phone's."""
        self.barcodes: dict[str, str] = {}
        self._scanned: dict[int, str] = {}
        newest: str | None = None
        for exchange in exchanges:
            if exchange.speaker == "phone":
                self._scan_ticket(exchange)
            elif newest and exchange.number in codes:
                self._scanned[exchange.number], newest = newest, None
            for leaf in answered(exchange):
                if leaf.field == "barcode_uri":
                    variable = self.barcodes.setdefault(leaf.value, f"BARCODE_URI_{len(self.barcodes) + 1}")
                    newest = newest if _TICKET in leaf.value else variable

    @property
    def variables(self) -> set[str]:
        """The variables of the barcodes that are scanned."""
        return set(self._scanned.values())

    def at(self, exchange: Exchange) -> str | None:
        """Return the variable of the barcode that is scanned for an exchange, or None."""
        return self._scanned.get(exchange.number)

    def _scan_ticket(self, exchange: Exchange) -> None:
        shown = unquote(str(exchange.request.header("authorization") or ""))
        ticket = shown.partition("id=")[2].strip("\"' ")
        found = [variable for uri, variable in self.barcodes.items() if ticket and ticket in unquote(uri)]
        if found:
            self._scanned[exchange.number] = found[-1]
