"""Draws the SVG of a QR as its own size and colours say, and reads it as a camera would: without a browser."""

import base64
import re

import zxingcpp
from PIL import Image

_SVG = re.compile(
    r'<svg xmlns="http://www\.w3\.org/2000/svg" width="(\d+)" height="\1" viewBox="0 0 (\d+) \2" '
    r'shape-rendering="crispEdges"><rect width="\2" height="\2" fill="#fff"/>'
    r'<path d="((?:M0 \d+\.5(?:m\d+ 0h\d+)*)*)" stroke="#000"/></svg>'
)


def drawn(svg: str) -> Image.Image:
    """Draw an SVG of a white square and black strokes, a module high; AssertionError for any other."""
    match = _SVG.fullmatch(svg)
    assert match, svg[:200]
    page = Image.new("RGB", (int(match[2]),) * 2, (255, 255, 255))
    for y, strokes in re.findall(r"M0 (\d+)\.5([mh\d ]*)", match[3]):
        x = 0
        for gap, wide in re.findall(r"m(\d+) 0h(\d+)", strokes):
            x += int(gap)
            page.paste((0, 0, 0), (x, int(y), x + int(wide), int(y) + 1))
            x += int(wide)
    return page.resize((int(match[1]),) * 2, Image.Resampling.NEAREST)


def texts_in(picture: Image.Image) -> list[str]:
    """Return the text of every QR in a picture."""
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def svgs_in(html: str) -> list[str]:
    """Return the SVG of each picture that HTML brings as base64."""
    found = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", html)
    return [base64.b64decode(data).decode() for data in found]
