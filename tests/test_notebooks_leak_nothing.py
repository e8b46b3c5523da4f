"""No committed notebook holds a secret, in any byte or any picture; and running them sends nothing anywhere."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import qrcode

from auth0_mfa_lab import Lab
from auth0_mfa_lab.secrets.claims import from_base64
from auth0_mfa_lab.secrets.scan import codes_in, is_an_examples, pixels_of_svg
from tests.execute_notebooks import NOTEBOOKS, notebooks
from tests.network import NOTES

ROOT = Path(__file__).parent.parent
LIVE = {
    "AUTH0_LAB_TENANT": "live",
    "AUTH0_DOMAIN": "tenant.example",
    "AUTH0_CLIENT_ID": "an-application",
    "AUTH0_CLIENT_SECRET": "its-secret-0123456789",
    "AUTH0_USERNAME": "someone@example.com",
    "AUTH0_PASSWORD": "a-password-0123456789",
}

# Notebook 01 sends this one, which nobody sealed.
MADE_UP = "Fe26.2*not-a-token-that-auth0-sealed"
MADE_UP_TOO = (MADE_UP, "not-the-password-of-this-user", "not-the-secret-of-this-application")
ALIAS = r"<|&lt;|&amp;lt;|%3C|\\u003c|\$\{?[A-Z]|%24"
SHAPES = {
    "a JWT": r"eyJ[\w-]{10,}\.[\w-]{10,}",
    "a sealed string": r"Fe26\.2(?:\*|%2A)[\w*.%-]{6,}",
    "a recovery code": r"(?<![\w+/])[A-Z0-9]{24}(?![\w+/=])",
    "a secret in a query or a form": rf"secret=(?!{ALIAS})[^\s\"'\\&]",
    "a ticket": rf"enrollment_tx_id=(?!{ALIAS})[^\s\"'\\&]",
}
BASE64 = r"[A-Za-z0-9+/_-]{16,}={0,2}"


def leaks(raw: bytes) -> list[str]:
    """Return what looks like a secret in the bytes of a notebook, each with its kind."""
    found: list[str] = []
    for text, pictures in _layers(raw.decode("utf-8")):
        found += [f"{kind}: {hit[0][:40]}" for kind, shape in SHAPES.items() for hit in re.finditer(shape, text)]
        for picture in pictures:
            found += [f"a QR: {code[:40]}" for code in codes_in(picture) if not is_an_examples(code)]
    return found


def _layers(text: str) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the file as it is, each string of its JSON (in lines or in one), and what base64 in them hides."""
    yield text.replace(MADE_UP, ""), []
    for each in [each.replace(MADE_UP, "") for each in _strings(json.loads(text))]:
        yield each, []
        if "%" in each:
            yield unquote(each), []
        # Base64 may be broken into lines; then nothing else stands in its string.
        for run in re.findall(BASE64, "".join(each.split()) if re.fullmatch(r"[\w+/=\s-]+", each) else each):
            data = _decoded(run)
            if data.startswith((b"\x89PNG", b"\xff\xd8\xff")):
                yield "", [data]
            elif data.startswith(b"<svg"):
                yield data.decode(), [pixels_of_svg(data.decode())]
            elif data:
                yield data.decode("latin-1"), []


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        lines = all(isinstance(each, str) for each in value)  # as nbformat splits a text, and a picture's base64
        for each in ["".join(value)] if lines else value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _strings(each)


def _decoded(run: str) -> bytes:
    try:
        return from_base64(run)
    except ValueError:
        return b""


def test_there_are_notebooks() -> None:
    assert len(notebooks()) >= 5


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_no_byte_of_a_notebook_is_a_secret(path: Path) -> None:
    assert leaks(path.read_bytes()) == []


def test_a_picture_with_a_ticket_of_the_sandbox_is_in_a_notebook() -> None:
    drawn = [code for path in notebooks() for code in _pictured(path)]
    assert drawn, "no QR was read: the test of pictures would see nothing"
    assert any("sandbox.example" in code for code in drawn)
    assert all(is_an_examples(code) for code in drawn)


