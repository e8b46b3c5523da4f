"""Raw values on the page and nowhere else: one secret that is asked for by its alias, and one command to copy."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape
from typing import Any

from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.html import line
from auth0_mfa_lab.show.panels.panel import OnPage, Panel, Place, html, row
from auth0_mfa_lab.show.sentences import Sentence

SHOWN_SECONDS = 120.0
_REMARKS = {
    "live": " The tenant is live: people's data are in the command, too.",
    "sandbox": " This sandbox is in the kernel alone and answers no curl: `auth0-mfa-lab serve` opens one that does.",
}


class RevealPanel(Panel):
    """One raw value: shown where a person looks, until *Hide* is pressed or two minutes are over."""

    def __init__(self, secret: Secret, *, now: Callable[[], float] = time.monotonic, **shared: Any) -> None:
        """Hold `secret` in memory and send it to whatever place of this panel is on a page; `now` is in seconds."""
        super().__init__(**shared)
        self._secret, self._place = secret, Place(self, now)
        self._said = (
            f"{secret.shown} is shown only on the page of a running notebook, for two minutes at most. "
            "No file, output or widget state has it: not even this notebook, when it is saved."
        )
        said = html("reveal-status", self.static_html())
        self.show_button = self._button("Show", "Show the value again", self.show)
        self.hide_button = self._button("Hide", "Take the value off the page", self._place.hide)
        self.children = (row(self.show_button, self.hide_button), said, self._failure, self._place, self._presence)
        self.show()

    def show(self) -> None:
        """Show the value, for two minutes from now."""
        self._place.show(self._secret, SHOWN_SECONDS)

    def hide(self) -> None:
        """Take the value off every page."""
        self._place.hide()

    def static_html(self) -> str:
        """Return what stands in a saved notebook: a sentence."""
        return line(self._said)

    def __repr__(self) -> str:
        return f"RevealPanel · {self._said}"


class CopyPanel(Panel):
    """One request as a masked curl command, and a button that copies it with its raw values."""

    def __init__(self, command: Secret, *, masked: str, name: str, tenant: str, **shared: Any) -> None:
        """Hold `command` in memory; `masked` is it as it may be shown, `name` the request's in a line, masked too."""
        super().__init__(**shared)
        self._command, self._masked, self._name = command, masked, " ".join(name.split())
        self._said = (
            "Copy runnable copies this command with its raw secrets, on the page of a running notebook. "
            f"No file, output or widget state has them.{_REMARKS.get(tenant, '')}"
        )
        label = f"Copy runnable: {self._name} as a curl command with its raw secrets"
        self._place = OnPage(role="copy", label=label)
        self._place.on_msg(lambda _, content, __: self.at_home(lambda: self._answer(content)))
        self.children = (html("", self.static_html()), self._place, self._failure, self._presence)

    def copy(self) -> Sentence:
        """Say why nothing is copied: only a press on a page fills a clipboard."""
        return Sentence(
            "Nothing was copied: a browser fills its clipboard only for a press. Open the notebook in JupyterLab, run "
            "the panel's cell, press Copy runnable."
        )

    def static_html(self) -> str:
        """Return what stands in a saved notebook: the masked command, and a sentence."""
        style = "white-space:pre-wrap;overflow-wrap:anywhere"
        return f'<pre style="{style}">{escape(self._masked)}</pre>{line(self._said)}'

    def __repr__(self) -> str:
        return f"CopyPanel · {self._name} · {self._said}"

    def _answer(self, content: Any) -> None:
        """Send the command to the place that was pressed; another page of this kernel drops it."""
        press = content.get("press") if isinstance(content, dict) and content.get("kind") == "copy" else None
        if isinstance(press, str):
            self._place.send({"kind": "copy", "press": press}, buffers=[bytes(self._command.encode())])
