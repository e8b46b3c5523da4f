"""What a phone's camera makes of a QR: the text of a picture, and the ticket in the text."""

import io
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import zxingcpp
from PIL import Image, UnidentifiedImageError

MOUNT = "/appliance-mfa"
GUARDIAN_HOST = re.compile(r"(^|\.)guardian(\.[^.]+)?\.auth0\.com$")


class UnreadableBarcode(ValueError):
    """A text or a picture without a Guardian ticket in it; the text says what it is instead, and no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """What a phone needs of a QR: the ticket, and the device API's base URL where the QR names one."""

    ticket: str = field(repr=False)
    base_url: str | None


def read_barcode(barcode: str | bytes) -> Barcode:
    """Read the URI of a QR, or its picture (PNG bytes); both generations of the URI (the guardian reference, 1a, 1b).

    Raises UnreadableBarcode.
    """
    text = _text_of_picture(barcode) if isinstance(barcode, bytes) else barcode.strip()
    parts = urlsplit(text)
    if parts.scheme != "otpauth" or parts.netloc.lower() != "totp":
        raise UnreadableBarcode("it is no otpauth://totp/... address")
    query = parse_qs(parts.query)
    if not query.get("enrollment_tx_id"):
        raise UnreadableBarcode("it has no enrollment_tx_id: it is for an authenticator app, not for Guardian")
    base_url = query.get("base_url", [""])[0]
    return Barcode(ticket=query["enrollment_tx_id"][0], base_url=device_api(base_url) if base_url else None)


def device_api(base_url: str) -> str:
    """Return where the device API is for a base URL: `/appliance-mfa` is appended where Auth0's apps append it.

    That is, unless the path has it already or the host is a Guardian host (the guardian reference, section 7).
    """
    parts = urlsplit(base_url.rstrip("/"))
    if MOUNT in parts.path or GUARDIAN_HOST.search(parts.hostname or ""):
        return base_url.rstrip("/")
    return base_url.rstrip("/") + MOUNT


def _text_of_picture(picture: bytes) -> str:
    try:
        with Image.open(io.BytesIO(picture)) as image:
            found = zxingcpp.read_barcodes(image.convert("L"))
    except (UnidentifiedImageError, OSError) as problem:
        raise UnreadableBarcode("it is no picture") from problem
    if not found:
        raise UnreadableBarcode("there is no barcode in the picture")
    return str(found[0].text)
