"""A virtual phone as a phone, with *Allow* and *Reject* beside each push; or what to do on one's own.

A code is drawn on the page alone, by a message, and only when its button is pressed. A panel looks again each second
while a page shows it, on a thread, and moves no clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import ipywidgets

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.cards import status_line
from auth0_mfa_lab.show.panels.panel import Button, Panel, Place, html
from auth0_mfa_lab.show.phone import BOTTOM_HTML, EDGE, SECTIONS, WIDTH, Guide, Line, PhoneView, Screen, what_now
from auth0_mfa_lab.wire.journal import Journal


class Row(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A line of the phone with its buttons: a push has two and a reason, a code one and the place where it is drawn."""

    buttons: tuple[Button, ...] = ()
    place: Place | None = None
    reason: ipywidgets.Text | None = None

    def __init__(self, line: Line) -> None:
        """Show a line that has nothing to press."""
        self.line, self.text = line, html()
        super().__init__((self.text,))

    def update(self, line: Line) -> None:
        """Show the line as it is now; a code that is another one than before is not drawn any more."""
        was, self.line, self.text.value = self.line, line, line.html
        if self.place is not None:
            if was.code != line.code:
                self.place.hide()
            # One button with two names keeps the focus of whoever presses it by keyboard.
            self.buttons[0].description = "Hide code" if self.place.shows else "Show code"


