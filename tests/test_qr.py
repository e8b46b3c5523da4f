"""A QR can be read back, has its quiet zone in it, and shows its URI masked."""

from __future__ import annotations

import html
import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from auth0_mfa_lab import Lab
from auth0_mfa_lab.show.qr import LEAST_PIXELS, MODULE_PIXELS, QUIET_ZONE_MODULES, QrPicture, qr_img, qr_png, qr_svg
from tests.qr_pictures import drawn, svgs_in, texts_in

URI = "otpauth://totp/tenant:jane%40example.com?enrollment_tx_id=ticket-1&base_url=https%3A%2F%2Ftenant.example"
MODULE = 6


def picture_of(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


@pytest.mark.parametrize("uri", [URI, "x", "https://example.com/" + "a" * 600, "é漢😀"])
def test_a_qr_is_read_back(uri: str) -> None:
    (code,) = zxingcpp.read_barcodes(picture_of(qr_png(uri)))
    assert code.text == uri


def test_its_quiet_zone_of_four_modules_is_white_and_begins_the_code_right_after_it() -> None:
    picture = picture_of(qr_png(URI))
    width, height = picture.size
    zone = QUIET_ZONE_MODULES * MODULE
    assert QUIET_ZONE_MODULES == 4
    assert width == height
    for x in range(width):
        for y in range(height):
            if min(x, y) < zone or max(x, y) >= width - zone:
                assert picture.getpixel((x, y)) == (255, 255, 255)
    assert picture.getpixel((zone, zone)) == (0, 0, 0)


def test_white_is_drawn_and_not_left_transparent() -> None:
    picture = Image.open(io.BytesIO(qr_png(URI)))
    assert "A" not in picture.getbands()
    assert "transparency" not in picture.info


def test_on_a_dark_page_it_is_read_all_the_same() -> None:
    qr = picture_of(qr_png(URI))
    page = Image.new("RGB", (qr.width + 200, qr.height + 200), (17, 17, 17))
    page.paste(qr, (100, 100))
    (code,) = zxingcpp.read_barcodes(page)
    assert code.text == URI


def test_the_same_uri_gives_the_same_picture() -> None:
    assert qr_png(URI) == qr_png(URI)


@pytest.mark.parametrize("uri", [URI, "x", "https://example.com/" + "a" * 600, "é漢😀"])
def test_a_drawing_is_the_picture_module_by_module(uri: str) -> None:
    picture = drawn(qr_svg(uri))
    assert texts_in(picture) == [uri]
    assert picture.tobytes() == picture_of(qr_png(uri)).tobytes()
    assert MODULE_PIXELS == MODULE


def test_a_drawing_is_text_of_half_the_bytes_of_one_square_a_module_and_the_same_each_time() -> None:
    svg = qr_svg(URI)
    assert svg == qr_svg(URI)
    assert svg.isascii()
    assert len(svg) < 6_000
    assert len(qr_img(URI, "a")) < 8_000


def test_an_html_picture_says_what_it_is_keeps_its_size_and_cannot_be_broken_out_of() -> None:
    html_picture = qr_img(URI, 'QR of "Jane" <b>')
    assert svgs_in(html_picture) == [qr_svg(URI)]
    assert 'alt="QR of &quot;Jane&quot; &lt;b&gt;"' in html_picture
    modules = drawn(qr_svg(URI)).width // MODULE
    assert LEAST_PIXELS >= 4
    assert f"max-width:100%;min-width:{modules * LEAST_PIXELS}px;height:auto" in html_picture


@pytest.mark.parametrize("breaks", ["var(", "<style", "<svg", "class=", "url("])
def test_an_html_picture_has_nothing_that_an_untrusted_notebook_drops(breaks: str) -> None:
    assert breaks not in qr_img(URI, "a")


def test_a_picture_is_shown_as_an_image_with_its_caption(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.publish_display_data", published.append)
    picture = QrPicture(URI, shown="otpauth://…<enrollment_tx_id 1>")
    picture._ipython_display_()
    image, caption = published
    assert image == {"image/png": picture.png, "text/plain": "QR of otpauth://…<enrollment_tx_id 1>"}
    assert caption["text/plain"].startswith("This is a ticket of the sandbox: the Guardian app cannot use it")
    assert html.escape(caption["text/plain"]) in caption["text/html"]
    assert repr(picture) == f"QR of otpauth://…<enrollment_tx_id 1>\n{caption['text/plain']}"


def test_a_secret_has_another_caption_than_a_ticket() -> None:
    assert "This is a secret of the sandbox" in repr(QrPicture("otpauth://totp/a:b?secret=ABC", shown="shown"))


def test_the_sandboxs_qr_says_who_can_use_it_and_hides_its_ticket() -> None:
    lab = Lab.sandbox()
    lab.aliases.learn("enrollment_tx_id", "ticket-1")
    picture = lab.qr(URI)
    assert isinstance(picture, QrPicture)
    assert "ticket-1" not in repr(picture)
    assert "<enrollment_tx_id 1>" in repr(picture)
    assert "the Guardian app cannot use it, lab.phone.scan(...) can" in repr(picture)
    (code,) = zxingcpp.read_barcodes(picture_of(picture.png))
    assert code.text == URI


def test_the_qr_of_a_one_time_code_reads_as_its_uri() -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    uri = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["otp"])["barcode_uri"]
    picture = lab.qr(uri)
    assert isinstance(picture, QrPicture)
    (code,) = zxingcpp.read_barcodes(picture_of(picture.png))
    assert code.text == uri
    assert "secret=<secret 1>" in repr(picture)
