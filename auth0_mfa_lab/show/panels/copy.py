"""One request as a command that runs: copied with its raw values by a press on a page, and shown nowhere.

The command goes to the front end as a message, in its buffer, as the answer to a press; it names the press, and only
the place that was pressed takes it. No widget's state, no output and no saved file has it.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import anywidget
import ipywidgets
import traitlets

from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.show.panels.base import Panel
from auth0_mfa_lab.show.sentences import Told

_DRAW = """
const SECONDS = 10;
const COPIED = "Copied: this command holds raw secrets";
const REFUSED = "Not copied: the browser keeps this page from the clipboard. Allow it for this page, and press again.";
const SILENT = "Not copied: the kernel does not answer. It is busy or has ended: press again when it is idle.";

function copiedByHand(text) {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("aria-hidden", "true");
  area.style.cssText = "position:fixed;top:0;left:0;width:1px;height:1px;opacity:0";
  document.body.append(area);
  try {
    area.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.value = "";
    area.remove();
    before?.focus();
  }
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {  // no clipboard on a page without TLS, or it was refused
    return copiedByHand(text);
  }
}

function render({ model, el }) {
  let press = null;
  let timer = null;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy-runnable lm-Widget jupyter-widgets jupyter-button widget-button";
  button.textContent = "Copy runnable";
  button.title = "Copy the command with its raw values";
  button.setAttribute("aria-label", model.get("label"));
  // Otherwise JupyterLab takes Enter for a key of its own.
  button.setAttribute("data-lm-suppress-shortcuts", "true");
  const status = document.createElement("div");
  status.className = "copy-status";
  status.setAttribute("role", "status");
  status.setAttribute("aria-live", "polite");
  status.style.cssText = "line-height:1.5;min-height:1.5em";
  const end = (said) => { clearTimeout(timer); press = null; status.textContent = said; };
  const tell = (message) => { try { model.send(message); return true; } catch { return false; } };
  const pressed = () => {
    clearTimeout(timer);
    status.textContent = "";
    press = Array.from(crypto.getRandomValues(new Uint32Array(4)), String).join("-");
    timer = setTimeout(() => end(SILENT), SECONDS * 1000);
    if (!tell({ kind: "copy", press })) end(SILENT);
  };
  const receive = async (message, buffers) => {
    // What answers no press of this place, or one that was given up, must not change the clipboard.
    if (message.kind !== "copy" || press === null || message.press !== press) return;
    end("");
    const done = await copied(new TextDecoder("utf-8", { ignoreBOM: true }).decode(buffers[0]));
    if (press === null) end(done ? COPIED : REFUSED);
  };
  button.addEventListener("click", pressed);
  model.on("msg:custom", receive);
  el.append(button, status);
  tell({ kind: "ready" });
  return () => { clearTimeout(timer); press = null; model.off("msg:custom", receive); el.replaceChildren(); };
}
export default { render };
"""
_LIVE = "The tenant is live: people's data are in the command, too."
_SANDBOX = "This sandbox is in the kernel alone and answers no curl: `auth0-mfa-lab serve` opens one that does."


class CopyButton(anywidget.AnyWidget):
    """A button that asks for a text and puts it on the clipboard; its state never holds one."""

    _esm = _DRAW
    label = traitlets.Unicode().tag(sync=True)


class CopyPanel(Panel):
    """One request as a masked curl command, and a button that copies it with its raw values."""

    def __init__(
        self,
        command: Secret,
        *,
        masked: str,
        name: str,
        tenant: str,
        mask: Callable[[str], str],
        raise_failures: bool = False,
    ) -> None:
        """Hold `command` in memory; `masked` is it as it may be shown, `name` the request's in a line, masked too."""
        super().__init__(mask=mask, raise_failures=raise_failures)
        self._command = command
        self._masked = masked
        self._is_on_a_page = False
        self._name = " ".join(name.split())
        remarks = {"live": _LIVE, "sandbox": _SANDBOX}
        self._said = " ".join(
            filter(
                None,
                [
                    "Copy runnable copies this command with its raw secrets, on the page of a running notebook.",
                    "No file, output or widget state has them.",
                    remarks.get(tenant),
                ],
            )
        )
        self._place = CopyButton(label=f"Copy runnable: {self._name} as a curl command with its raw secrets")
        self._place.on_msg(lambda _, content, __: self._at_home(lambda: self._guarded(lambda: self._answer(content))))
        self._text = ipywidgets.HTML(self.static_html())
        self.children = (self._text, self._place, self._failure, self._presence)

    def copy(self) -> Told:
        """Say why nothing is copied: only a press on a page fills a clipboard."""
        if self._is_on_a_page:
            return Told("Nothing was copied: a browser fills its clipboard only for a press. Press Copy runnable.")
        return Told(
            "There is no page to copy to. Open the notebook in JupyterLab, run the panel's cell, press Copy runnable."
        )

    def static_html(self) -> str:
        """Return what stands in a saved notebook: the masked command, and a sentence."""
        return (
            f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(self._masked)}</pre>'
            f'<p style="line-height:1.5">{escape(self._said)}</p>'
        )

    def __repr__(self) -> str:
        return f"CopyPanel · {self._name} · {self._said}"

    def _answer(self, content: Any) -> None:
        """Send the command to the place that was pressed; another page of this kernel drops it."""
        self._is_on_a_page = True
        press = content.get("press") if isinstance(content, dict) else None
        if isinstance(press, str) and content.get("kind") == "copy":
            self._place.send({"kind": "copy", "press": press}, buffers=[bytes(self._command.encode())])