def _pictured(path: Path) -> list[str]:
    layers = _layers(path.read_text(encoding="utf-8"))
    return [code for _, pictures in layers for picture in pictures for code in codes_in(picture)]


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(NOTEBOOKS)))
def test_no_secret_that_the_notebook_really_got_is_in_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox draws the same secrets again for the same cells, so that they can be looked for by value."""
    labs: list[Lab] = []
    begin = Lab.__init__

    def watched(self: Lab, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        labs.append(self)

    monkeypatch.setattr(Lab, "__init__", watched)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), path.name, "exec"), names)
    secrets = {str(each) for lab in labs for exchange in lab.journal for each in _secret_values(exchange)}
    assert secrets, "no secret was seen: this test would see nothing"
    raw = path.read_text(encoding="utf-8").replace(MADE_UP, "")
    assert [each[:6] for each in secrets if each in raw] == []


SECRET_FIELDS = ("mfa_token", "oob_code", "recovery_codes", "access_token", "id_token", "refresh_token", "password")


def _secret_values(exchange: Any) -> Iterator[str]:
    for message in filter(None, (exchange.request, exchange.response)):
        data = message.raw_data()
        for name in (*SECRET_FIELDS, "client_secret"):
            value = data.get(name) if isinstance(data, dict) else None
            for each in value if isinstance(value, list) else [value]:
                # What a cell says itself is no secret of anybody's.
                if isinstance(each, str) and len(each) > 8 and each not in MADE_UP_TOO:
                    yield each


# -- each check can fail


def planted(**cell: Any) -> bytes:
    made = {"cell_type": "code", "id": "cell-01", "metadata": {}, "execution_count": 1, "source": ["1"], "outputs": []}
    return json.dumps({"cells": [{**made, **cell}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def shown(mime: str, value: Any) -> dict[str, Any]:
    return {"outputs": [{"output_type": "display_data", "metadata": {}, "data": {mime: value}}]}


def picture_of(text: str) -> str:
    buffer = io.BytesIO()
    qrcode.make(text).save(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhdXRoMHwxIn0.c2lnbmF0dXJl"  # auth0-mfa-lab: allow
SEALED = "Fe26.2*lab*aGVsbG8gd29ybGQ*c2VhbGVk"  # auth0-mfa-lab: allow
TICKET = "otpauth://totp/{host}:x?enrollment_tx_id=abcdefghijkl&base_url=https%3A%2F%2F{host}%2Fappliance-mfa"
LIVE_TICKET, OWN_TICKET = TICKET.format(host="acme.eu.auth0.com"), TICKET.format(host="sandbox.example")
MIXED = (
    "otpauth://totp/sandbox:x?enrollment_tx_id=a&base_url=https%3A%2F%2Facme.auth0.com&issuer=https%3A%2F%2Fa.example"
)
OTP = "otpauth://totp/sandbox:user1%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=sandbox&digits=6&period=30"
NAMED = "otpauth://totp/login.example.com:x?enrollment_tx_id=a&base_url=https%3A%2F%2Fsandbox.example"


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ({"source": [f"token = '{JWT}'"]}, "a JWT"),
        ({"metadata": {"note": JWT}}, "a JWT"),
        ({"metadata": {JWT: 1}}, "a JWT"),
        (shown("text/plain", [JWT[:30] + "\n", JWT[30:]]) | {"source": [JWT[:30], JWT[30:]]}, "a JWT"),
        (shown("text/plain", f"Bearer {SEALED}"), "a sealed string"),
        (shown("text/html", f"mfa_token={SEALED.replace('*', '%2A')}"), "a sealed string"),
        (shown("application/json", {"deep": [{"er": SEALED}]}), "a sealed string"),
        (shown("text/plain", "recovery code: ABCD1234EFGH5678IJKL9012"), "a recovery code"),  # auth0-mfa-lab: allow
        (shown("text/plain", "client_secret=abcdef"), "a secret in a query or a form"),
        (shown("text/html", "otpauth://totp/a?secret=JBSWY3DP&amp;issuer=a"), "a secret in a query or a form"),
        (shown("text/plain", OWN_TICKET), "a ticket"),
        (shown("text/html", f"<img src='data:text/plain;base64,{encoded(JWT)}'>"), "a JWT"),
        (shown("text/html", f"<img src='data:text/plain;base64,{encoded(OWN_TICKET)}'>"), "a ticket"),
        (shown("application/octet-stream", encoded(f"mfa_token: {SEALED}")), "a sealed string"),
        (shown("image/png", picture_of(LIVE_TICKET)), "a QR"),
        (shown("image/png", [picture_of(LIVE_TICKET)[:76] + "\n", picture_of(LIVE_TICKET)[76:]]), "a QR"),
        (shown("text/html", f"<img src='data:image/png;base64,{picture_of(LIVE_TICKET)}'>"), "a QR"),
        ({"attachments": {"qr.png": {"image/png": picture_of(LIVE_TICKET)}}}, "a QR"),
        (shown("image/png", picture_of(MIXED)), "a QR"),
        (shown("image/png", picture_of(NAMED)), "a QR"),
        (shown("image/png", picture_of(OTP.replace("sandbox", "acme"))), "a QR"),
        (shown("image/png", picture_of(OTP.replace("example.com", "acme.com"))), "a QR"),
        (shown("image/png", picture_of("just words")), "a QR"),
    ],
)
def test_each_kind_of_secret_is_found(cell: dict[str, Any], kind: str) -> None:
    assert kind in {leak.partition(":")[0] for leak in leaks(planted(**cell))}


@pytest.mark.parametrize(
    "cell",
    [
        {"source": ["it begins with `Fe26.2*`, and only Auth0 can open it"]},
        {"source": [f"lab.client.mfa_authenticators('{MADE_UP}')"]},
        shown("text/plain", "Bearer <mfa_token 1: sealed> client_secret=<client_secret 1>&a=b"),
        shown("text/html", "enrollment_tx_id=&lt;enrollment_tx_id 1&gt;"),
        shown("text/plain", 'curl -d "client_secret=${CLIENT_SECRET_1}"'),
        shown("image/png", picture_of(OWN_TICKET)),
        shown("image/png", picture_of(OTP)),
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(cell: dict[str, Any]) -> None:
    assert leaks(planted(**cell)) == []


# -- nothing is sent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the notebooks in a project whose `.env`, and whose environment, name a live tenant."""
    copy = tmp_path / "a project"
    shutil.copytree(ROOT / "notebooks", copy / "notebooks", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / ".env").write_text("".join(f"{name}={value}\n" for name, value in LIVE.items()), "utf-8")
    shutil.copy(copy / ".env", copy / "notebooks")
    shutil.copy(copy / ".env", copy / "notebooks" / "solutions")
    return copy


def run_notebooks(copy: Path, *names: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run notebooks under nbval as on a machine of a live tenant; return how, and what wanted to leave the machine.

    The guard is a `sitecustomize`, which Python imports when it starts: in pytest's process and in each kernel.
    """
    site = copy.parent / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("from tests.network import guard\nguard([])\n", "utf-8")
    notes = copy.parent / "notes.txt"
    notes.touch()
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", *(names or ["notebooks"])],
        cwd=copy,
        env={**os.environ, **LIVE, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), NOTES: str(notes)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ran, notes.read_text(encoding="utf-8").splitlines()


def test_the_notebooks_run_beside_a_live_tenants_settings_and_send_nothing(copy: Path) -> None:
    ran, attempts = run_notebooks(copy)
    assert attempts == []
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert re.search(r"\d+ passed", ran.stdout)


def test_without_the_sandbox_for_notebooks_a_request_would_be_seen(copy: Path) -> None:
    (copy / "notebooks" / "conftest.py").unlink()
    ran, attempts = run_notebooks(copy, "notebooks/00_start_here.ipynb")
    assert attempts, ran.stdout[-3000:]
    assert all("tenant.example" in each for each in attempts)
    assert ran.returncode == 1
