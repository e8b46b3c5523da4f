"""What a camera would see: QR codes in pictures, how bright their edge is, and pictures that hide in a saved file."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import zxingcpp
from PIL import Image, UnidentifiedImageError
from playwright.sync_api import FloatRect, Locator

from auth0_mfa_lab.secrets.scan import pixels_of_svg
from tests.browser.notebook_page import until

_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{100,}={0,2}")


def qr_texts(png: bytes) -> list[str]:
    """Return the text of every QR in a picture."""
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    with Image.open(io.BytesIO(png)) as picture:
        return [each.text for each in zxingcpp.read_barcodes(picture.convert("RGB"), formats=formats)]


def on_the_screen(picture: Locator) -> tuple[FloatRect, bytes]:
    """Return where a picture stands on the screen, and what is seen there, once it stands still.

    After another theme or width JupyterLab goes on moving things for a while, on a busy machine for seconds.
    """

    def seen() -> tuple[FloatRect, bytes] | None:
        picture.evaluate("each => each.scrollIntoView({ block: 'center' })")
        before, screen, after = picture.bounding_box(), picture.page.screenshot(), picture.bounding_box()
        return (before, _cut_out(screen, before)) if before and before == after else None

    return until(seen, "the picture stands still", picture.page)


def _cut_out(png: bytes, box: FloatRect) -> bytes:
    """Return the part of a screenshot that lies wholly in a box."""
    left, top, part = math.ceil(box["x"]), math.ceil(box["y"]), io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        ends = math.floor(box["x"] + box["width"]), math.floor(box["y"] + box["height"])
        picture.crop((left, top, *ends)).save(part, "PNG")
    return part.getvalue()


def darkest_of_the_edge(png: bytes, width: int) -> int:
    """Return the luminance (0 to 255) of the darkest pixel in the outer `width` pixels of a picture."""
    with Image.open(io.BytesIO(png)) as picture:
        grey = picture.convert("L")
    right, bottom = grey.size
    grey.paste(255, (width, width, right - width, bottom - width))
    return min(grey.tobytes())


def pictures_in(saved: str) -> list[str]:
    """Return the texts of the QRs that a notebook's file holds: as base64, or as a drawing."""
    return [text for each in _strings(json.loads(saved)) for text in _in_string(each)]


def _in_string(text: str) -> Iterator[str]:
    for drawing in _SVG.findall(text):
        if png := pixels_of_svg(drawing):
            yield from qr_texts(png)
    for encoded in _BASE64.findall(text):
        with suppress(binascii.Error, UnidentifiedImageError):
            content = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
            yield from _in_string(content.decode()) if b"<svg" in content else qr_texts(content)


def _strings(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value; the lines of a list as one, for nbformat splits them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
