"""The QR of an enrollment without a front end: the URI taken apart, each press and its state, the picture read back."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

import pytest
from PIL import Image

from auth0_mfa_lab import Exchange, Lab, LabError
from auth0_mfa_lab.show import qr
from auth0_mfa_lab.show.panels.qr import QrPanel
from auth0_mfa_lab.show.qr import CAPTIONS, Barcode, QrPicture, enrolled_in, outcome_of
from auth0_mfa_lab.show.sentences import Sentence
from tests import panel_stage as stage
from tests.mothers import NOW, Standing, a_journal, a_request, an_exchange
from tests.panel_stage import SECRET, TICKET, looks, mask, on_a_page, states, text_of
from tests.qr_pictures import drawn, svgs_in, texts_in

# fmt: off
PUSH = f"otpauth://totp/acme:jane%40example.com?enrollment_tx_id={TICKET}&base_url=https%3A%2F%2Facme.example%2Fmfa"
OTP = f"otpauth://totp/acme:jane%40example.com?secret={SECRET}&issuer=acme&algorithm=SHA1&digits=6&period=30"
CLASSIC = (f"otpauth://totp/acme:jane?secret={SECRET}&enrollment_tx_id={TICKET}&issuer=acme&id=dev_1&base_url=x"
           "&algorithm=sha1&digits=6&counter=0&period=30&colour=blue")
# fmt: on


def test_a_uri_is_taken_apart_with_what_each_field_is_for() -> None:
    barcode = Barcode.of(CLASSIC, mask)
    assert (barcode.holds, barcode.ticket) == ("ticket", "<enrollment_tx_id 1>"), "beside a secret it is Guardian's"
    lines = text_of(barcode.html()).split("\n")
    assert lines[0] == "What this QR holds: a ticket"
    assert lines[-2:] == [mask(CLASSIC), CAPTIONS["ticket"]]
    assert [*zip(*(iter(lines[1:-2]),) * 3, strict=True)] == [
        ("enrollment_tx_id", "<enrollment_tx_id 1>", "the ticket: it lets one phone enroll, once, within 5 minutes"),
        ("base_url", "x", "whom the phone calls: POST /api/enroll below it"),
        ("secret", "<secret 1>", "what the codes are made of, in base32: whoever has it shows the same codes"),
        ("issuer", "acme", "whose codes they are, as the app shows it"),
        ("tenant", "acme", "the label before its colon: whose account it is"),
        ("account", "jane", "the label: the account, as the app shows it"),
        ("algorithm", "sha1", "the hash of the codes"),
        ("digits", "6", "how long a code is"),
        ("period", "30", "seconds that a code is shown"),
        ("id", "dev_1", "the authenticator that waits for its phone"),
        ("counter", "0", "nothing: codes that follow the time have none"),
        ("colour", "blue", "no field that the lab knows"),
    ]
    assert barcode.html().count('<th scope="row"') == len(barcode.fields)
    barcode = Barcode.of(OTP, mask, is_live=True)
    assert (barcode.holds, barcode.ticket) == ("secret", "")
    assert barcode.alt == "QR code of the secret for acme:jane@example.com"
    assert text_of(barcode.html()).endswith(CAPTIONS["live"])
    assert text_of(Barcode.of(OTP, mask).html()).endswith(CAPTIONS["secret"])


def test_a_label_is_a_tenant_and_an_account() -> None:
    for label, parts in (
        ("acme:jane%40example.com", [("tenant", "acme"), ("account", "jane@example.com")]),
        ("acme%3Ajane", [("tenant", "acme"), ("account", "jane")]),
        ("acme:samlp%7Cx:y", [("tenant", "acme"), ("account", "samlp|x:y")]),
        ("jane+tag%40example.com", [("account", "jane+tag@example.com")]),
        ("", []),
    ):
        barcode = Barcode.of(f"otpauth://totp/{label}?enrollment_tx_id={TICKET}&base_url=x#y", mask)
        assert list(barcode.fields[2:]) == parts
        assert barcode.alt == f"QR code of the ticket for {':'.join(value for _, value in parts) or 'an account'}"


@pytest.mark.parametrize("wrong", ["otpauth://totp/acme?issuer=x", "otpauth://totp/a?secret=", "otpauth://[x?a=b", 7])
def test_what_enrolls_nothing_is_a_sentence(wrong: Any) -> None:
    with pytest.raises(LabError, match=r"ass enrollment\['barcode_uri'\]"):
        Lab.sandbox().qr_panel(wrong)


def a_scan(status: int = 201, **options: Any) -> Exchange:
    request = a_request(headers=[("authorization", f'Ticket id="{TICKET}"')])
    return an_exchange(status, **{"request": request, "json": {"id": "dev_1"}, "speaker": "phone", **options})


def test_an_enrollment_that_a_phone_made_elsewhere_is_found_by_its_ticket_alone() -> None:
    ticket = "<enrollment_tx_id 1>"
    second = a_journal()
    second.aliases.learn("enrollment_tx_id", "another-ticket-0123456789")
    others = (a_scan(speaker="app"), a_scan(404), a_scan(request=a_request()), a_scan(journal=second))
    assert enrolled_in(others, ticket) is None, "the ticket of the last is <enrollment_tx_id 2>"
    assert enrolled_in([a_scan()], "") is None
    assert enrolled_in([*others, a_scan()], ticket) == outcome_of(a_scan())


def a_panel(clock: Standing, uri: str = PUSH, *, live: bool = False, **changes: Any) -> QrPanel:
    """Return a panel: the sandbox's, whose picture may be saved, or a live one."""
    own: dict[str, Any] = {"scan": a_scan, "phone": None if live else "the sandbox's phone", **changes}
    own |= {"barcode": Barcode.of(uri, mask, is_live=live), "received_at": NOW, "now": clock.now, "journal": ()}
    return QrPanel(uri, may_be_saved=not live, mask=mask, **own)


