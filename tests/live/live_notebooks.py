"""Runs the notebooks on the live tenant of `.env`, and judges them by their claims: `make test-live`.

It runs those that need no person, with the virtual phone, and says of the others what they need. What a notebook prints
is compared with nothing: another tenant has other texts.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from auth0_mfa_lab import Settings
from auth0_mfa_lab.errors import LabError
from tests.execute_notebooks import NOTEBOOKS

SECONDS_PER_CELL = 600
"""An unanswered push is polled for 5 minutes."""


class Lesson(NamedTuple):
    """A notebook, and what it needs on a live tenant: the Management API's credentials, or a `person` to do what."""

    number: str
    management: bool = False
    person: str = ""

    @property
    def path(self) -> Path:
        """Where the notebook is."""
        return next(NOTEBOOKS.glob(f"{self.number}_*.ipynb"))


PERSON = {
    "04": "read the codes that come by SMS, by a call and by email",
    "06": "allow a push on your own phone",
    "07": "reject a push, allow one and ignore one on your own phone",
    "10": "read the codes that come by SMS",
    "13": "allow a push on your own phone",
}
MANAGED = ("02", "03", "05", "08", "09", "11", "12")
LESSONS = [Lesson(each, each in MANAGED, PERSON.get(each, "")) for each in (f"{number:02}" for number in range(14))]
"""Which notebook needs what. Most enroll something: a throw-away user takes it along when the clean-up removes them."""


class Ran(NamedTuple):
    """How a notebook ran: what it claimed and held, the claims that time had not come for, and the first failure."""

    name: str
    held: int = 0
    skipped: tuple[str, ...] = ()
    failed: str | None = None

    def line(self) -> str:
        """Return it as a line of the report, and one for each claim that was skipped."""
        if self.failed is not None:
            return f"{self.name}: FAILED in {self.failed}"
        skipped = f", {len(self.skipped)} skipped:" if self.skipped else ""
        return "\n".join([f"{self.name}: {self.held} claims hold{skipped}", *(f"    {each}" for each in self.skipped)])


def run_notebook(path: Path, environ: Mapping[str, str], folder: Path) -> Ran:
    """Run a notebook in a kernel of its own, with this environment and in this folder; its first failure ends it."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat ships half its types
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
    )
    why = None
    try:
        client.execute(env=dict(environ))
    except CellExecutionError as failure:
        why = f"{failure.ename}: {failure.evalue}"
    except CellTimeoutError:
        why = f"it took more than {SECONDS_PER_CELL} seconds"
    ran: list[Any] = []
    for cell in notebook.cells:
        ran.append(cell)
        if any(each["output_type"] == "error" for each in cell.get("outputs", ())):
            break
    outputs = [each for cell in ran for each in cell.get("outputs", ()) if "data" in each]
    texts = ["".join(each["data"].get("text/plain", "")) for each in outputs]
    code = "\n".join("".join(cell["source"]) for cell in ran if cell["cell_type"] == "code")
    return Ran(
        name=path.stem,
        held=sum(line.startswith("assert ") for line in code.splitlines())
        + sum(each.startswith("✓ ") for each in texts),
        skipped=tuple(each.partition("\n")[0] for each in texts if each.startswith("skipped: ")),
        failed=why and f"cell {len(ran)}: {why}",
    )


def report(settings: Settings, wanted: Sequence[str], run: Callable[[Lesson], Ran], say: Callable[[str], None]) -> int:
    """Run what is `wanted` (beginnings of names; all by default) and needs no person; return the status."""
    chosen = [each for each in LESSONS if not wanted or each.number in {name[:2] for name in wanted}]
    may_manage = bool(settings.mgmt_client_id and settings.mgmt_client_secret)
    say(f"On the live tenant {settings.domain}, with the virtual phone (unproven against real Auth0):")
    ran: list[Ran] = []
    for each in chosen:
        if not each.person and (may_manage or not each.management):
            ran.append(run(each))
            say(f"  {ran[-1].line()}")
    if unmanaged := [each.path.stem for each in chosen if each.management and not may_manage]:
        say("\nNot run, because their throw-away users need the Management API (AUTH0_MGMT_CLIENT_ID and _SECRET):")
        say("\n".join(f"  {name}" for name in unmanaged))
    if attended := [each for each in chosen if each.person]:
        say("\nNot run, because they need a person, who has to:")
        say("\n".join(f"  {each.path.stem}: {each.person}" for each in attended))
        say(RECORD.format(number=attended[0].number))
    failed, skipped = [each for each in ran if each.failed], sum(len(each.skipped) for each in ran)
    say(f"\n{len(ran)} run, {len(failed)} failed, {skipped} claims skipped: the time for them had not passed.")
    return 1 if failed else 0


RECORD = """
Record such a notebook once, and replay it as often as you like. Write lab = Lab.from_env(record="runs/{number}.har") in
its first cell and run it in JupyterLab, with your phone beside you. From then on lab = Lab.replay("runs/{number}.har")
in that cell answers as your tenant did, and nothing is sent: so the notebook runs in CI."""
ASKED = """make test-live runs notebooks on {domain}. They make throw-away users and delete them, and notebook 11
changes settings of the tenant and puts them back: take a tenant that is made for trying things out, never one in
production."""
NO_TERMINAL = """Nothing was sent: the question "Go on?" needs a terminal, and this run has none. Start make test-live
in a terminal, or set AUTH0_LAB_CONFIRM=never in .env: then it starts without the question."""


def main(wanted: Sequence[str], folder: Path = NOTEBOOKS, *, runs: int = 1) -> int:
    """Run notebooks in a folder, on the tenant of its `.env`, so often in a row, and clean up; return the exit status.

    That is 0 when every claim held, 1 when one did not or something is left, 2 when nothing was run.
    """
    try:
        settings = Settings.from_env(folder)
    except LabError as problem:
        say(str(problem))
        return 2
    if settings.tenant != "live":
        say("AUTH0_LAB_TENANT is not live: set it in .env, beside your tenant's AUTH0_ variables (see .env.example).")
        return 2
    if settings.confirm != "never" and not agreed(settings.domain or ""):
        return 2
    environ = {**os.environ, "AUTH0_LAB_VIRTUAL_PHONE": "1", "AUTH0_LAB_CONFIRM": "never", "AUTH0_LAB_RAISE": "1"}

    def run(lesson: Lesson) -> Ran:
        return max((run_notebook(lesson.path, environ, folder) for _ in range(runs)), key=lambda one: bool(one.failed))

    status = report(settings, wanted, run, say)
    return clean_up(environ, folder) or status


def agreed(domain: str) -> bool:
    """Say what will be done, and ask; without a terminal the answer is no."""
    say(ASKED.format(domain=domain))
    if not sys.stdin.isatty():
        say(NO_TERMINAL)
        return False
    return input("Go on? [y/n] ").strip().lower() in ("y", "yes")


def clean_up(environ: Mapping[str, str], folder: Path) -> int:
    """Let `auth0-mfa-lab cleanup` remove what the notebooks left, in a process of its own; return its exit status."""
    command = [sys.executable, "-c", "from auth0_mfa_lab.cli import main; main()", "cleanup", "--yes"]
    return subprocess.run(command, cwd=folder, env=dict(environ), check=False).returncode


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
