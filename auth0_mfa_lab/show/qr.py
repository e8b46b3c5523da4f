"""An enrollment URI as a QR picture, with a quiet zone of its own and a caption."""

from __future__ import annotations

import io
from html import escape
from typing import Any

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from auth0_mfa_lab.errors import LabError

QUIET_ZONE_MODULES = 4
_MODULE_PIXELS = 6


def qr_png(uri: str) -> bytes:
    """Return the QR of a text as PNG bytes: black on white, with 4 white modules around it."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=_MODULE_PIXELS, border=QUIET_ZONE_MODULES)
    code.add_data(uri)
    try:
        code.make(fit=True)
    except (ValueError, DataOverflowError):
        raise LabError(f"A text of {len(uri)} characters is too long for a QR.") from None
    picture = io.BytesIO()
    # White is drawn, not left transparent: on a dark page the picture must stay readable.
    code.make_image(fill_color="black", back_color="white").save(picture, "PNG")
    return picture.getvalue()


_PUSH_CAPTION = (
    "This is a ticket of the sandbox: the Guardian app cannot use it, lab.phone.scan(...) can. "
    "It can be scanned for 5 minutes of the sandbox's time."
)
_OTP_CAPTION = (
    "This is a secret of the sandbox: lab.phone.scan(...) can use it. An authenticator app would show the codes of the "
    "real time, and the sandbox has a time of its own."
)


def checked_uri(uri: object) -> str:
    """Return an enrollment's URI; LabError says what to pass in place of anything else."""
    if isinstance(uri, str) and uri.startswith("otpauth://"):
        return uri
    raise LabError("This is no barcode_uri: pass enrollment['barcode_uri'], which begins with otpauth://.")


class QrPicture:
    """A QR of the sandbox's, drawn inline; its text is the URI with the ticket under its alias."""

    def __init__(self, uri: str, *, shown: str) -> None:
        """Draw `uri`; `shown` is the URI masked. The caption says who can use it: a ticket or a secret."""
        self._shown = shown
        self.png = qr_png(uri)
        self._caption = _PUSH_CAPTION if "enrollment_tx_id=" in uri else _OTP_CAPTION

    def __repr__(self) -> str:
        return f"QR of {self._shown}\n{self._caption}"

    def _ipython_display_(self, **_: Any) -> None:
        # Two outputs: where a picture and HTML stand in one, JupyterLab shows only the HTML, and an inline SVG or an
        # HTML picture does not survive everywhere that an image/png does.
        from IPython.display import publish_display_data

        publish_display_data({"image/png": self.png, "text/plain": f"QR of {self._shown}"})
        html = f'<p style="opacity:0.8;font-size:12px">{escape(self._caption)}</p>'
        publish_display_data({"text/plain": self._caption, "text/html": html})
