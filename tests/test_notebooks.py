"""One run of the notebooks: it writes them byte for byte, sends nothing, and leaves no secret in them."""

import base64
import binascii
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import qrcode

from auth0_mfa_lab.cli.open import HASHES
from auth0_mfa_lab.secrets.kinds import is_an_examples
from auth0_mfa_lab.secrets.pictures import codes_in, pixels_of_svg
from tests.execute_notebooks import ROOT, Run, hashes, name_of, notebooks, run

EACH = pytest.mark.parametrize("path", notebooks(), ids=name_of)

# Where somebody could ask nbval to look away.
EXCUSES = r"nbval[-_](?:ignore|check|skip|raises)|raises-exception|--(?:nbval-)?sanitize|--nbval-lax|--nbdime"
EXCUSERS = (
    "Makefile",
    "pyproject.toml",
    ".ci/run",
    "notebooks/conftest.py",
    "tests/execute_notebooks.py",
    "tests/serve/served_notebooks.py",
    "tests/browser/kernels.py",
)

# What a cell says itself is no secret of anybody's.
MADE_UP = (
    *("Fe26.2*not-a-token-that-auth0-sealed", "not-the-password-of-this-user"),
    *("not-the-secret-of-this-application",),
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("run"))


def test_each_cell_gives_what_is_saved_and_nothing_is_sent_to_the_tenant_beside_them(ran: Run) -> None:
    assert ran.code == 0, ran.said[-5000:]
    assert len(notebooks()) >= 25
    assert ran.attempts == []


@EACH
def test_a_notebook_is_what_a_run_writes_byte_for_byte(path: Path, ran: Run) -> None:
    assert ran.texts[name_of(path)].encode() == path.read_bytes(), "run: make notebooks"


def test_the_packaged_hashes_are_those_of_the_notebooks() -> None:
    assert HASHES.read_text(encoding="utf-8") == hashes(), "run: make notebooks"


def test_without_the_sandbox_for_notebooks_a_request_would_be_seen(tmp_path: Path) -> None:
    ran = run(tmp_path, "00_start_here", without="conftest.py")
    assert ran.attempts, ran.said[-3000:]
    assert all("tenant.example" in each for each in ran.attempts)
    assert ran.code == 1


def test_nothing_tells_nbval_to_look_away() -> None:
    asked = [*notebooks(), *(ROOT / name for name in EXCUSERS)]
    assert [path for path in asked if re.search(EXCUSES, path.read_text(encoding="utf-8"), re.IGNORECASE)] == []
    for excuse in ("# NBVAL_IGNORE_OUTPUT", '["nbval-skip"]', '["raises-exception"]', "--nbval-sanitize-with x"):
        assert re.search(EXCUSES, excuse, re.IGNORECASE)


# -- no secret in any byte, and no picture of one


@EACH
def test_no_secret_that_a_notebook_met_is_in_it(path: Path, ran: Run) -> None:
    met = {each for each in ran.secrets[name_of(path)] if len(each) > 8} - {*MADE_UP}
    assert met, "no secret was seen: this test would see nothing"
    assert leaked(path.read_text("utf-8"), met) == []


@EACH
def test_each_picture_of_a_code_in_a_notebook_is_the_sandboxs(path: Path) -> None:
    assert [code[:40] for code in pictured(path.read_text("utf-8")) if not is_an_examples(code)] == []


def test_pictures_of_codes_are_read_from_the_notebooks() -> None:
    assert any("sandbox.example" in code for path in notebooks() for code in pictured(path.read_text("utf-8")))


def leaked(notebook: str, secrets: set[str]) -> list[str]:
    """Return the beginnings of the secrets that stand in a notebook: as they are, encoded, or within base64."""
    layers = [text for text, _ in _layers(notebook)]
    return [each[:6] for each in secrets if any(each in text for text in layers)]


def pictured(notebook: str) -> list[str]:
    """Return what the QR codes in a notebook's pictures say."""
    return [code for _, pixels in _layers(notebook) if pixels for code in codes_in(pixels)]


def _layers(notebook: str) -> Iterator[tuple[str, bytes]]:
    """Yield the file as it is, each string of its JSON, and what percent signs and base64 in them hide, with pixels."""
    yield notebook, b""
    for each in _strings(json.loads(notebook)):
        yield each, b""
        yield unquote(each), b""
        # Base64 may be broken into lines; then nothing else stands in its string.
        joined = "".join(each.split()) if re.fullmatch(r"[\w+/=\s-]+", each) else each
        for shape in re.findall(r"[A-Za-z0-9+/_-]{16,}={0,2}", joined):
            try:
                data = base64.b64decode(shape.translate({45: "+", 95: "/"}) + "==")
            except binascii.Error:
                continue
            text = data.decode("latin-1")
            is_picture = data.startswith((b"\x89PNG", b"\xff\xd8\xff"))
            yield text, data if is_picture else pixels_of_svg(text) if text.startswith("<svg") else b""


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


def _picture_of(text: str) -> str:
    buffer = io.BytesIO()
    qrcode.make(text).save(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


SECRET = "Fe26.2*lab*aGVsbG8gd29ybGQ*c2VhbGVk"  # auth0-mfa-lab: allow
LIVE_TICKET = "otpauth://totp/acme.eu.auth0.com:x?enrollment_tx_id=abcdefghijkl"


@pytest.mark.parametrize(
    "cell",
    [
        {"source": [f"mfa_token = '{SECRET}'"]},
        {"metadata": {SECRET: 1}},
        {"source": [SECRET[:20], SECRET[20:]]},
        {"outputs": [{"data": {"text/html": f"mfa_token={SECRET.replace('*', '%2A')}"}}]},
        {"outputs": [{"data": {"application/octet-stream": base64.b64encode(SECRET.encode()).decode()}}]},
    ],
    ids=["source", "key", "lines", "percent", "base64"],
)
def test_a_secret_in_a_notebook_is_found(cell: dict[str, Any]) -> None:
    assert leaked(json.dumps({"cells": [cell]}), {SECRET}) == ["Fe26.2"]


@pytest.mark.parametrize(
    "cell_of",
    [
        lambda png: {"outputs": [{"data": {"image/png": png}}]},
        lambda png: {"outputs": [{"data": {"image/png": [f"{png[:76]}\n", png[76:]]}}]},
        lambda png: {"outputs": [{"data": {"text/html": f"<img src='data:image/png;base64,{png}'>"}}]},
        lambda png: {"attachments": {"qr.png": {"image/png": png}}},
    ],
    ids=["one string", "lines", "html", "attachment"],
)
def test_a_picture_of_a_live_ticket_in_a_notebook_is_found(cell_of: Callable[[str], dict[str, Any]]) -> None:
    cell = cell_of(_picture_of(LIVE_TICKET))
    assert pictured(json.dumps({"cells": [cell]})) == [LIVE_TICKET]
    assert not is_an_examples(LIVE_TICKET)
