"""One secret as it is, on the page and nowhere else: asked for by its alias, gone after two minutes.

The value goes to the front end as a message, in its buffer, and only when its place says that it is on a page: no
widget's state, no output and no saved file has it, and a notebook that nobody looks at is never sent it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape

import anywidget
import ipywidgets

from auth0_mfa_lab.secret import Secret
from auth0_mfa_lab.show.panels_base import Panel
from auth0_mfa_lab.wire.aliases import Aliases

SHOWN_SECONDS = 120.0

_DRAW = """
function render({ model, el }) {
  let timer = null;
  const clear = () => { clearTimeout(timer); el.replaceChildren(); };
  const receive = (message, buffers) => {
    clear();
    if (message.kind !== "show") return;
    const value = document.createElement("pre");
    value.className = "revealed";
    value.setAttribute("aria-label", message.alt);
    value.style.cssText = "white-space:pre-wrap;overflow-wrap:anywhere;user-select:all;margin:4px 0;padding:6px;" +
      "border:1px dashed #c0392b";
    value.textContent = new TextDecoder().decode(buffers[0]);
    el.append(value);
    timer = setTimeout(clear, message.seconds * 1000);
  };
  model.on("msg:custom", receive);
  model.send({ kind: "ready" });
  return () => { model.off("msg:custom", receive); clear(); };
}
export default { render };
"""


class RevealedText(anywidget.AnyWidget):
    """Shows a text that it is sent, and forgets it; its state never holds one."""

    _esm = _DRAW


class RevealPanel(Panel):
    """One raw value: shown where a person looks, until *Hide* is pressed or two minutes are over."""

    def __init__(
        self,
        secret: Secret,
        *,
        mask: Callable[[str], str],
        raise_failures: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold `secret` in memory and send it to whatever place of this panel is on a page; `now` is in seconds."""
        super().__init__(mask=mask, raise_failures=raise_failures)
        self._secret = secret
        self._now = now
        self._ends_at = now() + SHOWN_SECONDS
        self._place = RevealedText()
        self._place.on_msg(lambda *_: self._at_home(self._place_is_there))
        self._status = ipywidgets.HTML()
        self._status.add_class("reveal-status")
        self.show_button = self._button("Show", "Show the value again", self.show)
        self.hide_button = self._button("Hide", "Take the value off the page", self.hide)
        buttons = ipywidgets.HBox([self.show_button, self.hide_button])
        self.children = (buttons, self._status, self._failure, self._place)
        said = (
            f"{secret.shown} is shown only on the page of a running notebook, for two minutes at most. "
            "No file, output or widget state has it: not even this notebook, when it is saved."
        )
        self._said = said
        self._status.value = f'<div style="line-height:1.5">{escape(said)}</div>'

    @classmethod
    def of(cls, alias: str, aliases: Aliases, *, raise_failures: bool) -> RevealPanel:
        """Return the panel of the secret with this alias; LabError for anything else, naming those that are near."""
        return cls(aliases.value_of(alias), mask=aliases.mask, raise_failures=raise_failures)

    def show(self) -> None:
        """Show the value, for two minutes from now."""
        self._ends_at = self._now() + SHOWN_SECONDS
        self._draw()

    def hide(self) -> None:
        """Take the value off every page."""
        self._ends_at = self._now()
        self._place.send({"kind": "hide"})

    def static_html(self) -> str:
        """Return what stands in a saved notebook: a sentence."""
        return f"<p>{escape(self._said)}</p>"

    def __repr__(self) -> str:
        return f"RevealPanel · {self._said}"

    def _place_is_there(self) -> None:
        if self._now() < self._ends_at:
            self._draw()

    def _draw(self) -> None:
        message = {"kind": "show", "seconds": self._ends_at - self._now(), "alt": self._secret.shown.strip("<>")}
        self._place.send(message, buffers=[bytes(self._secret.encode(errors="replace"))])
