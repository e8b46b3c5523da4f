"""The rows of a phone's panel: a push with its Allow and Reject, a code with the button that draws it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.panels.buttons import Button
from auth0_mfa_lab.show.panels.reveal import RevealedText
from auth0_mfa_lab.show.phone import CodeLine, MessageLine, PushLine

Act = Callable[[], None]
MakesButton = Callable[[str, str, Act], Button]


class PushRow(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """One push that waits: Allow, and Reject with a reason or without."""

    def __init__(self, push: PushLine, button: MakesButton, *, allow: Act, reject: Act, may_answer: bool) -> None:
        """Show `push`; `button` makes a button of the panel."""
        super().__init__()
        self._text = _text()
        self.allow_button = button("Allow", f"Allow: {push.said}", allow)
        self.reject_button = button("Reject", f"Reject: {push.said}", reject)
        self.reason = ipywidgets.Text(
            description="Reason",
            placeholder="optional",
            disabled=not may_answer,
            tooltip="Why it is rejected: it goes with Reject",
            style={"description_width": "auto"},
            layout=_wide("160px"),
        )
        self.buttons = (self.allow_button, self.reject_button)
        for each in self.buttons:
            each.layout = _wide("96px")
        acts = ipywidgets.HBox([self.allow_button, self.reason, self.reject_button], layout=_wrapping())
        self.children = (self._text, acts)

    def update(self, push: PushLine) -> None:
        """Show the push as it is now."""
        self._text.value = push.html()


class CodeRow(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A code under its alias, or a message with one, and a button that draws the code on the page alone."""

    def __init__(self, shown: CodeLine | MessageLine, button: MakesButton, place: RevealedText, *, press: Act) -> None:
        """Show a line, and draw its code in `place` when its button is pressed."""
        super().__init__()
        self._text = _text()
        self._place = place
        self._line = shown
        whose = shown.label if isinstance(shown, CodeLine) else f"the {shown.channel} to {shown.address}"
        self.code_button = button("Show code", f"Show or hide the code of {whose}, on this page alone", press)
        self.code_button.layout = ipywidgets.Layout(width="120px", align_self="flex-start")
        self.buttons = (self.code_button,)
        self.children = (self._text, self.code_button, place) if shown.alias else (self._text,)

    @property
    def shows(self) -> bool:
        """Whether the code is drawn."""
        return self._place.shows

    def show(self, secret: Secret, seconds: float) -> None:
        """Draw the code for these seconds at most."""
        self._place.show(secret, seconds)
        self._name()

    def hide(self) -> None:
        """Take the code off the page."""
        self._place.hide()
        self._name()

    def update(self, line: CodeLine | MessageLine) -> None:
        """Show the line as it is now; a code that is another one than before is not drawn any more."""
        if self._place.shows and _is_another(self._line, line):
            self._place.hide()
        self._line = line
        self._text.value = line.html()
        self._name()

    def _name(self) -> None:
        # One button with two names keeps the focus of whoever presses it by keyboard.
        self.code_button.description = "Hide code" if self._place.shows else "Show code"


def closed(row: ipywidgets.Widget) -> None:
    """Close a row with all that is in it."""
    for each in getattr(row, "children", ()):
        closed(each)
    row.close()


def _is_another(before: CodeLine | MessageLine, now: CodeLine | MessageLine) -> bool:
    if isinstance(before, CodeLine) and isinstance(now, CodeLine):
        return before.ends_at != now.ends_at
    # The alias of a message's code may have come in the meantime, and it is the same code.
    return before.id != now.id


def _text() -> ipywidgets.HTML:
    return ipywidgets.HTML(layout=ipywidgets.Layout(width="auto", margin="0"))


def _wide(least: str) -> ipywidgets.Layout:
    return ipywidgets.Layout(flex=f"1 1 {least}", width="auto", min_width=least)


def _wrapping() -> ipywidgets.Layout:
    return ipywidgets.Layout(flex_flow="row wrap", width="auto", align_items="center")
