"""The QR codes that a camera would read: in a picture, in HTML, and hidden in a notebook's file."""

import base64
import binascii
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import zxingcpp
from PIL import Image, UnidentifiedImageError

from auth0_mfa_lab.secrets.pictures import pixels_of_svg

_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{100,}={0,2}")


def texts_in(picture: bytes | str) -> list[str]:
    """Return the text of every QR in a picture, or in an SVG as the lab draws it."""
    png = pixels_of_svg(picture) if isinstance(picture, str) else picture
    if not png:
        return []
    with Image.open(io.BytesIO(png)) as opened:
        formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        return [each.text for each in zxingcpp.read_barcodes(opened.convert("RGB"), formats=formats)]


def svgs_in(html: str) -> list[str]:
    """Return the SVG of each picture that HTML brings as base64."""
    found = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", html)
    return [base64.b64decode(data).decode() for data in found]


def pictures_in(saved: str) -> list[str]:
    """Return the texts of the QRs that a notebook's file holds: as base64, or as a drawing."""
    return [text for each in _strings(json.loads(saved)) for text in _in_string(each)]


def _in_string(text: str) -> Iterator[str]:
    for drawing in _SVG.findall(text):
        yield from texts_in(drawing)
    for encoded in _BASE64.findall(text):
        with suppress(binascii.Error, UnidentifiedImageError):
            content = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
            yield from _in_string(content.decode()) if b"<svg" in content else texts_in(content)


def _strings(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value; the lines of a list as one, for nbformat splits them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
