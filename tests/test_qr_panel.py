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
from tests.mothers import NOW, Standing, a_journal, a_request, an_exchange, enrolling, rows
from tests.panel_stage import SECRET, TICKET, looks, mask, on_a_page, states, text_of
from tests.qr_pictures import svgs_in, texts_in

# fmt: off
PUSH = f"otpauth://totp/acme:jane%40example.com?enrollment_tx_id={TICKET}&base_url=https%3A%2F%2Facme.example%2Fmfa"
OTP = f"otpauth://totp/acme:jane%40example.com?secret={SECRET}&issuer=acme&algorithm=SHA1&digits=6&period=30"
CLASSIC = (f"otpauth://totp/acme:jane?secret={SECRET}&enrollment_tx_id={TICKET}&issuer=acme&id=dev_1&base_url=x"
           "&algorithm=sha1&digits=6&counter=0&period=30&colour=blue")
# fmt: on


FIELDS = """\
enrollment_tx_id | <enrollment_tx_id 1> | the ticket: it lets one phone enroll, once, within 5 minutes
base_url | x | whom the phone calls: POST /api/enroll below it
secret | <secret 1> | what the codes are made of, in base32: every app that has it shows the same codes
issuer | acme | whose codes they are, as the app shows it
tenant | acme | the label before its colon: whose account it is
account | jane | the label: the account, as the app shows it
algorithm | sha1 | the hash of the codes
digits | 6 | how long a code is
period | 30 | seconds that a code is shown
id | dev_1 | the authenticator that waits for its phone
counter | 0 | nothing: codes that follow the time have none
colour | blue | no field that the lab knows"""


def test_a_uri_is_taken_apart_with_what_each_field_is_for() -> None:
    barcode = Barcode.of(CLASSIC, mask)
    assert (barcode.holds, barcode.ticket) == ("ticket", "<enrollment_tx_id 1>"), "beside a secret it is Guardian's"
    lines = text_of(barcode.html()).split("\n")
    assert lines[0] == "What this QR holds: a ticket"
    assert lines[-2:] == [mask(CLASSIC), CAPTIONS["ticket"]]
    assert [" | ".join(each) for each in zip(*(iter(lines[1:-2]),) * 3, strict=True)] == FIELDS.split("\n")
    assert barcode.html().count('<th scope="row"') == len(barcode.fields)
    barcode = Barcode.of(OTP, mask, is_live=True)
    said = "QR code of the secret for acme:jane@example.com"
    assert (barcode.holds, barcode.ticket, barcode.alt) == ("secret", "", said)
    assert text_of(barcode.html()).endswith(
        "\nEvery phone that scans this QR can use it. It is on the page from Show to Hide, for 5 minutes at most, and "
        "in no saved file."
    )
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


@pytest.mark.parametrize("wrong", ["otpauth://totp/acme?issuer=x", "otpauth://totp/a?secret=", "otpauth://[x?a=b"])
def test_what_enrolls_nothing_is_a_sentence(wrong: Any) -> None:
    said = (
        "This barcode_uri enrolls nothing: it has neither an enrollment_tx_id nor a secret. Pass "
        "enrollment['barcode_uri'] of a push or OTP enrollment."
    )
    with pytest.raises(LabError, match=re.escape(said)):
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
    said = "the phone shows codes from now on, and one of them confirms the enrollment"
    assert outcome_of(Sentence("Kept.")) == ("scanned", said)


def a_panel(clock: Standing, uri: str = PUSH, *, live: bool = False, **changes: Any) -> QrPanel:
    """Return a panel: the sandbox's, whose picture may be saved, or a live one."""
    own: dict[str, Any] = {"scan": a_scan, "phone": None if live else "the sandbox's phone", **changes}
    own |= {"barcode": Barcode.of(uri, mask, is_live=live), "received_at": NOW, "now": clock.now, "journal": ()}
    return QrPanel(uri, may_be_saved=not live, mask=mask, **own)


