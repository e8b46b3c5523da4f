"""The QR codes in pictures: in PNG, JPEG and what else Pillow reads, and in the lab's own drawings."""

from __future__ import annotations

import io
import re
from functools import lru_cache

MOST_PIXELS = 40_000_000
_BEGINS = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|BM|RIFF....WEBP", re.DOTALL)
_WHITE = 255
_SCALE = 4
_VIEW = re.compile(r'<svg\b[^<>]* viewBox="0 0 (\d{1,3}) \1"')
_ROW = re.compile(r"M0 (\d{1,3})\.5((?:m\d{1,3} 0h\d{1,3})+)")
_STROKE = re.compile(r"m(\d+) 0h(\d+)")


def is_a_picture(content: bytes) -> bool:
    """Say whether bytes begin as a picture does."""
    return _BEGINS.match(content) is not None


@lru_cache(maxsize=64)
def codes_in(picture: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture; none for what is no picture, or too large for one."""
    # Only here: most of what is scanned has no pictures.
    import zxingcpp
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture)) as image:
            if image.width * image.height > MOST_PIXELS:
                return ()
            read = image.convert("RGBA")
    except Exception:  # whatever a broken file makes of Pillow's readers
        return ()
    found: list[str] = []
    # What is transparent is white on most pages, and black in a dark theme.
    for ground in ("white", "black") if min(read.getchannel("A").tobytes(), default=_WHITE) < _WHITE else ("white",):
        page = Image.new("RGBA", read.size, ground)
        page.alpha_composite(read)
        found += [str(code.text) for code in zxingcpp.read_barcodes(page.convert("L"))]
    return tuple(dict.fromkeys(found))


def pixels_of_svg(svg: str) -> bytes:
    """Return the PNG of a QR that the lab drew, one path with a stroke for each row of modules; empty for others."""
    view = _VIEW.search(svg)
    rows = _ROW.findall(svg) if view else []
    if view is None or not rows:
        return b""
    from PIL import Image, ImageDraw

    page = Image.new("L", (int(view[1]) * _SCALE,) * 2, _WHITE)
    pen = ImageDraw.Draw(page)
    for row, strokes in rows:
        x, y = 0, int(row) * _SCALE
        for gap, wide in _STROKE.findall(strokes):
            begin, x = x + int(gap), x + int(gap) + int(wide)
            pen.rectangle((begin * _SCALE, y, x * _SCALE - 1, y + _SCALE - 1), fill=0)
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()
