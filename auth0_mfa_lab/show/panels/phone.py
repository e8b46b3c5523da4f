"""A virtual phone as a phone: its accounts, its pushes with Allow and Reject, its codes, and what was sent.

What it shows is a PhoneView, which holds no secret. A code is drawn on the page alone, by a message, and only when its
button is pressed. The panel looks again each second while a page shows it, on a thread, and moves no clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

import ipywidgets

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.show.cards import status_line
from auth0_mfa_lab.show.panels.buttons import Button
from auth0_mfa_lab.show.panels.phone_rows import CodeRow, PushRow, closed
from auth0_mfa_lab.show.panels.reveal import RevealedText
from auth0_mfa_lab.show.panels.ticking import Ticking
from auth0_mfa_lab.show.phone import (
    BOTTOM_HTML,
    EDGE,
    SECTIONS,
    WIDTH,
    CodeLine,
    Line,
    MessageLine,
    PhoneView,
    PushLine,
    Screen,
    Seen,
    code_in,
)


class Answers(Protocol):
    """The verbs of the phone behind the buttons; each returns the phone's exchange."""

    def allow(self, push: Any = None) -> Any: ...
    def reject(self, reason: str | None = None, push: Any = None) -> Any: ...


class PhonePanel(Ticking):
    """A virtual phone with a method for each button: `allow`, `reject`, `show_code`, `hide_code`, `refresh`."""

    _is_at_work = "The phone is at work already: wait until it has answered."

    def __init__(
        self,
        screen: Screen,
        phone: Answers,
        *,
        aliases: Aliases,
        raise_failures: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Show what is on `screen`, and answer with `phone`; `now` is in real seconds, for how long a code is drawn."""
        super().__init__(mask=aliases.mask, raise_failures=raise_failures)
        self._screen, self._phone, self._aliases, self._now = screen, phone, aliases, now
        self._doing = self._said = ""
        self._rows: dict[str, Any] = {}
        self._status, self._top, self._accounts = map(self._html, ("phone-status", "phone-top", "phone-accounts"))
        self._heads = [self._html() for _ in range(3)]
        self._places = [ipywidgets.VBox(layout=ipywidgets.Layout(width="auto", margin="0")) for _ in range(3)]
        self.refresh_button = self._button("Refresh", "Look at the phone again", self._click_refresh)
        self.refresh_button.layout = ipywidgets.Layout(width="auto", margin="12px 2px 2px")
        sections = [each for pair in zip(self._heads, self._places, strict=True) for each in pair]
        body = ipywidgets.VBox([self._status, self._failure, self._accounts, *sections, self.refresh_button])
        body.layout = ipywidgets.Layout(
            width="auto", max_width=WIDTH, border_left=EDGE, border_right=EDGE, padding="0 12px", margin="0"
        )
        bottom = self._html()
        bottom.value = BOTTOM_HTML
        self.children = (self._top, body, bottom, self._presence)
        self._card = PhoneView.of(self._screen.look(), aliases)
        self._draw()

    @property
    def card(self) -> PhoneView:
        """What is shown: values without a secret."""
        return self._card

    def refresh(self) -> None:
        """Look at the phone now; each code on it has an alias from then on."""
        self._show(self._screen.look())

    def allow(self, push: Any = None) -> Any:
        """Allow a push, the newest unless one of `card.pushes` is named, and return the phone's exchange."""
        return self._answered(lambda: self._phone.allow(push))

    def reject(self, reason: str | None = None, push: Any = None) -> Any:
        """Reject a push like that, with a reason or without, and return the phone's exchange."""
        return self._answered(lambda: self._phone.reject(reason, push))

    def show_code(self, code: CodeLine | MessageLine | None = None) -> None:
        """Draw a code on the page: that of a line of `card`, or else of the account that was scanned last.

        Raises LabError when it is not on the phone (any more), and on a recording, whose codes are stand-ins.
        """
        with self._alone():
            if self._screen.bars:
                raise LabError(self._screen.bars)
            _must_be_a_line(code)
            seen = self._screen.look()
            self._show(seen)
            if code is None and not self._card.codes:
                raise LabError("No code is on the phone: it shows one when it has scanned a barcode_uri.")
            self._draw_code(code or self._card.codes[-1], seen)

    def hide_code(self, code: CodeLine | MessageLine | None = None) -> None:
        """Take a code off the page, or else every code; LabError for what is no line of `card`."""
        _must_be_a_line(code)
        for name, row in self._rows.items():
            if isinstance(row, CodeRow) and (code is None or name == code.id):
                row.hide()

    async def done(self) -> None:
        """Wait until what a button began is finished."""
        await self._finished()

    def static_html(self) -> str:
        """Return the phone as HTML without widgets."""
        return self._card.html()

    def __repr__(self) -> str:
        return f"PhonePanel · {self._card.text()}"

    # -- what is pressed

    def _click_refresh(self) -> None:
        self._do(self.refresh_button, lambda: "", "Looking at the phone")

    def _click_answer(self, push: PushLine, *, allows: bool) -> None:
        row = self._rows.get(push.id)
        if not isinstance(row, PushRow):  # it has gone since the press
            return
        reason = str(row.reason.value).strip() or None

        def answer() -> str:
            exchange = self._phone.allow(push) if allows else self._phone.reject(reason, push)
            word = "Allowed" if allows else "Rejected"
            said = word if exchange.status < 300 else "The tenant did not take it"
            return f"{said}: {exchange.outcome} (exchange {exchange.number})"

        self._do(row.allow_button if allows else row.reject_button, answer, "The phone answers")

    def _click_code(self, code: CodeLine | MessageLine) -> None:
        row = self._rows.get(code.id)
        if not isinstance(row, CodeRow):  # it has gone since the press
            return
        if row.shows:
            row.hide()
        else:
            self._do(row.code_button, lambda: "", "Reading the code", then=partial(self._draw_code, code))

    def _do(
        self, button: Button, act: Callable[[], str], doing: str, *, then: Callable[[Seen], None] | None = None
    ) -> None:
        def job() -> Coroutine[Any, Any, None]:
            self._doing, self._said = doing, ""
            return self._acting(act, then)

        self._begin(button, job, "phone")

    async def _acting(self, act: Callable[[], str], then: Callable[[Seen], None] | None) -> None:
        """Do what a button asks, then look at the phone, both on a thread."""
        try:
            said = await asyncio.to_thread(act)
            seen = await asyncio.to_thread(self._screen.look)
            self._show(seen)
            self._said = said or self._said
            if then is not None:
                then(seen)
        finally:
            self._doing = ""

    def _draw_code(self, code: CodeLine | MessageLine, seen: Seen) -> None:
        row, found = self._rows.get(code.id), code_in(seen, code.id)
        if not isinstance(row, CodeRow) or found is None:
            raise LabError("This code is not on the phone any more: show one that stands there now.")
        raw, seconds = found
        row.show(self._aliases.learn("otp", raw), seconds)

    def _answered(self, act: Callable[[], Any]) -> Any:
        with self._alone():
            try:
                return act()
            finally:
                self.refresh()

    # -- what is shown

    async def _tick(self) -> None:
        seen = await asyncio.to_thread(self._screen.glance)
        if not self._work.locked():
            self._show(seen)

    def _show(self, seen: Seen) -> None:
        before, self._card = self._card, PhoneView.of(seen, self._aliases)
        self._said = self._card.news(before) or self._said
        self._draw()

    def _draw(self) -> None:
        """Set the traits to what the card says; one that is as it was is not sent again."""
        card = self._card
        said = self._doing or self._screen.bars or self._said
        self._status.value = status_line("…" if self._doing else "●", said) if said else ""
        self._top.value, self._accounts.value = card.top_html(), card.accounts_html()
        is_idle, before, self._rows = self._worker is None, self._rows, {}
        self._mark(self.refresh_button, may_press=is_idle)
        for title, head, place in zip(SECTIONS, self._heads, self._places, strict=True):
            lines, head.value = card.lines_of(title), card.heading_html(title)
            rows = tuple(before.get(each.id) or self._new_row(each) for each in lines)
            for each, row in zip(lines, rows, strict=True):
                row.update(each)
                for button in row.buttons:
                    self._mark(button, may_press=is_idle and not self._screen.bars)
                self._rows[each.id] = row
            if place.children != rows:
                place.children = rows
        for name in before.keys() - self._rows.keys():
            closed(before[name])

    def _new_row(self, shown: Line) -> Any:
        if isinstance(shown, PushLine):
            allow, reject = (partial(self._click_answer, shown, allows=allows) for allows in (True, False))
            return PushRow(shown, self._button, allow=allow, reject=reject, may_answer=not self._screen.bars)
        place = RevealedText(at_home=self._at_home, now=self._now)
        return CodeRow(shown, self._button, place, press=partial(self._click_code, shown))


def _must_be_a_line(code: object) -> None:
    if code is not None and not isinstance(code, CodeLine | MessageLine):
        raise LabError("This is no code of the phone: pass a line of panel.card.codes or of panel.card.messages.")
