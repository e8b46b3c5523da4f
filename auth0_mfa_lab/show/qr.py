"""An enrollment's QR: what its URI holds, the picture of it, and what its panel says at one moment."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qsl, unquote

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage

from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.polling import OOB_CODE_SECONDS
from auth0_mfa_lab.show.html import bar, facts, line, spoken, status_line
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.wire.exchange import Exchange

Came = tuple[str, str]
"""What came of a scan, "scanned" or "refused", and what is said of it."""
# fmt: off
_WHAT: Mapping[str, str] = {
    "enrollment_tx_id": "the ticket: it lets one phone enroll, once, within 5 minutes",
    "base_url":  "whom the phone calls: POST /api/enroll below it",
    "secret":    "what the codes are made of, in base32: every app that has it shows the same codes",
    "issuer":    "whose codes they are, as the app shows it",
    "tenant":    "the label before its colon: whose account it is",
    "account":   "the label: the account, as the app shows it",
    "algorithm": "the hash of the codes",
    "digits":    "how long a code is",
    "period":    "seconds that a code is shown",
    "id":        "the authenticator that waits for its phone",
    "counter":   "nothing: codes that follow the time have none",
}
CAPTIONS: Mapping[str, str] = {
    "ticket": "This is a ticket of the sandbox: the Guardian app cannot use it, lab.phone.scan(...) can. "
              "It can be scanned for 5 minutes of the sandbox's time.",
    "secret": "This is a secret of the sandbox: lab.phone.scan(...) can use it. An authenticator app would show "
              "the codes of the real time, and the sandbox has a time of its own.",
    "live":   "Every phone that scans this QR can use it. It is on the page from Show to Hide, for 5 "
              "minutes at most, and in no saved file.",
}
_MARKS = {"expired": "×", "scanning": "…", "scanned": "✓", "refused": "✗", "shown": "■", "hidden": "□"}
# fmt: on
HIDDEN, EXPIRED, SPENT = "The QR is hidden.", "Expired: enroll again.", "Scanned: this ticket is spent."
_BOX = "line-height:1.5;overflow-wrap:anywhere;min-width:0"
_INSTEAD = (
    "box-sizing:border-box;max-width:342px;padding:24px;border:1px dashed rgba(127,127,127,0.8);line-height:1.5;"
    "text-align:center"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """An enrollment's URI as it may be shown, whole and by field; it `holds` a "ticket" or a "secret"."""

    holds: str
    shown: str
    label: str
    ticket: str
    is_live: bool
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, uri: str, mask: Callable[[str], str], *, is_live: bool = False) -> Barcode:
        """Take a URI apart; `mask` puts its secrets and, on a live tenant, its person under aliases.

        A ticket beside a secret is Guardian's. Raises LabError for a URI that has neither.
        """
        # Not urlsplit: it raises for what is no URL, and anything may stand here.
        path, _, query = str(uri).partition("#")[0].partition("?")
        found = [(mask(name), mask(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
        values = {name: value for name, value in found if value}
        if values.keys().isdisjoint(("enrollment_tx_id", "secret")):
            raise LabError(
                "This barcode_uri enrolls nothing: it has neither an enrollment_tx_id nor a secret. Pass "
                "enrollment['barcode_uri'] of a push or OTP enrollment."
            )
        label = mask(unquote(path.removeprefix("otpauth://").partition("/")[2]))
        tenant, account = label.split(":", 1) if ":" in label else ("", label)
        fields = [*(each for each in (("tenant", tenant), ("account", account)) if each[1]), *found]
        order = list(_WHAT)
        fields.sort(key=lambda each: order.index(each[0]) if each[0] in order else len(order))
        return cls(
            holds="ticket" if "enrollment_tx_id" in values else "secret",
            shown=mask(str(uri)),
            label=label,
            ticket=values.get("enrollment_tx_id", ""),
            is_live=is_live,
            fields=tuple(fields),
        )

    @property
    def alt(self) -> str:
        """What a screen reader says of the picture."""
        return f"QR code of the {self.holds} for {self.label or 'an account'}"

    def html(self) -> str:
        """Return what the URI holds, as a table, and what can be done with the QR."""
        # What a field is for stands below its value, so that the table fits a narrow page.
        what = {name: escape(_WHAT.get(name, "no field that the lab knows")) for name, _ in self.fields}
        small = '<br><span style="font-size:92%">'
        rows = [(name, f"{escape(value)}{small}{what[name]}</span>") for name, value in self.fields]
        title = f'<caption style="text-align:left"><b>What this QR holds: a {self.holds}</b></caption>'
        uri = f'<p style="{_BOX};margin:8px 0"><code>{escape(self.shown)}</code></p>'
        caption = CAPTIONS["live" if self.is_live else self.holds]
        return f'<div style="{_BOX}">{facts(rows, title)}{uri}{line(caption)}</div>'


@dataclass(frozen=True, slots=True, kw_only=True)
class QrView:
    """What a QR's panel says at one moment, masked; `instead` stands in the picture's place, "" while that is shown."""

    state: str
    text: str
    status: str
    time: str
    instead: str
    is_over: bool
    may_scan: bool

    @classmethod
    def of(cls, barcode: Barcode, *, drawn: bool, left: float | None, scanning: bool, came: Came | None) -> QrView:
        """Return what is said of a QR that has `left` seconds, None for what does not expire.

        `drawn` says that the picture is wanted on the page. What has ended counts before what is shown.
        """
        is_spent = came is not None and came[0] == "scanned" and barcode.holds == "ticket"
        if left is not None and left <= 0 and not is_spent:
            state, said = "expired", "enroll again"
        elif scanning:
            state, said = "scanning", "the phone enrolls"
        elif came:
            state, said = came
        elif drawn:
            app = "the Guardian app" if barcode.holds == "ticket" else "any authenticator app"
            reader = app if barcode.is_live else "the sandbox's phone"
            state, said = "shown", f"scan it with {reader}"
        else:
            state, said = "hidden", "press Show to draw it"
        is_over, time, in_short = is_spent or state == "expired", "", ""
        instead = SPENT if is_spent else EXPIRED if is_over else "" if drawn else HIDDEN
        if left is None:
            time = line("A secret does not expire: an app that scans it, now or later, shows its codes.")
            in_short = "does not expire"
        elif not is_over:
            in_short = f"{spoken(left)} left to scan"
            time = f'<div style="max-width:640px">{bar("the ticket", left / OOB_CODE_SECONDS, in_short)}</div>'
        return cls(
            state=state,
            text=" · ".join(filter(None, ("QrPanel", f"{state}: {said}", in_short, barcode.shown))),
            status=status_line(_MARKS[state], f"QR {state}", said),
            time=time,
            instead=instead and f'<p class="qr-instead" style="{_INSTEAD}">{instead}</p>',
            is_over=is_over,
            may_scan=state in ("shown", "hidden", "refused"),
        )


def outcome_of(result: Exchange | Sentence) -> Came:
    """Return what came of a scan."""
    if isinstance(result, Sentence):
        return "scanned", "the phone shows codes from now on, and one of them confirms the enrollment"
    if 200 <= (result.status or 0) < 300:
        return "scanned", f"the phone is enrolled (exchange {result.number})"
    return "refused", f"{result.outcome} (exchange {result.number}): enroll again for another ticket"


def enrolled_in(exchanges: Iterable[Exchange], ticket: str) -> Came | None:
    """Return what came of the exchange in which a phone enrolled with a ticket, given as its alias."""
    for each in exchanges:
        # Both are compared as they are shown: nothing raw is needed.
        shown = each.masked(each.request.header("authorization") or "")
        if each.speaker == "phone" and ticket and f'"{ticket}"' in shown and (came := outcome_of(each))[0] == "scanned":
            return came
    return None


# -- the picture

# A narrow page makes a module smaller, but no smaller than a phone's camera reads at arm's length.
QUIET_ZONE_MODULES, MODULE_PIXELS, LEAST_PIXELS = 4, 6, 4


def qr_png(uri: str) -> bytes:
    """Return the QR of a text as PNG bytes: black on white, with 4 white modules around it."""
    picture = io.BytesIO()
    # White is drawn, not left transparent: on a dark page the picture must stay readable.
    _code(uri).make_image(fill_color="black", back_color="white").save(picture, "PNG")
    return picture.getvalue()


def qr_svg(uri: str) -> str:
    """Return the QR of a text as an SVG, which is the same text on every platform: one path, a stroke for each row."""
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
    """Return the QR of a text as an HTML picture, which an untrusted notebook keeps; a screen reader says `alt`."""
    svg = qr_svg(uri)
    data = base64.b64encode(svg.encode()).decode()
    picture = f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}" style="{picture_style(svg)}">'
    return f'<div style="overflow-x:auto">{picture}</div>'


def picture_style(svg: str) -> str:
    """Return the inline style that keeps a QR's drawing large enough for a phone's camera, on a narrow page too."""
    least = int(svg.split('width="')[1].split('"')[0]) * LEAST_PIXELS // MODULE_PIXELS
    return f"display:block;max-width:100%;min-width:{least}px;height:auto"


def _code(uri: str) -> qrcode.QRCode[PilImage]:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=MODULE_PIXELS, border=QUIET_ZONE_MODULES)
    code.add_data(uri)
    return code


class QrPicture:
    """A QR of the sandbox's, drawn inline; its text is the URI masked, and says what can be done with it."""

    def __init__(self, uri: str, mask: Callable[[str], str]) -> None:
        barcode = Barcode.of(uri, mask)
        self.png, self._shown, self._alt = qr_png(uri), f"QR of {barcode.shown}", barcode.alt
        self._caption = CAPTIONS[barcode.holds]

    def __repr__(self) -> str:
        return f"{self._shown}\n{self._caption}"

    def _ipython_display_(self, **_: Any) -> None:
        # Two outputs: where a picture and HTML stand in one, JupyterLab shows only the HTML, and an inline SVG or an
        # HTML picture does not survive everywhere that an image/png does.
        from IPython.display import publish_display_data

        named = {"image/png": {"alt": self._alt}}
        publish_display_data({"image/png": self.png, "text/plain": self._shown}, metadata=named)
        html = f'<p style="opacity:0.8;font-size:12px">{escape(self._caption)}</p>'
        publish_display_data({"text/plain": self._caption, "text/html": html})
