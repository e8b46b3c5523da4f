"""An enrollment's QR: what its URI holds, the picture of it, and what its panel says at one moment."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.image.pil import PilImage

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.polling import OOB_CODE_SECONDS
from auth0_mfa_lab.show.cards import bar, line, spoken, status_line
from auth0_mfa_lab.show.sentences import Told
from auth0_mfa_lab.wire.exchange import Exchange

# -- what the URI holds

Holds = Literal["ticket", "secret"]
_FIRST = ("enrollment_tx_id", "base_url", "secret", "issuer")
_WHAT: Mapping[str, str] = {
    "enrollment_tx_id": "the ticket: it lets one phone enroll, once, within 5 minutes",
    "base_url": "whom the phone calls: POST /api/enroll below it",
    "secret": "what the codes are made of, in base32: whoever has it shows the same codes",
    "issuer": "whose codes they are, as the app shows it",
    "algorithm": "the hash of the codes",
    "digits": "how long a code is",
    "period": "seconds that a code is shown",
    "id": "the authenticator that waits for its phone",
    "counter": "nothing: codes that follow the time have none",
}
_WITHOUT: Mapping[Holds, Mapping[str, str]] = {
    "ticket": {"base_url": "the phone calls the domain that its app was made for"},
    "secret": {"algorithm": "apps take SHA1", "digits": "apps take 6", "period": "apps take 30"},
}
"""What is said of a field that is absent."""


class Part(NamedTuple):
    """One field of a URI, as it may be shown, and what it is for."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """An enrollment's URI as it may be shown: whole, and taken apart; `ticket` is its alias, "" where there is none."""

    holds: Holds
    shown: str
    label: str
    ticket: str
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, uri: str, mask: Callable[[str], str]) -> Barcode:
        """Take a URI apart; `mask` puts its ticket, its secret and, on a live tenant, its person under aliases.

        A ticket beside a secret is Guardian's. Raises LabError for a URI that has neither. Source: the guardian
        reference, section 1.
        """
        # Not urlsplit: it raises for what is no URL, and anything may stand here.
        path, _, query = str(uri).partition("#")[0].partition("?")
        fields = parse_qsl(query, keep_blank_values=True)
        names = {name for name, value in fields if value}
        if names.isdisjoint(("enrollment_tx_id", "secret")):
            raise LabError(
                "This barcode_uri enrolls nothing: it has neither an enrollment_tx_id nor a secret. Pass "
                "enrollment['barcode_uri'] of a push or OTP enrollment."
            )
        holds: Holds = "ticket" if "enrollment_tx_id" in names else "secret"
        label = mask(unquote(path.removeprefix("otpauth://").partition("/")[2]))
        found = [(mask(name), mask(value)) for name, value in fields]
        tenant, account = label.split(":", 1) if ":" in label else ("", label)
        parts = [Part(name, value, _WHAT[name]) for first in _FIRST for name, value in found if name == first]
        if ":" in label:
            parts.append(Part("tenant", tenant, "the label before its colon: whose account it is"))
        if label:
            parts.append(Part("account", account, "the label: the account, as the app shows it"))
        others = [each for each in found if each[0] not in _FIRST]
        parts += [Part(name, value, _WHAT.get(name, "no field that the lab knows")) for name, value in others]
        absent = [each for each in _WITHOUT[holds].items() if each[0] not in dict(found)]
        parts += [Part(name, "(absent)", meaning) for name, meaning in absent]
        ticket = dict(found).get("enrollment_tx_id", "")
        return cls(holds=holds, shown=mask(str(uri)), label=label, ticket=ticket, parts=tuple(parts))


# -- what the panel says

