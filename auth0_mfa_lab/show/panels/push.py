"""The poll and the phone in one panel: the application's side of a push, and the person's."""

from __future__ import annotations

from typing import Any

import ipywidgets

from auth0_mfa_lab.clock import LabClock
from auth0_mfa_lab.polling import PollRun
from auth0_mfa_lab.show.panels.phone import OwnPhonePanel, PhonePanel
from auth0_mfa_lab.show.panels.poll import PollPanel


class PushPanel(PollPanel):
    """A poll's panel with the phone's beside it, or below it on a narrow page; `phone` has the phone's methods.

    The rows of the poll stand below the phone there: however many come, *Allow* stays where it is.
    """

    def __init__(self, run: PollRun, *, phone: PhonePanel | OwnPhonePanel, clock: LabClock, **shared: Any) -> None:
        super().__init__(run, clock=clock, **shared)
        self.phone = phone
        *poll, rows, presence = self.children
        parts = {"push-poll": poll, "push-phone": [phone], "push-polls": [rows]}
        both = ipywidgets.Box([ipywidgets.VBox(inside).add_class(name) for name, inside in parts.items()])
        self.children = (both.add_class("push-both"), presence)
        self.add_class("auth0-mfa-push")

    def end(self) -> None:
        super().end()
        self.phone.end()

    def static_html(self) -> str:
        poll = f'<div style="flex:1 1 400px;min-width:0">{super().static_html()}</div>'
        shown = self.phone.static_html() + self.phone._failure.value
        phone = f'<div style="flex:1 1 300px;min-width:0;max-width:440px">{shown}</div>'
        return f'<div style="display:flex;flex-wrap:wrap;gap:0 24px;align-items:flex-start">{poll}{phone}</div>'

    def __repr__(self) -> str:
        poll, phone = (said.partition(" · ")[2] for said in (super().__repr__(), repr(self.phone)))
        return f"PushPanel · {poll} · {phone}"
