"""The command `auth0-mfa-lab vary`: does an application depend on what Auth0 never promised?"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click

from auth0_mfa_lab.cli import json_of
from auth0_mfa_lab.files import regular, write_whole
from auth0_mfa_lab.sandbox.variations import THE_TWELVE, VARIATIONS, named, together
from auth0_mfa_lab.vary.matrix import Row, alike, junit
from auth0_mfa_lab.vary.suite import Run, Suite

SLOW = ("slow-answers", "late-approval")
"""What takes longest begins first."""


@click.command()
@click.option("--list", "lists", is_flag=True, help="Show the variations, and run nothing.")
@click.option("--only", multiple=True, metavar="ID", help="Run this variation alone; may be repeated.")
@click.option("--all", "every", is_flag=True, help="Run all 44, and not the twelve that find most.")
@click.option("--json", "as_json", is_flag=True, help="Print the matrix as JSON.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path, dir_okay=False), help="Write it as JUnit's XML.")
@click.option("--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Runs side by side: the cores.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def vary(only: Sequence[str], command: Sequence[str], junit_file: Path | None, jobs: int, **flags: bool) -> None:
    """Run your own tests against what Auth0 never promised.

    COMMAND is run twice as it is, and then under each variation, each time before a sandbox tenant of its own, which
    its environment names (AUTH0_DOMAIN, SSL_CERT_FILE ...). It ends with 0 when all passed, 1 when one failed, 2 when
    the unchanged runs failed or differed.
    """
    try:
        ids = named(",".join(only)) if only else (*VARIATIONS,) if flags["every"] else THE_TWELVE
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    if flags["lists"]:
        for name, row in VARIATIONS.items():
            click.echo(f"{row.star or ' '} {name:26}{row.changes}  [{row.evidence}]\n{'':28}finds: {row.finds}")
        return
    if not command:
        raise click.UsageError("Name the command that runs your tests: auth0-mfa-lab vary -- pytest")
    folder, keep = Path(tempfile.mkdtemp(prefix="auth0-mfa-lab-vary-")), False
    suite = Suite(command, folder)
    ends = [sign for name in ("SIGTERM", "SIGHUP") if (sign := getattr(signal, name, None))]
    before = [signal.signal(sign, signal.default_int_handler) for sign in ends]
    try:
        status, rows, keep = _judged(suite, ids, jobs, flags["as_json"])
        if junit_file is not None and rows:
            write_whole(regular(junit_file), junit(rows).decode(), private=False)
    except KeyboardInterrupt:
        click.echo("Stopped: all that ran has ended, and nothing is kept.", err=True)
        status = 130  # as a shell has it
    except OSError as problem:
        culprit = problem.filename or junit_file or command[0]
        raise click.ClickException(f"{culprit} cannot be run or written ({problem.strerror})") from None
    finally:
        suite.end()
        for sign, handler in zip(ends, before, strict=True):
            signal.signal(sign, handler)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(status)


def _judged(suite: Suite, ids: tuple[str, ...], jobs: int, as_json: bool) -> tuple[int, list[Row], bool]:
    """Run all, show the matrix, and return the status to end with, the rows, and whether an output is worth keeping."""
    first, second = _side_by_side(suite, {"unchanged": (), "unchanged again": ()}, jobs)
    if (first.status, second.status) != (0, 0) or not alike(first, second):
        why = "flakes: its two runs were not alike" if 0 in (first.status, second.status) else "failed"
        output = (second if first.status == 0 else first).output
        click.echo(f"Unchanged, the command {why}: nothing was varied. Its output is in {output}", err=True)
        return 2, [], True
    rows = [Row(run, first.met, suite.command) for run in _side_by_side(suite, {name: (name,) for name in ids}, jobs)]
    chosen = together(tuple(row.run.name for row in rows if row.verdict == "passed"))
    if len(chosen) > 1:
        rows.append(Row(suite.run("together", chosen), first.met, suite.command))
    verdicts, told = [row.verdict for row in rows], [row.json() for row in rows]
    status = int("failed" in verdicts)
    if as_json:
        click.echo(json_of({"seconds": round(first.seconds, 2), "rows": told, "exit": status}))
    else:
        click.echo(f"unchanged: passed twice, in {first.seconds:.1f} s and {second.seconds:.1f} s")
        click.echo("\n".join(line for row in rows for line in row.lines()))
        click.echo(", ".join(f"{verdicts.count(each)} {each}" for each in ("passed", "failed", "not met")))
    return status, rows, any("output" in each for each in told)


def _side_by_side(suite: Suite, wanted: dict[str, tuple[str, ...]], jobs: int) -> list[Run]:
    """Run several at the same time, and show how far that is; the runs are in the order in which they were wanted."""
    with ThreadPoolExecutor(jobs) as threads:
        order = sorted(wanted, key=lambda name: name not in SLOW)
        asked = {name: threads.submit(suite.run, name, wanted[name]) for name in order}
        try:
            for done, each in enumerate(as_completed(asked.values()), 1):
                run = each.result()
                went = "failed" if run.status else "passed" if run.status == 0 else "did not end"
                click.echo(f"{done} of {len(wanted)}: {run.name} {went} in {run.seconds:.1f} s", err=True)
        except BaseException:
            suite.end()
            threads.shutdown(cancel_futures=True)
            raise
    return [asked[name].result() for name in wanted]
