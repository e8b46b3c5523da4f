"""What a QR's panel says, without a widget: the URI taken apart, each state with its sentence, and the HTML of both."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from auth0_mfa_lab import Lab, LabError
from auth0_mfa_lab.show.qr import CAPTIONS, Barcode, QrView, enrolled_in, outcome_of
from auth0_mfa_lab.show.sentences import Sentence
from auth0_mfa_lab.wire.exchange import Exchange
from tests.mothers import a_journal, a_request, an_exchange

TICKET = "Qm4T9vX2kLr7Zp0sHc3NwYb8EdJa6UfG"  # auth0-mfa-lab: allow
SECRET = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"  # auth0-mfa-lab: allow
BASE_URL = "https://acme.example/appliance-mfa"
PUSH = f"otpauth://totp/acme:jane%40example.com?enrollment_tx_id={TICKET}&base_url=https%3A%2F%2Facme.example%2Fappliance-mfa"
OTP = f"otpauth://totp/acme:jane%40example.com?secret={SECRET}&issuer=acme&algorithm=SHA1&digits=6&period=30"
CLASSIC = (
    f"otpauth://totp/acme:jane%40example.com?secret={SECRET}&enrollment_tx_id={TICKET}&issuer=acme&id=dev_1"
    "&base_url=https%3A%2F%2Facme.example&algorithm=sha1&digits=6&counter=0&period=30"
)


def mask(text: str) -> str:
    return text.replace(TICKET, "<enrollment_tx_id 1>").replace(SECRET, "<secret 1>")


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


def fields(uri: str) -> list[tuple[str, str]]:
    return list(Barcode.of(uri, mask).fields)


def a_card(uri: str = PUSH, **changes: Any) -> QrView:
    barcode = Barcode.of(uri, mask, is_live=changes.pop("is_live", False))
    return QrView.of(barcode, **{"drawn": True, "left": 300.0, "scanning": False, "came": None, **changes})


# -- the URI taken apart


def test_a_guardian_ticket_is_taken_apart() -> None:
    barcode = Barcode.of(PUSH, mask)
    assert barcode.holds == "ticket"
    assert fields(PUSH) == [
        ("enrollment_tx_id", "<enrollment_tx_id 1>"),
        ("base_url", BASE_URL),
        ("tenant", "acme"),
        ("account", "jane@example.com"),
    ]
    assert barcode.ticket == "<enrollment_tx_id 1>"


def test_an_authenticator_apps_secret_is_taken_apart() -> None:
    barcode = Barcode.of(OTP, mask)
    assert barcode.holds == "secret"
    assert fields(OTP) == [
        ("secret", "<secret 1>"),
        ("issuer", "acme"),
        ("tenant", "acme"),
        ("account", "jane@example.com"),
        ("algorithm", "SHA1"),
        ("digits", "6"),
        ("period", "30"),
    ]
    assert barcode.ticket == ""


def test_a_ticket_beside_a_secret_is_guardians_and_loses_no_field() -> None:
    barcode = Barcode.of(CLASSIC, mask)
    assert barcode.holds == "ticket"
    assert [name for name, _ in fields(CLASSIC)] == [
        *("enrollment_tx_id", "base_url", "secret", "issuer", "tenant", "account"),
        *("algorithm", "digits", "period", "id", "counter"),
    ]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("acme:jane%40example.com", [("tenant", "acme"), ("account", "jane@example.com")]),
        ("acme%3Ajane", [("tenant", "acme"), ("account", "jane")]),
        ("acme:samlp%7Cx:y", [("tenant", "acme"), ("account", "samlp|x:y")]),
        ("jane+tag%40example.com", [("account", "jane+tag@example.com")]),
        ("", []),
    ],
)
def test_a_label_is_a_tenant_and_an_account(label: str, expected: list[tuple[str, str]]) -> None:
    found = fields(f"otpauth://totp/{label}?enrollment_tx_id={TICKET}&base_url=x")
    assert found[2:] == expected


def test_a_field_that_the_lab_does_not_know_is_shown_too() -> None:
    barcode = Barcode.of(f"{PUSH}&colour=blue", mask)
    assert barcode.fields[-1] == ("colour", "blue")
    assert "no field that the lab knows" in barcode.html()


@pytest.mark.parametrize(
    "uri",
    ["otpauth://totp/acme:jane", "otpauth://totp/acme?issuer=x", "otpauth://totp/a?secret=", "otpauth://[x?a=b"],
)
def test_what_enrolls_nothing_is_a_sentence(uri: str) -> None:
    with pytest.raises(LabError, match="neither an enrollment_tx_id nor a secret"):
        Barcode.of(uri, mask)


# -- the states


@pytest.mark.parametrize(
    ("changes", "state", "line"),
    [
        ({}, "shown", "shown: scan it with the sandbox's phone · 5 min 0 s left to scan"),
        ({"drawn": False}, "hidden", "hidden: press Show to draw it · 5 min 0 s left to scan"),
        ({"left": 0.4}, "shown", "shown: scan it with the sandbox's phone · 1 s left to scan"),
        ({"left": 0.0}, "expired", "expired: enroll again"),
        ({"left": -5.0, "drawn": False}, "expired", "expired: enroll again"),
        ({"scanning": True}, "scanning", "scanning: the phone enrolls · 5 min 0 s left to scan"),
        ({"came": ("scanned", "done (exchange 3)")}, "scanned", "scanned: done (exchange 3)"),
        ({"came": ("scanned", "done"), "left": -1.0}, "scanned", "scanned: done"),
        ({"came": ("refused", "404")}, "refused", "refused: 404 · 5 min 0 s left to scan"),
        ({"came": ("refused", "404"), "left": 0.0}, "expired", "expired: enroll again"),
        ({"is_live": True}, "shown", "shown: scan it with the Guardian app · 5 min 0 s left to scan"),
    ],
)
def test_each_state_of_a_ticket_has_its_line(changes: dict[str, Any], state: str, line: str) -> None:
    card = a_card(**changes)
    assert card.state == state
    assert card.text == f"QrPanel · {line} · {mask(PUSH)}"
    assert "\n" not in card.text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "shown: scan it with the sandbox's phone · does not expire"),
        ({"came": ("scanned", "the phone shows codes")}, "scanned: the phone shows codes · does not expire"),
        ({"is_live": True, "drawn": False}, "hidden: press Show to draw it · does not expire"),
        ({"is_live": True}, "shown: scan it with any authenticator app · does not expire"),
    ],
)
def test_a_secret_does_not_expire_and_a_scan_does_not_spend_it(changes: dict[str, Any], line: str) -> None:
    card = a_card(OTP, **{"left": None, **changes})
    assert card.text == f"QrPanel · {line} · {mask(OTP)}"
    assert not card.is_over
    assert "does not expire" in card.time


@pytest.mark.parametrize(
    ("changes", "may_scan", "instead"),
    [
        ({}, True, ""),
        ({"drawn": False}, True, "The QR is hidden."),
        ({"scanning": True}, False, ""),
        ({"came": ("refused", "404")}, True, ""),
        ({"left": 0.0}, False, "Expired: enroll again."),
        ({"came": ("scanned", "done")}, False, "Scanned: this ticket is spent."),
    ],
)
def test_what_may_be_pressed_and_what_stands_in_the_pictures_place(
    changes: dict[str, Any], may_scan: bool, instead: str
) -> None:
    card = a_card(**changes)
    assert (card.may_scan, text_of(card.instead)) == (may_scan, instead)


def test_a_scanned_secret_stays_on_the_page_and_is_not_scanned_twice() -> None:
    card = a_card(OTP, left=None, came=("scanned", "done"))
    assert card.instead == ""
    assert not card.may_scan


@pytest.mark.parametrize(("left", "percent"), [(300.0, 100), (150.0, 50), (0.1, 0), (900.0, 100)])
def test_the_bar_is_the_share_of_five_minutes_that_is_left(left: float, percent: int) -> None:
    assert f'aria-valuenow="{percent}"' in a_card(left=left).time


def test_no_state_is_told_by_its_mark_alone_and_no_two_share_one() -> None:
    cards = [
        *(a_card(), a_card(drawn=False), a_card(scanning=True), a_card(came=("scanned", "x")), a_card(left=0.0)),
        a_card(came=("refused", "x")),
    ]
    marks = {card.status.split("</span>")[0] for card in cards}
    assert len(marks) == len({card.state for card in cards}) == len(cards)


# -- what came of a scan


def a_scan(status: int, ticket: str = TICKET, **options: Any) -> Exchange:
    journal = a_journal()
    asked = a_request(
        url="https://acme.example/appliance-mfa/api/enroll", headers=[("authorization", f'Ticket id="{ticket}"')]
    )
    return an_exchange(status, request=asked, journal=journal, **{"speaker": "phone", **options})


def test_a_scan_that_worked_names_its_exchange() -> None:
    assert outcome_of(a_scan(201, json={"id": "dev_1"})) == ("scanned", "the phone is enrolled (exchange 1)")
    assert outcome_of(Sentence("scanned"))[1].startswith("the phone shows codes from now on")


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (a_scan(404, json={"statusCode": 404}), "404 Not Found (exchange 1): enroll again"),
        (a_scan(0, failure="ConnectError"), "no answer (exchange 1): enroll again"),
    ],
)
def test_a_scan_that_was_refused_says_so_and_what_to_do(exchange: Exchange, said: str) -> None:
    state, refused = outcome_of(exchange)
    assert state == "refused"
    assert refused.startswith(said)


def test_an_enrollment_that_a_phone_made_elsewhere_is_found_by_its_ticket_alone() -> None:
    barcode = Barcode.of(PUSH, mask)
    ours = a_scan(201, json={"id": "dev_1"})
    assert enrolled_in([ours], barcode.ticket) == outcome_of(ours)
    for other in (
        a_scan(201, json={"id": "dev_1"}, speaker="app"),
        a_scan(404, json={}),
        an_exchange(201, journal=a_journal()),
    ):
        assert enrolled_in([other], barcode.ticket) is None
    assert enrolled_in([ours], Barcode.of(OTP, mask).ticket) is None
    second = a_journal()
    second.aliases.learn("enrollment_tx_id", "another-ticket-0123456789")
    asked = a_request(headers=[("authorization", f'Ticket id="{TICKET}"')])
    elsewhere = an_exchange(201, json={}, request=asked, journal=second, speaker="phone")
    assert enrolled_in([elsewhere], barcode.ticket) is None, "it is <enrollment_tx_id 2> there"


# -- the HTML


def test_the_table_has_each_field_with_a_heading_and_shows_no_secret() -> None:
    html = Barcode.of(CLASSIC, mask).html()
    for name, value in fields(CLASSIC):
        assert f">{name}</th>" in html
        assert value in unescape(html)
    assert html.count('<th scope="row"') == len(fields(CLASSIC))
    assert TICKET not in html
    assert SECRET not in html


def test_what_came_from_outside_is_text_in_the_html() -> None:
    uri = f"otpauth://totp/%3Cimg%20src%3Dx%3E:%22j%22?enrollment_tx_id={TICKET}&%3Cb%3E=%3Ci%3E"
    card = a_card(uri, came=("refused", "<script>"))
    barcode = Barcode.of(uri, mask)
    html = card.status + barcode.html() + barcode.label
    assert "<img src=x>" in barcode.label
    for tag in ("<img", "<b>=", "<i>", "<script"):
        assert tag not in html.removesuffix(barcode.label)


def test_the_status_is_read_when_it_changes_and_the_time_is_not_in_it() -> None:
    first, second = a_card(), a_card(left=299.0)
    assert first.status == second.status
    assert 'role="status" aria-live="polite"' in first.status
    assert first.time != second.time
    assert "aria-live" not in first.time


def test_the_time_is_a_bar_with_its_text_and_a_sentence_for_what_does_not_expire() -> None:
    assert 'aria-valuetext="2 min 30 s left to scan"' in a_card(left=150.0).time
    assert 'aria-valuenow="50"' in a_card(left=150.0).time
    assert a_card(left=0.0).time == ""
    assert "progressbar" not in a_card(OTP, left=None).time
    assert "A secret does not expire" in a_card(OTP, left=None).time


def test_the_caption_says_who_can_use_it() -> None:
    assert CAPTIONS["ticket"] in unescape(Barcode.of(PUSH, mask).html())
    assert CAPTIONS["secret"] in unescape(Barcode.of(OTP, mask).html())
    assert CAPTIONS["live"] in unescape(Barcode.of(PUSH, mask, is_live=True).html())
    assert "no saved file" in CAPTIONS["live"]


def test_the_sandboxs_own_uris_are_read_as_its_phone_reads_them() -> None:
    lab = Lab.sandbox()
    for kind, channels in (("oob", ["auth0"]), ("otp", None)):
        user = lab.user(factors=[])
        login = lab.client.password_grant(username=user.username, password=user.password)
        token = login["mfa_token"]
        uri = lab.client.mfa_associate(token, authenticator_types=[kind], oob_channels=channels)["barcode_uri"]
        barcode = Barcode.of(uri, lab.aliases.mask)
        assert barcode.holds == ("ticket" if kind == "oob" else "secret")
        assert dict(barcode.fields)["account"] == user.username
        assert str(uri) not in str(barcode)
