"""Makes what the scanner looks for: drawn secrets of each kind, notebooks, recordings, and pictures of both sorts."""

from __future__ import annotations

import base64
import io
import json
import random
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import qrcode
from PIL import Image

from auth0_mfa_lab.secrets.scan import scan

BASE64URL = string.ascii_letters + string.digits + "-_"


def drawn(alphabet: str, length: int, seed: int = 0) -> str:
    return "".join(random.Random(f"{alphabet}{length}{seed}").choices(alphabet, k=length))


def encoded(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.b64encode(text.encode()).decode()


def jwt(claims: Mapping[str, Any]) -> str:
    parts = [encoded({"alg": "RS256", "typ": "JWT", "kid": "k1"}), encoded(dict(claims))]
    bare = ".".join(part.rstrip("=").translate(str.maketrans("+/", "-_")) for part in parts)
    return f"{bare}.{drawn(BASE64URL, 342)}"


def sealed(seed: int = 0, size: int = 500) -> str:
    parts = [f"SERVER_{1_800_000_000 + seed}", drawn("0123456789abcdef", 64, seed), drawn(BASE64URL, 22, seed)]
    rest = [str(1_800_000_000_000 + seed), drawn("0123456789abcdef", 64, seed + 1), drawn(BASE64URL, 43, seed)]
    return "*".join(["Fe26.2", *parts, drawn(BASE64URL, size, seed), *rest])


JWT = jwt({"iss": "https://acme.eu.auth0.com/", "sub": "auth0|1"})
MFA_TOKEN, OOB_CODE = sealed(1, 1_150), sealed(2)
RECOVERY_CODE = drawn(string.ascii_uppercase + string.digits, 24)
TOTP_SECRET = drawn(string.ascii_uppercase + "234567", 32)
TICKET = drawn(string.ascii_letters + string.digits, 32)
BINDING_CODE = "482913"  # auth0-mfa-lab: allow
PASSWORD = "correct Horse! 7"
CLIENT_SECRET = drawn(BASE64URL, 64)
REFRESH_TOKEN = f"v1.{drawn(BASE64URL, 51)}"
CONTROL_TOKEN = drawn(BASE64URL, 43)

Text = str
# Each of the seven kinds as a program prints it.
SEVEN: Mapping[str, Text] = {
    "JWT": f'{{"access_token": "{JWT}"}}',
    "mfa_token": f'{{"error": "mfa_required", "mfa_token": "{MFA_TOKEN}"}}',
    "oob_code": f"grant_type=mfa-oob&oob_code={quote(OOB_CODE)}",
    "recovery code": f"recovery_codes: ['{RECOVERY_CODE}']",
    "TOTP secret": f"otpauth://totp/acme:jane?secret={TOTP_SECRET}&issuer=acme",
    "enrollment ticket": f"otpauth://totp/acme:jane?enrollment_tx_id={TICKET}&base_url=https%3A%2F%2Facme.auth0.com",
    "binding code": f'{{"binding_code": "{BINDING_CODE}"}}',
}
VALUES = (JWT, MFA_TOKEN, OOB_CODE, RECOVERY_CODE, TOTP_SECRET, TICKET, BINDING_CODE, PASSWORD, CLIENT_SECRET)


def notebook(*cells: Mapping[str, Any], **metadata: Any) -> bytes:
    """Return a notebook with these cells, each a code cell where it does not say otherwise."""
    code = {"cell_type": "code", "id": "cell-01", "metadata": {}, "execution_count": 1, "source": ["1"], "outputs": []}
    made = [{**code, **cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def source(text: str) -> bytes:
    """Return a notebook with a cell of this source: code and prose, where a value must look like a secret."""
    return notebook({"source": text})


def shown(mime: str, value: Any) -> dict[str, Any]:
    return {"outputs": [{"output_type": "display_data", "metadata": {}, "data": {mime: value}}]}


def widget_state(**state: Any) -> dict[str, Any]:
    """Return the metadata of a notebook that saved one widget's state."""
    model = {"model_module": "@jupyter-widgets/controls", "model_module_version": "2.0.0", "model_name": "HTMLModel"}
    models = {drawn("0123456789abcdef", 32): {**model, "state": state}}
    return {
        "widgets": {
            "application/vnd.jupyter.widget-state+json": {"state": models, "version_major": 2, "version_minor": 0}
        }
    }


def png(text: str, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    qrcode.make(text, **options).get_image().convert("RGB").save(buffer, form)
    return buffer.getvalue()


def png_on_nothing(text: str) -> bytes:
    """Return a QR whose white is transparent."""
    drawing = qrcode.make(text).get_image().convert("L")
    page = Image.new("RGBA", drawing.size, (0, 0, 0, 0))
    page.paste((0, 0, 0, 255), mask=drawing.point(lambda shade: 255 - shade))
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def har(**parts: Any) -> bytes:
    request = {"method": "POST", "url": "https://acme.auth0.com/oauth/token", "headers": [], "queryString": []}
    entry = {"request": request | parts.pop("request", {}), "response": parts.pop("response", {}), **parts}
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def kinds(content: bytes | str, name: str = "a.ipynb") -> set[str]:
    """Return the kinds that are found in a file."""
    found = scan(name, content.encode() if isinstance(content, str) else content).finds
    return {find.kind for find in found}