KEPT = Sentence("The phone has scanned the secret.")
LIVE: dict[str, Any] = {"live": True}
GIVEN: Mapping[str, dict[str, Any]] = {
    "refused": {"scan": lambda: a_scan(404)},
    "lost": {"scan": lambda: a_scan(failure="ConnectError")},
    "secret": {"uri": OTP, "scan": lambda: KEPT},
    "live": {**LIVE, "scan": lambda: KEPT},
    "live secret": {**LIVE, "uri": OTP},
    "virtual": {**LIVE, "phone": "a phone"},
}
PRESSES = """
sandbox     | 0     | 5 min 0 s | off ready ready | ■ shown: scan it with the sandbox's phone
sandbox     | Hide  | 5 min 0 s | ready off ready | □ hidden: press Show to draw it
sandbox     | show  | 5 min 0 s | off ready ready | ■ shown: scan it with the sandbox's phone
sandbox     | 299.6 | 1 s       | off ready ready | ■ shown: scan it with the sandbox's phone
sandbox     | 0.4   | over      | off off off     | × expired: enroll again
sandbox     | show  | over      | off off off     | × expired: enroll again
scanned     | Scan  | over      | off off off     | ✓ scanned: the phone is enrolled (exchange 1)
scanned     | 300   | over      | off off off     | ✓ scanned: the phone is enrolled (exchange 1)
refused     | scan  | 5 min 0 s | off ready ready | ✗ refused: 404 Not Found (exchange 1): enroll again
refused     | 300   | over      | off off off     | × expired: enroll again
lost        | scan  | 5 min 0 s | off ready ready | ✗ refused: no answer (exchange 1): enroll again
secret      | 600   | for ever  | off ready ready | ■ shown: scan it with the sandbox's phone
secret      | scan  | for ever  | off ready off   | ✓ scanned: the phone shows codes from now on
live        | scan  | 5 min 0 s | ready off       | □ hidden: press Show to draw it
live        | Show  | 5 min 0 s | off ready       | ■ shown: scan it with the Guardian app
live        | hide  | 5 min 0 s | ready off       | □ hidden: press Show to draw it
live        | show  | 5 min 0 s | off ready       | ■ shown: scan it with the Guardian app
live        | 300   | over      | off off         | × expired: enroll again
virtual     | show  | 5 min 0 s | off ready ready | ■ shown: scan it with the Guardian app
virtual     | Scan  | over      | off off off     | ✓ scanned: the phone is enrolled (exchange 1)
live secret | show  | for ever  | off ready       | ■ shown: scan it with any authenticator app
live secret | 300   | for ever  | ready off       | □ hidden: press Show to draw it
live secret | show  | for ever  | off ready       | ■ shown: scan it with any authenticator app
"""
"""A press is a button, a method, or the seconds that pass before a look; then: the time, the buttons, the status."""
INSTEAD = {"□": "The QR is hidden.", "×": "Expired: enroll again.", "✓": "Scanned: this ticket is spent."}


@pytest.mark.parametrize("name", dict.fromkeys(name for name, *_ in rows(PRESSES)))
def test_each_press_leads_to_its_state_and_no_live_qr_is_saved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sent, given = Standing(), stage.sent_to_pages(monkeypatch), GIVEN.get(name, {})
    panel, uri = a_panel(clock, **given), given.get("uri", PUSH)
    for press, left, look, said in (cells for story, *cells in rows(PRESSES) if story == name):
        sent.clear()
        if press[0].isdigit():
            clock.advance(float(press))
            panel.refresh()
        elif method := getattr(panel, press, None):
            assert method() is None or press == "scan"
        else:
            next(each for each in stage.buttons(panel) if each.description.startswith(press)).click()
        on_a_page(panel._place)
        mark, state = said.split(" ", 1)
        in_short = {"over": "", "for ever": "does not expire"}.get(left, f"{left} left to scan")
        assert repr(panel).startswith(f"QrPanel · {state}")
        assert repr(panel).endswith(f" · {in_short} · {mask(uri)}" if in_short else f" · {mask(uri)}")
        assert text_of(panel._status.value).startswith(f"{mark} QR {state.replace(': ', ' · ', 1)}")
        time = (
            "A secret does not expire: an app that scans it, now or later, shows its codes." if uri == OTP else in_short
        )
        assert text_of(panel._time.value).removeprefix("the ticket\n") == time
        share = f'aria-valuenow="{(NOW + 300 - clock.now()) / 3:.0f}"'
        assert (share in panel._time.value) is left.endswith(" s")
        assert (looks(panel), panel._ticks) == (look, left != "over")
        instead = "" if uri == OTP and mark == "✓" else INSTEAD.get(mark, "")
        assert text_of(panel._instead.value) == instead
        saved = svgs_in(panel.static_html())
        pictures = [*saved, *(buffers[0].decode() for _, buffers in sent)]
        assert [texts_in(svg) for svg in pictures] == ([] if instead else [[uri]])
        assert saved == svgs_in(states(panel)) == ([] if given.get("live") else pictures)
        assert not [raw for raw in (TICKET, SECRET, "<svg") if raw in states(panel) + str(panel._repr_mimebundle_())]


