"""An enrollment URI as a QR picture, with a quiet zone of its own and a caption."""

from __future__ import annotations

import io
from html import escape
from typing import Any

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET_ZONE_MODULES = 4
_MODULE_PIXELS = 6


def qr_png(uri: str) -> bytes:
    """Return the QR of a text as PNG bytes: black on white, with 4 white modules around it."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=_MODULE_PIXELS, border=QUIET_ZONE_MODULES)
    code.add_data(uri)
    code.make(fit=True)
    picture = io.BytesIO()
    # White is drawn, not left transparent: on a dark page the picture must stay readable.
    code.make_image(fill_color="black", back_color="white").save(picture, "PNG")
    return picture.getvalue()


class QrPicture:
    """A QR of the sandbox's, drawn inline; its text is the URI with the ticket under its alias."""

    def __init__(self, uri: str, *, shown: str, caption: str) -> None:
        """Draw `uri`; `shown` is the URI masked, `caption` says who can use it."""
        self.png = qr_png(uri)
        self._shown = shown
        self._caption = caption

    def __repr__(self) -> str:
        return f"QR of {self._shown}\n{self._caption}"

    def _ipython_display_(self, **_: Any) -> None:
        # Two outputs: where a picture and HTML stand in one, JupyterLab shows only the HTML, and an inline SVG or an
        # HTML picture does not survive everywhere that an image/png does.
        from IPython.display import publish_display_data

        publish_display_data({"image/png": self.png, "text/plain": f"QR of {self._shown}"})
        html = f'<p style="opacity:0.8;font-size:12px">{escape(self._caption)}</p>'
        publish_display_data({"text/plain": self._caption, "text/html": html})
