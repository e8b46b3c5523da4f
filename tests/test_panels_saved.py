"""What a run without a front end leaves of the panels in its file: no secret, no live QR, with widget state or not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from auth0_mfa_lab.secrets.scan import scan
from tests.browser.jupyter import notebook_of
from tests.browser.pixels import pictures_in
from tests.browser.scenes import LIVE_ENROLLMENT, PANEL, RAW, SANDBOX, SANDBOX_ENROLLMENT, raw_values
from tests.promise import spellings

LIVE_DOMAIN = "tenant.eu.auth0.com"
"""A domain whose QR the scanner takes for a secret, which that of an example is not."""
ANOTHER = """
challenge = lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
panel = lab.poll_panel(mfa_token=login["mfa_token"], oob_code=challenge["oob_code"])
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
# All that the lab knows by an alias, and all that the wire said, leave by a file: an output would be searched.
KEEP = (
    RAW
    + """
named = {alias.shown: str(alias.value) for alias in lab.aliases.all()}
Path("raw.json").write_text(json.dumps({**named, **raw}));
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Cells that bring panels to their states, and what the file says then; `secrets` are those beside a login's."""

    cells: tuple[str, ...]
    says: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    has_a_qr: bool = False


SCENES: Mapping[str, Scene] = {
    "poll": Scene(
        cells=(
            SANDBOX + PANEL,
            "panel.once_button.click()\nawait panel.done()\npanel",
            "lab.clock.advance(5)\nlab.phone.allow()\npanel.poll_once()\npanel",
            SANDBOX + PANEL,
            "lab.phone.reject()\npanel.poll_until_done()\npanel",
            ANOTHER + BROKEN,
            ANOTHER + "lab.clock.advance(301)\npanel.poll_once()\npanel",
        ),
        says=("pending", "granted", "rejected", "This did not work.", "expired"),
    ),
    "qr of the sandbox": Scene(
        cells=(SANDBOX_ENROLLMENT, QR, "qr.scan()", "qr"), says=("QrPanel", "scanned"), has_a_qr=True
    ),
    "qr of a live tenant": Scene(
        cells=(
            LIVE_ENROLLMENT.replace("tenant.example", LIVE_DOMAIN),
            QR,
            "shown = lab.qr(challenge['barcode_uri'])\nshown.show()\nshown",
            PANEL
            + "gate.opened.set()\npanel.poll_once()\nphone.scan(challenge['barcode_uri'])\npanel.poll_until_done()",
            "panel",
            "qr.hide()\nqr",
        ),
        says=("QrPanel", "granted"),
    ),
    "phone": Scene(
        cells=(
            SANDBOX.replace('["push"]', '["push", "otp", "sms"]')
            + 'sms = next(each["id"] for each in lab.client.mfa_authenticators(login["mfa_token"]).json'
            ' if each.get("oob_channel") == "sms")\n'
            'lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob", authenticator_id=sms)',
            "phone = lab.phone_panel()\nphone",
            "phone.show_code()\nphone.show_code(phone.card.messages[0])\nphone",
            "phone.hide_code()\nphone.reject('not me')\nphone",
            ANOTHER,
            "phone.refresh()\nphone.allow()\nphone",
        ),
        says=("PhonePanel", "Oslo", "your verification code", "otp 1"),
        secrets=("<otp 1>", "<binding_code 1>"),
    ),
    "reveal and copy": Scene(
        cells=(
            SANDBOX,
            'revealed = lab.reveal("<mfa_token 1>")\nrevealed.show()\nrevealed',
            "command = lab.copy_runnable(challenge)\ncommand",
            'lab.reveal("<password 1>")',
        ),
        says=("RevealPanel", "CopyPanel", "Copy runnable copies this command"),
    ),
}


def by_nbclient(folder: Path, cells: tuple[str, ...], *, store_widget_state: bool) -> str:
    """Run cells as nbclient does, and return the text of the notebook's file."""
    notebook = nbformat.from_dict(notebook_of(cells))  # type: ignore[no-untyped-call]  # nbformat types only some
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources=resources, store_widget_state=store_widget_state
    ).execute()
    return json.dumps(notebook)


def by_nbconvert(folder: Path, cells: tuple[str, ...]) -> str:
    """Run cells as `jupyter nbconvert --execute` does, and return the text of the notebook's file."""
    file = folder / "scene.ipynb"
    file.write_text(json.dumps(notebook_of(cells)), encoding="utf-8")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--inplace", file.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return file.read_text(encoding="utf-8")


def spelled_in(saved: str, values: Mapping[str, str]) -> list[str]:
    """Return the names of the values that a text holds, in any spelling; short numbers where they stand alone."""
    found = []
    for name, value in values.items():
        if len(value) < 8:
            if re.search(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])", saved):
                found.append(name)
        elif any(each in saved for each in spellings(value)):
            found.append(name)
    return found


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


# nbconvert runs notebooks by nbclient: that its own default is the same is seen at two of them.
RUNS = [
    *((name, run) for name in SCENES for run in ("state", "no state")),
    *((name, "nbconvert") for name in ("phone", "qr of a live tenant")),
]


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_no_secret_and_no_live_qr_is_in_a_notebook_that_was_run(name: str, run: str, tmp_path: Path) -> None:
    scene = SCENES[name]
    cells = (*scene.cells, KEEP)
    saved = (
        by_nbconvert(tmp_path, cells)
        if run == "nbconvert"
        else by_nbclient(tmp_path, cells, store_widget_state=run == "state")
    )
    assert ("widget-state+json" in saved) == (run != "no state")
    assert [said for said in scene.says if said not in saved] == []
    values = raw_values(tmp_path)
    assert {"password", "mfa_token", *scene.secrets} <= set(values)
    assert spelled_in(saved, values) == []
    assert scan("scene.ipynb", saved.encode()).finds == ()
    assert set(pictures_in(saved)) == ({values["barcode_uri"]} if scene.has_a_qr else set())


def test_a_secret_and_a_live_qr_in_a_notebook_would_be_found(tmp_path: Path) -> None:
    live = LIVE_ENROLLMENT.replace("tenant.example", LIVE_DOMAIN)
    drawn = "from auth0_mfa_lab.show.qr import qr_png\nipywidgets.Image(value=qr_png(challenge['barcode_uri']))"
    saved = by_nbclient(
        tmp_path,
        (live + "import ipywidgets", drawn, "ipywidgets.HTML(str(login['mfa_token']))", KEEP),
        store_widget_state=True,
    )
    values = raw_values(tmp_path)
    assert spelled_in(saved, values) == ["<mfa_token 1>", "mfa_token"]
    assert scan("scene.ipynb", saved.encode()).finds != ()
    assert pictures_in(saved) == [values["barcode_uri"]]
