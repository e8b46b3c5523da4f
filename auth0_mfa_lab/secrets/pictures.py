"""Reads the QR codes in pictures, and in the drawings that the lab makes of them."""

from __future__ import annotations

import io
import re
import warnings
from functools import lru_cache

PICTURES = rb"(?s)\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP"
"""How a picture begins."""
_ROW = r"M0 (\d{1,3})\.5((?:m\d{1,3} 0h\d{1,3})+)"  # the lab draws a stroke for each row of modules
DRAWING = rf"{_ROW}(?:{_ROW})*"
"""A QR that the lab drew, in a text."""
_PIXELS = 24_000_000
_NOT_READ = "a picture is too large to be read, or cut off"


@lru_cache(maxsize=64)
def codes_in(picture: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture, none for other bytes; ValueError where it cannot be read."""
    # Only here: most of what is scanned has no pictures.
    import zxingcpp
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(picture))
    except Image.DecompressionBombError:
        raise ValueError(_NOT_READ) from None
    except Exception:  # a broken file makes Pillow's readers raise anything
        return ()
    try:
        if opened.width * opened.height > _PIXELS:
            raise ValueError
        read = opened.convert("LA" if opened.has_transparency_data else "L")
    except Exception:
        raise ValueError(_NOT_READ) from None
    found: list[str] = []
    for ground in (255, 0) if read.mode == "LA" else (255,):  # what is transparent takes the page's colour
        page = Image.new("L", read.size, ground)
        page.paste(read.getchannel(0), mask=read.getchannel(1) if read.mode == "LA" else None)
        found += [str(code.text) for code in zxingcpp.read_barcodes(page)]
    return tuple(dict.fromkeys(found))


def pixels_of_svg(svg: str) -> bytes:
    """Return the PNG of a QR that the lab drew; empty for others."""
    rows = re.findall(_ROW, svg)
    if not rows:
        return b""
    from PIL import Image

    side, buffer = int(rows[-1][0]) + 5, io.BytesIO()  # with the quiet zone below it
    page = Image.new("L", (side, side), 255)
    for row, strokes in rows:
        x = 0
        for gap, wide in re.findall(r"m(\d+) 0h(\d+)", strokes):
            page.paste(0, (x + int(gap), int(row), x + int(gap) + int(wide), int(row) + 1))
            x += int(gap) + int(wide)
    page.resize((4 * side, 4 * side), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
