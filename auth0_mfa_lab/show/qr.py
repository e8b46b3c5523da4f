"""An enrollment URI as a QR picture, with a quiet zone of its own and a caption."""

from __future__ import annotations

import base64
import io
from html import escape
from itertools import groupby
from typing import Any

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.image.pil import PilImage

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.show.qr_barcode import Holds
from auth0_mfa_lab.show.qr_card import CAPTIONS

QUIET_ZONE_MODULES = 4
"""White modules around a code, inside its picture: what ISO/IEC 18004 asks for."""
MODULE_PIXELS = 6
"""Pixels of a module: CSS pixels on a page, where the largest enrollment is some 350 wide."""

LEAST_PIXELS = 4
"""CSS pixels of a module on a narrow page: less is hard for a phone's camera at arm's length."""


def qr_png(uri: str) -> bytes:
    """Return the QR of a text as PNG bytes: black on white, with 4 white modules around it."""
    picture = io.BytesIO()
    # White is drawn, not left transparent: on a dark page the picture must stay readable.
    _code(uri).make_image(fill_color="black", back_color="white").save(picture, "PNG")
    return picture.getvalue()


def qr_svg(uri: str) -> str:
    """Return the QR of a text as an SVG: a white rectangle, and one path with a stroke for each row of black modules.

    Its text is the same on every platform, which that of a compressed picture is not.
    """
    rows = _code(uri).get_matrix()
    side = len(rows)
    steps: list[str] = []
    for y, row in enumerate(rows):
        begin, x = f"M0 {y}.5m", 0
        for is_black, group in groupby(row):
            wide = len(list(group))
            if is_black:
                steps.append(f"{begin}{x} 0h{wide}")
                begin, x = "m", 0
            else:
                x += wide
    pixels = side * MODULE_PIXELS
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path d="{"".join(steps)}" stroke="#000"/></svg>'
    )


def qr_img(uri: str, alt: str) -> str:
    """Return the QR of a text as an HTML picture, which an untrusted notebook keeps; `alt` is read to the blind.

    A narrow page makes it smaller, down to 4 pixels a module, and then scrolls. It stays sharp: a drawing is drawn anew
    at each size.
    """
    svg = qr_svg(uri)
    data = base64.b64encode(svg.encode()).decode()
    picture = f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}" style="{picture_style(svg)}">'
    return f'<div style="overflow-x:auto">{picture}</div>'


def picture_style(svg: str) -> str:
    """Return the inline style that keeps a QR's drawing large enough for a phone's camera, on a narrow page too."""
    modules = int(svg.split('viewBox="0 0 ')[1].split(" ")[0])
    return f"display:block;max-width:100%;min-width:{modules * LEAST_PIXELS}px;height:auto"


def _code(uri: str) -> qrcode.QRCode[PilImage]:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=MODULE_PIXELS, border=QUIET_ZONE_MODULES)
    code.add_data(uri)
    try:
        code.make(fit=True)
    except (ValueError, DataOverflowError):
        raise LabError(f"A text of {len(uri)} characters is too long for a QR.") from None
    return code


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
        self._caption = CAPTIONS[Holds.TICKET if "enrollment_tx_id=" in uri else Holds.SECRET]

    def __repr__(self) -> str:
        return f"QR of {self._shown}\n{self._caption}"

    def _ipython_display_(self, **_: Any) -> None:
        # Two outputs: where a picture and HTML stand in one, JupyterLab shows only the HTML, and an inline SVG or an
        # HTML picture does not survive everywhere that an image/png does.
        from IPython.display import publish_display_data

        publish_display_data({"image/png": self.png, "text/plain": f"QR of {self._shown}"})
        html = f'<p style="opacity:0.8;font-size:12px">{escape(self._caption)}</p>'
        publish_display_data({"text/plain": self._caption, "text/html": html})
