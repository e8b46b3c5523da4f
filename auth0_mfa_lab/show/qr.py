"""An enrollment's QR: what its URI holds, the picture of it, and what its panel says at one moment."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from itertools import groupby
from typing import Any
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

_BOX = "line-height:1.5;overflow-wrap:anywhere;min-width:0"
_CELL = "text-align:left;vertical-align:top;padding:3px 0"
_INSTEAD = (
    "box-sizing:border-box;max-width:342px;padding:24px;border:1px dashed rgba(127,127,127,0.8);line-height:1.5;"
    "text-align:center"
)
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
_TENANT = "the label before its colon: whose account it is"
_ACCOUNT = "the label: the account, as the app shows it"
_OF_CODES: Mapping[str, str] = {"algorithm": "SHA1", "digits": "6", "period": "30"}
_FIRST = ("enrollment_tx_id", "base_url", "secret", "issuer")


class Holds(StrEnum):
    """What an enrollment's URI carries."""

    TICKET = "ticket"
    SECRET = "secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a URI, as it may be shown, and what it is for."""

    name: str
    value: str
    meaning: str

    def html(self) -> str:
        """Return its name, and what it is for below its value, so that the table fits a narrow page."""
        name = f'<th scope="row" style="{_CELL};white-space:nowrap;padding-right:12px">{escape(self.name)}</th>'
        meaning = f'<br><span style="font-size:92%">{escape(self.meaning)}</span>'
        value = f'<td style="{_CELL};overflow-wrap:anywhere">{escape(self.value)}{meaning}</td>'
        return f'<tr style="background:none">{name}{value}</tr>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """An enrollment's URI as it may be shown: whole, and taken apart."""

    holds: Holds
    shown: str
    label: str
    parts: tuple[Part, ...]

    @property
    def ticket(self) -> str:
        """The alias of the ticket, "" where there is none."""
        return next((part.value for part in self.parts if part.name == "enrollment_tx_id"), "")

    @classmethod
    def of(cls, uri: str, mask: Callable[[str], str]) -> Barcode:
        """Take a URI apart; `mask` puts its ticket, its secret and, on a live tenant, its person under aliases.

        A ticket beside a secret is Guardian's. Raises LabError for a URI that has neither. Source: the guardian
        reference, section 1.
        """
        # Not urlsplit: it raises for what is no URL, and anything may stand here.
        label, _, query = str(uri).partition("#")[0].partition("?")
        fields = parse_qsl(query, keep_blank_values=True)
        names = {name for name, value in fields if value}
        if names.isdisjoint(("enrollment_tx_id", "secret")):
            raise LabError(
                "This barcode_uri enrolls nothing: it has neither an enrollment_tx_id nor a secret. Pass "
                "enrollment['barcode_uri'] of a push or OTP enrollment."
            )
        holds = Holds.TICKET if "enrollment_tx_id" in names else Holds.SECRET
        named = mask(unquote(label.removeprefix("otpauth://").partition("/")[2]))
        found = [(mask(name), mask(value)) for name, value in fields]
        return cls(holds=holds, shown=mask(str(uri)), label=named, parts=tuple(_parts(holds, named, found)))


def _parts(holds: Holds, label: str, found: list[tuple[str, str]]) -> Iterator[Part]:
    """Yield the fields: first those that matter, then the label, then the rest as it stands in the URI."""
    first = sorted((each for each in found if each[0] in _FIRST), key=lambda each: _FIRST.index(each[0]))
    for name, value in first:
        yield Part(name=name, value=value, meaning=_WHAT[name])
    tenant, colon, account = label.partition(":")
    if colon:
        yield Part(name="tenant", value=tenant, meaning=_TENANT)
    if account or tenant:
        yield Part(name="account", value=account if colon else tenant, meaning=_ACCOUNT)
    for name, value in found:
        if name not in _FIRST:
            yield Part(name=name, value=value, meaning=_WHAT.get(name, "no field that the lab knows"))
    names = {name for name, _ in found}
    if holds is Holds.TICKET and "base_url" not in names:
        yield Part(name="base_url", value="(absent)", meaning="the phone calls the domain that its app was made for")
    for name, usual in _OF_CODES.items() if holds is Holds.SECRET else ():
        if name not in names:
            yield Part(name=name, value="(absent)", meaning=f"apps take {usual}")


# -- what the panel says

CAPTIONS: Mapping[Holds, str] = {
    Holds.TICKET: "This is a ticket of the sandbox: the Guardian app cannot use it, lab.phone.scan(...) can. "
    "It can be scanned for 5 minutes of the sandbox's time.",
    Holds.SECRET: "This is a secret of the sandbox: lab.phone.scan(...) can use it. An authenticator app would show "
    "the codes of the real time, and the sandbox has a time of its own.",
}
LIVE_CAPTION = (
    "Whoever sees this QR can use it on a phone of theirs. It is on the page from Show to Hide, for 5 minutes at most, "
    "and in no saved file."
)


class Standing(StrEnum):
    """Where a QR's panel stands."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    SCANNING = "scanning"
    SCANNED = "scanned"
    EXPIRED = "expired"