CAPTIONS: Mapping[Holds, str] = {
    "ticket": "This is a ticket of the sandbox: the Guardian app cannot use it, lab.phone.scan(...) can. "
    "It can be scanned for 5 minutes of the sandbox's time.",
    "secret": "This is a secret of the sandbox: lab.phone.scan(...) can use it. An authenticator app would show "
    "the codes of the real time, and the sandbox has a time of its own.",
}
LIVE_CAPTION = (
    "Whoever sees this QR can use it on a phone of theirs. It is on the page from Show to Hide, for 5 minutes at most, "
    "and in no saved file."
)
State = Literal["shown", "hidden", "scanning", "scanned", "refused", "expired"]
_STATES: Mapping[State, tuple[str, str]] = {
    "shown": ("■", "scan it with {reader}"),
    "hidden": ("□", "press Show to draw it"),
    "scanning": ("…", "the phone enrolls"),
    "scanned": ("✓", "{scanned}"),
    "refused": ("✗", "{refused}"),
    "expired": ("×", "enroll again"),
}
"""A sign for each state, and what it means."""
_BOX = "line-height:1.5;overflow-wrap:anywhere;min-width:0"
_CELL = "text-align:left;vertical-align:top;padding:3px 0"
_INSTEAD = (
    "box-sizing:border-box;max-width:342px;padding:24px;border:1px dashed rgba(127,127,127,0.8);line-height:1.5;"
    "text-align:center"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QrView:
    """What a QR's panel says at one moment; every text in it is masked.

    `left` is in seconds, None for what does not expire. `drawn` says that the picture is wanted on the page, `scanning`
    that a scan is under way; `scanned` says what came of one that worked, `refused` of one that did not.
    """

    barcode: Barcode
    is_live: bool
    can_scan: bool
    drawn: bool
    left: float | None
    scanning: bool = False
    scanned: str = ""
    refused: str = ""

    @property
    def state(self) -> State:
        """Where the panel stands: what has ended counts before what is shown; the time is told apart."""
        if self.scanned and self.barcode.holds == "ticket":
            return "scanned"
        if self.left is not None and self.left <= 0:
            return "expired"
        if self.scanning or self.scanned or self.refused:
            return "scanning" if self.scanning else "scanned" if self.scanned else "refused"
        return "shown" if self.drawn else "hidden"

    @property
    def is_over(self) -> bool:
        """Whether nobody can use the QR any more; a scan spends a ticket, and no secret."""
        return self.state == "expired" or (self.state == "scanned" and self.barcode.holds == "ticket")

    @property
    def is_drawn(self) -> bool:
        """Whether the picture is on the page."""
        return self.drawn and not self.is_over

    @property
    def may_scan(self) -> bool:
        """Whether the lab's phone may be told to scan now."""
        return self.can_scan and self.state in ("shown", "hidden", "refused")

    @property
    def said(self) -> str:
        """What the state means, and what to do next."""
        app = "the Guardian app" if self.barcode.holds == "ticket" else "any authenticator app"
        reader = app if self.is_live else "the sandbox's phone"
        return _STATES[self.state][1].format(reader=reader, scanned=self.scanned, refused=self.refused)

    @property
    def time(self) -> str:
        """How long the QR can be used, as text; "" when that is over."""
        if self.left is None:
            return "A secret does not expire: whoever scans it, now or later, shows its codes."
        # A begun second counts whole: 0 s would be the end.
        return "" if self.is_over else f"{spoken(math.ceil(self.left))} left to scan"

    @property
    def instead(self) -> str:
        """What stands in the place of the picture while that is not on the page; "" while it is."""
        if not self.is_over:
            return "" if self.drawn else "The QR is hidden."
        return "Expired: enroll again." if self.state == "expired" else "Scanned: this ticket is spent."

    @property
    def alt(self) -> str:
        """What a screen reader says of the picture."""
        return f"QR code of the {self.barcode.holds} for {self.barcode.label or 'an account'}"

    def text(self) -> str:
        """Return all of it in one line."""
        left = "does not expire" if self.left is None else self.time
        return " · ".join(filter(None, ["QrPanel", f"{self.state}: {self.said}", left, self.barcode.shown]))

    def status_html(self) -> str:
        """Return where the panel stands, as what a screen reader says by itself when it changes."""
        return status_line(_STATES[self.state][0], f"QR {self.state}", self.said)

    def time_html(self) -> str:
        """Return the time that is left, as text and as a bar; apart from the status, which is read aloud."""
        if self.left is None:
            return line(self.time)
        left = bar("the ticket", self.left / OOB_CODE_SECONDS, self.time)
        return f'<div style="max-width:640px">{left}</div>' if self.time else ""

    def instead_html(self) -> str:
        """Return what stands in the place of the picture; "" while that is on the page."""
        return f'<p class="qr-instead" style="{_INSTEAD}">{escape(self.instead)}</p>' if self.instead else ""

    def parts_html(self) -> str:
        """Return what the URI holds, as a table, and who can use the QR."""
        title = f'<caption style="text-align:left"><b>What this QR holds: a {self.barcode.holds}</b></caption>'
        # What a field is for stands below its value, so that the table fits a narrow page.
        rows = "".join(
            f'<tr style="background:none"><th scope="row" style="{_CELL};white-space:nowrap;padding-right:12px">'
            f'{escape(name)}</th><td style="{_CELL};overflow-wrap:anywhere">{escape(value)}<br>'
            f'<span style="font-size:92%">{escape(meaning)}</span></td></tr>'
            for name, value, meaning in self.barcode.parts
        )
        table = f'<table style="border-collapse:collapse">{title}<tbody>{rows}</tbody></table>'
        uri = f'<p style="{_BOX};margin:8px 0"><code>{escape(self.barcode.shown)}</code></p>'
        caption = LIVE_CAPTION if self.is_live else CAPTIONS[self.barcode.holds]
        return f'<div style="{_BOX}">{table}{uri}{line(caption)}</div>'

    def html(self, picture: str) -> str:
        """Return the whole panel; `picture` is the HTML of the picture, or "" where none may be saved."""
        place = (self.is_drawn and picture) or self.instead_html()
        left = f'<div style="flex:0 1 342px;min-width:0">{place}</div>'
        right = f'<div style="flex:1 1 320px;min-width:0">{self.parts_html()}</div>'
        both = f'<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">{left}{right}</div>'
        return f"<div>{self.status_html()}{self.time_html()}{both}</div>"


def outcome_of(result: Exchange | Told) -> tuple[str, str]:
    """Return what came of a scan, as what worked and what did not; one of the two is ""."""
    if isinstance(result, Told):
        return "the phone shows codes from now on, and one of them confirms the enrollment", ""
    if 200 <= (result.status or 0) < 300:
        return f"the phone is enrolled (exchange {result.number})", ""
    return "", f"{result.outcome} (exchange {result.number}): enroll again for another ticket"


def enrolled_in(exchanges: Iterable[Exchange], barcode: Barcode) -> Exchange | None:
    """Return the exchange in which a phone enrolled with the ticket of this QR, or None."""
    for each in exchanges:
        # Both are compared as they are shown: nothing raw is needed.
        shown = each.masked(each.request.header("authorization") or "")
        if each.speaker == "phone" and barcode.ticket and f'"{barcode.ticket}"' in shown and outcome_of(each)[0]:
            return each
    return None


# -- the picture

QUIET_ZONE_MODULES = 4
"""White modules around a code, inside its picture: what ISO/IEC 18004 asks for."""
MODULE_PIXELS = 6
"""Pixels of a module: CSS pixels on a page, where the largest enrollment is some 350 wide."""
LEAST_PIXELS = 4
"""CSS pixels of a module on a narrow page: less is hard for a phone's camera at arm's length."""


def qr_png(uri: str) -> bytes:
    """Return the QR of a text as PNG bytes: black on white, with 4 white modules around it."""
    picture = io.BytesIO()
    # White is drawn, not left transparent: on a dark page the picture must stay readable.
    _code(uri).make_image(fill_color="black", back_color="white").save(picture, "PNG")
    return picture.getvalue()


def qr_svg(uri: str) -> str:
    """Return the QR of a text as an SVG: a white rectangle, and one path with a stroke for each row of black modules.

    Its text is the same on every platform, which that of a compressed picture is not.
    """
    rows = ["".join("01"[is_black] for is_black in row) for row in _code(uri).get_matrix()]
    strokes = ("".join(f"m{len(gap)} 0h{len(black)}" for gap, black in re.findall("(0*)(1+)", row)) for row in rows)
    path = "".join(f"M0 {y}.5{stroke}" for y, stroke in enumerate(strokes) if stroke)
    side, pixels = len(rows), len(rows) * MODULE_PIXELS
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path d="{path}" stroke="#000"/></svg>'
    )