class PhonePanel(Panel):
    """A virtual phone with a method for each button: `allow`, `reject`, `show_code`, `hide_code`, `refresh`."""

    _is_at_work = "The phone is at work already: wait until it has answered."
    _ticks = True
    _doing = _said = ""

    def __init__(
        self,
        screen: Screen,
        phone: Any,
        *,
        mask: Callable[[str], str],
        raise_failures: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Show what is on `screen`, and answer with the lab's `phone`; `now` is in real seconds, for drawing a code."""
        super().__init__(mask=mask, raise_failures=raise_failures)
        self._screen, self._phone, self._now = screen, phone, now
        self._rows: dict[str, Row] = {}
        self._status, self._top, self._accounts = map(html, ("phone-status", "phone-top", "phone-accounts"))
        self._sections = [(html(), ipywidgets.VBox(layout={"width": "auto", "margin": "0"})) for _ in SECTIONS]
        again, wide = (lambda: self._acting("Looking at the phone")), {"width": "auto", "margin": "12px 2px 2px"}
        self.refresh_button = self._button("Refresh", "Look at the phone again", again, works=True, layout=wide)
        sections = [each for pair in self._sections for each in pair]
        body = ipywidgets.VBox([self._status, self._failure, self._accounts, *sections, self.refresh_button])
        sides = {"border_left": EDGE, "border_right": EDGE, "padding": "0 12px"}
        body.layout = {"width": "auto", "max_width": WIDTH, "margin": "0", **sides}
        bottom = html()
        bottom.value = BOTTOM_HTML
        self.children = (self._top, body, bottom, self._presence)
        self.card = self._screen.look()
        """What is shown: texts without a secret, codes as Secrets."""
        self._draw()

    def refresh(self) -> None:
        """Look at the phone now; each code on it has an alias from then on."""
        self._show(self._screen.look())

    def allow(self, push: Any = None) -> Any:
        """Allow a push, the newest unless one of `card.pushes` is named, and return the phone's exchange."""
        with self._alone(then=self.refresh):
            return self._phone.allow(push)

    def reject(self, reason: str | None = None, push: Any = None) -> Any:
        """Reject a push like that, with a reason or without, and return the phone's exchange."""
        with self._alone(then=self.refresh):
            return self._phone.reject(reason, push)

    def show_code(self, code: Line | None = None) -> None:
        """Draw a code on the page: that of a line of `card`, or else of the account that was scanned last.

        Raises LabError when it is not on the phone (any more), and on a recording, whose codes are stand-ins.
        """
        with self._alone():
            if self._screen.bars:
                raise LabError(self._screen.bars)
            _must_have_a_code(code)
            self.refresh()
            if code is None and not self.card.codes:
                raise LabError("No code is on the phone: it shows one when it has scanned a barcode_uri.")
            self._draw_code((code or self.card.codes[-1]).id)

    def hide_code(self, code: Line | None = None) -> None:
        """Take a code off the page, or else every code; LabError for what is no line of `card` with a code."""
        _must_have_a_code(code)
        for row in self._rows.values():
            if row.place is not None and (code is None or code.id == row.line.id):
                row.place.hide()
                row.update(row.line)

    async def done(self) -> None:
        """Wait until what a button began is finished."""
        await self._finished()

    def static_html(self) -> str:
        """Return the phone as HTML without widgets."""
        return self.card.html()

    def __repr__(self) -> str:
        return f"PhonePanel · {self.card.text()}"

    # -- what is pressed

    def _answering(self, row: Row, verb: str) -> Coroutine[Any, Any, None]:
        reason = (str(row.reason.value).strip() if row.reason else "") or None

        def answer() -> str:
            exchange = self._phone.allow(row.line) if verb == "Allow" else self._phone.reject(reason, row.line)
            said = f"{verb}ed" if exchange.status < 300 else "The tenant did not take it"
            return f"{said}: {exchange.outcome} (exchange {exchange.number})"

        return self._acting("The phone answers", answer)

    def _press_code(self, row: Row) -> None:
        if row.place is not None and row.place.shows:
            self.hide_code(row.line)
        else:
            self._begin(row.buttons[0], lambda: self._acting("Reading the code", draws=row.line.id))

    def _acting(
        self, doing: str, act: Callable[[], str] | None = None, *, draws: str = ""
    ) -> Coroutine[Any, Any, None]:
        """Return a button's work: it acts, then looks at the phone, both on a thread; `draws` is a line's id."""
        self._doing, self._said = doing, ""

        async def acts() -> None:
            try:
                said = await asyncio.to_thread(act) if act else ""
                self._show(await asyncio.to_thread(self._screen.look))
                self._said = said or self._said
                if draws:
                    self._draw_code(draws)
            finally:
                self._doing = ""

        return acts()

    def _draw_code(self, name: str) -> None:
        row = self._rows.get(name)
        if row is None or row.place is None or row.line.code is None:
            raise LabError("This code is not on the phone any more: show one that stands there now.")
        row.place.show(row.line.code, row.line.seconds)
        row.update(row.line)

    # -- what is shown

    async def _tick(self) -> None:
        card = await asyncio.to_thread(self._screen.glance)
        if not self._work.locked():
            self._show(card)

    def _show(self, card: PhoneView) -> None:
        before, self.card = self.card, card
        self._said = card.news(before) or self._said
        self._draw()

    def _draw(self) -> None:
        """Set the traits to what the card says; one that is as it was is not sent again."""
        said = self._doing or self._screen.bars or self._said
        self._status.value = status_line("…" if self._doing else "●", said) if said else ""
        self._top.value, self._accounts.value = self.card.top_html(), self.card.accounts_html()
        before, self._rows = self._rows, {}
        self._mark(self.refresh_button, may_press=self._worker is None)
        for title, (head, place) in zip(SECTIONS, self._sections, strict=True):
            head.value, lines = self.card.section(title)
            for each in lines:
                row = self._rows[each.id] = before.pop(each.id) if each.id in before else self._row_of(each, title)
                row.update(each)
                self._mark(*row.buttons, may_press=self._worker is None and not self._screen.bars)
            rows = tuple(self._rows[each.id] for each in lines)
            if place.children != rows:
                place.children = rows
        for gone in before.values():
            self._mark(*gone.buttons, may_press=False)  # a press that is on its way does nothing any more
            _close(gone)

    def _row_of(self, line: Line, section: str) -> Row:
        row = Row(line)
        if section == "Pushes":
            wide = {"flex": "1 1 96px", "width": "auto", "min_width": "96px"}
            allow, reject = row.buttons = tuple(
                self._button(name, f"{name}: {line.said}", partial(self._answering, row, name), works=True, layout=wide)
                for name in ("Allow", "Reject")
            )
            row.reason = ipywidgets.Text(
                description="Reason",
                placeholder="optional",
                disabled=bool(self._screen.bars),
                tooltip="Why it is rejected: it goes with Reject",
                style={"description_width": "auto"},
                layout={"flex": "1 1 160px", "width": "auto", "min_width": "160px"},
            )
            wraps = {"flex_flow": "row wrap", "width": "auto", "align_items": "center"}
            row.children = (row.text, ipywidgets.HBox([allow, row.reason, reject], layout=wraps))
        elif line.code is not None:
            tooltip = f"Show or hide the code of {line.whose}, on this page alone"
            beside = {"width": "120px", "align_self": "flex-start"}
            row.buttons = (self._button("Show code", tooltip, partial(self._press_code, row), layout=beside),)
            row.place = Place(at_home=self._at_home, now=self._now)
            row.children = (row.text, row.buttons[0], row.place)
        return row


class OwnPhonePanel(Panel):
    """What to do on one's own phone now; it reads the journal, and sends nothing to anybody."""

    _has_buttons = False
    _ticks = True

    def __init__(self, journal: Journal, *, now: Callable[[], float], raise_failures: bool = False) -> None:
        """Follow `journal`; `now` is the lab's time in epoch seconds."""
        super().__init__(mask=journal.aliases.mask, raise_failures=raise_failures)
        self._journal, self._now = journal, now
        self._text, self._time = html("phone-steps"), html("phone-time")
        self.children = (self._text, self._time, self._failure, self._presence)
        self.refresh()

    def refresh(self) -> None:
        """Read the journal again."""
        self.guide: Guide = what_now(self._journal)
        self._text.value, self._time.value = self.guide.html(), self.guide.time_html(self._now())

    def static_html(self) -> str:
        """Return the steps as HTML without widgets."""
        return f"<div>{self.guide.html()}{self.guide.time_html(self._now())}</div>"

    def __repr__(self) -> str:
        return f"PhonePanel · your own phone · {self.guide.headline}"

    async def _tick(self) -> None:
        self.refresh()


def _must_have_a_code(line: object) -> None:
    if line is not None and not (isinstance(line, Line) and line.code):
        raise LabError("This is no code of the phone: pass a line of panel.card.codes or of panel.card.messages.")


def _close(widget: ipywidgets.Widget) -> None:
    """Close a widget with all that is in it."""
    for each in getattr(widget, "children", ()):
        _close(each)
    widget.close()
