"""The QR's panel on a live tenant, over TLS: with one's own phone it says what to do, with the virtual one it scans."""

from __future__ import annotations

from html import unescape

import ipywidgets
import pytest

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.show.panels.qr import QrPanel
from tests.live.live_world import LiveTenant
from tests.qr_pictures import svgs_in

ENROLL = ("POST", "/appliance-mfa/api/enroll")


def panel_of(lab: Lab, factor: str) -> QrPanel:
    user = lab.user(factors=[])
    login = lab.client.password_grant(username=user.username, password=user.password)
    channels = ["auth0"] if factor == "oob" else None
    begun = lab.client.mfa_associate(login["mfa_token"], authenticator_types=[factor], oob_channels=channels)
    return lab.qr_panel(begun["barcode_uri"])


def state_of(panel: ipywidgets.Widget) -> str:
    return "\n".join([str(panel.get_state()), *(state_of(child) for child in getattr(panel, "children", ()))])


@pytest.mark.parametrize("factor", ["oob", "otp"])
def test_with_ones_own_phone_nothing_is_sent_and_nobody_is_named(live_tenant: LiveTenant, factor: str) -> None:
    lab = live_tenant.lab()
    panel = panel_of(lab, factor)
    panel.show()
    assert repr(panel.scan()).startswith("On your phone: add an account")
    assert ENROLL not in live_tenant.journal
    assert panel.card.state == "shown"
    for text in (repr(panel), panel.static_html(), state_of(panel)):
        assert str(lab.settings.username) not in unescape(text)
        assert svgs_in(text) == []
    assert "data:image" not in state_of(panel)


def test_the_virtual_phone_scans_and_is_marked_as_unproven(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab(virtual_phone=True)
    panel = panel_of(lab, "oob")
    panel.show()
    assert panel.scan_button.description == "Scan with the virtual phone (unproven)"
    assert isinstance(panel.scan(), Exchange)
    assert live_tenant.journal[-1] == ENROLL
    assert "scanned: the phone is enrolled" in repr(panel)
    assert panel.card.is_over


def test_the_ticket_expires_in_real_time(live_tenant: LiveTenant) -> None:
    lab = live_tenant.lab()
    panel = panel_of(lab, "oob")
    panel.show()
    live_tenant.sandbox.clock.advance(301)
    panel.refresh()
    assert "expired: enroll again" in repr(panel)
