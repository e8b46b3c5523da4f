"""A virtual phone as a phone, with *Allow* and *Reject* beside each push; or what to do on one's own.

A code is drawn on the page alone, when its button is pressed. A look at the phone is on a thread, and moves no clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.html import status_line
from auth0_mfa_lab.show.panels.panel import Button, Panel, Place, html
from auth0_mfa_lab.show.phone import BOTTOM_HTML, EDGE, WIDTH, Line, PhoneView, what_now
from auth0_mfa_lab.wire.exchange import Exchange
from auth0_mfa_lab.wire.journal import Journal


class Row(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A line of the phone with its buttons: a push has two and a reason, a code one and the place where it is drawn."""

    line: Line
    place: Place
    text: ipywidgets.HTML
    buttons: tuple[Button, ...] = ()
    reason: ipywidgets.Text | None = None

    def update(self, line: Line, *, shows: bool | None = None) -> None:
        """Show the line as it is now, and draw its code or take it off; another code than before is not drawn."""
        if shows is not None or self.line.code != line.code:
            self.place.hide()
        if line.code is not None:
            if shows:
                self.place.show(line.code, line.seconds)
            # One button with two names keeps the keyboard's focus.
            self.buttons[0].description = "Hide code" if self.place.shows else "Show code"
        self.line, self.text.value = line, line.html


