"""One's own phone, step by step: what to do on it now, as the newest exchange says. It has no button to press."""

from __future__ import annotations

from collections.abc import Callable

from auth0_mfa_lab.show.panels.ticking import Ticking
from auth0_mfa_lab.show.phone_steps import Guide, what_now
from auth0_mfa_lab.wire.journal import Journal


class OwnPhonePanel(Ticking):
    """What to do on one's own phone now; it reads the journal, and sends nothing to anybody."""

    _has_buttons = False

    def __init__(self, journal: Journal, *, now: Callable[[], float], raise_failures: bool = False) -> None:
        """Follow `journal`; `now` is the lab's time in epoch seconds."""
        super().__init__(mask=journal.aliases.mask, raise_failures=raise_failures)
        self._journal = journal
        self._now = now
        self._text, self._time = self._html("phone-steps"), self._html("phone-time")
        self.children = (self._text, self._time, self._failure, self._presence)
        self.refresh()

    @property
    def guide(self) -> Guide:
        """What is shown: where it stands, and the steps."""
        return self._guide

    def refresh(self) -> None:
        """Read the journal again."""
        self._guide = what_now(self._journal)
        self._text.value, self._time.value = self._guide.html(), self._guide.time_html(self._now())

    def static_html(self) -> str:
        """Return the steps as HTML without widgets."""
        return f"<div>{self._guide.html()}{self._guide.time_html(self._now())}</div>"

    def __repr__(self) -> str:
        return f"PhonePanel · your own phone · {self._guide.headline}"

    async def _tick(self) -> None:
        self.refresh()
