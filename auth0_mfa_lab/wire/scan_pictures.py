"""The QR codes in pictures: in PNG, JPEG and what else Pillow reads, and in the drawings that QR libraries write."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import lru_cache

MOST_PIXELS = 40_000_000
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")
_WHITE = 255
_SCALE = 4
_MARGIN = 4
_MOST_MODULES = 400
_RECT = re.compile(r"<(?:\w+:)?rect\b([^<>]*)>")
_PATH = re.compile(r"<(?:\w+:)?path\b([^<>]*)>")
_STEP = re.compile(r"([MmLlHhVvZz])|(-?(?:\d+\.?\d*|\.\d+))")


def is_a_picture(content: bytes) -> bool:
    """Say whether bytes begin as a picture does."""
    return content.startswith(_BEGINNINGS) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


@lru_cache(maxsize=64)
def codes_in(picture: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture; none for what is no picture, or too large for one."""
    if not picture:
        return ()
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
    # What is transparent is white on most pages, and black in a dark theme.
    is_opaque = min(read.getchannel("A").tobytes(), default=_WHITE) == _WHITE
    grounds = ("white",) if is_opaque else ("white", "black")
    found: dict[str, None] = {}
    for ground in grounds:
        page = Image.new("RGBA", read.size, ground)
        page.alpha_composite(read)
        found |= dict.fromkeys(str(code.text) for code in zxingcpp.read_barcodes(page.convert("L")))
    return tuple(found)


def pixels_of_svg(svg: str) -> bytes:
    """Draw the rectangles and straight paths of an SVG as a PNG; empty where it has none.

    That is what QR libraries write: a square each, or one path of squares or of strokes a module high.
    """
    boxes = [*_rectangles(svg), *_of_paths(svg)]
    boxes = [box for box in boxes if box[2] > box[0] and box[3] > box[1]]
    if len(boxes) < 20:
        return b""
    from PIL import Image, ImageDraw

    module = min(min(right - left, bottom - top) for left, top, right, bottom in boxes)
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    wide = (max(box[2] for box in boxes) - left) / module
    high = (max(box[3] for box in boxes) - top) / module
    if not (0 < wide <= _MOST_MODULES and 0 < high <= _MOST_MODULES):
        return b""
    size = (round((wide + 2 * _MARGIN) * _SCALE), round((high + 2 * _MARGIN) * _SCALE))
    page = Image.new("L", size, _WHITE)
    pen = ImageDraw.Draw(page)
    for box in boxes:
        x0, y0, x1, y1 = (
            round(((each - origin) / module + _MARGIN) * _SCALE)
            for each, origin in zip(box, (left, top, left, top), strict=True)
        )
        pen.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), fill=0)
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


Box = tuple[float, float, float, float]


def _rectangles(svg: str) -> Iterator[Box]:
    for match in _RECT.finditer(svg):
        x, y, width, height = (_number(match[1], name) for name in ("x", "y", "width", "height"))
        if width and height and not _is_light(match[1]):
            yield x, y, x + width, y + height


def _of_paths(svg: str) -> Iterator[Box]:
    for match in _PATH.finditer(svg):
        steps = re.search(r"(?<![\w-])d\s*=\s*[\"']([^\"']*)", match[1])
        closed = steps is not None and "z" in steps[1].lower()
        if steps and not _is_light(match[1]):
            yield from _boxes(steps[1], half=0.0 if closed else 0.5)


def _boxes(steps: str, *, half: float) -> Iterator[Box]:
    """Yield the box of each subpath; of strokes (`half` their width), that of each horizontal line."""
    x = y = 0.0
    points: list[tuple[float, float]] = []
    command, numbers = "M", list[float]()
    for letter, number in [*_STEP.findall(steps), ("Z", "")]:
        if letter:
            if letter in "MmZz" and len(points) > 1:
                yield _around(points, half)
            if letter in "MmZz":
                points = [(x, y)] if letter in "Zz" else []
            command, numbers = letter, []
            continue
        numbers.append(float(number))
        if command in "HhVv" or len(numbers) == 2:
            x, y = _moved(command, numbers, x, y)
            points.append((x, y))
            command, numbers = {"M": "L", "m": "l"}.get(command, command), []


def _moved(command: str, numbers: list[float], x: float, y: float) -> tuple[float, float]:
    if command in "Hh":
        return (numbers[0] if command == "H" else x + numbers[0]), y
    if command in "Vv":
        return x, (numbers[0] if command == "V" else y + numbers[0])
    return (numbers[0], numbers[1]) if command.isupper() else (x + numbers[0], y + numbers[1])


def _around(points: list[tuple[float, float]], half: float) -> Box:
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across), min(down) - half, max(across), max(down) + half


def _number(attributes: str, name: str) -> float:
    match = re.search(rf"(?<![\w-]){name}\s*=\s*[\"']\s*(-?\d+\.?\d*)", attributes)
    return float(match[1]) if match else 0.0


def _is_light(attributes: str) -> bool:
    return bool(re.search(r"fill\s*[=:]\s*[\"']?\s*(?:#fff(?:fff)?\b|white)", attributes, re.IGNORECASE))
