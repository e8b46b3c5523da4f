"""An error of the lab in a cell: three lines, whose line comes first; `%debug` opens it all the same."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from auth0_mfa_lab import LabError, errors
from auth0_mfa_lab.wire.exchange import MissingField, NoAnswer

BEGIN = "from auth0_mfa_lab import Lab\nlab = Lab.sandbox()\nuser = lab.user(factors=['push'])\nclient = lab.client"
# fmt: off
SHOWN = (
    # A cell; of it the line that is shown, what happened, and what to do next
    ("lab.phone.allow_after(polls=2)", "lab.phone.allow_after(polls=2)",
        "NothingToAnswer: No push waits on the phone:", "send one with client.mfa_challenge(...) first."),
    ("def allow():\n    lab.phone.allow()\n\nallow()", "allow()",
        "NothingToAnswer: No push waits on this phone.",
        "Send one with /mfa/challenge; it can be answered for 5 minutes."),
    ("client.password_grant(\n    username=user.username, password=user.password\n)['nope']", "client.password_grant(",
        "MissingField: The answer of exchange 1 (403 mfa_required) has no nope.",
        "It has: error, error_description, mfa_token."),
    ("lab.clock.advance(-3)", "lab.clock.advance(-3)",
        "CannotAdvance: The clock only moves forward; it cannot advance by -3 seconds."),
    ("await lab.qr_panel('x').show()", "await lab.qr_panel('x').show()",
        "LabError: This is no barcode_uri:", "pass enrollment['barcode_uri'], which begins with otpauth://."),
)
# fmt: on
RAISE = """
from {kind.__module__} import {kind.__name__} as kind
raise kind.__new__(kind, "It did not\\nwork out:\\n  this\\n  and that. Do\\n  it again.")  # some write their message
"""


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


def test_an_error_is_the_cells_line_what_happened_and_what_to_do_however_long_it_is(own_folders: Path) -> None:
    kinds = list(classes())
    assert {NoAnswer, MissingField, errors.NoServer, errors.ClaimFailed} <= set(kinds)
    cells = [BEGIN, *(cell for cell, *_ in SHOWN), *(RAISE.format(kind=kind) for kind in kinds)]
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]  # nbformat types only some
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]  # nbformat ships half its types
    NotebookClient(notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": own_folders}}).execute()
    shown = ["\n".join(cell.outputs[-1].traceback) for cell in notebook.cells if cell.outputs]
    for (_, line, *said), lines in zip(SHOWN, shown, strict=False):
        assert lines.splitlines() == [f"----> {line}", *said]
    for kind, lines in zip(kinds, shown[len(SHOWN) :], strict=True):
        raised, happened, advice = lines.splitlines()
        assert raised.startswith("----> raise kind.__new__(")
        assert (happened, advice) == (f"{kind.__name__}: It did not work out: this and that.", "Do it again.")


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
