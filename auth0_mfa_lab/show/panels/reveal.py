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

from auth0_mfa_lab.secrets.aliases import Aliases
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.panels.base import Panel

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
    """A place on the page for one secret, for some seconds; its state never holds one."""

    _esm = _DRAW

    def __init__(self, *, at_home: Callable[[Callable[[], None]], None], now: Callable[[], float]) -> None:
        """Draw nothing yet; `at_home` brings a message of the page's to its panel's loop, `now` is in seconds."""
        super().__init__()
        self._held: Secret | None = None
        self._ends_at = 0.0
        self._now = now
        self.on_msg(lambda *_: at_home(self._is_there))

    @property
    def shows(self) -> bool:
        """Whether a secret is to be seen, where the place is on a page."""
        return self._held is not None and self._now() < self._ends_at

    def hold(self, secret: Secret, seconds: float) -> None:
        """Draw a secret as soon as the place is on a page, for these seconds at most."""
        self._held, self._ends_at = secret, self._now() + seconds

    def show(self, secret: Secret, seconds: float) -> None:
        """Draw a secret now, and on a page that comes later, for these seconds at most."""
        self.hold(secret, seconds)
        self._draw(secret)

    def hide(self) -> None:
        """Take the secret off every page, and forget it."""
        self._held = None
        self.send({"kind": "hide"})

    def _is_there(self) -> None:
        if self._held is not None and self.shows:
            self._draw(self._held)

    def _draw(self, secret: Secret) -> None:
        message = {"kind": "show", "seconds": self._ends_at - self._now(), "alt": secret.shown.strip("<>")}
        self.send(message, buffers=[bytes(secret.encode(errors="replace"))])


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
        self._place = RevealedText(at_home=self._at_home, now=now)
        self._place.hold(secret, SHOWN_SECONDS)
        self._status = ipywidgets.HTML()
        self._status.add_class("reveal-status")
        self.show_button = self._button("Show", "Show the value again", self.show)
        self.hide_button = self._button("Hide", "Take the value off the page", self.hide)
        buttons = ipywidgets.HBox([self.show_button, self.hide_button])
        self.children = (buttons, self._status, self._failure, self._place, self._presence)
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
        self._place.show(self._secret, SHOWN_SECONDS)

    def hide(self) -> None:
        """Take the value off every page."""
        self._place.hide()

    def static_html(self) -> str:
        """Return what stands in a saved notebook: a sentence."""
        return f"<p>{escape(self._said)}</p>"

    def __repr__(self) -> str:
        return f"RevealPanel · {self._said}"