@pytest.mark.parametrize(("uri", "over", "left"), [(PUSH, INSTEAD["×"], [300, 60]), (OTP, INSTEAD["□"], [300, 300])])
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


@pytest.mark.parametrize(("later", "status"), [(0, 201), (200, 404)])
def test_the_sandboxs_phone_scans_while_the_ticket_lives(later: int, status: int) -> None:
    lab = Lab.sandbox()
    token, enrolled = enrolling(lab)
    uri = enrolled["barcode_uri"]
    lab.clock.advance(100)
    panel = lab.qr_panel(uri)
    assert "3 min 20 s left" in repr(panel)
    lab.clock.advance(later)
    scanned = lab.phone.scan(uri) if status == 201 else panel.scan()  # in another cell, or too late
    assert (scanned, lab.journal[2].speaker, lab.journal[2].status) == (lab.journal[2], "phone", status)
    panel.refresh()
    said = "scanned: the phone is enrolled (exchange 3)" if status == 201 else "expired: enroll again"
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
def test_a_qr_is_read_back_from_its_picture_and_its_drawing_which_have_their_white(text: str) -> None:
    png, svg = qr.qr_png(text), qr.qr_svg(text)
    assert texts_in(png) == texts_in(svg) == [text]
    assert (svg, png) == (qr.qr_svg(text), qr.qr_png(text))
    picture = Image.open(io.BytesIO(png))
    assert ("A" in picture.getbands(), "transparency" in picture.info) == (False, False)
    dark = Image.eval(picture.convert("L"), lambda value: 255 - value)
    assert dark.getbbox() == (4 * 6, 4 * 6, picture.width - 4 * 6, picture.height - 4 * 6)
    side, pixels = picture.width // 6, picture.width
    assert svg.startswith(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/><path d="M0 4.5m4 0h7m'
    )
    assert svg.endswith('" stroke="#000"/></svg>')
    picture_html = qr.qr_img(text, "")
    assert svgs_in(picture_html) == [svg]
    assert f"max-width:100%;min-width:{side * 4}px;height:auto" in picture_html


@pytest.mark.parametrize(("kind", "holds"), [("oob", "ticket"), ("otp", "secret")])
def test_the_sandboxs_qr_says_who_can_use_it(kind: str, holds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, published, named = Lab.sandbox(), list[dict[str, Any]](), list[Any]()

    def publish(data: dict[str, Any], metadata: Any = None) -> None:
        published.append(data)
        named.append(metadata)

    monkeypatch.setattr("IPython.display.publish_display_data", publish)
    uri = enrolling(lab, kind)[1]["barcode_uri"]
    picture = lab.qr(uri)
    assert isinstance(picture, QrPicture)
    picture._ipython_display_()
    image, said = published
    assert texts_in(image["image/png"]) == [uri]
    assert named == [{"image/png": {"alt": f"QR code of the {holds} for sandbox:user1@example.com"}}, None]
    assert (image["text/plain"], said["text/plain"]) == (f"QR of {lab.aliases.mask(uri)}", CAPTIONS[holds])
    assert escape(CAPTIONS[holds]) in said["text/html"]
    assert repr(picture) == "\n".join(each["text/plain"] for each in published)
