"""The buttons of a panel, and what a panel does in the browser: where a press leaves the focus, and what a key does.

A button that may not be pressed is never `disabled`: a disabled element drops the focus, and then JupyterLab hears no
key any more. It has a class instead, from which the page makes `aria-disabled` or `aria-busy`.
"""

from __future__ import annotations

import anywidget
import ipywidgets

PANEL = "auth0-mfa-panel"
OFF = "auth0-mfa-off"
BUSY = "auth0-mfa-busy"

# As specific as the rules of ipywidgets for a button under the pointer or with the focus.
_STYLE = f"""
.{PANEL} .jupyter-button[aria-disabled="true"] {{
  cursor: not-allowed;
  opacity: 0.6;
  box-shadow: none;
  transition: opacity 0s 0.15s;  /* what takes less time does not flicker */
}}
.{PANEL} .jupyter-button[aria-busy="true"] {{
  cursor: progress;
  box-shadow: inset 0 -3px var(--jp-brand-color1, #1976d2);
  transition: box-shadow 0s 0.15s;
}}
/* JupyterLab anchors the page to the selected cell; a panel that grows would move from under the pointer. */
.jp-Notebook .jp-Cell:has(.{PANEL}) {{
  overflow-anchor: auto;
}}
"""
_MIND = """
function render({ model, el }) {
  const listening = new AbortController();
  const observer = new MutationObserver(changed);
  let frame = 0;
  let root = null;  // the panel
  let began = null;  // the button that took the first click of a series
  let focused = null;

  const buttonOf = (node) => (root.contains(node) ? node.closest("button") : null);
  const isOff = (button) => button.matches('[aria-disabled="true"], [aria-busy="true"]');
  const stop = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };

  function nextCell() {
    let next = root.closest(".jp-Notebook .jp-Cell")?.nextElementSibling;
    while (next && !(next.matches(".jp-Cell") && next.getClientRects().length)) next = next.nextElementSibling;
    return next;
  }

  function clicked(event) {
    const button = buttonOf(event.target);
    if (event.detail < 2) began = button;
    // A double click is one press: its second half may fall on a row that has slid under the pointer.
    if (button && (event.detail > 1 || isOff(button))) stop(event);
    // A press by keyboard has no detail, and keeps the focus.
    if (began && event.detail > 0) nextCell()?.focus({ preventScroll: true });
  }

  function keyPressed(event) {
    if (event.key !== "Enter" || !root.contains(event.target)) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const notebook = root.closest(".jp-Notebook");
    if (event.shiftKey && notebook) {
      stop(event);  // JupyterLab would run the panel's own cell again
      const next = nextCell();
      if (next) next.focus();
      else notebook.querySelector(".jp-Notebook-footer")?.click();  // makes a cell, as Shift+Enter does in the last one
    } else if (event.repeat && buttonOf(event.target)) {
      stop(event);  // a key that is held down is one press
    }
  }

  function changed() {
    for (const button of root.querySelectorAll("button")) {
      const isDisabled = button.classList.contains("OFF");
      button.setAttribute("aria-busy", button.classList.contains("BUSY"));
      button.setAttribute("aria-disabled", isDisabled);
      button.tabIndex = isDisabled ? -1 : 0;
    }
    if (focused && !root.contains(focused)) {  // its row is gone
      focused = null;
      const last = [...root.querySelectorAll("button")].at(-1);
      if (document.activeElement === document.body) last?.focus({ preventScroll: true });
    }
  }

  function begin() {
    root = el.closest(".PANEL");
    if (!root) {  // not on the page yet
      frame = requestAnimationFrame(begin);
      return;
    }
    const { signal } = listening;
    // Before anything else on the page hears of it.
    window.addEventListener("click", clicked, { capture: true, signal });
    window.addEventListener("keydown", keyPressed, { capture: true, signal });
    root.addEventListener("focusin", (event) => { focused = event.target; }, { signal });
    // Without a successor it may be that the focused element is being removed.
    root.addEventListener("focusout", (event) => { if (event.relatedTarget) focused = null; }, { signal });
    observer.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
    changed();
  }

  begin();
  model.send({ kind: "ready" });
  return () => { cancelAnimationFrame(frame); listening.abort(); observer.disconnect(); };
}
export default { render };
"""


class Button(ipywidgets.Button):  # type: ignore[misc]  # ipywidgets ships no types
    """A button that keeps the focus while it may not be pressed."""

    @property
    def is_off(self) -> bool:
        """Whether there is nothing to press it for."""
        return OFF in self._dom_classes

    @property
    def is_busy(self) -> bool:
        """Whether what it was pressed for is under way."""
        return BUSY in self._dom_classes

    def mark(self, *, off: bool, busy: bool) -> None:
        """Show that it is off, or busy; a page is told only of a change."""
        for name, wanted in ((OFF, off), (BUSY, busy)):
            if wanted:
                self.add_class(name)
            else:
                self.remove_class(name)


class Presence(anywidget.AnyWidget):
    """Says when its panel is on a page, and minds the focus and the keys there; it draws nothing."""

    _esm = _MIND.replace("PANEL", PANEL).replace("OFF", OFF).replace("BUSY", BUSY)
    _css = _STYLE

    def __init__(self) -> None:
        """Take no room."""
        super().__init__(layout=ipywidgets.Layout(display="none"))
