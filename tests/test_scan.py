"""What the scanner finds: each kind of secret, in each place, however it is spelled; and that it tells none."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth0_mfa_lab.secrets import scan as scan_module
from auth0_mfa_lab.secrets.scan import scan
from auth0_mfa_lab.show.qr import qr_img, qr_svg
from tests.scan_mothers import (
    BINDING_CODE,
    CLIENT_SECRET,
    CONTROL_TOKEN,
    JWT,
    MFA_TOKEN,
    OOB_CODE,
    PASSWORD,
    RECOVERY_CODE,
    REFRESH_TOKEN,
    SEVEN,
    TICKET,
    TOTP_SECRET,
    VALUES,
    base64_of,
    drawn,
    encoded,
    har,
    kinds,
    notebook,
    png,
    png_on_nothing,
    shown,
    source,
    widget_state,
)

# -- the seven kinds, in each place of a notebook

PLACES: dict[str, Callable[[str], bytes]] = {
    "source": lambda text: notebook({"source": [f"# {text}"]}),
    "output": lambda text: notebook(shown("text/plain", text)),
    "stream": lambda text: notebook({"outputs": [{"output_type": "stream", "name": "stdout", "text": [text]}]}),
    "traceback": lambda text: notebook(
        {"outputs": [{"output_type": "error", "traceback": [f"\x1b[31m{text}\x1b[0m"]}]}
    ),
    "html": lambda text: notebook(shown("text/html", f"<pre>{html.escape(text)}</pre>")),
    "json": lambda text: notebook(shown("application/json", {"deep": [{"er": text}]})),
    "metadata": lambda text: notebook({"metadata": {"note": text}}),
    "metadata of an output": lambda text: notebook(
        {"outputs": [{"output_type": "display_data", "metadata": {"a": text}}]}
    ),
    "attachment": lambda text: notebook({"cell_type": "markdown", "attachments": {"a.txt": {"text/plain": text}}}),
    "notebook's metadata": lambda text: notebook(title=text),
    "widget state": lambda text: notebook({}, **widget_state(value=html.escape(text))),
    "widget's buffer": lambda text: notebook(
        {}, **widget_state(buffers=[{"encoding": "base64", "data": encoded(text)}])
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SEVEN)
def test_each_of_the_seven_kinds_is_found_in_each_place(kind: str, place: str) -> None:
    assert kinds(PLACES[place](SEVEN[kind])) == {kind}


PICTURES: dict[str, Callable[[str], dict[str, Any]]] = {
    "PNG": lambda text: shown("image/png", base64_of(png(text)) + "\n"),
    "PNG in lines": lambda text: shown("image/png", [base64_of(png(text))[:76] + "\n", base64_of(png(text))[76:]]),
    "JPEG": lambda text: shown("image/jpeg", base64_of(png(text, "JPEG"))),
    "in HTML": lambda text: shown("text/html", f'<img src="data:image/png;base64,{base64_of(png(text))}">'),
    "attachment": lambda text: {"attachments": {"qr.png": {"image/png": base64_of(png(text))}}},
    "transparent": lambda text: shown("image/png", base64_of(png_on_nothing(text))),
    "the lab's SVG": lambda text: shown("image/svg+xml", qr_svg(text)),
    "the lab's SVG in HTML": lambda text: shown("text/html", f"<div>{qr_svg(text)}</div>"),
    "the lab's own picture": lambda text: shown("text/html", qr_img(text, "a QR")),
}


@pytest.mark.parametrize("sort", PICTURES)
@pytest.mark.parametrize("kind", ["TOTP secret", "enrollment ticket"])
def test_a_qr_is_read_in_every_sort_of_picture(kind: str, sort: str) -> None:
    found = scan("a.ipynb", notebook(PICTURES[sort](SEVEN[kind]))).finds
    assert {find.kind for find in found} == {kind}
    assert all("QR picture" in find.where for find in found)


@pytest.mark.parametrize("kind", sorted(SEVEN))
def test_each_of_the_seven_kinds_is_found_in_a_qr(kind: str) -> None:
    assert kinds(notebook(shown("image/png", base64_of(png(SEVEN[kind]))))) == {kind}
    state = widget_state(buffers=[{"encoding": "base64", "path": ["value"], "data": base64_of(png(SEVEN[kind]))}])
    assert kinds(notebook({}, **state)) == {kind}


# -- other kinds, other files


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"AUTH0_LAB_TOKEN={CONTROL_TOKEN}", "control token"),
        (f"AUTH0_PASSWORD={PASSWORD.replace(' ', '')}", "password"),
        ("export AUTH0_PASSWORD='hunter'", "password"),
        ("AUTH0_PASSWORD=correct horse battery staple", "password"),
        (f"AUTH0_MGMT_CLIENT_SECRET={CLIENT_SECRET}", "client secret"),
        (f"refresh_token={REFRESH_TOKEN}", "refresh token"),
        (f"a log has {REFRESH_TOKEN} in it", "refresh token"),
        (f"MFA_TOKEN={MFA_TOKEN}", "mfa_token"),
        (f"OTP={BINDING_CODE}", "one-time code"),
    ],
)
def test_a_line_of_an_env_file_is_read(text: str, kind: str) -> None:
    assert kinds(f"# settings\n{text}\n", ".env") == {kind}
    assert kinds(f"{text}\r\n", "served.env") == {kind}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f'client.mfa_oob_grant(mfa_token="{MFA_TOKEN}")', "mfa_token"),
        (f"oobCode: '{OOB_CODE}',", "oob_code"),
        (f"login['mfa_token'] = '{MFA_TOKEN}'", "mfa_token"),
        (f"data = [('oob_code', '{OOB_CODE}')]", "sealed string (mfa_token or oob_code)"),
        (f"curl --header 'Authorization: Bearer {MFA_TOKEN}'", "mfa_token"),
        (f"Authorization: Bearer {drawn('abcdefghijABCDEFGHIJ0123456789', 32)}", "Bearer header"),
        (f"Authorization: Basic {encoded('an-app:' + CLIENT_SECRET)}", "Basic header"),
        (f'Authorization: Ticket id="{TICKET}"', "enrollment ticket"),
        (f"Authorization: Bearer {JWT}", "JWT"),
        (f"the token was {MFA_TOKEN}", "sealed string (mfa_token or oob_code)"),
        (f"glued{JWT}", "JWT"),
        (f"keep {RECOVERY_CODE} safe", "recovery code"),
        (f"totp_secret: {TOTP_SECRET}", "TOTP secret"),
        (f'"secret": "{TOTP_SECRET}"', "TOTP secret"),
        (f"enrollment_tx_id = '{TICKET}'", "enrollment ticket"),
        (f"https://acme.auth0.com/en/guardian?ticket={TICKET}", "enrollment ticket"),
        (f"binding_code={BINDING_CODE}&mfa_token=", "binding code"),
        (f"bindingCode: {BINDING_CODE}", "binding code"),
        (f"auth0-mfa-lab verify --otp {BINDING_CODE}", "one-time code"),
        (f"| otp | {BINDING_CODE} |", "one-time code"),
        (f"<td>otp</td> <td>{BINDING_CODE}</td>", "one-time code"),
        (f'<span class="nt">"otp"</span><span class="p">:</span> <span>"{BINDING_CODE}"</span>', "one-time code"),
        (f'{{"client_id": "a", "code": "{BINDING_CODE}"}}', "passwordless code"),
        ('"password": "Tr0ub4dor&3"', "password"),  # auth0-mfa-lab: allow
        (f"client_secret={CLIENT_SECRET}", "client secret"),
        (f'"refreshToken": "{drawn("abcdefghijABCDEFGHIJ0123456789", 40)}"', "refresh token"),
        (f'"access_token": "{drawn("abcdefghijABCDEFGHIJ0123456789", 32)}"', "access token"),
        (f'cassette: "{{\\"mfa_token\\": \\"{MFA_TOKEN}\\"}}"', "mfa_token"),
    ],
)
def test_a_line_of_a_cell_is_read_and_named(line: str, kind: str) -> None:
    found = scan("a.ipynb", source(f"first\n{line}\nlast")).finds
    assert [(find.kind, find.line) for find in found] == [(kind, 2)]


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"request": {"postData": {"params": [{"name": "mfa_token", "value": MFA_TOKEN}]}}}, "mfa_token"),
        ({"request": {"postData": {"text": f"otp={BINDING_CODE}&grant_type=x"}}}, "one-time code"),
        ({"request": {"postData": {"text": "username=jane&password=hunter22"}}}, "password"),
        ({"request": {"postData": {"params": [{"name": "password", "value": "hunter22"}]}}}, "password"),
        ({"request": {"headers": [{"name": "Authorization", "value": f"Bearer {JWT}"}]}}, "JWT"),
        ({"request": {"queryString": [{"name": "code", "value": BINDING_CODE}]}}, "passwordless code"),
        ({"response": {"content": {"text": f'{{"oob_code":"{OOB_CODE}"}}'}}}, "oob_code"),
        ({"response": {"content": {"encoding": "base64", "text": encoded({"oob_code": OOB_CODE})}}}, "oob_code"),
        ({"response": {"content": {"encoding": "base64", "text": encoded({"otp": BINDING_CODE})}}}, "one-time code"),
        ({"response": {"redirectURL": f"https://acme.example/#id_token={JWT}"}}, "JWT"),
        ({"comment": f"the recovery code is {RECOVERY_CODE}"}, "recovery code"),
    ],
)
def test_each_text_of_a_recording_is_read(parts: dict[str, Any], kind: str) -> None:
    assert kinds(har(**parts), "a.har") == {kind}


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"_model_name": "PasswordModel", "value": "hunter22"}, "password"),
        ({"_model_name": "TextModel", "description": "mfa_token:", "value": MFA_TOKEN}, "mfa_token"),
        ({"_model_name": "TextModel", "description": "Binding code", "value": BINDING_CODE}, "binding code"),
        ({"_model_name": "IntTextModel", "description": "OTP", "value": int(BINDING_CODE)}, "one-time code"),
    ],
)
def test_what_was_typed_into_a_widget_is_found(state: dict[str, Any], kind: str) -> None:
    assert kinds(notebook({}, **widget_state(**state))) == {kind}


@pytest.mark.parametrize(
    "form", ["mfa_token: {}", "mfa_token={}&otp=1", "mfa_token = f'{}'", '"mfa_token": "{}",', "({})."]
)
def test_the_whole_of_a_secret_is_found(form: str) -> None:
    text = form.format(MFA_TOKEN)
    for name, content in (("a.ipynb", source(text)), (".env", text.encode())):
        assert [find.length for find in scan(name, content).finds] == [len(MFA_TOKEN)]


def test_a_list_of_recovery_codes_is_one_find_each() -> None:
    codes = [drawn("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 24, seed) for seed in range(3)]
    found = scan("a.ipynb", notebook(shown("application/json", {"recovery_codes": codes}))).finds
    assert [find.kind for find in found] == ["recovery code"] * 3


def test_a_key_of_json_and_json_within_a_string_are_read() -> None:
    assert kinds(notebook({"metadata": {JWT: 1}})) == {"JWT"}
    inner = json.dumps({"headers": [{"name": "otp", "value": BINDING_CODE}]})
    assert kinds(notebook(shown("application/json", {"body": inner}))) == {"one-time code"}
    assert kinds(notebook({"source": [JWT[:30], JWT[30:]]})) == {"JWT"}


def test_texts_of_other_encodings_are_read_or_that_is_said() -> None:
    assert kinds(SEVEN["mfa_token"].encode("utf-16"), ".env") == {"mfa_token"}
    assert kinds(b"\xef\xbb\xbf" + f"mfa_token={MFA_TOKEN}".encode(), ".env") == {"mfa_token"}
    assert kinds(b"caf\xe9 " + SEVEN["mfa_token"].encode(), ".env") == {"mfa_token"}
    assert kinds(SEVEN["mfa_token"].encode("utf-16-le"), ".env") == {"mfa_token"}
    for name in (".env", "a.har", "a.ipynb"):
        scanned = scan(name, b"a b\0" + SEVEN["mfa_token"].encode())
        assert not scanned.whole
        assert "it is in no encoding that is known here" in (scanned.note or "")


def test_what_is_no_notebook_is_read_as_a_text_and_that_is_said() -> None:
    conflict = b"<<<<<<< HEAD\n" + notebook(shown("text/plain", SEVEN["mfa_token"]))
    scanned = scan("a.ipynb", conflict)
    assert [(find.kind, find.line) for find in scanned.finds] == [("mfa_token", 2)]
    assert scanned.note == "it is no notebook that can be read as one: its lines were"
    deep = b"[" * 100_000 + SEVEN["mfa_token"].encode()
    assert [find.kind for find in scan("a.har", deep).finds] == ["mfa_token"]


def test_a_large_file_is_read_in_part_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "MOST_BYTES", 2 * 1024 * 1024)
    line = f"mfa_token={MFA_TOKEN}\n".encode()
    scanned = scan("a.env", line + b"-" * 2 * 1024 * 1024 + line)
    assert [find.line for find in scanned.finds] == [1]
    assert scanned.note == "only the first 2 MiB were read"
    assert not scanned.whole


# -- where it is, and what is said of it


def test_a_find_says_the_cell_and_the_place_in_it() -> None:
    cells = [
        {"source": ["1"]},
        {"source": ["# a comment\n", f"mfa_token = '{MFA_TOKEN}'"]},
        {"outputs": [*shown("text/plain", "x")["outputs"], *shown("text/html", SEVEN["JWT"])["outputs"]]},
        shown("image/png", base64_of(png(SEVEN["enrollment ticket"]))),
    ]
    found = scan("a.ipynb", notebook(*cells, **widget_state(value=SEVEN["binding code"]))).finds
    assert [str(find) for find in found] == [
        f"cell 2, source, line 2: mfa_token, {len(MFA_TOKEN)} characters",
        f"cell 3, output 2 (text/html): JWT, {len(JWT)} characters",
        "cell 4, output 1 (image/png), QR picture: enrollment ticket, 32 characters",
        "widget state: binding code, 6 characters",
    ]


def test_two_secrets_in_a_line_are_two_finds_and_one_secret_is_one() -> None:
    line = f'{{"mfa_token": "{MFA_TOKEN}", "oob_code": "{OOB_CODE}", "again": "{OOB_CODE}"}}'
    assert [find.kind for find in scan("a.ipynb", source(line)).finds] == ["mfa_token", "oob_code"]


@pytest.mark.parametrize("place", PLACES)
def test_no_find_holds_its_secret(place: str) -> None:
    for text in SEVEN.values():
        said = repr(scan("a.ipynb", PLACES[place](text)))
        assert not [value for value in VALUES if value in said]


def test_no_name_in_the_file_is_repeated() -> None:
    """A mime type, an attachment's name and a key are the file's own words."""
    cell = {**shown(JWT, "x"), "attachments": {JWT: {}}, "metadata": {JWT: {JWT: JWT}}, JWT: JWT}
    scanned = scan("a.ipynb", notebook(cell, **{JWT: JWT}))
    assert len(scanned.finds) >= 4
    assert JWT not in repr(scanned)


# -- what is allowed


@pytest.mark.parametrize(
    "text",
    [
        f"token = '{JWT}'  # auth0-mfa-lab: allow",
        f"# auth0-mfa-lab: allow\ntoken = '{JWT}'",
        f"<!-- auth0-mfa-lab: allow (made up) -->\n{JWT}",
        f"    // auth0-mfa-lab: allow\n    const token = '{JWT}'",
    ],
)
def test_a_comment_allows_its_line_or_the_one_below(text: str) -> None:
    assert kinds(text, ".env") == set()
    assert kinds(f"{text}\n'{MFA_TOKEN}'", ".env") == {"sealed string (mfa_token or oob_code)"}


@pytest.mark.parametrize(
    "text",
    [
        f"x = 1  # auth0-mfa-lab: allow\ntoken = '{JWT}'",
        f"# auth0-mfa-lab: allow\n\ntoken = '{JWT}'",
        f"token = '{JWT}'\n# auth0-mfa-lab: allow",
        f"token = '{JWT}'  # auth0-mfa-lab: allowed once",
    ],
)
def test_a_comment_allows_nothing_else(text: str) -> None:
    assert kinds(text, ".env") == {"JWT"}


def test_a_comment_in_a_cells_source_allows_that_cell() -> None:
    allowed = {"source": ["# auth0-mfa-lab: allow\n", "1"], **shown("text/plain", SEVEN["JWT"])}
    assert kinds(notebook(allowed)) == set()
    assert kinds(notebook(allowed, shown("text/plain", SEVEN["mfa_token"]))) == {"mfa_token"}
    assert kinds(notebook(allowed, **widget_state(value=SEVEN["JWT"]))) == {"JWT"}


def test_a_shape_alone_is_no_find_within_a_tag() -> None:
    """The path of a drawing may be 24 letters and digits."""
    drawing = f'<svg><path d="{RECOVERY_CODE}"/></svg>'
    assert kinds(notebook(shown("text/html", drawing))) == set()
    assert kinds(notebook(shown("text/html", f"<b>{RECOVERY_CODE}</b>"))) == {"recovery code"}


def test_an_output_cannot_allow_itself() -> None:
    assert kinds(notebook(shown("text/plain", f"{SEVEN['JWT']} # auth0-mfa-lab: allow"))) == {"JWT"}


# -- however it is spelled

SPELLINGS: dict[str, Callable[[str], str]] = {
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in \\u": lambda text: "".join(each if each.isalnum() else f"\\u{ord(each):04x}" for each in text),
    "repr": lambda text: repr(text)[1:-1],
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: "".join(
        each if each.isalnum() else f"%{ord(each):02x}" for each in text if ord(each) < 128
    ),
    "HTML": html.escape,
    "HTML by number": lambda text: "".join(each if each.isalnum() else f"&#{ord(each)};" for each in text),
    "base64": encoded,
    "base64 for URLs": lambda text: encoded(text).translate(str.maketrans("+/", "-_")).rstrip("="),
}


@given(
    kind=st.sampled_from(sorted(SEVEN)),
    first=st.sampled_from(sorted(SPELLINGS)),
    second=st.sampled_from([None, *sorted(SPELLINGS)]),
    place=st.sampled_from(["output", "metadata", "html", "widget state", "source"]),
    before=st.text("abc XYZ.,;\n", max_size=20),
)
def test_each_kind_is_found_in_each_spelling_and_one_within_another(
    kind: str, first: str, second: str | None, place: str, before: str
) -> None:
    spelled = SPELLINGS[first](SEVEN[kind])
    spelled = SPELLINGS[second](spelled) if second else spelled
    assert kind in kinds(PLACES[place](f"{before} {spelled} "))


@given(st.text(max_size=300), st.sampled_from(["a.ipynb", ".env", "a.har"]))
def test_whatever_a_file_says_it_is_read(text: str, name: str) -> None:
    scan(name, text.encode(errors="surrogatepass"))
    scan(name, notebook(shown("text/plain", text), {"metadata": {text: [text, 1, None]}}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["cells", "source", "outputs", "data", "metadata", "log", "entries"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_a_document_of_any_form_is_read(document: Any) -> None:
    for name in ("a.ipynb", "a.har"):
        scan(name, json.dumps(document).encode())
        scan(name, json.dumps({"cells": document, "log": {"entries": document}, "metadata": document}).encode())
