"""What the scanner leaves alone: stand-ins, code, hashes, widgets' ids, examples' tickets, and this project."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth0_mfa_lab import Lab
from auth0_mfa_lab.secrets.scan import file_kind, scan
from auth0_mfa_lab.show.qr import qr_svg
from auth0_mfa_lab.wire.har import har as har_of
from tests.scan_mothers import base64_of, drawn, encoded, har, kinds, notebook, png, shown, source, widget_state
from tests.test_project import tracked

ROOT = Path(__file__).parent.parent

STAND_INS = [
    '"mfa_token": "<mfa_token 1: sealed>", "oob_code": "<oob_code 2>"',
    "mfa_token=%3Cmfa_token+1%3E&otp=<otp 1>&binding_code=&lt;binding_code 1&gt;",
    'curl --data-urlencode "mfa_token=${MFA_TOKEN_1}" --data "oob_code=$OOB_CODE_1" --data password="$AUTH0_PASSWORD"',
    '"client_secret": "your secret", "password": "your password"',
    '"client_secret": "YOUR_CLIENT_SECRET", "mfa_token": "YOUR_MFA_TOKEN", "otp": "USER_OTP_CODE"',
    '\'{"mfa_token": "{yourMfaToken}", "binding_code": "{userBindingCode}"}\'',
    "Authorization: Bearer MFA_TOKEN, Authorization: Bearer <mfa_token 1>, Authorization: Bearer ${ACCESS_TOKEN_1}",
    '"mfa_token": "Fe26.2*…", "oob_code": "Fe26...Ha", "recovery_codes": ["…"]',
    '"recovery_code": "XXXXXXXXXXXXXXXXXXXXXXXX"',
    '"mfa_token": "Fe26.2**05...", "access_token": "eyJz93a...k4laUWw", "refresh_token": "GEbRxBN...edjnXbL"',
    '"id_token": "eyJ0XAi...4faeEoQ", "token_type": "Bearer", "expires_in": 86400',
    "it begins with `Fe26.2*`, and a JWT with `eyJ`; Fe26.2*not-a-token-that-auth0-sealed",
    "otpauth://totp/{tenant}:{user}?secret={secret}&enrollment_tx_id={id}",
    "otpauth://totp/tenant:user?enrollment_tx_id=...&base_url=...&secret=...",
    "password: ********, client_secret: [REDACTED], refresh_token: null, otp: 000000",
    "Basic authentication, a Bearer token-endpoint, a Ticket for-the-office-in-town",
    "AUTH0_LAB_TOKEN=, AUTH0_CLIENT_SECRET=, AUTH0_PASSWORD=that user's password",
]
CODE = [
    'client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="otp")',
    "client.mfa_otp_grant(mfa_token=login.mfa_token, otp=phone.code())",
    "def grant(self, *, mfa_token: str, otp: str = '', password: str | None = None, code: int = 0) -> Exchange:",
    'return {"mfa_token": mfa_token, "otp": otp, "client_secret": self._settings.client_secret_of_2_applications}',
    'SECRET = os.environ["AUTH0_CLIENT_SECRET"]; password = getpass.getpass()',
    'NAMES = ("password", "client_secret", "otp", "recovery_code", "AUTH0_LAB_TOKEN", "AUTH0_PHONE_NUMBER_1")',
    'PAIRS = {"expired": errors.ExpiredMfaToken403, "oob_code": grants.ExpiredOobCode403, "code": "invalid_grant"}',
    'assert otp == "123456"; password="not-the-password"; client_secret="a-secret"; code="493817"',
    "exit code: 123456, error code: 400001, status_code = 100003, zip code 90210, country_code=004930",
    '"grant_type": "password", "password": "Password", "otp": "One-time password", "secret": "Secret"',
    '"password": {"type": "string"}, "otp": {"type": "string", "pattern": "[0-9]{6}"}',
    'f"password={password}&client_secret={secret!r}&otp={code:06d}"',
    'const { mfa_token, oob_code } = await response.json(); const otp = form.get("otp");',
    "password: ${{ secrets.AUTH0_PASSWORD }}",
]
IDS = [
    hashlib.sha256(b"1").hexdigest(),
    hashlib.sha1(b"1").hexdigest().upper(),
    hashlib.md5(b"1").hexdigest()[:24].upper(),
    str(uuid.UUID(int=2**127 + 12345)),
    f"sha512-{base64.b64encode(hashlib.sha512(b'1').digest()).decode()}",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "push|dev_Ab12Cd34Ef56Gh78, auth0|5f7c8ec7c33c6c004bbafe82",
    "eyJub3QganNvbiwgbm8gSldU.in-three-parts.of-nothing",
    "IPY_MODEL_1f2e3d4c5b6a79880011223344556677",
    "kid=NkFCNEE1NDFDNTQ5RTQ5OTE1QzRBMjYyMzY0NEJCQTJBMjJBQkZCMA",
]


@pytest.mark.parametrize("text", [*STAND_INS, *IDS])
def test_a_stand_in_and_an_id_are_no_secret_in_an_example(text: str) -> None:
    assert scan(".env.example", f"{text}\n{json.dumps(text)}\n".encode()).finds == ()


@pytest.mark.parametrize("text", [*STAND_INS, *IDS])
def test_a_stand_in_and_an_id_are_no_secret_in_a_notebook_or_a_recording(text: str) -> None:
    cells = [{"source": [text]}, shown("text/plain", text), {"metadata": {"note": text}}]
    assert kinds(notebook(*cells, **widget_state(value=text))) == set()
    assert kinds(har(response={"content": {"text": text}}), "a.har") == set()


@pytest.mark.parametrize("text", CODE)
def test_code_that_names_secrets_holds_none(text: str) -> None:
    assert kinds(source(text)) == set()


# -- tickets of nobody's

OF_AN_EXAMPLE = [
    "otpauth://totp/sandbox.example:x?enrollment_tx_id={id}&base_url=https%3A%2F%2Fsandbox.example%2Fappliance-mfa",
    "otpauth://totp/acme:x?enrollment_tx_id={id}&base_url=https%3A%2F%2Facme.example%3A8443%2Fappliance-mfa",
    "otpauth://totp/sandbox:user1%40example.com?secret={secret}&issuer=sandbox&digits=6&period=30",
    "https://sandbox.example/en/guardian?ticket={id}",
]
OF_SOMEBODY = [
    "otpauth://totp/acme:x?enrollment_tx_id={id}&base_url=https%3A%2F%2Facme.auth0.com&issuer=https%3A%2F%2Fa.example",
    "otpauth://totp/login.acme.com:x?enrollment_tx_id={id}&base_url=https%3A%2F%2Fsandbox.example",
    "otpauth://totp/sandbox:user1%40acme.com?secret={secret}&issuer=sandbox&digits=6&period=30",
    "otpauth://totp/acme:user1%40example.com?secret={secret}&issuer=acme&digits=6&period=30",
    "https://acme.auth0.com/en/guardian?ticket={id}",
]
FILLED = {"id": drawn(string.ascii_letters + string.digits, 32), "secret": drawn(string.ascii_uppercase + "234567", 32)}


@pytest.mark.parametrize(
    ("uri", "secret"), [*((uri, False) for uri in OF_AN_EXAMPLE), *((uri, True) for uri in OF_SOMEBODY)]
)
def test_an_examples_ticket_is_no_secret_in_a_text_or_a_picture(uri: str, secret: bool) -> None:
    text = uri.format(**FILLED)
    cells = (
        shown("text/plain", text),
        shown("text/html", f"<a href='{text.replace('&', '&amp;')}'>"),
        {"source": [text]},
    )
    pictures = (shown("image/png", base64_of(png(text))), shown("image/svg+xml", qr_svg(text)))
    for cell in (*cells, *pictures):
        assert bool(kinds(notebook(cell))) is secret
    assert bool(kinds(text, ".env")) is secret


def test_a_picture_of_something_else_is_no_secret() -> None:
    assert kinds(notebook(shown("image/png", base64_of(png("https://example.com/some/page"))))) == set()


# -- what the lab itself writes


def test_what_the_lab_shows_and_exports_of_a_login_holds_no_secret() -> None:
    lab = Lab.sandbox()
    user = lab.user(factors=["otp", "sms"])
    login = lab.client.password_grant(username=user.username, password=user.password)
    lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=lab.phone.code())
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    recording = har_of(lab.journal)
    assert "Fe26.2*" in recording
    assert scan("a.har", recording.encode()).finds == ()
    raw = json.loads(recording)
    del raw["log"]["_auth0_mfa_lab"]
    # What is not the lab's own may hold a code.
    assert kinds(json.dumps(raw), "a.har") == {"one-time code"}
    assert [kinds(notebook(shown("text/plain", repr(each)))) for each in lab.journal] == [set()] * len(lab.journal)
    answer = lab.journal[0].response
    assert answer
    sent = har(response={"content": {"text": str(answer.text)}})
    assert kinds(sent, "a.har") == {"mfa_token"}, "what was sent holds none: this test would see nothing"


# -- widgets


def hex_of(source: random.Random, length: int = 32) -> str:
    return "".join(source.choices("0123456789abcdef", k=length))


def model(source: random.Random, ids: list[str]) -> dict[str, Any]:
    """Return the state of one widget of a random kind, as ipywidgets, anywidget and plotting libraries save it."""
    words = ["Poll", "Code:", "Password", "Start", "mfa_token", "One-time code", "Waiting for the phone", "otp"]
    alnum = string.ascii_letters + string.digits
    raw = source.randbytes(source.randint(10, 3_000))
    states: list[dict[str, Any]] = [
        {"_model_name": "LayoutModel", "width": f"{source.randint(1, 999999)}px", "flex": None, "grid_area": None},
        {"_model_name": "VBoxModel", "children": [f"IPY_MODEL_{each}" for each in ids], "box_style": ""},
        {"_model_name": "IntSliderModel", "value": source.randint(0, 10**7), "max": 10**7, "description": "Seconds"},
        {"_model_name": "FloatTextModel", "value": source.random() * 10**8, "description": "code"},
        {"_model_name": "HTMLModel", "value": f"<b>{source.choice(words)}</b>: <i>{source.randint(0, 60)} s</i>"},
        {"_model_name": "PasswordModel", "value": "", "placeholder": "Password", "description": "Password:"},
        {"_model_name": "TextModel", "value": source.choice(words), "description": "Filter"},
        {
            "_model_name": "ButtonModel",
            "description": source.choice(words),
            "tooltip": str(uuid.UUID(int=source.getrandbits(128))),
        },
        {"_model_name": "ImageModel", "buffers": [{"encoding": "base64", "path": ["value"], "data": base64_of(raw)}]},
        {"_model_name": "AnyModel", "_anywidget_id": f"a.b-{hex_of(source)}", "_esm": "function render({ model }) {}"},
        {"_model_name": "DOMWidgetModel", "hash": hex_of(source, 64), "digest": hex_of(source, 40).upper()},
        {"_model_name": "FigureModel", "uid": str(uuid.UUID(int=source.getrandbits(128))), "x": [source.random()] * 5},
        {"_model_name": "GridModel", "row_id": "".join(source.choices(alnum, k=source.randint(6, 40)))},
        {
            "_model_name": "TreeModel",
            "_id": f"{hex_of(source, 24)}",
            "icon": "#" + hex_of(source, 6),
            "token": hex_of(source),
        },
    ]
    return {"model_module": "@jupyter-widgets/base", "model_module_version": "2.0.0", "state": source.choice(states)}


def test_fifty_notebooks_of_random_widget_state_hold_no_secret() -> None:
    for seed in range(50):
        source = random.Random(seed)
        ids = [hex_of(source) for _ in range(40)]
        state = {each: model(source, source.sample(ids, 3)) for each in ids}
        widgets = {"application/vnd.jupyter.widget-state+json": {"state": state, "version_major": 2}}
        view = shown("application/vnd.jupyter.widget-view+json", {"model_id": ids[0], "version_major": 2})
        assert scan(f"{seed}.ipynb", notebook(view, widgets=widgets)).finds == (), seed


# What is drawn is large: how long that takes says nothing about the scanner.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.dictionaries(
        st.sampled_from(
            ["value", "_model_name", "children", "layout", "style", "tabbable", "rows", "options", "index"]
        ),
        st.recursive(
            st.none()
            | st.booleans()
            | st.floats(allow_nan=False)
            | st.integers()
            | st.text()
            | st.uuids().map(str)
            | st.binary(max_size=300).map(lambda raw: base64.b64encode(raw).decode())
            | st.binary(min_size=16, max_size=16).map(bytes.hex),
            lambda inner: st.lists(inner, max_size=4),
            max_leaves=8,
        ),
    )
)
def test_whatever_a_widget_holds_is_no_secret_by_chance(state: dict[str, Any]) -> None:
    assert kinds(notebook({}, **widget_state(**state))) == set()


# -- this project


def test_no_file_of_this_project_holds_a_secret_that_is_not_allowed() -> None:
    """Whoever runs the scanner here, as a hook or by hand, gets no find; what tests make up says so beside it."""
    names = [name for name in tracked() if file_kind(name)]
    assert len(names) > 20
    found = [f"{name}: {find}" for name in names for find in scan(name, (ROOT / name).read_bytes()).finds]
    assert found == []


# -- however large


@pytest.mark.parametrize(
    "piece",
    [
        "otp",
        "mfa_token=",
        "eyJ",
        "eyJhbGciOiJ9.",
        "<span ",
        "otp <b> ",
        "%25",
        "&amp;",
        "\\\\",
        "Fe26.2*",
        "Basic ",
        "a1B2",
        "<svg ",
    ],
)
def test_the_time_follows_the_length(piece: str) -> None:
    """Patterns that try again from every place would take hours here."""
    begun = time.process_time()
    scan("a.ipynb", source(piece * (200_000 // len(piece))))
    scan(".env", (piece + "\n" * 3).encode() * 10_000)
    assert time.process_time() - begun < 10


def test_a_text_in_base64_in_base64_has_an_end() -> None:
    text = "nothing at all"
    for _ in range(30):
        text = encoded(text)
    assert kinds(text, ".env") == set()
