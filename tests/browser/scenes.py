"""The cells that bring a notebook of a test to its panel, and the raw values that nothing may show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

# A button's poll takes real seconds over into the sandbox's time. How many pass between two steps of a test depends on
# the machine: here none counts, and the time moves only when the test advances it.
SANDBOX = """
from auth0_mfa_lab import Lab

lab = Lab.sandbox()
lab.clock._monotonic = float
user = lab.user(factors=["push"])
login = lab.client.password_grant(
    username=user.username, password=user.password, audience=lab.audience, scope="openid offline_access"
)
challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
"""

# A live tenant is played by a second sandbox. Polls wait at a gate: as slow as the test wants them, and no slower.
LIVE = """
import threading

import httpx

from auth0_mfa_lab import Lab
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.secrets.secret import Secret
from auth0_mfa_lab.settings import Settings


class Gate(httpx.BaseTransport):
    def __init__(self, inner):
        self.inner, self.opened = inner, threading.Event()
        self.asked = self.answered = 0

    def handle_request(self, request):
        if b"mfa-oob" not in request.read():
            return self.inner.handle_request(request)
        self.asked += 1
        assert self.opened.wait(90)
        answer = self.inner.handle_request(request)
        self.answered += 1
        return answer


box = Sandbox(domain="tenant.example", seed=7)
gate = Gate(box.transport)
phone = box.new_phone(httpx.Client(transport=box.transport))
user = box.add_user(factors=FACTORS, phone=phone)
settings = Settings(
    tenant="live",
    domain="tenant.example",
    client_id=box.defaults.client_id,
    client_secret=Secret(box.defaults.client_secret, "<client_secret>"),
    username=user.username,
    password=Secret(user.password, "<password>"),
    confirm="never",  # nobody sits there to be asked
)
lab = Lab.live(settings, transport=gate)
login = lab.client.password_grant(username=user.username, password=settings.password, audience=box.defaults.audience)
"""
LIVE_CHALLENGE = (
    LIVE.replace("FACTORS", '["push"]')
    + 'challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")\n'
)
LIVE_ENROLLMENT = (
    LIVE.replace("FACTORS", "[]")
    + 'challenge = lab.client.mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])\n'
)
SANDBOX_ENROLLMENT = SANDBOX.replace('["push"]', "[]").replace(
    'mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")',
    'mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])',
)
PANEL = """
panel = lab.poll_panel(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
panel
"""

# The raw values leave the kernel by a file: in a cell's output they would be in the page that is searched for them.
RAW = """
import json
from contextlib import suppress
from pathlib import Path

kinds = ("mfa_token", "oob_code", "access_token", "refresh_token", "id_token", "barcode_uri")
raw = {"password": str(user.password)}
for each in lab.journal:
    with suppress(AttributeError, ValueError):
        body = json.loads(each.response.body)
        raw |= {kind: body[kind] for kind in kinds if kind in body}
        raw |= {f"recovery_code {at}": code for at, code in enumerate(body.get("recovery_codes", ()))}
Path("raw.json").write_text(json.dumps(raw));
"""


def raw_values(folder: Path) -> dict[str, str]:
    """Return, by kind, the raw values that the RAW cell has written; with a ticket where there is a URI."""
    values: dict[str, str] = json.loads((folder / "raw.json").read_text(encoding="utf-8"))
    if uri := values.get("barcode_uri"):
        values["ticket"] = uri.split("enrollment_tx_id=")[1].split("&")[0]
    return values


def leaks(text: str, values: Mapping[str, str]) -> list[str]:
    """Return the kinds of the raw values that a text holds, URL-encoded and JSON-escaped ones too."""
    assert all(len(value) >= 8 for value in values.values()), "too short to be told from other text"
    return [kind for kind, value in values.items() if value in text or json.dumps(value)[1:-1] in text]


def button(page: Page, name: str) -> Locator:
    """Return the panel's button."""
    return page.get_by_role("button", name=name, exact=True)


def is_ready(page: Page, name: str) -> None:
    """Wait until the panel's button may be pressed: one that is off or busy ignores a press."""
    expect(button(page, name)).to_be_enabled()
    expect(button(page, name)).to_have_attribute("aria-busy", "false")


def poll_status(page: Page) -> Locator:
    """Return where the poll's panel says how it stands."""
    return page.locator(".poll-status").get_by_role("status")


def qr_status(page: Page) -> Locator:
    """Return where the QR's panel says whether it shows."""
    return page.locator(".qr-status").get_by_role("status")
