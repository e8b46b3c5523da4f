"""A live enrollment QR: a secret in pixels, drawn in the browser only while somebody wants to see it.

The picture goes to the front end as a message, not as a widget's trait: a trait is written into the notebook with saved
widget state, a message is not. No widget of ipywidgets draws from a message, so this one is made with anywidget.

A message that comes before the picture's place is on the page is lost. So the place says when it is there, also after
a reload of the page, and is sent what it should show.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from html import escape

import anywidget
import ipywidgets

from auth0_mfa_lab.show.panels_base import Panel
from auth0_mfa_lab.show.qr import qr_png

_DRAW = """
function render({ model, el }) {
  let url = null;
  let timer = null;
  const clear = () => {
    clearTimeout(timer);
    if (url) URL.revokeObjectURL(url);
    url = null;
    el.replaceChildren();
  };
  const receive = (message, buffers) => {
    clear();
    if (message.kind !== "show") return;
    url = URL.createObjectURL(new Blob([buffers[0]], { type: "image/png" }));
    const picture = document.createElement("img");
    picture.src = url;
    picture.alt = message.alt;
    el.append(picture);
    timer = setTimeout(clear, message.seconds * 1000);
  };
  model.on("msg:custom", receive);
  model.send({ kind: "ready" });
  return () => { model.off("msg:custom", receive); clear(); };
}
export default { render };
"""


class LivePicture(anywidget.AnyWidget):
    """Draws a picture that it is sent, and forgets it; its state never holds one."""

    _esm = _DRAW


class QrPanel(Panel):
    """The QR of a live enrollment: *Show* draws it, *Hide* or the end of its 5 minutes takes it away."""

    def __init__(
        self,
        uri: str,
        *,
        shown: str,
        ends_at: float,
        now: Callable[[], float],
        mask: Callable[[str], str],
        raise_failures: bool = False,
    ) -> None:
        """Hold `uri` in memory; `shown` is the URI masked, `ends_at` the instant in epoch seconds when it expires."""
        super().__init__(mask=mask, raise_failures=raise_failures)
        self._uri = uri
        self._shown = shown
        self._ends_at = ends_at
        self._now = now
        self._drawn = False
        self._expiry: asyncio.TimerHandle | None = None
        self._picture = LivePicture()
        self._picture.on_msg(lambda *_: self._at_home(self._place_is_there))
        self._status = ipywidgets.HTML()
        self._status.add_class("qr-status")
        self.show_button = self._button("Show", "Draw the QR: whoever sees it can enroll a phone", self.show)
        self.hide_button = self._button("Hide", "Take the QR away", self.hide)
        buttons = ipywidgets.HBox([self.show_button, self.hide_button])
        self.children = (buttons, self._status, self._failure, self._picture)
        self._say("hidden")

    def show(self) -> None:
        """Draw the QR in the browser for what is left of its time; say so when it has expired."""
        left = self._ends_at - self._now()
        if left <= 0:
            self._take_away("expired: enroll again")
            return
        self._drawn = True
        self._draw(left)
        if self._loop is not None:
            self._forget_expiry()
            self._expiry = self._loop.call_later(left, self._take_away, "expired: enroll again")
        self._say(f"shown, for {math.ceil(left / 60)} min at most: scan it with the Guardian app")

    def hide(self) -> None:
        """Take the QR away."""
        self._take_away("hidden")

    def static_html(self) -> str:
        """Return what stands in a saved notebook: the masked URI, and no picture."""
        return f"<div>{self._status.value}</div>"

    def __repr__(self) -> str:
        return f"QrPanel · {self._said} · {self._shown}"

    def _draw(self, seconds: float) -> None:
        """Send the picture; the browser takes it away by itself after these seconds, though the kernel be busy."""
        alt = "QR code of the enrollment: scan it with the Guardian app"
        self._picture.send({"kind": "show", "seconds": seconds, "alt": alt}, buffers=[qr_png(self._uri)])

    def _place_is_there(self) -> None:
        if self._drawn and (left := self._ends_at - self._now()) > 0:
            self._draw(left)

    def _take_away(self, said: str) -> None:
        self._drawn = False
        self._forget_expiry()
        self._picture.send({"kind": "hide"})
        self._say(said)

    def _forget_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _say(self, said: str) -> None:
        self._said = said
        self._status.value = (
            f'<div role="status" aria-live="polite" style="line-height:1.5"><b>QR {escape(said)}</b><br>'
            f'<code style="overflow-wrap:anywhere">{escape(self._shown)}</code></div>'
        )
