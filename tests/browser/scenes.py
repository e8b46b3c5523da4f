"""The cells that bring a notebook of a test to its panel, and the raw values that nothing may show."""

import json
from collections.abc import Mapping
from pathlib import Path

# A button's poll takes real seconds over into the sandbox's time. How many pass between two steps of a test depends on
# the machine: here none counts, and the time moves only when the test advances it.
_SANDBOX = """
from auth0_mfa_lab import Lab

lab = Lab.sandbox()
lab.clock._monotonic = float
user = lab.user(factors=FACTORS)
login = lab.client.password_grant(
    username=user.username, password=user.password, audience=lab.audience, scope="openid offline_access"
)
"""
# A live tenant is played by a second sandbox. Polls wait at a gate: as slow as the test wants them, and no slower.
_LIVE = """
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
_CHALLENGE = 'mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")'
_ENROLLMENT = 'mfa_associate(login["mfa_token"], authenticator_types=["oob"], oob_channels=["auth0"])'
SANDBOX, SANDBOX_ENROLLMENT, LIVE_CHALLENGE, LIVE_ENROLLMENT = (
    f"{begun.replace('FACTORS', factors)}challenge = lab.client.{asked}\n"
    for begun in (_SANDBOX, _LIVE)
    for factors, asked in (('["push"]', _CHALLENGE), ("[]", _ENROLLMENT))
)
PANEL = """
panel = lab.poll_panel(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
panel
"""
PUSH = PANEL.replace("poll_panel", "push_panel")
PHONE = "phone = lab.phone_panel()\nphone"
# A second user, whose push waits, too.
MORE = """
other = lab.user(factors=["push"])
there = lab.client.password_grant(username=other.username, password=other.password)
_ = lab.client.mfa_challenge(mfa_token=there["mfa_token"], challenge_type="oob")
"""
BROKEN = """
def broken():
    raise RuntimeError(f"it broke with {login['mfa_token']}")

works, panel.run._ask = panel.run._ask, broken
"""
# The lab's clock stands until the test moves it: how long a page takes to show something depends on the machine.
STANDING = "begun, later = lab.clock.now(), []\nlab.clock.now = lambda: begun + sum(later)"
POLLS = 'sum(b"mfa-oob" in each.request.body for each in lab.journal)'

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
