"""Draws the SVG of a QR as its own size and colours say, and reads it as a camera would: without a browser."""

from __future__ import annotations

import base64
import re

import zxingcpp
from PIL import Image, ImageDraw

_SVG = re.compile(
    r'<svg xmlns="http://www\.w3\.org/2000/svg" width="(\d+)" height="\1" viewBox="0 0 (\d+) \2" '
    r'shape-rendering="crispEdges"><rect width="\2" height="\2" fill="#fff"/><path d="([^"]*)" stroke="#000"/></svg>'
)
_ROW = re.compile(r"M0 (\d+)\.5((?:m\d+ 0h\d+)*)")
_STROKE = re.compile(r"m(\d+) 0h(\d+)")
_DATA = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


def drawn(svg: str) -> Image.Image:
    """Draw an SVG of a white rectangle and black strokes, a module high; AssertionError for any other."""
    match = _SVG.fullmatch(svg)
    assert match, svg[:200]
    pixels, modules = int(match[1]), int(match[2])
    module = pixels // modules
    page = Image.new("RGB", (pixels, pixels), (255, 255, 255))
    pen = ImageDraw.Draw(page)
    rows = list(_ROW.finditer(match[3]))
    assert "".join(row[0] for row in rows) == match[3], "a step that is not drawn here"
    for row in rows:
        x, y = 0, int(row[1])
        for gap, wide in _STROKE.findall(row[2]):
            x += int(gap)
            right = x + int(wide)
            pen.rectangle((x * module, y * module, right * module - 1, (y + 1) * module - 1), fill=(0, 0, 0))
            x = right
    return page


def texts_in(picture: Image.Image) -> list[str]:
    """Return the text of every QR in a picture."""
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def svgs_in(html: str) -> list[str]:
    """Return the SVG of each picture that HTML brings as base64."""
    return [base64.b64decode(data).decode() for data in _DATA.findall(html)]
