"""Runs the notebooks on a second sandbox that plays a live tenant, twice in a row, and cleans up: `make test-served`.

A notebook's second run is a new kernel's, and the clean-up a third process: all that they share is the small file of
what was left. Afterwards each user of the tenant has the authenticators that they had before.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.live.live_notebooks import LESSONS, Lesson, Ran, clean_up, run_notebook, say
from tests.live.live_world import LiveTenant, live_world
from tests.live.somebody import Somebody, environment

VIRTUAL = {"AUTH0_LAB_VIRTUAL_PHONE": "1"}
WITH_SOMEBODY = ("05", "12")
"""Which notebooks run with a person and their own phone as well: they scan, and no code is asked for."""


def people_of(tenant: LiveTenant) -> dict[str, list[str]]:
    """Return the authenticators of each user of a tenant, by their ids."""
    inside = tenant.sandbox.tenant
    return {user_id: [each.id for each in inside.authenticators.of(user_id)] for user_id in inside.users}


def twice(lesson: Lesson, tenant: LiveTenant, folder: Path, *, with_somebody: bool = False) -> tuple[Ran, ...]:
    """Run a notebook twice in a row, and clean up; raise AssertionError when something is left."""
    project = project_in(folder)
    before = people_of(tenant)
    environ = environment(tenant, folder, **tenant.management, **({} if with_somebody else VIRTUAL))
    somebody = Somebody(tenant) if with_somebody else None
    ran = tuple(run_notebook(lesson.path, environ, project) for _ in range(2))
    if somebody is not None:
        tenant.told.remove(somebody)
    assert clean_up(environ, project) == 0, f"{lesson.number}: the clean-up failed"
    left = people_of(tenant)
    assert left == before, f"{lesson.number}: left {left}, where there was {before}"
    return ran


def project_in(folder: Path) -> Path:
    """Return the folder of a project, empty but for what a project has: there notebooks run, and leave their file."""
    (project := folder / "project").mkdir(exist_ok=True)
    (project / "pyproject.toml").touch()
    return project


def main(wanted: Sequence[str]) -> int:
    """Run those that need nobody, and some with a person, on one tenant; return the exit status."""
    chosen = [each for each in LESSONS if not wanted or each.number in {name[:2] for name in wanted}]
    runs = [(each, False) for each in chosen if not each.person]
    runs += [(each, True) for each in chosen if each.number in WITH_SOMEBODY]
    failed = 0
    folder = Path(tempfile.mkdtemp(prefix="auth0-mfa-lab-"))
    try:
        with live_world(folder) as tenant:
            for lesson, with_somebody in runs:
                phone = "with a person's phone" if with_somebody else "with the virtual phone"
                try:
                    ran = twice(lesson, tenant, folder, with_somebody=with_somebody)
                except (AssertionError, subprocess.SubprocessError) as problem:
                    failed += 1
                    say(f"FAILED {phone}: {problem}")
                    continue
                failed += any(each.failed for each in ran)
                for each in ran:
                    say(f"{each.line()} ({phone})")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"{2 * len(runs)} runs on a live tenant that a sandbox plays, {failed} notebooks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