class PhonePanel(Panel):
    """A virtual phone with a method for each button: `allow`, `reject`, `show_code`, `hide_code`, `refresh`."""

    _ticks = True
    _said = ""

    def __init__(self, look: Callable[[bool], PhoneView], phone: Any, *, bars: str = "", **shared: Any) -> None:
        """Show what `look` sees, told whether codes get aliases; `bars` says why nothing can be pressed."""
        super().__init__(**shared)
        self._look, self._phone, self._bars = look, phone, bars
        self._rows: dict[str, Row] = {}
        self.card = look(True)
        self._status, self._top = html("phone-status"), html("phone-top")
        doing = "Looking at the phone"
        self.refresh_button = self._button("Refresh", "Look at the phone again", self._look_again, doing=doing)
        self._sections = [(html(), ipywidgets.VBox()) for _ in self.card.sections]
        inside = [self._status, self._failure, *(each for pair in self._sections for each in pair)]
        sides = {"border_left": EDGE, "border_right": EDGE, "max_width": WIDTH}
        body = ipywidgets.VBox([*inside, self.refresh_button], layout=sides).add_class("phone-body")
        self.children = (self._top, body, html("", BOTTOM_HTML), self._presence)
        self._draw()

    def refresh(self) -> None:
        """Look at the phone now; each code on it has an alias from then on."""
        self._draw(self._look(True))

    def allow(self, push: Any = None) -> Any:
        """Allow a push, the newest unless one of `card.pushes` is named, and return the phone's exchange."""
        with self._alone(then=self.refresh):
            return self._phone.allow(push)

    def reject(self, reason: str | None = None, push: Any = None) -> Any:
        """Reject a push like that, with a reason or without, and return the phone's exchange."""
        with self._alone(then=self.refresh):
            return self._phone.reject(reason, push)

    def show_code(self, code: Line | None = None) -> None:
        """Draw a code on the page: that of a line of `card`, or of the account that was scanned last.

        LabError when it is not on the phone (any more), and on a recording, whose codes are stand-ins.
        """
        with self._alone():
            if self._bars:
                raise LabError(self._bars)
            self.refresh()
            self._turn(code or next(reversed(self.card.codes), None), shows=True)

    def hide_code(self, code: Line | None = None) -> None:
        """Take a code off the page, or else every code; LabError when it is not on the phone (any more)."""
        for each in [row.line for row in self._rows.values() if row.line.code] if code is None else [code]:
            self._turn(each, shows=False)

    def static_html(self) -> str:
        return self.card.html()

    def __repr__(self) -> str:
        return f"PhonePanel · {self.card.text()}"

    async def _answer(self, row: Row, verb: str) -> None:
        reason = (row.reason and str(row.reason.value).strip()) or None
        act = partial(self._phone.allow, row.line) if verb == "Allow" else partial(self._phone.reject, reason, row.line)
        exchange: Exchange = await asyncio.to_thread(act)
        await self._look_again()
        said = f"{verb}ed" if (exchange.status or 0) < 300 else "The tenant did not take it"
        self._said = f"{said}: {exchange.outcome} (exchange {exchange.number})"

    async def _press_code(self, row: Row) -> None:
        shows = not row.place.shows
        if shows:
            await self._look_again()
        self._turn(row.line, shows=shows)

    async def _look_again(self) -> None:
        self._said = ""
        self._draw(await asyncio.to_thread(self._look, True))

    def _turn(self, code: Line | None, *, shows: bool) -> None:
        """Draw a code, or take it off; LabError when it is not on the phone."""
        row = self._rows.get(getattr(code, "id", ""))
        if row is None or row.line.code is None:
            raise LabError("This code is not on the phone (any more): pass a line of panel.card.codes or .messages.")
        row.update(row.line, shows=shows)

    async def _tick(self) -> None:
        card = await asyncio.to_thread(self._look, False)
        if not self._work.locked():
            self._draw(card)

    def _draw(self, card: PhoneView | None = None) -> None:
        if card is not None:
            self._said, self.card = card.news(self.card) or self._said, card
        said, may_press = self._doing or self._bars or self._said, self._worker is None
        mark = "…" if self._doing else "✓" if said.startswith("Allowed") else ""
        self._status.value = status_line(mark, said, tone="good" if mark == "✓" else None) if said else ""
        self._top.value = self.card.top
        gone, self._rows = self._rows, {}
        for (head, lines), (title, place) in zip(self.card.sections, self._sections, strict=True):
            title.value = head
            for each in lines:
                row = self._rows[each.id] = gone.pop(each.id) if each.id in gone else self._row_of(each)
                row.update(each)
                self._mark(*row.buttons, may_press=may_press and not self._bars)
            place.children = tuple(self._rows[each.id] for each in lines)
        for row in gone.values():
            self._mark(*row.buttons, may_press=False)  # a press that is on its way does nothing any more
            _close(row)
        self._mark(self.refresh_button, may_press=may_press)  # the last: with it, all are ready on the page

    def _row_of(self, line: Line) -> Row:
        row = Row()
        row.add_class("phone-row")
        row.line, row.place, row.text = line, Place(self), html()
        row.children = (row.text,)
        if line in self.card.pushes:
            style, about = {"description_width": "auto"}, "Why it is rejected: it goes with Reject"
            text = {"description": "Reason", "placeholder": "optional", "tooltip": about, "disabled": bool(self._bars)}
            row.reason = ipywidgets.Text(**text, style=style)
            button, verbs = partial(self._button, doing="The phone answers"), ("Allow", "Reject")
            row.buttons = tuple(
                button(each, f"{each}: {line.said}", partial(self._answer, row, each)) for each in verbs
            )
            inside = [row.buttons[0], row.reason, row.buttons[1]]
            row.children = (row.text, ipywidgets.HBox(inside).add_class("phone-push"))
        elif line.code is not None:
            about, press = f"Show or hide the code of {line.whose}, on this page alone", partial(self._press_code, row)
            row.buttons = (self._button("", about, press, doing="Reading the code"),)
            row.children = (row.text, *row.buttons, row.place)
        return row


class OwnPhonePanel(Panel):
    """What to do on one's own phone now; it reads the journal, and sends nothing."""

    _has_buttons = False
    _ticks = True

    def __init__(self, journal: Journal, **shared: Any) -> None:
        super().__init__(**shared)
        self._journal, self._text = journal, html("phone-steps")
        self.children = (self._text, self._failure, self._presence)
        self.refresh()

    def refresh(self) -> None:
        """Read the journal again."""
        self.guide = what_now(self._journal)
        self._text.value = self.guide.html()

    def static_html(self) -> str:
        return f"<div>{self._text.value}</div>"

    def __repr__(self) -> str:
        return f"PhonePanel · your own phone · {self.guide.headline}"

    async def _tick(self) -> None:
        self.refresh()


def _close(widget: ipywidgets.Widget) -> None:
    """Close a widget with all that is in it."""
    for each in getattr(widget, "children", ()):
        _close(each)
    widget.close()