# fmt: off
MARKS = {"expired": "×", "scanned": "✓", "refused": "✗", "shown": "■", "hidden": "□"}
LEFT, FOREVER = " · 5 min 0 s left to scan", " · does not expire"
HIDDEN, EXPIRED, SPENT = "The QR is hidden.", "Expired: enroll again.", "Scanned: this ticket is spent."
SHOWN, AGAIN = "shown: scan it with the sandbox's phone", "hidden: press Show to draw it"
NO_MORE = "expired: enroll again"
DONE, CODES = "scanned: the phone is enrolled (exchange 1)", (
    "scanned: the phone shows codes from now on, and one of them confirms the enrollment")
REFUSED = "refused: 404 Not Found (exchange 1): enroll again for another ticket"
KEPT, LIVE, SLOW = Sentence("The phone has scanned the secret."), {"live": True}, {"scan": lambda: a_scan(404)}
LOST = {"scan": lambda: a_scan(failure="ConnectError")}
OTHER, PHONE = {"uri": OTP, "scan": lambda: KEPT}, {"live": True, "phone": "a phone"}
PRESSES: Mapping[str, tuple[dict[str, Any], tuple[str | float, ...], str, str, str]] = {
    # a press is a button, a method, or the seconds that pass before a look; then: the text, what stands in the
    # picture's place ("" while that is seen), and how the buttons look
    "sandbox":           ({}, (), SHOWN + LEFT, "", "off ready ready"),
    "hide":              ({}, ("Hide",), AGAIN + LEFT, HIDDEN, "ready off ready"),
    "hide, show":        ({}, ("hide", "show"), SHOWN + LEFT, "", "off ready ready"),
    "nearly over":       ({}, (299.6,), f"{SHOWN} · 1 s left to scan", "", "off ready ready"),
    "over":              ({}, (300.0, "show"), NO_MORE, EXPIRED, "off off off"),
    "over, hidden":      ({}, ("hide", 305.0, "Show"), NO_MORE, EXPIRED, "off off off"),
    "scan":              ({}, ("scan",), DONE, SPENT, "off off off"),
    "scan, over":        ({}, ("Scan with the sandbox's phone", 300.0), DONE, SPENT, "off off off"),
    "refused":           (SLOW, ("scan",), REFUSED + LEFT, "", "off ready ready"),
    "refused, over":     (SLOW, ("scan", 300.0), NO_MORE, EXPIRED, "off off off"),
    "lost":              (LOST, ("scan",), REFUSED.replace("404 Not Found", "no answer") + LEFT, "", "off ready ready"),
    "secret":            ({"uri": OTP}, (600.0,), SHOWN + FOREVER, "", "off ready ready"),
    "secret, scan":      (OTHER, ("scan",), CODES + FOREVER, "", "off ready off"),
    "live":              (LIVE, (), AGAIN + LEFT, HIDDEN, "ready off"),
    "live, show":        (LIVE, ("Show",), f"shown: scan it with the Guardian app{LEFT}", "", "off ready"),
    "live, hide":        (LIVE, ("show", "Hide"), AGAIN + LEFT, HIDDEN, "ready off"),
    "live, over":        (LIVE, ("show", 300.0, "show"), NO_MORE, EXPIRED, "off off"),
    "live, one's own":   (LIVE | {"scan": lambda: KEPT}, ("scan",), AGAIN + LEFT, HIDDEN, "ready off"),
    "live, virtual":     (PHONE, ("show", "Scan with a phone"), DONE, SPENT, "off off off"),
    "live secret":       (LIVE | OTHER, ("show", 300.0), AGAIN + FOREVER, HIDDEN, "ready off"),
    "live secret again": (LIVE | OTHER, ("show", 300.0, "show"), "shown: scan it with any authenticator app" + FOREVER,
                          "", "off ready"),
}
# fmt: on


