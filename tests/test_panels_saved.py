"""What a run without a front end saves of the panels, of errors and of the session: no secret, and no live QR."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from nbclient import NotebookClient

from auth0_mfa_lab.secrets.scan import scan
from tests.browser.jupyter import notebook_of
from tests.browser.scenes import LIVE_ENROLLMENT, PANEL, RAW, SANDBOX, SANDBOX_ENROLLMENT, raw_values
from tests.promise import spellings
from tests.qr_pictures import pictures_in

LIVE_DOMAIN = "tenant.eu.auth0.com"
"""A domain whose QR the scanner takes for a secret, which that of an example is not."""
ANOTHER = """
challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
panel = lab.push_panel(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
"""
BROKEN = """
def broken():
    raise RuntimeError(f"it broke with {login['mfa_token']!s}")


panel.run._ask = broken
panel.once_button.click()
await panel.done()
panel
"""
QR = 'qr = lab.qr_panel(challenge["barcode_uri"])\nqr.show()\nqr'
SMS = """
listed = lab.client.mfa_authenticators(login["mfa_token"]).json
sms = next(each["id"] for each in listed if each.get("oob_channel") == "sms")
lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id=sms)
"""
# All that the lab knows by an alias, and all that the wire said, leave by a file: an output would be searched.
KEEP = (
    RAW
    + """
named = {alias.shown: str(alias.value) for alias in lab.aliases.all()}
Path("raw.json").write_text(json.dumps({**named, **raw}));
"""
)


class Scene(NamedTuple):
    """Cells that bring panels to their states, and what the file says then; `secrets` are those beside a login's."""

    cells: tuple[str, ...]
    says: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    has_a_qr: bool = False


# fmt: off
SCENES: Mapping[str, Scene] = {
    "poll": Scene((
        SANDBOX + PANEL,
        "panel.once_button.click()\nawait panel.done()\npanel",
        "lab.clock.advance(5)\nlab.phone.allow()\npanel.poll_once()\npanel",
        SANDBOX + PANEL,
        "lab.phone.reject()\npanel.poll_until_done()\npanel",
        ANOTHER + BROKEN,
        ANOTHER + "lab.clock.advance(301)\npanel.poll_once()\npanel",
    ), says=("PollPanel", "PushPanel", "pending", "granted", "rejected", "This did not work.", "expired")),
    "qr of the sandbox": Scene((SANDBOX_ENROLLMENT, QR, "qr.scan()", "qr"), says=("QrPanel", "scanned"), has_a_qr=True),
    "qr of a live tenant": Scene((
        LIVE_ENROLLMENT.replace("tenant.example", LIVE_DOMAIN),
        QR,
        "shown = lab.qr(challenge['barcode_uri'])\nshown.show()\nshown",
        f"{PANEL}gate.opened.set()\npanel.poll_once()\nphone.scan(challenge['barcode_uri'])\npanel.poll_until_done()",
        "panel",
        "lab.phone_panel()",
        "qr.hide()\nqr",
    ), says=("QrPanel", "granted", "your own phone")),
    "phone": Scene((
        SANDBOX.replace('["push"]', '["push", "otp", "sms"]') + SMS,
        "phone = lab.phone_panel()\nphone",
        "phone.show_code()\nphone.show_code(phone.card.messages[0])\nphone",
        "phone.hide_code()\nphone.reject('not me')\nphone",
        ANOTHER,
        "phone.refresh()\nphone.allow()\nphone",
    ), says=("PhonePanel", "Oslo", "your verification code", "otp 1"), secrets=("<otp 1>", "<binding_code 1>")),
    "reveal and copy": Scene((
        SANDBOX,
        'revealed = lab.reveal("<mfa_token 1>")\nrevealed.show()\nrevealed',
        "command = lab.copy_runnable(challenge)\ncommand",
        'lab.reveal("<password 1>")',
    ), says=("RevealPanel", "CopyPanel", "Copy runnable copies this command")),
    "a session and its errors": Scene((
        f"import logging\nlogging.basicConfig(level='DEBUG')\n{SANDBOX_ENROLLMENT}",
        'token = login["mfa_token"]\ntoken, [token], token[:20], token.upper(), token.encode(), vars(token)',
        "lab.qr(challenge['barcode_uri'])",
        'lab.reveal("<mfa_token 1>")',
        "_, __, Out, In, vars(_)",
        "%history -o\n%whos\n%xmode Verbose",
        "lab.client.mfa_challenge(mfa_token=challenge, challenge_type='oob')",
        "login['access_token']",
        "lab, lab.journal, lab.aliases, vars(lab.aliases), vars(lab), vars(login), lab.diagram(), user",
        "login.response, login.response.raw_data(), login.response.body.decode(), login.response.text.split(':')",
    ), says=("LabError", "MissingField"), has_a_qr=True),
}
# fmt: on


