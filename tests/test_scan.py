"""What the scanner finds in which file, what it leaves alone, and that it repeats no secret; the command `scan`."""

import base64
import html
import io
import json
import os
import random
import re
import string
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from struct import pack
from typing import Any
from urllib.parse import quote
from zlib import compress, crc32

import pytest
import qrcode
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auth0_mfa_lab.cli import main
from auth0_mfa_lab.cli import scan as cli_scan
from auth0_mfa_lab.secrets import reading
from auth0_mfa_lab.secrets import scan as scan_module
from auth0_mfa_lab.secrets.kinds import looks_random
from auth0_mfa_lab.secrets.scan import file_kind, scan
from auth0_mfa_lab.show.qr import qr_img, qr_svg
from tests.mothers import rows
from tests.promise import ENCODINGS
from tests.test_project import tracked

ROOT = Path(__file__).parent.parent
ALNUM, UPPER, HEX = string.ascii_letters + string.digits, string.ascii_uppercase, "0123456789abcdef"
BASE64URL, PNG, FONT = f"{ALNUM}-_", b"\x89PNG\r\n\x1a\n", b"wOF2"


def drawn(alphabet: str, length: int, seed: int = 0) -> str:
    return "".join(random.Random(f"{alphabet}{length}{seed}").choices(alphabet, k=length))


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
    return base64.b64encode(raw).decode()


def sealed(size: int) -> str:
    return f"Fe26.2*SERVER_1800000000*{drawn(HEX, 64)}*{drawn(BASE64URL, size)}*1800000000000*{drawn(BASE64URL, 43)}"


HEADER, CLAIMS = (encoded(each).rstrip("=") for each in ({"alg": "RS256"}, {"sub": "auth0|1"}))
JWT = f"{HEADER}.{CLAIMS}.{drawn(BASE64URL, 342)}"
MFA_TOKEN, OOB_CODE = sealed(1_150), sealed(500)
RECOVERY_CODE, TOTP_SECRET = drawn(UPPER + string.digits, 24), drawn(UPPER + "234567", 32)
TICKET, CODE, CLIENT_SECRET, OPAQUE = drawn(ALNUM, 32), "482913", drawn(BASE64URL, 64), drawn(ALNUM, 40)
BASIC = encoded(f"an-app:{CLIENT_SECRET}")
# Each of the seven kinds as a program prints it.
SEVEN: Mapping[str, str] = {
    "JWT": f'{{"access_token": "{JWT}"}}',
    "mfa_token": f'{{"error": "mfa_required", "mfa_token": "{MFA_TOKEN}"}}',
    "oob_code": f"grant_type=mfa-oob&oob_code={quote(OOB_CODE)}",
    "recovery code": f"recovery_codes: ['{RECOVERY_CODE}']",
    "TOTP secret": f"otpauth://totp/acme:jane?secret={TOTP_SECRET}&issuer=acme",
    "enrollment ticket": f"otpauth://totp/acme:jane?enrollment_tx_id={TICKET}&base_url=https%3A%2F%2Facme.auth0.com",
    "binding code": f'{{"binding_code": "{CODE}"}}',
}
File = tuple[str, bytes]  # its name, and what is in it


def notebook(*cells: Mapping[str, Any], **metadata: Any) -> File:
    """Return a notebook with these cells, each a code cell where it does not say otherwise."""
    code = {"cell_type": "code", "id": "cell-01", "metadata": {}, "execution_count": 1, "source": ["1"], "outputs": []}
    made = [{**code, **cell} for cell in cells]
    return "a.ipynb", json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def env(text: str) -> File:
    return ".env", text.encode()


def source(text: str) -> File:
    """Return a notebook with a cell of this source: code and prose, where a value must look like a secret."""
    return notebook({"source": f"first\n{text}\nlast"})


def shown(mime: str, value: Any) -> dict[str, Any]:
    return {"outputs": [{"output_type": "display_data", "metadata": {}, "data": {mime: value}}]}


def output(mime: str, value: Any) -> File:
    return notebook(shown(mime, value))


def saved(**state: Any) -> dict[str, Any]:
    """Return the metadata of a notebook that saved one widget's state."""
    model = {"model_module": "m", "model_name": "HTMLModel", "state": state}
    kept = {"state": {drawn(HEX, 32): model}, "version_major": 2}
    return {"widgets": {"application/vnd.jupyter.widget-state+json": kept}}


def widget(**state: Any) -> File:
    return notebook({}, **saved(**state))


def har(**parts: Any) -> File:
    request = {"method": "POST", "url": "https://acme.auth0.com/oauth/token", "headers": [], "queryString": []}
    entry = {"request": request | parts.pop("request", {}), "response": parts.pop("response", {}), **parts}
    return "a.har", json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def png(text: str, form: str = "PNG", *, on_nothing: bool = False) -> str:
    """Return the picture of a QR in base64; `on_nothing`: its white is transparent."""
    page, buffer = qrcode.make(text).get_image().convert("L"), io.BytesIO()
    if on_nothing:
        page = Image.merge("LA", (page, page.point(lambda shade: 255 - shade)))
    page.save(buffer, form)
    return encoded(buffer.getvalue())


