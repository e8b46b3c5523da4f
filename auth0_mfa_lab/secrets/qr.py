"""The QR codes in pictures: in PNG, JPEG and what else Pillow reads, and in the lab's own drawings."""

from __future__ import annotations

import io
import re
from functools import lru_cache

_MOST_PIXELS = 40_000_000
_BEGINS = rb"(?s)\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|BM|RIFF....WEBP"


def is_a_picture(content: bytes) -> bool:
    """Say whether bytes begin as a picture does."""
    return re.match(_BEGINS, content) is not None


@lru_cache(maxsize=64)
def codes_in(picture: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture; none for what is no picture, or too large for one."""
    # Only here: most of what is scanned has no pictures.
    import zxingcpp
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture)) as image:
            if image.width * image.height > _MOST_PIXELS:
                return ()
            read = image.convert("RGBA")
    except Exception:  # whatever a broken file makes of Pillow's readers
        return ()
    found: list[str] = []
    for ground in ("white", "black"):  # what is transparent is white on most pages, and black in a dark theme
        page = Image.new("RGBA", read.size, ground)
        page.alpha_composite(read)
        found += [str(code.text) for code in zxingcpp.read_barcodes(page.convert("L"))]
    return tuple(dict.fromkeys(found))


def pixels_of_svg(svg: str) -> bytes:
    """Return the PNG of a QR that the lab drew, one path with a stroke for each row of modules; empty for others."""
    view = re.search(r'<svg\b[^<>]* viewBox="0 0 (\d{1,3}) \1"', svg)
    rows = re.findall(r"M0 (\d{1,3})\.5((?:m\d{1,3} 0h\d{1,3})+)", svg)
    if not view or not rows:
        return b""
    from PIL import Image

    side, buffer = int(view[1]), io.BytesIO()
    page = Image.new("L", (side, side), 255)
    for row, strokes in rows:
        x = 0
        for gap, wide in re.findall(r"m(\d+) 0h(\d+)", strokes):
            page.paste(0, (x + int(gap), int(row), x + int(gap) + int(wide), int(row) + 1))
            x += int(gap) + int(wide)
    page.resize((4 * side, 4 * side), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
