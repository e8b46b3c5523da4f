"""Runs the notebooks on a second sandbox that plays a live tenant, each twice in a row: `make test-served`.

A notebook's second run is a new kernel's, and the clean-up a third process: all that they share is the small file of
what was left. Afterwards each user of the tenant has the authenticators that they had before.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.live import live_notebooks
from tests.live.live_world import LiveTenant, environment


def state_of(tenant: LiveTenant) -> dict[str, object]:
    """Return what a run may leave: each user's authenticators by their ids, the settings, each application's grants."""
    inside = tenant.sandbox.tenant
    people = {f"user {each}": [one.id for one in inside.authenticators.of(each)] for each in inside.users}
    grants = {f"application {each.name}": each.grants for each in inside.clients.values()}
    return {**people, "settings": inside.settings, **grants}


def main(wanted: Sequence[str]) -> int:
    """Run the notebooks that need no person, and clean up; return 1 where something is left, else their status."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as name, LiveTenant(folder := Path(name)) as tenant:
        # The folder of a project: there notebooks run, and leave their file.
        (folder / "pyproject.toml").touch()
        os.environ.update(environment(tenant, folder, **tenant.management, AUTH0_LAB_ALLOW_LIVE="1"))
        before = state_of(tenant)
        status = live_notebooks.main(wanted, folder, runs=2)
        after = state_of(tenant)
    left = [each for each in {**before, **after} if before.get(each) != after.get(each)]
    live_notebooks.say(f"It is {'not ' if left else ''}as it was before{': ' if left else '.'}{', '.join(left)}")
    return 1 if left else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