def by_nbclient(folder: Path, cells: tuple[str, ...], *, store_widget_state: bool) -> str:
    """Run cells as nbclient does, and return the text of the notebook's file."""
    notebook = nbformat.from_dict(notebook_of(cells))  # type: ignore[no-untyped-call]  # nbformat types only some
    how: dict[str, Any] = {"timeout": 60, "kernel_name": "python3", "resources": {"metadata": {"path": str(folder)}}}
    NotebookClient(notebook, store_widget_state=store_widget_state, allow_errors=True, **how).execute()
    return json.dumps(notebook, ensure_ascii=False)


def by_nbconvert(folder: Path, cells: tuple[str, ...]) -> str:
    """Run cells as `jupyter nbconvert --execute` does, and return the text of the notebook's file."""
    file = folder / "scene.ipynb"
    file.write_text(json.dumps(notebook_of(cells)), encoding="utf-8")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--inplace", file.name]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=True)
    return file.read_text(encoding="utf-8")


def spelled_in(saved: str, values: Mapping[str, str]) -> list[str]:
    """Return the names of the values that a text holds, in any spelling; short numbers where they stand alone."""
    alone = r"(?<![0-9A-Za-z]){}(?![0-9A-Za-z])"
    short = [name for name, value in values.items() if len(value) < 8 and re.search(alone.format(value), saved)]
    long = [
        name for name, value in values.items() if len(value) >= 8 and any(each in saved for each in spellings(value))
    ]
    return short + long


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


# With widget state a file has all that it has without. nbconvert runs notebooks by nbclient, with defaults of its own.
@pytest.mark.parametrize(("name", "run"), [*((name, "nbclient") for name in SCENES), ("phone", "nbconvert")])
def test_no_secret_and_no_live_qr_is_in_a_notebook_that_was_run(name: str, run: str, tmp_path: Path) -> None:
    scene = SCENES[name]
    cells = (*scene.cells, KEEP)
    with_state = run == "nbclient"
    saved = by_nbclient(tmp_path, cells, store_widget_state=True) if with_state else by_nbconvert(tmp_path, cells)
    assert "widget-state+json" in saved
    assert [said for said in scene.says if said not in saved] == []
    values = raw_values(tmp_path)
    assert {"password", "mfa_token", *scene.secrets} <= set(values)
    assert spelled_in(saved, values) == []
    assert scan("scene.ipynb", saved.encode()).finds == ()
    assert set(pictures_in(saved)) == ({values["barcode_uri"]} if scene.has_a_qr else set())
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("raw.json", "left.json")]
    long = [value.encode() for value in values.values() if len(value) >= 8]
    assert [path.name for path in written if any(value in path.read_bytes() for value in long)] == []


def test_a_secret_and_a_live_qr_in_a_notebook_would_be_found(tmp_path: Path) -> None:
    live = LIVE_ENROLLMENT.replace("tenant.example", LIVE_DOMAIN)
    drawn = "from auth0_mfa_lab.show.qr import qr_png\nipywidgets.Image(value=qr_png(challenge['barcode_uri']))"
    cells = (live + "import ipywidgets", drawn, "ipywidgets.HTML(str(login['mfa_token']))", KEEP)
    saved = by_nbclient(tmp_path, cells, store_widget_state=True)
    values = raw_values(tmp_path)
    assert spelled_in(saved, values) == ["<mfa_token 1>", "mfa_token"]
    assert scan("scene.ipynb", saved.encode()).finds != ()
    assert pictures_in(saved) == [values["barcode_uri"]]
