"""What a phone's camera makes of a QR: the text of a picture, and the ticket or the TOTP secret in the text."""

import base64
import io
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

MOUNT = "/appliance-mfa"
SHORTEST = 14
"""Bytes of a TOTP secret, below which it makes no codes: NIST SP 800-63B asks for 112 bits; Auth0's have 160."""
GUARDIAN_HOST = re.compile(r"(^|\.)guardian(\.[^.]+)?\.auth0\.com$")


class UnreadableBarcode(ValueError):
    """A text or a picture that enrolls nothing; the text says what it is instead, and no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """What a phone needs of a Guardian QR: the ticket, and the device API's base URL where the QR names one.

    `label` is what the app shows for the account.
    """

    ticket: str = field(repr=False)
    base_url: str | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What an authenticator app needs of its QR: whose codes they are, and how they are made."""

    label: str
    secret: str = field(repr=False)
    digits: int
    period: int


def read_barcode(barcode: str | bytes) -> Barcode | Seed:
    """Read the URI of a QR, or its picture (PNG bytes): a Guardian ticket, or else the secret of an authenticator app.

    Both generations of Guardian's URI (the guardian reference, 1a, 1b); a ticket beside a secret is Guardian's.
    Raises UnreadableBarcode.
    """
    text = _text_of_picture(barcode) if isinstance(barcode, bytes) else barcode.strip()
    parts = urlsplit(text)
    if parts.scheme != "otpauth" or parts.netloc.lower() != "totp":
        raise UnreadableBarcode("it is no otpauth://totp/... address")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    label = unquote(parts.path).removeprefix("/")
    if "enrollment_tx_id" in query:
        base_url = query.get("base_url")
        base_url = device_api(base_url) if base_url else None
        return Barcode(ticket=query["enrollment_tx_id"], base_url=base_url, label=label)
    if "secret" in query:
        return _seed(label, query)
    raise UnreadableBarcode("it has neither an enrollment_tx_id nor a secret")


def _seed(label: str, query: dict[str, str]) -> Seed:
    try:
        secret = base64.b32decode(query["secret"] + "=" * (-len(query["secret"]) % 8), casefold=True)
        digits, period = int(query.get("digits", "6")), int(query.get("period", "30"))
    except ValueError as problem:
        raise UnreadableBarcode("its secret, digits or period cannot be read") from problem
    if (
        query.get("algorithm", "SHA1").upper() != "SHA1"
        or not 1 <= digits <= 10
        or period < 1
        or len(secret) < SHORTEST
    ):
        raise UnreadableBarcode("it asks for codes that this phone cannot make")
    return Seed(label=label, secret=query["secret"], digits=digits, period=period)


def device_api(base_url: str) -> str:
    """Return where the device API is for a base URL: `/appliance-mfa` is appended where Auth0's apps append it.

    That is, unless the path has it already or the host is a Guardian host (the guardian reference, section 7).
    """
    parts = urlsplit(base_url.rstrip("/"))
    if MOUNT in parts.path or GUARDIAN_HOST.search(parts.hostname or ""):
        return base_url.rstrip("/")
    return base_url.rstrip("/") + MOUNT


def _text_of_picture(picture: bytes) -> str:
    # Only here: most phones are given texts, and a server must start fast.
    import zxingcpp
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(picture)) as image:
            found = zxingcpp.read_barcodes(image.convert("L"))
    except (UnidentifiedImageError, OSError) as problem:
        raise UnreadableBarcode("it is no picture") from problem
    if not found:
        raise UnreadableBarcode("there is no barcode in the picture")
    return str(found[0].text)