_GONE: Mapping[Standing, str] = {
    Standing.EXPIRED: "Expired: enroll again.",
    Standing.SCANNED: "Scanned: this ticket is spent.",
}
_SAID: Mapping[Standing, str] = {
    Standing.HIDDEN: "press Show to draw it",
    Standing.SCANNING: "the phone enrolls",
    Standing.EXPIRED: "enroll again",
}
_MARKS: Mapping[Standing, str] = {
    Standing.SHOWN: "■",
    Standing.HIDDEN: "□",
    Standing.SCANNING: "…",
    Standing.SCANNED: "✓",
    Standing.EXPIRED: "×",
}


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
    def standing(self) -> Standing:
        """Where the panel stands: what has ended counts before what is shown."""
        if self.scanned and self.barcode.holds is Holds.TICKET:
            return Standing.SCANNED
        if self.left is not None and self.left <= 0:
            return Standing.EXPIRED
        if self.scanning:
            return Standing.SCANNING
        return Standing.SHOWN if self.drawn else Standing.HIDDEN

    @property
    def is_over(self) -> bool:
        """Whether nobody can use the QR any more."""
        return self.standing in (Standing.SCANNED, Standing.EXPIRED)

    @property
    def is_drawn(self) -> bool:
        """Whether the picture is on the page."""
        return self.drawn and not self.is_over

    @property
    def may_scan(self) -> bool:
        """Whether the lab's phone may be told to scan now."""
        return self.can_scan and not (self.scanning or self.scanned or self.is_over)

    @property
    def _is_refused(self) -> bool:
        """Whether the last scan did not work, and another may."""
        return bool(self.refused) and not (self.scanned or self.scanning or self.is_over)

    @property
    def word(self) -> str:
        """The state in a word; the time changes each second, and is told apart."""
        if self._is_refused:
            return "refused"
        return "scanned" if self.scanned and not self.scanning else self.standing.value

    @property
    def said(self) -> str:
        """What the state means, and what to do next."""
        if self._is_refused:
            return self.refused
        if self.scanned and not self.scanning:
            return self.scanned
        return _SAID.get(self.standing) or f"scan it with {self.reader}"

    @property
    def mark(self) -> str:
        """A sign for the state, beside its word."""
        return {"refused": "✗", "scanned": "✓"}.get(self.word) or _MARKS[self.standing]

    @property
    def reader(self) -> str:
        """Who can read the QR."""
        if not self.is_live:
            return "the sandbox's phone"
        return "the Guardian app" if self.barcode.holds is Holds.TICKET else "any authenticator app"

    @property
    def caption(self) -> str:
        """Who can use the QR, and who must not see it."""
        return LIVE_CAPTION if self.is_live else CAPTIONS[self.barcode.holds]

    @property
    def time(self) -> str:
        """How long the QR can be used, as text; "" when that is over."""
        if self.left is None:
            return "A secret does not expire: whoever scans it, now or later, shows its codes."
        # A begun second counts whole: 0 s would be the end.
        return "" if self.is_over else f"{spoken(math.ceil(self.left))} left to scan"

    @property
    def share(self) -> float:
        """The part of the ticket's time that is left, from 0 to 1."""
        return 1.0 if self.left is None else min(1.0, max(0.0, self.left / OOB_CODE_SECONDS))

    @property
    def instead(self) -> str:
        """What stands in the place of the picture while that is not on the page; "" while it is."""
        if self.is_drawn:
            return ""
        return _GONE.get(self.standing, "The QR is hidden.")

    @property
    def alt(self) -> str:
        """What a screen reader says of the picture."""
        return f"QR code of the {self.barcode.holds.value} for {self.barcode.label or 'an account'}"

    def text(self) -> str:
        """Return all of it in one line."""
        left = "does not expire" if self.left is None else self.time
        return " · ".join(filter(None, ["QrPanel", f"{self.word}: {self.said}", left, self.barcode.shown]))

    def status_html(self) -> str:
        """Return where the panel stands, as what a screen reader says by itself when it changes."""
        return status_line(self.mark, f"QR {self.word}", self.said)

    def time_html(self) -> str:
        """Return the time that is left, as text and as a bar; apart from the status, which is read aloud."""
        if self.left is None or not self.time:
            return line(self.time) if self.time else ""
        return f'<div style="max-width:640px">{bar("the ticket", self.share, self.time)}</div>'

    def instead_html(self) -> str:
        """Return what stands in the place of the picture; "" while that is on the page."""
        if not self.instead:
            return ""
        return f'<p class="qr-instead" style="{_INSTEAD}">{escape(self.instead)}</p>'

    def parts_html(self) -> str:
        """Return what the URI holds, as a table, and who can use the QR."""
        holds = escape(self.barcode.holds.value)
        title = f'<caption style="text-align:left"><b>What this QR holds: a {holds}</b></caption>'
        rows = "".join(part.html() for part in self.barcode.parts)
        table = f'<table style="border-collapse:collapse">{title}<tbody>{rows}</tbody></table>'
        uri = f'<p style="{_BOX};margin:8px 0"><code>{escape(self.barcode.shown)}</code></p>'
        return f'<div style="{_BOX}">{table}{uri}{line(self.caption)}</div>'

    def html(self, picture: str) -> str:
        """Return the whole panel; `picture` is the HTML of the picture, or "" where none may be saved."""
        side = "flex:0 1 342px;min-width:0"
        place = picture if self.is_drawn else ""
        left = f'<div style="{side}">{place or self.instead_html()}</div>'
        right = f'<div style="flex:1 1 320px;min-width:0">{self.parts_html()}</div>'
        both = f'<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">{left}{right}</div>'
        return f"<div>{self.status_html()}{self.time_html()}{both}</div>"


