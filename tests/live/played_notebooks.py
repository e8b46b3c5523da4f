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


def state_of(tenant: LiveTenant) -> dict[str, object]:
    """Return what a run may leave: each user's authenticators by their ids, the settings, each application's grants."""
    inside = tenant.sandbox.tenant
    people = {f"user {each}": [one.id for one in inside.authenticators.of(each)] for each in inside.users}
    grants = {f"application {each.name}": each.grants for each in inside.clients.values()}
    return {**people, "settings": inside.settings, **grants}


def twice(lesson: Lesson, tenant: LiveTenant, folder: Path, *, with_somebody: bool = False) -> tuple[Ran, ...]:
    """Run a notebook twice in a row, and clean up; AssertionError when a run fails, or something is left after it."""
    # The folder of a project, empty but for what a project has: there notebooks run, and leave their file.
    (project := folder / "project").mkdir(exist_ok=True)
    (project / "pyproject.toml").touch()
    before = state_of(tenant)
    environ = environment(tenant, folder, **tenant.management, **({} if with_somebody else VIRTUAL))
    tenant.told[:] = [Somebody(tenant)] if with_somebody else []
    ran = tuple(run_notebook(lesson.path, environ, project) for _ in range(2))
    assert [each.line() for each in ran if each.failed] == []
    assert clean_up(environ, project) == 0, f"{lesson.number}: the clean-up failed"
    after = state_of(tenant)
    left = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    assert left == [], f"{lesson.number}: it is not as it was before: {', '.join(left)}"
    return ran


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
                say(f"{lesson.path.stem}, {'with a person' if with_somebody else 'with the virtual phone'}:")
                try:
                    ran = twice(lesson, tenant, folder, with_somebody=with_somebody)
                except (AssertionError, subprocess.SubprocessError) as problem:
                    failed += 1
                    say(f"FAILED: {problem}")
                    continue
                for each in ran:
                    say(each.line())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"{2 * len(runs)} runs on a live tenant that a sandbox plays, {failed} notebooks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
