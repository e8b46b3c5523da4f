"""Where a live enrollment's QR is drawn: by a message, as a secret in pixels that no saved file may have.

The picture goes to the front end as a message, not as a widget's trait: a trait is written into the notebook with saved
widget state, a message is not. No widget of ipywidgets draws from a message, so this one is made with anywidget.

A message that comes before the picture's place is on the page is lost. So the place says when it is there, also after
a reload of the page, and is sent what it should show.
"""

from __future__ import annotations

import anywidget

from auth0_mfa_lab.show.qr import picture_style

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
  const end = (said) => {
    clear();
    const text = document.createElement("p");
    text.className = "qr-instead";
    text.textContent = said;
    el.append(text);
  };
  const receive = (message, buffers) => {
    clear();
    if (message.kind !== "show") return;
    url = URL.createObjectURL(new Blob([buffers[0]], { type: "image/svg+xml" }));
    const picture = document.createElement("img");
    picture.src = url;
    picture.alt = message.alt;
    picture.style.cssText = message.style;
    el.style.overflowX = "auto";
    el.append(picture);
    timer = setTimeout(() => end(message.over), message.seconds * 1000);
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

    def draw(self, svg: str, *, alt: str, over: str, seconds: float) -> None:
        """Send the picture; the browser puts `over` in its place after these seconds, though the kernel be busy."""
        message = {"kind": "show", "alt": alt, "over": over, "seconds": seconds, "style": picture_style(svg)}
        self.send(message, buffers=[svg.encode()])

    def clear(self) -> None:
        """Take the picture off every page."""
        self.send({"kind": "hide"})