def outcome_of(result: Exchange | Told) -> tuple[str, str]:
    """Return what came of a scan, as what worked and what did not; one of the two is ""."""
    if isinstance(result, Told):
        return "the phone shows codes from now on, and one of them confirms the enrollment", ""
    if result.response is not None and 200 <= result.response.status < 300:
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
    rows = _code(uri).get_matrix()
    side = len(rows)
    steps: list[str] = []
    for y, row in enumerate(rows):
        begin, x = f"M0 {y}.5m", 0
        for is_black, group in groupby(row):
            wide = len(list(group))
            if is_black:
                steps.append(f"{begin}{x} 0h{wide}")
                begin, x = "m", 0
            else:
                x += wide
    pixels = side * MODULE_PIXELS
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path d="{"".join(steps)}" stroke="#000"/></svg>'
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
        self._shown = shown
        self.png = qr_png(uri)
        self._caption = CAPTIONS[Holds.TICKET if "enrollment_tx_id=" in uri else Holds.SECRET]

    def __repr__(self) -> str:
        return f"QR of {self._shown}\n{self._caption}"

    def _ipython_display_(self, **_: Any) -> None:
        # Two outputs: where a picture and HTML stand in one, JupyterLab shows only the HTML, and an inline SVG or an
        # HTML picture does not survive everywhere that an image/png does.
        from IPython.display import publish_display_data

        publish_display_data({"image/png": self.png, "text/plain": f"QR of {self._shown}"})
        html = f'<p style="opacity:0.8;font-size:12px">{escape(self._caption)}</p>'
        publish_display_data({"text/plain": self._caption, "text/html": html})
