"""The QR's panel on a served sandbox: what it says in process, with the server's domain; its phone over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server
from auth0_mfa_lab.show.panels.qr import QrPanel
from tests.qr_pictures import drawn, svgs_in, texts_in
from tests.serve.served_notebooks import as_served
from tests.serve.test_served_lab import settings_of


@pytest.fixture
def frozen() -> Iterator[Server]:
    """A server of seed 1 whose clock stands still."""
    with Server(Sandbox(seed=1)) as server:
        yield server


def panel_of(lab: Lab) -> QrPanel:
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])
    return lab.qr_panel(begun["barcode_uri"])


def told(lab: Lab) -> list[str]:
    """Return what the panel says at first, after a minute, and after the scan."""
    panel = panel_of(lab)
    said = [repr(panel), panel.static_html()]
    lab.clock.advance(60)
    panel.refresh()
    said += [repr(panel), panel.static_html()]
    panel.scan_button.click()
    return [*said, repr(panel), panel.static_html()]


def test_the_panel_says_what_it_says_in_process(frozen: Server, tmp_path: Path) -> None:
    served = told(Lab.served(settings_of(frozen, tmp_path)))
    in_process = [as_served(text, frozen.domain) for text in told(Lab.sandbox(seed=1))]
    assert served == in_process
    assert "4 min 0 s left" in served[2]
    assert "scanned: the phone is enrolled (exchange 3)" in served[4]


def test_its_picture_is_that_of_the_servers_ticket(frozen: Server, tmp_path: Path) -> None:
    panel = panel_of(Lab.served(settings_of(frozen, tmp_path)))
    (svg,) = svgs_in(panel.static_html())
    (uri,) = texts_in(drawn(svg))
    assert f"https://{frozen.domain}/appliance-mfa" in unescape(panel.static_html())
    assert frozen.domain.replace(":", "%3A") in uri


def test_a_drawn_qr_is_moved_to_another_domain_in_text_and_in_json() -> None:
    html = panel_of(Lab.sandbox(seed=1)).static_html()
    for moved in (as_served(html, "box.example:8443"), json.loads(as_served(json.dumps(html), "box.example:8443"))):
        (svg,) = svgs_in(moved)
        (uri,) = texts_in(drawn(svg))
        assert uri.endswith("base_url=https%3A%2F%2Fbox.example%3A8443%2Fappliance-mfa")
        assert "sandbox.example" not in moved