def qr_img(uri: str, alt: str) -> str:
    """Return the QR of a text as an HTML picture, which an untrusted notebook keeps; `alt` is read to the blind.

    A narrow page makes it smaller, down to 4 pixels a module, and then scrolls. It stays sharp: a drawing is drawn anew
    at each size.
    """
    svg = qr_svg(uri)
    data = base64.b64encode(svg.encode()).decode()
    picture = f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}" style="{picture_style(svg)}">'
    return f'<div style="overflow-x:auto">{picture}</div>'


def picture_style(svg: str) -> str:
    """Return the inline style that keeps a QR's drawing large enough for a phone's camera, on a narrow page too."""
    modules = int(svg.split('viewBox="0 0 ')[1].split(" ")[0])
    return f"display:block;max-width:100%;min-width:{modules * LEAST_PIXELS}px;height:auto"


def _code(uri: str) -> qrcode.QRCode[PilImage]:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=MODULE_PIXELS, border=QUIET_ZONE_MODULES)
    code.add_data(uri)
    try:
        code.make(fit=True)
    except (ValueError, DataOverflowError):
        raise LabError(f"A text of {len(uri)} characters is too long for a QR.") from None
    return code


def checked_uri(uri: object) -> str:
    """Return an enrollment's URI; LabError says what to pass in place of anything else."""
    if isinstance(uri, str) and uri.startswith("otpauth://"):
        return uri
    raise LabError("This is no barcode_uri: pass enrollment['barcode_uri'], which begins with otpauth://.")


class QrPicture:
    """A QR of the sandbox's, drawn inline; its text is the URI with the ticket under its alias."""

    def __init__(self, uri: str, *, shown: str) -> None:
        """Draw `uri`; `shown` is the URI masked. The caption says who can use it: a ticket or a secret."""
        self.png = qr_png(uri)
        self._shown = f"QR of {shown}"
        self._caption = CAPTIONS["ticket" if "enrollment_tx_id=" in uri else "secret"]

    def __repr__(self) -> str:
        return f"{self._shown}\n{self._caption}"

    def _ipython_display_(self, **_: Any) -> None:
        # Two outputs: where a picture and HTML stand in one, JupyterLab shows only the HTML, and an inline SVG or an
        # HTML picture does not survive everywhere that an image/png does.
        from IPython.display import publish_display_data

        publish_display_data({"image/png": self.png, "text/plain": self._shown})
        html = f'<p style="opacity:0.8;font-size:12px">{escape(self._caption)}</p>'
        publish_display_data({"text/plain": self._caption, "text/html": html})
