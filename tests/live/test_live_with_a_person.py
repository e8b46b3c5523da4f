"""The notebooks on a live tenant, with a person who does what they say: each of them runs to its end."""

from __future__ import annotations

import json

import pytest

from auth0_mfa_lab import Lab
from tests.execute_notebooks import NOTEBOOKS
from tests.live.live_notebooks import LESSONS, Lesson
from tests.live.live_world import LiveTenant
from tests.live.somebody import Somebody

BEGINS_WITH = {"03": "otp", "06": "push", "07": "push"}
"""The factor that the configured user has enrolled already, where a notebook begins with one."""
NEEDS_FRESH_USERS = ("04", "08", "09", "11")
"""Those for which one configured user is not enough: several users, a known recovery code, or the Management API."""


def cells(lesson: Lesson) -> list[str]:
    """Return the code of a notebook."""
    found = json.loads(lesson.path.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


@pytest.mark.parametrize(
    "lesson", [each for each in LESSONS if each.number not in NEEDS_FRESH_USERS], ids=lambda lesson: lesson.number
)
def test_a_notebook_runs_with_the_configured_user_and_a_person(
    lesson: Lesson, live_tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = Somebody(live_tenant).does_as_told(monkeypatch)
    if factor := BEGINS_WITH.get(lesson.number):
        live_tenant.enroll(factor, phone=somebody.phone)
    environ = {**live_tenant.environ, "AUTH0_AUDIENCE": live_tenant.sandbox.defaults.audience}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    names: dict[str, object] = {}
    for number, cell in enumerate(cells(lesson), 1):
        exec(compile(cell, f"code cell {number} of {lesson.number}", "exec"), names)
    lab = names["lab"]
    assert isinstance(lab, Lab)
    assert lab.settings.tenant == "live"
    assert len(lab.journal) <= len(live_tenant.journal)


def test_the_notebooks_are_where_the_table_says() -> None:
    assert {each.path.stem[:2] for each in LESSONS} <= {path.stem[:2] for path in NOTEBOOKS.glob("*.ipynb")}