def blank(side: int) -> str:
    size, rows = pack(">II", side, side), compress(bytes((side // 8 + 1) * side))
    parts = (b"IHDR" + size + b"\1\0\0\0\0", b"IDAT" + rows, b"IEND")
    return encoded(PNG + b"".join(pack(">I", len(each) - 4) + each + pack(">I", crc32(each)) for each in parts))


def kinds(file: File) -> set[str]:
    """Return the kinds that are found in a file; what is said of it repeats no secret."""
    scanned = scan(*file)
    assert (scanned.whole, [value for value in VALUES.values() if value in repr(scanned)]) == (True, [])
    return {find.kind for find in scanned.finds}


# -- what is found

CUT_OFF = png("a text")[:400]
# fmt: off
VALUES: Mapping[str, str] = {
    "HEADER": HEADER, "JWT": JWT, "MFA_TOKEN": MFA_TOKEN, "OOB_CODE": OOB_CODE, "RECOVERY_CODE": RECOVERY_CODE,
    "TOTP_SECRET": TOTP_SECRET, "TICKET": TICKET, "CODE": CODE, "CLIENT_SECRET": CLIENT_SECRET, "OPAQUE": OPAQUE,
    "BASIC": BASIC,
}
# fmt: on
CELLS = r"""
source      | {"source": "first\nTEXT\nlast"}
output      | {"outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": "TEXT"}}]}
stream      | {"outputs": [{"output_type": "stream", "text": ["TEXT"]}]}
error       | {"outputs": [{"traceback": ["\u001b[31mTEXT\u001b[0m"]}]}
json        | {"outputs": [{"output_type": "display_data", "data": {"application/json": {"deep": [{"er": "TEXT"}]}}}]}
metadata    | {"metadata": {"note": "TEXT"}}
an output's | {"outputs": [{"metadata": {"a": "TEXT"}}]}
attachment  | {"attachments": {"a.txt": {"text/plain": "TEXT"}}}
"""
"""A place in a notebook, and the JSON of a cell that has a text there."""


def in_a_cell(cell: str) -> Callable[[str], File]:
    return lambda text: notebook(json.loads(cell.replace("TEXT", json.dumps(text)[1:-1])))


# fmt: off
PLACES: dict[str, Callable[[str], File]] = {
    **{place: in_a_cell(cell) for place, cell in rows(CELLS)},
    "html":                lambda text: output("text/html", f"<pre>{html.escape(text)}</pre>"),
    "notebook's metadata": lambda text: notebook(title=text),
    "widget state":        lambda text: widget(value=html.escape(text)),
    "widget's buffer":     lambda text: widget(buffers=[{"encoding": "base64", "data": encoded(text)}]),
    "HAR":                 lambda text: har(comment=text),
    "env file":            lambda text: env(f"# settings\r\n{text}\r\n"),
    "PNG":                 lambda text: output("image/png", png(text) + "\n"),
    "the lab's SVG":       lambda text: output("image/svg+xml", qr_svg(text)),
}
SHAPED: dict[str, Callable[[str], File]] = {  # by JSON, or a text in a place of its own
    "env":         env,
    "tags":        lambda text: output("text/html", text),
    "answer":      lambda text: har(response={"content": {"encoding": "base64", "text": encoded(text)}}),
    "sent":        lambda text: har(request={"postData": {"text": text}}),
    "request":     lambda text: har(request=json.loads(text)),
    "HAR's":       lambda text: har(response=json.loads(text)),
    "JSON":        lambda text: output("application/json", json.loads(text)),
    "cell":        lambda text: notebook(json.loads(text)),
    "widget":      lambda text: widget(**json.loads(text)),
    "in lines":    lambda text: output("image/png", [png(text)[:76] + "\n", png(text)[76:]]),
    "JPEG":        lambda text: output("image/jpeg", png(text, "JPEG")),
    "in HTML":     lambda text: output("text/html", f'<img src="data:image/png;base64,{png(text)}">'),
    "transparent": lambda text: output("image/png", png(text, on_nothing=True)),
    "the lab's":   lambda text: output("text/html", qr_img(text, "a QR")),
    "four times":  lambda text: env(encoded(encoded(encoded(encoded(text))))),
    "allowed":     lambda text: notebook({"source": ["# auth0-mfa-lab: allow\n", text], **shown("text/plain", JWT)}),
    "beside":      lambda text: notebook({"source": "# auth0-mfa-lab: allow"}, shown("text/plain", text)),
    "recorded":    lambda text: ("a.har", f'{{"log": {{"_auth0_mfa_lab": {{"a": 1}}, "entries": [{text}]}}}}'.encode()),
    "file":        lambda text: ("a.ipynb", f'{{"cells": [], "metadata": {text}}}'.encode()),
}
# What is found, where, in which text: a `$` before a name of VALUES, `\n` for the end of a line.
PLANTED = r"""
control token | env | AUTH0_LAB_TOKEN=$OPAQUE
mfa_token | source | client.mfa_oob_grant(mfa_token="$MFA_TOKEN")
mfa_token | source | login['mfa_token'] = f'$MFA_TOKEN'
mfa_token | source | curl -H 'Authorization: Bearer $MFA_TOKEN'
mfa_token | source | cassette: "{\"mfa_token\": \"$MFA_TOKEN\"}"
mfa_token | widget | {"_model_name": "TextModel", "description": "mfa_token:", "value": "$MFA_TOKEN"}
mfa_token | request | {"postData": {"params": [{"name": "mfa_token", "value": "$MFA_TOKEN"}]}}
oob_code | source | oobCode: '$OOB_CODE',
oob_code | answer | {"oob_code": "$OOB_CODE"}
sealed string (mfa_token or oob_code) | source | data = [('oob_code', '$OOB_CODE')]
sealed string (mfa_token or oob_code) | source | the token was ($MFA_TOKEN).
JWT | source | glued$JWT
JWT | source | a JWT that nobody signed: $HEADER.$HEADER.
JWT | cell | {"metadata": {"$JWT": 1}}
JWT | cell | {"source": ["$HEADER.", "$HEADER.signature"]}
JWT | request | {"headers": [{"name": "Authorization", "value": "Bearer $JWT"}]}
JWT | HAR's | {"redirectURL": "https://acme.example/#id_token=$JWT"}
Bearer header | source | Authorization: Bearer $OPAQUE
Basic header | source | Authorization: Basic $BASIC
Basic header | source | Authorization: Basic YXBwOmh1bnRlci10d28=
enrollment ticket | source | Authorization: Ticket id="$TICKET"
enrollment ticket | source | enrollment_tx_id = '$TICKET'
enrollment ticket | source | Ticket ID: $TICKET
enrollment ticket | source | https://acme.auth0.com/?ticket=$TICKET
recovery code | source | keep $RECOVERY_CODE safe
recovery code | tags | <b>$RECOVERY_CODE</b>
TOTP secret | source | totp_secret: $TOTP_SECRET
TOTP secret | env | TOTP_SECRET=ABCDEABCDEABCDEABCDE
binding code | source | binding_code=$CODE&mfa_token=
binding code | four times | BINDINGCODE=$CODE
binding code | widget | {"_model_name": "TextModel", "description": "Binding code", "value": "$CODE"}
one-time code | source | auth0-mfa-lab verify --otp $CODE
one-time code | source | | otp | $CODE |
one-time code | source | <td>otp</td> <td>$CODE</td>
one-time code | env | OTP=$CODE
one-time code | env | PASSCODE=$CODE
one-time code | source | <span class="nt">"otp"</span><span>:</span> <b>"$CODE"</b>
one-time code | request | {"postData": {"text": "otp=$CODE"}}
one-time code | answer | {"otp": "$CODE"}
one-time code | widget | {"_model_name": "IntTextModel", "description": "OTP", "value": $CODE}
one-time code | JSON | {"x": "[{\"name\": \"otp\", \"value\": \"$CODE\"}]"}
passwordless code | source | {"client_id": "a", "code": "$CODE"}
passwordless code | request | {"queryString": [{"name": "code", "value": "$CODE"}]}
password | env | AUTH0_PASSWORD=hunter
password | env | PASSPHRASE=hunter
password | env | export AUTH0_PASSWORD='hunter'
password | env | AUTH0_PASSWORD=a battery staple
password | output | password=pw_number_9
password | source | "password": "Tr0ub4d8"
password | source | "password": "Tr0ub4dor&3"
password | source | postgres://jane:Tr0ub4dor3@db.example.com/a
password | sent | username=a&password=Tr0ub4dor%263-xK&x=1
password | sent | --b\nContent-Disposition: form-data; name="password"\n\nTr0ub4dor3\n--b--
password | tags | <input name="password" value="Tr0ub4dor3">
password | widget | {"_model_name": "PasswordModel", "value": "hunter22"}
password | file | {"a": {"password": "hunter22", "password": ""}}
password | JSON | {"password": "", "password": "hunter22"}
client secret | env | AUTH0_MGMT_CLIENT_SECRET=$CLIENT_SECRET
client secret | source | client_secret=$CLIENT_SECRET
client secret | source | [{"key": "client_secret", "value": "$CLIENT_SECRET"}]
client secret | source | name: CLIENT_SECRET\nvalue: $CLIENT_SECRET
client secret | source | {'value': '$CLIENT_SECRET', 'key': 'client_secret'}
client secret | source | <key>client_secret</key><string>$CLIENT_SECRET</string>
client secret | cell | {"outputs": [{"traceback": ["client_secret\u001b[38;5;241m=\u001b[33m'$CLIENT_SECRET'"]}]}
client secret | JSON | [{"key": "client_secret", "value": "$CLIENT_SECRET"}]
private key | source | -----BEGIN PRIVATE KEY-----\n$CLIENT_SECRET\n-----END PRIVATE KEY-----
client secret | source | {"id": "client_secret", "val": "$OPAQUE"}
ID token | source | {"label": "id_token", "content": "$OPAQUE"}
device code | source | {"placeholder": "device_code", "value": "$OPAQUE"}
session | source | {"field": "auth_session", "value": "$OPAQUE"}
code verifier | source | {"variable": "code_verifier", "value": "$OPAQUE"}
transaction token | source | {"title": "transaction_token", "value": "$OPAQUE"}
assertion | source | {"type": "assertion", "value": "$OPAQUE"}
api key | env | API_KEY=$OPAQUE
credential | env | PROVIDER_CREDENTIALS=$OPAQUE
token | env | TWILIO_AUTH_TOKEN=$OPAQUE
access key | source | aws_secret_access_key='$OPAQUE'
api key | request | {"headers": [{"name": "X-Api-Key", "value": "$OPAQUE"}]}
refresh token | env | a log has v1.$CLIENT_SECRET in it
refresh token | source | "refreshToken": "$OPAQUE"
access token | source | "access_token": "$OPAQUE"
JWT | env | x = 1  # auth0-mfa-lab: allow\ntoken = '$JWT'
JWT | env | # auth0-mfa-lab: allow\n\ntoken = '$JWT'
JWT | env | token = '$JWT'\n# auth0-mfa-lab: allow
JWT | env | token = '$JWT'  # auth0-mfa-lab: allowed once
JWT | output | $JWT # auth0-mfa-lab: allow
mfa_token | beside | "mfa_token": "$MFA_TOKEN"
TOTP secret | in lines | otpauth://totp/acme:jane?secret=$TOTP_SECRET&issuer=acme
TOTP secret | JPEG | otpauth://totp/acme:jane?secret=$TOTP_SECRET&issuer=acme
TOTP secret | in HTML | otpauth://totp/acme:jane?secret=$TOTP_SECRET&issuer=acme
enrollment ticket | transparent | otpauth://totp/acme:jane?enrollment_tx_id=$TICKET
enrollment ticket | the lab's | otpauth://totp/acme:jane?enrollment_tx_id=$TICKET
enrollment ticket | everywhere | otpauth://totp/acme:x?enrollment_tx_id=$TICKET&base_url=https%3A%2F%2Facme.com&x=http%3A%2F%2Fa.example
enrollment ticket | everywhere | otpauth://totp/login.acme.com:x?enrollment_tx_id=$TICKET&base_url=https%3A%2F%2Fsandbox.example
TOTP secret | everywhere | otpauth://totp/sandbox:user1%40acme.com?secret=$TOTP_SECRET&issuer=sandbox&digits=6&period=30
TOTP secret | everywhere | otpauth://totp/acme:user1%40example.com?secret=$TOTP_SECRET&issuer=acme&digits=6&period=30
"""
# fmt: on


def test_what_cannot_be_read_as_what_it_is_is_read_so_far_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    text, token = SEVEN["mfa_token"], SEVEN["mfa_token"].encode()
    for written in (*(text.encode(each) for each in ("utf-16", "utf-16-le", "utf-8-sig")), b"caf\xe9 " + token):
        assert kinds((".env", written)) == {"mfa_token"}
    unknown = scan("a.har", b"a b\0" + token)
    assert (unknown.whole, unknown.note) == (False, "it is in no encoding that is known here")
    pictures = [output("image/png", each) for each in (CUT_OFF, *map(blank, (5_000, 10_000, 14_000)))]
    assert {scan(*each)[1:] for each in pictures} == {(False, "a picture is too large to be read, or cut off")}
    conflict = scan("a.ipynb", b"<<<<<<< HEAD\n" + output("text/plain", text)[1])
    assert [(find.kind, find.line) for find in conflict.finds] == [("mfa_token", 2)]
    assert conflict.note == "it is no notebook that can be read as one: its lines were"
    assert kinds(("a.har", b"[" * 100_000 + token)) == {"mfa_token"}
    assert scan("a.har", b"{}").note
    monkeypatch.setattr(reading, "PIECE", 2**12)
    long = scan(*output("text/plain", "x " * 2**13 + text))
    assert ([(find.kind, find.cell) for find in long.finds], long.whole, long.note) == ([("mfa_token", 1)], True, None)
    monkeypatch.setattr(scan_module, "PIECE", 2**15)
    large = scan("a.env", token + b"\n" + b"x \n" * 2**17 + token)
    assert ([find.line for find in large.finds], large.whole, large.note) == ([1, 2**17 + 2], True, None)


def test_a_find_says_the_cell_and_the_place_in_it_and_each_secret_once() -> None:
    codes = [drawn(UPPER + string.digits, 24, seed) for seed in range(3)]
    cells = [
        {"source": ["1"]},
        {"source": ["# a comment\n", f"mfa_token = '{MFA_TOKEN}'; oob_code = '{OOB_CODE}'; again = '{OOB_CODE}'"]},
        {"outputs": [*shown("text/plain", "x")["outputs"], *shown("text/html", SEVEN["JWT"])["outputs"]]},
        shown("image/png", png(SEVEN["enrollment ticket"])),
        shown("application/json", {"recovery_codes": codes}),
        # A mime type, an attachment's name and a key are the file's own words: none is repeated.
        {**shown(JWT, "x"), "attachments": {JWT: {}}, JWT: JWT},
    ]
    scanned = scan(*notebook(*cells, **saved(value=SEVEN["binding code"])))
    assert [str(find) for find in scanned.finds] == [
        f"cell 2, source, line 2: mfa_token, {len(MFA_TOKEN)} characters",
        f"cell 2, source, line 2: oob_code, {len(OOB_CODE)} characters",
        f"cell 3, output 2 (text/html): JWT, {len(JWT)} characters",
        "cell 4, output 1 (image/png), QR picture: enrollment ticket, 32 characters",
        *["cell 5, output 1 (application/json): recovery code, 24 characters"] * 3,
        *[f"cell 6, {where}: JWT, {len(JWT)} characters" for where in ("fields", "output 1 (data)", "attachments")],
        "widget state: binding code, 6 characters",
    ]
    said = {"headers": [{"name": "authorization", "value": f"Bearer {JWT}"}]}
    finds = scan(*har(request=said, response=said, comment=JWT)).finds
    assert {str(find).partition(":")[0] for find in finds} == {"entry 1", "entry 1, request", "entry 1, response"}


SPELLINGS: dict[str, Callable[[str], str]] = {
    **{name: spell for name, spell in ENCODINGS.items() if not name.startswith("plus")},
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in \\u": lambda text: re.sub("[^A-Za-z0-9]", lambda each: f"\\u{ord(each[0]):04x}", text),
    "HTML by number": lambda text: re.sub("[^A-Za-z0-9]", lambda each: f"&#{ord(each[0])};", text),
}
LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=60)
NAMES = st.sampled_from(["cells", "source", "outputs", "data", "metadata", "log", "entries"])


@pytest.mark.parametrize("first", SPELLINGS)
@settings(max_examples=12, derandomize=True)
@given(st.sampled_from(sorted(SEVEN)), st.sampled_from([*SPELLINGS]), st.sampled_from(["output", "html"]))
def test_each_kind_is_found_in_a_spelling_within_another(first: str, kind: str, then: str, place: str) -> None:
    assert kind in kinds(PLACES[place](f"a b, {SPELLINGS[then](SPELLINGS[first](SEVEN[kind]))} "))


@settings(max_examples=40, derandomize=True)
@given(st.recursive(LEAF, lambda each: st.lists(each, max_size=3) | st.dictionaries(NAMES, each), max_leaves=20))
def test_a_document_of_any_form_is_read(document: Any) -> None:
    for name in (".env", "a.ipynb", "a.har"):
        scan(name, json.dumps({"cells": document, "log": {"entries": document}, "metadata": document}).encode())


# What is left alone: where, and the text; `everywhere` is each of PLACES, for the text and the same as a JSON string.
CLEAN = r"""
env | token = '$JWT'  # auth0-mfa-lab: allow
env | # auth0-mfa-lab: allow\ntoken = '$JWT'
env | <!-- auth0-mfa-lab: allow (made up) -->\n$JWT
env |     // auth0-mfa-lab: allow\n    const token = '$JWT'
allowed | x = 1
env | SECRET_KEY=change-me\nAUTH0_PASSWORD=changeme\nAPI_KEY=\nTOKEN_URL=https://a.example\nOTP_LENGTH=6\nPOSTGRES_PASSWORD_FILE=/run/a/b
env | DB_PASSWORD=${DB_PASSWORD}\nURL=postgres://a:${PW}@db/x\nUUID=5f1b3a52-0d7c-4e8f-9a61-2c7d9e0b4f13
error | ---> 7 return post(password=password, client_secret=client_secret, mfa_token=self.session.mfa_token_value)
JSON | [{"name": "client_secret", "in": "body", "schema": {}}]
JSON | [{"name": "password", "example": "string", "schema": {"format": "password"}}]
recorded | {"response": {"content": {"text": "{\"password\": \"Passwort\", \"otp\": \"Code 7\"}"}}}
recorded | {"response": {"content": {"text": "{\"forgot_password\": \"Passwort vergessen?\"}"}}}
recorded | {"response": {"content": {"text": "{\"reset_password\": \"/u/5f1b3a52-0d7c-4e8f-9a61-2c7d9e0b4f13\"}"}}}
everywhere | "mfa_token": "<mfa_token 1: sealed>", "oob_code": "<oob_code 2>"
everywhere | mfa_token=%3Cmfa_token+1%3E&otp=<otp 1>&binding_code=&lt;binding_code 1&gt;
everywhere | curl --data-urlencode "mfa_token=${MFA_TOKEN_1}" --data "oob_code=$OOB_CODE_1" --data password="$PASSWORD"
everywhere | "client_secret": "YOUR_CLIENT_SECRET", "password": "your password", "otp": "USER_OTP_CODE"
everywhere | '{"mfa_token": "{yourMfaToken}", "binding_code": "{userBindingCode}"}'
everywhere | Authorization: Bearer MFA_TOKEN, Authorization: Bearer <mfa_token 1>, Bearer ${ACCESS_TOKEN_1}
everywhere | "mfa_token": "Fe26.2*…", "oob_code": "Fe26...Ha", "recovery_code": "XXXXXXXXXXXXXXXXXXXXXXXX"
everywhere | "mfa_token": "Fe26.2**05...", "access_token": "eyJz93a...k4laUWw", "refresh_token": "GEbRxBN...edjnXbL"
everywhere | Basic authentication, a Bearer token-endpoint, a Ticket for-the-town, `eyJ`, Fe26.2*not-what-was-sealed
everywhere | otpauth://totp/{tenant}:{user}?secret={secret}&enrollment_tx_id={id}
everywhere | password: ********, client_secret: [REDACTED], refresh_token: null, otp: 000000
everywhere | AUTH0_LAB_TOKEN=, AUTH0_CLIENT_SECRET=, AUTH0_PASSWORD=that user's password
everywhere | sha1 DA4B9237BACCCDF19C0760CAB7AEC4A8359010B0, md5 D41D8CD98F00B204E9800998
everywhere | sha256 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
everywhere | sha512-Tf9On0MYdlWw9t60uCOFrtiWVpE2kdTBpZG2b3XC0T0NjyyzjE2z2WnrJPfTPmFfVRwP5lmqeu5pLyDbSZbRdA==
everywhere | ABCDEFGHIJKLMNOPQRSTUVWXYZ234567, push|dev_Ab12Cd34Ef56Gh78, auth0|5f7c8ec7c33c6c004bbafe82
everywhere | eyJub3QganNvbiwgbm8gSldU.in-three-parts.of-nothing, IPY_MODEL_1f2e3d4c5b6a79880011223344556677
everywhere | kid=NkFCNEE1NDFDNTQ5RTQ5OTE1QzRBMjYyMzY0NEJCQTJBMjJBQkZCMA
everywhere | otpauth://totp/sandbox.example:x?enrollment_tx_id=$TICKET&base_url=https%3A%2F%2Fsandbox.example%2Fapi
everywhere | otpauth://totp/acme:x?enrollment_tx_id=$TICKET&base_url=https%3A%2F%2Facme.example%3A8443%2Fappliance-mfa
everywhere | otpauth://totp/sandbox:user1%40example.com?secret=$TOTP_SECRET&issuer=sandbox&digits=6&period=30
everywhere | https://sandbox.example/en/guardian?ticket=$TICKET
JSON | {"area_code": "$CODE"}
JSON | {"a": "value: $OPAQUE", "b": "name: client_secret", "c": "value: $OPAQUE"}
source | password=pw_number_9; "password": "Tr0ub4d"; totp_secret: ABCDEABCDEABCDEABCDE
output | password=cfg.pw_number_9
env | TOTP_SECRET=ABCDABCDABCDABCDABCD
source | Authorization: Basic OmNvcnJlY3QtaG9yc2U=
source | client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="otp", otp=phone.code())
source | def grant(self, *, mfa_token: str, otp: str = '', password: str | None = None, code: int = 0) -> Exchange:
source | return {"mfa_token": mfa_token, "client_secret": self._settings.client_secret_of_2_applications}
source | SECRET = os.environ["AUTH0_CLIENT_SECRET"]; password = getpass.getpass()
source | NAMES = ("password", "client_secret", "otp", "recovery_code", "AUTH0_LAB_TOKEN", "AUTH0_PHONE_NUMBER_1")
source | PAIRS = {"expired": errors.ExpiredMfaToken403, "oob_code": grants.ExpiredOobCode403, "code": "invalid_grant"}
source | assert otp == "123456"; password="not-the-password"; client_secret="a-secret"; code="493817"
source | exit code: 123456, error code: 400001, status_code = 100003, zip code 90210, country_code=004930
source | "grant_type": "password", "password": "Password", "otp": "One-time password", "secret": "Secret"
source | "password": {"type": "string"}, "otp": {"type": "string", "pattern": "[0-9]{6}"}
source | f"password={password}&otp={code:06d}"; const { mfa_token } = await response.json(); otp = form.get("otp");
source | password: ${{ secrets.AUTH0_PASSWORD }}, <svg><path d="$RECOVERY_CODE"/></svg>
everywhere | <style>p::after {content: '$RECOVERY_CODE'} a {color: red}</style>
everywhere | ![a font](data:font/woff2;base64,$RECOVERY_CODE)
recorded | {"request": {"postData": {"text": "otp=$CODE"}}}
widget | {"_model_name": "PasswordModel", "value": "", "placeholder": "Password", "description": "Password:"}
widget | {"_model_name": "IntSliderModel", "value": 4829130, "max": 10000000, "description": "Seconds"}
widget | {"_model_name": "FloatTextModel", "value": 48291300.25, "description": "code"}
widget | {"_model_name": "IntTextModel", "value": 482913, "description": "code"}
widget | {"_model_name": "TextModel", "value": "One-time code", "description": "mfa_token", "tooltip": "aB3dE6gH9jK2"}
"""
RANDOM = random.Random(9)
IDS = [str(uuid.UUID(int=RANDOM.getrandbits(128))) for _ in range(300)]
# fmt: off
PATH = '<svg><path d="M {0} 7 L 9 {0}" clip-path="url(#p{1})" style="fill:none"/><use xlink:href="#m{1}"/>'
SCRIPT = """function a(e){return{grant_type:"password",password:e.password,client_secret:e.clientSecretValue,
code:e.code||123,refresh_token:e.refreshToken||"",mfa_token:t.state.mfaTokenFromServer,autocomplete:"current-password",name:"password",
value:e.value,accessToken:this.opts.accessTokenProvider}}h("input",{type:"password",name:"password",value:this.state.pw})
var k="__auth0_refresh_token__",mapbox={accesstoken:{valType:"string"}},R={password:"input-password",otp:6}"""
TOOLS: dict[str, Callable[[int], File]] = {  # what tools write, and no secret in it; each is made from a number
    "a plot": lambda n: output("image/svg+xml", PATH.format(n / 7, drawn(HEX, 10, n)) * 90),
    "a script": lambda n: output("text/html", f"<script>var id='{IDS[n]}';{SCRIPT * (n + 1)}</script>"),
    "a page": lambda n: har(response={"content": {"text": f'<meta name="csrf-token" content="{IDS[n]}">'
                                     f'<input type="password" name="password" value="">{SCRIPT}'}}),
    "bokeh": lambda n: output("text/javascript", f'var d={{"{IDS[n]}":"{encoded(RANDOM.randbytes(400))}"}}'),
    "a picture": lambda _: output("image/png", encoded(PNG + RANDOM.randbytes(3_000))),
    "a font": lambda _: output("text/html", f"url(data:font/woff2,{encoded(FONT + RANDOM.randbytes(9_000))})"),
    "ids": lambda n: output("text/plain", "\n".join(IDS[n:])),
    "a widget": lambda n: widget(_model_name="TreeModel", token=drawn(HEX, 32, n), row_id=drawn(ALNUM, 40, n),
                                     buffers=[{"encoding": "base64", "data": encoded(RANDOM.randbytes(3_000))}]),
}
# fmt: on


def files_of(table: str, columns: int) -> Iterator[tuple[str, File]]:
    """Yield each row of a table and the files that it stands for."""
    for row in table.strip().splitlines():
        *_, where, text = string.Template(row.replace("\\n", "\n")).safe_substitute(VALUES).split(" | ", columns - 1)
        if where == "everywhere":
            yield from ((row, put(each)) for put in PLACES.values() for each in (text, json.dumps(text)))
        else:
            yield row, {**PLACES, **SHAPED}[where](text)


def test_each_planted_secret_is_found_and_a_clean_file_holds_none() -> None:
    planted = [(row.partition(" | ")[0], row, file) for row, file in files_of(PLANTED, 3)]
    planted += [(kind, place, put(text)) for place, put in PLACES.items() for kind, text in SEVEN.items()]
    clean = [*files_of(CLEAN, 2), ("a sample", ("sample.env", b"AUTH0_PASSWORD=hunter"))]
    clean += [(sort, made(seed)) for sort, made in TOOLS.items() for seed in range(20)]
    clean += [(name, (name, (ROOT / name).read_bytes())) for name in tracked() if file_kind(name)]
    missed = [(row, found) for kind, row, file in planted if (found := kinds(file)) != {kind}]
    false = [(row, told) for row, file in clean if (told := scan(*file)) != ((), True, None)]
    assert (missed, false, len(planted) >= 300, len(clean) >= 900) == ([], [], True, True)


def test_a_text_that_was_drawn_changes_between_letters_and_digits_and_has_few_words() -> None:
    drawn_ones = "a1B2c3D4ea1B2c3D abc12345DEF6789ghi0J abcdefg1H2i3J4k5L6m7 abc1def2ghi3J4k5L6m7"
    written = "a1B2c3D4a1B2c3D4 abc12345DEF6789ghi01 abcdefgh1H2i3J4k5L6m abcd1efgh2I3j4K5l6M7"
    assert [*map(looks_random, f"{drawn_ones} {written}".split())] == [True] * 4 + [False] * 4


@pytest.mark.parametrize("piece", ["mfa_token=", "eyJhbGciOiJ9.", "otp <b> ", "%25", "\\", "Fe26.2*", "<svg "])
def test_the_time_follows_the_length(piece: str) -> None:
    begun = time.process_time()  # patterns that try again from every place would take hours
    kinds(source(piece * (100_000 // len(piece))))
    kinds(env((piece + "\n" * 3) * 5_000))
    text = piece
    for _ in range(20):
        text = encoded(text)
    assert kinds(env(text)) == set()  # base64 in base64 has an end
    assert time.process_time() - begun < 10


# -- the command

OTHERS = "scan reads notebooks, HAR files and env files (.env*, *.env); gitleaks and detect-secrets read others"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["scan", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder: a notebook with a secret in a cell, a text without any, and it is the working directory."""
    (tmp_path / "a.ipynb").write_bytes(notebook({}, shown("text/plain", SEVEN["mfa_token"]))[1])
    (tmp_path / "b.env").write_text("no secret here: <mfa_token 1>", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_find_is_one_line_with_its_place_or_json_and_never_the_value(folder: Path) -> None:
    (folder / "a\nb: \x1b[31m.env").write_text("\n".join(SEVEN.values()), "utf-8")
    ran = run("a.ipynb", "a\nb: \x1b[31m.env")
    advice = "Remove each, and revoke it if the file was shared. To allow one, write a comment beside it"
    assert ran.stderr == f"Found: {1 + len(SEVEN)}. {advice}: auth0-mfa-lab: allow\n"
    first, *others = ran.stdout.splitlines()
    assert first == f"a.ipynb: cell 2, output 1 (text/plain): mfa_token, {len(MFA_TOKEN)} characters"
    said = [(f"line {number}", kind) for number, kind in enumerate(SEVEN, 1)]
    assert [(line.split(": ")[2], line.split(": ")[3].split(",")[0]) for line in others] == said
    assert (ran.exit_code, [value for value in (*VALUES.values(), "\x1b") if value in ran.output]) == (1, [])
    clean = run("b.env")
    assert (clean.exit_code, clean.output, run("--json", "b.env").exit_code) == (0, "", 0)
    find = {"kind": "mfa_token", "length": len(MFA_TOKEN), "cell": 2, "line": None, "where": "output 1 (text/plain)"}
    found = run("--json", "a.ipynb", "b.env", "gone")
    gone = [{"file": "gone", "reason": "No such file or directory"}]
    counts = {"notes": [], "unreadable": gone, "files": 2, "skipped": 0}
    assert json.loads(found.stdout) == {"finds": [{"file": "a.ipynb", **find}], **counts}
    assert (found.exit_code, run("--json", "a.ipynb").exit_code) == (2, 1)


def test_what_cannot_be_read_is_said_and_the_rest_is_scanned(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "notes.md").write_text(SEVEN["oob_code"], "utf-8")
    ran = run("no-such-file", "pipe", "notes.md", "a.ipynb")
    assert ran.stderr.splitlines()[:3] == [
        "no-such-file: cannot be read: No such file or directory",
        "pipe: cannot be read: it is no file",
        f"notes.md: {OTHERS}",
    ]
    assert ("mfa_token" in ran.stdout, ran.exit_code, run().exit_code) == (True, 2, 2)
    for content, note in ((b"a long line\0b", "it is in no"), (CUT_OFF.encode(), "a picture is too large")):
        (folder / "b.env").write_bytes(content)
        part = run("b.env")
        assert (part.exit_code, f"b.env: {note}" in part.stderr, run("pipe").exit_code) == (2, True, 2)
        (unread,) = json.loads(run("--json", "b.env").stdout)["unreadable"]
        assert part.stderr == f"{unread['file']}: {unread['reason']}\n"


def test_a_terminal_is_told_how_far_a_large_file_has_been_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "b.env").write_bytes(b"A=1\n" * 3 * 2**18)
    monkeypatch.setattr(cli_scan, "_LARGE", 2**20)
    assert run("b.env").output == ""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    ran = CliRunner().invoke(main, ["scan", "b.env"], color=True)
    assert ran.output.split("\r\x1b[K") == ["", "b.env: 33 %", "b.env: 66 %", "", ""]


def test_a_folder_is_walked_without_what_is_not_ones_own(folder: Path) -> None:
    names = [f"deep/{each}" for each in ("er/a.har", ".env.local", ".ipynb_checkpoints/a.ipynb", "a.txt", "a.png")]
    for name in [*names, *(f"{each}/a.env" for each in cli_scan.LEFT_OUT.split())]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(SEVEN["oob_code"], "utf-8")
    for link, target in (("link", "a.ipynb"), ("nowhere", "no-such-file"), ("round", ".")):
        (folder / "deep" / link).symlink_to(folder / target)
    os.mkfifo(folder / "deep/pipe")
    ran = run(".")
    assert {line.split(":")[0] for line in ran.stdout.splitlines()} == {"a.ipynb", *names[:3]}
    assert ran.stderr.splitlines()[-1] == f"2 other files were left out: {OTHERS}."
    assert json.loads(run("--json", ".").stdout)["skipped"] == 2
    assert run(".git").exit_code == 1  # named, such a folder is meant


def test_the_hook_runs_this_command_on_the_files_that_it_reads() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert (hook["language"], hook["types"], hook["entry"]) == ("python", ["file"], "auth0-mfa-lab scan")
    for name in ("a.ipynb", "deep/run.har", ".env", "deep/.env.local", "served.env", "notes.md", "env", "a.har.gz"):
        assert bool(re.search(hook["files"], name)) == (file_kind(name) is not None), name


def test_a_scan_needs_no_web_no_front_end_and_without_pictures_no_pillow(folder: Path) -> None:
    probe = """
import sys
from click.testing import CliRunner
from auth0_mfa_lab.cli.scan import scan
CliRunner().invoke(scan, ["a.ipynb"])
print([name for name in ("httpx", "starlette", "ipywidgets", "PIL", "zxingcpp") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", probe], cwd=folder, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[]", ran.stderr