@pytest.mark.parametrize("name", PRESSES)
def test_each_press_leads_to_its_state_and_no_live_qr_is_in_a_state_of_the_widgets(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, presses, said, instead, look = PRESSES[name]
    clock, sent = Standing(), stage.sent_to_pages(monkeypatch)
    panel, uri = a_panel(clock, **given), given.get("uri", PUSH)
    for press in presses:
        if isinstance(press, float):
            clock.advance(press)
            panel.refresh()
        elif method := getattr(panel, press, None):
            assert method() is None or press == "scan"
        else:
            {each.description: each for each in stage.buttons(panel)}[press].click()
    on_a_page(panel._place)
    assert repr(KEPT) == "The phone has scanned the secret."
    assert repr(panel) == f"QrPanel · {said} · {mask(uri)}"
    assert (looks(panel), panel._ticks) == (look, instead not in (EXPIRED, SPENT))
    state, _, rest = re.sub(" · (.+ left to scan|does not expire)$", "", said).partition(": ")
    assert text_of(panel._status.value) == f"{MARKS[state]} QR {state} · {rest}"
    bar = text_of(panel._time.value)
    assert bar.split("\n")[1:] == re.findall(r" · (.+ left to scan)$", said)
    assert not said.endswith("to scan") or f'aria-valuenow="{(NOW + 300 - clock.now()) / 3:.0f}"' in panel._time.value
    assert bar.startswith("A secret does not expire: whoever scans it, now or later,") is (uri == OTP)
    saved = svgs_in(panel.static_html())
    pictures = [*saved, *(buffers[0].decode() for _, buffers in sent)]
    assert [texts_in(drawn(svg)) for svg in pictures] == ([] if instead else [[uri]])
    assert saved == svgs_in(states(panel)) == ([] if given.get("live") else pictures)
    assert text_of(panel._instead.value) == instead
    for raw in (TICKET, SECRET, "<svg"):
        assert raw not in states(panel) + str(panel._repr_mimebundle_()) + repr(panel)


@pytest.mark.parametrize(("uri", "over", "left"), [(PUSH, EXPIRED, [300, 60]), (OTP, HIDDEN, [300, 300])])
def test_a_live_qr_is_drawn_for_what_is_left_of_its_time_and_five_minutes_at_the_most(
    uri: str, over: str, left: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, sent = Standing(), stage.sent_to_pages(monkeypatch)
    panel = a_panel(clock, uri, live=True)
    for seconds in (0, 240):
        clock.advance(seconds)
        panel.refresh()
        panel.show()
        on_a_page(panel._place)
    assert [content.pop("seconds") for content, _ in sent] == left
    how = {"kind": "show", "alt": panel._barcode.alt, "over": over, "picture": qr.picture_style(qr.qr_svg(uri))}
    assert [content for content, _ in sent] == [how, how]


def enrolling(lab: Lab, kind: str = "oob") -> tuple[str, Any]:
    """Return the mfa_token and the barcode_uri of an enrollment."""
    user = lab.user(factors=[])
    token = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]
    channels = ["auth0"] if kind == "oob" else None
    enrolled = lab.client.mfa_associate(token, authenticator_types=[kind], oob_channels=channels)
    return token, enrolled["barcode_uri"]


@pytest.mark.parametrize("by", ["the button", "another cell", "the method, too late"])
def test_the_sandboxs_phone_scans_in_the_time_from_the_exchange_that_brought_the_ticket(by: str) -> None:
    lab = Lab.sandbox()
    token, uri = enrolling(lab)
    lab.clock.advance(100)
    panel = lab.qr_panel(uri)
    assert "3 min 20 s left" in repr(panel)
    if by == "the button":
        panel.scan_button.click()
    elif by == "another cell":
        lab.phone.scan(uri)
        assert panel.card.state == "shown"
        panel.refresh()
    else:
        lab.clock.advance(200)
        assert panel.scan() is lab.journal[-1]
    status, said = (404, NO_MORE) if "late" in by else (201, DONE.replace("1)", "3)"))
    assert (lab.journal[2].speaker, lab.journal[2].status) == ("phone", status)
    assert repr(panel).startswith(f"QrPanel · {said} · ")
    assert all(each["active"] for each in lab.client.mfa_authenticators(token).json) is (status == 201)


def test_a_picture_is_saved_only_where_a_finder_can_do_nothing_with_it() -> None:
    lab, elsewhere = Lab.sandbox(), "ci.example.com:8443"
    cases: list[tuple[Any, str, bool]] = [("live", "localhost:8443", False), ("live", "tenant.example", False)]
    cases += [("sandbox", "sandbox.example", True), ("sandbox", elsewhere, False), ("served", elsewhere, False)]
    cases += [("served", here, True) for here in ("localhost:8443", "127.0.0.1:8443", "[::1]:8443")]
    for tenant, domain, is_saved in cases:
        lab.settings, lab.domain = replace(lab.settings, tenant=tenant), domain
        panel = lab.qr_panel(PUSH)
        assert bool(svgs_in(panel.static_html() + states(panel))) is isinstance(lab.qr(PUSH), QrPicture) is is_saved
        assert (panel.scan_button in stage.buttons(panel)) is (tenant != "live")


@pytest.mark.parametrize("text", [PUSH, "x", "https://example.com/" + "a" * 600, "é漢😀"], ids=len)
def test_a_qr_is_read_back_and_its_drawing_is_the_picture_module_by_module(text: str) -> None:
    png, svg = Image.open(io.BytesIO(qr.qr_png(text))).convert("RGB"), qr.qr_svg(text)
    assert texts_in(drawn(svg)) == texts_in(png) == [text]
    assert drawn(svg).tobytes() == png.tobytes()
    assert (svg, qr.qr_png(text), svg.isascii()) == (qr.qr_svg(text), qr.qr_png(text), True)


def test_a_picture_is_drawn_with_its_white_and_one_in_html_keeps_its_size_and_says_what_it_is() -> None:
    png = Image.open(io.BytesIO(qr.qr_png(PUSH)))
    assert "A" not in png.getbands()
    assert "transparency" not in png.info
    dark = Image.eval(png.convert("L"), lambda value: 255 - value)
    assert dark.getbbox() == (4 * 6, 4 * 6, png.width - 4 * 6, png.height - 4 * 6)
    picture = qr.qr_img(PUSH, 'QR of "Jane" <b>')
    assert svgs_in(picture) == [qr.qr_svg(PUSH)]
    assert len(picture) < 8_000
    assert 'alt="QR of &quot;Jane&quot; &lt;b&gt;"' in picture
    assert f"max-width:100%;min-width:{drawn(qr.qr_svg(PUSH)).width * 4 // 6}px;height:auto" in picture
    for drops in ("var(", "<style", "<svg", "class=", "url("):  # what an untrusted notebook drops
        assert drops not in picture


@pytest.mark.parametrize(("kind", "holds"), [("oob", "ticket"), ("otp", "secret")])
def test_the_sandboxs_qr_is_a_picture_that_says_who_can_use_it(
    kind: str, holds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, published = Lab.sandbox(), list[dict[str, Any]]()
    monkeypatch.setattr("IPython.display.publish_display_data", published.append)
    _, uri = enrolling(lab, kind)
    picture = lab.qr(uri)
    assert isinstance(picture, QrPicture)
    assert texts_in(Image.open(io.BytesIO(picture.png)).convert("RGB")) == [uri]
    picture._ipython_display_()
    image, said = published
    shown, caption = f"QR of {lab.aliases.mask(uri)}", CAPTIONS[holds]
    assert image == {"image/png": picture.png, "text/plain": shown}
    assert (said["text/plain"], escape(caption) in said["text/html"]) == (caption, True)
    assert repr(picture) == f"{shown}\n{caption}"
