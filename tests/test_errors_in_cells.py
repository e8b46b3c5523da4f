"""An error of the lab in a cell: three lines, in JupyterLab and under nbval; `%debug` opens it all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from auth0_mfa_lab import LabError, errors
from auth0_mfa_lab.wire.exchange import MissingField, NoAnswer

BEGIN = "from auth0_mfa_lab import Lab\nlab = Lab.sandbox()\nuser = lab.user(factors=['push'])\nclient = lab.client"
MISSING = "client.password_grant(\n    username=user.username, password=user.password\n)['nope']"
# fmt: off
SHOWN = {
    "lab.phone.allow_after(polls=2)": ["NothingToAnswer: No push waits on the phone:", "send one with client.mfa_challenge(...) first."],  # noqa: E501
    "def allow():\n    lab.phone.allow()\n\nallow()": ["NothingToAnswer: No push waits on this phone.", "Send one with /mfa/challenge; it can be answered for 5 minutes."],  # noqa: E501
    MISSING: ["MissingField: The answer of exchange 1 (403 mfa_required) has no nope.", "It has: error, error_description, mfa_token."],  # noqa: E501
    "lab.claim('two is one', holds=False)": ["ClaimFailed: This does not hold:", "two is one"],
    "lab.clock.advance(-3)": ["CannotAdvance: The clock only moves forward; it cannot advance by -3 seconds."],
    "lab.phone.scan('x')": ["NotABarcode: This QR enrolls nothing: it is no otpauth://totp/... address.", "Scan the barcode_uri of a push or OTP enrollment."],  # noqa: E501
    "lab.user(factors=['fax'])": ["LabError: There is no factor 'fax' here.", "Known factors: push, otp, sms, voice, email."],  # noqa: E501
    "await lab.qr_panel('x').show()": ["LabError: This is no barcode_uri:", "pass enrollment['barcode_uri'], which begins with otpauth://."],  # noqa: E501
}
# fmt: on
CELL_LINE = {each: each.splitlines()[-1] for each in SHOWN} | {MISSING: "client.password_grant("}
RAISE = """
from {kind.__module__} import {kind.__name__} as kind
raise kind.__new__(kind, "It did not\\nwork out:\\n  this\\n  and that. Do\\n  it again.")  # some write their message
"""


def notebook_of(*cells: str) -> dict[str, Any]:
    """Return a notebook with these code cells."""
    code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    written = [{**code, "id": f"cell-{number}", "source": cell} for number, cell in enumerate(cells)]
    return {"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def classes(base: type[LabError] = LabError) -> Iterator[type[LabError]]:
    """Yield the classes of the lab's errors."""
    yield base
    for each in base.__subclasses__():
        yield from classes(each)


@pytest.fixture(scope="module")
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let Jupyter and IPython write into a folder of the test's."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        yield folder


@pytest.fixture(scope="module")
def traceback_of(own_folders: Path) -> dict[str, list[str]]:
    """The lines that a real kernel sends for the error of each cell."""
    cells = [BEGIN, *SHOWN, *(RAISE.format(kind=kind) for kind in classes())]
    notebook = nbformat.from_dict(notebook_of(*cells))  # type: ignore[no-untyped-call]  # nbformat types only some
    NotebookClient(notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": own_folders}}).execute()
    shown = {cell.source: [each for each in cell.outputs if each.output_type == "error"] for cell in notebook.cells}
    return {
        source: "\n".join(each.traceback).splitlines() for source, outputs in shown.items() for each in outputs[-1:]
    }


@pytest.mark.parametrize("cell", SHOWN, ids=lambda cell: cell.splitlines()[-1])
def test_an_error_is_the_cells_line_and_what_happened_and_what_to_do(
    traceback_of: dict[str, list[str]], cell: str
) -> None:
    assert traceback_of[cell] == [f"----> {CELL_LINE[cell]}", *SHOWN[cell]]


def test_every_error_of_the_lab_is_three_lines_however_long_its_message_is(
    traceback_of: dict[str, list[str]],
) -> None:
    kinds = list(classes())
    assert {NoAnswer, MissingField, errors.NoServer, errors.ClaimFailed} <= set(kinds)
    for kind in kinds:
        line, happened, advice = traceback_of[RAISE.format(kind=kind)]
        assert line.startswith("----> raise kind.__new__(")
        assert (happened, advice) == (f"{kind.__name__}: It did not work out: this and that.", "Do it again.")


@pytest.mark.usefixtures("own_folders")
def test_nbval_reports_the_same_three_lines(tmp_path: Path) -> None:
    failing = notebook_of(BEGIN, "lab.phone.allow_after(polls=2)")
    (tmp_path / "failing.ipynb").write_text(json.dumps(failing), encoding="utf-8")
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env", "failing.ipynb"]
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=120
    )
    said = done.stdout.partition("Traceback:")[2].splitlines()
    begin = said.index("----> lab.phone.allow_after(polls=2)")
    assert said[begin + 1 : begin + 3] == SHOWN["lab.phone.allow_after(polls=2)"]
    assert "auth0_mfa_lab/" not in done.stdout
    assert done.returncode == 1


def test_debug_opens_the_error_that_was_shown_and_not_an_older_one(own_folders: Path) -> None:
    typed = f"{BEGIN};\n1/0\nlab.user(factors='push')\n%debug\nwhere\nquit\nexit\n"
    shell = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor", "--no-confirm-exit"]
    done = subprocess.run(
        [sys.executable, *shell], input=typed, cwd=own_folders, env=dict(os.environ), capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    debugged = done.stdout.partition("ipdb>")[2]
    assert "users.py" in debugged
    assert "lab.user(factors='push')" in debugged
    assert "1/0" not in debugged
